//! What Redis and its clients say to each other: commands out of bytes, answers into bytes and as text.
use bytes::{Bytes, BytesMut};
use regex::bytes::RegexBuilder;

/// No client of the world sends more; a command is refused at the first of these limits.
const MOST_WORDS: usize = 4_096;
const LONGEST: usize = 1 << 20;
/// A line only says how much follows.
const LONGEST_LINE: usize = 64;

#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    Nil,
    Int(i64),
    Word(&'static str),
    Error(String),
    Bulk(Bytes),
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

    pub fn encode(&self, resp3: bool, out: &mut Vec<u8>) {
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
            Reply::Word(word) => out.extend(format!("+{word}\r\n").bytes()),
            Reply::Error(why) => out.extend(format!("-{}\r\n", why.replace(['\r', '\n'], " ")).bytes()),
            Reply::Bulk(bytes) => bulk(bytes, out),
            Reply::Map(all) if resp3 => many('%', all.len() / 2, all, out),
            Reply::List(all) | Reply::Map(all) => many('*', all.len(), all, out),
        }
    }
}

/// Takes one command off the bytes; `None` until it is there as a whole. After an error the connection is no good.
pub fn take(bytes: &mut BytesMut) -> Result<Option<Vec<Bytes>>, &'static str> {
    let mut at = 0;
    let Some(first) = line(bytes, &mut at)? else { return Ok(None) };
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

fn number(line: &[u8], mark: u8) -> Option<usize> {
    std::str::from_utf8(line.strip_prefix(&[mark])?).ok()?.parse().ok()
}

fn line<'a>(bytes: &'a BytesMut, at: &mut usize) -> Result<Option<&'a [u8]>, &'static str> {
    let rest = bytes.get(*at..).unwrap_or_default();
    let end = rest.iter().take(LONGEST_LINE).position(|byte| *byte == b'\n');
    let Some(line) = end.and_then(|end| rest.get(..end)) else {
        let long = rest.len() >= LONGEST_LINE;
        return if long { Err("ERR Protocol error: too big count string") } else { Ok(None) };
    };
    *at += line.len() + 1;
    Ok(Some(line.strip_suffix(b"\r").unwrap_or(line)))
}

/// Whether names fit a pattern with `*`, `?`, `[a-z]` and `\`; nothing fits one that cannot be read.
pub fn pattern(text: &str) -> impl Fn(&[u8]) -> bool + use<> {
    let (mut out, mut letters) = (String::from("^(?s-u:"), text.chars());
    while let Some(letter) = letters.next() {
        match letter {
            '*' => out.push_str(".*"),
            '?' => out.push('.'),
            '[' | ']' | '-' => out.push(letter),
            '^' if out.ends_with('[') => out.push(letter),
            '\\' => out.extend(letters.next().map(|next| regex::escape(next.encode_utf8(&mut [0; 4])))),
            other => out.push_str(&regex::escape(other.encode_utf8(&mut [0; 4]))),
        }
    }
    let built = RegexBuilder::new(&(out + ")$")).size_limit(1 << 18).build().ok();
    move |name| built.as_ref().is_some_and(|built| built.is_match(name))
}

/// Bytes as a person says them: `1.50M`.
pub fn human(bytes: usize) -> String {
    let unit = [(30, 'G'), (20, 'M'), (10, 'K')].into_iter().find(|(bits, _)| bytes >> bits > 0);
    let Some((bits, unit)) = unit else { return format!("{bytes}B") };
    let hundredths = (bytes >> (bits - 10)).saturating_mul(100) >> 10;
    format!("{}.{:02}{unit}", hundredths / 100, hundredths % 100)
}
