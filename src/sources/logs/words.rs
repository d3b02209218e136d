//! What a refusal means, in words.
use std::time::Duration;

use kube::runtime::watcher;

use crate::sources::reason::{brief, reason};
use crate::sources::supervise::SourceError;

/// Why a stream could not be opened or went on no longer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Trouble {
    /// The server says no.
    Forbidden { needs: String },
    /// The pod is gone.
    Gone,
    /// The container has nothing to read yet, or has no instance before.
    NotYet { why: String },
    /// Ask again later.
    Busy { wait: Duration },
    /// Anything else.
    Broken { why: String },
}

impl Trouble {
    /// For the line in the flow.
    pub(super) fn words(&self) -> String {
        match self {
            Trouble::Forbidden { needs } => format!("forbidden: needs {needs}"),
            Trouble::Gone => "the pod is gone".into(),
            Trouble::NotYet { why } | Trouble::Broken { why } => why.clone(),
            Trouble::Busy { .. } => "the server is busy".into(),
        }
    }
}

pub(super) fn refused(error: &kube::Error, namespace: &str) -> Trouble {
    let kube::Error::Api(status) = error else { return Trouble::Broken { why: reason(error) } };
    match status.code {
        401 => Trouble::Broken { why: "not logged in: the server does not know us".into() },
        403 => Trouble::Forbidden { needs: format!("get pods/log in `{namespace}`") },
        404 => Trouble::Gone,
        400 => Trouble::NotYet { why: brief(&status.message) },
        429 | 503 => {
            let seconds = status.details.as_ref().map_or(0, |details| details.retry_after_seconds);
            Trouble::Busy { wait: Duration::from_secs(u64::from(seconds).clamp(1, 60)) }
        }
        code => Trouble::Broken { why: brief(&format!("the server answered {code}: {}", status.message)) },
    }
}

pub(super) fn watch_failed(error: &watcher::Error, namespace: &str) -> SourceError {
    use watcher::Error::{InitialListFailed, WatchFailed, WatchStartFailed};
    let status = match error {
        InitialListFailed(kube::Error::Api(status))
        | WatchStartFailed(kube::Error::Api(status))
        | watcher::Error::WatchError(status) => status,
        InitialListFailed(error) | WatchStartFailed(error) | WatchFailed(error) => {
            return SourceError::Unreachable { why: reason(error) };
        }
        other @ watcher::Error::NoResourceVersion => return SourceError::Unreachable { why: reason(other) },
    };
    let place = if namespace.is_empty() { "all namespaces".into() } else { format!("`{namespace}`") };
    match status.code {
        401 => SourceError::Unauthorized { why: "the server does not know us".into() },
        403 => SourceError::Forbidden { needs: format!("list and watch pods in {place}") },
        429 => SourceError::Busy {
            wait: status.details.as_ref().map(|d| Duration::from_secs(d.retry_after_seconds.into())),
        },
        code => SourceError::Unreachable {
            why: brief(&format!("the server answered {code}: {}", status.message)),
        },
    }
}
