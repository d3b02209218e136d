//! Log lines: what is followed, what is said of it, and the sealed chunks that lines travel in.
pub mod chunk;
pub mod fields;
pub mod level;

use std::sync::Arc;

pub use chunk::{Line, LineId, LineKind, LineView, Lines, LogChunk, Stream};
pub use level::LogLevel;

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
    /// A container of a Docker engine, by its name: when it is made anew, the new one.
    Container {
        container: ObjectRef,
    },
}

impl Follow {
    /// The kubeconfig context it is in, or the engine.
    pub fn context(&self) -> &Arc<str> {
        match self {
            Follow::Pod { pod, .. } => &pod.context,
            Follow::Selector { owner, .. } => &owner.context,
            Follow::Namespace { context, .. } => context,
            Follow::Container { container } => &container.context,
        }
    }

    pub fn namespace(&self) -> &Arc<str> {
        match self {
            Follow::Pod { pod, .. } => &pod.namespace,
            Follow::Selector { owner, .. } => &owner.namespace,
            Follow::Namespace { namespace, .. } => namespace,
            Follow::Container { container } => &container.namespace,
        }
    }

    /// What the title calls it.
    pub fn title(&self) -> String {
        match self {
            Follow::Pod { pod, container, previous } => {
                let container = container.as_deref().map(|c| format!(" {c}")).unwrap_or_default();
                let previous = if *previous { ", the containers before" } else { "" };
                format!("{}{container}{previous}", pod.name)
            }
            Follow::Selector { owner, .. } => format!("{}/{}", owner.kind, owner.name),
            Follow::Container { container } => container.name.to_string(),
            Follow::Namespace { namespace, .. } if namespace.is_empty() => "all namespaces".into(),
            Follow::Namespace { namespace, .. } => format!("namespace {namespace}"),
        }
    }
}

/// What the logs source has to say. Its feed's state travels as `News::Feed(Feed::Logs, …)`.
#[derive(Debug, Clone)]
pub enum LogNews {
    /// What follows belongs to this order, from nothing; line ids begin anew.
    Began(Arc<Follow>),
    Chunk(Arc<LogChunk>),
    Streams(Streams),
}

/// How much of what was asked for is being read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Streams {
    pub following: usize,
    pub asked: usize,
    /// Containers that have not written yet and why, the first few.
    pub waiting: Vec<String>,
}
