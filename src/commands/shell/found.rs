//! What was found in one statement while everything in it that would run was walked.
use std::collections::HashSet;

use crate::commands::{Role, Traits};
use crate::domain::approval::Tier;

/// What a call is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Talks to a system.
    Action,
    /// Only shapes text or asks the shell for the time: what stands around it decides.
    Helper,
    Setup,
    Guard,
    Narration,
}

/// The tool of a call, by its place among the calls of the statement.
#[derive(Debug, Clone)]
struct Main {
    order: u32,
    class: Class,
    tool: String,
    subcommand: Option<String>,
}

#[derive(Debug)]
pub struct Found {
    pub risk: Tier,
    why: String,
    /// The reason is one of the shell's own commands.
    weak: bool,
    /// The call that decided, if it can be named.
    decides: Option<String>,
    pub traits: Traits,
    main: Option<Main>,
    inner: Option<(u32, String)>,
    calls: u32,
    seen: [bool; 5],
    /// It reads positional arguments into variables.
    pub takes_arguments: bool,
    pub sets: Vec<String>,
    pub uses: Vec<String>,
    names: [HashSet<String>; 2],
}

impl Default for Found {
    fn default() -> Found {
        Found {
            risk: Tier::Read,
            why: String::new(),
            weak: false,
            decides: None,
            traits: Traits::default(),
            main: None,
            inner: None,
            calls: 0,
            seen: [false; 5],
            takes_arguments: false,
            sets: Vec::new(),
            uses: Vec::new(),
            names: [HashSet::new(), HashSet::new()],
        }
    }
}

impl Found {
    /// Raises the risk; the first reason of the highest tier stays.
    pub fn raise(&mut self, risk: Tier, why: &str, by: Option<&str>) {
        if risk > self.risk || self.why.is_empty() || (self.weak && risk == self.risk) {
            self.risk = self.risk.max(risk);
            why.clone_into(&mut self.why);
            self.decides = by.map(str::to_owned);
            self.weak = false;
        }
    }

    /// The same for what the shell does itself: a tool's reason says more.
    pub fn raise_weakly(&mut self, risk: Tier, why: &str, by: Option<&str>) {
        if risk > self.risk || self.why.is_empty() {
            self.raise(risk, why, by);
            self.weak = true;
        }
    }

    /// Notes a call: what it is there for and by which name it goes.
    pub fn note(&mut self, order: u32, class: Class, tool: &str, subcommand: Option<&str>) {
        self.calls += 1;
        if let Some(seen) = self.seen.get_mut(class as usize) {
            *seen = true;
        }
        let rank = |class: Class| match class {
            Class::Action => 0,
            Class::Narration => 1,
            Class::Helper => 2,
            Class::Setup => 3,
            Class::Guard => 4,
        };
        let better =
            self.main.as_ref().is_none_or(|main| (rank(class), order) < (rank(main.class), main.order));
        if better && !tool.is_empty() {
            let subcommand = subcommand.map(str::to_owned);
            self.main = Some(Main { order, class, tool: tool.to_owned(), subcommand });
        }
    }

    /// Notes a tool that the call at `order` starts elsewhere.
    pub fn note_inner(&mut self, order: u32, tool: &str) {
        if self.inner.as_ref().is_none_or(|(first, _)| order < *first) && !tool.is_empty() {
            self.inner = Some((order, tool.to_owned()));
        }
    }

    pub fn has(&self, class: Class) -> bool {
        self.seen.get(class as usize).copied().unwrap_or_default()
    }

    /// Marks a statement that makes no call, as an assignment does.
    pub fn mark(&mut self, class: Class) {
        if let Some(seen) = self.seen.get_mut(class as usize) {
            *seen = true;
        }
    }

    pub fn set(&mut self, name: &str) {
        if self.names[0].insert(name.to_owned()) {
            self.sets.push(name.to_owned());
        }
    }

    pub fn uses(&mut self, name: &str) {
        let is_name = name.starts_with(|sign: char| sign.is_ascii_alphabetic() || sign == '_');
        if is_name && self.names[1].insert(name.to_owned()) {
            self.uses.push(name.to_owned());
        }
    }

    pub fn role(&self) -> Role {
        if self.has(Class::Action) {
            Role::Action
        } else if self.has(Class::Guard) || self.takes_arguments {
            Role::Guard
        } else if self.has(Class::Setup) {
            Role::Setup
        } else if self.has(Class::Helper) && !self.has(Class::Narration) {
            Role::Action
        } else {
            Role::Narration
        }
    }

    pub fn tool(&self) -> String {
        let none = if self.has(Class::Setup) { "(assign)" } else { "" };
        self.main.as_ref().map_or_else(|| none.to_owned(), |main| main.tool.clone())
    }

    pub fn subcommand(&self) -> Option<String> {
        self.main.as_ref().and_then(|main| main.subcommand.clone())
    }

    /// The tool that the statement's tool starts elsewhere; not one that another call of it starts.
    pub fn inner_tool(&self) -> Option<String> {
        let main = self.main.as_ref()?;
        self.inner.as_ref().filter(|(order, _)| *order == main.order).map(|(_, tool)| tool.clone())
    }

    /// The reason; where several calls stand together it names the one that decides.
    pub fn why(&self) -> String {
        if self.why.is_empty() {
            return "does nothing to a system".to_owned();
        }
        match &self.decides {
            Some(by) if self.calls > 1 => format!("`{by}`: {}", self.why),
            _ => self.why.clone(),
        }
    }
}
