//! Working through a runbook by keys: what runs at once, what is asked first, what is refused.
use std::sync::Arc;

use firedeck::commands::effect::Answer;
use firedeck::commands::tools::Tables;
use firedeck::domain::approval::Tier;
use firedeck::domain::time::Timestamp;
use firedeck::incident::event::{Order, Verdict};
use firedeck::model::checklist::Spot;
use firedeck::model::msg::{Effect, Msg};
use firedeck::model::overlay::{Ask, Overlay};
use firedeck::model::run::{Line, News, Tail};
use firedeck::runbook::catalogue;
use firedeck::runbook::execution::State;

use crate::common::desk::Desk;
use crate::common::estate::{press, say, shelve_all, type_text};

const PAGE: &str = "# Yard

## The crane stands still

1. Look
   ```bash
   uptime
   kubectl get pods -n yard
   kubectl describe pod <pod-name> -n yard
   ```
2. Mend it
   ```bash
   kubectl rollout restart deployment/crane -n yard
   kubectl delete namespace yard
   ```
3. Tell the harbour master
4. Choose
   - If the belt is torn
     ```bash
     kubectl get deployment belt -n yard
     ```
   - If the motor is hot
     ```bash
     kubectl get deployment motor -n yard
     ```
";

#[test]
fn what_only_reads_runs_on_enter_and_the_cursor_goes_on_when_it_went_well() {
    let mut desk = Desk::open(PAGE);
    desk.keys("Enter");
    assert_eq!(desk.sent, ["uptime"]);
    assert_eq!(desk.state(0, 0), State::Running);
    desk.ends(Verdict::Ok);
    assert_eq!(desk.state(0, 0), State::Ok);
    assert_eq!(desk.here(), Spot { step: 0, command: Some(1) });
    desk.keys("Enter");
    desk.ends(Verdict::Failed);
    assert_eq!(desk.here(), Spot { step: 0, command: Some(1) }, "what went wrong is looked at");
}

#[test]
fn a_value_is_asked_for_once_with_what_is_selected_offered_and_quoted_for_its_place() {
    let mut desk = Desk::open(PAGE);
    desk.keys("j j Enter");
    let Some(Overlay::Line { ask: Ask::RunValue { name, .. }, .. }) = desk.model.overlays.last() else {
        panic!("{:?}", desk.model.overlays)
    };
    assert_eq!(name, "pod-name");
    assert!(desk.sent.is_empty());
    desk.types("crane 0; rm -rf /");
    assert_eq!(desk.sent, ["kubectl describe pod 'crane 0; rm -rf /' -n yard"]);
    desk.ends(Verdict::Ok);
    // Asked once: it runs again without a question, as it only reads.
    desk.keys("k Enter");
    assert!(desk.model.overlays.is_empty(), "{:?}", desk.model.overlays);
}

#[test]
fn a_value_that_is_left_runs_nothing() {
    let mut desk = Desk::open(PAGE);
    desk.keys("j j Enter Esc");
    assert!(desk.sent.is_empty() && desk.model.overlays.is_empty());
    desk.keys("j j j j");
    assert!(desk.sent.is_empty(), "it is not run by the next key");
    desk.keys("g j j Enter").types("");
    assert!(desk.sent.is_empty());
}

#[test]
fn a_change_asks_once_by_another_key_and_is_looked_at_first() {
    let mut desk = Desk::open(PAGE);
    desk.keys("] Enter");
    assert!(desk.sent.is_empty());
    assert_eq!(desk.tier(), Some(Tier::Change));
    let looks = desk.looked.last().expect("it is looked at").1.join("\n");
    assert!(looks.contains("kubectl") && looks.contains("crane") && !looks.contains("restart "), "{looks}");
    desk.reads();
    desk.keys("Enter");
    assert!(desk.sent.is_empty(), "the key that asked does not answer");
    desk.keys("y");
    assert_eq!(desk.sent, ["kubectl rollout restart deployment/crane -n yard"]);
}

