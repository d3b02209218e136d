//! kubectl and oc: the objects that are named or selected, and who looks after them.
use super::answer::columns;
use super::at::{filled, spaced};
use super::raw::Arg;
use super::{Answer, At, Reading, context, files};

mod gone;
mod manifest;
mod work;

/// Options that say where and who: every question keeps them.
pub(super) const PLACE: &str = "-n --namespace --context --cluster --kubeconfig --user --server -s --token --as --as-group \
    --as-uid --certificate-authority --client-certificate --client-key --tls-server-name --insecure-skip-tls-verify";
/// The same without the namespace, for what lies in none.
const HOST: &str = "--context --cluster --kubeconfig --user --server -s --token --as --as-group --as-uid \
    --certificate-authority --client-certificate --client-key --tls-server-name --insecure-skip-tls-verify";
/// Options that choose objects.
const CHOICE: &str =
    "-A --all-namespaces -l --selector --field-selector -f --filename -k --kustomize -R --recursive";

/// One line for each object.
const COLUMNS: &str = r"custom-columns=KIND:.kind,NS:.metadata.namespace,NAME:.metadata.name,REPLICAS:.spec.replicas,READY:.status.readyReplicas,CONTAINERS:.spec.template.spec.containers[*].name,IMAGES:.spec.template.spec.containers[*].image,PHASE:.status.phase,OWNER:.metadata.ownerReferences[*].kind,OF:.metadata.ownerReferences[*].name,SIZE:.spec.resources.requests.storage,REVISION:.metadata.annotations.deployment\.kubernetes\.io/revision,ARGO:.metadata.annotations.argocd\.argoproj\.io/tracking-id,ARGOCD:.metadata.labels.argocd\.argoproj\.io/instance,FLUX:.metadata.labels.kustomize\.toolkit\.fluxcd\.io/name,HELM:.metadata.labels.helm\.toolkit\.fluxcd\.io/name";
const WIDTH: usize = 16;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sort {
    Work(work::Sort),
    Gone(gone::Sort),
    Manifest(manifest::Sort),
}

impl Sort {
    pub(super) fn what(&self) -> &'static str {
        match self {
            Sort::Work(sort) => sort.what(),
            Sort::Gone(sort) => sort.what(),
            Sort::Manifest(_) => "what the objects would become",
        }
    }
}

pub(super) fn look(at: &mut At<'_>) {
    match at.args.operand(0) {
        "scale" | "autoscale" | "set" | "rollout" => work::look(at),
        "delete" | "drain" | "cordon" | "uncordon" | "taint" | "evict" => gone::look(at),
        "adm" if matches!(at.args.operand(1), "drain" | "cordon" | "uncordon") => gone::look(at),
        "apply" | "patch" | "replace" | "create" | "label" | "annotate" => manifest::look(at),
        "cp" => copy(at),
        "config" | "ctx" | "ns" | "project" | "login" => context::look(at),
        "edit" => {
            let ask = get(at, 1, "yaml").replace(" --no-headers", "");
            if !at.objects(1).iter().any(|arg| arg.text.to_ascii_lowercase().contains("secret")) {
                at.evidence(&ask);
            }
            at.unknown("what is typed in the editor is not known before");
        }
        "debug" | "run" | "exec" | "rsh" | "attach" => {
            at.unknown(format!("what `{}` does inside is only known when it runs", at.name()));
        }
        _ => at.unlooked(),
    }
}

pub(super) fn read(sort: &Sort, answer: &Answer, reading: &mut Reading) {
    match sort {
        Sort::Work(sort) => work::read(sort, answer, reading),
        Sort::Gone(sort) => gone::read(sort, answer, reading),
        Sort::Manifest(sort) => manifest::read(sort, answer, reading),
    }
}

/// `kubectl get` of the objects behind the first operands, in these columns; they stand last, as others may come in.
fn get(at: &At<'_>, from: usize, columns: &str) -> String {
    of_objects(at, &at.objects(from), columns)
}

/// The place, in which nothing is asked where the names come to nothing.
fn named(at: &At<'_>, from: usize) -> super::place::Place {
    let objects = at.objects(from);
    // A kind in front of names is no name.
    let names = match objects.split_first() {
        Some((kind, names)) if kind.is_plain() && !names.is_empty() => names,
        _ => objects.as_slice(),
    };
    filled(at.place(), names)
}

fn of_objects(at: &At<'_>, objects: &[&Arg], columns: &str) -> String {
    let (program, place, choice) = (at.program(), at.options(PLACE), at.options(CHOICE));
    let columns = crate::domain::text::quoted(columns);
    format!("{program} get{place}{choice} --no-headers -o {columns}{}", spaced(objects))
}

/// One object as it was seen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Object {
    /// In small letters.
    pub kind: String,
    pub namespace: String,
    pub name: String,
    pub replicas: String,
    pub ready: String,
    pub containers: Vec<String>,
    pub images: Vec<String>,
    pub phase: String,
    pub owner: String,
    pub owner_name: String,
    pub size: String,
    pub revision: String,
    /// Who puts it back.
    pub keeper: Option<String>,
}

