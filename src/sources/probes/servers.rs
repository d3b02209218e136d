//! The servers that questions may name, and the connections that are held to them.
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use ::redis::aio::MultiplexedConnection;
use reqwest::{Client, Url};
use tokio::sync::{Mutex as Held, MutexGuard};

use super::super::backend::Access;
use super::super::http::{self, Login};
use super::super::reason::reason;
use crate::domain::settings::endpoint::Backend;

/// For one request.
const ANSWER: Duration = Duration::from_secs(5);

pub(super) struct Servers {
    all: Vec<Server>,
    /// By origin, so that a connection is used again.
    web: Mutex<HashMap<String, Client>>,
}

/// One server with its one connection.
pub(super) struct Server {
    pub access: Access,
    postgres: Held<Option<tokio_postgres::Client>>,
    redis: Held<Option<MultiplexedConnection>>,
}

impl Server {
    pub(super) async fn postgres(&self) -> MutexGuard<'_, Option<tokio_postgres::Client>> {
        self.postgres.lock().await
    }

    pub(super) async fn redis(&self) -> MutexGuard<'_, Option<MultiplexedConnection>> {
        self.redis.lock().await
    }

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
    pub(super) fn new(access: Vec<Access>) -> Servers {
        let server = |access| Server { access, postgres: Held::default(), redis: Held::default() };
        Servers { all: access.into_iter().map(server).collect(), web: Mutex::default() }
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
