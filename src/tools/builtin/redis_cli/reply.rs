//! Replies of a Redis server: how they are read, and how redis-cli shows them on a terminal and to a pipe.
use std::fmt::Write;
use std::future::Future;
use std::io::{self, ErrorKind};
use std::pin::Pin;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};

use super::super::curl::net::Stream;

#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    Status(String),
    Error(String),
    Integer(i64),
    Bulk(Vec<u8>),
    Nil,
    Array(Vec<Reply>),
}

/// How deep arrays may lie in each other, how long a line and a string may be.
const DEPTH: usize = 64;
const LINE: u64 = 1 << 20;
const BULK: i64 = 512 << 20;

fn garbled() -> io::Error {
    io::Error::new(ErrorKind::InvalidData, "Protocol error")
}

type Reading<'a> = Pin<Box<dyn Future<Output = io::Result<Reply>> + Send + 'a>>;

/// Reads one reply.
pub fn read(stream: &mut BufReader<Stream>, depth: usize) -> Reading<'_> {
    Box::pin(async move {
        let mut line = Vec::new();
        (&mut *stream).take(LINE).read_until(b'\n', &mut line).await?;
        if line.is_empty() {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        let line = String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_owned();
        let (sign, rest) = line.split_at_checked(1).ok_or_else(garbled)?;
        let number = || rest.parse::<i64>().map_err(|_| garbled());
        Ok(match sign {
            "+" => Reply::Status(rest.to_owned()),
            "-" => Reply::Error(rest.to_owned()),
            ":" => Reply::Integer(number()?),
            "$" | "*" if number()? < 0 => Reply::Nil,
            "$" => {
                let length = u64::try_from(number()?.min(BULK)).map_err(|_| garbled())?;
                let mut bytes = Vec::new();
                (&mut *stream).take(length + 2).read_to_end(&mut bytes).await?;
                if !bytes.ends_with(b"\r\n") || bytes.len() as u64 != length + 2 {
                    return Err(garbled());
                }
                bytes.truncate(bytes.len() - 2);
                Reply::Bulk(bytes)
            }
            "*" if depth < DEPTH => {
                let mut all = Vec::new();
                for _ in 0..number()? {
                    all.push(read(stream, depth + 1).await?);
                }
                Reply::Array(all)
            }
            _ => return Err(garbled()),
        })
    })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    Terminal,
    Raw,
}

/// In quotes, with what cannot be printed as escapes.
pub fn quoted(bytes: &[u8]) -> String {
    let mut out = "\"".to_owned();
    for byte in bytes {
        match byte {
            b'\\' | b'"' => out.extend(['\\', char::from(*byte)]),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            7 => out.push_str("\\a"),
            8 => out.push_str("\\b"),
            b' '..=b'~' => out.push(char::from(*byte)),
            _ => drop(write!(out, "\\x{byte:02x}")),
        }
    }
    out + "\""
}

/// The whole reply with its line end; a `verbatim` one is text that is meant to be read.
pub fn shown(reply: &Reply, form: Form, verbatim: bool) -> Vec<u8> {
    if verbatim {
        return raw(reply);
    }
    match form {
        Form::Terminal => terminal(reply, "").into_bytes(),
        Form::Raw => {
            let mut out = raw(reply);
            out.push(b'\n');
            out
        }
    }
}

fn raw(reply: &Reply) -> Vec<u8> {
    match reply {
        Reply::Status(text) => text.clone().into_bytes(),
        Reply::Error(text) => format!("{text}\n").into_bytes(),
        Reply::Integer(number) => number.to_string().into_bytes(),
        Reply::Bulk(bytes) => bytes.clone(),
        Reply::Nil => Vec::new(),
        Reply::Array(all) => all.iter().map(raw).collect::<Vec<_>>().join(&b'\n'),
    }
}

/// `indent` stands in front of every line but the first.
fn terminal(reply: &Reply, indent: &str) -> String {
    match reply {
        Reply::Status(text) => format!("{text}\n"),
        Reply::Error(text) => format!("(error) {text}\n"),
        Reply::Integer(number) => format!("(integer) {number}\n"),
        Reply::Bulk(bytes) => quoted(bytes) + "\n",
        Reply::Nil => "(nil)\n".to_owned(),
        Reply::Array(all) if all.is_empty() => "(empty array)\n".to_owned(),
        Reply::Array(all) => {
            let width = all.len().to_string().len();
            let inner = format!("{indent}{}", " ".repeat(width + 2));
            let mut out = String::new();
            for (index, one) in all.iter().enumerate() {
                let front = if index > 0 { indent } else { "" };
                let _ = write!(out, "{front}{:>width$}) {}", index + 1, terminal(one, &inner));
            }
            out
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_reply_is_read_and_shown_in_every_form() {
        let bytes = b"*5\r\n:1\r\n*2\r\n:2\r\n*0\r\n$-1\r\n$2\r\n\"\n\r\n-ERR x\r\n";
        let (here, mut there) = tokio::io::duplex(4096);
        tokio::io::AsyncWriteExt::write_all(&mut there, bytes).await.expect("written");
        let mut stream = BufReader::new(Box::new(here) as Stream);
        let reply = read(&mut stream, 0).await.expect("reply");
        let text = |form| String::from_utf8_lossy(&shown(&reply, form, false)).into_owned();
        let lines = "1) (integer) 1\n2) 1) (integer) 2\n   2) (empty array)\n3) (nil)\n4) \"\\\"\\n\"\n5) (error) ERR x\n";
        assert_eq!(text(Form::Terminal), lines);
        assert_eq!(text(Form::Raw), "1\n2\n\n\n\"\n\nERR x\n\n");
        drop(there);
        assert!(read(&mut stream, 0).await.is_err());
    }

    #[tokio::test]
    async fn a_server_that_nests_without_end_is_not_followed() {
        let (here, mut there) = tokio::io::duplex(4096);
        tokio::io::AsyncWriteExt::write_all(&mut there, &b"*1\r\n".repeat(200)).await.expect("written");
        drop(there);
        let mut stream = BufReader::new(Box::new(here) as Stream);
        assert_eq!(read(&mut stream, 0).await.map_err(|error| error.kind()), Err(ErrorKind::InvalidData));
    }
}
