//! Keeping the shop's webhooks alive (contract section 2): a shop switches one off for good after seven failures
//! in a row, so on connecting and once a day they are listed, made where missing and switched on again.

use super::{Shop, call, reply};
use crate::care::{Looked, Next, To};
use crate::error::{CannotBuild, CannotRead};
use crate::lax::{Key, Lax, is_number};
use crate::stamp::Stamp;
use crate::writeback::Broke;
use http::{Method, Request, Response};
use serde::Deserialize;
use serde_json::json;
use waybill_domain::exception::Reason;
use waybill_privacy::secret::Secret;

/// The topics we ask for.
pub const TOPICS: [&str; 4] = ["order.created", "order.updated", "order.deleted", "order.restored"];

/// Webhooks in one page of the list: the most a shop gives.
const PER_PAGE: usize = 100;
/// The most pages of webhooks that are read.
const MOST_PAGES: u32 = 20;

/// Whether a webhook is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// It is.
    Active,
    /// A person switched it off: so it stays.
    Paused,
    /// The shop switched it off after failures.
    Disabled,
    /// A status we do not know.
    Unknown,
}

/// A webhook of the shop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registered {
    /// The shop's number for it.
    pub id: String,
    /// What it is about.
    pub topic: String,
    /// Whether it is sent.
    pub status: Status,
    /// Where it is sent to.
    pub url: String,
}

/// Something to be done about the webhooks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Make one for this topic.
    Create(&'static str),
    /// Switch this one on again.
    Enable(String),
}

/// Asks for the shop's webhooks; pages count from 1.
///
/// # Errors
/// `CannotBuild` when the address or keys cannot be sent.
pub fn build_list(shop: &Shop, page: u32) -> Result<Request<Vec<u8>>, CannotBuild> {
    let path = format!(
        "/wc/v3/webhooks?per_page={PER_PAGE}&page={page}&orderby=id&order=asc&_fields=id,status,topic,delivery_url"
    );
    call(shop, Method::GET, &path, None)
}

/// Reads a page of webhooks, and says whether there is another.
///
/// # Errors
/// `CannotRead` when the shop refuses; the keys need the right to manage webhooks.
pub fn read_list(answer: &Response<Vec<u8>>, page: u32) -> Result<(Vec<Registered>, bool), CannotRead> {
    #[derive(Deserialize, Default)]
    #[serde(default)]
    struct Row {
        id: Lax<Key>,
        status: Lax<String>,
        topic: Lax<String>,
        delivery_url: Lax<String>,
    }
    let rows: Vec<Row> = reply::json(answer, Reason::ConnectionRefused)?;
    let more = !rows.is_empty() && reply::pages(answer).map_or(rows.len() >= PER_PAGE, |all| page < all);
    let read = |row: Row| {
        let status = match row.status.hint().as_deref() {
            Some("active") => Status::Active,
            Some("paused") => Status::Paused,
            Some("disabled") => Status::Disabled,
            _ => Status::Unknown,
        };
        Some(Registered {
            id: row.id.hint()?.0,
            topic: row.topic.hint()?,
            status,
            url: row.delivery_url.hint()?,
        })
    };
    Ok((rows.into_iter().filter_map(read).collect(), more))
}

/// What to do so that every topic reaches `url`. Webhooks to other addresses are not ours; one that a person
/// paused is left so, and none is made beside it.
pub fn plan(registered: &[Registered], url: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    for topic in TOPICS {
        let ours: Vec<&Registered> = registered.iter().filter(|r| r.topic == topic && r.url == url).collect();
        if ours.iter().any(|r| matches!(r.status, Status::Active | Status::Paused)) {
            continue;
        }
        match ours.first() {
            Some(off) => steps.push(Step::Enable(off.id.clone())),
            None => steps.push(Step::Create(topic)),
        }
    }
    steps
}

/// Asks the shop to do a step. The shop then sends a ping to `url` before it answers.
///
/// # Errors
/// `CannotBuild::Credential` unless the secret is letters and digits only: the shop changes other characters
/// before it signs.
pub fn build_step(
    shop: &Shop,
    step: &Step,
    url: &str,
    secret: &Secret,
) -> Result<Request<Vec<u8>>, CannotBuild> {
    match step {
        Step::Create(topic) => {
            let body = json!({
                "name": format!("Waybill {topic}"),
                "topic": topic,
                "delivery_url": url,
                "secret": plain(secret)?,
                "status": "active",
            });
            call(shop, Method::POST, "/wc/v3/webhooks", Some(&body))
        }
        Step::Enable(id) => change(shop, id, &json!({ "status": "active" })),
    }
}

