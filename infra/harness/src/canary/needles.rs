//! Every form in which a value could hide, and one search for all of them.

use super::Token;
use crate::stack::Trouble;
use aho_corasick::{AhoCorasick, AhoCorasickKind};
use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use md5::Digest;
use std::collections::{BTreeMap, BTreeSet};

/// In which form a value was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// As it is, in any case.
    Plain,
    /// With other or no spaces.
    Spaced,
    /// Escaped as in JSON, once or twice.
    Json,
    /// Escaped as in an address or a form.
    Url,
    /// As hexadecimal digits.
    Hex,
    /// In UTF-16.
    Utf16,
    /// In base64, wherever it begins.
    Base64,
    /// Its SHA-256.
    Sha256,
    /// Its SHA-1.
    Sha1,
    /// Its MD5.
    Md5,
    /// Eight characters of it.
    Fragment,
}

/// Shorter values are mistaken for others.
const SHORTEST: usize = 6;
/// Values shorter than this count only where they stand alone.
const LONG_ENOUGH: usize = 9;
/// Characters of a fragment.
const FRAGMENT: usize = 8;
/// From this length on, a value without spaces is also searched in fragments.
const FRAGMENTED: usize = 12;

#[derive(Clone, Copy)]
struct Meaning {
    token: usize,
    form: Form,
    alone: bool,
}

/// All forms of all values, ready to be searched for at once.
pub struct Needles {
    folded: (AhoCorasick, Vec<Meaning>),
    exact: (AhoCorasick, Vec<Meaning>),
}

#[derive(Default)]
struct Forms {
    folded: BTreeMap<Vec<u8>, (Form, bool)>,
    exact: BTreeMap<Vec<u8>, Form>,
}

impl Needles {
    /// Prepares the search.
    ///
    /// # Errors
    /// When a value is too short to be told from others.
    pub fn new(tokens: &[Token]) -> Result<Self, Trouble> {
        let (mut folded, mut exact) = ((Vec::new(), Vec::new()), (Vec::new(), Vec::new()));
        for (token, Token { pointer, value }) in tokens.iter().enumerate() {
            if value.trim().chars().count() < SHORTEST {
                return Err(format!("the value at {pointer} is too short to be searched for").into());
            }
            let forms = forms(value.trim());
            for (bytes, (form, alone)) in forms.folded {
                folded.0.push(bytes);
                folded.1.push(Meaning { token, form, alone });
            }
            for (bytes, form) in forms.exact {
                exact.0.push(bytes);
                exact.1.push(Meaning { token, form, alone: false });
            }
        }
        let build = |patterns: &[Vec<u8>], fold| {
            let mut builder = AhoCorasick::builder();
            builder.ascii_case_insensitive(fold).kind(Some(AhoCorasickKind::ContiguousNFA)).build(patterns)
        };
        Ok(Self { folded: (build(&folded.0, true)?, folded.1), exact: (build(&exact.0, false)?, exact.1) })
    }

    /// The values found in these bytes, each with its plainest form.
    pub fn search(&self, bytes: &[u8]) -> BTreeMap<usize, Form> {
        let mut found: BTreeMap<usize, Form> = BTreeMap::new();
        for (automaton, meanings) in [&self.folded, &self.exact] {
            for hit in automaton.find_overlapping_iter(bytes) {
                let Some(Meaning { token, form, alone }) = meanings.get(hit.pattern().as_usize()).copied()
                else {
                    continue;
                };
                if !alone || stands_alone(bytes, hit.start(), hit.end()) {
                    found.entry(token).and_modify(|known| *known = form.min(*known)).or_insert(form);
                }
            }
        }
        found
    }
}

fn stands_alone(bytes: &[u8], start: usize, end: usize) -> bool {
    // The signs of base64 do not part words: what stands between them is as random as the rest.
    let joins = |byte: Option<&u8>| {
        byte.is_some_and(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'='))
    };
    !joins(start.checked_sub(1).and_then(|at| bytes.get(at))) && !joins(bytes.get(end))
}

fn forms(value: &str) -> Forms {
    let mut forms = Forms::default();
    let variants: BTreeSet<String> = [value.to_owned(), value.to_lowercase(), value.to_uppercase()].into();
    for text in &variants {
        forms.text(text);
        forms.hashes(text);
    }
    let compact: String = value.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
    let digits = compact.bytes().filter(u8::is_ascii_digit).count();
    if compact != value && (digits > 0 || compact.len() >= LONG_ENOUGH) {
        forms.fold(Form::Spaced, compact.clone().into_bytes());
        forms.hashes(&compact);
    }
    if digits == compact.len() && digits >= 9 {
        // A telephone number as people write it: from the end, 6 or 3 and 3 digits stand together.
        let (head, tail) = compact.split_at(digits - 6);
        let (middle, end) = tail.split_at(3);
        for gap in [" ", "-"] {
            forms.fold(Form::Spaced, format!("{head}{gap}{tail}").into_bytes());
            forms.fold(Form::Spaced, format!("{head}{gap}{middle}{gap}{end}").into_bytes());
        }
    }
    let random =
        value.len() >= FRAGMENTED && value.bytes().all(|b| b.is_ascii_alphanumeric()) && digits < value.len();
    if random {
        for text in &variants {
            for part in text.as_bytes().windows(FRAGMENT) {
                forms.exact.entry(part.to_vec()).or_insert(Form::Fragment);
            }
        }
    }
    forms
}

impl Forms {
    fn fold(&mut self, form: Form, bytes: Vec<u8>) {
        let alone = bytes.len() < LONG_ENOUGH;
        self.folded.entry(bytes.to_ascii_lowercase()).or_insert((form, alone));
    }

