//! Traces for OpenTelemetry, when `TRACES` is `on`: every span that ends is one line of OTLP JSON (OpenTelemetry protocol
//! 1.x, "JSON Protobuf Encoding") on standard output, from where a collector that reads the log group takes it.
//!
//! The SDK of OpenTelemetry would not fit into the functions' budget of size, nor would a call per invocation into that of
//! time (decision 018). Spans are those of `tracing`: an invocation by Lambda's runtime, a piece of work and a call to the
//! outside by us, an operation by the AWS SDK. Their names are written in code, and of their fields only the list below is
//! taken: ids, names of operations, statuses. So nothing of a person can get in.

use aws_lc_rs::rand;
use serde_json::{Value, json};
use std::fmt::Debug;
use std::time::{SystemTime, UNIX_EPOCH};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Metadata, Subscriber};
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

/// Fields that are taken, and what OpenTelemetry's semantic conventions call them; what they have no word for begins with
/// `waybill.`.
const TAKEN: [(&str, &str); 9] = [
    ("requestId", "faas.invocation_id"),
    ("rpc.service", "rpc.service"),
    ("rpc.method", "rpc.method"),
    ("method", "http.request.method"),
    ("status", "http.response.status_code"),
    ("message_id", "messaging.message.id"),
    ("queue", "messaging.destination.name"),
    ("order", "waybill.order"),
    ("request", "waybill.request"),
];
/// The field of the invocation's span that holds AWS's trace header.
const HEADER: &str = "xrayTraceId";

/// Whether traces are wanted; `None` when what is said is neither `on` nor `off` (the default).
pub(crate) fn wanted(said: &str) -> Option<bool> {
    match said {
        "" | "off" => Some(false),
        "on" => Some(true),
        _ => None,
    }
}

/// Spans of ours, of the runtime and of the AWS SDK's operations; no others, at whatever level.
pub(crate) fn is_ours(span: &Metadata<'_>) -> bool {
    let from = |start: &str| span.target().starts_with(start);
    span.is_span()
        && (from("waybill")
            || from("lambda_runtime")
            || (from("aws_sdk_") && span.target().contains("::operation::")))
}

/// Where a span belongs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Place {
    /// 32 hexadecimal digits.
    trace: String,
    /// The span above, 16 hexadecimal digits; empty at the top.
    parent: String,
}

/// Reads AWS's trace header, such as `Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1` (X-Ray
/// developer guide, "Tracing header"). Its root without version and dashes is a trace id of OpenTelemetry's.
fn place(header: &str) -> Option<Place> {
    let part =
        |name: &str| header.split(';').find_map(|part| part.trim().strip_prefix(name)?.strip_prefix('='));
    let digits =
        |text: &str, count: usize| text.len() == count && text.bytes().all(|b| b.is_ascii_hexdigit());
    let trace = part("Root")?.strip_prefix("1-")?.replace('-', "");
    let parent = part("Parent").filter(|parent| digits(parent, 16)).unwrap_or_default().to_owned();
    digits(&trace, 32).then_some(Place { trace, parent })
}

/// A span that has begun.
struct Begun {
    place: Place,
    id: String,
    at: SystemTime,
    attributes: Vec<Value>,
}

/// Takes the fields of the list.
#[derive(Default)]
struct Fields {
    header: Option<Place>,
    attributes: Vec<Value>,
}

impl Fields {
    fn take(&mut self, field: &Field, value: &str) {
        if field.name() == HEADER {
            self.header = place(value);
        }
        if let Some((_, name)) = TAKEN.iter().find(|(ours, _)| *ours == field.name()) {
            self.attributes.push(json!({"key": name, "value": {"stringValue": value}}));
        }
    }
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.take(field, value);
    }
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.take(field, &format!("{value:?}"));
    }
}

/// Writes spans.
pub(crate) struct Traces<W> {
    /// Which function this is.
    pub service: String,
    /// Takes a line.
    pub write: W,
}

/// SPAN_KIND_SERVER for what Lambda was asked, SPAN_KIND_CLIENT for what we ask of others, else SPAN_KIND_INTERNAL.
fn kind(span: &Metadata<'_>) -> u8 {
    match span.target() {
        target if target.starts_with("lambda_runtime") => 2,
        target if target.starts_with("aws_sdk_") || span.name() == "call" => 3,
        _ => 1,
    }
}

