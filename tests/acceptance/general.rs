//! What holds for all five documents.
use firedeck::commands::tools::Tables;
use firedeck::commands::{Lang, Role};
use firedeck::domain::approval::Tier;
use firedeck::domain::settings::CommandRule;
use firedeck::domain::time::Timestamp;
use firedeck::incident::event::{End, Verdict};
use firedeck::model::checklist::Checklist;
use firedeck::model::shelf::Book;
use firedeck::panes::checklist;
use firedeck::runbook::binding::Values;
use firedeck::runbook::catalogue;
use firedeck::runbook::execution::{Kind, Refusal, Run, Session, kind};
use firedeck::runbook::judge::{Seen, judge};

use super::hand::{answered, commands, goes, ok, picture, typed};
use super::paper;
use crate::common::estate::cockpit;

pub(super) const ALL: [&str; 5] = ["000", "001", "002", "003", "004"];

#[test]
fn g1_the_five_give_116_runbooks_with_438_commands_each_with_its_line_and_byte_for_byte() {
    let (mut runbooks, mut found) = (0, 0);
    let model = cockpit(240, 70);
    for number in ALL {
        let (Some(text), Some(document)) = (paper::text(number), paper::read(number)) else { return };
        let lines: Vec<&str> = text.lines().collect();
        runbooks += document.runbooks.len();
        for (_, _, _, command) in commands(&document) {
            let one = &command.statement;
            found += usize::from(matches!(one.role, Role::Action | Role::Query));
            let own = &lines[one.line as usize - 1..one.end_line as usize];
            let told: Vec<&str> = one.text.lines().collect();
            assert_eq!(told.len(), own.len(), "{number}:{}: {}", one.line, one.text);
            for (told, own) in told.iter().zip(own) {
                // The fence's own indent is not a part of it.
                assert!(own.contains(told.trim_start()), "{number}:{}: {told:?} is {own:?}", one.line);
            }
        }
        let document = std::sync::Arc::new(document);
        for runbook in &document.runbooks {
            let mut list = Checklist::new(Book { document: document.clone(), runbook: runbook.clone() });
            let page = checklist::lines(&model, &list, 4_000, 0);
            let page: String =
                page.iter().flat_map(|line| &line.text).flat_map(|fact| [fact.text.as_str(), "\n"]).collect();
            for spot in checklist::spots(runbook).filter(|spot| spot.command.is_some()) {
                list.here = spot;
                let one = &checklist::command(runbook, spot).expect("a command").statement;
                let about = checklist::about(&model, &list)[1]
                    .iter()
                    .map(|fact| fact.text.clone())
                    .collect::<String>();
                let named = if one.end_line > one.line {
                    format!("lines {}–{}", one.line, one.end_line)
                } else {
                    format!("line {}", one.line)
                };
                assert!(about.ends_with(&named), "{number}:{}: {about}", one.line);
                for line in one.text.lines().map(str::trim).filter(|line| !line.is_empty()) {
                    assert!(page.contains(line), "{number}:{}: {line} is not shown", one.line);
                }
            }
        }
    }
    assert_eq!(runbooks, 116);
    // The reading counts one directory for evidence among them, and takes every other `mkdir` for setting up.
    assert_eq!(found + 1, 438);
}

#[test]
fn g1_no_heading_with_anything_to_do_below_it_is_lost() {
    let mut lost = Vec::new();
    for number in ALL {
        let (Some(text), Some(document)) = (paper::text(number), paper::read(number)) else { return };
        let mut known = vec![document.title.clone()];
        for runbook in &document.runbooks {
            known.extend([runbook.title.clone(), runbook.section.clone()]);
            known.extend(runbook.parent.clone());
            for step in &runbook.steps {
                known.push(step.title.clone());
                known.extend(step.phase.clone());
                known.extend(step.text.lines().map(str::to_owned));
            }
            known.extend(runbook.notes.iter().map(|note| note.text.clone()));
        }
        known.extend(document.facts.iter().map(|fact| fact.title.clone()));
        let mut fenced = false;
        for (at, line) in text.lines().enumerate() {
            fenced ^= line.trim_start().starts_with("```");
            let Some(title) = line.strip_prefix("##").map(|rest| rest.trim_start_matches('#').trim()) else {
                continue;
            };
            // Where two fences are not closed, inside and outside are swapped for a while.
            let held =
                document.runbooks.iter().any(|book| (book.line..=book.end_line).contains(&line_number(at)));
            let named = known.iter().any(|known| {
                let plain = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).collect::<String>();
                !known.is_empty()
                    && (plain(title).contains(&plain(known)) || plain(known).contains(&plain(title)))
            });
            if !(held || named || fenced || only_speaks(&text, at)) {
                lost.push(format!("{number}:{} {title}", at + 1));
            }
        }
    }
    assert!(lost.is_empty(), "{}", lost.join("\n"));
}

