//! What an author has written beside the code of a fence.
use super::super::document::{Fence, Line};
use super::super::types::{Attributes, Command};
use crate::commands::{Role, Statement};
use crate::domain::approval::Tier;

/// The attributes of a fence, and whether what it holds is not there yet.
#[derive(Debug, Clone, Default)]
pub struct Given {
    attributes: Attributes,
    risk: Option<Tier>,
    pub future: bool,
}

impl Given {
    /// Nothing beside the code.
    pub fn plain(future: bool) -> Self {
        Self { future, ..Self::default() }
    }

    /// Commands of these lines belong to one shell.
    pub fn block(mut self, lines: &[Line]) -> Self {
        self.attributes.block = lines.first().map_or(0, |line| line.no);
        self
    }

    /// `{name= risk= timeout= undo= expect=}`
    pub fn of(fence: &Fence) -> Self {
        let get =
            |name: &str| fence.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
        let attributes = Attributes {
            block: 0,
            name: get("name"),
            timeout: get("timeout"),
            undo: get("undo"),
            expect: get("expect"),
        };
        let risk = get("risk").and_then(|risk| match risk.to_lowercase().as_str() {
            "danger" | "dangerous" | "destructive" => Some(Tier::Danger),
            "change" | "write" => Some(Tier::Change),
            _ => None,
        });
        Self { attributes, risk, future: false }
    }

    /// A statement as a step has it; its author may raise its risk, never lower it.
    pub fn command(&self, mut statement: Statement) -> Command {
        if let Some(risk) =
            self.risk.filter(|risk| *risk > statement.risk && statement.role != Role::Narration)
        {
            statement.risk = risk;
            statement.why = format!("the document says so; {}", statement.why);
        }
        Command {
            statement,
            placeholders: Vec::new(),
            future: self.future,
            elsewhere: None,
            attributes: self.attributes.clone(),
        }
    }
}
