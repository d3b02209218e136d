//! Workloads that are scaled, set, restarted or taken back.
use super::super::answer::{columns, count};
use super::super::at::spaced;
use super::super::raw::is_open;
use super::super::{Answer, At, Reading, Undo};
use super::{COLUMNS, Object, PLACE, get, objects, of_objects, pairs};
use crate::domain::text::quoted;

/// How many replicas, by which rule.
const SCALERS: &str = "custom-columns=NS:.metadata.namespace,NAME:.metadata.name,KIND:.spec.scaleTargetRef.kind,TARGET:.spec.scaleTargetRef.name,MIN:.spec.minReplicas,MAX:.spec.maxReplicas";
const REVISIONS: &str = r"custom-columns=NS:.metadata.namespace,OWNER:.metadata.ownerReferences[*].name,REVISION:.metadata.annotations.deployment\.kubernetes\.io/revision,IMAGES:.spec.template.spec.containers[*].image";
const RESOURCES: &str = "custom-columns=NAME:.metadata.name,CONTAINERS:.spec.template.spec.containers[*].name,limits.cpu:.spec.template.spec.containers[*].resources.limits.cpu,limits.memory:.spec.template.spec.containers[*].resources.limits.memory,requests.cpu:.spec.template.spec.containers[*].resources.requests.cpu,requests.memory:.spec.template.spec.containers[*].resources.requests.memory";

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sort {
    /// `undo` is the command up to the object's words.
    Scale {
        to: String,
        undo: Option<String>,
    },
    Autoscale {
        min: String,
        max: String,
    },
    Images {
        new: Vec<(String, String)>,
        undo: Option<String>,
    },
    Restart,
    /// Its pods start anew with what is set.
    Anew,
    Back {
        to: Option<u64>,
        undo: Option<String>,
    },
    Paused,
    /// The autoscalers of the namespace; `made` says that one is about to be made.
    Scalers {
        made: bool,
    },
    Revisions {
        to: Option<u64>,
    },
    Env {
        new: Vec<(String, Option<String>)>,
        undo: Option<String>,
    },
    Resources {
        new: Vec<(String, String)>,
        undo: Option<String>,
    },
}

impl Sort {
    pub(super) fn what(&self) -> &'static str {
        match self {
            Sort::Scalers { .. } => "the autoscalers",
            Sort::Revisions { .. } => "the revisions",
            Sort::Env { .. } => "the environment",
            _ => "the workloads",
        }
    }
}

pub(super) fn look(at: &mut At<'_>) {
    match (at.args.operand(0), at.args.operand(1)) {
        ("scale", _) => {
            let to = at.value("--replicas").unwrap_or_default().to_owned();
            let undo = inverse(at, "scale", "");
            ask(at, 1, COLUMNS, Sort::Scale { to, undo });
            scalers(at, false);
        }
        ("autoscale", _) => {
            let given = |names: &str| at.value(names).unwrap_or_default().to_owned();
            let sort = Sort::Autoscale { min: given("--min"), max: given("--max") };
            ask(at, 1, COLUMNS, sort);
            scalers(at, true);
        }
        ("rollout", "restart") => {
            ask(at, 2, COLUMNS, Sort::Restart);
            history(at);
        }
        ("rollout", "undo") => {
            let given = at.value("--to-revision");
            let to = given.and_then(|text| text.parse().ok());
            let guessed = given.is_some() && to.is_none();
            let to = to.filter(|to| *to > 0);
            let undo = inverse(at, "rollout undo", "");
            ask(at, 2, COLUMNS, Sort::Back { to, undo });
            let (program, place, columns) = (at.program(), at.options(PLACE), quoted(REVISIONS));
            let revisions = format!("{program} get rs{place} --no-headers -o {columns}");
            if guessed {
                at.unknown("which revision it goes back to is only known when it runs");
            } else {
                at.ask(&revisions, kube(Sort::Revisions { to }));
            }
            history(at);
        }
        ("rollout", "pause" | "resume") => ask(at, 2, COLUMNS, Sort::Paused),
        ("set", "image") => images(at),
        ("set", "env") => environment(at),
        ("set", "resources") => resources(at),
        _ => at.unlooked(),
    }
}

fn kube(sort: Sort) -> super::super::Sort {
    super::super::Sort::Kube(super::Sort::Work(sort))
}