fn line_number(at: usize) -> u32 {
    u32::try_from(at + 1).expect("a line")
}

/// Prose, links, further headings and a sample of settings: nothing below it could be run, ticked or looked up.
fn only_speaks(text: &str, heading: usize) -> bool {
    let mut below = text.lines().skip(heading + 1).take_while(|line| !line.starts_with('#'));
    let does = |line: &str| {
        let line = line.trim_start();
        line.starts_with("```") && line != "```yaml" || line.starts_with("- [ ]") || line.starts_with('|')
    };
    !below.any(does)
}

#[test]
fn g2_a_read_runs_by_one_key_a_change_asks_once_with_its_target_and_a_danger_is_typed() {
    let Some(mut desk) = paper::desk("000", "Service Outage") else { return };
    goes(&mut desk, 110);
    desk.keys("Enter");
    assert_eq!(desk.sent.len(), 1);
    assert!(desk.model.questions.open.is_none());
    desk.ends(Verdict::Ok);
    goes(&mut desk, 143);
    desk.keys("Enter Enter");
    assert_eq!((desk.tier(), desk.sent.len()), (Some(Tier::Change), 1));
    let asked = answered(&mut desk, &[]);
    for words in ["rollout restart deployment/dashboard -n lego-mcp", "prod-eu"] {
        assert!(asked.contains(words), "{words}: {asked}");
    }
    desk.keys("y");
    assert_eq!(desk.sent.len(), 2, "asked once: {}", picture(&desk));

    let Some(mut desk) = paper::desk("000", "Certificate Renewal") else { return };
    goes(&mut desk, 312);
    desk.keys("Enter Enter");
    assert_eq!(desk.tier(), Some(Tier::Danger), "{}", desk.flash());
    let asked = answered(&mut desk, &[]);
    assert!(asked.contains("danger") && asked.contains("secret"), "{asked}");
    desk.keys("y Enter");
    assert!(desk.sent.is_empty(), "a key is not enough");
    typed(&mut desk, "lego-mcp-tls", "it has expired");
    assert_eq!(desk.sent.len(), 1, "{}", picture(&desk));
}

#[test]
fn g2_nothing_is_read_lower_than_careful_readers_read_it_and_what_is_not_known_is_a_change() {
    for number in ALL {
        let Some(path) = paper::path(number) else { return };
        let golden = path.parent().expect("a folder").join(format!("../golden/{number}.json"));
        let Ok(golden) = std::fs::read_to_string(golden) else { continue };
        let golden: serde_json::Value = serde_json::from_str(&golden).expect("JSON");
        let document = paper::read(number).expect("a document");
        let tier = |value: &serde_json::Value| match value.as_str() {
            Some("danger") => Some(Tier::Danger),
            Some("change") => Some(Tier::Change),
            Some("read") => Some(Tier::Read),
            _ => None,
        };
        let list =
            |value: &serde_json::Value, name: &str| value[name].as_array().cloned().unwrap_or_default();
        let mut held = 0;
        for runbook in list(&golden, "runbooks") {
            for step in list(&runbook, "steps") {
                for want in list(&step, "commands") {
                    let allowed = list(&want, "risk_accept");
                    let least = allowed.iter().chain([&want["risk"]]).filter_map(tier).min();
                    let line = u32::try_from(want["line"].as_u64().unwrap_or(0)).expect("a line");
                    let own = commands(&document).filter(|(_, _, _, one)| one.statement.line == line);
                    let highest = own.map(|(_, _, _, one)| one.statement.risk).max();
                    assert!(highest >= least, "{number}:{line}: {highest:?}, not at least {least:?}");
                    held += usize::from(highest.is_some());
                }
            }
        }
        assert!(held > 30, "{number}: {held}");
    }
    let page = "### Yard\n\n```bash\nfrobnicate --all\n./scripts/own.sh check\nyardctl get cranes\n```\n";
    let lowered = |words: &str| CommandRule {
        words: words.split(' ').map(str::to_owned).collect(),
        risk: Tier::Read,
        why: String::new(),
        marks: Vec::new(),
    };
    for (_, _, _, command) in commands(&catalogue::read("yard.md", page, &Tables::default())) {
        assert!(command.statement.risk >= Tier::Change, "{}", command.statement.text);
    }
    // A rule raises what it names, and lowers nothing that is known.
    let Some(text) = paper::text("000") else { return };
    let raised = CommandRule { risk: Tier::Danger, ..lowered("kubectl get") };
    let tables = Tables { rules: vec![lowered("kubectl delete"), raised] };
    let plain = catalogue::read("000.md", &text, &Tables::default());
    let ruled = catalogue::read("000.md", &text, &tables);
    let pairs = commands(&plain).zip(commands(&ruled));
    let mut higher = 0;
    for ((_, _, _, before), (_, _, _, after)) in pairs {
        assert!(after.statement.risk >= before.statement.risk, "{}", after.statement.text);
        higher += usize::from(after.statement.risk > before.statement.risk);
    }
    assert!(higher > 4, "{higher}");
}

