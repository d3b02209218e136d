//! The outside: the terminal, the tasks, the clock, and the loop that ties them to the model.
pub(crate) mod backends;
pub mod clipboard;
pub mod doctor;
mod documents;
mod entering;
pub mod full;
pub mod hands;
pub mod input;
mod keys;
mod ledger;
pub mod log;
pub mod pace;
mod passage;
pub mod perform;
pub mod plain;
mod quote;
pub mod runs;
pub mod screen;
pub mod shells;
pub mod signals;
mod steady;
pub mod terminal;
mod who;
mod writer;

use std::process::ExitCode;
use std::sync::atomic::Ordering;
use std::time::Duration;

use color_eyre::eyre::WrapErr;
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior};

use crate::config::{Options, View};
use crate::domain::action::Verb;
use crate::domain::approval::{Approved, QuestionId};
use crate::domain::news::News;
use crate::domain::time::{Timestamp, Zone};
use crate::incident::event::QuestionAsked;
use crate::model::msg::{Effect, Msg};
use crate::model::{Dirty, Model};
use crate::sources::now;
use crate::update::update;
use crate::view;
use hands::Hands;
use input::Input;
use pace::Pace;
use screen::Screen;
use shells::{Happened, Shells};
use signals::{Signals, Told};
use steady::Steady;

/// How many batches are taken in before keys are looked at again.
const BATCHES: usize = 16;
/// How many batches may wait; beyond that sources wait too.
const WAITING: usize = 64;
/// The one clock. What shows an age moves in steps of ten seconds, so this need not be finer.
const CLOCK: Duration = Duration::from_secs(1);

/// How it was left, as the journal says it; a signal is called by its name.
const QUIT: &str = "quit";
const LOST: &str = "terminal lost";

/// The cockpit, until it is left.
pub async fn run(options: Options) -> color_eyre::Result<ExitCode> {
    let (out, news) = mpsc::channel(WAITING);
    let (msgs, answers) = mpsc::channel(WAITING);
    let model = model(&options);
    let mut screen = Screen::enter().wrap_err("the terminal cannot be set up")?;
    let input = Input::start().wrap_err("the keyboard cannot be read")?;
    let signals = Signals::new().wrap_err("signals cannot be caught")?;
    if model.board.mouse {
        screen.set_mouse(true)?;
    }
    let hands = Hands::start(&options, &model, out, msgs);
    let mut cockpit = Cockpit {
        model,
        screen,
        input,
        signals,
        hands,
        news,
        answers,
        shells: Shells::default(),
        steady: Steady::start(),
        pace: Pace::default(),
        told: None,
        shown: None,
    };
    let left = cockpit.run(&options).await;
    let Cockpit { model, screen, hands, shells, input, .. } = cockpit;
    // From here on what is typed is the shell's.
    drop(input);
    // The terminal first: whatever else goes wrong on the way out, it is whole again.
    let given_back = screen.leave();
    let how = match &left {
        Ok(how) => (*how).to_owned(),
        Err(error) => format!("{error}"),
    };
    shells.close().await;
    hands.close(&how, &model).await;
    match (given_back, left) {
        (Ok(()), left) => left.map(|_| ExitCode::SUCCESS),
        // A terminal that is gone or takes nothing cannot be told either: a report would wait for it for good.
        (Err(error), left) => {
            tracing::warn!(%error, %how, "the terminal could not be given back");
            Ok(left.map_or(ExitCode::FAILURE, |_| ExitCode::SUCCESS))
        }
    }
}

fn model(options: &Options) -> Model {
    let settings = options.effective.settings.clone();
    let mut model = Model {
        now: now(),
        zone: Zone(jiff::tz::TimeZone::system()),
        user: who::user(),
        host: who::host(),
        wall: options.view == View::Wall,
        exercise: options.exercise.clone(),
        ..Model::default()
    };
    model.board.mouse = settings.mouse;
    if !crate::sources::documents::places(&settings.profile.runbooks).is_empty() {
        model.shelf.reading = crate::model::shelf::Reading::First;
    }
    model.logs = crate::model::logs::Logs::with_capacity(settings.logs.buffer_bytes);
    model.settings = settings;
    if crate::panes::tables::others_in_view(&model) {
        model.board.focus = crate::model::board::PaneKind::Overview;
    }
    model
}

