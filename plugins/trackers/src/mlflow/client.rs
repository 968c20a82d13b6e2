//! MLflow's REST interface, version 2.0: <https://mlflow.org/docs/latest/rest-api.html>.

use std::net::Ipv4Addr;
use std::path::Path;
use std::time::Duration;

use lossnet_plugin_api::PluginError;
use serde_json::{Value, json};
use ureq::http::Response;
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::{Agent, Body};

use super::settings::Server;

/// Pauses before a request that failed in passing is made again.
const PAUSES: [Duration; 2] = [Duration::from_millis(300), Duration::from_secs(1)];

/// What an upload is given beyond the usual time: so many bytes a second at least.
const SLOWEST_UPLOAD: f64 = 1e6;

/// A server that answers.
pub(super) struct Client {
    server: Server,
    timeout: Duration,
    tls: TlsConfig,
}

/// Why a request failed.
enum Failure {
    /// It may work next time.
    Passing(PluginError),
    Final(PluginError),
    /// There is no such thing.
    Missing(PluginError),
}

impl Failure {
    fn into_error(self) -> PluginError {
        let (Failure::Passing(error) | Failure::Final(error) | Failure::Missing(error)) = self;
        error
    }
}

impl Client {
    pub(super) fn new(server: Server, timeout: Duration) -> Result<Client, PluginError> {
        let mut tls = TlsConfig::builder().disable_verification(server.insecure);
        if let Some(path) = &server.certificates {
            tls = tls.root_certs(RootCerts::from(certificates(path)?));
        }
        Ok(Client { server, timeout, tls: tls.build() })
    }

    /// The server's address.
    pub(super) fn address(&self) -> &str {
        &self.server.address
    }

    /// Asks for something; none if the server has no such thing.
    pub(super) fn get(&self, path: &str, query: &[(&str, &str)]) -> Result<Option<Value>, PluginError> {
        let url = self.url(path);
        let found = self.patiently(|agent| {
            let mut request = agent.get(&url).query_pairs(query.iter().copied());
            if let Some(authorization) = &self.server.authorization {
                request = request.header("Authorization", authorization);
            }
            request.call()
        });
        match found {
            Ok(value) => Ok(Some(value)),
            Err(Failure::Missing(_)) => Ok(None),
            Err(failure) => Err(failure.into_error()),
        }
    }

    /// Tells something.
    pub(super) fn post(&self, path: &str, body: &Value) -> Result<Value, PluginError> {
        let (url, text) = (self.url(path), body.to_string());
        self.patiently(|agent| {
            let mut request = agent.post(&url).header("Content-Type", "application/json");
            if let Some(authorization) = &self.server.authorization {
                request = request.header("Authorization", authorization);
            }
            request.send(&text)
        })
        .map_err(Failure::into_error)
    }

    /// Uploads a file to an address of the server's.
    pub(super) fn put(&self, url: &str, file: &Path) -> Result<(), PluginError> {
        let size = fs_err::metadata(file).map_err(crate::words::failed)?.len();
        let time = self.timeout + Duration::from_secs_f64(size as f64 / SLOWEST_UPLOAD);
        let agent = self.agent(url, time);
        let file = fs_err::File::open(file).map_err(crate::words::failed)?;
        let mut request = agent
            .put(url)
            .header("Content-Type", "application/octet-stream")
            .header("Content-Length", size.to_string());
        if let Some(authorization) = &self.server.authorization {
            request = request.header("Authorization", authorization);
        }
        let answer = request.send(ureq::SendBody::from_reader(&mut std::io::BufReader::new(file)));
        self.answer(answer).map(drop).map_err(Failure::into_error)
    }

    fn url(&self, path: &str) -> String {
        format!("{}/api/2.0/mlflow/{path}", self.server.address)
    }

    fn agent(&self, url: &str, time: Duration) -> Agent {
        let mut config = Agent::config_builder()
            .timeout_connect(Some(self.timeout))
            .timeout_global(Some(time))
            .http_status_as_error(false)
            .user_agent(concat!("lossnet/", env!("CARGO_PKG_VERSION")))
            .tls_config(self.tls.clone());
        if is_loopback(url) {
            // A proxy could not reach this machine's own servers.
            config = config.proxy(None);
        }
        Agent::new_with_config(config.build())
    }

    /// Makes a request again where its failure may pass; not where the server did not answer in time.
    fn patiently(
        &self,
        request: impl Fn(&Agent) -> Result<Response<Body>, ureq::Error>,
    ) -> Result<Value, Failure> {
        let agent = self.agent(&self.server.address, self.timeout);
        let mut pauses = PAUSES.iter();
        loop {
            match (self.answer(request(&agent)), pauses.next()) {
                (Err(Failure::Passing(_)), Some(pause)) => std::thread::sleep(*pause),
                (answer, _) => return answer,
            }
        }
    }

