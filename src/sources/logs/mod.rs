//! Logs.
mod deliver;
mod lines;
mod merge;
mod pods;
mod resume;
mod stamp;
mod words;
pub type Clients = std::sync::Arc<dyn Fn(&str) -> Option<kube::Client> + Send + Sync>;
