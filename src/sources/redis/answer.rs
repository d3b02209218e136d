//! What a server answered, in our own terms.
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use ::redis::aio::MultiplexedConnection;
use ::redis::{Cmd, ErrorKind, Pipeline, RedisError, Value};
use tokio::time::timeout;

use super::connect::ANSWER;
use crate::domain::redis::trouble::Trouble;
use crate::sources::reason::reason;
use crate::sources::supervise::SourceError;

/// Why an answer is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub code: String,
    pub detail: String,
    pub kind: RefusalKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RefusalKind {
    /// The server answered, and it was a no.
    Answered,
    /// Nothing came in time; the connection may still be good.
    Silent,
    /// The connection is gone.
    Dropped,
}

impl Refusal {
    pub fn of(error: &RedisError) -> Refusal {
        let kind = if error.is_timeout() {
            RefusalKind::Silent
        } else if error.code().is_some() || error.kind() == ErrorKind::AuthenticationFailed {
            RefusalKind::Answered
        } else {
            RefusalKind::Dropped
        };
        let (code, detail) = match (kind, error.code()) {
            (RefusalKind::Answered, Some(code)) => {
                (code.to_owned(), error.detail().unwrap_or_default().to_owned())
            }
            (RefusalKind::Answered, None) => ("WRONGPASS".to_owned(), String::new()),
            _ => (String::new(), root(error)),
        };
        Refusal { code, detail, kind }
    }

    pub fn forbids(&self) -> bool {
        self.code == "NOPERM"
    }

    /// `grant` is the rule that what was asked for needs.
    pub fn trouble(&self, user: &str, grant: &str) -> Trouble {
        match self.kind {
            RefusalKind::Answered => Trouble::of_answer(&self.code, &self.detail, user, grant),
            RefusalKind::Silent => Trouble::Silent,
            RefusalKind::Dropped => Trouble::Down { why: self.detail.as_str().into() },
        }
    }
}

/// The library keeps what went wrong in a box that hides it from those who follow the causes.
fn root(error: &RedisError) -> String {
    let boxed = error.source().and_then(|cause| cause.downcast_ref::<Arc<dyn Error + Send + Sync>>());
    match boxed {
        Some(inner) => reason(&**inner),
        None => reason(error),
    }
}

/// Asks one thing.
pub(super) async fn ask(con: &mut MultiplexedConnection, cmd: &Cmd) -> Result<Value, Refusal> {
    // The connection has a limit of its own; this one holds whatever becomes of that.
    let within = timeout(ANSWER + Duration::from_millis(500), cmd.query_async::<Value>(con)).await;
    match within {
        Ok(Ok(Value::ServerError(error))) => Err(Refusal::of(&error.into())),
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(Refusal::of(&error)),
        Err(_) => Err(Refusal { code: String::new(), detail: "timed out".into(), kind: RefusalKind::Silent }),
    }
}

/// Asks several things at once; each has its own answer.
pub(super) async fn ask_all(
    con: &mut MultiplexedConnection,
    pipeline: &mut Pipeline,
) -> Result<Vec<Result<Value, Refusal>>, Refusal> {
    let pipeline = pipeline.ignore_errors();
    let within = timeout(ANSWER + Duration::from_millis(500), pipeline.query_async::<Vec<Value>>(con)).await;
    let values = match within {
        Ok(Ok(values)) => values,
        Ok(Err(error)) => return Err(Refusal::of(&error)),
        Err(_) => {
            return Err(Refusal {
                code: String::new(),
                detail: "timed out".into(),
                kind: RefusalKind::Silent,
            });
        }
    };
    let each = values.into_iter().map(|value| match value {
        Value::ServerError(error) => Err(Refusal::of(&error.into())),
        value => Ok(value),
    });
    Ok(each.collect())
}

/// A command of several words.
pub(super) fn words(words: &[&str]) -> Cmd {
    let mut cmd = Cmd::new();
    for word in words {
        cmd.arg(*word);
    }
    cmd
}

/// Text, whatever way it was said; what is not UTF-8 is made so.
pub(super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::BulkString(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
        Value::SimpleString(text) | Value::VerbatimString { text, .. } => Some(text.clone()),
        Value::Okay => Some("OK".into()),
        Value::Int(number) => Some(number.to_string()),
        Value::Double(number) => Some(number.to_string()),
        _ => None,
    }
}

pub(super) fn bytes(value: &Value) -> Option<&[u8]> {
    match value {
        Value::BulkString(bytes) => Some(bytes),
        Value::SimpleString(text) | Value::VerbatimString { text, .. } => Some(text.as_bytes()),
        _ => None,
    }
}

pub(super) fn int(value: &Value) -> Option<i64> {
    match value {
        Value::Int(number) => Some(*number),
        other => text(other)?.parse().ok(),
    }
}

pub(super) fn items(value: &Value) -> &[Value] {
    match value {
        Value::Array(items) | Value::Set(items) => items,
        _ => &[],
    }
}

/// Names and values, as a map or as a list of both in turn.
pub(super) fn pairs(value: &Value) -> Vec<(String, String)> {
    let of = |name: &Value, value: &Value| Some((text(name)?, text(value).unwrap_or_default()));
    match value {
        Value::Map(pairs) => pairs.iter().filter_map(|(name, value)| of(name, value)).collect(),
        other => items(other).chunks_exact(2).filter_map(|pair| of(pair.first()?, pair.get(1)?)).collect(),
    }
}

/// What the supervisor is told when no node answers.
pub(super) fn source_error(trouble: &Trouble) -> SourceError {
    match trouble {
        Trouble::NotLoggedIn { why } => SourceError::Unauthorized { why: why.to_string() },
        Trouble::NoPermission { needs } => SourceError::Forbidden { needs: needs.to_string() },
        Trouble::Down { why } => SourceError::Unreachable { why: why.to_string() },
        other => SourceError::Unreachable { why: other.to_string() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_values_are_read_however_they_come() {
        let text = |text: &str| Value::BulkString(text.as_bytes().to_vec());
        let map = Value::Map(vec![(text("a"), Value::Int(1))]);
        let list = Value::Array(vec![text("a"), Value::SimpleString("1".into()), text("left over")]);
        assert_eq!(pairs(&map), [("a".to_owned(), "1".to_owned())]);
        assert_eq!(pairs(&list), pairs(&map));
        assert_eq!(pairs(&Value::Nil), []);
    }

    #[test]
    fn the_root_of_the_trouble_is_found_in_its_box() {
        let refused = RedisError::from(std::io::Error::from(std::io::ErrorKind::ConnectionRefused));
        let refusal = Refusal::of(&refused);
        assert_eq!((refusal.kind, refusal.detail.as_str()), (RefusalKind::Dropped, "connection refused"));
        let late = RedisError::from(std::io::Error::from(std::io::ErrorKind::TimedOut));
        assert_eq!(Refusal::of(&late).kind, RefusalKind::Silent);
    }

    #[test]
    fn what_the_supervisor_is_told_is_what_helps() {
        let forbidden = Trouble::NoPermission { needs: "ACL SETUSER mon +info".into() };
        assert_eq!(source_error(&forbidden).to_string(), "forbidden: needs ACL SETUSER mon +info");
        let down = Trouble::Down { why: "connection refused".into() };
        assert_eq!(source_error(&down).to_string(), "connection refused");
        let login = Trouble::NotLoggedIn { why: "WRONGPASS".into() };
        assert_eq!(source_error(&login).to_string(), "not logged in: WRONGPASS");
    }
}
