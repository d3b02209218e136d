//! Placeholders without signs: words that stand for a value, such as `your-key.pem`, `pod-ip`, `NAMESPACE`, `...`.
use std::borrow::Cow;

use super::super::words::Words;
use super::marks::{Seen, is_marked, is_yours};
use super::runs::{byte_runs, is_chunk, is_chunk_byte, runs};
use super::{Found, Piece, Quoting, Shape};
use crate::commands::{Lang, Statement};

/// What values are of.
static NOUNS: Words = Words::new(
    "pod node namespace service svc deployment container cluster instance host hostname server database \
    db bucket volume image user username password project region account resource group secret token key \
    file ip address queue topic job app application release version domain zone disk device subscription \
    tenant vault registry repo repository branch commit session id name port path url email certificate \
    cert configmap statefulset daemonset replica primary master shard partition broker consumer vm \
    environment env stack role team cronjob ingress pvc pv backup snapshot org organization endpoint \
    machine table schema index date tag number value chart revision rds ec2 machineset secretname",
);

static LEADS: Words = Words::new(
    "my new old target source some actual affected failed failing current previous desired private public \
    internal external remote correct bad broken problematic specific",
);

/// Between a lead and a noun: `previous-stable-tag`.
const STATES: &[&str] = &["stable", "good", "known", "working"];

static CAPS: Words = Words::new(
    "NAMESPACE POD NODE PODNAME NODENAME HOSTNAME USERNAME CLUSTER CLUSTERNAME BUCKET CONTAINER \
    DEPLOYMENT INSTANCE INSTANCEID VERSION PROJECT REGION DBNAME DATABASE FILENAME SERVICE SERVICENAME \
    SERVER BACKUP HOST IP PID TAG NAME SNAPSHOT RELEASE ENVIRONMENT VOLUME TOPIC ACCOUNT DOMAIN ARN",
);

static CAPS_ENDS: Words = Words::new(
    "NAME ID IP HERE NAMESPACE HOST HOSTNAME ADDRESS URL TOKEN PASSWORD USERNAME USER BUCKET CLUSTER \
    REGION PROJECT VERSION FILE PATH POD NODE DATE TAG DOMAIN ACCOUNT NUMBER KEY SERVER INSTANCE \
    DEPLOYMENT GROUP ENDPOINT",
);

/// Tools whose bare words in capitals are their own.
static SHOUT: Words = Words::new(
    "grep egrep fgrep rg zgrep redis-cli psql mysql env printenv unset export read awk lsblk ps echo \
    printf sqlite3 cqlsh sed test [ [[ valkey-cli declare local setenv kill pkill trap make",
);

pub(super) fn find(statement: &Statement, shape: &Shape, found: &mut Vec<Found>) {
    let text = statement.text.as_str();
    for piece in shape.pieces.iter().filter(|piece| !piece.comment) {
        let Some(part) = text.get(piece.start..piece.end) else { continue };
        let prose = is_prose(part, piece.quoting);
        let mut look = |(start, chunk): (usize, &str)| {
            if !is_word(chunk) {
                in_chunk(
                    statement,
                    &Chunk { shape, piece, prose, at: piece.start + start, text: chunk },
                    found,
                );
            }
        };
        if part.is_ascii() {
            byte_runs(part, is_chunk_byte).for_each(&mut look);
        } else {
            runs(part, is_chunk).for_each(&mut look);
        }
    }
    lists(text, found);
}

/// A stretch without blanks and without signs of the shell.
struct Chunk<'a> {
    shape: &'a Shape,
    piece: &'a Piece,
    prose: bool,
    at: usize,
    text: &'a str,
}

fn in_chunk(statement: &Statement, one: &Chunk<'_>, found: &mut Vec<Found>) {
    let &Chunk { shape, piece, prose, at, text: chunk } = one;
    let (text, lang) = (statement.text.as_str(), statement.lang);
    let glued =
        text.get(..at).and_then(|head| head.chars().next_back()).is_some_and(|c| matches!(c, ')' | '}'));
    if let Some((from, length)) = whole(chunk, piece.quoting, prose || glued, &statement.tool) {
        let name = chunk.get(from..from + length).unwrap_or(chunk);
        push(found, name, at + from);
        return;
    }
    if lang == Lang::Query {
        return;
    }
    let spot = Spot { text, shape, piece, chunk, from: 0, at, lang, prose };
    if is_date(chunk, &spot) {
        push(found, chunk, at);
        return;
    }
    for (from, token) in byte_runs(chunk, |b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-')) {
        let spot = Spot { text, shape, piece, chunk, from, at: at + from, lang, prose };
        let trimmed = token.trim_end_matches('.');
        // Behind `${NAME:-` stands a default.
        let bare = trimmed.strip_prefix('-').filter(|_| spot.before() == ':').unwrap_or(trimmed);
        let spot = Spot { at: spot.at + trimmed.len() - bare.len(), ..spot };
        if is_value(bare, &spot) {
            push(found, bare, spot.at);
        }
    }
}

