//! Draws to the terminal: one write for each frame that changed anything, none for one that did not.
use std::collections::HashMap;
use std::io;

use ratatui::backend::{Backend, ClearType, CrosstermBackend, WindowSize};
use ratatui::buffer::Cell;
use ratatui::layout::{Position, Rect, Size};
use ratatui::{Frame, Terminal};
use unicode_width::UnicodeWidthStr;

use super::terminal;

/// So much may wait for a terminal that takes nothing before more is refused.
const MOST: usize = 1 << 20;

/// The terminal while the cockpit has it. Dropping it gives the terminal back.
pub struct Screen {
    terminal: Terminal<Paper>,
    mouse: bool,
}

impl Screen {
    /// To be called on the thread that draws: a panic there gives the terminal back.
    pub fn enter() -> io::Result<Screen> {
        terminal::take()?;
        let made =
            Terminal::new(Paper::new(terminal::size)).map(|terminal| Screen { terminal, mouse: false });
        if made.is_err() {
            terminal::give_back()?;
        }
        made
    }

    /// Hands a frame over, and returns at once; [`Screen::taken`] says when the terminal has it. To be called
    /// only when the one before was taken, so that at most one is on its way.
    pub fn draw(&mut self, draw: impl FnOnce(&mut Frame)) -> io::Result<()> {
        self.terminal.draw(draw)?;
        let bytes = self.terminal.backend_mut().take();
        if bytes.is_empty() { Ok(()) } else { terminal::put(bytes) }
    }

    /// Whether the terminal still has bytes to take.
    pub fn is_behind(&self) -> bool {
        terminal::waiting() > 0
    }

    /// Until it has taken everything. Can be dropped while it waits.
    pub async fn taken() -> io::Result<()> {
        terminal::taken().await
    }

    /// The next frame paints every cell, at the size that the terminal has now.
    pub fn repaint(&mut self) -> io::Result<()> {
        let (columns, rows) = terminal::size();
        self.terminal.backend_mut().forget();
        self.terminal.resize(Rect::new(0, 0, columns, rows))
    }

    pub fn set_mouse(&mut self, on: bool) -> io::Result<()> {
        self.mouse = on;
        terminal::set_mouse(on)
    }

    /// Sets every mode anew, whatever somebody did to them, and repaints with the next frame.
    pub fn resume(&mut self) -> io::Result<()> {
        terminal::retake()?;
        if self.mouse {
            terminal::set_mouse(true)?;
        }
        self.repaint()
    }

    /// Bytes that are no picture: the clipboard's, a shell's. False when the terminal is too far behind.
    pub fn send(&mut self, bytes: &[u8]) -> io::Result<bool> {
        if terminal::waiting() > MOST {
            return Ok(false);
        }
        terminal::put(bytes).map(|()| true)
    }

    /// The same as dropping it, with the error.
    pub fn leave(self) -> io::Result<()> {
        terminal::give_back()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // A terminal that is gone cannot be given back.
        let _ = terminal::give_back();
    }
}

/// Cells of one style after another: to change the style costs more bytes than to move. Characters that are wider
/// than one cell stay where they are, as those after them may lie under them.
fn by_style(mut cells: Vec<(u16, u16, &Cell)>) -> Vec<(u16, u16, &Cell)> {
    if cells.iter().any(|(_, _, cell)| cell.symbol().width() != 1) {
        return cells;
    }
    let mut styles = HashMap::new();
    for (_, _, cell) in &cells {
        let next = styles.len();
        styles.entry(cell.style()).or_insert(next);
    }
    cells.sort_by_key(|(_, _, cell)| styles.get(&cell.style()).copied());
    cells
}

/// Keeps a frame's bytes, and leaves out those that change nothing.
struct Paper {
    bytes: Vec<u8>,
    cursor: Option<Cursor>,
    size: fn() -> (u16, u16),
}

/// What the terminal's cursor is known to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cursor {
    Hidden,
    At(Position),
    /// Visible, where the last cell left it.
    Somewhere,
}

const BEGIN: &[u8] = b"\x1b[?2026h";
const END: &[u8] = b"\x1b[?2026l";

impl Paper {
    fn new(size: fn() -> (u16, u16)) -> Paper {
        Paper { bytes: Vec::new(), cursor: None, size }
    }

    /// The frame as one piece, or nothing.
    fn take(&mut self) -> Vec<u8> {
        if self.bytes.is_empty() {
            return Vec::new();
        }
        let mut frame = Vec::with_capacity(self.bytes.len() + BEGIN.len() + END.len());
        frame.extend_from_slice(BEGIN);
        frame.append(&mut self.bytes);
        frame.extend_from_slice(END);
        frame
    }

    fn forget(&mut self) {
        self.bytes.clear();
        self.cursor = None;
    }

    fn inner(&mut self) -> CrosstermBackend<&mut Vec<u8>> {
        CrosstermBackend::new(&mut self.bytes)
    }

    fn moved(&mut self) {
        if matches!(self.cursor, Some(Cursor::At(_))) {
            self.cursor = Some(Cursor::Somewhere);
        }
    }
}

impl Backend for Paper {
    type Error = io::Error;

