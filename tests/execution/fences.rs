//! Commands of one fence share a shell, and what it holds.
use firedeck::incident::event::{End, Verdict, What};
use firedeck::runbook::execution::fence::Need;
use firedeck::runbook::execution::{Ask, Kind, Place, Refusal, Session, Shell, probe};

use super::{HERE, Story, started, values};

const BACKUP: &str = "\
### Ledger backup

```bash
STAMP=$(date +%s)
TARGET=\"/srv/backup/$STAMP\"

# 1. Make the directory
mkdir -p $TARGET

# 2. Dump the ledger
pg_dump -h ledger.yard -f $TARGET/ledger.dump

# 3. Look at it
ls -la $TARGET
```
";

#[test]
fn all_steps_of_a_fence_use_one_value_of_one_shell() {
    let mut story = Story::of(BACKUP);
    assert!(matches!(story.may("mkdir"), Err(Refusal::Unset { .. })), "{:?}", story.may("mkdir"));
    assert_eq!(story.may("STAMP=").expect("it sets").session, Session::New);
    story.ran("STAMP=", "s1", 1, Verdict::Ok);
    story.ran("TARGET=", "s1", 2, Verdict::Ok);
    let go = story.may("ls -la").expect("it is set");
    assert_eq!(go.session, Session::Join("s1".into()));
    assert_eq!(go.filled, ["TARGET"]);
    assert_eq!(probe(&go.filled).as_deref(), Some("[ -n \"${TARGET-}\" ]"));
}

#[test]
fn what_failed_to_set_a_value_has_set_none() {
    let mut story = Story::of(BACKUP);
    story.ran("STAMP=", "s1", 1, Verdict::Failed);
    assert!(matches!(story.may("TARGET="), Err(Refusal::Unset { need: Need::Variable(_), .. })));
}

#[test]
fn a_lost_shell_names_what_is_gone_and_nothing_goes_on_in_a_fresh_one() {
    let mut story = Story::of(BACKUP);
    story.ran("STAMP=", "s1", 1, Verdict::Ok);
    story.ran("TARGET=", "s1", 2, Verdict::Ok);
    story.start("pg_dump", "s1", 3);
    story.end("pg_dump", "s1", 3, End::Stopped, Verdict::Stopped);
    let refusal = story.may("ls -la").expect_err("the shell is gone");
    let Refusal::Lost { gone, .. } = &refusal else { panic!("{refusal:?}") };
    assert_eq!(gone, &[Need::Variable("STAMP".into()), Need::Variable("TARGET".into())]);
    assert!(refusal.to_string().contains("`TARGET`"), "{refusal}");
    assert!(matches!(story.may("STAMP="), Err(Refusal::Lost { .. })));
    // Only begun anew, from its first command.
    let (step, command) = story.at("ls -la");
    let first = story.run.anew(step, command, &values(&[])).expect("it can be begun anew");
    assert_eq!(((first.step, first.command), first.session), (story.at("STAMP="), Session::New));
    story.ran("STAMP=", "s2", 1, Verdict::Ok);
    assert!(matches!(story.may("ls -la"), Err(Refusal::Unset { .. })));
    story.ran("TARGET=", "s2", 2, Verdict::Ok);
    assert_eq!(story.may("ls -la").expect("set anew").session, Session::Join("s2".into()));
}

#[test]
fn one_command_of_a_shell_runs_at_a_time_and_an_end_that_nobody_saw_loses_it() {
    let mut story = Story::of(BACKUP);
    story.start("STAMP=", "s1", 1);
    assert!(matches!(story.may("STAMP="), Err(Refusal::Running)));
    assert!(matches!(story.may("TARGET="), Err(Refusal::Busy(_))));
    story.end("STAMP=", "s1", 1, End::Interrupted, Verdict::Interrupted);
    let at = story.at("TARGET=");
    assert!(matches!(story.run.shell(at), Shell::Lost { end: End::Interrupted, .. }));
}

const MOVED: &str = "\
### Yard deployment

```bash
# Go to the host
ssh -i yard.pem ops@yard-7

# Go to the directory
cd /srv/yard

# Start it anew
docker compose up -d

# Look at it
docker compose ps
```

Then at the desk:

```bash
kubectl get pods -n yard
```
";