/// Where a token stands.
pub(super) struct Spot<'a> {
    text: &'a str,
    shape: &'a Shape,
    piece: &'a Piece,
    chunk: &'a str,
    from: usize,
    at: usize,
    pub lang: Lang,
    pub prose: bool,
}

impl Spot<'_> {
    pub fn before(&self) -> char {
        self.text.get(..self.at).and_then(|head| head.chars().next_back()).unwrap_or(' ')
    }

    fn after(&self, length: usize) -> &str {
        self.text.get(self.at + length..).unwrap_or_default()
    }

    /// What stands in front, as far as it matters.
    fn head(&self, most: usize) -> &str {
        let mut from = self.at.saturating_sub(most);
        while !self.text.is_char_boundary(from) {
            from += 1;
        }
        self.text.get(from..self.at).unwrap_or_default()
    }

    /// The word in front, on the same line.
    fn previous(&self) -> &str {
        let head = self.head(200).rsplit('\n').next().unwrap_or_default();
        head.trim_end_matches(|c: char| !c.is_whitespace()).split_whitespace().next_back().unwrap_or_default()
    }

    /// The first word of the part of the pipe that it stands in.
    fn tool(&self) -> &str {
        let head = self.head(600);
        let bytes = head.as_bytes();
        let start = self.at - head.len();
        let bare = |at: usize| self.shape.at(start + at).is_none_or(|piece| piece.quoting == Quoting::Bare);
        let ends = |at: usize, c: char| match c {
            '\n' => at.checked_sub(1).and_then(|i| bytes.get(i)) != Some(&b'\\'),
            _ => matches!(c, '|' | ';' | '(' | '&') && bare(at),
        };
        let from = head.char_indices().rev().find(|(at, c)| ends(*at, *c)).map_or(0, |(at, _)| at + 1);
        let part = head.get(from..).unwrap_or_default();
        part.split_whitespace().find(|word| !word.contains('=') && *word != "sudo").unwrap_or_default()
    }

    pub fn in_address(&self) -> bool {
        self.chunk
            .get(..self.from)
            .is_some_and(|head| head.contains("://") && !head.ends_with("//") && !head.ends_with('@'))
    }

    pub fn sql(&self) -> bool {
        self.lang == Lang::Sql || matches!(self.piece.quoting, Quoting::SqlInDouble | Quoting::SqlInSingle)
    }

    fn json(&self) -> bool {
        matches!(self.piece.quoting, Quoting::JsonInDouble | Quoting::JsonInSingle)
    }
}

fn push(found: &mut Vec<Found>, text: &str, start: usize) {
    found.push(Found {
        text: text.to_owned(),
        name: text.to_owned(),
        start,
        end: start + text.len(),
        default: None,
    });
}

/// Words between quotes, not one value.
fn is_prose(part: &str, quoting: Quoting) -> bool {
    matches!(quoting, Quoting::Double | Quoting::Single) && part.trim().contains(' ')
}

