//! What may run, how it would run, and what has to be asked before.
use std::collections::BTreeSet;

use super::super::binding::{Origin, Value, Values};
use super::super::types::Command;
use super::conditional::{self, Atom, Held};
use super::fence::{At, Need, Needed, Stand};
use super::{Refusal, Run, Shell, State};
use crate::commands::{Lang, Role};
use crate::domain::approval::Tier;
pub use crate::domain::shell::{Kind, Session};
use crate::incident::event::{End, StepEnded, Verdict};

/// Where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Where the document's commands run.
    Here,
    /// Behind this command, which has opened a session elsewhere.
    Behind { step: u32, command: u32 },
}

/// What an operator is asked before it runs; none of these for what runs on Enter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ask {
    Change,
    Danger,
    /// A heavy read.
    Heavy,
    /// It reads, prints or carries secrets.
    Secret,
    /// It needs the terminal.
    Terminal,
    /// It never ends by itself.
    Endless,
    /// It opens a session elsewhere.
    Opens,
    /// The document says it only under a condition.
    Conditional(String),
    /// A block before it was left inside a session that this line opened: it may be meant for that.
    MaybeBehind(u32),
    /// Another block switched the context at this line; this one has its own.
    OtherContext(u32),
}

/// It ran before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ran {
    pub times: usize,
    pub state: State,
}

/// A command that may run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Go {
    pub step: u32,
    pub command: u32,
    pub kind: Kind,
    pub session: Session,
    pub place: Place,
    /// What runs in place of the statement's text: the test of an `if` alone.
    pub text: Option<String>,
    /// Variables of its shell that must not be empty; see [`probe`].
    pub filled: Vec<String>,
    /// Values that are set for it, as another fence would have set them.
    pub set: Vec<String>,
    /// With nothing to ask it runs at once. A value may raise the risk further: `binding::resolve` says so.
    pub asks: Vec<Ask>,
    pub ran: Option<Ran>,
}

/// How a command runs, whether or not it may.
pub fn kind(command: &Command) -> Kind {
    let traits = command.statement.traits;
    if traits.interactive {
        Kind::Terminal
    } else if traits.endless || traits.background {
        Kind::Job
    } else {
        Kind::Plain
    }
}

/// A test to send before a command: it answers 0 only if each of these variables holds something.
pub fn probe(names: &[String]) -> Option<String> {
    let tests: Vec<String> = names.iter().map(|name| format!("[ -n \"${{{name}-}}\" ]")).collect();
    (!tests.is_empty()).then(|| tests.join(" && "))
}

/// Commands that are taken to have run well, while a list of them is put together.
pub(super) type Assumed = BTreeSet<At>;

impl Run {
    /// Whether a command may run now. It does not run by this: every start is an order of the operator's.
    pub fn may(&self, step: u32, command: u32, values: &Values) -> Result<Go, Refusal> {
        self.allowed((step, command), values, &Assumed::new(), false)
    }

    /// How another text would run in place of a command, whose values it does not need.
    pub fn instead(&self, step: u32, command: u32) -> Option<Go> {
        let mut values = Values::default();
        for one in &self.command_of((step, command))?.placeholders {
            // They are in no text that runs.
            values.set(&one.name, Value { text: "-".into(), origin: Origin::Operator });
        }
        let go = self.may(step, command, &values).ok()?;
        Some(Go { text: None, set: Vec::new(), ..go })
    }

    /// The command with which the fence of this one can be begun anew, after its shell was lost.
    pub fn anew(&self, step: u32, command: u32, values: &Values) -> Result<Go, Refusal> {
        let first = self.first((step, command)).ok_or(Refusal::NoSuch)?;
        self.allowed(first, values, &Assumed::new(), true)
    }

    /// The first command of a fence that a shell would run.
    fn first(&self, at: At) -> Option<At> {
        let stand = self.fences.stand(at)?;
        let runs = |member: &&At| {
            let command = self.command_of(**member);
            command.is_some_and(|one| never(one).is_none()) && self.open(member.0).is_ok()
        };
        self.fences.members(stand.fence).iter().find(runs).copied()
    }

