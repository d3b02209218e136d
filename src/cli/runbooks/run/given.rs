//! Lines typed at a plain terminal.
use std::io::Write;
use std::sync::mpsc;

use tokio::sync::oneshot;

/// Reads lines on a thread of its own, so that a run can be stopped while nobody types.
#[derive(Debug)]
pub(super) struct Typist {
    asks: mpsc::Sender<(bool, oneshot::Sender<Option<String>>)>,
}

impl Typist {
    pub(super) fn new() -> Typist {
        let (asks, asked) = mpsc::channel::<(bool, oneshot::Sender<Option<String>>)>();
        std::thread::spawn(move || {
            for (hidden, answer) in asked {
                let _ = answer.send(line(hidden));
            }
        });
        Typist { asks }
    }

    /// A line behind these words; none at the end of the input, or after Ctrl-C.
    pub(super) async fn line(&self, words: &str, hidden: bool) -> Option<String> {
        let mut out = std::io::stdout();
        let _ = write!(out, "{words}").and_then(|()| out.flush());
        // What was typed before this was asked was meant for something else.
        let _ = rustix::termios::tcflush(std::io::stdin(), rustix::termios::QueueSelector::IFlush);
        let (answer, answered) = oneshot::channel();
        self.asks.send((hidden, answer)).ok()?;
        tokio::select! {
            line = answered => line.ok().flatten(),
            _ = tokio::signal::ctrl_c() => {
                println!();
                None
            }
        }
    }
}

fn line(hidden: bool) -> Option<String> {
    let before = if hidden { rustix::termios::tcgetattr(std::io::stdin()).ok() } else { None };
    if let Some(before) = &before {
        let mut silent = before.clone();
        silent.local_modes -= rustix::termios::LocalModes::ECHO;
        let _ = rustix::termios::tcsetattr(std::io::stdin(), rustix::termios::OptionalActions::Now, &silent);
    }
    let mut text = String::new();
    let read = std::io::stdin().read_line(&mut text);
    if let Some(before) = &before {
        let _ = rustix::termios::tcsetattr(std::io::stdin(), rustix::termios::OptionalActions::Now, before);
        println!();
    }
    match read {
        Ok(0) | Err(_) => None,
        Ok(_) => Some(text.trim_end_matches(['\r', '\n']).to_owned()),
    }
}
