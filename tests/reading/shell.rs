//! Shell text: cut into statements with their lines, and what is known about each.
use firedeck::commands::tools::Tables;
use firedeck::commands::{Role, Script, Source, Statement, shell};
use firedeck::domain::approval::Tier;

fn read(text: &str) -> Script {
    let lines: Vec<u32> = (1..).take(text.lines().count() + 1).collect();
    shell::read(Source { text, lines: &lines }, &Tables::default())
}

/// First line, last line and text of each statement.
fn cut(text: &str) -> Vec<(u32, u32, String)> {
    read(text).statements.into_iter().map(|one| (one.line, one.end_line, one.text)).collect()
}

fn only(text: &str) -> Statement {
    let mut statements = read(text).statements;
    assert_eq!(statements.len(), 1, "{text}: {statements:#?}");
    statements.remove(0)
}

#[test]
fn lines_that_belong_together_are_one_statement() {
    for text in [
        "kubectl get pods \\\n  -n shop \\\n  -o wide",
        "psql -c \"\n  SELECT 1;\n\"",
        "kubectl get pods |\n  grep web",
        "ls &&\n  pwd",
        "cat <<EOF | kubectl apply -f -\nkind: X\nEOF",
        "a=(1\n 2)",
        "for p in a b; do\n  kubectl get pod $p\ndone",
        "if true; then\n  ls\nfi",
        "while read -r x; do\n  echo $x\ndone < list",
        "check() {\n  # look\n  ls\n\n  # more\n  pwd\n}",
        "cd /srv && ls; pwd",
        "(\n  cd /srv\n  ls\n)",
        "kubectl exec app -- tcpdump -w x &",
    ] {
        let lines = u32::try_from(text.lines().count()).unwrap_or_default();
        assert_eq!(cut(text), [(1, lines, text.to_owned())]);
    }
}

#[test]
fn each_statement_has_its_own_lines_and_bytes() {
    let text = "#!/bin/bash\n\n# 1. look\n  kubectl get pods   # all of them\nkubectl get svc; echo x\n\ncat <<'E' > f\n# no comment\nE\nls # end";
    assert_eq!(
        cut(text),
        [
            (4, 4, "kubectl get pods".to_owned()),
            (5, 5, "kubectl get svc; echo x".to_owned()),
            (7, 9, "cat <<'E' > f\n# no comment\nE".to_owned()),
            (10, 10, "ls".to_owned()),
        ]
    );
    let script = read(text);
    assert!(script.shebang);
    let comments: Vec<_> =
        script.comments.iter().map(|one| (one.line, one.text.as_str(), one.alone, one.indent)).collect();
    assert_eq!(comments, [(3, "1. look", true, 0), (4, "all of them", false, 21), (10, "end", false, 3)]);
    let labels: Vec<_> = script.statements.iter().map(|one| one.label.as_deref()).collect();
    assert_eq!(labels, [Some("1. look"), None, None, None]);
}

#[test]
fn lines_of_the_document_may_have_gaps() {
    let text = "ls \\\n  -l\npwd";
    let script = shell::read(Source { text, lines: &[10, 12, 40] }, &Tables::default());
    let lines: Vec<_> = script.statements.iter().map(|one| (one.line, one.end_line)).collect();
    assert_eq!(lines, [(10, 12), (40, 40)]);
}

#[test]
fn carriage_returns_break_neither_continuations_nor_documents() {
    let text = "ls \\\r\n  -l\r\ncat <<EOF\r\nx\r\nEOF\r\npwd\r\n";
    let got: Vec<_> = cut(text).into_iter().map(|one| (one.0, one.1)).collect();
    assert_eq!(got, [(1, 2), (3, 5), (6, 6)]);
}

/// Each line with its condition.
fn conditions(text: &str) -> Vec<(u32, String, Option<String>)> {
    read(text).statements.into_iter().map(|one| (one.line, one.text, one.condition)).collect()
}

#[test]
fn the_arms_of_a_case_are_cut_out_with_what_they_match() {
    let text = "case $KIND in\n  \"slow\")\n    # restart\n    systemctl restart web\n    ;;\n  full|\"very full\")\n    df -h; free -h\n    ;;\nesac";
    assert_eq!(
        conditions(text),
        [
            (4, "systemctl restart web".to_owned(), Some("slow".to_owned())),
            (7, "df -h; free -h".to_owned(), Some("full|very full".to_owned())),
        ]
    );
}