fn opens_a_shell(approved: &Approved) -> bool {
    approved.actions().iter().any(|looked| matches!(looked.native.verb, Verb::Shell { .. }))
}

struct Cockpit {
    model: Model,
    screen: Screen,
    input: Input,
    signals: Signals,
    hands: Hands,
    news: mpsc::Receiver<Vec<News>>,
    answers: mpsc::Receiver<Msg>,
    shells: Shells,
    steady: Steady,
    pace: Pace,
    /// The revision of a question that was last said to be on the screen.
    told: Option<(QuestionId, u32)>,
    /// The one of the frame that is on its way to the terminal, as it is recorded.
    shown: Option<(QuestionId, u32, Option<QuestionAsked>)>,
}

/// What woke the loop.
enum Woke {
    Told(Told),
    /// The terminal has taken what was drawn, or is gone.
    Taken(std::io::Result<()>),
    Read(Option<input::Read>),
    Answer(Msg),
    News(Vec<News>),
    Shell(Happened),
    Clock,
    Draw,
}

impl Cockpit {
    /// Runs until somebody leaves; says how.
    async fn run(&mut self, options: &Options) -> color_eyre::Result<&'static str> {
        let (columns, rows) = terminal::size();
        let mut first = vec![Msg::Resized { columns, rows }];
        match &options.view {
            View::Object(target) => first.push(Msg::Open {
                kind: target.kind,
                namespace: target.namespace.clone(),
                name: target.name.clone(),
            }),
            View::Runbook(words) => first.push(Msg::OpenRunbook(words.clone())),
            View::Board | View::Wall => {}
        }
        for msg in first {
            self.take(msg).await?;
        }
        self.draw()?;
        let mut clock = tokio::time::interval(CLOCK);
        clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            // The next picture is made when the terminal has the last one: one that is behind gets fewer.
            let behind = self.screen.is_behind();
            let due = self.pace.due(self.model.dirty, Instant::now()).filter(|_| !behind);
            let woke = tokio::select! {
                biased;
                told = self.signals.next() => Woke::Told(told),
                taken = Screen::taken(), if behind || self.shown.is_some() => Woke::Taken(taken),
                read = self.input.next() => Woke::Read(read),
                () = tokio::time::sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => Woke::Draw,
                Some(msg) = self.answers.recv() => Woke::Answer(msg),
                Some(happened) = self.shells.next() => Woke::Shell(happened),
                // Before the news: a flood of them must not stop the time.
                _ = clock.tick() => Woke::Clock,
                Some(batch) = self.news.recv() => Woke::News(batch),
            };
            let left = match woke {
                Woke::Told(Told::End(how)) => Some(how),
                Woke::Told(Told::Resized) => {
                    let (columns, rows) = terminal::size();
                    self.take(Msg::Resized { columns, rows }).await?
                }
                Woke::Told(Told::Continued) => {
                    self.screen.resume()?;
                    let (columns, rows) = terminal::size();
                    self.take(Msg::Resized { columns, rows }).await?
                }
                Woke::Taken(Ok(())) => {
                    self.shown();
                    None
                }
                Woke::Taken(Err(_)) | Woke::Read(None) => Some(LOST),
                Woke::Read(Some(read)) => self.read(read).await?,
                Woke::Answer(msg) => self.take(msg).await?,
                Woke::News(batch) => self.news(batch).await?,
                Woke::Shell(happened) => match self.shells.happened(happened) {
                    Some(id) => self.enter(id).await?,
                    None => None,
                },
                Woke::Clock => self.take(Msg::Tick(now())).await?,
                Woke::Draw => {
                    self.draw()?;
                    None
                }
            };
            if let Some(how) = left {
                return Ok(how);
            }
        }
    }

    async fn read(&mut self, read: input::Read) -> color_eyre::Result<Option<&'static str>> {
        self.shells.operator_goes_on();
        let at = self.steady.at(self.input.read_at());
        if let Some(exercise) = &self.model.exercise {
            exercise.keys.fetch_add(read.pressed(), Ordering::Relaxed);
        }
        for msg in read.into_msgs(at) {
            if let Some(how) = self.take(msg).await? {
                return Ok(Some(how));
            }
        }
        Ok(None)
    }

    /// Takes what is waiting in one go, so that a burst of news costs one drawing.
    async fn news(&mut self, mut batch: Vec<News>) -> color_eyre::Result<Option<&'static str>> {
        for _ in 0..BATCHES {
            match self.news.try_recv() {
                Ok(more) => batch.extend(more),
                Err(_) => break,
            }
        }
        self.take(Msg::News(batch)).await
    }

    /// Updates the model and does what it asks for; says how, if the cockpit was left.
    async fn take(&mut self, msg: Msg) -> color_eyre::Result<Option<&'static str>> {
        for effect in update(&mut self.model, msg) {
            match effect {
                Effect::Quit => return Ok(Some(QUIT)),
                Effect::Suspend => {
                    self.signals.suspend(&mut self.screen).await?;
                    let (columns, rows) = terminal::size();
                    update(&mut self.model, Msg::Resized { columns, rows });
                }
                Effect::Redraw => {
                    self.screen.repaint()?;
                    self.model.dirty = Dirty::Now;
                }
                Effect::Break(backend, fault) => {
                    if let Some(exercise) = &self.model.exercise {
                        exercise.faults.set(backend, fault);
                    }
                }
                Effect::SetMouse(on) => self.screen.set_mouse(on)?,
                Effect::Copy(text) => self.copy(text)?,
                Effect::Perform(id, approved) if opens_a_shell(&approved) => {
                    let scene = self.hands.scene(&self.model);
                    self.shells.open(&scene, id, approved);
                }
                Effect::Enter(id) => {
                    // Boxed: what is entered from here may come back here.
                    if let Some(how) = Box::pin(self.enter(id)).await? {
                        return Ok(Some(how));
                    }
                }
                Effect::EnterSession(session) => {
                    if let Some(how) = Box::pin(self.enter_session(&session)).await? {
                        return Ok(Some(how));
                    }
                }
                Effect::EndShell(id) => self.shells.end(id),
                other => self.hands.perform(other, &self.model),
            }
        }
        Ok(None)
    }

    fn copy(&mut self, text: String) -> color_eyre::Result<()> {
        use crate::domain::settings::values::Clipboard;
        let way = self.model.settings.clipboard;
        if matches!(way, Clipboard::Both | Clipboard::Terminal)
            && let Some(sequence) = clipboard::through_terminal(&text)
            && !self.screen.send(sequence.as_bytes())?
        {
            self.model.say("not copied: the terminal takes no bytes", true);
            return Ok(());
        }
        self.hands.copy(text, way);
        Ok(())
    }

    fn draw(&mut self) -> color_eyre::Result<()> {
        let (model, mut shown) = (&self.model, None);
        self.screen.draw(|frame| shown = view::draw(frame, model))?;
        self.model.dirty = Dirty::No;
        self.pace.drew(Instant::now());
        self.shown = shown
            .filter(|shown| self.told != Some(*shown))
            .map(|(question, revision)| (question, revision, hands::asked(&self.model)));
        Ok(())
    }

    /// The terminal has the last picture: if a question is on it, it can be read from now on.
    fn shown(&mut self) {
        if let Some((question, revision, asked)) = self.shown.take() {
            self.told = Some((question, revision));
            let at: Timestamp = self.steady.now();
            if let Some(asked) = asked {
                self.hands.shown(asked);
            }
            update(&mut self.model, Msg::Shown { question, revision, at });
        }
    }
}
