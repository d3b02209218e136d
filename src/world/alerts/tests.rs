//! An Alertmanager as its clients see it.
use futures::FutureExt;
use http_body_util::BodyExt;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;
use crate::world::base::Shared;
use crate::world::http::Request;

const START: &str = "2026-03-02T03:00:00Z";

fn at(seconds: i64) -> Timestamp {
    START.parse::<Timestamp>().expect("a time") + SignedDuration::from_secs(seconds)
}

fn quiet() -> Alerts {
    Alerts::new(Config::simple("on-call", &["service"], &["namespace", "pod"]), 1, at(0))
}

fn told(labels: &[(&str, &str)]) -> Sent {
    let labels = labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Sent { labels, ..Sent::default() }
}

fn ask(alerts: &mut Alerts, method: &str, path: &str, body: &str) -> (u16, Value) {
    let request =
        http::Request::builder().method(method).uri(path).header("content-type", "application/json");
    let mut request = request.body(()).expect("a request");
    let upgrade = hyper::upgrade::on(&mut request);
    let request = Request { parts: request.into_parts().0, body: body.as_bytes().to_vec().into(), upgrade };
    let answer = alerts.answer(&request);
    let code = answer.status().as_u16();
    let body = answer.into_body().collect().now_or_never().expect("at once").expect("a body").to_bytes();
    (code, serde_json::from_slice(&body).unwrap_or_else(|_| String::from_utf8_lossy(&body).into()))
}

fn silence(alerts: &mut Alerts, body: &Value) -> (u16, Value) {
    ask(alerts, "POST", "/api/v2/silences", &body.to_string())
}

fn wanted(alertname: &str, until: i64) -> Value {
    json!({"matchers": [{"name": "alertname", "value": alertname, "isRegex": true}], "createdBy": "jane",
        "comment": "known", "startsAt": at(0).to_string(), "endsAt": at(until).to_string()})
}

fn named(alerts: &mut Alerts, path: &str) -> Vec<String> {
    let (code, all) = ask(alerts, "GET", path, "");
    assert_eq!(code, 200, "{all}");
    let name = |one: &Value| one["labels"]["alertname"].as_str().expect("a name").to_owned();
    all.as_array().expect("a list").iter().map(name).collect()
}

#[test]
fn an_alert_has_the_fingerprint_of_the_original() {
    let mut alerts = quiet();
    alerts.receive(vec![told(&[("alertname", "Watchdog"), ("cluster", "lab"), ("severity", "none")])]);
    let (_, all) = ask(&mut alerts, "GET", "/api/v2/alerts", "");
    assert_eq!(all[0]["fingerprint"], "e5c10d261947d5d9");
    assert_eq!(all[0]["receivers"], json!([{"name": "on-call"}]));
}

#[test]
fn a_critical_alert_holds_back_the_warning_about_the_same_pod_alone() {
    let mut alerts = quiet();
    let of = |name, severity, pod| told(&[("alertname", name), ("severity", severity), ("pod", pod)]);
    let all = vec![of("Down", "critical", "a"), of("SlowA", "warning", "a"), of("SlowB", "warning", "b")];
    alerts.receive(all);
    assert_eq!(named(&mut alerts, "/api/v2/alerts?active=false"), ["SlowA"]);
    assert_eq!(alerts.facts().len(), 3);
    let mut over = of("Down", "critical", "a");
    over.ends = Some(at(0));
    alerts.receive(vec![over]);
    assert!(named(&mut alerts, "/api/v2/alerts?active=false").is_empty());
}

