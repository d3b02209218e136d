//! What a deed would hit, read afresh within two seconds.
use std::time::Duration;

use futures::{StreamExt, stream};
use tokio::time::timeout;

use super::Docker;
use super::api::{Image, Inspected};
use super::client::{Client, Fault};
use super::engine::Engine;
use super::facts::{Known, moment};
use crate::domain::Text;
use crate::domain::action::{Check, Findings, Looked, Native, Verb};
use crate::domain::container::{Container, ContainerState, Policy};
use crate::domain::text::clean;
use crate::domain::time::{Age, Timestamp};
use crate::sources::now;

/// A question waits for two seconds; the rest is for the way back.
const WITHIN: Duration = Duration::from_millis(1_800);
const AT_ONCE: usize = 4;
/// An engine gives so long between asking a container to end and killing it, unless the container says otherwise.
const USUAL_GRACE: i64 = 10;
/// Who has run for longer does so steadily: when its run is another one, somebody was there in between.
const STEADY: Duration = Duration::from_mins(1);

/// In which state a container was shown, as a number that travels with the action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    /// This very run.
    Run(i64),
    /// Up, but coming and going.
    Up,
    Down,
    Other,
}

impl Mark {
    fn of(facts: &Container, now: Timestamp) -> Mark {
        match (facts.state, facts.started) {
            (ContainerState::Running, Some(at)) if now.since(at) >= STEADY => Mark::Run(at.0),
            (ContainerState::Running | ContainerState::Restarting, _) => Mark::Up,
            (ContainerState::Created | ContainerState::Exited | ContainerState::Dead, _) => Mark::Down,
            _ => Mark::Other,
        }
    }

    fn number(self) -> i64 {
        match self {
            Mark::Run(at) => at.max(10),
            Mark::Up => 1,
            Mark::Down => 2,
            Mark::Other => 3,
        }
    }
}

/// A container as it is now.
pub(super) struct Seen {
    pub(super) facts: Container,
    pub(super) raw: Inspected,
    pub(super) name: String,
}

pub(super) async fn read(client: &Client, id: &str, within: Duration) -> Result<Seen, Fault> {
    let raw: Inspected = client.get(&format!("/containers/{id}/json"), &[], within).await?;
    let mut known = Known::default();
    known.inspected(&raw).ok_or(Fault::Lost { why: "the engine tells of no container".into() })?;
    Ok(Seen { facts: known.facts, name: known.name.to_string(), raw })
}

/// Why what is there now is not what was shown; `None` while it is.
pub(super) fn drifted(looked: &Looked, seen: &Seen, now: Timestamp) -> Option<String> {
    let name = &looked.native.target.name;
    if *seen.name != **name {
        return Some(format!("it is called `{}` now", seen.name));
    }
    let shown = looked.generation?;
    let (facts, state) = (&seen.facts, seen.facts.status());
    let fits = match shown {
        1 => matches!(facts.state, ContainerState::Running | ContainerState::Restarting),
        2 => Mark::of(facts, now) == Mark::Down,
        3 => Mark::of(facts, now) == Mark::Other,
        run => facts.state == ContainerState::Running && facts.started.is_some_and(|at| at.0 == run),
    };
    match (fits, facts.started) {
        (true, _) => None,
        (false, Some(at)) if facts.state == ContainerState::Running => {
            Some(format!("`{name}` was started anew {} ago: it is {state} now", Age(now.since(at))))
        }
        (false, _) => Some(format!("`{name}` is not as it was shown: it is {state} now")),
    }
}

impl Docker {
    pub(super) async fn find_out(&self, natives: &[Native]) -> Findings {
        let looks = natives.iter().cloned().map(|native| async move {
            let found = timeout(WITHIN, self.one(&native, natives)).await;
            (native, found.unwrap_or_else(|_| Err(Fault::Lost { why: "no answer in time".into() })))
        });
        let looks: Vec<_> = stream::iter(looks).buffered(AT_ONCE).collect().await;
        let several = natives.len() > 1;
        let mut all = Findings { allowed: Check::Yes, ..Findings::default() };
        if several {
            all.effect.push("one after another; none further once one fails".into());
        }
        let mut shared: Vec<String> = Vec::new();
        for (native, found) in looks {
            let name = native.target.name.clone();
            let named = |line: String| if several { format!("{name}: {line}") } else { line };
            match found {
                Ok(found) => {
                    // How each of them ends and begins is mostly the same: then it is said once.
                    let mut effect = found.effect.into_iter();
                    all.effect.extend(effect.next().map(named));
                    for line in effect.filter(|line| !shared.contains(line)).collect::<Vec<_>>() {
                        shared.push(line);
                    }
                    all.warnings.extend(found.warnings.into_iter().map(named));
                    all.drift = all.drift.or(found.drift);
                    all.identity = all.identity.or(found.identity);
                    if !all.undo.contains(&found.undo) {
                        all.undo = if all.undo.is_empty() {
                            found.undo
                        } else {
                            format!("{}; {}", all.undo, found.undo)
                        };
                    }
                    all.actions.extend(found.actions);
                }
                Err(fault) => {
                    let plain = Looked { native, generation: None, also: None };
                    all.actions.push(plain);
                    match fault {
                        Fault::Gone => all.drift = Some(format!("`{name}` is gone, or was made anew")),
                        fault if fault.is_forbidden() => all.allowed = Check::No(fault.words()),
                        fault => all.unchecked.push(named(format!("how it is now: {}", fault.words()))),
                    }
                }
            }
        }
        all.effect.append(&mut shared);
        all
    }

