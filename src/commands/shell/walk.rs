//! Walks everything that a statement would run, and finds what the worst of it does.
use std::cell::Cell;
use std::collections::{HashMap, VecDeque};
use std::rc::Rc;

use super::expand::{self, Arguments, Scope};
use super::found::{Class, Found};
use super::parse::Failure;
use super::tree::{Assign, Form, Kind, Node, Piece, Redirect, Simple, Text, Tree, Way};
use super::values::{UNKNOWN, Value, Values};
use super::{coarse, mask, parse, target};
use crate::commands::tools::{Input, Tables, Word};
use crate::domain::approval::Tier;

/// Texts in texts, and functions in functions, that are followed.
const DEPTH: u8 = 16;

/// Second readings in second readings.
const AGAIN: u8 = 2;
/// Definitions of one function that are looked at.
pub const BODIES: usize = 8;

/// What a command reads.
#[derive(Debug, Clone, Default)]
pub enum Stdin {
    #[default]
    Nothing,
    Unseen,
    Text(Rc<str>),
}

impl Stdin {
    pub fn as_input(&self) -> Input<'_> {
        match self {
            Stdin::Nothing => Input::Nothing,
            Stdin::Unseen => Input::Unseen,
            Stdin::Text(text) => Input::Text(text),
        }
    }

    fn of(words: Vec<Word>) -> Stdin {
        let mut words = words.into_iter().map(|word| word.text).filter(|text| text.as_str() != "\u{fffc}");
        let Some(first) = words.next() else { return Stdin::Unseen };
        let text = words.fold(first, |text, more| text + "\n" + &more);
        Stdin::Text(text.into())
    }
}

/// Where a command stands.
#[derive(Debug, Clone, Default)]
pub struct Place {
    pub depth: u8,
    /// Its place among the calls of the statement, once an outer call has one.
    pub order: Option<u32>,
    /// It runs where another tool takes it.
    pub elsewhere: bool,
    /// It is stopped in time by what stands around it.
    pub bounded: bool,
    /// Only danger in it counts: it is a doubtful reading beside the likely one.
    pub doubtful: bool,
    /// How many second readings it stands in.
    pub again: u8,
    /// Its variables are not those of the statement: another shell's, or a function's own.
    pub apart: bool,
    pub arguments: Option<Rc<Arguments>>,
    pub input: Stdin,
}

