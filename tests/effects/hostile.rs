//! Whatever is written and whatever comes back: every look only reads, and every answer is harmless.
use firedeck::commands::effect::{Answer, Undo, read};
use proptest::prelude::*;

use super::{looked, ok, only_reads, statements};
use firedeck::commands::Lang;
use firedeck::commands::effect::looks;

/// Commands that change something, of every tool that is looked at.
const CHANGES: &[&str] = &[
    "kubectl scale deployment/web --replicas=5 -n shop",
    "kubectl scale deploy -l app=web --replicas=$COUNT",
    "kubectl autoscale deploy web --min=2 --max=9",
    "kubectl delete pod web-1 web-2 --force",
    "kubectl delete -f app.yaml",
    "kubectl delete pods --all -n \"$NS\"",
    "kubectl delete ns old",
    "kubectl rollout restart deploy",
    "kubectl rollout undo deploy/web --to-revision=2",
    "kubectl set image deploy/web app=x:2",
    "kubectl set env deploy/web A=b C-",
    "kubectl set resources deploy web --limits=cpu=1,memory=1Gi",
    "kubectl apply -f app.yaml --prune -l app=web",
    "kubectl apply -k ./overlays",
    "kubectl patch svc web -p '{\"spec\":{\"type\":\"LoadBalancer\"}}'",
    "kubectl patch deploy web --type=json -p '[{\"op\":\"replace\",\"path\":\"/spec/replicas\",\"value\":0}]'",
    "kubectl create deployment x --image=y",
    "kubectl create secret generic s --from-literal=a=b",
    "kubectl label node n-1 a=b c-",
    "kubectl annotate deploy web note='two words'",
    "kubectl drain n-1 --force",
    "kubectl cordon n-1",
    "kubectl taint nodes n-1 a=b:NoExecute",
    "kubectl cp x.txt shop/web-1:/tmp/x.txt",
    "kubectl config use-context prod",
    "kubectl edit deploy web",
    "az aks get-credentials -n a -g b",
    "helm upgrade shop ./chart --set a=b --wait",
    "helm rollback shop 3",
    "helm uninstall shop old",
    "docker stop a b",
    "docker rm -f $(docker ps -aq)",
    "docker system prune -af --volumes",
    "docker volume rm data",
    "docker service update --image x:2 web",
    "docker service scale web=5",
    "docker-compose -f a.yml down -v --rmi all",
    "docker compose up -d --force-recreate web",
    "docker-compose restart",
    "redis-cli -h cache FLUSHALL",
    "redis-cli DEL 'a b' c",
    "redis-cli CONFIG SET maxmemory 1gb maxmemory-policy allkeys-lru",
    "redis-cli CLIENT KILL TYPE normal",
    "redis-cli SHUTDOWN NOSAVE",
    "psql -c \"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE state = 'idle'\"",
    "psql -d shop -c \"DELETE FROM jobs WHERE a = '$A' AND b > 3\"",
    "psql -c 'UPDATE t SET a = 1 WHERE b' -c 'TRUNCATE t, u CASCADE'",
    "psql -c 'DROP TABLE IF EXISTS a.b, \"C d\"'",
    "psql -c 'DROP DATABASE shop'",
    "psql -c 'VACUUM FULL t'",
    "psql -c 'ALTER SYSTEM SET work_mem = 64'",
    "psql -c \"ALTER ROLE app SET work_mem TO '1MB'\"",
    "psql -f change.sql",
    "dropdb shop",
    "pg_restore --clean -d shop dump.bin",
    "rm -rf /srv/x *.log",
    "mv a b /srv/",
    "cp a /etc/b",
    "truncate -s 0 app.log",
    "chmod -R 755 /srv/x",
    "chown app a b",
    "find . -name '*.tmp' -delete",
    "find / -mtime +3 -exec rm -f {} +",
    "sed -i 's/a/b/' /etc/app.conf",
    "openssl req -x509 -newkey rsa:2048 -keyout k.pem -out c.pem",
    "rsync -a --delete a/ b/",
    "dd if=/dev/zero of=/tmp/x bs=1M count=1",
    "kill -9 1 2",
    "pkill -f 'a b'",
    "killall nginx",
    "fuser -k 80/tcp",
    "crontab -r",
    "systemctl restart nginx postgresql",
    "systemctl disable --now cron",
    "service nginx stop",
    "reboot",
    "shutdown -h now",
    "iptables -F INPUT",
    "certbot renew",
    "sysctl -w net.core.somaxconn=1024",
    "umount /data",
    "git reset --hard origin/main",
    "git clean -fdx",
    "git push --force",
    "git branch -D old",
    "terraform apply -auto-approve",
    "terraform destroy -target=a.b",
    "az vm delete --name a --resource-group b --yes",
    "az webapp restart -n a -g b",
    "aws ecs update-service --cluster c --service s --desired-count 0",
    "aws s3 rm s3://b/x --recursive",
    "gcloud compute instances delete a --zone z",
    "curl -X POST https://x/y",
    "echo x > /etc/motd",
    "cat a >> b",
];

