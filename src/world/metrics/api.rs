//! The Prometheus's HTTP interface: from a request to an answer.
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use jiff::Timestamp;
use promql_parser::label::Matchers;
use promql_parser::parser::value::ValueType;
use promql_parser::parser::{Expr, VectorSelector};
use serde_json::{Value as Json, json};

use super::eval::{Fault, Query, Value, parse, span};
use super::rules::{Active, Running};
use super::series::{Labels, Point, seconds};
use super::{EVERY, Metrics, time};
use crate::world::http::{Answer, Request, whole};

const VERSION: &str = "2.53.3";
/// So many points of a series at most, as the original has it.
const MOST_POINTS: i64 = 11_000;

/// A kind of refusal, and what is wrong.
type Refusal = (&'static str, String);
type Said = Result<Json, Refusal>;
type Pairs = Vec<(String, String)>;

impl Metrics {
    pub fn answer(&self, request: &Request) -> Answer {
        let (method, path) = (request.parts.method.as_str(), request.path());
        let plain = |code, text: &str| whole(code, "text/plain; charset=utf-8", text.to_owned());
        let json_text = |code, text: String| whole(code, "application/json", text);
        let Some(below) = path.strip_prefix("/api/v1/") else {
            return match path {
                "/-/healthy" => plain(200, "Prometheus Server is Healthy.\n"),
                "/-/ready" => plain(200, "Prometheus Server is Ready.\n"),
                _ => plain(404, "404 page not found\n"),
            };
        };
        let mut pairs = request.query();
        if request
            .header("content-type")
            .is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"))
        {
            pairs.extend(request.form());
        }
        let parts: Vec<&str> = below.split('/').collect();
        let said = match (parts.as_slice(), method) {
            (["query"], "GET" | "POST") => self.query(&pairs),
            (["query_range"], "GET" | "POST") => self.query_range(&pairs),
            (["series"], "GET" | "POST") => self.found(&pairs).map(|found| json!(found)),
            (["label", name, "values"], "GET") => self.found(&pairs).map(|found| {
                let values: BTreeSet<&String> = found.iter().filter_map(|labels| labels.get(*name)).collect();
                json!(values)
            }),
            (["rules"], "GET") => Ok(self.rules_json()),
            (["alerts"], "GET") => {
                let alerts = self.rules.iter().flat_map(alerts_json).collect::<Vec<Json>>();
                Ok(json!({"alerts": alerts}))
            }
            (["targets"], "GET") => Ok(self.targets_json()),
            (["status", "buildinfo"], "GET") => Ok(
                json!({"version": VERSION, "revision": "", "branch": "HEAD", "buildUser": "", "buildDate": "",
                    "goVersion": ""}),
            ),
            (["query" | "query_range" | "rules" | "alerts" | "targets"], _) => {
                return plain(405, "Method Not Allowed\n");
            }
            _ => return plain(404, "404 page not found\n"),
        };
        match said {
            // In the order of the original, for those who read it as it is.
            Ok(data) => json_text(200, format!("{{\"status\":\"success\",\"data\":{data}}}")),
            Err((kind, why)) => {
                let code = if kind == "bad_data" { 400 } else { 422 };
                let (kind, why) = (json!(kind), json!(why));
                json_text(code, format!("{{\"status\":\"error\",\"errorType\":{kind},\"error\":{why}}}"))
            }
        }
    }

    fn query(&self, pairs: &Pairs) -> Said {
        let at = one(pairs, "time").map_or(Ok(self.now), |text| instant("time", text))?;
        let expr = expression(pairs)?;
        let query = Query::new(&self.store);
        let values = |points: Vec<Point>| points.into_iter().map(point).collect::<Vec<Json>>();
        if expr.value_type() == ValueType::Matrix {
            let all = query.ranges(&expr, at).map_err(fault)?;
            let all = all.into_iter().map(|one| json!({"metric": one.labels, "values": values(one.points)}));
            return Ok(json!({"resultType": "matrix", "result": all.collect::<Vec<Json>>()}));
        }
        Ok(match query.eval(&expr, at).map_err(fault)? {
            Value::Scalar(value) => json!({"resultType": "scalar", "result": point((at, value))}),
            Value::Text(text) => json!({"resultType": "string", "result": [stamp(at), text]}),
            Value::Vector(samples) => {
                let sample = |labels: Labels, value| json!({"metric": labels, "value": point((at, value))});
                let all = samples.into_iter().map(|one| sample(one.labels, one.value));
                json!({"resultType": "vector", "result": all.collect::<Vec<Json>>()})
            }
        })
    }

    fn query_range(&self, pairs: &Pairs) -> Said {
        let bad = |why: &str| ("bad_data", why.to_owned());
        let start = instant("start", one(pairs, "start").unwrap_or_default())?;
        let end = instant("end", one(pairs, "end").unwrap_or_default())?;
        if end < start {
            return Err(bad("invalid parameter \"end\": end timestamp must not be before start time"));
        }
        let text = one(pairs, "step").unwrap_or_default();
        let step = text.parse().map_or_else(|_| span(text), whole_milliseconds);
        let unread =
            || bad(&format!("invalid parameter \"step\": cannot parse {text:?} to a valid duration"));
        let step = step.ok_or_else(unread)?;
        if step <= 0 {
            return Err(bad(
                "invalid parameter \"step\": zero or negative query resolution step widths are not accepted. Try a positive integer",
            ));
        }
        if (end - start) / step > MOST_POINTS {
            return Err(bad(
                "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)",
            ));
        }
        let expr = expression(pairs)?;
        let unfit = |kind: &str| {
            let wanted = "for range query, must be Scalar or instant Vector";
            bad(&format!("invalid parameter \"query\": invalid expression type {kind:?} {wanted}"))
        };
        if expr.value_type() == ValueType::Matrix {
            return Err(unfit("range vector"));
        }
        let query = Query::new(&self.store);
        let mut all: BTreeMap<Labels, Vec<Json>> = BTreeMap::new();
        let mut at = start;
        while at <= end {
            match query.eval(&expr, at).map_err(fault)? {
                Value::Scalar(value) => all.entry(Labels::new()).or_default().push(point((at, value))),
                Value::Vector(samples) => {
                    // Each is told, which takes more room than to look at it.
                    query.spend(3 * samples.len()).map_err(fault)?;
                    for one in samples {
                        all.entry(one.labels).or_default().push(point((at, one.value)));
                    }
                }
                Value::Text(_) => return Err(unfit("string")),
            }
            at += step;
        }
        let all = all.into_iter().map(|(labels, values)| json!({"metric": labels, "values": values}));
        Ok(json!({"resultType": "matrix", "result": all.collect::<Vec<Json>>()}))
    }

    /// The labels of the series that are asked for; of all of them where nothing is said.
    fn found(&self, pairs: &Pairs) -> Result<BTreeSet<&Labels>, Refusal> {
        let mut wanted = Vec::new();
        for (_, text) in pairs.iter().filter(|(name, _)| name == "match[]") {
            let invalid = |why| ("bad_data", format!("invalid parameter \"match[]\": {why}"));
            match parse(text).map_err(invalid)? {
                Expr::VectorSelector(selector) => wanted.push(selector),
                _ => return Err(invalid("1:1: parse error: expected a selector".into())),
            }
        }
        if wanted.is_empty() {
            wanted.push(VectorSelector::new(None, Matchers::empty()));
        }
        Ok(wanted.iter().flat_map(|one| self.store.select(one)).map(|one| &one.labels).collect())
    }

    fn rules_json(&self) -> Json {
        let mut groups: BTreeMap<&str, Vec<Json>> = BTreeMap::new();
        for running in &self.rules {
            groups.entry(&running.rule.group).or_default().push(rule_json(running));
        }
        let at = time(self.scraped.unwrap_or(self.began)).to_string();
        let groups = groups.into_iter().map(|(name, rules)| {
            json!({"name": name, "file": "rules.yml", "interval": EVERY, "limit": 0, "evaluationTime": 0.001,
                "lastEvaluation": at, "rules": rules})
        });
        json!({"groups": groups.collect::<Vec<Json>>()})
    }

    fn targets_json(&self) -> Json {
        let target = |((job, instance), target): (&(String, String), &super::Target)| {
            let every = format!("{EVERY}s");
            let url = format!("http://{instance}/metrics");
            let health = match (target.scraped, &target.fault) {
                (None, _) => "unknown",
                (_, None) => "up",
                (_, Some(_)) => "down",
            };
            json!({
                "discoveredLabels": {"__address__": instance, "__metrics_path__": "/metrics", "__scheme__": "http",
                    "__scrape_interval__": every, "__scrape_timeout__": every, "job": job},
                "labels": {"instance": instance, "job": job},
                "scrapePool": job, "scrapeUrl": url, "globalUrl": url,
                "lastError": target.fault.as_deref().unwrap_or_default(),
                "lastScrape": target.scraped.map_or("0001-01-01T00:00:00Z".into(), |at| time(at).to_string()),
                "lastScrapeDuration": 0.004, "health": health, "scrapeInterval": every, "scrapeTimeout": every,
            })
        };
        json!({"activeTargets": self.targets.iter().map(target).collect::<Vec<Json>>(), "droppedTargets": []})
    }
}

fn rule_json(running: &Running) -> Json {
    let rule = &running.rule;
    let mut states = running.alive().map(|(_, alert)| alert.state());
    let pending = running.alive().next().map_or("inactive", |_| "pending");
    let fault = running.fault.as_deref();
    json!({
        "name": rule.name, "query": running.expr.to_string(), "labels": rule.labels, "annotations": rule.annotations,
        "health": fault.map_or("ok", |_| "err"), "lastError": fault.unwrap_or_default(), "evaluationTime": 0.0005,
        "lastEvaluation": time(running.evaluated.unwrap_or_default()).to_string(), "type": "alerting",
        "state": states.find(|state| *state == "firing").unwrap_or(pending),
        "duration": rule.hold.as_secs_f64(), "keepFiringFor": 0, "alerts": alerts_json(running).collect::<Json>(),
    })
}

fn alerts_json(running: &Running) -> impl Iterator<Item = Json> {
    let alert = |(labels, alert): (&Labels, &Active)| {
        let value = scientific(alert.value);
        json!({"labels": labels, "annotations": alert.annotations, "state": alert.state(),
            "activeAt": time(alert.since).to_string(), "value": value})
    };
    running.alive().map(alert)
}

fn one<'p>(pairs: &'p Pairs, name: &str) -> Option<&'p str> {
    let found = pairs.iter().find(|(one, _)| one == name);
    found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
}

