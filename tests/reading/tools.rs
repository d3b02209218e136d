//! What one call of one tool does: long tables of calls, each with the risk that it must have.
use firedeck::commands::Traits;
use firedeck::commands::tools::{Call, Input, Nested, Tables, Word, judge};
use firedeck::domain::approval::Tier::{self, Change as C, Danger as D, Read as R};

/// Cuts a line as a shell does, as far as these tables need it: blanks, quotes, `;`, `|`, `&&`, a here-text
/// behind `<<<`, and `$X` as a piece that is not known.
fn calls(text: &str) -> Vec<(Vec<Word>, Option<String>, bool)> {
    let mut calls = Vec::new();
    let (mut words, mut word, mut some, mut bare, mut known) = (Vec::new(), String::new(), false, true, true);
    let mut piped = false;
    let mut letters = text.chars().peekable();
    let mut quote = None;
    let flush =
        |word: &mut String, some: &mut bool, bare: &mut bool, known: &mut bool, words: &mut Vec<Word>| {
            if *some || !word.is_empty() {
                words.push(Word { text: std::mem::take(word), known: *known, bare: *bare });
            }
            (*some, *bare, *known) = (false, true, true);
        };
    while let Some(letter) = letters.next() {
        match quote {
            Some('"') if letter == '\\' && matches!(letters.peek(), Some('"' | '\\' | '$')) => {
                word.extend(letters.next());
            }
            Some('"') | None if letter == '$' && letters.peek().is_some_and(|next| next.is_alphabetic()) => {
                while letters.peek().is_some_and(|next| next.is_alphanumeric() || *next == '_') {
                    letters.next();
                }
                word.push('\u{FFFC}');
                known = false;
            }
            Some(open) if letter == open => quote = None,
            None if letter == '\'' || letter == '"' => (quote, some, bare) = (Some(letter), true, false),
            None if letter == '\\' => word.extend(letters.next().filter(|next| *next != '\n')),
            None if matches!(letter, ';' | '|' | '\n') || letter == '&' && letters.peek() == Some(&'&') => {
                flush(&mut word, &mut some, &mut bare, &mut known, &mut words);
                if !words.is_empty() {
                    calls.push((std::mem::take(&mut words), piped));
                }
                piped = letter == '|' && letters.peek() != Some(&'|');
                if matches!(letters.peek(), Some('|' | '&')) {
                    letters.next();
                }
            }
            None if letter.is_whitespace() => flush(&mut word, &mut some, &mut bare, &mut known, &mut words),
            _ => word.push(letter),
        }
    }
    flush(&mut word, &mut some, &mut bare, &mut known, &mut words);
    if !words.is_empty() {
        calls.push((words, piped));
    }
    let here = |(mut words, piped): (Vec<Word>, bool)| {
        let at = words.iter().position(|word| word.text == "<<<");
        let text = at.and_then(|at| words.get(at + 1)).map(|word| word.text.clone());
        words.truncate(at.unwrap_or(words.len()));
        (words, text, piped)
    };
    calls.into_iter().map(here).collect()
}

/// The highest risk of everything in a line, its traits, and the reason.
pub fn seen(line: &str) -> (Tier, Traits, String) {
    let mut all = (R, Traits::default(), String::new());
    walk(line, Input::Nothing, 0, &mut all);
    all
}

fn walk(line: &str, outer: Input<'_>, depth: usize, all: &mut (Tier, Traits, String)) {
    for (words, here, piped) in calls(line) {
        let input = match &here {
            Some(text) => Input::Text(text),
            None if piped => Input::Unseen,
            None => outer,
        };
        one(&words, input, depth, all);
    }
}

fn one(words: &[Word], input: Input<'_>, depth: usize, all: &mut (Tier, Traits, String)) {
    assert!(depth < 20, "{words:?}");
    let meaning = judge(Call { words, input }, &Tables::default());
    assert!(!meaning.why.is_empty(), "{words:?}");
    if meaning.risk > all.0 || all.2.is_empty() {
        all.0 = all.0.max(meaning.risk);
        all.2 = meaning.why.to_string();
    }
    let (from, to) = (meaning.traits, &mut all.1);
    to.interactive |= from.interactive;
    to.endless |= from.endless;
    to.long_running |= from.long_running;
    to.secret |= from.secret;
    to.writes_file |= from.writes_file;
    to.heavy |= from.heavy;
    to.opaque |= from.opaque;
    to.remote |= from.remote;
    for nested in meaning.nested {
        match nested {
            Nested::Argv(words) => one(&words, input, depth + 1, all),
            Nested::Shell(text) => walk(&text, Input::Nothing, depth + 1, all),
        }
    }
}

