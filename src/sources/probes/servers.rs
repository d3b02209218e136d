//! The servers that questions may name, and the connections to them.
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ::redis::aio::MultiplexedConnection;
use reqwest::Url;
use tokio::sync::Mutex as Turn;

use super::super::backend::{Access, Secrets};
use super::super::http::{Entry, Way};
use super::super::taps::Counts;
use super::held::Slot;
use crate::domain::settings::endpoint::Backend;
use crate::domain::settings::web::Site;

/// For one request.
const ANSWER: Duration = Duration::from_secs(5);

/// Whom the questions may go to.
pub struct Reach {
    /// The servers that they may name.
    pub access: Vec<Access>,
    /// How to get in to those that they ask by address.
    pub sites: Vec<Site>,
    pub secrets: Secrets,
    /// Reads logs.
    pub counts: Option<Arc<dyn Counts>>,
}

pub(super) struct Servers {
    all: Vec<Server>,
    sites: Vec<Site>,
    secrets: Secrets,
    /// By server or by origin, so that a connection is used again.
    ways: Mutex<HashMap<String, Way>>,
    /// By the place of a file system.
    turns: Mutex<HashMap<String, Arc<Turn<()>>>>,
    pub counts: Option<Arc<dyn Counts>>,
}

/// One server with its one connection.
pub(super) struct Server {
    pub access: Access,
    pub postgres: Slot<tokio_postgres::Client>,
    pub redis: Slot<MultiplexedConnection>,
}

impl Servers {
    pub(super) fn new(reach: Reach) -> Servers {
        let server = |access| Server { access, postgres: Slot::new(), redis: Slot::new() };
        Servers {
            all: reach.access.into_iter().map(server).collect(),
            sites: reach.sites,
            secrets: reach.secrets,
            ways: Mutex::default(),
            turns: Mutex::default(),
            counts: reach.counts,
        }
    }

    /// The one of this name, or the first of its kind.
    pub(super) fn find(&self, backend: Backend, on: Option<&str>) -> Result<&Server, String> {
        let mut own = self.all.iter().filter(|server| server.access.endpoint.backend == backend);
        let found = match on {
            Some(name) => own.find(|server| server.access.endpoint.name == name),
            None => own.next(),
        };
        found.ok_or_else(|| match on {
            Some(name) => format!("the profile has no `{}` named `{name}`", backend.name()),
            None => format!("the profile has no `{}`", backend.name()),
        })
    }

    /// Whose turn it is to ask about a place.
    pub(super) fn turn(&self, place: &str) -> Arc<Turn<()>> {
        let mut all = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        all.entry(place.to_owned()).or_default().clone()
    }

    /// The way to an address: as the profile describes the longest beginning of it, or without anything.
    pub(super) async fn to(&self, url: &Url) -> Result<Way, String> {
        let site = site(&self.sites, url);
        let name =
            site.map_or_else(|| url.origin().ascii_serialization(), |site| format!("http {}", site.url));
        self.way(name, async {
            match site {
                Some(site) => Way::open(Entry::from(site), &self.secrets, ANSWER).await,
                None => Way::plain(url, ANSWER),
            }
        })
        .await
    }

    /// The way to a server of the profile.
    pub(super) async fn into(&self, server: &Server) -> Result<Way, String> {
        let Access { endpoint, secrets } = &server.access;
        self.way(name(server), Way::open(Entry::from(endpoint), secrets, ANSWER)).await
    }

    /// It may lead nowhere any more: a secret or a certificate may have been changed.
    pub(super) fn forget(&self, server: &Server) {
        self.ways.lock().unwrap_or_else(PoisonError::into_inner).remove(&name(server));
    }

    pub(super) fn forget_to(&self, url: &Url) {
        if let Some(site) = site(&self.sites, url) {
            let name = format!("http {}", site.url);
            self.ways.lock().unwrap_or_else(PoisonError::into_inner).remove(&name);
        }
    }

    async fn way(
        &self,
        name: String,
        open: impl Future<Output = Result<Way, String>>,
    ) -> Result<Way, String> {
        if let Some(way) = self.ways.lock().unwrap_or_else(PoisonError::into_inner).get(&name) {
            return Ok(way.clone());
        }
        let way = open.await?;
        self.ways.lock().unwrap_or_else(PoisonError::into_inner).insert(name, way.clone());
        Ok(way)
    }
}

fn name(server: &Server) -> String {
    format!("{} {}", server.access.endpoint.backend.name(), server.access.endpoint.name)
}

/// Its address is the beginning of this one, and ends there at a slash.
fn site<'s>(sites: &'s [Site], url: &Url) -> Option<&'s Site> {
    let below = |site: &&Site| {
        let Ok(own) = Url::parse(&site.url) else { return false };
        let path = own.path().trim_end_matches('/');
        own.origin() == url.origin()
            && url.path().strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    sites.iter().filter(below).max_by_key(|site| site.url.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::settings::WebOptions;

    #[test]
    fn a_site_is_whatever_begins_with_its_address() {
        let site = |url: &str| Site {
            url: url.into(),
            username: None,
            password: None,
            token: None,
            web: WebOptions::default(),
        };
        let all = [site("https://x.example"), site("https://x.example/api"), site("http://x.example:81")];
        let of = |url: &str| super::site(&all, &Url::parse(url).expect(url)).map(|site| site.url.as_str());
        assert_eq!(of("https://x.example:443/health"), Some("https://x.example"));
        assert_eq!(of("https://x.example/api/health"), Some("https://x.example/api"));
        assert_eq!(of("https://x.example/apiary"), Some("https://x.example"));
        assert_eq!(of("https://x.example.evil/api"), None, "no secret for another host");
        assert_eq!(of("http://x.example/api"), None);
    }
}
