//! One question, from the asking to the answer. Pure: every instant is passed in.
use std::time::Duration;

use super::risk::{Why, rate, rate_shell};
use super::words::phrase;
use super::{Approved, Ground, Hint, Obstacle, PATIENCE, Place, Plan, QuestionId, Tier};
use crate::domain::action::{Check, Findings, Looked, Native, Verb};
use crate::domain::settings::Key;
use crate::domain::text::clean_to;
use crate::domain::time::Timestamp;

/// How long a question must have stood on the screen before a key can mean it.
pub const READING: Duration = Duration::from_millis(300);

/// Longer than any name that can be asked for.
const LONGEST: usize = 512;

/// A plan on the screen, waiting for its answer.
///
/// Whatever is shown of it is in it, and whatever changes that makes a new revision, which has to be shown
/// and read anew. An answer consumes it.
#[derive(Debug)]
pub struct Question {
    id: QuestionId,
    plan: Plan,
    place: Place,
    ground: Ground,
    /// The key that asked; it never answers.
    asked_by: Option<Key>,
    opened: Timestamp,
    look: Look,
    /// What an answer would approve: the plan, as the look left it.
    actions: Vec<Looked>,
    tier: Tier,
    /// A question that could be answered never gets easier: a key on its way would mean something else.
    floor: Tier,
    why: Vec<Why>,
    unchecked: Vec<String>,
    drift: Option<String>,
    revision: u32,
    /// Since when this revision is on the screen.
    shown: Option<Timestamp>,
    field: Field,
    typed: String,
    reason: String,
}

/// The look that finds out what would be hit.
#[derive(Debug)]
pub enum Look {
    Running,
    /// Two seconds are over, and it has not answered.
    Missed,
    Done(Box<Findings>),
}

/// Which line is being typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    Phrase,
    Reason,
}

/// A key as it arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Press {
    pub key: Key,
    /// When it was read.
    pub at: Timestamp,
    /// It was the only key of its read.
    pub alone: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// The key of a change.
    Yes,
    /// Ends a typed line, or runs what only reads.
    Enter,
}

/// What an answer came to.
#[derive(Debug)]
pub enum Verdict {
    Approved(Approved),
    /// It stands as before, or one line further.
    Open(Box<Question>, Option<Hint>),
}

impl Question {
    /// The one place where asking begins, and the one that read-only closes.
    pub fn ask(
        id: QuestionId,
        plan: Plan,
        place: Place,
        ground: Ground,
        asked_by: Option<Key>,
        now: Timestamp,
    ) -> Result<Question, String> {
        let what = match &plan {
            Plan::Native(actions) => match actions.first() {
                Some(first) => first.verb.name(),
                None => return Err("nothing is selected that this could be done to".into()),
            },
            Plan::Shell(_) => "what changes something",
        };
        if ground.read_only && changes(&plan) {
            return Err(format!(
                "read-only: `{what}` is not asked here; leave `--read-only` and the profile's `read_only` away to change things"
            ));
        }
        let mut question = Question {
            id,
            plan,
            place,
            ground,
            asked_by,
            opened: now,
            look: Look::Running,
            actions: Vec::new(),
            tier: Tier::Read,
            floor: Tier::Read,
            why: Vec::new(),
            unchecked: Vec::new(),
            drift: None,
            revision: 0,
            shown: None,
            field: Field::Phrase,
            typed: String::new(),
            reason: String::new(),
        };
        question.settle();
        Ok(question)
    }

    pub fn id(&self) -> QuestionId {
        self.id
    }
    pub fn plan(&self) -> &Plan {
        &self.plan
    }
    pub fn place(&self) -> &Place {
        &self.place
    }
    pub fn ground(&self) -> &Ground {
        &self.ground
    }
    pub fn opened(&self) -> Timestamp {
        self.opened
    }
    pub fn look(&self) -> &Look {
        &self.look
    }
    pub fn findings(&self) -> Option<&Findings> {
        match &self.look {
            Look::Done(findings) => Some(findings),
            Look::Running | Look::Missed => None,
        }
    }
    /// Exactly what an answer would approve.
    pub fn actions(&self) -> &[Looked] {
        &self.actions
    }
    /// The plan as the look left it, in the form that is put into words.
    pub fn resolved(&self) -> Plan {
        if let Plan::Shell(_) = &self.plan {
            return self.plan.clone();
        }
        Plan::Native(self.actions.iter().map(|looked| looked.native.clone()).collect())
    }
    pub fn tier(&self) -> Tier {
        self.tier
    }
    /// Why more than a `y` is asked for.
    pub fn why(&self) -> &[Why] {
        &self.why
    }
    /// What could not be checked, and why.
    pub fn unchecked(&self) -> &[String] {
        &self.unchecked
    }
    pub fn revision(&self) -> u32 {
        self.revision
    }
    pub fn field(&self) -> Field {
        self.field
    }
    pub fn typed(&self) -> &str {
        &self.typed
    }
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// Why it cannot be answered at all.
    pub fn obstacle(&self) -> Option<Obstacle> {
        if self.ground.read_only && changes(&self.plan) {
            return Some(Obstacle::ReadOnly);
        }
        if let Some(drift) = &self.drift {
            return Some(Obstacle::Changed(drift.clone()));
        }
        if let Some(Check::No(needs)) = self.findings().map(|findings| &findings.allowed) {
            return Some(Obstacle::Forbidden(needs.clone()));
        }
        match &self.ground.unrecorded {
            Some(why) if changes(&self.plan) => Some(Obstacle::Unrecorded(why.clone())),
            _ => None,
        }
    }

