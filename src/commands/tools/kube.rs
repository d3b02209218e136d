//! A closer look at kubectl and oc: what is deleted, patched, applied, and what runs in a pod.
use super::args::UNKNOWN;
use super::rules::{C, D, R, Seen, mark};
use super::{Input, Meaning, Nested, Through, Word, words};

mod object;

pub(super) fn judge(seen: &Seen<'_>, meaning: &mut Meaning) {
    match seen.verb() {
        "exec" => exec(seen, meaning),
        "rsh" => nested(seen, seen.args.rest, "opens a shell in a pod", meaning),
        "debug" => debug(seen, meaning),
        "run" => run(seen, meaning),
        "cp" => copy(seen, meaning),
        "get" => get(seen, meaning),
        "delete" => delete(seen, meaning),
        "patch" => patch(seen, meaning),
        "apply" | "create" | "replace" => files(seen, meaning),
        "rollout" => every(seen, meaning),
        "taint" => taint(seen, meaning),
        "scale" => scale(seen, meaning),
        "set" => set(seen, meaning),
        "adm" => adm(seen, meaning),
        "rook-ceph" | "rook" | "cnpg" | "virt" => plugin(seen, meaning),
        _ => {}
    }
}

/// The words from this operand on, options included.
fn from<'a>(seen: &Seen<'a>, operand: usize) -> &'a [Word] {
    let Some(wanted) = seen.args.operands.get(operand) else { return &[] };
    let at = seen.words.iter().position(|word| std::ptr::eq(word, *wanted));
    at.and_then(|at| seen.words.get(at..)).unwrap_or_default()
}

fn strip(words: &[Word]) -> &[Word] {
    match words.first() {
        Some(word) if word.text == "--" => words.get(1..).unwrap_or_default(),
        _ => words,
    }
}

fn nested(seen: &Seen<'_>, words: &[Word], bare: &'static str, meaning: &mut Meaning) {
    let words = strip(words);
    meaning.through = Through::Elsewhere;
    match (words.is_empty(), seen.input) {
        (false, _) => {
            meaning.set(R, "runs a command in a pod");
            meaning.runs(words, Through::Elsewhere);
        }
        (true, Input::Text(text)) => {
            meaning.set(R, "runs a shell's text in a pod");
            meaning.nested.push(Nested::Shell(text.to_owned()));
        }
        (true, _) => {
            meaning.set(C, bare);
            meaning.mark(mark::I | mark::OPAQUE);
        }
    }
}

fn exec(seen: &Seen<'_>, meaning: &mut Meaning) {
    // The old form names the command without `--`.
    let words = if seen.args.dashes { seen.args.rest } else { from(seen, 2) };
    nested(seen, words, "runs a command in a pod", meaning);
}

fn debug(seen: &Seen<'_>, meaning: &mut Meaning) {
    let node = seen.object(0).starts_with("node/") || seen.object(0).starts_with("no/");
    if node {
        meaning.set(C, "starts a pod with all rights on the node");
    }
    if seen.args.rest.is_empty() {
        meaning.mark(mark::I | mark::OPAQUE);
        meaning.through = Through::Elsewhere;
    } else {
        meaning.runs(seen.args.rest, Through::Elsewhere);
    }
}

fn run(seen: &Seen<'_>, meaning: &mut Meaning) {
    let words = if seen.args.dashes { seen.args.rest } else { from(seen, 2) };
    meaning.through = Through::Elsewhere;
    let image = seen.args.value("--image").unwrap_or_default();
    let command =
        if seen.args.has("--command") { words.to_vec() } else { super::docker::in_image(image, words) };
    if words.is_empty() && seen.args.has("-i --stdin -t --tty") {
        meaning.mark(mark::I | mark::OPAQUE);
    } else if !words.is_empty() {
        meaning.runs(&command, Through::Elsewhere);
    }
}

fn copy(seen: &Seen<'_>, meaning: &mut Meaning) {
    let (from, to) = (seen.object(0), seen.object(1));
    if from.contains(':') && !to.contains(':') && !to.is_empty() {
        meaning.set(R, "copies files out of a pod to here");
        meaning.mark(mark::WRITES);
    }
}