    fn answer(&self, answer: Result<Response<Body>, ureq::Error>) -> Result<Value, Failure> {
        let mut response = answer.map_err(|error| self.no_answer(&error))?;
        let status = response.status().as_u16();
        let text = response.body_mut().read_to_string().map_err(|error| self.no_answer(&error))?;
        let value: Value = serde_json::from_str(&text).unwrap_or(Value::Null);
        if (200..300).contains(&status) {
            return Ok(value);
        }
        let code = value["error_code"].as_str().unwrap_or_default();
        let said = value["message"].as_str().map_or_else(|| shortened(&text), str::to_owned);
        let error = PluginError::run(format!(
            "the MLflow server at {} answered with status {status}: {said}",
            self.server.address
        ));
        Err(match status {
            401 | 403 => Failure::Final(error.with_help(
                "set MLFLOW_TRACKING_TOKEN, or MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD",
            )),
            404 if code == "RESOURCE_DOES_NOT_EXIST" => Failure::Missing(error),
            429 | 500.. => Failure::Passing(error),
            _ => Failure::Final(error),
        })
    }

    fn no_answer(&self, error: &ureq::Error) -> Failure {
        let what = format!("the MLflow server at {} can't be reached: {error}", self.server.address);
        let told =
            PluginError::run(what).with_help("start it, or check `tracking_uri` under [trackers.mlflow]");
        match error {
            ureq::Error::Timeout(_) => {
                let seconds = self.timeout.as_secs_f64();
                Failure::Final(PluginError::run(format!(
                    "the MLflow server at {} did not answer within {seconds} s",
                    self.server.address
                )))
            }
            ureq::Error::Io(_) | ureq::Error::ConnectionFailed => Failure::Passing(told),
            _ => Failure::Final(told),
        }
    }

    /// The id of an experiment of this name, made if there is none.
    pub(super) fn experiment(&self, name: &str) -> Result<String, PluginError> {
        let find = || self.get("experiments/get-by-name", &[("experiment_name", name)]);
        if let Some(found) = find()? {
            let experiment = &found["experiment"];
            if experiment["lifecycle_stage"] == "deleted" {
                return Err(PluginError::input(format!("the MLflow experiment `{name}` was deleted"))
                    .with_help("restore it, or set another `experiment` under [trackers.mlflow]"));
            }
            return text(&experiment["experiment_id"]);
        }
        match self.post("experiments/create", &json!({ "name": name })) {
            Ok(made) => text(&made["experiment_id"]),
            // Another process may have made it in the meantime.
            Err(error) => match find()? {
                Some(found) => text(&found["experiment"]["experiment_id"]),
                None => Err(error),
            },
        }
    }

    /// The steps that a run has of a curve.
    pub(super) fn steps(&self, run: &str, key: &str) -> Result<Vec<u64>, PluginError> {
        let mut steps = Vec::new();
        let mut page = String::new();
        loop {
            let mut query = vec![("run_id", run), ("metric_key", key), ("max_results", "10000")];
            if !page.is_empty() {
                query.push(("page_token", &page));
            }
            let found = self.get("metrics/get-history", &query)?.unwrap_or_default();
            let points = found["metrics"].as_array().into_iter().flatten();
            // Numbers of 64 bits come as text where the server is true to its protocol.
            steps.extend(points.filter_map(|point| match &point["step"] {
                Value::String(text) => text.parse().ok(),
                number => number.as_u64(),
            }));
            match found["next_page_token"].as_str() {
                Some(next) if !next.is_empty() => next.clone_into(&mut page),
                _ => return Ok(steps),
            }
        }
    }
}

/// What a server must have said.
pub(super) fn text(value: &Value) -> Result<String, PluginError> {
    match value {
        Value::String(text) if !text.is_empty() => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string()),
        _ => Err(PluginError::run("the MLflow server's answer is not one of MLflow's")
            .with_help("check `tracking_uri` under [trackers.mlflow]")),
    }
}

fn certificates(path: &Path) -> Result<Vec<Certificate<'static>>, PluginError> {
    let bytes = fs_err::read(path).map_err(crate::words::failed)?;
    let items = parse_pem(&bytes).filter_map(|item| match item {
        Ok(PemItem::Certificate(certificate)) => Some(certificate),
        _ => None,
    });
    let certificates: Vec<_> = items.collect();
    if certificates.is_empty() {
        return Err(PluginError::input(format!("{} holds no certificate", path.display()))
            .with_help("MLFLOW_TRACKING_SERVER_CERT_PATH names a file in PEM format"));
    }
    Ok(certificates)
}

fn is_loopback(url: &str) -> bool {
    let Some((_, rest)) = url.split_once("://") else { return false };
    let host = rest.split('/').next().unwrap_or(rest);
    let host = host.rsplit_once(':').map_or(host, |(host, _)| host);
    host == "localhost"
        || host == "[::1]"
        || host.parse::<Ipv4Addr>().is_ok_and(|address| address.is_loopback())
}

/// The beginning of an answer that is not MLflow's, such as a proxy's page.
fn shortened(text: &str) -> String {
    const MOST: usize = 200;
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= MOST { line } else { line.chars().take(MOST).chain("…".chars()).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machines_own_servers_are_known() {
        for url in ["http://localhost:5000", "http://127.0.0.1:1/x", "http://[::1]:5000/api"] {
            assert!(is_loopback(url), "{url}");
        }
        for url in ["http://example.org", "https://127.example.org.invalid:1"] {
            assert!(!is_loopback(url), "{url}");
        }
    }

    #[test]
    fn long_answers_are_shortened() {
        assert_eq!(shortened("<p>\n  no </p>"), "<p> no </p>");
        assert_eq!(shortened(&"ä".repeat(500)).chars().count(), 201);
    }
}