#[test]
fn g3_what_is_not_filled_in_is_never_sent() {
    for number in ALL {
        let Some(document) = paper::read(number) else { return };
        let mut open = 0;
        for runbook in &document.runbooks {
            let run = Run::new("r1", runbook.clone());
            for (at, step) in (0..).zip(&runbook.steps) {
                for (n, command) in (0..).zip(&step.commands) {
                    let wanted = command.placeholders.iter().any(|one| one.default.is_none());
                    if !wanted {
                        continue;
                    }
                    open += 1;
                    let may = run.may(at, n, &Values::default());
                    assert!(may.is_err(), "{number}:{}: {may:?}", command.statement.line);
                    if !command.future && command.statement.role == Role::Action {
                        let missing = run.may(at, n, &Values::default()).expect_err("refused");
                        let early = matches!(
                            missing,
                            Refusal::Missing(_)
                                | Refusal::NotChosen { .. }
                                | Refusal::Undecided { .. }
                                | Refusal::Elsewhere { .. }
                                | Refusal::NotHere { .. }
                                | Refusal::Copied
                                | Refusal::Language(_)
                        );
                        assert!(early, "{number}:{}: {missing:?}", command.statement.line);
                    }
                }
            }
        }
        println!("{number}: {open} commands wait for a value");
    }
    let Some(mut desk) = paper::desk("000", "Security Incident Response") else { return };
    for line in [445, 454, 455, 458, 469] {
        goes(&mut desk, line);
        desk.keys("Enter");
        assert!(!desk.model.overlays.is_empty(), "{line}: {}", desk.flash());
        desk.keys("Esc");
        assert!(desk.sent.is_empty() && desk.looked.is_empty(), "{line}");
    }
}

#[test]
fn g4_what_does_not_end_or_wants_a_terminal_is_a_job_or_has_one_and_never_follows_by_itself() {
    let known = [
        ("000", 369, Kind::Terminal),
        ("000", 398, Kind::Terminal),
        ("000", 458, Kind::Job),
        ("001", 415, Kind::Terminal),
        ("001", 677, Kind::Job),
        ("001", 678, Kind::Job),
        ("003", 27, Kind::Job),
        ("004", 579, Kind::Job),
    ];
    for number in ALL {
        let Some(document) = paper::read(number) else { return };
        for (runbook, at, n, command) in commands(&document) {
            let one = &command.statement;
            let hangs = one.traits.endless || one.traits.interactive || one.traits.background;
            assert_eq!(hangs, kind(command) != Kind::Plain, "{number}:{}", one.line);
            if let Some((_, line, how)) = known.iter().find(|known| (known.0, known.1) == (number, one.line))
            {
                assert_eq!(kind(command), *how, "{number}:{line}");
            }
            let run = Run::new("r1", std::sync::Arc::new(runbook.clone()));
            if let Ok(go) = run.may(at, n, &Values::default()) {
                assert!(!hangs || !go.asks.is_empty(), "{number}:{}: it would run at once", one.line);
            }
        }
    }
}

