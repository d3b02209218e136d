//! A program in a real pseudo-terminal, and the emulator that looks at it.
//!
//! Everything waits for a state and is woken by the bytes that bring it. When the state does not come, the
//! panic shows the last screen and the end of the log.
use std::fmt::Write as _;
use std::io::{PipeReader, PipeWriter, Read, Write};
use std::num::NonZeroU16;
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use pty_process::blocking::{Command, Pts, Pty};
use rustix::event::{PollFd, PollFlags};
use rustix::process::{Pid, Signal};
use rustix::termios::{Action, LocalModes, Termios};

/// Only reached when something is wrong.
const PATIENCE: Duration = Duration::from_mins(1);

/// What to start, and where.
pub(crate) struct Start {
    program: PathBuf,
    arguments: Vec<String>,
    env: Vec<(String, String)>,
    columns: u16,
    rows: u16,
    log: Option<PathBuf>,
    /// More where a server is waited for, not the program alone.
    pub(crate) patience: Duration,
}

impl Start {
    /// With an environment of nothing but `TERM`, `PATH` and what is added.
    pub(crate) fn new(program: impl Into<PathBuf>) -> Start {
        let path = std::env::var("PATH").unwrap_or_default();
        let env = vec![("TERM".into(), "xterm-256color".into()), ("PATH".into(), path)];
        let (program, arguments) = (program.into(), Vec::new());
        Start { program, arguments, env, columns: 80, rows: 24, log: None, patience: PATIENCE }
    }

    pub(crate) fn arg(mut self, argument: impl Into<String>) -> Start {
        self.arguments.push(argument.into());
        self
    }

    pub(crate) fn env(mut self, name: &str, value: impl Into<String>) -> Start {
        self.env.push((name.into(), value.into()));
        self
    }

    pub(crate) fn size(mut self, columns: u16, rows: u16) -> Start {
        (self.columns, self.rows) = (columns, rows);
        self
    }

    /// The file whose end is shown when a test gives up.
    pub(crate) fn log(mut self, log: impl Into<PathBuf>) -> Start {
        self.log = Some(log.into());
        self
    }

    pub(crate) fn run(self) -> Cockpit {
        let (pty, pts) = pty_process::blocking::open().expect("a pseudo-terminal");
        pty.resize(pty_process::Size::new(self.rows, self.columns)).expect("sized");
        let before = modes(&pty);
        let mut command = Command::new(&self.program).args(&self.arguments).env_clear();
        for (name, value) in &self.env {
            command = command.env(name, value);
        }
        let mut child = command.spawn_borrowed(&pts).expect("started");
        let pid = Pid::from_child(&child);
        let seen = Arc::new((Mutex::new(Seen::new(self.columns, self.rows)), Condvar::new()));
        let pty = Arc::new(pty);
        let (stopped, stop) = std::io::pipe().expect("a pipe");
        let (reading, told) = (Arc::clone(&pty), Arc::clone(&seen));
        let reader = std::thread::spawn(move || read(&reading, &stopped, &told));
        let told = Arc::clone(&seen);
        std::thread::spawn(move || {
            let status = child.wait().expect("its status");
            told.0.lock().expect("unpoisoned").ended = Some(status);
            told.1.notify_all();
        });
        let reader = Some((stop, reader));
        let (log, patience) = (self.log, self.patience);
        Cockpit { pid, pty: Some(pty), pts: Some(pts), reader, seen, before, log, patience }
    }
}

/// Everything that came out of the program.
struct Seen {
    parser: vt100::Parser,
    bytes: Vec<u8>,
    /// A frame was begun and is not written to its end: a real terminal shows none of it yet.
    drawing: bool,
    /// The terminal is closed on the other side.
    over: bool,
    ended: Option<ExitStatus>,
}

impl Seen {
    fn new(columns: u16, rows: u16) -> Seen {
        Seen {
            parser: vt100::Parser::new(some(rows), some(columns), 0),
            bytes: Vec::new(),
            drawing: false,
            over: false,
            ended: None,
        }
    }

