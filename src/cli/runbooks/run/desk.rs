//! One run in a plain terminal: step by step, each command read, asked about where it has to be, and followed.
use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::timeout;

use super::Wanted;
use super::asking::{Asked, ask, place};
use super::given::Typist;
use crate::app::plain::Plain;
use crate::cli::ink::Ink;
use crate::cli::runbooks::shelf::Shelf;
use crate::commands::tools::Tables;
use crate::domain::approval::{
    Approved, Ground as Standing, PATIENCE, Place, Plan, Question, QuestionId, Tier,
};
use crate::domain::secret;
use crate::domain::settings::{Role, Settings};
use crate::domain::shell::{Kind, Sent, Where};
use crate::domain::text::{clean_lines, one_line};
use crate::incident::What;
use crate::incident::event::{
    BranchChosen, Order, RunClosed, StepEnded, StepSkipped, StepTicked, ValueGiven,
};
use crate::model::msg::Msg;
use crate::model::run::{Known, News, Stream};
use crate::model::shelf::Book;
use crate::runbook::binding::{Origin, Value, Values, wanted as wanted_values};
use crate::runbook::execution::{Go, Refusal, State, items};
use crate::runbook::order::{self, Ground, Ordered};
use crate::runbook::{Command, Step, StepKind};

/// How a run was left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Left {
    Done,
    WentWrong,
    /// Something had to be asked, and nobody was there.
    Asked,
    Quit,
}

/// How to go on behind a command.
enum Then {
    Next,
    Again,
    Leave(Left),
}

pub(super) struct Desk<'a> {
    plain: Plain,
    settings: &'a Settings,
    ink: &'a Ink,
    tables: Tables,
    known: Known,
    wanted: &'a Wanted,
    /// Somebody sits there who can be asked.
    there: bool,
    typist: Typist,
    secrets: Values,
    asked: u64,
    wrong: bool,
}

