//! What is around every page.

use maud::{DOCTYPE, Markup, html};
use waybill_domain::access::Action;

/// A part of the console.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    Today,
    Orders,
    Exceptions,
    Picks,
    Pack,
    Stock,
    Connections,
    Forgetting,
    Evidence,
    Settings,
}

impl Place {
    /// All of them, as they stand in the navigation.
    pub const ALL: [Self; 10] = [
        Self::Today,
        Self::Orders,
        Self::Exceptions,
        Self::Picks,
        Self::Pack,
        Self::Stock,
        Self::Connections,
        Self::Forgetting,
        Self::Evidence,
        Self::Settings,
    ];

    /// Its name and address.
    fn named(self) -> (&'static str, &'static str) {
        match self {
            Self::Today => ("Today", ""),
            Self::Orders => ("Orders", "/orders"),
            Self::Exceptions => ("Exceptions", "/exceptions"),
            Self::Picks => ("Pick", "/picks"),
            Self::Pack => ("Pack", "/pack"),
            Self::Stock => ("Stock", "/stock"),
            Self::Connections => ("Connections", "/connections"),
            Self::Forgetting => ("Forgetting", "/forgetting"),
            Self::Evidence => ("Evidence", "/evidence"),
            Self::Settings => ("Settings", "/settings"),
        }
    }

    /// What a role must have to look at it, as the matrix of the API says.
    pub fn action(self) -> Action {
        match self {
            Self::Today | Self::Orders => Action::ListOrders,
            Self::Exceptions => Action::ListExceptions,
            Self::Picks | Self::Pack | Self::Stock => Action::ReadStock,
            Self::Connections => Action::ReadConnections,
            Self::Forgetting => Action::ReadRequests,
            Self::Evidence => Action::ReadRegisters,
            Self::Settings => Action::ReadMerchant,
        }
    }
}

/// The ways to the other pages.
pub fn nav(root: &str, places: impl Iterator<Item = Place>, here: Place) -> Markup {
    html! {
        nav aria-label="Main" {
            ul {
                @for place in places {
                    @let (name, path) = place.named();
                    li {
                        a href=(format!("{root}console{path}")) aria-current=[(place == here).then_some("page")] { (name) }
                    }
                }
            }
        }
    }
}

/// A page for somebody who is signed in.
pub fn whole(root: &str, title: &str, nav: &Markup, out: &Markup, inside: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en-GB" {
            (head(root, title, &html! {}))
            body {
                a.skip href="#main" { "Skip to the page" }
                header { div.bar { a.brand href=(format!("{root}console")) { "Waybill" } (nav) (out) } }
                main id="main" tabindex="-1" { h1 { (title) } (inside) }
                footer { p { "No page here names or locates a buyer. Times are UTC." } }
            }
        }
    }
}

/// The parts of a table and what they are.
const PARTS: [(&str, &str); 7] = [
    ("<table", "table"),
    ("<thead", "rowgroup"),
    ("<tbody", "rowgroup"),
    ("<tr", "row"),
    ("<td", "cell"),
    ("<th scope=\"col\"", "columnheader"),
    ("<th scope=\"row\"", "rowheader"),
];

/// Says what the parts of tables are: on a phone the style sheet stacks their cells, and a browser that lays a table out as
/// blocks no longer tells a screen reader that it is one. What is not markup has no `<`, so nothing else is met.
pub fn roles(page: &str) -> String {
    PARTS
        .iter()
        .fold(page.to_owned(), |page, (part, role)| page.replace(part, &format!("{part} role=\"{role}\"")))
}

/// A page by itself, for somebody who is not signed in, or when something went wrong.
pub fn alone(root: &str, title: &str, more: &Markup, inside: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en-GB" {
            (head(root, title, more))
            body.alone {
                main id="main" { p.brand { "Waybill" } h1 { (title) } (inside) }
            }
        }
    }
}

/// What was refused and what to do, for [`alone`].
pub fn refusal(root: &str, text: &str) -> Markup {
    html! {
        p role="alert" { (text) }
        p { a.button href=(format!("{root}console")) { "Back to the console" } }
    }
}

fn head(root: &str, title: &str, more: &Markup) -> Markup {
    html! {
        head {
            meta charset="utf-8";
            meta name="viewport" content="width=device-width, initial-scale=1";
            meta name="color-scheme" content="light dark";
            title { (title) " - Waybill" }
            link rel="icon" href="data:,";
            link rel="stylesheet" href=(format!("{root}console/style.css"));
            script src=(format!("{root}console/console.js")) defer {}
            (more)
        }
    }
}

/// Something was done.
pub fn notice(text: &str) -> Markup {
    html! { p.notice.good role="status" { (text) } }
}

/// Something was not.
pub fn alarm(text: &str) -> Markup {
    html! { p.notice.bad role="alert" { (text) } }
}

/// There is nothing to show, and that is as it should be.
pub fn nothing(text: &str) -> Markup {
    html! { p.nothing { (text) } }
}

/// A figure that stands out.
pub fn tile(value: &str, what: &str, href: Option<String>) -> Markup {
    html! {
        li.tile {
            span.figure { (value) }
            @match href {
                Some(href) => a href=(href) { (what) },
                None => span { (what) },
            }
        }
    }
}
