//! What objects would become: files that are applied, patches, labels.
use serde_json::Value;

use super::super::answer::columns;
use super::super::calls::Input;
use super::super::place::{Layer, Place};
use super::super::raw::is_open;
use super::super::{Answer, At, Reading, Undo};
use super::{PLACE, of_objects};

/// Fields of one patch that are compared.
const FIELDS: usize = 12;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sort {
    /// `kubectl diff`.
    Diff,
    /// What the server says to a dry run.
    DryRun,
    /// The fields' names, and what they would hold.
    Fields { fields: Vec<(String, String)> },
}

fn kube(sort: Sort) -> super::super::Sort {
    super::super::Sort::Kube(super::Sort::Manifest(sort))
}

pub(super) fn look(at: &mut At<'_>) {
    match at.args.operand(0) {
        "apply" | "replace" => files(at),
        "create" => dry_run(at),
        "patch" => {
            patch(at);
            dry_run(at);
        }
        "label" => marks(at, "labels"),
        "annotate" => marks(at, "annotations"),
        _ => at.unlooked(),
    }
}

fn reads_input(at: &At<'_>) -> bool {
    at.args.all("-f --filename").any(|option| matches!(option.value, Some("-" | "/dev/stdin")))
}

fn files(at: &mut At<'_>) {
    let options = at.options("-f --filename -k --kustomize -R --recursive -l --selector --server-side --force-conflicts --field-manager");
    let feed = if reads_input(at) { at.feed() } else { Some(String::new()) };
    let Some(feed) = feed else {
        return at.unknown("what it is fed with is not seen before it runs");
    };
    if options.is_empty() {
        return at.unlooked();
    }
    let ask = format!("{} diff{}{options}", at.program(), at.options(PLACE));
    let place = if feed.is_empty() { at.place().clone() } else { fed(at, &feed) };
    at.ask_in(&place, &ask, kube(Sort::Diff));
    if at.has("--prune") {
        at.unknown("what `--prune` would delete is not compared");
    }
    if at.has("--force") {
        at.drops("an object that cannot be changed is deleted and made anew");
    }
    if !reads_input(at) {
        let files = at.options("-f --filename -k --kustomize -R --recursive");
        let evidence = format!("{} get{}{files} -o wide", at.program(), at.options(PLACE));
        at.evidence(&evidence);
    }
    at.undo("apply what is kept of the objects as they were");
}

/// The place with a pipe in front of its innermost words.
fn fed(at: &At<'_>, feed: &str) -> Place {
    at.place().around(Layer::Around(feed.to_owned(), String::new()))
}

/// The same words once more, as a dry run of the server.
fn dry_run(at: &mut At<'_>) {
    let forced = at.has("--force") || at.args.get("--dry-run").is_some();
    let feed = if reads_input(at) { at.feed() } else { Some(String::new()) };
    let Some(feed) = feed.filter(|_| !forced) else {
        return at.unknown("what the server would say to it is not known before");
    };
    let drop =
        at.args.get("-o --output").map(|option| (option.at + 1, option.at + 1 + usize::from(option.two)));
    let words: Vec<_> = at
        .found
        .words
        .iter()
        .enumerate()
        .filter(|(place, _)| drop.is_none_or(|(from, to)| *place < from || *place > to))
        .map(|(_, word)| word.source.as_str())
        .collect();
    // Words behind `--` belong to a container's command; options stand in front of them.
    let cut = words.iter().position(|word| *word == "--").unwrap_or(words.len());
    let (front, behind) = words.split_at(cut);
    let mut ask = format!("{} --dry-run=server -o name", front.join(" "));
    for word in behind {
        ask.push(' ');
        ask.push_str(word);
    }
    let place = if feed.is_empty() { at.place().clone() } else { fed(at, &feed) };
    at.ask_in(&place, &ask, kube(Sort::DryRun));
    if matches!(at.input(), Input::Unseen) && reads_input(at) {
        at.unknown("what it is fed with is not seen before it runs");
    }
}