    fn draw<'a, I>(&mut self, content: I) -> io::Result<()>
    where
        I: Iterator<Item = (u16, u16, &'a Cell)>,
    {
        let cells: Vec<_> = content.collect();
        if cells.is_empty() {
            return Ok(());
        }
        self.moved();
        self.inner().draw(by_style(cells).into_iter())
    }

    fn hide_cursor(&mut self) -> io::Result<()> {
        if self.cursor != Some(Cursor::Hidden) {
            self.cursor = Some(Cursor::Hidden);
            self.inner().hide_cursor()?;
        }
        Ok(())
    }

    fn show_cursor(&mut self) -> io::Result<()> {
        if matches!(self.cursor, None | Some(Cursor::Hidden)) {
            self.cursor = Some(Cursor::Somewhere);
            self.inner().show_cursor()?;
        }
        Ok(())
    }

    fn get_cursor_position(&mut self) -> io::Result<Position> {
        // Asking the terminal is out of the question; a full screen needs no answer.
        Ok(match self.cursor {
            Some(Cursor::At(position)) => position,
            _ => Position::ORIGIN,
        })
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> io::Result<()> {
        let position = position.into();
        if self.cursor != Some(Cursor::At(position)) {
            if self.cursor == Some(Cursor::Somewhere) {
                self.cursor = Some(Cursor::At(position));
            }
            self.inner().set_cursor_position(position)?;
        }
        Ok(())
    }

    fn clear(&mut self) -> io::Result<()> {
        self.clear_region(ClearType::All)
    }

    fn clear_region(&mut self, what: ClearType) -> io::Result<()> {
        self.moved();
        self.inner().clear_region(what)
    }

    fn size(&self) -> io::Result<Size> {
        let (columns, rows) = (self.size)();
        Ok(Size::new(columns, rows))
    }

    fn window_size(&mut self) -> io::Result<WindowSize> {
        Ok(WindowSize { columns_rows: self.size()?, pixels: Size::default() })
    }

    fn flush(&mut self) -> io::Result<()> {
        // The frame leaves as one piece, in `take`.
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(terminal: &mut Terminal<Paper>, text: &str, cursor: Option<(u16, u16)>) -> String {
        let drawn = terminal.draw(|frame| {
            frame.render_widget(text, frame.area());
            if let Some(cursor) = cursor {
                frame.set_cursor_position(cursor);
            }
        });
        drawn.expect("drawn");
        String::from_utf8(terminal.backend_mut().take()).expect("text")
    }

    #[test]
    fn a_frame_that_changes_nothing_costs_no_bytes() {
        let mut terminal = Terminal::new(Paper::new(|| (20, 3))).expect("a terminal");
        let first = frame(&mut terminal, "hello", None);
        assert!(
            first.starts_with("\x1b[?2026h") && first.ends_with("\x1b[?2026l") && first.contains("hello")
        );
        assert_eq!(frame(&mut terminal, "hello", None), "");
        let shown = frame(&mut terminal, "hello", Some((2, 1)));
        assert!(shown.contains("\x1b[?25h") && shown.contains("\x1b[2;3H"), "{shown:?}");
        assert_eq!(frame(&mut terminal, "hello", Some((2, 1))), "");
        let moved = frame(&mut terminal, "hellO", Some((2, 1)));
        assert!(moved.ends_with("\x1b[2;3H\x1b[?2026l"), "the cursor is put back: {moved:?}");
        assert!(frame(&mut terminal, "hellO", None).contains("\x1b[?25l"));
        assert_eq!(frame(&mut terminal, "hellO", None), "");
    }

    #[test]
    fn a_style_is_said_once_for_all_its_cells_wherever_they_stand() {
        let mut terminal = Terminal::new(Paper::new(|| (20, 4))).expect("a terminal");
        let mut paint = |text: &str| {
            let drawn = terminal.draw(|frame| {
                for y in 0..4 {
                    frame.buffer_mut().set_string(0, y, text, ratatui::style::Style::new().bold());
                    frame.buffer_mut().set_string(5, y, text, ratatui::style::Style::new());
                }
            });
            drawn.expect("drawn");
            String::from_utf8(terminal.backend_mut().take()).expect("text")
        };
        paint("a");
        let bytes = paint("b");
        assert_eq!((bytes.matches('b').count(), bytes.matches("\x1b[1m").count()), (8, 1), "{bytes:?}");
        let wide = paint("漢");
        assert!(wide.matches("\x1b[1m").count() > 1, "order is kept around wide characters: {wide:?}");
    }

    #[test]
    fn a_repaint_paints_every_cell_without_asking_anything() {
        let mut terminal = Terminal::new(Paper::new(|| (20, 3))).expect("a terminal");
        frame(&mut terminal, "hello", None);
        terminal.backend_mut().forget();
        terminal.resize(Rect::new(0, 0, 20, 3)).expect("resized");
        let again = frame(&mut terminal, "hello", None);
        assert!(again.contains("\x1b[2J") && again.contains("hello") && again.contains("\x1b[?25l"));
        assert!(!again.contains("\x1b[6n") && !again.contains("\x1b[c"));
    }
}
