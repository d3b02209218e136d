//! Finds the kubeconfig, or the pod's own account, and chooses contexts and namespaces from it.
use std::path::{Path, PathBuf};

use kube::Config;
use kube::config::{ExecInteractiveMode, KubeConfigOptions, Kubeconfig, KubeconfigError};

use super::proxy::is_exempt;
use crate::domain::Text;
use crate::sources::reason::{brief, reason};
use crate::sources::supervise::SourceError;

/// What was asked for, flags and profile apart because the origin is shown.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Options {
    /// Explicit files, merged in this order; otherwise `KUBECONFIG`, then `~/.kube/config`, then the pod we run in.
    pub kubeconfig: Vec<PathBuf>,
    /// Empty means the current context.
    pub contexts: Vec<String>,
    /// From `--namespace`; `*` or `all` is all of them.
    pub flag_namespaces: Vec<String>,
    /// From the profile.
    pub profile_namespaces: Vec<String>,
}

/// The namespaces in view and who chose them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Namespaces {
    /// Empty means all.
    pub names: Vec<Text>,
    pub origin: &'static str,
}

/// Where a client may be had from.
#[derive(Debug, Clone)]
pub enum Origin {
    Kubeconfig(Box<Kubeconfig>),
    /// The service account of the pod that firedeck runs in.
    InCluster,
}

/// The context's name when there is no kubeconfig that could name it.
pub const IN_CLUSTER: &str = "in-cluster";

/// Reads the kubeconfig anew; it may have been changed since the last try.
pub fn read(options: &Options) -> Result<Origin, SourceError> {
    if let Some(missing) = options.kubeconfig.iter().find(|path| !path.exists()) {
        // Somebody named it: passing over it could lead to another cluster.
        return load(missing).map(|config| Origin::Kubeconfig(Box::new(config)));
    }
    if let Some(merged) = merged(&options.kubeconfig)? {
        return Ok(Origin::Kubeconfig(Box::new(merged)));
    }
    let listed: Vec<PathBuf> = std::env::var_os("KUBECONFIG")
        .map(|value| std::env::split_paths(&value).filter(|path| !path.as_os_str().is_empty()).collect())
        .unwrap_or_default();
    let usual = std::env::home_dir().map(|home| home.join(".kube/config"));
    let paths: Vec<PathBuf> = if listed.is_empty() { usual.into_iter().collect() } else { listed.clone() };
    let Some(merged) = merged(&paths)? else {
        if options.contexts.is_empty() && std::env::var_os("KUBERNETES_SERVICE_HOST").is_some() {
            return Ok(Origin::InCluster);
        }
        return Err(nothing(&listed));
    };
    Ok(Origin::Kubeconfig(Box::new(merged)))
}

/// The first file to name something wins. As kubectl does, a file that is not there is passed over.
fn merged(paths: &[PathBuf]) -> Result<Option<Kubeconfig>, SourceError> {
    let mut all: Option<Kubeconfig> = None;
    for path in paths.iter().filter(|path| path.exists()) {
        let next = load(path)?;
        all = Some(match all {
            None => next,
            Some(before) => before.merge(next).map_err(|error| SourceError::Absent {
                why: format!("kubeconfig `{}`: {error}", path.display()),
            })?,
        });
    }
    Ok(all)
}

fn nothing(listed: &[PathBuf]) -> SourceError {
    let why = if listed.is_empty() {
        "no kubeconfig: set KUBECONFIG, write `~/.kube/config`, or name one in the profile".to_owned()
    } else {
        let names: Vec<String> = listed.iter().map(|path| format!("`{}`", path.display())).collect();
        format!("no kubeconfig: KUBECONFIG names {}, which does not exist", names.join(", "))
    };
    SourceError::Absent { why: brief(&why) }
}

fn load(path: &Path) -> Result<Kubeconfig, SourceError> {
    let at = path.display();
    let mut config = Kubeconfig::read_from(path).map_err(|error| SourceError::Absent {
        why: match error {
            KubeconfigError::ReadConfig(error, _) => {
                format!("kubeconfig `{at}` cannot be read: {}", reason(&error))
            }
            // The parser's own message shows the lines around the mistake, and a token may stand there.
            KubeconfigError::Parse(error) => match error.location() {
                Some(place) => format!("kubeconfig `{at}` is not valid: see line {}", place.line()),
                None => format!("kubeconfig `{at}` is not valid YAML"),
            },
            other => format!("kubeconfig `{at}`: {other}"),
        },
    })?;
    // A login plugin must never get the terminal: it would eat keys and paint over the screen.
    for user in &mut config.auth_infos {
        if let Some(exec) = user.auth_info.as_mut().and_then(|info| info.exec.as_mut()) {
            exec.interactive_mode = Some(ExecInteractiveMode::Never);
        }
    }
    Ok(config)
}

