//! A Prometheus as its clients see it.
use std::time::Duration;

use futures::FutureExt;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;
use crate::world::base::Shared;
use crate::world::http::{Request, decoded};

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_772_420_400 + seconds).expect("a time")
}

fn empty() -> Metrics {
    Metrics::new("http://prometheus", &[("cluster", "eu")], at(0))
}

/// Scrapes so often, with what is set before each.
fn scraped(metrics: &mut Metrics, times: std::ops::Range<i64>, set: impl Fn(&mut Metrics, i64)) {
    for nth in times {
        set(metrics, nth);
        metrics.tick(at(nth * EVERY));
    }
}

/// Ten minutes of a counter that grows by two a second, and of a gauge that goes up and down.
fn busy() -> Metrics {
    let mut metrics = empty();
    metrics.target("web", "a:80", Ok(()));
    scraped(&mut metrics, 0..121, |metrics, nth| {
        let seconds = f64::from(i32::try_from(nth * EVERY).expect("small"));
        metrics.set("hits_total", &[("job", "web"), ("code", "200")], 1_000.0 + 2.0 * seconds);
        metrics.set("hits_total", &[("job", "web"), ("code", "500")], 100.0 + 0.5 * seconds);
        metrics.set("load", &[("pod", "a")], if nth % 2 == 0 { 1.0 } else { 3.0 });
        metrics.set("load", &[("pod", "b")], seconds);
        metrics.set("limit", &[("pod", "b"), ("node", "n1")], 1_200.0);
        metrics.set("fallen_total", &[], seconds % 400.0);
        if nth >= 110 {
            metrics.set("late_total", &[("from", "100")], 100.0 + seconds - 550.0);
            metrics.set("late_total", &[("from", "5")], 5.0 + seconds - 550.0);
        }
    });
    metrics
}

fn ask(metrics: &Metrics, method: &str, path: &str, body: &str) -> (u16, Value) {
    let request = http::Request::builder().method(method).uri(path);
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    let mut request = request.body(()).expect(path);
    let upgrade = hyper::upgrade::on(&mut request);
    let request = Request { parts: request.into_parts().0, body: body.as_bytes().to_vec().into(), upgrade };
    let answer = metrics.answer(&request);
    let code = answer.status().as_u16();
    let body = answer.into_body().collect().now_or_never().expect("at once").expect("a body").to_bytes();
    (code, serde_json::from_slice(&body).unwrap_or_else(|_| String::from_utf8_lossy(&body).into()))
}

fn query(metrics: &Metrics, query: &str) -> (u16, Value) {
    ask(metrics, "GET", &format!("/api/v1/query?query={}", api::escaped(query)), "")
}

/// The values of what is found, in their order.
fn values(metrics: &Metrics, text: &str) -> Vec<String> {
    let (code, said) = query(metrics, text);
    assert_eq!(code, 200, "{text}: {said}");
    let value = |pair: &Value| pair[1].as_str().expect("a value").to_owned();
    match said["data"]["resultType"].as_str() {
        Some("vector") => {
            let all = said["data"]["result"].as_array().expect("a list");
            all.iter().map(|one| value(&one["value"])).collect()
        }
        _ => vec![value(&said["data"]["result"])],
    }
}

#[test]
fn what_is_there_from_the_start_has_long_been_so() {
    let mut metrics = empty();
    scraped(&mut metrics, 0..2, |metrics, nth| {
        metrics.set("old", &[], 7.0);
        if nth == 1 {
            metrics.set("new", &[], 7.0);
        }
    });
    assert_eq!(values(&metrics, "old offset 1h"), ["7"]);
    assert_eq!(values(&metrics, "rate(old[5m])"), ["0"]);
    assert!(values(&metrics, "old offset 5h").is_empty());
    assert!(values(&metrics, "new offset 1m").is_empty());
}

