//! The chunks that are kept, oldest first, within a number of bytes.
use std::collections::VecDeque;
use std::sync::Arc;

use super::bits::Bits;
use crate::domain::log::{LineId, LineKind, LineView, LogChunk, level};
use crate::domain::time::Timestamp;

/// Unless the settings say otherwise.
const USUAL: usize = 64 * 1024 * 1024;
/// How much one search order looks through.
const PART: usize = 16 * 1024 * 1024;

#[derive(Debug)]
pub struct Ring {
    chunks: VecDeque<Arc<LogChunk>>,
    capacity: usize,
    resident: usize,
    errors: Bits,
    dropped: u64,
    gaps: u64,
    /// Lines that had to make room.
    gone: u64,
}

impl Default for Ring {
    fn default() -> Self {
        Ring::new(USUAL)
    }
}

impl Ring {
    pub fn new(capacity: usize) -> Ring {
        let errors = Bits::default();
        Ring { chunks: VecDeque::new(), capacity, resident: 0, errors, dropped: 0, gaps: 0, gone: 0 }
    }

    pub fn capacity(&self) -> usize {
        self.capacity
    }

    /// The memory that is used.
    pub fn resident(&self) -> usize {
        self.resident
    }

    /// Lines the source left out, as it told.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    pub fn gaps(&self) -> u64 {
        self.gaps
    }

    pub fn gone(&self) -> u64 {
        self.gone
    }

    pub fn errors(&self) -> &Bits {
        &self.errors
    }

    pub fn first(&self) -> LineId {
        self.chunks.front().map(|chunk| chunk.first()).unwrap_or_default()
    }

    /// The id of the line that comes next.
    pub fn end(&self) -> LineId {
        self.chunks.back().map(|chunk| chunk.end()).unwrap_or_default()
    }

    pub fn is_empty(&self) -> bool {
        self.chunks.is_empty()
    }

    pub fn chunks(&self) -> impl Iterator<Item = &Arc<LogChunk>> {
        self.chunks.iter()
    }

    pub fn line(&self, id: LineId) -> Option<LineView<'_>> {
        self.chunks.get(self.chunk_of(id))?.line(id)
    }

    /// The chunk that holds a line, or the first after it.
    fn chunk_of(&self, id: LineId) -> usize {
        self.chunks.partition_point(|chunk| chunk.end() <= id)
    }

    pub fn push(&mut self, chunk: Arc<LogChunk>) {
        for (number, record) in chunk.records().iter().enumerate() {
            if record.kind == LineKind::Written && record.level.is_error() {
                let id = chunk.first().plus(number);
                // Of a stack trace the first line is the error.
                if chunk.line(id).is_some_and(|view| !level::continues(view.text)) {
                    self.errors.insert(id);
                }
            }
        }
        self.dropped += chunk.dropped();
        self.gaps += u64::from(chunk.gaps());
        self.keep(chunk);
        self.make_room();
    }

    /// From now on so many bytes are kept.
    pub fn limit(&mut self, capacity: usize) {
        self.capacity = capacity;
        self.make_room();
    }

    fn make_room(&mut self) {
        while self.resident > self.capacity && self.chunks.len() > 1 {
            let Some(oldest) = self.chunks.pop_front() else { break };
            self.resident -= oldest.resident();
            self.gone += oldest.len() as u64;
        }
        self.errors.forget_before(self.first());
    }

    fn keep(&mut self, chunk: Arc<LogChunk>) {
        // A chunk that a search holds at this moment stays as it is.
        if let Some(last) = self.chunks.back_mut().and_then(Arc::get_mut) {
            let before = last.resident();
            if last.join(&chunk) {
                self.resident = self.resident - before + last.resident();
                return;
            }
        }
        self.resident += chunk.resident();
        self.chunks.push_back(chunk);
    }

    /// The first line that is not older, as far as lines are in order.
    pub fn at(&self, time: Timestamp) -> LineId {
        let nanos = time.0.saturating_mul(1_000_000);
        let older = |chunk: &Arc<LogChunk>| chunk.records().last().is_some_and(|last| last.nanos < nanos);
        let Some(chunk) = self.chunks.get(self.chunks.partition_point(older)) else { return self.end() };
        chunk.first().plus(chunk.records().partition_point(|record| record.nanos < nanos))
    }

    /// Chunks from a line on, as many as one search should look through.
    pub fn part(&self, from: LineId) -> Vec<Arc<LogChunk>> {
        let mut bytes = 0;
        let chunks = self.chunks.iter().skip(self.chunk_of(from));
        let part = chunks.take_while(|chunk| {
            let room = bytes < PART;
            bytes += chunk.resident();
            room
        });
        part.cloned().collect()
    }
}