/// Letters of the traits that a table names: interactive, endless, long, secret, writes a file, heavy, opaque,
/// remote.
pub fn letters(traits: Traits) -> String {
    let all = [
        (traits.interactive, 'i'),
        (traits.endless, 'e'),
        (traits.long_running && !traits.endless, 'l'),
        (traits.secret, 's'),
        (traits.writes_file, 'w'),
        (traits.heavy, 'h'),
        (traits.opaque, 'o'),
        (traits.remote, 'r'),
    ];
    all.iter().filter(|(set, _)| *set).map(|(_, letter)| letter).collect()
}

/// Holds every call against its risk and its traits' letters.
pub fn hold(table: &[(&str, Tier, &str)]) {
    let mut wrong = Vec::new();
    for (line, risk, traits) in table {
        let (got, marks, why) = seen(line);
        let marks = letters(marks);
        if got != *risk || marks != *traits {
            wrong.push(format!("{line}\n    wanted {risk} {traits:?}, got {got} {marks:?}: {why}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), table.len(), wrong.join("\n"));
}

/// Holds every line against the risk and traits of its group.
pub fn hold_groups(groups: &[(Tier, &str, &str)]) {
    let mut table = Vec::new();
    for (risk, traits, lines) in groups {
        table.extend(
            lines.lines().map(str::trim).filter(|line| !line.is_empty()).map(|line| (line, *risk, *traits)),
        );
    }
    hold(&table);
}

const KUBECTL_IS_JUDGED_BY_ITS_VERB_AND_WHAT_IT_HITS: &[(&str, Tier, &str)] = &[
    ("kubectl get pods -n shop", R, ""),
    ("kubectl -n shop get pods", R, ""),
    ("kubectl --context=west -n shop delete deployment web", D, ""),
    ("kubectl get pods -w", R, "e"),
    ("kubectl get pods --watch=false", R, ""),
    ("kubectl get secret db -o yaml", R, "s"),
    ("kubectl get secret db", R, ""),
    ("kubectl logs -f deploy/web --tail=100", R, "e"),
    ("kubectl logs deploy/web -p", R, ""),
    ("kubectl describe pod -l app=web", R, ""),
    ("kubectl delete pod web-1", C, ""),
    ("kubectl delete pod/web-1 -n x", C, ""),
    ("kubectl delete pod web-1 --force --grace-period=0", D, ""),
    ("kubectl delete pods --all", D, ""),
    ("kubectl delete pod -l app=web", D, ""),
    ("kubectl delete pods --field-selector=status.phase=Succeeded", C, ""),
    ("kubectl delete pod,svc web", D, ""),
    ("kubectl delete -f web.yaml", D, ""),
    ("kubectl delete -f web.yaml --dry-run=client", R, ""),
    ("kubectl delete -f web.yaml --dry-run=none", D, ""),
    ("kubectl delete secret db-tls", D, ""),
    ("kubectl scale deployment web --replicas=5", C, ""),
    ("kubectl scale deployment web --replicas 0", D, ""),
    ("kubectl scale deploy/web --replicas=$N", C, ""),
    ("kubectl rollout restart deployment/web", C, ""),
    ("kubectl rollout restart deployment web", C, ""),
    ("kubectl rollout restart deployment -n shop", D, ""),
    ("kubectl rollout undo deployment/web --to-revision=2", C, ""),
    ("kubectl rollout status deployment/web", R, "l"),
    ("kubectl rollout history deployment/web", R, ""),
    ("kubectl cordon node-1", C, ""),
    ("kubectl drain node-1 --ignore-daemonsets", D, "l"),
    ("kubectl drain node-1 --dry-run=server", R, ""),
    ("kubectl apply -f web/", C, ""),
    ("kubectl apply -f web/ --dry-run=server", R, ""),
    ("kubectl apply -f k8s/deny-networkpolicy.yaml", D, ""),
    ("kubectl apply -f - <<< 'kind: NetworkPolicy'", D, ""),
    ("kubectl apply -f - <<< 'kind: ConfigMap'", C, ""),
    ("kubectl apply -f - <<< 'kind: Secret'", D, "s"),
    ("kubectl create -f - <<< 'kind: Secret'", C, "s"),
    ("kubectl apply -f - <<< '  replicas: 0'", D, ""),
    ("kubectl apply --prune -f x", D, ""),
    ("kubectl create secret generic db --from-file=x --dry-run=client -o yaml | kubectl apply -f -", C, "so"),
    ("kubectl create secret generic db --from-literal=a=b", C, "s"),
    ("kubectl replace -f x.yaml", C, ""),
    ("kubectl replace --force -f x.yaml", D, ""),
    ("kubectl edit deploy web", C, "i"),
    ("kubectl patch hpa web -p '{\"spec\":{\"minReplicas\":5}}'", C, ""),
    ("kubectl patch netpol web -p '{\"spec\":{\"ingress\":[]}}'", D, ""),
    ("kubectl patch deploy web -p '{\"spec\":{\"replicas\":0}}'", D, ""),
    ("kubectl patch pvc data -p '{\"metadata\":{\"finalizers\":null}}'", D, ""),
    ("kubectl patch deploy web --type=json -p '[{\"op\":\"remove\",\"path\":\"/spec/template\"}]'", D, ""),
    (
        "kubectl patch deploy web --type json -p '[{\"op\":\"replace\",\"path\":\"/spec/replicas\",\"value\":0}]'",
        D,
        "",
    ),
    (
        "kubectl patch deploy web -p '{\"spec\":{\"template\":{\"spec\":{\"containers\":[{\"name\":\"a\",\"resources\":{\"limits\":{\"memory\":\"8Gi\"}}}]}}}}'",
        C,
        "",
    ),
    (
        "kubectl patch deploy web -p '{\"spec\":{\"template\":{\"spec\":{\"containers\":[{\"name\":\"a\",\"resources\":{\"limits\":{\"memory\":\"0\"}}}]}}}}'",
        D,
        "",
    ),
    ("kubectl set env deployment/web LOG=debug", C, ""),
    ("kubectl set env deployment/web --list", R, ""),
    ("kubectl set env deployment/web DB_PASSWORD=x", C, "s"),
    ("kubectl set image deployment/web web=web:2", C, ""),
    ("kubectl label pod web-1 quarantine=true", C, ""),
    ("kubectl taint nodes n1 a=b:NoSchedule", C, ""),
    ("kubectl taint nodes n1 a=b:NoExecute", D, ""),
    ("kubectl exec web-1 -- ls -la /data", R, ""),
    ("kubectl exec -it web-1 -n shop -- curl -f http://localhost:8080/health", R, "i"),
    ("kubectl exec -it web-1 -- bash", C, "io"),
    ("kubectl exec web-1 -- rm -rf /data", D, ""),
    ("kubectl exec web-1 -c app -- sh -c 'redis-cli FLUSHALL'", D, ""),
    ("kubectl exec web-1 redis-cli flushall", D, ""),
    (
        "kubectl exec deploy/pg -- psql -U app -c \"SELECT pg_terminate_backend(pid) FROM pg_stat_activity\"",
        D,
        "",
    ),
    ("kubectl exec pg-0 -- pg_ctl promote", D, ""),
    ("kubectl cp web-1:/tmp/x ./x", R, "w"),
    ("kubectl cp ./x web-1:/tmp/x", C, ""),
    ("kubectl run -it --rm client --image=postgres:15 -- pg_dump -h db shop", C, "ilh"),
    ("kubectl debug node/n1 -it --image=busybox", C, "io"),
    ("kubectl debug node/n1 -- chroot /host crictl ps", C, ""),
    ("kubectl port-forward svc/web 8080:80", R, "e"),
    ("kubectl proxy", C, "e"),
    ("kubectl config use-context prod", C, ""),
    ("kubectl config view", R, ""),
    ("kubectl wait --for=condition=ready pod -l app=web --timeout=300s", R, "l"),
    ("kubectl top pods --sort-by=cpu", R, ""),
    ("kubectl something pods", C, ""),
    ("kubectl $VERB pods", C, "o"),
    ("kubectl frob purge pods", D, ""),
    ("oc adm drain n1", D, "l"),
    ("oc rsh web-1", C, "io"),
    ("oc rsh -n x web-1 cat /etc/hosts", R, ""),
    ("oc debug node/n1 -- chroot /host systemctl restart kubelet", C, ""),
    ("oc adm policy remove-role-from-user admin bob", D, ""),
    ("oc login -u admin", C, "is"),
];

#[test]
fn kubectl_is_judged_by_its_verb_and_what_it_hits() {
    hold(KUBECTL_IS_JUDGED_BY_ITS_VERB_AND_WHAT_IT_HITS);
}

#[test]
fn containers_are_judged_by_their_verb_and_what_runs_in_them() {
    hold(&[
        ("docker ps -a", R, ""),
        ("docker -H ssh://box ps", R, ""),
        ("docker -H ssh://box rm web", D, ""),
        ("docker stats", R, "e"),
        ("docker stats --no-stream --format x", R, ""),
        ("docker logs -f web", R, "e"),
        ("docker system prune -f", D, ""),
        ("docker system prune", D, "i"),
        ("docker image prune -a", D, "i"),
        ("docker exec redis redis-cli FLUSHALL", D, ""),
        ("docker exec -it db psql -c 'SELECT 1'", R, "i"),
        ("docker inspect web", R, ""),
        ("docker pull web:2", C, "l"),
        ("docker stop web", D, ""),
        ("docker restart web", C, ""),
        ("docker service update --image web:2 --update-delay 10s web", C, "l"),
        ("docker run --rm aquasec/trivy image web:2", R, ""),
        ("docker run --rm -v /x:/y -e A=b aquasec/trivy:latest image --severity HIGH web:2", R, ""),
        ("docker run --rm postgres:15 psql -h db -c 'DROP TABLE x'", D, ""),
        ("docker run -d --name web web:2", C, ""),
        ("docker-compose -f docker-compose.prod.yml ps", R, ""),
        ("docker-compose -f prod.yml logs --tail=100 web", R, ""),
        ("docker-compose -f prod.yml logs -f web", R, "e"),
        ("docker-compose -f prod.yml down", D, ""),
        ("docker-compose -f prod.yml up -d", C, "l"),
        ("docker-compose up", C, "e"),
        ("docker-compose restart web", C, ""),
        ("docker compose -f prod.yml down -v", D, ""),
        ("docker compose exec db psql -c 'TRUNCATE x'", D, ""),
        ("docker compose logs -f", R, "e"),
    ]);
}

#[test]
fn sql_is_judged_a_statement_at_a_time() {
    hold(&[
        ("psql -c 'SELECT 1'", R, ""),
        ("psql -h db -U app -d shop -c \"SELECT count(*) FROM pg_stat_activity\"", R, ""),
        ("psql -c 'SELECT 1; DROP TABLE x'", D, ""),
        ("psql -c \"SELECT ';DROP TABLE x'\"", R, ""),
        ("psql -c 'SELECT 1 -- ; DROP TABLE x'", R, ""),
        ("psql -c 'SELECT 1 /* ; */ ; dElEtE from x'", D, ""),
        ("psql -c 'WITH a AS (DELETE FROM x RETURNING *) SELECT * FROM a WHERE b'", D, ""),
        ("psql -c 'EXPLAIN ANALYZE DELETE FROM x WHERE a = 1'", D, "h"),
        ("psql -c 'EXPLAIN DELETE FROM x WHERE a = 1'", R, ""),
        ("psql -c 'UPDATE x SET a = 1'", D, ""),
        ("psql -c 'UPDATE x SET a = 1 WHERE id = 5'", C, ""),
        ("psql -c 'UPDATE x SET a = now() WHERE a IS NULL'", D, ""),
        ("psql -c 'REINDEX DATABASE x'", D, "l"),
        ("psql -c 'REINDEX TABLE CONCURRENTLY x'", C, "l"),
        ("psql -c 'VACUUM ANALYZE'", C, "l"),
        ("psql -c 'VACUUM FULL x'", D, "l"),
        ("psql -c '\\dt'", R, ""),
        ("psql -c '\\! rm -rf /x'", D, ""),
        ("psql -l", R, ""),
        ("psql", C, "io"),
        ("psql -f fix.sql", C, "o"),
        ("cat x | psql", D, "o"),
        ("psql <<< 'TRUNCATE x;'", D, ""),
        ("psql -c \"$SQL\"", C, "o"),
        ("psql $DATABASE_URL -c 'SELECT count(*) FROM pg_stat_activity'", R, ""),
        ("mysql -e 'SHOW PROCESSLIST'", R, ""),
        ("mysql -uroot -psecret -e 'KILL 5'", D, "s"),
        ("mysql -e '/*!50000 DROP TABLE x */'", D, ""),
        ("pg_dump -h db -U app -d shop -F c -f x.dump", R, "lwh"),
        ("pg_amcheck -d shop", R, "h"),
        ("pg_amcheck -d shop --install-missing", C, "h"),
        ("az storage account keys renew -n x --key primary", D, "s"),
        ("pg_restore --list x.dump", R, ""),
        ("pg_restore -d shop -c x.dump", D, "l"),
        ("pg_restore -U app -d shop_test x.dump", D, "l"),
        ("pg_ctl promote", D, ""),
        ("pg_isready -h db", R, ""),
    ]);
}

#[test]
fn redis_commands_are_known_by_name() {
    hold(&[
        ("redis-cli ping", R, ""),
        ("redis-cli -h r -p 6379 info memory", R, ""),
        ("redis-cli FLUSHALL", D, ""),
        ("redis-cli -a secret flushdb", D, "s"),
        ("redis-cli SHUTDOWN", D, ""),
        ("redis-cli CONFIG SET maxmemory 4gb", C, ""),
        ("redis-cli config get maxmemory", R, ""),
        ("redis-cli BGSAVE", C, ""),
        ("redis-cli --latency", R, "e"),
        ("redis-cli --latency-history", R, "e"),
        ("redis-cli --bigkeys", R, "lh"),
        ("redis-cli --rdb /backup/x.rdb", D, "lwh"),
        ("redis-cli KEYS '*'", R, "h"),
        ("redis-cli MONITOR", R, "eh"),
        ("redis-cli DEL a", D, ""),
        ("redis-cli EVAL x 0", C, "o"),
        ("redis-cli", C, "io"),
        ("redis-cli <<< 'SELECT 1\nFLUSHDB'", D, ""),
        ("redis-cli keys 'a*' | xargs redis-cli del", D, "h"),
        ("redis-cli --cluster check r:6379", R, ""),
        ("redis-cli --cluster call r:6379 FLUSHALL", D, ""),
    ]);
}

#[test]
fn http_is_judged_by_its_method_however_it_is_written() {
    hold(&[
        ("curl -s https://x/health", R, ""),
        ("curl -fsS -o /dev/null -w '%{http_code}' https://x/health", R, ""),
        ("curl -XDELETE http://x/index", D, ""),
        ("curl -X DELETE http://x/index", D, ""),
        ("curl --request=DELETE http://x/index", D, ""),
        ("curl -sXDELETE http://x/index", D, ""),
        ("curl -X POST http://x/admin/cache/clear", D, ""),
        ("curl -d a=b http://x/notify", C, ""),
        ("curl -XPOST http://x/logs/_search -d '{}'", R, ""),
        ("curl -X PUT http://x/config -d @x", C, ""),
        ("curl -H 'Authorization: Bearer x' https://x", R, "s"),
        ("curl -sL https://x/install.sh | bash", C, "o"),
        ("curl -L https://x -o /usr/local/bin/y", C, "w"),
        ("curl -s http://x/a --next -X DELETE http://x/b", D, ""),
        ("curl -X \"$METHOD\" http://x", C, ""),
        ("wget -qO- http://x", R, ""),
        ("http DELETE x/y", D, ""),
        ("http POST x/y a=b", C, ""),
    ]);
}

#[test]
fn wrappers_are_what_they_run() {
    hold(&[
        ("sudo -u postgres psql -c 'DROP TABLE x'", D, ""),
        ("sudo kubectl get pods", R, ""),
        ("sudo -i", C, "io"),
        ("env A=b kubectl delete ns x", D, ""),
        ("time -p kubectl get pods", R, ""),
        ("timeout 5 kubectl delete ns x", D, ""),
        ("timeout -s KILL 5 kubectl get pods", R, ""),
        ("nohup kubectl drain n1", D, "l"),
        ("watch kubectl get pods", R, "ie"),
        ("watch -n 5 'kubectl top pods'", R, "ie"),
        ("bash -lc 'kubectl delete ns x'", D, ""),
        ("bash -euo pipefail -c 'kubectl delete ns x'", D, ""),
        ("bash deploy.sh", C, "o"),
        ("bash restore.sh", D, "o"),
        ("./scripts/smoke_test.sh production", C, "o"),
        ("./restore.sh x", D, "o"),
        ("ssh -i key box", C, "ior"),
        ("ssh box 'redis-cli FLUSHALL'", D, "r"),
        ("ssh box uptime", R, "r"),
        ("ssh -p 22 box <<< 'kubectl delete ns x'", D, "r"),
        ("eval 'kubectl delete ns x'", D, ""),
        ("kubectl -n x exec -i web -- psql <<< 'DROP TABLE x'", D, ""),
        ("docker exec -i db mysql -uroot -psecret <<< 'DROP TABLE x'", D, "s"),
        ("sudo -H -u postgres psql -c 'DROP TABLE x'", D, ""),
        ("env -i A=b rm x", D, ""),
        ("nice -n 10 rm x", D, ""),
        ("ionice -c3 rm x", D, ""),
        ("taskset 0x1 rm x", D, ""),
        ("stdbuf -oL rm x", D, ""),
        ("ls | xargs -I{} kubectl delete deploy {}", D, ""),
        ("ls | xargs -n 1 -P 4 sh -c 'rm \"$0\"'", D, ""),
        ("parallel rm ::: a b", D, ""),
        ("flock /tmp/l -c 'rm x'", D, ""),
        ("flock -n /tmp/l rm x", D, ""),
        ("su - postgres -c 'psql -c \"drop table x\"'", D, ""),
        ("runuser -u postgres -- psql -c 'DROP TABLE x'", D, ""),
        ("nsenter -t 1 -m -- reboot", D, ""),
        ("nsenter --target 1 --mount reboot", D, ""),
        ("chroot /host reboot", D, ""),
        ("ssh -o A=b host -- sudo reboot", D, "r"),
        ("ssh host sudo systemctl stop nginx", D, "r"),
        ("timeout -k 5 10 rm x", D, ""),
        ("time -f %E rm x", D, ""),
        ("script -c 'rm x' out", D, "w"),
        ("command rm x", D, ""),
        ("tmux send-keys -t x 'rm y' Enter", D, ""),
        ("bash -c -- 'rm x'", D, ""),
        ("busybox rm x", D, ""),
        ("gosu redis redis-cli flushall", D, ""),
        ("systemd-run --unit x rm y", D, ""),
        ("aws-vault exec prod -- aws s3 rm s3://b/x", D, "s"),
        ("aws-vault exec prod aws s3 rm s3://b/x", D, "s"),
        ("vagrant ssh -c 'rm -rf x'", D, ""),
        ("lxc exec box -- reboot", D, ""),
        ("bundle exec rails db:drop", D, "lo"),
        ("poetry run alembic downgrade base", D, "lo"),
        ("microk8s kubectl delete ns x", D, ""),
        ("minikube kubectl -- delete ns x", D, ""),
        ("trap 'rm -rf /x' EXIT", D, ""),
        ("npx prisma migrate reset", D, "o"),
        ("python -c 'import shutil; shutil.rmtree(\"/x\")'", C, "o"),
        ("mytool destroy x", D, ""),
        ("mytool deploy x", C, ""),
    ]);
}
