//! A runner from its lock to its end.
use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tokio::time::sleep_until;

use super::life::Life;
use super::place;
use super::record::Record;
use super::server::{Asked, Board, Door};
use super::setup::{Files, Kept, options, shown};

/// Is the runner of the session in `dir`, to its end. What goes wrong before it takes orders is said on stdout, where
/// [`super::start`] listens.
pub fn run(dir: &Path) -> Result<(), String> {
    // It has no terminal, so that none can take it along. It may lead a session already.
    let _ = rustix::process::setsid();
    let begun = begin(dir).and_then(|begun| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.map(|runtime| (runtime, begun)).map_err(|error| error.to_string())
    });
    let done = begun.and_then(|(runtime, (files, kept, lock))| {
        let done = runtime.block_on(live(files, kept));
        runtime.shutdown_background();
        drop(lock);
        done
    });
    if let Err(why) = &done {
        // Nobody may listen any more.
        let _ = writeln!(std::io::stdout(), "{}", why.replace('\n', " "));
    }
    done
}

fn begin(dir: &Path) -> Result<(Files, Kept, File), String> {
    let dir = dir.canonicalize().map_err(|error| format!("`{}`: {error}", shown(dir)))?;
    let files = Files(dir);
    let bad =
        |error: std::io::Error| format!("the session in `{}` cannot be begun: {error}", shown(&files.0));
    let lock = options().write(true).create(true).truncate(false).open(files.lock()).map_err(bad)?;
    hold(&lock).map_err(|error| format!("the session in `{}` has a runner: {error}", shown(&files.0)))?;
    let kept = std::fs::read(files.setup()).map_err(bad)?;
    let mut kept: Kept = serde_json::from_slice(&kept).map_err(|error| bad(error.into()))?;
    if kept.remote.is_none() {
        // It was started there; a path of its own would be another one from here.
        kept.workdir = Some(std::env::current_dir().map_err(bad)?);
    }
    // The name of a socket is short, that of the directory need not be.
    std::env::set_current_dir(&files.0).map_err(bad)?;
    Ok((files, kept, lock))
}

/// Whoever looks whether there is a runner holds the lock for a moment himself.
fn hold(lock: &File) -> Result<(), std::fs::TryLockError> {
    for _ in 0..100 {
        match lock.try_lock() {
            Err(std::fs::TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(10)),
            done => return done,
        }
    }
    lock.try_lock()
}

async fn live(files: Files, kept: Kept) -> Result<(), String> {
    let failed = |error: std::io::Error| format!("the session cannot be begun: {error}");
    let mut signals =
        [SignalKind::terminate(), SignalKind::interrupt(), SignalKind::hangup(), SignalKind::quit()]
            .map(signal)
            .into_iter()
            .collect::<Result<Vec<_>, _>>()
            .map_err(failed)?;
    let board = Board::new();
    let mut record = Record::open(&files, &board).map_err(failed)?;
    let (asking, mut asked) = mpsc::channel::<Asked>(16);
    let opened = place::open(&files, &kept).await?;
    let mut life = Life::new(opened, kept, &mut record, files.name());
    life.come_up().await?;
    let door = Door::open(&"socket".into(), &board, asking).map_err(failed)?;
    ready().map_err(failed)?;
    while !life.is_over() {
        let due = life.due();
        tokio::select! {
            news = life.streams.next() => life.hear(news).await,
            Some((request, reply)) = asked.recv() => life.serve(request, reply).await,
            () = sleep_until(due) => life.press().await,
            Some(()) = any(&mut signals) => life.lose("the runner was told to end by a signal", true),
        }
    }
    door.close().await;
    Ok(())
}

async fn any(signals: &mut [tokio::signal::unix::Signal]) -> Option<()> {
    let waiting = signals.iter_mut().map(|signal| Box::pin(signal.recv()));
    futures::future::select_all(waiting).await.0
}

/// Tells whoever started it that orders are taken, and lets go of him.
fn ready() -> std::io::Result<()> {
    let mut out = std::io::stdout();
    // He may be gone already; the session stays.
    let _ = writeln!(out, "ready").and_then(|()| out.flush());
    let nothing = File::options().write(true).open("/dev/null")?;
    Ok(rustix::stdio::dup2_stdout(nothing)?)
}
