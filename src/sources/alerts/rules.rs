//! The poll of one Prometheus: its alert rules with what is pending and firing, and its targets.
use std::collections::{BTreeMap, HashMap};
use std::convert::Infallible;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde::Deserialize;
use tokio::sync::Notify;

use super::ask::{Fault, Server, read, rest};
use super::hub::Hub;
use super::strings::{Odd, Strings, number};
use crate::domain::Text;
use crate::domain::alert::merge::Told;
use crate::domain::alert::{AlertState, Pairs, Target, is_watchdog};
use crate::domain::feed::Feed;
use crate::domain::news::{News, PlaceFacts};
use crate::domain::settings::endpoint::Backend;
use crate::domain::text::{clean, clean_to};
use crate::domain::time::Timestamp;
use crate::sources::supervise::{Source, SourceError, Wire};

const EVERY: Duration = Duration::from_secs(10);
/// Targets that nobody looks at are asked for every so many polls.
const TARGETS_EVERY: u32 = 3;
const VERSION_EVERY: u32 = 60;
/// So many rules that fail are named.
const NAMED: usize = 5;

pub(super) struct Rules {
    pub at: usize,
    pub server: Arc<Server>,
    pub hub: Arc<Hub>,
    pub nudge: Arc<Notify>,
    /// Somebody looks at the targets.
    pub targets_wanted: Arc<AtomicBool>,
    strings: Strings,
    polls: u32,
    place: PlaceFacts,
    /// Of the alerts and the targets that were told last, without what moves by itself.
    last: (Option<u64>, Option<u64>),
}

/// What one poll of the rules came to.
struct Picture {
    told: Vec<Told>,
    odd: HashMap<u64, Vec<Odd>>,
    watchdogs: Vec<(Text, Pairs)>,
    failing: Vec<String>,
}

impl Rules {
    pub fn new(
        at: usize,
        server: Arc<Server>,
        hub: Arc<Hub>,
        nudge: Arc<Notify>,
        targets_wanted: Arc<AtomicBool>,
    ) -> Rules {
        let place = PlaceFacts { server: server.shown(), ..PlaceFacts::default() };
        Rules {
            at,
            server,
            hub,
            nudge,
            targets_wanted,
            strings: Strings::default(),
            polls: 0,
            place,
            last: (None, None),
        }
    }

    /// Says how long the server took to answer.
    async fn poll(&mut self, wire: &mut Wire) -> Result<Duration, SourceError> {
        let began = Instant::now();
        let mut place = PlaceFacts { missing: Vec::new(), ..self.place.clone() };
        let body = self.server.get("api/v1/rules?type=alert").await.map_err(Fault::error)?;
        let took = began.elapsed();
        let (groups, warnings): (Groups, _) = data(&body, "rules")?;
        place.missing.extend(warnings);
        let picture = self.picture(groups);
        place.missing.extend(picture.failing.iter().cloned());
        let targets =
            if self.polls.is_multiple_of(TARGETS_EVERY) || self.targets_wanted.load(Ordering::Relaxed) {
                match self.targets().await {
                    Ok((targets, warnings)) => {
                        place.missing.extend(warnings.into_iter().map(|line| format!("targets: {line}")));
                        Some(targets)
                    }
                    // What evaluates rules need not scrape.
                    Err(error) => {
                        place.missing.push(format!("targets: {error}"));
                        None
                    }
                }
            } else {
                let old = self.place.missing.iter().filter(|line| line.starts_with("targets: "));
                place.missing.extend(old.cloned());
                None
            };
        if self.polls.is_multiple_of(VERSION_EVERY) {
            place.version = self.version().await.or(place.version);
        }
        self.polls = self.polls.wrapping_add(1);
        let last = (Some(print_of(&picture)), targets.as_ref().map_or(self.last.1, |all| Some(print(all))));
        let at = self.at;
        if self.last == last {
            self.hub.still(at).await?;
        } else {
            self.hub
                .heard(at, |state| {
                    if let Some(word) = state.words.get_mut(at) {
                        (word.alerts, word.watchdogs) = (picture.told, picture.watchdogs);
                    }
                    if let Some(known) = state.odd.get_mut(at) {
                        *known = picture.odd;
                    }
                    if let (Some(known), Some(targets)) = (state.targets.get_mut(at), targets) {
                        *known = targets;
                    }
                })
                .await?;
            self.last = last;
        }
        if place != self.place || self.polls == 1 {
            wire.send(vec![News::Place(wire.feed().clone(), place.clone())]).await?;
            self.place = place;
        }
        wire.live().await?;
        Ok(took)
    }