/// Something that is left to look at.
pub enum Todo {
    Shell(String),
    /// Taken as it stands: nothing in it is a placeholder.
    Exact(String),
    Body(Rc<Node>),
}

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
            fuel: length.saturating_mul(4).saturating_add(20_000),
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
                tree.nodes.iter().for_each(|node| self.node(node, place));
            }
            Err(Failure::Deep(_)) => self.raise(place, Tier::Danger, "nested too deeply to look at", None),
            Err(_) => {
                let nodes = coarse::nodes(masked, true);
                self.learn(&nodes, place);
                nodes.iter().for_each(|node| self.node(node, place));
                self.raise(place, Tier::Change, "its shell text cannot be read for sure", None);
            }
        }
    }

    /// Notes every function and every value that the commands give, in whatever order they may run.
    pub fn learn(&mut self, nodes: &[Node], place: &Place) {
        for node in nodes {
            self.learn(&node.again, place);
            match &node.kind {
                Kind::Simple(simple) => {
                    simple.assigns.iter().for_each(|assign| self.assign(assign, place));
                    self.learn_words(simple, node, place);
                }
                Kind::Pipe(nodes) | Kind::Sequence(nodes) => self.learn(nodes, place),
                Kind::If(one) => {
                    for (condition, body) in &one.arms {
                        self.learn(condition, place);
                        self.learn(body, place);
                    }
                    self.learn(one.otherwise.as_deref().unwrap_or_default(), place);
                }
                Kind::Loop(one) => {
                    if let Some(name) = &one.variable {
                        self.each(name, &one.words, place);
                    }
                    self.learn(&one.condition, place);
                    self.learn(&one.body, place);
                }
                Kind::Case { arms, .. } => arms.iter().for_each(|(_, body)| self.learn(body, place)),
                Kind::Function { names, body } => {
                    names.iter().for_each(|name| self.define(name, body));
                    self.learn(std::slice::from_ref(body), place);
                }
                Kind::Test(_) => {}
            }
        }
    }

    fn define(&mut self, name: &str, body: &Rc<Node>) {
        let bodies = self.functions.entry(name.to_owned()).or_default();
        // One more than are looked at shows that there are too many.
        if bodies.len() <= BODIES && !bodies.iter().any(|known| Rc::ptr_eq(known, body)) {
            bodies.push(Rc::clone(body));
        }
    }

    /// The values that a loop goes through.
    fn each(&mut self, name: &str, words: &[Text], place: &Place) {
        let values: Vec<Word> = expand::calls(words, self.scope(place)).into_iter().flatten().collect();
        values.into_iter().for_each(|word| self.values.add(name, vec![word]));
    }

    /// `alias`, `read` and `set --` give values too.
    fn learn_words(&mut self, simple: &Simple, node: &Node, place: &Place) {
        let Some(Piece::Fixed { text, quoted: false }) =
            simple.words.first().and_then(|word| word.pieces.first())
        else {
            return;
        };
        match text.as_str() {
            "alias" => {
                for word in expand::calls(&simple.words, self.scope(place)).into_iter().flatten().skip(1) {
                    if let Some((name, value)) = word.text.split_once('=') {
                        let values = self.aliases.entry(name.to_owned()).or_default();
                        if values.len() <= BODIES && !values.iter().any(|known| known == value) {
                            values.push(value.to_owned());
                        }
                    }
                }
            }
            "set" => {
                for call in expand::calls(&simple.words, self.scope(place)) {
                    if let Some(at) = call.iter().position(|word| word.text == "--") {
                        self.values.add("@", call.into_iter().skip(at + 1).collect());
                    }
                }
            }
            "read" | "mapfile" | "readarray" => {
                let texts = match node.redirects.iter().rev().find(|one| one.way == Way::Document) {
                    Some(document) => expand::texts(&document.target, self.scope(place)),
                    None => return,
                };
                let call =
                    expand::calls(&simple.words, self.scope(place)).into_iter().next().unwrap_or_default();
                let names: Vec<String> = call.iter().skip(1).map(|word| word.text.clone()).collect();
                for (name, text) in names.iter().flat_map(|name| texts.iter().map(move |text| (name, text))) {
                    if is_name(name) {
                        self.values.add(name, vec![text.clone()]);
                    }
                }
            }
            "printf" => {
                let call =
                    expand::calls(&simple.words, self.scope(place)).into_iter().next().unwrap_or_default();
                if let [_, flag, name, rest @ ..] = call.as_slice()
                    && flag.text == "-v"
                {
                    let text = rest.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ");
                    self.values.add(&name.text, vec![super::values::known(&text, false)]);
                }
            }
            _ => {}
        }
    }

    fn assign(&mut self, assign: &Assign, place: &Place) {
        let options: Vec<Value> = if assign.array {
            expand::calls(&assign.value, self.scope(place))
        } else {
            let text = assign.value.first();
            text.map(|text| expand::assigned(text, self.scope(place))).unwrap_or_default()
        };
        for value in options {
            if assign.append {
                self.values.append(&assign.name, &value, assign.array);
            } else {
                self.values.add(&assign.name, value);
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
        for redirect in &node.redirects {
            self.redirect(redirect, &mut place, &mut writes);
        }
        match &node.kind {
            Kind::Simple(simple) => self.simple(simple, &place, writes.is_some()),
            Kind::Pipe(nodes) => {
                self.found.traits.pipe |= top;
                self.pipe(nodes, &place);
            }
            Kind::Sequence(nodes) => nodes.iter().for_each(|node| self.node(node, &place)),
            Kind::If(one) => {
                self.found.traits.compound |= top;
                for (condition, body) in &one.arms {
                    condition.iter().chain(body).for_each(|node| self.node(node, &place));
                }
                one.otherwise.iter().flatten().for_each(|node| self.node(node, &place));
            }
            Kind::Loop(one) => {
                self.found.traits.compound |= top;
                if let Some(name) = &one.variable {
                    self.sets(name, &place);
                    self.each(name, &one.words, &place);
                }
                self.found.traits.interactive |= one.asks && !place.doubtful;
                one.words.iter().for_each(|word| self.inside(word, &place));
                self.found.traits.endless |=
                    is_endless(&one.condition, &one.body) && !place.doubtful && !place.bounded;
                one.condition.iter().chain(&one.body).for_each(|node| self.node(node, &place));
            }
            Kind::Case { word, arms } => {
                self.found.traits.compound |= top;
                self.found.mark(Class::Guard);
                self.inside(word, &place);
                arms.iter().flat_map(|(_, body)| body).for_each(|node| self.node(node, &place));
            }
            Kind::Function { names, body } => {
                self.found.traits.compound |= top;
                names.iter().for_each(|name| self.define(name, body));
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
                words.iter().for_each(|word| self.inside(word, &place));
            }
        }
        for redirect in &node.redirects {
            self.inside(&redirect.target, &place);
        }
        if !node.again.is_empty() && place.again < AGAIN {
            place.doubtful |= !node.lost;
            place.again += 1;
            node.again.iter().for_each(|node| self.node(node, &place));
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
                // What only passes its input on is seen through.
                None if is_passing(node) => input,
                None => Stdin::Unseen,
            };
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
        for words in calls {
            if self.spend(words.len() + 1) {
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
                    one.inside.iter().for_each(|text| self.inside(text, place));
                }
                Piece::Output { body, .. } | Piece::Process(body) => {
                    let inner = Place { input: Stdin::Nothing, order: None, ..place.clone() };
                    self.learn(body, &inner);
                    body.iter().for_each(|node| self.node(node, &inner));
                }
                Piece::Unknown { inside, .. } => inside.iter().for_each(|text| self.inside(text, place)),
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

fn first_word(node: &Node) -> Option<&str> {
    match &node.kind {
        Kind::Simple(simple) => match simple.words.first()?.pieces.as_slice() {
            [Piece::Fixed { text, .. }] => Some(text),
            _ => None,
        },
        _ => None,
    }
}

/// It takes what it needs and closes the pipe.
fn is_head(node: &Node) -> bool {
    first_word(node) == Some("head")
}

fn is_passing(node: &Node) -> bool {
    matches!(first_word(node), Some("tee" | "cat" | "envsubst" | "sort" | "uniq" | "pv" | "sponge"))
}

/// `while true` without a way out.
fn is_endless(condition: &[Node], body: &[Node]) -> bool {
    let always = matches!(condition, [one] if matches!(first_word(one), Some("true" | ":")));
    always && !body.iter().any(leaves)
}

fn leaves(node: &Node) -> bool {
    match &node.kind {
        Kind::Simple(_) => matches!(first_word(node), Some("break" | "exit" | "return")),
        Kind::Pipe(nodes) | Kind::Sequence(nodes) => nodes.iter().any(leaves),
        Kind::If(one) => {
            let arms = one.arms.iter().flat_map(|(condition, body)| condition.iter().chain(body));
            arms.chain(one.otherwise.iter().flatten()).any(leaves)
        }
        Kind::Loop(one) => one.body.iter().any(leaves),
        Kind::Case { arms, .. } => arms.iter().flat_map(|(_, body)| body).any(leaves),
        Kind::Function { .. } | Kind::Test(_) => false,
    }
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
