//! Where the words of all servers come together: merges them, and tells the cockpit what changed.
use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::{Duration, Instant};

use tokio::sync::{Mutex, MutexGuard};

use super::strings::Odd;
use crate::domain::Text;
use crate::domain::alert::merge::{self, Merger, Word};
use crate::domain::alert::{Alert, AlertFacts, Silence, Target};
use crate::domain::feed::Feed;
use crate::domain::news::{News, Seen};
use crate::domain::object::{Facts, Kind, Object, ObjectRef};
use crate::domain::settings::Endpoint;
use crate::domain::settings::endpoint::Backend;
use crate::domain::text::clean_to;
use crate::domain::time::Timestamp;
use crate::sources::supervise::SourceError;
use crate::sources::{Outbox, now};

/// A silence that ends within this time is worth a look.
const SOON: Duration = Duration::from_mins(15);
/// Where nothing changed, time alone is looked at this often.
const AT_LEAST: Duration = Duration::from_secs(15);

/// What an Alertmanager says of its cluster: its own name there, and all members.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Peers {
    pub own: String,
    pub all: Vec<String>,
}

#[derive(Debug)]
pub(super) struct Hub {
    out: Outbox,
    state: Mutex<State>,
    managed: bool,
    /// What is merged out of several servers stands in all of them.
    place: Text,
}

/// The last words of all, by the place of the endpoint.
#[derive(Debug, Default)]
pub(super) struct State {
    pub words: Vec<Word>,
    pub odd: Vec<HashMap<u64, Vec<Odd>>>,
    pub targets: Vec<Vec<Target>>,
    pub alerts: Vec<Alert>,
    pub silences: Vec<Silence>,
    peers: Vec<Peers>,
    merger: Merger,
    sent: HashMap<Kind, HashMap<ObjectRef, u64>>,
    merged: Option<Instant>,
}

impl Hub {
    pub fn new(endpoints: &[&Endpoint], out: Outbox) -> Hub {
        let managed = endpoints.iter().any(|one| one.backend == Backend::Alertmanager);
        let words: Vec<Word> = endpoints
            .iter()
            .enumerate()
            .map(|(at, endpoint)| Word {
                endpoint: name(endpoint),
                manager: endpoint.backend == Backend::Alertmanager,
                cluster: at,
                ..Word::default()
            })
            .collect();
        let tell = words.iter().filter(|word| word.manager == managed);
        let place = tell.map(|word| &*word.endpoint).collect::<Vec<_>>().join("+").into();
        let state = State {
            odd: vec![HashMap::new(); words.len()],
            targets: vec![Vec::new(); words.len()],
            peers: vec![Peers::default(); words.len()],
            words,
            ..State::default()
        };
        Hub { out, state: Mutex::new(state), managed, place }
    }

    pub async fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().await
    }

    /// Takes a server's new word in.
    pub async fn heard(&self, at: usize, change: impl FnOnce(&mut State) + Send) -> Result<(), SourceError> {
        let mut state = self.state.lock().await;
        change(&mut state);
        if let Some(word) = state.words.get_mut(at) {
            word.live = true;
        }
        self.tell(&mut state).await
    }

    /// The server answers, and says what it said before.
    pub async fn still(&self, at: usize) -> Result<(), SourceError> {
        let mut state = self.state.lock().await;
        let back = state.words.get_mut(at).is_some_and(|word| !std::mem::replace(&mut word.live, true));
        if !back && state.merged.is_some_and(|last| last.elapsed() < AT_LEAST) {
            return Ok(());
        }
        self.tell(&mut state).await
    }

    /// The server no longer answers; its last word stands where nobody else's does.
    pub async fn lost(&self, at: usize) -> Result<(), SourceError> {
        let mut state = self.state.lock().await;
        let was = state.words.get_mut(at).is_some_and(|word| std::mem::replace(&mut word.live, false));
        if was { self.tell(&mut state).await } else { Ok(()) }
    }

    /// Who is in a cluster with whom, as far as each says it.
    pub async fn peers(&self, at: usize, peers: Peers) {
        let mut state = self.state.lock().await;
        if let Some(known) = state.peers.get_mut(at) {
            *known = peers;
        }
        let clusters = clusters(&state.peers);
        for (word, cluster) in state.words.iter_mut().zip(clusters) {
            word.cluster = cluster;
        }
    }

    async fn tell(&self, state: &mut State) -> Result<(), SourceError> {
        let now = now();
        state.merged = Some(Instant::now());
        state.alerts = state.merger.merge(&state.words, self.managed, now);
        state.silences = merge::silences(&state.words, &state.alerts, now.plus(SOON));
        let mut news = Vec::new();
        let alerts = alert_rows(&self.place, &state.alerts);
        news.extend(changed(&mut state.sent, Kind::Alert, alerts));
        let silences = state.silences.iter().map(|silence| silence_row(&self.place, silence)).collect();
        news.extend(changed(&mut state.sent, Kind::Silence, silences));
        let targets = state.words.iter().zip(&state.targets);
        let targets = targets.flat_map(|(word, targets)| target_rows(&word.endpoint, targets)).collect();
        news.extend(changed(&mut state.sent, Kind::Target, targets));
        if news.is_empty() {
            return Ok(());
        }
        self.out.send(news).await.map_err(|_| SourceError::Unheard)
    }
}

pub(super) fn name(endpoint: &Endpoint) -> Text {
    clean_to(&endpoint.name, 128).into()
}

