//! The Alertmanager's HTTP interface, version 2: from a request to an answer.
use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::matcher::{all, whole};
use super::silences::{Refusal, Wanted};
use super::{Alert, Alerts, Labels, Matcher, Route, Sent, Silence, Standing};
use crate::world::http::{Answer, Request, json as answer, whole as text};

const VERSION: &str = "0.28.1";
/// No alert has labels and annotations of more bytes.
const MOST_BYTES: usize = 1 << 15;

/// What there is, and how it may be asked for.
const PATHS: &[(&str, &[&str])] = &[
    ("status", &["GET"]),
    ("receivers", &["GET"]),
    ("alerts", &["GET", "POST"]),
    ("alerts/groups", &["GET"]),
    ("silences", &["GET", "POST"]),
    ("silence/", &["GET", "DELETE"]),
];

impl Alerts {
    pub fn answer(&mut self, request: &Request) -> Answer {
        let (method, path) = (request.parts.method.as_str(), request.path());
        let Some(below) = path.strip_prefix("/api/v2/") else { return own_page(method, path) };
        let known = PATHS.iter().find(|(name, _)| match name.strip_suffix('/') {
            Some(_) => below.strip_prefix(name).is_some_and(|id| !id.is_empty() && !id.contains('/')),
            None => below == *name,
        });
        let Some((name, methods)) = known else {
            return coded(404, 404, &format!("path {path} was not found"));
        };
        if !methods.contains(&method) {
            let methods = methods.join(",");
            return coded(405, 405, &format!("method {method} is not allowed, but [{methods}] are"));
        }
        let kind = request.header("content-type").unwrap_or("application/octet-stream");
        if method == "POST" && !kind.starts_with("application/json") {
            let why = format!("unsupported media type \"{kind}\", only [application/json] are allowed");
            return coded(415, 415, &why);
        }
        let id = below.strip_prefix("silence/").unwrap_or_default();
        match (*name, method) {
            ("status", _) => answer(200, &self.status()),
            ("receivers", _) => {
                answer(200, &self.config.receivers().iter().map(|name| json!({"name": name})).collect())
            }
            ("alerts", "GET") => self.list(request, false),
            ("alerts/groups", _) => self.list(request, true),
            ("alerts", _) => self.post(&request.body),
            ("silences", "GET") => self.list_silences(request),
            ("silences", _) => self.post_silence(&request.body),
            _ if !is_uuid(id) => coded(422, 601, &format!("silenceID in path must be of type uuid: {id:?}")),
            (_, "DELETE") => text(if self.expire(id) { 200 } else { 404 }, "application/json", ""),
            _ => match self.silences.iter().find(|silence| silence.id == id) {
                Some(silence) => answer(200, &silence_json(silence, self.now)),
                None => text(404, "application/json", ""),
            },
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

    /// The alerts that are asked for; one by one, or in the groups that a receiver is told of.
    fn list(&self, request: &Request, grouped: bool) -> Answer {
        let filter = match Filter::read(request) {
            Ok(filter) => filter,
            Err(why) => return answer(400, &json!(why)),
        };
        let standing = Standing::of(self);
        let mut all = Vec::new();
        let mut groups: BTreeMap<(usize, Labels, &str), Vec<Value>> = BTreeMap::new();
        for (print, alert) in self.firing() {
            let mut routes = standing.routes(&alert.labels);
            if let Some(receiver) = &filter.receiver {
                routes.retain(|route| receiver.takes(&route.receiver));
            }
            if routes.is_empty() || !filter.takes(alert, &standing) {
                continue;
            }
            if !grouped {
                all.push(alert_json(print, alert, &standing, &[]));
                continue;
            }
            for route in routes.into_iter().filter(|route| filter.muted || route.muted_by.is_empty()) {
                let labels = group_of(route, &alert.labels);
                let group = groups.entry((labels.len(), labels, &*route.receiver)).or_default();
                group.push(alert_json(print, alert, &standing, &route.muted_by));
            }
        }
        let groups = groups.into_iter().map(|((_, labels, receiver), alerts)| {
            json!({"labels": labels, "receiver": {"name": receiver}, "alerts": alerts})
        });
        if grouped { answer(200, &groups.collect()) } else { answer(200, &all.into()) }
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
        if wrong.is_empty() {
            text(200, "application/json", "")
        } else {
            answer(400, &json!(wrong.join("; ")))
        }
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
            Err(Refusal::Lacks(what)) => coded(422, 602, &what),
            Err(Refusal::Empty) => coded(422, 612, "matchers in body should have at least 1 items"),
            Err(Refusal::Unknown) => answer(404, &json!("silence not found")),
            Err(Refusal::Wrong(why)) => answer(400, &json!(why)),
        }
    }
}

/// What lies beside the interface.
fn own_page(method: &str, path: &str) -> Answer {
    let plain = |code, body: &str| text(code, "text/plain; charset=utf-8", body.to_owned());
    match (path, method) {
        ("/-/healthy" | "/-/ready", "GET" | "HEAD") => plain(200, "OK"),
        ("/-/healthy" | "/-/ready", _) => plain(405, "Method Not Allowed\n"),
        _ => plain(404, "404 page not found\n"),
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
    receiver: Option<Matcher>,
    active: bool,
    silenced: bool,
    inhibited: bool,
    muted: bool,
}

impl Filter {
    fn read(request: &Request) -> Result<Filter, String> {
        let pairs = request.query();
        let filters = pairs.iter().filter(|(name, _)| name == "filter");
        let matchers = filters.map(|(_, text)| Matcher::parse(text)).collect::<Result<_, _>>()?;
        let receiver = request.asked("receiver").filter(|pattern| !pattern.is_empty());
        let receiver = receiver.map(|pattern| {
            whole(&pattern).map_err(|why| format!("failed to parse receiver param: {why}"))?;
            Matcher::new("receiver", &pattern, true, true)
        });
        let yes = ["1", "true", "t", "y", "yes", "ok", "on", "selected", "checked", "enabled"];
        let wanted = |name: &str| {
            let value = request.asked(name).filter(|value| !value.is_empty());
            value.is_none_or(|value| yes.contains(&&*value.to_ascii_lowercase()))
        };
        Ok(Filter {
            matchers,
            receiver: receiver.transpose()?,
            active: wanted("active"),
            silenced: wanted("silenced"),
            inhibited: wanted("inhibited"),
            muted: wanted("muted"),
        })
    }

    fn takes(&self, alert: &Alert, standing: &Standing) -> bool {
        let labels = &alert.labels;
        all(&self.matchers, labels)
            && (self.active || standing.held(labels))
            && (self.silenced || standing.silences(labels).is_empty())
            && (self.inhibited || standing.inhibitor(labels).is_none())
    }
}

impl Standing<'_> {
    fn held(&self, labels: &Labels) -> bool {
        !self.silences(labels).is_empty() || self.inhibitor(labels).is_some()
    }
}

fn group_of(route: &Route, labels: &Labels) -> Labels {
    let by = |name: &str| route.group_by.iter().any(|one| one == name || one == "...");
    labels.iter().filter(|(name, _)| by(name)).map(|(name, value)| (name.clone(), value.clone())).collect()
}

fn alert_json(print: u64, alert: &Alert, standing: &Standing, muted_by: &[String]) -> Value {
    let silences = standing.silences(&alert.labels);
    let inhibitor = standing.inhibitor(&alert.labels).map(|print| format!("{print:016x}"));
    let free = silences.is_empty() && inhibitor.is_none() && muted_by.is_empty();
    let mut receivers: Vec<Value> = Vec::new();
    for route in standing.routes(&alert.labels) {
        let receiver = json!({"name": route.receiver});
        if !receivers.contains(&receiver) {
            receivers.push(receiver);
        }
    }
    let mut shown = json!({
        "labels": alert.labels,
        "annotations": alert.annotations,
        "fingerprint": format!("{print:016x}"),
        "startsAt": stamp(alert.starts),
        "endsAt": stamp(alert.ends),
        "updatedAt": stamp(alert.updated),
        "receivers": receivers,
        "status": {
            "state": if free { "active" } else { "suppressed" },
            "silencedBy": silences,
            "inhibitedBy": inhibitor.into_iter().collect::<Vec<String>>(),
            "mutedBy": muted_by,
        },
    });
    if let Some(shown) = shown.as_object_mut().filter(|_| !alert.generator.is_empty()) {
        shown.insert("generatorURL".into(), json!(alert.generator));
    }
    shown
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
