//! The question: small, beside what it asks about, with everything that decides.
//!
//! ```text
//! ┌ change ─────────────────────────────────────────────────── uid 3f2a91c0 ┐
//! │ undo the last rollout of deployment lego-mcp/worker                     │   headline
//! │                                                                         │
//! │ where    prod-eu ▸ lego-mcp (profile), from this box as jane            │   rows
//! │ what     image 7.3.0 → 7.2.9 (revision 14 → 13), 3 pods replaced        │
//! │                                                                         │
//! │ y run it    c copy    Esc leave it                                      │   the answer
//! └─────────────────────────────────────────────────────────── read it first ┘
//! ```
mod answer;
mod page;
mod rows;
mod shell;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::symbols::border;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Clear, Padding, Widget};

use crate::domain::action::Verb;
use crate::domain::approval::{Plan, Question, QuestionId, Tier};
use crate::domain::settings::{Keymap, Role};
use crate::domain::text::clean_to;
use crate::model::questions::Questions;
use crate::view::style::Paint;
use crate::view::wrap::{cut, width};
use page::{DETAILS, Detail};

/// As wide as the box is where that is enough.
const USUAL: u16 = 77;
/// Wider than this, lines get hard to read.
const WIDEST: u16 = 115;
/// From here on the box stands one column in.
const ROOMY: u16 = 60;
/// Narrower, nothing can be said.
const NARROWEST: u16 = 16;
/// So much may be left unsaid rather than to cover what is asked about.
const BESIDE: usize = 5;

/// Columns beside a box that are left empty.
const SLIVER: u16 = 6;

/// Draws the open question within `area`, never over the row `beside` while it can be helped.
///
/// The answer is what the operator can now be said to have before their eyes: the app tells it back as
/// `Msg::Shown` once the terminal has taken it. `None` when the window was too small to show what decides,
/// or when nothing is asked.
#[must_use = "what was drawn has to be told as `Msg::Shown`, or the question is never answered"]
pub fn draw(
    buf: &mut Buffer,
    area: Rect,
    beside: Option<u16>,
    questions: &Questions,
    keymap: &Keymap,
    paint: &Paint,
) -> Option<(QuestionId, u32)> {
    let question = questions.open.as_deref()?;
    let area = area.intersection(buf.area);
    let at =
        |wide: u16, detail: &Detail| page::lines(question, questions.scroll, detail, wide, keymap, paint);
    let wide =
        if area.width >= ROOMY { fitting(area.width - 2, |wide| at(wide, &DETAILS[0])) } else { area.width };
    let lines = |detail: &Detail| at(wide, detail);
    // A command stands in the box itself: there is no need to see its row as well.
    let whole = match question.plan() {
        Plan::Shell(_) => true,
        Plan::Native(natives) => natives.iter().any(|one| matches!(one.verb, Verb::Query { .. })),
    };
    let kept = if whole { 1 } else { BESIDE };
    let found = if wide < NARROWEST { None } else { spot(area, beside, kept, lines) };
    let Some((y, lines)) = found else {
        too_small(buf, area, question, paint);
        return None;
    };
    let height = u16::try_from(lines.len()).unwrap_or(u16::MAX).saturating_add(2);
    let x = area.x + u16::from(area.width >= ROOMY);
    let place = Rect { x, y, width: wide, height }.intersection(area);
    frame(buf, area, place, questions, question, paint);
    for (line, y) in lines.iter().zip(place.y + 1..) {
        buf.set_line(place.x + 2, y, line, place.width.saturating_sub(4));
    }
    Some((question.id(), question.revision()))
}

