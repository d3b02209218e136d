//! A closer look at git, code hosts, languages and builders.
use super::args::UNKNOWN;
use super::rules::{C, D, R, Seen, mark};
use super::{Input, Meaning, Through, words};

pub(super) fn git(seen: &Seen<'_>, meaning: &mut Meaning) {
    let args = &seen.args;
    let object = args.operand(1);
    match seen.verb() {
        "" => meaning.set(R, "shows its help"),
        "push" => {
            let refs = args.operands.iter().skip(2).map(|word| word.text.as_str());
            if refs.into_iter().any(|one| one.starts_with('+') || one.starts_with(':')) {
                meaning.raise(D, "overwrites or deletes what others have");
            }
        }
        "checkout" | "restore" if args.dashes || object == "." || seen.verb() == "restore" && !args.has("--staged") => {
            meaning.raise(D, "throws changes of files away");
        }
        "branch" | "tag" if args.operands.len() == 1 && !args.has("-d -D --delete -m -M --move -c -C --copy -u --set-upstream-to --unset-upstream --edit-description -f") || args.has("-l --list --contains --merged --no-merged --points-at --show-current") => {
            meaning.set(R, "only reads");
        }
        "remote" if object.is_empty() || args.has("-v") && args.operands.len() == 1 => meaning.set(R, "only reads"),
        "config" if args.has("-l --list --get --get-all --get-regexp --show-origin") || matches!(object, "list" | "get") || args.operands.len() == 2 && !args.has("--unset --unset-all --edit -e --add --remove-section") => {
            meaning.set(R, "only reads");
        }
        "config" if args.has("-e --edit") => meaning.mark(mark::I),
        "bundle" | "archive" => {
            meaning.is(R, "writes the repository to a file", mark::WRITES);
        }
        "commit" if args.get("-m --message -F --file -C --no-edit").is_none() => meaning.mark(mark::I),
        "submodule" if object == "foreach" => {
            meaning.set(C, "runs a command in every submodule");
            meaning.mark(mark::OPAQUE);
        }
        "gc" if args.get("--prune").and_then(|option| option.value).is_some_and(at_once)
            || args.all("-c").filter_map(|option| option.value).any(|value| {
                let setting = value.split_once('=').filter(|(name, _)| {
                    ["gc.pruneexpire", "gc.reflogexpire", "gc.reflogexpireunreachable"]
                        .contains(&name.to_ascii_lowercase().as_str())
                });
                setting.is_some_and(|(_, when)| at_once(when))
            }) =>
        {
            meaning.raise(D, "deletes at once what could still be taken back");
        }
        "bisect" if object == "run" => meaning.mark(mark::OPAQUE),
        _ => {}
    }
    if meaning.risk == R
        && args.all("-c").any(|option| {
            option.value.is_some_and(|value| value.starts_with("alias.") || value.contains('!'))
        })
    {
        meaning.raise(C, "runs what its own options say");
    }
}

/// A limit of age under which nothing is kept.
fn at_once(when: &str) -> bool {
    when.contains(UNKNOWN) || words::one_of("now all 0 0.seconds 0.days", when)
}

