//! The terminal of a session in the operator's hands.
use std::collections::VecDeque;

use bytes::Bytes;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::session::{Order, Task};
use super::{Runs, Shared};
use crate::app::passage::{self, Ends, Typed};
use crate::tools::runner::{Output, Stream};

/// Of what was printed before, so much is shown again.
const BEFORE: usize = 64 << 10;
/// Of what a slow screen has not taken, so much is kept.
const WAITING: usize = 1 << 20;

/// What one sees on entering.
#[derive(Debug)]
pub(super) struct Entered {
    title: String,
    before: Vec<u8>,
    live: mpsc::Receiver<Bytes>,
    /// It was looked at before.
    again: bool,
}

/// Where what is typed goes.
#[derive(Debug)]
struct Typing(mpsc::Sender<Order>);

impl Typed for Typing {
    async fn type_in(&self, bytes: Vec<u8>) -> bool {
        self.0.send(Order::Type(bytes)).await.is_ok()
    }

    async fn resize(&self, columns: u16, rows: u16) {
        // A session that is over has no size.
        let _ = self.0.send(Order::Resize(columns, rows)).await;
    }
}

impl Runs {
    /// What is needed to lend a terminal to a session: a title, and the two ends. It ends with the statement.
    pub async fn enter(&self, session: &str) -> Result<(String, Ends), String> {
        let session = Shared::join(&self.shared, session).await?;
        let (entered, orders) = session.enter().await?;
        let Entered { title, before, live, again } = entered;
        let ends = passage::pass(before, live, Typing(orders), again, &CancellationToken::new());
        Ok((title, ends))
    }
}

impl Task {
    pub(super) fn enter(&mut self) -> Result<Entered, String> {
        let running = self.running.as_ref().ok_or("nothing of this runs in its session")?;
        let read = || {
            let mut output = Output::open(self.handle.dir(), running.statement, Stream::Term)?;
            let total = output.total()?;
            output.read(total.saturating_sub(BEFORE as u64), BEFORE)
        };
        let before = read().map(|piece| piece.bytes).unwrap_or_default();
        let again = self.seen.replace(running.statement) == Some(running.statement);
        let title = format!("step {} of {}", running.judging.n(), self.about.run);
        let (show, live) = mpsc::channel(16);
        self.viewer = Some(show);
        self.backlog.clear();
        Ok(Entered { title, before, live, again })
    }

    /// Something was printed.
    pub(super) fn show(&mut self, bytes: Vec<u8>) {
        if self.viewer.is_none() {
            return;
        }
        self.backlog.push_back(bytes.into());
        let mut length: usize = self.backlog.iter().map(Bytes::len).sum();
        while length > WAITING {
            length -= self.backlog.pop_front().map_or(length, |gone| gone.len());
        }
    }

    /// There is something to show, and somebody to show it to.
    pub(super) fn is_shown(&self) -> bool {
        self.viewer.is_some() && !self.backlog.is_empty()
    }

    /// The terminal is the operator's again, once all of it was shown.
    pub(super) fn unview(&mut self) {
        let Some(viewer) = self.viewer.take() else { return };
        let rest = std::mem::take(&mut self.backlog);
        tokio::spawn(async move {
            for bytes in rest {
                if viewer.send(bytes).await.is_err() {
                    return;
                }
            }
        });
    }
}

/// Shows the next piece; false when nobody looks any more.
pub(super) async fn show(viewer: Option<&mpsc::Sender<Bytes>>, backlog: &mut VecDeque<Bytes>) -> bool {
    let Some(viewer) = viewer else { return false };
    let Ok(permit) = viewer.reserve().await else { return false };
    if let Some(bytes) = backlog.pop_front() {
        permit.send(bytes);
    }
    true
}
