//! The report: one self-contained page with the timeline of one order, where orders stand, what it cost, and
//! the proof of forgetting.

use super::calls::{Calls, FUNCTIONS};
use super::standing::Standing;
use super::summary::Summary;
use crate::canary;
use crate::seed::Ids;
use crate::stack::{Stack, Trouble};
use std::fmt::Write;
use waybill_domain::order::{Order, Status};
use waybill_store::audit::{Stream, first_break};

const STYLE: &str = include_str!("page.css");

/// What the page shows.
pub(super) struct Content<'a> {
    pub(super) summary: &'a Summary,
    pub(super) live: &'a Standing,
    pub(super) delivered: &'a Standing,
    pub(super) forgotten: &'a Standing,
    pub(super) calls: &'a Calls,
    pub(super) before: &'a canary::Report,
    pub(super) after: &'a canary::Report,
}

/// Renders the page. It holds ids, counts and times, nothing of a person.
pub(super) async fn render(stack: &Stack, content: &Content<'_>) -> Result<String, Trouble> {
    let mut page = String::new();
    let c = content;
    write!(page, "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Waybill demo</title>")?;
    write!(page, "<meta name=\"viewport\" content=\"width=device-width\"><style>{STYLE}</style>")?;
    write!(page, "<main><h1>Waybill demo</h1>")?;
    let broken = c.summary.broken();
    if broken.is_empty() {
        write!(page, "<p class=\"good\">Every promise was kept.</p>")?;
    } else {
        write!(page, "<p class=\"bad\">Broken: {}</p>", broken.join("; "))?;
    }
    write!(
        page,
        "<p>{} orders came in from five channels, by signed webhook or by asking, webhooks twice and out of turn; {} were refused for a wrong signature. Every number here was read back from the running stack.</p>",
        c.summary.number("orders_in"),
        c.summary.number("rejected")
    )?;
    timeline(&mut page, c)?;
    standing(&mut page, c)?;
    cost(&mut page, c)?;
    forgetting(&mut page, stack, c).await?;
    numbers(&mut page, c.summary)?;
    write!(page, "</main></html>")?;
    Ok(page)
}

const LANE_HEIGHT: f64 = 26.0;

/// The road of one order: which function asked AWS for what, and when.
fn timeline(page: &mut String, c: &Content<'_>) -> Result<(), Trouble> {
    let order = c.delivered.orders.iter().find(|o| o.status == Status::Delivered && o.shipments > 1);
    let Some(order) = order.or_else(|| c.delivered.orders.iter().find(|o| o.status == Status::Delivered))
    else {
        return Ok(());
    };
    let calls: Vec<_> = c.calls.about(order.id.as_str()).collect();
    let (Some(first), Some(last)) = (calls.first(), calls.last()) else { return Ok(()) };
    let span = (last.at - first.at).max(0.001);
    write!(
        page,
        "<h2>The road of one order</h2><p>{} with {} line(s), sent in {} shipment(s): {} AWS calls name it, from the webhook to oblivion and the replay after it. Delivery and purge were reached by jumping in time, so the whole life takes {span:.0} s.</p>",
        order.id,
        order.lines.len(),
        order.shipments,
        calls.len()
    )?;
    let lanes: Vec<&str> =
        FUNCTIONS.into_iter().filter(|lane| calls.iter().any(|call| call.function == *lane)).collect();
    let height = LANE_HEIGHT * lanes.len() as f64;
    write!(
        page,
        "<svg viewBox=\"0 0 1000 {:.0}\" role=\"img\" aria-label=\"Which function called AWS when\">",
        height + 24.0
    )?;
    for (n, lane) in lanes.iter().enumerate() {
        let y = LANE_HEIGHT * (n as f64 + 0.5);
        write!(
            page,
            "<text x=\"8\" y=\"{:.0}\">{lane}</text><line x1=\"100\" x2=\"990\" y1=\"{y:.0}\" y2=\"{y:.0}\"/>",
            y + 5.0
        )?;
        for call in calls.iter().filter(|call| call.function == *lane) {
            let x = 105.0 + 880.0 * (call.at - first.at) / span;
            write!(
                page,
                "<circle class=\"{}\" cx=\"{x:.1}\" cy=\"{y:.0}\" r=\"6\"><title>{} {} at {:.2} s</title></circle>",
                call.service,
                call.service,
                call.operation,
                call.at - first.at
            )?;
        }
    }
    write!(
        page,
        "<text x=\"105\" y=\"{0:.0}\">0 s</text><text x=\"990\" y=\"{0:.0}\" text-anchor=\"end\">{span:.0} s</text></svg>",
        height + 16.0
    )?;
    legend(page)?;
    write!(
        page,
        "<details><summary>Every call</summary><table><tr><th>seconds<th>function<th>service<th>operation</tr>"
    )?;
    for call in &calls {
        write!(
            page,
            "<tr><td>{:.2}<td>{}<td>{}<td>{}</tr>",
            call.at - first.at,
            call.function,
            call.service,
            call.operation
        )?;
    }
    write!(page, "</table></details>")?;
    Ok(())
}