    /// The ground may shift while it stands; then it has to be read anew.
    pub fn stand_on(&mut self, ground: Ground) -> bool {
        let shifted = self.ground != ground;
        if shifted {
            self.ground = ground;
            self.settle();
        }
        shifted
    }

    /// The look is done. A late one is still worth reading.
    pub fn looked(&mut self, findings: Findings) {
        self.look = Look::Done(Box::new(findings));
        self.settle();
    }

    /// Stops waiting for the look once its time is over; true when that was just now.
    pub fn tick(&mut self, now: Timestamp) -> bool {
        let over = matches!(self.look, Look::Running) && now.since(self.opened) >= PATIENCE;
        if over {
            self.look = Look::Missed;
            self.settle();
        }
        over
    }

    /// This revision has reached the screen. Only the first time counts; an older one counts for nothing.
    pub fn shown(&mut self, revision: u32, at: Timestamp) {
        if revision == self.revision && self.shown.is_none() {
            self.shown = Some(at);
        }
    }

    /// It may have left the screen, as when the window changed its size: it has to be shown anew.
    pub fn hidden(&mut self) {
        self.revision = self.revision.wrapping_add(1);
        self.shown = None;
    }

    /// A character of a typed line; it may arrive in any rhythm, but not before the question was read.
    pub fn write(&mut self, c: char, at: Timestamp) -> Result<(), Hint> {
        self.writable(at)?;
        let line = self.line();
        if !c.is_control() && line.len() + c.len_utf8() <= LONGEST {
            line.push(c);
        }
        Ok(())
    }

    /// Takes the last character back.
    pub fn erase(&mut self) {
        self.line().pop();
    }

    pub fn clear(&mut self) {
        self.line().clear();
    }

    /// A paste never fills a name that has to be typed. A reason is only words.
    pub fn paste(&mut self, text: &str) -> Result<(), Hint> {
        if self.tier != Tier::Danger || self.field != Field::Reason {
            return Err(Hint::Burst);
        }
        let room = LONGEST.saturating_sub(self.reason.len());
        for c in clean_to(text, room).chars() {
            if self.reason.len() + c.len_utf8() <= LONGEST {
                self.reason.push(c);
            }
        }
        Ok(())
    }

    /// The only way to an [`Approved`].
    pub fn answer(mut self: Box<Self>, answer: Answer, press: Press) -> Verdict {
        let hint = match self.refusal(press) {
            Some(hint) => Some(hint),
            None => match (self.tier, answer) {
                (Tier::Change, Answer::Yes) if self.asked_by == Some(press.key) => Some(Hint::Asker),
                (Tier::Read, Answer::Enter) | (Tier::Change, Answer::Yes) => {
                    return Verdict::Approved(self.approve());
                }
                (Tier::Danger, Answer::Enter) => match self.end_of_line() {
                    Ok(true) => return Verdict::Approved(self.approve()),
                    Ok(false) => None,
                    Err(hint) => Some(hint),
                },
                _ => Some(Hint::OtherKey),
            },
        };
        Verdict::Open(self, hint)
    }

    /// What every answering key must satisfy, whatever the tier.
    fn refusal(&self, press: Press) -> Option<Hint> {
        if matches!(self.look, Look::Running) {
            Some(Hint::Looking)
        } else if self.obstacle().is_some() {
            Some(Hint::Cannot)
        } else if !press.alone {
            Some(Hint::Burst)
        } else if self.was_read(press.at) {
            None
        } else {
            Some(Hint::ReadFirst)
        }
    }

    fn was_read(&self, at: Timestamp) -> bool {
        self.shown.is_some_and(|shown| at.since(shown) >= READING)
    }

    fn writable(&self, at: Timestamp) -> Result<(), Hint> {
        if matches!(self.look, Look::Running) {
            Err(Hint::Looking)
        } else if self.obstacle().is_some() {
            Err(Hint::Cannot)
        } else if self.was_read(at) {
            Ok(())
        } else {
            Err(Hint::ReadFirst)
        }
    }

