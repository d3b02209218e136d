//! A closer look at tools that build and run platforms.
use super::rules::{C, D, R, Seen, mark};
use super::{Meaning, Nested, Through, words};

pub(super) fn helm(seen: &Seen<'_>, meaning: &mut Meaning) {
    let sets = seen.args.all("--set --set-string --set-file --set-json").filter_map(|option| option.value);
    let zero = |text: &str| {
        text.split(',').any(|one| {
            one.split_once('=').is_some_and(|(name, value)| {
                value == "0" && words::parts(name).iter().any(|part| part.starts_with("replica"))
            })
        })
    };
    for text in sets {
        if words::carries_secret(text) {
            meaning.mark(mark::SECRET);
        }
        if zero(text) {
            meaning.raise(D, "scales to zero: nothing is left running");
        }
    }
    if seen.verb() == "secrets"
        && matches!(seen.args.operand(1), "install" | "upgrade" | "uninstall" | "rollback")
    {
        let risk = if seen.args.operand(1) == "uninstall" { D } else { C };
        meaning.set(risk, "changes a release, with secrets");
    }
}

pub(super) fn terraform(seen: &Seen<'_>, meaning: &mut Meaning) {
    let args = &seen.args;
    let verb = args.operand(0);
    let asks = matches!(verb, "apply" | "destroy");
    let planned = verb == "apply" && args.operands.len() > 1;
    if asks
        && !planned
        && !args.has("-auto-approve --auto-approve --terragrunt-non-interactive -input --non-interactive")
    {
        meaning.mark(mark::I);
    }
    if asks
        && args.get("-input --input").is_some_and(|option| option.value == Some("false"))
        && args.has("-auto-approve --auto-approve")
    {
        meaning.traits.interactive = false;
    }
    if verb == "apply" && args.has("-destroy --destroy") {
        meaning.set(D, "destroys infrastructure");
    }
    if verb == "force-unlock" && args.has("-force --force") {
        meaning.traits.interactive = false;
    }
    if verb == "fmt" && args.has("-check --check") {
        meaning.set(R, "only checks how files are written");
        meaning.traits.writes_file = false;
    }
    if verb == "plan" && args.get("-out --out").is_some() {
        meaning.mark(mark::WRITES);
    }
    if args.all("-var --var").filter_map(|option| option.value).any(words::carries_secret) {
        meaning.mark(mark::SECRET);
    }
    if verb == "output" && args.has("-raw --raw -json --json") {
        meaning.mark(mark::SECRET);
    }
}

pub(super) fn nomad(seen: &Seen<'_>, meaning: &mut Meaning) {
    if seen.args.operand(0) == "job"
        && seen.args.operand(1) == "scale"
        && seen.args.operands.last().is_some_and(|word| word.text == "0")
    {
        meaning.set(D, "scales to zero: nothing is left running");
    }
    if seen.args.operand(0) == "alloc" && seen.args.operand(1) == "exec" {
        // Options end at the allocation; what follows is the command.
        let wanted = seen.args.operands.get(3);
        let at = wanted.and_then(|wanted| seen.words.iter().position(|word| std::ptr::eq(word, *wanted)));
        let words = at.and_then(|at| seen.words.get(at..)).unwrap_or_default();
        if !words.is_empty() {
            meaning.set(R, "runs a command in an allocation");
            meaning.traits.opaque = false;
            meaning.runs(words, Through::Elsewhere);
        }
    }
}

/// With `-y` nothing is asked.
pub(super) fn mesh(seen: &Seen<'_>, meaning: &mut Meaning) {
    if seen.args.has("-y --skip-confirmation") {
        meaning.traits.interactive = false;
    }
}

/// The answer stands among the options.
pub(super) fn confirmed(seen: &Seen<'_>, meaning: &mut Meaning) {
    if seen.args.has("--confirm -f --force") {
        meaning.traits.interactive = false;
    }
}

/// kubeseal and sops work on a stream.
pub(super) fn seal(seen: &Seen<'_>, meaning: &mut Meaning) {
    match seen.tool {
        "kubeseal" => *meaning = Meaning::new(R, "encrypts a secret", mark::SECRET),
        "sops" => {
            let changes = seen.args.has("-i --in-place -r --rotate")
                || seen.args.operands.len() == 1 && !seen.args.has("-d --decrypt -e --encrypt");
            let first = seen.args.operand(0);
            *meaning = match first {
                "exec-env" | "exec-file" => {
                    let mut inner = Meaning::new(R, "runs a command with secrets", mark::SECRET);
                    inner
                        .nested
                        .extend(seen.args.operands.get(2).map(|word| Nested::Shell(word.text.clone())));
                    inner
                }
                _ if changes => Meaning::new(C, "changes a file of secrets", mark::SECRET | mark::I),
                _ => Meaning::new(R, "prints secrets", mark::SECRET),
            };
        }
        _ => {}
    }
}

pub(super) fn context(seen: &Seen<'_>, meaning: &mut Meaning) {
    let lists = seen.args.operands.is_empty() && !seen.args.has("-d -u --unset");
    *meaning = if lists || seen.args.has("-c --current") {
        Meaning::new(R, "lists contexts or namespaces", mark::NONE)
    } else if seen.args.has("-d") {
        Meaning::new(D, "deletes a context", mark::NONE)
    } else {
        Meaning::new(C, "switches the context or namespace: every later command goes elsewhere", mark::NONE)
    };
}

pub(super) fn stern(seen: &Seen<'_>, meaning: &mut Meaning) {
    let ends = seen.args.has("--no-follow");
    *meaning = Meaning::new(R, "follows logs until it is stopped", if ends { mark::NONE } else { mark::E });
}
