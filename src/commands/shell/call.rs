//! One call: what the shell itself does with it, and what its tool does.
use std::borrow::Cow;
use std::rc::Rc;

use super::expand::Arguments;
use super::found::Class;
use super::session;
use super::values::{UNKNOWN, is_known, known};
use super::walk::{BODIES, Place, Stdin, Todo, Walker, is_name};
use crate::commands::tools::{self, Call, Input, Nested, Through, Word};
use crate::domain::approval::Tier;

impl Walker<'_> {
    /// Judges one list of words; `writes` says that its output goes into a file.
    pub fn call(&mut self, words: &[Word], place: &Place, writes: bool) {
        let Some((name, rest)) = words.split_first() else { return };
        let order = place.order.unwrap_or_else(|| self.next_order());
        let place = &Place { order: Some(order), ..place.clone() };
        if name.text.is_empty() && name.known {
            return self.call(rest, place, writes);
        }
        if !is_known(&name.text) {
            return self.unknown(words, place);
        }
        if let Some(bodies) = self.functions.get(&name.text).cloned() {
            let arguments = Some(Rc::new(Arguments { words: rest.to_vec(), ..Arguments::default() }));
            self.name_tool(order, Class::Action, &name.text, None, place);
            let inner = Place { depth: place.depth + 1, order: None, arguments, ..place.clone() };
            if bodies.len() > BODIES {
                self.raise(place, Tier::Danger, "is defined too often to look at", Some(&name.text));
            }
            self.todo.extend(bodies.into_iter().map(|body| (Todo::Body(body), inner.clone())));
            self.raise_weakly(place, Tier::Read, "calls a function of the script", Some(&name.text));
            return;
        }
        if name.bare
            && place.depth < 8
            && let Some(texts) = self.aliases.get(&name.text).cloned()
        {
            if texts.len() > BODIES {
                self.raise(place, Tier::Danger, "is defined too often to look at", Some(&name.text));
            }
            let rest: Vec<String> = rest.iter().map(|word| quote(&word.text)).collect();
            for text in texts {
                self.nest(format!("{text} {}", rest.join(" ")), place, place.elsewhere);
            }
            return;
        }
        if !self.builtin(name, rest, place, writes) {
            self.tool(words, place, writes);
        }
    }

    /// The command itself is only known when it runs: what follows is looked at as if it were one.
    fn unknown(&mut self, words: &[Word], place: &Place) {
        let order = place.order.unwrap_or_default();
        let name = words.first().map_or_else(String::new, |word| word.text.replace(UNKNOWN, "…"));
        self.name_tool(order, Class::Action, &name, None, place);
        self.found.traits.opaque |= !place.doubtful;
        self.raise(place, Tier::Change, "its command is only known when it runs", Some(&name));
        let meaning = tools::judge(Call { words, input: place.input.as_input() }, self.tables);
        self.raise(place, meaning.risk, &meaning.why, Some(&name));
        let rest = words.get(1..).unwrap_or_default();
        if place.depth < 8 && rest.first().is_some_and(|word| !word.text.starts_with('-')) {
            let inner = Place { depth: place.depth + 1, doubtful: true, ..place.clone() };
            self.call(rest, &inner, false);
        }
    }

    fn tool(&mut self, words: &[Word], place: &Place, writes: bool) {
        let Some(name) = words.first() else { return };
        let order = place.order.unwrap_or_default();
        let meaning = tools::judge(Call { words, input: place.input.as_input() }, self.tables);
        let tool = tool_name(&name.text);
        let wraps = meaning.through == Through::Here && !meaning.nested.is_empty();
        let class = class_of(tool, meaning.subcommand.as_deref(), &meaning.traits, writes);
        if !wraps {
            self.name_tool(order, class, tool, meaning.subcommand.as_deref().map(str::trim), place);
        }
        let by = match meaning.subcommand.as_deref().map(str::trim) {
            Some(subcommand) => Cow::Owned([tool, subcommand].join(" ")),
            None => Cow::Borrowed(tool),
        };
        if !place.doubtful {
            let ends = place.bounded;
            let traits = &mut self.found.traits;
            let more = meaning.traits;
            traits.interactive |= more.interactive;
            traits.endless |= more.endless && !ends;
            traits.long_running |= more.long_running || (more.endless && ends);
            traits.background |= more.background;
            traits.remote |= more.remote;
            traits.secret |= more.secret;
            traits.writes_file |= more.writes_file;
            traits.heavy |= more.heavy;
            traits.opaque |= more.opaque;
        }
        // A wrapper's own words say less than what it starts.
        if (!wraps && class != Class::Helper && meaning.nested.is_empty()) || meaning.risk > Tier::Read {
            self.raise(place, meaning.risk, &meaning.why, Some(&by));
        } else {
            self.raise_weakly(place, meaning.risk, &meaning.why, Some(&by));
        }
        if !meaning.known {
            self.seen_through(words, place);
        }
        let bounded = place.bounded || tool == "timeout";
        let place = &Place { bounded, ..place.clone() };
        if matches!(tool, "xargs" | "parallel")
            && let Stdin::Text(text) = &place.input
        {
            let text = text.clone();
            for nested in &meaning.nested {
                self.nested(with_input(nested, &text), place, true);
            }
        }
        // A shell that is given a script may read its input all the same: the script may be `-`.
        if session::is_shell(tool)
            && meaning.nested.is_empty()
            && let Stdin::Text(text) = &place.input
        {
            let inner = Place { doubtful: true, ..place.clone() };
            self.nest(text.to_string(), &inner, place.elsewhere);
        }
        for nested in meaning.nested {
            self.nested(nested, place, meaning.through == Through::Elsewhere);
        }
    }

    /// A tool that nobody knows may run what its words say, as wrappers of a team's own do.
    fn seen_through(&mut self, words: &[Word], place: &Place) {
        if place.depth >= 8 {
            return;
        }
        let inner = Place { depth: place.depth + 1, doubtful: true, ..place.clone() };
        for at in 1..words.len().min(6) {
            let rest = words.get(at..).unwrap_or_default();
            let likely = rest.len() > 1 && rest.first().is_some_and(|word| word.bare && word.known);
            if likely && tools::judge(Call { words: rest, input: Input::Nothing }, self.tables).known {
                self.call(rest, &inner, false);
            }
        }
    }

    fn nested(&mut self, nested: Nested, place: &Place, elsewhere: bool) {
        let elsewhere = place.elsewhere || elsewhere;
        match nested {
            Nested::Shell(text) => self.nest(text, place, elsewhere),
            Nested::Argv(words) if place.depth < 24 => {
                let inner = Place { depth: place.depth + 1, elsewhere, ..place.clone() };
                self.call(&words, &inner, false);
            }
            Nested::Argv(_) => {
                self.raise(place, Tier::Danger, "commands in commands, too deep to look at", None);
            }
        }
    }

    /// Leaves a shell's text for later, when the stack is short again.
    pub fn nest(&mut self, text: String, place: &Place, elsewhere: bool) {
        let inner = Place { depth: place.depth + 1, elsewhere, ..place.clone() };
        self.todo.push_back((Todo::Shell(text), inner));
    }

    fn name_tool(&mut self, order: u32, class: Class, tool: &str, subcommand: Option<&str>, place: &Place) {
        if place.doubtful {
            return;
        }
        if place.elsewhere {
            self.found.note_inner(order, tool);
        } else {
            self.found.note(order, class, tool, subcommand);
        }
    }

    /// What the shell does itself; false if it is none of its own commands.
    fn builtin(&mut self, name: &Word, rest: &[Word], place: &Place, writes: bool) -> bool {
        let order = place.order.unwrap_or_default();
        let tool = name.text.as_str();
        let first = rest.first().map_or("", |word| word.text.as_str());
        let (class, risk, why) = match tool {
            "echo" | "printf" if writes => (Class::Action, Tier::Change, "writes a text into a file"),
            "echo" | "printf" => (Class::Narration, Tier::Read, "only prints"),
            ":" | "true" | "false" if writes => (Class::Action, Tier::Change, "empties a file"),
            ":" | "true" | "false" => (Class::Setup, Tier::Read, "does nothing"),
            "cd" | "pushd" | "popd" | "dirs" => (Class::Setup, Tier::Read, "goes to another directory"),
            "export" | "declare" | "local" | "readonly" | "typeset" | "unset" | "let" | "shift"
            | "getopts" => (Class::Setup, Tier::Read, "sets variables of the shell"),
            "set" | "shopt" | "umask" | "alias" | "unalias" | "hash" | "ulimit" | "disown" | "enable"
            | "bind" => (Class::Setup, Tier::Read, "sets up the shell"),
            "wait" | "jobs" | "fg" | "bg" | "times" | "type" | "caller" => {
                (Class::Setup, Tier::Read, "asks the shell")
            }
            "[" | "test" | "[[" => (Class::Guard, Tier::Read, "a test"),
            "read" | "mapfile" | "readarray" => (Class::Guard, Tier::Read, "reads a value"),
            "exit" | "return" | "break" | "continue" | "logout" => (Class::Guard, Tier::Read, "leaves"),
            "command" if matches!(first, "-v" | "-V") => {
                (Class::Guard, Tier::Read, "asks whether a tool is there")
            }
            "command" | "builtin" | "exec" => {
                let words = without_options(rest, tool == "exec");
                if words.is_empty() {
                    self.name_tool(order, Class::Setup, tool, None, place);
                    self.raise(place, Tier::Read, "sets up the shell", Some(tool));
                } else if place.depth < 24 {
                    let inner = Place { depth: place.depth + 1, ..place.clone() };
                    self.call(words, &inner, writes);
                } else {
                    self.raise(place, Tier::Danger, "commands in commands, too deep to look at", None);
                }
                return true;
            }
            "eval" => {
                let text = rest.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ");
                if rest.iter().any(|word| !word.known) {
                    self.found.traits.opaque |= !place.doubtful;
                    self.raise(
                        place,
                        Tier::Change,
                        "runs a text that is only known when it runs",
                        Some(tool),
                    );
                }
                self.nest(text, place, place.elsewhere);
                return true;
            }
            "trap" => {
                let text = first.to_owned();
                if !rest.is_empty() && !matches!(first, "-" | "-l" | "-p" | "") {
                    self.nest(text, &Place { order: None, ..place.clone() }, place.elsewhere);
                }
                (Class::Setup, Tier::Read, "sets up what runs at the end")
            }
            "source" | "." => {
                self.found.traits.opaque |= !place.doubtful;
                (Class::Setup, Tier::Change, "runs a file in this shell; what it does cannot be seen")
            }
            _ => return false,
        };
        if matches!(tool, "wait") {
            self.found.traits.long_running |= !place.doubtful;
        }
        if tool == "shift"
            && let Some(arguments) = &place.arguments
        {
            arguments.shifted.set(true);
        }
        if tool == "read" {
            let asks =
                matches!(place.input, Stdin::Nothing) && !rest.iter().any(|word| word.text.starts_with("-t"));
            self.found.traits.interactive |= asks && !place.doubtful;
        }
        let sets =
            matches!(tool, "read" | "export" | "declare" | "local" | "readonly" | "typeset" | "mapfile");
        if sets {
            let names = rest.iter().map(|word| word.text.as_str()).filter(|word| is_name(word));
            names.for_each(|name| self.sets(name, place));
        }
        self.name_tool(order, class, tool, None, place);
        self.raise_weakly(place, risk, why, Some(tool));
        true
    }
}

