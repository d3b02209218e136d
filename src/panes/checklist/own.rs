//! A command that is not the document's, below the step beside which it was run.
use super::{Page, stand};
use crate::domain::settings::Role;
use crate::domain::text::one_line;
use crate::model::checklist::Spot;

impl Page<'_> {
    /// What the operator wrote last in this step, beside what the document says.
    pub(super) fn own(&mut self, indent: u16, step: usize) {
        let Some((text, view)) = self.stand.own(step) else { return };
        let (sign, tone) = stand::sign(&view.state);
        let tail = self.stand.words(&view);
        let at = self.lines.len();
        self.words(
            indent.saturating_sub(2),
            None,
            &format!("{sign} "),
            &format!("! {}", one_line(&text)),
            Role::Key,
        );
        if let Some(line) = self.lines.get_mut(at) {
            line.tail = tail;
            if let Some(lead) = line.text.first_mut() {
                lead.role = tone;
            }
        }
        self.outcome(indent, Spot { step, command: None }, &view);
    }
}
