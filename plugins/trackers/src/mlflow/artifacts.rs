//! Files beside a run: through the server where it passes them on, else to where they lie, if that is on this machine.

use std::path::{Path, PathBuf};

use lossnet_plugin_api::PluginError;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use super::client::Client;
use crate::words::failed;

/// What a segment of a path must not hold as it is.
const SEGMENT: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'`')
    .add(b'%')
    .add(b'{')
    .add(b'}')
    .add(b'+');

/// Where a run's files go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Artifacts {
    /// To this address, file by file.
    Upload(String),
    /// Into this folder.
    Copy(PathBuf),
}

impl Artifacts {
    /// What a run's `artifact_uri` means, for a server at this address.
    pub(super) fn new(uri: &str, server: &str) -> Result<Artifacts, PluginError> {
        const PROXY: &str = "api/2.0/mlflow-artifacts/artifacts";
        let uri = uri.trim_end_matches('/');
        if let Some(rest) = uri.strip_prefix("mlflow-artifacts:") {
            // `mlflow-artifacts:/1/run/artifacts`, or with another server's name before the path.
            let Some(rest) = rest.strip_prefix("//") else {
                return Ok(Artifacts::Upload(format!("{server}/{PROXY}{}", encoded(rest))));
            };
            let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            let scheme = server.split_once("://").map_or("http", |(scheme, _)| scheme);
            let server = if host.is_empty() { server.to_owned() } else { format!("{scheme}://{host}") };
            return Ok(Artifacts::Upload(format!("{server}/{PROXY}{}", encoded(path))));
        }
        if uri.starts_with("http://") || uri.starts_with("https://") {
            return Ok(Artifacts::Upload(uri.to_owned()));
        }
        let path = uri.strip_prefix("file://").or_else(|| uri.strip_prefix("file:")).unwrap_or(uri);
        if path.starts_with('/') {
            let path = percent_encoding::percent_decode_str(path).decode_utf8_lossy();
            return Ok(Artifacts::Copy(PathBuf::from(path.as_ref())));
        }
        Err(PluginError::input(format!(
            "the MLflow server keeps files at {uri}, where lossnet can't put them"
        ))
        .with_help(
            "start the server with --serve-artifacts, or set `artifacts = false` under [trackers.mlflow]",
        ))
    }

    /// Puts a file under this name, whose parts are separated by `/`.
    pub(super) fn put(&self, client: &Client, name: &str, file: &Path) -> Result<(), PluginError> {
        match self {
            Artifacts::Upload(address) => client.put(&format!("{address}/{}", encoded(name)), file),
            Artifacts::Copy(folder) => {
                let place = folder.join(name);
                let told = |error: std::io::Error| {
                    failed(error).with_help(
                        "the server's folder must be on this machine: else start it with --serve-artifacts, or set `artifacts = false`",
                    )
                };
                if let Some(folder) = place.parent() {
                    fs_err::create_dir_all(folder).map_err(told)?;
                }
                fs_err::copy(file, place).map(drop).map_err(told)
            }
        }
    }
}

fn encoded(path: &str) -> String {
    utf8_percent_encode(path, SEGMENT).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_understood() {
        let here = "http://here:5000";
        let proxy = "api/2.0/mlflow-artifacts/artifacts";
        let upload = |address: String| Artifacts::Upload(address);
        for (uri, expected) in [
            ("mlflow-artifacts:/1/ab/artifacts", upload(format!("{here}/{proxy}/1/ab/artifacts"))),
            ("mlflow-artifacts://there:1/1/ab", upload(format!("http://there:1/{proxy}/1/ab"))),
            ("mlflow-artifacts:///1/ab", upload(format!("{here}/{proxy}/1/ab"))),
            ("file:///data/my%20runs/1", Artifacts::Copy(PathBuf::from("/data/my runs/1"))),
            ("/data/1/", Artifacts::Copy(PathBuf::from("/data/1"))),
        ] {
            assert_eq!(Artifacts::new(uri, here).unwrap(), expected, "{uri}");
        }
        let refused = Artifacts::new("s3://bucket/1", here).unwrap_err();
        assert!(refused.message.contains("s3://bucket/1") && refused.help.is_some());
    }

    #[test]
    fn names_are_fit_for_addresses() {
        assert_eq!(encoded("images/a b#1.png"), "images/a%20b%231.png");
    }
}
