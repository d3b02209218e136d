//! What a statement is about, as a name that an operator types and reads: the sessions, the database, the pod, the
//! key; and which servers it talks to.
use super::at::At;
use super::calls::{Calls, Found, Input, all_calls, calls};
use super::raw::is_open;
use super::{Lang, Looks, Statement, tools};
use crate::commands::tools::sql::{Cut, Dialect, Kind, Token, cut};

/// So many sessions are named.
const PIDS: usize = 4;

/// The thing that a statement is about, in the words that stand there.
pub fn target(statement: &Statement) -> Option<String> {
    match statement.lang {
        Lang::Shell => about(&calls(&statement.text), |at, one| {
            // Whatever is done inside of a pod or a container is done to it.
            match one.place.inside() {
                Some(inside) => (!is_open(inside)).then(|| inside.to_owned()),
                None => called(at),
            }
        })
        .pop(),
        Lang::Sql => in_sql(&statement.text),
        Lang::Redis => statement.text.lines().find_map(|line| {
            let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
            in_redis(&words)
        }),
        Lang::PowerShell | Lang::Query => None,
    }
}

/// What its calls talk to: `psql at db/orders`, `kubectl`. Empty where none of them is known to talk to anything.
pub fn reaches(text: &str, lang: Lang) -> Vec<String> {
    let mut all = match lang {
        Lang::Sql => vec!["psql".to_owned()],
        Lang::Redis => vec!["redis-cli".to_owned()],
        Lang::Shell => about(&all_calls(text), |at, one| match one.place.inside() {
            // Whoever leads inside is who is talked to.
            Some(_) => one.place.leads().map(str::to_owned),
            None => reached(at),
        }),
        Lang::PowerShell | Lang::Query => Vec::new(),
    };
    let mut seen = Vec::new();
    all.retain(|one| {
        !seen.contains(one) && {
            seen.push(one.clone());
            true
        }
    });
    all
}