/// The kinds that an object argument names: `pod/x`, `deploy,svc`.
fn kinds(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(|one| one.split('/').next().unwrap_or(one).split('.').next().unwrap_or(one))
}

fn is(kind: &str, names: &str) -> bool {
    names.split_whitespace().any(|name| kind.eq_ignore_ascii_case(name))
}

fn get(seen: &Seen<'_>, meaning: &mut Meaning) {
    let secrets = seen.objects().any(|word| kinds(&word.text).any(|kind| is(kind, "secret secrets")));
    let printed = seen.args.value("-o --output").is_some_and(|form| !matches!(form, "wide" | "name"))
        || seen.args.has("--template");
    if secrets && printed {
        meaning.mark(mark::SECRET);
        meaning.set(R, "prints secrets");
    }
    if seen.args.value("--raw").is_some_and(|path| path.contains("/secrets")) {
        meaning.mark(mark::SECRET);
    }
}

/// A pod alone is started again by its controller, so that deleting one is a restart; everything else is gone.
fn delete(seen: &Seen<'_>, meaning: &mut Meaning) {
    let first = seen.object(0);
    let bare_kind = !first.contains('/');
    let pods = seen.objects().take(if bare_kind { 1 } else { usize::MAX });
    let only_pods = !first.is_empty()
        && pods.into_iter().all(|word| kinds(&word.text).all(|kind| is(kind, "pod pods po")));
    let hard = seen.args.has("--force --now --all -A --all-namespaces")
        || matches!(seen.args.value("--grace-period"), Some("0" | "1"));
    let finished = seen.args.value("--field-selector").is_some_and(|selector| {
        matches!(
            selector,
            "status.phase=Succeeded"
                | "status.phase=Failed"
                | "status.phase==Succeeded"
                | "status.phase==Failed"
        )
    });
    let selected = seen.args.has("-l --selector --field-selector") || bare_kind && seen.object(1).is_empty();
    if !only_pods || seen.args.has("-f --filename -k --kustomize") {
        let what = if first.is_empty() { "what the files name" } else { first };
        meaning.set(D, format!("deletes {}", what.replace(UNKNOWN, "…")));
    } else if hard && (!finished || seen.args.has("--force --now --all")) {
        meaning.set(D, "deletes pods at once, without letting them end, or all of them");
    } else if finished {
        meaning.set(C, "deletes pods that have ended, and their logs");
    } else if selected {
        meaning.set(D, "deletes every pod that is selected, at the same time");
    } else {
        meaning.set(C, "deletes a pod: its controller starts a new one, its logs are gone");
    }
}

fn patch(seen: &Seen<'_>, meaning: &mut Meaning) {
    let kind = seen.object(0);
    let secret = kinds(kind).any(|kind| is(kind, "secret secrets"));
    let text = seen.args.value("-p --patch");
    match text {
        Some(text) => object::patch(kind, text).into_iter().for_each(|why| meaning.raise(D, why)),
        None => meaning.mark(mark::OPAQUE),
    }
    if secret {
        meaning.mark(mark::SECRET);
        // Labels and notes of a secret are not what is used of it.
        if text.is_none_or(|text| !text.contains("metadata") || text.replace("metadata", "").contains("ata"))
        {
            meaning.raise(D, "replaces a secret: whoever uses the old one is cut off");
        }
    }
}

/// What `apply`, `create` and `replace` are fed.
fn files(seen: &Seen<'_>, meaning: &mut Meaning) {
    if meaning.subcommand.as_deref() == Some("apply view-last-applied") {
        return;
    }
    let literal = seen.args.all("--from-literal").any(|option| option.value.is_some());
    if literal && seen.object(0) == "secret" {
        meaning.mark(mark::SECRET);
    }
    for file in seen.args.all("-f --filename -k --kustomize").filter_map(|option| option.value) {
        let stdin = file == "-" || file == "/dev/stdin";
        match (stdin, seen.input) {
            (true, Input::Text(text)) => {
                if let Some(why) = object::manifest(text) {
                    meaning.raise(D, why);
                }
                if object::has_secret(text) {
                    meaning.mark(mark::SECRET);
                    if seen.verb() != "create" {
                        meaning.raise(D, "replaces a secret: whoever uses the old one is cut off");
                    }
                }
            }
            (true, _) => meaning.mark(mark::OPAQUE),
            (false, _) if object::denies_by_name(file) => {
                meaning.raise(D, "by its name, it cuts workloads off from the network");
            }
            (false, _) if file.starts_with("http://") || file.starts_with("https://") => {
                meaning.mark(mark::OPAQUE);
            }
            _ => {}
        }
    }
}

