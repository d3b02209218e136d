//! Facts of documents: against the golden readings where they are at hand, and against fixtures for each hard case.
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use firedeck::runbook::document;
use firedeck::runbook::facts::{read, response_time_of, scale};
use firedeck::runbook::types::{Fact, Row};
use serde_json::Value;

fn facts(text: &str) -> Vec<Fact> {
    read(&document::read(text))
}

/// The facts of a fixture.
macro_rules! fixture {
    ($name:literal) => {
        facts(include_str!(concat!("../fixtures/reading/facts/", $name)))
    };
}

/// The facts of one kind: `line-end title`, and below each `  line name=value …`.
fn told(facts: &[Fact], kind: &str) -> String {
    let mut out = String::new();
    for fact in facts.iter().filter(|fact| fact.kind == kind) {
        let _ = writeln!(out, "{}-{} {}", fact.line, fact.end_line, fact.title);
        for row in &fact.rows {
            let values: Vec<_> = row.values.iter().map(|(name, value)| format!("{name}={value}")).collect();
            let _ = writeln!(out, "  {} {}", row.line, values.join(" · "));
        }
    }
    out
}

/// The rows of one kind with these values only.
fn rows(facts: &[Fact], kind: &str, names: &[&str]) -> Vec<String> {
    let rows = facts.iter().filter(|fact| fact.kind == kind).flat_map(|fact| &fact.rows);
    let one = |row: &Row| names.iter().map(|name| row.get(name).unwrap_or("")).collect::<Vec<_>>().join("|");
    rows.map(|row| format!("{} {}", row.line, one(row))).collect()
}

#[test]
fn levels_and_their_times_in_two_lists_are_joined() {
    let facts = fixture!("severity-lists.md");
    assert_eq!(
        told(&facts, "severity"),
        "3-13 How bad is it\n\
         \x20 6 level=SEV0 (Everything) · criteria=No ticket can be sold · response_time=5 minutes · response_line=11\n\
         \x20 7 level=SEV1 (A lot) · criteria=Some harbours cannot sell · response_time=half an hour · response_line=12\n\
         \x20 8 level=SEV2 (A little) · criteria=Printing is slow · response_time=next working day · response_line=13\n"
    );
    assert_eq!(response_time_of(&facts, "SEV-0"), Some("5 minutes"));
    assert_eq!(response_time_of(&facts, "Sev 1 - a lot"), Some("half an hour"));
    assert_eq!(response_time_of(&facts, "P1"), None);
    assert_eq!(scale(&facts).count(), 3);
}

#[test]
fn levels_may_be_headings_and_runbooks_are_none() {
    let facts = fixture!("severity-headings.md");
    assert_eq!(
        told(&facts, "severity"),
        "3-13 Severity\n\
         \x20 5 level=Severity 1: Ovens are cold · criteria=No bread comes out; in any shop · response_time=at once (10 min) · response_line=8 · escalation=head baker\n\
         \x20 11 level=Severity 2: Some ovens are cold · criteria=One shop has no bread · response_time=1 h · response_line=13\n"
    );
    assert_eq!(told(&facts, "thresholds"), "");
}

#[test]
fn a_table_of_levels_is_a_scale_and_a_table_of_alerts_is_none() {
    let facts = fixture!("severity-table.md");
    assert_eq!(
        rows(&facts, "severity", &["level", "criteria", "response_time", "resolution_time"]),
        [
            "5 P1 – Critical|No tram moves|< 15 min|2 h",
            "6 P2 – High|One line stands|30 minutes|8 h",
            "7 P3 – Low|A lamp is dark||5 days"
        ]
    );
    assert_eq!(
        rows(&facts, "alert-rules", &["alert", "severity", "condition"]),
        ["13 LampDark|P3|> 4 lamps", "14 LineStands|P2|> 1 line", "15 SwitchStuck|P2|> 3 min"]
    );
    assert_eq!(response_time_of(&facts, "P1"), Some("< 15 min"));
    assert_eq!(response_time_of(&facts, "P3"), None);
}

