//! YAML as CloudFormation writes it, read into plain JSON: `!Ref x` becomes `{"Ref": "x"}`, `!GetAtt a.b` becomes `{"Fn::GetAtt": ["a", "b"]}`.

use saphyr_parser::{Event, Parser, ScalarStyle};
use serde_json::{Map, Number, Value, json};

use crate::failure::{Done, Failure, While};

/// Reads one document.
///
/// # Errors
/// When it is not YAML, or uses anchors, which CloudFormation does not allow.
pub fn read(text: &str) -> Done<Value> {
    let mut events = Vec::new();
    for event in Parser::new_from_str(text) {
        let (event, span) = event.or_say("not YAML")?;
        match event {
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd => {}
            Event::Alias(_) => {
                return Err(Failure::new(format!(
                    "line {}: CloudFormation knows no YAML aliases",
                    span.start.line()
                )));
            }
            other => events.push(other),
        }
    }
    node(&mut events.into_iter())
}

fn node<'a>(events: &mut impl Iterator<Item = Event<'a>>) -> Done<Value> {
    let first = events.next().ok_or_else(cut_short)?;
    node_from(first, events)
}

fn node_from<'a>(first: Event<'a>, events: &mut impl Iterator<Item = Event<'a>>) -> Done<Value> {
    match first {
        Event::Scalar(text, style, _, tag) => Ok(match tag {
            Some(tag) => tagged(&tag.suffix, Value::String(text.into_owned())),
            None if style == ScalarStyle::Plain => plain(&text),
            None => Value::String(text.into_owned()),
        }),
        Event::SequenceStart(_, tag) => {
            let mut items = Vec::new();
            loop {
                match events.next().ok_or_else(cut_short)? {
                    Event::SequenceEnd => break,
                    item => items.push(node_from(item, events)?),
                }
            }
            Ok(tag.map_or(Value::Array(items.clone()), |tag| tagged(&tag.suffix, Value::Array(items))))
        }
        Event::MappingStart(_, tag) => {
            let mut entries = Map::new();
            loop {
                match events.next().ok_or_else(cut_short)? {
                    Event::MappingEnd => break,
                    Event::Scalar(key, ..) => {
                        let value = node(events)?;
                        if entries.insert(key.to_string(), value).is_some() {
                            return Err(Failure::new(format!("`{key}` stands twice in one mapping")));
                        }
                    }
                    _ => return Err(Failure::new("a mapping has a key that is not a word")),
                }
            }
            Ok(tag.map_or(Value::Object(entries.clone()), |tag| tagged(&tag.suffix, Value::Object(entries))))
        }
        _ => Err(cut_short()),
    }
}

/// What a short tag stands for.
fn tagged(tag: &str, value: Value) -> Value {
    match (tag, &value) {
        ("Ref" | "Condition", _) => json!({ tag: value }),
        ("GetAtt", Value::String(path)) => {
            let (resource, attribute) = path.split_once('.').unwrap_or((path, ""));
            json!({ "Fn::GetAtt": [resource, attribute] })
        }
        _ => json!({ format!("Fn::{tag}"): value }),
    }
}

/// An unquoted scalar: a number, a truth value, or else a word.
fn plain(text: &str) -> Value {
    match text {
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        "" | "~" | "null" => Value::Null,
        _ => text
            .parse::<i64>()
            .map_or_else(|_| Value::String(text.to_owned()), |number| Value::Number(Number::from(number))),
    }
}

fn cut_short() -> Failure {
    Failure::new("the document ends too early")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_tags_are_written_out() -> Result<(), Failure> {
        let text = "a: !Ref B\nb: !GetAtt C.Arn\nc: !Sub \"x/${D}\"\nd: [1, true, \"1\", !If [E, f, !Ref AWS::NoValue]]\n";
        let expected = json!({
            "a": {"Ref": "B"}, "b": {"Fn::GetAtt": ["C", "Arn"]}, "c": {"Fn::Sub": "x/${D}"},
            "d": [1, true, "1", {"Fn::If": ["E", "f", {"Ref": "AWS::NoValue"}]}],
        });
        assert_eq!(read(text)?, expected);
        Ok(())
    }

    #[test]
    fn what_cloudformation_would_refuse_or_read_otherwise_is_refused() {
        for bad in ["a: &x 1\nb: *x\n", "a: 1\na: 2\n", "a: [", "? [a]\n: b\n", ""] {
            assert!(read(bad).is_err(), "{bad:?}");
        }
    }
}
