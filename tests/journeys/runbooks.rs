//! From what is wrong to its runbook, and about in it.
use firedeck::commands::tools::Tables;
use firedeck::domain::settings::endpoint::DocumentHint;
use firedeck::model::Model;
use firedeck::model::board::PaneKind;
use firedeck::model::checklist::Spot;
use firedeck::model::msg::{Effect, Msg};
use firedeck::model::shelf::Reading;

use crate::common::estate::{cockpit, press, say, shelve, shelve_all, type_text};

fn open() -> Model {
    let mut model = cockpit(120, 40);
    shelve(&mut model);
    press(&mut model, "r Enter");
    model
}

fn title(model: &Model) -> &str {
    model.checklist.as_ref().map_or("", |open| &open.book.runbook.title)
}

fn here(model: &Model) -> Spot {
    model.checklist.as_ref().expect("open").here
}

fn copied(model: &mut Model) -> String {
    match press(model, "c").pop() {
        Some(Effect::Copy(text)) => text,
        other => panic!("{other:?}"),
    }
}

#[test]
fn from_a_crashing_pod_to_its_runbook_in_two_keys() {
    let mut model = cockpit(80, 24);
    shelve(&mut model);
    press(&mut model, "r");
    let fits = &model.shelf.list.as_ref().expect("the list").fits;
    assert_eq!(fits[0].book.runbook.title, "Worker keeps crashing", "{fits:?}");
    press(&mut model, "Enter");
    assert_eq!((title(&model), model.board.focus), ("Worker keeps crashing", PaneKind::Checklist));
}

#[test]
fn a_pod_that_is_well_is_given_no_runbook_of_a_crash() {
    let mut model = cockpit(120, 40);
    shelve(&mut model);
    press(&mut model, "G r");
    let list = model.shelf.list.as_ref().expect("the list");
    assert!(list.of.is_some() && list.fits.is_empty(), "{:?}", list.fits);
}

#[test]
fn the_cursor_goes_from_command_to_command_and_from_step_to_step() {
    let mut model = open();
    assert_eq!(here(&model), Spot { step: 0, command: None });
    press(&mut model, "j");
    assert_eq!(here(&model), Spot { step: 1, command: Some(0) });
    press(&mut model, "j");
    assert_eq!(here(&model), Spot { step: 1, command: Some(1) });
    press(&mut model, "] ]");
    // The branch itself, then its first arm.
    assert_eq!(here(&model), Spot { step: 3, command: Some(0) });
    press(&mut model, "[");
    assert_eq!(here(&model).step, 2);
    press(&mut model, "G");
    assert!(copied(&mut model).contains("DEL queue:poison"));
    press(&mut model, "g k");
    assert_eq!(here(&model).step, 0);
}

#[test]
fn a_step_is_gone_to_by_its_number_and_a_text_by_its_words() {
    let mut model = open();
    press(&mut model, "J");
    type_text(&mut model, "3b");
    press(&mut model, "Enter");
    assert_eq!(copied(&mut model), "kubectl set resources deployment/worker -n shop --limits=memory=1Gi");
    press(&mut model, "J");
    type_text(&mut model, "99");
    press(&mut model, "Enter");
    assert!(model.flash.as_ref().is_some_and(|flash| flash.bad && flash.text.contains("`99`")));
    press(&mut model, "/");
    type_text(&mut model, "uniq");
    press(&mut model, "Enter");
    assert!(copied(&mut model).starts_with("kubectl logs -n shop <pod-name>"));
}

#[test]
fn a_command_is_copied_as_it_is_written() {
    let mut model = open();
    press(&mut model, "j");
    assert_eq!(copied(&mut model), "kubectl get pods -n shop -l app=worker");
}

#[test]
fn esc_leaves_it_open_and_q_closes_it() {
    let mut model = open();
    press(&mut model, "Esc");
    assert_eq!((model.board.focus, title(&model)), (PaneKind::Things, "Worker keeps crashing"));
    press(&mut model, "Shift-Tab");
    assert_eq!(model.board.focus, PaneKind::Checklist, "Tab goes there too");
    press(&mut model, "r");
    assert_eq!(model.board.focus, PaneKind::Runbooks);
    press(&mut model, "r");
    assert_eq!(model.board.focus, PaneKind::Checklist, "and back");
    press(&mut model, "q");
    assert_eq!((model.board.focus, title(&model)), (PaneKind::Things, ""));
}

#[test]
fn an_open_runbook_goes_on_as_it_was_when_its_file_changes() {
    let mut model = open();
    let text = include_str!("../fixtures/on-call.md").replace("rollout undo", "rollout restart");
    let read =
        |text: &str| firedeck::runbook::catalogue::read("runbooks/010-on-call.md", text, &Tables::default());
    shelve_all(&mut model, vec![read(&text).into()]);
    assert!(model.checklist.as_ref().is_some_and(|open| open.outdated));
    press(&mut model, "] ]");
    assert_eq!(copied(&mut model), "Mend it");
    press(&mut model, "j");
    assert_eq!(copied(&mut model), "kubectl rollout undo deployment/worker -n shop");
    // Opened again it is the new one.
    press(&mut model, "r g");
    let first = model.shelf.list.as_ref().and_then(|list| list.here.clone()).expect("a line");
    assert_eq!(first.id.title, "Worker keeps crashing");
    press(&mut model, "Enter");
    assert!(model.checklist.as_ref().is_some_and(|open| !open.outdated));
    press(&mut model, "J");
    type_text(&mut model, "3a");
    press(&mut model, "Enter");
    assert_eq!(copied(&mut model), "kubectl rollout restart deployment/worker -n shop");
}

