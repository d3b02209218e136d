//! `firedeck doctor`: what works from here, what does not, and what would make it work.
mod access;
mod cluster;
mod latency;
mod place;
mod report;
mod servers;
mod tools;
mod web;

use std::collections::BTreeSet;
use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior};

use crate::config::Options;
use report::Section;

/// After this a person wonders whether anything happens.
const QUIET: Duration = Duration::from_secs(1);

/// What works here and what does not, on stdout; the exit code is 1 when something is wrong.
pub async fn run(options: Options, json: bool) -> color_eyre::Result<ExitCode> {
    let waiting = Waiting::default();
    let looking = look(&options, &waiting);
    let sections =
        if std::io::stderr().is_terminal() { waiting.tell_while(looking).await } else { looking.await };
    let text = if json { report::json(&sections)? } else { report::human(&sections, place::utf8(&options)) };
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => return Err(error.into()),
        _ => {}
    }
    Ok(if report::wrong(&sections) { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Everything at once; every part has a deadline of its own.
async fn look(options: &Options, waiting: &Waiting) -> Vec<Section> {
    let (files, tools, clusters, servers) = tokio::join!(
        waiting.during("the journal", place::files(options)),
        waiting.during("the tools", tools::look()),
        cluster::look(options, waiting),
        servers::look(options, waiting),
    );
    let mut sections = vec![place::settings(options), place::terminal(options), files];
    sections.extend(clusters);
    sections.extend(servers);
    sections.push(tools);
    sections
}

/// What has not answered yet, for whoever looks at the screen.
#[derive(Debug, Clone, Default)]
struct Waiting(Arc<Mutex<BTreeSet<String>>>);

impl Waiting {
    fn set<T>(&self, with: impl FnOnce(&mut BTreeSet<String>) -> T) -> T {
        with(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    async fn during<T>(&self, what: &str, work: impl Future<Output = T>) -> T {
        self.set(|set| set.insert(what.to_owned()));
        let done = work.await;
        self.set(|set| set.remove(what));
        done
    }

    /// One line on stderr that is gone when the work is done.
    async fn tell_while<T>(&self, work: impl Future<Output = T>) -> T {
        let mut work = std::pin::pin!(work);
        let began = Instant::now();
        let mut beat = tokio::time::interval_at(began + QUIET, QUIET);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut told = false;
        loop {
            tokio::select! {
                biased;
                done = &mut work => {
                    if told {
                        let _ = write!(std::io::stderr(), "\r\x1b[K");
                    }
                    return done;
                }
                _ = beat.tick() => {
                    let names = self.set(|set| set.iter().cloned().collect::<Vec<_>>().join(", "));
                    let seconds = began.elapsed().as_secs();
                    let line: String = format!("{seconds} s: waiting for {names}").chars().take(79).collect();
                    let _ = write!(std::io::stderr(), "\r\x1b[K{line}");
                    told = true;
                }
            }
        }
    }
}
