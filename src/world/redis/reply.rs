//! What Redis and its clients say to each other: commands out of bytes, answers into bytes and as text.
use std::fmt::Write;

use bytes::{Buf, Bytes, BytesMut};

/// No client of the world sends more; a command is refused at the first of these limits.
const MOST_WORDS: usize = 4_096;
const LONGEST: usize = 1 << 20;
const LONGEST_ANSWER: usize = 64 << 20;
const LONGEST_LINE: usize = 64 << 10;

#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    Nil,
    Int(i64),
    Real(f64),
    Word(&'static str),
    Error(String),
    Bulk(Bytes),
    /// Text for people, which RESP3 marks as such.
    Text(String),
    List(Vec<Reply>),
    /// Names and values in turn.
    Map(Vec<Reply>),
}

/// An answer, or the words of the refusal.
pub type Said = Result<Reply, String>;

pub const OK: Reply = Reply::Word("OK");

impl Reply {
    pub fn text(text: impl Into<String>) -> Reply {
        Reply::Bulk(Bytes::from(text.into()))
    }

    pub fn int(number: impl TryInto<i64>) -> Reply {
        Reply::Int(number.try_into().unwrap_or(i64::MAX))
    }

    pub fn words<T: Into<String>>(words: impl IntoIterator<Item = T>) -> Reply {
        Reply::List(words.into_iter().map(Reply::text).collect())
    }

    fn size(&self) -> usize {
        match self {
            Reply::Bulk(bytes) => bytes.len() + 16,
            Reply::List(all) | Reply::Map(all) => {
                all.iter().fold(16, |sum, one| sum.saturating_add(one.size()))
            }
            _ => 32,
        }
    }

    /// As bytes, unless it is larger than anybody should be sent.
    pub fn bytes(&self, resp3: bool) -> Vec<u8> {
        let mut out = Vec::new();
        if self.size() <= LONGEST_ANSWER {
            self.encode(resp3, &mut out);
        } else {
            Reply::Error("ERR the answer is too large".into()).encode(resp3, &mut out);
        }
        out
    }

    fn encode(&self, resp3: bool, out: &mut Vec<u8>) {
        let many = |mark: char, count: usize, all: &[Reply], out: &mut Vec<u8>| {
            out.extend(format!("{mark}{count}\r\n").bytes());
            for one in all {
                one.encode(resp3, out);
            }
        };
        let bulk = |bytes: &[u8], out: &mut Vec<u8>| {
            out.extend(format!("${}\r\n", bytes.len()).bytes());
            out.extend_from_slice(bytes);
            out.extend_from_slice(b"\r\n");
        };
        match self {
            Reply::Nil if resp3 => out.extend_from_slice(b"_\r\n"),
            Reply::Nil => out.extend_from_slice(b"$-1\r\n"),
            Reply::Int(number) => out.extend(format!(":{number}\r\n").bytes()),
            Reply::Real(number) if resp3 => out.extend(format!(",{number}\r\n").bytes()),
            Reply::Real(number) => bulk(number.to_string().as_bytes(), out),
            Reply::Word(word) => out.extend(format!("+{word}\r\n").bytes()),
            Reply::Error(why) => out.extend(format!("-{}\r\n", why.replace(['\r', '\n'], " ")).bytes()),
            Reply::Bulk(bytes) => bulk(bytes, out),
            Reply::Text(text) if resp3 => {
                out.extend(format!("={}\r\ntxt:{text}\r\n", text.len() + 4).bytes());
            }
            Reply::Text(text) => bulk(text.as_bytes(), out),
            Reply::Map(all) if resp3 => many('%', all.len() / 2, all, out),
            Reply::List(all) | Reply::Map(all) => many('*', all.len(), all, out),
        }
    }

    /// As `redis-cli` prints it where its output is no terminal.
    pub fn raw(&self) -> String {
        match self {
            Reply::Nil => String::new(),
            Reply::Int(number) => number.to_string(),
            Reply::Real(number) => number.to_string(),
            Reply::Word(word) => (*word).into(),
            Reply::Error(why) => format!("{why}\n"),
            Reply::Bulk(bytes) => String::from_utf8_lossy(bytes).into(),
            Reply::Text(text) => text.clone(),
            Reply::List(all) | Reply::Map(all) => all.iter().map(Reply::raw).collect::<Vec<_>>().join("\n"),
        }
    }
}

