//! Sites with their health pages, each as well as the world says, and the certificate that they show.
pub mod serve;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use super::http::{self, Answer, Request};

/// So many deeds wait to be asked for.
const MOST_DEEDS: usize = 1_000;

/// What a page says, and how soon. A page may say "unhealthy" with a good status: that is a lie of the page's.
#[derive(Debug, Clone)]
pub struct Page {
    pub method: &'static str,
    pub status: u16,
    pub body: Body,
    pub latency: Duration,
    /// It takes requests and never answers.
    pub hole: bool,
}

#[derive(Debug, Clone)]
pub enum Body {
    Json(Value),
    Text(String),
}

impl Page {
    pub fn json(status: u16, body: Value) -> Page {
        Page { method: "GET", status, body: Body::Json(body), latency: Duration::ZERO, hole: false }
    }

    pub fn text(status: u16, body: &str) -> Page {
        Page { body: Body::Text(body.to_owned()), ..Page::json(status, Value::Null) }
    }
}

/// The certificate that all sites show.
#[derive(Debug, Clone, PartialEq)]
pub struct Certificate {
    pub names: Vec<String>,
    pub begins: Timestamp,
    pub ends: Timestamp,
}

/// A request that was to change something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deed {
    pub site: String,
    pub method: String,
    pub path: String,
}

pub struct Sites {
    /// By name, as in an address: with the port where several have one name.
    pages: BTreeMap<String, BTreeMap<String, Page>>,
    certificate: Certificate,
    deeds: Vec<Deed>,
}

impl Sites {
    pub fn new(certificate: Certificate) -> Sites {
        Sites { pages: BTreeMap::new(), certificate, deeds: Vec::new() }
    }

    /// Puts a page up, or another in its place.
    pub fn site(&mut self, name: &str, path: &str, page: Page) {
        self.pages.entry(name.to_owned()).or_default().insert(path.to_owned(), page);
    }

    pub fn page(&mut self, name: &str, path: &str) -> Option<&mut Page> {
        self.pages.get_mut(name)?.get_mut(path)
    }

    /// From now on another certificate is shown.
    pub fn renew(&mut self, begins: Timestamp, ends: Timestamp) {
        (self.certificate.begins, self.certificate.ends) = (begins, ends);
    }

    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// What people have done since this was asked last.
    pub fn deeds(&mut self) -> Vec<Deed> {
        std::mem::take(&mut self.deeds)
    }

    /// The answer and after how long, or that there is none. A site is named by the `Host` or by where its path begins.
    pub fn answer(&mut self, request: &Request) -> Option<(Answer, Duration)> {
        let host = request.parts.uri.authority().map(ToString::to_string);
        let host = host.or(request.header("host").map(str::to_owned)).unwrap_or_default();
        let bare = host.rsplit_once(':').map_or(&*host, |(bare, _)| bare);
        let path = request.path();
        let within =
            path.trim_start_matches('/').split_once('/').map(|(name, rest)| (name, format!("/{rest}")));
        let mut named = [&*host, bare].into_iter().map(|name| (name, path.to_owned())).chain(within);
        let found = named.find_map(|(name, path)| Some((name.to_owned(), path, self.pages.get(name)?)));
        let at_once =
            |code, text: &str| Some((http::whole(code, "text/plain", text.to_owned()), Duration::ZERO));
        let Some((site, path, pages)) = found else { return at_once(404, "no such site\n") };
        let Some(page) = pages.get(&path) else { return at_once(404, "not found\n") };
        let method = request.parts.method.as_str();
        if !(method == page.method || method == "HEAD" && page.method == "GET") {
            return at_once(405, "method not allowed\n");
        }
        let answer = match &page.body {
            Body::Json(body) => http::json(page.status, body),
            Body::Text(text) => http::whole(page.status, "text/plain; charset=utf-8", text.clone()),
        };
        let answer = (!page.hole).then_some((answer, page.latency));
        if !matches!(method, "GET" | "HEAD") && self.deeds.len() < MOST_DEEDS {
            self.deeds.push(Deed { site, method: method.to_owned(), path });
        }
        answer
    }
}
