//! Whether a page can be read and worked by everybody, as far as its markup says (WCAG 2.2: 1.1.1, 1.3.1, 2.4.1 to 2.4.6,
//! 3.1.1, 3.3.2, 4.1.2), and keeps what the content security policy asks. The checks are checked at the end.

use std::collections::{BTreeMap, BTreeSet};

const VOID: [&str; 5] = ["meta", "link", "input", "br", "img"];

/// An element with everything inside it.
#[derive(Debug, Default)]
struct Element {
    name: String,
    attributes: BTreeMap<String, String>,
    text: String,
    inside: Vec<usize>,
}

impl Element {
    fn attribute(&self, name: &str) -> &str {
        self.attributes.get(name).map_or("", String::as_str)
    }
}

fn attributes(text: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let end = rest.find(['=', ' ', '\n']).unwrap_or(rest.len());
        let name = rest[..end].to_owned();
        rest = &rest[end..];
        let value = rest.strip_prefix("=\"").map(|after| {
            let close = after.find('"').unwrap();
            rest = &after[close + 1..];
            after[..close].to_owned()
        });
        found.insert(name, value.unwrap_or_default());
        rest = rest.trim_start();
    }
    found
}

/// Reads a page that maud wrote; anything that does not nest is a problem of its own.
fn read(page: &str) -> Result<Vec<Element>, String> {
    let mut all = vec![Element::default()];
    let mut open = vec![0];
    let mut rest = page.strip_prefix("<!DOCTYPE html>").ok_or("no doctype")?;
    while let Some(start) = rest.find('<') {
        for at in &open {
            all[*at].text.push_str(&rest[..start]);
        }
        let end = start + rest[start..].find('>').ok_or("a tag is not closed")?;
        let tag = &rest[start + 1..end];
        rest = &rest[end + 1..];
        if let Some(name) = tag.strip_prefix('/') {
            let last = open.pop().map(|at| all[at].name.clone());
            if last.as_deref() != Some(name) {
                return Err(format!("</{name}> closes {last:?}"));
            }
            continue;
        }
        let (name, more) = tag.split_once([' ', '\n']).unwrap_or((tag, ""));
        let parent = *open.last().ok_or("something after the end")?;
        let at = all.len();
        all.push(Element { name: name.to_owned(), attributes: attributes(more), ..Element::default() });
        all[parent].inside.push(at);
        if !VOID.contains(&name) {
            open.push(at);
        }
    }
    if open == [0] { Ok(all) } else { Err("something is never closed".into()) }
}

