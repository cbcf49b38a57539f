//! The page for people: clause, control, test, result, date. One file, nothing fetched from anywhere.

use serde_json::Value;

const STYLE: &str = include_str!("page.css");

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn text(value: &Value, name: &str) -> String {
    escape(value[name].as_str().unwrap_or_default())
}

/// The evidence as a page.
pub fn page(pack: &Value, public_key: &str) -> String {
    let numbers = &pack["numbers"];
    let figure = |value: &Value, label: &str| {
        let value = if value.is_null() { "not known".to_owned() } else { value.to_string() };
        format!("<div><b>{}</b><span>{label}</span></div>", escape(&value))
    };
    let figures = [
        figure(&numbers["proven"], &format!("of {} controls proven on this commit", numbers["controls"])),
        figure(&numbers["t_eff_days"], "days after shipping by which a customer is forgotten, at worst"),
        figure(&numbers["sinks"], "places in the template that could hold a copy"),
        figure(&numbers["residue"], "personal values found where none may be"),
        figure(&numbers["mutants_caught"], &format!("of {} planted faults noticed", numbers["mutants"])),
    ]
    .concat();
    let clauses: String =
        pack["policy"].as_array().into_iter().flatten().map(|clause| section(pack, clause)).collect();
    let (commit, made) = (text(pack, "commit"), text(pack, "made_at"));
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width, initial-scale=1\"><title>Waybill: evidence</title><style>{STYLE}</style></head>\
         <body><header><h1>Waybill: how the data-handling policy is kept</h1><p>Each sentence of the policy, what the \
         software does about it, the test that shows it, and when that test last ran. A control is <em>proven</em> \
         when its tests ran without a fault on this version of the program and when breaking it on purpose made one \
         of them fail.</p><p class=\"of\">Version {commit}, made {made}</p></header>\
         <section class=\"figures\">{figures}</section>{clauses}\
         <footer><p>Signed with Ed25519; public key <code>{key}</code>. The signature is in evidence.json; \
         <code>cargo xtask evidence --verify</code> checks it.</p></footer></body></html>\n",
        key = escape(public_key)
    )
}

fn section(pack: &Value, clause: &Value) -> String {
    let of = |id: &Value| {
        pack["controls"].as_array().into_iter().flatten().find(move |control| control["id"] == *id)
    };
    let controls: Vec<&Value> = clause["controls"].as_array().into_iter().flatten().filter_map(of).collect();
    let proven = controls.iter().filter(|control| control["proven"] == true).count();
    let rows: String = controls.iter().map(|control| row(control)).collect();
    format!(
        "<section id=\"{id}\"><h2>{says}</h2><p class=\"of\">{proven} of {all} controls proven</p><table><thead><tr>\
         <th>Control</th><th>What the software does</th><th>Shown by</th><th>Result</th><th>Date</th></tr></thead>\
         <tbody>{rows}</tbody></table></section>",
        id = text(clause, "id"),
        says = text(clause, "says"),
        all = controls.len()
    )
}

/// A test's name as a sentence.
fn sentence(name: &str) -> String {
    let last = name.rsplit("::").next().unwrap_or(name);
    escape(&last.rsplit(' ').next().unwrap_or(last).replace('_', " "))
}

fn row(control: &Value) -> String {
    let proven = control["proven"] == true;
    let list = |name: &str| control[name].as_array().cloned().unwrap_or_default();
    let day = |value: &Value| value.as_str().and_then(|at| at.get(..10)).unwrap_or("never").to_owned();
    let tests: String = list("tests")
        .iter()
        .map(|test| {
            format!(
                "<li title=\"{}\">{}</li>",
                text(test, "name"),
                sentence(test["name"].as_str().unwrap_or_default())
            )
        })
        .collect();
    let stories: String = list("stack")
        .iter()
        .map(|test| {
            let name = sentence(test["name"].as_str().unwrap_or_default());
            format!("<li class=\"stack\">on a whole stack: {name}, {}</li>", text(test, "result"))
        })
        .collect();
    let planted: String = list("mutations")
        .iter()
        .map(|one| {
            let seen = if one["caught_at"].is_string() { "noticed" } else { "not tried" };
            format!("<li class=\"planted\">fault {} in {}: {seen}</li>", text(one, "id"), text(one, "file"))
        })
        .collect();
    let result = match proven {
        true => "<span class=\"ok\">proven</span>".to_owned(),
        false => format!("<span class=\"no\">not proven</span><p>{}</p>", text(control, "why_not")),
    };
    let open = control["open"].as_str().filter(|_| proven || !list("tests").is_empty());
    let open =
        open.map_or(String::new(), |open| format!("<p class=\"open\">Not covered: {}</p>", escape(open)));
    let at = list("tests").first().map_or("never".to_owned(), |test| day(&test["at"]));
    format!(
        "<tr><th>{id}<small>{kind}</small></th><td>{says}{open}</td><td><ul>{tests}{stories}{planted}</ul></td><td>{result}</td><td>{at}</td></tr>",
        id = text(control, "id"),
        kind = text(control, "kind"),
        says = text(control, "says"),
    )
}