#[test]
fn contacts_say_what_is_not_filled_in() {
    let facts = fixture!("contacts.md");
    assert_eq!(
        rows(&facts, "contacts", &["order", "role", "name", "contact", "phone", "escalation", "filled"]),
        [
            "7 |Lending desk|Ada Example|0100 555 7788|0100 555 7788|at once|",
            "8 |Shelves|TBD||xxx-xxxx|after 20 min|no",
            "9 |Computers|to be filled in||[Phone]||no",
            "13 1|Desk lead||roster (https://roster.library.example/desk)|||",
            "14 2|Night librarian|||||",
            "15 3|Head of house||@head-of-house|||",
            "19 |Shelf robots||support@robots.example|||",
            "20 |Card printer||[number missing]|||no",
            "21 |Chat||#library-help|||",
        ]
    );
}

#[test]
fn limits_are_split_into_their_parts() {
    let facts = fixture!("limits.md");
    assert_eq!(
        rows(&facts, "thresholds", &["metric", "target", "warning", "critical", "limit", "for"]),
        [
            "7 Pressure|4 - 6 bar|< 3.5 bar|< 3 bar||",
            "8 Pump heat|<= 60 °C|> 70 °C|> 85 °C||",
            "9 Leak rate|< 1%|> 1.5 %|≥ 2%||",
            "13 Tank level||< 30%|< 15%||",
            "14 Disk||||<= 85 percent|",
            "15 Queue||||> 1200 messages|10 minutes",
            "21 Inflow||||> 900 litres/s|5 min",
        ]
    );
    assert_eq!(
        rows(&facts, "thresholds", &["critical_op", "critical_value", "critical_unit"])[2..4],
        ["9 >=|2|%", "13 <|15|%"]
    );
    assert_eq!(rows(&facts, "metrics", &["metric", "query"]), ["16 Inflow|inflow_litres"]);
    assert_eq!(rows(&facts, "capacity", &["component", "today", "next_year"]), ["30 Pumps|4|6"]);
}

#[test]
fn alert_rules_are_read_in_all_their_forms() {
    let facts = fixture!("rules.md");
    assert_eq!(
        rows(
            &facts,
            "alert-rules",
            &["alert", "expr", "for", "severity", "summary", "limit_op", "limit_value"]
        ),
        [
            "12 GlassHot|avg by (house) (heat) > 41|3m|page|It's {{ $value }} degrees in {{ $labels.house }}|>|41",
            "22 WaterLow|water_level{tank=\"a\"} < 0.2||critical||<|0.2",
            "30 LampsOut|up{job=\"lamps\"} == 0||critical||==|0",
            "44 DoorOpen|||warning|||",
            "50 Heat in the glass||15m|||>|75.5",
            "54 water|||||<=|12",
        ]
    );
    let rules = &facts.iter().find(|fact| fact.kind == "alert-rules").expect("there are rules").rows;
    assert_eq!(rules[0].get("runbook_url"), Some("https://green.example/hot"));
    assert_eq!(rules[0].get("label_team"), Some("leaf"));
    assert_eq!(rules[1].get("description"), Some("Little water in the tank"));
    assert_eq!(rules[2].get("severity_from"), Some("heading"));
    assert_eq!(
        rows(&facts, "alert-rules", &["condition", "metric", "aggregation", "runbook_url"])[3..],
        [
            "44 door_open > 10m|||doors.md",
            "50 max HeatPercent > 75.5|HeatPercent|max|",
            "54 average WaterUsed <= 12|WaterUsed|average|"
        ]
    );
}

#[test]
fn what_stands_behind_a_rule_is_not_its_own() {
    let facts = facts("```yaml\nrules:\n  - alert: A\n    expr: up == 0\nroute:\n    for: 9m\n```\n");
    assert_eq!(rows(&facts, "alert-rules", &["alert", "expr", "for"]), ["3 A|up == 0|"]);
}

