//! The runbooks that come with firedeck: what a team may copy from them has to be right in every part.
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use firedeck::commands::tools::Tables;
use firedeck::config::PROFILES;
use firedeck::domain::approval::Tier;
use firedeck::runbook::lint::{Context, lint};
use firedeck::runbook::placeholder::Quoting;
use firedeck::runbook::{Command, Document, Runbook, Step, StepKind, catalogue};
use firedeck::sources::documents::models::MODELS;

use super::programs::World;

/// What is looked at every day is no incident, and has other parts.
const DAILY: &str = "shift.md";
/// Its steps are done one after the other: there is nothing to choose from.
const IN_ORDER: &str = "region-failover.md";

struct Model {
    name: &'static str,
    text: &'static str,
    document: Document,
}

impl Model {
    fn line(&self, number: u32) -> &'static str {
        self.text.lines().nth(number as usize - 1).unwrap_or_default().trim()
    }

    fn commands(&self) -> impl Iterator<Item = (&Step, &Command)> {
        let steps = self.document.runbooks.iter().flat_map(|book| &book.steps);
        steps.flat_map(|step| step.commands.iter().map(move |command| (step, command)))
    }
}

fn models() -> Vec<Model> {
    let read = |(name, text): &(&'static str, &'static str)| Model {
        name,
        text,
        document: catalogue::read(name, text, &Tables::default()),
    };
    MODELS.iter().map(read).collect()
}

/// Those of one incident each.
fn incidents() -> Vec<Model> {
    models().into_iter().filter(|model| model.name != DAILY).collect()
}

fn only(model: &Model) -> &Runbook {
    assert_eq!(model.document.runbooks.len(), 1, "{}", model.name);
    &model.document.runbooks[0]
}

fn steps_of<'a>(book: &'a Runbook, phase: &str) -> Vec<&'a Step> {
    book.steps.iter().filter(|step| step.phase.as_deref() == Some(phase)).collect()
}

/// `<…>` as it stands in a text.
fn marked(text: &str) -> BTreeSet<&str> {
    let begins = |at: &usize| text[at + 1..].starts_with(|c: char| c.is_ascii_lowercase());
    let starts = text.match_indices('<').map(|(at, _)| at).filter(begins);
    starts.filter_map(|at| Some(&text[at..=at + text[at..].find('>')?])).collect()
}

#[test]
fn every_file_of_the_folder_is_carried_and_named_once() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/runbooks");
    let files = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry"));
    let files: BTreeSet<String> =
        files.map(|entry| entry.file_name().into_string().expect("UTF-8")).collect();
    let carried: Vec<&str> = MODELS.iter().map(|(name, _)| *name).collect();
    assert_eq!(files.iter().map(String::as_str).collect::<Vec<_>>(), carried);
    let titles: BTreeSet<String> = models().iter().map(|model| model.document.title.clone()).collect();
    assert_eq!(titles.len(), carried.len());
}

#[test]
fn nothing_in_a_model_is_to_be_mended() {
    for model in models() {
        assert!(model.document.defects.is_empty(), "{}: {:?}", model.name, model.document.defects);
        let exists = |path: &str| MODELS.iter().any(|(name, _)| *name == path);
        let context = Context { text: Some(model.text), exists: Some(&exists) };
        let findings = lint(&model.document, &context);
        let first = findings.first().map(|one| format!("{}:{} {}", model.name, one.line, one.reason));
        assert_eq!(first, None, "{} findings", findings.len());
    }
}

#[test]
fn a_model_of_an_incident_has_every_part_in_its_order() {
    for model in incidents() {
        let (name, book) = (model.name, only(&model));
        assert_eq!(model.line(2), format!("title: {}", book.title), "{name}");
        assert!(matches!(book.severity.as_deref(), Some("P1" | "P2" | "P3")), "{name}");
        assert!(book.response_time.is_some() && book.trigger.is_some(), "{name}");
        assert!(book.symptoms.len() >= 2 && !book.alerts.is_empty(), "{name}");
        let parts = ["Diagnosis", "Decision", "Mitigation", "Verify", "Follow-up"];
        let mut at: Vec<usize> = Vec::new();
        for part in parts {
            let first = book.steps.iter().position(|step| step.phase.as_deref() == Some(part));
            at.push(first.unwrap_or_else(|| panic!("{name} has no {part}")));
        }
        assert!(at.is_sorted(), "{name}: {at:?}");
        let branches = |part| steps_of(book, part).iter().filter(|step| step.branch.is_some()).count();
        assert!(branches("Decision") >= 3, "{name} decides between {}", branches("Decision"));
        assert!(branches("Mitigation") >= 2 || name == IN_ORDER, "{name}");
        let ticks = steps_of(book, "Follow-up");
        assert!(ticks.len() >= 2 && ticks.iter().all(|step| step.checkbox == Some(false)), "{name}");
        let contacts = model.document.facts.iter().find(|fact| fact.kind == "contacts").expect(name);
        assert!(contacts.rows.len() >= 2 && contacts.title == "Escalation", "{name}");
        for row in &contacts.rows {
            assert!(row.get("contact").is_some() && row.get("escalation").is_some(), "{name}: {row:?}");
        }
    }
}

