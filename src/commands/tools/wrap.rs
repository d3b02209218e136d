//! Calls whose meaning is the command that they run.
use super::args::UNKNOWN;
use super::rules::{C, R, Seen, mark};
use super::{Input, Meaning, Nested, Through, Word};

/// The first operand and all behind it.
fn command<'a>(seen: &Seen<'a>) -> &'a [Word] {
    if seen.args.dashes && seen.args.operands.is_empty() {
        return seen.args.rest;
    }
    let Some(first) = seen.args.operands.first() else { return &[] };
    let at = seen.words.iter().position(|word| std::ptr::eq(word, *first));
    at.and_then(|at| seen.words.get(at..)).unwrap_or_default()
}

/// Without `--` in front.
fn strip(words: &[Word]) -> &[Word] {
    match words.first() {
        Some(word) if word.text == "--" => words.get(1..).unwrap_or_default(),
        _ => words,
    }
}

/// Runs these words, or is what it is without any.
fn wrap(words: &[Word], through: Through, meaning: &mut Meaning) {
    meaning.subcommand = None;
    if words.is_empty() {
        meaning.set(R, "runs nothing");
    } else {
        meaning.set(R, "runs a command");
        meaning.runs(words, through);
    }
}

/// Text for a shell, as it would come out of these words joined by blanks.
fn joined(words: &[Word]) -> String {
    words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ")
}

fn plain_letters(text: &str) -> bool {
    text.chars().all(|letter| letter.is_alphanumeric() || "-_=./:,@%+".contains(letter) || letter == UNKNOWN)
}

/// Words that a shell reads again: as words if nothing in them is the shell's, else as text.
fn shelled(words: &[Word], through: Through, meaning: &mut Meaning) {
    meaning.subcommand = None;
    meaning.set(R, "runs a command");
    meaning.through = through;
    if words.iter().all(|word| plain_letters(&word.text)) && words.len() > 1 {
        meaning.nested.push(Nested::Argv(words.to_vec()));
        return;
    }
    let text = joined(words);
    if text.trim_matches(|letter: char| letter == UNKNOWN || letter.is_whitespace()).is_empty() {
        meaning.set(C, "what runs is only known when it runs");
        meaning.mark(mark::OPAQUE);
    } else {
        meaning.nested.push(Nested::Shell(text));
    }
}

pub(super) fn plain(seen: &Seen<'_>, meaning: &mut Meaning) {
    wrap(command(seen), Through::Here, meaning);
    if matches!(seen.tool, "command" | "exec" | "builtin") && seen.args.has("-v -V") {
        *meaning = Meaning::new(R, "says where a command is", mark::NONE);
    }
    if seen.tool == "exec" && seen.args.operands.is_empty() {
        meaning.set(R, "redirects the shell's own output");
    }
}

pub(super) fn nice(seen: &Seen<'_>, meaning: &mut Meaning) {
    let words = command(seen);
    // `taskset 0x3 command` names the mask first.
    let words = if seen.tool == "taskset" && !seen.args.has("-p --pid") && !seen.args.has("-c") {
        strip(seen.args.rest)
    } else {
        words
    };
    wrap(words, Through::Here, meaning);
    if seen.args.has("-p --pid -P -u") {
        meaning.nested.clear();
        meaning.set(C, "changes a running process");
    }
}

pub(super) fn sudo(seen: &Seen<'_>, meaning: &mut Meaning) {
    let words = command(seen);
    let assigned = words.iter().take_while(|word| is_assignment(&word.text)).count();
    wrap(words.get(assigned..).unwrap_or_default(), Through::Here, meaning);
    if seen.args.has("-l --list -v --validate -k -K --version -V") && words.is_empty() {
        meaning.set(R, "asks what is allowed");
    } else if words.is_empty() {
        meaning.set(C, "opens a shell of another user");
        meaning.mark(mark::I | mark::OPAQUE);
    }
    if seen.args.has("-e --edit") {
        meaning.nested.clear();
        meaning.set(C, "changes a file in an editor");
        meaning.mark(mark::I);
    }
}

fn is_assignment(text: &str) -> bool {
    text.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty() && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
    })
}

