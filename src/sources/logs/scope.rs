//! What of a cluster's pods one watch looks at, and several watches as one.
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures::FutureExt;
use futures::future::select_all;
use kube::runtime::watcher;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use super::pods::Table;
use crate::domain::Text;
use crate::domain::log::Follow;

/// The server ends a watch after this many seconds, so a silent partition shows soon.
const WATCH_SECONDS: u32 = 30;
/// So many marked pods are watched one by one; more of them by their namespaces, of which less is wanted than read.
const ONE_BY_ONE: usize = 8;
/// What could be read does not wait for longer for what could not.
const PATIENCE: Duration = Duration::from_secs(2);

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Scope {
    /// Empty for all of them.
    pub(super) namespace: Text,
    labels: Option<String>,
    /// Only the pods of these names.
    names: Option<BTreeSet<Text>>,
}

impl Scope {
    /// What has to be watched; an error says why that cannot be.
    pub(super) fn of(follow: &Follow) -> Result<Vec<Scope>, String> {
        let named = |namespace: &Text, name: &Text| Scope {
            namespace: namespace.clone(),
            names: Some(BTreeSet::from([name.clone()])),
            labels: None,
        };
        Ok(match follow {
            Follow::Pod { pod, .. } => vec![named(&pod.namespace, &pod.name)],
            // No label at all would match every pod there is.
            Follow::Selector { labels, .. } if labels.is_empty() => {
                return Err(format!(
                    "the selector of {} names no labels that could be followed",
                    follow.title()
                ));
            }
            Follow::Selector { owner, labels } => {
                let labels: Vec<_> = labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
                let (namespace, labels) = (owner.namespace.clone(), Some(labels.join(",")));
                vec![Scope { namespace, labels, names: None }]
            }
            Follow::Namespace { namespace, .. } => {
                vec![Scope { namespace: namespace.clone(), ..Scope::default() }]
            }
            Follow::Marked { things, .. } if things.is_empty() => return Err("nothing is marked".into()),
            Follow::Marked { things, .. } if things.len() <= ONE_BY_ONE => {
                things.iter().map(|pod| named(&pod.namespace, &pod.name)).collect()
            }
            Follow::Marked { things, .. } => {
                let mut by_namespace: BTreeMap<&Text, BTreeSet<Text>> = BTreeMap::new();
                for pod in things {
                    by_namespace.entry(&pod.namespace).or_default().insert(pod.name.clone());
                }
                let scope = |(namespace, names): (&Text, _)| Scope {
                    namespace: namespace.clone(),
                    names: Some(names),
                    labels: None,
                };
                by_namespace.into_iter().map(scope).collect()
            }
            Follow::Before(now) => return Scope::of(now),
            Follow::Container { .. } | Follow::Compose { .. } => {
                return Err(format!("no engine is called `{}`", follow.context()));
            }
        })
    }

    /// The one pod that is looked at.
    pub(super) fn alone(&self) -> Option<&Text> {
        let names = self.names.as_ref()?;
        names.first().filter(|_| names.len() == 1)
    }

    pub(super) fn has(&self, pod: &str) -> bool {
        self.names.as_ref().is_none_or(|names| names.contains(pod))
    }

    pub(super) fn config(&self) -> watcher::Config {
        let config = watcher::Config::default().timeout(WATCH_SECONDS).page_size(500);
        match (self.alone(), &self.labels) {
            (Some(pod), _) => config.fields(&format!("metadata.name={pod}")),
            (None, Some(labels)) => config.labels(labels),
            (None, None) => config,
        }
    }
}

/// Makes one table of several, once each watch has read its own or has failed to for long enough.
pub(super) async fn together(
    mut parts: Vec<watch::Receiver<Option<Table>>>,
    whole: watch::Sender<Option<Table>>,
) {
    let late = Instant::now() + PATIENCE;
    loop {
        let known: Vec<Table> =
            parts.iter_mut().filter_map(|part| part.borrow_and_update().clone()).collect();
        let enough = known.len() == parts.len() || (!known.is_empty() && Instant::now() >= late);
        if enough {
            let table: Table = known.into_iter().flatten().collect();
            whole.send_if_modified(|before| {
                let differs = before.as_ref() != Some(&table);
                *before = Some(table);
                differs
            });
        }
        let changed = select_all(parts.iter_mut().map(|part| part.changed().boxed()));
        let ended = tokio::select! {
            (changed, at, _) = changed => changed.is_err().then_some(at),
            () = sleep_until(late), if !enough && Instant::now() < late => None,
        };
        if let Some(at) = ended {
            parts.swap_remove(at);
            if parts.is_empty() {
                // Whoever follows is told by the watches themselves that nothing comes any more.
                return std::future::pending().await;
            }
        }
    }
}
