//! What a command wrote, over the whole board: it is what is being read.
use ratatui::buffer::Buffer;
use unicode_width::UnicodeWidthStr;

use super::help::boxed;
use super::style::Paint;
use super::wrap::middle;
use crate::domain::settings::Role;
use crate::domain::text::one_line;
use crate::model::Model;
use crate::model::overlay::Reading;
use crate::model::run::{Line, Page, Stream};
use crate::panes::layout::Area;
use crate::panes::pods::bytes;
use crate::panes::{Fact, inked};

pub fn draw(buffer: &mut Buffer, paint: &Paint<'_>, model: &Model, reading: &Reading) {
    let mut lines: Vec<Vec<Fact>> = match &model.runs.page {
        None => vec![vec![Fact::new("reading", Role::Dim)]],
        Some(page) if page.lines.is_empty() => vec![vec![Fact::new("nothing was written here", Role::Dim)]],
        Some(page) => page.lines.iter().map(|line| facts(line, &reading.find)).collect(),
    };
    if lines.len() < reading.top {
        lines.resize(reading.top, Vec::new());
    }
    let area = Area::new(0, 0, buffer.area.width, buffer.area.height.saturating_sub(1));
    boxed(buffer, paint, area, &title(model, reading, area.width), &lines, reading.top);
    let ways = " j k move  g G ends  Tab other stream  / find  n next  Esc back ";
    let y = area.bottom().saturating_sub(1);
    let room = area.width.saturating_sub(4);
    if area.height > 2 && usize::from(room) >= ways.len() {
        paint.text(buffer, area.x + 2, y, room, ways, Role::Dim);
    }
}

/// `kubectl get pods -n shop · standard output, 64K–128K of 1M`.
fn title(model: &Model, reading: &Reading, width: u16) -> String {
    let stream = stream(model.runs.page.as_ref(), reading);
    let room = usize::from(width).saturating_sub(stream.width() + 24);
    let command = model.runs.text_of(&reading.order).map(|text| middle(&one_line(&text), room));
    command
        .filter(|text| !text.is_empty())
        .map_or_else(|| stream.clone(), |text| format!("{text} · {stream}"))
}

fn stream(page: Option<&Page>, reading: &Reading) -> String {
    let name = match reading.stream {
        Stream::Out => "standard output",
        Stream::Err => "standard error",
        Stream::Term => "what its terminal showed",
    };
    match page {
        Some(page) if page.from > 0 || page.to < page.total && !page.open => {
            format!("{name}, {}–{} of {}", bytes(page.from), bytes(page.to), bytes(page.total))
        }
        _ => name.to_owned(),
    }
}

fn facts(line: &Line, find: &str) -> Vec<Fact> {
    if let Some(at) = line.place(find) {
        let part = |range: std::ops::Range<usize>| line.text.get(range).unwrap_or_default().to_owned();
        let end = (at + find.len()).min(line.text.len());
        return vec![
            Fact::new(part(0..at), Role::Text),
            Fact::new(part(at..end), Role::Hit),
            Fact::new(part(end..line.text.len()), Role::Text),
        ];
    }
    inked(&line.text, &line.inks, if line.err { Role::Warning } else { Role::Text })
}