impl<'a> Desk<'a> {
    pub(super) async fn open(
        mut plain: Plain,
        shelf: &'a Shelf,
        book: Book,
        wanted: &'a Wanted,
        there: bool,
    ) -> Result<Desk<'a>, String> {
        plain.runs.open(book, None);
        let known = loop {
            match plain.inbox.recv().await {
                Some(Msg::RunKnown(known)) => break *known,
                Some(Msg::Said { text, bad: true }) => return Err(text),
                Some(_) => {}
                None => return Err("the run could not be opened".into()),
            }
        };
        let settings = &shelf.settings;
        let tables = Tables { rules: settings.commands.clone() };
        let mut desk = Desk {
            plain,
            settings,
            ink: &shelf.ink,
            tables,
            known,
            wanted,
            there,
            typist: Typist::new(),
            secrets: Values::default(),
            asked: 0,
            wrong: false,
        };
        for (name, value) in &wanted.set {
            desk.give(name, value).await;
        }
        Ok(desk)
    }

    /// Works through it to its end, or until it is left.
    pub(super) async fn work(&mut self) -> Left {
        self.head();
        let steps = self.known.run.runbook().steps.clone();
        for (at, step) in steps.iter().enumerate() {
            let at = number(at);
            if self.wanted.step.as_ref().is_some_and(|n| !step.n.eq_ignore_ascii_case(n)) {
                continue;
            }
            if let Err(left) = self.step(at, step).await {
                return left;
            }
        }
        if self.wrong { Left::WentWrong } else { Left::Done }
    }

    pub(super) async fn close(self, left: Left) {
        let run = self.known.run.name().to_owned();
        let done = left == Left::Done && self.wanted.step.is_none();
        let why = match left {
            Left::Done => "",
            Left::WentWrong => "something went wrong",
            Left::Asked => "something had to be asked, and nobody was there",
            Left::Quit => "left",
        };
        let closed = RunClosed { run, done, why: why.into(), by: self.plain.user.clone() };
        let _ = self.plain.tell(What::RunClosed(closed)).await;
        self.plain.close("quit").await;
    }

    fn head(&self) {
        let runbook = self.known.run.runbook();
        let place = format!("{}:{}", self.known.book.document.path, runbook.line);
        println!("{}  {}", self.paint(Role::Title, &one_line(&runbook.title)), self.paint(Role::Dim, &place));
        if self.wanted.walk {
            let says = "a walk: what reads runs, what changes something is asked about and not run";
            println!("{}", self.paint(Role::Focus, says));
        }
        for note in &runbook.notes {
            println!("{}", self.paint(Role::Warning, &format!("! {}", one_line(&note.text))));
        }
    }

    fn paint(&self, role: Role, text: &str) -> String {
        self.ink.paint(role, text)
    }

    async fn step(&mut self, at: u32, step: &Step) -> Result<(), Left> {
        match self.known.run.view(at).map(|view| view.state) {
            Some(State::NotChosen) => return Ok(()),
            _ if step.kind == StepKind::Note && step.commands.is_empty() => {
                println!("\n{}", self.paint(Role::Dim, &one_line(&step.title)));
                return Ok(());
            }
            _ => {}
        }
        let budget = step.time_budget.as_deref().map(|time| format!("  {}", one_line(time)));
        let title = format!("{} {}", step.n, one_line(&step.title));
        println!(
            "\n{}{}",
            self.paint(Role::Title, &title),
            self.paint(Role::Dim, &budget.unwrap_or_default())
        );
        if let Some(branch) = &step.branch {
            println!("  {}", self.paint(Role::Act, &one_line(branch)));
        }
        if one_line(&step.text) != one_line(&step.title) {
            for line in clean_lines(&step.text).lines().filter(|line| !line.trim().is_empty()) {
                println!("  {line}");
            }
        }
        for note in &step.notes {
            println!("  {}", self.paint(Role::Warning, &format!("! {}", one_line(&note.text))));
        }
        if let Some(choice) = self.known.run.shape().choice(Some(at)).cloned()
            && self.known.run.chosen(Some(at)).is_none()
        {
            return self.choose(Some(at), &choice.options).await;
        }
        if step.commands.is_empty() {
            return self.by_hand(at, step).await;
        }
        let mut nth = 0;
        while let Some(command) = step.commands.get(nth) {
            match self.command(at, number(nth), command).await {
                Then::Next => nth += 1,
                Then::Again => {}
                Then::Leave(left) => return Err(left),
            }
        }
        if let Some(expected) = &step.expected {
            println!("  {}", self.paint(Role::Dim, &format!("expected: {}", one_line(expected))));
        }
        Ok(())
    }

    /// One of several ways.
    async fn choose(&mut self, asks: Option<u32>, options: &[u32]) -> Result<(), Left> {
        for (nth, option) in options.iter().enumerate() {
            let step = self.known.run.step(*option);
            let words = step.map(|step| one_line(step.branch.as_deref().unwrap_or(&step.title)));
            println!("  {}  {}", self.paint(Role::Key, &(nth + 1).to_string()), words.unwrap_or_default());
        }
        if !self.there {
            return Err(self.nobody("one of several ways has to be chosen"));
        }
        loop {
            let Some(line) = self.typist.line("  which one, or q to leave: ", false).await else {
                return Err(Left::Quit);
            };
            if line.trim() == "q" {
                return Err(Left::Quit);
            }
            let nth = line.trim().parse::<usize>().ok().and_then(|nth| nth.checked_sub(1));
            if let Some(chosen) = nth.and_then(|nth| options.get(nth)) {
                let (run, by) = (self.known.run.name().to_owned(), self.plain.user.clone());
                let what = BranchChosen { run, step: asks, chosen: *chosen, by, no_longer: false };
                self.tell(What::BranchChosen(what)).await;
                return Ok(());
            }
        }
    }

    async fn by_hand(&mut self, at: u32, step: &Step) -> Result<(), Left> {
        if step.kind == StepKind::Note || step.kind == StepKind::Branch || !step.is_counted() {
            return Ok(());
        }
        for item in items(step).filter(|item| one_line(item) != one_line(&step.title)) {
            println!("  [ ] {item}");
        }
        if !self.there {
            return Err(self.nobody("this is done by hand"));
        }
        match self.typist.line("  Enter when it is done, s to skip, q to leave: ", false).await.as_deref() {
            None | Some("q") => Err(Left::Quit),
            Some("s") => self.skip(at).await,
            Some(_) => {
                let (run, by) = (self.known.run.name().to_owned(), self.plain.user.clone());
                self.tell(What::StepTicked(StepTicked { run, step: at, item: None, ticked: true, by })).await;
                Ok(())
            }
        }
    }

    async fn skip(&mut self, step: u32) -> Result<(), Left> {
        let Some(reason) = self.typist.line("  why is it skipped: ", false).await else {
            return Err(Left::Quit);
        };
        let (run, by) = (self.known.run.name().to_owned(), self.plain.user.clone());
        self.tell(What::StepSkipped(StepSkipped { run, step, reason, by, no_longer: false })).await;
        Ok(())
    }

    async fn command(&mut self, step: u32, at: u32, command: &Command) -> Then {
        let statement = &command.statement;
        println!();
        let (sign, role) = self.ink.risk(statement.risk);
        for (nth, line) in clean_lines(statement.text.trim_end()).lines().enumerate() {
            let lead =
                if nth == 0 { format!("{} ", self.paint(role, &sign.to_string())) } else { "  ".into() };
            println!("  {lead}{}", self.paint(Role::Key, line));
        }
        if self.wanted.walk {
            self.explain(command);
        }
        let go = match self.may(step, at).await {
            Ok(Some(go)) => go,
            Ok(None) => return Then::Next,
            Err(left) => return Then::Leave(left),
        };
        if go.kind == Kind::Terminal {
            let says = "it needs the whole terminal: run it in the cockpit, or by hand in another one";
            println!("    {}", self.paint(Role::Warning, says));
            return Then::Next;
        }
        if self.wanted.walk && self.there && statement.risk == Tier::Read {
            match self.typist.line("    Enter runs it, s skips it, q leaves: ", false).await.as_deref() {
                None | Some("q") => return Then::Leave(Left::Quit),
                Some("s") => return Then::Next,
                Some(_) => {}
            }
        }
        let approved = match self.approval(&go).await {
            Ok(Some(approved)) => approved,
            Ok(None) => return Then::Next,
            Err(left) => return Then::Leave(left),
        };
        let (approved, evidence) = approved;
        if self.wanted.walk && approved.command().is_some_and(|command| command.risk > Tier::Read) {
            println!("    {}", self.paint(Role::Focus, "would run: this is a walk, nothing was sent"));
            return Then::Next;
        }
        self.follow(approved, evidence).await
    }

    /// What it does, in words.
    fn explain(&self, command: &Command) {
        let statement = &command.statement;
        let mut words = vec![one_line(&statement.why)];
        words.extend(statement.traits.words().map(str::to_owned));
        if let Some(inner) = &statement.inner_tool {
            words.push(format!("`{}` starts `{inner}` elsewhere", statement.tool));
        }
        if !statement.sets.is_empty() {
            words.push(format!("sets {}", statement.sets.join(", ")));
        }
        if let Some(condition) = &statement.condition {
            words.push(format!("only if {}", one_line(condition)));
        }
        if let Some(undo) = &command.attributes.undo {
            words.push(format!("undone by {}", one_line(undo)));
        }
        println!("    {}: {}", statement.risk, self.paint(Role::Dim, &words.join("; ")));
    }

    /// How it would run; none where it does not run here, which is said.
    async fn may(&mut self, step: u32, at: u32) -> Result<Option<Go>, Left> {
        loop {
            let values = self.values();
            match self.known.run.may(step, at, &values) {
                Ok(go) => return Ok(Some(go)),
                Err(Refusal::Missing(missing)) => self.fill_in(&missing).await?,
                Err(why) => {
                    println!("    {}", self.paint(Role::Dim, &format!("not run: {why}")));
                    return Ok(None);
                }
            }
        }
    }

    async fn fill_in(&mut self, missing: &[String]) -> Result<(), Left> {
        for text in missing {
            let all = wanted_values(self.known.run.runbook());
            let Some(one) = all.iter().find(|one| one.texts.contains(text)) else { continue };
            if !self.there {
                let how = format!("`{}` is not filled in: --set {}=VALUE", one_line(text), one.name);
                return Err(self.nobody(&how));
            }
            let default = one.default.clone().filter(|text| !text.trim().is_empty());
            let offered = default.as_ref().map_or_else(String::new, |text| format!(" [{}]", one_line(text)));
            let words = format!("    {}{offered}, or q to leave: ", one_line(text));
            let hidden = secret::looks_secret(&one.name);
            match self.typist.line(&words, hidden).await {
                None => return Err(Left::Quit),
                Some(line) if line == "q" => return Err(Left::Quit),
                Some(line) if line.trim().is_empty() => {
                    if let Some(default) = default {
                        let name = one.name.clone();
                        self.give(&name, &default).await;
                    }
                }
                Some(line) => {
                    let name = one.name.clone();
                    self.give(&name, &line).await;
                }
            }
        }
        Ok(())
    }

    async fn give(&mut self, name: &str, value: &str) {
        let hidden = secret::looks_secret(name) || secret::carries_password(value);
        self.secrets.set(name, Value { text: value.to_owned(), origin: Origin::Operator });
        let event = ValueGiven {
            run: self.known.run.name().to_owned(),
            name: name.to_owned(),
            value: if hidden { String::new() } else { value.to_owned() },
            secret: hidden,
            origin: "operator".into(),
            by: self.plain.user.clone(),
        };
        self.tell(What::ValueGiven(event)).await;
    }

    fn values(&self) -> Values {
        let mut values = self.known.run.values();
        values.extend(&self.secrets);
        values
    }

    fn place(&self) -> Where {
        let profile = &self.settings.profile;
        let footing = profile.footing(&self.known.book.document.path);
        let namespace = profile.namespaces.iter().find(|name| *name != "*").cloned().unwrap_or_default();
        Where {
            host: footing.run_on.clone().unwrap_or_else(|| self.plain.host.clone()),
            remote: footing.run_on,
            workdir: footing.workdir,
            context: profile.contexts.first().cloned().unwrap_or_default(),
            origin: if namespace.is_empty() { String::new() } else { "profile".into() },
            namespace,
        }
    }

    /// The right to run it, with what is kept first; none where it was left.
    async fn approval(&mut self, go: &Go) -> Result<Option<(Approved, Vec<Sent>)>, Left> {
        let (values, place_of) = (self.values(), self.place());
        let ground = Ground { values: &values, tables: &self.tables, place: &place_of };
        let ordered = order::order(&self.known.run, go, &self.known.book.document.path, ground);
        let Ordered { command, looks } = match ordered {
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
                evidence = kept;
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

    async fn look(
        &mut self,
        id: QuestionId,
        command: &crate::domain::shell::ShellCommand,
    ) -> Option<Vec<Option<crate::commands::effect::Answer>>> {
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
    async fn follow(&mut self, approved: Approved, evidence: Vec<Sent>) -> Then {
        self.plain.runs.begin(approved, evidence);
        let mut order: Option<Order> = None;
        let mut read: BTreeMap<Stream, u64> = [(Stream::Out, 0), (Stream::Err, 0)].into();
        let mut stopping = false;
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
                Msg::Ran(News::Trouble { why, .. }) => {
                    println!("    {}", self.paint(Role::Warning, why));
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
                self.plain.runs.read(order.clone(), stream, from);
                let page = loop {
                    match timeout(Duration::from_secs(5), self.plain.inbox.recv()).await {
                        Ok(Some(Msg::Ran(News::Page(page))))
                            if page.order == *order && page.stream == stream =>
                        {
                            break Some(page);
                        }
                        Ok(Some(msg)) => take(&mut self.known, msg),
                        _ => break None,
                    }
                };
                let Some(page) = page else { break };
                // A line that has no end yet is shown when it has one.
                let whole = page.lines.len() - usize::from(page.open && !over).min(page.lines.len());
                for line in page.lines.iter().take(whole) {
                    let role = if line.err { Role::Warning } else { Role::Text };
                    println!("    {}", self.paint(role, &line.text));
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
        let says = if ended.says.is_empty() { String::new() } else { format!("  {}", one_line(&ended.says)) };
        println!("    {}", self.paint(role, &format!("{sign} {took:.1} s{says}")));
        if !well {
            self.wrong = true;
        }
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

    fn nobody(&self, what: &str) -> Left {
        println!("    {}", self.paint(Role::Warning, &format!("{what}; nobody is here to be asked")));
        Left::Asked
    }

    async fn tell(&mut self, what: What) {
        match self.plain.tell(what).await {
            Ok(event) => {
                self.known.run.take(&event);
            }
            Err(why) => println!("  {}", self.paint(Role::Bad, &format!("not recorded: {why}"))),
        }
    }
}

/// What happened beside.
fn take(known: &mut Known, msg: Msg) {
    if let Msg::Told(event) = msg {
        known.run.take(&event);
    }
}

fn number(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}
