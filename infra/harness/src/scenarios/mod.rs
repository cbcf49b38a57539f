//! One table of scenarios for all five channels: what happens, at whichever channel, and what must come of it.
//!
//! A scenario is written once, against [`road::Road`], and run at every channel in a world of its own. A channel at
//! which something cannot happen says why in [`Scenario::exempt`]; it has no scenarios of its own shape.

mod arriving;
mod bodies;
mod changing;
pub mod flood;
mod meddler;
mod road;
mod stage;
mod telling;
mod trouble;

use crate::world::{Setup, Stocked};
use serde_json::{Value, json};
use stage::{Broken, Stage, connection, must};
use std::fmt::Write as _;
use std::thread::{Builder, ScopedJoinHandle};
use waybill_domain::order::{Channel, Status};
use waybill_domain::stock::Level;
use waybill_store::registry::ConnectionState;

/// What is sold in the scenarios: plain goods that every channel's sandbox lists.
const MUG: &str = "MUG-ENAMEL";
/// The second article.
const SCARF: &str = "SCARF-GRN";
/// Pieces of each in the first warehouse, where nothing else is said.
const PIECES: i64 = 500;

/// What happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scenario {
    /// An order arrives and goes its whole road.
    Arrive,
    /// It arrives twice.
    ArriveTwice,
    /// A newer version arrives before an older one.
    OutOfOrder,
    /// It is edited.
    Edit,
    /// It is cancelled before it is booked.
    CancelBeforeBooking,
    /// It is cancelled when its label is made and the channel has not been told.
    CancelAfterBooking,
    /// It is cancelled, before its label or after, and then wanted again.
    WantedAgain,
    /// The merchant holds it at the channel before it is booked, and releases it.
    HeldAtChannel,
    /// Somebody deletes it at the channel before it is booked.
    DeletedAtChannel,
    /// A part is refunded before it is sent.
    PartialRefund,
    /// Two warehouses send it in two parcels.
    TwoParcels,
    /// The reply to the tracking number is lost.
    LostReply,
    /// A stock number is old by the time it is told, and the channel's own changes under us.
    StockPushStale,
    /// The channel says "too many requests", and its documented limits are kept.
    RateLimit,
    /// The access token ends between two calls.
    TokenExpired,
    /// The secret is rotated.
    SecretRotated,
    /// It is forgotten, and then everything about it is sent again.
    ErasedReplayed,
    /// Something that is no order arrives, well signed; and something forged.
    Malformed,
    /// A hundred orders change in one window.
    HundredOnAPage,
    /// One order of a page cannot be read.
    PoisonInTheMiddle,
}

impl Scenario {
    /// Every scenario, in the order of the table.
    pub const ALL: [Self; 20] = [
        Self::Arrive,
        Self::ArriveTwice,
        Self::OutOfOrder,
        Self::Edit,
        Self::CancelBeforeBooking,
        Self::CancelAfterBooking,
        Self::WantedAgain,
        Self::HeldAtChannel,
        Self::DeletedAtChannel,
        Self::PartialRefund,
        Self::TwoParcels,
        Self::LostReply,
        Self::StockPushStale,
        Self::RateLimit,
        Self::TokenExpired,
        Self::SecretRotated,
        Self::ErasedReplayed,
        Self::Malformed,
        Self::HundredOnAPage,
        Self::PoisonInTheMiddle,
    ];