#[test]
fn a_danger_wants_its_target_typed_and_a_reason_the_first_time() {
    let mut desk = Desk::open(PAGE);
    desk.keys("] j Enter");
    assert_eq!(desk.tier(), Some(Tier::Danger));
    desk.reads();
    desk.keys("y Enter");
    assert!(desk.sent.is_empty());
    let typed = |desk: &mut Desk, text: &str| {
        press(&mut desk.model, "Ctrl-U");
        type_text(&mut desk.model, text);
        desk.keys("Enter");
    };
    typed(&mut desk, "yard");
    assert!(desk.sent.is_empty(), "a reason is still wanted");
    desk.keys("Enter");
    assert!(desk.sent.is_empty(), "an empty one is none");
    typed(&mut desk, "it burns");
    assert_eq!(desk.sent, ["kubectl delete namespace yard"]);
}

#[test]
fn a_question_that_is_left_runs_nothing_and_forgets_what_was_wanted() {
    let mut desk = Desk::open(PAGE);
    desk.keys("] Enter");
    desk.reads();
    desk.keys("Esc");
    assert!(desk.sent.is_empty() && desk.model.overlays.is_empty() && desk.model.runs.looking.is_none());
    desk.keys("k j");
    assert!(desk.sent.is_empty());
}

#[test]
fn it_runs_on_until_something_has_to_be_asked_and_stops_at_what_went_wrong() {
    let mut desk = Desk::open(PAGE);
    desk.keys("u");
    desk.ends(Verdict::Ok);
    desk.ends(Verdict::Ok);
    assert_eq!(desk.sent.len(), 2, "then a value is wanted");
    desk.types("crane-0");
    desk.ends(Verdict::Ok);
    assert_eq!((desk.sent.len(), desk.here()), (3, Spot { step: 1, command: Some(0) }));
    assert!(desk.model.questions.open.is_none(), "it is not even asked about by itself");

    let mut desk = Desk::open(PAGE);
    desk.keys("u");
    desk.ends(Verdict::Failed);
    assert_eq!(desk.sent.len(), 1, "{}", desk.flash());
    assert!(desk.flash().ends_with("j u goes on behind it"), "it is said at once: {}", desk.flash());
    desk.keys("u");
    let says = "this did not go well: o shows what it wrote, Enter runs it again, j u goes on behind it";
    assert_eq!(desk.flash(), says);
    desk.keys("j u");
    assert_eq!(desk.sent.len(), 2, "who goes past it has seen it");
}

#[test]
fn reading_goes_on_over_what_found_trouble_and_says_how_much_was_found() {
    let mut desk = Desk::open(PAGE);
    desk.keys("u");
    desk.ends(Verdict::Trouble);
    assert_eq!((desk.sent.len(), desk.state(0, 0)), (2, State::Trouble), "{}", desk.flash());
    desk.ends(Verdict::Trouble);
    let known = &desk.model.runs.all["r1"].run;
    assert_eq!(known.progress().bad, 0);
    desk.types("crane-0");
    desk.ends(Verdict::Ok);
    let progress = desk.model.runs.all["r1"].run.progress();
    assert_eq!((progress.trouble, progress.bad, progress.done), (1, 0, 1), "{progress:?}");
    assert!(progress.says().contains("1 found trouble"), "{}", progress.says());
    wide(&mut desk);
    let text = crate::screens::picture(&desk.model);
    assert!(text.contains("1 found trouble") && !text.contains("went wrong"), "{text}");
    // Alone it is looked at before anything else.
    let mut desk = Desk::open(PAGE);
    desk.keys("Enter");
    desk.ends(Verdict::Trouble);
    assert_eq!(desk.here(), Spot { step: 0, command: Some(0) });
    let text = crate::screens::picture(&desk.model);
    assert!(text.lines().any(|line| line.contains("▲") && line.contains("found trouble")), "{text}");
}

#[test]
fn what_is_said_of_a_key_is_the_key_that_is_bound() {
    use firedeck::domain::settings::{Action, Key, Scope};
    let mut desk = Desk::open(PAGE);
    let key = |text: &str| Key::parse(text).expect("a key");
    let keymap = &mut desk.model.settings.keymap;
    keymap.bind(Scope::Checklist, key("s"), None);
    keymap.bind(Scope::Checklist, key("F9"), Some(Action::StopStep));
    keymap.bind(Scope::Checklist, key("Enter"), None);
    keymap.bind(Scope::Checklist, key("F10"), Some(Action::RunStep));
    desk.keys("F10 F9");
    assert!(desk.flash().ends_with("F9 again to stop it"), "{}", desk.flash());
    desk.ends(Verdict::Ok);
    desk.keys("G D").types("over");
    assert_eq!(desk.flash(), "the run is closed; F10 begins another");
}

