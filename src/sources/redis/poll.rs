//! The poll of one endpoint: every node that is known, over one held connection each.
use std::collections::{BTreeSet, HashMap};
use std::convert::Infallible;
use std::time::Duration;

use futures::future::join_all;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::answer::source_error;
use super::connect::{self, Door};
use super::hub::{Held, Hub};
use super::member::{Member, Watched};
use super::rows::Rows;
use crate::domain::Text;
use crate::domain::feed::Feed;
use crate::domain::news::{News, PlaceFacts};
use crate::domain::object::{Facts, Kind, Object, ObjectRef};
use crate::domain::redis::RedisFacts;
use crate::domain::redis::node::{RedisNode, Role};
use crate::domain::redis::topology::{MOST_NODES, Spot, seen_by_primary};
use crate::domain::redis::trouble::Trouble;
use crate::domain::settings::Backend;
use crate::domain::time::Timestamp;
use crate::sources::backend::Access;
use crate::sources::now;
use crate::sources::supervise::{Source, SourceError, Wire};

const EVERY: Duration = Duration::from_secs(2);
/// While nobody looks.
const UNWATCHED: Duration = Duration::from_secs(5);
/// A server that starts or is busy is watched closely: people wait for it.
const SOON: Duration = Duration::from_secs(1);
/// A node that was known and is in trouble stands this long, whether anybody still names it or not.
const MISSED: Duration = Duration::from_hours(1);

pub(super) struct Poll {
    /// Among the endpoints of the profile.
    at: usize,
    access: Access,
    name: Text,
    watched: watch::Receiver<Watched>,
    hub: Hub,
    members: Vec<Member>,
    /// Other addresses of nodes that stand here already, by their `run_id`.
    aliases: HashMap<Spot, Text>,
    /// How many more nodes were named than are looked at.
    left_out: usize,
    rows: Rows,
    place: Option<PlaceFacts>,
}

impl Poll {
    pub fn new(at: usize, access: Access, watched: watch::Receiver<Watched>, hub: Hub) -> Poll {
        let name: Text = access.endpoint.name.as_str().into();
        Poll {
            at,
            access,
            name,
            watched,
            hub,
            members: Vec::new(),
            aliases: HashMap::new(),
            left_out: 0,
            rows: Rows::default(),
            place: None,
        }
    }

    /// Looks at every node at once, and then at those who were named only now.
    async fn look(&mut self, door: &Door, watched: Watched) {
        let mut password = None;
        // Three times: a replica names its primary, which may name the address that we were given.
        for round in 1..=3 {
            let patient = self.members.len() > 1;
            // A secret is read when a connection is made, and not before.
            if password.is_none() && self.members.iter().any(|member| member.connects(patient)) {
                password = Some(connect::password(&self.access, door).await);
            }
            let password = password.as_ref().unwrap_or(&Ok(None));
            // A replica holds the keys of its primary: they are looked at once.
            let primary =
                self.members.iter().any(|member| member.node.role == Role::Primary && member.answers());
            let looks = self.members.iter_mut().map(|member| {
                let keys = watched.keys && (!primary || member.node.role == Role::Primary);
                member.look(door, password, Watched { keys, ..watched }, patient)
            });
            join_all(looks).await;
            self.tell_apart();
            if round == 3 || !self.meet(door) {
                break;
            }
        }
        self.see_replicas();
    }

    /// Takes in whom the known nodes name, and lets go whom nobody names any more. Whether anybody came.
    fn meet(&mut self, door: &Door) -> bool {
        let now = now();
        // Two that are gone for good must not name each other for ever.
        let heard = self.members.iter().filter(|member| !member.is_over(now, MISSED));
        let named: Vec<Spot> = heard.flat_map(|member| member.names.iter().cloned()).collect();
        self.members.retain(|member| {
            member.spot == door.seed
                || named.contains(&member.spot)
                || (member.con.is_some() && member.answers())
                || member.is_missed(now, MISSED)
        });
        let before = self.members.len();
        let mut left_out = BTreeSet::new();
        for spot in named {
            if self.members.iter().any(|member| member.spot == spot) || self.is_alias(&spot) {
                continue;
            }
            if self.members.len() < MOST_NODES {
                self.members.push(Member::new(spot));
            } else {
                left_out.insert(spot);
            }
        }
        self.left_out = left_out.len();
        self.members.len() > before
    }

    /// A server names itself by its own address, which need not be the one that was given to us.
    fn is_alias(&self, spot: &Spot) -> bool {
        let id = self.aliases.get(spot);
        id.is_some_and(|id| self.members.iter().any(|member| member.node.run_id == *id))
    }

    /// Two addresses of one server are one node: the later one goes.
    fn tell_apart(&mut self) {
        let mut known: Vec<Text> = Vec::new();
        let answer = self.members.iter().skip(1).filter(|member| member.con.is_some() && member.answers());
        let elsewhere: Vec<Text> = answer.map(|member| member.node.run_id.clone()).collect();
        let aliases = &mut self.aliases;
        let mut first = true;
        self.members.retain(|member| {
            let id = &member.node.run_id;
            // One that moved and is heard at its new place is not missed at the old one.
            let moved = !std::mem::take(&mut first) && !member.answers() && elsewhere.contains(id);
            let twice = !id.is_empty() && (moved || known.contains(id));
            if twice {
                aliases.insert(member.spot.clone(), id.clone());
            }
            if !twice {
                known.push(id.clone());
            }
            !twice
        });
    }

