//! One command in a plain terminal: asked about, given to its shell, shown to its end.
use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::timeout;

use super::asking::{Asked, ask, place};
use super::desk::{Desk, Left, Then};
use crate::commands::effect::Answer;
use crate::domain::approval::{Approved, Ground as Standing, PATIENCE, Place, Plan, Question, QuestionId};
use crate::domain::settings::Role;
use crate::domain::shell::{Sent, ShellCommand};
use crate::domain::text::one_line;
use crate::incident::What;
use crate::incident::event::{Order, StepEnded};
use crate::model::msg::Msg;
use crate::model::run::{Known, News, Stream};
use crate::runbook::execution::{Go, State};
use crate::runbook::order::{self, Ground, Ordered};

impl Desk<'_> {
    /// The right to run it, with what is kept first; none where it was left.
    pub(super) async fn approval(&mut self, go: &Go) -> Result<Option<(Approved, Vec<Sent>)>, Left> {
        let (values, place_of) = (self.values(), self.place());
        let ground = Ground { values: &values, tables: &self.tables, place: &place_of, moved: &self.moved };
        let ordered = order::order(&self.known.run, go, &self.known.book.document.path, ground);
        let Ordered { command, looks, before } = match ordered {
            Ok(ordered) => ordered,
            Err(why) => {
                println!("    {}", self.paint(Role::Bad, &format!("not run: {why}")));
                return Ok(None);
            }
        };
        let standing = Standing {
            protected: self.settings.profile.protected,
            read_only: self.settings.profile.read_only,
            unrecorded: self.plain.unrecorded(),
        };
        let command = match Approved::reading(Box::new(command), &standing) {
            Ok(approved) => return Ok(Some((approved, Vec::new()))),
            Err(command) => command,
        };
        if !self.there {
            let what = format!("a {} has to be confirmed: {}", command.tier, place(&command));
            return Err(self.nobody(&what));
        }
        self.asked += 1;
        let (id, from) =
            (QuestionId(self.asked), Place { host: command.place.host.clone(), ..Place::default() });
        let step = self.known.run.step(go.step);
        let lang = step.and_then(|step| step.commands.get(go.command as usize));
        let lang = lang.map(|command| command.statement.lang).unwrap_or_default();
        let opened = crate::sources::now();
        let mut question = match Question::ask(id, Plan::Shell(command.clone()), from, standing, None, opened)
        {
            Ok(question) => Box::new(question),
            Err(why) => {
                println!("    {}", self.paint(Role::Bad, &why));
                return Ok(None);
            }
        };
        let answers = self.look(id, &command).await;
        let mut evidence = Vec::new();
        match answers {
            Some(answers) => {
                let (found, kept) = order::findings(&looks, &answers, lang);
                evidence = kept.behind(&before);
                question.looked(found);
            }
            None => {
                question.tick(opened.plus(PATIENCE));
            }
        }
        match ask(question, self.ink, &self.typist).await {
            Asked::Yes(approved) => Ok(Some((approved, evidence))),
            Asked::No => {
                self.plain.runs.declined(id);
                println!("    {}", self.paint(Role::Dim, "left"));
                Ok(None)
            }
            Asked::Gone => {
                self.plain.runs.declined(id);
                Err(Left::Quit)
            }
        }
    }

    async fn look(&mut self, id: QuestionId, command: &ShellCommand) -> Option<Vec<Option<Answer>>> {
        if command.looks.is_empty() {
            return Some(Vec::new());
        }
        self.plain.runs.look(id, command);
        let answered = async {
            loop {
                match self.plain.inbox.recv().await? {
                    Msg::Answered(of, answers) if of == id => return Some(answers),
                    msg => take(&mut self.known, msg),
                }
            }
        };
        timeout(PATIENCE + Duration::from_millis(500), answered).await.ok().flatten()
    }

    /// Gives it to its shell and shows what it writes, to its end.
    pub(super) async fn follow(&mut self, approved: Approved, evidence: Vec<Sent>) -> Then {
        self.plain.runs.begin(approved, evidence);
        let mut order: Option<Order> = None;
        let mut read: BTreeMap<Stream, u64> = [(Stream::Out, 0), (Stream::Err, 0)].into();
        let mut stopping = false;
        self.last = None;
        let mut ended: Option<Box<StepEnded>> = None;
        while ended.is_none() {
            let msg = tokio::select! {
                msg = self.plain.inbox.recv() => msg,
                _ = tokio::signal::ctrl_c() => {
                    let Some(order) = order.clone().filter(|_| !stopping) else { continue };
                    stopping = true;
                    println!("\n    {}", self.paint(Role::Warning, "stopping it, and its shell with it"));
                    self.plain.runs.stop(order);
                    continue;
                }
            };
            let Some(msg) = msg else { return Then::Leave(Left::WentWrong) };
            match &msg {
                Msg::Told(event) => match &event.what {
                    What::StepStarted(started) => order = Some(started.order.clone()),
                    What::StepEnded(told) => ended = Some(told.clone()),
                    _ => {}
                },
                Msg::Ran(News::NotStarted { why, .. }) => {
                    println!("    {}", self.paint(Role::Bad, &format!("not started: {why}")));
                    self.wrong = true;
                    return self.after(false).await;
                }
                Msg::Ran(News::Moved { session, context, namespace }) => {
                    let says = format!("kubectl goes to `{context}` from here on in this block");
                    println!("    {}", self.paint(Role::Warning, &one_line(&says)));
                    self.moved.insert(session.clone(), (context.clone(), namespace.clone()));
                }
                Msg::Ran(News::Trouble { why, .. }) => {
                    println!("    {}", self.paint(Role::Warning, why));
                }
                Msg::Ran(News::Background { children, .. }) => {
                    for (pid, line) in children {
                        let words = format!("goes on behind its shell: {line} ({pid})");
                        println!("    {}", self.paint(Role::Warning, &words));
                    }
                }
                Msg::Ran(News::Tail(of, _)) => self.pages(of, &mut read, false).await,
                _ => {}
            }
            take(&mut self.known, msg);
        }
        if let Some(order) = &order {
            self.pages(order, &mut read, true).await;
        }
        match ended {
            Some(ended) => self.ended(&ended).await,
            None => Then::Leave(Left::WentWrong),
        }
    }

    /// What was written since, line by line.
    async fn pages(&mut self, order: &Order, read: &mut BTreeMap<Stream, u64>, over: bool) {
        let streams: Vec<Stream> = read.keys().copied().collect();
        for stream in streams {
            loop {
                let from = read.get(&stream).copied().unwrap_or(0);
                let Ok(page) = self.plain.runs.page(order.clone(), stream, from).await else { break };
                // A line that has no end yet is shown when it has one.
                let whole = page.lines.len() - usize::from(page.open && !over).min(page.lines.len());
                for line in page.lines.iter().take(whole) {
                    let role = if line.err { Role::Warning } else { Role::Text };
                    println!("    {}", self.paint(role, &line.text));
                    self.last = Some(one_line(&line.text));
                }
                if page.to <= from {
                    break;
                }
                read.insert(stream, page.to);
            }
        }
    }

    async fn ended(&mut self, ended: &StepEnded) -> Then {
        let state = ended
            .at
            .command
            .and_then(|command| self.known.run.command(ended.at.step, command))
            .map_or(State::Failed, |view| view.state);
        let well = state.is_done();
        let (sign, role) = crate::panes::checklist::sign(&state);
        let took = Duration::from_millis(ended.milliseconds).as_secs_f32();
        let said = one_line(&ended.says);
        // A result of one line stands right above.
        let shown = well && self.last.as_ref().is_some_and(|last| *last == said);
        let says = if said.is_empty() || shown { String::new() } else { format!("  {said}") };
        println!("    {}", self.paint(role, &format!("{sign} {took:.1} s{says}")));
        self.wrong |= !well;
        self.found |= state == State::Trouble;
        self.after(well).await
    }

    /// How to go on behind what ended so.
    async fn after(&mut self, well: bool) -> Then {
        if well {
            return Then::Next;
        }
        if !self.there {
            return Then::Leave(Left::WentWrong);
        }
        match self.typist.line("    g goes on, a again, q leaves: ", false).await.as_deref() {
            Some("g") => Then::Next,
            Some("a") => Then::Again,
            _ => Then::Leave(Left::WentWrong),
        }
    }
}

/// What happened beside.
fn take(known: &mut Known, msg: Msg) {
    if let Msg::Told(event) = msg {
        known.run.take(&event);
    }
}
