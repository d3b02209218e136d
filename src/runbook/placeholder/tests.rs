//! Values to fill in, each kind told apart from what only looks like it.
use super::*;

fn asked(text: &str) -> Vec<String> {
    asked_after(&[], text)
}

fn statement(text: &str) -> Statement {
    Statement {
        line: 1,
        end_line: 1,
        text: text.into(),
        label: None,
        lang: Lang::Shell,
        role: Role::Action,
        risk: crate::domain::approval::Tier::Change,
        why: "x".into(),
        tool: text.split_whitespace().next().unwrap_or_default().into(),
        subcommand: None,
        inner_tool: None,
        traits: crate::commands::Traits::default(),
        condition: None,
        sets: Vec::new(),
        uses: Vec::new(),
    }
}

fn asked_after(before: &[&str], text: &str) -> Vec<String> {
    let mut scope = Scope::default();
    for line in before {
        scope.learn(&statement(line));
    }
    find(&statement(text), &scope).into_iter().map(|one| one.text).collect()
}

#[test]
fn signs_around_a_name_ask_for_it() {
    assert_eq!(asked("kubectl logs <pod-name> -n <the namespace>"), ["<pod-name>", "<the namespace>"]);
    assert_eq!(asked("oc get {{ .x }} {{name}} {ns}"), ["{{name}}", "{ns}"]);
    assert_eq!(asked("kubectl logs [pod-name] x[a-z]"), ["[pod-name]"]);
    assert_eq!(asked("kubectl delete pod <pod|node>"), ["<pod|node>"]);
}

#[test]
fn a_tag_is_one_where_tags_are_closed_or_looked_for_and_else_a_value() {
    assert_eq!(asked("psql -c 'REINDEX TABLE <table>'"), ["<table>"]);
    assert_eq!(asked("kubectl set resources deploy/web --limits=memory=<memory>"), ["<memory>"]);
    assert_eq!(asked("curl -s http://a.b/c | grep '<title>'"), Vec::<String>::new());
    assert_eq!(asked("echo '<b>down</b>' > page.html"), Vec::<String>::new());
}

