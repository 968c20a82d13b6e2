//! One attempt to get the rest of a file over HTTP.

use std::io::{self, ErrorKind, Read as _};
use std::net::IpAddr;
use std::time::Duration;

use ureq::http::{Uri, header};
use ureq::{Agent, BodyReader, Error, ResponseExt as _, Timeout};

use super::{FetchOptions, certificates};

/// A running response.
pub(super) struct Response {
    pub(super) status: u16,
    /// What the server recognizes this state of the file by: a strong ETag, else the time of its last change.
    pub(super) validator: Option<String>,
    /// The file's byte that comes first; none where the server does not say.
    pub(super) start: Option<u64>,
    /// Bytes that this response is to bring, where the server says.
    pub(super) length: Option<u64>,
    body: BodyReader<'static>,
    stall_timeout: Duration,
}

/// Why an attempt failed.
#[derive(Debug)]
pub(super) enum Failure {
    /// The server's answer is final.
    Status(u16),
    /// Trying again would not help.
    Final(String),
    /// It may pass.
    Passing(String),
}

/// Asks for a file from byte `from` on, provided that it still is the one that `validator` stands for.
pub(super) fn get(
    url: &str,
    from: u64,
    validator: Option<&str>,
    options: &FetchOptions,
) -> Result<Response, Failure> {
    let mut config = Agent::config_builder()
        .timeout_connect(Some(options.connect_timeout))
        .timeout_recv_response(Some(options.stall_timeout))
        .timeout_per_read(Some(options.stall_timeout))
        .http_status_as_error(false)
        .user_agent(concat!("lossnet/", env!("CARGO_PKG_VERSION")))
        // Bytes are counted as the server counts them.
        .accept_encoding("identity");
    if is_loopback(url) {
        // A proxy could not reach this machine's own servers.
        config = config.proxy(None);
    }
    if let Some(tls) = certificates::named() {
        config = config.tls_config(tls.map_err(Failure::Final)?);
    }
    let mut request = Agent::new_with_config(config.build()).get(url);
    if from > 0 {
        request = request.header(header::RANGE, format!("bytes={from}-"));
        if let Some(validator) = validator {
            request = request.header(header::IF_RANGE, validator);
        }
    }
    let response = request.call().map_err(|error| failure(error, options))?;
    let status = response.status().as_u16();
    match status {
        200 | 206 | 416 => {}
        408 | 425 | 429 | 500..=599 => return Err(Failure::Passing(format!("the server answers {status}"))),
        _ => return Err(Failure::Status(status)),
    }
    if response.get_uri() != url {
        tracing::debug!("{url} was redirected to {}", response.get_uri());
    }
    let text = |name| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    // A weak ETag stands for files that are equal in meaning, not in bytes.
    let etag = text(header::ETAG).filter(|etag| etag.starts_with('"'));
    let validator = etag.or_else(|| text(header::LAST_MODIFIED));
    let length = text(header::CONTENT_LENGTH).and_then(|length| length.trim().parse().ok());
    let start = text(header::CONTENT_RANGE).and_then(|range| first_byte(&range));
    let body = response.into_body().into_reader();
    Ok(Response { status, validator, start, length, body, stall_timeout: options.stall_timeout })
}

/// The first byte of a `Content-Range` such as `bytes 100-199/200`.
fn first_byte(range: &str) -> Option<u64> {
    range.trim().strip_prefix("bytes")?.trim_start().split_once('-')?.0.parse().ok()
}

fn is_loopback(url: &str) -> bool {
    let uri = url.parse::<Uri>().ok();
    let host = uri.as_ref().and_then(Uri::host).unwrap_or_default();
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn failure(error: Error, options: &FetchOptions) -> Failure {
    match error {
        Error::Timeout(Timeout::Connect | Timeout::Resolve) => {
            let seconds = options.connect_timeout.as_secs_f64();
            Failure::Passing(format!("there was no connection within {seconds} s"))
        }
        Error::Timeout(_) => silent(options.stall_timeout),
        Error::TooManyRedirects | Error::RedirectFailed => {
            Failure::Final("the server redirects without end".to_owned())
        }
        Error::BadUri(_) | Error::Http(_) | Error::InvalidProxyUrl => Failure::Final(error.to_string()),
        error if certificates::is_at_fault(&error) => Failure::Final(format!(
            "the server's certificate is not to be trusted ({error}); behind a proxy with certificates of its own name them \
             with SSL_CERT_FILE=FILE.pem"
        )),
        error => Failure::Passing(error.to_string()),
    }
}

fn silent(timeout: Duration) -> Failure {
    Failure::Passing(format!("the server sent nothing for {} s", timeout.as_secs_f64()))
}

/// Whether reading failed because nothing came: ureq hides its own error in the system's.
fn is_timeout(error: &io::Error) -> bool {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>());
    error.kind() == ErrorKind::TimedOut || matches!(inner, Some(Error::Timeout(_)))
}

impl Response {
    /// Reads the next bytes into `buffer` and says how many; 0 at the end.
    pub(super) fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Failure> {
        loop {
            return match self.body.read(buffer) {
                Ok(read) => Ok(read),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) if is_timeout(&error) => Err(silent(self.stall_timeout)),
                Err(error) => Err(Failure::Passing(format!("the connection broke off ({error})"))),
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_and_hosts_are_read() {
        assert_eq!(first_byte("bytes 100-199/200"), Some(100));
        assert_eq!(first_byte("bytes */200"), None);
        assert_eq!(first_byte("pages 1-2/3"), None);
        for own in ["http://127.0.0.1:80/x", "http://localhost/x", "http://[::1]:8080/x"] {
            assert!(is_loopback(own), "{own}");
        }
        for other in ["http://example.org/127.0.0.1", "https://localhost.example.org/", "nonsense"] {
            assert!(!is_loopback(other), "{other}");
        }
    }
}