/// What stands around a command.
const WRAPPERS: &[(&str, &str)] = &[
    ("", ""),
    ("sudo ", ""),
    ("sudo -u postgres ", ""),
    ("PGPASSWORD=\"$PW\" A=b ", ""),
    ("env A=b ", ""),
    ("time ", ""),
    ("nohup ", ""),
    ("timeout 30 ", ""),
    ("cd /srv && ", ""),
    ("kubectl exec -it pod-1 -n shop -- ", ""),
    ("docker exec -it box ", ""),
    ("docker-compose exec web ", ""),
    ("for x in a b; do ", "; done"),
    ("while read x; do ", "; done < list"),
    ("if test -f x; then ", "; fi"),
    ("true && ", " || echo failed"),
    ("( ", " )"),
    ("{ ", "; }"),
    ("echo begin; ", "; echo end"),
    ("", " 2>/dev/null"),
    ("", " | tee out.txt"),
    ("", " &"),
    ("yes | ", ""),
    ("kubectl get pods -o name | xargs ", ""),
    ("cat list | xargs -I{} ", " {}"),
    ("kubectl delete pod x && ", ""),
    ("kubectl config use-context b && ", ""),
    ("watch -n 5 ", ""),
    ("x=$(date) && ", ""),
    ("while true; do ", "; done"),
];

/// Shells that read the command again.
fn nested(text: &str, how: u8) -> String {
    let quoted = format!("'{}'", text.replace('\'', r"'\''"));
    match how % 7 {
        0 => format!("sh -c {quoted}"),
        1 => format!("ssh ops@host {quoted}"),
        2 => format!("sudo bash -lc {quoted}"),
        3 => format!("su - app -c {quoted}"),
        4 => format!("kubectl exec pod-1 -- sh -c {quoted}"),
        5 => format!("ssh -t host sudo sh -c {quoted}"),
        _ => format!("bash <<'EOF'\n{text}\nEOF"),
    }
}

/// Looks at every statement; answers how many questions there are.
fn all_only_read(text: &str) -> usize {
    let mut many = 0;
    for statement in statements(text, Lang::Shell) {
        let found = looks(&statement);
        found.looks.iter().for_each(only_reads);
        for evidence in &found.said.evidence {
            let read = statements(evidence, Lang::Shell);
            assert!(read.iter().all(|one| one.risk == firedeck::domain::approval::Tier::Read), "{evidence}");
        }
        many += found.looks.len();
        let none = vec![None; found.looks.len()];
        let effect = read(&found, &none);
        assert_eq!(effect.zero, None, "{text}");
    }
    many
}

#[test]
fn every_look_of_every_change_in_every_wrapper_only_reads() {
    // Every change meets a third of the wrappers, and every wrapper a third of the changes.
    for (at, change) in CHANGES.iter().enumerate() {
        for (before, after) in WRAPPERS.iter().skip(at % 3).step_by(3) {
            all_only_read(&format!("{before}{change}{after}"));
        }
        for how in (0..7).skip(at % 2).step_by(2) {
            all_only_read(&nested(change, how));
        }
    }
}

