//! Telling the shop the tracking number (contract section 5).
//!
//! Each shop has its own way, asked for at every attempt: the core's fulfillments, the Shipment Tracking
//! extension, the AST plugin, or none of these and then a note to the buyer. None of them knows a call again, so
//! what is there is read before anything is written. When the last parcel has left, the order is completed too,
//! if it is still being processed.

use super::wire::List;
use super::{Shop, call, order_key, reply};
use crate::error::CannotBuild;
use crate::lax::{Lax, Part, is_number};
use crate::stamp::Stamp;
use crate::writeback::{Broke, Next, Outcome, Sent};
use http::{Method, Response};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use waybill_domain::exception::Reason;
use waybill_domain::service::Carrier;

const REFUSED: Reason = Reason::WriteBackRefused;

/// One parcel's tracking number on its way.
pub struct Talk {
    shop: Shop,
    sent: Sent,
    stage: Stage,
    /// The order is still being processed.
    open: bool,
}

/// Which reply is awaited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Order,
    Fulfillments,
    Plugins,
    Trackings(&'static str),
    Notes,
    Told,
    Completed,
}

/// The plugins that keep tracking numbers, the first one there is used; all have the same shape.
const PLUGINS: [&str; 2] = ["wc-shipment-tracking/v3", "wc-ast/v3"];

impl Talk {
    /// Begins.
    pub fn new(shop: &Shop, sent: Sent) -> Self {
        Self { shop: shop.clone(), sent, stage: Stage::Order, open: false }
    }

    /// Takes the last reply, `None` at first.
    ///
    /// # Errors
    /// `Broke` when a request cannot be made, or the shop refuses.
    pub fn next(&mut self, answer: Option<&Response<Vec<u8>>>, _stamp: &Stamp) -> Result<Next, Broke> {
        let Some(answer) = answer else {
            self.check()?;
            return self.ask(Stage::Order, Method::GET, "?_fields=id,status", None);
        };
        match self.stage {
            Stage::Order => self.order(answer),
            // Where the feature is off, so is its route.
            Stage::Fulfillments if reply::no_route(answer) => {
                self.stage = Stage::Plugins;
                let request = call(&self.shop, Method::GET, "/?_fields=namespaces", None)?;
                Ok(Next::Send(Box::new(request)))
            }
            Stage::Fulfillments => {
                let there: List<Fulfillment> = reply::json(answer, REFUSED)?;
                if there.0.iter().any(|f| f.shows(self.number())) {
                    return self.finish();
                }
                let body = self.fulfillment()?;
                self.ask(Stage::Told, Method::POST, "/fulfillments", Some(&body))
            }
            Stage::Plugins => {
                let index: Index = reply::json(answer, REFUSED)?;
                let has =
                    |name: &str| index.namespaces.0.iter().any(|n| matches!(n, Lax::Is(n) if n == name));
                match PLUGINS.into_iter().find(|name| has(name)) {
                    Some(plugin) => self.trackings(plugin, Stage::Trackings(plugin), Method::GET, None),
                    None => self.ask(Stage::Notes, Method::GET, "/notes?type=customer&_fields=note", None),
                }
            }
            Stage::Trackings(plugin) => {
                let there: List<Tracking> = reply::json(answer, REFUSED)?;
                if there.0.iter().any(|t| is(&t.tracking_number, self.number())) {
                    return self.finish();
                }
                let body = self.tracking();
                self.trackings(plugin, Stage::Told, Method::POST, Some(&body))
            }
            Stage::Notes => {
                let there: List<Note> = reply::json(answer, REFUSED)?;
                if there.0.iter().any(|n| n.names(self.number())) {
                    return self.finish();
                }
                let what = if self.sent.completes { "Sent" } else { "Part of your order was sent" };
                let note = format!("{what} with {}, {}", self.sent.carrier.name(), self.number());
                let body = json!({ "note": note, "customer_note": true });
                self.ask(Stage::Told, Method::POST, "/notes", Some(&body))
            }
            Stage::Told => {
                reply::good(answer, REFUSED)?;
                self.finish()
            }
            Stage::Completed => {
                reply::good(answer, REFUSED)?;
                Ok(Next::Over(Outcome::Applied))
            }
        }
    }

