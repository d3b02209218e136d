//! From the page to recovery, as the README tells it: each picture and the cast are what the real program drew.
//!
//! `FIREDECK_STORY=assets/screens cargo test --test main demo::story` makes them anew; without the variable it is only
//! seen that it goes as it is told.
use std::cell::RefCell;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::{answered, firedeck, left};
use crate::common::picture::svg;
use crate::common::terminal::Cockpit;

const COLUMNS: u16 = 120;
const ROWS: u16 = 34;
/// A pause in the cast is no longer than this: nobody waits for a page twice.
const LONGEST: f64 = 2.5;

struct Story {
    cockpit: Cockpit,
    to: Option<PathBuf>,
    /// What was drawn since the cast was looked at last, with its time.
    cast: RefCell<String>,
    clock: RefCell<(Instant, f64, usize)>,
}

impl Story {
    fn record(&self) {
        let (last, mut at, from) = *self.clock.borrow();
        let bytes = self.cockpit.bytes(from);
        if self.to.is_none() || bytes.is_empty() {
            return;
        }
        at += last.elapsed().as_secs_f64().min(LONGEST);
        let text = serde_json::to_string(&String::from_utf8_lossy(&bytes)).expect("a text");
        let _ = writeln!(self.cast.borrow_mut(), "[{at:.3}, \"o\", {text}]");
        *self.clock.borrow_mut() = (Instant::now(), at, from + bytes.len());
    }

    #[track_caller]
    fn until(&self, text: &str) {
        let began = Instant::now();
        while !self.cockpit.screen().contains(text) {
            assert!(began.elapsed() < super::LONG, "`{text}` is not in\n{}", self.cockpit.screen());
            std::thread::sleep(Duration::from_millis(50));
            self.record();
        }
    }

    /// Presses a key and lets it be seen.
    fn press(&self, key: &str) {
        self.cockpit.press(key);
        for _ in 0..8 {
            std::thread::sleep(Duration::from_millis(50));
            self.record();
        }
    }

    fn picture(&self, name: &str) {
        let Some(to) = &self.to else { return };
        // What is half drawn is no picture.
        std::thread::sleep(Duration::from_millis(300));
        let drawn = RefCell::new(String::new());
        self.cockpit.wait_until("a picture", |screen| {
            *drawn.borrow_mut() = svg(screen);
            true
        });
        std::fs::write(to.join(format!("{name}.svg")), drawn.into_inner()).expect("kept");
    }
}

#[test]
fn a_bad_release_is_paged_found_taken_back_seen_well_and_told_of() {
    let home = tempfile::tempdir().expect("a home");
    let cockpit = firedeck(home.path(), &["drill", "bad-release"])
        .env("TERM", "xterm-256color")
        .env("COLORTERM", "truecolor")
        .size(COLUMNS, ROWS)
        .run();
    let to = std::env::var_os("FIREDECK_STORY").map(PathBuf::from);
    let clock = RefCell::new((Instant::now(), 0.0, 0));
    let story = Story { cockpit, to, cast: RefCell::default(), clock };
    story.until("HighErrorRate");
    story.until("The shop is down");
    story.picture("story-1-page");
    story.press("r");
    story.until("Fits what is wrong now");
    story.press("\r");
    story.until("The shop is down  shop:");
    story.press("u");
    story.until("pods say so");
    // The way that what is seen speaks for, then what it reads.
    story.press("j");
    story.press("\r");
    story.press("u");
    story.until("deploy/web image 7.3.1");
    story.picture("story-2-runbook");
    story.press("j");
    story.press("\r");
    story.press("\r");
    story.until("y  run it");
    story.until("revision 3");
    story.picture("story-3-question");
    answered(&story.cockpit);
    story.until("settling");
    if story.to.is_some() {
        // Three nodes have to come back for it, and then it has to hold.
        story.press("u");
        story.until("healthy, as expected");
        story.until("ready for 60 s");
        story.picture("story-4-healed");
    }
    left(&story.cockpit);
    story.until("the release was taken back");
    story.until("What the document could say better");
    story.picture("story-5-debrief");
    if let Some(to) = &story.to {
        let head = format!(
            "{{\"version\": 2, \"width\": {COLUMNS}, \"height\": {ROWS}, \"title\": \"firedeck drill\"}}\n"
        );
        std::fs::write(to.join("story.cast"), head + &story.cast.borrow()).expect("kept");
    }
}
