//! What a runner keeps in its directory, and what it does when the disk takes nothing: it says so and goes on.
use std::fs::File;
use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::disk::Sheet;
use super::event::{Event, Stream};
use super::server::Board;
use super::setup::{Files, options};
use crate::domain::text::grouped;
use crate::domain::time::Timestamp;

/// How often a disk that took nothing is tried again.
const AGAIN: Duration = Duration::from_secs(1);

pub(super) fn now() -> Timestamp {
    Timestamp(jiff::Timestamp::now().as_millisecond())
}

/// The events and the outputs, on the disk and on the board.
#[derive(Debug)]
pub(super) struct Record {
    files: Files,
    pub(super) board: Arc<Board>,
    events: File,
    /// How long the file is, up to the last whole line.
    good: u64,
    /// Lines that the disk did not take yet.
    waiting: Vec<u8>,
    /// The output of the statement that began last.
    pub(super) statement: u64,
    sheets: [Sheet; 3],
    /// Bytes of that statement's that are lost.
    pub(super) unwritten: [u64; 3],
    /// It was said already that the disk takes nothing.
    said: bool,
    /// When the disk is tried again, where it did not take all.
    again: Option<Instant>,
}

impl Record {
    pub(super) fn open(files: &Files, board: &Arc<Board>) -> io::Result<Record> {
        Ok(Record {
            files: files.clone(),
            board: Arc::clone(board),
            events: options().append(true).create_new(true).open(files.events())?,
            good: 0,
            waiting: Vec::new(),
            statement: 0,
            sheets: sheets(files, 0),
            unwritten: [0; 3],
            said: false,
            again: None,
        })
    }

    /// From now on, what is written belongs to this statement.
    pub(super) fn begin(&mut self, statement: u64) {
        (self.statement, self.unwritten, self.said) = (statement, [0; 3], false);
        self.sheets = sheets(&self.files, statement);
        self.tell(&Event::Started { statement, at: now() });
    }

    /// What the statement wrote to each stream, kept or not.
    pub(super) fn totals(&self) -> [u64; 3] {
        let [out, err, term] = self.sheets.each_ref().map(Sheet::total);
        let [no_out, no_err, no_term] = self.unwritten;
        [out + no_out, err + no_err, term + no_term]
    }

    pub(super) fn tell(&mut self, event: &Event) {
        if let Err(error) = self.keep(event) {
            self.trouble(&format!("what happens here cannot be written down: {error}"));
        }
    }

    fn keep(&mut self, event: &Event) -> io::Result<()> {
        let json = serde_json::to_vec(event)?;
        self.waiting.extend(&json);
        self.waiting.push(b'\n');
        self.board.tell(event, json);
        self.put_down()
    }

    fn put_down(&mut self) -> io::Result<()> {
        let written = self.events.write_all(&self.waiting).and_then(|()| self.events.sync_data());
        if let Err(error) = written {
            // Half a line must not spoil the next one. What cannot be cut now is passed over by whoever reads.
            let _ = self.events.set_len(self.good);
            self.again = Some(Instant::now() + AGAIN);
            return Err(error);
        }
        self.again = None;
        self.good += self.waiting.len() as u64;
        self.waiting.clear();
        Ok(())
    }

    /// When [`Record::retry`] is due; `None` while all is written down.
    pub(super) fn again(&self) -> Option<Instant> {
        self.again
    }

    /// Tries once more to write down what the disk did not take.
    pub(super) fn retry(&mut self) {
        if self.again.is_some_and(|again| again <= Instant::now()) {
            // It is said already, and tried again.
            let _ = self.put_down();
        }
    }

    /// Says it to those attached, once for a statement; the disk gets it when it takes something again.
    fn trouble(&mut self, why: &str) {
        if !std::mem::replace(&mut self.said, true) {
            let event = Event::Trouble { at: now(), why: why.to_owned() };
            // It waits with the rest.
            let _ = self.keep(&event);
        }
    }

    pub(super) fn write(&mut self, stream: Stream, bytes: &[u8]) {
        if stream == Stream::Term {
            self.board.show(bytes);
        }
        let ([out, err, term], [no_out, no_err, no_term]) = (&mut self.sheets, &mut self.unwritten);
        let (sheet, unwritten) = match stream {
            Stream::Out => (out, no_out),
            Stream::Err => (err, no_err),
            Stream::Term => (term, no_term),
        };
        let (lost, error) = sheet.append(bytes);
        let total = sheet.total();
        *unwritten += lost as u64;
        self.board.wrote(self.statement, stream, total);
        if let Some(error) = error {
            let (statement, name) = (self.statement, stream.name());
            let bytes = grouped(lost as u64);
            self.trouble(&format!(
                "`{name}` of statement {statement} cannot be kept, {bytes} bytes are lost so far: {error}; it goes on"
            ));
        }
    }
}

fn sheets(files: &Files, statement: u64) -> [Sheet; 3] {
    Stream::ALL.map(|stream| Sheet::new(files.output(statement, stream)))
}