pub(super) fn su(seen: &Seen<'_>, meaning: &mut Meaning) {
    meaning.subcommand = None;
    if let Some(text) = seen.args.value("-c --command") {
        shelled(&[Word { text: text.to_owned(), known: true, bare: false }], Through::Here, meaning);
    } else if seen.tool == "runuser" && seen.args.has("-u --user") {
        wrap(command(seen), Through::Here, meaning);
    } else if let Input::Text(text) = seen.input {
        meaning.nested.push(Nested::Shell(text.to_owned()));
        meaning.set(R, "runs a command");
    } else {
        meaning.set(C, "opens a shell of another user");
        meaning.mark(mark::I | mark::OPAQUE);
    }
}

pub(super) fn env(seen: &Seen<'_>, meaning: &mut Meaning) {
    if let Some(text) = seen.args.value("-S --split-string") {
        shelled(&[Word { text: text.to_owned(), known: true, bare: false }], Through::Here, meaning);
        return;
    }
    // Options end at the first word that is no assignment; those behind it belong to the command.
    let mut at = 0;
    let mut skip = false;
    for word in seen.words {
        let option = word.text.starts_with('-') && word.text != "-";
        if !skip && !option && !is_assignment(&word.text) && word.text != "-" {
            break;
        }
        skip = !skip && matches!(word.text.as_str(), "-u" | "--unset" | "-C" | "--chdir");
        at += 1;
    }
    let words = seen.words.get(at..).unwrap_or_default();
    if words.is_empty() {
        *meaning = Meaning::new(R, "prints the environment", mark::SECRET);
    } else {
        wrap(words, Through::Here, meaning);
    }
}

/// One operand is the wrapper's own (`timeout 5 …`).
pub(super) fn after_one(seen: &Seen<'_>, meaning: &mut Meaning) {
    wrap(strip(seen.args.rest), Through::Here, meaning);
}

pub(super) fn elsewhere_after_one(seen: &Seen<'_>, meaning: &mut Meaning) {
    wrap(strip(seen.args.rest), Through::Here, meaning);
    if seen.args.rest.is_empty() {
        meaning.set(C, "opens a shell in another root");
        meaning.mark(mark::I | mark::OPAQUE);
    }
}

pub(super) fn elsewhere(seen: &Seen<'_>, meaning: &mut Meaning) {
    let words = command(seen);
    wrap(words, Through::Here, meaning);
    if words.is_empty() {
        meaning.set(C, "opens a shell in another namespace");
        meaning.mark(mark::I | mark::OPAQUE);
    }
}

pub(super) fn flock(seen: &Seen<'_>, meaning: &mut Meaning) {
    let rest = strip(seen.args.rest);
    let shell = rest.first().is_some_and(|word| word.text == "-c" || word.text == "--command");
    match rest.get(1..) {
        Some(text) if shell => shelled(text, Through::Here, meaning),
        _ => wrap(rest, Through::Here, meaning),
    }
}

pub(super) fn watch(seen: &Seen<'_>, meaning: &mut Meaning) {
    let words = command(seen);
    if seen.args.has("-x --exec") {
        wrap(words, Through::Elsewhere, meaning);
    } else {
        shelled(words, Through::Elsewhere, meaning);
    }
    meaning.mark(mark::I | mark::E);
}

pub(super) fn xargs(seen: &Seen<'_>, meaning: &mut Meaning) {
    let mut words = command(seen).to_vec();
    if words.is_empty() {
        meaning.set(R, "prints words");
        return;
    }
    // What comes in is put behind, or in the place of a mark.
    let mark = seen.args.value("-I --replace").or_else(|| seen.args.has("-I --replace -i").then_some("{}"));
    match mark {
        Some(mark) if !mark.is_empty() => {
            for word in &mut words {
                if word.text.contains(mark) {
                    word.text = word.text.replace(mark, &UNKNOWN.to_string());
                    word.known = false;
                }
            }
        }
        _ => words.push(Word { text: UNKNOWN.to_string(), known: false, bare: true }),
    }
    wrap(&words, Through::Elsewhere, meaning);
}

pub(super) fn parallel(seen: &Seen<'_>, meaning: &mut Meaning) {
    let words = command(seen);
    let own = words.iter().take_while(|word| !word.text.starts_with(":::")).count();
    shelled(words.get(..own).unwrap_or_default(), Through::Elsewhere, meaning);
}

