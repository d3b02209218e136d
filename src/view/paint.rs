//! Putting text of a role into cells. Every view paints through this, so nothing else cuts or styles text.
use ratatui::buffer::Buffer;
use ratatui::style::Style;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use super::style::Paint;
use crate::domain::level::Level;
use crate::domain::settings::Role;
use crate::model::Settings;
use crate::panes::layout::Area;
use crate::panes::{Cut, Fact};

impl<'a> Paint<'a> {
    pub fn new(settings: &'a Settings) -> Paint<'a> {
        Paint { theme: &settings.theme, depth: settings.depth, ascii: settings.ascii() }
    }

    /// The sign of a level.
    pub fn level(&self, level: Level) -> char {
        self.sign(level.sign(), level.ascii())
    }

    /// Paints text from `x` on, at most `width` columns; says how many it took.
    pub fn text(&self, buffer: &mut Buffer, x: u16, y: u16, width: u16, text: &str, role: Role) -> u16 {
        self.styled(buffer, Area::new(x, y, width, 1), text, self.style(role), Cut::End)
    }

    /// Paints text into the first line of an area; says how many columns it took.
    pub fn styled(&self, buffer: &mut Buffer, area: Area, text: &str, style: Style, cut: Cut) -> u16 {
        let Area { x, y, width, .. } = area;
        let room = width.min(buffer.area.right().saturating_sub(x));
        if room == 0 || y >= buffer.area.bottom() || y < buffer.area.top() {
            return 0;
        }
        let mut text = fit(text, usize::from(room), cut, self.ascii);
        if self.ascii && !text.is_ascii() {
            text = text.chars().map(ascii).collect();
        }
        let (end, _) = buffer.set_stringn(x, y, &text, usize::from(room), style);
        end.saturating_sub(x)
    }

    /// Text on a line where the cursor may stand.
    pub fn on_line(&self, buffer: &mut Buffer, area: Area, text: &str, role: Role, cut: Cut, here: bool) {
        let style = self.style(role);
        let style = if here { style.patch(self.style(Role::Here)) } else { style };
        self.styled(buffer, area, text, style, cut);
    }

    /// Facts one after another; says where it stopped.
    pub fn facts(&self, buffer: &mut Buffer, area: Area, facts: &[Fact], gap: &str) -> u16 {
        let mut x = area.x;
        let end = area.x.saturating_add(area.width);
        for (at, fact) in facts.iter().enumerate() {
            // A gap with nothing behind it would look like the end.
            if at > 0 && !gap.is_empty() && end.saturating_sub(x) < width_of(gap) + 3 {
                let mark = if self.ascii { " ~" } else { " …" };
                return x + self.text(buffer, x, area.y, end.saturating_sub(x), mark, Role::Dim);
            }
            if at > 0 {
                x += self.text(buffer, x, area.y, end.saturating_sub(x), gap, Role::Dim);
            }
            x += self.text(buffer, x, area.y, end.saturating_sub(x), &fact.text, fact.role);
        }
        x
    }

    /// Clears an area to blanks in a role.
    pub fn blank(&self, buffer: &mut Buffer, area: Area, role: Role) {
        let style = self.style(role);
        for y in area.y..area.bottom().min(buffer.area.bottom()) {
            for x in area.x..area.x.saturating_add(area.width).min(buffer.area.right()) {
                if let Some(cell) = buffer.cell_mut((x, y)) {
                    cell.reset();
                    cell.set_style(style);
                }
            }
        }
    }

    /// A frame around an area, with a title in the upper line.
    pub fn frame(&self, buffer: &mut Buffer, area: Area, title: &str, role: Role) {
        if area.width < 2 || area.height < 2 {
            return;
        }
        let [corner_a, corner_b, corner_c, corner_d, line, side] = if self.ascii {
            ["+", "+", "+", "+", "-", "|"]
        } else {
            ["┌", "┐", "└", "┘", "─", "│"]
        };
        let (right, bottom) = (area.x + area.width - 1, area.bottom() - 1);
        let across = line.repeat(usize::from(area.width - 2));
        let style = self.style(role);
        let mut put = |x: u16, y: u16, text: &str| {
            self.styled(buffer, Area::new(x, y, area.width, 1), text, style, Cut::End);
        };
        put(area.x, area.y, corner_a);
        put(area.x + 1, area.y, &across);
        put(right, area.y, corner_b);
        for y in area.y + 1..bottom {
            put(area.x, y, side);
            put(right, y, side);
        }
        put(area.x, bottom, corner_c);
        put(area.x + 1, bottom, &across);
        put(right, bottom, corner_d);
        if !title.is_empty() && area.width > 6 {
            self.text(buffer, area.x + 2, area.y, area.width - 4, &format!(" {title} "), role);
        }
    }
}

fn width_of(text: &str) -> u16 {
    u16::try_from(text.width()).unwrap_or(u16::MAX)
}

/// Our own signs on a terminal without them, each by one of the same width.
fn ascii(c: char) -> char {
    match c {
        '–' | '─' | '▹' => '-',
        '·' | '│' => '|',
        '…' => '~',
        '×' | '✗' => 'x',
        '▸' | '→' => '>',
        '▲' => '!',
        '✓' => '+',
        '◆' => '*',
        '└' => '`',
        '▁' | '▂' => '_',
        '▃' | '▄' | '▅' => '=',
        '▆' | '▇' | '█' => '#',
        other => other,
    }
}

/// Cuts text to a width; the mark shows that something is missing, and where.
pub fn fit(text: &str, room: usize, cut: Cut, ascii: bool) -> String {
    if text.width() <= room {
        return text.to_owned();
    }
    let mark = if ascii { "~" } else { "…" };
    if room == 0 {
        return String::new();
    }
    let left = match cut {
        Cut::End => room - 1,
        // More of the end: that is where two names differ.
        Cut::Middle => (room - 1) / 2,
    };
    let mut out = take(text.graphemes(true), left);
    out.push_str(mark);
    if cut == Cut::Middle {
        let tail = take(text.graphemes(true).rev(), room - 1 - left);
        out.extend(tail.graphemes(true).rev());
    }
    out
}

/// As many characters as fit into `room` columns.
fn take<'a>(graphemes: impl Iterator<Item = &'a str>, room: usize) -> String {
    let mut out = String::new();
    let mut used = 0;
    for grapheme in graphemes {
        used += grapheme.width();
        if used > room {
            break;
        }
        out.push_str(grapheme);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_never_takes_the_part_that_tells_two_rows_apart() {
        assert_eq!(fit("worker-5dc8f9b7d4-5rh92", 15, Cut::Middle, false), "worker-…4-5rh92");
        assert_eq!(fit("worker-5dc8f9b7d4-5rh92", 8, Cut::End, false), "worker-…");
        assert_eq!(fit("worker", 6, Cut::Middle, true), "worker");
        assert_eq!(fit("数据库连接", 5, Cut::End, true), "数据~");
        assert_eq!(fit("abc", 0, Cut::Middle, false), "");
    }
}
