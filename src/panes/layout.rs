//! Size and mode to rectangles. Pure, so that `update` knows how many rows a pane shows.
//!
//! ```text
//! prod-eu ▸ shop (kubeconfig)  as jane: edit          header
//! ✗ pods 3   ✓ logs 14/s                              lamps
//! ─────────────────────────────────────────────────   rule
//!  pods 41 · 3 failing                    shop  live  a pane: its title,
//!    NAMESPACE  NAME  READY …                         its columns,
//!  ✗ shop       worker-5dc8…                          its rows
//! ─────────────────────────────────────────────────   rule
//! saved 3 files                                       what just happened
//! Enter open  l logs  ? keys                          keys
//! ```
use crate::model::Model;
use crate::model::board::PaneKind;
use crate::panes::tables::others_in_view;

/// A rectangle of cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Area {
    pub x: u16,
    pub y: u16,
    pub width: u16,
    pub height: u16,
}

impl Area {
    pub fn new(x: u16, y: u16, width: u16, height: u16) -> Area {
        Area { x, y, width, height }
    }

    pub fn is_empty(self) -> bool {
        self.width == 0 || self.height == 0
    }

    pub fn bottom(self) -> u16 {
        self.y.saturating_add(self.height)
    }
}

/// Where everything goes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Layout {
    pub header: Area,
    pub lamps: Area,
    pub rules: Vec<Area>,
    /// Upright rules between panes side by side.
    pub uprights: Vec<Area>,
    pub panes: Vec<(PaneKind, Area)>,
    pub says: Area,
    pub keys: Area,
}

/// Below this, one pane at a time.
const ROOMY: (u16, u16) = (100, 32);
/// From here on panes stand side by side.
const WIDE: u16 = 190;
/// From here on a runbook stands beside the panes, not above them: a command needs half of that.
const BESIDE: u16 = 120;

pub fn layout(model: &Model) -> Layout {
    let (width, height) = model.size;
    let mut all = Layout::default();
    let row = |y: u16| Area::new(0, y, width, 1);
    // What goes first when there is no room: rules, then lamps, then the line that says things, then the keys.
    let (lamps, rules, says, keys) = (height >= 8, height >= 10, height >= 7, height >= 4);
    let mut top = 0;
    all.header = if height > 0 { row(0) } else { Area::default() };
    top += 1;
    if lamps {
        all.lamps = row(top);
        top += 1;
    }
    if rules {
        all.rules.push(row(top));
        top += 1;
    }
    let mut bottom = height;
    if keys {
        bottom -= 1;
        all.keys = row(bottom);
    }
    if says {
        bottom -= 1;
        all.says = row(bottom);
    }
    if rules {
        bottom -= 1;
        all.rules.push(row(bottom));
    }
    let body = Area::new(0, top.min(height), width, bottom.saturating_sub(top));
    place(model, body, &mut all);
    all
}

fn place(model: &Model, body: Area, all: &mut Layout) {
    let focus = model.board.focus;
    let mut beside = Vec::new();
    if model.detail.is_some() {
        beside.push(PaneKind::Detail);
    }
    if model.logs.following.is_some() {
        beside.push(PaneKind::Logs);
    }
    let roomy = body.width >= ROOMY.0 && model.size.1 >= ROOMY.1;
    if let Some(book) = book(model).filter(|_| roomy && !model.board.zoomed) {
        return with_book(model, body, book, &beside, all);
    }
    // With room to spare, what goes on elsewhere stays in sight.
    if beside.is_empty() && body.width >= WIDE && roomy && others_in_view(model) {
        beside.push(PaneKind::Overview);
    }
    if model.board.zoomed
        || !roomy
        || beside.is_empty()
        || (focus == PaneKind::Overview && (body.width < WIDE || !beside.contains(&PaneKind::Overview)))
    {
        all.panes.push((focus, body));
        return;
    }
    // The incident takes the table's place while it is looked at.
    let table = if focus == PaneKind::Incident { focus } else { PaneKind::Things };
    if body.width >= WIDE {
        let left = Area { width: body.width * 11 / 20, ..body };
        all.uprights.push(Area { x: left.width, width: 1, ..body });
        let right = Area { x: left.width + 1, width: body.width - left.width - 1, ..body };
        all.panes.push((table, left));
        match beside.as_slice() {
            [one] => all.panes.push((*one, right)),
            _ => stack(all, right, &beside),
        }
        return;
    }
    // One above the other: the table, and what was opened last.
    let below = if beside.contains(&focus) { focus } else { beside[0] };
    stack(all, body, &[table, below]);
}

/// The list of runbooks while it is used, else the open one.
fn book(model: &Model) -> Option<PaneKind> {
    let open = model.checklist.is_some().then_some(PaneKind::Checklist);
    if model.board.focus == PaneKind::Runbooks { Some(PaneKind::Runbooks) } else { open }
}

/// A runbook, and the live panes beside it; where that is too narrow, below.
fn with_book(model: &Model, body: Area, book: PaneKind, beside: &[PaneKind], all: &mut Layout) {
    let mut live = match model.board.focus {
        shown @ (PaneKind::Overview | PaneKind::Incident) => vec![shown],
        _ => vec![PaneKind::Things],
    };
    if body.width < BESIDE {
        let focus = model.board.focus;
        let below = if beside.contains(&focus) { focus } else { live[0] };
        return stack(all, body, &[book, below]);
    }
    live.extend(beside.iter().filter(|pane| **pane != model.board.focus || **pane != PaneKind::Overview));
    let left = Area { width: body.width / 2, ..body };
    all.uprights.push(Area { x: left.width, width: 1, ..body });
    let right = Area { x: left.width + 1, width: body.width - left.width - 1, ..body };
    all.panes.push((book, left));
    stack(all, right, &live);
}

/// Panes one above the other with a rule between.
fn stack(all: &mut Layout, area: Area, panes: &[PaneKind]) {
    let count = u16::try_from(panes.len()).unwrap_or(1).max(1);
    let room = area.height.saturating_sub(count - 1);
    let mut y = area.y;
    for (at, pane) in (0u16..).zip(panes) {
        let height = room / count + u16::from(at < room % count);
        all.panes.push((*pane, Area { y, height, ..area }));
        y += height;
        if at + 1 < count {
            all.rules.push(Area { y, height: 1, ..area });
            y += 1;
        }
    }
}

impl Layout {
    pub fn pane(&self, kind: PaneKind) -> Option<Area> {
        self.panes.iter().find(|(known, _)| *known == kind).map(|(_, area)| *area)
    }
}