#[test]
fn what_is_not_measured_any_more_has_ended_at_once() {
    let mut metrics = empty();
    metrics.target("web", "a:80", Ok(()));
    let pod = |metrics: &mut Metrics, name| metrics.set("pod", &[("pod", name)], 1.0);
    let own = [("job", "web"), ("instance", "a:80")];
    scraped(&mut metrics, 0..3, |metrics, nth| {
        pod(metrics, "stays");
        metrics.set("own", &own, 1.0);
        if nth < 2 {
            pod(metrics, "goes");
        }
    });
    assert_eq!(values(&metrics, "count(pod)"), ["1"]);
    assert_eq!(values(&metrics, "count_over_time(pod{pod=\"goes\"}[10s])"), ["2"]);
    metrics.target("web", "a:80", Err("connection refused"));
    scraped(&mut metrics, 3..4, |metrics, _| metrics.set("own", &own, 1.0));
    assert_eq!(values(&metrics, "up"), ["0"]);
    assert!(values(&metrics, "own").is_empty(), "nobody could measure it");
    let (_, targets) = ask(&metrics, "GET", "/api/v1/targets?state=active", "");
    let target = &targets["data"]["activeTargets"][0];
    assert_eq!((&target["health"], &target["lastError"]), (&json!("down"), &json!("connection refused")));
}

#[test]
fn expressions_have_the_values_of_the_original() {
    let metrics = busy();
    for (text, wanted) in [
        ("sum(rate(hits_total[5m]))", vec!["2.5"]),
        ("100 * sum(rate(hits_total{code=~\"5..\"}[5m])) / sum(rate(hits_total[5m]))", vec!["20"]),
        ("increase(hits_total{code!=\"500\"}[1m])", vec!["120"]),
        ("increase(fallen_total[5m])", vec!["295"]),
        ("increase(late_total[5m])", vec!["52.5", "55"]),
        ("load", vec!["1", "600"]),
        ("load offset 5s", vec!["3", "595"]),
        ("load{pod=\"b\"} / on (pod) limit", vec!["0.5"]),
        ("load > 1 and on (pod) limit", vec!["600"]),
        ("load unless on (pod) limit", vec!["1"]),
        ("1 < load", vec!["600"]),
        ("nothing or vector(0)", vec!["0"]),
        ("avg_over_time(load{pod=\"a\"}[10s])", vec!["1.6666666666666667"]),
        ("topk(1, load)", vec!["600"]),
        ("absent(nothing)", vec!["1"]),
        ("histogram_quantile(0.5, sum by (le) (rate(hits_total[5m])))", vec![]),
        ("scalar(load)", vec!["NaN"]),
        ("-load{pod=\"a\"} ^ 2", vec!["-1"]),
        ("1 / 0", vec!["+Inf"]),
        ("time()", vec!["1772421000"]),
    ] {
        assert_eq!(values(&metrics, text), wanted, "{text}");
    }
    let (_, said) = query(&metrics, "label_replace(load, \"p\", \"x-$1\", \"pod\", \"(.*)\")");
    assert_eq!(said["data"]["result"][0]["metric"]["p"], "x-a");
}

#[test]
fn what_is_wrong_is_said_in_the_words_of_the_original() {
    let metrics = busy();
    for (text, code, words) in [
        ("", 400, "1:1: parse error: no expression found in input"),
        ("sum(", 400, "invalid parameter \"query\": 1:1: parse error"),
        ("foo(1)", 400, "unknown function with name 'foo'"),
        ("rate(up)", 400, "in call to function 'rate'"),
        ("load{pod=~\"(\"}", 400, "parse error"),
        ("deriv(load[1m])", 400, "unknown function with name \"deriv\""),
        ("load @ 1", 400, "`@` is not known"),
        ("load > bool 1", 400, "neither `bool` nor"),
        (
            "load * on () load",
            422,
            "many-to-many matching not allowed: matching labels must be unique on one side",
        ),
        ("label_replace(load, \"pod\", \"\", \"\", \"\")", 422, "metrics with the same labelset"),
        ("max_over_time(load[1h:1s])", 422, "expected a range"),
    ] {
        let (said, why) = query(&metrics, text);
        let error = why["error"].as_str().unwrap_or_default();
        assert!(said == code && why["status"] == "error" && error.contains(words), "{text}: {said} {why}");
    }
    assert_eq!(ask(&metrics, "PUT", "/api/v1/query", "").0, 405);
    assert_eq!(ask(&metrics, "GET", "/api/v1/nothing", "").0, 404);
}

