//! Lists over the board: keys, columns, what was done.
use ratatui::buffer::Buffer;
use unicode_width::UnicodeWidthStr;

use super::style::Paint;
use super::wrap::wrap;
use crate::domain::action::{Outcome, Verb};
use crate::domain::exercise::{Backend, Fault};
use crate::domain::level::Level;
use crate::domain::settings::{Role, Scope};
use crate::domain::time::Timestamp;
use crate::incident::state::run;
use crate::model::run::Done;
use crate::model::{Deed, Model};
use crate::panes::layout::Area;
use crate::panes::text::broken;
use crate::panes::{Fact, keys, overview, things};

/// A box in the middle, as large as its content but inside the screen.
fn window(buffer: &Buffer, width: usize, height: usize) -> Area {
    let mut width = u16::try_from(width).unwrap_or(u16::MAX).min(buffer.area.width);
    // A strip of the board too narrow to be read would only look torn.
    if buffer.area.width - width < 6 {
        width = buffer.area.width;
    }
    // The last line stays: it says how to close this.
    let room = buffer.area.height.saturating_sub(1);
    let height = u16::try_from(height).unwrap_or(u16::MAX).min(room);
    Area::new((buffer.area.width - width) / 2, (room - height) / 2, width, height)
}

/// As wide as a box is where that is enough for its words; and as wide as it gets where they would be cut.
pub const USUAL: u16 = 78;
pub const WIDEST: u16 = 116;

/// Every key of a place and of the board around it, from the one action table.
pub fn draw(buffer: &mut Buffer, paint: &Paint<'_>, model: &Model, of: Scope, top: usize) {
    let lines = keys::page(model, of);
    let widest = lines.iter().map(|line| width_of(line)).max().unwrap_or_default();
    let area = window(buffer, (widest + 4).max(usize::from(USUAL)), lines.len() + 2);
    boxed(buffer, paint, area, "keys", &lines, top);
    ways(buffer, paint, area, lines.len(), top);
}

fn width_of(line: &[Fact]) -> usize {
    line.iter().map(|fact| fact.text.width()).sum()
}

/// How the rest is seen, in the last line of a box that does not hold all of it.
fn ways(buffer: &mut Buffer, paint: &Paint<'_>, area: Area, all: usize, top: usize) {
    let room = usize::from(area.height.saturating_sub(2));
    let below = all.saturating_sub(top + room);
    let says = match (top, below) {
        (0, 0) => return,
        (_, 0) => " k up ".to_owned(),
        (0, below) => format!(" j down: {below} more below "),
        (_, below) => format!(" j down: {below} more below  k up "),
    };
    let y = area.bottom().saturating_sub(1);
    if area.height > 2 && usize::from(area.width) >= says.width() + 4 {
        paint.text(buffer, area.x + 2, y, area.width - 4, &says, Role::Key);
    }
}

pub(super) fn boxed(
    buffer: &mut Buffer,
    paint: &Paint<'_>,
    area: Area,
    title: &str,
    lines: &[Vec<Fact>],
    top: usize,
) {
    paint.blank(buffer, area, Role::Text);
    let height = usize::from(area.height.saturating_sub(2));
    let more = lines.len() > height;
    let title = if more {
        format!("{title}: {}–{} of {}", top + 1, (top + height).min(lines.len()), lines.len())
    } else {
        title.into()
    };
    paint.frame(buffer, area, &title, Role::Rule);
    for (y, line) in (area.y + 1..).zip(lines.iter().skip(top).take(height)) {
        let inner = Area::new(area.x + 2, y, area.width.saturating_sub(4), 1);
        paint.facts(buffer, inner, line, "");
    }
}