    /// Its line in the table.
    pub fn name(self) -> &'static str {
        match self {
            Self::Arrive => "arrive",
            Self::ArriveTwice => "arrive twice",
            Self::OutOfOrder => "arrive out of order",
            Self::Edit => "edit",
            Self::CancelBeforeBooking => "cancel before booking",
            Self::CancelAfterBooking => "cancel after booking",
            Self::WantedAgain => "cancelled, then wanted again",
            Self::HeldAtChannel => "held at the channel",
            Self::DeletedAtChannel => "deleted at the channel",
            Self::PartialRefund => "partial refund",
            Self::TwoParcels => "ship in two parcels",
            Self::LostReply => "write-back, lost reply",
            Self::StockPushStale => "stock push stale",
            Self::RateLimit => "rate limit",
            Self::TokenExpired => "token expired mid-run",
            Self::SecretRotated => "secret rotated",
            Self::ErasedReplayed => "erased, then replayed",
            Self::Malformed => "malformed",
            Self::HundredOnAPage => "100 orders in one page",
            Self::PoisonInTheMiddle => "poison order in the middle",
        }
    }

    /// Why it cannot happen at a channel; `None` where it can.
    pub fn exempt(self, channel: Channel) -> Option<&'static str> {
        match (self, channel) {
            (Self::Edit, Channel::Ebay) => Some("an order cannot be edited, only cancelled or refunded"),
            (Self::WantedAgain, Channel::Shopify | Channel::Magento | Channel::Amazon | Channel::Ebay) => {
                Some("what is cancelled there stays so")
            }
            (Self::HeldAtChannel, Channel::Amazon | Channel::Ebay) => {
                Some("a merchant cannot hold an order there")
            }
            (Self::DeletedAtChannel, Channel::Magento | Channel::Amazon | Channel::Ebay) => {
                Some("an order cannot be deleted there")
            }
            (Self::TokenExpired, Channel::Shopify) => Some("an offline token does not end"),
            (Self::TokenExpired, Channel::WooCommerce) => Some("consumer keys do not end"),
            (Self::Malformed, Channel::Amazon) => Some("delivers nothing to our door: orders are read"),
            _ => None,
        }
    }

    async fn play(self, channel: Channel) -> Result<(), Broken> {
        match self {
            Self::Arrive => arriving::arrive(channel).await,
            Self::ArriveTwice => arriving::twice(channel).await,
            Self::OutOfOrder => arriving::out_of_order(channel).await,
            Self::Edit => changing::edit(channel).await,
            Self::CancelBeforeBooking => changing::cancel_before_booking(channel).await,
            Self::CancelAfterBooking => changing::cancel_after_booking(channel).await,
            Self::WantedAgain => changing::wanted_again(channel).await,
            Self::HeldAtChannel => changing::held_at_channel(channel).await,
            Self::DeletedAtChannel => changing::deleted_at_channel(channel).await,
            Self::PartialRefund => changing::partial_refund(channel).await,
            Self::TwoParcels => telling::two_parcels(channel).await,
            Self::LostReply => telling::lost_reply(channel).await,
            Self::StockPushStale => telling::stock_push_stale(channel).await,
            Self::RateLimit => trouble::rate_limit(channel).await,
            Self::TokenExpired => trouble::token_expired(channel).await,
            Self::SecretRotated => trouble::secret_rotated(channel).await,
            Self::ErasedReplayed => trouble::erased_replayed(channel).await,
            Self::Malformed => trouble::malformed(channel).await,
            Self::HundredOnAPage => arriving::hundred_on_a_page(channel).await,
            Self::PoisonInTheMiddle => arriving::poison_in_the_middle(channel).await,
        }
    }
}

/// How a scenario went at a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell {
    /// Everything that must come of it did.
    Fine,
    /// It cannot happen there, and why.
    Exempt(&'static str),
    /// What came of it instead.
    Broken(String),
}

/// Runs one scenario at one channel, in a world of its own.
pub fn play(scenario: Scenario, channel: Channel) -> Cell {
    if let Some(why) = scenario.exempt(channel) {
        return Cell::Exempt(why);
    }
    // The handlers' own short rests pass at once.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    match runtime.map(|runtime| runtime.block_on(scenario.play(channel))) {
        Ok(Ok(())) => Cell::Fine,
        Ok(Err(Broken(why))) => Cell::Broken(why),
        Err(error) => Cell::Broken(format!("no runtime: {error}")),
    }
}

/// A scenario whole, of all handlers inlined in a debug build, needs more than the two megabytes a thread usually gets.
const STACK: usize = 16 << 20;

/// The table, filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grid(pub Vec<(Scenario, Vec<(Channel, Cell)>)>);

