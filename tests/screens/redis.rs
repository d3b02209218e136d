//! The Redis pane: nodes, clients, slow calls and keys, well and in trouble.
use firedeck::domain::action::Verb;
use firedeck::domain::feed::{Feed, FeedState};
use firedeck::domain::level::Level;
use firedeck::domain::news::{News, PlaceFacts, Seen};
use firedeck::domain::object::{Facts, Kind, Object, ObjectRef, Realm};
use firedeck::domain::redis::info::Info;
use firedeck::domain::redis::keys::{KeySample, Weighed};
use firedeck::domain::redis::node::RedisNode;
use firedeck::domain::redis::rates::{History, Own, Sample};
use firedeck::domain::redis::topology::Spot;
use firedeck::domain::redis::trouble::Trouble;
use firedeck::domain::redis::{RedisClient, RedisFacts, SlowCall};
use firedeck::domain::settings::{Backend, Endpoint};
use firedeck::domain::time::Timestamp;
use firedeck::model::Model;
use firedeck::model::msg::{Effect, Msg};
use firedeck::panes::tables;

use super::{SIZES, picture, snap};
use crate::common::estate::{NOW, ago, cockpit, news, press, say};

const FEED: &str = "cache";

fn feed() -> Feed {
    Feed::Endpoint(Backend::Redis, FEED.into())
}

fn object(kind: Kind, node: &str, name: &str, uid: &str, facts: RedisFacts) -> Object {
    let id = ObjectRef { context: FEED.into(), kind, namespace: node.into(), name: name.into() };
    let created = ago(9 * 86_400);
    Object { id, uid: uid.into(), created, deleting: false, owner: None, facts: Facts::Redis(facts) }
}

/// A node after a minute of looks: its memory grows by 3 MB a minute.
fn node(name: &str, used: u64, more: &str) -> RedisNode {
    let spot = Spot::parse(name).expect("an address");
    let mut history = History::default();
    let mut text = String::new();
    for second in 0..=60_u32 {
        let used = used - (3 << 20) + (3 << 20) * u64::from(second) / 60;
        let (hits, misses) = (second * 972, second * 28);
        text = format!(
            "redis_version:7.0.15\nredis_mode:standalone\nrun_id:{name}\nuptime_in_seconds:{}\nconnected_clients:93\n\
             maxclients:10000\nblocked_clients:12\nused_memory:{used}\nused_memory_rss:{}\nmaxmemory:1073741824\n\
             maxmemory_policy:noeviction\nallocator_frag_ratio:1.08\nmem_fragmentation_ratio:1.3\nloading:0\n\
             rdb_changes_since_last_save:1601\nrdb_last_save_time:{}\nrdb_last_bgsave_status:ok\naof_enabled:0\n\
             instantaneous_ops_per_sec:1204\nrejected_connections:0\nevicted_keys:0\nexpired_keys:7\n\
             keyspace_hits:{hits}\nkeyspace_misses:{misses}\nrole:master\ndb0:keys=120000,expires=48000,avg_ttl=360000\n{more}",
            700_000 + second,
            used + (90 << 20),
            ago(300).0 / 1000,
        );
        history.push(Sample::of(&Info::parse(&text), ago(60 - i64::from(second)), Own::default()));
        history.ping(std::time::Duration::from_micros(230));
    }
    RedisNode::of(spot, &Info::parse(&text), NOW, &history)
}

fn is_node(node: RedisNode) -> Seen<Object> {
    let name = node.at.to_string();
    Seen::Is(object(Kind::RedisNode, "", &name, &name, RedisFacts::Node(Box::new(node))))
}

/// A cockpit with one Redis, whose nodes these are.
fn pane(columns: u16, rows: u16, nodes: Vec<RedisNode>) -> Model {
    let mut model = cockpit(columns, rows);
    model.settings.profile.endpoints = vec![Endpoint::new(Backend::Redis, FEED, "redis://10.0.0.5:6379")];
    let batch = [Seen::Begin].into_iter().chain(nodes.into_iter().map(is_node)).chain([Seen::End]).collect();
    news(&mut model, vec![News::Feed(feed(), FeedState::Live), News::Rows(feed(), Kind::RedisNode, batch)]);
    press(&mut model, "6");
    model
}

