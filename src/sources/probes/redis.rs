//! Asks a Redis, or a Valkey, for a value, by commands that only read.
use std::time::Duration;

use ::redis::aio::MultiplexedConnection;
use ::redis::{AsyncConnectionConfig, Client, IntoConnectionInfo, RedisError, Value};
use secrecy::ExposeSecret;
use tokio::time::Instant;

use super::super::reason::{brief, reason};
use super::ask::Asked;
use super::held::Refusal;
use super::servers::{Server, Servers};
use crate::domain::secret;
use crate::domain::settings::endpoint::Backend;
use crate::domain::settings::limit::Fact;
use crate::domain::vital::{Answer, Heard};

const CONNECT: Duration = Duration::from_secs(3);
const ANSWER: Duration = Duration::from_secs(2);

/// What may be asked; the second word where the first alone is not enough. None of them walks over all keys.
const READS: &[(&str, &[&str])] = &[
    ("ping", &[]),
    ("info", &[]),
    ("dbsize", &[]),
    ("llen", &[]),
    ("scard", &[]),
    ("zcard", &[]),
    ("hlen", &[]),
    ("xlen", &[]),
    ("strlen", &[]),
    ("exists", &[]),
    ("ttl", &[]),
    ("pttl", &[]),
    ("get", &[]),
    ("hget", &[]),
    ("type", &[]),
    ("role", &[]),
    ("lastsave", &[]),
    ("time", &[]),
    ("config", &["get"]),
    ("latency", &["latest"]),
    ("memory", &["usage", "doctor"]),
    ("slowlog", &["len"]),
    ("cluster", &["info"]),
    ("acl", &["whoami"]),
    ("pubsub", &["numsub", "numpat"]),
];

pub(super) async fn ask(fact: &Fact, servers: &Servers) -> Asked {
    let words: Vec<&str> = fact.query.split_whitespace().collect();
    let asked = async {
        let question = Question::read(&words)?;
        let server = servers.find(Backend::Redis, fact.on.as_deref())?;
        let mut held = server.redis.lock().await;
        let mut connection = match held.take() {
            Some(connection) => connection,
            None => held.open(connect(server)).await?,
        };
        let began = Instant::now();
        match put(&mut connection, &question).await {
            Ok(reply) => {
                let took = began.elapsed();
                server.redis.keep(&mut held, connection, fact.every);
                Ok(if question.asks_latency(fact) { round_trip(took) } else { told(&question, &reply) })
            }
            Err(error) => {
                // A server that says no is still there.
                if error.code().is_some() {
                    server.redis.keep(&mut held, connection, fact.every);
                }
                Err(said(&error))
            }
        }
    };
    let pings = words.first().is_some_and(|word| word.eq_ignore_ascii_case("ping"));
    match asked.await {
        Ok(asked) => asked,
        Err(why) => unanswered(&why, pings),
    }
}

/// Who is asked whether it is there and does not answer is broken; a name that is not known here, or a secret that
/// is not there, says nothing of it.
fn unanswered(why: &str, pings: bool) -> Asked {
    const OF_HERE: &[&str] = &["host name not found", "network unreachable", "no route to host"];
    if OF_HERE.contains(&why) {
        return Asked::failed(&format!("{why} from here"));
    }
    if pings && !why.contains("secret") && !why.starts_with("the profile") {
        return Asked::broken(why);
    }
    Asked::failed(why)
}

/// Commands to send, and the one line of their answer that is wanted.
#[derive(Debug, PartialEq)]
struct Question {
    commands: Vec<Vec<String>>,
    /// Of `INFO`.
    field: Option<String>,
}

impl Question {
    fn read(words: &[&str]) -> Result<Question, String> {
        let (first, second) = (words.first().copied().unwrap_or(""), words.get(1).copied().unwrap_or(""));
        let (first, second) = (first.to_lowercase(), second.to_lowercase());
        let known = READS.iter().find(|(name, _)| *name == first);
        let may = known.is_some_and(|(_, with)| with.is_empty() || with.contains(&second.as_str()));
        if !may {
            return Err(format!("`{}` is no command that a vital may ask", brief(&words.join(" "))));
        }
        let own = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        Ok(match (first.as_str(), words) {
            ("info", [info, section, field]) => {
                Question { commands: vec![own(&[info, section])], field: Some((*field).to_owned()) }
            }
            // Before 7.0 one at a time.
            ("config", [config, get, names @ ..]) => {
                let commands = names.iter().map(|name| own(&[config, get, name])).collect();
                Question { commands, field: None }
            }
            _ => Question { commands: vec![own(words)], field: None },
        })
    }
}

