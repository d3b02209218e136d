//! Lends the whole terminal to a byte stream: a shell in a container.
use std::io;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::input::Input;
use super::screen::Screen;
use super::signals::{Signals, Told};
use super::terminal;

/// Ctrl-], which no shell and no editor uses by default.
pub const RETURN: u8 = 0x1d;

/// Why the cockpit is back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Back {
    /// The operator returned; the other side goes on, and can be entered again.
    Returned,
    /// The other side closed.
    Ended,
    /// It broke.
    Broke(String),
    /// The program has to end; by which signal.
    Told(&'static str),
    /// The terminal is gone.
    Lost,
}

/// Runs until the operator presses [`RETURN`], the other side ends, or the program has to.
///
/// `to` must pass bytes on without being flushed. `title` says, on the first line, what this is. `resized` hears the size at once and after every change.
pub async fn lend<R, W>(
    screen: &mut Screen,
    input: &mut Input,
    signals: &mut Signals,
    title: &str,
    (from, to): (&mut R, &mut W),
    resized: impl FnMut(u16, u16),
) -> io::Result<Back>
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    terminal::lend()?;
    input.set_plain(true);
    // A program that takes the whole screen leaves the window's own title.
    screen.send(format!("\x1b[22;2t\x1b]2;{title}\x07").as_bytes())?;
    screen.send(format!("\r\n{title}; Ctrl-] returns to firedeck and leaves it running\r\n").as_bytes())?;
    let back = bridge(screen, input, signals, (from, to), resized).await;
    // A terminal that is gone, or behind, keeps that title.
    let _ = screen.send(b"\x1b[23;2t");
    input.set_plain(false);
    // The cockpit comes back as it was, whatever the other side did to the terminal.
    screen.resume()?;
    back
}

async fn bridge<R, W>(
    screen: &mut Screen,
    input: &mut Input,
    signals: &mut Signals,
    (from, to): (&mut R, &mut W),
    mut resized: impl FnMut(u16, u16),
) -> io::Result<Back>
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    let mut buffer = vec![0; 16 << 10];
    // Bytes on their way to the other side, which may be slow to take them.
    let mut waiting: Vec<u8> = Vec::new();
    let (columns, rows) = terminal::size();
    resized(columns, rows);
    loop {
        // Keys first: a flood of output must not keep the operator from returning.
        tokio::select! {
            biased;
            bytes = input.bytes() => {
                let Some(bytes) = bytes else { return Ok(Back::Lost) };
                if let Some(at) = bytes.iter().position(|byte| *byte == RETURN) {
                    waiting.extend_from_slice(&bytes[..at]);
                    // What was typed before is sent if the other side takes it at once.
                    let _ = futures::FutureExt::now_or_never(to.write_all(&waiting));
                    return Ok(Back::Returned);
                }
                waiting.extend_from_slice(&bytes);
                waiting.truncate(1 << 20);
            }
            told = signals.next() => match told {
                Told::End(signal) => return Ok(Back::Told(signal)),
                Told::Resized => {
                    let (columns, rows) = terminal::size();
                    resized(columns, rows);
                }
                Told::Continued => {
                    screen.resume()?;
                    terminal::lend()?;
                }
            },
            written = to.write(&waiting), if !waiting.is_empty() => match written {
                Ok(0) => return Ok(Back::Ended),
                Ok(length) => drop(waiting.drain(..length)),
                Err(error) => return Ok(Back::Broke(error.to_string())),
            },
            taken = Screen::taken(), if screen.is_behind() => taken?,
            // A terminal that is behind gets nothing more, and the other side waits.
            read = from.read(&mut buffer), if !screen.is_behind() => match read {
                Ok(0) => return Ok(Back::Ended),
                Ok(length) => drop(screen.send(&buffer[..length])?),
                Err(error) => return Ok(Back::Broke(error.to_string())),
            },
        }
    }
}