fn primary() -> RedisNode {
    node("10.0.0.5:6379", 412 << 20, "slave0:ip=10.0.0.7,port=6379,state=online,offset=5,lag=0")
}

fn replica() -> RedisNode {
    let mut replica = node(
        "10.0.0.7:6379",
        411 << 20,
        "role:slave\nmaster_host:10.0.0.5\nmaster_port:6379\nmaster_link_status:up",
    );
    replica.replication.lag_bytes = Some(12_000);
    replica.replication.lag_seconds = Some(1);
    replica
}

fn clients(model: &mut Model) {
    let lines = "\
id=57 addr=10.0.0.4:53211 name=web-1 age=7200 idle=3600 flags=N db=0 tot-mem=61466 omem=0 cmd=get user=app
id=58 addr=10.0.0.4:53212 name=web-1 age=7200 idle=0 flags=b db=0 tot-mem=22000 omem=0 cmd=blpop user=app
id=61 addr=10.0.0.9:40001 name= age=600 idle=600 flags=N db=3 tot-mem=35000000 omem=34000000 cmd=subscribe user=feed
id=62 addr=10.0.0.9:40002 name= age=30 idle=0 flags=O db=0 tot-mem=20000 omem=0 cmd=monitor user=default
id=70 addr=10.0.0.7:6379 name= age=700000 idle=1 flags=S db=0 tot-mem=42776 omem=0 cmd=replconf user=default
id=71 addr=10.0.0.2:5000 name=firedeck age=60 idle=0 flags=N db=0 tot-mem=37658 omem=0 cmd=client|list user=mon";
    let all = RedisClient::list(lines, NOW, Some(71)).into_iter().map(|client| {
        let (name, uid, since) = (client.id.to_string(), client.uid(), client.since);
        let facts = RedisFacts::Client(Box::new(client));
        Seen::Is(Object { created: since, ..object(Kind::Client, "10.0.0.5:6379", &name, &uid, facts) })
    });
    let batch = [Seen::Begin].into_iter().chain(all).chain([Seen::End]).collect();
    news(model, vec![News::Rows(feed(), Kind::Client, batch)]);
}

fn slow_calls(model: &mut Model) {
    let calls: [(u64, i64, u64, &[&[u8]]); 3] = [
        (12, 40, 1_430_000, &[b"KEYS", b"*"]),
        (11, 300, 90_400, &[b"EVAL", b"local n=0\nfor i=1,3000000 do n=n+i end return n", b"0"]),
        (9, 7_000, 10_300, &[b"AUTH", b"app", b"hunter2"]),
    ];
    let all = calls.map(|(id, seconds, micros, words)| {
        let mut call = SlowCall::new(id, ago(seconds).0 / 1000, micros, words);
        call.client = "10.0.0.4:53211".into();
        Seen::Is(object(
            Kind::SlowCall,
            "10.0.0.5:6379",
            &id.to_string(),
            "",
            RedisFacts::Slow(Box::new(call)),
        ))
    });
    let batch = [Seen::Begin].into_iter().chain(all).chain([Seen::End]).collect();
    news(model, vec![News::Rows(feed(), Kind::SlowCall, batch)]);
}

/// `hot`: the server counts how often they are used.
fn keys(model: &mut Model, hot: bool) {
    let mut sample = KeySample::default();
    for n in 0..4_000 {
        let weighed = n % 5 == 0;
        let heat = (hot && weighed).then_some(if n == 40 { 213 } else { 5 });
        let known =
            |bytes| Weighed { bytes: weighed.then_some(bytes), lasting: weighed.then_some(n % 2 == 0), heat };
        sample.take(format!("session:{n:08x}").as_bytes(), known(400));
        if n % 4 == 0 {
            sample.take(format!("app:user:{n}:cart").as_bytes(), known(9_000));
        }
    }
    sample.take(
        b"app:queue:mail",
        Weighed { bytes: Some(120 << 20), lasting: Some(true), heat: hot.then_some(90) },
    );
    let all = sample.groups(0, 120_000, None).into_iter().map(|group| {
        let name = group.name.to_string();
        Seen::Is(object(Kind::KeyGroup, "10.0.0.5:6379", &name, "", RedisFacts::Keys(Box::new(group))))
    });
    let batch = [Seen::Begin].into_iter().chain(all).chain([Seen::End]).collect();
    news(model, vec![News::Rows(feed(), Kind::KeyGroup, batch)]);
}