#[test]
fn objectives_are_read_from_tables_and_lines() {
    assert_eq!(
        rows(&fixture!("objectives.md"), "objectives", &["component", "rto", "rpo", "remark"]),
        [
            "7 Letters|3 h|10 min|from tape",
            "8 Stamps|1 day|nothing|",
            "12 |45 minutes||",
            "13 ||5 minutes|",
            "15 |2 h|15 min|"
        ]
    );
}

#[test]
fn schedules_and_the_documents_own_care_are_told_apart() {
    let facts = fixture!("schedule.md");
    assert_eq!(
        rows(&facts, "schedule", &["title", "cadence", "at", "tasks"]),
        [
            "7 Daily|daily||Count the keys; Lock the gate",
            "12 At the end of each shift|every shift||Hand over",
            "18 Backups|every tuesday|22:30|",
            "26 Feeding|Twice, as the vet says||",
            "31 Fish|weekly|07:15|",
            "35 Feeding|cron 15 4 * * 1||",
        ]
    );
    assert_eq!(
        rows(&facts, "meta", &["text", "order", "filled"]),
        [
            "40 Monthly: read it||",
            "41 Version: 3||",
            "43 Change it|1|",
            "44 Tell the keepers|2|",
            "48 Last reviewed [date]||no",
            "49 Next Review 2031-02-03||"
        ]
    );
}

#[test]
fn addresses_and_channels_are_named_once() {
    assert_eq!(
        rows(&fixture!("addresses.md"), "endpoints", &["url", "channel"]),
        [
            "3 https://lamp.example/status|",
            "3 https://guide.example/lamp|",
            "5 |#light-house",
            "5 |#crew",
            "10 |#fog",
            "11 https://lamp.example/status?full=1|",
            "13 http://${HOST}:80/x|",
        ]
    );
}

#[test]
fn a_document_without_facts_has_none() {
    assert_eq!(facts("# Title\n\nText.\n\n## High CPU usage\n\n1. Look.\n\n```bash\nls # P1: x\n```\n"), []);
    assert_eq!(facts(""), []);
}

/// The folder of the documents, and that of the golden readings beside it.
fn at_hand() -> Option<(PathBuf, PathBuf)> {
    let Some(folder) = std::env::var_os("FIREDECK_DOCUMENTS") else {
        println!("FIREDECK_DOCUMENTS is not set: the documents are left out");
        return None;
    };
    let folder = PathBuf::from(folder);
    let golden = folder.join("../golden");
    Some((folder, golden))
}

fn document(folder: &Path, number: &str) -> Vec<Fact> {
    let files = std::fs::read_dir(folder).expect("FIREDECK_DOCUMENTS names a folder");
    let name =
        |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let path = files.flatten().map(|file| file.path()).find(|path| name(path).starts_with(number));
    let path = path.unwrap_or_else(|| panic!("there is no document {number}"));
    facts(&std::fs::read_to_string(path).expect("the document can be read"))
}

