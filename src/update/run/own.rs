//! Typing a command of the operator's own: in place of the line here, or beside it.
use crate::model::Model;
use crate::model::msg::Effect;
use crate::model::overlay::Ask;
use crate::panes::checklist;
use crate::update::typing;

/// Types a copy of the command.
pub(super) fn edit(model: &mut Model) -> Vec<Effect> {
    let Some(checklist) = &model.checklist else { return Vec::new() };
    let at = checklist.here;
    let Some(command) = checklist::command(&checklist.book.runbook, at) else {
        model.say("there is no command here", false);
        return Vec::new();
    };
    let text = command.statement.text.clone();
    if text.contains('\n') {
        // A line is what can be typed here.
        let joined = joined(&text);
        match joined {
            Some(line) => typing::ask(model, Ask::Command { at, beside: false }, &line),
            None => model.say("a command of several lines is not edited here: copy it with c", true),
        }
        return Vec::new();
    }
    typing::ask(model, Ask::Command { at, beside: false }, &text);
    Vec::new()
}

/// One line of a command that goes on behind backslashes.
fn joined(text: &str) -> Option<String> {
    let mut out = String::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        match line.strip_suffix('\\') {
            Some(line) => {
                out.push_str(line.trim());
                out.push(' ');
            }
            None if lines.peek().is_none() => out.push_str(line.trim()),
            None => return None,
        }
    }
    Some(out)
}

/// Types a command of the operator's own.
pub(super) fn ad_hoc(model: &mut Model) -> Vec<Effect> {
    let Some(checklist) = &model.checklist else { return Vec::new() };
    let at = checklist.here;
    typing::ask(model, Ask::Command { at, beside: true }, "");
    Vec::new()
}