    /// What one of a plan would hit.
    async fn one(&self, native: &Native, plan: &[Native]) -> Result<Findings, Fault> {
        let engine = self.engine(&native.target.context).map_err(|why| Fault::Unreached { why })?;
        let client = engine.client()?;
        let now = now();
        let seen = read(&client, &native.uid, WITHIN).await?;
        let looked = Looked {
            native: native.clone(),
            generation: Some(Mark::of(&seen.facts, now).number()),
            also: None,
        };
        let drift = drifted(&Looked { generation: None, ..looked.clone() }, &seen, now)
            .or_else(|| unfit(native, &seen));
        let mut findings = Findings { actions: vec![looked], drift, ..Findings::default() };
        findings.identity = Some(client.way.shown());
        findings.effect = effect(native, &seen, now);
        findings.undo = undo(native, &seen);
        warn(native, &seen, plan, engine, &mut findings.warnings);
        if matches!(native.verb, Verb::Restart | Verb::Start) {
            findings.warnings.extend(older(&client, &seen).await);
        }
        Ok(findings)
    }
}

/// What cannot be done to a container as it is.
pub(super) fn unfit(native: &Native, seen: &Seen) -> Option<String> {
    let (name, state) = (&native.target.name, seen.facts.state);
    let why = match (&native.verb, state) {
        (_, ContainerState::Removing) => "it is being removed",
        (Verb::Start, ContainerState::Running | ContainerState::Restarting) => "it runs already",
        (Verb::Start, ContainerState::Paused) => "it is paused: `docker unpause` lets it go on",
        (Verb::Stop { .. }, ContainerState::Exited | ContainerState::Created | ContainerState::Dead) => {
            "it does not run"
        }
        (Verb::Shell { .. }, state) if state != ContainerState::Running => "a shell needs it to run",
        _ => return None,
    };
    Some(format!("`{name}`: {why}"))
}

fn effect(native: &Native, seen: &Seen, now: Timestamp) -> Vec<String> {
    let facts = &seen.facts;
    let since = match (facts.state, facts.started, facts.end.and_then(|end| end.at)) {
        (ContainerState::Running | ContainerState::Paused, Some(at), _) => {
            format!(", up {}", Age(now.since(at)).lasting())
        }
        (_, _, Some(at)) => format!(", ended {} ago", Age(now.since(at))),
        _ => String::new(),
    };
    let part = if facts.project.is_empty() { String::new() } else { format!(" of {}", facts.project) };
    let service = if facts.service.is_empty() { "container" } else { &*facts.service };
    let mut lines = vec![format!("{service}{part}, {}: {}{since}", short(&facts.image), facts.status())];
    let config = &seen.raw.config;
    let signal = if config.stop_signal.is_empty() { "SIGTERM" } else { &config.stop_signal };
    let own = config.stop_timeout.unwrap_or(USUAL_GRACE);
    match &native.verb {
        Verb::Restart if facts.state.is_up() => {
            lines.push(format!(
                "gets {signal}, and {}; then begins again with the same image and settings",
                beyond(own)
            ));
        }
        Verb::Restart | Verb::Start => {
            lines.push("begins with the image and settings it was made with".into());
        }
        Verb::Stop { grace_seconds } => {
            let grace = grace_seconds.map_or(own, i64::from);
            lines.push(format!("gets {signal}, and {}; stays down until it is started", beyond(grace)));
        }
        _ => {}
    }
    lines.iter().map(|line| clean(line).into_owned()).collect()
}

/// What comes to a container that does not end when it is asked to.
fn beyond(grace: i64) -> String {
    if grace < 0 { "is waited for without end, without KILL".into() } else { format!("KILL after {grace} s") }
}

