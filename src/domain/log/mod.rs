//! Log lines in sealed chunks.
use std::sync::Arc;

use super::object::ObjectRef;

/// What to follow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Follow {
    /// One pod, all its containers or one.
    Pod {
        pod: ObjectRef,
        container: Option<Arc<str>>,
        previous: bool,
    },
    /// Everything a selector matches in a namespace; a deployment is followed by its selector.
    Selector {
        owner: ObjectRef,
        labels: Vec<(Arc<str>, Arc<str>)>,
    },
    Namespace {
        context: Arc<str>,
        namespace: Arc<str>,
    },
}

/// What the logs source has to say.
#[derive(Debug, Clone)]
pub enum LogNews {
    Chunk(Arc<LogChunk>),
}

/// Up to 64 kB of lines, harmless and parsed, never changed again.
#[derive(Debug)]
pub struct LogChunk {
    pub text: String,
}
