//! The one login of a context that all its feeds share.
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;

use super::connect::{Cluster, connect};
use super::kubeconfig::Options;
use crate::domain::Text;
use crate::sources::supervise::SourceError;

/// Feeds that fail together must not run a failing login plugin one after the other.
const FAILED_FOR: Duration = Duration::from_millis(300);

/// Connects when first asked, and again when the login was refused.
#[derive(Debug)]
pub(super) struct Link {
    options: Options,
    context: Text,
    login: Mutex<Login>,
    /// The same cluster, to be looked at without waiting.
    last: RwLock<Option<Cluster>>,
}

#[derive(Debug, Default)]
struct Login {
    cluster: Option<Cluster>,
    generation: u64,
    failed: Option<(Instant, SourceError)>,
}

impl Link {
    pub(super) fn new(options: Options, context: Text) -> Link {
        Link { options, context, login: Mutex::default(), last: RwLock::default() }
    }

    pub(super) fn context(&self) -> &Text {
        &self.context
    }

    /// The connected cluster; makes the connection if there is none.
    pub(super) async fn cluster(&self) -> Result<Cluster, SourceError> {
        let mut login = self.login.lock().await;
        // A client certificate from a login plugin ends at a known time, and kube does not renew it.
        let good = login.cluster.as_ref().filter(|cluster| !expired(cluster));
        if let Some(cluster) = good {
            return Ok(cluster.clone());
        }
        if let Some((when, error)) = &login.failed
            && when.elapsed() < FAILED_FOR
        {
            return Err(error.clone());
        }
        match connect(&self.options, &self.context).await {
            Ok(mut cluster) => {
                login.generation += 1;
                cluster.generation = login.generation;
                login.failed = None;
                login.cluster = Some(cluster.clone());
                *self.last.write().unwrap_or_else(PoisonError::into_inner) = Some(cluster.clone());
                Ok(cluster)
            }
            Err(error) => {
                login.failed = Some((Instant::now(), error.clone()));
                Err(error)
            }
        }
    }

    /// The cluster as last connected, without waiting.
    pub(super) fn last(&self) -> Option<Cluster> {
        self.last.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The server refused this login: the next who asks gets a new one.
    pub(super) async fn forget(&self, generation: u64) {
        let mut login = self.login.lock().await;
        if login.cluster.as_ref().is_some_and(|cluster| cluster.generation == generation) {
            login.cluster = None;
        }
    }
}

fn expired(cluster: &Cluster) -> bool {
    let Some(until) = cluster.client.valid_until() else { return false };
    until.as_millisecond() <= crate::sources::now().plus(Duration::from_secs(10)).0
}