    fn picture(&mut self, groups: Groups) -> Picture {
        let mut picture =
            Picture { told: Vec::new(), odd: HashMap::new(), watchdogs: Vec::new(), failing: Vec::new() };
        let mut fail = 0;
        // Not every server heeds the wish for alerts alone.
        let rules = groups.groups.into_iter().flat_map(|group| group.rules);
        for rule in rules.filter(|rule| rule.r#type == "alerting") {
            let expression: Text = clean(&rule.query).into();
            if rule.health == "err" {
                fail += 1;
                if fail <= NAMED {
                    let why = crate::sources::reason::brief(&rule.last_error);
                    picture
                        .failing
                        .push(format!("alert {} cannot be evaluated: {why}", clean_to(&rule.name, 120)));
                }
            }
            if is_watchdog(&rule.name) {
                let mut own = rule.labels.clone();
                own.insert("alertname".into(), rule.name.clone());
                picture.watchdogs.push((self.strings.text(&rule.name), self.strings.labels(own).0));
            }
            for alert in rule.alerts {
                let labels = alert.labels.iter().map(|(name, value)| (&**name, &**value));
                let print = crate::domain::alert::fingerprint(labels);
                let (labels, odd) = self.strings.labels(alert.labels);
                if !odd.is_empty() {
                    picture.odd.insert(print, odd);
                }
                let state = if alert.state == "pending" { AlertState::Pending } else { AlertState::Firing };
                picture.told.push(Told {
                    print,
                    name: self.strings.text(&rule.name),
                    labels,
                    annotations: self.strings.annotations(&alert.annotations),
                    state,
                    since: Timestamp::parse(&alert.active_at),
                    value: Some(number(&alert.value)),
                    expression: Some(expression.clone()),
                    ..Told::default()
                });
            }
        }
        if fail > NAMED {
            picture.failing.push(format!("{} more alerts cannot be evaluated", fail - NAMED));
        }
        picture
    }

    /// And what the server warns of.
    async fn targets(&mut self) -> Result<(Vec<Target>, Vec<String>), SourceError> {
        let body = self.server.get("api/v1/targets?state=active").await.map_err(Fault::error)?;
        let (all, warnings): (Targets, _) = data(&body, "targets")?;
        let target = |own: OwnTarget| {
            let label = |name: &str| own.labels.get(name).map_or("", String::as_str);
            let job = if label("job").is_empty() { &*own.scrape_pool } else { label("job") };
            Target {
                job: self.strings.text(job),
                instance: self.strings.text(label("instance")),
                url: clean_to(&crate::sources::http::shown(&own.scrape_url), 512).into(),
                up: match &*own.health {
                    "up" => Some(true),
                    "down" => Some(false),
                    _ => None,
                },
                error: crate::sources::reason::brief(&own.last_error).into(),
                last: Timestamp::parse(&own.last_scrape).filter(|at| at.0 > 0),
                took_ms: milliseconds(own.last_scrape_duration),
            }
        };
        Ok((all.active_targets.into_iter().map(target).collect(), warnings))
    }

    async fn version(&self) -> Option<String> {
        let body = self.server.get("api/v1/status/buildinfo").await.ok()?;
        let (build, _): (Build, _) = data(&body, "version").ok()?;
        (!build.version.is_empty()).then(|| format!("Prometheus {}", clean_to(&build.version, 64)))
    }
}

impl Source for Rules {
    fn feed(&self) -> Feed {
        Feed::Endpoint(Backend::Prometheus, super::hub::name(self.server.endpoint()))
    }

    async fn run(&mut self, wire: &mut Wire) -> Result<Infallible, SourceError> {
        (self.polls, self.last) = (0, (None, None));
        loop {
            let polled = self.poll(wire).await;
            rest(polled, EVERY, self.at, &self.hub, &self.nudge).await?;
        }
    }

    fn reset(&mut self) {
        self.last = (None, None);
    }
}

/// Of everything that is told, so that an answer which differs in its clock alone changes nothing.
fn print_of(picture: &Picture) -> u64 {
    let mut hasher = DefaultHasher::new();
    for told in &picture.told {
        hasher.write_u64(told.print);
        (told.state, told.since, &told.value, &told.annotations).hash(&mut hasher);
    }
    picture.watchdogs.hash(&mut hasher);
    hasher.finish()
}

fn print(targets: &[Target]) -> u64 {
    let mut hasher = DefaultHasher::new();
    targets.hash(&mut hasher);
    hasher.finish()
}

fn milliseconds(seconds: f64) -> u32 {
    let span = Duration::try_from_secs_f64(seconds).unwrap_or_default();
    u32::try_from(span.as_millis()).unwrap_or(u32::MAX)
}