#[test]
fn an_if_that_holds_steps_is_cut_and_a_short_check_is_not() {
    let steps = "if ! pg_isready -h db; then\n  echo down\n  # 2. promote\n  pg_ctl promote\n  # 3. restart\n  systemctl restart web\nelse\n  echo fine\nfi";
    let condition = Some("! pg_isready -h db".to_owned());
    assert_eq!(
        conditions(steps),
        [
            (1, "if ! pg_isready -h db; then".to_owned(), None),
            (2, "echo down".to_owned(), condition.clone()),
            (4, "pg_ctl promote".to_owned(), condition.clone()),
            (6, "systemctl restart web".to_owned(), condition),
            (8, "echo fine".to_owned(), Some("pg_isready -h db".to_owned())),
        ]
    );
    let check =
        "if curl -s http://x | grep -q ok; then\n  echo PASS\n  # more\n  df -h\nelse\n  echo FAIL\nfi";
    assert_eq!(conditions(check), [(1, check.to_owned(), None)]);
    let steps = "if a; then\n  # one\n  ls\nelif b | c; then\n  # two\n  pwd\nelse\n  id\nfi";
    let conditions: Vec<_> = conditions(steps).into_iter().map(|one| (one.0, one.2)).collect();
    assert_eq!(
        conditions,
        [
            (1, None),
            (3, Some("a".to_owned())),
            (4, None),
            (6, Some("! a && b | c".to_owned())),
            (8, Some("! a && ! ( b | c )".to_owned())),
        ]
    );
}

#[test]
fn a_statement_has_the_tool_that_does_the_work() {
    for (text, tool, inner) in [
        ("kubectl get pods | grep x", "kubectl", None),
        ("sudo -u root env A=b time kubectl get pods", "kubectl", None),
        ("X=$(curl -s http://x | jq .a)", "curl", None),
        ("if redis-cli ping | grep -q PONG; then echo ok; fi", "redis-cli", None),
        ("kubectl exec -n a deploy/db -- psql -c 'SELECT 1'", "kubectl", Some("psql")),
        ("docker exec -i db pg_isready", "docker", Some("pg_isready")),
        ("watch -n 5 'kubectl top pods'", "watch", Some("kubectl")),
        ("echo | openssl s_client -connect a:443", "openssl", None),
        ("for p in $(kubectl get po -o name); do echo $p; done", "kubectl", None),
        ("./check.sh $(aws s3 ls | tail -1)", "./check.sh", None),
        ("/usr/bin/kubectl get pods", "kubectl", None),
        ("ssh host 'sudo docker ps'", "ssh", Some("docker")),
    ] {
        let one = only(text);
        assert_eq!((one.tool.as_str(), one.inner_tool.as_deref()), (tool, inner), "{text}");
    }
}

#[test]
fn a_statement_has_the_role_that_it_plays() {
    for (text, role) in [
        ("kubectl get pods", Role::Action),
        ("echo hello", Role::Narration),
        ("NAME=web", Role::Setup),
        ("export A=b", Role::Setup),
        ("cd /srv", Role::Setup),
        ("NOW=$(date +%s)", Role::Setup),
        ("USED=$(kubectl get pods)", Role::Action),
        ("VERSION=$1", Role::Guard),
        ("if [ -z \"$1\" ]; then echo usage; exit 1; fi", Role::Guard),
        ("read -p 'sure? ' OK", Role::Guard),
        ("f() { ls; }", Role::Setup),
        ("cat notes", Role::Action),
    ] {
        assert_eq!(only(text).role, role, "{text}");
    }
}

