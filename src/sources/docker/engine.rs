//! One engine as a source: what changes is told at once by its events, and every half minute all is read anew.
use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::{StreamExt, stream};
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

use super::api::{Event, Inspected, Listed};
use super::client::{Client, Fault};
use super::events::Events;
use super::facts::{Known, id, reference};
use super::stats;
use super::way::Way;
use crate::domain::Text;
use crate::domain::feed::Feed;
use crate::domain::level::Level;
use crate::domain::news::{News, PlaceFacts, Seen};
use crate::domain::object::{Kind, Object};
use crate::domain::settings::Backend;
use crate::domain::text::clean;
use crate::domain::time::Timestamp;
use crate::sources::backend::Access;
use crate::sources::now;
use crate::sources::supervise::{Source, SourceError, Wire};

/// An engine that is heard from is asked whether it is there, and every third time for everything.
const BEAT: Duration = Duration::from_secs(10);
const FULL_EVERY: u32 = 3;
/// Where events may not be seen.
const BLIND_BEAT: Duration = Duration::from_secs(5);
/// Events that come together are looked at together.
const TOGETHER: Duration = Duration::from_millis(100);
/// Requests at the same time.
const AT_ONCE: usize = 4;
/// Containers in trouble that are looked at again with every full list.
const RECHECKED: usize = 64;
const PING: Duration = Duration::from_secs(5);
const LIST: Duration = Duration::from_secs(10);
const INSPECT: Duration = Duration::from_secs(5);
/// How far back ends are asked for at the beginning.
const BEFORE: Duration = Duration::from_hours(1);

pub(super) type Table = BTreeMap<Text, Known>;

/// What its source, its deeds and its logs share.
#[derive(Debug)]
pub(super) struct Engine {
    pub(super) name: Text,
    access: Access,
    /// The way that stands now.
    client: Mutex<Option<Arc<Client>>>,
    table: Mutex<Table>,
    /// Moves whenever the table has changed.
    changed: watch::Sender<u64>,
    /// All was seen once, and closely: who is not in the table is not there.
    read: AtomicBool,
}

impl Engine {
    pub(super) fn new(access: Access) -> Engine {
        Engine {
            name: clean(&access.endpoint.name).as_ref().into(),
            access,
            client: Mutex::default(),
            table: Mutex::default(),
            changed: watch::Sender::new(0),
            read: AtomicBool::new(false),
        }
    }

    pub(super) fn client(&self) -> Result<Arc<Client>, Fault> {
        let client = lock(&self.client).clone();
        client.ok_or_else(|| Fault::Unreached { why: format!("`{}` is not connected", self.name) })
    }

    pub(super) fn table(&self) -> MutexGuard<'_, Table> {
        lock(&self.table)
    }

    pub(super) fn is_read(&self) -> bool {
        self.read.load(Ordering::Relaxed)
    }

    pub(super) fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    async fn connect(&self) -> Result<Arc<Client>, SourceError> {
        *lock(&self.client) = None;
        let way = Way::read(&self.access.endpoint.url, |name| std::env::var_os(name));
        let way = way.map_err(|why| SourceError::Absent { why })?;
        let client = Arc::new(Client::connect(way, LIST).await?);
        *lock(&self.client) = Some(client.clone());
        Ok(client)
    }

    /// The Compose project that is looked at, where there is only one.
    fn project(&self) -> Option<&str> {
        self.access.endpoint.project.as_deref().filter(|project| !project.is_empty())
    }
}

/// A panic of another holder leaves nothing half-done that would matter here.
fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(super) struct Watching {
    engine: Arc<Engine>,
    watched: watch::Receiver<bool>,
    /// What was told.
    told: BTreeMap<Text, Object>,
    /// The newest event that was heard; its time, in seconds.
    heard: Option<i64>,
}

impl Watching {
    pub(super) fn new(engine: Arc<Engine>, watched: watch::Receiver<bool>) -> Watching {
        Watching { engine, watched, told: BTreeMap::new(), heard: None }
    }

    async fn list(&self, client: &Client) -> Result<(), SourceError> {
        let filters = self.engine.project().map(|project| {
            serde_json::json!({ "label": [format!("com.docker.compose.project={project}")] }).to_string()
        });
        let mut query = vec![("all", "true")];
        query.extend(filters.as_deref().map(|filters| ("filters", filters)));
        let listed: Vec<serde_json::Value> = client.get("/containers/json", &query, LIST).await?;
        // A copy: a log that looks in meanwhile must not find its container gone.
        let mut before = self.engine.table().clone();
        let mut table = Table::new();
        for value in listed {
            // What cannot be read as a container is left out: a row less, not all of them.
            let Ok(one) = serde_json::from_value::<Listed>(value) else { continue };
            let Some(id) = id(&one.id) else { continue };
            let mut known = before.remove(&id).unwrap_or_default();
            if known.listed(&one).is_some() {
                table.insert(id, known);
            }
        }
        *self.engine.table() = table;
        Ok(())
    }

