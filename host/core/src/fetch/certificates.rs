//! Which certificates servers are trusted by: Mozilla's, or those of a file that the user names, as for a proxy that looks
//! into connections.

use std::ffi::OsString;
use std::path::Path;

use ureq::Error;
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};

/// The variables that name such a file, the first one that is set: OpenSSL's, and those of Python's and curl's users.
const VARIABLES: [&str; 3] = ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"];

/// The settings for the certificates that the user names; a sentence where they can't be read.
pub(super) fn named() -> Option<Result<TlsConfig, String>> {
    let (variable, file): (&str, OsString) = VARIABLES.into_iter().find_map(|variable| {
        let named = std::env::var_os(variable)?;
        (!named.is_empty() && !Path::new(&named).is_dir()).then_some((variable, named))
    })?;
    Some(read(Path::new(&file)).map(with_roots).map_err(|reason| {
        format!("{variable} names {}, whose certificates can't be used: {reason}", Path::new(&file).display())
    }))
}

fn with_roots(certificates: Vec<Certificate<'static>>) -> TlsConfig {
    TlsConfig::builder().root_certs(RootCerts::from(certificates)).build()
}

fn read(file: &Path) -> Result<Vec<Certificate<'static>>, String> {
    let pem = std::fs::read(file).map_err(|error| error.to_string())?;
    let mut certificates = Vec::new();
    for item in parse_pem(&pem) {
        if let PemItem::Certificate(certificate) = item.map_err(|error| error.to_string())? {
            certificates.push(certificate);
        }
    }
    if certificates.is_empty() { Err("it holds none in PEM".to_owned()) } else { Ok(certificates) }
}

/// Whether a connection failed because of certificates, which does not pass.
pub(super) fn is_at_fault(error: &Error) -> bool {
    let text = error.to_string();
    matches!(error, Error::Tls(_) | Error::Pem(_)) || text.contains("certificate")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn certificates_are_read_from_pem() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("roots.pem");
        std::fs::write(&file, "-----BEGIN CERTIFICATE-----\nAAEC\n-----END CERTIFICATE-----\n").unwrap();
        assert_eq!(read(&file).unwrap()[0].der(), [0, 1, 2]);
        std::fs::write(&file, "nothing").unwrap();
        assert_eq!(read(&file).unwrap_err(), "it holds none in PEM");
        assert!(read(&folder.path().join("none.pem")).is_err());
    }

    #[test]
    fn what_does_not_pass_is_told_from_what_may() {
        assert!(is_at_fault(&Error::Tls("bad")));
        let io = |text: &str| Error::Io(std::io::Error::other(text.to_owned()));
        assert!(is_at_fault(&io("invalid peer certificate: UnknownIssuer")));
        assert!(!is_at_fault(&io("connection reset by peer")));
    }
}
