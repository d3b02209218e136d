//! What came of it: how long it took, what was done, what made it worse, and how that compares with the times before.
use std::fmt::Write as _;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::Path;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::super::books::Books;
use crate::incident::What;
use crate::incident::event::{Tier, Verdict};
use crate::panes::text::broken;
use crate::world::World;
use crate::world::base::seconds;
use crate::world::scenario::Scenario;
use crate::world::tape::Who;

/// Wide enough for a sentence, and the widest that reads well.
const COLUMNS: usize = 78;
const WIDEST: usize = 118;
/// Lines of what happened that are printed.
const LINES: usize = 24;

/// What is kept of a drill.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Kept {
    at: String,
    scenario: String,
    acknowledged: Option<f64>,
    mitigated: Option<f64>,
    steps: usize,
    #[serde(default)]
    keys: u64,
    right: usize,
    of: usize,
    worse: usize,
}

pub struct Told {
    began: Timestamp,
    paged: Option<Timestamp>,
    acknowledged: Option<Timestamp>,
    healed: Option<Timestamp>,
    steps: usize,
    failed: usize,
    trouble: usize,
    /// Of the steps, those that asked for a name to be typed.
    dangerous: usize,
    /// Statements that a full server was asked over the session that firedeck held.
    held: usize,
    keys: u64,
    right: Vec<(String, Option<Timestamp>)>,
    worse: Vec<(String, usize)>,
    lines: Vec<(Timestamp, bool, String)>,
}

/// What the world and the journal of this demo say.
pub fn told(world: &mut World, began: Timestamp, keys: u64) -> Told {
    let (mut steps, mut failed, mut trouble, mut dangerous, mut held) = (0, 0, 0, 0, 0);
    let mut acknowledged = None;
    // All there is, the earliest first.
    let books = Books::open(Some(crate::domain::time::Timestamp(0)));
    for event in books.events.events() {
        match &event.what {
            What::StepEnded(ended) => {
                steps += 1;
                failed += usize::from(ended.verdict == Verdict::Failed);
                trouble += usize::from(ended.verdict == Verdict::Trouble);
            }
            What::StepSettled(settled) => held += usize::from(settled.held),
            What::StepStarted(started) => dangerous += usize::from(started.tier == Tier::Danger),
            What::IncidentOpened(_) | What::AlertsAcknowledged(_) | What::MilestoneSet(_) => {
                acknowledged = acknowledged.or(Timestamp::from_millisecond(event.at.0).ok());
            }
            _ => {}
        }
    }
    let tape = &world.tape;
    let mut lines: Vec<(Timestamp, bool, String)> = tape
        .entries()
        .iter()
        .map(|entry| (entry.at, entry.who == Who::Operator, entry.says.clone()))
        .collect();
    // What is known late has happened earlier.
    lines.sort_by_key(|(at, ..)| *at);
    Told {
        began,
        paged: tape.paged(),
        acknowledged,
        healed: tape.healed(),
        steps,
        failed,
        trouble,
        dangerous,
        held,
        keys,
        right: tape.right().map(|(says, at)| (says.to_owned(), at)).collect(),
        worse: tape.worse().map(|(says, times)| (says.to_owned(), times)).collect(),
        lines,
    }
}

/// Of a place within an object, its last name: `spec.template.spec.containers.0.image:` is the image.
fn short(says: &str) -> String {
    let last = |word: &str| word.rsplit(['.', '/']).find(|part| !part.is_empty()).unwrap_or(word).to_owned();
    let words = says.split(' ').map(|word| if word.ends_with(':') { last(word) } else { word.to_owned() });
    words.collect::<Vec<_>>().join(" ")
}

fn clock(seconds: f64) -> String {
    let whole = std::time::Duration::from_secs_f64(seconds).as_secs();
    format!("{}:{:02}", whole / 60, whole % 60)
}

impl Told {
    fn after_page(&self, at: Option<Timestamp>) -> Option<f64> {
        at.map(|at| seconds(self.paged.unwrap_or(self.began), at))
    }

    /// What happened, and last, where the eye falls, what came of it.
    pub fn print(&self, scenario: &Scenario, drill: Option<bool>) {
        let (columns, _) = crate::app::terminal::size();
        let columns = usize::from(columns).saturating_sub(2).clamp(COLUMNS, WIDEST);
        let mut text = format!("\n{}\n", scenario.title);
        for piece in broken(&scenario.brief, columns) {
            let _ = writeln!(text, "{piece}");
        }
        text.push('\n');
        self.happened(&mut text, columns);
        if drill.is_some() {
            if !self.lines.is_empty() {
                text.push('\n');
            }
            self.result(&mut text, scenario);
            text.push('\n');
            let mut told = |head: &str, lines: &[String]| {
                let _ = writeln!(text, "  {head}");
                for line in lines {
                    for piece in broken(line, columns - 4) {
                        let _ = writeln!(text, "    {piece}");
                    }
                }
            };
            if !scenario.lesson.is_empty() {
                told("What the document could say better", &scenario.lesson);
            }
            let open = self.healed.is_none() && !scenario.page.is_empty();
            if drill == Some(true) && open && !scenario.hint.is_empty() {
                told("Hints", &scenario.hint);
            }
        }
        let _ = super::super::out::print(text.as_bytes());
    }