#[test]
fn nearly_every_change_is_looked_at() {
    let blind: Vec<_> = CHANGES.iter().filter(|change| looked(change).looks.is_empty()).collect();
    let meant = ["psql -f", "curl", "kubectl edit"];
    let others: Vec<_> =
        blind.iter().filter(|one| !meant.iter().any(|start| one.starts_with(start))).collect();
    assert!(others.is_empty(), "{others:#?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, rng_seed: proptest::test_runner::RngSeed::Fixed(7), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn composed_statements_are_only_asked_what_reads(
        picks in proptest::collection::vec((0..CHANGES.len(), 0..WRAPPERS.len()), 1..4),
        shells in proptest::collection::vec(0_u8..7, 0..3),
        joint in prop_oneof![Just("; "), Just(" && "), Just(" || "), Just(" | "), Just("\n")],
    ) {
        let parts: Vec<_> = picks
            .iter()
            .map(|(change, around)| {
                let (before, after) = WRAPPERS[*around];
                format!("{before}{}{after}", CHANGES[*change])
            })
            .collect();
        let text = shells.iter().fold(parts.join(joint), |text, how| nested(&text, *how));
        all_only_read(&text);
    }

    #[test]
    fn words_of_any_kind_never_make_a_look_that_changes(
        tool in prop_oneof![
            Just("kubectl delete pod"), Just("rm -rf"), Just("psql -c"), Just("redis-cli DEL"), Just("kill"),
            Just("docker rm"), Just("find"), Just("git push -f"), Just("az vm delete --name"), Just("mv a"),
        ],
        words in proptest::collection::vec("[-$a-z'\"`(){}<>|;&*\\\\ \\PC]{0,12}", 0..5),
    ) {
        all_only_read(&format!("{tool} {}", words.join(" ")));
    }

    #[test]
    fn answers_of_any_kind_are_read_without_harm(
        change in 0..CHANGES.len(),
        out in "[\\PC\\x00-\\x1f|=:,\\t\\n ]{0,300}",
        err in "\\PC{0,80}",
        code in 0..5,
    ) {
        let found = looked(CHANGES[change]);
        let answer = Answer { code, out, err };
        let answers = vec![Some(answer); found.looks.len()];
        harmless(&read(&found, &answers));
    }
}

fn harmless(effect: &firedeck::commands::effect::Effect) {
    let settings = effect.old_new.iter().flat_map(|one| [&one.what, &one.old, &one.new]);
    let lists = effect.hits.iter().chain(&effect.drops).chain(&effect.undone_by).chain(&effect.unknown);
    for line in lists.chain(settings).chain(&effect.zero) {
        assert!(line.len() < 2_000, "{}", line.len());
        assert!(!line.chars().any(char::is_control), "{line:?}");
    }
    assert!(effect.hits.len() <= 50 && effect.drops.len() <= 50 && effect.old_new.len() <= 50);
}

#[test]
fn megabytes_and_control_characters_are_read_in_a_moment() {
    let long = "x|y|z  \u{1b}]0;title\u{7} a=b \u{202e}".repeat(80_000);
    let lines = "db0:keys=1,expires=0\nPod   shop   a   b\n".repeat(60_000);
    let began = std::time::Instant::now();
    for change in CHANGES {
        let found = looked(change);
        for out in [&long, &lines] {
            let answers = vec![Some(ok(out)); found.looks.len()];
            harmless(&read(&found, &answers));
        }
    }
    assert!(began.elapsed().as_secs() < 60, "{:?}", began.elapsed());
}

#[test]
fn long_statements_are_looked_at_in_a_moment() {
    let began = std::time::Instant::now();
    let many = " pod-1".repeat(3_000);
    looked(&format!("kubectl delete pod{many}"));
    looked(&format!("rm -f{}", many.replace("pod", "$A")));
    looked(&format!("psql -c \"DELETE FROM t WHERE a IN ({}0)\"", "1, ".repeat(20_000)));
    looked(&format!("sh -c 'rm {}'", "'".repeat(2_000)));
    assert!(began.elapsed().as_secs() < 60, "{:?}", began.elapsed());
}

#[test]
fn a_name_from_a_server_is_quoted_in_what_would_be_run() {
    let row = format!("Deployment   shop   $(reboot);x   3   3{}\n", "   <none>".repeat(11));
    let found = looked("kubectl scale deploy --all --replicas=0");
    let answers: Vec<_> = found.looks.iter().map(|_| Some(ok(&row))).collect();
    let effect = read(&found, &answers);
    let Some(Undo::Command(undo)) = effect.undo else { panic!("{effect:#?}") };
    assert!(undo.contains("'deployment/$(reboot);x'"), "{undo}");
}
