//! What a failed request means for a feed.
use std::time::Duration;

use kube::client::AuthError;
use kube::core::Status;

use super::connect::login_failed;
use crate::sources::reason::{brief, reason};
use crate::sources::supervise::SourceError;

/// `needs` says what was tried, in the words of RBAC: `list and watch pods in namespace x`.
pub(super) fn failed(error: &kube::Error, needs: &str) -> SourceError {
    match error {
        kube::Error::Api(status) => refused(status, needs),
        other => match login_error(other) {
            Some(login) => SourceError::Unauthorized { why: login_failed(login) },
            None if matches!(other, kube::Error::SerdeError(_) | kube::Error::FromUtf8(_)) => {
                SourceError::Unreachable {
                    why: "the answer makes no sense: is this a Kubernetes API server?".into(),
                }
            }
            None => SourceError::Unreachable { why: reason(other) },
        },
    }
}

/// The server answered, and it is no.
pub(super) fn refused(status: &Status, needs: &str) -> SourceError {
    match status.code {
        401 => SourceError::Unauthorized { why: "the server does not accept the credentials".into() },
        403 => SourceError::Forbidden { needs: needs.into() },
        404 => SourceError::Absent { why: format!("the server has no such API: cannot {needs}") },
        410 => SourceError::Closed,
        429 => {
            let seconds = status.details.as_ref().map_or(0, |details| details.retry_after_seconds);
            let wait = (seconds > 0).then(|| Duration::from_secs(u64::from(seconds)));
            SourceError::Busy { wait }
        }
        code => {
            let said = if status.message.is_empty() { &status.reason } else { &status.message };
            SourceError::Unreachable { why: brief(&format!("the server answered {code}: {said}")) }
        }
    }
}

/// A login that fails while it is renewed comes wrapped by the layers between.
fn login_error(error: &kube::Error) -> Option<&AuthError> {
    let mut next: Option<&(dyn std::error::Error + 'static)> = Some(error);
    for _ in 0..16 {
        let cause = next?;
        if let Some(login) = cause.downcast_ref::<AuthError>() {
            return Some(login);
        }
        next = cause.source();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(code: u16) -> Status {
        Status::failure("pods is forbidden", "Forbidden").with_code(code)
    }

    #[test]
    fn a_refusal_names_what_would_have_to_be_granted() {
        let needs = "list and watch pods in namespace `x`";
        assert_eq!(refused(&status(403), needs), SourceError::Forbidden { needs: needs.into() });
    }

    #[test]
    fn a_busy_server_is_left_alone_for_as_long_as_it_asks() {
        let mut busy = status(429);
        busy.details = serde_json::from_str(r#"{"retryAfterSeconds":7}"#).unwrap();
        assert_eq!(refused(&busy, ""), SourceError::Busy { wait: Some(Duration::from_secs(7)) });
    }
}
