//! Connections that would be ended or whose queries would be cancelled, by the statement's own conditions.
use super::super::answer::count;
use super::super::raw::is_open;
use super::super::{Answer, Reading, Undo};
use super::{Sql, fields};
use crate::commands::tools::sql::{Kind, Token};

/// Conditions that are looked at one by one.
const CONDITIONS: usize = 6;
const OWN: &str = "pid <> pg_backend_pid()";
const CLIENTS: &str = "backend_type = 'client backend'";
const GROUP: &str = "coalesce(host(client_addr), 'local'), coalesce(state, 'no state'), coalesce(usename::text, 'no user'), coalesce(application_name, '')";

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sort {
    /// Those that are hit, by client, state, user and application.
    Hit { ends: bool },
    /// How many each condition lets through.
    Why { conditions: Vec<String> },
    /// Those that would be hit without one of them.
    Looser { conditions: Vec<String> },
}

fn acts(token: &Token) -> bool {
    token.is("PG_TERMINATE_BACKEND") || token.is("PG_CANCEL_BACKEND")
}

pub(super) fn is_one(tokens: &[Token]) -> bool {
    tokens.iter().any(acts)
}

pub(super) fn look(sql: &mut Sql<'_, '_>) {
    let ends = sql.tokens.iter().any(|token| token.is("PG_TERMINATE_BACKEND"));
    let Some(condition) = condition(sql) else {
        return sql.at.unknown("which connections it means cannot be told from its form: nothing is counted");
    };
    let (from, all, parts) = condition;
    let after = sql.find(0, &["FROM"]).unwrap_or(sql.tokens.len());
    if !sql.is_safe(after, sql.tokens.len()) {
        return;
    }
    let groups = format!(
        "SELECT count(*), {GROUP} FROM {from} WHERE ({all}) AND {OWN} GROUP BY 2, 3, 4, 5 ORDER BY 1 DESC LIMIT 20"
    );
    let made = |sort| super::Sort::Backends(sort);
    sql.ask(&groups, made(Sort::Hit { ends }));
    if !parts.is_empty() && parts.len() <= CONDITIONS {
        let others = |at: usize| {
            let rest: Vec<_> = parts
                .iter()
                .enumerate()
                .filter(|(other, _)| *other != at)
                .map(|(_, part)| format!("({part})"))
                .collect();
            if rest.is_empty() { "true".to_owned() } else { rest.join(" AND ") }
        };
        let mut columns = vec!["count(*)".to_owned()];
        let mut looser = Vec::new();
        for (at, part) in parts.iter().enumerate() {
            let rest = others(at);
            columns.push(format!("count(*) FILTER (WHERE ({part}))"));
            columns.push(format!("count(*) FILTER (WHERE ({part}) IS NULL)"));
            columns.push(format!("count(*) FILTER (WHERE {rest})"));
            columns.push(format!("count(*) FILTER (WHERE {rest} AND ({part}) IS NULL)"));
            looser.push(format!(
                "(SELECT {at}, count(*), {GROUP} FROM {from} WHERE {rest} AND {CLIENTS} AND {OWN} GROUP BY 3, 4, 5, 6 ORDER BY 2 DESC LIMIT 8)"
            ));
        }
        let conditions: Vec<_> = parts.iter().map(|part| flat(part)).collect();
        let why = format!("SELECT {} FROM {from} WHERE {CLIENTS} AND {OWN}", columns.join(", "));
        sql.ask(&why, made(Sort::Why { conditions: conditions.clone() }));
        sql.ask(&looser.join(" UNION ALL "), made(Sort::Looser { conditions }));
    }
    let activity = "SELECT pid, usename, client_addr, application_name, state, state_change, query_start, wait_event, left(query, 200) FROM pg_stat_activity";
    if let Some(front) = &sql.front {
        let evidence = format!("{front} -c '{activity}'");
        sql.at.evidence(&evidence);
    }
    sql.at.undo("none is needed: clients connect again; what they had not committed is gone");
}