/// Chunks that stand for a value as a whole: an ellipsis in a path, `path/to/file`, `user:pass@`.
fn whole(chunk: &str, quoting: Quoting, prose: bool, tool: &str) -> Option<(usize, usize)> {
    let all = Some((0, chunk.len()));
    // Most chunks are short words: a look at their bytes spares the searches.
    let bytes = chunk.as_bytes();
    if !bytes.iter().any(|b| matches!(b, b'.' | b'/' | b':' | 0x80..)) {
        return None;
    }
    if bytes.array_windows().any(|three| three == b"...") || !chunk.is_ascii() && chunk.contains('…') {
        let alone = chunk.chars().all(|c| matches!(c, '.' | '…'));
        let range = matches!(tool, "git" | "go" | "cargo") || chunk == "./...";
        let joined = chunk.contains(['/', '@', ':']);
        let ends = chunk.trim_end_matches(['.', '…']).chars().all(char::is_alphabetic);
        return if range || prose && !joined || ends && !alone && quoting != Quoting::Bare {
            None
        } else {
            all
        };
    }
    // The names that manuals give to an image: `registry/image:tag`.
    if let Some(at) = chunk.find("image:tag").filter(|at| at + "image:tag".len() == chunk.len()) {
        return all.filter(|_| at == 0 || chunk.get(..at).is_some_and(|head| head.ends_with('/')));
    }
    if bytes.array_windows().any(|eight| matches!(eight, b"path/to/" | b"path/to-")) {
        return all;
    }
    if !bytes.contains(&b':') || !bytes.array_windows().any(|three| matches!(three, b"pas" | b"pwd" | b"sec"))
    {
        return None;
    }
    for user in ["user", "username", "myuser", "dbuser", "db_user"] {
        for word in ["pass", "password", "passwd", "pwd", "secret", "mypassword"] {
            let pair = format!("{user}:{word}");
            if let Some(at) = chunk.find(&pair) {
                let end = at + pair.len();
                let bounded = chunk.get(..at).is_none_or(|head| head.is_empty() || head.ends_with('/'))
                    && chunk.get(end..).is_none_or(|tail| tail.is_empty() || tail.starts_with('@'));
                if bounded {
                    return Some((at, pair.len()));
                }
            }
        }
    }
    None
}

fn is_value(token: &str, spot: &Spot<'_>) -> bool {
    // `--to-revision=N`
    if token == "N" {
        let option = spot.head(80).rsplit(char::is_whitespace).next().unwrap_or_default();
        let ends = spot.after(1).chars().next().is_none_or(char::is_whitespace);
        return spot.lang == Lang::Shell && option.starts_with("--") && option.ends_with('=') && ends;
    }
    if token.len() < 2 || token.len() > 120 || is_word(token) {
        return false;
    }
    let seen = Seen::of(token);
    let lower: Cow<'_, str> = if seen.upper { token.to_ascii_lowercase().into() } else { token.into() };
    if seen.your && is_yours(&lower) || is_marked(token, &lower, &seen, spot) {
        return !token.starts_with("--");
    }
    if token.starts_with('-') || spot.prose && !spot.sql() {
        return false;
    }
    let after = spot.after(token.len());
    if after.starts_with('=')
        || after.starts_with('(')
        || after.starts_with(':')
            && !after
                .get(1..)
                .is_some_and(|t| t.starts_with(['/', '~']) || t.starts_with(|c: char| c.is_ascii_digit()))
    {
        return false;
    }
    if token.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_') {
        return is_shouted(token, spot);
    }
    seen.joins && is_named(&lower, spot) || is_sample(&lower, spot)
}

/// A word of small letters, as most are: none of what is looked for below.
fn is_word(token: &str) -> bool {
    let bytes = token.as_bytes();
    bytes.iter().all(|b| b.is_ascii_lowercase() && *b != b'x')
        && !bytes.starts_with(b"your")
        && !bytes.ends_with(b"name")
        && !matches!(token, "host" | "server" | "ip" | "remote")
        && !bytes.array_windows().any(|three| three == b"eme")
}

fn is_shouted(token: &str, spot: &Spot<'_>) -> bool {
    let before = spot.before();
    if matches!(before, '.' | '%' | '-' | ',' | '{' | '$')
        || spot.sql()
        || spot.json()
        || spot.lang != Lang::Shell
    {
        return false;
    }
    if spot.after(token.len()).starts_with([',', '[']) {
        return false;
    }
    let quoting = spot.piece.quoting;
    let shouted = if token.contains('_') {
        let last = token.rsplit('_').next().unwrap_or_default();
        let heredoc = matches!(quoting, Quoting::Heredoc | Quoting::HeredocQuoted);
        !heredoc && !quoting.is_literal() && CAPS_ENDS.contains(last)
    } else {
        // A path in quotes has it between two signs: `"projects/PROJECT/zones"`.
        let between = before == '/' && spot.after(token.len()).starts_with('/') && !spot.prose;
        (quoting == Quoting::Bare || quoting == Quoting::Double && between)
            && (is_named_by_option(token, spot)
                || (before.is_whitespace() || matches!(before, '/' | '=' | '@' | ':'))
                    && CAPS.contains(token)
                    && !spot.in_address())
    };
    let tool = || spot.tool();
    shouted && !tool().is_empty() && !SHOUT.contains(tool())
}

