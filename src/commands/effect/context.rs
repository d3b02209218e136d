//! Commands that turn later ones: to another cluster, namespace, account, project or engine.
use super::{Answer, At, Reading, Undo};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sort {
    /// What is switched, such as `cluster`.
    what: &'static str,
    /// Whose later commands go elsewhere.
    whose: &'static str,
    /// Where to; empty where only the answer's change would tell.
    to: String,
    /// The command that switches back, up to the name.
    undo: Option<String>,
}

const KUBE: &str = "kubectl and helm command";
/// Questions for what is current.
const CONTEXT: &str = "config current-context";
const NAMESPACE: &str = "config view --minify -o 'jsonpath={..namespace}'";

/// The first words of a command that leads later ones elsewhere.
pub(super) fn switches(words: &[&str]) -> bool {
    matches!(
        words,
        ["kubectl" | "oc", "config", "use-context" | "use" | "set-context" | "unset" | "set", ..]
            | ["kubectl", "ctx" | "ns", ..]
            | ["oc", "project" | "login", ..]
            | ["kubectx" | "kubens", _, ..]
            | ["az", "aks", "get-credentials", ..]
            | ["az", "account", "set", ..]
            | ["az" | "vault" | "argocd", "login", ..]
            | ["aws", "eks", "update-kubeconfig", ..]
            | ["gcloud", "config", "set" | "configurations", ..]
            | ["gcloud", "container", "clusters", "get-credentials"]
            | ["docker", "context", "use", ..]
            | ["terraform" | "tofu", "workspace", "select" | "new", ..]
    )
}

pub(super) fn look(at: &mut At<'_>) {
    let objects = at.objects(0);
    let text = |at: usize| objects.get(at).map_or("", |arg| arg.text.as_str());
    let words: Vec<_> = objects.iter().take(4).map(|arg| arg.text.as_str()).collect();
    let config = at.options("--kubeconfig");
    let program = at.program();
    let kube = |at: &mut At<'_>, to: &str, undo: Option<String>| {
        let tool = if matches!(at.tool, "kubectl" | "oc") { at.program() } else { "kubectl" };
        let undo = undo.or_else(|| at.inverse(&format!("{tool}{config} config use-context")));
        ask(at, &format!("{tool}{config} {CONTEXT}"), "cluster", KUBE, to, undo);
    };
    match (at.tool, words.as_slice()) {
        ("kubectl" | "oc", ["config", "use-context" | "use", to, ..])
        | ("kubectl", ["ctx", to, ..])
        | ("kubectx", [to, ..]) => kube(at, to, None),
        ("kubectl" | "oc", ["config", "set-context", ..]) if at.has("--current") => {
            let to = at.value("-n --namespace").unwrap_or_default().to_owned();
            let undo = at.inverse(&format!("{program}{config} config set-context --current --namespace"));
            let undo = undo.map(|undo| format!("{undo}="));
            ask(at, &format!("{program}{config} {NAMESPACE}"), "namespace", KUBE, &to, undo);
        }
        ("kubectl", ["ns", to, ..]) | ("kubens", [to, ..]) => {
            ask(at, &format!("kubectl {NAMESPACE}"), "namespace", KUBE, to, None);
        }
        ("oc", ["project", to, ..]) => {
            let undo = at.inverse("oc project");
            ask(at, &format!("oc {NAMESPACE}"), "project", "oc and kubectl command", to, undo);
        }
        (
            "kubectl" | "oc",
            ["config", verb @ ("delete-context" | "delete-cluster" | "delete-user" | "unset"), ..],
        ) => {
            let what = format!("from the kubeconfig: {} {}", verb.trim_start_matches("delete-"), text(2));
            at.drops(super::said(&what));
            at.evidence(&format!("{program}{config} config get-contexts"));
            at.ask(
                &format!("{program}{config} {CONTEXT}"),
                super::Sort::Context(Sort {
                    what: "current cluster",
                    whose: "",
                    to: String::new(),
                    undo: None,
                }),
            );
        }
        ("az", ["aks", "get-credentials", ..]) => {
            let to = at.value("--context").or(at.value("-n --name")).unwrap_or_default().to_owned();
            credentials(at, &to);
        }
        ("aws", ["eks", "update-kubeconfig", ..]) => {
            let to = at.value("--alias").or(at.value("--name")).unwrap_or_default().to_owned();
            credentials(at, &to);
        }
        ("gcloud", ["container", "clusters", "get-credentials"]) => {
            let to = text(4).to_owned();
            let to = if to.is_empty() { "the cluster that it names".to_owned() } else { to };
            credentials(at, &to);
        }
        ("az", ["account", "set", ..]) => {
            let to = at.value("-s --subscription -n --name").unwrap_or_default().to_owned();
            let undo = at.inverse("az account set --subscription");
            ask(at, "az account show --query name -o tsv", "subscription", "az command", &to, undo);
        }
        ("gcloud", ["config", "set", what, ..]) => {
            let to = text(3).to_owned();
            match at.quote(what) {
                Some(word) => {
                    let undo = at.inverse(&format!("gcloud config set {word}"));
                    ask(
                        at,
                        &format!("gcloud config get-value {word}"),
                        "setting",
                        "gcloud command",
                        &to,
                        undo,
                    );
                }
                None => at.unlooked(),
            }
        }
        ("docker" | "podman", [.., "context", "use", to] | ["context", "use", to, ..]) => {
            let undo = at.inverse(&format!("{program} context use"));
            ask(at, &format!("{program} context show"), "engine", "docker command", to, undo);
        }
        ("terraform" | "tofu", ["workspace", "select" | "new", to, ..]) => {
            let undo = at.inverse(&format!("{program} workspace select"));
            ask(at, &format!("{program} workspace show"), "workspace", "terraform command", to, undo);
        }
        _ => at.unlooked(),
    }
}

