//! The runner: a process of its own that owns one fence's shell, its terminal and its output.
//!
//! ```text
//! cockpit ── Handle ── socket ──► runner (session of its own) ──► shell (session of its own, on a terminal)
//!                                   │  orders: FIFO `in`, answers: FIFO `answer`
//!                                   └► events, 1.out, 1.err, 1.term, …   in the session's directory, 0700
//! ```
//!
//! The directory is the whole interface. `setup.json` says how it was started; `lock` is held for as long as the
//! runner lives, so that a dead one is known without trusting a number that another process may bear by now;
//! `events` has what happened, a line of JSON each; `N.out`, `N.err` and `N.term` have what statement `N` wrote,
//! byte for byte; `socket` takes orders. The text of a statement is never on the disk.
//!
//! What the death of one means for the others:
//!
//! - The cockpit, its terminal, its connection: nothing. Whoever attaches later reads all from the start.
//! - The shell: the session is over, [`Event::ShellGone`]. Nothing goes on in a fresh one.
//! - The runner, by `kill -9`: the terminal hangs up, which the kernel tells the shell and the group in front with
//!   SIGHUP; the shell itself is killed (on Linux) even if it ignores that, so that no further command of it
//!   starts. A child that ignores SIGHUP goes on, but not unseen: [`remains`] finds it by the session's name in its
//!   environment. One that was given another environment cannot be found.
//! - A log-out where systemd is told `KillUserProcesses=yes`: all of it, unless the user lingers.
//!
//! What a statement cannot do: write an answer in the driver's name. Neither its descriptors nor its children's
//! lead to the FIFOs; the driver opens them by name, in a child, only when the statement has ended.
mod disk;
mod driver;
mod event;
mod group;
mod handle;
mod life;
mod lines;
mod orders;
mod place;
mod press;
mod record;
mod remote;
mod server;
mod session;
mod sessions;
mod setup;
mod shell;
mod streams;
mod wire;

pub use disk::{HEAD, Output, Piece, TAIL};
pub use event::{Child, Ended, Event, Gone, Stream};
pub use handle::{Handle, attach, start};
pub use lines::{Page, page};
pub use session::run;
pub use sessions::{Session, State, list, lives, remains, session};
pub use setup::{Setup, environment};
pub use shell::become_shell;