#[test]
fn behind_a_bare_ssh_nothing_ever_runs_here() {
    let mut story = Story::of(MOVED);
    for text in ["cd /srv", "docker compose up", "docker compose ps"] {
        let refusal = story.may(text).expect_err("it belongs elsewhere");
        assert!(matches!(refusal, Refusal::NotHere { .. }), "{text}: {refusal:?}");
    }
    let opener = story.may("ssh").expect("it opens");
    assert!(opener.asks.contains(&Ask::Opens));
    // It was run here, in the terminal, and left again: the rest still does not run here.
    story.ran("ssh", "s1", 1, Verdict::Ok);
    assert!(matches!(story.may("docker compose up"), Err(Refusal::NotHere { .. })));
}

#[test]
fn where_the_session_was_opened_on_the_other_host_the_rest_runs_there() {
    let mut story = Story::of(MOVED);
    let at = story.at("ssh");
    story.tell(started(at, "s1", 1, "ops@yard-7"));
    story.end("ssh", "s1", 1, End::Exit(vec![0]), Verdict::Ok);
    let go = story.may("cd /srv").expect("it runs there");
    assert_eq!(go.place, Place::Behind { step: at.0, command: at.1 });
    assert_eq!(go.session, Session::Join("s1".into()));
    // The directory is a part of what the next ones need.
    assert!(matches!(story.may("docker compose ps"), Err(Refusal::Unset { need: Need::Directory, .. })));
    story.ran("cd /srv", "s1", 2, Verdict::Ok);
    assert!(story.may("docker compose ps").is_ok());
    // The connection breaks: nothing of it falls back to this host.
    story.start("docker compose up", "s1", 3);
    story.end("docker compose up", "s1", 3, End::ShellGone, Verdict::Lost);
    assert!(matches!(story.may("docker compose ps"), Err(Refusal::Lost { .. })));
}

#[test]
fn a_block_behind_one_that_was_left_inside_a_session_asks_whether_it_is_meant_for_it() {
    let story = Story::of(MOVED);
    let go = story.may("kubectl get pods").expect("it may run");
    assert!(matches!(go.asks.as_slice(), [Ask::MaybeBehind(_)]), "{:?}", go.asks);
}

#[test]
fn every_opener_of_a_session_keeps_the_rest_of_its_fence_away_from_here() {
    for opener in
        ["ssh yard-7", "kubectl exec -it deploy/crane -- bash", "docker exec -it cache sh", "sudo su -"]
    {
        let story = Story::of(&format!("### Yard\n\n```bash\n{opener}\ndf -h /srv\nrm -rf /srv/old\n```\n"));
        for text in ["df -h", "rm -rf"] {
            assert!(
                matches!(story.may(text), Err(Refusal::NotHere { .. })),
                "{opener}: {:?}",
                story.may(text)
            );
        }
    }
    let left = Story::of("### Yard\n\n```bash\nssh yard-7\nuptime\nexit\nrm -rf /srv/old\n```\n");
    assert!(matches!(left.may("uptime"), Err(Refusal::NotHere { .. })));
    assert!(left.may("rm -rf").is_ok());
}

const ROTATION: &str = "\
### Password rotation

1. Make a new one

   ```bash
   NEW_WORD=$(openssl rand -base64 32)
   ```

2. Set it

   ```bash
   vault kv put yard/ledger word=\"$NEW_WORD\"
   ```
";

#[test]
fn a_variable_of_another_fence_is_not_there_and_has_to_be_given() {
    let mut story = Story::of(ROTATION);
    story.ran("NEW_WORD=", "s1", 1, Verdict::Ok);
    let refusal = story.may("vault").expect_err("another shell");
    assert!(matches!(&refusal, Refusal::Elsewhere { name, .. } if name == "NEW_WORD"), "{refusal:?}");
    let go = story.may_with("vault", &values(&[("NEW_WORD", "x")])).expect("it is given");
    assert_eq!(go.set, ["NEW_WORD"]);
}

const RESTORE: &str = "\
### Ledger restore

```bash
DAY=$1
if [ -z \"$DAY\" ]; then
  echo \"Usage: restore DAY\"
  exit 1
fi
read -p \"Are you sure? \" SURE
if [ \"$SURE\" != \"yes\" ]; then
  exit 1
fi

# 1. Empty the cache
redis-cli FLUSHALL

# 2. Look
redis-cli dbsize
```
";