#[test]
fn g5_statements_of_one_fence_share_a_shell_and_a_new_run_starts_clean() {
    let mut several = 0;
    for number in ALL {
        let Some(document) = paper::read(number) else { return };
        for runbook in &document.runbooks {
            let fences = firedeck::runbook::execution::fence::Fences::of(runbook);
            let mut shells: std::collections::BTreeMap<u32, u32> = std::collections::BTreeMap::new();
            for (at, step) in (0..).zip(&runbook.steps) {
                for (n, command) in (0..).zip(&step.commands) {
                    let stand = fences.stand((at, n)).expect("it stands somewhere");
                    // What stands behind `ssh` and the like is there, not here.
                    if stand.inside.is_some() || stand.opens || command.attributes.block == 0 {
                        continue;
                    }
                    let shell = shells.entry(command.attributes.block).or_insert(stand.fence);
                    assert_eq!(*shell, stand.fence, "{number}:{}", command.statement.line);
                    several += 1;
                }
            }
        }
    }
    assert!(several > 400, "{several}");
    let Some(document) = paper::read("000") else { return };
    let runbook =
        document.runbooks.iter().find(|one| one.title.starts_with("Service Outage")).expect("there");
    for name in ["r1", "r2"] {
        let (step, command) = super::hand::spot(runbook, 110);
        let go = Run::new(name, runbook.clone()).may(step, command, &Values::default()).expect("it may");
        assert_eq!(go.session, Session::New);
    }
}

#[test]
fn g7_no_data_is_never_green() {
    let mut silent = Vec::new();
    for number in ALL {
        let Some(document) = paper::read(number) else { return };
        for runbook in &document.runbooks {
            for step in &runbook.steps {
                for (n, command) in step.commands.iter().enumerate() {
                    let one = &command.statement;
                    if (one.role, one.lang) != (Role::Action, Lang::Shell) || one.risk > Tier::Read {
                        continue;
                    }
                    let parts = firedeck::commands::shell::parts::parts(&one.text).last.len().max(1);
                    let end = End::Exit(vec![0; parts]);
                    let seen = Seen {
                        end: &end,
                        stdout: "",
                        stderr: "",
                        whole: true,
                        terminal: false,
                        now: Timestamp(0),
                    };
                    let judged = judge(step, n, &one.text, &seen);
                    // What is only put into a variable is looked at by whoever uses it.
                    let assigns = firedeck::commands::shell::parts::parts(&one.text).assigns;
                    if judged.verdict == Verdict::Ok && !assigns {
                        silent.push(format!("{number}:{} {}", one.line, one.text));
                    }
                }
            }
        }
    }
    // What writes nothing when it is well.
    let may = [
        "pg_dump",
        "kubectl cp",
        "if ",
        "echo ",
        "gpg",
        "nc ",
        "test ",
        "[",
        "cd ",
        "diff",
        "tcpdump",
        " > ",
        "--quiet",
        "-o /dev/null",
        "sleep",
        ">>",
    ];
    silent.retain(|line| !may.iter().any(|word| line.contains(word)));
    assert!(silent.is_empty(), "{}", silent.join("\n"));
}

#[test]
fn g7_a_fact_of_a_profile_that_nobody_answers_is_not_green() {
    for (name, text) in firedeck::config::PROFILES {
        let source = firedeck::config::Source { name: (*name).into(), text: (*text).into() };
        let mut model = crate::common::estate::connected(160, 60);
        model.settings.profile = firedeck::config::check_profile(name, &source).expect("a good profile");
        for key in ["0", "9"] {
            crate::common::estate::press(&mut model, key);
            let seen = crate::screens::picture(&model);
            assert!(!seen.contains('✓'), "{name}: {seen}");
        }
    }
}

#[test]
fn g9_a_setter_shows_the_old_and_the_new_value_before_it_runs() {
    let Some(mut desk) = paper::desk("001", "Redis Optimization") else { return };
    goes(&mut desk, 671);
    desk.keys("Enter");
    let asked = answered(&mut desk, &[("maxmemory", ok("maxmemory\n17179869184\n"))]);
    assert!(asked.contains("→ 4gb"), "{asked}");
    assert!(asked.contains("17179869184") || asked.contains("16gb") || asked.contains("16 G"), "{asked}");
    assert!(desk.sent.is_empty());

    let Some(mut desk) = paper::desk("003", "P0 Critical") else { return };
    goes(&mut desk, 31);
    desk.keys("Enter");
    let row = "Deployment   alecs   alecs-server   3   3   app   alecs:1   <none>   <none>   <none>   <none>   7   <none>   <none>   <none>   <none>\n";
    let scaler = "alecs   alecs-server   Deployment   alecs-server   2   10\n";
    let asked = answered(&mut desk, &[("get hpa", ok(scaler)), ("alecs-server", ok(row))]);
    assert!(asked.contains("3 → 5"), "{asked}");
    assert!(asked.contains("autoscaler"), "{asked}");
}