/// A command as xargs makes it of the words that come in.
fn with_input(nested: &Nested, text: &str) -> Nested {
    let all = text.trim();
    match nested {
        Nested::Shell(shell) => Nested::Shell(shell.replace(UNKNOWN, all)),
        Nested::Argv(words) => {
            let mut out = Vec::with_capacity(words.len());
            for word in words {
                if word.bare && word.text.chars().eq([UNKNOWN]) {
                    out.extend(all.split_whitespace().map(|part| known(part, true)));
                } else {
                    out.push(Word { text: word.text.replace(UNKNOWN, all), ..word.clone() });
                }
            }
            Nested::Argv(out)
        }
    }
}

/// The words behind the options of `command`, `builtin` and `exec`.
fn without_options(mut rest: &[Word], takes_name: bool) -> &[Word] {
    while let Some((first, more)) = rest.split_first() {
        if first.text == "--" {
            return more;
        }
        if !first.text.starts_with('-') || first.text.len() < 2 {
            break;
        }
        let named = takes_name && first.text.ends_with('a');
        rest = if named { more.get(1..).unwrap_or_default() } else { more };
    }
    rest
}

/// A tool by its bare name, where it was called by a path of the system.
fn tool_name(text: &str) -> &str {
    match text.rsplit_once('/') {
        Some((path, name)) if path.starts_with('/') && path.ends_with("bin") && !name.is_empty() => name,
        _ => text,
    }
}

fn class_of(tool: &str, verb: Option<&str>, traits: &crate::commands::Traits, writes: bool) -> Class {
    match tool {
        // A new secret, and no system knows of it yet.
        "openssl" if verb == Some("rand") && !writes && !traits.writes_file => Class::Helper,
        "cat" | "tee" if writes || traits.writes_file => Class::Action,
        "grep" | "egrep" | "fgrep" | "rg" | "awk" | "gawk" | "mawk" | "sed" | "jq" | "yq" | "sort"
        | "uniq" | "cut" | "tr" | "head" | "wc" | "column" | "xargs" | "tee" | "cat" | "date"
        | "basename" | "dirname" | "realpath" | "seq" | "bc" | "expr" | "rev" | "nl" | "paste" | "fold"
        | "fmt" | "base64" | "less" | "more" | "xxd" | "hostname" | "whoami" | "id" | "pwd" | "uname"
        | "mktemp" | "envsubst" | "time" | "tput" | "clear" | "yes" => Class::Helper,
        "mkdir" | "sleep" => Class::Setup,
        _ => Class::Action,
    }
}

/// A word as a shell's text again.
fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}
