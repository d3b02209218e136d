//! Single requests: where objects live, how an answer is read, and what a failure means for a change.
use std::fmt::Write as _;
use std::time::Duration;

use http::Method;
use kube::Client;
use serde_json::Value;
use tokio::time::timeout;

use crate::domain::object::{Kind, ObjectRef};
use crate::sources::reason::{brief, reason};

/// A read that takes longer is shown as missing.
pub(super) const READ_WITHIN: Duration = Duration::from_secs(5);
/// A change that is not answered by then may have been made.
const WRITE_WITHIN: Duration = Duration::from_secs(15);
/// More objects than this are of no use around one object.
pub(super) const MOST: usize = 500;

/// Why a request did not do what it should.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Fault {
    /// 404: it is not there.
    Gone,
    /// 403, in the server's words.
    Forbidden(String),
    /// 409, or 422 for a test that failed: it is not as it was.
    Changed(String),
    /// 429: not now; after so many seconds, if it said.
    Busy { why: String, after: Option<u64> },
    /// Any other no.
    Said { code: u16, why: String },
    /// Nothing was sent.
    NotSent(String),
    /// Sent, but no answer came.
    Lost(String),
}

impl Fault {
    /// In words, for a read of `what`.
    pub(super) fn says(&self, what: &str) -> String {
        match self {
            Fault::Gone => format!("{what}: not there"),
            Fault::Forbidden(why) => format!("{what}: forbidden: {why}"),
            Fault::Busy { why, .. } => format!("{what}: the server is busy: {why}"),
            Fault::Said { code, why } => format!("{what}: {why} ({code})"),
            Fault::Changed(why) | Fault::NotSent(why) | Fault::Lost(why) => format!("{what}: {why}"),
        }
    }

    fn of(error: &kube::Error) -> Fault {
        let kube::Error::Api(status) = error else {
            return if never_sent(error) {
                Fault::NotSent(reason(error))
            } else {
                Fault::Lost(reason(error))
            };
        };
        let why = brief(&status.message);
        match status.code {
            404 => Fault::Gone,
            // No right that somebody could grant; the next login may be a good one.
            401 => Fault::Said { code: 401, why: "the server does not accept the credentials".into() },
            403 => Fault::Forbidden(why),
            409 | 422 => Fault::Changed(why),
            429 => {
                let after =
                    status.details.as_ref().map(|d| u64::from(d.retry_after_seconds)).filter(|s| *s > 0);
                Fault::Busy { why, after }
            }
            // A proxy before the server may give up although the server goes on.
            502..=504 => Fault::Lost(format!("{why} ({})", status.code)),
            code => Fault::Said { code, why },
        }
    }
}

/// A connection that was never made, told by the one layer that knows; a request that could not be built.
fn never_sent(error: &kube::Error) -> bool {
    if matches!(error, kube::Error::BuildRequest(_) | kube::Error::Auth(_) | kube::Error::HttpError(_)) {
        return true;
    }
    let mut next: Option<&dyn std::error::Error> = Some(error);
    for _ in 0..16 {
        let Some(cause) = next else { break };
        if cause.to_string() == "client error (Connect)" {
            return true;
        }
        next = cause.source();
    }
    false
}

/// Where an object lives.
pub(super) fn path(target: &ObjectRef) -> String {
    format!("{}/{}", collection(target.kind, &target.namespace), encode(&target.name))
}

/// Where the objects of a kind live; an empty namespace means all.
pub(super) fn collection(kind: Kind, namespace: &str) -> String {
    // Events of the core group carry the fields that every version fills.
    let base = match kind.group() {
        "" => format!("/api/{}", kind.version()),
        group => format!("/apis/{group}/{}", kind.version()),
    };
    within(&base, namespace, kind.plural())
}

/// The same for a resource that has no kind of ours.
pub(super) fn within(base: &str, namespace: &str, plural: &str) -> String {
    match namespace {
        "" => format!("{base}/{plural}"),
        namespace => format!("{base}/namespaces/{}/{plural}", encode(namespace)),
    }
}

/// For one part of a path or a query.
pub(super) fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    // A name of dots would walk out of its collection.
    if out.bytes().all(|b| b == b'.') { out.replace('.', "%2E") } else { out }
}

