//! The Alertmanager's HTTP interface, version 2: from a request to an answer.
use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::matcher::all;
use super::silences::Wanted;
use super::{Alert, Alerts, Labels, Matcher, Sent, Silence, Standing};
use crate::world::http::{Answer, Request, json as answer, whole as text};

const VERSION: &str = "0.28.1";
const JSON: &str = "application/json";
/// No alert has labels and annotations of more bytes.
const MOST_BYTES: usize = 1 << 15;

impl Alerts {
    pub fn answer(&mut self, request: &Request) -> Answer {
        let (method, path) = (request.parts.method.as_str(), request.path());
        let plain = |code, body: &str| text(code, "text/plain; charset=utf-8", body.to_owned());
        let Some(below) = path.strip_prefix("/api/v2/") else {
            return match path {
                "/-/healthy" | "/-/ready" => plain(200, "OK"),
                _ => plain(404, "404 page not found\n"),
            };
        };
        match (method, below.split('/').collect::<Vec<&str>>().as_slice()) {
            ("GET", ["status"]) => answer(200, &self.status()),
            ("GET", ["receivers"]) => answer(200, &json!([{"name": self.config.receiver}])),
            ("GET", ["alerts"]) => self.list(request, false),
            ("GET", ["alerts", "groups"]) => self.list(request, true),
            ("POST", ["alerts"]) => self.post(&request.body),
            ("GET", ["silences"]) => self.list_silences(request),
            ("POST", ["silences"]) => self.post_silence(&request.body),
            ("GET" | "DELETE", ["silence", id]) if !is_uuid(id) => {
                coded(422, 601, &format!("silenceID in path must be of type uuid: {id:?}"))
            }
            ("DELETE", ["silence", id]) => text(if self.expire(id) { 200 } else { 404 }, JSON, ""),
            ("GET", ["silence", id]) => match self.silences.iter().find(|silence| silence.id == *id) {
                Some(silence) => answer(200, &silence_json(silence, self.now)),
                None => text(404, JSON, ""),
            },
            (_, ["status" | "receivers" | "alerts" | "silences"] | ["alerts", "groups"] | ["silence", _]) => {
                coded(405, 405, &format!("method {method} is not allowed"))
            }
            _ => coded(404, 404, &format!("path {path} was not found")),
        }
    }

    fn status(&self) -> Value {
        json!({
            "cluster": {"peers": [], "status": "disabled"},
            "config": {"original": self.config.original()},
            "uptime": stamp(self.began),
            "versionInfo": {"version": VERSION, "branch": "HEAD", "revision": "", "buildDate": "",
                "buildUser": "", "goVersion": ""},
        })
    }

    /// The alerts that are asked for; one by one, or in the groups that the receiver is told of.
    fn list(&self, request: &Request, grouped: bool) -> Answer {
        let filter = match Filter::read(request) {
            Ok(filter) => filter,
            Err(why) => return answer(400, &json!(why)),
        };
        let standing = Standing::of(self);
        let receiver = json!({"name": self.config.receiver});
        let shown = self.firing().filter(|(_, alert)| filter.takes(alert, &standing));
        let shown = shown.map(|(print, alert)| (alert, alert_json(print, alert, &standing, &receiver)));
        if !grouped {
            return answer(200, &shown.map(|(_, alert)| alert).collect());
        }
        let mut groups: BTreeMap<Labels, Vec<Value>> = BTreeMap::new();
        for (alert, value) in shown {
            let by = |(name, _): &(&String, &String)| self.config.group_by.contains(name);
            let labels = alert.labels.iter().filter(by).map(|(name, value)| (name.clone(), value.clone()));
            groups.entry(labels.collect()).or_default().push(value);
        }
        let group = |(labels, alerts)| json!({"labels": labels, "receiver": receiver, "alerts": alerts});
        answer(200, &groups.into_iter().map(group).collect())
    }

    fn post(&mut self, body: &[u8]) -> Answer {
        if body.is_empty() {
            return coded(422, 602, "alerts in body is required");
        }
        let posted: Vec<Posted> = match serde_json::from_slice(body) {
            Ok(posted) => posted,
            Err(error) => return unreadable("alerts", &error),
        };
        let (mut sent, mut wrong) = (Vec::new(), Vec::new());
        for (at, one) in posted.into_iter().enumerate() {
            let Some(labels) = one.labels else {
                return coded(422, 602, &format!("{at}.labels in body is required"));
            };
            let given = |time: Option<Timestamp>| time.filter(|time| time.as_second() > 0);
            let one = Sent {
                labels,
                annotations: one.annotations.unwrap_or_default(),
                starts: given(one.starts_at),
                ends: given(one.ends_at),
                generator: one.generator_url.unwrap_or_default(),
            };
            match why_not(&one) {
                Some(why) => wrong.push(why),
                None => sent.push(one),
            }
        }
        self.receive(sent);
        // What is right of it is taken all the same.
        if wrong.is_empty() { text(200, JSON, "") } else { answer(400, &json!(wrong.join("; "))) }
    }

