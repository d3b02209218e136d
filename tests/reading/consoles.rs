//! Text for programs other than the shell: cut into statements, each with its lines and its risk.
use firedeck::commands::tools::Tables;
use firedeck::commands::{Lang, Role, Script, Source, read};
use firedeck::domain::approval::Tier;
use firedeck::runbook::catalogue;

fn script(lang: Lang, text: &str) -> Script {
    let lines: Vec<u32> = (11..).take(text.lines().count() + 1).collect();
    read(Source { text, lines: &lines }, lang, &Tables::default())
}

/// Lines, text and risk of each statement.
fn cut(lang: Lang, text: &str) -> Vec<(u32, u32, String, Tier)> {
    let statements = script(lang, text).statements;
    statements.into_iter().map(|one| (one.line, one.end_line, one.text, one.risk)).collect()
}

#[test]
fn sql_is_cut_at_its_semicolons_and_each_statement_has_its_risk() {
    let text = "-- How many?\nSELECT count(*)\nFROM orders; -- slow\n\nDROP TABLE orders;\n\\d orders\nSELECT ';' || '--';";
    let got = cut(Lang::Sql, text);
    let want = [
        (12, 13, "SELECT count(*)\nFROM orders;", Tier::Read),
        (15, 15, "DROP TABLE orders;", Tier::Danger),
        (16, 16, "\\d orders", Tier::Read),
        (17, 17, "SELECT ';' || '--';", Tier::Read),
    ];
    assert_eq!(got, want.map(|(line, end, text, risk)| (line, end, text.to_owned(), risk)));
    let script = script(Lang::Sql, text);
    let comments: Vec<_> =
        script.comments.iter().map(|one| (one.line, one.text.as_str(), one.alone)).collect();
    assert_eq!(comments, [(11, "How many?", true), (13, "slow", false)]);
    assert_eq!(script.statements[0].label.as_deref(), Some("How many?"));
}

#[test]
fn a_statement_of_sql_that_lacks_its_semicolon_takes_no_other_along() {
    let got = cut(Lang::Sql, "SELECT 1\n\nDELETE FROM orders\n\nSELECT a,\n\n  b FROM (\n\nSELECT 2)");
    let lines: Vec<_> = got.iter().map(|one| (one.0, one.1, one.3)).collect();
    assert_eq!(lines, [(11, 11, Tier::Read), (13, 13, Tier::Danger), (15, 19, Tier::Read)]);
}

#[test]
fn a_line_typed_into_redis_is_a_command() {
    let got = cut(Lang::Redis, "# look\nINFO memory\nCONFIG SET maxmemory 4gb\n\nFLUSHALL\n");
    let risks: Vec<_> = got.iter().map(|one| (one.0, one.3)).collect();
    assert_eq!(risks, [(12, Tier::Read), (13, Tier::Change), (15, Tier::Danger)]);
}

#[test]
fn powershell_is_told_by_the_verbs_of_its_cmdlets() {
    for (text, risk) in [
        ("Get-Service -Name w3svc | Where-Object { $_.Status -eq 'Running' }", Tier::Read),
        ("$p = Get-Process `\n  -Name w3wp", Tier::Read),
        ("Restart-Service -Name w3svc", Tier::Change),
        ("Stop-Service w3svc", Tier::Danger),
        ("Get-ChildItem C:\\logs | Remove-Item -Recurse -Force", Tier::Danger),
        ("Format-Volume -DriveLetter D", Tier::Danger),
        ("Get-Volume | Format-Table", Tier::Read),
        ("Write-Host \"gone: $(Remove-Item x)\"; Get-Date", Tier::Danger),
        ("foreach ($x in 1..3) {\n  rm $x\n}", Tier::Danger),
        ("iex $text", Tier::Change),
        ("[IO.File]::Delete('x')", Tier::Change),
        ("Frobnicate all", Tier::Change),
        ("kubectl delete namespace shop", Tier::Danger),
    ] {
        let got = cut(Lang::PowerShell, text);
        assert_eq!(got.len(), if text.contains("Get-Date") { 1 } else { got.len().max(1) }, "{text}");
        assert_eq!(got.iter().map(|one| one.3).max(), Some(risk), "{text}");
    }
    assert_eq!(script(Lang::PowerShell, "# a\n<# b\n c #>\nGet-Date").comments.len(), 3);
}

#[test]
fn a_query_is_copied_and_never_run_but_says_when_it_takes_away() {
    let text = "# errors\nsource=\"a\" level=\"error\"\n| stats count by host\n\nsum by (job) (\n  rate(x[5m])\n)\nup == 0\n\ndb.orders.drop()";
    let script = script(Lang::Query, text);
    let got: Vec<_> =
        script.statements.iter().map(|one| (one.line, one.end_line, one.risk, one.role)).collect();
    let query = Role::Query;
    assert_eq!(
        got,
        [
            (12, 13, Tier::Read, query),
            (15, 17, Tier::Read, query),
            (18, 18, Tier::Read, query),
            (20, 20, Tier::Danger, query),
        ]
    );
    assert_eq!(script.statements[0].label.as_deref(), Some("errors"));
}

