//! `waybill-sandbox --port N`: see the library.

use std::process::ExitCode;

use clap::Parser;
use waybill_sandbox::{Options, serve};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let options = Options::parse();
    let place = format!("{}:{}", options.host, options.port);
    match serve(options).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("cannot listen on {place}: {error}; choose another --port or --host");
            ExitCode::FAILURE
        }
    }
}