fn patch(at: &mut At<'_>) {
    let Some(text) = at.value("-p --patch") else {
        return at.unknown("what its patch holds is not seen before it runs");
    };
    let mut fields = Vec::new();
    let read = match serde_json::from_str::<Value>(text) {
        Ok(Value::Array(list)) => list.iter().take(FIELDS).all(|one| operation(one, &mut fields)),
        Ok(value @ Value::Object(_)) if !is_open(text) => leaves(&value, "", &mut fields, 0),
        _ => false,
    };
    if !read {
        at.unknown("not every field of its patch can be compared");
    }
    compare(at, fields);
}

/// Asks for the fields' values as they are.
fn compare(at: &mut At<'_>, mut fields: Vec<(String, String)>) {
    fields.truncate(FIELDS);
    fields.retain(|(path, _)| !path.contains([',', ' ', '\'']) && path.len() < 200);
    if fields.is_empty() {
        return;
    }
    let mut spec = "custom-columns=KIND:.kind,NAME:.metadata.name".to_owned();
    for (at, (path, _)) in fields.iter().enumerate() {
        spec.extend([",F", &at.to_string(), ":", path]);
    }
    let named: Vec<_> = at.objects(1).into_iter().filter(|arg| !given(&arg.text)).collect();
    let ask = of_objects(at, &named, &spec);
    at.ask(&ask, kube(Sort::Fields { fields }));
}

fn given(text: &str) -> bool {
    text.contains('=') || (text.ends_with('-') && !text.contains('/'))
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => "taken away".to_owned(),
        other => other.to_string(),
    }
}

/// `.metadata.labels.app\.kubernetes\.io/name`.
fn step(path: &str, key: &str) -> String {
    format!("{path}.{}", key.replace('.', "\\."))
}

/// The values of a patch that merges; false where some cannot be named.
fn leaves(value: &Value, path: &str, out: &mut Vec<(String, String)>, depth: u8) -> bool {
    match value {
        Value::Object(map) if depth < 12 => {
            let mut all = !map.is_empty();
            for (key, value) in map {
                all &= leaves(value, &step(path, key), out, depth + 1);
            }
            all
        }
        Value::Object(_) | Value::Array(_) => false,
        _ if out.len() < FIELDS => {
            out.push((path.to_owned(), shown(value)));
            true
        }
        _ => false,
    }
}

/// One operation of a JSON patch.
fn operation(value: &Value, out: &mut Vec<(String, String)>) -> bool {
    let text = |key: &str| value.get(key).and_then(Value::as_str);
    let (Some(op), Some(pointer)) = (text("op"), text("path")) else { return false };
    let mut path = String::new();
    for key in pointer.split('/').skip(1) {
        let key = key.replace("~1", "/").replace("~0", "~");
        if key == "-" {
            return false;
        }
        if key.bytes().all(|byte| byte.is_ascii_digit()) && !key.is_empty() {
            path.extend(["[", &key, "]"]);
        } else {
            path = step(&path, &key);
        }
    }
    let new = match op {
        "remove" => "taken away".to_owned(),
        "add" | "replace" => value.get("value").map(shown).unwrap_or_default(),
        "test" => return true,
        _ => return false,
    };
    if path.is_empty() {
        return false;
    }
    out.push((path, new));
    true
}

fn marks(at: &mut At<'_>, kind: &str) {
    let mut fields = Vec::new();
    for arg in at.objects(1) {
        let (name, value) = match arg.text.split_once('=') {
            Some((name, value)) => (name, value),
            None if given(&arg.text) => (arg.text.trim_end_matches('-'), "taken away"),
            None => continue,
        };
        if !is_open(name) && !name.is_empty() {
            fields.push((step(&format!(".metadata.{kind}"), name), value.to_owned()));
        }
    }
    if fields.is_empty() {
        return at.unlooked();
    }
    compare(at, fields);
}

pub(super) fn read(sort: &Sort, answer: &Answer, reading: &mut Reading) {
    match sort {
        Sort::Diff => diff(answer, reading),
        Sort::DryRun => match answer.failure() {
            Some(why) => reading.unknown(format!("the server would not take it: {why}")),
            None => {
                for row in answer.rows() {
                    reading.hit(format!("the server would take it: {row}"));
                }
            }
        },
        Sort::Fields { fields } => compared(fields, answer, reading),
    }
}