    fn take(&mut self, bytes: &[u8]) {
        const BEGIN: &[u8] = b"\x1b[?2026h";
        const END: &[u8] = b"\x1b[?2026l";
        self.parser.process(bytes);
        // A mark may be cut in two by the read.
        let from = self.bytes.len().saturating_sub(END.len() - 1);
        self.bytes.extend_from_slice(bytes);
        let mut marks = self.bytes[from..].windows(END.len()).filter(|mark| *mark == BEGIN || *mark == END);
        if let Some(last) = marks.next_back() {
            self.drawing = last == BEGIN;
        }
    }
}

fn some(number: u16) -> NonZeroU16 {
    NonZeroU16::new(number).expect("a size")
}

fn read(pty: &Pty, stopped: &PipeReader, seen: &(Mutex<Seen>, Condvar)) {
    let mut buffer = [0; 16 << 10];
    loop {
        let mut fds = [
            PollFd::from_borrowed_fd(pty.as_fd(), PollFlags::IN),
            PollFd::from_borrowed_fd(stopped.as_fd(), PollFlags::IN),
        ];
        rustix::event::poll(&mut fds, None).expect("polled");
        if !fds[1].revents().is_empty() {
            return;
        }
        let mut pty = pty;
        // A closed pseudo-terminal is an error on Linux.
        let length = pty.read(&mut buffer).unwrap_or(0);
        let mut now = seen.0.lock().expect("unpoisoned");
        now.take(&buffer[..length]);
        now.over = length == 0;
        seen.1.notify_all();
        if length == 0 {
            return;
        }
    }
}

fn modes(pty: &Pty) -> Termios {
    rustix::termios::tcgetattr(pty).expect("its modes")
}

/// A running program; dropping it kills it.
pub(crate) struct Cockpit {
    pid: Pid,
    pty: Option<Arc<Pty>>,
    /// Kept open, so that the program's end does not close the terminal.
    pts: Option<Pts>,
    reader: Option<(PipeWriter, JoinHandle<()>)>,
    seen: Arc<(Mutex<Seen>, Condvar)>,
    before: Termios,
    log: Option<PathBuf>,
    patience: Duration,
}

impl Cockpit {
    /// Waits until the text is on the screen; the screen.
    #[track_caller]
    pub(crate) fn wait_for(&self, text: &str) -> String {
        self.wait_until(&format!("`{text}` on the screen"), |screen| screen.contents().contains(text))
    }

    #[track_caller]
    pub(crate) fn wait_until(&self, what: &str, is: impl Fn(&vt100::Screen) -> bool) -> String {
        let whole = |seen: &Seen| !seen.drawing || seen.ended.is_some();
        self.wait(what, |seen| {
            (whole(seen) && is(seen.parser.screen())).then(|| seen.parser.screen().contents())
        })
    }

    /// Waits until the program has written something that holds these bytes, from `start` on.
    #[track_caller]
    pub(crate) fn wait_for_bytes(&self, start: usize, bytes: &[u8]) {
        self.wait(&format!("{:?} written", String::from_utf8_lossy(bytes)), |seen| {
            seen.bytes[start..].windows(bytes.len()).any(|window| window == bytes).then_some(())
        });
    }

    #[track_caller]
    fn wait<T>(&self, what: &str, is: impl Fn(&Seen) -> Option<T>) -> T {
        let mut end = Instant::now() + self.patience;
        let mut seen = self.seen.0.lock().expect("unpoisoned");
        loop {
            if let Some(found) = is(&seen) {
                return found;
            }
            if seen.ended.is_some() {
                // Its last bytes may still be on their way.
                end = end.min(Instant::now() + Duration::from_secs(1));
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                let why =
                    seen.ended.map_or("nothing came".into(), |status| format!("the program ended: {status}"));
                let screen = seen.parser.screen().contents();
                drop(seen);
                self.give_up(what, &why, &screen);
            }
            seen = self.seen.1.wait_timeout(seen, left).expect("unpoisoned").0;
        }
    }