fn ask(at: &mut At<'_>, from: usize, columns: &str, sort: Sort) {
    let (ask, place) = (get(at, from, columns), super::named(at, from));
    at.ask_in(&place, &ask, kube(sort));
}

fn scalers(at: &mut At<'_>, made: bool) {
    let (program, place, all) = (at.program(), at.options(PLACE), at.options("-A --all-namespaces"));
    let ask = format!("{program} get hpa{place}{all} --no-headers -o {}", quoted(SCALERS));
    at.ask(&ask, kube(Sort::Scalers { made }));
}

fn history(at: &mut At<'_>) {
    let objects = at.sources(2);
    let ask = format!("{} rollout history{}{objects}", at.program(), at.options(PLACE));
    at.evidence(&ask);
}

/// The command that takes a change back, up to the words of its object: those come from the answer.
fn inverse(at: &At<'_>, verb: &str, rest: &str) -> Option<String> {
    at.inverse(&format!("{} {verb}{}{rest}", at.program(), at.options(super::HOST)))
}

/// Words of `KEY=value` apart from those that name objects.
fn split<'a>(at: &At<'a>, from: usize) -> (Vec<&'a super::Arg>, Vec<&'a str>) {
    let (given, named): (Vec<_>, Vec<_>) = at
        .objects(from)
        .into_iter()
        .partition(|arg| arg.text.contains('=') || (arg.text.ends_with('-') && !arg.text.contains('/')));
    (named, given.into_iter().map(|arg| arg.text.as_str()).collect())
}

fn images(at: &mut At<'_>) {
    let (named, given) = split(at, 2);
    let pair = |text: &&str| text.split_once('=').map(|(name, image)| (name.to_owned(), image.to_owned()));
    let new: Vec<_> = given.iter().filter_map(pair).collect();
    let all = !at.has("--all") || named.len() <= 1;
    if new.is_empty() || !all {
        return at.unlooked();
    }
    let undo = inverse(at, "set image", "");
    let ask = of_objects(at, &named, COLUMNS);
    at.ask(&ask, kube(Sort::Images { new, undo }));
}

fn environment(at: &mut At<'_>) {
    let (named, given) = split(at, 2);
    let mut new: Vec<_> = given
        .iter()
        .filter_map(|text| match text.split_once('=') {
            Some((name, value)) => Some((name.to_owned(), Some(value.to_owned()))),
            None => text.strip_suffix('-').map(|name| (name.to_owned(), None)),
        })
        .collect();
    for value in at.args.all("-e --env").filter_map(|option| option.value) {
        if let Some((name, value)) = value.split_once('=') {
            new.push((name.to_owned(), Some(value.to_owned())));
        }
    }
    if at.args.get("--from").is_some() {
        at.unknown("which variables `--from` brings is not looked at");
    }
    let options = at.options("-c --containers -l --selector --all");
    let objects = spaced(&named);
    let ask = format!("{} set env{}{options} --list{objects}", at.program(), at.options(PLACE));
    let single = matches!(named.as_slice(), [one] if one.is_plain() && one.text.contains('/'));
    let undo = at.inverse(&format!("{} set env{}{options}{objects}", at.program(), at.options(PLACE)));
    at.ask(&ask, kube(Sort::Env { new, undo: undo.filter(|_| single) }));
    let ask = of_objects(at, &named, COLUMNS);
    at.ask(&ask, kube(Sort::Anew));
}

fn resources(at: &mut At<'_>) {
    let mut new = Vec::new();
    for (option, name) in [("--limits", "limits"), ("--requests", "requests")] {
        let given = at.value(option).unwrap_or_default();
        new.extend(pairs(given).map(|(what, value)| (format!("{name}.{what}"), value.to_owned())));
    }
    let options = at.options("-c --containers");
    let objects = at.sources(2);
    let undo = at.inverse(&format!("{} set resources{}{options}{objects}", at.program(), at.options(PLACE)));
    ask(at, 2, RESOURCES, Sort::Resources { new, undo });
    ask(at, 2, COLUMNS, Sort::Anew);
}