#[test]
fn traits_are_seen() {
    type Has = fn(&Statement) -> bool;
    let cases: &[(&str, Has)] = &[
        ("kubectl logs -f web", |one| one.traits.endless),
        ("kubectl logs -f web | grep x", |one| one.traits.endless),
        ("kubectl logs -f web | head -5", |one| !one.traits.endless),
        ("timeout 5 kubectl logs -f web", |one| !one.traits.endless),
        ("docker-compose -f dev.yml ps", |one| !one.traits.endless),
        ("while true; do kubectl get po; sleep 5; done", |one| one.traits.endless),
        ("while true; do if ls; then break; fi; done", |one| !one.traits.endless),
        ("kubectl exec -it web -- ls", |one| one.traits.interactive),
        ("read -p 'sure? ' OK", |one| one.traits.interactive),
        ("read -r A < file", |one| !one.traits.interactive),
        ("kubectl port-forward svc/web 8080:80 &", |one| one.traits.background),
        ("kubectl get pods > out.txt", |one| one.traits.writes_file && one.risk == Tier::Read),
        ("kubectl get pods > /dev/null 2>&1", |one| !one.traits.writes_file),
        ("kubectl get pods > /etc/hosts", |one| one.risk == Tier::Change),
        ("> app.log", |one| one.risk == Tier::Danger && one.traits.writes_file),
        (">> app.log", |one| one.risk < Tier::Danger && one.traits.writes_file),
        (": > /tmp/app.log", |one| one.risk == Tier::Change),
        ("a | b", |one| one.traits.pipe),
        ("cat <<E\nx\nE", |one| one.traits.heredoc),
        ("for i in 1 2; do ls; done", |one| one.traits.compound),
        ("ssh host uptime", |one| one.traits.remote),
        ("$RUN it", |one| one.traits.opaque && one.risk == Tier::Change),
        ("source .env", |one| one.traits.opaque && one.risk == Tier::Change),
        ("kubectl $VERB pod x", |one| one.risk >= Tier::Change),
    ];
    for (text, has) in cases {
        let one = only(text);
        assert!(has(&one), "{text}: {one:#?}");
    }
}

#[test]
fn what_follows_a_bare_ssh_runs_there_until_it_is_left() {
    let remote =
        |text: &str| -> Vec<bool> { read(text).statements.iter().map(|one| one.traits.remote).collect() };
    assert_eq!(
        remote("ls\nssh -i k.pem me@host\ncd /srv\nls\nexit\npwd"),
        [false, true, true, true, true, false]
    );
    assert_eq!(remote("ssh host uptime\nls"), [true, false]);
    assert_eq!(remote("kubectl exec -it web -- bash\nrm x\n"), [false, true]);
    assert_eq!(remote("ssh host <<E\nls\nE\nls"), [true, false]);
}

#[test]
fn variables_and_arguments_are_told() {
    let script = read(
        "VERSION=$1\nLEVEL=\"${2:-info}\"\nexport DIR=/x/$VERSION\nkubectl get pods -n $NS -l v=\"$VERSION\"\necho '$QUOTED' $3\nf() { local a=$1; echo $a $OUTER; }",
    );
    let arguments: Vec<_> = script
        .arguments
        .iter()
        .map(|one| (one.place, one.name.as_deref(), one.default.as_deref(), one.line))
        .collect();
    assert_eq!(
        arguments,
        [(1, Some("VERSION"), None, 1), (2, Some("LEVEL"), Some("info"), 2), (3, None, None, 5)]
    );
    let names: Vec<_> =
        script.statements.iter().map(|one| (one.sets.join(" "), one.uses.join(" "))).collect();
    let want =
        [("VERSION", ""), ("LEVEL", ""), ("DIR", "VERSION"), ("", "NS VERSION"), ("", ""), ("", "OUTER")];
    assert_eq!(names, want.map(|(sets, uses)| (sets.to_owned(), uses.to_owned())));
    assert_eq!(script.functions, ["f"]);
}

#[test]
fn placeholders_break_nothing() {
    for text in [
        "kubectl get pod <pod-name> -n shop",
        "kubectl get pod <name of the pod> -n <ns>",
        "kubectl get pod {{ .Values.pod | quote }} -n shop",
        "kubectl get pod ... -n shop",
        "kubectl get pod [pod name] -n shop",
        "kubectl get pod <the pod's name>",
        "kubectl get pods <a|b|c>",
    ] {
        let script = read(text);
        assert_eq!(script.error, None, "{text}");
        let one = only(text);
        assert_eq!((one.text.as_str(), one.tool.as_str(), one.risk), (text, "kubectl", Tier::Read));
        assert!(!one.traits.writes_file, "{text}");
    }
}

#[test]
fn what_cannot_be_parsed_loses_no_line() {
    let text = "kubectl get pods\nNow (and only now) do this:\nrm -rf /srv )\nif [ x\nkubectl logs \"web\necho 'done\n# the end\nkubectl get svc \\\n  -n shop\n";
    let script = read(text);
    assert!(script.error.is_some());
    let covered: Vec<u32> = script.statements.iter().flat_map(|one| one.line..=one.end_line).collect();
    assert_eq!(covered, [1, 2, 3, 4, 5, 6, 8, 9]);
    assert_eq!(script.comments.len(), 1);
    let risk = |line: u32| script.statements.iter().find(|one| one.line == line).map(|one| one.risk);
    assert_eq!(risk(1), Some(Tier::Read));
    assert_eq!(risk(3), Some(Tier::Danger));
    assert!(risk(5) >= Some(Tier::Change));
}

