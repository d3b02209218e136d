//! What has to be taken back one day, with the command that does it.
use firedeck::runbook::execution::measure::{Measure, suggest};

use super::book;

fn of(text: &str) -> Vec<Measure> {
    let page = format!("### Yard\n\n```bash\n{text}\n```\n");
    let book = book(&page);
    let step = &book.steps[0];
    suggest(&step.commands[0], &step.commands[0].statement.text, &step.title)
}

/// What is set, to what, how the value before is asked for, and how it is set again.
type Told = (String, String, String, Option<String>, Option<String>);

fn told(text: &str, prior: &str) -> Vec<Told> {
    of(text)
        .into_iter()
        .map(|one| {
            let back = one.revert(prior);
            (one.subject.clone(), one.name.clone(), one.new.clone(), one.ask.clone(), back)
        })
        .collect()
}

fn one(subject: &str, name: &str, new: &str, ask: Option<&str>, back: &str) -> Told {
    (subject.into(), name.into(), new.into(), ask.map(str::to_owned), Some(back.into()))
}

#[test]
fn setters_say_how_the_value_before_is_asked_for_and_set_again() {
    assert_eq!(
        told("kubectl scale deployment/crane -n yard --replicas=10", "3"),
        [one(
            "deployment/crane",
            "replicas",
            "10",
            Some("kubectl get deployment/crane -n yard -o 'jsonpath={.spec.replicas}'"),
            "kubectl scale deployment/crane -n yard --replicas=3"
        )]
    );
    let env = told("kubectl set env deployment crane -n yard POOL_SIZE=30", "10");
    assert_eq!(env[0].4.as_deref(), Some("kubectl set env deployment/crane -n yard POOL_SIZE=10"));
    assert!(env[0].3.as_deref().is_some_and(|ask| ask.contains("kubectl get deployment/crane -n yard -o")));
    assert_eq!(
        told("redis-cli -h cache CONFIG SET maxmemory 4gb", "2147483648"),
        [one(
            "maxmemory",
            "",
            "4gb",
            Some("redis-cli -h cache CONFIG GET maxmemory"),
            "redis-cli -h cache CONFIG SET maxmemory 2147483648"
        )]
    );
    assert_eq!(
        told(
            "kubectl exec -n yard deploy/ledger -- psql -U yard -c \"ALTER SYSTEM SET work_mem = '64MB'\"",
            "4MB"
        ),
        [one(
            "work_mem",
            "",
            "64MB",
            Some("kubectl exec -n yard deploy/ledger -- psql -U yard -c 'SHOW work_mem;'"),
            "kubectl exec -n yard deploy/ledger -- psql -U yard -c 'ALTER SYSTEM SET work_mem = '\\''4MB'\\'''"
        )]
    );
    assert_eq!(
        told("kubectl label pod crane-1 -n yard quarantine=true", "")[0].4.as_deref(),
        Some("kubectl label pod/crane-1 -n yard quarantine-")
    );
    assert_eq!(told("kubectl cordon node-7", "")[0].4.as_deref(), Some("kubectl uncordon node-7"));
}

#[test]
fn each_of_several_workloads_is_a_measure_of_its_own_and_a_secret_is_not_asked_for() {
    let two = of("kubectl scale deployment crane lift --replicas=0 -n yard");
    assert_eq!(
        two.iter().map(|one| one.subject.as_str()).collect::<Vec<_>>(),
        ["deployment/crane", "deployment/lift"]
    );
    let secret = of("kubectl set env deployment/crane DATABASE_URL=postgres://yard:hunter2@ledger/yard");
    assert_eq!((secret[0].new.as_str(), &secret[0].ask, secret[0].revert("x")), ("(hidden)", &None, None));
}

#[test]
fn what_is_meant_for_a_while_is_likely() {
    assert!(of("kubectl set env deployment/crane LOG_LEVEL=debug")[0].likely);
    assert!(of("LOG_LEVEL=debug docker compose up -d")[0].likely);
    assert_eq!(
        of("LOG_LEVEL=debug docker compose up -d")[0].revert("").as_deref(),
        Some("docker compose up -d")
    );
    assert!(!of("kubectl scale deployment/crane --replicas=5")[0].likely);
    assert!(of("kubectl get pods").is_empty());
}

#[test]
fn what_is_meant_for_a_while_is_kept_even_where_nobody_knows_how_it_is_taken_back() {
    let all = of("kubectl apply -f k8s/emergency/quarantine.yaml");
    assert_eq!(all.iter().map(|one| (one.likely, one.revert("x"))).collect::<Vec<_>>(), [(true, None)]);
    let lifted = of("kubectl delete -n yard -f k8s/emergency/quarantine.yaml");
    assert_eq!(lifted.len(), 1);
    assert_eq!((lifted[0].new.as_str(), lifted[0].likely), ("lifted", true));
    assert_eq!(
        lifted[0].revert("").as_deref(),
        Some("kubectl apply -n yard -f k8s/emergency/quarantine.yaml")
    );
    assert!(of("kubectl delete -f k8s/base.yaml").is_empty());
    assert!(of("cat k8s/emergency/quarantine.yaml").is_empty());
}

#[test]
fn a_value_from_outside_stays_one_word_of_the_command_that_sets_it_again() {
    let back = of("redis-cli CONFIG SET maxmemory 4gb")[0].revert("1; rm -rf /").expect("a command");
    assert_eq!(back, "redis-cli CONFIG SET maxmemory '1; rm -rf /'");
    let sql = of("psql -c \"ALTER SYSTEM SET work_mem = '1MB'\"")[0].revert("x'; $(id)").expect("a command");
    assert!(sql.ends_with(r"'ALTER SYSTEM SET work_mem = '\''x'\'''\''; $(id)'\'''"), "{sql}");
    assert_eq!(of("redis-cli CONFIG SET maxmemory 4gb")[0].revert("a\nb"), None);
}

#[test]
fn a_secret_that_is_set_is_neither_told_nor_asked_for() {
    for text in [
        "redis-cli CONFIG SET requirepass hunter2",
        "redis-cli -h cache CONFIG SET masterauth hunter2",
        "psql -c \"ALTER SYSTEM SET primary_conninfo = 'host=a password=hunter2'\"",
        "kubectl set env deployment/crane DB_PASSWORD=hunter2",
    ] {
        let all = of(text);
        assert!(!all.is_empty() && !format!("{all:?}").contains("hunter2"), "{text}: {all:?}");
        assert!(all.iter().all(|one| one.ask.is_none()), "{text}: {all:?}");
    }
}

#[test]
fn what_was_not_told_is_not_set_again() {
    let back = |text: &str, prior: &str| of(text).first().and_then(|one| one.revert(prior));
    // There may have been none, or one from a secret.
    assert_eq!(back("kubectl set env deployment/crane POOL_SIZE=30", ""), None);
    assert_eq!(back("kubectl scale deployment/crane --replicas=10", ""), None);
    assert_eq!(back("kubectl scale deployment/crane --replicas=10", "3 4"), None);
    // The label that it overwrites would be gone with it.
    assert_eq!(back("kubectl label node crane-1 pool=quarantine --overwrite", ""), None);
    assert!(back("kubectl label node crane-1 pool=quarantine", "").is_some());
}