#[test]
fn a_redis_that_is_well_at_every_size() {
    for (columns, rows) in SIZES {
        snap(&format!("redis_{columns}x{rows}"), &pane(columns, rows, vec![primary(), replica()]));
    }
}

#[test]
fn a_redis_that_fills_says_when_it_is_full() {
    let full = node("10.0.0.5:6379", 1_000 << 20, "");
    let model = pane(80, 24, vec![full]);
    snap("redis_full_80x24", &model);
    assert!(picture(&model).contains("✗ redis 97%"), "{}", picture(&model));
}

#[test]
fn a_busy_redis_says_what_helps_and_its_numbers_are_those_of_before() {
    let mut busy = primary();
    busy.trouble = Some(Trouble::Busy { cure: "SCRIPT KILL" });
    busy.trouble_since = Some(ago(45));
    let mut lost = node(
        "10.0.0.7:6379",
        411 << 20,
        "role:slave\nmaster_host:10.0.0.5\nmaster_port:6379\nmaster_link_status:down",
    );
    lost.trouble = Some(Trouble::Down { why: "connection refused".into() });
    lost.trouble_since = Some(ago(130));
    let one = pane(80, 24, vec![busy.clone()]);
    assert!(picture(&one).contains("✗ redis BUSY"), "{}", picture(&one));
    snap("redis_busy_120x40", &pane(120, 40, vec![busy, lost]));
}

#[test]
fn clients_slow_calls_and_keys() {
    for (columns, rows) in [(80, 24), (120, 40)] {
        let mut model = pane(columns, rows, vec![primary()]);
        clients(&mut model);
        slow_calls(&mut model);
        keys(&mut model, false);
        for name in ["clients", "slow_calls", "keys"] {
            press(&mut model, "]");
            snap(&format!("redis_{name}_{columns}x{rows}"), &model);
        }
    }
}

#[test]
fn what_may_not_be_seen_is_said_with_the_statement_that_shows_it() {
    let mut model = pane(80, 24, vec![primary()]);
    let facts = PlaceFacts {
        server: "10.0.0.5:6379".into(),
        identity: Some("few".into()),
        missing: vec!["clients: ACL SETUSER few +client|list".into()],
        ..PlaceFacts::default()
    };
    news(&mut model, vec![News::Place(feed(), facts)]);
    press(&mut model, "]");
    assert!(
        picture(&model).contains("not seen: clients: ACL SETUSER few +client|list"),
        "{}",
        picture(&model)
    );
}

#[test]
fn k_on_what_is_no_client_or_our_own_says_why_it_does_nothing() {
    let mut model = pane(80, 24, vec![primary()]);
    clients(&mut model);
    press(&mut model, "K");
    assert!(picture(&model).contains("only clients can be disconnected"), "{}", picture(&model));
    press(&mut model, "]");
    // The fifth is firedeck itself.
    press(&mut model, "j j j j");
    let effects = press(&mut model, "K");
    assert!(!effects.iter().any(|effect| matches!(effect, Effect::Look(..))), "{effects:?}");
    assert!(picture(&model).contains("that is firedeck's own connection"), "{}", picture(&model));
}

#[test]
fn k_asks_to_disconnect_the_selected_client_by_its_identity() {
    let mut model = pane(80, 24, vec![primary()]);
    clients(&mut model);
    press(&mut model, "]");
    // The first is the one that does not read.
    let effects = press(&mut model, "K");
    let asked = effects.iter().find_map(|effect| match effect {
        Effect::Look(_, plan) => plan.actions().first().map(|native| native.uid.to_string()),
        _ => None,
    });
    assert_eq!(asked.as_deref(), Some("61@10.0.0.9:40001"));
    say(&mut model, Msg::Tick(Timestamp(NOW.0 + 1_000)));
    snap("redis_disconnect_80x24", &model);
}