/// Everything that is wrong with a page.
pub fn problems(page: &str) -> Vec<String> {
    let all = match read(page) {
        Ok(all) => all,
        Err(wrong) => return vec![wrong],
    };
    let mut wrong = Vec::new();
    let named = |name: &'static str| all.iter().filter(move |one| one.name == name);
    let mut must = |right: bool, text: String| {
        if !right {
            wrong.push(text);
        }
    };
    let mut ids = BTreeSet::new();
    for one in &all {
        let id = one.attribute("id");
        must(id.is_empty() || ids.insert(id), format!("the id {id} stands twice"));
        let inline = one.attributes.keys().any(|name| name == "style" || name.starts_with("on"));
        must(!inline, format!("{} has a style or a script of its own", one.name));
    }
    must(named("html").all(|one| one.attribute("lang").starts_with("en")), "no language".into());
    must(named("title").any(|one| !one.text.trim().is_empty()), "no title".into());
    must(named("main").count() == 1, "not one main".into());
    must(named("h1").count() == 1, "not one h1".into());
    let mut level = 0;
    for one in &all {
        let Some(now) = one.name.strip_prefix('h').and_then(|n| n.parse::<u8>().ok()) else { continue };
        must(now <= level + 1, format!("h{now} after h{level}: {}", one.text));
        must(!one.text.trim().is_empty(), format!("an empty h{now}"));
        level = now;
    }
    if let Some(first) = named("header").next().and(named("a").next()) {
        must(first.attribute("href") == "#main", "the first link does not skip to the page".into());
    }
    let labels: BTreeSet<&str> =
        named("label").filter(|one| !one.text.trim().is_empty()).map(|one| one.attribute("for")).collect();
    for field in
        all.iter().filter(|one| ["input", "select", "textarea", "progress"].contains(&one.name.as_str()))
    {
        let told = field.attribute("type") == "hidden" || labels.contains(field.attribute("id"));
        must(told, format!("{} {:?} has no label", field.name, field.attributes));
    }
    must(
        all.iter().filter(|one| one.attributes.contains_key("autofocus")).count() <= 1,
        "two want the cursor".into(),
    );
    let mut ways: BTreeMap<&str, &str> = BTreeMap::new();
    for link in named("a") {
        let (text, to) = (link.text.trim(), link.attribute("href"));
        must(!text.is_empty() && !to.is_empty(), format!("a link without words or way: {to}"));
        let before = *ways.entry(text).or_insert(to);
        must(before == to, format!("`{text}` leads to {before} and to {to}"));
    }
    must(named("button").all(|one| !one.text.trim().is_empty()), "a button without words".into());
    must(named("summary").all(|one| !one.text.trim().is_empty()), "a summary without words".into());
    must(named("img").all(|one| one.attributes.contains_key("alt")), "an image without words".into());
    must(named("th").all(|one| !one.attribute("scope").is_empty()), "a table head without scope".into());
    let parts = all.iter().filter(|one| ["table", "tr", "th", "td"].contains(&one.name.as_str()));
    must(
        parts.into_iter().all(|one| !one.attribute("role").is_empty()),
        "a table that is none when stacked".into(),
    );
    for drawing in named("svg") {
        let told =
            drawing.attribute("aria-labelledby").split(' ').all(|id| ids.contains(id) && !id.is_empty());
        must(drawing.attribute("role") == "img" && told, "a drawing without words".into());
    }
    must(named("script").all(|one| !one.attribute("src").is_empty()), "a script in the page".into());
    must(named("style").next().is_none(), "a style in the page".into());
    for form in
        all.iter().enumerate().filter(|(_, one)| one.name == "form" && one.attribute("method") == "post")
    {
        let own = form.1.inside.iter().map(|at| &all[*at]);
        let mut own = own.filter(|one| one.attribute("name") == "form" && !one.attribute("value").is_empty());
        must(own.next().is_some(), format!("a form to {} without its session", form.1.attribute("action")));
    }
    wrong
}

#[test]
fn the_checks_find_what_is_wrong() {
    let page = |inside: &str| {
        format!(
            "<!DOCTYPE html><html lang=\"en\"><head><title>T</title></head><body><main><h1>T</h1>{inside}</main></body></html>"
        )
    };
    assert_eq!(problems(&page("<p>Good</p>")), Vec::<String>::new());
    for (inside, found) in [
        ("<h3>Too deep</h3>", "h3 after h1"),
        ("<h1>Again</h1>", "not one h1"),
        ("<input id=\"a\" name=\"a\">", "has no label"),
        ("<label for=\"a\"> </label><input id=\"a\">", "has no label"),
        ("<img src=\"x\">", "image without words"),
        ("<a href=\"x\"></a>", "link without words"),
        ("<a href=\"x\">Here</a><a href=\"y\">Here</a>", "`Here` leads to"),
        ("<svg role=\"img\" aria-labelledby=\"t\"></svg>", "drawing without words"),
        ("<button></button>", "button without words"),
        ("<table><tr><th>x</th></tr></table>", "without scope"),
        ("<table></table>", "none when stacked"),
        ("<p style=\"color:red\">x</p>", "style or a script of its own"),
        ("<script>x</script>", "script in the page"),
        ("<p id=\"a\"></p><p id=\"a\"></p>", "stands twice"),
        ("<form method=\"post\" action=\"x\"></form>", "without its session"),
        ("<p><b>x</p></b>", "closes"),
    ] {
        let all = problems(&page(inside)).join("\n");
        assert!(all.contains(found), "{inside} gave {all:?}");
    }
}
