//! One run in a plain terminal: step by step, each command read, asked about where it has to be, and followed.
use super::Wanted;
use super::given::Typist;
use crate::app::plain::Plain;
use crate::cli::ink::Ink;
use crate::cli::runbooks::shelf::Shelf;
use crate::commands::tools::Tables;
use crate::domain::approval::Tier;
use crate::domain::secret;
use crate::domain::settings::{Role, Settings};
use crate::domain::shell::{Kind, Moved, Where};
use crate::domain::text::{clean_lines, one_line};
use crate::model::checklist::Mark;
use crate::model::msg::Msg;
use crate::model::run::{Known, News};
use crate::model::shelf::Book;
use crate::runbook::binding::{Origin, Value, Values, wanted as wanted_values};
use crate::runbook::execution::{Go, Refusal, State, items};
use crate::runbook::{Command, Step, StepKind};
use crate::update::run::event;

/// How a run was left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Left {
    Done,
    /// All of it ran, and some of it found something bad.
    Found,
    WentWrong,
    /// Something had to be asked, and nobody was there.
    Asked,
    Quit,
}

/// How to go on behind a command.
pub(super) enum Then {
    Next,
    Again,
    Leave(Left),
}

pub(super) struct Desk<'a> {
    pub(super) plain: Plain,
    pub(super) settings: &'a Settings,
    pub(super) ink: &'a Ink,
    pub(super) tables: Tables,
    pub(super) known: Known,
    wanted: &'a Wanted,
    /// Somebody sits there who can be asked.
    pub(super) there: bool,
    pub(super) typist: Typist,
    secrets: Values,
    pub(super) asked: u64,
    pub(super) wrong: bool,
    pub(super) found: bool,
    /// The last line that was shown of what a command wrote.
    pub(super) last: Option<String>,
    /// Where its sessions have switched kubectl to.
    pub(super) moved: Moved,
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
                Some(Msg::Ran(News::NotOpened { why })) => return Err(format!("not opened: {why}")),
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
            found: false,
            last: None,
            moved: Moved::default(),
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
        match (self.wrong, self.found) {
            (true, _) => Left::WentWrong,
            (_, true) => Left::Found,
            _ => Left::Done,
        }
    }

    pub(super) async fn close(self, left: Left) {
        let done = matches!(left, Left::Done | Left::Found) && self.wanted.step.is_none();
        let why = match left {
            Left::Done => "",
            Left::Found => "found trouble",
            Left::WentWrong => "something went wrong",
            Left::Asked => "something had to be asked, and nobody was there",
            Left::Quit => "left",
        };
        let closed = event(self.known.run.name(), &self.plain.user, Mark::Close { done, why: why.into() });
        let _ = self.plain.tell(closed).await;
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

    pub(super) fn paint(&self, role: Role, text: &str) -> String {
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
                self.mark(Mark::Choose { asks, chosen: *chosen, no_longer: false }).await;
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
                self.mark(Mark::Tick { step: at as usize, item: None, ticked: true }).await;
                Ok(())
            }
        }
    }

    async fn skip(&mut self, step: u32) -> Result<(), Left> {
        let Some(reason) = self.typist.line("  why is it skipped: ", false).await else {
            return Err(Left::Quit);
        };
        self.mark(Mark::Skip { step: step as usize, reason, no_longer: false }).await;
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
            let words = format!("    {}{offered}, or q to leave: ", one.asked_as(text));
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
        self.secrets.set(name, Value { text: value.to_owned(), origin: Origin::Operator });
        self.mark(Mark::Value { name: name.to_owned(), value: value.to_owned(), origin: "operator" }).await;
    }

    pub(super) fn values(&self) -> Values {
        let mut values = self.known.run.values();
        values.extend(&self.secrets);
        values
    }

    pub(super) fn place(&self) -> Where {
        let profile = &self.settings.profile;
        let footing = profile.footing(&self.known.book.document.path);
        let namespace = profile.namespaces.iter().find(|name| *name != "*").cloned().unwrap_or_default();
        Where {
            context: profile.contexts.first().cloned().unwrap_or_default(),
            origin: if namespace.is_empty() { String::new() } else { "profile".into() },
            namespace,
            ..Where::on(&self.plain.host, footing)
        }
    }

    pub(super) fn nobody(&self, what: &str) -> Left {
        println!("    {}", self.paint(Role::Warning, &format!("{what}; nobody is here to be asked")));
        Left::Asked
    }

    async fn mark(&mut self, mark: Mark) {
        let what = event(self.known.run.name(), &self.plain.user, mark);
        match self.plain.tell(what).await {
            Ok(event) => {
                self.known.run.take(&event);
            }
            Err(why) => println!("  {}", self.paint(Role::Bad, &format!("not recorded: {why}"))),
        }
    }
}

fn number(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}
