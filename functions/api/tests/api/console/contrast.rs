//! Whether everything can be read: the contrast of every pair of text and ground, by day and by night (WCAG 2.2, 1.4.3).

use std::collections::BTreeMap;

const STYLE: &str = include_str!("../../../src/console/style.css");

/// Text on ground, besides the pairs that one rule sets together.
const PAIRS: [(&str, &str); 12] = [
    ("ink", "ground"),
    ("ink", "card"),
    ("soft", "ground"),
    ("soft", "card"),
    ("soft", "quiet-ground"),
    ("ink", "quiet-ground"),
    ("accent", "ground"),
    ("accent", "card"),
    ("on-accent", "accent"),
    // A link within a notice.
    ("accent", "good-ground"),
    ("accent", "warn-ground"),
    ("accent", "bad-ground"),
];

fn channel(hex: &str) -> f64 {
    let value = f64::from(u8::from_str_radix(hex, 16).unwrap()) / 255.0;
    if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
}

fn luminance(colour: &str) -> f64 {
    let hex = colour.trim_start_matches('#');
    0.2126 * channel(&hex[0..2]) + 0.7152 * channel(&hex[2..4]) + 0.0722 * channel(&hex[4..6])
}

fn contrast(a: &str, b: &str) -> f64 {
    let (a, b) = (luminance(a) + 0.05, luminance(b) + 0.05);
    a.max(b) / a.min(b)
}

/// The colours of a `:root` block.
fn colours(block: &str) -> BTreeMap<&str, &str> {
    let block = block.split('}').next().unwrap();
    let lines = block.split(';').filter_map(|line| line.trim().split_once(':'));
    lines.map(|(name, value)| (name.trim().trim_start_matches("--"), value.trim())).collect()
}

/// `color` and `background` that one rule sets.
fn together(css: &'static str) -> Vec<(&'static str, &'static str)> {
    let of = |rule: &'static str| move |line: &&str| line.trim().starts_with(rule);
    let name = |line: &'static str| line.split_once("var(--")?.1.split(')').next();
    css.split('}')
        .filter_map(|rule| {
            let inside = rule.rsplit('{').next()?;
            let text = inside.split(';').find(of("color:")).and_then(name)?;
            let ground = inside.split(';').find(of("background:")).and_then(name)?;
            Some((text, ground))
        })
        .collect()
}

#[test]
fn every_text_stands_out_from_its_ground_by_day_and_by_night() {
    let mut blocks = STYLE.split(":root {").skip(1).map(colours);
    let (day, night) = (blocks.next().unwrap(), blocks.next().unwrap());
    let rules = together(STYLE);
    assert!(rules.contains(&("good", "good-ground")) && rules.len() > 6, "{rules:?}");
    for (what, colours) in [("day", day.clone()), ("night", day.into_iter().chain(night).collect())] {
        for (text, ground) in PAIRS.into_iter().chain(rules.iter().copied()) {
            let ratio = contrast(colours[text], colours[ground]);
            assert!(ratio >= 4.5, "{what}: {text} on {ground} is {ratio:.2} to 1");
        }
        // The edge of a field must be found too (1.4.11).
        assert!(contrast(colours["soft"], colours["ground"]) >= 3.0);
    }
}

#[test]
fn no_colour_is_named_outside_the_list_that_is_checked() {
    let rest: String = STYLE
        .split(":root {")
        .enumerate()
        .map(|(n, part)| if n == 0 { part } else { part.split_once('}').unwrap().1 })
        .collect();
    let colour = rest.split('#').skip(1).find(|after| after.chars().take(3).all(|c| c.is_ascii_hexdigit()));
    assert_eq!(colour, None);
}

#[test]
fn the_reckoning_is_that_of_the_standard() {
    assert!((contrast("#000000", "#ffffff") - 21.0).abs() < 0.01);
    assert!((contrast("#767676", "#ffffff") - 4.54).abs() < 0.01);
}
