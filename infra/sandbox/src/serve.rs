//! The program: listen, really wait where an answer is late or lost, and send webhooks.

use std::time::Duration;

use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::Response;

use crate::state::Limits;
use crate::{LOST_REPLY_HEADER, SLOW_HEADER, Sandbox, deliver};

/// How the program is run.
#[derive(Debug, Clone, clap::Parser)]
#[command(
    name = "waybill-sandbox",
    version,
    about = "Plays Shopify and Royal Mail for Waybill on this computer"
)]
pub struct Options {
    /// Port to listen on; 0 takes any free one.
    #[arg(long)]
    pub port: u16,
    /// Address to listen on.
    #[arg(long, default_value = "127.0.0.1")]
    pub host: String,
    /// Decides every invented id and every dice throw.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Do not keep the documented rate limits.
    #[arg(long)]
    pub no_limits: bool,
}

/// Listens until the process ends.
///
/// # Errors
/// When the address cannot be listened on.
pub async fn serve(options: Options) -> std::io::Result<()> {
    let sandbox = Sandbox::new(options.seed);
    sandbox.follow_system_clock();
    if !options.no_limits {
        sandbox.set_limits(Limits::DOCUMENTED);
    }
    let listener = tokio::net::TcpListener::bind((options.host.as_str(), options.port)).await?;
    println!("waybill-sandbox listens on http://{}; see /control", listener.local_addr()?);
    tokio::spawn(deliver::run(sandbox.clone()));
    axum::serve(listener, sandbox.router().layer(from_fn(wait))).await
}

/// Holds answers back as their marks say. A lost one is held until the caller has given up.
async fn wait(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let marks = response.headers_mut();
    let mut number = |name: &str| -> u64 {
        let value = marks.remove(name);
        value.and_then(|value| value.to_str().ok()?.parse().ok()).unwrap_or(0)
    };
    let pause = Duration::from_secs(number(LOST_REPLY_HEADER)) + Duration::from_millis(number(SLOW_HEADER));
    if !pause.is_zero() {
        tokio::time::sleep(pause).await;
    }
    response
}