impl Object {
    fn read(line: &str) -> Option<Object> {
        let cells = columns(line);
        if cells.len() != WIDTH {
            return None;
        }
        let cell = |at: usize| cells.get(at).copied().unwrap_or_default().to_owned();
        let list = |at: usize| cell(at).split(',').filter(|one| !one.is_empty()).map(str::to_owned).collect();
        let (argo, argocd, flux, helm) = (cell(12), cell(13), cell(14), cell(15));
        let argo = argo.split(':').next().filter(|app| !app.is_empty()).map(str::to_owned);
        let keeper = argo
            .or(Some(argocd).filter(|app| !app.is_empty()))
            .map(|app| format!("Argo CD (application {app}), if it syncs by itself"))
            .or((!flux.is_empty()).then(|| format!("Flux (kustomization {flux})")))
            .or((!helm.is_empty()).then(|| format!("Flux (helm release {helm})")));
        Some(Object {
            kind: cell(0).to_lowercase(),
            namespace: cell(1),
            name: cell(2),
            replicas: cell(3),
            ready: cell(4),
            containers: list(5),
            images: list(6),
            phase: cell(7),
            owner: cell(8),
            owner_name: cell(9),
            size: cell(10),
            revision: cell(11),
            keeper,
        })
    }

    /// `deployment shop/web`.
    pub fn title(&self) -> String {
        if self.namespace.is_empty() {
            format!("{} {}", self.kind, self.name)
        } else {
            format!("{} {}/{}", self.kind, self.namespace, self.name)
        }
    }

    /// `deployment/web -n shop`, as words of a command.
    fn words(&self) -> String {
        let named = crate::domain::text::quoted(&format!("{}/{}", self.kind, self.name));
        if self.namespace.is_empty() {
            named
        } else {
            format!("{named} -n {}", crate::domain::text::quoted(&self.namespace))
        }
    }

    /// Notes who would take a change back: the owner or a tool that keeps it as a repository says.
    fn keepers(&self, reading: &mut Reading) {
        if let Some(keeper) = &self.keeper {
            reading.undone_by(format!("{keeper} keeps {} as its repository says", self.title()));
        }
        let controlled =
            !self.owner.is_empty() && !matches!(self.kind.as_str(), "pod" | "replicaset" | "job");
        if controlled {
            reading.undone_by(format!("{} {} keeps {}", self.owner, self.owner_name, self.title()));
        }
    }
}

/// The objects of an answer. What is missing is said; `None` where there is no answer at all.
fn objects(answer: &Answer, what: &str, reading: &mut Reading) -> Option<Vec<Object>> {
    let mut objects = Vec::new();
    let mut odd = false;
    for row in answer.rows() {
        match Object::read(row) {
            Some(object) => objects.push(object),
            None => odd = true,
        }
    }
    if answer.is_cut() || odd {
        reading.unknown(format!("{what}: not all of the answer could be read"));
    }
    let missing: Vec<_> = answer.err.lines().filter(|line| line.contains("NotFound")).take(8).collect();
    if answer.code != 0 && missing.is_empty() {
        let why = answer.failure().unwrap_or_default();
        reading.unknown(format!("{what}: {why}"));
        return (!objects.is_empty()).then_some(objects);
    }
    // Of several, one may be missing and another not be shown.
    let refused = answer.err.lines().find(|line| {
        let error =
            line.starts_with("Error from server") || line.starts_with("error:") || line.starts_with("Unable");
        error && !line.contains("NotFound")
    });
    if let Some(line) = refused.filter(|_| answer.code != 0) {
        reading.unknown(format!("{what}: {line}"));
    }
    if objects.is_empty() {
        match missing.first() {
            _ if refused.is_some() => {}
            Some(line) => reading.zero((*line).trim_start_matches("Error from server (NotFound): ")),
            None if odd => {}
            None => reading.zero("no such object is selected"),
        }
    } else {
        for line in missing {
            reading.hit(format!("not there: {}", line.trim_start_matches("Error from server (NotFound): ")));
        }
    }
    Some(objects)
}

/// `kubectl cp` into a pod: what stands there now.
fn copy(at: &mut At<'_>) {
    let objects = at.objects(1);
    let target = objects.get(1).map(|arg| arg.text.clone()).unwrap_or_default();
    let Some((pod, path)) = target.split_once(':') else { return at.unlooked() };
    let (place, pod) = match pod.split_once('/') {
        Some((namespace, pod)) => {
            (at.quote(namespace).map(|namespace| format!("{} -n {namespace}", at.options(HOST))), pod)
        }
        None => (Some(at.options(PLACE)), pod),
    };
    match (place, at.quote(pod), at.quote(path)) {
        (Some(place), Some(pod), Some(path)) => {
            let container = at.options("-c --container");
            let ask = format!("{} exec{place} {pod}{container} -- ls -ld {path}", at.program());
            at.ask(&ask, super::Sort::Files(files::Sort::Listed { doing: files::Doing::Overwrite }));
        }
        _ => at.unlooked(),
    }
}

/// One of the values of an option with a list of pairs.
fn pairs(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.split(',').filter_map(|pair| pair.split_once('='))
}
