//! Settings of `mlflow`, and what the environment says: secrets are read there only, as MLflow's own clients do.

use std::collections::BTreeMap;
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lossnet_plugin_api::PluginError;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Settings of `mlflow`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct MlFlowSettings {
    /// Address of the tracking server, such as `http://localhost:5000`; without it `MLFLOW_TRACKING_URI` says it. Secrets
    /// come from `MLFLOW_TRACKING_TOKEN`, or `MLFLOW_TRACKING_USERNAME` and `MLFLOW_TRACKING_PASSWORD`.
    pub(super) tracking_uri: Option<String>,
    /// Name of the MLflow experiment, made if there is none; default: the name of lossnet's.
    pub(super) experiment: Option<String>,
    /// Tags of the runs, beside lossnet's own.
    pub(super) tags: BTreeMap<String, String>,
    /// Whether the config, the result and images are uploaded.
    pub(super) artifacts: bool,
    /// Whether checkpoints are uploaded when a cell is complete.
    pub(super) checkpoints: bool,
    /// How long the server may take for an answer, in seconds.
    #[schemars(range(min = 0.1, max = 100.0))]
    pub(super) timeout_seconds: f64,
}

impl Default for MlFlowSettings {
    fn default() -> Self {
        MlFlowSettings {
            tracking_uri: None,
            experiment: None,
            tags: BTreeMap::new(),
            artifacts: true,
            checkpoints: false,
            timeout_seconds: 10.0,
        }
    }
}

/// Where the server is, and what to show it.
#[derive(Clone, Default, PartialEq, Eq)]
pub(super) struct Server {
    /// Its address without a secret and without a slash at the end.
    pub(super) address: String,
    /// The header `Authorization`.
    pub(super) authorization: Option<String>,
    /// Whether its certificate is not to be checked.
    pub(super) insecure: bool,
    /// A file of certificates to trust.
    pub(super) certificates: Option<PathBuf>,
}

impl MlFlowSettings {
    /// The server that these settings and this environment mean.
    pub(super) fn server(&self, variable: impl Fn(&str) -> Option<String>) -> Result<Server, PluginError> {
        let variable = |name: &str| variable(name).filter(|text| !text.is_empty());
        let from_environment = variable("MLFLOW_TRACKING_URI");
        let Some(address) = self.tracking_uri.clone().or_else(|| from_environment.clone()) else {
            return Err(PluginError::input("mlflow: no tracking server is set")
                .with_help("set `tracking_uri` under [trackers.mlflow], or MLFLOW_TRACKING_URI"));
        };
        let parts = address
            .split_once("://")
            .filter(|(scheme, rest)| matches!(*scheme, "http" | "https") && !rest.is_empty());
        let Some((scheme, rest)) = parts else {
            return Err(PluginError::input(format!("mlflow: `{address}` is not an address of a tracking server"))
                .with_help(
                    "give one that begins with http:// or https://; `mlflow server` makes a server of a folder or a database",
                ));
        };
        let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let (secret, host) =
            host.rsplit_once('@').map_or((None, host), |(secret, host)| (Some(secret), host));
        if secret.is_some() && self.tracking_uri.is_some() {
            return Err(PluginError::input(
                "mlflow: `tracking_uri` holds a password, which a config should not",
            )
            .with_help("set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD"));
        }
        let basic = |pair: String| format!("Basic {}", STANDARD.encode(pair));
        let user = variable("MLFLOW_TRACKING_USERNAME");
        // In the order of MLflow's own client.
        let authorization = user
            .map(|user| basic(format!("{user}:{}", variable("MLFLOW_TRACKING_PASSWORD").unwrap_or_default())))
            .or_else(|| variable("MLFLOW_TRACKING_TOKEN").map(|token| format!("Bearer {token}")))
            .or_else(|| secret.map(|secret| basic(secret.to_owned())));
        Ok(Server {
            address: format!("{scheme}://{host}{path}").trim_end_matches('/').to_owned(),
            authorization,
            insecure: variable("MLFLOW_TRACKING_INSECURE_TLS").is_some_and(|text| text == "true"),
            certificates: variable("MLFLOW_TRACKING_SERVER_CERT_PATH").map(PathBuf::from),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(uri: Option<&str>, environment: &[(&str, &str)]) -> Result<Server, PluginError> {
        let settings = MlFlowSettings { tracking_uri: uri.map(str::to_owned), ..MlFlowSettings::default() };
        settings.server(|name| {
            environment.iter().find(|(known, _)| *known == name).map(|(_, text)| (*text).to_owned())
        })
    }

    #[test]
    fn the_settings_come_before_the_environment() {
        let uri = ("MLFLOW_TRACKING_URI", "http://there:1/");
        assert_eq!(server(Some("http://here/ml/"), &[uri]).unwrap().address, "http://here/ml");
        assert_eq!(server(None, &[uri]).unwrap().address, "http://there:1");
        assert!(server(None, &[]).err().unwrap().help.unwrap().contains("MLFLOW_TRACKING_URI"));
    }

    #[test]
    fn secrets_come_from_the_environment() {
        let user = ("MLFLOW_TRACKING_USERNAME", "Aladdin");
        let password = ("MLFLOW_TRACKING_PASSWORD", "open sesame");
        let token = ("MLFLOW_TRACKING_TOKEN", "abc");
        let authorization =
            |environment: &[(&str, &str)]| server(Some("http://here"), environment).unwrap().authorization;
        // RFC 7617's own example.
        let basic = "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==";
        assert_eq!(authorization(&[user, password, token]).unwrap(), basic);
        assert_eq!(authorization(&[token]).unwrap(), "Bearer abc");
        assert_eq!(authorization(&[]), None);
        let uri = ("MLFLOW_TRACKING_URI", "https://Aladdin:open sesame@there/x");
        let there = server(None, &[uri]).unwrap();
        assert_eq!(there.authorization.unwrap(), basic);
        assert_eq!(there.address, "https://there/x");
        let refused = server(Some("https://me:secret@there"), &[]).err().unwrap();
        assert!(refused.message.contains("password") && !refused.to_string().contains("secret"));
    }

    #[test]
    fn a_folder_is_no_server() {
        for uri in ["./mlruns", "file:///tmp/mlruns", "sqlite:///mlflow.db", "databricks", "http://"] {
            assert!(server(Some(uri), &[]).err().unwrap().message.contains(uri));
        }
    }
}