#[test]
fn what_destroys_waits_for_the_checks_before_it() {
    let mut story = Story::of(RESTORE);
    let none = values(&[]);
    assert!(matches!(story.may_with("DAY=", &none), Err(Refusal::Missing(_))));
    assert!(matches!(story.may("redis-cli FLUSHALL"), Err(Refusal::Guard(_))));
    assert!(story.may("redis-cli dbsize").is_ok(), "{:?}", story.may("redis-cli dbsize"));
    let day = values(&[("DAY", "monday"), ("1", "monday")]);
    story.ran("DAY=", "s1", 1, Verdict::Ok);
    assert!(story.may_with("if [ -z", &day).is_ok());
    story.ran("if [ -z", "s1", 2, Verdict::Ok);
    let ask = story.may_with("read -p", &day).expect("it asks on a terminal");
    assert_eq!((ask.kind, ask.asks), (Kind::Terminal, vec![Ask::Terminal]));
    story.ran("read -p", "s1", 3, Verdict::Ok);
    assert!(matches!(story.may("redis-cli FLUSHALL"), Err(Refusal::Guard(_))));
    story.ran("if [ \"$SURE\"", "s1", 4, Verdict::Ok);
    assert_eq!(story.may("redis-cli FLUSHALL").expect("all passed").asks, [Ask::Danger]);
}

#[test]
fn a_job_has_a_shell_of_its_own_and_stopping_it_loses_nothing_else() {
    let mut story =
        Story::of("### Yard\n\n```bash\nX=1\nkubectl logs -f deploy/crane\nls -la /srv/$X\n```\n");
    story.ran("X=1", "s1", 1, Verdict::Ok);
    let go = story.may("kubectl logs").expect("a job");
    assert_eq!((go.kind, go.session, go.asks), (Kind::Job, Session::Apart, vec![Ask::Endless]));
    story.start("kubectl logs", "s2", 1);
    assert_eq!(story.may("ls -la").expect("beside it").session, Session::Join("s1".into()));
    story.end("kubectl logs", "s2", 1, End::Stopped, Verdict::Stopped);
    assert_eq!(story.may("ls -la").expect("still there").session, Session::Join("s1".into()));
}

#[test]
fn what_another_program_shows_is_copied_and_what_is_not_built_yet_never_runs() {
    let spl = Story::of(
        "### Searches\n\nIn Splunk:\n\n```spl\nindex=yard error | stats count by host\n```\n\n1. Look\n\n   ```bash\n   uptime\n   ```\n",
    );
    let (step, one) = (0..)
        .zip(&spl.run.runbook().steps)
        .find(|(_, step)| step.commands.iter().any(|c| c.statement.lang == firedeck::commands::Lang::Query))
        .map(|(at, step)| (at, step.clone()))
        .expect("a search");
    assert!(!one.commands.is_empty());
    assert_eq!(spl.run.may(step, 0, &values(&[])), Err(Refusal::Copied));
    let future = Story::of(
        "### Crane rollout (FUTURE - not implemented)\n\n```bash\n# Roll it out\nkubectl set image deployment/crane crane=crane:2\n```\n",
    );
    assert_eq!(future.may("kubectl set image"), Err(Refusal::Future));
}

#[test]
fn a_shell_is_found_whichever_host_wrote_of_it() {
    let mut story = Story::of(BACKUP);
    let at = story.at("STAMP=");
    story.tell_by("two", started(at, "s9", 1, HERE));
    assert!(matches!(story.run.shell(at), Shell::Open(session) if session == "s9"));
    story.tell(What::RunClosed(firedeck::incident::event::RunClosed {
        run: super::RUN.into(),
        done: false,
        why: "left".into(),
        by: "ada".into(),
    }));
    assert!(matches!(story.may("mkdir"), Err(Refusal::Closed)));
}

const REGION: &str = "\
### Failover to the other yard

```bash
# 1. Go to the other cluster
az aks get-credentials --name other-yard

# 2. Deploy there
kubectl apply -f crane/
```

Then look:

```bash
kubectl get pods -n yard
```
";

#[test]
fn what_is_meant_for_another_cluster_never_goes_to_the_present_one() {
    let mut story = Story::of(REGION);
    let refusal = story.may("kubectl apply").expect_err("it would go to the wrong cluster");
    assert!(matches!(refusal, Refusal::Unset { need: Need::Context("kubectl"), .. }), "{refusal:?}");
    story.ran("az aks", "s1", 1, Verdict::Accepted);
    assert_eq!(story.may("kubectl apply").expect("it was switched").session, Session::Join("s1".into()));
    // A block of its own has a context of its own, and says so.
    let look = story.may("kubectl get").expect("it may run");
    assert!(matches!(look.asks.as_slice(), [Ask::OtherContext(_)]), "{:?}", look.asks);
    let own =
        Story::of("### Yard\n\n```bash\nkubectl config use-context a\nkubectl --context=b get pods\n```\n");
    assert!(own.may("kubectl --context").is_ok());
}

