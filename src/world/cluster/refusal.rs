//! A no, in the server's words: the `Status` that a client gets.
use serde_json::{Value, json};

use super::kinds::Kind;

#[derive(Debug, Clone, PartialEq)]
pub struct Refusal {
    pub code: u16,
    pub reason: &'static str,
    pub message: String,
    pub details: Value,
}

impl Refusal {
    pub fn new(code: u16, reason: &'static str, message: impl Into<String>) -> Refusal {
        Refusal { code, reason, message: message.into(), details: json!({}) }
    }

    /// About one object: what is said of it.
    fn about(code: u16, reason: &'static str, kind: &Kind, name: &str, says: &str) -> Refusal {
        let message = format!("{} \"{name}\" {says}", kind.full(kind.plural));
        let details = json!({"name": name, "group": kind.group, "kind": kind.plural});
        Refusal { details, ..Refusal::new(code, reason, message) }
    }

    pub fn not_found(kind: &Kind, name: &str) -> Refusal {
        Refusal::about(404, "NotFound", kind, name, "not found")
    }

    pub fn exists(kind: &Kind, name: &str) -> Refusal {
        Refusal::about(409, "AlreadyExists", kind, name, "already exists")
    }

    pub fn forbidden(kind: &Kind, name: &str, why: &str) -> Refusal {
        Refusal::about(403, "Forbidden", kind, name, &format!("is forbidden: {why}"))
    }

    pub fn conflict(kind: &Kind, name: &str, why: &str) -> Refusal {
        let refusal = Refusal::about(409, "Conflict", kind, name, "");
        let of = kind.full(kind.plural);
        Refusal { message: format!("Operation cannot be fulfilled on {of} \"{name}\": {why}"), ..refusal }
    }

    /// One field is not as it must be.
    pub fn invalid(kind: &Kind, name: &str, field: &str, why: &str) -> Refusal {
        let message = format!("{} \"{name}\" is invalid: {field}: {why}", kind.full(kind.title));
        let reason = if why.starts_with("Required") { "FieldValueRequired" } else { "FieldValueInvalid" };
        let causes = json!([{"reason": reason, "message": why, "field": field}]);
        let details = json!({"name": name, "group": kind.group, "kind": kind.title, "causes": causes});
        Refusal { details, ..Refusal::new(422, "Invalid", message) }
    }

    pub fn no_such_path() -> Refusal {
        Refusal::new(404, "NotFound", "the server could not find the requested resource")
    }

    pub fn method() -> Refusal {
        let why = "the server does not allow this method on the requested resource";
        Refusal::new(405, "MethodNotAllowed", why)
    }

    pub fn form(why: &str) -> Refusal {
        Refusal::new(415, "UnsupportedMediaType", why)
    }

    pub fn internal(message: impl Into<String>) -> Refusal {
        Refusal::new(500, "InternalError", message)
    }

    pub fn bad(message: impl Into<String>) -> Refusal {
        Refusal::new(400, "BadRequest", message)
    }

    pub fn body(&self) -> Value {
        json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": self.message,
            "reason": self.reason, "details": self.details, "code": self.code})
    }
}
