//! The one place that sends requests to channels and carriers, and the one rule about where they may go (decision 027).

mod public;

use crate::config::Egress;
use async_trait::async_trait;
use public::{LookUp, NotPublic, Public};
use std::sync::Arc;
use std::time::Duration;
use tracing::Instrument;

/// The longest a channel or carrier may take, below every function's own time-out.
const TIME_OUT: Duration = Duration::from_secs(20);
/// The largest reply that is read: a label with its customs pages is far smaller.
const MAX_REPLY: usize = 16 * 1024 * 1024;

/// A request that got no usable answer. Whether it was carried out is not known, except for `Forbidden`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoAnswer {
    /// The address is not one we may send to; nothing was sent.
    #[error("the address is not public HTTPS: correct the connection's address")]
    Forbidden,
    /// The connection failed or timed out.
    #[error("no answer from the other side; whether it acted is not known")]
    Lost,
}

/// An extension of a request of which the status alone is wanted, and soon: no body is read, however large.
#[derive(Debug, Clone, Copy)]
pub struct Brief {
    /// The longest it may take, below 20 s.
    pub within: Duration,
}

/// Sends requests.
#[async_trait]
pub trait Outbound: Send + Sync {
    /// Sends one request and reads the whole reply.
    ///
    /// # Errors
    /// `NoAnswer` when there is none.
    async fn send(&self, request: http::Request<Vec<u8>>) -> Result<http::Response<Vec<u8>>, NoAnswer>;
}

/// The network.
#[derive(Debug, Clone)]
pub struct Network {
    client: reqwest::Client,
    egress: Egress,
}

impl Network {
    /// A client that follows no redirects, so a request ends where it was sent, and asks no proxy, which would look
    /// names up for itself.
    ///
    /// # Errors
    /// When TLS cannot start.
    pub fn new(egress: Egress) -> Result<Self, reqwest::Error> {
        Self::finding(egress, public::system)
    }

    fn finding(egress: Egress, look_up: LookUp) -> Result<Self, reqwest::Error> {
        let client = reqwest::Client::builder()
            .timeout(TIME_OUT)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .dns_resolver(Arc::new(Public(look_up)))
            .user_agent("waybill/0.1")
            .tls_version_min(reqwest::tls::Version::TLS_1_2)
            .build()?;
        Ok(Self { client, egress })
    }
}

/// Whether requests may go to `uri`, as far as its text says; what its name leads to is looked at when one goes.
pub fn may_go(uri: &http::Uri, egress: Egress) -> bool {
    if egress == Egress::Local && uri.scheme_str() == Some("http") && uri.host() == Some("127.0.0.1") {
        return true;
    }
    // As the client reads it: `0x7f.1` is an address too, and no name of it is looked up.
    let Ok(url) = reqwest::Url::parse(&uri.to_string()) else { return false };
    let name = url.domain().unwrap_or_default().trim_end_matches('.');
    url.scheme() == "https" && name.contains('.') && !INNER.iter().any(|end| name.ends_with(end))
}

/// Ends of names that lead into somebody's own network (RFC 6761, RFC 6762, ICANN's `.internal`).
const INNER: [&str; 4] = [".internal", ".local", ".localhost", ".home.arpa"];

#[async_trait]
impl Outbound for Network {
    async fn send(&self, request: http::Request<Vec<u8>>) -> Result<http::Response<Vec<u8>>, NoAnswer> {
        if !may_go(request.uri(), self.egress) {
            return Err(NoAnswer::Forbidden);
        }
        let brief = request.extensions().get::<Brief>().copied();
        let mut request = reqwest::Request::try_from(request).map_err(|_| NoAnswer::Forbidden)?;
        if let Some(brief) = brief {
            *request.timeout_mut() = Some(brief.within);
        }
        let span = tracing::debug_span!("call", method = %request.method(), status = tracing::field::Empty);
        let mut reply = self.client.execute(request).instrument(span.clone()).await.map_err(|error| {
            if NotPublic::is_behind(&error) { NoAnswer::Forbidden } else { NoAnswer::Lost }
        })?;
        span.record("status", reply.status().as_u16());
        let mut answer = http::Response::builder().status(reply.status());
        for (name, value) in reply.headers() {
            answer = answer.header(name, value);
        }
        let mut body = Vec::new();
        if brief.is_some() {
            return answer.body(body).map_err(|_| NoAnswer::Lost);
        }
        while let Some(chunk) = reply.chunk().await.map_err(|_| NoAnswer::Lost)? {
            if body.len() + chunk.len() > MAX_REPLY {
                return Err(NoAnswer::Lost);
            }
            body.extend_from_slice(&chunk);
        }
        answer.body(body).map_err(|_| NoAnswer::Lost)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_https_is_left_and_this_machine_when_told() {
        let go = |uri: &str, egress| may_go(&uri.parse().unwrap(), egress);
        assert!(go("https://shop.example/admin", Egress::Public));
        for bad in [
            "http://shop.example/",
            "https://127.0.0.1/",
            "https://[::1]/",
            "https://169.254.169.254/latest",
            "https://localhost/",
            "https://db.internal/",
            "https://metadata.google.internal./",
            "https://printer.local/",
            "https://0x7f.1/",
            "https://127.1/",
            "https://0251.0376.0251.0376/",
            "https://[::ffff:169.254.169.254]/",
            "http://127.0.0.1:9000/",
        ] {
            assert!(!go(bad, Egress::Public), "{bad}");
        }
        assert!(go("http://127.0.0.1:9000/", Egress::Local));
        assert!(!go("http://127.0.0.2:9000/", Egress::Local));
    }

    #[tokio::test]
    async fn nothing_is_sent_where_a_public_name_leads_inside() {
        let network = |inside: LookUp| Network::finding(Egress::Public, inside).unwrap();
        let send = async |network: Network| {
            network.send(http::Request::get("https://shop.example/admin").body(Vec::new()).unwrap()).await
        };
        let metadata = network(|_| Ok(vec!["169.254.169.254".parse().unwrap()]));
        assert_eq!(send(metadata).await.unwrap_err(), NoAnswer::Forbidden);
        let mapped = network(|_| Ok(vec!["::ffff:10.0.0.1".parse().unwrap()]));
        assert_eq!(send(mapped).await.unwrap_err(), NoAnswer::Forbidden);
        // A name that nobody knows is no offence.
        let unknown = network(|_| Err(std::io::Error::other("no such name")));
        assert_eq!(send(unknown).await.unwrap_err(), NoAnswer::Lost);
    }
}
