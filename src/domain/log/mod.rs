//! Log lines: what is followed, what is said of it, and the sealed chunks that lines travel in.
pub mod chunk;
pub mod fields;
pub mod level;

use std::sync::Arc;

pub use chunk::{Line, LineId, LineKind, LineView, Lines, LogChunk, Stream};
pub use level::LogLevel;

use super::object::{Kind, ObjectRef};

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
    /// What Compose keeps together: a whole project, or one service of it, and whatever joins it.
    Compose {
        engine: Arc<str>,
        project: Arc<str>,
        service: Option<Arc<str>>,
    },
    /// Pods of one context or containers of one engine, as they were marked.
    Marked {
        context: Arc<str>,
        things: Vec<ObjectRef>,
    },
    /// Of the same pods only the containers before those that run now.
    Before(Box<Follow>),
}

impl Follow {
    /// The kubeconfig context it is in, or the engine.
    pub fn context(&self) -> &Arc<str> {
        match self {
            Follow::Pod { pod, .. } => &pod.context,
            Follow::Selector { owner, .. } => &owner.context,
            Follow::Namespace { context, .. } | Follow::Marked { context, .. } => context,
            Follow::Container { container } => &container.context,
            Follow::Compose { engine, .. } => engine,
            Follow::Before(now) => now.context(),
        }
    }

    /// Containers of an engine, not of pods.
    pub fn is_of_engine(&self) -> bool {
        match self {
            Follow::Container { .. } | Follow::Compose { .. } => true,
            Follow::Marked { things, .. } => things.iter().any(|one| one.kind == Kind::Container),
            Follow::Before(now) => now.is_of_engine(),
            Follow::Pod { .. } | Follow::Selector { .. } | Follow::Namespace { .. } => false,
        }
    }

    /// Whether only what was written before the last restart is read.
    pub fn is_before(&self) -> bool {
        matches!(self, Follow::Before(_) | Follow::Pod { previous: true, .. })
    }

    /// Whether it may come to be more than one pod or container.
    pub fn is_of_many(&self) -> bool {
        !matches!(self, Follow::Pod { .. } | Follow::Container { .. })
    }

    /// The containers before, or back to those of now; `None` where nothing keeps the two apart.
    pub fn turned(&self) -> Option<Follow> {
        match self {
            Follow::Pod { pod, container, previous } => {
                Some(Follow::Pod { pod: pod.clone(), container: container.clone(), previous: !previous })
            }
            Follow::Before(now) => Some((**now).clone()),
            engine if engine.is_of_engine() => None,
            pods => Some(Follow::Before(Box::new(pods.clone()))),
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
            Follow::Compose { project, service: Some(service), .. } => format!("{service} of {project}"),
            Follow::Compose { project, service: None, .. } => format!("project {project}"),
            Follow::Marked { things, .. } => match things.as_slice() {
                [one] => one.name.to_string(),
                many => format!("{} {}", many.len(), many.first().map_or("things", |one| one.kind.plural())),
            },
            Follow::Before(now) => format!("{}, the containers before", now.title()),
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
