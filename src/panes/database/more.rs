//! Groups of sessions and long operations as rows.
use super::super::pods::bytes;
use super::super::tables::ago;
use super::super::{Cell, role};
use super::cells::{or_dash, short};
use crate::domain::database::{By, Group, Operation};
use crate::domain::level::Level;
use crate::domain::settings::Role;
use crate::model::Model;
use crate::model::listing::SortKey;

/// Where there is no name, and no word for that.
const NONE: &str = "–";

/// What stands for a name that is not given.
fn name(group: &Group) -> &str {
    match group.by {
        _ if !group.value.is_empty() => &group.value,
        By::Application => "unnamed",
        By::Client => "by socket, or hidden",
        _ => NONE,
    }
}

pub fn of_group<'m>(model: &Model, group: &'m Group, level: Level, column: &str) -> Cell<'m> {
    let count = |n: u32| if n == 0 { Cell::new("0").role(Role::Dim) } else { Cell::new(n.to_string()) };
    match column {
        "BY" => Cell::new(group.by.word()).role(Role::Dim),
        "NAME" => Cell::middle(name(group)),
        "ALL" => Cell::new(group.all.to_string()).role(role(level)),
        "LIMIT" => group.limit.map_or_else(|| or_dash(""), |limit| Cell::new(limit.to_string())),
        "ACTIVE" => count(group.active),
        "IDLE" => count(group.idle),
        "IN TX" => count(group.in_transaction),
        "BLOCKED" if group.blocked > 0 => count(group.blocked).role(Role::Warning),
        "BLOCKED" => count(0),
        _ => Cell::new(ago(model, group.oldest)),
    }
}

/// By what, then the most first.
pub fn group_order(group: &Group) -> SortKey {
    SortKey::Number(i64::from(group.by as u8) * 10_000_000_000 - i64::from(group.all))
}

pub fn group_key(group: &Group, column: &str) -> SortKey {
    let most = |n: u32| SortKey::Number(-i64::from(n));
    match column {
        "BY" => group_order(group),
        "ALL" => most(group.all),
        "LIMIT" => group.limit.map_or(SortKey::Missing, most),
        "ACTIVE" => most(group.active),
        "IDLE" => most(group.idle),
        "IN TX" => most(group.in_transaction),
        "BLOCKED" => most(group.blocked),
        "OLDEST TX" => group.oldest.map_or(SortKey::Missing, |at| SortKey::Number(at.0)),
        _ if name(group) == NONE => SortKey::Missing,
        _ => SortKey::Text(name(group).into()),
    }
}

/// A number of blocks, rows or bytes.
fn amount(operation: &Operation, n: Option<u64>) -> String {
    match (n, &*operation.unit) {
        (None, _) => "–".into(),
        (Some(n), "bytes") => bytes(n),
        (Some(n), _) => short(n),
    }
}

pub fn of_operation<'m>(model: &Model, operation: &'m Operation, level: Level, column: &str) -> Cell<'m> {
    match column {
        "PID" => Cell::new(operation.pid.to_string()),
        "WHAT" if operation.what.is_empty() => Cell::new("hidden from this role").role(Role::Unknown),
        "WHAT" => Cell::new(&*operation.what),
        "TABLE" => or_dash(&operation.on),
        "DB" => or_dash(&operation.database),
        "USER" => or_dash(&operation.user),
        "FOR" => Cell::new(ago(model, operation.since)),
        "%" => operation.percent().map_or_else(|| or_dash(""), |percent| Cell::new(format!("{percent}%"))),
        "DONE" => Cell::new(amount(operation, operation.done)),
        "OF" => Cell::new(amount(operation, operation.total)),
        "UNIT" => or_dash(&operation.unit),
        "PHASE" => Cell::new(operation.status()).role(role(level)),
        _ => Cell::new(&*operation.notes).role(Role::Dim),
    }
}

pub fn operation_key(operation: &Operation, column: &str) -> SortKey {
    let text = |text: &str| if text.is_empty() { SortKey::Missing } else { SortKey::Text(text.into()) };
    let most = |n: Option<u64>| {
        n.map_or(SortKey::Missing, |n| SortKey::Number(-i64::try_from(n).unwrap_or(i64::MAX)))
    };
    match column {
        "PID" => SortKey::Number(operation.pid.into()),
        "WHAT" => text(&operation.what),
        "TABLE" => text(&operation.on),
        "DB" => text(&operation.database),
        "USER" => text(&operation.user),
        "FOR" => operation.since.map_or(SortKey::Missing, |at| SortKey::Number(at.0)),
        "%" => most(operation.percent()),
        "DONE" => most(operation.done),
        "OF" => most(operation.total),
        "UNIT" => text(&operation.unit),
        "PHASE" => text(&operation.phase),
        _ => text(&operation.notes),
    }
}