pub(super) fn shell(seen: &Seen<'_>, meaning: &mut Meaning) {
    meaning.subcommand = None;
    // With `-c`, alone or among letters (`-lc`), the first operand is text.
    let by_text = seen.args.has("-c --command");
    let first = command(seen).first();
    match (by_text, first) {
        (true, Some(word)) => shelled(std::slice::from_ref(word), Through::Here, meaning),
        // A script of a known tool, such as `bash bin/kafka-topics.sh`, says what it does.
        (false, Some(word)) if super::words::is_script(&word.text, "sh") && super::is_known(word) => {
            meaning.set(R, "runs a script");
            meaning.runs(command(seen), Through::Here);
        }
        (false, Some(word)) if word.text != "-" => {
            meaning.set(C, "a script: what it does cannot be seen here");
            meaning.mark(mark::OPAQUE);
            meaning.known = false;
            super::by_script_name(&word.text, meaning);
            super::by_script_words(command(seen).get(1..).unwrap_or_default(), true, meaning);
        }
        _ => match seen.input {
            Input::Text(text) => {
                meaning.set(R, "runs a shell's text");
                meaning.nested.push(Nested::Shell(text.to_owned()));
            }
            Input::Unseen => {
                meaning.set(C, "runs whatever text comes in");
                meaning.mark(mark::OPAQUE);
            }
            Input::Nothing => {
                meaning.set(C, "opens a shell");
                meaning.mark(mark::I | mark::OPAQUE);
            }
        },
    }
}

pub(super) fn eval(seen: &Seen<'_>, meaning: &mut Meaning) {
    shelled(seen.words, Through::Here, meaning);
}

pub(super) fn source(seen: &Seen<'_>, meaning: &mut Meaning) {
    meaning.subcommand = None;
    meaning.set(C, "runs a script in this shell: what it does cannot be seen here");
    meaning.mark(mark::OPAQUE);
    super::by_script_name(seen.args.operand(0), meaning);
}

pub(super) fn ssh(seen: &Seen<'_>, meaning: &mut Meaning) {
    meaning.mark(mark::REMOTE);
    if seen.args.has("-O -Q -V -G") {
        *meaning = Meaning::new(R, "only reads", mark::NONE);
        return;
    }
    let rest = strip(seen.args.rest);
    // Options may stand behind the host as well.
    let options = rest.iter().take_while(|word| word.text.starts_with('-') && word.text.len() == 2).count();
    let rest = rest.get(options..).unwrap_or_default();
    let tunnel = seen.args.has("-N -f -L -R -D");
    if !rest.is_empty() {
        shelled(rest, Through::Elsewhere, meaning);
    } else if let Input::Text(text) = seen.input {
        meaning.set(R, "runs a shell's text on another host");
        meaning.nested.push(Nested::Shell(text.to_owned()));
    } else if seen.input == Input::Unseen {
        meaning.set(C, "runs whatever text comes in on another host");
        meaning.mark(mark::OPAQUE);
    } else if tunnel && seen.args.has("-N") {
        meaning.set(C, "opens a tunnel to another host until it is stopped");
        meaning.mark(mark::E);
    } else {
        meaning.set(C, "opens a shell on another host: what follows runs there");
        meaning.mark(mark::I | mark::OPAQUE);
    }
    if seen.args.has("-t -tt") {
        meaning.mark(mark::I);
    }
    meaning.through = Through::Elsewhere;
    meaning.subcommand = None;
}

pub(super) fn sshpass(seen: &Seen<'_>, meaning: &mut Meaning) {
    wrap(command(seen), Through::Here, meaning);
    meaning.mark(mark::SECRET);
}

pub(super) fn script(seen: &Seen<'_>, meaning: &mut Meaning) {
    meaning.subcommand = None;
    meaning.mark(mark::WRITES);
    if let Some(text) = seen.args.value("-c --command") {
        shelled(&[Word { text: text.to_owned(), known: true, bare: false }], Through::Here, meaning);
    } else {
        meaning.set(C, "opens a shell and records it");
        meaning.mark(mark::I | mark::OPAQUE);
    }
}

/// tmux and screen open terminals; what is typed into them is not seen.
pub(super) fn terminal(seen: &Seen<'_>, meaning: &mut Meaning) {
    if meaning.risk == R || seen.tool == "screen" && seen.args.has("-ls -list") {
        meaning.set(R, "only reads");
        return;
    }
    let typed = matches!(
        seen.verb(),
        "send-keys" | "send" | "new-session" | "new" | "new-window" | "neww" | "run-shell" | "split-window"
    );
    meaning.set(C, "opens a terminal, or types into one");
    let text: Vec<_> = seen.objects().skip(1).cloned().collect();
    if typed && !text.is_empty() {
        shelled(&text, Through::Here, meaning);
        meaning.raise(C, "types into another terminal");
    } else if !seen.args.has("-d") {
        meaning.mark(mark::I | mark::OPAQUE);
    }
}