#[test]
fn steps_are_ticked_skipped_with_a_reason_and_taken_back() {
    let mut desk = Desk::open(PAGE);
    desk.keys("] ] Space");
    let view = |desk: &Desk| desk.model.runs.all["r1"].run.view(2).expect("a step").state;
    assert_eq!(view(&desk), State::Ticked);
    desk.keys("Space");
    assert_eq!(view(&desk), State::ToDo);
    desk.keys("x").types("he knows");
    assert_eq!(view(&desk), State::Skipped { reason: "he knows".into() });
    desk.keys("x");
    assert_eq!(view(&desk), State::ToDo);
}

#[test]
fn enter_ticks_nothing_that_is_done_by_hand_and_names_the_key_that_does() {
    let mut desk = Desk::open(PAGE);
    desk.keys("] ] Enter");
    let done = desk.model.runs.all.get("r1").and_then(|known| known.run.view(2)).map(|view| view.state);
    assert!(done.is_none_or(|state| state == State::ToDo), "it was not ticked");
    assert_eq!(desk.flash(), "this is done by hand: Space ticks it");
}

/// Wide enough for every sentence to stand in one line.
fn wide(desk: &mut Desk) {
    say(&mut desk.model, Msg::Resized { columns: 240, rows: 50 });
}

fn wrote(desk: &mut Desk, order: &Order, count: usize) {
    let line = |n: usize| Line { text: format!("row {n}"), ..Line::default() };
    let tail = Tail { lines: (1..=count).map(line).collect(), bytes: 100 };
    say(&mut desk.model, Msg::Ran(News::Tail(order.clone(), tail)));
}

#[test]
fn where_rows_are_free_the_output_of_the_last_command_stays_open_from_its_first_line() {
    let mut desk = Desk::open("# Yard\n\n## Look\n\n1. Look\n   ```bash\n   uptime\n   date\n   ```\n");
    desk.keys("Enter");
    let order = desk.last.clone().expect("it runs").1;
    wrote(&mut desk, &order, 16);
    desk.ends(Verdict::Ok);
    assert_eq!(desk.here().command, Some(1), "the cursor has gone on");
    let text = crate::screens::picture(&desk.model);
    assert!(text.contains("│ row 1 ") && text.contains("│ row 16"), "{text}");
    // Where there is no room for all of it, its beginning stands there as long as the cursor does.
    desk.keys("k");
    wrote(&mut desk, &order, 60);
    let text = crate::screens::picture(&desk.model);
    assert!(
        text.contains("│ row 1 ") && text.contains("more lines: o") && !text.contains("row 60"),
        "{text}"
    );
}

#[test]
fn the_output_of_what_ran_last_is_read_from_a_line_that_has_not_run() {
    let mut desk = Desk::open(PAGE);
    desk.keys("o");
    assert_eq!(desk.flash(), "nothing ran here yet");
    desk.keys("Enter");
    let order = desk.last.clone().expect("it runs").1;
    desk.ends(Verdict::Ok);
    assert_eq!(desk.here().command, Some(1));
    let effects = press(&mut desk.model, "o");
    assert!(
        matches!(&effects[..], [Effect::ReadOutput { order: read, .. }] if *read == order),
        "{effects:?}"
    );
    let text = crate::screens::picture(&desk.model);
    assert!(text.contains("uptime · standard output"), "{text}");
}

#[test]
fn a_value_that_is_given_is_shown_and_replaced_by_what_is_typed_anew() {
    let mut desk = Desk::open(PAGE);
    wide(&mut desk);
    desk.keys("j j Enter").types("crane-0");
    desk.ends(Verdict::Ok);
    desk.keys("k");
    let text = crate::screens::picture(&desk.model);
    assert!(text.contains("with: <pod-name> = crane-0") && !text.contains("fill in"), "{text}");
    desk.keys("v");
    type_text(&mut desk.model, "belt-7");
    desk.keys("Enter");
    let value = desk.model.runs.all["r1"].run.values().get("pod-name").map(|value| value.text.clone());
    assert_eq!(value.as_deref(), Some("belt-7"));
    let text = crate::screens::picture(&desk.model);
    assert!(text.contains("with: <pod-name> = belt-7"), "{text}");
    assert!(text.contains("ran: kubectl describe pod crane-0 -n yard"), "{text}");
}