/// The last part of an image's name says most.
fn short(image: &str) -> &str {
    image.rsplit('/').next().unwrap_or(image)
}

fn undo(native: &Native, seen: &Seen) -> String {
    match native.verb {
        Verb::Stop { .. } if seen.raw.host_config.auto_remove => String::new(),
        Verb::Stop { .. } => "u starts it again".into(),
        Verb::Restart if seen.facts.state.is_up() => "none: what it held in memory is gone".into(),
        Verb::Start | Verb::Restart => "X stops it again".into(),
        _ => "none needed".into(),
    }
}

/// Who depends on it, on whom it depends, and who would fight it.
fn warn(native: &Native, seen: &Seen, plan: &[Native], engine: &Engine, warnings: &mut Vec<String>) {
    let facts = &seen.facts;
    let ends = matches!(native.verb, Verb::Restart | Verb::Stop { .. });
    if ends && seen.raw.host_config.auto_remove {
        warnings.push("it was started with --rm: when it ends, it is removed, with what it wrote".into());
    }
    if matches!(native.verb, Verb::Stop { .. }) && facts.policy == Policy::Always {
        warnings.push("policy always: a restart of the engine starts it again".into());
    }
    let table = engine.table();
    let planned = |known: &Known| plan.iter().any(|one| one.uid == known.facts.id);
    let others: Vec<&Known> = table.values().filter(|known| !planned(known)).collect();
    if ends {
        needed_by(native, facts, &others, warnings);
    }
    if matches!(native.verb, Verb::Start | Verb::Restart) {
        warnings.extend(missed(facts, table.values(), planned));
    }
    if native.verb == Verb::Restart && facts.starved {
        warnings.push("memory ran out in it: a restart frees it, and does not mend why".into());
    }
}

/// Who is left standing without it.
fn needed_by(native: &Native, facts: &Container, others: &[&Known], warnings: &mut Vec<String>) {
    let needing: Vec<(&Known, bool)> =
        others.iter().filter_map(|other| Some((*other, other.facts.need_of(facts)?.restarts))).collect();
    let names = |with: bool| -> Vec<&str> {
        needing.iter().filter(|(_, restarts)| *restarts == with).map(|(other, _)| &*other.name).collect()
    };
    let (plain, with) = (names(false), names(true));
    if !plain.is_empty() {
        let verb = if plain.len() == 1 { "needs" } else { "need" };
        warnings.push(clean(&format!("{} {verb} it", plain.join(", "))).into_owned());
    }
    if !with.is_empty() {
        let verb = if with.len() == 1 { "needs" } else { "need" };
        let tail = if native.verb == Verb::Restart {
            ", and Compose would restart it too: mark it as well"
        } else {
            ""
        };
        warnings.push(clean(&format!("{} {verb} it{tail}", with.join(", "))).into_owned());
    }
}

/// Of what it needs, what does not run and is not begun before it.
fn missed<'k>(
    facts: &Container,
    table: impl Iterator<Item = &'k Known>,
    planned: impl Fn(&Known) -> bool,
) -> Option<String> {
    let needed: Vec<&Known> = table.filter(|other| facts.need_of(&other.facts).is_some()).collect();
    let stands = |service: &Text| {
        let own = needed.iter().filter(|other| other.facts.service == *service);
        // What is done was needed to its end.
        own.into_iter().any(|other| other.facts.state.is_up() || !other.facts.counts() || planned(other))
    };
    let down: Vec<String> = facts
        .needs
        .iter()
        .filter(|need| !stands(&need.service))
        .map(|need| match needed.iter().find(|other| other.facts.service == need.service) {
            Some(other) => format!("{} is {}", other.name, other.facts.status()),
            None => format!("{} is not there", need.service),
        })
        .collect();
    (!down.is_empty()).then(|| clean(&format!("of what it needs, {}", down.join(", "))).into_owned())
}

