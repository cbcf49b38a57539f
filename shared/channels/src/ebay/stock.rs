//! Telling eBay how much may be sold of a SKU (contract section 7).
//!
//! Two numbers are set, always together: what the inventory item has to send, and what each published offer shows,
//! which is capped by the offer's own number. Both are what may be sold: eBay lowers its own numbers when it sells.
//! They are absolute and eBay has no compare-and-set, so a sale it took a moment ago is undone until its order is
//! read here; a buffer is the remedy. How often a listing may be told is [`super::REVISIONS`].

use super::reply::{self, Numbered};
use super::{Seller, call, percent};
use crate::Stamp;
use crate::error::{CannotBuild, CannotRead};
use crate::lax::Lax;
use crate::stock::{Broke, Level, Next, Outcome};
use http::{Method, Request, Response};
use serde::Deserialize;
use serde_json::{Value, json};
use waybill_domain::exception::Reason;

/// No reason of its own: what a person does about a refused write is the same.
const REASON: Reason = Reason::WriteBackRefused;
/// The longest SKU of the Inventory API, in characters.
const LONGEST_SKU: usize = 50;
/// Offers that one call may change.
const MOST_OFFERS: usize = 25;

/// Tells the stock of one SKU.
pub struct Talk {
    seller: Seller,
    level: Level,
    step: Step,
}

enum Step {
    Begin,
    Asked,
    Told(Vec<String>),
    Done,
}

impl Talk {
    /// Begins with a SKU. One call changes one SKU: the documents disagree on whether more may be sent.
    pub fn new(seller: &Seller, level: Level) -> Self {
        Self { seller: seller.clone(), level, step: Step::Begin }
    }

    /// Takes the last reply, `None` at first, and says what is next.
    ///
    /// # Errors
    /// `Broke` when a request cannot be made, or eBay refuses or does not answer.
    pub fn next(&mut self, reply: Option<&Response<Vec<u8>>>, _stamp: &Stamp) -> Result<Next, Broke> {
        match (std::mem::replace(&mut self.step, Step::Done), reply) {
            (Step::Begin, _) => {
                self.step = Step::Asked;
                Ok(Next::Send(Box::new(build_offers(&self.seller, &self.level.sku)?)))
            }
            (Step::Asked, Some(reply)) => {
                // Only listings made through the Inventory API have offers; others must be migrated first.
                let Some(offers) = read_offers(reply)? else {
                    return Ok(Next::Over(Outcome::NotPossible("not_an_inventory_api_listing")));
                };
                if offers.all == 0 {
                    return Ok(Next::Over(Outcome::NotPossible("no_offer")));
                }
                let request = build_set(&self.seller, &self.level, &offers.live)?;
                self.step = Step::Told(offers.live);
                Ok(Next::Send(Box::new(request)))
            }
            (Step::Told(offers), Some(reply)) => {
                read_set(reply, &offers)?;
                Ok(Next::Over(Outcome::Applied))
            }
            (Step::Asked | Step::Told(_) | Step::Done, _) => Err(CannotRead::Reply.into()),
        }
    }
}

fn build_offers(seller: &Seller, sku: &str) -> Result<Request<Vec<u8>>, CannotBuild> {
    if sku.trim().is_empty() || sku.chars().count() > LONGEST_SKU {
        return Err(CannotBuild::WriteBack { field: "sku" });
    }
    call(seller, Method::GET, &format!("/sell/inventory/v1/offer?sku={}", percent(sku)), None)
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct List {
    offers: Option<Vec<Offer>>,
    total: Lax<u32>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Offer {
    offer_id: Lax<String>,
    status: Lax<String>,
    format: Lax<String>,
}

struct Offers {
    /// How many there are.
    all: usize,
    /// Keys of those whose number can be set: published, at a fixed price.
    live: Vec<String>,
}

fn read_offers(reply: &Response<Vec<u8>>) -> Result<Option<Offers>, CannotRead> {
    // The call documents 404 for a SKU it does not know; 25713, "offer not available", beside it is unverified.
    let Some(list) = reply::find::<List>(reply, REASON, &["25713"])? else { return Ok(None) };
    let total = list.total.hint();
    let offers = match (list.offers, total) {
        (Some(offers), _) => offers,
        (None, Some(0)) => Vec::new(),
        (None, _) => return Err(CannotRead::Reply),
    };
    let all = offers.len();
    if all > MOST_OFFERS || total.is_some_and(|total| usize::try_from(total).unwrap_or(0) > all) {
        return Err(CannotRead::TooMany { field: "offers" });
    }
    let is = |text: &Lax<String>, code: &str| matches!(text, Lax::Is(text) if text == code);
    let live = offers.into_iter().filter(|one| is(&one.status, "PUBLISHED") && !is(&one.format, "AUCTION"));
    let live = live.map(|one| one.offer_id.need("offers.offerId")).collect::<Result<_, _>>()?;
    Ok(Some(Offers { all, live }))
}

fn build_set(seller: &Seller, level: &Level, offers: &[String]) -> Result<Request<Vec<u8>>, CannotBuild> {
    let mut entry = json!({
        "sku": level.sku,
        "shipToLocationAvailability": { "quantity": level.sellable },
    });
    if !offers.is_empty() {
        let one = |id: &String| json!({ "offerId": id, "availableQuantity": level.sellable });
        entry["offers"] = offers.iter().map(one).collect();
    }
    let body: Value = json!({ "requests": [entry] });
    call(seller, Method::POST, "/sell/inventory/v1/bulk_update_price_quantity", Some(&body))
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Answers {
    responses: Vec<Answer>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Answer {
    offer_id: Lax<String>,
    status_code: Lax<u32>,
    errors: Option<Vec<Numbered>>,
}

/// Success is an answer of 200 for every offer told, and none that is not 200; the status of the whole reply, 200
/// or 207, says nothing.
fn read_set(reply: &Response<Vec<u8>>, offers: &[String]) -> Result<(), CannotRead> {
    let Answers { responses } = reply::read(reply, REASON)?;
    if responses.is_empty() {
        return Err(CannotRead::Reply);
    }
    let mut done = Vec::new();
    for answer in responses {
        let status = answer.status_code.need("responses.statusCode")?;
        if status != 200 {
            let number = reply::first(answer.errors.unwrap_or_default());
            let code = number.unwrap_or_else(|| format!("http_{status}"));
            return Err(match status {
                429 => CannotRead::Throttled { seconds: crate::error::DEFAULT_WAIT },
                409 | 500.. => CannotRead::Busy { code },
                _ => CannotRead::Refused { code, reason: REASON },
            });
        }
        done.extend(answer.offer_id.hint());
    }
    // Not answered for: perhaps not done.
    if offers.iter().all(|offer| done.contains(offer)) { Ok(()) } else { Err(CannotRead::Reply) }
}
