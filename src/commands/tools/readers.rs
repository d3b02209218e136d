//! Tools that only look, and the options under which they do more.
use super::rules::{C, D, R, Seen, mark};
use super::{Input, Meaning};

pub(super) fn judge(seen: &Seen<'_>, meaning: &mut Meaning) {
    meaning.subcommand = None;
    let args = &seen.args;
    let in_place = args.has("-i --inplace --in-place");
    match seen.tool {
        "yq" | "jq" | "xmllint" if in_place && seen.tool == "yq" || args.has("--in-place --inplace") => {
            meaning.set(C, "changes a file in place");
            meaning.mark(mark::WRITES);
        }
        "sort" | "xmllint" if args.get("-o --output").is_some() => {
            meaning.set(C, "writes a file");
            meaning.mark(mark::WRITES);
        }
        "uniq" | "xxd" if args.operands.len() > 1 => {
            meaning.set(C, "writes a file");
            meaning.mark(mark::WRITES);
        }
        "rg" if args.get("--pre").is_some() => meaning.set(C, "runs a program on every file"),
        "ss" if args.has("-K --kill") => meaning.set(D, "ends connections"),
        "printenv" => meaning.mark(mark::SECRET),
        "sleep" | "wait" => meaning.why = "waits".into(),
        "echo" | "printf" => meaning.why = "prints".into(),
        "free" if args.get("-s --seconds").is_some() && args.get("-c --count").is_none() => {
            meaning.mark(mark::E);
        }
        "lsof" if args.options.iter().any(|option| option.short == Some('r')) => meaning.mark(mark::E),
        "nslookup" if args.operands.is_empty() && seen.input == Input::Nothing => meaning.mark(mark::I),
        "fzf" => meaning.mark(mark::I),
        "trivy" | "grype" | "syft" | "kubescape" | "conftest" => scanner(seen, meaning),
        _ => {}
    }
    if matches!(seen.tool, "ps" | "pgrep") {
        meaning.why = "lists processes".into();
    }
}

/// Scanners keep a cache, and some serve.
fn scanner(seen: &Seen<'_>, meaning: &mut Meaning) {
    match (seen.args.operand(0), seen.args.operand(1)) {
        ("server", _) => {
            meaning.set(C, "serves until it is stopped");
            meaning.mark(mark::E);
        }
        ("clean", _) | (_, "delete") => meaning.set(C, "deletes its own cache"),
        ("plugin" | "module" | "push" | "pull" | "vex" | "registry" | "operator" | "submit", _)
        | ("db", "update" | "import") => {
            meaning.set(C, "changes the scanner's own data");
        }
        _ => {
            meaning.set(R, "looks for weak spots");
            if seen.args.get("-o --output --file").is_some() {
                meaning.mark(mark::WRITES);
            }
        }
    }
}

pub(super) fn ipcrm(_: &Seen<'_>, meaning: &mut Meaning) {
    *meaning = Meaning::new(D, "deletes shared memory or queues that programs use", mark::NONE);
}