/// What is inside the envelope that all answers of a Prometheus have, and what the server warns of. Half an answer
/// is none: it would read as if nothing fired.
fn data<T: for<'d> Deserialize<'d>>(body: &[u8], what: &str) -> Result<(T, Vec<String>), SourceError> {
    let answer: Answer<T> = read(body)?;
    let warnings = answer.warnings.into_iter().flatten().take(NAMED);
    let warnings = warnings.map(|line| crate::sources::reason::brief(&line)).collect();
    match answer.data {
        Some(data) if answer.status == "success" => Ok((data, warnings)),
        _ => Err(SourceError::Unreachable {
            why: format!("answers half: no {what}: {}", crate::sources::reason::brief(&answer.error)),
        }),
    }
}

#[derive(Deserialize)]
struct Answer<T> {
    #[serde(default)]
    status: String,
    data: Option<T>,
    #[serde(default)]
    warnings: Option<Vec<String>>,
    #[serde(default)]
    error: String,
}

#[derive(Deserialize)]
struct Groups {
    groups: Vec<Group>,
}

#[derive(Deserialize)]
struct Group {
    rules: Vec<Rule>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Rule {
    name: String,
    query: String,
    r#type: String,
    labels: BTreeMap<String, String>,
    alerts: Vec<OwnAlert>,
    health: String,
    last_error: String,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct OwnAlert {
    labels: BTreeMap<String, String>,
    annotations: BTreeMap<String, String>,
    state: String,
    active_at: String,
    value: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Targets {
    active_targets: Vec<OwnTarget>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct OwnTarget {
    labels: BTreeMap<String, String>,
    scrape_pool: String,
    scrape_url: String,
    last_error: String,
    last_scrape: String,
    last_scrape_duration: f64,
    health: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Build {
    version: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_alert_is_left_out_and_what_cannot_be_evaluated_is_named() {
        let body = br#"{"status":"success","data":{"groups":[{"name":"g","rules":[
            {"type":"recording","name":"sum","query":"1","health":"ok"},
            {"type":"alerting","name":"Watchdog","query":"vector(1)","labels":{"severity":"none"},"health":"ok"},
            {"type":"alerting","name":"Broken","query":"x","health":"err","lastError":"many\u001b[2J\nmatches"},
            {"type":"alerting","name":"Odd","query":"0/0","health":"ok","alerts":[
              {"labels":{"alertname":"Odd","pod":"a\u202eb"},"state":"pending","activeAt":"2026-01-01T00:00:00Z",
               "value":"NaN","keepFiringSince":"2026-01-01T00:00:00Z"}]}]}]}}"#;
        let endpoint = crate::domain::settings::Endpoint::new(Backend::Prometheus, "prom", "http://p:9090");
        let (out, _kept) = tokio::sync::mpsc::channel(1);
        let hub = Arc::new(Hub::new(&[&endpoint], out));
        let secrets: crate::sources::backend::Secrets = Arc::new(|_| Box::pin(async { Err(String::new()) }));
        let server = Arc::new(Server::new(crate::sources::backend::Access { endpoint, secrets }));
        let mut rules = Rules::new(0, server, hub, Arc::default(), Arc::default());
        let picture = rules.picture(data(body, "rules").expect("rules").0);
        assert_eq!(picture.failing, ["alert Broken cannot be evaluated: many matches"]);
        assert_eq!(picture.watchdogs.len(), 1);
        let [odd] = picture.told.as_slice() else { panic!("{:?}", picture.told) };
        assert_eq!((odd.state, odd.value.as_deref()), (AlertState::Pending, Some("NaN")));
        assert_eq!(picture.odd[&odd.print], [("pod".into(), "pod".into(), "a\u{202e}b".into())]);
        assert!(data::<Groups>(br#"{"status":"error","error":"busy"}"#, "rules").is_err());
    }

    #[test]
    fn half_an_answer_is_none_and_a_warning_is_told() {
        for half in [
            r#"{"status":"error","data":{"groups":[]}}"#,
            r#"{"data":{"groups":[]}}"#,
            r#"{"status":"success","data":{}}"#,
            r#"{"status":"success","data":{"groups":[{"name":"g"}]}}"#,
        ] {
            assert!(data::<Groups>(half.as_bytes(), "rules").is_err(), "{half}");
        }
        assert!(data::<Targets>(br#"{"status":"success","data":{}}"#, "targets").is_err());
        let warned = br#"{"status":"success","data":{"groups":[]},"warnings":["store b is away"]}"#;
        assert_eq!(data::<Groups>(warned, "rules").expect("rules").1, ["store b is away"]);
    }
}