impl Origin {
    /// The contexts to watch, by name; each is looked at on its own, so one wrong name spoils no other.
    pub fn contexts(&self, options: &Options) -> Result<Vec<Text>, SourceError> {
        if !options.contexts.is_empty() {
            let mut names: Vec<Text> = Vec::new();
            for name in &options.contexts {
                if !names.iter().any(|known| **known == **name) {
                    names.push(name.as_str().into());
                }
            }
            return Ok(names);
        }
        match self {
            Origin::InCluster => Ok(vec![IN_CLUSTER.into()]),
            Origin::Kubeconfig(config) => match &config.current_context {
                Some(name) if !name.is_empty() => Ok(vec![name.as_str().into()]),
                _ => Err(SourceError::Absent {
                    why: format!(
                        "the kubeconfig has no current context: use --context with {}",
                        choices(config)
                    ),
                }),
            },
        }
    }

    /// What kube needs to connect.
    pub async fn config(&self, context: &str) -> Result<Config, SourceError> {
        match self {
            Origin::InCluster => Config::incluster().map_err(|error| SourceError::Absent {
                why: format!("the pod's own account: {}", reason(&error)),
            }),
            Origin::Kubeconfig(config) => {
                if !config.contexts.iter().any(|named| named.name == context) {
                    let why = format!("no context `{context}` in the kubeconfig: it has {}", choices(config));
                    return Err(SourceError::Absent { why: brief(&why) });
                }
                let choose =
                    KubeConfigOptions { context: Some(context.to_owned()), ..KubeConfigOptions::default() };
                let made = Config::from_custom_kubeconfig((**config).clone(), &choose).await;
                let mut made = made.map_err(|error| SourceError::Absent {
                    why: format!("context `{context}`: {}", brief(&error.to_string())),
                })?;
                if self.cluster(context).is_none_or(|cluster| cluster.proxy_url.is_none())
                    && goes_direct(&made)
                {
                    made.proxy_url = None;
                }
                Ok(made)
            }
        }
    }

    /// The user's name in the kubeconfig: who we are when the server does not tell.
    pub fn user(&self, context: &str) -> Option<String> {
        self.context(context)?.user.clone()
    }

    /// The namespace that kubectl would go to where nobody else says one; none where that is `default`.
    pub fn own_namespace(&self, context: &str) -> Option<Text> {
        match self {
            Origin::InCluster => Some(own_namespace()),
            Origin::Kubeconfig(_) => {
                self.context(context)?.namespace.as_deref().filter(|name| !name.is_empty()).map(Text::from)
            }
        }
    }

    /// Which namespaces to watch, and who said so.
    pub fn namespaces(&self, context: &str, options: &Options) -> Namespaces {
        for (asked, origin) in [(&options.flag_namespaces, "flag"), (&options.profile_namespaces, "profile")]
        {
            if !asked.is_empty() {
                return Namespaces { names: several(asked), origin };
            }
        }
        let set = self.context(context).and_then(|context| context.namespace.as_deref());
        match (self, set.filter(|name| !name.is_empty())) {
            (_, Some(name)) => Namespaces { names: vec![name.into()], origin: "kubeconfig" },
            (Origin::InCluster, None) => {
                Namespaces { names: vec![own_namespace()], origin: "service account" }
            }
            (Origin::Kubeconfig(_), None) => {
                Namespaces { names: vec!["default".into()], origin: "default, none given" }
            }
        }
    }

    fn cluster(&self, context: &str) -> Option<&kube::config::Cluster> {
        let Origin::Kubeconfig(config) = self else { return None };
        let name = &self.context(context)?.cluster;
        config.clusters.iter().find(|named| named.name == *name)?.cluster.as_ref()
    }

    fn context(&self, name: &str) -> Option<&kube::config::Context> {
        let Origin::Kubeconfig(config) = self else { return None };
        config.contexts.iter().find(|named| named.name == name)?.context.as_ref()
    }
}

