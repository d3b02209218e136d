//! A look runs where its statement runs: every wrapper is kept as it is written.
use firedeck::commands::Lang;
use firedeck::commands::effect::target;

use super::{asks, effect, failed, looked, ok, says};

/// The first question of a statement.
fn first(text: &str) -> String {
    asks(text).into_iter().next().unwrap_or_else(|| panic!("nothing is asked: {:#?}", looked(text)))
}

#[test]
fn wrappers_stand_in_front_as_they_are_written() {
    let cases = [
        ("sudo -u deploy kubectl delete pod web-1", "sudo -u deploy kubectl get "),
        ("KUBECONFIG=/etc/k.conf kubectl delete pod web-1", "KUBECONFIG=/etc/k.conf kubectl get "),
        (
            "env -u X KUBECONFIG=\"$CFG\" kubectl delete pod web-1",
            "env -u X KUBECONFIG=\"$CFG\" kubectl get ",
        ),
        (
            "kubectl --context prod -n shop exec db-0 -c db -- redis-cli -p 6380 FLUSHALL",
            "kubectl --context prod -n shop exec db-0 -c db -- redis-cli -p 6380 INFO keyspace",
        ),
        ("kubectl exec -it db-0 -- redis-cli FLUSHALL", "kubectl exec db-0 -- redis-cli INFO keyspace"),
        (
            "docker exec -i cache redis-cli -a \"$PW\" FLUSHDB",
            "docker exec cache redis-cli -a \"$PW\" INFO keyspace",
        ),
        (
            "docker-compose -f prod.yml exec redis redis-cli FLUSHALL",
            "docker-compose -f prod.yml exec -T redis redis-cli INFO keyspace",
        ),
        (
            "docker compose -f prod.yml exec redis redis-cli FLUSHALL",
            "docker compose -f prod.yml exec -T redis redis-cli INFO keyspace",
        ),
        ("time nohup redis-cli FLUSHALL", "redis-cli INFO keyspace"),
        ("timeout 5 redis-cli FLUSHALL", "redis-cli INFO keyspace"),
        (
            "ssh -i key.pem ops@10.0.0.4 redis-cli FLUSHALL",
            "ssh -i key.pem ops@10.0.0.4 'redis-cli INFO keyspace'",
        ),
        ("ssh ops@10.0.0.4 'sudo systemctl stop nginx'", "ssh ops@10.0.0.4 'sudo systemctl show -p Id"),
        ("sh -c 'redis-cli -n 2 FLUSHDB'", "sh -c 'redis-cli -n 2 INFO keyspace'"),
        ("sudo su - postgres -c \"redis-cli FLUSHALL\"", "sudo su - postgres -c 'redis-cli INFO keyspace'"),
        ("cd /srv/app && docker-compose down -v", "cd /srv/app && docker-compose ps --all"),
        ("/usr/bin/redis-cli FLUSHALL", "/usr/bin/redis-cli INFO keyspace"),
    ];
    for (text, start) in cases {
        let ask = first(text);
        assert!(ask.starts_with(start), "{text}\n  {ask}\n  {start}");
    }
}

#[test]
fn what_another_shell_expands_is_quoted_for_it_and_for_it_alone() {
    let local = first("ssh host \"redis-cli -h $HOST FLUSHALL\"");
    assert_eq!(local, "ssh host \"redis-cli -h $HOST INFO keyspace\"");
    let remote = first("ssh host 'redis-cli -h $HOST FLUSHALL'");
    assert_eq!(remote, "ssh host 'redis-cli -h $HOST INFO keyspace'");
}

#[test]
fn loops_and_lists_that_come_in_are_kept_around_a_look() {
    let each = first("for i in 1 2 3; do kubectl delete pod web-$i; done");
    assert!(each.starts_with("for i in 1 2 3; do kubectl get "), "{each}");
    assert!(each.ends_with(" pod web-$i; done"), "{each}");
    let piped = first("kubectl get pods -o name | grep web | xargs kubectl delete");
    assert!(piped.starts_with("kubectl get pods -o name | grep web | xargs -r kubectl get "), "{piped}");
    let found = first("kill $(pidof java)");
    assert_eq!(found, "ps -o pid=,user=,etime=,args= -p $(pidof java)");
}

