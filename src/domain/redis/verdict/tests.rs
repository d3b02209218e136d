//! Each fault, its word and its level.
use super::*;
use crate::domain::Text;
use crate::domain::redis::info::Info;
use crate::domain::redis::rates::{History, Rates};
use crate::domain::redis::topology::Spot;
use crate::domain::redis::trouble::Trouble;
use crate::domain::time::Timestamp;

const WELL: &str = "redis_version:7.0.15\nrole:master\nused_memory:10\nmaxmemory:100\nmaxmemory_policy:noeviction\nconnected_clients:5\nmaxclients:100\nrdb_last_bgsave_status:ok\naof_enabled:0\n";

fn node(more: &str) -> RedisNode {
    // What is said last counts.
    let info = Info::parse(&format!("{WELL}{more}"));
    RedisNode::of(Spot::new("cache", 6379), &info, Timestamp(0), &History::default())
}

fn told(node: &RedisNode) -> (String, Level) {
    (node.status().into_owned(), node.level())
}

#[test]
fn a_server_that_is_well_is_fine_and_one_never_heard_is_not() {
    assert_eq!(told(&node("")), ("ok".into(), Level::Fine));
    assert_eq!(told(&RedisNode::default()), ("not heard yet".into(), Level::Unknown));
}

#[test]
fn a_cluster_whose_state_is_not_seen_is_not_green() {
    let mut node = node("redis_mode:cluster");
    assert_eq!(told(&node), ("the cluster's state is not seen".into(), Level::Unknown));
    node.cluster = Some("ok".into());
    assert_eq!(told(&node), ("ok".into(), Level::Fine));
}

#[test]
fn each_fault_has_its_word_and_its_level() {
    for (more, words, level) in [
        ("used_memory:81", "memory 81%", Level::Warn),
        ("used_memory:95", "memory 95%, nothing is evicted", Level::Bad),
        ("used_memory:95\nmaxmemory_policy:allkeys-lru", "ok", Level::Fine),
        (
            "used_memory:95\nmaxmemory_policy:volatile-lru\ndb0:keys=5,expires=0",
            "memory 95%, no key may be evicted",
            Level::Bad,
        ),
        ("used_memory:95\nmaxmemory_policy:volatile-lru\ndb0:keys=5,expires=2", "ok", Level::Fine),
        (
            "maxmemory:0\nused_memory_rss:92\ntotal_system_memory:100",
            "no limit, and 92% of the machine's memory",
            Level::Bad,
        ),
        ("connected_clients:93", "clients 93 of 100, 93%", Level::Warn),
        ("connected_clients:100", "clients 100 of 100, 100%", Level::Bad),
        ("rdb_last_bgsave_status:err", "MISCONF: the last save failed", Level::Bad),
        (
            "aof_enabled:1\naof_last_write_status:err",
            "MISCONF: the append-only file cannot be written",
            Level::Bad,
        ),
        ("aof_last_write_status:err", "ok", Level::Fine),
        (
            "role:slave\nmaster_host:10.0.0.5\nmaster_port:6379\nmaster_link_status:down",
            "link to 10.0.0.5:6379 is down",
            Level::Bad,
        ),
        (
            "role:slave\nmaster_link_status:down\nmaster_sync_in_progress:1\nmaster_sync_perc:40.5",
            "copies its primary, 40%",
            Level::Warn,
        ),
        (
            "slave0:ip=10.0.0.7,port=6379,state=wait_bgsave,offset=0,lag=0",
            "replica 10.0.0.7:6379 is not online: wait_bgsave",
            Level::Warn,
        ),
        ("allocator_frag_ratio:1.8\nallocator_frag_bytes:314572800", "fragmented, 300 MB lost", Level::Warn),
        ("allocator_frag_ratio:7.1\nallocator_frag_bytes:1000", "ok", Level::Fine),
        ("loading:1\nloading_loaded_perc:3.0", "LOADING 3%", Level::Bad),
        ("redis_mode:sentinel\nrole:\nmaster0:name=shop,status=sdown", "shop is sdown", Level::Bad),
        ("redis_mode:sentinel\nrole:\nmaster0:name=shop,status=ok", "watches shop", Level::Fine),
    ] {
        assert_eq!(told(&node(more)), (words.to_owned(), level), "{more}");
    }
}

fn with(rates: Rates) -> RedisNode {
    RedisNode { rates, ..node("") }
}

#[test]
fn what_clients_are_refused_with_is_named() {
    let errors = |code: &str| vec![(Text::from(code), 2.0)];
    for (code, words, level) in [
        ("OOM", "OOM: writes are refused, memory is full", Level::Bad),
        ("MISCONF", "MISCONF: writes are refused, it cannot save", Level::Bad),
        ("READONLY", "READONLY: a client writes to a replica", Level::Warn),
        ("WRONGTYPE", "ok", Level::Fine),
    ] {
        let node = with(Rates { errors: errors(code), ..Rates::default() });
        assert_eq!(told(&node), (words.to_owned(), level));
    }
    let node = with(Rates { rejected: Some(0.3), ..Rates::default() });
    assert_eq!(told(&node), ("max number of clients reached: connections are rejected".into(), Level::Bad));
}

#[test]
fn soon_full_is_worse_than_full_today_and_evicting_is_no_end() {
    let full_in = |minutes| with(Rates { full_in: Some(Duration::from_mins(minutes)), ..Rates::default() });
    assert_eq!(told(&full_in(7)), ("full in 7 min".into(), Level::Bad));
    assert_eq!(told(&full_in(150)), ("full in 2 h".into(), Level::Warn));
    assert_eq!(told(&full_in(600)), ("ok".into(), Level::Fine));
    let mut evicting =
        with(Rates { full_in: Some(Duration::from_mins(1)), evicted: Some(120.4), ..Rates::default() });
    evicting.memory.policy = "allkeys-lru".into();
    assert_eq!(told(&evicting), ("evicts 120 keys/s".into(), Level::Warn));
}

#[test]
fn the_worst_comes_first_and_trouble_silences_the_rest() {
    let mut node = node("connected_clients:93\nused_memory:99");
    let levels: Vec<Level> = node.findings().iter().map(|(level, _)| *level).collect();
    assert_eq!(levels, [Level::Bad, Level::Warn]);
    node.trouble = Some(Trouble::Busy { cure: "SCRIPT KILL" });
    assert_eq!(told(&node), ("BUSY: a script runs, only SCRIPT KILL helps".into(), Level::Bad));
    assert_eq!(node.findings().len(), 1);
}

#[test]
fn a_late_replica_says_how_late() {
    let mut replica = node("role:slave\nmaster_link_status:up");
    assert_eq!(told(&replica), ("ok".into(), Level::Fine));
    replica.replication.lag_seconds = Some(75);
    assert_eq!(told(&replica), ("1 min behind".into(), Level::Warn));
}

#[test]
fn spans_and_rates_are_said_coarsely() {
    let spans = [45, 60, 7_100, 7_200, 172_800].map(|seconds| spoken(Duration::from_secs(seconds)));
    assert_eq!(spans, ["45 s", "1 min", "118 min", "2 h", "2 days"]);
    assert_eq!([0.4, 7.0, 7.26, 120.4].map(figure), ["0.4", "7", "7.3", "120"]);
}
