//! Asking before acting: what keys, pastes and looks do to the open question.
use crate::domain::action::Findings;
use crate::domain::approval::{
    Answer, Approved, Ground, Hint, Place, Plan, Press, Question, QuestionId, Tier, Verdict, commands,
    statements,
};
use crate::domain::news::ActionId;
use crate::domain::settings::{Action, Key, KeyCode, Keymap, Scope};
use crate::domain::time::Timestamp;
use crate::model::Journal;
use crate::model::msg::Effect;
use crate::model::questions::Questions;

/// How many names a page of them moves.
const PAGE: usize = 8;

/// What a question stands on, lent by the model.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    pub keymap: &'a Keymap,
    pub protected: bool,
    pub read_only: bool,
    pub journal: &'a Journal,
}

impl Context<'_> {
    pub fn ground(&self) -> Ground {
        let unrecorded = match self.journal {
            Journal::Good(_) | Journal::Moved { .. } => None,
            Journal::Opening => Some("the journal is still being opened".to_owned()),
            Journal::Failed { why } => Some(why.clone()),
        };
        Ground { protected: self.protected, read_only: self.read_only, unrecorded }
    }
}

/// What keys came to.
#[derive(Debug)]
pub enum Did {
    Nothing,
    /// The question looks different now.
    Changed,
    /// Left unanswered.
    Closed(Box<Question>),
    /// Answered: to be recorded, then done.
    Run(ActionId, Approved),
    Copy(String),
}

/// Asks. Nothing else opens a question, and nothing happens to a cluster without one.
pub fn open(
    questions: &mut Questions,
    plan: Plan,
    place: Place,
    asked_by: Option<Key>,
    now: Timestamp,
    context: &Context,
) -> Result<Vec<Effect>, String> {
    if questions.open.is_some() {
        return Err("a question is open already: answer it or leave it first".into());
    }
    let id = questions.next_question();
    let question = Question::ask(id, plan.clone(), place, context.ground(), asked_by, now)?;
    questions.open = Some(Box::new(question));
    questions.hint = None;
    questions.scroll = 0;
    Ok(vec![Effect::Look(id, plan)])
}

/// All keys of one read. While a question is open they are all its own, so that the rest of a burst
/// never falls through to the board.
pub fn keys(questions: &mut Questions, keys: &[Key], at: Timestamp, context: &Context) -> Did {
    let stirred = tick(questions, at, context);
    let Some(question) = questions.open.as_mut() else { return Did::Nothing };
    let danger = question.tier() == Tier::Danger;
    let hint = match keys {
        [] => return if stirred { Did::Changed } else { Did::Nothing },
        _ if keys.iter().all(|key| leaves(*key, danger, context.keymap)) => return close(questions),
        [key] => return one(questions, *key, at, context.keymap),
        _ if danger => keys.iter().try_for_each(|key| type_one(question, *key, at, context.keymap)).err(),
        _ => Some(Hint::Burst),
    };
    questions.hint = hint;
    Did::Changed
}

/// A bracketed paste is text. It never answers.
pub fn paste(questions: &mut Questions, text: &str) -> Did {
    let Some(question) = questions.open.as_mut() else { return Did::Nothing };
    questions.hint = question.paste(text).err();
    Did::Changed
}

/// A revision has reached the screen.
pub fn shown(questions: &mut Questions, id: QuestionId, revision: u32, at: Timestamp) {
    if let Some(question) = known(questions, id) {
        question.shown(revision, at);
    }
}

/// A look is done; true when the open question was the one it was for.
pub fn looked(questions: &mut Questions, id: QuestionId, findings: Findings) -> bool {
    let found = known(questions, id).map(|question| question.looked(findings)).is_some();
    if found {
        questions.hint = None;
    }
    found
}

/// Time passes, and the ground may have shifted; true when the question looks different now.
pub fn tick(questions: &mut Questions, now: Timestamp, context: &Context) -> bool {
    let Some(question) = questions.open.as_mut() else { return false };
    let shifted = question.stand_on(context.ground());
    let missed = question.tick(now);
    if shifted || missed {
        questions.hint = None;
    }
    shifted || missed
}

/// The window changed its size: what was read may no longer stand there.
pub fn resized(questions: &mut Questions) {
    if let Some(question) = questions.open.as_mut() {
        question.hidden();
    }
}