    fn check(&self) -> Result<(), CannotBuild> {
        order_key(&self.sent.channel_id)?;
        let number = self.number();
        if number.is_empty() || number.len() > 64 || !number.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(CannotBuild::WriteBack { field: "tracking" });
        }
        let lines = &self.sent.lines;
        if lines.iter().all(|(_, n)| *n == 0) || lines.iter().any(|(line, _)| !is_number(line)) {
            return Err(CannotBuild::WriteBack { field: "lines" });
        }
        Ok(())
    }

    fn number(&self) -> &str {
        self.sent.tracking.trim()
    }

    fn order(&mut self, answer: &Response<Vec<u8>>) -> Result<Next, Broke> {
        #[derive(Deserialize, Default)]
        #[serde(default)]
        struct Order {
            status: Lax<String>,
        }
        if reply::missing(answer) {
            return Ok(Next::Over(Outcome::NotPossible("order_gone")));
        }
        let order: Order = reply::json(answer, REFUSED)?;
        let status = order.status.need("status")?;
        if status == "trash" {
            return Ok(Next::Over(Outcome::NotPossible("order_gone")));
        }
        self.open = status == "processing";
        self.ask(Stage::Fulfillments, Method::GET, "/fulfillments", None)
    }

    /// The shop shows the number. What is left is the order's own status, which mails the buyer once.
    fn finish(&mut self) -> Result<Next, Broke> {
        if !(self.sent.completes && self.open) {
            return Ok(Next::Over(Outcome::Applied));
        }
        self.ask(Stage::Completed, Method::PUT, "?_fields=id,status", Some(&json!({ "status": "completed" })))
    }

    /// A call about the order, in the core's namespace.
    fn ask(&mut self, stage: Stage, method: Method, tail: &str, body: Option<&Value>) -> Result<Next, Broke> {
        self.stage = stage;
        let path = format!("/wc/v3/orders/{}{tail}", order_key(&self.sent.channel_id)?);
        Ok(Next::Send(Box::new(call(&self.shop, method, &path, body)?)))
    }

    /// A call to a plugin's tracking numbers of the order.
    fn trackings(
        &mut self,
        plugin: &str,
        stage: Stage,
        method: Method,
        body: Option<&Value>,
    ) -> Result<Next, Broke> {
        self.stage = stage;
        let path = format!("/{plugin}/orders/{}/shipment-trackings", order_key(&self.sent.channel_id)?);
        Ok(Next::Send(Box::new(call(&self.shop, method, &path, body)?)))
    }

    /// The core's shape, from the plugin's own source: which lines went is in a field of its own, as numbers.
    fn fulfillment(&self) -> Result<Value, CannotBuild> {
        let mut items = Vec::new();
        for (line, pieces) in self.sent.lines.iter().filter(|(_, n)| *n > 0) {
            let id: u64 = line.parse().map_err(|_| CannotBuild::WriteBack { field: "lines" })?;
            items.push(json!({ "item_id": id, "qty": pieces }));
        }
        let (key, name) = match self.sent.carrier {
            Carrier::RoyalMail => ("royal-mail", None),
            Carrier::Parcelforce => ("parcelforce", None),
            Carrier::Dpd => ("dpd", None),
            Carrier::DpdLocal => ("other", Some(self.sent.carrier.name())),
        };
        let mut fields = vec![
            json!({ "key": "_items", "value": items }),
            json!({ "key": "_tracking_number", "value": self.number() }),
            json!({ "key": "_shipment_provider", "value": key }),
        ];
        fields.extend(name.map(|name| json!({ "key": "_provider_name", "value": name })));
        Ok(json!({
            "status": "fulfilled",
            "is_fulfilled": true,
            "notify_customer": true,
            "meta_data": fields,
        }))
    }

    /// The plugins' shape. With a name the plugin knows (recorded list of providers) it links to the carrier.
    fn tracking(&self) -> Value {
        let (field, name) = match self.sent.carrier {
            Carrier::RoyalMail => ("tracking_provider", "Royal Mail"),
            Carrier::Parcelforce => ("tracking_provider", "ParcelForce"),
            Carrier::Dpd => ("tracking_provider", "DPD.co.uk"),
            Carrier::DpdLocal => ("custom_tracking_provider", self.sent.carrier.name()),
        };
        let day = self.sent.at.strftime("%Y-%m-%d").to_string();
        let mut body = Map::new();
        body.insert(field.to_owned(), json!(name));
        body.insert("tracking_number".to_owned(), json!(self.number()));
        body.insert("date_shipped".to_owned(), json!(day));
        Value::Object(body)
    }
}

fn is(there: &Lax<String>, number: &str) -> bool {
    matches!(there, Lax::Is(there) if there.eq_ignore_ascii_case(number))
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Index {
    namespaces: List<Lax<String>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Tracking {
    tracking_number: Lax<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Fulfillment {
    meta_data: List<Field>,
    date_deleted: Lax<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Field {
    key: Lax<String>,
    value: Lax<String>,
}

impl Fulfillment {
    fn shows(&self, number: &str) -> bool {
        let named = |f: &Field| is(&f.key, "_tracking_number") && is(&f.value, number);
        matches!(self.date_deleted, Lax::Absent) && self.meta_data.0.iter().any(named)
    }
}

/// A note to the buyer. People write these too, so the text is only searched and wiped.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Note {
    note: Lax<Part>,
}

impl Note {
    fn names(&self, number: &str) -> bool {
        let Lax::Is(Part(text)) = &self.note else { return false };
        text.split(|c: char| c.is_whitespace() || ",.;:<>".contains(c))
            .any(|word| word.eq_ignore_ascii_case(number))
    }
}
