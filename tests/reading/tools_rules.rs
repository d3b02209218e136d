//! Rules of the user's own, and input that nobody meant well.
use firedeck::commands::tools::{Call, Input, Tables, Word, judge, judge_redis, judge_sql, prints};
use firedeck::domain::approval::Tier::{self, Change as C, Danger as D, Read as R};
use firedeck::domain::settings::CommandRule;
use firedeck::domain::settings::command::Mark;

fn words(line: &str) -> Vec<Word> {
    line.split_whitespace().map(|text| Word { text: text.to_owned(), known: true, bare: true }).collect()
}

fn tables(rules: &[(&str, Tier, &str, &[Mark])]) -> Tables {
    let rule = |(words, risk, why, marks): &(&str, Tier, &str, &[Mark])| CommandRule {
        words: words.split_whitespace().map(str::to_owned).collect(),
        risk: *risk,
        why: (*why).to_owned(),
        marks: marks.to_vec(),
    };
    Tables { rules: rules.iter().map(rule).collect() }
}

fn risk(line: &str, tables: &Tables) -> Tier {
    judge(Call { words: &words(line), input: Input::Nothing }, tables).risk
}

#[test]
fn a_rule_says_what_an_unknown_tool_does_and_raises_a_known_one_but_never_lowers_it() {
    let tables = tables(&[
        ("mytool", C, "", &[]),
        ("mytool show", R, "shows releases", &[]),
        ("mytool purge", R, "", &[]),
        ("./smoke.sh", R, "", &[]),
        ("kubectl delete", R, "", &[]),
        ("kubectl get", D, "our API server is slow", &[Mark::Endless]),
    ]);
    assert_eq!(risk("mytool deploy x", &tables), C);
    assert_eq!(risk("mytool --verbose show x", &tables), R);
    assert_eq!(risk("mytool purge x", &tables), R, "the user's tool is the user's to judge");
    assert_eq!(risk("othertool purge x", &tables), D);
    assert_eq!(risk("./smoke.sh production", &tables), R);
    assert_eq!(risk("kubectl delete deploy x", &tables), D);
    let call = words("kubectl get pods");
    let got = judge(Call { words: &call, input: Input::Nothing }, &tables);
    assert_eq!((got.risk, got.traits.endless, got.why.as_ref()), (D, true, "our API server is slow"));
    let call = words("mytool show x");
    let got = judge(Call { words: &call, input: Input::Nothing }, &tables);
    assert_eq!(
        (got.known, got.subcommand.as_deref(), got.why.as_ref()),
        (true, Some("show"), "shows releases")
    );
}

#[test]
fn a_verb_that_is_only_known_when_it_runs_is_never_a_read() {
    for line in [
        "kubectl \u{fffc} pods",
        "\u{fffc} get pods",
        "docker \u{fffc}",
        "redis-cli \u{fffc} x",
        "aws ec2 \u{fffc}",
        "az vm \u{fffc} -n x",
        "systemctl \u{fffc} nginx",
        "psql -c \u{fffc}",
        "git \u{fffc}",
        "helm \u{fffc} x",
        "eval \u{fffc}",
        "bash -c \u{fffc}",
        "curl -X \u{fffc} http://x",
        "gcloud compute instances \u{fffc} x",
        "rabbitmqctl \u{fffc}",
        "kill -\u{fffc} 5",
        "service nginx \u{fffc}",
        "terraform \u{fffc}",
        "sql \u{fffc}",
    ] {
        assert!(risk(line, &Tables::default()) > R, "{line}");
    }
}

#[test]
fn a_secret_that_is_only_printed_is_known_to_the_next_command() {
    let printed =
        prints(&words("kubectl create secret generic x --from-file=y --dry-run=client -o yaml")).unwrap();
    let call = words("kubectl apply -f -");
    let got = judge(Call { words: &call, input: Input::Text(&printed) }, &Tables::default());
    assert_eq!((got.risk, got.traits.secret), (D, true));
    assert_eq!(prints(&words("kubectl create secret generic x --from-file=y")), None);
    assert_eq!(prints(&words("kubectl get pods -o yaml")), None);
}

#[test]
fn statements_are_cut_where_the_text_has_them() {
    let text = "SELECT 1; -- one\n\\dt\nUPDATE t SET a = ';' WHERE id = 1;\n DROP TABLE t";
    let got: Vec<_> =
        judge_sql(text).into_iter().map(|one| (text[one.start..one.end].to_owned(), one.risk)).collect();
    let want =
        [("SELECT 1;", R), ("\\dt", R), ("UPDATE t SET a = ';' WHERE id = 1;", C), ("DROP TABLE t", D)];
    let want: Vec<_> =
        want.into_iter().map(|(text, risk)| (text.trim_end_matches(';').to_owned(), risk)).collect();
    assert_eq!(got, want);
    assert_eq!(
        judge_redis("  config  set maxmemory 4gb").map(|one| (one.verb, one.risk)),
        Some(("CONFIG SET".to_owned(), C))
    );
    assert_eq!(judge_redis("# a comment"), None);
    assert_eq!(judge_redis("SET k \"FLUSHALL\"").map(|one| one.risk), Some(C));
}

