//! One server: how it is asked, and what a refusal means.
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use reqwest::{Method, Request, Response, StatusCode, Url};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::{Mutex, Notify};
use tokio::time::timeout;

use super::hub::Hub;
use crate::domain::settings::Endpoint;
use crate::domain::time::Timestamp;
use crate::sources::backend::Access;
use crate::sources::http::{self, Entry, Way};
use crate::sources::now;
use crate::sources::reason::{brief, reason};
use crate::sources::supervise::SourceError;

/// Ten thousand alerts are some megabytes, from a server that may have better things to do.
const ANSWER: Duration = Duration::from_secs(15);
/// A server that takes its time is asked less often: it works a tenth of its time for us at most.
const SHARE: u32 = 10;
/// What is asked less often is no longer called live.
const RAREST: Duration = Duration::from_secs(30);

/// Why nothing came of a request.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Fault {
    /// It was certainly not taken in: no connection, no way to log in.
    NotSent(String),
    /// It may have been taken in; no answer came.
    Lost(String),
    Said {
        code: u16,
        why: String,
        wait: Option<Duration>,
    },
}

impl Fault {
    pub fn says(&self) -> String {
        match self {
            Fault::NotSent(why) | Fault::Lost(why) | Fault::Said { why, .. } => why.clone(),
        }
    }

    /// The server cannot have done what it was asked.
    pub fn untaken(&self) -> bool {
        match self {
            Fault::NotSent(_) => true,
            Fault::Lost(_) => false,
            Fault::Said { code, .. } => *code < 500,
        }
    }

    /// The server does not have what was asked for.
    pub fn gone(&self) -> bool {
        matches!(self, Fault::Said { code: 404, .. })
    }

    pub fn error(self) -> SourceError {
        match self {
            Fault::Said { code: 401, .. } => SourceError::Unauthorized {
                why: "set `token`, or `username` and `password`, in the profile".into(),
            },
            Fault::Said { code: 403, .. } => {
                SourceError::Forbidden { needs: "credentials that may read alerts here".into() }
            }
            Fault::Said { code: 404 | 410, why, .. } => SourceError::Absent { why },
            Fault::Said { code: 429 | 503, wait, .. } => SourceError::Busy { wait },
            Fault::NotSent(why) | Fault::Lost(why) | Fault::Said { why, .. } => {
                SourceError::Unreachable { why }
            }
        }
    }
}

/// A server and the one connection to it.
#[derive(Debug)]
pub(super) struct Server {
    access: Access,
    way: Mutex<Option<Way>>,
    /// How many milliseconds its clock is ahead of ours.
    ahead: AtomicI64,
}

impl Server {
    pub fn new(access: Access) -> Server {
        Server { access, way: Mutex::new(None), ahead: AtomicI64::new(0) }
    }

    /// The time by its own clock, near enough.
    pub fn clock(&self, now: Timestamp) -> Timestamp {
        Timestamp(now.0.saturating_add(self.ahead.load(Ordering::Relaxed)))
    }

    pub fn endpoint(&self) -> &Endpoint {
        &self.access.endpoint
    }

    /// Its address without secrets.
    pub fn shown(&self) -> String {
        http::shown(&self.access.endpoint.url)
    }