#[test]
fn signs_of_the_shell_and_of_other_tools_ask_for_nothing() {
    for text in [
        "docker images | grep -v \"<none>\"",
        "sort <in.txt >out.txt",
        "mysql db <dump.sql 2>&1",
        "cat <<EOF\nx\nEOF",
        "psql -c \"SELECT 1 WHERE pid <> pg_backend_pid()\"",
        "docker stats --format \"table {{.Container}}\\t{{.CPUPerc}}\"",
        "curl -s -o /dev/null -w \"%{http_code}\" http://a.b/c",
        "awk '{print $2}' f",
        "find /var -name \"*.log\" -exec rm {} +",
        "cp a.{yaml,bak} b",
        "kubectl get pods -o jsonpath='{.items[*].metadata.name}'",
        "echo $? $HOME $! $$",
        "jq '.data[] | {id: .equipment_id, status: .status}' f",
        "curl 'http://p/api/v1/query?query=up{job=~\"5..\"}'",
        "tar -C / -xzf a.tgz",
        "go test ./...",
        "kubectl set env deployment/web DB_POOL_SIZE=30",
        "kubectl logs x | grep ERROR",
        "redis-cli CONFIG SET maxmemory 4gb",
        "curl -X POST http://a.b/c",
        "az x --output table --query \"{Nodes:agentPoolProfiles[0].count}\"",
        "kubectl get nodes -o custom-columns=NAME:.metadata.name",
        "date -d '1 hour ago' +%Y-%m-%d",
        "for a in x; do echo \"Updating $(basename $a)...\"; docker compose pull; done",
        "cat > r.sh <<'EOF'\necho \"Rolling back $(basename $a)...\"\nEOF",
        "sed -n 's/x/N/p' f",
    ] {
        assert_eq!(asked(text), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn words_that_stand_for_a_value_ask_for_it() {
    for (text, wanted) in [
        ("ssh -i your-key.pem ec2-user@your-ec2-instance", &["your-key.pem", "your-ec2-instance"][..]),
        ("curl -f https://api.your-domain.com/health", &["api.your-domain.com"]),
        ("git clone https://github.com/your-org/x.git", &["your-org"]),
        ("curl http://pod-ip:8080/metrics", &["pod-ip"]),
        ("kubectl exec redis-pod -- redis-cli ping", &["redis-pod"]),
        ("kubectl cp redis-pod:/data/a.rdb .", &["redis-pod"]),
        ("az x --scopes /subscriptions/.../a/b", &["/subscriptions/.../a/b"]),
        ("az x --value \"postgresql://...@replica...\"", &["postgresql://...@replica..."]),
        ("az x --restore-time \"2024-11-15T12:00:00Z\"", &["2024-11-15T12:00:00Z"]),
        ("az x --start-date 2024-11-01", &["2024-11-01"]),
        ("aws x --hosted-zone-id Z123456789", &["Z123456789"]),
        ("x --image-id ami-xxxxxxxxx", &["ami-xxxxxxxxx"]),
        ("x --from-literal=keys=\"new-key-1,new-key-2\"", &["new-key-1,new-key-2"]),
        (
            "kubectl create secret generic x \\\n  --from-literal=k=\"new-key-1,new-key-2\"",
            &["new-key-1,new-key-2"],
        ),
        ("x DATABASE_URL=postgres://user:pass@db:5432/x", &["user:pass"]),
        ("kubectl logs POD_NAME -n NAMESPACE", &["POD_NAME", "NAMESPACE"]),
        ("export TOKEN=YOUR_TOKEN", &["YOUR_TOKEN"]),
        ("ssh 10.0.0.x", &["10.0.0.x"]),
        ("helm upgrade x --version vX.Y.Z", &["vX.Y.Z"]),
        ("psql /path/to/dump.sql", &["/path/to/dump.sql"]),
        ("kubectl set image deploy/x x=gcr.io/project/image:tag", &["gcr.io/project/image:tag"]),
        ("gcloud x --attestor=\"projects/PROJECT/attestors/a\"", &["PROJECT"]),
        ("kubectl set image deploy/x api=api:previous-stable-tag", &["previous-stable-tag"]),
        ("aws ecs describe-tasks --tasks ARN", &["ARN"]),
        ("kubectl rollout undo deploy/api --to-revision=N", &["N"]),
    ] {
        assert_eq!(asked(text), wanted, "{text}");
    }
}

#[test]
fn variables_are_asked_for_unless_the_script_sets_them() {
    assert_eq!(asked("psql $DATABASE_URL -c \"x $B\""), ["$DATABASE_URL", "$B"]);
    assert_eq!(asked_after(&["B=/backups/$(date +%F)"], "mkdir -p ${B}/x"), Vec::<String>::new());
    assert_eq!(asked_after(&["V=$1"], "docker pull x:${V}"), ["$V"]);
    assert_eq!(asked("V=${1:-30}"), ["$1"]);
    assert_eq!(asked("V=${1:-\"30\"} # thirty"), ["$1"]);
    assert_eq!(asked("U=${U:-your-name}"), ["your-name"]);
    assert_eq!(asked("for p in $(kubectl get pods); do echo $p; done"), Vec::<String>::new());
    assert_eq!(
        asked("psql -c 'x' | while read schema table; do pg_dump -t $table; done"),
        Vec::<String>::new()
    );
    assert_eq!(
        asked("read -p \"Name (e.g. web): \" POD_NAME; POD_NAME=${POD_NAME:-web}"),
        Vec::<String>::new()
    );
    assert_eq!(asked("f() { local url=$2; curl $url; }"), Vec::<String>::new());
    assert_eq!(asked("ssh h << 'EOF'\necho $X\nEOF"), Vec::<String>::new());
}

#[test]
fn a_placeholder_knows_its_places_and_their_quotes() {
    let found = find(&statement("kubectl patch x -p '{\"a\":\"<v>\"}' && echo <v>"), &Scope::default());
    let places = &found.first().expect("one").places;
    assert_eq!(places.iter().map(|p| p.quoting).collect::<Vec<_>>(), [Quoting::JsonInSingle, Quoting::Bare]);
}

#[test]
fn a_bound_argument_brings_its_default_along() {
    let mut scope = Scope::default();
    scope.learn(&statement("M=${1:-\"30\"}"));
    let found = find(&statement("sleep $M"), &scope);
    assert_eq!(found.first().and_then(|one| one.default.clone()), Some("30".into()));
}