#[test]
fn a_runbook_is_opened_at_the_start_by_its_words_or_by_its_address() {
    let landed = |wanted: &str| {
        let mut model = cockpit(120, 40);
        model.shelf.reading = Reading::First;
        say(&mut model, Msg::OpenRunbook(wanted.into()));
        assert!(model.checklist.is_none(), "the documents are not read yet");
        shelve(&mut model);
        model
    };
    assert_eq!(title(&landed("disk")), "Disk fills up");
    assert_eq!(title(&landed("https://wiki.example/runbooks/010-on-call.md#disk-fills-up")), "Disk fills up");
    let missed = landed("quagga");
    assert_eq!((title(&missed), missed.board.focus), ("", PaneKind::Runbooks));
    assert!(missed.flash.is_some_and(|flash| flash.bad && flash.text.contains("`quagga`")));
    // Where nobody named any, that is said.
    let mut model = cockpit(120, 40);
    say(&mut model, Msg::OpenRunbook("disk".into()));
    assert!(model.flash.is_some_and(|flash| flash.bad && flash.text.contains("runbooks = ")));
}

#[test]
fn keys_of_the_tables_do_nothing_to_rows_beside_a_runbook() {
    let mut model = open();
    for key in ["R", "X", "l", "p", "+"] {
        let effects = press(&mut model, key);
        assert!(effects.is_empty() && model.overlays.is_empty(), "{key}: {effects:?}");
        assert_eq!(model.board.focus, PaneKind::Checklist, "{key}");
    }
}

const DRY: &str = "# Well\n\n## Too many connections\n\n**Symptoms:**\n- \"too many connections\" errors\n\n\
                   1. Look\n   ```bash\n   psql -c 'select 1'\n   ```\n\n## The pump squeaks\n\n1. Oil it\n";

#[test]
fn a_database_with_few_connections_left_leads_to_the_runbook_and_the_systems_own_document_comes_first() {
    let mut model = cockpit(120, 40);
    let read =
        |path: &str| std::sync::Arc::new(firedeck::runbook::catalogue::read(path, DRY, &Tables::default()));
    shelve_all(&mut model, vec![read("/books/aaa.md"), read("/books/own.md")]);
    super::answers::database(&mut model, 90);
    super::answers::later(&mut model, 1);
    let fits = |model: &Model| -> Vec<String> {
        model.shelf.fits.iter().map(|fit| fit.book.document.path.clone()).collect()
    };
    assert_eq!(fits(&model), ["/books/aaa.md", "/books/own.md"], "{:?}", model.shelf.fits);
    assert_eq!(model.shelf.fits[0].why, "90 of 97 connections used");
    let mut settings = model.settings.clone();
    let ground = firedeck::domain::settings::endpoint::Footing::default();
    settings.profile.documents = vec![DocumentHint { number: "1".into(), path: "own.md".into(), ground }];
    say(&mut model, Msg::Settings(Box::new(settings)));
    super::answers::database(&mut model, 40);
    super::answers::later(&mut model, 1);
    assert!(fits(&model).is_empty(), "it is well again: {:?}", model.shelf.fits);
    super::answers::database(&mut model, 96);
    super::answers::later(&mut model, 1);
    assert_eq!(fits(&model), ["/books/own.md", "/books/aaa.md"], "{:?}", model.shelf.fits);
}

#[test]
fn of_alerts_that_began_together_the_first_leads_to_its_runbook_first_and_a_full_server_comes_before_all() {
    const BOOKS: &str = "# Shop\n\n## The page is slow\n\n**Alert:** `PageSlow`\n\n1. Look\n   ```bash\n   curl x\n   ```\n\n\
         ## Sessions wait\n\n**Alert:** `SessionsWait`\n\n1. Look\n   ```bash\n   psql -c 'select 1'\n   ```\n\n\
         ## Old news\n\n**Alert:** `OldNews`\n\n1. Look\n   ```bash\n   curl y\n   ```\n\n\
         ## Too many connections\n\n**Symptoms:**\n- \"too many connections\" errors\n\n\
         1. Look\n   ```bash\n   psql -c 'select 2'\n   ```\n";
    let mut model = cockpit(120, 40);
    let read = firedeck::runbook::catalogue::read("/books/own.md", BOOKS, &Tables::default());
    shelve_all(&mut model, vec![std::sync::Arc::new(read)]);
    super::answers::database(&mut model, 40);
    super::answers::fire(&mut model, &[("PageSlow", 20), ("SessionsWait", 60), ("OldNews", 9_000)]);
    super::answers::later(&mut model, 1);
    let fits = |model: &Model| -> Vec<String> {
        model.shelf.fits.iter().map(|fit| fit.book.runbook.title.clone()).collect()
    };
    assert_eq!(fits(&model), ["Sessions wait", "The page is slow", "Old news"], "{:?}", model.shelf.fits);
    super::answers::database(&mut model, 97);
    super::answers::later(&mut model, 1);
    assert_eq!(fits(&model)[..2], ["Too many connections", "Sessions wait"], "{:?}", model.shelf.fits);
}