#[test]
fn hostile_expressions_are_refused_on_a_small_stack() {
    let work = || {
        let metrics = busy();
        for (open, close) in [("(", ")"), ("-", ""), ("1+", ""), ("sum(", ")"), ("2^", ""), ("{", "}")] {
            let text = format!("{}load{}", open.repeat(800), close.repeat(800));
            assert_eq!(query(&metrics, &text).0, 400, "{open}");
            let text = format!("{}load{}", open.repeat(90), close.repeat(90));
            assert_eq!(query(&metrics, &text).0 == 200, open != "{", "{open}");
        }
        assert_eq!(query(&metrics, &"x".repeat(10_000)).0, 400);
        for span in ["Inf", "1e999", "0xffffffffffffffff", "99999999999999999999", "NaN"] {
            for text in [
                format!("load[{span}]"),
                format!("load offset {span}"),
                format!("load{{a=\"\\\"\"}} offset #\n-{span}"),
            ] {
                assert_eq!(query(&metrics, &text).0, 400, "{text}");
            }
        }
        let many = "load{a=~\"(x{50}){50}\"} or ".repeat(20) + "load";
        assert_eq!(query(&metrics, &many).0, 400);
        let slow = "sum_over_time(load[4h]) + ".repeat(60) + "1";
        let range = format!("/api/v1/query_range?start=0&end=10000&step=1&query={}", api::escaped(&slow));
        let (code, said) = ask(&metrics, "GET", &range, "");
        assert!(code == 422 && said["error"].to_string().contains("too many samples"), "{said}");
    };
    let thread = std::thread::Builder::new().stack_size(1 << 20).spawn(work).expect("a thread");
    thread.join().expect("no overflow");
}

#[test]
fn a_range_is_asked_by_address_or_form_and_has_its_limits() {
    let metrics = busy();
    let (start, end) = (at(0).as_second(), at(600).as_second());
    let range = |step: &str| format!("query=load&start={start}&end={end}&step={step}");
    for (method, path, body) in [
        ("GET", format!("/api/v1/query_range?{}", range("60")), String::new()),
        ("POST", "/api/v1/query_range".into(), range("1m")),
    ] {
        let (code, said) = ask(&metrics, method, &path, &body);
        let result = &said["data"]["result"];
        assert_eq!((code, result[1]["values"].as_array().map(Vec::len)), (200, Some(11)), "{said}");
        assert_eq!(result[1]["values"][1], json!([start + 60, "60"]));
    }
    for (step, words) in [
        ("0.01", "11,000 points"),
        ("0", "zero or negative"),
        ("x", "valid duration"),
        ("1e400", "valid duration"),
    ] {
        let (code, said) = ask(&metrics, "POST", "/api/v1/query_range", &range(step));
        assert!(code == 400 && said["error"].as_str().is_some_and(|why| why.contains(words)), "{said}");
    }
    let body = format!("query=load[1m]&start={start}&end={end}&step=60");
    assert_eq!(ask(&metrics, "POST", "/api/v1/query_range", &body).0, 400);
    let (_, said) = query(&metrics, "load{pod=\"b\"}[10s]");
    assert_eq!(said["data"]["result"][0]["values"][2][1], "600");
}

#[test]
fn series_and_the_values_of_their_labels_are_listed() {
    let metrics = busy();
    let get = |path: &str| ask(&metrics, "GET", &format!("/api/v1/{path}"), "").1["data"].clone();
    assert_eq!(get("label/pod/values"), json!(["a", "b"]));
    assert_eq!(get("series?match[]=up"), json!([{"__name__": "up", "instance": "a:80", "job": "web"}]));
    assert!(get("status/buildinfo")["version"].is_string());
}

fn rule(name: &str, expr: &str, hold: u64) -> Rule {
    let summary = "{{ $labels.pod }} at {{ $value }}, {{ $value | humanizePercentage }}";
    Rule {
        group: "all".into(),
        name: name.into(),
        expr: expr.into(),
        hold: Duration::from_secs(hold),
        labels: owned(&[("severity", "critical")]),
        annotations: owned(&[("summary", summary)]),
    }
}

