//! Our own runbooks, which the binary carries: models for a team's own, read only where somebody names them.
//!
//! `models:` is all of them, `models:crash-loop` is one. A file of that name is `./models:`.
use std::path::{Path, PathBuf};

/// How a path begins that means them.
const PREFIX: &str = "models:";

/// Name and text of every one, in the order of their names.
pub const MODELS: [(&str, &str); 22] = [
    ("backup-and-restore.md", include_str!("../../../assets/runbooks/backup-and-restore.md")),
    ("certificate-renewal.md", include_str!("../../../assets/runbooks/certificate-renewal.md")),
    ("compose-unhealthy.md", include_str!("../../../assets/runbooks/compose-unhealthy.md")),
    ("crash-loop.md", include_str!("../../../assets/runbooks/crash-loop.md")),
    ("database-connections.md", include_str!("../../../assets/runbooks/database-connections.md")),
    ("database-slow.md", include_str!("../../../assets/runbooks/database-slow.md")),
    ("dependency-down.md", include_str!("../../../assets/runbooks/dependency-down.md")),
    ("disk-full.md", include_str!("../../../assets/runbooks/disk-full.md")),
    ("dns-failures.md", include_str!("../../../assets/runbooks/dns-failures.md")),
    ("errors-and-latency.md", include_str!("../../../assets/runbooks/errors-and-latency.md")),
    ("image-pull.md", include_str!("../../../assets/runbooks/image-pull.md")),
    ("leaked-key.md", include_str!("../../../assets/runbooks/leaked-key.md")),
    ("node-not-ready.md", include_str!("../../../assets/runbooks/node-not-ready.md")),
    ("redis-failover.md", include_str!("../../../assets/runbooks/redis-failover.md")),
    ("redis-memory.md", include_str!("../../../assets/runbooks/redis-memory.md")),
    ("region-failover.md", include_str!("../../../assets/runbooks/region-failover.md")),
    ("replication-lag.md", include_str!("../../../assets/runbooks/replication-lag.md")),
    ("resource-pressure.md", include_str!("../../../assets/runbooks/resource-pressure.md")),
    ("service-outage.md", include_str!("../../../assets/runbooks/service-outage.md")),
    ("shift.md", include_str!("../../../assets/runbooks/shift.md")),
    ("suspicious-pod.md", include_str!("../../../assets/runbooks/suspicious-pod.md")),
    ("worker-stuck.md", include_str!("../../../assets/runbooks/worker-stuck.md")),
];

/// Whether a path means models, and no file.
pub fn is_named(path: &Path) -> bool {
    name_in(path).is_some()
}

/// The path that a model is known by: `models:crash-loop` is `models:crash-loop.md`.
pub fn whole(path: &Path) -> Option<PathBuf> {
    let (name, _) = find(name_in(path)?)?;
    Some(PathBuf::from(format!("{PREFIX}{name}")))
}

/// The text of one model.
pub fn text(path: &Path) -> Option<&'static str> {
    find(name_in(path)?).map(|(_, text)| text)
}

/// Whether what one model names is another one beside it; `None` when the document is no model.
pub fn beside(document: &Path, link: &str) -> Option<bool> {
    name_in(document).map(|_| MODELS.iter().any(|(name, _)| *name == link))
}

/// The paths of those that are meant, with their text, or why there is none.
pub(super) fn named(path: &Path) -> Vec<(PathBuf, Result<&'static str, String>)> {
    match name_in(path) {
        None => Vec::new(),
        Some("") => {
            MODELS.iter().map(|(name, text)| (PathBuf::from(format!("{PREFIX}{name}")), Ok(*text))).collect()
        }
        Some(name) => vec![match find(name) {
            Some((name, text)) => (PathBuf::from(format!("{PREFIX}{name}")), Ok(text)),
            None => (path.to_owned(), Err(format!("there is no such model: `{PREFIX}` lists them all"))),
        }],
    }
}

fn name_in(path: &Path) -> Option<&str> {
    path.to_str()?.strip_prefix(PREFIX)
}

/// By its name, with or without its ending.
fn find(name: &str) -> Option<(&'static str, &'static str)> {
    MODELS.iter().find(|(known, _)| *known == name || known.strip_suffix(".md") == Some(name)).copied()
}
