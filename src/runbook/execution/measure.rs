//! Measures that somebody has to take back: setters whose value before can be asked for.
//!
//! A raised pool, a fallback, a log level, a maintenance page: each is suggested as a measure with the command that
//! tells the value before it, and the one that sets it again.
mod kube;

use super::super::types::Command;
use crate::commands::shell::parts::{self, Part};
use crate::commands::{Lang, Role, Statement};
use crate::domain::approval::Tier;
use crate::domain::secret;
use crate::domain::text::quoted;

/// What was changed for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Measure {
    /// On what: `deployment/web`, `maxmemory`.
    pub subject: String,
    /// Which setting of it: `DB_POOL_SIZE`, `replicas`; empty where the subject is the setting.
    pub name: String,
    pub new: String,
    pub lang: Lang,
    /// Asks for the value before; it only reads. Without one the operator has to say it.
    pub ask: Option<String>,
    back: Back,
    /// The document, or its name, says that it is meant for a while.
    pub likely: bool,
}

/// How it is taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Back {
    /// The command, with this in place of the value before.
    With(Vec<Piece>),
    /// The same whatever was before.
    Fixed(String),
    /// Nobody but the operator knows.
    Unknown,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    /// The value before, as a word of a shell behind this text.
    Prior(String),
    /// As a text of SQL.
    Sql,
    /// A whole `ALTER SYSTEM SET` of this setting as one word of a shell.
    Setting(String),
}

impl Measure {
    /// The command that sets it back to what it was; none where that has to be thought about.
    pub fn revert(&self, prior: &str) -> Option<String> {
        let prior = prior.trim();
        let pieces = match &self.back {
            Back::Fixed(text) => return Some(text.clone()),
            Back::Unknown => return None,
            Back::With(pieces) => pieces,
        };
        if prior.contains(['\0', '\n', '\r']) || prior.len() > 4_096 {
            return None;
        }
        let mut out = String::new();
        for piece in pieces {
            match piece {
                Piece::Text(text) => out.push_str(text),
                // Whether there was none, or one from elsewhere, is not told by an empty answer.
                Piece::Prior(before) if prior.is_empty() && !before.is_empty() => return None,
                Piece::Prior(before) if before == "--replicas=" && prior.parse::<u32>().is_err() => {
                    return None;
                }
                Piece::Prior(before) => out.push_str(&quoted(&format!("{before}{prior}"))),
                Piece::Sql => out.push_str(&prior.replace('\'', "''")),
                Piece::Setting(name) => {
                    let prior = prior.replace('\'', "''");
                    out.push_str(&quoted(&format!("ALTER SYSTEM SET {name} = '{prior}'")));
                }
            }
        }
        Some(out)
    }
}

