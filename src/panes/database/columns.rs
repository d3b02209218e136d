//! The columns of each kind of a database.
use super::super::tables::{ON, left, right};
use super::super::{Column, Width};
use crate::domain::object::Kind;

const SESSION: &[Column] = &[
    ON,
    left("PID", Width::Fixed(10), 20),
    left("USER", Width::Share(10, 1), 4),
    left("DB", Width::Share(7, 1), 2),
    left("APP", Width::Share(10, 2), 6),
    left("CLIENT", Width::Share(10, 1), 1),
    left("STATE", Width::Fixed(10), 9),
    right("AGE", 4, 8),
    right("TXN", 4, 3),
    left("WAIT", Width::Share(12, 1), 2),
    left("BLOCKS", Width::Fixed(10), 8),
    right("XMIN AGE", 9, 1),
    left("QUERY", Width::Fill(14), 7),
];

const SERVER: &[Column] = &[
    left("NAME", Width::Share(10, 3), 20),
    left("VERSION", Width::Fixed(7), 5),
    left("ROLE", Width::Fixed(8), 9),
    right("USED", 9, 9),
    right("%", 4, 8),
    right("GROWTH", 6, 4),
    right("ACTIVE", 6, 5),
    right("IDLE", 4, 4),
    right("IN TX", 5, 6),
    right("BLOCKED", 7, 7),
    right("TPS", 6, 3),
    right("CACHE", 6, 2),
    right("LAG", 13, 4),
    right("XID", 5, 2),
    right("DEADLOCKS", 9, 1),
    right("UP", 4, 3),
];

const REPLICA: &[Column] = &[
    ON,
    left("NAME", Width::Share(16, 4), 20),
    left("WHAT", Width::Fixed(8), 6),
    left("STATE", Width::Share(10, 1), 9),
    left("MODE", Width::Fixed(8), 3),
    left("CLIENT", Width::Share(12, 1), 4),
    right("BEHIND", 6, 8),
    right("WRITE", 6, 3),
    right("FLUSH", 6, 3),
    right("LAG", 6, 7),
    left("WAL", Width::Fixed(10), 5),
    right("LEFT", 6, 4),
    right("UNREAD", 6, 4),
];

const STATEMENT: &[Column] = &[
    ON,
    right("LOAD", 6, 8),
    right("CALLS/M", 7, 7),
    right("MEAN", 7, 9),
    right("TOTAL", 6, 6),
    right("CALLS", 6, 4),
    right("ROWS", 6, 2),
    right("HIT", 5, 3),
    left("DB", Width::Share(8, 1), 3),
    left("USER", Width::Share(8, 1), 2),
    left("QUERY", Width::Fill(20), 10),
];

const RELATION: &[Column] = &[
    ON,
    left("NAME", Width::Share(16, 6), 20),
    left("WHAT", Width::Fixed(8), 5),
    right("SIZE", 5, 9),
    right("ROWS", 6, 6),
    right("DEAD", 6, 7),
    right("DEAD%", 5, 5),
    right("VACUUM", 6, 4),
    right("ANALYZE", 7, 2),
    right("SEQ", 6, 4),
    right("INDEX", 6, 3),
    right("XID", 5, 1),
    left("STATE", Width::Fixed(9), 8),
];

const DATABASE: &[Column] = &[
    ON,
    left("NAME", Width::Share(16, 4), 20),
    right("SIZE", 5, 8),
    right("USED", 9, 9),
    right("XID", 5, 7),
    right("CACHE", 6, 5),
    right("COMMITS", 7, 3),
    right("ROLLBACKS", 9, 4),
    right("DEADLOCKS", 9, 4),
    right("TEMP", 5, 3),
    left("STATE", Width::Share(12, 1), 6),
];

const GROUP: &[Column] = &[
    ON,
    left("BY", Width::Fixed(11), 8),
    left("NAME", Width::Share(16, 4), 20),
    right("ALL", 4, 10),
    right("LIMIT", 5, 7),
    right("ACTIVE", 6, 6),
    right("IDLE", 4, 9),
    right("IN TX", 5, 9),
    right("BLOCKED", 7, 6),
    right("OLDEST TX", 9, 5),
];

const OPERATION: &[Column] = &[
    ON,
    left("PID", Width::Fixed(7), 20),
    left("WHAT", Width::Share(12, 2), 12),
    left("TABLE", Width::Share(12, 3), 9),
    left("DB", Width::Share(7, 1), 3),
    left("USER", Width::Share(8, 1), 2),
    right("FOR", 4, 10),
    right("%", 4, 11),
    right("DONE", 6, 6),
    right("OF", 6, 6),
    left("UNIT", Width::Fixed(6), 4),
    left("PHASE", Width::Share(14, 4), 9),
    left("NOTES", Width::Share(10, 2), 1),
];

pub fn of(kind: Kind) -> &'static [Column] {
    match kind {
        Kind::Server => SERVER,
        Kind::SessionGroup => GROUP,
        Kind::Operation => OPERATION,
        Kind::Replica => REPLICA,
        Kind::Statement => STATEMENT,
        Kind::Relation => RELATION,
        Kind::Database => DATABASE,
        _ => SESSION,
    }
}
