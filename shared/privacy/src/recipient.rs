//! The personal data of an order: what fulfilment needs and nothing else (CONTROLS A3).

use crate::Sensitive;

/// A personal text.
pub type Text = Sensitive<String>;

/// Who gets the parcel. The fields are all there is: a channel's other personal fields have nowhere to go.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Recipient {
    /// Full name.
    pub name: Option<Text>,
    /// Company, when the order is to one.
    pub company: Option<Text>,
    /// Street lines, one to three.
    pub lines: Vec<Text>,
    /// Post town.
    pub city: Option<Text>,
    /// County, state or province.
    pub region: Option<Text>,
    /// Postcode.
    pub postcode: Option<Text>,
    /// ISO 3166-1 alpha-2; not personal by itself.
    pub country: Option<String>,
    /// Phone, only when the merchant pays for carrier notification.
    pub phone: Option<Text>,
    /// E-mail, only when the merchant pays for carrier notification.
    pub email: Option<Text>,
    /// Gift text, only when the merchant prints it.
    pub gift_note: Option<Text>,
}

impl Recipient {
    /// The names of the fields that hold something, for disclosure records and audit.
    pub fn field_names(&self) -> Vec<&'static str> {
        let present = |name, there: bool| there.then_some(name);
        [
            present("name", self.name.is_some()),
            present("company", self.company.is_some()),
            present("lines", !self.lines.is_empty()),
            present("city", self.city.is_some()),
            present("region", self.region.is_some()),
            present("postcode", self.postcode.is_some()),
            present("country", self.country.is_some()),
            present("phone", self.phone.is_some()),
            present("email", self.email.is_some()),
            present("gift_note", self.gift_note.is_some()),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    /// Keeps the optional fields only where the merchant's settings need them.
    pub fn minimised(mut self, needs: Needs) -> Self {
        if !needs.carrier_notifications {
            self.phone = None;
            self.email = None;
        }
        if !needs.gift_notes {
            self.gift_note = None;
        }
        self
    }
}

/// Which optional personal fields a merchant's own settings need.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
pub struct Needs {
    /// The merchant pays carriers to notify the buyer: phone and e-mail are kept.
    #[serde(default)]
    pub carrier_notifications: bool,
    /// The merchant prints gift texts.
    #[serde(default)]
    pub gift_notes: bool,
}
