//! What this run was asked to do, with everything settled: what `cli` gives to `app`.
use std::path::PathBuf;

use super::request::{Effective, Request};
use crate::domain::exercise::Exercise;
use crate::domain::object::Kind;
use crate::domain::settings::values::NamespacesFrom;

#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    pub effective: Effective,
    /// For `watch`: changed files are merged with the same flags.
    pub request: Request,
    pub view: View,
    /// Where the journal is kept; `None` when there is no home either.
    pub state_dir: Option<PathBuf>,
    /// Where the log is written, or why nowhere.
    pub log: Result<PathBuf, String>,
    /// That this is no real system, and what is played in it.
    pub exercise: Option<Exercise>,
}

/// What the cockpit opens with.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum View {
    #[default]
    Board,
    /// Read-only, and legible from afar.
    Wall,
    Object(Target),
    /// A runbook, by its address or by words of its title.
    Runbook(String),
}

impl View {
    /// What `firedeck open` is given: a thing, an alert's bare name, a runbook, or a runbook's address.
    pub fn parse(text: &str) -> Result<View, String> {
        let lower = text.to_lowercase();
        if lower.starts_with("http://") || lower.starts_with("https://") {
            return Ok(View::Runbook(text.to_owned()));
        }
        match text.split_once('/') {
            Some(("runbook" | "rb", "")) => Err("name the runbook: `runbook/WORDS OF ITS TITLE`".into()),
            Some(("runbook" | "rb", words)) => Ok(View::Runbook(words.to_owned())),
            // Alerts are the one kind that is handed about without its kind.
            None if text.starts_with(|c: char| c.is_ascii_uppercase()) => {
                Target::parse(&format!("alert/{text}")).map(View::Object)
            }
            _ => Target::parse(text).map(View::Object),
        }
    }
}

/// `KIND/NAME` or `KIND/NAMESPACE/NAME`, as it was typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    pub kind: Kind,
    pub namespace: Option<String>,
    pub name: String,
}

impl Target {
    /// Says what is wrong, and what to type instead.
    pub fn parse(text: &str) -> Result<Target, String> {
        let (kind, rest) = match text.split_once('/') {
            Some((kind, rest)) if !kind.is_empty() && !rest.is_empty() => (kind, rest),
            _ => return Err("write `KIND/NAME`, for example `pod/web-0` or `deploy/shop/web`".into()),
        };
        let Some(known) = Kind::parse(kind) else { return Err(unknown(kind)) };
        let (namespace, name) = match rest.split_once('/') {
            Some((namespace, name)) if known.namespaced() => (Some(namespace.to_owned()), name),
            Some(_) => return Err(format!("a {known} is in no namespace; write `{known}/NAME`")),
            None => (None, rest),
        };
        let good = |part: &str| {
            !part.is_empty()
                && part.len() <= 253
                && part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | ':'))
        };
        if !good(name) || !namespace.as_deref().is_none_or(good) {
            return Err(format!("`{}` cannot be a name in Kubernetes", crate::domain::text::clean(rest)));
        }
        Ok(Target { kind: known, namespace, name: name.to_owned() })
    }

    /// The namespace to look into, where nobody named one to see; the kubeconfig's may be another.
    pub fn elsewhere(&self, from: NamespacesFrom) -> Option<&str> {
        self.namespace.as_deref().filter(|_| from == NamespacesFrom::Kubeconfig)
    }
}

fn unknown(kind: &str) -> String {
    if kind.eq_ignore_ascii_case("runbooks") {
        return "write `runbook/WORDS OF ITS TITLE`".into();
    }
    let names: Vec<String> =
        Kind::ALL.iter().filter(|kind| **kind != Kind::AlertGroup).map(ToString::to_string).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let help = super::meant::help(kind, &names);
    format!("there is no kind `{}`; {help}", crate::domain::text::clean(kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thing_is_named_as_people_type_it() {
        let target = |text| Target::parse(text).expect(text);
        assert_eq!(target("po/web-0").kind, Kind::Pod);
        assert_eq!(target("deploy/shop/web").namespace.as_deref(), Some("shop"));
        assert_eq!(target("Node/n1").name, "n1");
    }

    #[test]
    fn an_alert_by_its_bare_name_and_a_runbook_by_its_words_or_its_address() {
        let runbook = |text: &str| View::Runbook(text.into());
        assert_eq!(View::parse("https://wiki/x#Disk"), Ok(runbook("https://wiki/x#Disk")));
        assert_eq!(View::parse("runbook/disk full"), Ok(runbook("disk full")));
        let alert = Target { kind: Kind::Alert, namespace: None, name: "DiskFull".into() };
        assert_eq!(View::parse("DiskFull"), Ok(View::Object(alert)));
        assert!(View::parse("web").expect_err("no kind").contains("KIND/NAME"));
        assert!(View::parse("runbook/").expect_err("no words").contains("name the runbook"));
    }

    #[test]
    fn the_namespace_that_is_opened_is_looked_into_unless_others_were_named() {
        let target = Target::parse("deploy/shop/web").expect("a target");
        assert_eq!(target.elsewhere(NamespacesFrom::Kubeconfig), Some("shop"));
        assert_eq!(target.elsewhere(NamespacesFrom::Flag), None);
        let target = Target::parse("deploy/web").expect("a target");
        assert_eq!(target.elsewhere(NamespacesFrom::Kubeconfig), None);
    }

    #[test]
    fn what_cannot_be_opened_says_why() {
        let says = |text| Target::parse(text).expect_err(text);
        let target = |text| Target::parse(text).expect(text);
        assert!(says("web").contains("KIND/NAME"));
        assert_eq!(target("alert/PodCrashLooping").kind, Kind::Alert);
        assert!(says("runbooks/x").contains("runbook/"));
        assert!(says("node/a/b").contains("no namespace"));
        assert!(says("deplyoment/web").contains("did you mean `deployment`"));
        assert!(says("pod/a b").contains("cannot be a name"));
        assert!(!says("pod\u{1b}[2J/x").contains('\u{1b}'));
    }
}
