//! The texts are what real servers of each version answered.
use super::*;
use crate::domain::redis::rates::{Own, Sample};

const AT: Timestamp = Timestamp(1_000_000_000_000);

const SIX: &str = include_str!("../../../../tests/fixtures/redis/info-redis-6.2.txt");
const SEVEN: &str = include_str!("../../../../tests/fixtures/redis/info-redis-7.0.txt");
const REPLICA: &str = include_str!("../../../../tests/fixtures/redis/info-redis-7.0-replica.txt");
const EIGHT: &str = include_str!("../../../../tests/fixtures/redis/info-redis-8.0.txt");
const VALKEY: &str = include_str!("../../../../tests/fixtures/redis/info-valkey-9.1.txt");

fn read(text: &str) -> RedisNode {
    RedisNode::of(Spot::new("cache", 6379), &Info::parse(text), AT, &History::default())
}

#[test]
fn every_version_tells_what_is_needed() {
    for (text, server) in
        [(SIX, "Redis 6.2.14"), (SEVEN, "Redis 7.0.15"), (EIGHT, "Redis 8.0.2"), (VALKEY, "Valkey 9.1.2")]
    {
        let node = read(text);
        assert_eq!(&*node.server, server);
        assert_eq!((node.mode, node.role), (Mode::Standalone, Role::Primary), "{server}");
        assert_eq!((node.limit(), &*node.memory.policy), (Some(20 << 20), "allkeys-lru"), "{server}");
        assert!(node.memory.used > Some(900_000) && node.memory.rss > node.memory.used, "{server}");
        assert!(node.memory.fragmentation.is_some() && node.memory.allocator.is_some(), "{server}");
        assert_eq!((node.max_clients, node.clients.is_some()), (Some(10_000), true), "{server}");
        assert_eq!((node.blocked, node.ops.is_some()), (Some(0), true), "{server}");
        let databases: Vec<(u32, u64, u64)> =
            node.keyspace.iter().map(|db| (db.number, db.keys, db.expires)).collect();
        assert_eq!(databases, [(0, 801, 400), (3, 1, 0)], "{server}");
        assert_eq!(node.keys(), (802, 402), "{server}");
        assert_eq!(node.persistence.rdb_ok, Some(true), "{server}");
        assert_eq!(node.persistence.aof, Some(false), "{server}");
        assert!(node.trouble.is_none() && node.run_id.len() == 40, "{server}");
    }
}

#[test]
fn what_clients_were_refused_with_is_counted_on_every_version() {
    for text in [SIX, SEVEN, EIGHT, VALKEY] {
        let more = text.replace("errorstat_WRONGTYPE:count=1", "errorstat_WRONGTYPE:count=21");
        assert_ne!(text, more);
        let mut history = History::default();
        for (seconds, text) in [(0, text), (10, &more)] {
            history.push(Sample::of(&Info::parse(text), Timestamp::from_seconds(seconds), Own::default()));
        }
        assert!(history.rates().errors.contains(&("WRONGTYPE".into(), 2.0)), "{:?}", history.rates());
    }
}

#[test]
fn a_primary_and_its_replica_tell_of_each_other() {
    let primary = read(SEVEN);
    let [replica] = primary.replication.replicas.as_slice() else { panic!("{:?}", primary.replication) };
    assert_eq!((replica.at.to_string().as_str(), &*replica.state), ("127.0.0.1:26002", "online"));
    assert!(replica.lag_bytes.is_some_and(|bytes| bytes < 100_000) && replica.lag_seconds.is_some());
    let replica = read(REPLICA);
    assert_eq!(replica.role, Role::Replica);
    assert_eq!(replica.replication.primary, Spot::parse("127.0.0.1:26001"));
    assert_eq!((replica.replication.link_up, replica.replication.sync), (Some(true), None));
}

#[test]
fn a_server_that_starts_says_how_far_it_has_read() {
    let node = read("loading:1\nloading_loaded_perc:42.95\nloading_eta_seconds:12\nrole:master");
    assert_eq!(node.trouble, Some(Trouble::Loading { percent: Some(42), seconds: Some(12) }));
}

#[test]
fn a_sentinel_tells_whom_it_watches() {
    let node = read(
        "# Server\nredis_version:7.0.15\nredis_mode:sentinel\n# Sentinel\nsentinel_masters:1\nmaster0:name=shop,status=odown,address=10.0.0.5:6379,slaves=2,sentinels=3",
    );
    assert_eq!((node.role, node.mode), (Role::Sentinel, Mode::Sentinel));
    let [watched] = node.watched.as_slice() else { panic!("{:?}", node.watched) };
    assert_eq!((&*watched.name, &*watched.status, watched.replicas), ("shop", "odown", 2));
}

#[test]
fn what_is_not_said_is_not_known() {
    let node = read("");
    assert_eq!(
        (node.memory.used, node.memory.max, node.clients, node.role),
        (None, None, None, Role::Unknown)
    );
    assert_eq!((node.filled(), node.limit(), node.keys()), (None, None, (0, 0)));
}

#[test]
fn two_looks_agree_on_when_it_was_started() {
    let started = |now: i64, uptime: u64| {
        let info = Info::parse(&format!("uptime_in_seconds:{uptime}"));
        RedisNode::of(Spot::default(), &info, Timestamp(now), &History::default()).started
    };
    assert_eq!(started(1_000_005_000, 100), started(1_000_007_400, 102));
}

#[test]
fn what_we_looked_up_ourselves_is_not_the_clients_doing() {
    let mut history = History::default();
    for (seconds, hits, misses, own) in
        [(0, 100, 10, Own::default()), (10, 198, 12, Own { hits: 90, misses: 0 })]
    {
        let info = Info::parse(&format!(
            "uptime_in_seconds:{seconds}\nkeyspace_hits:{hits}\nkeyspace_misses:{misses}"
        ));
        history.push(Sample::of(&info, Timestamp::from_seconds(seconds), own));
    }
    assert_eq!(history.rates().hit_rate, Some(80.0));
}
