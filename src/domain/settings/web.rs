//! How a server that speaks HTTP is reached, beyond its address: whom to trust, who we are, what else it is told.
use std::fmt;
use std::path::PathBuf;

use super::endpoint::SecretRef;

/// Of one server; nothing of it holds for plain `http://` but the headers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WebOptions {
    /// The authorities that may vouch for it, in place of the system's own.
    pub ca: Option<PathBuf>,
    /// Who we are; the key may stand in the same file.
    pub cert: Option<PathBuf>,
    pub key: Option<PathBuf>,
    /// Sent with every request: `X-Scope-OrgID`.
    pub headers: Vec<(String, Said)>,
}

/// What a header says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    Plain(String),
    Secret(SecretRef),
}

/// As the config file writes it.
impl fmt::Display for Said {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Said::Plain(text) => write!(out, "{text:?}"),
            Said::Secret(secret) => secret.fmt(out),
        }
    }
}

/// A server that probes ask by its address: how to get in there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    pub url: String,
    pub username: Option<String>,
    pub password: Option<SecretRef>,
    pub token: Option<SecretRef>,
    pub web: WebOptions,
}