    /// How late a replica is, only its primary knows; and of one that we cannot reach, only that is known.
    fn see_replicas(&mut self) {
        let nodes: Vec<RedisNode> = self.members.iter().map(|member| member.node.clone()).collect();
        for member in &mut self.members {
            let seen = seen_by_primary(&nodes, &member.spot);
            if let Some(seen) = seen {
                member.node.replication.lag_bytes = seen.lag_bytes;
                member.node.replication.lag_seconds = seen.lag_seconds;
            }
            if member.node.server.is_empty() {
                member.vouch(seen.is_some_and(|seen| &*seen.state == "online"));
            }
        }
    }

    fn object(
        &self,
        kind: Kind,
        member: &Member,
        name: Text,
        uid: Text,
        created: Timestamp,
        facts: RedisFacts,
    ) -> Object {
        // A node is called by its address; what belongs to a node stands under it.
        let namespace = if kind == Kind::RedisNode { "".into() } else { member.spot.to_string().into() };
        let id = ObjectRef { context: self.name.clone(), kind, namespace, name };
        Object { id, uid, created, deleting: false, owner: None, facts: Facts::Redis(facts) }
    }

    fn elsewhere(&self, member: &Member) -> Option<Text> {
        self.hub.elsewhere(self.at, &member.node.run_id)
    }

    /// Others may see the same servers.
    fn claim(&self) {
        let seen = self.members.iter().filter(|member| !member.node.run_id.is_empty());
        let seen = seen.map(|member| (member.node.run_id.clone(), member.con.is_some() && member.answers()));
        self.hub.claim(self.at, &self.name, seen.collect());
    }

    fn objects(&self, kind: Kind) -> Vec<Object> {
        let mut all = Vec::new();
        // Who stands under another endpoint is not told twice.
        for member in self.members.iter().filter(|member| self.elsewhere(member).is_none()) {
            match kind {
                Kind::RedisNode => {
                    let facts = RedisFacts::Node(Box::new(member.node.clone()));
                    let name = member.spot.to_string().into();
                    all.push(self.object(
                        kind,
                        member,
                        name,
                        member.node.run_id.clone(),
                        member.started(),
                        facts,
                    ));
                }
                Kind::Client => all.extend(member.clients.iter().map(|client| {
                    let facts = RedisFacts::Client(Box::new(client.clone()));
                    let (name, uid) = (client.id.to_string().into(), client.uid().into());
                    self.object(kind, member, name, uid, client.since, facts)
                })),
                Kind::SlowCall => all.extend(member.slow.iter().map(|call| {
                    let facts = RedisFacts::Slow(Box::new(call.clone()));
                    let uid = format!("{}@{}", call.id, call.at.0).into();
                    self.object(kind, member, call.id.to_string().into(), uid, call.at, facts)
                })),
                _ => all.extend(member.sampler.groups().iter().map(|group| {
                    let facts = RedisFacts::Keys(Box::new(group.clone()));
                    self.object(kind, member, group.name.clone(), "".into(), Timestamp(0), facts)
                })),
            }
        }
        all
    }

    fn place(&self, door: &Door) -> Option<PlaceFacts> {
        let first = self.members.iter().find(|member| member.rights.is_some())?;
        let rights = first.rights.as_ref()?;
        let mut missing = rights.missing.clone();
        if self.left_out > 0 {
            missing.push(format!("{} more nodes: {MOST_NODES} are looked at", self.left_out));
        }
        Some(PlaceFacts {
            server: door.seed.to_string(),
            version: Some(first.node.server.to_string()).filter(|version| !version.is_empty()),
            identity: rights.identity.clone().or_else(|| door.user.clone()),
            rights: Some(match self.members.iter().find_map(|member| self.elsewhere(member)) {
                Some(other) => format!("{}, nodes of `{other}`", rights.words()),
                None => rights.words(),
            }),
            missing,
        })
    }

    /// What changed since the last look.
    fn news(&mut self, door: &Door, feed: &Feed, watched: Watched) -> Vec<News> {
        let mut kinds = vec![Kind::RedisNode];
        kinds.extend(watched.clients.then_some(Kind::Client));
        kinds.extend(watched.slow.then_some(Kind::SlowCall));
        kinds.extend(watched.keys.then_some(Kind::KeyGroup));
        let mut news = Vec::new();
        for kind in kinds {
            let objects = self.objects(kind);
            news.extend(self.rows.news(feed, kind, objects));
        }
        let place = self.place(door);
        if place.is_some() && place != self.place {
            self.place.clone_from(&place);
            news.extend(place.map(|facts| News::Place(feed.clone(), facts)));
        }
        news
    }

