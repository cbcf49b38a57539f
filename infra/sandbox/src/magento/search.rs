//! `searchCriteria` and `fields`.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::Refusal;
use crate::wire::{Call, percent_decode};

#[derive(Debug, Default, Clone)]
struct Filter {
    field: String,
    value: String,
    condition: String,
}

#[derive(Debug, Default)]
struct Criteria {
    /// Filters of one group are alternatives; all groups must hold.
    groups: BTreeMap<usize, BTreeMap<usize, Filter>>,
    sort: BTreeMap<usize, (String, bool)>,
    size: Option<usize>,
    page: usize,
}

/// `filter_groups` and `filterGroups` are the same to Magento.
fn camel(name: &str) -> String {
    let mut parts = name.split('_');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let mut letters = part.chars();
        out.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        out.push_str(letters.as_str());
    }
    out
}

fn criteria(call: &Call) -> Result<Criteria, Refusal> {
    let mut all = Criteria { page: 1, ..Criteria::default() };
    for pair in call.query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (name, value) = (percent_decode(name), percent_decode(&value.replace('+', " ")));
        let path: Vec<String> = name.split('[').map(|part| camel(part.trim_end_matches(']'))).collect();
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        let number =
            |text: &str| text.parse::<usize>().map_err(|_| Refusal::new(400, "Invalid search criteria"));
        match path.as_slice() {
            ["searchCriteria", "filterGroups", group, "filters", place, what] => {
                let filters = all.groups.entry(number(group)?).or_default();
                let filter = filters.entry(number(place)?).or_default();
                match *what {
                    "field" => filter.field = value,
                    "value" => filter.value = value,
                    "conditionType" => filter.condition = value,
                    _ => return Err(Refusal::new(400, "Invalid search criteria")),
                }
            }
            ["searchCriteria", "sortOrders", place, "field"] => {
                all.sort.entry(number(place)?).or_default().0 = value;
            }
            ["searchCriteria", "sortOrders", place, "direction"] => {
                all.sort.entry(number(place)?).or_default().1 = value.eq_ignore_ascii_case("DESC");
            }
            ["searchCriteria", "pageSize"] => all.size = Some(number(&value)?.max(1)),
            ["searchCriteria", "currentPage"] => all.page = number(&value)?.max(1),
            ["fields"] => {}
            // As Magento: without any criterion the search is not one.
            _ => return Err(Refusal::new(400, "Invalid search criteria")),
        }
    }
    Ok(all)
}

fn compare(have: &Value, wanted: &str) -> Ordering {
    let text = match have {
        Value::String(text) => text.clone(),
        Value::Null => return Ordering::Less,
        other => other.to_string(),
    };
    match (text.parse::<f64>(), wanted.parse::<f64>()) {
        (Ok(a), Ok(b)) => a.total_cmp(&b),
        _ => text.as_str().cmp(wanted),
    }
}

fn fits(row: &Value, filter: &Filter) -> Result<bool, Refusal> {
    let have = row.get(&filter.field).or_else(|| row.get("id").filter(|_| filter.field == "entity_id"));
    let have = have.unwrap_or(&Value::Null);
    if have.is_object() || have.is_array() {
        return Err(Refusal::new(400, "Only columns of the order itself can be searched"));
    }
    let order = compare(have, &filter.value);
    Ok(match filter.condition.as_str() {
        "" | "eq" => order.is_eq(),
        "neq" => order.is_ne(),
        "gt" => order.is_gt(),
        "gteq" | "from" => order.is_ge(),
        "lt" => order.is_lt(),
        "lteq" | "to" => order.is_le(),
        "in" => filter.value.split(',').any(|one| compare(have, one).is_eq()),
        "nin" => filter.value.split(',').all(|one| compare(have, one).is_ne()),
        _ => return Err(Refusal::new(400, "Unknown condition type")),
    })
}

/// Searches rows. A page past the end is the last page again.
pub(super) fn find<'a>(call: &Call, rows: impl Iterator<Item = &'a Value>) -> Result<Value, Refusal> {
    let asked = criteria(call)?;
    let mut found: Vec<&Value> = Vec::new();
    for row in rows {
        let mut all = true;
        for group in asked.groups.values() {
            let mut any = false;
            for filter in group.values() {
                any |= fits(row, filter)?;
            }
            all &= any;
        }
        if all {
            found.push(row);
        }
    }
    found.sort_by(|a, b| {
        let by = |(field, down): &(String, bool)| {
            let wanted = match &b[field.as_str()] {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            let order = compare(&a[field.as_str()], &wanted);
            if *down { order.reverse() } else { order }
        };
        asked.sort.values().map(by).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
    });
    let total = found.len();
    let size = asked.size.unwrap_or(total.max(1));
    let last = total.div_ceil(size).max(1);
    let from = (asked.page.min(last) - 1) * size;
    let items: Vec<&Value> = found.into_iter().skip(from).take(size).collect();
    let groups: Vec<Value> = asked
        .groups
        .values()
        .map(|group| {
            let filters: Vec<Value> = group
                .values()
                .map(|f| json!({"field": f.field, "value": f.value, "condition_type": f.condition}))
                .collect();
            json!({"filters": filters})
        })
        .collect();
    Ok(json!({
        "items": items,
        "search_criteria": {"filter_groups": groups, "page_size": size, "current_page": asked.page},
        "total_count": total,
    }))
}

/// A tree of wanted names.
#[derive(Default)]
struct Wanted(BTreeMap<String, Wanted>);

/// Cuts an answer to what `fields` names; one that is malformed empties it, as in Magento.
pub(super) fn trimmed(call: &Call, value: Value) -> Value {
    match call.param("fields") {
        None => value,
        Some(fields) => match parse(&mut fields.chars().peekable(), 0) {
            Some(wanted) => cut(value, &wanted),
            None => json!([]),
        },
    }
}

fn parse(text: &mut std::iter::Peekable<std::str::Chars<'_>>, depth: usize) -> Option<Wanted> {
    let (mut all, mut name) = (Wanted::default(), String::new());
    loop {
        match text.next() {
            Some(c) if c.is_ascii_alphanumeric() || c == '_' => name.push(c),
            Some('[') => {
                let inner = parse(text, depth + 1)?;
                all.0.insert(std::mem::take(&mut name), inner);
            }
            end @ (Some(',' | ']') | None) => {
                if !name.is_empty() {
                    all.0.insert(std::mem::take(&mut name), Wanted::default());
                }
                match end {
                    Some(',') => {}
                    Some(_) if depth > 0 => return Some(all),
                    None if depth == 0 => return Some(all),
                    _ => return None,
                }
            }
            Some(_) => return None,
        }
    }
}

fn cut(value: Value, wanted: &Wanted) -> Value {
    match value {
        Value::Array(list) => list.into_iter().map(|one| cut(one, wanted)).collect(),
        Value::Object(object) => {
            let kept = object.into_iter().filter_map(|(name, inner)| {
                let deeper = wanted.0.get(&name)?;
                let inner = if deeper.0.is_empty() { inner } else { cut(inner, deeper) };
                Some((name, inner))
            });
            Value::Object(kept.collect::<Map<_, _>>())
        }
        other => other,
    }
}