/// `gh pr merge 5`, `gh api -X DELETE …`: the second word is the verb.
pub(super) fn gh(seen: &Seen<'_>, meaning: &mut Meaning) {
    let args = &seen.args;
    let (group, verb) = (args.operand(0), args.operand(1));
    meaning.subcommand = Some(format!("{group} {verb}").trim().to_owned()).filter(|path| !path.is_empty());
    let why = match (group, verb) {
        ("api", _) => {
            let data = args.get("-f --field -F --raw-field --input").is_some();
            let method =
                args.value("-X --method").unwrap_or(if data { "POST" } else { "GET" }).to_ascii_uppercase();
            return match method.as_str() {
                "GET" | "HEAD" => meaning.is(R, "HTTP GET", mark::NONE),
                "DELETE" => meaning.is(D, "HTTP DELETE: takes away what the address names", mark::NONE),
                _ => meaning.is(C, "changes something of the code host", mark::NONE),
            };
        }
        ("auth", "token") => (R, "prints a token", mark::SECRET),
        ("auth", verb) if verb != "status" => (C, "signs in or out", mark::SECRET | mark::I),
        ("secret" | "variable", "set" | "create" | "update") => (C, "stores a secret", mark::SECRET),
        ("run" | "pipeline" | "ci", "watch") => (R, "watches a run until it ends", mark::L),
        ("codespace" | "cs", "ssh") => (C, "opens a shell elsewhere", mark::I | mark::OPAQUE | mark::REMOTE),
        ("" | "status" | "version" | "help" | "search" | "browse" | "completion", _)
        | (
            _,
            "list" | "view" | "status" | "checks" | "diff" | "show" | "get" | "ls" | "verify" | "deploy-key"
            | "trace" | "lint" | "log" | "logs" | "",
        ) => (R, "only reads", mark::NONE),
        (_, "clone" | "checkout" | "sync" | "download") => (C, "changes files here", mark::WRITES),
        (_, verb)
            if words::destroys(verb)
                || matches!(
                    verb,
                    "archive" | "cancel" | "disable" | "close" | "lock" | "transfer" | "rename"
                ) =>
        {
            (
                if matches!(verb, "close" | "lock" | "rename" | "cancel") { C } else { D },
                "closes, deletes or disables it",
                mark::NONE,
            )
        }
        _ => (C, "changes something of the code host", mark::NONE),
    };
    meaning.is(why.0, why.1, why.2);
}

/// Names that a line of code may use and still only print.
const HARMLESS: &str = "console log info warn error print printf puts echo say process memoryUsage uptime version versions platform arch \
    pid global globalThis gc JSON stringify parse Math floor round max min Date now toISOString toString new const let var if else for in of \
    return true false null undefined None True False import sys json time platform len str int float range sorted sum length map filter join \
    keys values p pp p1 format datetime math from as heapUsed rss heapTotal getHeapStatistics getHeapSpaceStatistics PHP_VERSION phpversion phpinfo \
    RUBY_VERSION utcnow localtime strftime strptime stdin load loads dumps indent argv exit";

/// Every name in the code is harmless; texts in quotes name nothing.
fn only_prints(code: &str) -> bool {
    let (mut bare, mut quote) = (String::new(), None);
    let mut letters = code.chars();
    while let Some(letter) = letters.next() {
        match quote {
            Some(_) if letter == '\\' => drop(letters.next()),
            Some(open) if letter == open => quote = None,
            Some(_) => {}
            None if matches!(letter, '\'' | '"') => quote = Some(letter),
            // Templates and commands in back quotes run code.
            None if letter == '`' || letter == UNKNOWN => return false,
            None => bare.push(letter),
        }
    }
    let mut names =
        bare.split(|letter: char| !letter.is_alphanumeric() && letter != '_').filter(|name| !name.is_empty());
    quote.is_none()
        && names.all(|name| name.parse::<f64>().is_ok() || HARMLESS.split_whitespace().any(|one| one == name))
}

/// Tools that are started as a language's script.
const FRAMEWORKS: &str = "artisan manage.py django-admin rails rake flask alembic bundle";

