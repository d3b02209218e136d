//! What kubectl sees in a session: one context, in a file of its own that nobody else can read.
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::Shared;
use super::session::{Pinned, Task};
use crate::domain::shell::{ShellCommand, Where};
use crate::model::run::News;
use crate::sources::kubernetes::kubeconfig;
use crate::sources::kubernetes::pinned::{current, pinned};

/// No context at all: what asks for one fails, and reaches no other cluster.
const NOTHING: &str = r#"{"apiVersion":"v1","kind":"Config"}"#;

impl Shared {
    /// Where the session's kubeconfig is. `None` in a pod that has no kubeconfig.
    pub(super) async fn pin(
        &self,
        root: &Path,
        name: &str,
        place: &Where,
    ) -> Result<Option<PathBuf>, String> {
        let options = kubeconfig::Options {
            kubeconfig: self.options.kubeconfig.clone(),
            // What is asked for by name is in a kubeconfig, or nowhere.
            contexts: if place.context == kubeconfig::IN_CLUSTER {
                Vec::new()
            } else {
                vec![place.context.clone()]
            },
            ..kubeconfig::Options::default()
        };
        let (context, namespace) = (place.context.clone(), place.namespace.clone());
        let made = tokio::task::spawn_blocking(move || pinned(&options, &context, &namespace)).await;
        let text = match made {
            Ok(Ok(None)) => return Ok(None),
            Ok(Ok(Some(text))) => text,
            other => {
                let why = match other {
                    Ok(Err(error)) => error.to_string(),
                    _ => "this is a defect of firedeck".into(),
                };
                self.trouble(name, format!("kubectl reaches no cluster in this session: {why}")).await;
                NOTHING.to_owned()
            }
        };
        let path = root.join(format!("{name}.kube"));
        let write = || -> std::io::Result<()> {
            let mut file =
                std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
            file.write_all(text.as_bytes())
        };
        write().map_err(|error| format!("`{}`: {error}", path.display()))?;
        Ok(Some(path))
    }

    /// The session is over: nobody needs its kubeconfig any more.
    pub(super) fn unpin(&self, name: &str) {
        for root in self.options.places.all_sessions() {
            // Most sessions have none.
            let _ = std::fs::remove_file(root.join(format!("{name}.kube")));
        }
    }
}

/// A kubeconfig of one context and whatever its statements add is no larger.
const LONGEST: u64 = 1 << 20;

impl Task {
    /// What the session's kubeconfig names as current; nothing where it has none of ours.
    async fn current(&self) -> Option<(String, String)> {
        if self.about.place.remote.is_some() {
            return None;
        }
        let path = self.handle.dir().parent()?.join(format!("{}.kube", self.name));
        if tokio::fs::metadata(&path).await.ok()?.len() > LONGEST {
            return None;
        }
        current(&tokio::fs::read_to_string(&path).await.ok()?)
    }

    /// Where its kubectl goes when it is met: what was switched while nobody followed it is known at once.
    pub(super) async fn find_current(&mut self) {
        let now = self.current().await;
        let place = &self.about.place;
        let shown = (place.context.clone().unwrap_or_default(), place.namespace.clone().unwrap_or_default());
        self.current.clone_from(&now);
        if let Some((context, namespace)) = now
            && self.about.used
            && !shown.0.is_empty()
            && (context != shown.0 || !shown.1.is_empty() && namespace != shown.1)
        {
            self.moved(context, namespace).await;
        }
    }

    /// A statement may have sent every later kubectl elsewhere: they are shown for that place, and run there.
    pub(super) async fn look_where(&mut self) {
        let now = self.current().await;
        if let Some((context, namespace)) = now.clone()
            && self.current != now
        {
            self.current = now;
            self.moved(context, namespace).await;
        }
    }

    async fn moved(&mut self, context: String, namespace: String) {
        let place = &mut self.about.place;
        (place.context, place.namespace) = (Some(context.clone()), Some(namespace.clone()));
        self.shared.say(News::Moved { session: self.name.clone(), context, namespace }).await;
    }
}

impl Pinned {
    /// Why a command that was shown for another place does not go here.
    pub(super) fn refuse(&self, command: &ShellCommand) -> Result<(), String> {
        let place = &command.place;
        if self.remote != place.remote {
            let name = |remote: &Option<String>| remote.clone().unwrap_or_else(|| "this box".into());
            return Err(format!(
                "it was shown for {}, and its shell is on {}",
                name(&place.remote),
                name(&self.remote)
            ));
        }
        let pairs =
            [("context", &self.context, &place.context), ("namespace", &self.namespace, &place.namespace)];
        for (what, own, shown) in pairs {
            if let Some(own) = own.as_ref().filter(|own| *own != shown) {
                let name = |name: &str| if name.is_empty() { "none".to_owned() } else { format!("`{name}`") };
                return Err(format!(
                    "it was shown for {what} {}, and its shell has {}",
                    name(shown),
                    name(own)
                ));
            }
        }
        Ok(())
    }
}