/// Whether the environment's proxy is not meant for this server.
fn goes_direct(config: &Config) -> bool {
    let list = std::env::var("NO_PROXY").or_else(|_| std::env::var("no_proxy")).unwrap_or_default();
    let uri = &config.cluster_url;
    let port = uri.port_u16().unwrap_or(if uri.scheme_str() == Some("http") { 80 } else { 443 });
    is_exempt(uri.host().unwrap_or_default(), port, &list)
}

/// Where the pod that we run in lives.
fn own_namespace() -> Text {
    let read = std::fs::read_to_string("/var/run/secrets/kubernetes.io/serviceaccount/namespace");
    read.map_or_else(|_| "default".into(), |name| name.trim().into())
}

/// Empty when any of them means all.
fn several(asked: &[String]) -> Vec<Text> {
    if asked.iter().any(|name| name == "*" || name == "all") {
        return Vec::new();
    }
    let mut names: Vec<Text> = asked.iter().map(|name| Text::from(name.trim())).collect();
    names.sort();
    names.dedup();
    names
}

fn choices(config: &Kubeconfig) -> String {
    let names: Vec<String> =
        config.contexts.iter().take(8).map(|named| format!("`{}`", named.name)).collect();
    match (names.len(), config.contexts.len()) {
        (0, _) => "none".into(),
        (shown, all) if shown < all => format!("{} and {} more", names.join(", "), all - shown),
        _ => names.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        file
    }

    const ONE: &str = "{current-context: a, users: [{name: u, user: {exec: {command: aws, interactiveMode: Always}}}], \
                       contexts: [{name: a, context: {cluster: a, user: u, namespace: shop}}]}";
    const TWO: &str = "{current-context: b, contexts: [{name: b, context: {cluster: b}}]}";

    fn both() -> Origin {
        let (one, two) = (file(ONE), file(TWO));
        let paths = [one.path().into(), "/nowhere/at/all".into(), two.path().into()];
        Origin::Kubeconfig(Box::new(merged(&paths).unwrap().unwrap()))
    }

    #[test]
    fn several_files_are_one_and_the_first_names_the_current_context() {
        let origin = both();
        assert_eq!(origin.contexts(&Options::default()).unwrap(), [Text::from("a")]);
        let asked = Options { contexts: vec!["b".into(), "a".into(), "b".into()], ..Options::default() };
        assert_eq!(origin.contexts(&asked).unwrap(), [Text::from("b"), Text::from("a")]);
        assert_eq!(origin.user("a").as_deref(), Some("u"));
    }

    #[test]
    fn no_login_plugin_gets_the_terminal() {
        let Origin::Kubeconfig(config) = both() else { panic!("a kubeconfig") };
        let exec = config.auth_infos[0].auth_info.as_ref().unwrap().exec.as_ref().unwrap();
        assert_eq!(exec.interactive_mode, Some(ExecInteractiveMode::Never));
    }

    #[test]
    fn the_flag_wins_over_the_profile_and_the_profile_over_the_kubeconfig() {
        let origin = both();
        let chosen = |flag: &[&str], profile: &[&str], context: &str| {
            let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
            let options = Options {
                flag_namespaces: owned(flag),
                profile_namespaces: owned(profile),
                ..Options::default()
            };
            let chosen = origin.namespaces(context, &options);
            (chosen.names.iter().map(ToString::to_string).collect::<Vec<_>>(), chosen.origin)
        };
        assert_eq!(chosen(&["x", "y"], &["z"], "a"), (vec!["x".into(), "y".into()], "flag"));
        assert_eq!(chosen(&[], &["z"], "a"), (vec!["z".into()], "profile"));
        assert_eq!(chosen(&[], &[], "a"), (vec!["shop".into()], "kubeconfig"));
        assert_eq!(chosen(&[], &[], "b"), (vec!["default".into()], "default, none given"));
        assert_eq!(chosen(&["x", "*"], &[], "a"), (vec![], "flag"));
        assert_eq!(chosen(&["all"], &[], "a"), (vec![], "flag"));
    }

    #[test]
    fn with_nothing_at_all_it_says_what_to_set() {
        let SourceError::Absent { why } = nothing(&[]) else { panic!("absent") };
        assert!(why.contains("KUBECONFIG"), "{why}");
    }
}