impl Question {
    fn asks_latency(&self, fact: &Fact) -> bool {
        let pings = |word: &String| word.eq_ignore_ascii_case("ping");
        let first = self.commands.first().and_then(|words| words.first());
        first.is_some_and(pings) && fact.unit.as_deref() == Some("ms")
    }

    fn asks_settings(&self) -> bool {
        let first = self.commands.first().and_then(|words| words.first());
        first.is_some_and(|word| word.eq_ignore_ascii_case("config"))
    }
}

/// As `redis-cli --latency` counts it, without the connecting.
fn round_trip(took: Duration) -> Asked {
    Asked::new(Heard::value(took.as_secs_f64() * 1000.0).note("of one PING and its answer"))
}

async fn connect(server: &Server) -> Result<MultiplexedConnection, Refusal> {
    let endpoint = &server.access.endpoint;
    let info = endpoint.url.as_str().into_connection_info().map_err(|error| said(&error))?;
    let mut settings = info.redis_settings().clone();
    if let Some(username) = &endpoint.username {
        settings = settings.set_username(username);
    }
    if let Some(password) = server.access.secret(endpoint.password.as_ref()).await? {
        settings = settings.set_password(password.expose_secret());
    }
    let client = Client::open(info.set_redis_settings(settings)).map_err(|error| said(&error))?;
    let config =
        AsyncConnectionConfig::new().set_connection_timeout(Some(CONNECT)).set_response_timeout(Some(ANSWER));
    let connected = client.get_multiplexed_async_connection_with_config(&config).await;
    connected.map_err(|error| {
        let why = said(&error);
        Refusal { full: why.contains("max number of clients"), why }
    })
}

async fn put(connection: &mut MultiplexedConnection, question: &Question) -> Result<Vec<Value>, RedisError> {
    let mut replies = Vec::new();
    for words in &question.commands {
        let mut words = words.iter();
        let mut command = ::redis::cmd(words.next().map_or("PING", String::as_str));
        command.arg(words.collect::<Vec<_>>());
        replies.push(command.query_async::<Value>(connection).await?);
    }
    Ok(replies)
}

fn told(question: &Question, replies: &[Value]) -> Asked {
    let texts: Vec<String> = if question.asks_settings() {
        replies.iter().map(settings).collect()
    } else {
        replies.iter().map(text).collect()
    };
    let whole = texts.join("\n");
    if let Some(field) = &question.field {
        let line = |line: &str| {
            line.trim_end().split_once(':').map(|(name, value)| (name == field, value.to_owned()))
        };
        let found = whole.lines().filter_map(line).find(|(own, _)| *own);
        return match found {
            Some((_, value)) => Asked::new(Heard::of(answer(&value))).body(whole),
            None => Asked::failed(&format!("INFO has no `{field}`")).body(whole),
        };
    }
    let heard = match replies {
        [Value::Nil] => Heard::error("there is no such key"),
        [Value::Int(_) | Value::Double(_) | Value::BulkString(_) | Value::SimpleString(_)] => {
            Heard::of(answer(whole.trim()))
        }
        _ if whole.trim().is_empty() => Heard::text("nothing"),
        _ => Heard::text(&whole.lines().collect::<Vec<_>>().join(" ")),
    };
    Asked::new(heard).body(whole)
}

fn answer(text: &str) -> Answer {
    let number = text.parse::<f64>().ok().filter(|value| value.is_finite());
    number.map_or_else(|| Answer::Word(text.into()), Answer::Value)
}

