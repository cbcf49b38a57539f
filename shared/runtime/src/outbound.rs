//! The one place that sends requests to channels and carriers.

use crate::config::Egress;
use async_trait::async_trait;
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
    /// A client that follows no redirects, so a request ends where it was sent.
    ///
    /// # Errors
    /// When TLS cannot start.
    pub fn new(egress: Egress) -> Result<Self, reqwest::Error> {
        let client = reqwest::Client::builder()
            .timeout(TIME_OUT)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent("waybill/0.1")
            .tls_version_min(reqwest::tls::Version::TLS_1_2)
            .build()?;
        Ok(Self { client, egress })
    }
}

/// Whether requests may go to `uri`.
pub fn may_go(uri: &http::Uri, egress: Egress) -> bool {
    let host = uri.host().unwrap_or_default();
    if egress == Egress::Local && uri.scheme_str() == Some("http") && host == "127.0.0.1" {
        return true;
    }
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>().is_ok();
    uri.scheme_str() == Some("https") && !address && host.contains('.') && !host.ends_with(".internal")
}

#[async_trait]
impl Outbound for Network {
    async fn send(&self, request: http::Request<Vec<u8>>) -> Result<http::Response<Vec<u8>>, NoAnswer> {
        if !may_go(request.uri(), self.egress) {
            return Err(NoAnswer::Forbidden);
        }
        let request = reqwest::Request::try_from(request).map_err(|_| NoAnswer::Forbidden)?;
        let span = tracing::debug_span!("call", method = %request.method(), status = tracing::field::Empty);
        let mut reply =
            self.client.execute(request).instrument(span.clone()).await.map_err(|_| NoAnswer::Lost)?;
        span.record("status", reply.status().as_u16());
        let mut answer = http::Response::builder().status(reply.status());
        for (name, value) in reply.headers() {
            answer = answer.header(name, value);
        }
        let mut body = Vec::new();
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
            "http://127.0.0.1:9000/",
        ] {
            assert!(!go(bad, Egress::Public), "{bad}");
        }
        assert!(go("http://127.0.0.1:9000/", Egress::Local));
        assert!(!go("http://127.0.0.2:9000/", Egress::Local));
    }
}