/// A value of the golden reading as a row has it.
fn value(value: &Value) -> String {
    match value {
        Value::Array(list) => list.iter().map(self::value).collect::<Vec<_>>().join("; "),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[test]
fn the_golden_references_are_found_field_by_field() {
    let Some((folder, golden)) = at_hand() else { return };
    let mut wrong = Vec::new();
    let mut fields = 0;
    for number in ["000", "003"] {
        let Ok(text) = std::fs::read_to_string(golden.join(format!("{number}.json"))) else {
            println!("there is no golden reading of {number}: left out");
            continue;
        };
        let golden: Value = serde_json::from_str(&text).expect("a golden reading is JSON");
        let facts = document(&folder, number);
        for reference in golden["references"].as_array().expect("a list of references") {
            let (kind, title) = (value(&reference["kind"]), value(&reference["title"]));
            let name = format!("{number} {title}");
            // Where the reference has a heading of its own, the fact begins there and ends where it ends.
            let own = reference["section"] != "-";
            let line = reference["line"].as_u64();
            let found = facts.iter().find(|fact| fact.kind == kind && (Some(u64::from(fact.line)) == line));
            let Some(fact) = found else {
                wrong.push(format!("{name}: no fact of kind {kind} at line {line:?}"));
                continue;
            };
            if own && !title.starts_with(&fact.title) {
                wrong.push(format!("{name}: its title is {:?}", fact.title));
            }
            if own && reference["end_line"].as_u64() != Some(u64::from(fact.end_line)) {
                wrong.push(format!("{name}: it ends at {}", fact.end_line));
            }
            for wanted in reference["facts"].as_array().expect("a list of facts") {
                let at = wanted["line"].as_u64();
                let row = fact.rows.iter().find(|row| Some(u64::from(row.line)) == at);
                for (field, wanted) in
                    wanted.as_object().expect("an object").iter().filter(|(field, _)| *field != "line")
                {
                    fields += 1;
                    let got = row.and_then(|row| row.get(field)).unwrap_or_default();
                    if got != value(wanted) {
                        wrong.push(format!("{name}, line {at:?}: {field} is {got:?}, not {wanted}"));
                    }
                }
            }
        }
        // What a careful reader did not find is not invented.
        for kind in ["severity", "contacts", "alert-rules"] {
            let wanted = golden["references"]
                .as_array()
                .map_or(0, |list| list.iter().filter(|one| one["kind"] == kind).count());
            let got = facts.iter().filter(|fact| fact.kind == kind).count();
            if got != wanted {
                wrong.push(format!("{number}: {got} facts of kind {kind}, not {wanted}"));
            }
        }
        limits(number, &golden, &facts, &mut wrong);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(fields > 60 || !golden.join("000.json").exists(), "only {fields} fields were compared");
}

/// The monitored facts that come from a table of indicators have the limits of their row.
fn limits(number: &str, golden: &Value, facts: &[Fact], wrong: &mut Vec<String>) {
    let tight = |text: &str| text.split_whitespace().collect::<String>();
    for monitored in golden["monitored_facts"].as_array().expect("a list of monitored facts") {
        if !value(&monitored["source"]).starts_with("KPI") {
            continue;
        }
        let lines = value(&monitored["lines"]);
        let first: u32 =
            lines.split([',', '-']).next().and_then(|line| line.parse().ok()).unwrap_or_default();
        let mut rows = facts.iter().filter(|fact| fact.kind == "thresholds").flat_map(|fact| &fact.rows);
        let row = rows.find(|row| row.line == first);
        for (theirs, mine) in [("ok", "target"), ("warning", "warning"), ("critical", "critical")] {
            let got = row.and_then(|row| row.get(mine)).unwrap_or("nothing");
            if !tight(&value(&monitored[theirs])).starts_with(&tight(got)) {
                wrong.push(format!("{number}, line {first}: {mine} is {got}, not {}", monitored[theirs]));
            }
        }
    }
}

#[test]
fn the_other_documents_hold_what_the_requirements_say() {
    let Some((folder, _)) = at_hand() else { return };
    let first = document(&folder, "001");
    assert_eq!(rows(&first, "objectives", &["rto"]).len(), 5);
    assert_eq!(rows(&first, "capacity", &["current"]).len(), 6);
    assert_eq!(told(&first, "severity") + &told(&first, "contacts"), "");

    let second = document(&folder, "002");
    let counted = |kind: &str| -> Vec<usize> {
        second.iter().filter(|fact| fact.kind == kind).map(|fact| fact.rows.len()).collect()
    };
    assert_eq!(counted("alert-rules"), [3, 2, 3]);
    assert_eq!(counted("contacts"), [4, 3, 4, 3]);
    assert_eq!(counted("schedule"), [1, 1, 1, 1]);
    let gaps = rows(&second, "contacts", &["filled"]).iter().filter(|row| row.ends_with("no")).count();
    assert_eq!(gaps, 7);
    let times: Vec<_> =
        (1..=4).map(|n| response_time_of(&second, &format!("SEV-{n}")).unwrap_or("none")).collect();
    assert!(times[0].contains("15 min") && times[1] == "< 1 hour" && times[2] == "< 4 hours", "{times:?}");
    assert!(times[3].contains("business day"), "{times:?}");
    assert_eq!(rows(&second, "thresholds", &["target_value"]), ["53 70", "54 80", "55 85"]);
    assert_eq!(rows(&second, "objectives", &["rto", "rpo"]).len(), 2);

    let fourth = document(&folder, "004");
    assert_eq!(told(&fourth, "severity") + &told(&fourth, "contacts"), "");
    assert_eq!(
        rows(&fourth, "alert-rules", &["limit_op", "limit_value"]),
        ["351 >|0.05", "365 >|2000", "381 >|80", "394 >|85"]
    );
    assert_eq!(rows(&fourth, "schedule", &["cadence", "at"]), ["22 daily|09:00", "78 every sunday|02:00"]);
    assert_eq!(rows(&fourth, "objectives", &["rpo", "rto"]).len(), 5);
}

#[test]
fn limits_below_the_name_of_a_metric_are_that_metrics() {
    let facts = facts(
        "# Ops\n\n## Key Metrics to Monitor\n\n1. **Error Rate**\n   - Target: < 1%\n   - Warning: > 3%\n   - Critical: > 5%\n\n2. **Active Sessions**\n   - Warning: > 150\n   - Critical: > 200\n",
    );
    assert_eq!(
        rows(&facts, "thresholds", &["metric", "target", "warning", "critical", "critical_value"]),
        ["6 Error Rate|< 1%|> 3%|> 5%|5", "11 Active Sessions||> 150|> 200|200"]
    );
}

#[test]
fn how_long_it_has_to_hold_is_no_limit() {
    let facts = facts(
        "# Ops\n\n## API slow\n\n**Trigger:** Error rate > 3.6% over 1 hour (of the budget)\n\n## API bad\n\n**Symptoms:** Error rate >5% for >5 minutes\n\n## API down\n\n**Trigger:** Pods down for > 5 minutes\n",
    );
    assert_eq!(
        rows(&facts, "thresholds", &["metric", "limit", "warning", "critical", "target", "for"]),
        ["5 Error rate|> 3.6%||||1 hour", "9 Error rate|> 5%||||5 minutes"]
    );
}

#[test]
fn levels_may_stand_in_a_line_above_their_bullets() {
    let facts = facts(
        "# Ops\n\n## Severity Levels\n\n**P1 - Critical**: Service down\n- Response time: Immediate\n\n**P2 - High**: Slow\n- Response time: 1 hour\n\nText.\n\n- Response time: 1 year\n",
    );
    assert_eq!(
        rows(&facts, "severity", &["level", "criteria", "response_time"]),
        ["5 P1 - Critical|Service down|Immediate", "8 P2 - High|Slow|1 hour"]
    );
}

#[test]
fn people_stand_below_their_label_or_in_a_list_of_support() {
    let facts = facts(
        "# Ops\n\n## Whom to ask\n\n**Level 1 - Administration:**\n- Email: admin@x.example\n- Availability: Mon-Fri\n\n**Level 2 - Engineering:**\n- E-Mail: eng@x.example\n\n### External Support\n\n- **Vendor A**: support@a.example\n- **Vendor B**: support@b.example\n\n### Support matrix\n\n- **Linux**: yes\n",
    );
    assert_eq!(
        rows(&facts, "contacts", &["role", "contact"]),
        [
            "5 Level 1 - Administration|admin@x.example",
            "9 Level 2 - Engineering|eng@x.example",
            "14 Vendor A|support@a.example",
            "15 Vendor B|support@b.example"
        ]
    );
}
