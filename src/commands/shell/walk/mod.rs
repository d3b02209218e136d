//! Walks everything that a statement would run, and finds what the worst of it does.
use std::cell::Cell;
use std::collections::{HashMap, VecDeque};
use std::rc::Rc;

use super::expand::{self, Scope};
use super::found::{Class, Found};
use super::parse::Failure;
use super::tree::{Form, Kind, Node, Piece, Redirect, Simple, Text, Tree, Way};
use super::values::{UNKNOWN, Values, known};
use super::{coarse, mask, parse, target};
use crate::commands::tools::{self, Tables};
use crate::domain::approval::Tier;

mod learn;
mod place;
mod shape;

pub use place::{Place, Stdin, Todo};
use shape::{is_endless, is_head, is_passing, prints_nothing};

/// Texts in texts, and functions in functions, that are followed.
const DEPTH: u8 = 16;

/// Second readings in second readings.
const AGAIN: u8 = 2;
/// Definitions of one function that are looked at.
pub const BODIES: usize = 8;

pub struct Walker<'a> {
    pub tables: &'a Tables,
    pub values: Values,
    pub functions: HashMap<String, Vec<Rc<Node>>>,
    pub aliases: HashMap<String, Vec<String>>,
    pub found: Found,
    pub todo: VecDeque<(Todo, Place)>,
    overflow: Cell<bool>,
    /// Work that may still be done for this script.
    fuel: usize,
    order: u32,
}