pub(super) fn language(seen: &Seen<'_>, meaning: &mut Meaning) {
    meaning.subcommand = None;
    let words = || seen.words.iter().map(|word| word.text.as_str());
    let options: Vec<_> = words().take_while(|word| word.starts_with('-')).collect();
    let code_option = |word: &&str| {
        matches!(
            *word,
            "-c" | "-e"
                | "-p"
                | "-pe"
                | "-ne"
                | "-r"
                | "-E"
                | "--eval"
                | "--print"
                | "-lane"
                | "-ane"
                | "-Command"
                | "-le"
                | "-lne"
                | "-nle"
                | "-W"
                | "-eval"
        )
    };
    let at = words().position(|word| code_option(&word));
    let before_operand = words()
        .position(|word| !word.starts_with('-'))
        .is_none_or(|operand| at.is_some_and(|at| at < operand));
    if words().any(|word| matches!(word, "--version" | "-V")) || words().eq(["-v"]) || words().eq(["version"])
    {
        return meaning.is(R, "says its version", mark::NONE);
    }
    if let Some(code) = at.filter(|_| before_operand).and_then(|at| seen.words.get(at + 1)) {
        let in_place = options.iter().any(|option| option.starts_with("-i") || option.starts_with("-pi"));
        if only_prints(&code.text) && !in_place && seen.tool != "expect" {
            return meaning.is(R, "runs a line of code that only prints", mark::NONE);
        }
        return meaning.is(C, "runs a line of code: what it does is not read", mark::OPAQUE);
    }
    let module = words().position(|word| word == "-m").and_then(|at| words().nth(at + 1));
    match module {
        Some("json.tool" | "site" | "platform" | "sysconfig" | "this" | "calendar" | "timeit") => {
            return meaning.is(R, "only reads", mark::NONE);
        }
        Some("http.server" | "SimpleHTTPServer") => {
            return meaning.is(C, "serves files until it is stopped", mark::E);
        }
        Some("pip") => {
            let at = words().position(|word| word == "-m").map_or(0, |at| at + 1);
            meaning.is(R, "runs a module", mark::NONE);
            meaning.runs(seen.words.get(at..).unwrap_or_default(), Through::Here);
            return;
        }
        Some(_) => return meaning.is(C, "runs a module: what it does is not read", mark::OPAQUE),
        None => {}
    }
    let file = words().find(|word| !word.starts_with('-'));
    match (file, seen.input) {
        // The script is a framework's own tool: `php artisan migrate:fresh`, `python manage.py flush`.
        (Some(file), _) if words::one_of(FRAMEWORKS, super::name(file)) => {
            let at = words().position(|word| word == file).unwrap_or_default();
            meaning.is(R, "runs a framework's tool", mark::NONE);
            meaning.runs(seen.words.get(at..).unwrap_or_default(), Through::Here);
        }
        (Some(file), _) => {
            let verb = words()
                .skip_while(|word| *word != file)
                .skip(1)
                .take(4)
                .find(|word| words::destroys(word))
                .map(str::to_owned);
            meaning.is(C, "a script: what it does cannot be seen here", mark::OPAQUE);
            meaning.known = false;
            super::by_script_name(file, meaning);
            let at = words().position(|word| word == file).map_or(0, |at| at + 1);
            super::by_script_words(seen.words.get(at..).unwrap_or_default(), true, meaning);
            if let Some(verb) = verb {
                meaning.raise(D, format!("`{verb}` takes something away for good"));
            }
        }
        (None, Input::Nothing) => meaning.is(C, "opens a console", mark::I | mark::OPAQUE),
        (None, _) => meaning.is(C, "runs whatever code comes in", mark::OPAQUE),
    }
}

pub(super) fn java(seen: &Seen<'_>, meaning: &mut Meaning) {
    if seen.args.has("-version --version -showversion") {
        meaning.is(R, "says its version", mark::NONE);
    } else {
        meaning.is(C, "runs a program: what it does cannot be seen here", mark::OPAQUE | mark::L);
    }
}

pub(super) fn pip(seen: &Seen<'_>, meaning: &mut Meaning) {
    if seen.verb() == "uninstall" && !seen.args.has("-y --yes") && matches!(seen.tool, "pip" | "pip3") {
        meaning.mark(mark::I);
    }
    if seen.verb() == "run" {
        inner(seen, meaning);
    }
    if seen.args.operands.is_empty() {
        meaning.is(R, "shows its help", mark::NONE);
    }
}