/// What is said of each call, the last one last.
fn about(found: &Calls, says: impl Fn(&At<'_>, &Found) -> Option<String>) -> Vec<String> {
    let said = found.found.iter().filter_map(|one| {
        let judged = one.judged();
        let tool = judged.first().map_or("", |word| tools::name(&word.text));
        let args = tools::told_apart(&judged).unwrap_or_default();
        let mut looks = Looks::default();
        says(&At::new(tool, one, args, &found.marks, &mut looks), one)
    });
    said.collect()
}

fn is_kube(tool: &str) -> bool {
    matches!(tool, "kubectl" | "oc" | "k" | "kubecolor" | "helm" | "helm3" | "kubectx" | "kubens")
}

fn called(at: &At<'_>) -> Option<String> {
    match at.tool {
        "psql" => texts(at).iter().find_map(|text| in_sql(text)).or_else(|| database(at)),
        "redis-cli" | "valkey-cli" | "keydb-cli" => {
            let words: Vec<String> = at.objects(0).iter().map(|word| word.text.clone()).collect();
            in_redis(&words).or_else(|| server(at)).or_else(|| last(at))
        }
        tool if is_kube(tool) => in_kube(at),
        _ => last(at),
    }
}

fn last(at: &At<'_>) -> Option<String> {
    let last = at.operands.last().and_then(|last| at.found.words.get(*last))?;
    (!is_open(&last.text) && !last.glob).then(|| last.text.clone())
}

fn plain(text: &str) -> Option<String> {
    (!text.is_empty() && !is_open(text)).then(|| text.to_owned())
}

/// The object of a change, and not what is set of it: `deployment/web` of `set env deployment/web A=1`.
fn in_kube(at: &At<'_>) -> Option<String> {
    let from = match at.args.operand(0) {
        "set" => 2,
        "label" | "annotate" | "taint" => 1,
        "delete" if at.args.operand(2).is_empty() && !at.args.operand(1).contains('/') => {
            return at.value("-l --selector").and_then(plain).or_else(|| last(at));
        }
        _ => return last(at),
    };
    let named =
        at.objects(from).into_iter().filter(|word| !word.text.contains('=') && !word.text.ends_with('-'));
    let named: Vec<&str> = named.map(|word| word.text.as_str()).collect();
    match named.as_slice() {
        [one] => plain(one),
        [one, ..] if one.contains('/') => plain(one),
        [_, name, ..] => plain(name),
        [] => None,
    }
}

/// The key, the setting or the client; nothing where it is the whole server.
fn in_redis(words: &[String]) -> Option<String> {
    let word = |at: usize| words.get(at).map_or("", String::as_str);
    let (verb, second) = (word(0).to_ascii_uppercase(), word(1).to_ascii_uppercase());
    match (verb.as_str(), second.as_str()) {
        ("CONFIG", "SET" | "GET") => plain(word(2)),
        ("CLIENT", "KILL") => words.last().and_then(|last| plain(last)),
        ("DEL" | "UNLINK", _) => {
            let keys = words.get(1..)?;
            keys.iter().all(|key| !is_open(key)).then(|| keys.join(" ")).filter(|keys| !keys.is_empty())
        }
        (
            "FLUSHALL" | "FLUSHDB" | "SWAPDB" | "SHUTDOWN" | "CONFIG" | "CLIENT" | "SCRIPT" | "FUNCTION"
            | "EVAL" | "REPLICAOF" | "SLAVEOF" | "FAILOVER" | "CLUSTER" | "DEBUG" | "ACL",
            _,
        ) => None,
        _ => plain(word(1)),
    }
}

/// The texts that a psql is given.
fn texts(at: &At<'_>) -> Vec<String> {
    let given = at.args.options.iter().filter(|option| option.is("-c") || option.is("--command"));
    let mut texts: Vec<String> = given.filter_map(|option| option.value.map(str::to_owned)).collect();
    if let Input::Text(text) = at.input() {
        texts.push(text.clone());
    }
    texts
}

/// The database that a psql goes to.
fn database(at: &At<'_>) -> Option<String> {
    let given = at.value("-d --dbname").map(str::to_owned);
    let given = given.or_else(|| at.objects(0).first().map(|word| word.text.clone()))?;
    let name = match given.split_once("://") {
        Some((_, rest)) => rest.split(['?', '#']).next()?.rsplit_once('/')?.1.to_owned(),
        None => match given.split_whitespace().find_map(|pair| pair.strip_prefix("dbname=")) {
            Some(name) => name.to_owned(),
            None => given,
        },
    };
    plain(&name)
}

/// The server that is named by an option, or in an address.
fn server(at: &At<'_>) -> Option<String> {
    if let Some(host) = at.value("-h --host").and_then(plain) {
        let port = at.value("-p --port").and_then(plain);
        return Some(port.map_or_else(|| host.clone(), |port| format!("{host}:{port}")));
    }
    let address = at.value("-u --uri").or(at.value("-d --dbname")).map(str::to_owned);
    let address = address.or_else(|| at.objects(0).first().map(|word| word.text.clone()))?;
    let (_, rest) = address.split_once("://")?;
    let place = rest.split(['/', '?']).next()?;
    plain(place.rsplit('@').next()?)
}

fn reached(at: &At<'_>) -> Option<String> {
    let name = at.tool;
    match name {
        "psql" => {
            let place = match (server(at), database(at)) {
                (Some(host), Some(database)) => format!(" at {host}/{database}"),
                (Some(one), None) => format!(" at {one}"),
                (None, Some(database)) => format!(" at database {database}"),
                (None, None) => String::new(),
            };
            Some(format!("psql{place}"))
        }
        "redis-cli" | "valkey-cli" | "keydb-cli" => {
            let place = server(at).map(|host| format!(" at {host}")).unwrap_or_default();
            Some(format!("{name}{place}"))
        }
        "docker" | "podman" | "nerdctl" | "docker-compose" | "podman-compose" => {
            let place = at.value("-H --host --context").and_then(plain);
            let place = place.map(|host| format!(" at {host}")).unwrap_or_default();
            Some(format!("{name}{place}"))
        }
        "curl" | "wget" => {
            let address = at.objects(0).into_iter().find_map(|word| {
                let (_, rest) = word.text.split_once("://")?;
                let place = rest.split(['/', '?', '#']).next()?;
                plain(place.rsplit('@').next()?)
            });
            address.map(|host| format!("{name} at {host}"))
        }
        tool if is_kube(tool) => Some("kubectl".to_owned()),
        _ => None,
    }
}

/// The sessions by their numbers, else the table or what else it names.
fn in_sql(text: &str) -> Option<String> {
    let cuts = cut(text, Dialect::Postgres);
    cuts.iter().find_map(|cut| pids(text, cut)).or_else(|| cuts.iter().find_map(|cut| object(text, cut)))
}

/// The numbers in `pg_terminate_backend(495)`, and in a condition on `pid` beside it.
fn pids(text: &str, cut: &Cut) -> Option<String> {
    let acts = |token: &Token| token.is("PG_TERMINATE_BACKEND") || token.is("PG_CANCEL_BACKEND");
    if !cut.tokens.iter().any(acts) {
        return None;
    }
    let mut pids: Vec<&str> = Vec::new();
    let mut tokens = cut.tokens.iter().peekable();
    while let Some(token) = tokens.next() {
        if !(acts(token) || token.is("PID")) {
            continue;
        }
        while let Some(next) = tokens.next_if(|next| joins(next)) {
            let number = text.get(next.start..next.end).filter(|_| next.kind == Kind::Number);
            pids.extend(number.filter(|number| !pids.contains(number)));
        }
    }
    (!pids.is_empty() && pids.len() <= PIDS).then(|| pids.join(" "))
}

fn joins(token: &Token) -> bool {
    token.is("IN") || matches!(token.kind, Kind::Sign('(' | '=' | ',') | Kind::Number)
}

/// `orders` of `DROP TABLE IF EXISTS orders`.
fn object(text: &str, cut: &Cut) -> Option<String> {
    const BETWEEN: &[&str] = &[
        "TABLE",
        "DATABASE",
        "SCHEMA",
        "INDEX",
        "VIEW",
        "MATERIALIZED",
        "SEQUENCE",
        "ROLE",
        "USER",
        "FROM",
        "ONLY",
        "IF",
        "EXISTS",
        "CONCURRENTLY",
        "SYSTEM",
        "SET",
        "OWNED",
        "FULL",
        "ANALYZE",
        "VERBOSE",
    ];
    let first = cut.tokens.first()?;
    let verbs = ["DROP", "TRUNCATE", "DELETE", "UPDATE", "ALTER", "VACUUM", "REINDEX"];
    if !verbs.iter().any(|verb| first.is(verb)) {
        return None;
    }
    let named = |token: &Token| match token.kind {
        Kind::Quoted => true,
        Kind::Word => !BETWEEN.contains(&token.text.as_str()),
        _ => false,
    };
    let from = cut.tokens.iter().skip(1).position(named)? + 1;
    let mut to = from;
    while cut.tokens.get(to + 1).is_some_and(|token| token.sign('.'))
        && cut.tokens.get(to + 2).is_some_and(named)
    {
        to += 2;
    }
    plain(text.get(cut.tokens.get(from)?.start..cut.tokens.get(to)?.end)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::{Source, read};

    fn about_of(text: &str) -> Option<String> {
        let script = read(Source { text, lines: &[1] }, Lang::Shell, &tools::Tables::default());
        target(script.statements.first().expect("a statement"))
    }

    #[test]
    fn the_target_is_what_a_statement_is_about_and_not_what_it_says_of_it() {
        for (text, name) in [
            ("psql -h db -d orders -c 'SELECT pg_terminate_backend(495)'", Some("495")),
            (
                "psql -d orders -c 'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid IN (7, 8)'",
                Some("7 8"),
            ),
            (
                "psql -d orders -c \"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE state = 'idle'\"",
                Some("orders"),
            ),
            (
                "psql postgres://ops@db:5432/orders?sslmode=require -c 'SELECT pg_reload_conf()'",
                Some("orders"),
            ),
            ("psql -d orders -c 'DROP TABLE IF EXISTS shop.carts'", Some("shop.carts")),
            ("psql -d orders -c 'DELETE FROM carts WHERE true'", Some("carts")),
            ("redis-cli -h cache CONFIG SET maxmemory 256mb", Some("maxmemory")),
            ("redis-cli -h cache SET flag on", Some("flag")),
            ("redis-cli -h cache DEL a b", Some("a b")),
            ("redis-cli -h cache -p 6380 FLUSHALL", Some("cache:6380")),
            ("kubectl set env deployment/signer MODE=software -n shop", Some("deployment/signer")),
            ("kubectl set image deploy web app=web:2", Some("web")),
            ("kubectl label node node-3 ready=no", Some("node-3")),
            ("kubectl delete pod crane-0 -n yard", Some("crane-0")),
            ("kubectl delete pods -l app=crane", Some("app=crane")),
            ("kubectl exec redis-0 -- redis-cli FLUSHALL", Some("redis-0")),
            ("docker restart portal-api-1", Some("portal-api-1")),
        ] {
            assert_eq!(about_of(text).as_deref(), name, "{text}");
        }
    }

    #[test]
    fn what_is_talked_to_is_named_by_its_own_tool() {
        for (text, names) in [
            ("psql -h db -d orders -c 'DROP TABLE a'", vec!["psql at db/orders"]),
            ("psql -c 'DROP TABLE a'", vec!["psql"]),
            ("docker restart portal-api-1", vec!["docker"]),
            ("redis-cli -h cache -p 6380 FLUSHALL", vec!["redis-cli at cache:6380"]),
            ("kubectl delete pod a | grep x", vec!["kubectl"]),
            ("kubectl exec db-0 -- psql -d orders -c 'DROP TABLE a'", vec!["kubectl"]),
            ("curl -sf -X POST https://portal.example/clear", vec!["curl at portal.example"]),
            ("redis-cli -h cache --bigkeys", vec!["redis-cli at cache"]),
            ("uptime", vec![]),
        ] {
            assert_eq!(reaches(text, Lang::Shell), names, "{text}");
        }
    }

    #[test]
    fn marks_of_what_only_a_shell_knows_name_nothing() {
        assert_eq!(about_of("psql -d \"$DB\" -c 'SELECT pg_reload_conf()'"), None);
    }
}