/// Asks the shop to sign a webhook with another secret from now on. Until every one of them does, both are valid.
///
/// # Errors
/// As [`build_step`].
pub fn build_rotate(shop: &Shop, id: &str, secret: &Secret) -> Result<Request<Vec<u8>>, CannotBuild> {
    change(shop, id, &json!({ "secret": plain(secret)? }))
}

/// Reads whether a change of webhooks was made.
///
/// # Errors
/// `CannotRead` when the shop refuses.
pub fn read_done(answer: &Response<Vec<u8>>) -> Result<(), CannotRead> {
    reply::good(answer, Reason::ConnectionRefused)
}

fn change(shop: &Shop, id: &str, body: &serde_json::Value) -> Result<Request<Vec<u8>>, CannotBuild> {
    if !is_number(id) {
        return Err(CannotBuild::ChannelId);
    }
    call(shop, Method::PUT, &format!("/wc/v3/webhooks/{id}"), Some(body))
}

fn plain(secret: &Secret) -> Result<&str, CannotBuild> {
    let text = secret.expose();
    let fits = (16..=100).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric());
    if fits { Ok(text) } else { Err(CannotBuild::Credential) }
}

/// Lists the webhooks and does what [`plan`] says, one call after the other. Making one is not idempotent, so
/// every attempt begins with the list.
pub struct Care {
    shop: Shop,
    to: To,
    secret: Secret,
    registered: Vec<Registered>,
    page: u32,
    /// What is still to be done, last first; `None` until the list is read.
    steps: Option<Vec<Step>>,
    done: Vec<Step>,
}

impl Care {
    /// Begins; deliveries are to be signed with `secret`.
    pub fn new(shop: &Shop, to: To, secret: &Secret) -> Self {
        Self {
            shop: shop.clone(),
            to,
            secret: secret.clone(),
            registered: Vec::new(),
            page: 0,
            steps: None,
            done: Vec::new(),
        }
    }

    /// Takes the last reply, `None` at first.
    ///
    /// # Errors
    /// `Broke` when a request cannot be made, or the shop refuses.
    pub fn next(&mut self, answer: Option<&Response<Vec<u8>>>, _stamp: &Stamp) -> Result<Next, Broke> {
        let Some(answer) = answer else {
            (self.page, self.registered, self.steps) = (1, Vec::new(), None);
            return Ok(Next::Send(Box::new(build_list(&self.shop, 1)?)));
        };
        match &mut self.steps {
            None => {
                let (rows, more) = read_list(answer, self.page)?;
                self.registered.extend(rows);
                if more && self.page < MOST_PAGES {
                    self.page += 1;
                    return Ok(Next::Send(Box::new(build_list(&self.shop, self.page)?)));
                }
                if self.to.address().is_none() {
                    let ours = self.registered.iter().find(|hook| self.to.fits(&hook.url));
                    let Some(ours) = ours else {
                        return Ok(Next::Over(Looked { missing: true, ..self.looked() }));
                    };
                    self.to = To::Address(ours.url.clone());
                }
                let mut steps = plan(&self.registered, self.url());
                steps.reverse();
                self.steps = Some(steps);
            }
            Some(steps) => {
                read_done(answer)?;
                self.done.extend(steps.pop());
            }
        }
        match self.steps.as_ref().and_then(|steps| steps.last()) {
            Some(step) => Ok(Next::Send(Box::new(build_step(&self.shop, step, self.url(), &self.secret)?))),
            None => Ok(Next::Over(self.looked())),
        }
    }

    /// What was done so far: something in it on an ordinary day means that deliveries were lost before, and the
    /// time since the last look should be polled again.
    pub fn done(&self) -> &[Step] {
        &self.done
    }

    /// The shop's webhooks to our address that a person paused, for the merchant to see.
    pub fn paused(&self) -> impl Iterator<Item = &Registered> {
        self.registered.iter().filter(|r| r.url == self.url() && r.status == Status::Paused)
    }

    fn looked(&self) -> Looked {
        let made = self.done.iter().filter(|step| matches!(step, Step::Create(_))).count();
        Looked { made, enabled: self.done.len() - made, paused: self.paused().count(), missing: false }
    }

    /// Where deliveries go; nowhere while that is not known.
    fn url(&self) -> &str {
        self.to.address().unwrap_or_default()
    }
}
