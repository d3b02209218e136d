//! Every call of a statement with the place it runs in, found in the shell's own tree.
use super::place::{Layer, Place, enters, is_dropped, is_shelled, is_wrapper, prefix};
use super::raw::{Arg, Marks, Out, is_open, split};
use crate::commands::shell::parse;
use crate::commands::shell::tree::{Form, Kind, Loop, Node, Piece, Redirect, Simple, Text, Way};
use crate::commands::tools::{self, Call, Nested, Word};
use crate::domain::approval::Tier;

/// Calls of one statement that are looked at.
const MOST: usize = 24;
/// Texts in texts.
const DEPTH: u8 = 6;

/// What a call reads.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) enum Input {
    #[default]
    Nothing,
    /// A text, with marks.
    Text(String),
    /// What stands in front of it, up to the sign of its pipe.
    From(String),
    /// It comes from a file, or cannot be told.
    Unseen,
}

/// One call.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// The first one is the tool.
    pub words: Vec<Arg>,
    pub place: Place,
    pub input: Input,
    /// Files that it writes.
    pub outs: Vec<Out>,
}

impl Found {
    pub fn judged(&self) -> Vec<Word> {
        judged(&self.words)
    }
}

fn judged(words: &[Arg]) -> Vec<Word> {
    let word = |arg: &Arg| Word { text: arg.text.clone(), known: !is_open(&arg.text), bare: arg.bare };
    words.iter().map(word).collect()
}

#[derive(Debug, Default)]
pub(super) struct Calls {
    pub found: Vec<Found>,
    pub marks: Marks,
    /// What could not be told, and why.
    pub unclear: Vec<String>,
    /// Calls that only read are found as well.
    reads: bool,
}

/// The calls of a statement's text.
pub(super) fn calls(text: &str) -> Calls {
    taken_apart(text, Calls::default())
}

/// Those too that only read.
pub(super) fn all_calls(text: &str) -> Calls {
    taken_apart(text, Calls { reads: true, ..Calls::default() })
}

fn taken_apart(text: &str, mut calls: Calls) -> Calls {
    if text.chars().any(super::raw::is_mark) {
        calls.unclear("it holds signs that no command needs");
    } else {
        calls.shell(text, &Place::default(), 0);
    }
    calls
}

impl Calls {
    fn unclear(&mut self, why: impl Into<String>) {
        let why = why.into();
        if self.unclear.len() < MOST && !self.unclear.contains(&why) {
            self.unclear.push(why);
        }
    }

    fn shell(&mut self, text: &str, place: &Place, depth: u8) {
        if depth > DEPTH {
            return self.unclear("commands in commands, too deep to look at");
        }
        match parse::parse(text, 0) {
            Ok(tree) => self.sequence(&tree.nodes, text, place, &Input::Nothing, depth),
            Err(_) => self.unclear("its shell text cannot be read for sure"),
        }
    }

    /// One after the other: what prepares the shell is kept in front of what follows.
    fn sequence(&mut self, nodes: &[Node], text: &str, place: &Place, input: &Input, depth: u8) {
        let mut place = place.clone();
        for node in nodes {
            let own = text.get(node.span.clone()).unwrap_or_default().trim().trim_end_matches([';', '&']);
            let Kind::Simple(simple) = &node.kind else {
                self.node(node, text, &place, input, depth);
                continue;
            };
            match prepares(simple) {
                Prepares::Keep => {
                    place.layers.push(Layer::Around(format!("{} && ", own.trim()), String::new()));
                }
                Prepares::Turns(why) => {
                    self.node(node, text, &place, input, depth);
                    place.unsure.get_or_insert_with(|| format!("it runs behind `{}`, {why}", short(own)));
                }
                Prepares::Nothing => {
                    self.node(node, text, &place, input, depth);
                    if nodes.len() > 1 && turns(simple) {
                        let why = format!("it runs behind `{}`, which leads it elsewhere", short(own));
                        place.unsure.get_or_insert(why);
                    }
                }
            }
        }
    }

