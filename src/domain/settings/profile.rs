//! One system: where it is, what watches it, and its limits.

/// What `--profile NAME` chooses.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Profile {
    pub name: String,
    /// Every change asks as if it were danger, one tier up.
    pub protected: bool,
    pub read_only: bool,
    /// Kubeconfig contexts; empty means the current one.
    pub contexts: Vec<String>,
    /// Empty means what the kubeconfig says; `*` means all.
    pub namespaces: Vec<String>,
}
