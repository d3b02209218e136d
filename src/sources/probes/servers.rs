//! The servers that questions may name, and the connections to them.
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ::redis::aio::MultiplexedConnection;
use reqwest::{Client, Url};
use tokio::sync::Mutex as Turn;

use super::super::backend::Access;
use super::super::http::{self, Login};
use super::super::reason::reason;
use super::super::taps::Counts;
use super::held::Slot;
use crate::domain::settings::endpoint::Backend;

/// For one request.
const ANSWER: Duration = Duration::from_secs(5);

pub(super) struct Servers {
    all: Vec<Server>,
    /// By origin, so that a connection is used again.
    web: Mutex<HashMap<String, Client>>,
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

impl Server {
    /// How to get in to a server that speaks HTTP.
    pub(super) async fn login(&self) -> Result<Login, String> {
        let endpoint = &self.access.endpoint;
        if let Some(token) = self.access.secret(endpoint.token.as_ref()).await? {
            return Ok(Login::Bearer(token));
        }
        let password = self.access.secret(endpoint.password.as_ref()).await?;
        Ok(match (&endpoint.username, password) {
            (Some(username), Some(password)) => Login::Basic { username: username.clone(), password },
            _ => Login::Open,
        })
    }
}

impl Servers {
    pub(super) fn new(access: Vec<Access>, counts: Option<Arc<dyn Counts>>) -> Servers {
        let server = |access| Server { access, postgres: Slot::new(), redis: Slot::new() };
        Servers {
            all: access.into_iter().map(server).collect(),
            web: Mutex::default(),
            turns: Mutex::default(),
            counts,
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

    pub(super) fn web(&self, url: &Url) -> Result<Client, String> {
        let origin = url.origin().ascii_serialization();
        let mut all = self.web.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = all.get(&origin) {
            return Ok(client.clone());
        }
        let client = http::client(url, ANSWER).map_err(|error| reason(&error))?;
        all.insert(origin, client.clone());
        Ok(client)
    }
}