#[test]
fn an_alert_waits_fires_and_ends_by_what_is_measured() {
    let mut metrics = empty();
    metrics.rule(rule("High", "load > 0.5", 10)).expect("a rule");
    metrics.rule(rule("Now", "load > 0.5", 0)).expect("a rule");
    metrics
        .rule(rule("Broken", "label_replace(load or load2, \"pod\", \"\", \"\", \"\")", 0))
        .expect("a rule");
    assert!(metrics.rule(rule("Wrong", "sum(", 0)).is_err());
    let load = |value: f64| {
        move |metrics: &mut Metrics, _| {
            metrics.set("load", &[("pod", "a")], value);
            metrics.set("load2", &[("pod", "b")], value);
        }
    };
    let states = |metrics: &Metrics| {
        let (_, said) = ask(metrics, "GET", "/api/v1/rules?type=alert", "");
        let rules = said["data"]["groups"][0]["rules"].as_array().expect("rules").clone();
        rules.iter().map(|rule| rule["state"].as_str().expect("a state").to_owned()).collect::<Vec<_>>()
    };
    scraped(&mut metrics, 0..1, load(0.9));
    assert_eq!(states(&metrics), ["pending", "firing", "inactive"]);
    scraped(&mut metrics, 1..3, load(0.9));
    assert_eq!(states(&metrics), ["firing", "firing", "inactive"]);
    let fired = metrics.firing();
    let high = fired.iter().find(|one| one.labels["alertname"] == "High").expect("it fires");
    assert_eq!(high.annotations["summary"], "a at 0.9, 90%");
    assert_eq!(
        (&*high.labels["cluster"], &*high.labels["severity"], high.starts),
        ("eu", "critical", at(10))
    );
    assert_eq!(decoded(&high.generator), "http://prometheus/graph?g0.expr=load > 0.5&g0.tab=1");
    assert_eq!(values(&metrics, "ALERTS{alertname=\"High\",alertstate=\"firing\"}"), ["1"]);
    let (_, said) = ask(&metrics, "GET", "/api/v1/rules", "");
    let broken = &said["data"]["groups"][0]["rules"][2];
    assert_eq!((&broken["health"], broken["lastError"].is_string()), (&json!("err"), true));
    let (_, alerts) = ask(&metrics, "GET", "/api/v1/alerts", "");
    assert_eq!(alerts["data"]["alerts"][0]["value"], "9e-01");
    scraped(&mut metrics, 3..4, load(0.1));
    assert_eq!(states(&metrics), ["inactive", "inactive", "inactive"]);
    assert!(metrics.firing().iter().any(|one| one.labels["alertname"] == "High" && one.ends == at(15)));
    assert!(values(&metrics, "ALERTS{alertname=\"High\"}").is_empty());
}

#[test]
fn templates_say_what_they_do_not_know() {
    let expand = |text: &str, value| template::expand(text, &owned(&[("pod", "a|b")]), value);
    for (text, value, wanted) in [
        ("{{ $labels.pod }} {{$value}}", 0.25, "a|b 0.25"),
        ("{{ $value | humanizePercentage }}", 0.123_456, "12.35%"),
        ("{{ $value | humanizePercentage }}", 1.0, "100%"),
        ("{{ query \"up\" }}", 1.0, "<error expanding template: \"query \\\"up\\\"\" is not known>"),
        ("no end {{ $value", 1.0, "no end {{ $value"),
    ] {
        assert_eq!(expand(text, value), wanted, "{text}");
    }
}

#[tokio::test]
async fn it_is_served_over_tcp() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let shared = Shared::new(busy());
    let server = tokio::spawn(serve::serve(listener, shared.whole()));
    let mut client = tokio::net::TcpStream::connect(address).await.expect("a connection");
    let request = "GET /-/ready HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    client.write_all(request.as_bytes()).await.expect("sent");
    let mut answer = String::new();
    client.read_to_string(&mut answer).await.expect("an answer");
    assert!(answer.ends_with("Prometheus Server is Ready.\n"), "{answer}");
    server.abort();
}
