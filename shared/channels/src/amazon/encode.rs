//! Texts in addresses and forms.

use std::fmt::Write;

/// Everything but unreserved characters as `%XX` (RFC 3986); a comma stays, because Amazon's lists are joined
/// with one.
pub(super) fn percent(text: &str) -> String {
    escaped(text, b"-_.~,")
}

/// One part of a path: nothing in it may be taken for a separator.
pub(super) fn segment(text: &str) -> String {
    escaped(text, b"-_.~")
}

fn escaped(text: &str, plain: &[u8]) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || plain.contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// `%41` and `+` in a query undone; `None` when the result is no text.
pub(super) fn plain(text: &str) -> Option<String> {
    let mut bytes = text.bytes();
    let mut out = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        out.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digit = |b: Option<u8>| char::from(b?).to_digit(16);
                let (high, low) = (digit(bytes.next())?, digit(bytes.next())?);
                u8::try_from(high * 16 + low).ok()?
            }
            other => other,
        });
    }
    String::from_utf8(out).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_part_separates() {
        assert_eq!(segment("SKU/1 red#2,é"), "SKU%2F1%20red%232%2C%C3%A9");
        assert_eq!(percent("A,B:C"), "A,B%3AC");
    }

    #[test]
    fn what_was_escaped_comes_back() {
        assert_eq!(plain(&segment("SKU/1 red#2,é")).as_deref(), Some("SKU/1 red#2,é"));
        assert_eq!(plain("a+b").as_deref(), Some("a b"));
        for bad in ["%", "%4", "%zz", "%ff"] {
            assert_eq!(plain(bad), None);
        }
    }
}