    fn text(&mut self, text: &str) {
        self.fold(Form::Plain, text.as_bytes().to_vec());
        let json = |text: &str| {
            let quoted = serde_json::Value::from(text).to_string();
            quoted[1..quoted.len() - 1].to_owned()
        };
        let ascii: String = json(text).encode_utf16().map(escape).collect();
        for escaped in [json(text), json(&json(text)), ascii.clone(), json(&ascii)] {
            self.fold(Form::Json, escaped.into_bytes());
        }
        let percent = crate::signed::percent(text);
        self.fold(Form::Url, percent.replace("%20", "+").into_bytes());
        self.fold(Form::Url, percent.into_bytes());
        self.fold(Form::Hex, hex::encode(text).into_bytes());
        let units: Vec<u16> = text.encode_utf16().collect();
        self.fold(Form::Utf16, units.iter().flat_map(|unit| unit.to_le_bytes()).collect());
        self.fold(Form::Utf16, units.iter().flat_map(|unit| unit.to_be_bytes()).collect());
        for shift in 0..3 {
            for core in base64_cores(text.as_bytes(), shift) {
                // What is shorter is found by decoding (see `layers`).
                if core.len() >= LONG_ENOUGH {
                    self.exact.entry(core).or_insert(Form::Base64);
                }
            }
        }
    }

    fn hashes(&mut self, text: &str) {
        let bytes = text.as_bytes();
        for (form, hash) in [
            (Form::Sha256, digest(&SHA256, bytes).as_ref().to_vec()),
            (Form::Sha1, digest(&SHA1_FOR_LEGACY_USE_ONLY, bytes).as_ref().to_vec()),
            (Form::Md5, md5::Md5::digest(bytes).to_vec()),
        ] {
            self.fold(form, hex::encode(&hash).into_bytes());
            for engine in [STANDARD, URL_SAFE] {
                let text = engine.encode(&hash);
                self.exact.entry(text.trim_end_matches('=').as_bytes().to_vec()).or_insert(form);
            }
            self.exact.entry(hash).or_insert(form);
        }
    }
}

fn escape(unit: u16) -> String {
    match char::from_u32(u32::from(unit)) {
        Some(c) if c.is_ascii() => c.to_string(),
        _ => format!("\\u{unit:04x}"),
    }
}

/// The characters of base64 that only the value decides when `shift` other bytes stand before it.
fn base64_cores(value: &[u8], shift: usize) -> Vec<Vec<u8>> {
    let shifted = [&vec![0; shift], value].concat();
    let first = (shift * 8).div_ceil(6);
    let last = shifted.len() * 8 / 6;
    let cores = [STANDARD, URL_SAFE].map(|engine| engine.encode(&shifted).into_bytes());
    cores.into_iter().filter_map(|text| Some(text.get(first..last)?.to_vec())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(value: &str, text: &[u8]) -> Option<Form> {
        let token = Token { pointer: "/x".into(), value: value.into() };
        Needles::new(&[token]).unwrap().search(text).get(&0).copied()
    }

    const NAME: &str = "Zoë Quayle-Ångström";

    #[test]
    fn a_value_is_found_in_every_form() {
        let json = serde_json::to_string(NAME).unwrap();
        let utf16: Vec<u8> = NAME.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let sha = hex::encode(digest(&SHA256, NAME.to_lowercase().as_bytes()));
        let cases: [(Vec<u8>, Form); 8] = [
            (format!("to {NAME}.").into(), Form::Plain),
            (NAME.to_uppercase().into(), Form::Plain),
            (json.replace('ë', "\\u00eb").replace('Å', "\\u00c5").replace('ö', "\\u00f6").into(), Form::Json),
            ("a=zo%c3%ab+quayle-%c3%85ngstr%c3%b6m".into(), Form::Url),
            (hex::encode_upper(NAME).into(), Form::Hex),
            (utf16, Form::Utf16),
            (sha.into(), Form::Sha256),
            (md5::Md5::digest(NAME.as_bytes()).to_vec(), Form::Md5),
        ];
        for (text, form) in cases {
            assert_eq!(found(NAME, &text), Some(form), "{form:?}");
        }
        assert_eq!(found(NAME, b"Zoe Quayle"), None);
    }

    #[test]
    fn base64_is_found_wherever_it_begins() {
        for before in ["", "a", "ab", "abc", "abcd"] {
            let text = STANDARD.encode(format!("{before}{NAME} and more"));
            assert_eq!(found(NAME, text.as_bytes()), Some(Form::Base64), "{before}");
        }
    }

    #[test]
    fn a_telephone_number_is_found_however_it_is_written() {
        for text in ["+447700900123", "07700 900123", "07700 900 123", "7700-900-123"] {
            assert!(found("7700900123", text.as_bytes()).is_some(), "{text}");
        }
    }

    #[test]
    fn a_short_value_counts_only_where_it_stands_alone() {
        for (text, hit) in [("at m1 1ae!", true), ("M11AE", true), ("xM11AEq", false), ("om1 1aexi", false)] {
            assert_eq!(found("M1 1AE", text.as_bytes()).is_some(), hit, "{text}");
        }
        assert!(Needles::new(&[Token { pointer: "/x".into(), value: "M1".into() }]).is_err());
    }

    #[test]
    fn part_of_a_random_value_is_found_and_part_of_a_name_is_not() {
        assert_eq!(found("K7QW2MZP4RTXAB", b"..W2MZP4RT.."), Some(Form::Fragment));
        assert_eq!(found("Amelia Hartley", b"Amelia H"), None);
    }
}