#[test]
fn compounds_stay_whole_beside_a_line_that_cannot_be_parsed() {
    let text = "for p in a b; do\n  kubectl get pod $p\ndone\n) oops\nkubectl get svc";
    let got: Vec<_> = cut(text).into_iter().map(|one| (one.0, one.1)).collect();
    assert_eq!(got, [(1, 3), (4, 4), (5, 5)]);
}

#[test]
fn an_apostrophe_in_a_sentence_takes_no_command_along() {
    let text = "Don't forget:\nkubectl get pods\nand that's it";
    let got: Vec<_> = cut(text).into_iter().map(|one| (one.0, one.1)).collect();
    assert_eq!(got, [(1, 1), (2, 2), (3, 3)]);
}

#[test]
fn the_reason_names_the_part_that_decides() {
    let one = only("kubectl get pods && kubectl delete namespace shop | cat");
    assert!(one.why.starts_with("`kubectl delete`: "), "{}", one.why);
    assert!(!only("ls").why.is_empty());
}

#[test]
fn hostile_text_is_read_in_linear_time() {
    let long = 1_000_000;
    let mut texts: Vec<(&str, String)> = vec![
        ("substitutions", format!("echo {}", "$(".repeat(10_000))),
        ("closed substitutions", format!("echo {}rm -rf /{}", "$(".repeat(10_000), ")".repeat(10_000))),
        ("brackets", "(".repeat(10_000)),
        ("single quotes", "'".repeat(long + 1)),
        ("double quotes", "\"".repeat(long + 1)),
        ("backticks", "`".repeat(long + 1)),
        ("braces", "{{ a".repeat(200_000)),
        ("expansions", "${x:-".repeat(100_000)),
        ("documents", "cat <<EOF\n".repeat(100_000)),
        ("cases", "case x in ".repeat(20_000)),
        ("pipes", "echo |".repeat(100_000)),
        ("quotes over lines", "echo'b\n".repeat(100_000)),
        ("doubling", joined(1..20_000, |n| format!("V{n}=$V{0}$V{0}\n", n - 1))),
        ("appending", "X+=a$X\n".repeat(50_000)),
        ("functions", joined(0..9_000, |n| format!("f{n}() {{ f{0}; f{0}; }}\n", n + 1)) + "f0"),
        ("recursion", "f() { f; f; }\nf\n".repeat(1_000)),
        ("wrappers", "sudo ".repeat(100_000) + "rm -rf /"),
        ("comments behind backslashes", "echo \\\n# c\n".repeat(60_000)),
        ("honest", "# look\nNAME=web\necho \"$NAME is up\" | cat > /dev/null # fine\n\n".repeat(17_000)),
        ("nothing", "\0".repeat(long)),
    ];
    let mut nested = "ls".to_owned();
    for _ in 0..9 {
        nested = format!("sh -c '{}'", nested.replace('\'', r"'\''"));
    }
    texts.push(("shells in shells", nested));
    for (name, text) in texts {
        let start = std::time::Instant::now();
        let script = read(&text);
        assert!(start.elapsed().as_secs() < 20, "{name}: {:?}", start.elapsed());
        if text.contains("rm -rf /") {
            assert_eq!(script.statements.iter().map(|one| one.risk).max(), Some(Tier::Danger), "{name}");
        }
    }
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { cases: 300, rng_seed: proptest::test_runner::RngSeed::Fixed(7), failure_persistence: None, ..Default::default() })]

    #[test]
    fn any_text_is_read_and_no_statement_leaves_its_lines(text in "[ -~\n\t\r\u{0}é]{0,300}") {
        let count = text.matches('\n').count() + 1;
        let lines: Vec<u32> = (1..).take(count).collect();
        let script = shell::read(Source { text: &text, lines: &lines }, &Tables::default());
        let mut last = 0;
        for one in &script.statements {
            proptest::prop_assert!(one.line <= one.end_line && one.line >= last && !one.why.is_empty());
            last = one.line;
        }
    }

    #[test]
    fn signs_of_the_shell_in_any_order_are_read(text in "[${}()`'\"|&;<>#\\\\ \nab=*!\\[\\]]{0,200}") {
        let lines: Vec<u32> = (1..).take(text.matches('\n').count() + 1).collect();
        shell::read(Source { text: &text, lines: &lines }, &Tables::default());
    }
}

fn joined(numbers: std::ops::Range<u32>, line: impl Fn(u32) -> String) -> String {
    numbers.map(line).collect::<Vec<_>>().concat()
}
