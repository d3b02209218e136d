//! What every backend beside Kubernetes can do, so that one place can speak to all of them.
use std::fmt;
use std::sync::Arc;

use futures::future::BoxFuture;
use secrecy::SecretString;
use tokio::sync::mpsc;

use crate::domain::Text;
use crate::domain::action::{Findings, Looked, Native, Outcome};
use crate::domain::news::Inspection;
use crate::domain::object::{Kind, ObjectRef};
use crate::domain::settings::Endpoint;
use crate::domain::settings::endpoint::SecretRef;
use crate::domain::time::Timestamp;

/// Where the outcomes on the way to the last one are told.
pub type Report = mpsc::Sender<Outcome>;

/// The backend of one realm: all its endpoints, told apart by the `context` of what is asked about.
pub trait Backend: Send + Sync + 'static {
    /// What somebody looks at now; what nobody looks at is asked for less, or not at all.
    fn watch(&self, kinds: &[Kind]);

    /// Finds out, read-only and within two seconds, what would be hit.
    fn look<'a>(&'a self, natives: &'a [Native]) -> BoxFuture<'a, Findings>;

    /// Performs what was approved, under the condition that it carries, and follows it to its end.
    fn act<'a>(&'a self, looked: Looked, now: Timestamp, report: &'a Report) -> BoxFuture<'a, Outcome>;

    /// The reserved way into a full server may be taken from now on; only ever by the wish of a person.
    fn rescue(&self, _endpoint: &Text) {}

    /// Everything about one thing.
    fn inspect<'a>(&'a self, target: &'a ObjectRef) -> BoxFuture<'a, Inspection>;
}

/// Reads a secret when it is needed, and again at every new connection.
pub type Secrets = Arc<dyn Fn(SecretRef) -> BoxFuture<'static, Result<SecretString, String>> + Send + Sync>;

/// An endpoint and the way to its secrets.
#[derive(Clone)]
pub struct Access {
    pub endpoint: Endpoint,
    pub secrets: Secrets,
}

impl fmt::Debug for Access {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_tuple("Access").field(&self.endpoint.name).finish()
    }
}

impl Access {
    /// The secret behind a reference; `None` where there is none.
    pub async fn secret(&self, reference: Option<&SecretRef>) -> Result<Option<SecretString>, String> {
        match reference {
            Some(reference) => (self.secrets)(reference.clone()).await.map(Some),
            None => Ok(None),
        }
    }
}

/// What is said of a thing that cannot be read.
pub fn unreadable(target: &ObjectRef, why: impl Into<String>) -> Inspection {
    Inspection {
        target: target.clone(),
        uid: None,
        sections: Vec::new(),
        yaml: String::new(),
        events: Vec::new(),
        owners: Vec::new(),
        missing: vec![why.into()],
    }
}
