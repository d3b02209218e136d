//! Rows of databases and of Redis, made up.
use std::time::Duration;

use firedeck::domain::database::{
    Blocked, By, Counted, Database, Group, Operation, Place, Relation, Replica, ReplicaKind, Server, Session,
    State, Statement,
};
use firedeck::domain::level::Level;
use firedeck::domain::redis::node::{Keyspace, Memory, Replication, Role};
use firedeck::domain::redis::rates::Rates;
use firedeck::domain::redis::{KeyGroup, RedisClient, RedisNode, SlowCall};

use super::made::Dice;

pub(super) fn session(dice: &mut Dice, nth: usize) -> Session {
    let place = Place { root: 1, depth: 0, at: 0, blocks: dice.n() };
    Session {
        pid: i32::try_from(nth).expect("few") + 1,
        began: "".into(),
        backend: "".into(),
        user: dice.words(),
        database: dice.words(),
        application: dice.words(),
        client: dice.words(),
        state: dice.of(&[State::Active, State::Idle, State::InTransaction]),
        since: dice.when(),
        transaction: dice.when(),
        query_began: dice.when(),
        wait: dice.of(&[None, Some(("Lock".into(), "tuple".into())), Some(("IO".into(), "read".into()))]),
        xmin_age: dice.some(),
        query_id: None,
        query: dice.words(),
        blocked: dice.of(&[None, Some(Blocked { place, by: vec![] }), Some(Blocked { place, by: vec![7] })]),
        hidden: false,
        own: false,
        level: Level::Fine,
    }
}

pub(super) fn server(dice: &mut Dice) -> Server {
    let standby = dice.yes();
    Server {
        version: dice.of(&["9.6.1", "12.22", "15.18"]).into(),
        standby,
        started: dice.at(),
        used: dice.n(),
        max: 100,
        growth: dice.some(),
        active: dice.n(),
        idle: dice.n(),
        in_transaction: dice.n(),
        blocked: dice.n(),
        xid_age: dice.some(),
        deadlocks: dice.some(),
        cache_hit: dice.share(),
        commits_per_second: dice.some(),
        lag: dice.some().filter(|_| standby).map(|hours: u64| Duration::from_hours(hours)),
        ..Server::default()
    }
}

pub(super) fn session_group(dice: &mut Dice) -> Group {
    Group {
        by: dice.of(&[By::Application, By::User]),
        value: dice.words(),
        all: dice.n(),
        active: dice.n(),
        idle: dice.n(),
        in_transaction: dice.n(),
        blocked: dice.n(),
        oldest: dice.when(),
        limit: dice.some(),
        worst: Level::Fine,
    }
}

pub(super) fn operation(dice: &mut Dice, nth: usize) -> Operation {
    Operation {
        pid: i32::try_from(nth).expect("few") + 1,
        what: dice.word(),
        user: dice.words(),
        database: dice.words(),
        on: dice.words(),
        phase: dice.words(),
        done: dice.some(),
        total: dice.of(&[None, Some(100)]),
        unit: dice.of(&["rows", "blocks"]).into(),
        since: dice.when(),
        notes: dice.words(),
    }
}

pub(super) fn replica(dice: &mut Dice) -> Replica {
    Replica {
        kind: dice.of(&[ReplicaKind::Sender, ReplicaKind::Slot, ReplicaKind::Receiver]),
        client: dice.words(),
        state: dice.word(),
        mode: dice.words(),
        behind: dice.of(&[None, Some(2 << 20), Some(9 << 20)]),
        lag: dice.span(),
        wal_status: dice.words(),
        slot: "".into(),
        write_lag: dice.span(),
        flush_lag: dice.span(),
        left: dice.some(),
        inactive: dice.when(),
        invalid: "".into(),
    }
}

pub(super) fn statement(dice: &mut Dice) -> Statement {
    let mut counted = || Counted {
        calls: dice.n(),
        time: dice.of(&[0, 2_000, 90_000]),
        rows: dice.n(),
        hit: dice.n(),
        read: dice.n(),
    };
    let (total, lately) = (counted(), counted());
    Statement {
        database: dice.words(),
        user: dice.words(),
        query: dice.words(),
        total,
        lately: dice.yes().then_some((lately, Duration::from_mins(1))),
    }
}

pub(super) fn relation(dice: &mut Dice) -> Relation {
    Relation {
        what: dice.of(&["table", "index"]).into(),
        of: dice.words(),
        bytes: dice.size(),
        live: dice.some(),
        dead: dice.some(),
        vacuumed: dice.when(),
        analyzed: dice.when(),
        scans: dice.some(),
        index_scans: dice.some(),
        unique: dice.yes(),
        valid: dice.yes(),
        xid_age: dice.some(),
    }
}

pub(super) fn database(dice: &mut Dice) -> Database {
    Database {
        bytes: dice.some().map(|n: u64| n << 20),
        connections: dice.n(),
        limit: dice.of(&[None, Some(10), Some(100)]),
        xid_age: dice.some(),
        deadlocks: dice.some(),
        temp_bytes: dice.some().map(|n: i64| n << 20),
        cache_hit: dice.share(),
        commits: dice.some(),
        rollbacks: dice.some(),
    }
}

pub(super) fn redis_node(dice: &mut Dice) -> RedisNode {
    let replication = Replication { lag_bytes: dice.some(), ..Replication::default() };
    RedisNode {
        server: dice.of(&["", "Redis 7.0.15", "Valkey 9.1.2"]).into(),
        role: dice.of(&[Role::Unknown, Role::Primary, Role::Replica, Role::Sentinel]),
        started: dice.when(),
        memory: Memory {
            used: dice.of(&[None, Some(2 << 20), Some(9 << 20), Some(30 << 20)]),
            max: dice.of(&[None, Some(0), Some(100 << 20)]),
            fragmentation: dice.rate(),
            ..Memory::default()
        },
        rates: Rates {
            growth_per_minute: dice.some().map(|n: i64| (n - 9) << 20),
            evicted: dice.rate(),
            hit_rate: dice.rate(),
            ..Rates::default()
        },
        ops: dice.some(),
        clients: dice.some(),
        max_clients: dice.of(&[None, Some(10_000)]),
        blocked: dice.some(),
        ping: dice.some().map(|middle: u32| (1, middle * 1000)),
        replication,
        keyspace: vec![Keyspace { number: 0, keys: 100, expires: dice.n(), average_ttl: None }],
        ..RedisNode::default()
    }
}

pub(super) fn client(dice: &mut Dice, nth: usize) -> RedisClient {
    RedisClient {
        id: u64::try_from(nth).expect("few"),
        address: dice.word(),
        name: dice.words(),
        user: dice.words(),
        db: dice.n(),
        idle_since: dice.at(),
        flags: dice.of(&["", "b", "P"]).into(),
        command: dice.words(),
        memory: dice.some(),
        output: dice.n(),
        ..RedisClient::default()
    }
}

pub(super) fn call(dice: &mut Dice) -> SlowCall {
    SlowCall {
        id: dice.n(),
        at: dice.at(),
        micros: dice.of(&[20_000, 300_000, 9_000_000]),
        command: dice.words(),
        client: dice.words(),
        client_name: dice.words(),
    }
}

pub(super) fn group(dice: &mut Dice) -> KeyGroup {
    KeyGroup {
        name: dice.word(),
        single: dice.yes(),
        db: dice.n(),
        seen: dice.n(),
        sampled: dice.of(&[0, 100]),
        keys: dice.some(),
        bytes: dice.some(),
        lasting: dice.some(),
        whole: true,
        heat: dice.some(),
    }
}