fn expression(pairs: &Pairs) -> Result<Expr, Refusal> {
    let read = parse(one(pairs, "query").unwrap_or_default());
    read.map_err(|why| fault(Fault::Expression(why)))
}

fn fault(fault: Fault) -> Refusal {
    match fault {
        Fault::Expression(why) => ("bad_data", format!("invalid parameter \"query\": {why}")),
        Fault::Execution(why) => ("execution", why),
    }
}

/// Seconds of the epoch, or a date.
fn instant(name: &str, text: &str) -> Result<i64, Refusal> {
    let seconds = text.parse::<f64>().ok().and_then(whole_milliseconds);
    let read = seconds.or_else(|| text.parse::<Timestamp>().ok().map(Timestamp::as_millisecond));
    let more = if name == "time" { "Invalid time value for 'time': " } else { "" };
    let why = || format!("invalid parameter {name:?}: {more}cannot parse {text:?} to a valid timestamp");
    read.ok_or_else(|| ("bad_data", why()))
}

/// No time that anybody means is beyond some thousands of years.
#[expect(clippy::cast_possible_truncation, reason = "it is not that large")]
fn whole_milliseconds(seconds: f64) -> Option<i64> {
    (seconds.abs() < 1e11).then(|| (seconds * 1_000.0).round() as i64)
}

fn point((at, value): Point) -> Json {
    json!([stamp(at), number(value)])
}

fn stamp(at: i64) -> Json {
    if at % 1_000 == 0 { json!(at / 1_000) } else { json!(seconds(at)) }
}

/// As Go writes a number, without an exponent.
pub fn number(value: f64) -> String {
    if value == f64::INFINITY {
        return "+Inf".into();
    }
    if value.is_infinite() { "-Inf".into() } else { value.to_string() }
}

/// The same with an exponent, which has a sign and two digits.
fn scientific(value: f64) -> String {
    let text = format!("{value:e}");
    let Some((mantissa, power)) = text.split_once('e') else { return number(value) };
    let (sign, power) = power.strip_prefix('-').map_or(('+', power), |power| ('-', power));
    format!("{mantissa}e{sign}{power:0>2}")
}

/// As a value in the query of an address.
pub fn escaped(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b' ' => out.push('+'),
            b'-' | b'_' | b'.' | b'~' => out.push(byte.into()),
            _ if byte.is_ascii_alphanumeric() => out.push(byte.into()),
            _ => drop(write!(out, "%{byte:02X}")),
        }
    }
    out
}
