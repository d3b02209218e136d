//! The poll of one Alertmanager: alerts, silences, its cluster.
use std::collections::{BTreeMap, HashMap};
use std::convert::Infallible;
use std::hash::{DefaultHasher, Hasher};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Deserialize;
use tokio::sync::Notify;

use super::ask::{Fault, Server, read, rest};
use super::hub::{Hub, Peers};
use super::strings::{Odd, Strings};
use crate::domain::Text;
use crate::domain::alert::matcher::Matcher;
use crate::domain::alert::merge::Told;
use crate::domain::alert::{AlertState, Silence};
use crate::domain::feed::Feed;
use crate::domain::news::{News, PlaceFacts};
use crate::domain::settings::endpoint::Backend;
use crate::domain::text::{clean, clean_to};
use crate::domain::time::Timestamp;
use crate::sources::supervise::{Source, SourceError, Wire};

const EVERY: Duration = Duration::from_secs(5);
/// Its cluster and its version rarely change.
const STATUS_EVERY: u32 = 12;

pub(super) struct Manager {
    pub at: usize,
    pub server: Arc<Server>,
    pub hub: Arc<Hub>,
    /// Somebody wants to know now.
    pub nudge: Arc<Notify>,
    strings: Strings,
    polls: u32,
    /// Of the answer before, so that the same is not read twice.
    last: Option<u64>,
    /// It has time intervals, so that alerts may be muted, which only its groups tell.
    intervals: bool,
}

impl Manager {
    pub fn new(at: usize, server: Arc<Server>, hub: Arc<Hub>, nudge: Arc<Notify>) -> Manager {
        Manager {
            at,
            server,
            hub,
            nudge,
            strings: Strings::default(),
            polls: 0,
            last: None,
            intervals: false,
        }
    }

    /// Says how long the server took to answer.
    async fn poll(&mut self, wire: &mut Wire) -> Result<Duration, SourceError> {
        let began = Instant::now();
        let get = |path: &'static str| {
            let server = self.server.clone();
            async move { server.get(path).await.map_err(Fault::error) }
        };
        if self.polls.is_multiple_of(STATUS_EVERY) {
            let status: Status = read(&get("api/v2/status").await?)?;
            self.intervals = status.config.original.contains("time_interval");
            self.hub.peers(self.at, status.peers()).await;
            wire.send(vec![News::Place(wire.feed().clone(), status.place(&self.server))]).await?;
        }
        self.polls = self.polls.wrapping_add(1);
        let alerts = get("api/v2/alerts").await?;
        let silences = get("api/v2/silences").await?;
        let groups = if self.intervals {
            get("api/v2/alerts/groups?silenced=false&inhibited=false").await?
        } else {
            Vec::new()
        };
        let took = began.elapsed();
        let mut hasher = DefaultHasher::new();
        for body in [&alerts, &silences, &groups] {
            hasher.write(body);
        }
        let print = hasher.finish();
        if self.last == Some(print) {
            self.hub.still(self.at).await?;
        } else {
            let muted = if groups.is_empty() { HashMap::new() } else { muted(&read::<Vec<Group>>(&groups)?) };
            let (told, odd) = self.told(read(&alerts)?, &muted);
            let silences = read::<Vec<OwnSilence>>(&silences)?;
            let silences: Vec<Silence> =
                silences.into_iter().filter_map(|one| one.shown(&mut self.strings)).collect();
            let at = self.at;
            self.hub
                .heard(at, |state| {
                    if let Some(word) = state.words.get_mut(at) {
                        (word.alerts, word.silences) = (told, silences);
                    }
                    if let Some(known) = state.odd.get_mut(at) {
                        *known = odd;
                    }
                })
                .await?;
            self.last = Some(print);
        }
        wire.live().await?;
        Ok(took)
    }

    fn told(
        &mut self,
        own: Vec<OwnAlert>,
        muted: &HashMap<String, Vec<String>>,
    ) -> (Vec<Told>, HashMap<u64, Vec<Odd>>) {
        let mut odd = HashMap::new();
        let mut all = Vec::with_capacity(own.len());
        for alert in own {
            let labels = alert.labels.iter().map(|(name, value)| (&**name, &**value));
            let print = crate::domain::alert::fingerprint(labels);
            let by_groups = muted.get(&alert.fingerprint).cloned().unwrap_or_default();
            let state = alert.status.state(&by_groups);
            let mut texts =
                |all: Vec<String>| all.iter().map(|text| self.strings.text(text)).collect::<Vec<Text>>();
            let muted_by = texts(if by_groups.is_empty() {
                alert.status.intervals.unwrap_or_default()
            } else {
                by_groups
            });
            let silenced_by = texts(alert.status.silences.unwrap_or_default());
            let inhibited_by = texts(alert.status.inhibitors.unwrap_or_default());
            let receivers = texts(alert.receivers.into_iter().map(|receiver| receiver.name).collect());
            let (labels, strange) = self.strings.labels(alert.labels);
            if !strange.is_empty() {
                odd.insert(print, strange);
            }
            let name = labels.iter().find(|(name, _)| &**name == "alertname").map(|(_, value)| value.clone());
            all.push(Told {
                print,
                name: name.unwrap_or_default(),
                labels,
                annotations: self.strings.annotations(&alert.annotations),
                state,
                since: Timestamp::parse(&alert.starts_at),
                receivers,
                silenced_by,
                inhibited_by,
                muted_by,
                generator: alert.generator_url.filter(|url| !url.is_empty()).map(|url| clean(&url).into()),
                ..Told::default()
            });
        }
        (all, odd)
    }
}