/// What was done, the newest first, with what became of it; every word of it. `first` is the one on top.
pub fn deeds(buffer: &mut Buffer, paint: &Paint<'_>, model: &Model, first: usize) {
    let deeds = model.deeds.iter().map(|deed| (deed.began, deed_facts(model, deed)));
    let steps = model.runs.done.iter().map(|done| (done.at, done_facts(model, done)));
    let mut all: Vec<(Timestamp, Vec<Fact>)> = deeds.chain(steps).collect();
    // The newest first, also of what began at once.
    all.reverse();
    all.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    let mut all: Vec<Vec<Fact>> = all.into_iter().map(|(_, facts)| facts).collect();
    let widths: Vec<usize> =
        (0..4).map(|at| all.iter().map(|line| line[at].text.width()).max().unwrap_or(0)).collect();
    for line in &mut all {
        for (fact, width) in line.iter_mut().zip(&widths) {
            let pad = width + 2 - fact.text.width();
            fact.text.extend(std::iter::repeat_n(' ', pad));
        }
    }
    let inner = usize::from(buffer.area.width.min(WIDEST).saturating_sub(4));
    let before: usize = widths.iter().map(|width| width + 2).sum();
    // What has no room beside the rest stands below it, under the verb.
    let indent =
        if inner.saturating_sub(before) >= SAYS { before } else { widths.first().map_or(0, |w| w + 2) };
    let mut lines = Vec::new();
    let mut top = 0;
    for (at, mut facts) in all.into_iter().enumerate() {
        if at == first {
            top = lines.len();
        }
        let says = facts.pop().map(|fact| fact.text).unwrap_or_default();
        let room = inner.saturating_sub(indent).max(1);
        let (says, table) = says.split_once('\n').unwrap_or((&says, ""));
        let mut rest = wrap(says, room, 40);
        // A short word stands beside the rest wherever it can.
        if rest.len() == 1 && says.width() + before <= inner || indent == before {
            facts.push(Fact::new(rest.remove(0), Role::Text));
        }
        lines.push(facts);
        lines.extend(
            rest.into_iter()
                .map(|text| vec![Fact::new(" ".repeat(indent), Role::Text), Fact::new(text, Role::Text)]),
        );
        // A table keeps its columns, and has the whole width but for the time.
        let left = " ".repeat(TABLE);
        for line in table.lines() {
            for piece in broken(line, inner.saturating_sub(TABLE).max(1)) {
                lines.push(vec![Fact::new(left.clone(), Role::Text), Fact::new(piece, Role::Text)]);
            }
        }
    }
    if lines.is_empty() {
        lines.push(vec![Fact::new("nothing was done yet", Role::Dim)]);
    }
    let area = window(buffer, usize::from(WIDEST), lines.len() + 2);
    let top = top.min(lines.len().saturating_sub(usize::from(area.height.saturating_sub(2))));
    boxed(buffer, paint, area, "what was done", &lines, top);
    ways(buffer, paint, area, lines.len(), top);
}

/// Where the lines of a table begin, below a deed's own.
const TABLE: usize = 2;
/// Cells below which what became of it is not worth a column of its own.
const SAYS: usize = 30;

/// `02:58:04  undo  shop/worker  settling: 1 of 3`.
pub fn deed_facts(model: &Model, deed: &Deed) -> Vec<Fact> {
    let (level, word, says) = match &deed.outcome {
        Outcome::Started => (Level::Warn, "asked", ""),
        Outcome::Accepted { says } => (Level::Warn, "accepted", says.as_str()),
        Outcome::Progress { says } if matches!(deed.native.verb, Verb::Shell { .. }) => {
            (Level::Warn, "going on", says.as_str())
        }
        Outcome::Progress { says } => (Level::Warn, "settling", says.as_str()),
        Outcome::Settled { says } => (Level::Fine, "done", says.as_str()),
        Outcome::Refused { why } => (Level::Bad, "refused", why.as_str()),
        Outcome::Uncertain { why } => (Level::Unknown, "may have happened", why.as_str()),
        Outcome::Failed { why } => (Level::Bad, "failed", why.as_str()),
    };
    let role = if level == Level::Fine { Role::Good } else { crate::panes::role(level) };
    vec![
        Fact::new(deed.began.clock(&model.zone), Role::Dim),
        Fact::new(deed.native.verb.name(), Role::Text),
        Fact::new(deed.native.target.to_string(), Role::Title),
        Fact::new(word, role),
        Fact::new(says, Role::Text),
    ]
}