/// What a command sets that may have to be set back; its text is the one that ran, with its values in.
pub fn suggest(command: &Command, text: &str, title: &str) -> Vec<Measure> {
    let statement = &command.statement;
    let likely = is_meant(title) || is_meant(text) || statement.label.as_deref().is_some_and(is_meant);
    let mut all: Vec<Measure> = match statement.lang {
        Lang::Sql => {
            let own = |sql: &str| sql.to_owned();
            sql(text).map(|(name, new)| of_sql(&name, &new, Lang::Sql, &own)).into_iter().collect()
        }
        Lang::Redis => redis(&text.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
            .map(|(name, new)| of_redis(&name, &new, Lang::Redis, ""))
            .into_iter()
            .collect(),
        Lang::Shell => shell(statement, text, likely),
        Lang::PowerShell | Lang::Query => Vec::new(),
    };
    for measure in &mut all {
        measure.likely |= likely || is_meant(&measure.name);
        // The setting's name is the subject's where it has none of its own: `requirepass`.
        let setting = if measure.name.is_empty() { &measure.subject } else { &measure.name };
        let named = setting.split(['/', '.', ' ']).any(is_secret);
        if named || secret::carries_password(&measure.new) || measure.new.to_lowercase().contains("password=")
        {
            // Neither shown nor asked for.
            secret::HIDDEN.clone_into(&mut measure.new);
            measure.ask = None;
            measure.back = Back::Unknown;
        }
    }
    all
}

/// Settings whose value is a secret; the servers' own names for them too.
fn is_secret(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    secret::looks_secret(name)
        || ["requirepass", "masterauth", "primary_conninfo", "tls-key-file-pass"]
            .iter()
            .any(|one| lower == *one)
}

/// Words of what is meant for a while.
fn is_meant(text: &str) -> bool {
    let lower = text.to_lowercase();
    [
        "temporary",
        "temporarily",
        "fallback",
        "maintenance",
        "log_level",
        "loglevel",
        "debug",
        "quarantine",
        "emergency",
        "cordon",
    ]
    .iter()
    .any(|word| lower.contains(word))
}

fn shell(statement: &Statement, text: &str, likely: bool) -> Vec<Measure> {
    let mut out = Vec::new();
    for part in parts::parts(text).all.iter().take(32).filter(|part| !part.words.is_empty()) {
        let known = part.words.iter().all(|word| !word.contains('\u{fffc}'));
        if known {
            of_call(part, &mut out);
        }
    }
    let assigned = text.split_whitespace().next().and_then(|word| word.split_once('='));
    if let Some((name, value)) =
        assigned.filter(|(name, _)| is_meant(name) && statement.tool.contains("docker"))
    {
        let rest = text.trim_start().get(name.len() + 1 + value.len()..).unwrap_or_default();
        out.push(Measure {
            subject: statement.tool.clone(),
            name: name.to_owned(),
            new: value.trim_matches(['"', '\'']).to_owned(),
            lang: Lang::Shell,
            ask: None,
            back: Back::Fixed(rest.trim_start().to_owned()),
            likely: true,
        });
    }
    if out.is_empty() && likely {
        out.extend(parts::parts(text).all.iter().take(32).filter_map(|part| kube::lifted(&part.words)));
    }
    let ends = statement.subcommand.as_deref().is_some_and(|verb| verb.contains("delete"));
    if out.is_empty() && likely && statement.risk > Tier::Read && statement.role == Role::Action && !ends {
        out.push(Measure {
            subject: statement.label.clone().unwrap_or_else(|| statement.tool.clone()),
            name: String::new(),
            new: String::new(),
            lang: Lang::Shell,
            ask: None,
            back: Back::Unknown,
            likely: true,
        });
    }
    out.truncate(16);
    out
}

fn of_call(part: &Part, out: &mut Vec<Measure>) {
    let words = &part.words;
    let tool = words.first().map(|word| word.rsplit('/').next().unwrap_or(word)).unwrap_or_default();
    if matches!(tool, "kubectl" | "oc") && !words.iter().any(|word| word == "exec") {
        kube::measures(words, out);
        return;
    }
    // `psql -c "…"` and `redis-cli CONFIG SET …`, wherever they run: the words around them stay.
    let name = |word: &String, names: &[&str]| names.contains(&word.rsplit('/').next().unwrap_or(word));
    if let Some(at) = words.iter().position(|word| name(word, &["psql"])) {
        let flag = (at..words.len())
            .find(|i| words.get(*i).is_some_and(|word| matches!(word.as_str(), "-c" | "--command")));
        let told = flag.and_then(|flag| words.get(flag + 1).map(|text| (flag + 1, text)));
        if let Some((place, (name, new))) = told.and_then(|(place, text)| Some((place, sql(text)?))) {
            let around = |sql: &str| joined(words, place, &quoted(sql));
            let mut measure = of_sql(&name, &new, Lang::Shell, &around);
            measure.back = Back::With(vec![
                Piece::Text(format!("{} ", joined_to(words, place))),
                Piece::Setting(name),
                Piece::Text(joined_from(words, place + 1)),
            ]);
            out.push(measure);
        }
    }
    if let Some(at) = words.iter().position(|word| name(word, &["redis-cli", "valkey-cli"])) {
        let config =
            (at..words.len()).find(|i| words.get(*i).is_some_and(|word| word.eq_ignore_ascii_case("config")));
        if let Some(config) = config
            && let Some((name, new)) = words.get(config..).and_then(redis)
        {
            out.push(of_redis(&name, &new, Lang::Shell, &format!("{} ", joined_to(words, config))));
        }
    }
}

/// `ALTER SYSTEM SET name = value`.
fn sql(text: &str) -> Option<(String, String)> {
    let text = text.trim().trim_end_matches(';').trim();
    let words: Vec<&str> = text.split_whitespace().take(3).collect();
    let head = |at: usize, word: &str| words.get(at).is_some_and(|one| one.eq_ignore_ascii_case(word));
    if !(head(0, "alter") && head(1, "system") && head(2, "set")) {
        return None;
    }
    let at = text.to_ascii_lowercase().find("set")? + 3;
    let rest = text.get(at..)?.trim_start();
    let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '_' | '.'))?;
    let (name, value) = rest.split_at(end);
    let value = value.trim_start().trim_start_matches('=').trim_start();
    let value = value.strip_prefix("TO ").or_else(|| value.strip_prefix("to ")).unwrap_or(value).trim();
    let plain = !name.is_empty() && !value.is_empty() && !value.contains(';');
    plain.then(|| (name.to_owned(), value.trim_matches('\'').to_owned()))
}

fn of_sql(name: &str, new: &str, lang: Lang, around: &dyn Fn(&str) -> String) -> Measure {
    Measure {
        subject: name.to_owned(),
        name: String::new(),
        new: new.to_owned(),
        lang,
        ask: Some(around(&format!("SHOW {name};"))),
        back: Back::With(vec![
            Piece::Text(format!("ALTER SYSTEM SET {name} = '")),
            Piece::Sql,
            Piece::Text("';".to_owned()),
        ]),
        likely: false,
    }
}

/// `CONFIG SET name value`.
fn redis(words: &[String]) -> Option<(String, String)> {
    let head = words.first()?.eq_ignore_ascii_case("config") && words.get(1)?.eq_ignore_ascii_case("set");
    let plain = |word: &&String| !word.is_empty() && word.bytes().all(|b| b.is_ascii_graphic());
    let name = words.get(2).filter(plain)?;
    // Several at once are several values to ask for.
    (head && words.len() == 4).then(|| (name.clone(), words.get(3).cloned().unwrap_or_default()))
}

fn of_redis(name: &str, new: &str, lang: Lang, before: &str) -> Measure {
    Measure {
        subject: name.to_owned(),
        name: String::new(),
        new: new.to_owned(),
        lang,
        ask: Some(format!("{before}CONFIG GET {name}")),
        back: Back::With(vec![
            Piece::Text(format!("{before}CONFIG SET {name} ")),
            Piece::Prior(String::new()),
        ]),
        likely: false,
    }
}

fn joined(words: &[String], place: usize, with: &str) -> String {
    format!("{} {with}{}", joined_to(words, place), joined_from(words, place + 1))
}

/// The words before a place, each as a shell takes it.
fn joined_to(words: &[String], place: usize) -> String {
    words.iter().take(place).map(|word| quoted(word)).collect::<Vec<_>>().join(" ")
}

fn joined_from(words: &[String], place: usize) -> String {
    words.iter().skip(place).fold(String::new(), |all, word| all + " " + &quoted(word))
}
