//! Hands chunks to the cockpit. While it is busy the oldest are left out and counted, so that the newest
//! line is never late.
use std::collections::VecDeque;
use std::sync::Arc;

use crate::domain::log::{LineId, Lines, LogNews, Stream};
use crate::domain::news::News;
use crate::domain::text::counted;

/// How much waits for a busy cockpit.
const MOST: usize = 8 * 1024 * 1024;

#[derive(Debug, Default)]
pub(super) struct Delivery {
    queue: VecDeque<Lines>,
    bytes: usize,
    dropped: u64,
    next: LineId,
    /// For lines that no container wrote.
    nobody: Arc<Stream>,
}

impl Delivery {
    pub(super) fn push(&mut self, lines: Lines) {
        self.bytes += lines.bytes();
        self.queue.push_back(lines);
        while self.bytes > MOST && self.queue.len() > 1 {
            let Some(oldest) = self.queue.pop_front() else { break };
            self.bytes -= oldest.bytes();
            self.dropped += oldest.len() as u64 + oldest.dropped();
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// Everything that waits, as news.
    pub(super) fn take(&mut self) -> Vec<News> {
        let mut news = Vec::with_capacity(self.queue.len() + 1);
        if self.dropped > 0 {
            let nanos = self.queue.front().and_then(|lines| lines.nanos(0)).unwrap_or(0);
            let count = std::mem::take(&mut self.dropped);
            let mut lines = Lines::default();
            let text = format!("{} left out: more came than could be shown", counted(count, "line"));
            lines.drop_here(&self.nobody, nanos, count, &text);
            news.push(self.seal(lines));
        }
        self.bytes = 0;
        for lines in std::mem::take(&mut self.queue) {
            news.push(self.seal(lines));
        }
        news
    }

    fn seal(&mut self, lines: Lines) -> News {
        let chunk = lines.seal(self.next);
        self.next = chunk.end();
        News::Logs(LogNews::Chunk(Arc::new(chunk)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::log::LogLevel;

    #[test]
    fn a_busy_cockpit_gets_the_newest_lines_and_the_count_of_the_rest() {
        let mut delivery = Delivery::default();
        let stream = Arc::new(Stream::default());
        let total = 400;
        for n in 0..total {
            let mut lines = Lines::default();
            for _ in 0..2 {
                lines.add(&stream, n, |out, _| out.push_str(&"x".repeat(32 * 1024)), |_| LogLevel::None);
            }
            delivery.push(lines);
        }
        let mut shown = 0;
        let mut dropped = 0;
        let mut newest = 0;
        let mut next = LineId(0);
        for news in delivery.take() {
            let News::Logs(LogNews::Chunk(chunk)) = news else { continue };
            assert_eq!(chunk.first(), next);
            next = chunk.end();
            dropped += chunk.dropped();
            shown += chunk.len() as u64 - u64::from(chunk.dropped() > 0);
            newest = chunk.records().last().map_or(0, |line| line.nanos);
        }
        assert_eq!(shown + dropped, 2 * total.unsigned_abs());
        assert_eq!(newest, total - 1);
        assert!(dropped > 0 && delivery.is_empty());
    }
}