    /// The connections for those who look closer and who act.
    fn hold(&self, door: &Door) {
        let held = self.members.iter().filter_map(|member| {
            let rights = member.rights.clone().unwrap_or_default();
            let user = rights.identity.clone().unwrap_or_else(|| door.user().to_owned());
            let held = Held {
                con: member.con.clone()?,
                node: member.node.clone(),
                info: member.info.clone(),
                own: rights.id,
                user,
                ends: rights.ends,
                slow: member.slow.clone(),
                groups: member.sampler.groups().to_vec(),
            };
            Some((member.spot.to_string().into(), held))
        });
        self.hub.hold(&self.name, held.collect());
    }

    /// The worst reason why nobody answers: that of the address we were given.
    fn why_nobody(&self) -> Option<SourceError> {
        if self.members.iter().any(Member::answers) {
            return None;
        }
        let first = self.members.first().and_then(|member| member.node.trouble.as_ref());
        Some(first.map_or(SourceError::Closed, source_error))
    }

    fn pause(&self, watched: Watched) -> Duration {
        let waits = |member: &Member| {
            matches!(member.node.trouble, Some(Trouble::Busy { .. } | Trouble::Loading { .. }))
        };
        match (self.members.iter().any(waits), watched.any) {
            (true, _) => SOON,
            (false, true) => EVERY,
            (false, false) => UNWATCHED,
        }
    }
}

impl Source for Poll {
    fn feed(&self) -> Feed {
        Feed::Endpoint(Backend::Redis, self.name.clone())
    }

    async fn run(&mut self, wire: &mut Wire) -> Result<Infallible, SourceError> {
        let endpoint = &self.access.endpoint;
        let door = Door::parse(&endpoint.url, endpoint.username.as_deref())
            .map_err(|why| SourceError::Absent { why })?;
        if self.members.is_empty() {
            self.members.push(Member::new(door.seed.clone()));
        }
        let feed = wire.feed().clone();
        let mut before = false;
        loop {
            let watched = *self.watched.borrow_and_update();
            self.look(&door, watched).await;
            self.hold(&door);
            self.claim();
            let why = self.why_nobody();
            // Of a server that was never heard there is no row yet: the title says why.
            if why.is_none() || self.members.iter().any(|member| !member.node.run_id.is_empty()) {
                let news = self.news(&door, &feed, watched);
                if !before && why.is_none() {
                    wire.loading().await?;
                }
                before = true;
                if !news.is_empty() {
                    wire.send(news).await?;
                }
            }
            if let Some(why) = why {
                return Err(why);
            }
            wire.live().await?;
            // Whoever begins to look need not wait.
            let _ = timeout(self.pause(watched), self.watched.changed()).await;
            if self.watched.has_changed().is_err() {
                // Nobody can look any more, so nobody changes that.
                sleep(self.pause(watched)).await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::settings::Endpoint;

    fn poll() -> (Poll, Door) {
        let endpoint = Endpoint::new(Backend::Redis, "cache", "redis://a:1");
        let secrets: crate::sources::backend::Secrets =
            std::sync::Arc::new(|_| Box::pin(async { Err(String::new()) }));
        let watched = watch::channel(Watched::default()).1;
        let mut poll = Poll::new(0, Access { endpoint, secrets }, watched, Hub::default());
        let door = Door::parse("redis://a:1", None).expect("an address");
        poll.members.push(Member::new(door.seed.clone()));
        (poll, door)
    }

    fn dead(run_id: &str, since: Timestamp) -> Member {
        let mut member = Member::new(Spot::new("b", 2));
        member.node.run_id = run_id.into();
        member.node.trouble = Some(Trouble::Down { why: "refused".into() });
        member.node.trouble_since = Some(since);
        member
    }

    #[test]
    fn a_dead_node_that_was_known_stays_for_an_hour_and_one_that_never_was_does_not() {
        let ago = |seconds: i64| Timestamp(now().0 - seconds * 1_000);
        for (run_id, since, left) in [("r", 5, 2), ("r", 3_700, 1), ("", 5, 1)] {
            let (mut poll, door) = poll();
            poll.members.push(dead(run_id, ago(since)));
            poll.meet(&door);
            assert_eq!(poll.members.len(), left, "{run_id} {since}");
        }
    }

    #[test]
    fn two_that_are_gone_do_not_name_each_other_for_ever() {
        let (mut poll, door) = poll();
        let mut gone = dead("r", Timestamp(0));
        gone.names.push(gone.spot.clone());
        poll.members.push(gone);
        assert!(!poll.meet(&door) && poll.members.len() == 1);
    }

    #[test]
    fn what_a_primary_says_of_a_node_that_we_never_heard_holds_as_long_as_it_says_it() {
        let mut member = dead("", Timestamp(7));
        for _ in 0..2 {
            member.vouch(true);
            assert_eq!((member.node.role, &member.node.trouble), (Role::Replica, &None));
            // It is tried again meanwhile.
            (member.node.trouble, member.node.trouble_since) = (dead("", now()).node.trouble, Some(now()));
        }
        member.vouch(true);
        member.vouch(false);
        assert_eq!((member.node.role, member.node.trouble_since), (Role::Unknown, Some(Timestamp(7))));
        assert!(member.node.trouble.is_some());
    }
}