fn id<const N: usize>() -> String {
    let mut bytes = [0; N];
    // Without randomness the id is zero, which collectors drop: a span is lost, and nothing else.
    let _ = rand::fill(&mut bytes);
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn nanoseconds(at: SystemTime) -> String {
    at.duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos().to_string()
}

impl<S, W> tracing_subscriber::Layer<S> for Traces<W>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: Fn(&Value) + 'static,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, span: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(span) else { return };
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        let above = || {
            let above = span.parent()?;
            let extensions = above.extensions();
            extensions.get::<Begun>().map(|b| Place { trace: b.place.trace.clone(), parent: b.id.clone() })
        };
        let place =
            fields.header.or_else(above).unwrap_or_else(|| Place { trace: id::<16>(), ..Place::default() });
        let begun = Begun { place, id: id::<8>(), at: SystemTime::now(), attributes: fields.attributes };
        span.extensions_mut().insert(begun);
    }

    fn on_record(&self, span: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let Some(span) = context.span(span) else { return };
        let mut fields = Fields::default();
        values.record(&mut fields);
        if let Some(begun) = span.extensions_mut().get_mut::<Begun>() {
            begun.attributes.extend(fields.attributes);
        }
    }

    fn on_close(&self, span: Id, context: Context<'_, S>) {
        let Some(span) = context.span(&span) else { return };
        let Some(begun) = span.extensions_mut().remove::<Begun>() else { return };
        (self.write)(&json!({"resourceSpans": [{
            "resource": {"attributes": [
                {"key": "service.namespace", "value": {"stringValue": "waybill"}},
                {"key": "service.name", "value": {"stringValue": self.service}},
            ]},
            "scopeSpans": [{"scope": {"name": span.metadata().target()}, "spans": [{
                "traceId": begun.place.trace,
                "spanId": begun.id,
                "parentSpanId": begun.place.parent,
                "name": span.metadata().name(),
                "kind": kind(span.metadata()),
                "startTimeUnixNano": nanoseconds(begun.at),
                "endTimeUnixNano": nanoseconds(SystemTime::now()),
                "attributes": begun.attributes,
            }]}],
        }]}));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};
    use tracing_subscriber::Layer;
    use tracing_subscriber::filter::filter_fn;
    use tracing_subscriber::layer::SubscriberExt;

    /// The spans that this leaves.
    fn spans(of: impl FnOnce()) -> Vec<Value> {
        let kept = Arc::new(Mutex::new(Vec::new()));
        let into = kept.clone();
        let write = move |line: &Value| into.lock().unwrap().push(line.clone());
        let layer = Traces { service: "shipper".into(), write }.with_filter(filter_fn(is_ours));
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), of);
        let lines = std::mem::take(&mut *kept.lock().unwrap());
        lines.iter().map(|line| line["resourceSpans"][0]["scopeSpans"][0]["spans"][0].clone()).collect()
    }

    #[test]
    fn an_operation_lies_in_the_invocation_that_aws_named() {
        let found = spans(|| {
            let header = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1";
            let invocation = tracing::info_span!(target: "lambda_runtime::layers::trace", "Lambda runtime invoke", requestId = "r-1", xrayTraceId = header);
            invocation.in_scope(|| {
                let operation = tracing::debug_span!(target: "aws_sdk_dynamodb::operation::get_item", "DynamoDB.GetItem", rpc.method = "GetItem");
                operation.in_scope(|| {});
            });
        });
        let [operation, invocation] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!(invocation["traceId"], "5759e988bd862e3fe1be46a994272793");
        assert_eq!(invocation["parentSpanId"], "53995c3f42cd8ad8");
        assert_eq!(operation["traceId"], invocation["traceId"]);
        assert_eq!(operation["parentSpanId"], invocation["spanId"]);
        assert_eq!((&operation["name"], &operation["kind"]), (&json!("DynamoDB.GetItem"), &json!(3)));
        assert_eq!(
            operation["attributes"],
            json!([{"key": "rpc.method", "value": {"stringValue": "GetItem"}}])
        );
    }

    #[test]
    fn only_listed_fields_of_known_spans_are_taken() {
        let found = spans(|| {
            let work = tracing::info_span!("work", order = %"ord_1", name = "Ada Example", status = tracing::field::Empty);
            work.in_scope(|| tracing::info!(email = "ada@example.invalid", "said"));
            work.record("status", 200);
            tracing::trace_span!(target: "hyper::client", "send", order = "Ada Example").in_scope(|| {});
            tracing::debug_span!(target: "aws_sdk_kms::config", "kept", order = "Ada Example")
                .in_scope(|| {});
        });
        assert_eq!(found.len(), 1);
        let attributes = json!([
            {"key": "waybill.order", "value": {"stringValue": "ord_1"}},
            {"key": "http.response.status_code", "value": {"stringValue": "200"}},
        ]);
        assert_eq!(found[0]["attributes"], attributes);
        assert!(!found[0].to_string().to_lowercase().contains("ada"));
    }

    #[test]
    fn a_header_that_is_none_begins_a_trace_of_its_own() {
        assert_eq!(place("Root=1-5759e988-bd862e3fe1be46a99427279;Sampled=0"), None);
        assert_eq!(place("Self=1"), None);
        let found = spans(|| tracing::info_span!("work", xrayTraceId = "nonsense").in_scope(|| {}));
        assert_eq!(
            (found[0]["traceId"].as_str().map(str::len), &found[0]["parentSpanId"]),
            (Some(32), &json!(""))
        );
    }

    #[test]
    fn off_unless_asked_for() {
        assert_eq!(["", "off", "on", "yes"].map(wanted), [Some(false), Some(false), Some(true), None]);
    }
}