/// `bundle exec COMMAND`, `poetry run COMMAND`.
fn inner(seen: &Seen<'_>, meaning: &mut Meaning) {
    meaning.mark(mark::OPAQUE);
    meaning.runs(seen.from(1), Through::Here);
}

pub(super) fn build(seen: &Seen<'_>, meaning: &mut Meaning) {
    if seen.verb() == "exec" {
        inner(seen, meaning);
    }
    let targets = seen.args.operands.iter().take(6).filter(|word| !word.text.contains('='));
    if meaning.traits.opaque && targets.into_iter().any(|word| words::says_destroy(&word.text)) {
        meaning.raise(D, "by its name, the target takes something away");
    }
}

pub(super) fn npm(seen: &Seen<'_>, meaning: &mut Meaning) {
    if seen.args.operands.is_empty() {
        // `yarn` alone installs.
        let risk = if seen.tool == "yarn" { C } else { R };
        meaning.is(risk, "shows its help, or installs packages", mark::NONE);
    }
    if matches!(seen.verb(), "run" | "run-script") {
        super::by_script_name(seen.args.operand(1), meaning);
    }
    if seen.verb() == "audit" && seen.args.has("--fix") {
        meaning.raise(C, "changes packages");
    }
    if seen.verb() == "version" && seen.args.operands.len() > 1 {
        meaning.set(C, "changes the package's version");
    }
    if matches!(seen.verb(), "exec" | "x" | "dlx") {
        meaning.mark(mark::OPAQUE);
    }
}

pub(super) fn npx(seen: &Seen<'_>, meaning: &mut Meaning) {
    meaning.is(C, "fetches a program and runs it", mark::OPAQUE);
    meaning.runs(seen.from(0), Through::Here);
}

/// What a target does stands in a file that is not seen here; its name may say enough.
pub(super) fn make(seen: &Seen<'_>, meaning: &mut Meaning) {
    let target = seen.args.operand(0);
    meaning.subcommand = (!target.is_empty()).then(|| target.to_owned());
    if seen.args.has("-n --just-print --dry-run --recon -l --list --summary --list-all -T --tasks -P") {
        return meaning.is(R, "only says what it would do", mark::NONE);
    }
    meaning.is(C, "runs a target: what it does cannot be seen here", mark::OPAQUE);
    meaning.known = false;
    for word in seen.args.operands.iter().filter(|word| !word.text.contains('=')) {
        super::by_script_name(&word.text, meaning);
        let loads = words::one_of("db:schema:load db:structure:load db:setup db:migrate:redo", &word.text);
        if words::says_destroy(&word.text) || loads {
            meaning.raise(D, "by its name, the target takes something away");
        }
    }
}

/// Migrations of databases and the commands of frameworks.
pub(super) fn migrate(seen: &Seen<'_>, meaning: &mut Meaning) {
    meaning.subcommand = None;
    let all: Vec<_> = seen.args.operands.iter().flat_map(|word| words::parts(&word.text)).collect();
    let has = |list: &str| all.iter().any(|part| list.split_whitespace().any(|one| one == part));
    if has("load setup") && has("schema structure db") && !has("fixtures seed loaddata")
        || has(
            "drop reset clean down rollback downgrade redo flush truncate purge destroy fresh undo wipe repair",
        )
    {
        meaning.is(D, "takes a database's changes or data back", mark::NONE);
    } else if has(
        "status history current heads show info version validate list routes about check showmigrations print",
    ) && !has("migrate up upgrade")
        || all.is_empty()
    {
        meaning.is(R, "only reads", mark::NONE);
    } else if has("shell console dbshell tinker") {
        meaning.is(C, "opens a console", mark::I | mark::OPAQUE);
    } else if has("runserver server serve s") {
        meaning.is(C, "serves until it is stopped", mark::E);
    } else {
        meaning.is(C, "changes a database's tables, or runs a task", mark::OPAQUE);
    }
    if has("status") && has("migrate") && !has("up upgrade") && meaning.risk == C {
        meaning.is(R, "only reads", mark::NONE);
    }
}
