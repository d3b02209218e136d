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

    fn about(self, kind: &Kind, name: &str) -> Refusal {
        Refusal { details: json!({"name": name, "group": kind.group, "kind": kind.plural}), ..self }
    }

    pub fn not_found(kind: &Kind, name: &str) -> Refusal {
        let message = format!("{} \"{name}\" not found", kind.resource());
        Refusal::new(404, "NotFound", message).about(kind, name)
    }

    pub fn no_such_path() -> Refusal {
        Refusal::new(404, "NotFound", "the server could not find the requested resource")
    }

    pub fn method() -> Refusal {
        Refusal::new(
            405,
            "MethodNotAllowed",
            "the server does not allow this method on the requested resource",
        )
    }

    pub fn exists(kind: &Kind, name: &str) -> Refusal {
        let message = format!("{} \"{name}\" already exists", kind.resource());
        Refusal::new(409, "AlreadyExists", message).about(kind, name)
    }

    pub fn conflict(kind: &Kind, name: &str, why: &str) -> Refusal {
        let message = format!("Operation cannot be fulfilled on {} \"{name}\": {why}", kind.resource());
        Refusal::new(409, "Conflict", message).about(kind, name)
    }

    pub fn outdated(kind: &Kind, name: &str) -> Refusal {
        let why =
            "the object has been modified; please apply your changes to the latest version and try again";
        Refusal::conflict(kind, name, why)
    }

    /// One field is not as it must be.
    pub fn invalid(kind: &Kind, name: &str, field: &str, why: &str) -> Refusal {
        let of =
            if kind.group.is_empty() { kind.title.clone() } else { format!("{}.{}", kind.title, kind.group) };
        let refusal = Refusal::new(422, "Invalid", format!("{of} \"{name}\" is invalid: {field}: {why}"));
        let reason = match why {
            _ if why.starts_with("Required") => "FieldValueRequired",
            _ if why.starts_with("Forbidden") => "FieldValueForbidden",
            _ => "FieldValueInvalid",
        };
        let causes = json!([{"reason": reason, "message": why, "field": field}]);
        Refusal {
            details: json!({"name": name, "group": kind.group, "kind": kind.title, "causes": causes}),
            ..refusal
        }
    }

    pub fn forbidden(kind: &Kind, name: &str, why: &str) -> Refusal {
        let message = format!("{} \"{name}\" is forbidden: {why}", kind.resource());
        Refusal::new(403, "Forbidden", message).about(kind, name)
    }

    pub fn internal(message: impl Into<String>) -> Refusal {
        Refusal::new(500, "InternalError", message)
    }

    pub fn bad(message: impl Into<String>) -> Refusal {
        Refusal::new(400, "BadRequest", message)
    }

    pub fn expired(asked: u64, oldest: u64) -> Refusal {
        Refusal::new(410, "Expired", format!("too old resource version: {asked} ({oldest})"))
    }

    pub fn body(&self) -> Value {
        json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": self.message,
            "reason": self.reason, "details": self.details, "code": self.code})
    }
}
