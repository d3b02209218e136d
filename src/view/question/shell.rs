//! What decides of a command for a shell: its text, where it runs, what it was seen to hit.
use super::page::Page;
use super::rows::block;
use crate::domain::approval::{Look, Question};
use crate::domain::settings::Role;
use crate::domain::shell::{Kind, Session, ShellCommand};
use crate::domain::text::{clean, clean_lines, one_line};
use crate::view::wrap::width;

/// Lines of the headline.
const HEAD: usize = 2;

/// The command itself where it fits, else where it stands: then the whole of it stands below.
pub(super) fn headline(command: &ShellCommand, columns: usize) -> String {
    if fits(command, columns) {
        return one_line(&command.shown);
    }
    let lines = if command.end_line > command.line {
        format!("lines {}–{}", command.line, command.end_line)
    } else {
        format!("line {}", command.line)
    };
    format!("step {}, {lines} of {}", clean(&command.n), clean(&command.document))
}

fn fits(command: &ShellCommand, columns: usize) -> bool {
    !command.shown.trim().contains('\n') && width(&one_line(&command.shown)) <= columns * HEAD * 9 / 10
}

/// `prod-eu ▸ lego-mcp (profile), on this box in /srv`.
pub(super) fn place(page: &mut Page, command: &ShellCommand, arrow: char) {
    let place = &command.place;
    let host = if place.host.is_empty() { "this box" } else { &place.host };
    let mut way = match &place.remote {
        Some(remote) => format!("on {}, by ssh from here", clean(remote)),
        None => format!("on {}", clean(host)),
    };
    if let Some(dir) = &place.workdir {
        way.push_str(" in ");
        way.push_str(&clean(&dir.to_string_lossy()));
    }
    for one in command.others() {
        way = format!("{way}, {}", clean(one));
    }
    if !place.context.is_empty() && command.in_cluster() {
        let namespace = match (place.namespace.as_str(), place.origin.as_str()) {
            ("", _) => String::new(),
            (name, "") => format!(" {arrow} {name}"),
            (name, origin) => format!(" {arrow} {name} ({origin})"),
        };
        way = format!("{way}, kubectl at {}{namespace}", clean(&place.context));
    }
    page.row("where", &way, Role::Text);
    let named = |tool: &&String| {
        let mut words =
            command.shown.split(|sign: char| !sign.is_alphanumeric() && sign != '-' && sign != '_');
        words.any(|word| word == tool.as_str())
    };
    let built_in: Vec<&str> = place.built_in.iter().filter(named).map(String::as_str).collect();
    if !built_in.is_empty() {
        page.row("built-in", &format!("{}: firedeck's own stands in", built_in.join(", ")), Role::Dim);
    }
    if page.detail.extras {
        let shell = match (&command.session, command.kind) {
            (_, Kind::Job) => "goes on beside the checklist until it ends or is stopped",
            (_, Kind::Terminal) => "takes the whole terminal, with a key to return",
            (Session::Join(_), _) => "in the shell of this block, with what that has set",
            (Session::New, _) => "in a new shell, which the rest of its block shares",
            (Session::Apart, _) => "in a shell of its own",
        };
        page.row("how", shell, Role::Text);
    }
}

/// A text that runs, all of it: what has no room is counted, and one key away.
pub(super) fn whole(page: &mut Page, text: &str) {
    let room = page.room();
    let mut pieces: Vec<String> = Vec::new();
    for line in clean_lines(text.trim_end()).lines() {
        pieces.extend(crate::panes::text::broken(line, room).into_iter().map(str::to_owned));
    }
    block(page, "runs", &pieces, Role::Title);
}

pub(super) fn what(page: &mut Page, question: &Question, command: &ShellCommand) {
    if !fits(command, page.columns) {
        whole(page, &command.shown);
    }
    match (question.look(), question.findings()) {
        (Look::Running, _) => page.row("what", "looking what it would hit, at most 2 s", Role::Dim),
        (_, Some(findings)) if !findings.effect.is_empty() => {
            block(page, "what", &findings.effect, Role::Text);
        }
        _ => {}
    }
}