    fn happened(&self, text: &mut String, columns: usize) {
        let from = self.lines.len().saturating_sub(LINES);
        for (at, operator, says) in self.lines.iter().skip(from) {
            let who = if *operator { "you  " } else { "world" };
            let _ = writeln!(
                text,
                "  {:>5}  {who}  {}",
                clock(seconds(self.began, *at)),
                crate::domain::text::clean_to(&short(says), columns - 16)
            );
        }
    }

    fn result(&self, text: &mut String, scenario: &Scenario) {
        // By the clock of the drill, as what happened is told.
        let passed = |at: Option<Timestamp>, none: &str| {
            let after = |after: f64| {
                let at = at.map_or(0.0, |at| seconds(self.began, at));
                format!("{}, {} after the page", clock(at), clock(after))
            };
            self.after_page(at).map_or_else(|| none.to_owned(), after)
        };
        if scenario.page.is_empty() {
            text.push_str("  nothing went wrong, and nothing was to\n");
        } else {
            let taken = passed(self.acknowledged, "never: nothing was acknowledged, no incident opened");
            let not = if self.paged.is_some() { "not yet" } else { "nothing had gone wrong yet" };
            let over = passed(self.healed, not);
            let _ = writeln!(text, "  taken up    {taken}\n  over        {over}");
        }
        let some = |count: usize, what: &str| {
            if count > 0 { format!(", {count} {what}") } else { String::new() }
        };
        let _ = writeln!(
            text,
            "  commands    {}{}{}{}{}",
            self.steps,
            some(self.trouble, "found trouble"),
            some(self.failed, "failed"),
            some(self.dangerous, "dangerous"),
            some(self.held, "asked over the held session")
        );
        let _ = writeln!(text, "  keys        {}", self.keys);
        for (deed, done) in &self.right {
            let (mark, when) =
                done.map_or(("–", "not done".to_owned()), |at| ("✓", clock(seconds(self.began, at))));
            let _ = writeln!(text, "  {mark} {deed:<56} {when}");
        }
        for (deed, times) in &self.worse {
            let times = if *times > 1 { format!(" ({times} times)") } else { String::new() };
            let _ = writeln!(text, "  ✗ {deed}{times}");
        }
    }

    /// Kept beside the journal of this user, so that one sees how one gets on.
    pub fn keep(&self, scenario: &Scenario, state: Option<&Path>) {
        let Some(state) = state.filter(|state| !state.as_os_str().is_empty()) else { return };
        let file = state.join("drills.jsonl");
        let before: Vec<Kept> = fs::read_to_string(&file)
            .unwrap_or_default()
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok())
            .filter(|kept: &Kept| kept.scenario == scenario.name)
            .collect();
        let now = Kept {
            at: self.began.to_string(),
            scenario: scenario.name.clone(),
            acknowledged: self.after_page(self.acknowledged),
            mitigated: self.after_page(self.healed),
            steps: self.steps,
            keys: self.keys,
            right: self.right.iter().filter(|(_, at)| at.is_some()).count(),
            of: self.right.len(),
            worse: self.worse.iter().map(|(_, times)| times).sum(),
        };
        let mut text = String::new();
        if !before.is_empty() {
            text.push_str("\n  the times before:\n");
        }
        for kept in before.iter().rev().take(5) {
            let over = kept
                .mitigated
                .map_or_else(|| "not over".to_owned(), |seconds| format!("over in {}", clock(seconds)));
            let _ = writeln!(
                text,
                "  {}  {over}, {} keys, {} of {} right, {} worse",
                kept.at.get(..16).unwrap_or_default(),
                kept.keys,
                kept.right,
                kept.of,
                kept.worse
            );
        }
        let _ = super::super::out::print(text.as_bytes());
        let line = serde_json::to_string(&now).unwrap_or_default();
        let kept = fs::create_dir_all(state)
            .and_then(|()| OpenOptions::new().create(true).append(true).open(&file))
            .and_then(|mut file| writeln!(file, "{line}"));
        if let Err(error) = kept {
            super::super::out::complain(&format!("firedeck: the result is not kept: {error}"));
        }
    }
}