/// One line, blanks as they are needed.
fn flat(text: &str) -> String {
    let shown: String =
        text.chars().map(|sign| if is_open(&sign.to_string()) { '…' } else { sign }).collect();
    shown.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The table, the whole condition, and its parts.
type Condition = (String, String, Vec<String>);

fn condition(sql: &Sql<'_, '_>) -> Option<Condition> {
    let tokens = sql.tokens;
    if !sql.is(0, "SELECT") || tokens.iter().filter(|token| acts(token)).count() != 1 {
        return None;
    }
    let call = tokens.iter().position(acts)?;
    let opens = tokens.get(call + 1).is_some_and(|token| token.sign('('));
    let close = (call + 2..tokens.len()).find(|at| {
        tokens.get(*at).is_some_and(|token| {
            token.sign(')') && token.depth == tokens.get(call).map_or(0, |one| one.depth)
        })
    })?;
    if !opens {
        return None;
    }
    let argument = tokens.get(call + 2..close)?;
    // PostgreSQL 14 takes a time to wait as a second argument.
    let first = argument.iter().position(|token| token.sign(',')).unwrap_or(argument.len());
    let argument = argument.get(..first)?;
    let Some(from) = sql.find(close, &["FROM"]) else {
        // One connection by its number.
        let [number] = argument else { return None };
        let known = number.kind == Kind::Number || number.kind == Kind::Word && is_open(&number.text);
        let text = sql.text.get(number.start..number.end)?;
        let part = format!("pid = {text}");
        return (known && sql.tokens.len() == close + 1)
            .then(|| ("pg_stat_activity".to_owned(), part.clone(), vec![part]));
    };
    let of_table = match argument {
        [pid] => pid.is("PID") || pid.is("PROCPID"),
        [_, dot, pid] => dot.sign('.') && pid.is("PID"),
        _ => false,
    };
    let (name, mut at) = sql.name(from + 1)?;
    let activity = matches!(
        name.to_ascii_lowercase().as_str(),
        "pg_stat_activity"
            | "pg_catalog.pg_stat_activity"
            | "pg_stat_replication"
            | "pg_catalog.pg_stat_replication"
    );
    if !of_table || !activity || name.to_ascii_lowercase().contains("replication") {
        return None;
    }
    let mut table = name;
    if sql.is(at, "AS") {
        at += 1;
    }
    let alias = tokens.get(at).filter(|token| token.kind == Kind::Word && !token.is("WHERE") && !ends(token));
    if alias.is_some() {
        table.push(' ');
        table.push_str(sql.slice(at, at + 1));
        at += 1;
    }
    if at == tokens.len() {
        return Some((table, "true".to_owned(), Vec::new()));
    }
    if !sql.is(at, "WHERE") {
        return None;
    }
    let end = sql.find(at + 1, &["ORDER"]).unwrap_or(tokens.len());
    let refused =
        ["GROUP", "HAVING", "LIMIT", "OFFSET", "FETCH", "UNION", "EXCEPT", "INTERSECT", "WINDOW", "FOR"];
    if sql.find(at + 1, &refused).is_some() || tokens.iter().any(|token| token.kind == Kind::Meta) {
        return None;
    }
    let all = sql.slice(at + 1, end).to_owned();
    (!all.is_empty()).then(|| (table, all, split(sql, at + 1, end)))
}

fn ends(token: &Token) -> bool {
    [
        "ORDER",
        "GROUP",
        "HAVING",
        "LIMIT",
        "OFFSET",
        "FETCH",
        "UNION",
        "EXCEPT",
        "INTERSECT",
        "WINDOW",
        "FOR",
        "JOIN",
        "LEFT",
        "RIGHT",
        "INNER",
        "CROSS",
        "NATURAL",
        "FULL",
    ]
    .iter()
    .any(|word| token.is(word))
}

/// The parts that all have to hold; none where an `OR` stands between them.
fn split(sql: &Sql<'_, '_>, from: usize, to: usize) -> Vec<String> {
    let mut parts = Vec::new();
    let (mut start, mut between, mut or) = (from, false, false);
    for at in from..to {
        let Some(token) = sql.tokens.get(at).filter(|token| token.depth == 0) else { continue };
        or |= token.is("OR");
        if token.is("BETWEEN") {
            between = true;
        } else if token.is("AND") && between {
            between = false;
        } else if token.is("AND") {
            parts.push(sql.slice(start, at).to_owned());
            start = at + 1;
        }
    }
    parts.push(sql.slice(start, to).to_owned());
    // Leaving out what keeps the own connection safe is no looser condition.
    if or {
        vec![sql.slice(from, to).to_owned()]
    } else {
        parts.retain(|part| !part.to_ascii_lowercase().contains("pg_backend_pid"));
        parts
    }
}

pub(super) fn read(sort: &Sort, answer: &Answer, reading: &mut Reading) {
    match sort {
        Sort::Hit { ends } => hit(*ends, answer, reading),
        Sort::Why { conditions } => why(conditions, answer, reading),
        Sort::Looser { conditions } => looser(conditions, answer, reading),
    }
}

/// `12 of user shop, application web, from 10.0.0.7, idle`.
fn group(cells: &[&str]) -> Option<(u64, String)> {
    let [many, client, state, user, application] = cells else { return None };
    let many = many.trim().parse().ok()?;
    let application =
        if application.is_empty() { String::new() } else { format!(", application {application}") };
    Some((many, format!("of user {user}{application}, from {client}, {state}")))
}

fn hit(ends: bool, answer: &Answer, reading: &mut Reading) {
    let mut total = 0;
    let mut odd = false;
    let mut lines = Vec::new();
    for row in answer.rows() {
        let Some((many, words)) = group(&fields(row, 5)) else {
            reading.unknown("a line of the connections cannot be read");
            odd = true;
            continue;
        };
        total += many;
        lines.push(format!("{many} {words}"));
    }
    if total == 0 && odd {
        return;
    }
    if total == 0 {
        return reading.zero("no connection matches");
    }
    let verb = if ends { "would be ended" } else { "would have their query cancelled" };
    // Only the largest groups are told.
    let least = if odd || lines.len() >= 20 { "at least " } else { "" };
    reading.hit(format!("{least}{} {verb}", count(total, "connection", "connections")));
    if lines.len() == 20 {
        reading.hit("the twenty largest groups:");
    }
    for line in lines {
        reading.hit(line);
    }
    if ends {
        let whose = if total == 1 { "this connection has" } else { "these connections have" };
        reading.drop(format!("what {whose} not committed"));
        reading.undo(Undo::Words("none is needed: clients connect again".to_owned()));
    }
}

fn why(conditions: &[String], answer: &Answer, reading: &mut Reading) {
    if reading.has_hit() {
        return;
    }
    let numbers: Vec<u64> = answer.value().split('|').filter_map(|cell| cell.trim().parse().ok()).collect();
    let Some((total, rest)) = numbers.split_first().filter(|(_, rest)| rest.len() == conditions.len() * 4)
    else {
        return reading.unknown("why no connection matches cannot be read");
    };
    let mut words = format!("{}, none matches", count(*total, "client connection", "client connections"));
    for (condition, cells) in conditions.iter().zip(rest.chunks(4)) {
        let [holds, nulls, others, unknown] = cells else { continue };
        let cause = match (others, unknown) {
            (0, _) => format!("; `{condition}` holds for {holds} of {total}"),
            (others, unknown) if unknown == others => {
                format!(
                    "; `{condition}` is NULL for all {others} that match the rest: a value in it is not set"
                )
            }
            (others, 0) => format!("; `{condition}` shuts out all {others} that match the rest"),
            (others, unknown) => {
                format!(
                    "; `{condition}` shuts out all {others} that match the rest, {unknown} of them as it is NULL"
                )
            }
        };
        words.push_str(&cause);
        if *nulls > 0 && *others == 0 {
            words.extend([" and is NULL for ", &nulls.to_string()]);
        }
    }
    reading.zero_more(|_| words);
}

fn looser(conditions: &[String], answer: &Answer, reading: &mut Reading) {
    if reading.has_hit() {
        return;
    }
    for (at, condition) in conditions.iter().enumerate() {
        let mut groups = Vec::new();
        for row in answer.rows() {
            let cells = fields(row, 6);
            let Some((number, rest)) = cells.split_first() else { continue };
            if number.trim().parse() == Ok(at)
                && let Some((many, words)) = group(rest)
            {
                groups.push((many, words));
            }
        }
        let Some(((many, first), others)) = groups.split_first() else { continue };
        let least = if others.len() >= 7 { "at least " } else { "" };
        let others: u64 = others.iter().map(|(many, _)| many).sum();
        let more = if others > 0 { format!(", and {least}{others} others") } else { String::new() };
        let words = format!("without `{condition}` it would hit {many} {first}{more}");
        reading.zero_more(|zero| format!("{zero}; {words}"));
    }
}
