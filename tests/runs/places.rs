//! Where commands run: with the terminal, on another box, with a kubeconfig of their own; and what is kept before.
use std::os::unix::fs::PermissionsExt;

use firedeck::domain::approval::Tier;
use firedeck::domain::shell::{Kind, Sent, Session};
use firedeck::incident::What;
use firedeck::incident::event::{End, Verdict};
use firedeck::model::msg::Msg;
use firedeck::model::run::{News, Stream};
use firedeck::runbook::execution::Place;

use super::bench::{Desk, talk, told, wait};

#[tokio::test]
async fn what_there_is_to_know_is_kept_before_the_first_change_to_a_target_and_only_then() {
    let mut desk = Desk::new();
    desk.open("echo new >prior\necho newer >prior").await;
    std::fs::write(desk.root.path().join("prior"), "old\n").expect("written");
    let first = desk.command(0, Tier::Change, Session::New);
    let evidence = || vec![Sent::new("cat prior; echo password=hunter2hunter2"), Sent::new("sleep 300")];
    let approved = desk.approve(first);
    desk.runs.begin(approved, evidence());
    let msg = desk.until(|msg| told(msg, "evidence-kept")).await;
    let Msg::Told(event) = msg else { panic!("{msg:?}") };
    let What::EvidenceKept(kept) = event.what else { panic!("{event:?}") };
    assert_eq!(
        (kept.files.len(), kept.missing.as_slice()),
        (1, &["evidence 2: not within 5 s".to_owned()][..])
    );
    let bytes = firedeck::store::read::beside(
        &super::bench::places(&desk.root),
        &firedeck::incident::day(super::bench::now()),
        &kept.files[0],
    );
    let text = String::from_utf8(bytes.expect("kept")).expect("text");
    assert!(text.starts_with("old\n") && !text.contains("hunter2"), "{text}");
    let order = desk.started().await;
    desk.ended().await;
    let second = desk.command(1, Tier::Change, Session::Join(order.session));
    let approved = desk.approve(second);
    desk.runs.begin(approved, evidence());
    desk.ended().await;
    assert_eq!(desk.count("evidence-kept"), 1);
}

#[tokio::test]
async fn a_command_with_the_terminal_is_entered_typed_to_and_left() {
    let mut desk = Desk::new();
    desk.open("printf 'who? '; read -r name; test -t 1 && echo \"it is $name\"; stty size").await;
    let mut command = desk.command(0, Tier::Change, Session::New);
    command.kind = Kind::Terminal;
    let order = desk.begin(command).await;
    desk.until(|msg| matches!(msg, Msg::Ran(News::WantsTerminal(one)) if *one == order)).await;
    let (title, (mut printed, mut typing, size)) = desk.runs.enter(&order.session).await.expect("entered");
    assert!(title.starts_with("step 1 of run-"), "{title}");
    size.send_replace((100, 30));
    let rest = talk(&mut printed, &mut typing, ("who? ", "ann\r")).await;
    assert!(rest.contains("it is ann") && rest.contains("30 100"), "{rest}");
    let ended = desk.ended().await;
    assert_eq!((ended.end, ended.verdict), (End::Exit(vec![0]), Verdict::Ok));
    assert!(desk.runs.enter(&order.session).await.is_err(), "nothing runs in it");
    desk.runs.read(order, Stream::Term, 0, None);
    let page = desk.until(|msg| matches!(msg, Msg::Ran(News::Page(_)))).await;
    let Msg::Ran(News::Page(page)) = page else { panic!("{page:?}") };
    assert!(page.lines.iter().any(|line| line.text.contains("it is ann")), "{page:?}");
}