/// `--room ROOM` names its own value.
fn is_named_by_option(token: &str, spot: &Spot<'_>) -> bool {
    if token.len() < 3 {
        return false;
    }
    let previous = spot.previous();
    previous.starts_with("--")
        && previous.trim_start_matches('-').to_ascii_uppercase().replace('-', "_").ends_with(token)
}

/// A date as the value of an option that takes one.
fn is_date(token: &str, spot: &Spot<'_>) -> bool {
    let bytes = token.as_bytes();
    let shaped = bytes.len() >= 10
        && bytes
            .iter()
            .take(10)
            .enumerate()
            .all(|(i, b)| if i == 4 || i == 7 { *b == b'-' } else { b.is_ascii_digit() })
        && bytes.get(10).is_none_or(|b| *b == b'T');
    if !shaped || spot.lang != Lang::Shell {
        return false;
    }
    let head = spot.head(200).rsplit('\n').next().unwrap_or_default().trim_end_matches(['"', '\'']);
    let option = head.trim_end_matches([' ', '=']).split_whitespace().next_back().unwrap_or_default();
    option.starts_with("--")
        && ["time", "date", "since", "until", "start", "end", "from", "before", "after"]
            .iter()
            .any(|w| option.contains(w))
}

/// Nouns put together: `pod-name`, `instance-id`, `pod-ip`, `new-instance-ip`, `my-cluster`.
fn is_named(lower: &str, spot: &Spot<'_>) -> bool {
    if spot.json() || spot.sql() || lower.contains('.') {
        return false;
    }
    let parts = || lower.split(['-', '_']);
    let (Some(first), Some(last)) = (parts().next(), parts().next_back()) else { return false };
    // `deployment/web`, but not the key of a path.
    let value = matches!(last, "name" | "id" | "ip" | "hostname" | "address");
    let led = || {
        LEADS.contains(first)
            && parts()
                .nth(1)
                .is_some_and(|part| NOUNS.contains(part) || STATES.contains(&part) && NOUNS.contains(last))
    };
    let before = spot.before();
    let pod = || {
        last == "pod"
            && before != '='
            && !["per", "multi", "each", "delete", "restart", "get"].contains(&first)
            && matches!(spot.tool(), "kubectl" | "oc" | "k")
    };
    let known = || {
        parts().all(|part| {
            NOUNS.contains(part)
                || LEADS.contains(part)
                || STATES.contains(&part)
                || part.bytes().all(|b| b.is_ascii_digit())
        })
    };
    let named = (value || before != '=' && led()) && known() || pod();
    named && !matches!(before, '.' | '-' | '$' | '%') && !spot.in_address() && !spot.tool().is_empty()
}

/// `hostname` and `username` behind an option, `user@host`.
fn is_sample(lower: &str, spot: &Spot<'_>) -> bool {
    let bare = spot.piece.quoting == Quoting::Bare;
    if !bare || spot.lang != Lang::Shell {
        return false;
    }
    let optioned = || spot.previous().starts_with('-') && spot.before().is_whitespace();
    let host = spot.before() == '@' && spot.chunk.starts_with("user@");
    matches!(
        lower,
        "hostname"
            | "username"
            | "dbname"
            | "servername"
            | "podname"
            | "nodename"
            | "databasename"
            | "database_name"
    ) && optioned()
        || host && matches!(lower, "host" | "hostname" | "server" | "ip" | "remote")
}

/// `new-key-1,new-key-2,new-key-3` is one value.
fn lists(text: &str, found: &mut Vec<Found>) {
    found.sort_by_key(|one| one.start);
    let mut all: Vec<Found> = Vec::with_capacity(found.len());
    for one in found.drain(..) {
        let join = all.last_mut().filter(|last| {
            last.end + 1 == one.start
                && text.get(last.end..one.start) == Some(",")
                && last.name == last.text
                && one.name == one.text
        });
        match join {
            Some(last) => {
                last.end = one.end;
                text.get(last.start..last.end).unwrap_or_default().clone_into(&mut last.text);
                last.name.clone_from(&last.text);
            }
            None => all.push(one),
        }
    }
    *found = all;
}