#[test]
fn a_silence_holds_back_what_it_hits_until_it_is_ended_and_is_kept() {
    let mut alerts = quiet();
    alerts.receive(vec![told(&[("alertname", "Slow")]), told(&[("alertname", "Slower")])]);
    let (code, made) = silence(&mut alerts, &wanted("Slow.*", 60));
    let id = made["silenceID"].as_str().expect("an id").to_owned();
    assert_eq!((code, named(&mut alerts, "/api/v2/alerts?silenced=false").len()), (200, 0));
    let mut longer = wanted("Slow.*", 90);
    longer["id"] = json!(id);
    let path = format!("/api/v2/silence/{id}");
    let before = ask(&mut alerts, "GET", &path, "").1["updatedAt"].clone();
    assert_eq!(silence(&mut alerts, &longer), (200, json!({"silenceID": id})), "changed in place");
    assert_ne!(ask(&mut alerts, "GET", &path, "").1["updatedAt"], before, "whoever looked before knows it");
    let mut other = wanted("Slower", 90);
    other["id"] = json!(id);
    let (_, other) = silence(&mut alerts, &other);
    assert_ne!(other["silenceID"], json!(id), "what hits something else is another one");
    assert_eq!(named(&mut alerts, "/api/v2/alerts?silenced=false"), ["Slow"]);
    alerts.tick(at(91));
    let (_, all) = ask(&mut alerts, "GET", "/api/v2/silences", "");
    let states: Vec<&Value> =
        all.as_array().expect("a list").iter().map(|one| &one["status"]["state"]).collect();
    assert_eq!(states, ["expired", "expired"]);
    let deeds = alerts.deeds();
    let did: Vec<Did> = deeds.iter().map(|deed| deed.did).collect();
    assert_eq!(did, [Did::Silenced, Did::Changed, Did::Expired, Did::Silenced]);
    assert_eq!((deeds[0].hit.len(), alerts.deeds().len()), (2, 0));
}

#[test]
fn ending_a_silence_tells_its_alerts_again_and_one_that_never_was_is_not_found() {
    let mut alerts = quiet();
    alerts.receive(vec![told(&[("alertname", "Slow")]), told(&[("alertname", "Slower")])]);
    let (_, made) = silence(&mut alerts, &wanted("Slow", 60));
    let path = format!("/api/v2/silence/{}", made["silenceID"].as_str().expect("an id"));
    assert_eq!(named(&mut alerts, "/api/v2/alerts?silenced=false"), ["Slower"]);
    assert_eq!(ask(&mut alerts, "DELETE", &path, "").0, 200);
    assert_eq!(ask(&mut alerts, "GET", &path, "").1["status"]["state"], "expired");
    assert_eq!(named(&mut alerts, "/api/v2/alerts?silenced=false").len(), 2);
    let never = "/api/v2/silence/00000000-0000-4000-8000-000000000000";
    assert_eq!(ask(&mut alerts, "DELETE", never, "").0, 404);
    assert_eq!(ask(&mut alerts, "GET", "/api/v2/silence/never", "").0, 422);
}

#[test]
fn a_wrong_silence_is_refused_in_the_words_of_the_original() {
    let mut alerts = quiet();
    let with = |key: &str, value: Value| {
        let mut body = wanted("Slow", 60);
        body[key] = value;
        body
    };
    let matcher = |value: &str| json!([{"name": "a", "value": value, "isRegex": true}]);
    for (body, code, words) in [
        (with("comment", Value::Null), 422, "comment in body is required"),
        (with("matchers", json!([])), 422, "matchers in body should have at least 1 items"),
        (
            with("matchers", json!([{"name": "a", "value": "b"}])),
            422,
            "matchers.0.isRegex in body is required",
        ),
        (with("matchers", matcher(".*")), 400, "at least one matcher must not match the empty string"),
        (with("matchers", matcher("(")), 400, "error parsing regexp: unclosed group: `(`"),
        (with("matchers", matcher(&"x".repeat(1 << 17))), 400, "silence exceeded maximum size"),
        (with("endsAt", json!(at(-60).to_string())), 400, "start time must be before end time"),
        (with("startsAt", json!("tomorrow")), 400, "parsing silence body from"),
        (with("id", json!("x")), 404, "silence not found"),
    ] {
        let (said, why) = silence(&mut alerts, &body);
        assert!(said == code && why.to_string().contains(words), "{words}: {said} {why}");
    }
    alerts.tick(at(120));
    let (code, why) = silence(&mut alerts, &wanted("Slow", 60));
    assert_eq!((code, why), (400, "Failed to create silence: end time can't be in the past".into()));
}