    fn node(&mut self, node: &Node, text: &str, place: &Place, input: &Input, depth: u8) {
        if self.found.len() >= MOST {
            return self.unclear("it runs more commands than are looked at");
        }
        if node.lost {
            return self.unclear("its shell text cannot be read for sure");
        }
        let inner = node.redirects.iter().find_map(|one| self.read(one));
        let input = inner.as_ref().unwrap_or(input);
        match &node.kind {
            Kind::Simple(simple) => self.simple(simple, node, text, place, input, depth),
            Kind::Pipe(nodes) => {
                let mut input = input.clone();
                for one in nodes {
                    self.node(one, text, place, &input, depth);
                    let so_far = text.get(node.span.start..one.span.end).unwrap_or_default();
                    input = match printed(one, &input) {
                        Some(text) => Input::Text(text),
                        None => Input::From(format!(
                            "{} | ",
                            so_far.trim().trim_end_matches(['|', '&']).trim_end()
                        )),
                    };
                }
            }
            Kind::Sequence(nodes) => self.sequence(nodes, text, place, input, depth),
            Kind::If(one) => {
                for (at, (condition, body)) in one.arms.iter().enumerate() {
                    self.sequence(condition, text, place, input, depth);
                    let head = (at == 0).then(|| head(node, body, text)).flatten();
                    let around = head.map(|head| place.with(Layer::Around(head, "; fi".to_owned())));
                    if around.is_none() {
                        self.unclear("which of its branches runs is only known when it runs");
                    }
                    self.sequence(body, text, around.as_ref().unwrap_or(place), input, depth);
                }
                if let Some(body) = &one.otherwise {
                    self.unclear("which of its branches runs is only known when it runs");
                    self.sequence(body, text, place, input, depth);
                }
            }
            // What it is given by a redirection of its own stands behind its end.
            Kind::Loop(one) => match inner {
                Some(Input::Text(_)) => self.unclear("what its loop reads is not known"),
                Some(_) => self.repeat(one, node, text, place, &Input::Nothing, depth),
                None => self.repeat(one, node, text, place, input, depth),
            },
            Kind::Case { arms, .. } => {
                self.unclear("which of its branches runs is only known when it runs");
                for (_, body) in arms {
                    self.sequence(body, text, place, input, depth);
                }
            }
            Kind::Function { .. } | Kind::Test(_) => {}
        }
    }

    fn repeat(&mut self, one: &Loop, node: &Node, text: &str, place: &Place, input: &Input, depth: u8) {
        let Some(head) = head(node, &one.body, text) else {
            return self.unclear("what its loop goes through is not known");
        };
        let last = one.body.last().map_or(node.span.end, |last| last.span.end);
        let tail = text.get(last..node.span.end).unwrap_or_default();
        let tail = tail.trim_start_matches(|sign: char| sign.is_whitespace() || sign == ';');
        let before = match input {
            Input::From(before) => format!("{before}{head}"),
            Input::Nothing => head,
            Input::Text(_) | Input::Unseen => {
                return self.unclear("what its loop reads is not known");
            }
        };
        if !tail.starts_with("done") || tail.contains('&') {
            return self.unclear("what its loop goes through is not known");
        }
        let around = Layer::Around(before, format!("; {}", tail.trim_end_matches(';')));
        self.sequence(&one.body, text, &place.with(around), &Input::Nothing, depth);
    }

    /// What a redirection lets a command read.
    fn read(&mut self, redirect: &Redirect) -> Option<Input> {
        match redirect.way {
            Way::Document => Some(self.document(&redirect.target).map_or(Input::Unseen, Input::Text)),
            Way::Read => Some(Input::Unseen),
            _ => None,
        }
    }

    fn document(&mut self, target: &Text) -> Option<String> {
        let mut out = String::new();
        for piece in &target.pieces {
            match piece {
                Piece::Fixed { text, .. } => out.push_str(text),
                Piece::Variable(one) if one.form == Form::Plain => out.push(self.marks.variable(&one.name)?),
                _ => return None,
            }
        }
        Some(out)
    }

    fn simple(&mut self, simple: &Simple, node: &Node, text: &str, place: &Place, input: &Input, depth: u8) {
        let source = text.get(node.span.clone()).unwrap_or_default();
        self.marks.level = place.level();
        let parts = split(source, &mut self.marks);
        let expected = simple.assigns.len() + simple.words.len();
        let Some(parts) = parts.filter(|parts| {
            parts.words.len() == expected && parts.outs.len() == node.redirects.len() || simple.declares
        }) else {
            return self.unclear(format!("`{}` cannot be taken apart for sure", short(source)));
        };
        if simple.declares {
            return;
        }
        let mut words = parts.words;
        let assigned = words.drain(..simple.assigns.len()).map(|word| word.source).collect::<Vec<_>>();
        let agrees = simple.words.iter().zip(&words).all(|(tree, word)| agree(tree, word));
        if !agrees {
            return self.unclear(format!("`{}` cannot be taken apart for sure", short(source)));
        }
        let outs = parts.outs.into_iter().filter(|out| out.sign.contains('>')).collect::<Vec<_>>();
        let place = if assigned.is_empty() { place.clone() } else { place.with(Layer::Words(assigned)) };
        self.call(words, &place, input.clone(), outs, depth);
    }