/// A number for each, the same for those that name one another.
fn clusters(peers: &[Peers]) -> Vec<usize> {
    let mut numbers: Vec<usize> = (0..peers.len()).collect();
    for (a, one) in peers.iter().enumerate() {
        for (b, other) in peers.iter().enumerate().take(a) {
            let know = |x: &Peers, y: &Peers| !y.own.is_empty() && x.all.contains(&y.own);
            if know(one, other) || know(other, one) {
                let (from, to) = (numbers.get(a).copied(), numbers.get(b).copied());
                if let (Some(from), Some(to)) = (from, to) {
                    numbers.iter_mut().filter(|number| **number == from).for_each(|number| *number = to);
                }
            }
        }
    }
    numbers
}

fn alert_rows(place: &Text, alerts: &[Alert]) -> Vec<(Object, u64)> {
    let mut names: HashSet<Text> = HashSet::with_capacity(alerts.len());
    let rows = alerts.iter().map(|alert| {
        let called = if alert.name.is_empty() { "unnamed".into() } else { clean_to(&alert.name, 120) };
        let short = alert.fingerprint.get(..8).unwrap_or(&alert.fingerprint);
        let mut name: Text = format!("{called}-{short}").into();
        if !names.insert(name.clone()) {
            name = format!("{called}-{}", alert.fingerprint).into();
        }
        let facts = AlertFacts::Alert(Box::new(alert.clone()));
        let id = ObjectRef { context: place.clone(), kind: Kind::Alert, namespace: "".into(), name };
        (object(id, alert.fingerprint.clone(), alert.since, facts), print(alert))
    });
    rows.collect()
}

fn silence_row(place: &Text, silence: &Silence) -> (Object, u64) {
    let id = ObjectRef {
        context: place.clone(),
        kind: Kind::Silence,
        namespace: "".into(),
        name: silence.id.clone(),
    };
    let facts = AlertFacts::Silence(Box::new(silence.clone()));
    (object(id, silence.id.clone(), silence.starts, facts), print(silence))
}

fn target_rows<'t>(endpoint: &'t Text, targets: &'t [Target]) -> impl Iterator<Item = (Object, u64)> + 't {
    let mut names: HashSet<(Text, Text)> = HashSet::with_capacity(targets.len());
    targets.iter().map(move |target| {
        let mut name = target.instance.clone();
        if !names.insert((target.job.clone(), name.clone())) {
            name = target.url.clone();
        }
        let id =
            ObjectRef { context: endpoint.clone(), kind: Kind::Target, namespace: target.job.clone(), name };
        let facts = AlertFacts::Target(Box::new(target.clone()));
        (object(id, target.url.clone(), None, facts), print(target))
    })
}

fn object(id: ObjectRef, uid: Text, since: Option<Timestamp>, facts: AlertFacts) -> Object {
    let created = since.unwrap_or_default();
    Object { id, uid, created, deleting: false, owner: None, facts: Facts::Alerts(facts) }
}

fn print(facts: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    facts.hash(&mut hasher);
    hasher.finish()
}

/// The rows that are new or other than they were sent, and those that are gone; the first time all of them.
fn changed(
    sent: &mut HashMap<Kind, HashMap<ObjectRef, u64>>,
    kind: Kind,
    rows: Vec<(Object, u64)>,
) -> Option<News> {
    let first = !sent.contains_key(&kind);
    let before = sent.remove(&kind).unwrap_or_default();
    let mut now = HashMap::with_capacity(rows.len());
    let mut batch = Vec::new();
    if first {
        batch.push(Seen::Begin);
    }
    for (object, print) in rows {
        let same = before.get(&object.id) == Some(&print);
        now.insert(object.id.clone(), print);
        if !same {
            batch.push(Seen::Is(object));
        }
    }
    batch.extend(before.into_keys().filter(|id| !now.contains_key(id)).map(Seen::Gone));
    if first {
        batch.push(Seen::End);
    }
    sent.insert(kind, now);
    (!batch.is_empty()).then_some(News::Rows(Feed::Alerts, kind, batch))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_that_name_one_another_are_one_cluster() {
        let peers = |own: &str, all: &[&str]| Peers {
            own: own.into(),
            all: all.iter().map(|p| (*p).into()).collect(),
        };
        let all = [
            peers("", &[]),
            peers("x", &["x", "y"]),
            peers("z", &["z"]),
            peers("y", &["x", "y"]),
            peers("", &[]),
        ];
        assert_eq!(clusters(&all), [0, 1, 2, 1, 4]);
    }

    #[test]
    fn only_what_changed_is_sent_after_the_first_picture() {
        let mut sent = HashMap::new();
        let silence = |id: &str, holds| Silence { id: id.into(), holds, ..Silence::default() };
        let mut tell = |all: &[Silence]| {
            let rows = all.iter().map(|one| silence_row(&"a".into(), one)).collect();
            match changed(&mut sent, Kind::Silence, rows) {
                Some(News::Rows(_, _, batch)) => batch.len(),
                _ => 0,
            }
        };
        assert_eq!(tell(&[]), 2, "an empty picture is a picture");
        assert_eq!(tell(&[silence("x", 1), silence("y", 1)]), 2);
        assert_eq!(tell(&[silence("x", 1), silence("y", 1)]), 0);
        assert_eq!(tell(&[silence("x", 2)]), 2, "one changed, one is gone");
    }
}