pub(super) fn read(sort: &Sort, answer: &Answer, reading: &mut Reading) {
    match sort {
        Sort::Scalers { made } => scalers_read(*made, answer, reading),
        Sort::Revisions { to } => revisions(*to, answer, reading),
        Sort::Env { new, undo } => variables(new, undo.as_deref(), answer, reading),
        Sort::Resources { new, undo } => limits(new, undo.as_deref(), answer, reading),
        _ => {
            for object in objects(answer, sort.what(), reading).unwrap_or_default() {
                workload(sort, &object, reading);
                object.keepers(reading);
                reading.objects.push(object);
            }
        }
    }
}

fn workload(sort: &Sort, object: &Object, reading: &mut Reading) {
    let title = object.title();
    match sort {
        Sort::Scale { to, undo } => {
            let now = if object.replicas.is_empty() { "0" } else { &object.replicas };
            let ready = if object.ready.is_empty() { "0" } else { &object.ready };
            reading.hit(format!("{title}: {now} → {} replicas ({ready} ready)", shown(to)));
            reading.set(&format!("{title} replicas"), now, shown(to));
            if let Some(undo) = undo {
                reading.undo(Undo::Command(format!("{undo} {} --replicas={now}", object.words())));
            }
        }
        Sort::Autoscale { min, max } => {
            let min = if min.is_empty() { "1" } else { min };
            reading.hit(format!(
                "{title}: {} replicas now, then between {min} and {}",
                object.replicas,
                shown(max)
            ));
        }
        Sort::Images { new, undo } => set_images(new, undo.as_deref(), object, reading),
        Sort::Anew if reading.sets_nothing() => {
            reading.hit(format!("{title}: nothing changes, it is set so"));
        }
        Sort::Restart | Sort::Anew => {
            let pods = object.replicas.parse().unwrap_or(0);
            let mut images = object.images.join(", ");
            if !object.revision.is_empty() {
                images.extend([", revision ", &object.revision]);
            }
            reading.hit(format!(
                "{title}: {} start anew, one after the other ({images})",
                count(pods, "pod", "pods")
            ));
            if *sort == Sort::Restart {
                reading.undo(Undo::Words("a restart cannot be taken back".to_owned()));
            }
        }
        Sort::Back { undo, .. } => {
            reading.hit(present(object));
            match (undo, object.kind.as_str()) {
                (Some(undo), "deployment") if !object.revision.is_empty() => {
                    let revision = quoted(&object.revision);
                    let undo = format!("{undo} {} --to-revision={revision}", object.words());
                    reading.undo(Undo::Command(undo));
                }
                _ => reading.unknown(format!("{title}: which revision it goes back to is not found out")),
            }
        }
        _ => reading.hit(format!("{title}: {} replicas", object.replicas)),
    }
}

/// What a deployment is before it goes back.
fn present(object: &Object) -> String {
    format!("{}: revision {}, {}", object.title(), object.revision, object.images.join(", "))
}

/// A value that only the shell knows is not guessed.
fn shown(text: &str) -> &str {
    if text.is_empty() || is_open(text) { "what its variable holds" } else { text }
}

fn set_images(new: &[(String, String)], undo: Option<&str>, object: &Object, reading: &mut Reading) {
    let title = object.title();
    let mut back = String::new();
    for (at, container) in object.containers.iter().enumerate() {
        let Some((_, image)) = new.iter().find(|(name, _)| name == container || name == "*") else {
            continue;
        };
        let old = object.images.get(at).map_or("", String::as_str);
        reading.set(&format!("{title} image of {container}"), old, shown(image));
        back.extend([" ", &quoted(&format!("{container}={old}"))]);
    }
    for (name, _) in new.iter().filter(|(name, _)| name != "*" && !is_open(name)) {
        if !object.containers.iter().any(|container| container == name) {
            reading
                .zero(format!("{title} has no container `{name}`: it has {}", object.containers.join(", ")));
        }
    }
    if back.is_empty() {
        return;
    }
    let pods = object.replicas.parse().unwrap_or(0);
    reading.hit(format!("{title}: {} start anew", count(pods, "pod", "pods")));
    if let Some(undo) = undo {
        reading.undo(Undo::Command(format!("{undo} {}{back}", object.words())));
    }
}

fn scalers_read(made: bool, answer: &Answer, reading: &mut Reading) {
    if answer.failed("the autoscalers", reading) {
        return;
    }
    for row in answer.rows() {
        let [namespace, name, kind, target, min, max] = columns(row)[..] else { continue };
        let Some(object) = reading.objects.iter().find(|object| {
            object.kind.eq_ignore_ascii_case(kind) && object.name == target && object.namespace == namespace
        }) else {
            continue;
        };
        let title = object.title();
        let words = format!("autoscaler {name} keeps {title} between {} and {max} replicas", or_one(min));
        if made {
            reading.hit(format!("{words} already"));
        } else {
            reading.undone_by(words);
        }
    }
}

