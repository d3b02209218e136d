//! Each state of a container, its words and its level.
use super::*;

fn container(state: ContainerState) -> Container {
    Container { state, restarts: Some(0), ..Container::default() }
}

fn exited(code: i64, oom: bool) -> Container {
    Container { end: Some(End { code, oom, at: None }), ..container(ContainerState::Exited) }
}

fn said(container: &Container) -> (Level, String) {
    (container.level(), container.status().into_owned())
}

#[test]
fn each_state_has_its_level_and_its_words() {
    use ContainerState::{Created, Dead, Paused, Removing, Restarting, Running, Unknown};
    let well = |health| Container { health, ..container(Running) };
    let broken = Container { error: "no such file: /run.sh".into(), ..container(Created) };
    let looping = Container {
        end: Some(End { code: 7, ..End::default() }),
        restarts: Some(6),
        ..container(Restarting)
    };
    for (container, level, words) in [
        (well(None), Level::Fine, "running"),
        (well(Some(Health::Healthy)), Level::Fine, "healthy"),
        (well(Some(Health::Starting)), Level::Warn, "starting"),
        (
            Container { restarts: Some(6), ..well(Some(Health::Unhealthy)) },
            Level::Bad,
            "unhealthy, 6 restarts",
        ),
        (Container { restarts: Some(1), ..well(None) }, Level::Fine, "running, 1 restart"),
        (Container { restarts: Some(1), shaky: true, ..well(None) }, Level::Warn, "running, 1 restart"),
        (Container { starved: true, ..well(None) }, Level::Warn, "running, a process OOMKilled"),
        (looping, Level::Bad, "restarting, exited 7, 6 restarts"),
        (container(Paused), Level::Warn, "paused"),
        (container(Removing), Level::Warn, "being removed"),
        (container(Dead), Level::Bad, "dead"),
        (container(Created), Level::Warn, "created, not started"),
        (broken, Level::Bad, "not started: no such file: /run.sh"),
        (exited(137, true), Level::Bad, "exited 137 (OOMKilled)"),
        (exited(143, false), Level::Bad, "exited 143 (terminated)"),
        (exited(3, false), Level::Bad, "exited 3"),
        (exited(0, false), Level::Done, "done"),
        (Container { policy: Policy::Always, ..exited(0, false) }, Level::Warn, "stopped"),
        (container(ContainerState::Exited), Level::Unknown, "exited"),
        (container(Unknown), Level::Unknown, "unknown"),
    ] {
        assert_eq!(said(&container), (level, words.to_owned()));
    }
}

#[test]
fn a_word_that_a_newer_engine_brings_is_unknown_and_never_fine() {
    for text in ["", "hibernating", "Running"] {
        assert_eq!(ContainerState::parse(text), ContainerState::Unknown);
    }
    assert_eq!(container(ContainerState::parse("hibernating")).level(), Level::Unknown);
}

#[test]
fn the_words_of_a_list_tell_the_health() {
    for (status, health) in [
        ("Up 6 seconds (unhealthy)", Some(Health::Unhealthy)),
        ("Up 3 hours (healthy)", Some(Health::Healthy)),
        ("Up 1 second (health: starting)", Some(Health::Starting)),
        ("Up 5 seconds", None),
        ("Exited (137) 2 minutes ago", None),
        ("Up 2 days (Paused)", None),
    ] {
        assert_eq!(Health::of_status(status), health, "{status}");
    }
}

#[test]
fn who_was_started_again_lately_has_to_show_that_it_stays() {
    let started = Timestamp(1_000_000);
    let mut one =
        Container { started: Some(started), restarts: Some(2), ..container(ContainerState::Running) };
    assert!(one.is_shaky(started.plus(Duration::from_secs(30))));
    assert!(!one.is_shaky(started.plus(SETTLED)));
    one.restarts = Some(0);
    assert!(!one.is_shaky(started), "a start by hand is no sign of trouble");
    one.restarts = None;
    assert!(!one.is_shaky(started));
}

#[test]
fn a_project_is_counted_without_what_is_done() {
    let running = || container(ContainerState::Running);
    let sick = Container { health: Some(Health::Unhealthy), ..running() };
    let mut all = vec![running(), running(), exited(0, false)];
    assert_eq!((Tally::of(&all).to_string(), Tally::of(&all).level()), ("2 of 2 up".to_owned(), Level::Fine));
    all.push(container(ContainerState::Paused));
    assert_eq!(
        (Tally::of(&all).to_string(), Tally::of(&all).level()),
        ("2 of 3 up, 1 not running".to_owned(), Level::Warn)
    );
    all.extend([
        sick,
        exited(137, true),
        container(ContainerState::Restarting),
        container(ContainerState::Unknown),
    ]);
    let tally = Tally::of(&all);
    assert_eq!(tally.to_string(), "2 of 7 up, 1 unhealthy, 1 restarting, 1 failed, 1 unknown, 1 not running");
    assert_eq!(tally.level(), Level::Bad);
    assert_eq!(Tally::of(&[container(ContainerState::Unknown)]).level(), Level::Unknown);
}

#[test]
fn memory_is_compared_with_a_limit_only_where_there_is_one() {
    let mut one = Container { memory: Some(48), memory_limit: Some(64), ..Container::default() };
    assert_eq!(one.memory_percent(), Some(75));
    one.memory_limit = None;
    assert_eq!(one.memory_percent(), None);
    one = Container { memory: None, memory_limit: Some(64), ..one };
    assert_eq!(one.memory_percent(), None, "nothing measured is not nothing used");
}