fn compared(fields: &[(String, String)], answer: &Answer, reading: &mut Reading) {
    if answer.failed("the fields as they are", reading) {
        return;
    }
    let mut any = false;
    for row in answer.rows() {
        let cells = columns(row);
        let [kind, name, old @ ..] = cells.as_slice() else { continue };
        if old.len() != fields.len() {
            reading.unknown(format!("{kind} {name}: its fields cannot be told apart"));
            continue;
        }
        any = true;
        reading.hit(format!("{} {name}", kind.to_lowercase()));
        for ((path, new), old) in fields.iter().zip(old) {
            let new = if is_open(new) { "what its variable holds" } else { new };
            let what = format!(
                "{} {name} {}",
                kind.to_lowercase(),
                path.trim_start_matches('.').replace("\\.", ".")
            );
            reading.set(&what, if old.is_empty() { "not set" } else { old }, new);
        }
    }
    if any {
        reading.undo(Undo::Words("set the fields back to what they hold now".to_owned()));
    } else {
        reading.zero("no such object is selected");
    }
}

/// Fields whose change is worth a line of its own.
const TELLING: [&str; 9] =
    ["replicas", "image", "cpu", "memory", "type", "storage", "schedule", "suspend", "host"];

/// A unified diff: one part for each object, `- field: old` and `+ field: new`.
fn diff(answer: &Answer, reading: &mut Reading) {
    if answer.code > 1 {
        answer.failed("what the objects would become", reading);
        return;
    }
    let mut title = String::new();
    let mut lines = 0_u64;
    let mut gone: Vec<(String, String)> = Vec::new();
    let mut any = false;
    let flush = |title: &str, lines: u64, reading: &mut Reading| {
        if !title.is_empty() {
            reading.hit(format!("{title}: {lines} lines would change"));
        }
    };
    for line in answer.lines() {
        if let Some(rest) = line.strip_prefix("diff ") {
            flush(&title, lines, reading);
            title = rest.split_whitespace().last().map(object).unwrap_or_default();
            (lines, any) = (0, true);
            gone.clear();
            continue;
        }
        if line.starts_with("--- ") || line.starts_with("+++ ") {
            continue;
        }
        let field = |rest: &str| {
            let (name, value) = rest.trim().trim_start_matches("- ").split_once(": ")?;
            TELLING.contains(&name).then(|| (name.to_owned(), value.trim().to_owned()))
        };
        if let Some(rest) = line.strip_prefix('-') {
            lines += 1;
            gone.extend(field(rest).filter(|_| gone.len() < 50));
        } else if let Some(rest) = line.strip_prefix('+') {
            lines += 1;
            if let Some((name, new)) = field(rest) {
                let old = gone.iter().position(|(known, _)| *known == name).map(|at| gone.remove(at).1);
                reading.set(&format!("{title} {name}"), old.as_deref().unwrap_or("not set"), &new);
            }
        }
    }
    flush(&title, lines, reading);
    if answer.is_cut() {
        reading.unknown("the difference is too long to be read whole");
    }
    match (any, answer.code) {
        (false, 0) => reading.zero("the objects are already as it says"),
        (false, _) => {
            answer.failed("what the objects would become", reading);
        }
        (true, _) => {}
    }
}

/// `…/MERGED-123/apps.v1.Deployment.shop.web` is `deployment shop/web`.
fn object(path: &str) -> String {
    let name = path.rsplit('/').next().unwrap_or_default();
    let parts: Vec<_> = name.split('.').collect();
    let at = parts.iter().position(|part| part.starts_with(|sign: char| sign.is_ascii_uppercase()));
    let Some((at, kind)) = at.and_then(|at| Some((at, parts.get(at)?))) else { return name.to_owned() };
    let rest = parts.get(at + 1..).unwrap_or_default();
    match rest.split_first() {
        Some((namespace, name)) if !namespace.is_empty() => {
            format!("{} {namespace}/{}", kind.to_lowercase(), name.join("."))
        }
        _ => format!("{} {}", kind.to_lowercase(), rest.join(".").trim_start_matches('.')),
    }
}