fn known(questions: &mut Questions, id: QuestionId) -> Option<&mut Question> {
    questions.open.as_deref_mut().filter(|question| question.id() == id)
}

fn close(questions: &mut Questions) -> Did {
    questions.hint = None;
    questions.open.take().map_or(Did::Nothing, Did::Closed)
}

fn one(questions: &mut Questions, key: Key, at: Timestamp, keymap: &Keymap) -> Did {
    let Some(mut question) = questions.open.take() else { return Did::Nothing };
    let danger = question.tier() == Tier::Danger;
    if let Some(scroll) = scrolled(questions.scroll, key, danger, keymap) {
        questions.scroll = scroll.min(longest(&question).saturating_sub(1));
        questions.open = Some(question);
        return Did::Changed;
    }
    let meant = if danger && prints(key) { None } else { keymap.action(Scope::Question, key) };
    let answer = match meant {
        Some(Action::CopyPlan) => {
            let text = commands(&question.resolved()).join("\n");
            questions.open = Some(question);
            return Did::Copy(text);
        }
        Some(Action::Yes) => Some(Answer::Yes),
        _ if ends_line(key, keymap) => Some(Answer::Enter),
        _ => None,
    };
    let verdict = match answer {
        Some(answer) => question.answer(answer, Press { key, at, alone: true }),
        None if danger => {
            let hint = type_one(&mut question, key, at, keymap).err();
            Verdict::Open(question, hint)
        }
        None => Verdict::Open(question, None),
    };
    match verdict {
        Verdict::Approved(approved) => {
            questions.hint = None;
            Did::Run(questions.next_action(), approved)
        }
        Verdict::Open(question, hint) => {
            questions.open = Some(question);
            questions.hint = hint;
            Did::Changed
        }
    }
}

/// A key inside a typed line. An Enter that comes with other keys was not meant for the question.
fn type_one(question: &mut Question, key: Key, at: Timestamp, keymap: &Keymap) -> Result<(), Hint> {
    match key.code {
        KeyCode::Char(c) if prints(key) => return question.write(c, at),
        KeyCode::Char('u') if key.ctrl => question.clear(),
        KeyCode::Backspace => question.erase(),
        _ if ends_line(key, keymap) => return Err(Hint::Burst),
        _ => {}
    }
    Ok(())
}

/// Whether the key writes a character.
fn prints(key: Key) -> bool {
    matches!(key.code, KeyCode::Char(_)) && !key.ctrl && !key.alt
}

fn ends_line(key: Key, keymap: &Keymap) -> bool {
    !prints(key) && keymap.action(Scope::Input, key) == Some(Action::Accept)
}

/// Leaving is always allowed. Where a name is typed, only keys that write nothing leave.
fn leaves(key: Key, danger: bool, keymap: &Keymap) -> bool {
    let cancels = keymap.action(Scope::Input, key) == Some(Action::Cancel) && !prints(key);
    let no = keymap.action(Scope::Question, key) == Some(Action::No) && !(danger && prints(key));
    cancels || no
}

/// How many entries the longest of its lists has: what it hits, what it would do, what stands in its way.
fn longest(question: &Question) -> usize {
    let found = question.findings().map_or(0, |found| {
        let lists = [found.effect.len(), found.warnings.len(), question.unchecked().len()];
        lists.into_iter().max().unwrap_or(0)
    });
    // The pieces of a long text depend on the window; none is shorter than this.
    let pieces = |text: &str| text.len() / 8 + text.lines().count();
    let text = match question.plan().shell() {
        Some(command) => pieces(&command.shown),
        None => statements(question.plan()).map_or(0, |text| pieces(&text)),
    };
    question.actions().len().max(found).max(text)
}

/// Where the list of names stands after this key; `None` when it does not move it.
fn scrolled(scroll: usize, key: Key, danger: bool, keymap: &Keymap) -> Option<usize> {
    // In a typed line Ctrl-U clears, whatever it means on the board.
    if danger && matches!(key.code, KeyCode::Char(_)) || keymap.action(Scope::Question, key).is_some() {
        return None;
    }
    match keymap.action(Scope::Board, key)? {
        Action::Up => Some(scroll.saturating_sub(1)),
        Action::Down => Some(scroll.saturating_add(1)),
        Action::PageUp => Some(scroll.saturating_sub(PAGE)),
        Action::PageDown => Some(scroll.saturating_add(PAGE)),
        _ => None,
    }
}