#[test]
fn what_was_edited_stands_below_the_line_of_the_document() {
    let mut desk = Desk::open(PAGE);
    desk.keys("e").types("uptime --pretty");
    desk.ends(Verdict::Ok);
    let text = crate::screens::picture(&desk.model);
    assert!(text.contains("ran: uptime --pretty"), "{text}");
}

#[test]
fn a_skipped_step_is_not_done_and_the_end_of_all_says_which_key_ends_it() {
    let mut desk = Desk::open("# Yard\n\n## Tell\n\n1. Tell the master\n2. Tell the crew\n");
    wide(&mut desk);
    desk.keys("Space ] x").types("they know");
    let text = crate::screens::picture(&desk.model);
    assert!(text.contains("1 of 2 done") && text.contains("1 skipped"), "{text}");
    assert!(text.contains("finished: D ends it"), "{text}");
    desk.keys("D");
    assert_eq!(desk.model.runs.all["r1"].run.closed(), Some(true), "nothing is asked");
}

#[test]
fn one_command_that_failed_on_a_way_is_counted_once() {
    let mut desk = Desk::open(PAGE);
    wide(&mut desk);
    desk.keys("G Enter Enter");
    desk.ends(Verdict::Failed);
    let text = crate::screens::picture(&desk.model);
    assert!(text.contains("1 went wrong"), "{text}");
}

#[test]
fn that_a_change_ran_before_is_a_warning_and_not_half_a_sentence() {
    let mut desk = Desk::open(PAGE);
    desk.keys("] Enter");
    desk.reads();
    desk.keys("y");
    desk.ends(Verdict::Ok);
    desk.keys("k Enter");
    let text = crate::screens::picture(&desk.model);
    assert!(text.contains("▲ it ran once before"), "{text}");
}

#[test]
fn enter_on_a_way_chooses_it_before_anything_of_it_runs() {
    let mut desk = Desk::open(PAGE);
    desk.keys("G Enter");
    assert!(desk.sent.is_empty() && desk.flash().contains("motor"), "{}", desk.flash());
    desk.keys("Enter");
    assert_eq!(desk.sent, ["kubectl get deployment motor -n yard"]);
}

#[test]
fn what_was_edited_is_read_anew_and_marked_as_the_operators_own() {
    let mut desk = Desk::open(PAGE);
    desk.keys("e").types("kubectl delete pod crane-0 -n yard");
    assert!(desk.sent.is_empty(), "uptime needed no question; this does");
    assert!(desk.tier() >= Some(Tier::Change));
    desk.reads();
    desk.keys("y");
    assert_eq!(desk.sent, ["kubectl delete pod crane-0 -n yard"]);
    let mut desk = Desk::open(PAGE);
    desk.keys("!").types("kubectl delete pod <name>");
    assert!(desk.sent.is_empty() && desk.model.questions.open.is_none(), "it is not filled in");
    assert!(desk.flash().contains("<name>"), "{}", desk.flash());
    desk.keys("!").types("date");
    assert_eq!(desk.sent, ["date"]);
}

#[test]
fn stopping_takes_the_key_twice() {
    let mut desk = Desk::open(PAGE);
    desk.keys("Enter");
    assert!(press(&mut desk.model, "s").is_empty());
    assert!(desk.flash().contains("shell"), "{}", desk.flash());
    assert!(matches!(press(&mut desk.model, "s")[..], [Effect::Stop(_)]));
    press(&mut desk.model, "s");
    desk.model.now = Timestamp(desk.model.now.0 + 60_000);
    assert!(press(&mut desk.model, "s").is_empty(), "the first one was long ago");
}

#[test]
fn a_secret_is_in_no_event_and_on_no_screen() {
    let page = "# Yard\n\n## Rotate\n\n1. Set\n   ```bash\n   redis-cli -a <redis-password> config set a b\n   ```\n";
    let mut desk = Desk::open(PAGE);
    let document = catalogue::read("yard.md", page, &Tables::default());
    shelve_all(&mut desk.model, vec![Arc::new(document)]);
    desk.model.checklist = None;
    press(&mut desk.model, "r Enter");
    desk.keys("Enter");
    type_text(&mut desk.model, "hunter22hunter");
    let picture = crate::screens::picture(&desk.model);
    assert!(!picture.contains("hunter22"), "{picture}");
    let effects = press(&mut desk.model, "Enter");
    assert!(!format!("{effects:?}").contains("hunter22"), "{effects:?}");
    desk.serve(effects);
    let picture = crate::screens::picture(&desk.model);
    assert!(!picture.contains("hunter22"), "{picture}");
    assert!(desk.model.questions.open.is_some(), "{} {picture}", desk.flash());
    let question = format!("{:?}", desk.model.questions);
    assert!(!question.contains("hunter22"), "{question}");
}

