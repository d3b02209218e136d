//! What a script defines, before it is walked: its functions, aliases and the values of its variables.
use std::rc::Rc;

use super::{BODIES, Place, Walker, is_name};
use crate::commands::shell::expand;
use crate::commands::shell::tree::{Assign, Kind, Node, Piece, Simple, Text, Way};
use crate::commands::shell::values::{Value, known};
use crate::commands::tools::Word;

impl Walker<'_> {
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
                Kind::Case { arms, .. } => {
                    for (_, body) in arms {
                        self.learn(body, place);
                    }
                }
                Kind::Function { names, body } => {
                    for name in names {
                        self.define(name, body);
                    }
                    self.learn(std::slice::from_ref(body), place);
                }
                Kind::Test(_) => {}
            }
        }
    }

    pub(super) fn define(&mut self, name: &str, body: &Rc<Node>) {
        let bodies = self.functions.entry(name.to_owned()).or_default();
        // One more than are looked at shows that there are too many.
        if bodies.len() <= BODIES && !bodies.iter().any(|known| Rc::ptr_eq(known, body)) {
            bodies.push(Rc::clone(body));
        }
    }

    /// The values that a loop goes through.
    pub(super) fn each(&mut self, name: &str, words: &[Text], place: &Place) {
        let values: Vec<Word> = expand::calls(words, self.scope(place)).into_iter().flatten().collect();
        for word in values {
            self.values.add(name, vec![word]);
        }
    }

    /// `alias`, `read` and `set --` give values too.
    pub(super) fn learn_words(&mut self, simple: &Simple, node: &Node, place: &Place) {
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
                    self.values.add(&name.text, vec![known(&text, false)]);
                }
            }
            _ => {}
        }
    }

    pub(super) fn assign(&mut self, assign: &Assign, place: &Place) {
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
}
