//! The fields of forms, each with its label. `form` tells fields of one page apart where several forms have the same.

use maud::{Markup, html};

fn id(form: &str, name: &str) -> String {
    format!("{form}-{name}")
}

fn labelled(form: &str, name: &str, label: &str, hint: Option<&str>, field: &Markup) -> Markup {
    html! {
        div {
            label for=(id(form, name)) { (label) }
            (field)
            @if let Some(hint) = hint { p.hint id=(format!("{}-hint", id(form, name))) { (hint) } }
        }
    }
}

/// One field of a form.
pub struct Field<'a> {
    /// Of which form.
    pub form: &'a str,
    /// What it is sent as.
    pub name: &'a str,
    /// What people read.
    pub label: &'a str,
    /// More of it, where the label is not enough.
    pub hint: Option<&'a str>,
    /// What stands in it.
    pub value: String,
    /// It cannot be left empty.
    pub needed: bool,
}

/// A field that must be filled in.
pub fn need<'a>(form: &'a str, name: &'a str, label: &'a str, value: impl ToString) -> Field<'a> {
    Field { form, name, label, hint: None, value: value.to_string(), needed: true }
}

/// A field that may be left empty.
pub fn may<'a>(form: &'a str, name: &'a str, label: &'a str, value: impl ToString) -> Field<'a> {
    Field { needed: false, ..need(form, name, label, value) }
}

impl<'a> Field<'a> {
    /// With a word more.
    pub fn hint(self, hint: &'a str) -> Self {
        Self { hint: Some(hint), ..self }
    }

    fn said_by(&self) -> Option<String> {
        self.hint.map(|_| format!("{}-hint", id(self.form, self.name)))
    }

    fn whole(&self, field: &Markup) -> Markup {
        labelled(self.form, self.name, self.label, self.hint, field)
    }

    fn typed(&self, kind: &str) -> Markup {
        self.whole(&html! {
            input id=(id(self.form, self.name)) name=(self.name) type=(kind) value=(self.value) required[self.needed]
                aria-describedby=[self.said_by()] autocomplete="off" spellcheck="false";
        })
    }

    /// Words.
    pub fn text(&self) -> Markup {
        self.typed("text")
    }

    /// An address of the web.
    pub fn address(&self) -> Markup {
        self.typed("url")
    }

    /// An e-mail address.
    pub fn mail(&self) -> Markup {
        self.typed("email")
    }

    /// A day.
    pub fn day(&self) -> Markup {
        self.typed("date")
    }

    /// A day with its time, in UTC.
    pub fn moment(&self) -> Markup {
        self.typed("datetime-local")
    }

    /// A secret: it goes in, and no page ever shows it again.
    pub fn secret(&self) -> Markup {
        self.whole(&html! {
            input id=(id(self.form, self.name)) name=(self.name) type="password" required[self.needed]
                aria-describedby=[self.said_by()] autocomplete="new-password" spellcheck="false";
        })
    }

    /// A whole number.
    pub fn number(&self, least: i64, most: i64) -> Markup {
        self.whole(&html! {
            input id=(id(self.form, self.name)) name=(self.name) type="number" inputmode="numeric" value=(self.value)
                min=(least) max=(most) required[self.needed] aria-describedby=[self.said_by()];
        })
    }

    /// One of a list: what is sent, and what people read.
    pub fn choice<V: AsRef<str>, W: AsRef<str>>(&self, all: &[(V, W)]) -> Markup {
        self.whole(&html! {
            select id=(id(self.form, self.name)) name=(self.name) aria-describedby=[self.said_by()] {
                @for (value, words) in all {
                    option value=(value.as_ref()) selected[value.as_ref() == self.value] { (words.as_ref()) }
                }
            }
        })
    }
}

/// A box to tick.
pub fn tick(form: &str, name: &str, label: &str, ticked: bool) -> Markup {
    html! {
        div.tick {
            input id=(id(form, name)) name=(name) type="checkbox" value="yes" checked[ticked];
            label for=(id(form, name)) { (label) }
        }
    }
}

/// Something that goes with the form unseen.
pub fn unseen(name: &str, value: impl AsRef<str>) -> Markup {
    html! { input type="hidden" name=(name) value=(value.as_ref()); }
}

/// What a browser writes for a day.
pub fn today(now: jiff::Timestamp) -> String {
    now.strftime("%Y-%m-%d").to_string()
}

/// What a browser writes for a moment.
pub fn minute(at: jiff::Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M").to_string()
}