    fn call(&mut self, words: Vec<Arg>, place: &Place, input: Input, outs: Vec<Out>, depth: u8) {
        let Some(first) = words.first() else {
            if !outs.is_empty() {
                self.found.push(Found { words, place: place.clone(), input, outs });
            }
            return;
        };
        let tool = tools::name(&first.text).to_owned();
        if depth <= DEPTH && matches!(tool.as_str(), "xargs" | "gxargs") {
            return self.xargs(&words, place, &input, depth);
        }
        let seen = judged(&words);
        let given = match &input {
            Input::Nothing => tools::Input::Nothing,
            Input::Text(text) => tools::Input::Text(text),
            Input::From(_) | Input::Unseen => tools::Input::Unseen,
        };
        let meaning = tools::judge(Call { words: &seen, input: given }, &tools::Tables::default());
        let entered = tools::told_apart(&seen).is_some_and(|args| enters(&tool, &args));
        if !outs.is_empty() {
            // Only its files: what it does otherwise comes below.
            let words = Vec::new();
            self.found.push(Found { words, place: place.clone(), input: Input::Nothing, outs });
        }
        if !(is_wrapper(&tool) || entered) || meaning.nested.is_empty() || depth > DEPTH {
            if self.reads || meaning.risk > Tier::Read || !meaning.nested.is_empty() {
                self.found.push(Found { words, place: place.clone(), input, outs: Vec::new() });
            }
            return;
        }
        for nested in meaning.nested {
            self.nested(&tool, nested, &words, place, &input, depth);
        }
    }

    fn nested(&mut self, tool: &str, nested: Nested, words: &[Arg], place: &Place, input: &Input, depth: u8) {
        let (text, from, to) = match nested {
            Nested::Argv(inner) => {
                let from = words.len().saturating_sub(inner.len());
                let tail = words.get(from..).unwrap_or_default();
                let same = from > 0 && tail.iter().zip(&inner).all(|(arg, word)| arg.text == word.text);
                if !same {
                    return self.unclear(format!("what `{tool}` runs cannot be told for sure"));
                }
                if !is_shelled(tool) {
                    let front = words.get(..from).unwrap_or_default();
                    let place = if is_dropped(tool) {
                        place.clone()
                    } else {
                        place.with(Layer::Words(prefix(tool, front)))
                    };
                    return self.call(tail.to_vec(), &place, input.clone(), Vec::new(), depth + 1);
                }
                (joined(tail), from, words.len())
            }
            Nested::Shell(text) => {
                let single = words.iter().position(|word| word.text == text);
                let many =
                    (1..words.len()).find(|from| joined(words.get(*from..).unwrap_or_default()) == text);
                match (single, many, input) {
                    (Some(at), ..) => (text, at, at + 1),
                    (None, Some(from), _) => (text, from, words.len()),
                    // A shell that is given its text on its input.
                    (None, None, Input::Text(given)) if *given == text => (text, words.len(), words.len()),
                    _ => return self.unclear(format!("what `{tool}` runs cannot be told for sure")),
                }
            }
        };
        let mut before = prefix(tool, words.get(..from).unwrap_or_default());
        if from == words.len() && !is_shelled(tool) {
            before.retain(|word| word != "-s" && word != "-");
            before.push("-c".to_owned());
        }
        let after = words.get(to..).unwrap_or_default().iter().map(|word| word.source.clone()).collect();
        let place = if is_dropped(tool) { place.clone() } else { place.with(Layer::Text { before, after }) };
        self.shell(&text, &place, depth + 1);
    }