fn legend(page: &mut String) -> Result<(), Trouble> {
    write!(page, "<p class=\"legend\">")?;
    for service in ["dynamodb", "kms", "sqs", "s3"] {
        write!(
            page,
            "<svg viewBox=\"0 0 12 12\"><circle class=\"{service}\" cx=\"6\" cy=\"6\" r=\"5\"/></svg>{service} "
        )?;
    }
    write!(page, "</p>")?;
    Ok(())
}

/// How many orders were in which state at three moments.
fn standing(page: &mut String, c: &Content<'_>) -> Result<(), Trouble> {
    write!(
        page,
        "<h2>Where orders stood</h2><table><tr><th>state<th>after the rush<th>two days later<th>in the end</tr>"
    )?;
    let count = |orders: &[Order], status| orders.iter().filter(|o| o.status == status).count();
    let most = c.live.orders.len().max(1);
    for status in Status::ALL {
        let counts = [&c.live.orders, &c.delivered.orders, &c.forgotten.orders].map(|o| count(o, status));
        if counts.iter().all(|n| *n == 0) {
            continue;
        }
        write!(page, "<tr><th>{}", status.as_str())?;
        for n in counts {
            write!(
                page,
                "<td><span class=\"bar\" style=\"width:{:.1}%\"></span> {n}",
                70.0 * n as f64 / most as f64
            )?;
        }
        write!(page, "</tr>")?;
    }
    write!(
        page,
        "</table><p>Held orders wait for a person or need no parcel: downloads, collections, test orders, orders whose address the shop withholds. In the end open orders are cancelled with their person.</p>"
    )?;
    Ok(())
}

fn cost(page: &mut String, c: &Content<'_>) -> Result<(), Trouble> {
    let stored = c.live.orders.len().max(1) as f64;
    write!(
        page,
        "<h2>AWS calls and estimated cost</h2><p>{:.1} calls for each stored order, duplicates, replays and the clock included; about {:.2} USD per million orders at list prices, without Lambda's own time.</p>",
        c.summary.number("aws_calls_per_order"),
        c.summary.number("usd_per_million")
    )?;
    write!(page, "<table><tr><th>service<th>operation<th>calls<th>per order<th>USD per million orders</tr>")?;
    for ((service, operation), (n, usd)) in c.calls.by_operation() {
        write!(
            page,
            "<tr><td>{service}<td>{operation}<td>{n}<td>{:.2}<td>{:.2}</tr>",
            n as f64 / stored,
            usd / stored * 1e6
        )?;
    }
    write!(page, "</table>")?;
    Ok(())
}

async fn forgetting(page: &mut String, stack: &Stack, c: &Content<'_>) -> Result<(), Trouble> {
    let ledger = stack.db()?.records(&Ids::demo()?.merchant, Stream::Erasure).await?;
    let chain = if first_break(&ledger)?.is_none() { "unbroken" } else { "BROKEN" };
    let head = ledger.last().map_or("", |r| r.hash.as_str());
    write!(
        page,
        "<h2>Proof of forgetting</h2><table><tr><th>what<th>while live<th>after the purge and a replay of every webhook</tr>"
    )?;
    let rows = [
        ("data keys that can be opened", c.live.live_keys, c.forgotten.live_keys),
        ("orders with a sealed recipient", c.live.sealed, c.forgotten.sealed),
        ("labels in the bucket", c.live.documents, c.forgotten.documents),
        ("orders marked forgotten", c.live.erased(), c.forgotten.erased()),
        ("fences that stop a return", c.live.fences, c.forgotten.fences),
        ("personal values found in the clear", c.before.hits(), c.after.hits()),
    ];
    for (what, live, after) in rows {
        write!(page, "<tr><th>{what}<td>{live}<td>{after}</tr>")?;
    }
    write!(
        page,
        "</table><p>The erasure ledger has {} records, its chain is {chain}, its head is <code>{head}</code>.</p>",
        ledger.len()
    )?;
    write!(
        page,
        "<details><summary>Every sink that was searched</summary><table><tr><th>sink<th>kind<th>read<th>hits</tr>"
    )?;
    for sink in &c.after.sinks {
        write!(page, "<tr><td>{}<td>{}<td>{}<td>{}</tr>", sink.name, sink.kind, sink.read, sink.hits.len())?;
    }
    write!(page, "</table></details>")?;
    Ok(())
}

fn numbers(page: &mut String, summary: &Summary) -> Result<(), Trouble> {
    write!(page, "<h2>All numbers</h2><table>")?;
    for (name, value) in summary.fields() {
        write!(page, "<tr><th>{}<td>{value}</tr>", name.replace('_', " "))?;
    }
    write!(page, "</table>")?;
    Ok(())
}
