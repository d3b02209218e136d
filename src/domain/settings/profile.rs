//! One system: where it is, what watches it, and its limits.
use std::path::{Path, PathBuf};

use super::endpoint::{Backend, DocumentHint, Endpoint, Footing};
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
    /// Where commands of runbooks run, unless a document says otherwise.
    pub ground: Footing,
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
    /// Where the commands of this document run.
    pub fn footing(&self, path: &str) -> Footing {
        match self.hint(path).map(|hint| &hint.ground) {
            // Another box has directories of its own.
            Some(own) if own.run_on.is_some() => own.clone(),
            Some(own) => Footing {
                run_on: self.ground.run_on.clone(),
                workdir: own.workdir.clone().or_else(|| self.ground.workdir.clone()),
                env: self.ground.env.clone(),
            },
            None => self.ground.clone(),
        }
    }

    /// What is said of this document, if it is one of this system's.
    pub fn hint(&self, path: &str) -> Option<&DocumentHint> {
        let path = Path::new(path);
        let same = |hint: &&DocumentHint| {
            hint.path == path || hint.path.ends_with(path) || path.ends_with(&hint.path)
        };
        self.documents.iter().find(same)
    }

    /// Its servers of one kind, in the order of the file.
    pub fn endpoints(&self, backend: Backend) -> impl Iterator<Item = &Endpoint> {
        self.endpoints.iter().filter(move |endpoint| endpoint.backend == backend)
    }
}