/// A restart does not bring a newer image; who expects one should know.
async fn older(client: &Client, seen: &Seen) -> Option<String> {
    let name = &seen.raw.config.image;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"./:-_@".contains(&byte);
    if name.is_empty() || name.starts_with("sha256:") || !name.bytes().all(plain) || name.contains("..") {
        return None;
    }
    let image: Image = client.get(&format!("/images/{name}/json"), &[], Duration::from_secs(1)).await.ok()?;
    // Some engines leave the kind of digest out in one of the two.
    let digest = |id: &str| id.trim_start_matches("sha256:").to_owned();
    (!image.id.is_empty() && digest(&image.id) != digest(&seen.raw.image)).then(|| {
        let made = moment(&image.created).map(|at| format!(", made {}", at.rfc3339())).unwrap_or_default();
        clean(&format!(
            "`{}` is another image by now{made}: this keeps the old one, `docker-compose up -d` takes the new one",
            short(name)
        ))
        .into_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::object::{Kind, ObjectRef};

    const NOW: Timestamp = Timestamp(1_767_225_700_000);

    fn seen(json: &str) -> Seen {
        let raw: Inspected = serde_json::from_str(json).unwrap();
        let mut known = Known::default();
        known.inspected(&raw).unwrap();
        Seen { facts: known.facts, name: known.name.to_string(), raw }
    }

    fn running(started: &str) -> Seen {
        seen(&format!(r#"{{"Id":"a","Name":"/api","State":{{"Status":"running","StartedAt":"{started}"}}}}"#))
    }

    fn looked(seen: &Seen, verb: Verb) -> Looked {
        let target = ObjectRef {
            context: "box".into(),
            kind: Kind::Container,
            namespace: "".into(),
            name: "api".into(),
        };
        let native = Native { target, uid: "a".into(), verb };
        Looked { native, generation: Some(Mark::of(&seen.facts, NOW).number()), also: None }
    }

    #[test]
    fn a_steady_run_that_is_another_one_by_now_is_not_touched() {
        let shown = running("2026-01-01T00:00:00Z");
        let restart = looked(&shown, Verb::Restart);
        assert_eq!(drifted(&restart, &shown, NOW), None);
        let why = drifted(&restart, &running("2026-01-01T00:01:00Z"), NOW).unwrap();
        assert!(why.contains("started anew 40s ago"), "{why}");
        let down = seen(r#"{"Id":"a","Name":"/api","State":{"Status":"exited","ExitCode":3}}"#);
        assert!(drifted(&restart, &down, NOW).unwrap().contains("exited 3"));
        let renamed = seen(r#"{"Id":"a","Name":"/api-old","State":{"Status":"exited"}}"#);
        assert!(drifted(&restart, &renamed, NOW).unwrap().contains("api-old"));
    }

    #[test]
    fn what_comes_and_goes_may_be_restarted_in_any_of_its_runs() {
        let shown = seen(r#"{"Id":"a","Name":"/api","State":{"Status":"restarting","ExitCode":7}}"#);
        let restart = looked(&shown, Verb::Restart);
        assert_eq!(drifted(&restart, &running("2026-01-01T00:01:35Z"), NOW), None);
        let down = seen(r#"{"Id":"a","Name":"/api","State":{"Status":"exited"}}"#);
        assert!(drifted(&restart, &down, NOW).is_some());
    }

    #[test]
    fn each_deed_says_when_it_makes_no_sense() {
        let up = running("2026-01-01T00:00:00Z");
        let down = seen(r#"{"Id":"a","Name":"/api","State":{"Status":"exited"}}"#);
        let native = |verb| looked(&up, verb).native;
        assert!(unfit(&native(Verb::Start), &up).is_some() && unfit(&native(Verb::Start), &down).is_none());
        let stop = || native(Verb::Stop { grace_seconds: None });
        assert!(unfit(&stop(), &down).is_some() && unfit(&stop(), &up).is_none());
        assert!(unfit(&native(Verb::Restart), &down).is_none());
    }

    #[test]
    fn a_container_that_is_waited_for_without_end_is_told_as_such() {
        let patient =
            seen(r#"{"Id":"a","Name":"/api","State":{"Status":"running"},"Config":{"StopTimeout":-1}}"#);
        for verb in [Verb::Restart, Verb::Stop { grace_seconds: None }] {
            let told = effect(&looked(&patient, verb).native, &patient, NOW);
            assert!(told[1].starts_with("gets SIGTERM, and is waited for without end"), "{told:?}");
        }
        let stop = looked(&patient, Verb::Stop { grace_seconds: Some(3) }).native;
        assert!(effect(&stop, &patient, NOW)[1].contains("KILL after 3 s"));
    }

    #[test]
    fn a_container_that_goes_with_its_end_cannot_be_brought_back() {
        let fleeting =
            seen(r#"{"Id":"a","Name":"/api","State":{"Status":"running"},"HostConfig":{"AutoRemove":true}}"#);
        let stop = looked(&fleeting, Verb::Stop { grace_seconds: None }).native;
        assert_eq!(undo(&stop, &fleeting), "");
        assert!(effect(&stop, &fleeting, NOW)[1].contains("SIGTERM"));
    }
}
