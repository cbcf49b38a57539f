//! What the browser keeps of a sign-in. Every cookie is `HttpOnly`, so no script reads it, and all but the first are
//! `SameSite=Strict`, so no other site's link or form carries it (RFC 6265bis). The prefix `__Host-` keeps a
//! neighbouring domain from planting one; it needs TLS, so the local AWS does without.

use http::{HeaderMap, HeaderValue, header};

/// How long a sign-in may take, in seconds.
const BEGUN_SECONDS: u32 = 600;

/// One cookie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cookie {
    /// What a sign-in that has begun must come back with.
    Begun,
    /// Who it is, for a quarter of an hour.
    Token,
    /// What a new token is had for, until the day's work is over.
    Keep,
    /// What every form must repeat.
    Form,
}

impl Cookie {
    fn end(self) -> &'static str {
        match self {
            Self::Begun => "begun",
            Self::Token => "token",
            Self::Keep => "keep",
            Self::Form => "form",
        }
    }
}

/// Reads and writes cookies.
#[derive(Debug, Clone, Copy)]
pub struct Jar {
    secure: bool,
}

impl Jar {
    /// `secure`: over TLS only, and for this host alone.
    pub fn new(secure: bool) -> Self {
        Self { secure }
    }

    fn name(self, cookie: Cookie) -> String {
        format!("{}waybill-{}", if self.secure { "__Host-" } else { "" }, cookie.end())
    }

    /// What the browser sent.
    pub fn get(self, headers: &HeaderMap, cookie: Cookie) -> Option<&str> {
        let name = self.name(cookie);
        let texts = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        let mut pairs = texts.flat_map(|text| text.split(';')).filter_map(|pair| pair.trim().split_once('='));
        pairs.find(|(key, value)| *key == name && !value.is_empty()).map(|(_, value)| value)
    }

    /// Has the browser keep a value; `None` for one that no cookie can hold.
    pub fn set(self, cookie: Cookie, value: &str) -> Option<HeaderValue> {
        let plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b',' | b';' | b'\\');
        let life = match cookie {
            Cookie::Begun => format!("; SameSite=Lax; Max-Age={BEGUN_SECONDS}"),
            Cookie::Token | Cookie::Keep | Cookie::Form => "; SameSite=Strict".to_owned(),
        };
        let text = format!("{}={value}; Path=/; HttpOnly{}{life}", self.name(cookie), self.tls());
        value.bytes().all(plain).then(|| HeaderValue::from_str(&text).ok()).flatten()
    }

    /// Has the browser forget it.
    pub fn clear(self, cookie: Cookie) -> Option<HeaderValue> {
        let text =
            format!("{}=; Path=/; HttpOnly{}; SameSite=Strict; Max-Age=0", self.name(cookie), self.tls());
        HeaderValue::from_str(&text).ok()
    }

    /// Whether a form was sent from one of our own pages in this session: it repeats what only the session has. Another
    /// site's form carries no `SameSite=Strict` cookie; this refuses it even in a browser that does not know the attribute.
    pub fn is_meant(self, headers: &HeaderMap, repeated: &str) -> bool {
        let near = headers.get("sec-fetch-site").is_none_or(|site| site == "same-origin");
        let ours = self.get(headers, Cookie::Form).unwrap_or_default();
        let same = aws_lc_rs::constant_time::verify_slices_are_equal(repeated.as_bytes(), ours.as_bytes());
        near && !ours.is_empty() && same.is_ok()
    }

    fn tls(self) -> &'static str {
        if self.secure { "; Secure" } else { "" }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_script_no_other_site_and_no_neighbour_gets_at_a_session() {
        let set = Jar::new(true).set(Cookie::Token, "a.b.c").unwrap();
        let set = set.to_str().unwrap();
        assert!(set.starts_with("__Host-waybill-token=a.b.c; Path=/;"), "{set}");
        for word in ["HttpOnly", "Secure", "SameSite=Strict"] {
            assert!(set.contains(word), "{set} lacks {word}");
        }
        assert!(!set.contains("Domain"));
        assert_eq!(Jar::new(true).set(Cookie::Token, "a; Domain=x"), None);
        assert_eq!(Jar::new(true).set(Cookie::Token, "a\r\nb"), None);
    }

    #[test]
    fn a_form_is_meant_when_it_repeats_its_session_from_our_own_page() {
        let jar = Jar::new(true);
        let mut headers = HeaderMap::new();
        assert!(!jar.is_meant(&headers, ""), "nobody has a session");
        headers.insert(header::COOKIE, HeaderValue::from_static("__Host-waybill-form=abc"));
        assert!(jar.is_meant(&headers, "abc"));
        assert!(!jar.is_meant(&headers, "abd") && !jar.is_meant(&headers, ""));
        headers.insert("sec-fetch-site", HeaderValue::from_static("same-site"));
        assert!(!jar.is_meant(&headers, "abc"));
        headers.insert("sec-fetch-site", HeaderValue::from_static("same-origin"));
        assert!(jar.is_meant(&headers, "abc"));
    }

    #[test]
    fn a_cookie_is_found_by_its_whole_name() {
        let mut headers = HeaderMap::new();
        headers.insert(
            header::COOKIE,
            HeaderValue::from_static("xwaybill-token=no; waybill-token=yes; waybill-keep="),
        );
        let jar = Jar::new(false);
        assert_eq!(jar.get(&headers, Cookie::Token), Some("yes"));
        assert_eq!(jar.get(&headers, Cookie::Keep), None);
        assert_eq!(
            Jar::new(true).get(&headers, Cookie::Token),
            None,
            "one without the prefix counts for nothing"
        );
    }
}