#[test]
fn without_a_row_the_lamp_is_not_green() {
    let tables = tables::of(Realm::Redis).expect("the caches");
    assert_eq!(tables.lamp(&pane(80, 24, vec![primary()])).0, Level::Fine);
    let mut empty = pane(80, 24, Vec::new());
    assert_eq!(tables.lamp(&empty).0, Level::Unknown, "it is live, and no node was heard");
    news(&mut empty, vec![News::Feed(feed(), FeedState::Down { why: "refused".into(), next_try: None })]);
    assert_eq!(tables.lamp(&empty).0, Level::Bad);
}

/// Ten minutes of looks: memory grows, what is found becomes less.
fn lately() -> RedisNode {
    let spot = Spot::parse("10.0.0.5:6379").expect("an address");
    let (mut history, mut text, mut hits, mut misses) = (History::default(), String::new(), 0, 0);
    for second in (0..=600_u32).step_by(10) {
        let misses_now = second / 10;
        (hits, misses) = (hits + 1_000 - misses_now, misses + misses_now);
        let used = (200 << 20) + (400 << 10) * second;
        let ops = 1_000 + (second * 37) % 400;
        text = format!(
            "redis_version:7.0.15\nredis_mode:standalone\nrun_id:a\nuptime_in_seconds:{second}\nconnected_clients:93\n\
             maxclients:10000\nused_memory:{used}\nmaxmemory:1073741824\nmaxmemory_policy:noeviction\nloading:0\n\
             instantaneous_ops_per_sec:{ops}\nevicted_keys:0\nkeyspace_hits:{hits}\nkeyspace_misses:{misses}\n\
             role:master\ndb0:keys=120000,expires=48000,avg_ttl=360000\ndb3:keys=900,expires=900,avg_ttl=1000\n\
             db7:keys=12,expires=0,avg_ttl=0"
        );
        history.push(Sample::of(&Info::parse(&text), ago(600 - i64::from(second)), Own::default()));
    }
    history.ping(std::time::Duration::from_micros(230));
    RedisNode::of(spot, &Info::parse(&text), NOW, &history)
}

#[test]
fn how_a_node_came_about_and_which_databases_hold_its_keys_stand_over_the_table() {
    let model = pane(120, 40, vec![lately()]);
    snap("redis_lately_120x40", &model);
    let page = firedeck::domain::redis::describe::node(&lately(), &Info::default(), NOW);
    let section = page.iter().find(|section| section.title.starts_with("The last ")).expect("it is told");
    let told: Vec<&str> = section.lines.iter().map(|line| line.label.as_str()).collect();
    assert_eq!(told, ["memory", "ops/s", "hit rate"], "nothing was evicted");
    assert!(section.lines[0].value.ends_with("434 MB"), "{}", section.lines[0].value);
}

#[test]
fn the_hottest_keys_stand_by_themselves() {
    let mut model = pane(120, 40, vec![primary()]);
    keys(&mut model, true);
    press(&mut model, "] ] ]");
    snap("redis_hot_keys_120x40", &model);
    press(&mut model, "/ h o t Enter");
    let shown = picture(&model);
    assert!(shown.contains("session:00000028") && !shown.contains("session:*"), "{shown}");
}

#[test]
fn x_on_a_busy_node_asks_to_end_its_script_and_on_another_says_why_not() {
    let mut model = pane(80, 24, vec![primary()]);
    press(&mut model, "X");
    assert!(picture(&model).contains("10.0.0.5:6379 is not busy with a script"), "{}", picture(&model));
    let mut busy = primary();
    busy.trouble = Some(Trouble::Busy { cure: "SCRIPT KILL" });
    busy.trouble_since = Some(ago(45));
    let mut model = pane(80, 24, vec![busy]);
    let effects = press(&mut model, "X");
    let asked = effects.iter().find_map(|effect| match effect {
        Effect::Look(_, plan) => plan.actions().first().map(|native| native.verb.clone()),
        _ => None,
    });
    assert_eq!(asked, Some(Verb::EndScript { function: false }));
    say(&mut model, Msg::Tick(Timestamp(NOW.0 + 1_000)));
    snap("redis_end_script_80x24", &model);
}