/// Takes one command off the bytes; `None` until it is there as a whole. After an error the connection is no good.
pub fn take(bytes: &mut BytesMut) -> Result<Option<Vec<Bytes>>, &'static str> {
    let mut at = 0;
    let Some(first) = line(bytes, &mut at)? else { return Ok(None) };
    if first.first() != Some(&b'*') {
        let words = first.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
        let words = words.map(|word| Bytes::copy_from_slice(unquoted(word))).collect();
        bytes.advance(at);
        return Ok(Some(words));
    }
    let count = number(first, b'*').filter(|count| *count <= MOST_WORDS);
    let count = count.ok_or("ERR Protocol error: invalid multibulk length")?;
    let mut words = Vec::new();
    for _ in 0..count {
        let Some(head) = line(bytes, &mut at)? else { return Ok(None) };
        if head.first() != Some(&b'$') {
            return Err("ERR Protocol error: expected '$'");
        }
        let length = number(head, b'$').filter(|length| *length <= LONGEST);
        let length = length.ok_or("ERR Protocol error: invalid bulk length")?;
        if at.saturating_add(length) > 2 * LONGEST {
            return Err("ERR Protocol error: too big mbulk count string");
        }
        if bytes.len() < at + length + 2 {
            return Ok(None);
        }
        words.push((at, at + length));
        at += length + 2;
    }
    // Copied, so that a small key never holds the whole pipeline that it came in.
    let whole = bytes.split_to(at);
    let word = |(from, to)| Bytes::copy_from_slice(whole.get(from..to).unwrap_or_default());
    Ok(Some(words.into_iter().map(word).collect()))
}

fn unquoted(word: &[u8]) -> &[u8] {
    word.strip_prefix(b"\"").and_then(|word| word.strip_suffix(b"\"")).unwrap_or(word)
}

fn number(line: &[u8], mark: u8) -> Option<usize> {
    std::str::from_utf8(line.strip_prefix(&[mark])?).ok()?.parse().ok()
}

fn line<'a>(bytes: &'a BytesMut, at: &mut usize) -> Result<Option<&'a [u8]>, &'static str> {
    let rest = bytes.get(*at..).unwrap_or_default();
    let end = rest.iter().take(LONGEST_LINE).position(|byte| *byte == b'\n');
    let Some(line) = end.and_then(|end| rest.get(..end)) else {
        let long = rest.len() >= LONGEST_LINE;
        return if long { Err("ERR Protocol error: too big inline request") } else { Ok(None) };
    };
    *at += line.len() + 1;
    Ok(Some(line.strip_suffix(b"\r").unwrap_or(line)))
}

/// Whether a name fits a pattern with `*`, `?`, `[a-z]` and `\`.
pub fn fits(pattern: &[u8], name: &[u8]) -> bool {
    let (mut p, mut n) = (0, 0);
    // Where the last `*` stood, and what it has taken so far: only the last one is ever tried anew.
    let mut star: Option<(usize, usize)> = None;
    loop {
        let step = match (pattern.get(p), name.get(n)) {
            (None, None) => return true,
            (Some(b'*'), _) => {
                star = Some((p, n));
                p += 1;
                continue;
            }
            (Some(_), Some(byte)) => one(pattern.get(p..).unwrap_or_default(), *byte),
            _ => None,
        };
        match (step, &mut star) {
            (Some(length), _) => (p, n) = (p + length, n + 1),
            (None, Some((at, taken))) if *taken < name.len() => {
                *taken += 1;
                (p, n) = (*at + 1, *taken);
            }
            _ => return false,
        }
    }
}

/// How much of the pattern the byte fits, where it does.
fn one(pattern: &[u8], byte: u8) -> Option<usize> {
    match pattern {
        [b'?', ..] => Some(1),
        [b'\\', next, ..] => (*next == byte).then_some(2),
        [b'[', rest @ ..] => {
            let end = rest.iter().position(|byte| *byte == b']')?;
            let inside = rest.get(..end)?;
            let (not, inside) = inside.strip_prefix(b"^").map_or((false, inside), |rest| (true, rest));
            let range = |three: &[u8]| matches!(three, [a, b'-', b] if (*a..=*b).contains(&byte));
            ((inside.contains(&byte) || inside.windows(3).any(range)) != not).then_some(end + 2)
        }
        [first, ..] => (*first == byte).then_some(1),
        [] => None,
    }
}

/// Bytes as a person says them: `1.50M`.
pub fn human(bytes: usize) -> String {
    let unit = [(30, 'G'), (20, 'M'), (10, 'K')].into_iter().find(|(bits, _)| bytes >> bits > 0);
    let Some((bits, unit)) = unit else { return format!("{bytes}B") };
    let hundredths = (bytes >> (bits - 10)).saturating_mul(100) >> 10;
    let mut text = format!("{}.{:02}", hundredths / 100, hundredths % 100);
    let _ = write!(text, "{unit}");
    text
}