#[test]
fn nothing_is_asked_through_what_would_change_something() {
    // The list itself is made by something that changes.
    let found = looked("kubectl delete pod old -o name | xargs kubectl delete");
    assert!(found.looks.iter().all(|look| !look.ask.contains("xargs")), "{found:#?}");
    says(&found.said.unknown, "cannot be asked without changing something");
    let run = looked("docker run --rm redis redis-cli -h cache FLUSHALL");
    assert!(run.looks.is_empty(), "{run:#?}");
    assert!(!run.said.unknown.is_empty());
}

#[test]
fn a_value_that_goes_into_another_language_is_only_taken_if_it_is_plain() {
    let ask = first("psql -h db -c \"DELETE FROM jobs WHERE id = $ID\"");
    assert!(ask.starts_with("case \" ${ID}\" in *--*"), "{ask}");
    assert!(ask.contains("psql -XAtqw -v ON_ERROR_STOP=1 -h db -c 'BEGIN READ ONLY'"), "{ask}");
    assert!(ask.contains("WHERE id = $ID LIMIT"), "{ask}");
    assert!(ask.ends_with(";; esac"), "{ask}");
    // Another shell's variable cannot be looked at from there.
    let remote = looked("ssh host \"psql -c \\\"DELETE FROM jobs WHERE id = $ID\\\"\"");
    assert!(remote.looks.iter().all(|look| !look.ask.contains("WHERE id")), "{remote:#?}");
    let output = looked("psql -c \"DELETE FROM jobs WHERE id = $(cat id)\"");
    assert!(output.looks.iter().all(|look| !look.ask.contains("cat id")), "{output:#?}");
    says(&output.said.unknown, "nothing is counted");
    let paths = asks("rm -rf $DIR/cache");
    assert!(paths.iter().all(|ask| ask.contains("case \" ${DIR}\" in")), "{paths:#?}");
}

#[test]
fn what_cannot_be_looked_at_says_so() {
    for text in [
        "curl -X DELETE https://api.example.com/users/7",
        "./deploy.sh prod",
        "python3 cleanup.py --yes",
        "kubectl run tmp --image=busybox -- rm -rf /data",
        "ansible-playbook site.yml",
        "some-tool destroy everything",
        "source env.sh && kubectl delete pod web-1",
    ] {
        let found = looked(text);
        assert!(!found.said.unknown.is_empty(), "{text}: {found:#?}");
        let effect = super::effect_of(&found, &[]);
        assert_eq!(effect.zero, None, "{text}");
    }
}

#[test]
fn what_only_reads_asks_nothing() {
    for text in ["kubectl get pods", "redis-cli INFO", "psql -c 'SELECT 1'", "ls -l"] {
        let found = looked(text);
        assert!(
            found.looks.is_empty() && found.said == firedeck::commands::effect::Effect::default(),
            "{text}: {found:#?}"
        );
    }
}

#[test]
fn one_call_that_hits_nothing_is_no_reason_for_the_others() {
    let found = effect(
        "rm /tmp/gone; rm /tmp/here",
        &[
            ("/tmp/gone", failed(2, "ls: /tmp/gone: No such file or directory")),
            ("/tmp/here", ok("-rw-r--r-- 1 a a 5 Nov  1 09:00 /tmp/here\n")),
        ],
    );
    assert!(found.zero.is_none() || found.hits.is_empty(), "{found:#?}");
}

#[test]
fn each_turn_of_a_loop_has_an_answer_of_its_own() {
    let text = "for t in a b; do psql shop -c \"DELETE FROM $t\"; done";
    let found = effect(text, &[("SELECT count", ok("0\n12\n"))]);
    says(&found.hits, "12 rows");
    assert_eq!(found.zero, None, "{found:#?}");
}

