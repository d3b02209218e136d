//! Text for programs other than the shell: cut into statements, each with its lines and its risk.
use firedeck::commands::tools::Tables;
use firedeck::commands::{Lang, Role, Script, Source, read};
use firedeck::domain::approval::Tier;

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