impl Grid {
    /// Runs these scenarios at these channels, the channels side by side.
    pub fn play(scenarios: &[Scenario], channels: &[Channel]) -> Self {
        let columns: Vec<(Channel, Vec<Cell>)> = std::thread::scope(|scope| {
            let column = |channel: Channel| {
                let cells = move || scenarios.iter().map(|one| play(*one, channel)).collect::<Vec<Cell>>();
                (channel, Builder::new().stack_size(STACK).spawn_scoped(scope, cells))
            };
            let running: Vec<_> = channels.iter().map(|channel| column(*channel)).collect();
            let ended = |(channel, cells): (Channel, std::io::Result<ScopedJoinHandle<'_, Vec<Cell>>>)| {
                let died = || vec![Cell::Broken("a handler panicked".to_owned()); scenarios.len()];
                (channel, cells.ok().and_then(|cells| cells.join().ok()).unwrap_or_else(died))
            };
            running.into_iter().map(ended).collect()
        });
        let row = |(place, scenario): (usize, &Scenario)| {
            let cells =
                columns.iter().filter_map(|(channel, cells)| Some((*channel, cells.get(place)?.clone())));
            (*scenario, cells.collect())
        };
        Self(scenarios.iter().enumerate().map(row).collect())
    }

    /// The cells of a kind, with where they stand.
    fn cells(&self) -> impl Iterator<Item = (Scenario, Channel, &Cell)> {
        self.0.iter().flat_map(|(scenario, cells)| {
            cells.iter().map(move |(channel, cell)| (*scenario, *channel, cell))
        })
    }

    /// What did not come out as it must, one line each.
    pub fn broken(&self) -> Vec<String> {
        let line = |(scenario, channel, cell): (Scenario, Channel, &Cell)| match cell {
            Cell::Broken(why) => Some(format!("{} at {}: {why}", scenario.name(), channel.as_str())),
            Cell::Fine | Cell::Exempt(_) => None,
        };
        self.cells().filter_map(line).collect()
    }

    /// The table as text: a mark in each cell, and below it why some are empty or broken.
    pub fn text(&self) -> String {
        let mut text = format!("{:<28}", "scenario");
        for (channel, _) in self.0.first().map(|(_, cells)| cells.as_slice()).unwrap_or_default() {
            let _ = write!(text, "{:<13}", channel.as_str());
        }
        for (scenario, cells) in &self.0 {
            let _ = write!(text, "\n{:<28}", scenario.name());
            for (_, cell) in cells {
                let mark = match cell {
                    Cell::Fine => "ok",
                    Cell::Exempt(_) => "n/a",
                    Cell::Broken(_) => "BROKEN",
                };
                let _ = write!(text, "{mark:<13}");
            }
        }
        for (scenario, channel, cell) in self.cells() {
            if let Cell::Exempt(why) = cell {
                let _ = write!(text, "\nn/a: {} at {}: {why}", scenario.name(), channel.as_str());
            }
        }
        for line in self.broken() {
            let _ = write!(text, "\nBROKEN: {line}");
        }
        let fine = self.cells().filter(|(.., cell)| **cell == Cell::Fine).count();
        let exempt = self.cells().filter(|(.., cell)| matches!(cell, Cell::Exempt(_))).count();
        let _ = write!(text, "\n{fine} ok, {exempt} n/a, {} broken", self.broken().len());
        text
    }

    /// The table for scripts.
    pub fn json(&self) -> Value {
        let one = |cell: &Cell| match cell {
            Cell::Fine => json!("ok"),
            Cell::Exempt(why) => json!({"n/a": why}),
            Cell::Broken(why) => json!({"broken": why}),
        };
        let row = |(scenario, cells): &(Scenario, Vec<(Channel, Cell)>)| {
            let cells = cells.iter().map(|(channel, cell)| (channel.as_str().to_owned(), one(cell)));
            (scenario.name().to_owned(), Value::Object(cells.collect()))
        };
        Value::Object(self.0.iter().map(row).collect())
    }
}

/// A stage of one open channel with plenty of both articles.
async fn open(channel: Channel) -> Result<Stage, Broken> {
    with_stock(channel, [PIECES, 0]).await
}