    /// The words come in: they stand at the end, or where the mark is.
    fn xargs(&mut self, words: &[Arg], place: &Place, input: &Input, depth: u8) {
        let seen = judged(words);
        let Some(args) = tools::told_apart(&seen) else { return };
        let Some(first) = args.operands.first() else { return };
        let from = seen.iter().position(|word| std::ptr::eq(word, *first)).unwrap_or(words.len());
        let mut own: Vec<_> =
            words.get(..from).unwrap_or_default().iter().map(|word| word.source.clone()).collect();
        // Without a word nothing is meant, and nothing is to be asked.
        own.insert(1.min(own.len()), "-r".to_owned());
        let mut inner = words.get(from..).unwrap_or_default().to_vec();
        let replaces = args.get("-I --replace -i").is_some();
        let producer = match input {
            Input::From(producer) => producer.clone(),
            Input::Text(text) => match self.marks.quote(text) {
                Some(text) => format!("printf '%s\\n' {text} | "),
                None => return self.unclear("what comes in cannot be told for sure"),
            },
            Input::Nothing | Input::Unseen => return self.unclear("what comes in is not seen"),
        };
        if !replaces {
            let Some(mark) = self.marks.variable("_") else { return };
            inner.push(Arg { text: mark.to_string(), splits: true, ..Arg::default() });
        }
        let place = place.with(Layer::Around(producer, String::new())).with(Layer::Words(own));
        self.call(inner, &place, Input::Nothing, Vec::new(), depth + 1);
    }
}

/// The text of a compound command in front of its body.
fn head(node: &Node, body: &[Node], text: &str) -> Option<String> {
    let first = body.first()?;
    let head = text.get(node.span.start..first.span.start)?.trim_end();
    let opens = ["do", "then"]
        .iter()
        .any(|word| head.strip_suffix(word).is_some_and(|rest| rest.ends_with([' ', ';', '\n', '\t'])));
    opens.then(|| format!("{head} "))
}

fn joined(words: &[Arg]) -> String {
    words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ")
}

/// A few words of a command.
pub(super) fn short(text: &str) -> String {
    crate::domain::text::clean_to(text.trim(), 60).into_owned()
}

/// Both readings of a word say the same.
fn agree(tree: &Text, word: &Arg) -> bool {
    let mut left = word.text.as_str();
    for piece in &tree.pieces {
        let rest = match piece {
            Piece::Fixed { text, .. } => left.strip_prefix(text.as_str()),
            _ => left.strip_prefix(super::raw::is_mark),
        };
        match rest {
            Some(rest) => left = rest,
            None => return false,
        }
    }
    left.is_empty()
}

/// What `echo` and `printf` print, where it is one known text.
fn printed(node: &Node, input: &Input) -> Option<String> {
    let Kind::Simple(simple) = &node.kind else { return None };
    if !node.redirects.is_empty() || *input != Input::Nothing {
        return None;
    }
    let mut words = Vec::with_capacity(simple.words.len());
    for word in &simple.words {
        let mut text = String::new();
        for piece in &word.pieces {
            let Piece::Fixed { text: fixed, .. } = piece else { return None };
            text.push_str(fixed);
        }
        words.push(text);
    }
    let (name, rest) = words.split_first()?;
    let plain = rest.iter().all(|word| !word.contains('\\') && !word.contains('%') && !word.starts_with('-'));
    (name == "echo" && plain).then(|| rest.join(" "))
}

enum Prepares {
    Nothing,
    /// It only sets up the shell.
    Keep,
    Turns(&'static str),
}

fn first(simple: &Simple) -> &str {
    match simple.words.first().map(|word| word.pieces.as_slice()) {
        Some([Piece::Fixed { text, .. }]) => text,
        _ => "",
    }
}

fn prepares(simple: &Simple) -> Prepares {
    match first(simple) {
        "" if simple.words.is_empty() && !simple.assigns.is_empty() => Prepares::Keep,
        "cd" | "export" | "declare" | "typeset" | "local" | "unset" => Prepares::Keep,
        "source" | "." | "eval" => Prepares::Turns("which is not run to look"),
        "pushd" | "popd" | "read" | "mapfile" | "readarray" | "trap" | "alias" => {
            Prepares::Turns("which changes the shell")
        }
        _ => Prepares::Nothing,
    }
}

/// It leads later commands to another cluster, account or host.
fn turns(simple: &Simple) -> bool {
    let words: Vec<_> = simple
        .words
        .iter()
        .take(4)
        .map(|word| match word.pieces.as_slice() {
            [Piece::Fixed { text, .. }] => text.as_str(),
            _ => "",
        })
        .collect();
    super::context::switches(&words)
}
