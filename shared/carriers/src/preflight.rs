//! Address checks that hold for every carrier, made before anything is booked: a carrier that cuts or guesses
//! sends the parcel elsewhere.
//!
//! They look at shape only. Whether a place exists is the carrier's to say.

use std::borrow::Cow;

/// A UK postcode in capitals with its one blank, `BS1 4DJ`; `None` when the text has no such shape.
///
/// The six shapes of the outward part are A9, A99, AA9, AA99, A9A and AA9A; the inward part is 9AA. The same
/// holds for Jersey, Guernsey, the Isle of Man and forces' addresses (`BF1 1AA`). `GIR 0AA` is an old
/// exception that is still in use.
pub fn uk_postcode(text: &str) -> Option<String> {
    let dense = dense(text, 5..=7)?;
    let (outward, inward) = dense.split_at(dense.len() - 3);
    let shape: String = outward.chars().map(kind).collect();
    let fits = matches!(shape.as_str(), "a9" | "a99" | "aa9" | "aa99" | "a9a" | "aa9a") || outward == "GIR";
    let inward_shape: String = inward.chars().map(kind).collect();
    (fits && inward_shape == "9aa").then(|| format!("{outward} {inward}"))
}

/// An Irish Eircode in capitals with its one blank, `D02 AF30`; `None` when the text has no such shape. The
/// routing key is a letter, a digit and a digit or `W` (`D6W`), and four letters or digits follow.
pub fn eircode(text: &str) -> Option<String> {
    let dense = dense(text, 7..=7)?;
    let (routing, unique) = dense.split_at(3);
    let shape: String = routing.chars().map(kind).collect();
    (shape == "a99" || routing == "D6W").then(|| format!("{routing} {unique}"))
}

/// A postcode as its country writes it; what is no UK or Irish one is only freed of outer blanks. `None` when
/// it cannot be one there.
pub fn postcode(country: &str, text: &str) -> Option<String> {
    match country {
        "GB" | "JE" | "GG" | "IM" => uk_postcode(text),
        "IE" => eircode(text),
        _ => Some(text.trim().to_owned()).filter(|t| !t.is_empty()),
    }
}

/// A phone number as digits with at most a leading `+`; `None` when the text holds anything but digits and
/// what people write between them, or too few digits to be called. Nothing is cut. The `(0)` of
/// `+44 (0)1632 960001` is not dialled and goes.
pub fn phone(text: &str) -> Option<String> {
    let text = text.trim();
    let (plus, rest) = text.strip_prefix('+').map_or(("", text), |rest| ("+", rest));
    let rest = if plus.is_empty() { rest.to_owned() } else { rest.replacen("(0)", "", 1) };
    let between = |c: char| c.is_whitespace() || "()-./".contains(c);
    if !rest.chars().all(|c| c.is_ascii_digit() || between(c)) {
        return None;
    }
    let digits: String = rest.chars().filter(char::is_ascii_digit).collect();
    (digits.len() >= 7).then(|| format!("{plus}{digits}"))
}

/// True for a number that takes text messages: a UK or Irish mobile, in the form [`phone`] gives.
pub fn is_mobile(phone: &str) -> bool {
    let national = |begin: &str, len: usize| {
        phone.strip_prefix(begin).is_some_and(|rest| rest.len() == len && !rest.starts_with('0'))
    };
    // 070 and 076 are personal numbers and pagers, but 07624 is mobile on the Isle of Man.
    let uk = ["07", "+447", "00447"].iter().any(|begin| national(begin, 9));
    uk || ["+3538", "003538"].iter().any(|begin| national(begin, 8))
}

/// An e-mail address as far as a carrier can check it: one `@`, text on both sides, no blanks.
pub fn is_email(text: &str) -> bool {
    let parts = text.split_once('@');
    parts.is_some_and(|(who, at)| !who.is_empty() && !at.is_empty() && !at.contains('@'))
        && !text.chars().any(|c| c.is_whitespace() || c.is_control())
}

/// Fits street lines into one or two fields of `width` characters each without losing a letter: between lines
/// where that is possible, else between words. `None` when they do not fit.
pub fn two_lines(lines: &[&str], width: usize) -> Option<(String, Option<String>)> {
    let lines: Vec<&str> = lines.iter().map(|line| line.trim()).filter(|line| !line.is_empty()).collect();
    let fits = |text: &str| text.chars().count() <= width;
    let between_lines = (1..=lines.len()).map(|n| (lines[..n].join(", "), lines[n..].join(", ")));
    let whole = lines.join(", ");
    let between_words = whole.rmatch_indices(' ').map(|(at, _)| {
        let (first, second) = whole.split_at(at);
        (first.trim_end().to_owned(), second.trim_start().to_owned())
    });
    let (first, second) =
        between_lines.chain(between_words).find(|(a, b)| !a.is_empty() && fits(a) && fits(b))?;
    Some((first, Some(second).filter(|text| !text.is_empty())))
}

/// What a carrier calls the booking when it takes fewer characters than our reference has: the reference, or its
/// beginning and what stands after the last `-`, which is the shipment's number within its order. In 25 characters
/// our own references keep 20 hexadecimal digits of the order's id: enough to be its own, and to find it by.
pub fn short_reference(reference: &str, most: usize) -> Cow<'_, str> {
    let whole = reference.trim();
    if whole.chars().count() <= most {
        return Cow::Borrowed(whole);
    }
    let tail = whole.rfind('-').map_or("", |at| &whole[at..]);
    let tail = if tail.chars().count() < most / 2 { tail } else { "" };
    let head: String = whole.chars().take(most - tail.chars().count()).collect();
    Cow::Owned(head + tail)
}