fn or_one(min: &str) -> &str {
    if min.is_empty() { "1" } else { min }
}

fn revisions(to: Option<u64>, answer: &Answer, reading: &mut Reading) {
    if answer.failed("the revisions", reading) {
        return;
    }
    let objects: Vec<_> = reading.objects.iter().filter(|one| one.kind == "deployment").cloned().collect();
    for object in objects {
        let now = object.revision.parse::<u64>().unwrap_or(u64::MAX);
        let mut found: Option<(u64, String)> = None;
        for row in answer.rows() {
            let [namespace, owner, revision, images] = columns(row)[..] else { continue };
            let Ok(revision) = revision.parse::<u64>() else { continue };
            let fits = match to {
                Some(to) => revision == to,
                None => revision < now && found.as_ref().is_none_or(|(best, _)| revision > *best),
            };
            if fits && owner == object.name && namespace == object.namespace {
                found = Some((revision, images.to_owned()));
            }
        }
        let title = object.title();
        match found {
            Some((revision, images)) => {
                let now = object.images.join(",");
                reading.set(&format!("{title} image"), &now, &images);
                if now == images {
                    reading.undone_by(format!(
                        "revision {revision} has the same image ({images}): no earlier release comes back"
                    ));
                }
                // What it is now is said with what it will be.
                let now = present(&object);
                reading.effect.hits.retain(|hit| *hit != now);
                reading.hit(format!("{title}: revision {} → {revision}", object.revision));
            }
            None => reading.zero(format!("{title} has no earlier revision")),
        }
    }
}

fn variables(new: &[(String, Option<String>)], undo: Option<&str>, answer: &Answer, reading: &mut Reading) {
    if answer.failed("the environment", reading) {
        return;
    }
    let mut back = String::new();
    let mut secret = false;
    for (name, value) in new {
        let prefix = format!("{name}=");
        let old = answer.rows().find_map(|row| row.strip_prefix(prefix.as_str()));
        let told = old
            .or_else(|| answer.rows().any(|row| row.starts_with(&format!("# {name} from "))).then_some("…"));
        reading.set(name, old.unwrap_or("not set"), value.as_deref().map_or("taken away", shown));
        secret |= crate::domain::secret::looks_secret(name) || told == Some("…");
        match old {
            Some(old) => back.extend([" ", &quoted(&format!("{name}={old}"))]),
            None => back.extend([" ", &quoted(&format!("{name}-"))]),
        }
    }
    match undo {
        // A secret's old value is written nowhere.
        Some(undo) if !secret && !back.is_empty() => reading.undo(Undo::Command(format!("{undo}{back}"))),
        _ => reading.undo(Undo::Words("roll back to the revision before".to_owned())),
    }
}

fn limits(new: &[(String, String)], undo: Option<&str>, answer: &Answer, reading: &mut Reading) {
    if answer.failed("the resources", reading) {
        return;
    }
    let rows: Vec<_> = answer.rows().map(columns).filter(|row| row.len() == 6).collect();
    let mut back = String::new();
    for row in &rows {
        let [name, _, cells @ ..] = row.as_slice() else { continue };
        for (what, value) in new {
            let at = ["limits.cpu", "limits.memory", "requests.cpu", "requests.memory"]
                .iter()
                .position(|one| one == what);
            let old = at.and_then(|at| cells.get(at)).copied().unwrap_or_default();
            reading.set(
                &format!("{name} {what}"),
                if old.is_empty() { "not set" } else { old },
                shown(value),
            );
            if let Some((group, key)) = what.split_once('.') {
                let old = if old.is_empty() { "0" } else { old };
                back.extend([" --", group, "=", &quoted(&format!("{key}={old}"))]);
            }
        }
    }
    let single = matches!(rows.as_slice(), [row] if row.get(1).is_some_and(|names| !names.contains(',')));
    match undo {
        Some(undo) if single && !new.is_empty() => reading.undo(Undo::Command(format!("{undo}{back}"))),
        _ => reading.undo(Undo::Words("roll back to the revision before".to_owned())),
    }
}