    /// Enter in a typed line: on to the reason, or, from there, done.
    fn end_of_line(&mut self) -> Result<bool, Hint> {
        if self.typed.trim() != phrase(&self.plan) {
            self.field = Field::Phrase;
            return Err(Hint::NotThePhrase);
        }
        match self.field {
            Field::Phrase => {
                self.field = Field::Reason;
                Ok(false)
            }
            Field::Reason if self.wants_reason() && self.reason.trim().is_empty() => Err(Hint::NeedsReason),
            Field::Reason => Ok(true),
        }
    }

    /// A protected profile wants one each time, a run of a runbook the first time.
    pub fn wants_reason(&self) -> bool {
        self.ground.protected || self.plan.shell().is_some_and(|command| command.needs_reason)
    }

    fn line(&mut self) -> &mut String {
        match self.field {
            Field::Phrase => &mut self.typed,
            Field::Reason => &mut self.reason,
        }
    }

    fn approve(self) -> Approved {
        let findings = match self.look {
            Look::Done(findings) => Some(findings),
            Look::Running | Look::Missed => None,
        };
        Approved {
            question: self.id,
            revision: self.revision,
            tier: self.tier,
            reason: self.reason.trim().to_owned(),
            actions: self.actions,
            command: match self.plan {
                Plan::Shell(command) => Some(command),
                Plan::Native(_) => None,
            },
            findings,
            unchecked: self.unchecked,
            place: self.place,
        }
    }

    /// Works out everything that follows from plan, look and ground. What was on the screen is old now, and
    /// a name typed under it was typed for something else.
    fn settle(&mut self) {
        let (mut actions, mut unchecked, mut drift) = (Vec::new(), Vec::new(), None);
        match &self.look {
            Look::Running => {}
            Look::Missed => {
                unchecked.push(
                    "rights, effect, and whether it is still the same: no answer within 2 s".to_owned(),
                );
            }
            Look::Done(findings) => {
                unchecked.clone_from(&findings.unchecked);
                drift.clone_from(&findings.drift);
                let asked = matches!(self.plan, Plan::Native(_));
                if asked && findings.allowed == Check::NotChecked && unchecked.is_empty() {
                    unchecked.push("whether you may: the server did not say".to_owned());
                }
            }
        }
        for planned in self.plan.actions() {
            let seen = self
                .findings()
                .map(|found| found.actions.iter().find(|looked| looked.native.target == planned.target));
            let looked = match seen {
                Some(Some(looked)) => match differs(planned, &looked.native) {
                    None => Some(looked.clone()),
                    Some(what) => {
                        drift.get_or_insert(what);
                        None
                    }
                },
                Some(None) => {
                    unchecked.push(format!("`{}`: it was not looked at", planned.target));
                    None
                }
                None => None,
            };
            actions.push(looked.unwrap_or_else(|| Looked {
                native: planned.clone(),
                generation: None,
                also: None,
            }));
        }
        let protected = self.ground.protected;
        let (tier, why) = match &self.plan {
            Plan::Native(_) => rate(&actions, self.findings(), !unchecked.is_empty(), protected),
            Plan::Shell(command) => rate_shell(command, matches!(self.look, Look::Missed), protected),
        };
        self.tier = tier.max(self.floor);
        self.why = why;
        if tier < self.floor {
            self.why.push(Why::Late);
        }
        if !matches!(self.look, Look::Running) {
            self.floor = self.tier;
        }
        (self.actions, self.unchecked, self.drift) = (actions, unchecked, drift);
        self.field = Field::Phrase;
        self.typed.clear();
        self.hidden();
    }
}

/// A command that only reads is asked about where it is heavy, or shows secrets.
fn changes(plan: &Plan) -> bool {
    plan.shell().is_none_or(|command| command.risk > Tier::Read)
}

/// How what the look saw is another thing than what was planned. It may fill in what was open and correct
/// what is there now, never what is wanted.
fn differs(planned: &Native, seen: &Native) -> Option<String> {
    if !planned.uid.is_empty() && planned.uid != seen.uid {
        return Some(format!("`{}` was made anew: another object bears its name now", planned.target));
    }
    let same = match (&planned.verb, &seen.verb) {
        (Verb::Scale { to, .. }, Verb::Scale { to: seen, .. }) => to == seen,
        (Verb::SetImage { container, to, .. }, Verb::SetImage { container: c, to: t, .. }) => {
            container == c && to == t
        }
        // Statements, too, must be the same to the letter: that is the last rule.
        // When it would end is known by the server alone; who waits changes every second, and is shown as seen.
        (Verb::Extend { seconds, until: None }, Verb::Extend { seconds: seen, .. }) => seconds == seen,
        (Verb::Undo { to: None }, Verb::Undo { .. }) | (Verb::Terminate { .. }, Verb::Terminate { .. }) => {
            true
        }
        (planned, seen) => planned == seen,
    };
    (!same).then(|| format!("the look at `{}` answered for something else", planned.target))
}