#[test]
fn what_an_environment_or_a_directory_needs_has_run_before() {
    for (first, then) in [
        ("export KUBECONFIG=~/.kube/yard", "kubectl delete ns crane"),
        ("export PGHOST=ledger.yard", "psql -c 'DROP TABLE crane'"),
        ("export DOCKER_HOST=ssh://crane", "docker rm -f crane"),
        (
            "export AWS_PROFILE=yard",
            "sudo /usr/bin/aws rds delete-db-instance --db-instance-identifier crane",
        ),
        ("docker context use yard", "docker rm -f crane"),
        ("terraform workspace select yard", "terraform destroy"),
        ("eval $(crane-env)", "docker rm -f crane"),
        ("mkdir -p /srv/yard && cd /srv/yard", "rm -rf ./*"),
    ] {
        let mut story = Story::of(&format!("### Yard\n\n```bash\n{first}\n{then}\n```\n"));
        let refused = story.may(then);
        assert!(matches!(refused, Err(Refusal::Unset { .. })), "{then}: {refused:?}");
        story.ran(first, "s1", 1, Verdict::Ok);
        assert!(story.may(then).is_ok(), "{then}: {:?}", story.may(then));
    }
}

#[test]
fn each_variable_of_an_environment_is_needed() {
    let page = "### Yard\n\n```bash\nexport PGHOST=ledger.yard\nexport PGDATABASE=crane\npsql -c 'DROP TABLE x'\n```\n";
    let mut story = Story::of(page);
    story.ran("export PGDATABASE", "s1", 1, Verdict::Ok);
    let refused = story.may("psql").expect_err("the host is not set");
    assert!(refused.to_string().contains("PGHOST"), "{refused}");
}

#[test]
fn nothing_behind_a_prompt_elsewhere_runs_here() {
    for opener in
        ["ssh db-1  # log in", "ssh -t db-1 sudo -i", "docker exec -it app bash  # enter", "mosh db-1"]
    {
        let story = Story::of(&format!("### Yard\n\n```bash\n{opener}\nrm -rf /var/cache/yard\n```\n"));
        let refused = story.may("rm -rf");
        assert!(matches!(refused, Err(Refusal::NotHere { .. })), "{opener}: {refused:?}");
    }
}

#[test]
fn a_shell_that_was_never_started_is_none() {
    let mut story = Story::of(BACKUP);
    story.start("STAMP=", "s1", 1);
    story.end("STAMP=", "s1", 1, End::NotStarted, Verdict::Failed);
    assert_eq!(story.may("STAMP=").expect("it is tried again").session, Session::New);
}

#[test]
fn a_variable_whose_name_ends_in_another_is_another() {
    let mut story = Story::of("### Yard\n\n```bash\nID=$(cat /srv/id) POD_ID=\nrm -rf /srv/$ID\n```\n");
    story.ran("ID=", "s1", 1, Verdict::Ok);
    assert_eq!(story.may("rm -rf").expect("it is set").filled, ["ID"]);
    let mut other = Story::of("### Yard\n\n```bash\nPOD_ID= ID=$(cat /srv/id)\nrm -rf /srv/$ID\n```\n");
    other.ran("POD_ID=", "s1", 1, Verdict::Ok);
    assert_eq!(other.may("rm -rf").expect("it is set").filled, ["ID"]);
}

#[test]
fn a_check_that_compares_numbers_needs_one() {
    let page = "### Yard\n\n```bash\nLAG=$(crane-lag)\nif [[ $LAG -gt 30 ]]; then\n  echo late\n  exit 1\nfi\ncrane promote\n```\n";
    let mut story = Story::of(page);
    story.ran("LAG=", "s1", 1, Verdict::Ok);
    let go = story.may("if [[").expect("it is a check");
    assert_eq!(go.filled, ["LAG"]);
}

#[test]
fn of_two_words_on_one_end_knowing_nothing_is_worse_than_accepted() {
    for (one, other) in [(Verdict::NoData, Verdict::Accepted), (Verdict::Accepted, Verdict::NoData)] {
        let mut story = Story::of(BACKUP);
        story.start("mkdir", "s1", 1);
        story.end("mkdir", "s1", 1, End::Exit(vec![0]), one);
        story.end("mkdir", "s1", 1, End::Exit(vec![0]), other);
        assert_eq!(story.state("mkdir"), firedeck::runbook::execution::State::NoData);
    }
}