#[tokio::test]
async fn kubectl_sees_one_context_in_a_file_that_nobody_else_reads() {
    let mut desk = Desk::with(|options, root| {
        let path = root.join("config");
        let text = "{current-context: other, clusters: [{name: one, cluster: {server: 'https://one'}}, \
                    {name: two, cluster: {server: 'https://two'}}], \
                    contexts: [{name: yard, context: {cluster: one}}, {name: other, context: {cluster: two}}]}";
        std::fs::write(&path, text).expect("written");
        options.kubeconfig = vec![path];
    });
    desk.open("echo \"$KUBECONFIG\"; cat \"$KUBECONFIG\"\necho more").await;
    let mut command = desk.command(0, Tier::Read, Session::New);
    command.place.context = "yard".into();
    command.place.namespace = "dock".into();
    let ended = desk.run(command.clone()).await;
    let out = desk.output(&ended.order);
    let (path, text) = out.split_once('\n').expect("two lines");
    assert!(
        text.contains("\"current-context\":\"yard\"") && text.contains("\"namespace\":\"dock\""),
        "{text}"
    );
    assert!(!text.contains("two"), "{text}");
    let mode = std::fs::metadata(path).expect("there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let mut other = desk.command(1, Tier::Read, Session::Join(ended.order.session.clone()));
    (other.place.context, other.place.namespace) = ("other".into(), "dock".into());
    let approved = desk.approve(other);
    desk.runs.begin(approved, Vec::new());
    let why = desk.not_started().await;
    assert_eq!(why, "it was shown for context `other`, and its shell has `yard`");
    desk.runs.close().await;
    wait(|| !std::path::Path::new(path).exists()).await;
    // A context that nobody knows reaches no cluster, and certainly not another one.
    let mut lost = command;
    lost.place.context = "nowhere".into();
    let ended = desk.run(lost).await;
    assert!(desk.output(&ended.order).ends_with("{\"apiVersion\":\"v1\",\"kind\":\"Config\"}"));
}

#[tokio::test]
async fn a_block_that_switches_the_context_is_shown_for_the_other_one_from_then_on() {
    let mut desk = Desk::with(|options, root| {
        let path = root.join("config");
        let text = "{current-context: yard, clusters: [{name: one, cluster: {server: 'https://one'}}], \
                    contexts: [{name: yard, context: {cluster: one, namespace: dock}}]}";
        std::fs::write(&path, text).expect("written");
        options.kubeconfig = vec![path];
    });
    desk.open("sed -i 's/yard/quay/g' \"$KUBECONFIG\"\necho more").await;
    let mut command = desk.command(0, Tier::Read, Session::New);
    (command.place.context, command.place.namespace) = ("yard".into(), "dock".into());
    let order = desk.run(command.clone()).await.order;
    let moved = |msg: &Msg| match msg {
        Msg::Ran(News::Moved { session, context, namespace }) => {
            *session == order.session && context == "quay" && namespace == "dock"
        }
        _ => false,
    };
    assert!(desk.heard.iter().any(moved), "{:?}", desk.heard);
    let mut stale = desk.command(1, Tier::Read, Session::Join(order.session.clone()));
    stale.place = command.place.clone();
    let approved = desk.approve(stale.clone());
    desk.runs.begin(approved, Vec::new());
    assert_eq!(desk.not_started().await, "it was shown for context `yard`, and its shell has `quay`");
    let mut fresh = stale;
    fresh.place.context = "quay".into();
    assert_eq!(desk.run(fresh).await.verdict, Verdict::Ok);
    // Who takes the run up again is told of it before anything is shown for the wrong place.
    let mut back = Desk::at(desk.root.clone(), std::process::id());
    back.runs.come_back();
    back.until(|msg| matches!(msg, Msg::RunKnown(_))).await;
}

/// A box behind an `ssh` that is this box.
fn far(desk: &mut Desk) {
    let bin = desk.root.path().join("bin");
    std::fs::create_dir(&bin).expect("made");
    let script = |name: &str, text: &str| {
        let path = bin.join(name);
        std::fs::write(&path, text).expect("written");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700)).expect("set");
        path
    };
    script(
        "ssh",
        "#!/bin/sh\nwhile [ \"$1\" != -- ]; do shift; done\nshift\nexport FAR=$1\nshift\nexec sh -c \"$*\"\n",
    );
    let own = env!("CARGO_BIN_EXE_firedeck");
    let wrapper = format!("#!/bin/bash\nPATH='{}':$PATH\nexec '{own}' \"$@\"\n", bin.display());
    let wrapper = script("wrapper", &wrapper);
    *desk = Desk::of(desk.root.clone(), std::process::id(), |options, _| options.program = Some(wrapper));
}

