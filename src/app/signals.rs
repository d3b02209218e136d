//! What the system tells the program: to end, that the window changed, that it goes on after a stop.
use std::io;
use std::time::Duration;

use rustix::process::Signal as Number;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::screen::Screen;
use super::terminal;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// Leave, cleanly; by which signal, as the journal names it.
    End(&'static str),
    /// Several changes that came together are told once.
    Resized,
    /// Somebody stopped the program and let it go on: the terminal may be in any state.
    Continued,
}

#[derive(Debug)]
pub struct Signals {
    terminate: Signal,
    hang_up: Signal,
    interrupt: Signal,
    window: Signal,
    go_on: Signal,
}

/// After this, a stop did not happen: no shell could have let us go on.
const STOPPED: Duration = Duration::from_millis(250);

impl Signals {
    pub fn new() -> io::Result<Signals> {
        Ok(Signals {
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
            interrupt: signal(SignalKind::interrupt())?,
            window: signal(SignalKind::window_change())?,
            go_on: signal(SignalKind::from_raw(Number::CONT.as_raw()))?,
        })
    }

    /// Can be dropped while it waits without losing one.
    pub async fn next(&mut self) -> Told {
        tokio::select! {
            biased;
            _ = self.terminate.recv() => Told::End("SIGTERM"),
            _ = self.hang_up.recv() => Told::End("SIGHUP"),
            // In raw mode Ctrl-C is a key; this one was sent by somebody.
            _ = self.interrupt.recv() => Told::End("SIGINT"),
            _ = self.go_on.recv() => Told::Continued,
            _ = self.window.recv() => Told::Resized,
        }
    }

    /// Gives the terminal to the shell and stops until it says `fg`; then everything is painted anew.
    pub async fn suspend(&mut self, screen: &mut Screen) -> io::Result<()> {
        terminal::give_back()?;
        // As the terminal would have done: the whole job stops, not this process alone.
        rustix::process::kill_current_process_group(Number::TSTP)?;
        // The kernel forgets the stop where nobody could end it: without a shell we go on at once.
        let _ = tokio::time::timeout(STOPPED, self.go_on.recv()).await;
        screen.resume()
    }
}