    fn list_silences(&self, request: &Request) -> Answer {
        let filter = match Filter::read(request) {
            Ok(filter) => filter,
            Err(why) => return answer(400, &json!(why)),
        };
        let takes = |silence: &&Silence| {
            let named = silence.matchers.iter().map(|one| (one.name.clone(), one.value.clone())).collect();
            all(&filter.matchers, &named)
        };
        let mut shown: Vec<&Silence> = self.silences.iter().filter(takes).collect();
        shown.sort_by_key(|one| match one.state(self.now) {
            "active" => (0, one.ends.as_millisecond()),
            "pending" => (1, one.starts.as_millisecond()),
            _ => (2, -one.ends.as_millisecond()),
        });
        answer(200, &shown.into_iter().map(|one| silence_json(one, self.now)).collect())
    }

    fn post_silence(&mut self, body: &[u8]) -> Answer {
        if body.is_empty() {
            return coded(422, 602, "silence in body is required");
        }
        let wanted: Wanted = match serde_json::from_slice(body) {
            Ok(wanted) => wanted,
            Err(error) => return unreadable("silence", &error),
        };
        match self.silence(wanted) {
            Ok(id) => answer(200, &json!({"silenceID": id})),
            Err((code, why)) => answer(code, &why),
        }
    }
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Posted {
    labels: Option<Labels>,
    annotations: Option<Labels>,
    starts_at: Option<Timestamp>,
    ends_at: Option<Timestamp>,
    #[serde(rename = "generatorURL")]
    generator_url: Option<String>,
}

fn why_not(sent: &Sent) -> Option<String> {
    let pairs = || sent.labels.iter().chain(&sent.annotations);
    let bytes: usize = pairs().map(|(name, value)| name.len() + value.len()).sum();
    if sent.labels.values().all(String::is_empty) {
        return Some("at least one label pair required".into());
    }
    if pairs().any(|(name, _)| name.is_empty()) {
        return Some("invalid label set: invalid name \"\"".into());
    }
    if bytes + sent.generator.len() > MOST_BYTES {
        return Some(format!("alert exceeded maximum size: {bytes} bytes (limit: {MOST_BYTES} bytes)"));
    }
    let backwards = sent.starts.zip(sent.ends).is_some_and(|(starts, ends)| ends < starts);
    backwards.then(|| "start time must be before end time".into())
}

/// Which alerts or silences are asked for.
struct Filter {
    matchers: Vec<Matcher>,
    active: bool,
    silenced: bool,
    inhibited: bool,
}

impl Filter {
    fn read(request: &Request) -> Result<Filter, String> {
        let pairs = request.query();
        let filters = pairs.iter().filter(|(name, _)| name == "filter");
        let wanted = |name: &str| request.asked(name).is_none_or(|value| value != "false");
        Ok(Filter {
            matchers: filters.map(|(_, text)| Matcher::parse(text)).collect::<Result<_, _>>()?,
            active: wanted("active"),
            silenced: wanted("silenced"),
            inhibited: wanted("inhibited"),
        })
    }

    fn takes(&self, alert: &Alert, standing: &Standing) -> bool {
        let silenced = !standing.silences(alert).is_empty();
        let inhibited = standing.inhibitor(alert).is_some();
        all(&self.matchers, &alert.labels)
            && (self.active || silenced || inhibited)
            && (self.silenced || !silenced)
            && (self.inhibited || !inhibited)
    }
}

fn alert_json(print: u64, alert: &Alert, standing: &Standing, receiver: &Value) -> Value {
    let silences = standing.silences(alert);
    let inhibitor = standing.inhibitor(alert).map(|print| format!("{print:016x}"));
    let free = silences.is_empty() && inhibitor.is_none();
    json!({
        "labels": alert.labels,
        "annotations": alert.annotations,
        "fingerprint": format!("{print:016x}"),
        "startsAt": stamp(alert.starts),
        "endsAt": stamp(alert.ends),
        "updatedAt": stamp(alert.updated),
        "generatorURL": alert.generator,
        "receivers": [receiver],
        "status": {
            "state": if free { "active" } else { "suppressed" },
            "silencedBy": silences,
            "inhibitedBy": inhibitor.as_slice(),
            "mutedBy": [],
        },
    })
}

fn silence_json(silence: &Silence, now: Timestamp) -> Value {
    let matcher = |one: &Matcher| json!({"name": one.name, "value": one.value, "isRegex": one.is_regex(), "isEqual": one.equal});
    json!({
        "id": silence.id,
        "status": {"state": silence.state(now)},
        "matchers": silence.matchers.iter().map(matcher).collect::<Vec<Value>>(),
        "startsAt": stamp(silence.starts),
        "endsAt": stamp(silence.ends),
        "updatedAt": stamp(silence.updated),
        "createdBy": silence.by,
        "comment": silence.comment,
    })
}

fn stamp(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

fn coded(code: u16, own: u16, message: &str) -> Answer {
    answer(code, &json!({"code": own, "message": message}))
}

fn unreadable(what: &str, error: &serde_json::Error) -> Answer {
    coded(400, 400, &format!("parsing {what} body from \"\" failed, because {error}"))
}

fn is_uuid(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let lengths: Vec<usize> = parts.iter().map(|part| part.len()).collect();
    lengths == [8, 4, 4, 4, 12] && parts.iter().all(|part| part.bytes().all(|byte| byte.is_ascii_hexdigit()))
}