#[test]
fn an_alert_is_over_at_its_end_or_when_nobody_sends_it_again() {
    let mut alerts = quiet();
    let body = json!([{"labels": {"alertname": "Brief"}, "endsAt": at(60).to_string(), "generatorURL": null},
        {"labels": {"alertname": "Open"}}]);
    assert_eq!(ask(&mut alerts, "POST", "/api/v2/alerts", &body.to_string()).0, 200);
    let sooner = json!([{"labels": {"alertname": "Brief"}, "endsAt": at(30).to_string()}]);
    assert_eq!(ask(&mut alerts, "POST", "/api/v2/alerts", &sooner.to_string()).0, 200);
    alerts.tick(at(59));
    assert_eq!(named(&mut alerts, "/api/v2/alerts").len(), 2, "the later end counts");
    alerts.tick(at(61));
    assert_eq!(named(&mut alerts, "/api/v2/alerts"), ["Open"]);
    let now = at(61) + SignedDuration::from_millis(200);
    for ends in [at(200), now] {
        // Who sends it reads a clock that has gone on.
        let body = json!([{"labels": {"alertname": "Ended"}, "endsAt": ends.to_string()}]);
        assert_eq!(ask(&mut alerts, "POST", "/api/v2/alerts", &body.to_string()).0, 200);
    }
    alerts.tick(now);
    assert_eq!(named(&mut alerts, "/api/v2/alerts"), ["Open"]);
    alerts.receive(vec![told(&[("alertname", "Open")])]);
    alerts.tick(at(350));
    assert_eq!(ask(&mut alerts, "GET", "/api/v2/alerts", "").1[0]["startsAt"], "2026-03-02T03:00:00.000Z");
    alerts.tick(at(362));
    assert!(named(&mut alerts, "/api/v2/alerts").is_empty());
}

#[test]
fn alerts_are_found_by_matchers_and_told_in_groups() {
    let mut alerts = quiet();
    alerts.receive(vec![told(&[("alertname", "A"), ("service", "shop")]), told(&[("alertname", "B")])]);
    alerts.receive(vec![told(&[("alertname", "C"), ("service", "nightly")])]);
    for (filter, wanted) in [
        ("filter=service%3D%22shop%22", vec!["A"]),
        ("filter=alertname%3D~%22A%7CB%22&filter=service%3D%22%22", vec!["B"]),
        ("filter=service!~%22.%2B%22", vec!["B"]),
    ] {
        assert_eq!(named(&mut alerts, &format!("/api/v2/alerts?{filter}")), wanted, "{filter}");
    }
    let (code, why) = ask(&mut alerts, "GET", "/api/v2/alerts?filter=foo", "");
    assert_eq!((code, why), (400, "bad matcher format: foo".into()));
    let (_, groups) = ask(&mut alerts, "GET", "/api/v2/alerts/groups", "");
    assert_eq!(groups.as_array().expect("a list").len(), 3);
    assert_eq!(groups[1]["labels"], json!({"service": "nightly"}));
    assert_eq!(groups[1]["alerts"][0]["labels"]["alertname"], "C");
    let (_, status) = ask(&mut alerts, "GET", "/api/v2/status", "");
    let original = status["config"]["original"].as_str().expect("a file");
    assert!(original.contains("  group_by:\n  - service\ninhibit_rules:\n"), "{original}");
}

#[test]
fn what_there_is_not_is_said_not_to_be_there() {
    let mut alerts = quiet();
    assert_eq!(ask(&mut alerts, "GET", "/api/v1/alerts", "").0, 404);
    let (code, why) = ask(&mut alerts, "PUT", "/api/v2/silences", "");
    assert_eq!((code, &why["message"]), (405, &json!("method PUT is not allowed")));
}

#[test]
fn a_flood_is_held_within_bounds() {
    let mut alerts = quiet();
    let made = (0..300).map(|_| silence(&mut alerts, &wanted("x", 60)).0).filter(|code| *code == 200).count();
    assert_eq!(made, 250);
    let flood = |n: usize| told(&[("alertname", "Storm"), ("n", &n.to_string())]);
    alerts.receive((0..15_000).map(flood).collect());
    assert_eq!(alerts.known.len(), MOST);
}

#[tokio::test]
async fn it_is_served_over_tcp() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let shared = Shared::new(quiet());
    let server = tokio::spawn(serve::serve(listener, shared.whole()));
    let mut client = tokio::net::TcpStream::connect(address).await.expect("a connection");
    let request = "GET /-/ready HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    client.write_all(request.as_bytes()).await.expect("sent");
    let mut answer = String::new();
    client.read_to_string(&mut answer).await.expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.ends_with("OK"), "{answer}");
    server.abort();
}