#[test]
fn words_that_come_to_nothing_never_ask_about_everything() {
    let pods = asks("kubectl delete pod $PODS");
    assert!(pods[0].starts_with("test -n \"$PODS\" && kubectl get "), "{pods:#?}");
    let found = asks("kubectl delete pod $(kubectl get pods -l a=b -o name)");
    assert!(
        found[0].starts_with("test -n \"$(kubectl get pods -l a=b -o name)\" && kubectl get "),
        "{found:#?}"
    );
    let piped = asks("kubectl get pods -o name | xargs kubectl delete");
    assert!(piped[0].contains("| xargs -r kubectl get"), "{piped:#?}");
    assert!(asks("rm -rf $DIR").iter().all(|ask| ask.contains("test -n \"$DIR\" && ")));
}

#[test]
fn a_shells_own_test_stands_in_front_of_every_wrapper_of_words() {
    let ask = first("sudo -u postgres psql -c \"DELETE FROM jobs WHERE id = $ID\"");
    assert!(ask.starts_with("case \" ${ID}\" in "), "{ask}");
    assert!(ask.contains(") sudo -u postgres psql -XAtqw"), "{ask}");
    let inside = first("ssh host 'sudo psql -c \"DELETE FROM jobs WHERE id = $ID AND note <> \\$1\"'");
    assert!(inside.starts_with("ssh host 'case \" ${ID}\" in "), "{inside}");
    assert!(inside.contains("id = $ID AND note <> \\$1"), "{inside}");
    let piped = first("sudo kubectl -n shop apply -f - <<'EOF'\nkind: Pod\nEOF");
    assert!(piped.starts_with("printf '%s\\n' 'kind: Pod\n' | sudo kubectl diff -n shop -f -"), "{piped}");
}

#[test]
fn what_only_the_shell_knows_is_never_guessed() {
    let database = effect("redis-cli -n $DB FLUSHDB", &[("INFO keyspace", ok("db0:keys=5,expires=0\n"))]);
    says(&database.unknown, "which of the databases it means");
    let second = effect(
        "redis-cli -u redis://cache:6379/2 FLUSHDB",
        &[("INFO keyspace", ok("db0:keys=5,expires=0\n"))],
    );
    assert_eq!(second.zero.as_deref(), Some("database 2 holds no key"));
    let revision = looked("kubectl rollout undo deploy/web --to-revision=$REV");
    assert!(revision.looks.iter().all(|look| !look.ask.contains("get rs")), "{revision:#?}");
    says(&revision.said.unknown, "which revision");
    let release = looked("helm rollback shop $REV");
    says(&release.said.unknown, "which revision");
    let named = effect("helm uninstall $RELEASE", &[("history", failed(1, "Error: release: not found"))]);
    assert_eq!(named.zero.as_deref(), Some("there is no release …"));
    let told = effect("kill -HUP 7", &[("-p 7", ok("7 root 01:00 nginx: master\n"))]);
    says(&told.hits, "the signal does not end them");
    assert!(told.drops.is_empty(), "{told:#?}");
}

#[test]
fn lines_inside_a_session_that_was_opened_before_are_not_looked_at_from_here() {
    let all =
        super::statements("ssh ops@10.0.0.4\nsudo systemctl stop nginx\n", firedeck::commands::Lang::Shell);
    let inside = all.iter().find(|one| one.text.contains("nginx")).expect("the line");
    let found = firedeck::commands::effect::looks(inside);
    assert!(found.looks.is_empty(), "{found:#?}");
    says(&found.said.unknown, "a session that an earlier line opened");
}

#[test]
fn what_is_done_inside_of_a_pod_or_a_container_is_done_to_it() {
    for (text, name) in [
        ("docker exec redis redis-cli FLUSHALL", "redis"),
        ("docker exec -u root -i cache sh -c 'redis-cli FLUSHALL'", "cache"),
        (
            "kubectl exec -n lab deployment/db -c main -- psql -c 'SELECT pg_terminate_backend(7)'",
            "deployment/db",
        ),
        ("kubectl delete pod web-0 -n lab", "web-0"),
    ] {
        let read = super::statements(text, Lang::Shell);
        assert_eq!(target(&read[0]).as_deref(), Some(name), "{text}");
    }
}