/// The usual width, or a larger one where words would be cut or folded at that.
fn fitting<'l>(most: u16, lines: impl Fn(u16) -> Vec<Line<'l>>) -> u16 {
    let (usual, most) = (USUAL.min(most), WIDEST.min(most));
    let (narrow, broad) = (lines(usual), lines(most));
    let cut = |lines: &[Line<'_>]| lines.iter().any(|line| line.to_string().contains('…'));
    if most == usual || narrow.len() <= broad.len() && !cut(&narrow) {
        return usual;
    }
    let widest = broad.iter().map(Line::width).max().unwrap_or_default();
    u16::try_from(widest + 4).unwrap_or(most).clamp(usual, most)
}

/// The row where the box begins, and the most that can be said there.
fn spot<'l>(
    area: Rect,
    beside: Option<u16>,
    kept: usize,
    lines: impl Fn(&Detail) -> Vec<Line<'l>>,
) -> Option<(u16, Vec<Line<'l>>)> {
    let drawn = |detail| {
        let lines = lines(detail);
        u16::try_from(lines.len()).ok()?.checked_add(2).map(|height| (height, lines))
    };
    if let Some(row) = beside.filter(|row| (area.top()..area.bottom()).contains(row)) {
        for detail in DETAILS.iter().take(kept) {
            let (height, lines) = drawn(detail)?;
            if height < area.bottom() - row {
                return Some((row + 1, lines));
            }
            if height <= row - area.top() {
                return Some((row - height, lines));
            }
        }
    }
    DETAILS.iter().find_map(|detail| {
        let (height, lines) = drawn(detail)?;
        let spare = area.height.checked_sub(height)?;
        // Covering what is asked about cannot be helped now; the box names it.
        Some((area.y + if beside.is_some() { spare } else { spare / 2 }, lines))
    })
}

fn frame(
    buf: &mut Buffer,
    area: Rect,
    place: Rect,
    questions: &Questions,
    question: &Question,
    paint: &Paint,
) {
    let role = if question.tier() == Tier::Danger { Role::Danger } else { Role::Act };
    // The box may begin in the middle of a wide character, which would then paint over its border.
    for y in place.top()..place.bottom() {
        if place.x > buf.area.x
            && let Some(cell) = buf.cell_mut((place.x - 1, y))
            && width(cell.symbol()) > 1
        {
            cell.set_symbol(" ");
        }
    }
    // So few columns of what is below tell nothing, and look like words of the box.
    for (x, width) in [
        (area.x, place.x.saturating_sub(area.x)),
        (place.right(), area.right().saturating_sub(place.right())),
    ] {
        if width <= SLIVER {
            Clear.render(Rect { x, width, ..place }, buf);
        }
    }
    Clear.render(place, buf);
    let set = if paint.ascii { ASCII } else { border::PLAIN };
    let mut block = Block::bordered()
        .border_set(set)
        .border_style(paint.line(role))
        .style(paint.style(Role::Text))
        .padding(Padding::horizontal(1))
        .title_top(Span::styled(format!(" {} ", named(question)), paint.style(role)));
    if let [one] = question.actions()
        && !one.native.uid.is_empty()
        && place.width >= 40
    {
        let uid = clean_to(&one.native.uid, 64);
        let title = Span::styled(format!(" uid {} ", cut(&uid, 9)), paint.style(Role::Dim));
        block = block.title_top(Line::from(title).right_aligned());
    }
    if let Some(hint) = questions.hint {
        let room = usize::from(place.width.saturating_sub(4));
        let title = Span::styled(format!(" {} ", cut(&hint.to_string(), room)), paint.style(Role::Warning));
        block = block.title_bottom(Line::from(title).right_aligned());
    }
    block.render(place, buf);
}

/// What would be done: a read stays one, though it is asked about like a change.
fn named(question: &Question) -> Tier {
    let risk = match question.plan() {
        Plan::Shell(command) => command.risk,
        Plan::Native(natives) => match natives.as_slice() {
            [one] => match &one.verb {
                Verb::Query { risk, .. } => *risk,
                _ => return question.tier(),
            },
            _ => return question.tier(),
        },
    };
    if risk == Tier::Read && question.tier() == Tier::Change { Tier::Read } else { question.tier() }
}

/// Better nothing to answer than half a question.
fn too_small(buf: &mut Buffer, area: Rect, question: &Question, paint: &Paint) {
    let tier = question.tier();
    let all = [
        format!(" {tier}? make the window larger to answer; Esc leaves "),
        format!(" {tier}? enlarge, or Esc "),
        " enlarge, or Esc".to_owned(),
    ];
    let room = usize::from(area.width);
    let text = all.iter().find(|text| width(text) <= room).unwrap_or(&all[2]);
    let text = cut(text, room);
    if area.height > 0 && area.width > 0 {
        let style = paint.style(Role::Danger);
        buf.set_stringn(area.x, area.bottom() - 1, text, usize::from(area.width), style);
    }
}

const ASCII: border::Set<'static> = border::Set {
    top_left: "+",
    top_right: "+",
    bottom_left: "+",
    bottom_right: "+",
    vertical_left: "|",
    vertical_right: "|",
    horizontal_top: "-",
    horizontal_bottom: "-",
};