impl<'a> Walker<'a> {
    pub fn new(tables: &'a Tables, length: usize) -> Walker<'a> {
        Walker {
            tables,
            values: Values::default(),
            functions: HashMap::new(),
            aliases: HashMap::new(),
            found: Found::default(),
            todo: VecDeque::new(),
            overflow: Cell::new(false),
            fuel: length.saturating_mul(3).saturating_add(20_000),
            order: 0,
        }
    }

    /// What one statement does.
    pub fn statement(&mut self, nodes: &[&Node], doubts: &[String]) -> Found {
        self.found = Found::default();
        self.order = 0;
        for node in nodes {
            self.node(node, &Place::default());
        }
        for text in doubts {
            let place = Place { doubtful: true, depth: 1, ..Place::default() };
            self.todo.push_back((Todo::Exact(text.clone()), place));
        }
        self.finish();
        if self.overflow.replace(false) {
            self.raise(&Place::default(), Tier::Danger, "what it may become is too much to look at", None);
        }
        std::mem::take(&mut self.found)
    }

    fn finish(&mut self) {
        while let Some((todo, mut place)) = self.todo.pop_front() {
            if place.depth > DEPTH {
                self.raise(&place, Tier::Danger, "commands in commands, too deep to look at", None);
                continue;
            }
            place.apart = true;
            match todo {
                Todo::Shell(text) => self.shell(&mask::mask(&text).text, &text, &place),
                Todo::Exact(text) => self.shell(&text, &text, &place),
                Todo::Body(body) => self.node(&body, &place),
            }
        }
    }

    /// Spends work; when there is none left, the worst is assumed.
    fn spend(&mut self, work: usize) -> bool {
        let enough = self.fuel >= work;
        self.fuel = self.fuel.saturating_sub(work);
        if !enough {
            self.todo.clear();
            self.found.raise(Tier::Danger, "it would run too much to look at", None);
        }
        enough
    }

    pub fn raise(&mut self, place: &Place, risk: Tier, why: &str, by: Option<&str>) {
        if !place.doubtful || risk == Tier::Danger {
            self.found.raise(risk, why, by);
        }
    }

    pub fn raise_weakly(&mut self, place: &Place, risk: Tier, why: &str, by: Option<&str>) {
        if !place.doubtful || risk == Tier::Danger {
            self.found.raise_weakly(risk, why, by);
        }
    }

    /// The next place in the order of calls.
    pub fn next_order(&mut self) -> u32 {
        self.order += 1;
        self.order
    }

    pub fn scope<'s>(&'s self, place: &'s Place) -> Scope<'s> {
        Scope { values: &self.values, arguments: place.arguments.as_ref(), overflow: &self.overflow }
    }

    /// Text that a shell reads in turn.
    fn shell(&mut self, masked: &str, text: &str, place: &Place) {
        if !self.spend(text.len() / 4 + 1) {
            return;
        }
        match read(masked, text) {
            Ok(tree) => {
                self.learn(&tree.nodes, place);
                for node in &tree.nodes {
                    self.node(node, place);
                }
            }
            Err(Failure::Deep(_)) => self.raise(place, Tier::Danger, "nested too deeply to look at", None),
            Err(_) => {
                let nodes = coarse::nodes(masked, true);
                self.learn(&nodes, place);
                for node in &nodes {
                    self.node(node, place);
                }
                self.raise(place, Tier::Change, "its shell text cannot be read for sure", None);
            }
        }
    }

    /// One command and all that belongs to it.
    pub fn node(&mut self, node: &Node, place: &Place) {
        if !self.spend(1) {
            return;
        }
        let top = place.depth == 0 && !place.doubtful;
        self.found.traits.background |= node.background && !place.doubtful;
        self.found.traits.heredoc |= top && node.document_end.is_some();
        let mut place = place.clone();
        let mut writes = None;
        if prints_nothing(node) {
            self.empties(&node.redirects, &place);
        }
        for redirect in &node.redirects {
            self.redirect(redirect, &mut place, &mut writes);
        }
        match &node.kind {
            Kind::Simple(simple) => self.simple(simple, &place, writes.is_some()),
            Kind::Pipe(nodes) => {
                self.found.traits.pipe |= top;
                self.pipe(nodes, &place);
            }
            Kind::Sequence(nodes) => {
                for node in nodes {
                    self.node(node, &place);
                }
            }
            Kind::If(one) => {
                self.found.traits.compound |= top;
                for (condition, body) in &one.arms {
                    for node in condition.iter().chain(body) {
                        self.node(node, &place);
                    }
                }
                for node in one.otherwise.iter().flatten() {
                    self.node(node, &place);
                }
            }
            Kind::Loop(one) => {
                self.found.traits.compound |= top;
                if let Some(name) = &one.variable {
                    self.sets(name, &place);
                    self.each(name, &one.words, &place);
                }
                self.found.traits.interactive |= one.asks && !place.doubtful;
                for word in &one.words {
                    self.inside(word, &place);
                }
                self.found.traits.endless |=
                    is_endless(&one.condition, &one.body) && !place.doubtful && !place.bounded;
                for node in one.condition.iter().chain(&one.body) {
                    self.node(node, &place);
                }
            }
            Kind::Case { word, arms } => {
                self.found.traits.compound |= top;
                self.found.mark(Class::Guard);
                self.inside(word, &place);
                for node in arms.iter().flat_map(|(_, body)| body) {
                    self.node(node, &place);
                }
            }
            Kind::Function { names, body } => {
                self.found.traits.compound |= top;
                for name in names {
                    self.define(name, body);
                }
                let order = self.next_order();
                self.found.note(order, Class::Setup, "(function)", None);
                if !place.apart {
                    self.uses_of(body, &place);
                }
                let names = names.join("`, `");
                self.raise_weakly(&place, Tier::Read, &format!("defines `{names}`"), None);
            }
            Kind::Test(words) => {
                self.found.mark(Class::Guard);
                for word in words {
                    self.inside(word, &place);
                }
            }
        }
        for redirect in &node.redirects {
            self.inside(&redirect.target, &place);
        }
        if !node.again.is_empty() && place.again < AGAIN {
            place.doubtful |= !node.lost;
            place.again += 1;
            for node in &node.again {
                self.node(node, &place);
            }
        }
    }

    fn pipe(&mut self, nodes: &[Node], place: &Place) {
        let mut input = place.input.clone();
        let head = nodes.iter().rposition(is_head).unwrap_or_default();
        for (at, node) in nodes.iter().enumerate() {
            let bounded = place.bounded || at < head;
            let inner = Place { input: input.clone(), bounded, ..place.clone() };
            self.node(node, &inner);
            input = match expand::output(std::slice::from_ref(node), self.scope(&inner), 0) {
                Some(words) => Stdin::of(words),
                // What only passes its input on is seen through; without any it reads files.
                None if is_passing(node) && !matches!(input, Stdin::Nothing) => input,
                None if is_passing(node) => Stdin::Unseen,
                None => self.printed(node, &inner),
            };
        }
    }

    /// What the tables know that a command prints.
    fn printed(&self, node: &Node, place: &Place) -> Stdin {
        let Kind::Simple(simple) = &node.kind else { return Stdin::Unseen };
        let silent = |name: &Text| match name.pieces.as_slice() {
            [Piece::Fixed { text, .. }] => {
                text.bytes().all(|b| b.is_ascii_graphic() && b != b'{') && !tools::may_print(text)
            }
            _ => false,
        };
        // Only what is created is printed; a word in pieces may be anything.
        let creates = |word: &Text| match word.pieces.as_slice() {
            [Piece::Fixed { text, .. }] => {
                text.contains("create") || !text.bytes().all(|byte| matches!(byte, b' '..=b'z'))
            }
            _ => true,
        };
        if simple.words.first().is_some_and(silent) || !simple.words.iter().any(creates) {
            return Stdin::Unseen;
        }
        let calls = expand::calls(&simple.words, self.scope(place));
        let texts: Vec<_> =
            calls.iter().filter_map(|words| tools::prints(words)).map(|text| known(&text, false)).collect();
        Stdin::of(texts)
    }

    /// A redirection of nothing leaves an empty file, whatever was in it.
    fn empties(&mut self, redirects: &[Redirect], place: &Place) {
        for redirect in redirects.iter().filter(|one| one.way == Way::Write && one.fd != Some(2)) {
            for path in expand::texts(&redirect.target, self.scope(place)) {
                if target::is_kept(&path.text) {
                    let why = format!("empties a file: `{}`", short(&path.text));
                    self.raise(place, Tier::Danger, &why, None);
                }
            }
        }
    }

    fn redirect(&mut self, redirect: &Redirect, place: &mut Place, writes: &mut Option<Tier>) {
        match redirect.way {
            Way::Document => place.input = Stdin::of(expand::texts(&redirect.target, self.scope(place))),
            Way::Read => place.input = Stdin::Unseen,
            Way::Duplicate => {}
            Way::Write | Way::Append => {
                for path in expand::texts(&redirect.target, self.scope(place)) {
                    let Some((risk, why)) = target::written(&path.text, redirect.way == Way::Append) else {
                        continue;
                    };
                    self.found.traits.writes_file |= !place.doubtful;
                    *writes = (*writes).max(Some(risk));
                    if risk > Tier::Read {
                        self.raise(place, risk, &format!("{why}: `{}`", short(&path.text)), None);
                    }
                }
            }
        }
    }

    fn simple(&mut self, simple: &Simple, place: &Place, writes: bool) {
        for assign in &simple.assigns {
            if simple.words.is_empty() || simple.declares {
                self.sets(&assign.name, place);
                self.found.mark(Class::Setup);
                self.found.takes_arguments |= assign.value.iter().any(takes_argument);
            }
            self.assign(assign, place);
        }
        if simple.words.is_empty() && writes {
            let order = self.next_order();
            self.found.note(order, Class::Action, ">", None);
            self.raise(place, Tier::Change, "empties a file", None);
        }
        if simple.words.is_empty() && !simple.assigns.is_empty() {
            self.raise_weakly(place, Tier::Read, "sets variables of the shell", None);
        }
        let calls = expand::calls(&simple.words, self.scope(place));
        let order = place.order.unwrap_or_else(|| self.next_order());
        for (at, words) in calls.into_iter().enumerate() {
            // One reading of each call is always paid for; more of them cost more.
            let more = if at > 0 { 64 } else { 0 };
            if self.spend(words.len() + 1 + more) {
                let place = Place { order: Some(order), ..place.clone() };
                self.call(&words, &place, writes);
            }
        }
        for text in simple.assigns.iter().flat_map(|assign| &assign.value).chain(&simple.words) {
            self.inside(text, place);
        }
    }

    /// Notes a variable that the statement sets.
    pub fn sets(&mut self, name: &str, place: &Place) {
        if !place.doubtful && !place.apart {
            self.found.set(name);
        }
    }

    /// Notes the variables that a function will use; nothing of it runs yet.
    fn uses_of(&mut self, body: &Node, place: &Place) {
        let outer = std::mem::take(&mut self.found);
        let todo = std::mem::take(&mut self.todo);
        self.node(body, place);
        let inner = std::mem::replace(&mut self.found, outer);
        self.todo = todo;
        let own = |name: &&String| !inner.sets.contains(name);
        inner.uses.iter().filter(own).for_each(|name| self.found.uses(name));
    }

    /// Runs what stands inside a word, and notes the variables that it uses.
    fn inside(&mut self, text: &Text, place: &Place) {
        for piece in &text.pieces {
            match piece {
                Piece::Fixed { .. } => {}
                Piece::Variable(one) => {
                    if !place.doubtful && !place.apart {
                        self.found.uses(&one.name);
                    }
                    // What indirection names is unknown; what it holds is not run here.
                    if one.form == Form::Default && !one.inside.is_empty() {
                        self.found.takes_arguments |= expand::place(&one.name).is_some();
                    }
                    for text in &one.inside {
                        self.inside(text, place);
                    }
                }
                Piece::Output { body, .. } | Piece::Process(body) => {
                    let inner = Place { input: Stdin::Nothing, order: None, ..place.clone() };
                    self.learn(body, &inner);
                    for node in body {
                        self.node(node, &inner);
                    }
                }
                Piece::Unknown { inside } => {
                    for text in inside {
                        self.inside(text, place);
                    }
                }
                Piece::Raw { text, quoted } => self.raw(text, *quoted, place),
            }
        }
    }

    /// A text that the parser did not take apart: as a word it shows what it runs.
    fn raw(&mut self, text: &str, quoted: bool, place: &Place) {
        if text.contains(['$', '`', '<', '>']) {
            let text = mask::unmask(text);
            let text = if quoted { format!(": \"{text}\"") } else { format!(": {text}") };
            let place = Place { depth: place.depth + 1, input: Stdin::Nothing, ..place.clone() };
            self.todo.push_back((Todo::Shell(text), place));
        }
    }
}

/// Reads the likely text, or else the one that stands there.
pub fn read(masked: &str, source: &str) -> Result<Tree, Failure> {
    parse::parse(masked, 0).or_else(|failure| {
        if masked == source { Err(failure) } else { parse::parse(source, 0).map_err(|_| failure) }
    })
}

/// Whether an assignment takes a positional argument.
fn takes_argument(text: &Text) -> bool {
    text.pieces
        .iter()
        .any(|piece| matches!(piece, Piece::Variable(one) if expand::place(&one.name).is_some()))
}

pub fn is_name(text: &str) -> bool {
    text.starts_with(|sign: char| sign.is_ascii_alphabetic() || sign == '_')
        && text.chars().all(|sign| sign.is_ascii_alphanumeric() || sign == '_')
}

/// A word short enough for a sentence.
pub fn short(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    let mut out: String =
        line.chars().take(48).map(|sign| if sign == UNKNOWN { '…' } else { sign }).collect();
    if line.chars().nth(48).is_some() || text.lines().nth(1).is_some() {
        out.push('…');
    }
    out
}