impl Source for Manager {
    fn feed(&self) -> Feed {
        Feed::Endpoint(Backend::Alertmanager, super::hub::name(self.server.endpoint()))
    }

    async fn run(&mut self, wire: &mut Wire) -> Result<Infallible, SourceError> {
        // Whatever it was before: it may be another one now.
        (self.polls, self.last) = (0, None);
        loop {
            let polled = self.poll(wire).await;
            rest(polled, EVERY, self.at, &self.hub, &self.nudge).await?;
        }
    }

    fn reset(&mut self) {
        self.last = None;
    }
}

/// What each alert is muted by, by its fingerprint.
fn muted(groups: &[Group]) -> HashMap<String, Vec<String>> {
    let mut all: HashMap<String, Vec<String>> = HashMap::new();
    for alert in groups.iter().flat_map(|group| &group.alerts) {
        for name in alert.status.intervals.iter().flatten() {
            let known = all.entry(alert.fingerprint.clone()).or_default();
            if !known.contains(name) {
                known.push(name.clone());
            }
        }
    }
    all
}

/// An alert as the server has it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OwnAlert {
    pub labels: BTreeMap<String, String>,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
    #[serde(default)]
    fingerprint: String,
    #[serde(default)]
    starts_at: String,
    #[serde(rename = "generatorURL")]
    generator_url: Option<String>,
    #[serde(default)]
    receivers: Vec<Receiver>,
    #[serde(default)]
    pub status: AlertStatus,
}