/// A stage of one open channel with so many pieces of each article in the two warehouses.
async fn with_stock(channel: Channel, pieces: [i64; 2]) -> Result<Stage, Broken> {
    let stock = [MUG, SCARF].map(|sku| Stocked { sku: sku.to_owned(), pieces });
    let setup = Setup { stock: stock.to_vec(), channels: vec![channel], ..Setup::default() };
    Stage::new(&setup).await
}

/// Our stock of a SKU over all warehouses: on hand, and of that promised.
fn ours(stage: &Stage, sku: &str) -> Result<(i64, i64), Broken> {
    let facts = stage.facts()?;
    let levels = facts.levels.iter().filter(|(known, _)| known == sku).map(|(_, level)| level);
    Ok(levels.fold((0, 0), |(on_hand, reserved), level: &Level| {
        (on_hand + level.on_hand, reserved + level.reserved)
    }))
}

/// Our stock of a SKU must be so many on hand, so many of them promised.
fn stock_is(stage: &Stage, sku: &str, on_hand: i64, reserved: i64) -> Result<(), Broken> {
    let seen = ours(stage, sku)?;
    must(seen == (on_hand, reserved), || {
        format!("{sku}: {} on hand and {} promised instead of {on_hand} and {reserved}", seen.0, seen.1)
    })
}

/// An order must stand so.
fn status_is(stage: &Stage, channel: Channel, id: &str, status: Status) -> Result<(), Broken> {
    let order = stage.stored(channel, id)?.order;
    must(order.status == status, || {
        let why: Vec<_> = order.exceptions.iter().map(|e| (e.reason, e.detail.clone())).collect();
        format!("order {id} is {:?} {:?} {why:?} instead of {status:?}", order.status, order.hold)
    })
}

/// An order must be sent and its channel show each of our tracking numbers once.
fn is_told(stage: &Stage, channel: Channel, id: &str, parcels: usize) -> Result<(), Broken> {
    status_is(stage, channel, id, Status::Dispatched)?;
    let (facts, order) = (stage.facts()?, stage.order_id(channel, id)?);
    let mut ours: Vec<String> =
        facts.shipments_of(&order).filter_map(|one| one.tracking().map(str::to_owned)).collect();
    let mut shown: Vec<String> =
        stage.road(channel).shown(id)?.tracking.into_iter().map(|parcel| parcel.number).collect();
    ours.sort();
    shown.sort();
    must(ours == shown && ours.len() == parcels, || {
        format!("order {id}: {} labels, {} numbers shown instead of {parcels}", ours.len(), shown.len())
    })
}

/// What must hold at the end of every scenario: so many orders of the channel are stored; nothing is left lying
/// about, oversold, told twice, beyond a limit, refused as invalid, or in plain.
async fn is_sound(stage: &Stage, channel: Channel, orders: usize) -> Result<(), Broken> {
    let facts = stage.facts()?;
    let of = connection(channel)?;
    let stored = facts.orders.values().filter(|one| one.order.connection == of).count();
    must(stored == orders, || format!("{stored} orders are stored instead of {orders}"))?;
    crate::sim::check::sound(&facts)?;
    crate::sim::check::promised(&facts)?;
    must(facts.leak.is_none(), || format!("a personal text stands in plain: {:?}", facts.leak))?;
    must(stage.mail.dead.is_empty(), || format!("dead letters: {:?}", stage.mail.dead))?;
    let account = stage.world.db.connection(&of).await?.ok_or("the connection is gone")?;
    must(account.state == ConnectionState::Active, || format!("the connection is {:?}", account.state))?;
    let report = stage.road(channel).report();
    for name in ["written_twice", "fulfilled_twice", "over_limit"] {
        let count = report[name].as_u64().unwrap_or(0);
        must(count == 0, || format!("the sandbox counts {count} {name}"))?;
    }
    let refused = stage.world.sandbox.report()["refusal_list"].clone();
    let refused: Vec<String> = refused
        .as_array()
        .into_iter()
        .flatten()
        .map(|one| format!("{} {}", one["endpoint"], one["reason"]))
        .collect();
    must(refused.is_empty(), || format!("requests were refused as invalid: {}", refused.join("; ")))
}
