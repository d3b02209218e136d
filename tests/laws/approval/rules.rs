//! The rules of approval, written down once more on their own: the program is judged by them.
use firedeck::domain::action::{Check, Findings, Looked, Verb};
use firedeck::domain::approval::Plan;
use firedeck::domain::object::Kind;
use firedeck::domain::settings::{Key, KeyCode};

use super::story::ENTER;

/// What the operator must have seen and done, kept by the test alone.
pub(super) struct Rules {
    pub(super) plan: Plan,
    pub(super) now: i64,
    pub(super) found: Option<Findings>,
    pub(super) missed: bool,
    /// Since when what is now in the question is on the screen.
    pub(super) seen: Option<i64>,
    pub(super) protected: bool,
    pub(super) read_only: bool,
    pub(super) journal: bool,
    /// A question that could be answered never asks for less.
    pub(super) danger: bool,
    pub(super) name: String,
    pub(super) reason: String,
    /// Enter has ended the name.
    pub(super) named: bool,
}

impl Rules {
    pub(super) fn changed(&mut self) {
        self.seen = None;
        self.name.clear();
        self.named = false;
        self.danger |= (self.found.is_some() || self.missed) && self.dangerous();
    }

    pub(super) fn late(&mut self) {
        if self.found.is_none() && !self.missed && self.now >= 2_000 {
            self.missed = true;
            self.changed();
        }
    }

    pub(super) fn unchecked(&self) -> bool {
        match &self.found {
            None => self.missed,
            Some(found) => {
                !found.unchecked.is_empty()
                    || found.allowed == Check::NotChecked
                    || self.plan.actions().iter().any(|planned| {
                        !found.actions.iter().any(|looked| looked.native.target == planned.target)
                    })
            }
        }
    }

    pub(super) fn dangerous(&self) -> bool {
        let actions = self.plan.actions();
        let by_nature = actions.iter().any(|action| match &action.verb {
            Verb::Drain { .. } | Verb::Scale { to: 0, .. } | Verb::Delete { force: true, .. } => true,
            Verb::Delete { .. } => {
                actions.len() > 1 || self.found.as_ref().is_some_and(|f| f.undo.is_empty())
            }
            _ => false,
        });
        by_nature || actions.len() > 10 || self.protected || self.unchecked()
    }

    pub(super) fn hindered(&self) -> bool {
        let bad = |found: &Findings| {
            found.drift.is_some()
                || matches!(found.allowed, Check::No(_))
                || self.plan.actions().iter().any(|planned| {
                    let same = |looked: &&Looked| looked.native.target == planned.target;
                    found.actions.iter().find(same).is_some_and(|looked| {
                        looked.native.uid != planned.uid || looked.native.verb == Verb::Uncordon
                    })
                })
        };
        self.read_only || !self.journal || self.found.as_ref().is_some_and(bad)
    }

    pub(super) fn ready(&self) -> bool {
        let looked = self.found.is_some() || self.missed;
        looked && !self.hindered() && self.seen.is_some_and(|seen| self.now - seen >= 300)
    }

    pub(super) fn wanted(&self) -> String {
        match self.plan.actions() {
            [one] if one.target.namespace.is_empty() => one.target.name.to_string(),
            [one] => format!("{}/{}", one.target.namespace, one.target.name),
            many => {
                let noun = match many[0].target.kind {
                    Kind::Pod => "pods",
                    Kind::Node => "nodes",
                    _ => "deployments",
                };
                format!("{} {} {noun}", many[0].verb.name(), many.len())
            }
        }
    }

    /// Takes one read, and says whether it may approve.
    pub(super) fn read(&mut self, keys: &[Key]) -> bool {
        self.late();
        if let [key] = keys
            && (!self.danger || *key == ENTER)
        {
            return self.ready() && self.answers(*key);
        }
        for key in keys.iter().filter(|_| self.danger) {
            let ready = self.ready();
            let line = if self.named { &mut self.reason } else { &mut self.name };
            match (key.code, key.ctrl) {
                (KeyCode::Char('u'), true) => line.clear(),
                (KeyCode::Backspace, _) => drop(line.pop()),
                (KeyCode::Char(c), false) if ready => line.push(c),
                // The rest of a read goes nowhere once one of its keys was refused.
                _ => break,
            }
        }
        false
    }

    pub(super) fn answers(&mut self, key: Key) -> bool {
        if !self.danger {
            return key == Key::char('y');
        }
        if self.name.trim() != self.wanted() {
            self.named = false;
            return false;
        }
        std::mem::replace(&mut self.named, true) && !(self.protected && self.reason.trim().is_empty())
    }
}