pub(super) fn bundle(seen: &Seen<'_>, meaning: &mut Meaning) {
    if matches!(seen.verb(), "kubectl" | "crictl" | "ctr") {
        let rest: Vec<_> = seen.args.rest.iter().filter(|word| word.text != "--").cloned().collect();
        let mut words = command(seen).get(..1).unwrap_or_default().to_vec();
        words.extend(rest);
        wrap(&words, Through::Here, meaning);
    }
}

/// `gosu USER COMMAND` and `envdir DIRECTORY COMMAND` name one word of their own first.
pub(super) fn other(seen: &Seen<'_>, meaning: &mut Meaning) {
    let own = matches!(seen.tool, "gosu" | "su-exec" | "envdir" | "setarch");
    let words = if own { strip(seen.args.rest) } else { command(seen) };
    wrap(words, Through::Here, meaning);
    if seen.tool == "unshare" && words.is_empty() {
        meaning.set(C, "opens a shell in a namespace of its own");
        meaning.mark(mark::I | mark::OPAQUE);
    }
}

/// `aws-vault exec PROFILE -- COMMAND`: the command stands behind the dashes, or behind the verb.
pub(super) fn verb(seen: &Seen<'_>, meaning: &mut Meaning) {
    if !matches!(seen.verb(), "exec" | "run") {
        meaning.set(C, "changes settings or secrets of a tool");
        meaning.mark(mark::SECRET);
        return;
    }
    let rest = seen.args.rest;
    let dashes = rest.iter().position(|word| word.text == "--");
    // Without dashes, whatever may be the command is looked at.
    let from = dashes.map_or_else(
        || rest.iter().take_while(|word| word.text == "." || !super::is_known(word)).count(),
        |at| at + 1,
    );
    let words = rest.get(from..).unwrap_or_default();
    if words.is_empty() {
        meaning.set(C, "opens a shell, or runs a program that is not known");
        meaning.mark(mark::OPAQUE);
    } else {
        wrap(words, Through::Here, meaning);
    }
    meaning.mark(mark::SECRET);
}

/// Boxes and other hosts: `lxc exec BOX -- COMMAND`, `vagrant ssh -c TEXT`.
pub(super) fn box_of(seen: &Seen<'_>, meaning: &mut Meaning) {
    let verb = seen.verb();
    meaning.subcommand = (!verb.is_empty()).then(|| verb.to_owned());
    let direct = matches!(seen.tool, "lxc-attach" | "mosh");
    if direct || matches!(verb, "exec" | "shell" | "ssh" | "run" | "enter") {
        meaning.through = Through::Elsewhere;
        if let Some(text) = seen.args.value("-c --command") {
            shelled(&[Word { text: text.to_owned(), known: true, bare: false }], Through::Elsewhere, meaning);
        } else if !seen.args.rest.is_empty() {
            wrap(seen.args.rest, Through::Elsewhere, meaning);
        } else {
            meaning.set(C, "opens a shell elsewhere, or runs what is not known");
            meaning.mark(mark::I | mark::OPAQUE);
        }
        return;
    }
    let risk = super::words::looks(verb) || verb.is_empty();
    if super::words::destroys(verb)
        || matches!(verb, "stop" | "restart" | "suspend" | "pause" | "restore" | "halt" | "reload")
    {
        meaning.set(super::rules::D, "stops or deletes a box");
    } else if risk {
        meaning.set(R, "only reads");
    } else {
        meaning.set(C, "changes a box");
    }
}

/// `at` and `batch` run later what comes in.
pub(super) fn later(seen: &Seen<'_>, meaning: &mut Meaning) {
    meaning.subcommand = None;
    if seen.args.has("-l -c -V") {
        meaning.set(R, "shows jobs");
        return;
    }
    if seen.args.has("-d -r") {
        meaning.set(super::rules::D, "deletes jobs");
        return;
    }
    meaning.set(C, "runs something later");
    match (seen.args.value("-f"), seen.input) {
        (Some(file), _) => {
            meaning.mark(mark::OPAQUE);
            super::by_script_name(file, meaning);
        }
        (None, Input::Text(text)) => {
            meaning.through = Through::Elsewhere;
            meaning.nested.push(Nested::Shell(text.to_owned()));
        }
        (None, Input::Unseen) => meaning.mark(mark::OPAQUE),
        (None, Input::Nothing) => meaning.mark(mark::I | mark::OPAQUE),
    }
}