    /// Looks at these closely; who is gone is taken out.
    async fn inspect(
        &self,
        client: &Client,
        ids: impl IntoIterator<Item = Text>,
        within: Duration,
    ) -> Result<(), SourceError> {
        let looks = ids.into_iter().map(|id| async move {
            let seen = client.get::<Inspected>(&format!("/containers/{id}/json"), &[], within).await;
            (id, seen)
        });
        let mut looks = stream::iter(looks).buffer_unordered(AT_ONCE);
        while let Some((id, seen)) = looks.next().await {
            match seen {
                Ok(seen) => self.take(id, &seen),
                Err(Fault::Gone) => drop(self.engine.table().remove(&id)),
                // One container that the engine cannot tell of leaves the others; where nothing may be inspected,
                // the list has to do.
                Err(Fault::Says { code, says }) => tracing::debug!(%id, code, says, "not inspected"),
                // One that hangs blinds nobody for the others, as long as the engine itself answers.
                Err(Fault::Lost { why }) => {
                    tracing::debug!(%id, why, "not inspected");
                    client.ping(within).await?;
                    if let Some(known) = self.engine.table().get_mut(&id) {
                        known.silent();
                    }
                }
                Err(fault) => return Err(fault.into()),
            }
        }
        Ok(())
    }

    fn take(&self, id: Text, seen: &Inspected) {
        let mut table = self.engine.table();
        let mut known = table.remove(&id).unwrap_or_default();
        let ours = self.engine.project();
        if known.inspected(seen).is_some() && ours.is_none_or(|project| project == &*known.labels.project) {
            table.insert(id, known);
        }
    }

    /// What has to be looked at closely after a list: what changed, and some of what is in trouble.
    fn doubtful(&self) -> Vec<Text> {
        let table = self.engine.table();
        let (mut new, known): (Vec<_>, Vec<_>) = table.iter().partition(|(_, known)| !known.inspected);
        // Who gave no answer has the others wait for it no more.
        new.sort_by_key(|(_, known)| known.silent);
        let troubled =
            known.into_iter().filter(|(_, known)| known.facts.level() < Level::Fine).take(RECHECKED);
        new.into_iter().chain(troubled).map(|(id, _)| id.clone()).collect()
    }

    async fn full(&mut self, client: &Client, wire: &mut Wire, first: bool) -> Result<(), SourceError> {
        if first {
            // Whatever was while nobody looked may have left the same state and the same code.
            self.engine.table().values_mut().for_each(|known| known.inspected = false);
        }
        self.list(client).await?;
        if first {
            // The states are there at once; the rest follows.
            self.tell(wire, true).await?;
        }
        self.inspect(client, self.doubtful(), INSPECT).await?;
        self.engine.read.store(true, Ordering::Relaxed);
        self.tell(wire, false).await
    }

    /// Sends what is not as it was told; `anew` as a full picture.
    async fn tell(&mut self, wire: &mut Wire, anew: bool) -> Result<(), SourceError> {
        let now = now();
        let rows: BTreeMap<Text, Object> = {
            let table = self.engine.table();
            let rows = table.values().map(|known| known.object(&self.engine.name, now));
            rows.map(|object| (object.id.name.clone(), object)).collect()
        };
        let mut seen = Vec::new();
        if anew {
            seen.push(Seen::Begin);
            seen.extend(rows.values().cloned().map(Seen::Is));
            seen.push(Seen::End);
        } else {
            let gone = self.told.keys().filter(|name| !rows.contains_key(*name));
            seen.extend(gone.map(|name| Seen::Gone(reference(&self.engine.name, name))));
            let other = rows.iter().filter(|(name, object)| self.told.get(*name) != Some(*object));
            seen.extend(other.map(|(_, object)| Seen::Is(object.clone())));
        }
        self.told = rows;
        if !seen.is_empty() {
            self.engine.changed.send_modify(|times| *times += 1);
            wire.send(vec![News::Rows(self.feed(), Kind::Container, seen)]).await?;
        }
        Ok(())
    }