#[test]
fn nothing_hides_a_statement() {
    let text = [
        "/* SELECT */ DROP TABLE x",
        "SELECT 1; /* ; */ drop\ntable x",
        "SELECT E'\\''; DROP TABLE x; --'",
        "SELECT '\\'; DROP TABLE x; --'",
        "SELECT $$ ' $$; DROP TABLE x",
        "SELECT $a$ $$ $a$; DROP TABLE x",
        "SELECT \"a;b\"; DROP TABLE x",
        "((DELETE FROM x))",
        "WITH a AS MATERIALIZED (DELETE FROM x RETURNING 1) SELECT * FROM a",
        "WITH a AS (SELECT 1) DELETE FROM x",
        "EXPLAIN (ANALYZE, BUFFERS) DELETE FROM x",
        "explain analyze verbose delete from x",
        "PREPARE p AS DELETE FROM x",
        "COPY (DELETE FROM x RETURNING *) TO STDOUT",
        "DO $$ BEGIN EXECUTE 'drop table x'; END $$",
        "DO LANGUAGE plpgsql $x$ BEGIN PERFORM pg_terminate_backend(1); END $x$",
        "SELECT pg_catalog.pg_terminate_backend(1)",
        "SELECT \"pg_terminate_backend\"(1)",
        "SELECT U&\"pg_terminate_backend\"(1)",
        "SELECT dblink_exec('x', 'DROP TABLE y')",
        "SELECT cron.schedule('x', '* * * * *', 'DELETE FROM y')",
        "UPDATE x SET a = 1 WHERE id = (SELECT 1) OR true",
        "ALTER TABLE x DROP COLUMN y",
        "ALTER TABLE x ALTER COLUMN y TYPE int",
        "MERGE INTO x USING y ON a = b WHEN MATCHED THEN DELETE",
    ];
    for text in text {
        let worst = judge_sql(text).into_iter().map(|one| one.risk).max();
        assert_eq!(worst, Some(D), "{text}");
    }
    for text in [
        "SELECT 'DROP TABLE x'",
        "SELECT 1 -- DROP TABLE x",
        "SELECT \"drop\" FROM x WHERE a",
        "SELECT * FROM t WHERE action = 'delete'",
        "SELECT $$ DROP TABLE x $$",
        "/* DROP */ SELECT 1",
        "SELECT deleted_at FROM x WHERE a",
    ] {
        let worst = judge_sql(text).into_iter().map(|one| one.risk).max();
        assert_eq!(worst, Some(R), "{text}");
    }
}

#[test]
fn sql_that_never_ends_is_not_trusted() {
    for text in ["SELECT 'x", "SELECT \"x", "SELECT $$ x", "SELECT 1 /* x", "SELECT (1", "SELECT E'\\'"] {
        let got: Vec<_> = judge_sql(text).into_iter().map(|one| (one.risk, one.traits.opaque)).collect();
        assert_eq!(got, [(C, true)], "{text}");
    }
}

#[test]
fn hostile_text_is_answered_in_time() {
    let parts = [
        "(",
        ")",
        "'",
        "\"",
        "$$",
        "$a$",
        "/*",
        "*/",
        "--",
        "\\",
        "\n",
        ";",
        "DELETE ",
        "(UPDATE t SET a=1 WHERE id=1 ",
        "f(",
        "E'",
        "\u{fffc}",
        "é",
        "\0",
        "{",
        "[",
        "\"replicas\":0",
        "-",
        "--",
        "=",
        ":",
    ];
    let mut state = 7_u64;
    for round in 0..60 {
        let mut text = String::new();
        for _ in 0..2000 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let at = usize::try_from(state >> 33).unwrap() % parts.len();
            text.push_str(parts[at]);
        }
        let begun = std::time::Instant::now();
        for one in judge_sql(&text) {
            assert!(text.get(one.start..one.end).is_some(), "{round}");
        }
        for line in text.lines() {
            judge_redis(line);
        }
        for tool in [
            "psql -c",
            "mysql -e",
            "kubectl patch x -p",
            "kubectl apply -f",
            "curl",
            "sed",
            "awk",
            "find",
            "bash -c",
            "mongosh --eval",
            "redis-cli",
            "node -e",
            "nft",
            "xargs",
            "tar",
            "frob",
        ] {
            let mut call = words(tool);
            call.push(Word { text: text.clone(), known: true, bare: false });
            judge(Call { words: &call, input: Input::Text(&text) }, &Tables::default());
        }
        assert!(begun.elapsed().as_secs() < 25, "{round}");
    }
    for part in parts {
        let text = part.repeat(30_000);
        let begun = std::time::Instant::now();
        judge_sql(&text);
        for tool in ["kubectl patch x -p", "mysql -e", "tar", "kubectl", "curl"] {
            let mut call = words(tool);
            call.push(Word { text: text.clone(), known: true, bare: false });
            judge(Call { words: &call, input: Input::Text(&text) }, &Tables::default());
        }
        assert!(begun.elapsed().as_secs() < 90, "{part:?}: {:?}", begun.elapsed());
    }
}
