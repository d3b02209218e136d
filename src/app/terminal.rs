//! The terminal's modes: taken when the cockpit opens, given back on every way out.
//!
//! Nothing here asks the terminal anything: an answer would look like typed text.
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Mutex;
use std::thread::ThreadId;

use rustix::event::{PollFd, PollFlags};
use rustix::io::Errno;

/// The thread that draws, while the terminal is ours.
static HOLDER: Mutex<Option<ThreadId>> = Mutex::new(None);

/// The other screen, no cursor, pastes marked as such.
const TAKE: &str = "\x1b[?1049h\x1b[?25l\x1b[?2004h\x1b[2J\x1b[H";

/// Whatever we, or a shell in a container, may have set: synchronized output, colours, mouse, focus reports,
/// marked pastes, keypad and cursor keys, character set, scroll region, origin, insert, wrapping.
const CALM: &str = "\x1b[?2026l\x1b[0m\x1b[?9l\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1005l\x1b[?1006l\
                    \x1b[?1015l\x1b[?1004l\x1b[?2004l\x1b[?1l\x1b>\x1b(B\x0f\x1b[r\x1b[?6l\x1b[4l\x1b[?7h";

const GIVE: &str = "\x1b[?1049l\x1b[?25h";
const MOUSE_ON: &str = "\x1b[?1000h\x1b[?1006h";
const MOUSE_OFF: &str = "\x1b[?1006l\x1b[?1000l";

/// Whether the cockpit has the terminal, so that nobody else may print.
pub fn held() -> bool {
    HOLDER.lock().is_ok_and(|holder| holder.is_some())
}

/// Takes the terminal for the calling thread, which is the one that draws.
pub(super) fn take() -> io::Result<()> {
    if !rustix::termios::isatty(rustix::stdio::stdout()) {
        return Err(io::Error::other("standard output is not a terminal; the cockpit needs one to draw on"));
    }
    crossterm::terminal::enable_raw_mode()?;
    hold(Some(std::thread::current().id()));
    write(TAKE.as_bytes())
}

/// Gives it back. Safe from any thread, in a panic, and when it was given back already.
pub fn give_back() -> io::Result<()> {
    if hold(None).is_none() {
        return Ok(());
    }
    let written = write(CALM.as_bytes()).and_then(|()| write(GIVE.as_bytes()));
    crossterm::terminal::disable_raw_mode().and(written)
}

/// Takes it again as it should be, whatever happened to it meanwhile.
pub(super) fn retake() -> io::Result<()> {
    crossterm::terminal::disable_raw_mode()?;
    write(CALM.as_bytes())?;
    take()
}

/// Leaves the drawing screen for the plain one, where another program's bytes go; keys stay raw.
pub(super) fn lend() -> io::Result<()> {
    write(CALM.as_bytes())?;
    write(GIVE.as_bytes())
}

pub(super) fn set_mouse(on: bool) -> io::Result<()> {
    write(if on { MOUSE_ON } else { MOUSE_OFF }.as_bytes())
}

fn hold(by: Option<ThreadId>) -> Option<ThreadId> {
    let mut holder = HOLDER.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    std::mem::replace(&mut holder, by)
}

/// Columns and rows. A terminal that does not say is taken for the smallest usual one.
pub fn size() -> (u16, u16) {
    match rustix::termios::tcgetwinsize(rustix::stdio::stdout()) {
        Ok(size) if size.ws_col > 0 && size.ws_row > 0 => (size.ws_col, size.ws_row),
        _ => (80, 24),
    }
}

/// The terminal to read keys from, also when standard input is something else.
pub(super) fn keyboard() -> io::Result<OwnedFd> {
    let stdin = rustix::stdio::stdin();
    if rustix::termios::isatty(stdin) {
        return stdin.try_clone_to_owned();
    }
    Ok(std::fs::File::open("/dev/tty")?.into())
}

/// Writes everything, however often the terminal takes only a part or nothing.
pub(super) fn write(bytes: &[u8]) -> io::Result<()> {
    write_to(rustix::stdio::stdout(), bytes)
}

fn write_to(to: BorrowedFd<'_>, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match rustix::io::write(to, bytes) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => bytes = &bytes[written..],
            Err(Errno::INTR) => {}
            // Somebody who shares the terminal made it non-blocking.
            Err(Errno::AGAIN) => wait(to)?,
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

fn wait(to: BorrowedFd<'_>) -> io::Result<()> {
    let to = to.as_fd();
    match rustix::event::poll(&mut [PollFd::from_borrowed_fd(to, PollFlags::OUT)], None) {
        Ok(_) | Err(Errno::INTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Reports and panics come after the terminal is given back, or not on the screen at all.
pub fn install_hooks() -> color_eyre::Result<()> {
    let (panic, report) = color_eyre::config::HookBuilder::default().display_env_section(false).into_hooks();
    report.install()?;
    let print = panic.into_panic_hook();
    std::panic::set_hook(Box::new(move |info| on_panic(info, &print)));
    Ok(())
}

fn on_panic(info: &std::panic::PanicHookInfo<'_>, print: &dyn Fn(&std::panic::PanicHookInfo<'_>)) {
    let holder = HOLDER.lock().map_or(None, |holder| *holder);
    if holder.is_some_and(|holder| holder != std::thread::current().id()) {
        // A task died, the cockpit lives: printing would go over the screen, so it goes to the log.
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, what = info.payload_as_str().unwrap_or("?"), "a task panicked");
        return;
    }
    // What cannot be given back cannot be reported anywhere better either.
    let _ = give_back();
    print(info);
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    #[test]
    fn a_terminal_that_takes_little_at_a_time_gets_everything() {
        let (mut read, write) = std::io::pipe().expect("a pipe");
        rustix::io::ioctl_fionbio(&write, true).expect("set");
        let bytes: Vec<u8> = (0..300_000u32).map(|n| n.to_le_bytes()[0]).collect();
        let sent = bytes.clone();
        let writer = std::thread::spawn(move || write_to(write.as_fd(), &sent));
        let mut got = Vec::new();
        read.read_to_end(&mut got).expect("read");
        writer.join().expect("joined").expect("written");
        assert_eq!(got, bytes);
    }

    #[test]
    fn a_terminal_that_is_gone_is_an_error() {
        let (read, write) = std::io::pipe().expect("a pipe");
        drop(read);
        assert!(write_to(write.as_fd(), b"x").is_err());
    }
}