    #[track_caller]
    fn give_up(&self, what: &str, why: &str, screen: &str) -> ! {
        let mut said = format!("waited for {what}, but {why}\n--- the screen\n{screen}\n");
        if let Some(log) = &self.log {
            let text = std::fs::read_to_string(log).unwrap_or_else(|error| error.to_string());
            let lines: Vec<&str> = text.lines().collect();
            let _ = write!(said, "--- the log\n{}", lines[lines.len().saturating_sub(20)..].join("\n"));
        }
        panic!("{said}");
    }

    pub(crate) fn screen(&self) -> String {
        self.seen.0.lock().expect("unpoisoned").parser.screen().contents()
    }

    /// How many bytes were written so far.
    pub(crate) fn written(&self) -> usize {
        self.seen.0.lock().expect("unpoisoned").bytes.len()
    }

    /// Everything that was written since.
    pub(crate) fn bytes(&self, start: usize) -> Vec<u8> {
        self.seen.0.lock().expect("unpoisoned").bytes[start..].to_vec()
    }

    fn pty(&self) -> &Pty {
        self.pty.as_ref().expect("a terminal that was not hung up")
    }

    pub(crate) fn press(&self, keys: impl AsRef<[u8]>) {
        let mut pty = self.pty();
        pty.write_all(keys.as_ref()).expect("typed");
    }

    pub(crate) fn resize(&self, columns: u16, rows: u16) {
        self.seen.0.lock().expect("unpoisoned").parser.set_size(some(rows), some(columns));
        self.pty().resize(pty_process::Size::new(rows, columns)).expect("resized");
    }

    /// From now on the terminal takes nothing, as after Ctrl-S or over a line that stalls; or again everything.
    pub(crate) fn take_bytes(&self, takes: bool) {
        let action = if takes { Action::OOn } else { Action::OOff };
        rustix::termios::tcflow(self.pts.as_ref().expect("the program's side"), action).expect("told");
    }

    /// Waits until nothing was written for this long.
    #[track_caller]
    pub(crate) fn falls_quiet(&self, time: Duration) {
        let (seen, changed) = &*self.seen;
        let end = Instant::now() + self.patience;
        let mut seen = seen.lock().expect("unpoisoned");
        loop {
            let before = seen.bytes.len();
            let waited = changed.wait_timeout_while(seen, time, |seen| seen.bytes.len() == before);
            let (now, quiet) = waited.expect("unpoisoned");
            if quiet.timed_out() {
                return;
            }
            assert!(Instant::now() < end, "it never falls quiet");
            seen = now;
        }
    }

    /// Panics if anything is written within this time.
    #[track_caller]
    pub(crate) fn stays_quiet(&self, time: Duration) {
        let (seen, changed) = &*self.seen;
        let seen = seen.lock().expect("unpoisoned");
        let before = seen.bytes.len();
        let (seen, _) = changed
            .wait_timeout_while(seen, time, |seen| seen.bytes.len() == before && seen.ended.is_none())
            .expect("unpoisoned");
        let new = String::from_utf8_lossy(&seen.bytes[before..]).into_owned();
        assert!(seen.ended.is_none() && new.is_empty(), "written: {new:?}");
    }

    pub(crate) fn signal(&self, signal: Signal) {
        rustix::process::kill_process(self.pid, signal).expect("sent");
    }

    /// The addresses at which the program itself listens, as the kernel writes them.
    pub(crate) fn listens(&self) -> Vec<String> {
        let own = format!("/proc/{}", self.pid.as_raw_nonzero());
        let open = std::fs::read_dir(format!("{own}/fd")).expect("its files").flatten();
        let sockets: Vec<String> = open
            .filter_map(|file| Some(std::fs::read_link(file.path()).ok()?.to_str()?.to_owned()))
            .filter_map(|to| Some(to.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned()))
            .collect();
        let tables = ["tcp", "tcp6"].map(|name| std::fs::read_to_string(format!("{own}/net/{name}")));
        let mut all = Vec::new();
        for table in tables.into_iter().flatten() {
            for line in table.lines() {
                let fields: Vec<&str> = line.split_whitespace().collect();
                if fields.len() > 9 && fields[3] == "0A" && sockets.iter().any(|own| own == fields[9]) {
                    all.push(fields[1].to_owned());
                }
            }
        }
        all
    }

