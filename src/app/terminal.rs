//! The terminal's modes: taken when the cockpit opens, given back on every way out.
//!
//! Nothing here asks the terminal anything: an answer would look like typed text.
use std::io;
use std::os::fd::OwnedFd;
use std::sync::{Mutex, MutexGuard, OnceLock};
use std::thread::ThreadId;
use std::time::Duration;

use super::writer::Writer;

/// The thread that draws, while the terminal is ours.
static HOLDER: Mutex<Option<ThreadId>> = Mutex::new(None);

/// Everything the terminal gets goes through here, in order.
static WRITER: OnceLock<Writer> = OnceLock::new();

/// How long leaving waits for a terminal that takes nothing; then it is left as it is.
const FAREWELL: Duration = Duration::from_secs(1);

/// To the other screen; remembers where the cursor was on this one.
const ENTER: &str = "\x1b[?1049h";
/// No cursor, pastes marked as such, nothing on it.
const SET: &str = "\x1b[?25l\x1b[?2004h\x1b[2J\x1b[H";

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
    take_by(&[ENTER, SET].concat())
}

fn take_by(bytes: &str) -> io::Result<()> {
    if !rustix::termios::isatty(rustix::stdio::stdout()) {
        return Err(io::Error::other("standard output is not a terminal; the cockpit needs one to draw on"));
    }
    if WRITER.get().is_none() {
        // Only the thread that draws comes here, so nobody else sets it in between.
        let _ = WRITER.set(Writer::start(rustix::stdio::stdout())?);
    }
    let mut holder = holder();
    crossterm::terminal::enable_raw_mode()?;
    *holder = Some(std::thread::current().id());
    drop(holder);
    put(bytes)
}

/// Gives it back. Safe from any thread, in a panic, and when it was given back already.
pub fn give_back() -> io::Result<()> {
    given_back(&mut holder())
}

fn given_back(holder: &mut Option<ThreadId>) -> io::Result<()> {
    if holder.take().is_none() {
        return Ok(());
    }
    let written =
        put([CALM, GIVE].concat()).and_then(|()| WRITER.get().map_or(Ok(()), |writer| writer.wait(FAREWELL)));
    crossterm::terminal::disable_raw_mode().and(written)
}

/// Takes it again as it should be, whatever happened to it meanwhile.
pub(super) fn retake() -> io::Result<()> {
    crossterm::terminal::disable_raw_mode()?;
    // Calming moves the cursor to the top, so it comes after its place on the shell's screen was remembered.
    take_by(&[ENTER, CALM, SET].concat())
}

/// Leaves the drawing screen for the plain one, where another program's bytes go; keys stay raw.
pub(super) fn lend() -> io::Result<()> {
    put([CALM, GIVE].concat())
}

pub(super) fn set_mouse(on: bool) -> io::Result<()> {
    put(if on { MOUSE_ON } else { MOUSE_OFF })
}

/// Nobody takes the terminal or gives it back while this is held.
fn holder() -> MutexGuard<'static, Option<ThreadId>> {
    HOLDER.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
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

/// Hands bytes over to the terminal, behind all that were handed over before; it may take them later.
pub(super) fn put(bytes: impl Into<Vec<u8>>) -> io::Result<()> {
    WRITER.get().map_or_else(|| Err(io::ErrorKind::NotConnected.into()), |writer| writer.put(bytes.into()))
}

/// How many bytes it has not taken yet.
pub(super) fn waiting() -> usize {
    WRITER.get().map_or(0, Writer::waiting)
}

/// Until it has taken everything. Can be dropped while it waits.
pub(super) async fn taken() -> io::Result<()> {
    match WRITER.get() {
        Some(writer) => writer.taken().await,
        None => Ok(()),
    }
}

/// Reports and panics come after the terminal is given back, or not on the screen at all.
pub fn install_hooks() -> color_eyre::Result<()> {
    let (panic, report) = color_eyre::config::HookBuilder::default()
        .display_env_section(false)
        .display_location_section(cfg!(debug_assertions))
        .panic_section("this is a defect of firedeck: the journal and the log up to here are on disk")
        .into_hooks();
    report.install()?;
    let print = panic.into_panic_hook();
    std::panic::set_hook(Box::new(move |info| on_panic(info, &print)));
    Ok(())
}

fn on_panic(info: &std::panic::PanicHookInfo<'_>, print: &dyn Fn(&std::panic::PanicHookInfo<'_>)) {
    let mut holder = holder();
    if holder.is_some_and(|holder| holder != std::thread::current().id()) {
        // A task died: printing would go over the screen, so it goes to the log.
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, what = info.payload_as_str().unwrap_or("?"), "a task panicked");
        if cfg!(panic = "unwind") {
            // The cockpit lives.
            return;
        }
    }
    // What cannot be given back cannot be reported anywhere better either.
    let _ = given_back(&mut holder);
    // What begins anew takes it as the shell has it.
    crate::defect::begin_anew(info);
    print(info);
}