/// Credentials of a cluster, which become the current context.
fn credentials(at: &mut At<'_>, to: &str) {
    let file = at.options("-f --file --kubeconfig");
    if !file.is_empty() {
        let words = format!("the file{file} gets the credentials of {to}: commands that use it go there");
        at.looks.said.hits.push(super::said(&words));
        return at.undo("use another kubeconfig");
    }
    let undo = at.inverse("kubectl config use-context");
    ask(at, &format!("kubectl {CONTEXT}"), "cluster", KUBE, to, undo);
    if at.has("--overwrite-existing") {
        at.drops("the credentials of the same name that the kubeconfig holds");
    }
    if at.has("-a --admin") {
        at.looks.said.hits.push("with the rights of the cluster's administrator".to_owned());
    }
}

fn ask(at: &mut At<'_>, ask: &str, what: &'static str, whose: &'static str, to: &str, undo: Option<String>) {
    let to = if super::is_open(to) { "what its variable holds".to_owned() } else { to.to_owned() };
    at.ask(ask, super::Sort::Context(Sort { what, whose, to, undo }));
}

pub(super) fn read(sort: &Sort, answer: &Answer, reading: &mut Reading) {
    let what = sort.what;
    // Without a current one, the tools fail.
    let none =
        answer.err.contains("current-context is not set") || answer.code == 0 && answer.value().is_empty();
    if !none && answer.failed("where later commands go", reading) {
        return;
    }
    let old = if none { "none" } else { answer.value() };
    if sort.whose.is_empty() {
        return reading.hit(format!("{what}: {old}"));
    }
    if old == sort.to {
        return reading.zero(format!("the {what} is {old} already"));
    }
    reading.set(what, old, &sort.to);
    reading.hit(format!("every later {} goes to {} instead of {old}", sort.whose, sort.to));
    match &sort.undo {
        Some(undo) if !none => {
            let old = crate::domain::text::quoted(old);
            let gap = if undo.ends_with('=') { "" } else { " " };
            reading.undo(Undo::Command(format!("{undo}{gap}{old}")));
        }
        _ => reading.undo(Undo::Words(format!("switch the {what} back"))),
    }
}
