//! Where a system's backends are, and where their secrets lie; never the secrets.
use std::fmt;
use std::path::PathBuf;

use super::web::WebOptions;

/// Where a secret is read when it is needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretRef {
    Env(String),
    File(PathBuf),
    Command(Vec<String>),
}

/// The reference, as the config file writes it.
impl fmt::Display for SecretRef {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SecretRef::Env(name) => write!(out, "{{ env = {name:?} }}"),
            SecretRef::File(path) => write!(out, "{{ file = {:?} }}", path.display().to_string()),
            SecretRef::Command(words) => write!(out, "{{ command = {words:?} }}"),
        }
    }
}

/// What kind of server answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Backend {
    Alertmanager,
    Prometheus,
    Postgres,
    Redis,
    Docker,
}

impl Backend {
    pub const ALL: &'static [Backend] =
        &[Backend::Alertmanager, Backend::Prometheus, Backend::Postgres, Backend::Redis, Backend::Docker];

    /// As the config file names its tables.
    pub fn name(self) -> &'static str {
        match self {
            Backend::Alertmanager => "alertmanager",
            Backend::Prometheus => "prometheus",
            Backend::Postgres => "postgres",
            Backend::Redis => "redis",
            Backend::Docker => "docker",
        }
    }

    /// How its addresses begin.
    pub fn schemes(self) -> &'static [&'static str] {
        match self {
            Backend::Alertmanager | Backend::Prometheus => &["http", "https"],
            Backend::Postgres => &["postgres", "postgresql"],
            Backend::Redis => &["redis", "rediss", "unix"],
            Backend::Docker => &["unix", "tcp", "ssh"],
        }
    }
}

/// One server of a system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    pub backend: Backend,
    pub name: String,
    pub url: String,
    pub username: Option<String>,
    pub password: Option<SecretRef>,
    pub token: Option<SecretRef>,
    /// A reserved role's way in when the server is out of slots.
    pub emergency_url: Option<String>,
    /// The Compose project to look at; all when absent.
    pub project: Option<String>,
    /// Of those that speak HTTP.
    pub web: WebOptions,
}

impl Endpoint {
    /// One that lets anybody in.
    pub fn new(backend: Backend, name: impl Into<String>, url: impl Into<String>) -> Endpoint {
        Endpoint {
            backend,
            name: name.into(),
            url: url.into(),
            username: None,
            password: None,
            token: None,
            emergency_url: None,
            project: None,
            web: WebOptions::default(),
        }
    }
}

/// A document of a system and the number that limits name it by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentHint {
    pub number: String,
    pub path: PathBuf,
    /// Where its commands run, where that is not as for the others.
    pub ground: Footing,
}

/// Where the commands of documents run.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Footing {
    /// `user@host`, reached by the box's own `ssh`; this box where none is named.
    pub run_on: Option<String>,
    pub workdir: Option<PathBuf>,
    /// Variables that their shells have on this box, besides those of firedeck itself.
    pub env: Vec<(String, String)>,
}