    pub async fn get(&self, path: &str) -> Result<Vec<u8>, Fault> {
        self.ask(Method::GET, path, None).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Result<Vec<u8>, Fault> {
        self.ask(Method::POST, path, Some(body)).await
    }

    pub async fn delete(&self, path: &str) -> Result<Vec<u8>, Fault> {
        self.ask(Method::DELETE, path, None).await
    }

    /// `path` may end in a query.
    async fn ask(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Vec<u8>, Fault> {
        let url = self.url(path)?;
        let way = self.way().await?;
        let mut request = way.request(method, url);
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        let request = request.build().map_err(|error| Fault::NotSent(reason(&error)))?;
        let answer = self.send(&way, request, path).await;
        if let Err(Fault::Said { code: 401, .. } | Fault::NotSent(_)) = &answer {
            // The secret or a certificate may have been changed: they are read anew for the next request.
            *self.way.lock().await = None;
        }
        answer
    }

    async fn send(&self, way: &Way, request: Request, path: &str) -> Result<Vec<u8>, Fault> {
        let answer = way.client().execute(request).await.map_err(|error| {
            let why = way.why(&error);
            if error.is_connect() || error.is_builder() { Fault::NotSent(why) } else { Fault::Lost(why) }
        })?;
        if let Some(ahead) = ahead(&answer) {
            self.ahead.store(ahead, Ordering::Relaxed);
        }
        let status = answer.status();
        let shown = path.split('?').next().unwrap_or(path);
        let Err(mut why) = http::refused(&answer, shown) else {
            return http::body(answer, http::MOST_BYTES).await.map_err(Fault::Lost);
        };
        let wait = answer.headers().get("retry-after").and_then(|wait| wait.to_str().ok()?.parse().ok());
        let own = matches!(
            status,
            StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY | StatusCode::NOT_FOUND
        ) || status.is_server_error();
        if own && let Ok(text) = http::body(answer, 64 << 10).await {
            let said = said(&text);
            if !said.is_empty() {
                why = format!("{why}: {said}");
            }
        }
        Err(Fault::Said { code: status.as_u16(), why, wait: wait.map(Duration::from_secs) })
    }

    fn url(&self, path: &str) -> Result<Url, Fault> {
        let bad = || Fault::NotSent("its address is none: write `http://alertmanager:9093`".into());
        let mut url = Url::parse(&self.access.endpoint.url).map_err(|_| bad())?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err(bad());
        }
        // A name and a password in the address are for logging in.
        let _ = (url.set_username(""), url.set_password(None));
        let (path, query) = path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query)));
        url.set_fragment(None);
        url.path_segments_mut()
            .map_err(|()| bad())?
            .pop_if_empty()
            .extend(path.trim_start_matches('/').split('/'));
        url.set_query(query);
        Ok(url)
    }

    async fn way(&self) -> Result<Way, Fault> {
        let mut way = self.way.lock().await;
        if let Some(way) = &*way {
            return Ok(way.clone());
        }
        let Access { endpoint, secrets } = &self.access;
        let opened = Way::open(Entry::from(endpoint), secrets, ANSWER).await.map_err(Fault::NotSent)?;
        Ok(way.insert(opened).clone())
    }
}

/// By how much the clock of the far side is ahead; what a moment on the way explains is nothing.
fn ahead(answer: &Response) -> Option<i64> {
    let date = answer.headers().get("date")?.to_str().ok()?;
    let theirs = jiff::fmt::rfc2822::parse(date).ok()?.timestamp().as_millisecond();
    let ahead = theirs.saturating_sub(now().0);
    Some(if ahead.abs() < 3_000 { 0 } else { ahead })
}

/// What a server that refuses says of it: a JSON string, or an object with a message.
fn said(body: &[u8]) -> String {
    let text = match serde_json::from_slice(body) {
        Ok(Value::String(text)) => text,
        Ok(Value::Object(all)) => ["message", "error"]
            .iter()
            .find_map(|key| all.get(*key).and_then(Value::as_str))
            .unwrap_or_default()
            .to_owned(),
        Ok(_) => String::new(),
        // Pages for people say little and much of it.
        Err(_) if body.starts_with(b"<") => String::new(),
        Err(_) => String::from_utf8_lossy(body).into_owned(),
    };
    brief(&text)
}

/// Reads an answer; bytes that are no text do not spoil the rest.
pub(super) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, SourceError> {
    serde_json::from_slice(body)
        .or_else(|_| serde_json::from_str(&String::from_utf8_lossy(body)))
        .map_err(|_| SourceError::Unreachable {
            why: "does not answer as it should: is it an Alertmanager or a Prometheus, and is its path complete?".into(),
        })
}

/// What follows a poll, which says how long the server took: a pause that a nudge ends, or the way out.
pub(super) async fn rest(
    polled: Result<Duration, SourceError>,
    every: Duration,
    at: usize,
    hub: &Hub,
    nudge: &Notify,
) -> Result<(), SourceError> {
    match polled {
        Ok(took) => {
            let _ = timeout((took * SHARE).clamp(every, RAREST), nudge.notified()).await;
            Ok(())
        }
        Err(error) => {
            hub.lost(at).await?;
            Err(error)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_says_is_read_from_each_of_its_ways_to_say_it() {
        assert_eq!(said(br#""silence not found""#), "silence not found");
        assert_eq!(
            said(br#"{"code":602,"message":"startsAt in body is required"}"#),
            "startsAt in body is required"
        );
        assert_eq!(said(b"<html>Bad gateway</html>"), "");
        assert_eq!(
            said(b"Limit of concurrent GET requests reached\n"),
            "Limit of concurrent GET requests reached"
        );
    }

    #[test]
    fn only_what_certainly_was_not_taken_in_may_be_tried_elsewhere() {
        let said = |code| Fault::Said { code, why: String::new(), wait: None };
        assert!(Fault::NotSent(String::new()).untaken() && said(429).untaken() && said(400).untaken());
        assert!(!Fault::Lost(String::new()).untaken() && !said(500).untaken() && !said(504).untaken());
        assert!(!said(503).untaken(), "what stands before a server says that of an answer that was lost too");
    }
}