#[test]
fn hostile_text_ends_in_time_in_every_language() {
    let texts = [
        "'".repeat(200_000),
        "(".repeat(200_000),
        "a\n".repeat(4_000),
        "$(\"".repeat(70_000),
        "/*-- ".repeat(40_000),
    ];
    for text in &texts {
        for lang in [Lang::Sql, Lang::Redis, Lang::PowerShell, Lang::Query] {
            let start = std::time::Instant::now();
            script(lang, text);
            assert!(start.elapsed().as_secs() < 20, "{lang:?} {:?}", text.get(..8));
        }
    }
}

/// Line, text, language, risk and whether it runs elsewhere, of every command of a document.
fn commands(text: &str) -> Vec<(u32, String, Lang, Tier, bool)> {
    let document = catalogue::read("x.md", text, &Tables::default());
    let steps = document.runbooks.iter().flat_map(|book| &book.steps);
    let all = steps.flat_map(|step| &step.commands).map(|command| &command.statement);
    all.map(|one| (one.line, one.text.clone(), one.lang, one.risk, one.traits.remote)).collect()
}

#[test]
fn what_is_typed_into_a_console_of_a_shells_block_is_no_line_of_the_shell() {
    let text = "# Restore\n\n```bash\n# Connect\ndocker exec -it db psql -U app shop\n\n# Tables\n\\dt\n\n# Kill\nSELECT pg_terminate_backend(pid)\nFROM pg_stat_activity;\n```\n\n```bash\nredis-cli\nFLUSHALL\n```\n\n```bash\nmongosh\ndb.users.deleteMany({})\nrs.stepDown()\ndb.x.frobnicate()\n```\n";
    let got = commands(text);
    let got: Vec<_> = got.iter().map(|one| (one.0, one.2, one.3)).collect();
    let want = [
        (5, Lang::Shell, Tier::Change),
        (8, Lang::Sql, Tier::Read),
        (11, Lang::Sql, Tier::Danger),
        (16, Lang::Shell, Tier::Change),
        (17, Lang::Redis, Tier::Danger),
        (21, Lang::Shell, Tier::Change),
        (22, Lang::Query, Tier::Danger),
        (23, Lang::Query, Tier::Danger),
        (24, Lang::Query, Tier::Change),
    ];
    assert_eq!(got, want);
}

#[test]
fn sql_in_a_shells_block_is_one_statement_under_its_comment() {
    let text = "# Recover the pool\n\n```bash\n# STEP 1: Kill them\nSELECT pg_terminate_backend(pid) FROM pg_stat_activity\nWHERE state = 'idle';\n\n# STEP 2: In the code\nawait app.state.pool.close()\n\n# STEP 3: Restart\nkubectl rollout restart deployment/api\n```\n\n```bash\n# Verify the rows\nSELECT count(*) FROM orders;\n```\n";
    let got = commands(text);
    let got: Vec<_> = got.iter().map(|one| (one.0, one.2, one.3)).collect();
    let want = [(5, Lang::Sql, Tier::Danger), (12, Lang::Shell, Tier::Change), (17, Lang::Sql, Tier::Read)];
    assert_eq!(got, want);
    let document = catalogue::read("x.md", text, &Tables::default());
    let last = document.runbooks[0].steps.iter().flat_map(|step| &step.commands).next_back().unwrap();
    assert_eq!(last.statement.text, "SELECT count(*) FROM orders;");
    assert_eq!(last.statement.label.as_deref(), Some("Verify the rows"));
}

#[test]
fn a_crontabs_lines_are_no_commands() {
    let text = "# Clean up\n\n```bash\n# Add to /etc/cron.d\n0 3 * * 0 root /opt/clean.sh\n```\n\n```bash\ncrontab -l\n@daily /opt/x.sh\n```\n";
    let got: Vec<_> = commands(text).into_iter().map(|one| (one.0, one.1)).collect();
    assert_eq!(got, [(9, "crontab -l".to_owned())]);
}

#[test]
fn a_session_that_a_block_leaves_open_holds_what_follows_until_it_is_left() {
    let text = "# Clean\n\n1. Enter:\n   ```bash\n   oc rsh -n x $(oc get pod -oname | head -1)\n   ```\n2. Then:\n   ```bash\n   rm -rf /var/cache/x\n   ```\n3. Leave:\n   ```bash\n   exit\n   ```\n4. Look:\n   ```bash\n   df -h\n   ```\n";
    let remote: Vec<_> = commands(text).into_iter().map(|one| one.4).collect();
    assert_eq!(remote, [false, true, true, false]);
    let text = "# Look\n\n```bash\ndocker exec -it web sh\n```\n\n```bash\ndocker logs web\nuptime\n```\n";
    let remote: Vec<_> = commands(text).into_iter().map(|one| one.4).collect();
    assert_eq!(remote, [false, false, false], "docker is called where the container is not");
}