    pub(super) fn allowed(
        &self,
        at: At,
        values: &Values,
        assumed: &Assumed,
        anew: bool,
    ) -> Result<Go, Refusal> {
        let command = self.command_of(at).ok_or(Refusal::NoSuch)?;
        let stand = self.fences.stand(at).ok_or(Refusal::NoSuch)?;
        if self.record.is_full() {
            return Err(Refusal::TooMuch);
        }
        if self.closed().is_some() {
            return Err(Refusal::Closed);
        }
        if let Some(refusal) = never(command) {
            return Err(refusal);
        }
        self.open(at.0)?;
        let decided = self.condition(at, command)?;
        if let Some(reason) = self.skipped(at.0) {
            return Err(Refusal::Skipped(reason.to_owned()));
        }
        let state = self.command_state(at);
        if state == State::Running || assumed.contains(&at) {
            return Err(Refusal::Running);
        }
        let shell = self.shell(at);
        let session = self.session(at, &shell, anew)?;
        let place = self.place(stand, &shell)?;
        let missing = missing(command, values);
        if !missing.is_empty() {
            return Err(Refusal::Missing(missing));
        }
        let mut go = Go {
            step: at.0,
            command: at.1,
            kind: kind(command),
            session,
            place,
            text: self.tests.get(&at).map(|test| test.run.clone()),
            filled: Vec::new(),
            set: Vec::new(),
            asks: self.asks(at, command, stand, decided),
            ran: None,
        };
        self.needs(stand, &shell, values, assumed, &mut go)?;
        // A check may ask whether there is something; one that compares numbers takes nothing for one: `[[ $LAG -lt 3 ]]`.
        if command.statement.role == Role::Guard && !compares(&command.statement.text) {
            go.filled.clear();
        }
        self.guards(command, stand, assumed)?;
        let times = self.record.attempts.get(&(at.0, Some(at.1))).map_or(0, std::collections::BTreeMap::len);
        go.ran = (times > 0).then_some(Ran { times, state });
        Ok(go)
    }

    /// Whether a step's arm was chosen, wherever one has to be.
    pub(super) fn open(&self, step: u32) -> Result<(), Refusal> {
        for gate in self.shape.gates(step) {
            match self.arm(gate.asks) {
                Some(option) if option == gate.option => {}
                Some(chosen) => return Err(Refusal::OtherChosen { asks: gate.asks, chosen }),
                None => {
                    let of = self.shape.choice(gate.asks).map_or(0, |choice| choice.options.len());
                    return Err(Refusal::NotChosen { asks: gate.asks, of });
                }
            }
        }
        Ok(())
    }

    /// The first step of the arm that was chosen; a choice that is none counts for nothing.
    pub(super) fn arm(&self, asks: Option<u32>) -> Option<u32> {
        let chosen = self.chosen(asks)?;
        let choice = self.shape.choice(asks)?;
        if choice.options.binary_search(&chosen).is_ok() {
            return Some(chosen);
        }
        self.shape.gates(chosen).iter().find(|gate| gate.asks == asks).map(|gate| gate.option)
    }

    /// Whether the script would come to a command; true where that was found out or chosen.
    pub(super) fn condition(&self, at: At, command: &Command) -> Result<bool, Refusal> {
        let Some(condition) = command.statement.condition.as_deref() else { return Ok(false) };
        let ways = self.ways.get(&at.0).map_or(&[][..], Vec::as_slice);
        // The operator's word stands above what was found out. A step that asks for its sub-steps is chosen by those.
        let chosen = if self.shape.choice(Some(at.0)).is_some() { None } else { self.chosen(Some(at.0)) };
        if let Some(chosen) = chosen {
            return match ways.get(chosen as usize) {
                Some(way) if *way == condition => Ok(true),
                _ => Err(Refusal::OtherChosen { asks: Some(at.0), chosen }),
            };
        }
        let atoms = self.atoms(at);
        match conditional::evaluate(condition, &atoms) {
            Held::Yes => Ok(true),
            Held::No => Err(Refusal::NotHolding(condition.to_owned())),
            Held::Open(line) => Err(Refusal::Undecided { condition: condition.to_owned(), line: Some(line) }),
            // The arm of a `case` that is the step's own: it was chosen with the step.
            Held::Unknown if ways.len() == 1 && self.is_case(at) => Ok(true),
            Held::Unknown => Err(Refusal::Undecided { condition: condition.to_owned(), line: None }),
        }
    }