#[test]
fn a_model_looks_before_it_changes_anything() {
    for model in incidents() {
        let (name, book) = (model.name, only(&model));
        let before = book.steps.iter().take_while(|step| step.phase.as_deref() != Some("Mitigation"));
        for command in before.flat_map(|step| &step.commands) {
            let one = &command.statement;
            assert!(one.risk == Tier::Read, "{name}:{} is {}: {}", one.line, one.risk, one.why);
        }
        for step in &book.steps {
            let choices = step.kind == StepKind::Branch;
            assert!(!choices || step.commands.is_empty(), "{name}:{}", step.line);
        }
    }
}

#[test]
fn every_change_says_how_it_is_undone_and_has_read_what_it_needs_for_that() {
    for model in models() {
        for (step, command) in model.commands() {
            let one = &command.statement;
            let place = format!("{}:{} {}", model.name, one.line, one.text);
            let undo = command.attributes.undo.as_deref();
            assert_eq!(undo.is_some(), one.risk > Tier::Read, "{place} ({}, {undo:?})", one.why);
            let old = undo.is_some_and(|undo| undo.contains("noted above") || undo.contains("kept"));
            let read = step.commands.iter().any(|other| {
                let reads = other.statement.risk == Tier::Read || other.statement.text.starts_with("cp ");
                reads && other.statement.line <= one.line
            });
            assert!(!old || read, "{place} undoes to what nothing has shown");
        }
    }
}

#[test]
fn every_command_is_known_and_ends_by_itself() {
    for model in models() {
        for (_, command) in model.commands() {
            let one = &command.statement;
            let place = format!("{}:{} {} ({})", model.name, one.line, one.text, one.why);
            assert!(!one.traits.opaque && !one.why.contains("not a known"), "{place}");
            assert!(!one.traits.endless && !one.traits.background && !command.future, "{place}");
            let asks = one.text.contains("\\password");
            assert!(!one.traits.interactive || asks, "{place} needs a terminal");
        }
    }
}

#[test]
fn no_fence_of_a_model_is_lost() {
    for model in models() {
        let mut covered: BTreeSet<u32> = BTreeSet::new();
        for (_, command) in model.commands() {
            covered.extend(command.statement.line..=command.statement.end_line);
        }
        let mut inside = false;
        for (number, line) in (1..).zip(model.text.lines()) {
            if line.trim_start().starts_with("```") {
                inside = !inside;
            } else if inside && !line.trim().is_empty() {
                assert!(covered.contains(&number), "{}:{number} {line}", model.name);
            }
        }
    }
}

#[test]
fn what_is_to_be_filled_in_has_one_style_and_never_stands_bare() {
    for model in models() {
        for (_, command) in model.commands() {
            let one = &command.statement;
            let place = format!("{}:{} {}", model.name, one.line, one.text);
            let found: BTreeSet<&str> = command.placeholders.iter().map(|one| one.text.as_str()).collect();
            assert_eq!(found, marked(&one.text), "{place}");
            for placeholder in &command.placeholders {
                let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
                assert!(placeholder.name.chars().all(plain), "{place}");
                assert!(placeholder.places.iter().all(|one| one.quoting != Quoting::Bare), "{place}");
            }
        }
    }
}

#[test]
fn a_step_is_found_under_the_number_that_the_text_gives_it() {
    const NTH: [&str; 5] = ["first", "second", "third", "fourth", "fifth"];
    for model in incidents() {
        let book = only(&model);
        for step in &book.steps {
            let line = model.line(step.line);
            if line.starts_with(|c: char| c.is_ascii_digit()) {
                assert!(line.starts_with(&format!("{}. ", step.n)), "{}: {line} is {}", model.name, step.n);
            }
            // `Step 7, third choice.`
            let text = step.text.to_lowercase();
            for (at, _) in text.match_indices("step ") {
                let rest = &text[at + 5..];
                let number: String = rest.chars().take_while(char::is_ascii_digit).collect();
                assert!(book.steps.iter().any(|one| one.n == number), "{}: {text}", model.name);
                let of_it = |one: &&Step| one.n.strip_prefix(number.as_str()).is_some_and(is_letter);
                let choices = book.steps.iter().filter(of_it).count();
                let sentence = rest.split(['.', ':', ';']).next().unwrap_or_default();
                let wanted = NTH.iter().rposition(|nth| {
                    sentence.contains(&format!("{nth} choice")) || sentence.contains(&format!("{nth} and"))
                });
                assert!(wanted.is_none_or(|nth| nth < choices), "{}: {text}", model.name);
            }
        }
    }
}

