//! One system: where it is, what watches it, and its limits.
use std::path::PathBuf;

use super::endpoint::{Backend, DocumentHint, Endpoint};
use super::limit::{Fact, Limit};
use super::web::Site;

/// What `--profile NAME` chooses.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Profile {
    pub name: String,
    pub title: String,
    /// Every change asks as if it were danger, one tier up.
    pub protected: bool,
    pub read_only: bool,
    /// Kubeconfig contexts; empty means the current one.
    pub contexts: Vec<String>,
    /// Empty means what the kubeconfig says; `*` means all.
    pub namespaces: Vec<String>,
    pub kubeconfig: Vec<PathBuf>,
    pub documents: Vec<DocumentHint>,
    /// Files and directories of Markdown.
    pub runbooks: Vec<PathBuf>,
    pub endpoints: Vec<Endpoint>,
    /// How to get in where probes ask by address.
    pub sites: Vec<Site>,
    /// Questions of its own, besides those of the documents.
    pub probes: Vec<Fact>,
    pub limits: Vec<Limit>,
}

impl Profile {
    /// Its servers of one kind, in the order of the file.
    pub fn endpoints(&self, backend: Backend) -> impl Iterator<Item = &Endpoint> {
        self.endpoints.iter().filter(move |endpoint| endpoint.backend == backend)
    }
}