/// Any reply as text; a list as words, of pairs `name=value`.
fn text(value: &Value) -> String {
    let all = |items: &[Value]| items.iter().map(text).collect::<Vec<_>>();
    match value {
        Value::Nil => String::new(),
        Value::Int(n) => n.to_string(),
        Value::Double(n) => n.to_string(),
        Value::Boolean(yes) => yes.to_string(),
        Value::BulkString(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        Value::SimpleString(text) | Value::VerbatimString { text, .. } => text.clone(),
        Value::Okay => "OK".into(),
        Value::Map(pairs) => {
            let pair = |(name, value): &(Value, Value)| format!("{}={}", text(name), text(value));
            pairs.iter().map(pair).collect::<Vec<_>>().join(" ")
        }
        Value::Array(items) => match items.as_slice() {
            [name @ Value::BulkString(_), value @ Value::BulkString(_)] => {
                format!("{}={}", text(name), text(value))
            }
            items => all(items).join(" "),
        },
        Value::Set(items) => all(items).join(" "),
        other => brief(&format!("{other:?}")),
    }
}

/// What `CONFIG GET` answers, without passwords.
fn settings(reply: &Value) -> String {
    let pair = |name: &Value, value: &Value| {
        let (name, value) = (text(name), text(value));
        let flat = name.to_lowercase();
        let secret = flat.contains("pass") || flat.ends_with("auth") || secret::looks_secret(&name);
        format!("{name}={}", if secret && !value.is_empty() { secret::HIDDEN } else { &value })
    };
    let all: Vec<String> = match reply {
        Value::Map(pairs) => pairs.iter().map(|(name, value)| pair(name, value)).collect(),
        Value::Array(items) => items
            .chunks(2)
            .map(|items| match items {
                [name, value] => pair(name, value),
                _ => String::new(),
            })
            .collect(),
        other => vec![text(other)],
    };
    all.join(" ")
}

/// The state that the server is in by its own word, else what broke.
fn said(error: &RedisError) -> String {
    let told = match (error.code(), error.detail()) {
        (Some(code), Some(detail)) => Some(format!("{code}: {detail}")),
        (Some(code), None) => Some(code.to_owned()),
        _ => None,
    };
    if error.is_timeout() {
        return "timed out".into();
    }
    if error.is_connection_refusal() {
        return "connection refused".into();
    }
    told.map_or_else(|| reason(error), |told| brief(&told))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(query: &str) -> Result<Question, String> {
        Question::read(&query.split_whitespace().collect::<Vec<_>>())
    }

    #[test]
    fn only_what_reads_a_little_is_asked() {
        for query in
            ["PING", "ping", "INFO memory used_memory", "LLEN jobs", "CONFIG GET maxmemory", "LATENCY LATEST"]
        {
            assert!(question(query).is_ok(), "{query}");
        }
        for query in [
            "",
            "KEYS *",
            "FLUSHALL",
            "CONFIG SET maxmemory 1",
            "MONITOR",
            "LATENCY RESET",
            "DEL x",
            "EVAL x 0",
        ] {
            assert!(question(query).is_err(), "{query}");
        }
    }

    #[test]
    fn a_name_that_is_not_known_here_says_nothing_of_the_server() {
        let broken =
            |why: &str| matches!(unanswered(why, true).heard.answer, Answer::Error { broken: true, .. });
        assert!(broken("connection refused") && broken("timed out") && broken("LOADING: it reads its data"));
        for why in ["host name not found", "`X` is not set, and the secret is to be read from it"] {
            assert!(!broken(why), "{why}");
        }
    }

    #[test]
    fn a_field_of_info_is_found_by_its_whole_name() {
        let info = Value::BulkString(
            b"# Memory\r\nused_memory_rss:9\r\nused_memory:412\r\nrole:master\r\n".to_vec(),
        );
        let told = |query: &str| told(&question(query).expect(query), std::slice::from_ref(&info)).heard;
        assert_eq!(told("INFO memory used_memory").answer, Answer::Value(412.0));
        assert_eq!(told("INFO replication role").answer, Answer::Word("master".into()));
        assert!(told("INFO memory used").failed());
    }

    #[test]
    fn every_kind_of_reply_is_told() {
        let told = |query: &str, replies: &[Value]| told(&question(query).expect(query), replies).heard;
        assert_eq!(told("PING", &[Value::SimpleString("PONG".into())]).answer, Answer::Word("PONG".into()));
        assert_eq!(told("LLEN jobs", &[Value::Int(7)]).answer, Answer::Value(7.0));
        assert!(told("GET x", &[Value::Nil]).failed());
        assert_eq!(
            told("LATENCY LATEST", &[Value::Array(Vec::new())]).answer,
            Answer::Text("nothing".into())
        );
        let bulk = |text: &str| Value::BulkString(text.as_bytes().to_vec());
        let config = [
            Value::Array(vec![bulk("maxmemory"), bulk("0")]),
            Value::Map(vec![(bulk("timeout"), bulk("300"))]),
        ];
        assert_eq!(
            told("CONFIG GET maxmemory timeout", &config).answer,
            Answer::Text("maxmemory=0 timeout=300".into())
        );
    }

    #[test]
    fn passwords_among_the_settings_are_not_shown() {
        let bulk = |text: &str| Value::BulkString(text.as_bytes().to_vec());
        let own = ["requirepass", "hunter2", "masterauth", "hunter2", "tls-key-file-pass", "hunter2"];
        let own = own.into_iter().chain(["maxmemory", "7", "masteruser", "", "requirepass", ""]).map(bulk);
        let own: Vec<Value> = own.collect();
        let pairs = own.chunks(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect();
        let question = question("CONFIG GET *").expect("may be asked");
        for reply in [Value::Array(own.clone()), Value::Map(pairs)] {
            let asked = format!("{:?}", told(&question, &[reply]));
            assert!(!asked.contains("hunter2"), "{asked}");
            assert!(asked.contains("requirepass=(hidden)") && asked.contains("maxmemory=7 "), "{asked}");
        }
    }
}
