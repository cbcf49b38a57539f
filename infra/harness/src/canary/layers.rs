//! What is packed inside what was read: gzip, the deflated streams of a PDF, base64, escapes, one in the other.

use base64::Engine;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use flate2::read::{MultiGzDecoder, ZlibDecoder};
use std::io::Read;

/// How deep things may be packed.
const DEEPEST: usize = 4;
/// How much one thing may unpack to, in bytes.
const LARGEST: u64 = 32 * 1024 * 1024;
/// Shorter runs of base64 characters are words.
const SHORTEST_RUN: usize = 16;

const AS_IT_COMES: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_allow_trailing_bits(true)
    .with_decode_padding_mode(DecodePaddingMode::Indifferent);
const LENIENT: GeneralPurpose = GeneralPurpose::new(&STANDARD, AS_IT_COMES);
const LENIENT_URL_SAFE: GeneralPurpose = GeneralPurpose::new(&URL_SAFE, AS_IT_COMES);

/// Calls `look` with the bytes and with all that is packed in them, saying how it was packed.
pub fn each(bytes: &[u8], look: &mut impl FnMut(&[u8], &str)) {
    go(bytes, "", 0, look);
}

fn go(bytes: &[u8], how: &str, depth: usize, look: &mut impl FnMut(&[u8], &str)) {
    look(bytes, how);
    if depth == DEEPEST {
        return;
    }
    for at in places(bytes, &[0x1f, 0x8b, 0x08]) {
        if let Some(inner) = unpack(MultiGzDecoder::new(&bytes[at..])) {
            go(&inner, &format!("{how} > gzip"), depth + 1, look);
        }
    }
    if is_zlib(bytes)
        && let Some(inner) = unpack(ZlibDecoder::new(bytes))
    {
        go(&inner, &format!("{how} > deflate"), depth + 1, look);
    }
    for at in places(bytes, b"stream") {
        let rest = &bytes[at + b"stream".len()..];
        let rest = rest.strip_prefix(b"\r").unwrap_or(rest);
        let rest = rest.strip_prefix(b"\n").unwrap_or(rest);
        if is_zlib(rest)
            && let Some(inner) = unpack(ZlibDecoder::new(rest))
        {
            go(&inner, &format!("{how} > PDF stream"), depth + 1, look);
        }
    }
    if let Some(inner) = unescape(bytes) {
        go(&inner, &format!("{how} > escapes"), depth + 1, look);
    }
    for run in runs(bytes) {
        if let Some(inner) = decode(run) {
            go(&inner, &format!("{how} > base64"), depth + 1, look);
        }
    }
}

fn places(bytes: &[u8], mark: &[u8]) -> Vec<usize> {
    if bytes.len() < mark.len() {
        return Vec::new();
    }
    let first = mark[0];
    let candidates = bytes.iter().enumerate().filter(|(_, byte)| **byte == first).map(|(at, _)| at);
    candidates.filter(|at| bytes[*at..].starts_with(mark)).collect()
}

fn is_zlib(bytes: &[u8]) -> bool {
    matches!(bytes, [0x78, flags, ..] if (0x7800 + u16::from(*flags)) % 31 == 0)
}

/// What comes out before the first error: a stream that was cut off still tells what it held.
fn unpack(from: impl Read) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let mut from = from.take(LARGEST);
    // An error ends the stream; what was read until then is in `out`.
    let _ = from.read_to_end(&mut out);
    (!out.is_empty()).then_some(out)
}

/// The text of an address or form, when several of its letters are written as `%41`.
fn unescape(bytes: &[u8]) -> Option<Vec<u8>> {
    let escape = |at: usize| {
        let digits = bytes.get(at + 1..at + 3).filter(|_| bytes[at] == b'%')?;
        u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
    };
    let (mut out, mut at, mut escapes) = (Vec::new(), 0, 0);
    while at < bytes.len() {
        match escape(at) {
            Some(byte) => {
                out.push(byte);
                at += 3;
                escapes += 1;
            }
            None => {
                out.push(bytes[at]);
                at += 1;
            }
        }
    }
    (escapes > 2).then_some(out)
}

/// Runs of characters that could be base64, without their padding.
fn runs(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let is_base64 = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_');
    bytes.split(move |byte| !is_base64(byte)).filter(|run| run.len() >= SHORTEST_RUN)
}

fn decode(run: &[u8]) -> Option<Vec<u8>> {
    // A run one character too long is a quote or a word that touches it.
    let run = if run.len() % 4 == 1 { &run[..run.len() - 1] } else { run };
    LENIENT.decode(run).or_else(|_| LENIENT_URL_SAFE.decode(run)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::engine::general_purpose::STANDARD;
    use flate2::Compression;
    use flate2::write::{GzEncoder, ZlibEncoder};
    use std::io::Write;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut to = GzEncoder::new(Vec::new(), Compression::default());
        to.write_all(bytes).unwrap();
        to.finish().unwrap()
    }

    fn seen(bytes: &[u8]) -> Vec<String> {
        let mut found = Vec::new();
        each(bytes, &mut |inner, how| {
            if inner.windows(6).any(|w| w == b"SECRET") {
                found.push(how.to_owned());
            }
        });
        found
    }

    #[test]
    fn packed_things_are_found_inside_each_other() {
        assert_eq!(seen(b"a SECRET"), [""]);
        let packed = gzip(b"a SECRET text");
        assert_eq!(seen(&packed), [" > gzip"]);
        let text = format!("{{\"x\":\"{}\"}}", STANDARD.encode(&packed));
        assert_eq!(seen(text.as_bytes()), [" > base64 > gzip"]);
        assert_eq!(seen(b"a%53%45%43RE%54b"), [" > escapes"]);
        let twice = STANDARD.encode(STANDARD.encode("a SECRET text that is longer"));
        assert_eq!(seen(twice.as_bytes()), [" > base64 > base64"]);
    }

    #[test]
    fn the_streams_of_a_pdf_are_opened() {
        let mut to = ZlibEncoder::new(Vec::new(), Compression::default());
        to.write_all(b"BT (SECRET) Tj ET").unwrap();
        let pdf = [
            b"%PDF-1.7 <</Filter/FlateDecode>> stream\r\n".as_slice(),
            &to.finish().unwrap(),
            b"\nendstream",
        ]
        .concat();
        assert_eq!(seen(&pdf), [" > PDF stream"]);
    }

    #[test]
    fn what_was_cut_off_still_tells_its_beginning() {
        let packed = gzip(format!("SECRET {}", "x1y2z3".repeat(2000)).as_bytes());
        assert_eq!(seen(&packed[..packed.len() - 8]), [" > gzip"]);
    }
}
