//! Asks a Prometheus, or what speaks like one, for its alert rules.
use std::collections::BTreeMap;
use std::time::Duration;

use reqwest::{Method, Url};
use serde::Deserialize;

use super::backend::Secrets;
use super::http::{self, Entry, Way, shown};
use super::reason::brief;
use crate::runbook::suggest::AlertRule;

/// Thousands of rules are megabytes, and a busy server evaluates them while it answers.
const ANSWER: Duration = Duration::from_secs(20);

/// The alert rules that the server evaluates; else why there are none to be had.
pub async fn alert_rules(entry: Entry<'_>, secrets: &Secrets) -> Result<Vec<AlertRule>, String> {
    let url = rules_of(entry.url)?;
    let way = Way::open(entry, secrets, ANSWER).await?;
    let request = way.request(Method::GET, url).query(&[("type", "alert")]);
    let answer = request.send().await.map_err(|error| way.why(&error))?;
    http::refused(&answer, "/api/v1/rules")?;
    read(&http::body(answer, http::MOST_BYTES).await?, entry.url)
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
