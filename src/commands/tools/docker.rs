//! A closer look at docker, podman and compose: what runs in a container, and from which image.
use super::rules::{self, C, D, R, Seen, mark};
use super::{Call, Input, Meaning, Nested, Through, Word, is_known, tables};

pub(super) fn judge(seen: &Seen<'_>, meaning: &mut Meaning) {
    let management = usize::from(seen.verb() == "container");
    match seen.args.operand(management) {
        "compose" => compose(seen, meaning),
        "exec" => exec(seen, meaning),
        "run" => run(seen, seen.args.operand(management + 1), meaning),
        "stats" if seen.args.has("--no-stream") => {
            meaning.traits.endless = false;
            meaning.traits.long_running = false;
        }
        "cp" => copy(seen, management + 1, meaning),
        "update" | "service" | "scale" => scale_to_zero(seen, meaning),
        "kill" => signal(seen, meaning),
        _ if seen.args.operand(1) == "prune" && !seen.args.has("-f --force") => meaning.mark(mark::I),
        "inspect" | "secret" if seen.args.operands.iter().any(|word| word.text.contains("secret")) => {
            meaning.mark(mark::SECRET);
        }
        "unshare" if !seen.args.rest.is_empty() => meaning.runs(seen.args.rest, Through::Here),
        _ => {}
    }
}

/// `docker compose …` is judged as docker-compose is.
fn compose(seen: &Seen<'_>, meaning: &mut Meaning) {
    let Some(at) = seen.words.iter().position(|word| word.text == "compose") else { return };
    let call = Call { words: seen.words.get(at..).unwrap_or_default(), input: seen.input };
    let Some(row) = tables::find("docker-compose") else { return };
    *meaning = rules::judge("docker-compose", call, row);
    let verb = meaning.subcommand.take();
    meaning.subcommand = Some(verb.map_or_else(|| "compose".to_owned(), |verb| format!("compose {verb}")));
}

pub(super) fn judge_compose(seen: &Seen<'_>, meaning: &mut Meaning) {
    match seen.verb() {
        "" => meaning.set(R, "shows its help"),
        "exec" => {
            exec(seen, meaning);
            let apart = seen.args.has("-T --no-TTY -d --detach")
                || matches!(seen.input, Input::Text(_) | Input::Unseen);
            if !apart && seen.args.rest.iter().any(|word| is_shell(&word.text)) && seen.args.rest.len() == 1 {
                meaning.mark(mark::I);
            }
        }
        "run" => {
            meaning.through = Through::Elsewhere;
            meaning.runs(seen.args.rest, Through::Elsewhere);
        }
        "up" if !seen.args.has("-d --detach --wait --no-start") => meaning.mark(mark::E),
        "up" | "scale" => scale_to_zero(seen, meaning),
        "cp" => copy(seen, 1, meaning),
        "stats" if seen.args.has("--no-stream") => {
            meaning.traits.endless = false;
            meaning.traits.long_running = false;
        }
        _ => {}
    }
}

fn is_shell(text: &str) -> bool {
    matches!(super::name(text), "sh" | "bash" | "zsh" | "ash" | "dash" | "ksh" | "fish")
}

fn exec(seen: &Seen<'_>, meaning: &mut Meaning) {
    meaning.through = Through::Elsewhere;
    let words = match seen.args.rest.first() {
        Some(word) if word.text == "--" => seen.args.rest.get(1..).unwrap_or_default(),
        _ => seen.args.rest,
    };
    match (words.is_empty(), seen.input) {
        (false, _) => {
            meaning.set(R, "runs a command in a container");
            meaning.runs(words, Through::Elsewhere);
        }
        (true, Input::Text(text)) => meaning.nested.push(Nested::Shell(text.to_owned())),
        (true, _) => meaning.mark(mark::OPAQUE),
    }
}

fn run(seen: &Seen<'_>, image: &str, meaning: &mut Meaning) {
    meaning.through = Through::Elsewhere;
    let rest = seen.args.rest;
    let detached = seen.args.has("-d --detach");
    let strong = seen.args.has("--privileged --pid --cap-add --device");
    let root = seen
        .args
        .all("-v --volume --mount")
        .filter_map(|option| option.value)
        .any(|value| value.starts_with("/:"));
    let command = match seen.args.value("--entrypoint") {
        Some(entry) if !entry.is_empty() => {
            let mut words = vec![Word { text: entry.to_owned(), known: true, bare: true }];
            words.extend_from_slice(rest);
            words
        }
        _ => in_image(image, rest),
    };
    if strong || root {
        meaning.raise(C, "starts a container with rights over the host");
    } else if seen.args.has("--rm") && !detached && !command.is_empty() {
        meaning.set(R, "runs a command in a container of its own, which is then deleted");
    }
    if rest.is_empty() && seen.args.has("-t --tty") && seen.args.value("--entrypoint").is_none() {
        meaning.set(C, "opens a console in a new container");
        meaning.mark(mark::OPAQUE);
        return;
    }
    meaning.runs(&command, Through::Elsewhere);
}

/// What an image runs with these words: its own program, named like the image, unless they name another.
pub(super) fn in_image(image: &str, rest: &[Word]) -> Vec<Word> {
    let name = image.rsplit('/').next().unwrap_or_default();
    let name = name.split(['@', ':']).next().unwrap_or_default();
    let names_tool = rest.first().is_some_and(|word| is_known(word) || word.text.starts_with('/'));
    let program = Word { text: name.to_owned(), known: true, bare: true };
    if names_tool
        && !(is_known(&program)
            && rest.first().is_some_and(|word| !word.text.starts_with('/'))
            && only_tool(name))
    {
        return rest.to_vec();
    }
    let mut words = vec![program];
    words.extend_from_slice(rest);
    words
}

/// Images whose first word is always a verb of their own program.
fn only_tool(name: &str) -> bool {
    matches!(
        name,
        "trivy"
            | "kubectl"
            | "helm"
            | "terraform"
            | "kubesec"
            | "grype"
            | "syft"
            | "git"
            | "vault"
            | "aws-cli"
    )
}

fn copy(seen: &Seen<'_>, at: usize, meaning: &mut Meaning) {
    let (from, to) = (seen.args.operand(at), seen.args.operand(at + 1));
    if from.contains(':') && !to.contains(':') && !to.is_empty() {
        meaning.set(R, "copies files out of a container to here");
        meaning.mark(mark::WRITES);
    }
}

/// `service scale web=0`, `up --scale web=0`.
fn scale_to_zero(seen: &Seen<'_>, meaning: &mut Meaning) {
    let operands = seen.objects().map(|word| word.text.as_str());
    let scales = seen.args.all("--scale").filter_map(|option| option.value);
    if operands.chain(scales).any(|text| text.ends_with("=0")) {
        meaning.raise(D, "scales to zero: nothing is left running");
    }
}

/// `docker kill -s HUP` only tells the process something.
fn signal(seen: &Seen<'_>, meaning: &mut Meaning) {
    if seen.args.value("-s --signal").is_some_and(|name| {
        matches!(name.trim_start_matches("SIG"), "HUP" | "USR1" | "USR2" | "WINCH" | "1" | "10" | "12")
    }) {
        meaning.set(C, "sends a signal to a container");
    }
}