/// The text in capitals without blanks, when it is of this length and holds only letters and digits.
fn dense(text: &str, len: std::ops::RangeInclusive<usize>) -> Option<String> {
    let dense: String = text.chars().filter(|c| !c.is_whitespace()).map(|c| c.to_ascii_uppercase()).collect();
    (len.contains(&dense.len()) && dense.bytes().all(|b| b.is_ascii_alphanumeric())).then_some(dense)
}

fn kind(c: char) -> char {
    if c.is_ascii_digit() { '9' } else { 'a' }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn postcodes_are_known_by_their_shape() {
        for (text, written) in [
            ("bs14dj", "BS1 4DJ"),
            (" M1 1AA ", "M1 1AA"),
            ("EC1A 1BB", "EC1A 1BB"),
            ("w1a  0ax", "W1A 0AX"),
            ("CR26XH", "CR2 6XH"),
            ("DN55 1PT", "DN55 1PT"),
            ("GIR 0AA", "GIR 0AA"),
            ("JE2 3XX", "JE2 3XX"),
            ("BF1 1AA", "BF1 1AA"),
        ] {
            assert_eq!(uk_postcode(text).as_deref(), Some(written), "{text}");
        }
        for text in
            ["", "BS1", "BS1 4D", "1BS 4DJ", "BSS1 4DJ", "BS1 44J", "BS123 4DJ", "D02 AF30", "ÉS1 4DJ"]
        {
            assert_eq!(uk_postcode(text), None, "{text}");
        }
        assert_eq!(eircode("d02af30").as_deref(), Some("D02 AF30"));
        assert_eq!(eircode("D6W XY00").as_deref(), Some("D6W XY00"));
        assert_eq!((eircode("BS1 4DJ"), eircode("DO2 AF30")), (None, None));
        assert_eq!(postcode("IE", "bs1 4dj"), None);
        assert_eq!(postcode("DE", " 10115 ").as_deref(), Some("10115"));
        assert_eq!(postcode("DE", "  "), None);
    }

    #[test]
    fn phones_are_written_in_many_ways() {
        assert_eq!(phone("+44 (0)1632 960001").as_deref(), Some("+441632960001"));
        assert_eq!(phone("(01632) 960-001").as_deref(), Some("01632960001"));
        assert_eq!(phone("07700\u{a0}900.123").as_deref(), Some("07700900123"));
        for text in ["", "+", "n/a", "01632 960001 ext 5", "123", "0163+2960001"] {
            assert_eq!(phone(text), None, "{text}");
        }
        assert!(is_mobile("07700900123") && is_mobile("+447700900123") && is_mobile("+353851234567"));
        assert!(!is_mobile("01632960001") && !is_mobile("+353015550123") && !is_mobile("0770090012"));
        assert!(is_email("a@b.invalid") && !is_email("a@b@c") && !is_email("a b@c") && !is_email("@c"));
    }

    #[test]
    fn lines_are_joined_or_wrapped_but_never_cut() {
        let two = |lines: &[&str]| two_lines(lines, 35);
        let some = |a: &str, b: Option<&str>| Some((a.to_owned(), b.map(str::to_owned)));
        assert_eq!(two(&["10 Example Road"]), some("10 Example Road", None));
        assert_eq!(two(&["Flat 3", "10 Example Road"]), some("Flat 3", Some("10 Example Road")));
        let three = ["Flat 3", "Rear", "10 Example Road"];
        assert_eq!(two(&three), some("Flat 3", Some("Rear, 10 Example Road")));
        let long = "Flat 12, The Old Granary Building, 10 Example Road";
        assert_eq!(two(&[long]), some("Flat 12, The Old Granary Building,", Some("10 Example Road")));
        assert_eq!(two(&["x".repeat(36).as_str()]), None);
        assert_eq!((two(&[]), two(&[" "])), (None, None));
    }

    proptest! {
        #[test]
        fn what_is_written_stays_what_was_meant(
            area in "[A-Z]{1,2}", district in "[0-9]{1,2}", inward in "[0-9][A-Z]{2}", blanks in " {0,3}",
        ) {
            let written = format!("{area}{district} {inward}");
            prop_assert_eq!(uk_postcode(&format!("{area}{district}{blanks}{inward}").to_lowercase()), Some(written.clone()));
            prop_assert_eq!(uk_postcode(&written), Some(written));
        }

        #[test]
        fn a_phone_keeps_its_digits_and_stays_as_it_is(text in "[+]?[0-9 ()./-]{0,30}") {
            let digits: String = text.chars().filter(char::is_ascii_digit).collect();
            match phone(&text) {
                Some(told) => {
                    prop_assert!(told.strip_prefix('+').unwrap_or(&told).bytes().all(|b| b.is_ascii_digit()));
                    prop_assert!(text.contains("(0)") || told.ends_with(&digits));
                    prop_assert_eq!(phone(&told), Some(told));
                }
                None => prop_assert!(digits.len() < 8),
            }
        }

        #[test]
        fn no_letter_of_an_address_is_lost(lines in prop::collection::vec("[a-z0-9 ]{0,40}", 0..4)) {
            let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
            let letters = |text: &str| text.chars().filter(char::is_ascii_alphanumeric).collect::<String>();
            if let Some((first, second)) = two_lines(&lines, 35) {
                let second = second.unwrap_or_default();
                prop_assert!(first.chars().count() <= 35 && second.chars().count() <= 35);
                prop_assert_eq!(letters(&first) + &letters(&second), letters(&lines.concat()));
            }
        }

        #[test]
        fn noise_is_refused_or_read(text in ".{0,40}", country in "[A-Z]{2}") {
            let _ = (postcode(&country, &text), phone(&text).map(|p| is_mobile(&p)), is_email(&text), two_lines(&[&text], 35));
        }
    }
}
