//! A kubeconfig of one context, for whatever must see no other.
use kube::config::{Context, Kubeconfig};

use super::kubeconfig::{self, Options, Origin};
use crate::sources::supervise::SourceError;

/// The user's kubeconfig with this context alone, and this namespace where one is named. Paths in it are absolute.
/// `None` where there is no kubeconfig: the pod's own account needs none.
pub fn pinned(options: &Options, context: &str, namespace: &str) -> Result<Option<String>, SourceError> {
    let Origin::Kubeconfig(config) = kubeconfig::read(options)? else { return Ok(None) };
    let made = only(*config, context, namespace)?;
    let text = serde_json::to_string(&made);
    text.map(Some).map_err(|_| absent("the kubeconfig cannot be written anew".to_owned()))
}

fn only(config: Kubeconfig, name: &str, namespace: &str) -> Result<Kubeconfig, SourceError> {
    let no = || absent(format!("no context `{name}` in the kubeconfig"));
    let chosen = config.contexts.into_iter().find(|one| one.name == name).ok_or_else(no)?;
    let mut context: Context = chosen.context.clone().ok_or_else(no)?;
    if !namespace.is_empty() {
        context.namespace = Some(namespace.to_owned());
    }
    let user = context.user.clone();
    let users = config.auth_infos.into_iter().filter(|one| Some(&one.name) == user.as_ref());
    let clusters = config.clusters.into_iter().filter(|one| one.name == context.cluster);
    Ok(Kubeconfig {
        clusters: clusters.take(1).collect(),
        auth_infos: users.take(1).collect(),
        contexts: vec![kube::config::NamedContext { context: Some(context), ..chosen }],
        current_context: Some(name.to_owned()),
        kind: Some("Config".into()),
        api_version: Some("v1".into()),
        ..Kubeconfig::default()
    })
}

/// The context that a kubeconfig's text names as current, with its namespace.
pub fn current(text: &str) -> Option<(String, String)> {
    let config = Kubeconfig::from_yaml(text).ok()?;
    let name = config.current_context.filter(|name| !name.is_empty())?;
    let chosen = config.contexts.into_iter().find(|one| one.name == name)?;
    let namespace = chosen.context.and_then(|context| context.namespace).unwrap_or_default();
    Some((name, namespace))
}

fn absent(why: String) -> SourceError {
    SourceError::Absent { why }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: &str = "
current-context: b
preferences: {colors: true}
clusters: [{name: one, cluster: {server: 'https://one', certificate-authority: ca.pem}},
           {name: two, cluster: {server: 'https://two'}}]
users: [{name: ann, user: {token: letmein, client-key: keys/a.pem}}, {name: bob, user: {password: hidden}}]
contexts: [{name: a, context: {cluster: one, user: ann, namespace: yard}},
           {name: b, context: {cluster: two, user: bob}}]
";

    #[test]
    fn what_is_current_is_read_with_its_namespace() {
        let pair = |context: &str, namespace: &str| Some((context.to_owned(), namespace.to_owned()));
        assert_eq!(current(TWO), pair("b", ""));
        assert_eq!(current(&TWO.replace("current-context: b", "current-context: a")), pair("a", "yard"));
        assert_eq!(current(&TWO.replace("current-context: b", "current-context: c")), None);
        assert_eq!((current(""), current("{")), (None, None));
    }

    #[test]
    fn one_context_is_left_with_its_cluster_its_user_and_absolute_paths() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("config");
        std::fs::write(&path, TWO).expect("written");
        let options = Options { kubeconfig: vec![path], ..Options::default() };
        let text = pinned(&options, "a", "dock").expect("made").expect("a kubeconfig");
        assert!(!text.contains("two") && !text.contains("hidden") && !text.contains("colors"), "{text}");
        let made: serde_json::Value = serde_json::from_str(&text).expect("JSON, which is YAML");
        let at = |pointer: &str| made.pointer(pointer).and_then(|value| value.as_str()).unwrap_or_default();
        assert_eq!((at("/current-context"), at("/kind"), at("/apiVersion")), ("a", "Config", "v1"));
        assert_eq!(at("/contexts/0/context/namespace"), "dock");
        assert_eq!(at("/users/0/user/token"), "letmein");
        for pointer in ["/clusters/0/cluster/certificate-authority", "/users/0/user/client-key"] {
            assert!(at(pointer).starts_with(dir.path().to_str().expect("a path")), "{text}");
        }
        let text = pinned(&options, "a", "").expect("made").expect("a kubeconfig");
        assert!(text.contains("\"namespace\":\"yard\""), "its own namespace stands: {text}");
        let error = pinned(&options, "c", "").expect_err("refused");
        assert!(matches!(error, SourceError::Absent { why } if why.contains("`c`")));
    }
}