/// The same of what a step has changed: `02:58:04  step 3  deploy/web  accepted  kubectl rollout restart …`.
fn done_facts(model: &Model, done: &Done) -> Vec<Fact> {
    let step = if done.n.is_empty() { "step".to_owned() } else { format!("step {}", done.n) };
    let (level, word) = match done.verdict {
        None => (Level::Warn, "running"),
        Some(verdict) => (run::level(verdict, Level::Warn), run::verdict(verdict)),
    };
    let role = if level == Level::Fine { Role::Good } else { crate::panes::role(level) };
    let says = if done.says.is_empty() { String::new() } else { format!(": {}", done.says) };
    vec![
        Fact::new(done.at.clock(&model.zone), Role::Dim),
        Fact::new(step, Role::Text),
        Fact::new(overview::thing(&done.target), Role::Title),
        Fact::new(word, role),
        Fact::new(format!("{}{says}", done.text), Role::Text),
    ]
}

/// Columns of the table, with those that are shown ticked.
pub fn columns(buffer: &mut Buffer, paint: &Paint<'_>, model: &Model, line: usize) {
    let lines: Vec<Vec<Fact>> = things::all_columns(model.board.kind)
        .iter()
        .enumerate()
        .map(|(at, column)| {
            let tick = if model.board.hides(column.title) { "[ ] " } else { "[x] " };
            let here = if at == line { "> " } else { "  " };
            vec![
                Fact::new(here, Role::Focus),
                Fact::new(tick, Role::Key),
                Fact::new(column.title, Role::Text),
            ]
        })
        .collect();
    let area = window(buffer, 30, lines.len() + 2);
    boxed(buffer, paint, area, "columns", &lines, 0);
}

/// What is played: what it is about, the hints that were asked for, and what is broken on purpose.
pub fn exercise(buffer: &mut Buffer, paint: &Paint<'_>, model: &Model, line: usize) {
    let Some(exercise) = &model.exercise else { return };
    let room = usize::from(buffer.area.width.min(WIDEST).saturating_sub(4)).max(10);
    let mut lines: Vec<Vec<Fact>> = vec![vec![Fact::new(&*exercise.title, Role::Title)]];
    let wrapped = |text: &str, before: &str, role: Role| -> Vec<Vec<Fact>> {
        let pieces = wrap(text, room.saturating_sub(before.len()).max(8), 20);
        pieces.into_iter().map(|piece| vec![Fact::new(format!("{before}{piece}"), role)]).collect()
    };
    lines.extend(wrapped(&exercise.brief, "", Role::Text));
    lines.push(Vec::new());
    let mark = |at: usize| Fact::new(if at == line { "> " } else { "  " }, Role::Focus);
    let hint = match exercise.hints.len() {
        0 => "no hints are given".to_owned(),
        all if model.hints >= all => "all hints are below".to_owned(),
        all => format!("hint {} of {all}", model.hints + 1),
    };
    lines.push(vec![mark(0), Fact::new(hint, Role::Text)]);
    for hint in exercise.hints.iter().take(model.hints) {
        lines.extend(wrapped(hint, "    ", Role::Hit));
    }
    lines.push(Vec::new());
    lines.push(vec![Fact::new("Broken on purpose", Role::Title)]);
    for (at, backend) in (1..).zip(Backend::ALL) {
        let fault = exercise.faults.of(backend);
        let role = if fault == Fault::None { Role::Dim } else { Role::Warning };
        lines.push(vec![
            mark(at),
            Fact::new(format!("{:<14}", backend.name()), Role::Text),
            Fact::new(fault.says(), role),
        ]);
    }
    lines.push(Vec::new());
    lines.push(vec![Fact::new(
        "Enter gives the next hint, or breaks a backend in another way; Esc closes",
        Role::Dim,
    )]);
    let area = window(buffer, usize::from(WIDEST), lines.len() + 2);
    let top = lines.len().saturating_sub(usize::from(area.height.saturating_sub(2)));
    boxed(buffer, paint, area, &exercise.word.to_lowercase(), &lines, if line > 0 { top } else { 0 });
}