#[tokio::test]
async fn what_follows_a_bare_ssh_runs_there_or_nowhere() {
    let mut desk = Desk::new();
    far(&mut desk);
    desk.open("ssh ops@web-1\nprintenv FAR\nexit\nuptime").await;
    let mut opener = desk.command(0, Tier::Change, Session::New);
    opener.kind = Kind::Terminal;
    let first = desk.run(opener).await;
    assert_eq!((first.end, first.verdict), (End::Exit(vec![0]), Verdict::Ok), "{}", first.says);
    assert_eq!(first.says, "a session on `ops@web-1` is open");
    let known = desk.run.as_ref().expect("a run");
    let go = known.run.may(0, 1, &known.run.values()).expect("it may run there");
    assert_eq!(go.place, Place::Behind { step: 0, command: 0 });
    let here = desk.command(1, Tier::Read, Session::New).place;
    let (values, tables) = (known.run.values(), firedeck::commands::tools::Tables::default());
    let ground = firedeck::runbook::order::Ground {
        values: &values,
        tables: &tables,
        place: &here,
        moved: &firedeck::domain::shell::Moved::default(),
    };
    let ordered = firedeck::runbook::order::order(&known.run, &go, "Yard", ground).expect("an order");
    let place = ordered.command.place;
    assert_eq!((place.host.as_str(), place.remote.as_deref()), ("ops@web-1", Some("ops@web-1")));
    let Session::Join(session) = go.session else { panic!("{go:?}") };
    let here = desk.command(1, Tier::Read, Session::Join(session.clone()));
    let approved = desk.approve(here);
    desk.runs.begin(approved, Vec::new());
    let why = desk.not_started().await;
    assert_eq!(why, "it was shown for this box, and its shell is on ops@web-1");
    let mut there = desk.command(1, Tier::Read, Session::Join(session.clone()));
    (there.place.host, there.place.remote) = ("ops@web-1".into(), Some("ops@web-1".into()));
    there.looks = vec![Sent::new("echo looks at $FAR")];
    desk.runs.look(firedeck::domain::approval::QuestionId(77), &there);
    let answers = desk.until(|msg| matches!(msg, Msg::Answered(..))).await;
    let Msg::Answered(_, answers) = answers else { panic!("{answers:?}") };
    assert_eq!(answers[0].as_ref().map(|one| one.out.as_str()), Some("looks at ops@web-1\n"));
    let ended = desk.run(there).await;
    assert_eq!(desk.output(&ended.order), "ops@web-1\n");
    let mut leaves = desk.command(2, Tier::Read, Session::Join(session));
    leaves.place.remote = Some("ops@web-1".into());
    let left = desk.run(leaves).await;
    assert_eq!((left.verdict, left.says.as_str()), (Verdict::Ok, "the session was left"));
}

#[tokio::test]
async fn a_box_that_cannot_be_reached_starts_nothing() {
    let mut desk = Desk::new();
    far(&mut desk);
    std::fs::write(desk.root.path().join("bin/ssh"), "#!/bin/sh\necho 'no route to host' >&2\nexit 255\n")
        .expect("written");
    desk.open("ssh web-1\necho").await;
    let opener = desk.command(0, Tier::Change, Session::New);
    let approved = desk.approve(opener);
    desk.runs.begin(approved, Vec::new());
    let why = desk.not_started().await;
    assert!(why.contains("no route to host"), "{why}");
    assert_eq!(desk.count("step-started"), 0);
}