    fn place(&self, client: &Client, blind: Option<&Fault>) -> PlaceFacts {
        let version = &client.version;
        let product = if version.components.iter().any(|one| one.name.contains("Podman")) {
            "Podman"
        } else {
            "Docker"
        };
        let words = format!("{product} {}, API {}.{}", version.number, client.api.0, client.api.1);
        let mut missing = Vec::new();
        if let Some(fault) = blind {
            missing.push(format!("changes show only every {} s: {}", BLIND_BEAT.as_secs(), fault.words()));
        }
        let table = self.engine.table();
        if let (Some(project), true) = (self.engine.project(), table.is_empty()) {
            missing.push(format!("no container has the label com.docker.compose.project={}", clean(project)));
        }
        if !table.is_empty() && table.values().all(|known| !known.inspected && !known.silent) {
            missing.push(
                "restarts, exits and limits: whoever stands before the engine lets nobody inspect".into(),
            );
        }
        PlaceFacts {
            server: client.way.shown(),
            version: Some(clean(&words).into_owned()),
            identity: match &client.way {
                Way::Ssh(remote) => Some(remote.shown()),
                _ => None,
            },
            rights: None,
            missing,
        }
    }

    /// Takes in an event; says which container has to be looked at.
    fn hear(&mut self, event: &Event) -> Option<Text> {
        let id = id(&event.actor.id).filter(|_| event.r#type == "container")?;
        self.heard = self.heard.max(Some(event.time_nano / 1_000_000_000));
        let at = Timestamp(event.time_nano / 1_000_000);
        let mut table = self.engine.table();
        if matches!(&*event.action, "destroy" | "remove") {
            table.remove(&id);
        }
        if let Some(known) = table.get_mut(&id) {
            let oom = known.oom.is_some_and(|oom| at.since(oom) < Duration::from_secs(10));
            match &*event.action {
                "oom" => known.oom = Some(at),
                "die" | "died" => {
                    let said = |name: &str| event.actor.attributes.get(name).filter(|code| !code.is_empty());
                    let code = said("exitCode").or_else(|| said("containerExitCode"));
                    let code = code.and_then(|code| code.parse().ok());
                    known.ended(code, oom, at);
                }
                _ => {}
            }
        }
        Some(id)
    }

    async fn attend(&mut self, client: &Client, wire: &mut Wire) -> Result<Infallible, SourceError> {
        // From before the list on, so that nothing falls between.
        let far = i64::try_from(BEFORE.as_secs()).unwrap_or(0);
        let since = self.heard.unwrap_or(now().0 / 1_000 - far);
        let opened = Events::open(client, since, INSPECT).await;
        let (mut events, blind) = match opened {
            Ok(events) => (Some(events), None),
            Err(fault) if fault.is_forbidden() => (None, Some(fault)),
            Err(fault) => return Err(fault.into()),
        };
        self.full(client, wire, true).await?;
        wire.send(vec![News::Place(self.feed(), self.place(client, blind.as_ref()))]).await?;
        wire.live().await?;
        let mut beat = interval(if events.is_some() { BEAT } else { BLIND_BEAT });
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        beat.tick().await;
        // An engine takes up to two seconds for one measurement: meanwhile its events are heard.
        let measured = Notify::new();
        let engine = self.engine.clone();
        let mut measuring = pin!(stats::keep(&engine, client, self.watched.clone(), &measured));
        let mut beats = 0;
        let mut dirty = BTreeSet::new();
        let mut look: Option<Instant> = None;
        loop {
            let far = Instant::now() + Duration::from_hours(1);
            tokio::select! {
                event = next(&mut events) => {
                    if let Some(id) = self.hear(&event?) {
                        dirty.insert(id);
                        look.get_or_insert(Instant::now() + TOGETHER);
                    }
                }
                () = sleep_until(look.unwrap_or(far)), if look.is_some() => {
                    look = None;
                    self.inspect(client, std::mem::take(&mut dirty), INSPECT).await?;
                    self.tell(wire, false).await?;
                }
                _ = beat.tick() => {
                    beats += 1;
                    if beats % FULL_EVERY == 0 || events.is_none() {
                        self.full(client, wire, false).await?;
                    } else {
                        client.ping(PING).await?;
                    }
                    wire.live().await?;
                }
                () = measured.notified() => self.tell(wire, false).await?,
                () = &mut measuring => return Err(SourceError::Unheard),
            }
        }
    }
}

async fn next(events: &mut Option<Events>) -> Result<Event, SourceError> {
    match events {
        Some(events) => events.next().await,
        None => std::future::pending().await,
    }
}

impl Source for Watching {
    fn feed(&self) -> Feed {
        Feed::Endpoint(Backend::Docker, self.engine.name.clone())
    }

    async fn run(&mut self, wire: &mut Wire) -> Result<Infallible, SourceError> {
        let client = self.engine.connect().await?;
        wire.loading().await?;
        let ended = self.attend(&client, wire).await;
        // Whatever was wrong with this way, the next try goes a new one.
        *lock(&self.engine.client) = None;
        ended
    }

    fn reset(&mut self) {
        self.told.clear();
    }
}

#[cfg(test)]
mod tests;
