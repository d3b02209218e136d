//! Paints the rows of the logs pane.
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::domain::settings::Role;
use crate::domain::time::Zone;
use crate::model::logs::Logs;
use crate::panes::logs::{Frame, Ground, Row, empty, window};

/// How meanings look; whoever knows the theme says so.
pub type Look<'l> = &'l dyn Fn(Role) -> Style;

/// Draws the lines that fit into `area`; title and borders are not its business.
pub fn draw(buffer: &mut Buffer, area: Rect, logs: &Logs, zone: &Zone, ascii: bool, look: Look<'_>) {
    let area = area.intersection(buffer.area);
    if area.is_empty() {
        return;
    }
    let frame = Frame { width: area.width.into(), height: area.height.into(), zone, ascii };
    let rows = window(logs, &frame);
    if rows.is_empty() {
        nothing(buffer, area, logs, look);
        return;
    }
    for (row, y) in rows.iter().zip(area.top()..area.bottom()) {
        paint(buffer, Rect { y, height: 1, ..area }, row, ascii, look);
    }
}

fn paint(buffer: &mut Buffer, line: Rect, row: &Row, ascii: bool, look: Look<'_>) {
    // Under the text, so that a hit keeps its own ground.
    let mut under = Style::new();
    if row.ground == Ground::Here {
        under = look(Role::Here);
        buffer.set_style(line, under);
    }
    let mut x = line.x;
    for span in &row.spans {
        let style = if span.role == Role::Hit { look(Role::Hit) } else { look(span.role).patch(under) };
        let room = usize::from(line.right() - x);
        x = buffer.set_stringn(x, line.y, &span.text, room, style).0;
    }
    match row.ground {
        Ground::Plain | Ground::Here => {}
        Ground::Rule => {
            let dash = if ascii { "-" } else { "─" };
            let style = row.spans.last().map(|span| look(span.role)).unwrap_or_default();
            for x in x..line.right() {
                buffer.set_string(x, line.y, dash, style);
            }
        }
    }
}

/// Why there is nothing to see, in the middle of the pane.
fn nothing(buffer: &mut Buffer, area: Rect, logs: &Logs, look: Look<'_>) {
    let lines = empty(logs);
    let height = u16::try_from(lines.len()).unwrap_or(u16::MAX).min(area.height);
    let top = area.y + (area.height - height) / 2;
    for (text, y) in lines.iter().zip(top..top + height) {
        let width = u16::try_from(text.chars().count()).unwrap_or(u16::MAX).min(area.width);
        let x = area.x + (area.width - width) / 2;
        buffer.set_stringn(x, y, text, area.width.into(), look(Role::Dim));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;
    use ratatui::style::Modifier;

    use super::*;
    use crate::domain::log::{Follow, LineKind, Lines, LogLevel, LogNews, Stream};
    use crate::domain::text::append_line;

    fn logs(texts: &[&str]) -> Logs {
        let follow = Follow::Namespace { context: "c".into(), namespace: "shop".into() };
        let mut logs = Logs::default();
        logs.follow(Some(follow.clone()));
        logs.news(LogNews::Began(Arc::new(follow)));
        let stream = Arc::new(Stream { pod: "web-1".into(), ..Stream::default() });
        let mut lines = Lines::default();
        for text in texts {
            lines.add(&stream, 1, |out, ink| append_line(text.as_bytes(), out, ink), LogLevel::read);
        }
        lines.say(&stream, 0, LineKind::Gap, "lines may be missing");
        logs.news(LogNews::Chunk(Arc::new(lines.seal(logs.ring.end()))));
        logs
    }

    fn painted(logs: &Logs, width: u16, height: u16, ascii: bool) -> Buffer {
        let area = Rect::new(0, 0, width, height);
        let mut buffer = Buffer::empty(area);
        let look = |role| match role {
            Role::Bad => Style::new().add_modifier(Modifier::BOLD),
            _ => Style::new(),
        };
        draw(&mut buffer, area, logs, &Zone::default(), ascii, &look);
        buffer
    }

    #[test]
    fn an_error_is_bold_a_gap_runs_across_and_the_rest_is_empty() {
        let buffer = painted(&logs(&["ERROR x"]), 44, 3, false);
        let expected = [
            "  00:00:00 E ERROR x                        ",
            "── web-1 lines may be missing ──────────────",
            "                                            ",
        ];
        let rows: Vec<String> =
            (0..3).map(|y| (0..44).map(|x| buffer[(x, y)].symbol()).collect::<String>()).collect();
        assert_eq!(rows, expected);
        assert!(buffer[(13, 0)].modifier.contains(Modifier::BOLD));
        assert!(!buffer[(2, 0)].modifier.contains(Modifier::BOLD));
    }

    proptest! {
        #[test]
        fn drawing_never_fails_and_ascii_is_ascii(
            texts in prop::collection::vec("\\PC{0,60}", 0..6),
            width in 0_u16..120,
            height in 0_u16..10,
            wrap: bool,
            left in 0_usize..50,
        ) {
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            let mut logs = logs(&texts);
            logs.wrap = wrap;
            logs.left = left;
            painted(&logs, width, height, false);
            let buffer = painted(&logs, width, height, true);
            prop_assert!(buffer.content.iter().all(|cell| cell.symbol().is_ascii()));
        }
    }
}