/// Reads one thing.
pub(super) async fn read(client: &Client, path: &str) -> Result<Value, Fault> {
    let request = build(Method::GET, path, "", &Value::Null)?;
    match timeout(READ_WITHIN, client.request::<Value>(request)).await {
        Ok(answer) => answer.map_err(|error| Fault::of(&error)),
        Err(_) => Err(Fault::Lost(format!("no answer within {} s", READ_WITHIN.as_secs()))),
    }
}

/// The items of a list; the second is whether there were more than [`MOST`].
pub(super) async fn list(client: &Client, path: &str, query: &str) -> Result<(Vec<Value>, bool), Fault> {
    let separator = if query.is_empty() { "" } else { "&" };
    let mut answer = read(client, &format!("{path}?limit={MOST}{separator}{query}")).await?;
    let more = answer.pointer("/metadata/continue").and_then(Value::as_str).is_some_and(|c| !c.is_empty());
    match answer.get_mut("items").map(Value::take) {
        Some(Value::Array(items)) => Ok((items, more)),
        _ => Ok((Vec::new(), false)),
    }
}

/// Text, such as a log; cut at the front by the server, not by us.
pub(super) async fn read_text(client: &Client, path: &str) -> Result<String, Fault> {
    let request = build(Method::GET, path, "", &Value::Null)?;
    match timeout(READ_WITHIN, client.request_text(request)).await {
        Ok(answer) => answer.map_err(|error| Fault::of(&error)),
        Err(_) => Err(Fault::Lost(format!("no answer within {} s", READ_WITHIN.as_secs()))),
    }
}

/// A question to the server that changes nothing, such as an access review.
pub(super) async fn ask(client: &Client, path: &str, body: &Value) -> Result<Value, Fault> {
    send(client, Method::POST, path, "application/json", body).await
}

/// Operations on one object, each with its own conditions, all or none.
pub(super) async fn patch(client: &Client, path: &str, operations: &Value) -> Result<Value, Fault> {
    let path = format!("{path}?fieldManager=firedeck");
    send(client, Method::PATCH, &path, "application/json-patch+json", operations).await
}

pub(super) async fn delete(client: &Client, path: &str, options: &Value) -> Result<Value, Fault> {
    send(client, Method::DELETE, path, "application/json", options).await
}

async fn send(
    client: &Client,
    method: Method,
    path: &str,
    content: &'static str,
    body: &Value,
) -> Result<Value, Fault> {
    let request = build(method, path, content, body)?;
    match timeout(WRITE_WITHIN, client.request::<Value>(request)).await {
        Ok(answer) => answer.map_err(|error| Fault::of(&error)),
        Err(_) => Err(Fault::Lost(format!("no answer within {} s", WRITE_WITHIN.as_secs()))),
    }
}

fn build(
    method: Method,
    path: &str,
    content: &'static str,
    body: &Value,
) -> Result<http::Request<Vec<u8>>, Fault> {
    let mut request = http::Request::builder().method(method).uri(path);
    if !content.is_empty() {
        request = request.header(http::header::CONTENT_TYPE, content);
    }
    let bytes = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
    request.body(bytes).map_err(|error| Fault::NotSent(reason(&error)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(kind: Kind, namespace: &str, name: &str) -> ObjectRef {
        ObjectRef { context: "c".into(), kind, namespace: namespace.into(), name: name.into() }
    }

    #[test]
    fn objects_live_where_the_api_says() {
        assert_eq!(path(&target(Kind::Pod, "a", "b")), "/api/v1/namespaces/a/pods/b");
        assert_eq!(path(&target(Kind::Node, "", "n1")), "/api/v1/nodes/n1");
        assert_eq!(path(&target(Kind::Deployment, "a", "b")), "/apis/apps/v1/namespaces/a/deployments/b");
    }

    #[test]
    fn a_login_that_ended_is_no_right_that_could_be_granted() {
        let ended = kube::core::Status::failure("Unauthorized", "Unauthorized").with_code(401);
        let fault = Fault::of(&kube::Error::Api(Box::new(ended)));
        assert!(!matches!(fault, Fault::Forbidden(_)), "{fault:?}");
        assert_eq!(fault.says("pods"), "pods: the server does not accept the credentials (401)");
    }

    #[test]
    fn a_hostile_name_cannot_leave_its_collection() {
        assert_eq!(
            path(&target(Kind::Pod, "a", "../nodes/x?y#z")),
            "/api/v1/namespaces/a/pods/..%2Fnodes%2Fx%3Fy%23z"
        );
        assert_eq!(path(&target(Kind::Pod, "..", "..")), "/api/v1/namespaces/%2E%2E/pods/%2E%2E");
    }
}