/// `rollout restart deployment` without a name is every deployment of the namespace.
fn every(seen: &Seen<'_>, meaning: &mut Meaning) {
    let verb = seen.args.operand(1);
    let first = seen.object(0);
    let named =
        first.contains('/') || !seen.object(1).is_empty() || seen.args.has("-f --filename -l --selector -k");
    let acts = matches!(verb, "restart" | "undo" | "pause");
    if acts && !first.is_empty() && !named && !first.contains(UNKNOWN) {
        meaning.raise(D, format!("every {first} of the namespace, as no name is given"));
    }
}

fn taint(seen: &Seen<'_>, meaning: &mut Meaning) {
    if seen.objects().any(|word| word.text.contains("NoExecute") && !word.text.ends_with('-')) {
        meaning.raise(D, "evicts the pods that do not tolerate it");
    }
}

fn scale(seen: &Seen<'_>, meaning: &mut Meaning) {
    let many = seen.args.has("--all") || seen.args.has("-l --selector");
    if seen.args.value("--replicas").is_some_and(|value| value.trim_start_matches('0').is_empty()) {
        meaning.raise(D, "scales to zero: nothing is left running");
    } else if many {
        meaning.set(C, "changes how many replicas run, of all that are selected");
    }
}

fn set(seen: &Seen<'_>, meaning: &mut Meaning) {
    if seen.objects().any(|word| words::carries_secret(&word.text)) {
        meaning.mark(mark::SECRET);
    }
    let zero =
        |text: &str| text.split(',').any(|one| one.rsplit('=').next().is_some_and(|value| value == "0"));
    if seen.args.all("--limits --requests").filter_map(|option| option.value).any(zero) {
        meaning.raise(D, "sets a limit to zero");
    }
    if seen.args.has("--list") && seen.args.operand(1) == "env" {
        meaning.set(R, "lists the environment");
    }
}

fn adm(seen: &Seen<'_>, meaning: &mut Meaning) {
    match (seen.args.operand(1), seen.args.operand(2)) {
        ("policy", verb) if verb.starts_with("remove-") => meaning.raise(D, "takes rights away"),
        ("taint", _) => taint(seen, meaning),
        ("must-gather", _) if !seen.args.rest.is_empty() => meaning.runs(seen.args.rest, Through::Elsewhere),
        _ => {}
    }
}

fn plugin(seen: &Seen<'_>, meaning: &mut Meaning) {
    let inner = from(seen, 1);
    if seen.verb().starts_with("rook") && matches!(seen.args.operand(1), "ceph" | "rbd" | "radosgw-admin") {
        meaning.set(R, "runs a command of the storage cluster");
        meaning.runs(inner, Through::Elsewhere);
    } else if seen.verb() == "cnpg" && seen.args.operand(1) == "psql" {
        meaning.set(R, "opens a console of the database");
        let mut words = from(seen, 1).get(..1).unwrap_or_default().to_vec();
        words.extend_from_slice(seen.args.rest);
        meaning.runs(&words, Through::Elsewhere);
    }
}

/// What `kubectl create KIND … --dry-run -o yaml` prints for the next command of a pipe, as far as that matters.
pub(super) fn prints(seen: &Seen<'_>) -> Option<String> {
    let made =
        seen.verb() == "create" && seen.args.has("--dry-run") && seen.args.get("-o --output").is_some();
    let kind = seen.args.operand(1);
    let mut letters = kind.chars();
    let first = letters.next().filter(char::is_ascii_alphabetic)?;
    made.then(|| format!("kind: {}{}\n", first.to_ascii_uppercase(), letters.as_str()))
}
