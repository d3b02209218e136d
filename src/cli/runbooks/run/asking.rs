//! A question in plain lines: the same question as in the cockpit, with the same rules.
use std::fmt::Write;

use super::given::Typist;
use crate::cli::ink::Ink;
use crate::domain::approval::{
    Answer, Approved, Field, Hint, Look, Press, Question, READING, Tier, Verdict, phrase,
};
use crate::domain::settings::{Key, KeyCode, Role};
use crate::domain::shell::ShellCommand;
use crate::domain::text::{clean, clean_lines};
use crate::sources::now;

/// What an answer came to.
pub(super) enum Asked {
    Yes(Approved),
    No,
    /// The input is at its end.
    Gone,
}

/// Puts the question on the terminal, and takes its answer.
pub(super) async fn ask(mut question: Box<Question>, ink: &Ink, typist: &Typist) -> Asked {
    print!("{}", page(&question, ink));
    if let Some(obstacle) = question.obstacle() {
        println!("  {}", ink.paint(Role::Bad, &format!("cannot be run: {}", clean(&obstacle.to_string()))));
        return Asked::No;
    }
    let revision = question.revision();
    question.shown(revision, now());
    loop {
        let verdict = if question.tier() == Tier::Danger {
            match typed(&mut question, ink, typist).await {
                Typed::Line => answer(question, Answer::Enter, KeyCode::Enter),
                Typed::Left => return Asked::No,
                Typed::Gone => return Asked::Gone,
            }
        } else {
            match typist.line("  y runs it, Enter leaves it: ", false).await.as_deref() {
                Some("y" | "Y") => answer(question, Answer::Yes, KeyCode::Char('y')),
                Some(_) => return Asked::No,
                None => return Asked::Gone,
            }
        };
        match verdict {
            Verdict::Approved(approved) => return Asked::Yes(approved),
            Verdict::Open(open, hint) => {
                question = open;
                if let Some(hint) = hint {
                    println!("  {}", ink.paint(Role::Warning, &hint.to_string()));
                }
                if hint == Some(Hint::ReadFirst) {
                    tokio::time::sleep(READING).await;
                }
            }
        }
    }
}

fn answer(question: Box<Question>, answer: Answer, code: KeyCode) -> Verdict {
    question.answer(answer, Press { key: Key::plain(code), at: now(), alone: true })
}

enum Typed {
    Line,
    Left,
    Gone,
}

/// The name that is asked for, or the reason.
async fn typed(question: &mut Question, ink: &Ink, typist: &Typist) -> Typed {
    let words = match question.field() {
        Field::Phrase => {
            let wanted = ink.paint(Role::Danger, &phrase(question.plan()));
            format!("  type  {wanted}  to run it, Enter leaves it: ")
        }
        Field::Reason if question.wants_reason() => "  your reason: ".to_owned(),
        Field::Reason => "  your reason (may be empty): ".to_owned(),
    };
    let Some(line) = typist.line(&words, false).await else { return Typed::Gone };
    if question.field() == Field::Phrase && line.trim().is_empty() {
        return Typed::Left;
    }
    question.clear();
    for c in line.chars() {
        if let Err(hint) = question.write(c, now()) {
            println!("  {}", ink.paint(Role::Warning, &hint.to_string()));
            tokio::time::sleep(READING).await;
            return Typed::Left;
        }
    }
    Typed::Line
}

/// Everything that decides, a line each.
fn page(question: &Question, ink: &Ink) -> String {
    let Some(command) = question.plan().shell() else { return String::new() };
    let role = if question.tier() == Tier::Danger { Role::Danger } else { Role::Act };
    let mut out = format!("  {}\n", ink.paint(role, &question.tier().to_string()));
    let mut row = |label: &str, text: &str, role: Role| {
        for (nth, line) in clean_lines(text).lines().enumerate() {
            let label = if nth == 0 { label } else { "" };
            let label = ink.paint(Role::Dim, &format!("{label:<8}"));
            let _ = writeln!(out, "  {label} {}", ink.paint(role, line));
        }
    };
    row("where", &place(command), Role::Text);
    row("runs", command.shown.trim_end(), Role::Title);
    for words in &command.heed {
        row("also", words, Role::Warning);
    }
    if let Some(found) = question.findings() {
        for (nth, line) in found.effect.iter().enumerate() {
            row(if nth == 0 { "what" } else { "" }, line, Role::Text);
        }
        for warning in &found.warnings {
            row("also", warning, Role::Warning);
        }
        if !found.undo.is_empty() {
            row("undo", &found.undo, Role::Text);
        } else if question.tier() == Tier::Danger {
            row("undo", "no way back is known", Role::Warning);
        }
    } else if matches!(question.look(), Look::Missed) {
        row("what", "not looked at", Role::Unknown);
    }
    for unsure in question.unchecked() {
        row("unsure", unsure, Role::Unknown);
    }
    let why: Vec<String> = question.why().iter().map(ToString::to_string).collect();
    if !why.is_empty() {
        let label = if question.tier() == Tier::Danger { "danger" } else { "asks" };
        row(label, &why.join("; "), role);
    }
    out
}

/// `vm in /srv, kubectl at prod ▸ shop (profile)`.
pub(super) fn place(command: &ShellCommand) -> String {
    let place = &command.place;
    let mut out = place.host.clone();
    if place.remote.is_some() {
        out.push_str(", by ssh from here");
    }
    if let Some(dir) = &place.workdir {
        let _ = write!(out, " in {}", dir.display());
    }
    for one in command.others() {
        let _ = write!(out, ", {one}");
    }
    if !place.context.is_empty() && command.in_cluster() {
        let _ = write!(out, ", kubectl at {}", place.context);
        if !place.namespace.is_empty() {
            let _ = write!(out, " > {}", place.namespace);
        }
    }
    clean(&out).into_owned()
}