#[derive(Deserialize)]
struct Receiver {
    #[serde(default)]
    name: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct AlertStatus {
    #[serde(rename = "silencedBy")]
    pub silences: Option<Vec<String>>,
    #[serde(rename = "inhibitedBy")]
    inhibitors: Option<Vec<String>>,
    #[serde(rename = "mutedBy")]
    intervals: Option<Vec<String>>,
}

impl AlertStatus {
    /// By what holds it back; the server's own word for it tells less.
    fn state(&self, muted: &[String]) -> AlertState {
        let any = |by: &Option<Vec<String>>| by.as_ref().is_some_and(|by| !by.is_empty());
        if any(&self.silences) {
            AlertState::Silenced
        } else if any(&self.inhibitors) {
            AlertState::Inhibited
        } else if any(&self.intervals) || !muted.is_empty() {
            AlertState::Muted
        } else {
            AlertState::Firing
        }
    }
}

#[derive(Deserialize)]
struct Group {
    #[serde(default)]
    alerts: Vec<OwnAlert>,
}

/// A silence as the server has it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OwnSilence {
    id: String,
    #[serde(default)]
    status: SilenceStatus,
    #[serde(default)]
    matchers: Vec<OwnMatcher>,
    #[serde(default)]
    starts_at: String,
    #[serde(default)]
    ends_at: String,
    #[serde(default)]
    created_by: String,
    #[serde(default)]
    comment: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct SilenceStatus {
    state: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OwnMatcher {
    name: String,
    value: String,
    #[serde(default)]
    is_regex: bool,
    /// Before 0.22 there was no other kind.
    #[serde(default = "yes")]
    is_equal: bool,
}

fn yes() -> bool {
    true
}

impl OwnSilence {
    /// `None` for one that is over: servers keep them for days.
    pub fn shown(self, strings: &mut Strings) -> Option<Silence> {
        (self.status.state != "expired").then(|| self.any(strings))
    }

    pub fn any(self, strings: &mut Strings) -> Silence {
        let matchers = self.matchers.into_iter().map(|matcher| Matcher {
            name: strings.text(&matcher.name),
            value: strings.text(&matcher.value),
            regex: matcher.is_regex,
            equal: matcher.is_equal,
        });
        Silence {
            matchers: matchers.collect(),
            id: clean_to(&self.id, 128).into(),
            starts: Timestamp::parse(&self.starts_at),
            ends: Timestamp::parse(&self.ends_at),
            by: strings.text(&self.created_by),
            comment: clean(&self.comment).into(),
            state: strings.text(&self.status.state),
            ..Silence::default()
        }
    }
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Status {
    cluster: Cluster,
    config: Config,
    version_info: Version,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Cluster {
    name: Option<String>,
    peers: Option<Vec<Receiver>>,
    status: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Config {
    original: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Version {
    version: String,
}

impl Status {
    fn peers(&self) -> Peers {
        let all = self.cluster.peers.iter().flatten().map(|peer| peer.name.clone()).collect();
        Peers { own: self.cluster.name.clone().unwrap_or_default(), all }
    }

    fn place(&self, server: &Server) -> PlaceFacts {
        let members = self.cluster.peers.as_ref().map_or(0, Vec::len);
        let cluster = match (&*self.cluster.status, members) {
            ("disabled", _) | (_, 0) => "alone".to_owned(),
            ("ready", 1) => "a cluster of 1".to_owned(),
            ("ready", n) => format!("one of {n} in its cluster"),
            (status, n) => format!("one of {n} in its cluster, which is {}", clean_to(status, 32)),
        };
        PlaceFacts {
            server: server.shown(),
            version: (!self.version_info.version.is_empty())
                .then(|| format!("Alertmanager {}", clean_to(&self.version_info.version, 64))),
            identity: None,
            rights: Some(cluster),
            missing: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_holds_an_alert_back_is_its_state() {
        let status = |text: &str| serde_json::from_str::<AlertStatus>(text).expect("a status");
        let muted = ["night".to_owned()];
        for (text, by_groups, state) in [
            (r#"{"state":"active","silencedBy":[],"inhibitedBy":[]}"#, &[][..], AlertState::Firing),
            (r#"{"state":"unprocessed","silencedBy":null}"#, &[], AlertState::Firing),
            (r#"{"state":"suppressed","silencedBy":["a"],"inhibitedBy":["b"]}"#, &[], AlertState::Silenced),
            (r#"{"state":"suppressed","silencedBy":[],"inhibitedBy":["b"]}"#, &[], AlertState::Inhibited),
            (r#"{"state":"active"}"#, &muted[..], AlertState::Muted),
            (r#"{"state":"suppressed","mutedBy":["night"]}"#, &[], AlertState::Muted),
        ] {
            assert_eq!(status(text).state(by_groups), state, "{text}");
        }
    }

    #[test]
    fn a_silence_that_is_over_is_left_out_and_an_old_matcher_is_an_equal_one() {
        let silence = |state: &str| {
            let text = format!(
                r#"{{"id":"x","status":{{"state":"{state}"}},"matchers":[{{"name":"a","value":"b","isRegex":false}}],
                "startsAt":"2026-01-01T00:00:00Z","endsAt":"2026-01-01T02:00:00.000Z","createdBy":"me","comment":"a\u001b[2Jb"}}"#
            );
            serde_json::from_str::<OwnSilence>(&text).expect("a silence").shown(&mut Strings::default())
        };
        assert_eq!(silence("expired"), None);
        let active = silence("active").expect("active");
        assert_eq!((active.matchers[0].to_string().as_str(), &*active.comment), ("a=\"b\"", "ab"));
    }
}