    /// The step was chosen as the arm of a `case`: no `if` of its own stands in it.
    fn is_case(&self, at: At) -> bool {
        let tested = self.step(at.0).is_some_and(|step| {
            step.commands
                .iter()
                .any(|one| ["if ", "if\n", "elif"].iter().any(|word| one.statement.text.starts_with(word)))
        });
        !self.shape.gates(at.0).is_empty() && !tested
    }

    /// The tests of a command's fence with their answers.
    fn atoms(&self, at: At) -> Vec<Atom<'_>> {
        let fence = self.fences.stand(at).map_or(0, |stand| stand.fence);
        let members = self.fences.members(fence);
        let before = members.partition_point(|member| *member < at);
        let members = members.iter().take(before).rev().take(1_000);
        let tests = members.filter(|member| self.tests.contains_key(member)).take(64);
        let shell = self.shell(at);
        let atoms = tests.filter_map(|member| {
            let test = self.tests.get(member)?;
            let line = self.command_of(*member)?.statement.line;
            let ended = self.ended_in(*member, &shell);
            let answer = ended.and_then(|end| match end {
                End::Exit(codes) => test.holds(codes),
                _ => None,
            });
            Some(Atom { test, line, answer })
        });
        atoms.collect()
    }

    /// How a command ended last in this shell; what was edited answers another question.
    fn ended_in(&self, at: At, shell: &Shell) -> Option<&End> {
        let (order, attempt) = self.record.last((at.0, Some(at.1)))?;
        let same = matches!(shell, Shell::Open(session) if *session == order.session);
        let edited = attempt.started.as_ref().is_none_or(|(_, body)| body.edited);
        let known = |body: &StepEnded| body.verdict != Verdict::NoData;
        let ended = attempt.ended.as_ref().map(|(_, body)| body);
        ended.filter(|body| same && !edited && !attempt.disputed && known(body)).map(|body| &body.end)
    }

    fn session(&self, at: At, shell: &Shell, anew: bool) -> Result<Session, Refusal> {
        if self.is_apart(at) {
            return Ok(Session::Apart);
        }
        match shell {
            Shell::None => Ok(Session::New),
            Shell::Lost { .. } if anew => Ok(Session::New),
            Shell::Lost { end, gone, .. } => {
                let first = self.first(at).and_then(|first| self.command_of(first));
                let from = first.map_or(0, |command| command.statement.line);
                Err(Refusal::Lost { end: end.clone(), gone: gone.clone(), from })
            }
            Shell::Open(session) => {
                let running = self.record.attempts.iter().find(|(_, orders)| {
                    orders.iter().any(|(order, one)| order.session == *session && one.is_running())
                });
                match running {
                    Some(((step, command), _)) => {
                        let busy = command.and_then(|command| self.command_of((*step, command)));
                        let line = busy.map(|command| command.statement.line);
                        Err(Refusal::Busy(line.or(self.step(*step).map(|step| step.line)).unwrap_or(0)))
                    }
                    None => Ok(Session::Join(session.clone())),
                }
            }
        }
    }

    /// What stands behind a bare `ssh host` runs there or nowhere: the session must have been opened, on another
    /// host than the run's own.
    fn place(&self, stand: &Stand, shell: &Shell) -> Result<Place, Refusal> {
        let Some(opener) = stand.inside else { return Ok(Place::Here) };
        let here = self.opened().map(|body| body.host.as_str());
        let last = self.record.last((opener.0, Some(opener.1)));
        let there = last.is_some_and(|(order, attempt)| {
            let started = attempt.started.as_ref().map(|(_, body)| body.host.as_str());
            let open = matches!(shell, Shell::Open(session) if *session == order.session);
            let went = attempt.ended.as_ref().is_some_and(|(_, body)| match &body.end {
                End::Exit(codes) => codes.last() == Some(&0),
                _ => false,
            });
            let elsewhere = started.zip(here).is_some_and(|(there, here)| !there.is_empty() && there != here);
            open && went && elsewhere && !attempt.disputed
        });
        if there {
            return Ok(Place::Behind { step: opener.0, command: opener.1 });
        }
        let statement = self.command_of(opener).map(|command| &command.statement);
        Err(Refusal::NotHere {
            opener: statement.map_or_else(String::new, |one| one.text.clone()),
            line: statement.map_or(0, |one| one.line),
        })
    }

    fn needs(
        &self,
        stand: &Stand,
        shell: &Shell,
        values: &Values,
        assumed: &Assumed,
        go: &mut Go,
    ) -> Result<(), Refusal> {
        for needed in &stand.needs {
            if needed.by.is_empty() {
                let given = |name: &str| values.get(name).is_some_and(|value| !value.text.trim().is_empty());
                match &needed.need {
                    Need::Variable(name) if given(name) => go.set.push(name.clone()),
                    Need::Variable(name) | Need::Function(name) => {
                        return Err(Refusal::Elsewhere { name: name.clone(), line: needed.line });
                    }
                    Need::Context(_) => go.asks.push(Ask::OtherContext(needed.line)),
                    Need::Directory | Need::Sourced => {}
                }
                continue;
            }
            // Those of another arm, or of a step that is skipped, set nothing.
            let mut by = needed.by.iter().filter(|by| assumed.contains(by) || self.applies(**by)).peekable();
            let is_set = |by: &At| assumed.contains(by) || self.was_set(*by, needed, shell);
            let known = match &needed.need {
                Need::Directory | Need::Sourced | Need::Context(_) => by.next().is_none_or(is_set),
                Need::Function(_) => by.any(is_set),
                Need::Variable(_) => by.peek().is_none() || by.any(is_set),
            };
            if !known {
                let nearest =
                    needed.by.iter().find(|by| self.applies(**by)).and_then(|by| self.command_of(*by));
                let line = nearest.map_or(needed.line, |one| one.statement.line);
                return Err(Refusal::Unset { need: needed.need.clone(), line });
            }
            if let Need::Variable(name) = &needed.need
                && !needed.may_be_empty
            {
                go.filled.push(name.clone());
            }
        }
        Ok(())
    }

    /// Whether a script would come to a command, as far as is known.
    fn applies(&self, at: At) -> bool {
        let Some(command) = self.command_of(at) else { return false };
        let other =
            matches!(self.condition(at, command), Err(Refusal::NotHolding(_) | Refusal::OtherChosen { .. }));
        never(command).is_none() && self.open(at.0).is_ok() && !other && self.skipped(at.0).is_none()
    }

    /// Whether a command has set in this shell what another needs.
    fn was_set(&self, by: At, needed: &Needed, shell: &Shell) -> bool {
        let Shell::Open(session) = shell else { return false };
        let Some(orders) = self.record.attempts.get(&(by.0, Some(by.1))) else { return false };
        orders.iter().filter(|(order, _)| order.session == *session).any(|(_, attempt)| {
            let ended = attempt.ended.as_ref().map(|(_, body)| body);
            let well = ended.is_some_and(|body| match &body.end {
                End::Exit(codes) => {
                    codes.last() == Some(&0)
                        && body.verdict <= Verdict::Accepted
                        && body.verdict != Verdict::NoData
                }
                _ => false,
            });
            let still = match (&needed.need, attempt.started.as_ref().map(|(_, body)| body)) {
                (Need::Variable(name), Some(body)) if body.edited => body.text.contains(name.as_str()),
                _ => true,
            };
            well && still
        })
    }

    /// What changes something waits for the checks before it.
    fn guards(&self, command: &Command, stand: &Stand, assumed: &Assumed) -> Result<(), Refusal> {
        if command.statement.risk == Tier::Read {
            return Ok(());
        }
        for guard in &stand.guards {
            let Some(one) = self.command_of(*guard) else { continue };
            let passed = assumed.contains(guard)
                || self.skipped(guard.0).is_some()
                || self.open(guard.0).is_err()
                || matches!(self.condition(*guard, one), Err(Refusal::NotHolding(_)))
                || self.passed(*guard);
            if !passed {
                return Err(Refusal::Guard(one.statement.line));
            }
        }
        Ok(())
    }

    fn passed(&self, at: At) -> bool {
        let shell = self.shell(at);
        let exit = self.ended_in(at, &shell);
        matches!(exit, Some(End::Exit(codes)) if codes.last() == Some(&0))
            && matches!(self.command_state(at), State::Ok | State::Accepted { .. } | State::NoMatches)
    }

    fn asks(&self, at: At, command: &Command, stand: &Stand, decided: bool) -> Vec<Ask> {
        let one = &command.statement;
        let mut asks = Vec::new();
        match one.risk {
            Tier::Read => {}
            Tier::Change => asks.push(Ask::Change),
            Tier::Danger => asks.push(Ask::Danger),
        }
        let traits = one.traits;
        let kind = kind(command);
        let plain = [
            (traits.heavy, Ask::Heavy),
            (traits.secret, Ask::Secret),
            (kind == Kind::Terminal, Ask::Terminal),
            (traits.endless || traits.background, Ask::Endless),
            (stand.opens, Ask::Opens),
        ];
        asks.extend(plain.into_iter().filter(|(so, _)| *so).map(|(_, ask)| ask));
        let branch = self.step(at.0).and_then(|step| step.branch.as_deref());
        let found = |branch: &str| decided && one.condition.as_deref() == Some(branch);
        // What was chosen is not asked again; a condition of the step's own within its arm is.
        let chosen = |branch: &str| {
            self.shape.gates(at.0).iter().any(|gate| {
                let arm = self.step(gate.option).and_then(|step| step.branch.as_deref());
                gate.option == at.0 || arm == Some(branch)
            })
        };
        if let Some(branch) = branch.filter(|branch| !found(branch) && !chosen(branch)) {
            asks.push(Ask::Conditional(branch.to_owned()));
        }
        if let Some(opener) = stand.maybe.and_then(|opener| self.command_of(opener)) {
            asks.push(Ask::MaybeBehind(opener.statement.line));
        }
        asks
    }
}

/// Why a command runs under no circumstances.
pub(super) fn never(command: &Command) -> Option<Refusal> {
    let one = &command.statement;
    if command.future {
        return Some(Refusal::Future);
    }
    match (one.lang, one.role) {
        (Lang::Query, _) | (_, Role::Query) => Some(Refusal::Copied),
        (Lang::PowerShell, _) => Some(Refusal::Language(Lang::PowerShell)),
        // What stands there is all that it would say; with a variable in it, only the shell knows.
        (_, Role::Narration) if one.uses.is_empty() => Some(Refusal::Narration),
        _ => None,
    }
}

/// It compares numbers, and does not ask whether there is something.
fn compares(text: &str) -> bool {
    let signs = ["-lt", "-le", "-gt", "-ge", "-eq", "-ne", "(("];
    let asks = ["-z ", "-n ", "= \"\"", "= ''", ":-"];
    signs.iter().any(|sign| text.contains(sign)) && !asks.iter().any(|sign| text.contains(sign))
}

/// The values of a command that nobody has given; an empty one is none.
pub fn missing(command: &Command, values: &Values) -> Vec<String> {
    values.missing(command)
}
