//! Asks a Prometheus, or what speaks like one, for its alert rules.
use std::collections::BTreeMap;
use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Client, Response, StatusCode, Url};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::reason::{brief, reason};
use crate::runbook::suggest::AlertRule;

const CONNECT: Duration = Duration::from_secs(3);
/// Thousands of rules are megabytes, and a busy server evaluates them while it answers.
const ANSWER: Duration = Duration::from_secs(20);
/// No team has more rules than fit into this.
const MOST_BYTES: usize = 64 << 20;

/// How to get in.
#[derive(Debug, Default)]
pub enum Login {
    #[default]
    Open,
    Basic {
        username: String,
        password: SecretString,
    },
    Bearer(SecretString),
}

/// The alert rules that the server evaluates; else why there are none to be had.
pub async fn alert_rules(address: &str, login: &Login) -> Result<Vec<AlertRule>, String> {
    let url = rules_of(address)?;
    let client = client(&url).map_err(|error| reason(&error))?;
    let mut request = client.get(url).query(&[("type", "alert")]);
    request = match login {
        Login::Open => request,
        Login::Basic { username, password } => request.basic_auth(username, Some(password.expose_secret())),
        Login::Bearer(token) => request.bearer_auth(token.expose_secret()),
    };
    let answer = request.send().await.map_err(|error| why(&error))?;
    refused(&answer)?;
    read(&body(answer).await?, address)
}

#[derive(Deserialize)]
struct Answer {
    data: Option<Groups>,
    #[serde(default)]
    error: String,
}

#[derive(Deserialize)]
struct Groups {
    groups: Vec<Group>,
}

#[derive(Deserialize)]
struct Group {
    #[serde(default)]
    rules: Vec<Rule>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Rule {
    name: String,
    query: String,
    r#type: String,
    labels: BTreeMap<String, String>,
    annotations: BTreeMap<String, String>,
}

fn read(text: &[u8], address: &str) -> Result<Vec<AlertRule>, String> {
    let answer: Answer = serde_json::from_slice(text).map_err(|_| {
        "does not answer as a Prometheus does: is it one, and is its path complete?".to_owned()
    })?;
    let Some(data) = answer.data else {
        return Err(format!("answers with an error: {}", brief(&answer.error)));
    };
    let rules = data.groups.into_iter().flat_map(|group| group.rules);
    // Not every server heeds the wish for alerts alone.
    let alerts = rules.filter(|rule| rule.r#type == "alerting" && !rule.name.is_empty());
    Ok(alerts
        .map(|rule| AlertRule {
            name: rule.name,
            expr: rule.query,
            labels: rule.labels.into_iter().collect(),
            annotations: rule.annotations.into_iter().collect(),
            source: shown(address),
            line: 0,
        })
        .collect())
}

/// An address without the name and password that may stand in it.
pub fn shown(address: &str) -> String {
    let Ok(mut url) = Url::parse(address) else { return brief(address) };
    let bare = url.set_username("").and_then(|()| url.set_password(None)).is_ok();
    if bare {
        brief(url.as_str().trim_end_matches('/'))
    } else {
        url.host_str().unwrap_or_default().to_owned()
    }
}

fn rules_of(address: &str) -> Result<Url, String> {
    let no_address = "is no address: write `http://prometheus:9090`";
    let mut url = Url::parse(address).map_err(|_| no_address.to_owned())?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err(no_address.into());
    }
    url.set_query(None);
    url.set_fragment(None);
    url.path_segments_mut()
        .map_err(|()| no_address.to_owned())?
        .pop_if_empty()
        .extend(["api", "v1", "rules"]);
    Ok(url)
}

fn client(url: &Url) -> reqwest::Result<Client> {
    let builder = Client::builder()
        .connect_timeout(CONNECT)
        .timeout(ANSWER)
        // A login page would answer with 200 and tell nothing.
        .redirect(Policy::none())
        .user_agent(concat!("firedeck/", env!("CARGO_PKG_VERSION")));
    // Without TLS a box may lack every authority, and nothing is asked of them.
    if url.scheme() == "http" { builder.tls_certs_only([]).build() } else { builder.build() }
}

/// Addresses can hold passwords; a timeout is named by its type only at the outside.
fn why(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "timed out".into();
    }
    reason(error)
}

fn refused(answer: &Response) -> Result<(), String> {
    let status = answer.status();
    Err(match status {
        StatusCode::UNAUTHORIZED => {
            "not logged in (401): set `token`, or `username` and `password`, in the profile".into()
        }
        StatusCode::FORBIDDEN => "forbidden (403): these credentials may not read its rules".into(),
        StatusCode::NOT_FOUND => {
            "has no /api/v1/rules (404): is it a Prometheus, and is its path complete?".into()
        }
        status if status.is_redirection() => {
            let to =
                answer.headers().get("location").and_then(|to| to.to_str().ok()).unwrap_or("another place");
            format!("leads to {}: name the address where it answers itself", brief(to))
        }
        status if status.is_success() => return Ok(()),
        status => format!("answers {}", status.as_u16()),
    })
}

async fn body(mut answer: Response) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|error| why(&error))? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > MOST_BYTES {
            return Err(format!("answers with more than {} MB", MOST_BYTES >> 20));
        }
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_of_a_server_behind_a_proxy_is_kept() {
        let of = |address| rules_of(address).map(|url| url.to_string());
        assert_eq!(of("http://p:9090"), Ok("http://p:9090/api/v1/rules".into()));
        assert_eq!(
            of("https://x.example/prometheus/?a=b#c"),
            Ok("https://x.example/prometheus/api/v1/rules".into())
        );
        assert!(of("prometheus:9090").is_err() && of("ftp://x/").is_err() && of("").is_err());
        assert_eq!(shown("http://me:hunter2@p:9090/"), "http://p:9090");
    }

    #[test]
    fn only_alerting_rules_are_taken() {
        let text = r#"{"status":"success","data":{"groups":[{"name":"g","rules":[
            {"type":"recording","name":"a:b","query":"1"},
            {"type":"alerting","name":"CraneDown","query":"up == 0","labels":{"severity":"page"},
             "annotations":{"runbook_url":"https://x/crane"},"alerts":[],"health":"ok"}]}]}}"#;
        let rules = read(text.as_bytes(), "http://p").expect("read");
        let [rule] = rules.as_slice() else { panic!("{rules:?}") };
        assert_eq!(
            (rule.name.as_str(), rule.url(), rule.label("severity")),
            ("CraneDown", Some("https://x/crane"), Some("page"))
        );
        let refused = r#"{"status":"error","errorType":"bad_data","error":"no such thing"}"#;
        assert_eq!(
            read(refused.as_bytes(), "").expect_err("refused"),
            "answers with an error: no such thing"
        );
        assert!(read(b"<html>", "").is_err());
    }
}
