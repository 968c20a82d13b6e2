//! One attempt to get the rest of a file over HTTP.

use std::io::Read as _;
use std::sync::mpsc::{self, RecvTimeoutError};

use ureq::Agent;

use super::FetchOptions;

/// A running response.
pub(super) struct Response {
    pub(super) status: u16,
    pub(super) etag: Option<String>,
    /// Bytes that this response is to bring, where the server says.
    pub(super) length: Option<u64>,
    chunks: mpsc::Receiver<std::io::Result<Vec<u8>>>,
    options: FetchOptions,
}

/// Why an attempt failed.
#[derive(Debug)]
pub(super) enum Failure {
    /// The server's answer is final.
    Status(u16),
    /// It may pass.
    Passing(String),
}

/// Asks for a file from byte `from` on, provided that it still is the one with this tag.
pub(super) fn get(url: &str, from: u64, etag: Option<&str>, options: &FetchOptions) -> Result<Response, Failure> {
    let config = Agent::config_builder()
        .timeout_connect(Some(options.connect_timeout))
        .timeout_recv_response(Some(options.stall_timeout))
        .http_status_as_error(false)
        .user_agent(concat!("lossnet/", env!("CARGO_PKG_VERSION")))
        // Bytes are counted as the server counts them.
        .accept_encoding("identity")
        .build();
    let mut request = Agent::new_with_config(config).get(url);
    if from > 0 {
        request = request.header("Range", format!("bytes={from}-"));
        if let Some(etag) = etag {
            request = request.header("If-Range", etag);
        }
    }
    let response = request.call().map_err(|error| Failure::Passing(error.to_string()))?;
    let status = response.status().as_u16();
    match status {
        200 | 206 | 416 => {}
        408 | 429 | 500..=599 => return Err(Failure::Passing(format!("the server answers {status}"))),
        _ => return Err(Failure::Status(status)),
    }
    let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let (etag, length) = (header("etag"), header("content-length").and_then(|length| length.parse().ok()));
    // A thread of its own reads, so that a server that falls silent can be told from a slow one; it ends when the
    // connection does.
    let (sender, chunks) = mpsc::sync_channel(16);
    let mut body = response.into_body().into_reader();
    std::thread::spawn(move || {
        loop {
            let mut chunk = vec![0; 1 << 16];
            let sent = match body.read(&mut chunk) {
                Ok(0) => return,
                Ok(read) => {
                    chunk.truncate(read);
                    sender.send(Ok(chunk))
                }
                Err(error) => {
                    let _ = sender.send(Err(error));
                    return;
                }
            };
            if sent.is_err() {
                return;
            }
        }
    });
    Ok(Response { status, etag, length, chunks, options: options.clone() })
}

impl Response {
    /// The next bytes; none at the end.
    pub(super) fn next_chunk(&self) -> Result<Option<Vec<u8>>, Failure> {
        match self.chunks.recv_timeout(self.options.stall_timeout) {
            Ok(Ok(chunk)) => Ok(Some(chunk)),
            Ok(Err(error)) => Err(Failure::Passing(format!("the connection broke off ({error})"))),
            Err(RecvTimeoutError::Disconnected) => Ok(None),
            Err(RecvTimeoutError::Timeout) => Err(Failure::Passing(format!(
                "the server sent nothing for {:.0} s",
                self.options.stall_timeout.as_secs_f64()
            ))),
        }
    }
}
