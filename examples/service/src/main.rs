//! Serves a model: `smallbatch-service out/model.safetensors [127.0.0.1:8080]`.

use std::process::ExitCode;
use std::time::Duration;

use smallbatch_service::{Served, app};

#[tokio::main]
async fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let Some(file) = arguments.next() else {
        eprintln!("usage: smallbatch-service MODEL [ADDRESS]");
        return ExitCode::from(2);
    };
    let address = arguments
        .next()
        .unwrap_or_else(|| "127.0.0.1:8080".to_owned());
    match serve(&file, &address).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(file: &str, address: &str) -> Result<(), String> {
    let served = Served::open(file)?;
    let listener = tokio::net::TcpListener::bind(address)
        .await
        .map_err(|error| format!("cannot listen on {address}: {error}"))?;
    let address = listener.local_addr().map_err(|error| error.to_string())?;
    eprintln!("{file} is served on http://{address}");
    tokio::spawn(served.clone().watch(Duration::from_secs(1)));
    axum::serve(listener, app(served))
        .with_graceful_shutdown(stopped())
        .await
        .map_err(|error| error.to_string())
}

/// Ctrl-C: what is on its way is answered first.
async fn stopped() {
    if tokio::signal::ctrl_c().await.is_err() {
        // Without signals it serves until it is killed.
        std::future::pending::<()>().await;
    }
}