fn is_letter(rest: &str) -> bool {
    rest.len() == 1 && rest.starts_with(|c: char| c.is_ascii_lowercase())
}

#[test]
fn what_is_verified_can_be_judged() {
    for model in incidents() {
        for step in steps_of(only(&model), "Verify") {
            let given = step.commands.iter().any(|command| command.attributes.expect.is_some());
            // `grep -F` says it by its exit code; what must be compared by eye says with what.
            let compared = step.commands.iter().any(|command| {
                let text = &command.statement.text;
                text.contains("grep -Fx") || text.contains("getent") || text.contains("SELECT max(")
            });
            assert!(given || step.expected.is_some() || compared, "{}:{}", model.name, step.line);
        }
    }
}

/// The alerts that our own profiles watch for, by the names their documents gave them.
fn alerts_of_profiles() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (name, text) in PROFILES {
        let profile: toml::Table = text.parse().expect(name);
        for limit in profile.get("limits").and_then(toml::Value::as_array).into_iter().flatten() {
            let of = |key: &str| limit.get(key).and_then(toml::Value::as_str).unwrap_or_default();
            let alert = of("name").split(',').next().unwrap_or_default();
            let humps = alert.chars().filter(char::is_ascii_uppercase).count();
            let one = alert.chars().all(|c| c.is_ascii_alphanumeric());
            if one && humps >= 2 && of("source") == "promql" {
                found.insert(alert.to_owned());
            }
        }
    }
    found
}

#[test]
fn every_alert_has_one_model_and_none_of_our_profiles_is_without() {
    let mut served: BTreeMap<String, &str> = BTreeMap::new();
    for model in models() {
        for alert in model.document.runbooks.iter().flat_map(|book| &book.alerts) {
            let camel = alert.starts_with(|c: char| c.is_ascii_uppercase())
                && alert.chars().all(|c| c.is_ascii_alphanumeric());
            assert!(camel, "{}: {alert}", model.name);
            let other = served.insert(alert.to_lowercase(), model.name);
            assert_eq!(other, None, "{alert} is served by {} too", model.name);
        }
    }
    let watched = alerts_of_profiles();
    assert!(watched.len() >= 10 && watched.contains("ALECSDown"), "{watched:?}");
    let without = watched.iter().find(|alert| !served.contains_key(&alert.to_lowercase()));
    assert_eq!(without, None);
}

#[test]
fn the_binary_carries_them_and_reads_them_only_where_they_are_named() {
    let world = World::with_cranes();
    let own = world.run(&["list", "docs"]).good();
    assert!(!own.contains("models:"), "{own}");
    let all = world.run(&["list", "models:"]).good();
    assert!(all.contains("models:crash-loop.md:1") && all.contains("Crash loop after a release"), "{all}");
    assert!(all.ends_with(&format!("runbooks in {} documents\n", MODELS.len())), "{all}");
    let both = world.run(&["list", "docs", "models:disk-full"]).good();
    assert!(both.contains("Crane does not lift") && both.ends_with("in 2 documents\n"), "{both}");
    for name in ["models:crash-loop", "models:crash-loop.md:30"] {
        let shown = world.run(&["show", name]).good();
        assert!(shown.starts_with("Crash loop after a release\n"), "{name}: {shown}");
    }
    let alert = ["search", "--in", "models:", "--alert", "KubePodCrashLooping", "--json"];
    assert_eq!(world.run(&alert).json()["hits"][0]["path"], "models:crash-loop.md");
    assert_eq!(world.run(&["lint", "models:", "--deny", "note"]).code, 0);
    let none = world.run(&["list", "models:zeppelin"]);
    assert!(none.code == 1 && none.err.contains("models:zeppelin: there is no such model"), "{}", none.err);
    assert_eq!(world.run(&["show", "models:zeppelin"]).code, 1);
    world.write("models:/own.md", "# Own\n\n## Crane turns\n\n```bash\nkubectl get pods -n yard\n```\n");
    let file = world.run(&["list", "./models:"]).good();
    assert!(file.contains("Crane turns"), "a folder of that name is reached by its path: {file}");
}