#[tokio::test]
async fn a_job_has_a_session_of_its_own_and_is_stopped_by_its_key() {
    let mut desk = Desk::new();
    desk.open("A=1\nsh -c 'while :; do echo tick; sleep 0.05; done'\necho \"$A\"").await;
    let first = desk.command(0, Tier::Read, Session::New);
    let fence = desk.run(first).await.order;
    let mut job = desk.command(1, Tier::Read, Session::Apart);
    job.kind = Kind::Job;
    let beside = desk.begin(job).await;
    assert_ne!(beside.session, fence.session);
    let third = desk.command(2, Tier::Read, Session::Join(fence.session));
    let ended = desk.run(third).await;
    assert_eq!(desk.output(&ended.order), "1\n", "the fence goes on beside it");
    desk.until(
        |msg| matches!(msg, Msg::Ran(News::Tail(one, tail)) if *one == beside && !tail.lines.is_empty()),
    )
    .await;
    desk.runs.stop(beside.clone());
    let ended = desk.ended().await;
    assert_eq!((ended.order, ended.end), (beside, End::Stopped));
}

#[tokio::test]
async fn a_secret_is_in_no_file() {
    let mut desk = Desk::new();
    desk.open("test -n \"$TOKEN\"\nfalse").await;
    let mut command = desk.command(0, Tier::Change, Session::New);
    let secret = "correct-horse-battery";
    command.text = Sent::new(format!("TOKEN='{secret}'\ntest -n \"$TOKEN\" && test {secret} != x"));
    command.probe = Some(Sent::new(format!("TOKEN='{secret}'\n[ -n \"${{TOKEN-}}\" ]")));
    command.looks = vec![Sent::new(format!("TOKEN='{secret}'\necho looked"))];
    desk.question += 1;
    desk.runs.look(firedeck::domain::approval::QuestionId(desk.question), &command);
    desk.until(|msg| matches!(msg, Msg::Answered(..))).await;
    let approved = super::bench::answer(desk.question, command);
    desk.runs.begin(approved, vec![Sent::new(format!("TOKEN='{secret}'\necho kept"))]);
    assert_eq!(desk.ended().await.end, End::Exit(vec![0]));
    let mut dirs = vec![desk.root.path().join("state")];
    let mut files = 0;
    while let Some(dir) = dirs.pop() {
        for entry in std::fs::read_dir(dir).expect("listed").flatten() {
            let kind = entry.file_type().expect("known");
            if kind.is_dir() {
                dirs.push(entry.path());
            } else if kind.is_file() {
                files += 1;
                let bytes = std::fs::read(entry.path()).expect("read");
                let found = bytes.windows(secret.len()).any(|part| part == secret.as_bytes());
                assert!(!found, "{}", entry.path().display());
            }
        }
    }
    assert!(files > 8, "{files}");
}

#[tokio::test]
async fn what_is_looked_for_is_found_far_behind_in_what_was_written() {
    let mut desk = Desk::new();
    desk.open("seq 1 100000").await;
    let command = desk.command(0, Tier::Read, Session::New);
    let order = desk.begin(command).await;
    desk.ended().await;
    desk.runs.read(order.clone(), Stream::Out, 0, Some("98765".into()));
    match desk.until(|msg| matches!(msg, Msg::Ran(News::Page(_) | News::NotFound(_)))).await {
        Msg::Ran(News::Page(page)) => {
            let found = page.found.expect("where it stands");
            assert_eq!(page.lines[found].text, "98765");
            assert!(page.from > 100_000 && page.total > 500_000, "{} of {}", page.from, page.total);
        }
        other => panic!("{other:?}"),
    }
    desk.runs.read(order, Stream::Out, 0, Some("not a number".into()));
    let msg = desk.until(|msg| matches!(msg, Msg::Ran(News::Page(_) | News::NotFound(_)))).await;
    assert!(matches!(&msg, Msg::Ran(News::NotFound(what)) if what == "not a number"), "{msg:?}");
}