    /// Waits until the program is stopped, as a shell would see it.
    #[track_caller]
    pub(crate) fn wait_until_stopped(&self) {
        let how = rustix::process::WaitOptions::UNTRACED;
        let (_, status) = rustix::process::waitpid(Some(self.pid), how).expect("a child").expect("a status");
        assert!(status.stopped(), "{status:?}");
    }

    /// Closes the terminal under the program, as a lost connection does.
    pub(crate) fn hang_up(&mut self) {
        if let Some((stop, reader)) = self.reader.take() {
            drop(stop);
            reader.join().expect("stopped");
        }
        self.pts = None;
        self.pty = None;
    }

    /// Waits for the end of the program, and for its last byte.
    #[track_caller]
    pub(crate) fn exits(&mut self) -> ExitStatus {
        let status = self.wait("the end of the program", |seen| seen.ended);
        self.pts = None;
        if self.reader.is_some() {
            self.wait("its last byte", |seen| seen.over.then_some(()));
        }
        status
    }

    /// Every mode that a cockpit sets is as it was before: keys, screen, cursor, paste and mouse.
    #[track_caller]
    pub(crate) fn gave_the_terminal_back(&self) {
        let seen = self.seen.0.lock().expect("unpoisoned");
        let screen = seen.parser.screen();
        assert!(!screen.alternate_screen(), "the other screen is still shown");
        assert!(!screen.hide_cursor(), "the cursor is still hidden");
        assert!(!screen.bracketed_paste(), "pastes are still marked");
        assert_eq!(screen.mouse_protocol_mode(), vt100::MouseProtocolMode::None);
        assert!(!screen.application_keypad() && !screen.application_cursor());
        let now = modes(self.pty());
        let shape = |modes: &Termios| (modes.input_modes, modes.output_modes, modes.local_modes);
        assert_eq!(shape(&now), shape(&self.before), "keys are still raw");
        assert!(now.local_modes.contains(LocalModes::ICANON | LocalModes::ECHO));
    }

    /// No question was put to the terminal: its answer could be taken for typed text.
    #[track_caller]
    pub(crate) fn asked_nothing(&self) {
        let bytes = self.bytes(0);
        let text = String::from_utf8_lossy(&bytes);
        // Where the cursor is, what the terminal is and can do, its colours, its window, the clipboard.
        for question in [
            "\x1b[6n", "\x1b[5n", "\x1b[c", "\x1b[0c", "\x1b[>c", "\x1b[>0c", "\x1b[=c", "\x1b[?u",
            "\x1b[18t", "\x1b[14t", "\x1bZ",
        ] {
            assert!(!text.contains(question), "{question:?} was asked");
        }
        for (begin, mark) in
            [("\x1b]1", ";?"), ("\x1b]4;", ";?"), ("\x1b]52;", ";?"), ("\x1b[?", "$p"), ("\x1bP+q", "")]
        {
            let asked = text.split(begin).skip(1).any(|rest| {
                let end = rest.find(['\x07', '\x1b', 'h', 'l', 'm', 'H', 'J']).unwrap_or(rest.len());
                rest[..end].contains(mark)
            });
            assert!(!asked, "{begin:?} … {mark:?} was asked");
        }
    }
}

impl Drop for Cockpit {
    fn drop(&mut self) {
        let seen = self.seen.0.lock();
        if seen.is_ok_and(|seen| seen.ended.is_none()) {
            // It may end by itself at this moment.
            let _ = rustix::process::kill_process(self.pid, Signal::KILL);
        }
    }
}
