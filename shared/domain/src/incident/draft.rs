//! The notices, drafted: what is known, and what is left to whoever sends them.

use super::{Affected, Incident, Notice, Place};
use std::fmt::Write;

impl Incident {
    /// The text of a notice with what is known filled in: counts and ids, never a name. What only a person can know
    /// stands in square brackets, to be completed before it is sent.
    pub fn draft(&self, notice: Notice, affected: &Affected) -> String {
        let greeting = match notice {
            Notice::Platform => "To the platform: security incident concerning orders of your marketplace.",
            Notice::Controllers => {
                "To the merchant: personal data breach concerning your customers (article 33(2))."
            }
            Notice::Regulator => {
                "To the supervisory authority: notification of a personal data breach (article 33)."
            }
            Notice::People => return self.letter(),
        };
        let who = self.suspicion.actor.as_ref().map_or("not known yet", |_| "one account, which is known");
        let (orders, merchants, live) = (affected.orders(), affected.merchants.len(), affected.live());
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{greeting}\n\nIncident {}", self.id);
        let _ = writeln!(text, "Noticed: {}", self.detected_at);
        let _ = writeln!(text, "Period looked at: {} to {}", self.suspicion.from, self.suspicion.until);
        let _ = writeln!(text, "Access by: {who}. Kind of data: {}.", self.kinds());
        let _ = writeln!(text, "Affected: {orders} orders of {merchants} merchants.");
        let _ = writeln!(
            text,
            "Of these, the contact data of {live} is still held; {} are erased, and only the merchant can reach them.",
            orders - live
        );
        let _ = writeln!(text, "Likely consequences: [to be completed]");
        let _ = writeln!(text, "Measures taken and planned: [to be completed]");
        let _ = writeln!(text, "Whom to ask: [name and how to reach them]");
        let _ = writeln!(text, "To be sent by: {}", self.due(notice));
        text
    }

    /// The letter to the people: what it means for them, what they can do and whom they can ask.
    fn letter(&self) -> String {
        format!(
            "To the person concerned: data of an order of yours was opened without good reason (article 34).\n\n\
             What it was: {}.\n\
             What you can do: be careful with calls, messages and letters that name your order or parcel and ask for a \
             payment, a password or a code; do not follow their links, and ask the shop before you answer.\n\
             What was done: [to be completed]\n\
             Whom to ask: [name of the shop, and how to reach it], naming Incident {}. You may also complain to the \
             supervisory authority.\n",
            self.kinds(),
            self.id
        )
    }

    /// What lies where it was opened.
    fn kinds(&self) -> String {
        let kind = |place: &Place| match place {
            Place::Recipients => "names, delivery addresses and, where they were given, contact data",
            Place::Labels => "labels with names and delivery addresses",
            Place::Carriers => {
                "what carriers were given: names, delivery addresses and, for some services, contact data"
            }
        };
        let all = [Place::Recipients, Place::Labels, Place::Carriers];
        let places = if self.suspicion.places.is_empty() { all.as_slice() } else { &self.suspicion.places };
        places.iter().map(kind).collect::<Vec<_>>().join("; ")
    }
}
