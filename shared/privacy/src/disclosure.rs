//! What a carrier is given: an allow-list of personal fields per service, and the record of what was sent
//! (CONTROLS A5).

use crate::Recipient;
use serde::{Deserialize, Serialize};

/// A personal field that may be disclosed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    /// Full name.
    Name,
    /// Company.
    Company,
    /// Street lines.
    Lines,
    /// Post town.
    City,
    /// County, state or province.
    Region,
    /// Postcode.
    Postcode,
    /// Country.
    Country,
    /// Phone.
    Phone,
    /// E-mail.
    Email,
}

impl Field {
    /// The name used in disclosure records.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Company => "company",
            Self::Lines => "lines",
            Self::City => "city",
            Self::Region => "region",
            Self::Postcode => "postcode",
            Self::Country => "country",
            Self::Phone => "phone",
            Self::Email => "email",
        }
    }
}

/// A recipient cut down to an allow-list. A carrier's `build` takes this and never the whole recipient.
pub struct Disclosed {
    recipient: Recipient,
    fields: Vec<&'static str>,
}

impl Disclosed {
    /// Keeps only the fields on the list.
    pub fn new(mut recipient: Recipient, allowed: &[Field]) -> Self {
        let may = |f: Field| allowed.contains(&f);
        recipient.name = recipient.name.filter(|_| may(Field::Name));
        recipient.company = recipient.company.filter(|_| may(Field::Company));
        if !may(Field::Lines) {
            recipient.lines.clear();
        }
        recipient.city = recipient.city.filter(|_| may(Field::City));
        recipient.region = recipient.region.filter(|_| may(Field::Region));
        recipient.postcode = recipient.postcode.filter(|_| may(Field::Postcode));
        recipient.country = recipient.country.filter(|_| may(Field::Country));
        recipient.phone = recipient.phone.filter(|_| may(Field::Phone));
        recipient.email = recipient.email.filter(|_| may(Field::Email));
        recipient.gift_note = None;
        let fields = recipient.field_names();
        Self { recipient, fields }
    }

    /// What may be sent.
    pub fn recipient(&self) -> &Recipient {
        &self.recipient
    }

    /// The names of the fields that hold something, for the disclosure record.
    pub fn fields(&self) -> &[&'static str] {
        &self.fields
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Sensitive;

    #[test]
    fn only_the_listed_fields_are_left() {
        let who = Recipient {
            name: Some(Sensitive::new("A".into())),
            phone: Some(Sensitive::new("07700 900001".into())),
            gift_note: Some(Sensitive::new("x".into())),
            ..Recipient::default()
        };
        let given = Disclosed::new(who, &[Field::Name, Field::City]);
        assert_eq!(given.fields(), ["name"]);
        assert!(given.recipient().phone.is_none() && given.recipient().gift_note.is_none());
    }
}