#[test]
fn what_the_looks_say_stands_in_the_question() {
    let mut desk = Desk::open(PAGE);
    desk.keys("] Enter");
    let (id, looks) = desk.looked.pop().expect("looks");
    let answer = Answer { code: 1, out: String::new(), err: "connection refused".into() };
    say(&mut desk.model, Msg::Answered(id, vec![Some(answer); looks.len()]));
    let picture = crate::screens::picture(&desk.model);
    assert!(picture.contains("connection refused"), "{picture}");
    assert!(picture.contains("kubectl rollout restart deployment/crane -n yard"), "{picture}");
}

#[test]
fn the_end_of_a_run_says_what_is_left_and_begins_another_by_the_next_key() {
    let mut desk = Desk::open(PAGE);
    desk.keys("Enter");
    desk.ends(Verdict::Ok);
    desk.keys("D");
    assert!(matches!(desk.model.overlays.last(), Some(Overlay::Line { ask: Ask::CloseReason { .. }, .. })));
    desk.types("over for today");
    assert_eq!(desk.model.runs.all["r1"].run.closed(), Some(false));
    assert_eq!(desk.model.checklist.as_ref().expect("open").run, None);
}

#[test]
fn a_command_of_ones_own_stands_below_its_step_with_what_became_of_it() {
    let mut desk = Desk::open(PAGE);
    desk.keys("!").types("df -h /");
    assert_eq!(desk.sent, ["df -h /"]);
    let text = crate::screens::picture(&desk.model);
    assert!(text.contains("! df -h /") && text.contains("running"), "{text}");
    desk.ends(Verdict::Failed);
    let text = crate::screens::picture(&desk.model);
    assert!(text.lines().any(|line| line.contains("✗ ! df -h /") && line.contains("failed")), "{text}");
}

#[test]
fn what_a_step_has_changed_stands_in_what_was_done_and_among_the_changes() {
    use firedeck::panes::changes;
    let mut desk = Desk::open(PAGE);
    let told = |desk: &Desk| -> Vec<String> {
        changes::newest(&desk.model).map(|change| format!("{} {}", change.target, change.says)).collect()
    };
    desk.keys("Enter");
    desk.ends(Verdict::Ok);
    assert!(desk.model.runs.done.is_empty() && told(&desk).is_empty(), "what reads changes nothing");
    desk.keys("] Enter");
    desk.reads();
    desk.keys("y");
    let command = "kubectl rollout restart deployment/crane -n yard";
    assert_eq!(told(&desk), [format!("yard/crane {command}: running")]);
    desk.ends(Verdict::Accepted);
    assert_eq!(told(&desk), [format!("yard/crane {command}: accepted")]);
    desk.keys("a");
    let seen = crate::screens::picture(&desk.model);
    assert!(seen.contains("step 2") && seen.contains("deploy/crane") && seen.contains("accepted"), "{seen}");
    // In the time line it stands once, as a step.
    desk.keys("Esc T");
    let entries = &desk.model.incidents.screen.entries;
    assert!(entries.iter().all(|entry| !entry.words.contains("done here")), "{entries:?}");
}

#[test]
fn a_runbook_that_was_begun_stands_on_top_of_the_list_and_the_way_back_leads_to_it() {
    use firedeck::model::board::PaneKind;
    let mut desk = Desk::open(PAGE);
    desk.keys("Enter");
    desk.ends(Verdict::Ok);
    desk.keys("1");
    assert_eq!(desk.model.board.focus, PaneKind::Things);
    desk.keys("Esc");
    assert_eq!(desk.model.board.focus, PaneKind::Checklist);
    // Closed, and looked for again.
    desk.keys("q r");
    let seen = crate::screens::picture(&desk.model);
    assert!(seen.contains("In progress") && seen.contains("in progress: 0 of "), "{seen}");
}
