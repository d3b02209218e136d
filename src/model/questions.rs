//! The question that waits for its answer. One at a time: none can hide behind another.
use crate::domain::approval::{Hint, Question, QuestionId};
use crate::domain::news::ActionId;

#[derive(Debug, Default)]
pub struct Questions {
    pub open: Option<Box<Question>>,
    /// Why the last key did nothing.
    pub hint: Option<Hint>,
    /// How many names are scrolled past, where there are more than fit.
    pub scroll: usize,
    asked: u64,
    begun: u64,
}

impl Questions {
    /// The id of the next question; none is ever used twice.
    pub fn next_question(&mut self) -> QuestionId {
        self.asked += 1;
        QuestionId(self.asked)
    }

    /// The id of the next action; none is ever used twice.
    pub fn next_action(&mut self) -> ActionId {
        self.begun += 1;
        ActionId(self.begun)
    }
}
