//! Reading what a command wrote: pages, streams, and what is looked for.
use firedeck::model::msg::{Effect, Msg};
use firedeck::model::overlay::Overlay;
use firedeck::model::run::{Line, News, Page, Stream};

use crate::common::desk::Desk;
use crate::common::estate::{press, say, type_text};
use crate::screens::picture;

const PAGE: &str = "# Yard\n\n## Look\n\n1. Look\n   ```bash\n   seq 1 900\n   ```\n";

/// Lines of numbers, `step` bytes each, of an output with 900 of them.
fn page(desk: &Desk, stream: Stream, from: u64, count: u64) -> Page {
    let Some(Overlay::Output(reading)) = desk.model.overlays.last() else { panic!("no output is read") };
    let line = |n: u64| Line { text: format!("line {n}"), inks: Vec::new(), err: false };
    let to = from + count;
    let lines = (from..to).map(line).collect();
    let (order, open) = (reading.order.clone(), false);
    Page { order, stream, lines, from, to, total: 900, open, found: None }
}

fn reads(desk: &mut Desk, page: Page) -> Vec<Effect> {
    say(&mut desk.model, Msg::Ran(News::Page(page)))
}

fn opened() -> Desk {
    let mut desk = Desk::open(PAGE);
    desk.keys("Enter");
    desk.ends(firedeck::incident::event::Verdict::Ok);
    let effects = press(&mut desk.model, "o");
    assert!(matches!(effects[..], [Effect::ReadOutput { from: 0, stream: Stream::Out, .. }]), "{effects:?}");
    desk
}

fn top(desk: &Desk) -> usize {
    match desk.model.overlays.last() {
        Some(Overlay::Output(reading)) => reading.top,
        other => panic!("{other:?}"),
    }
}

fn asks(effects: &[Effect]) -> (Stream, u64, Option<&str>) {
    match effects {
        [Effect::ReadOutput { stream, from, find, .. }] => (*stream, *from, find.as_deref()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn beyond_the_last_line_of_a_page_the_next_one_is_read_and_before_the_first_the_one_before() {
    let mut desk = opened();
    let first = page(&desk, Stream::Out, 0, 300);
    reads(&mut desk, first);
    assert!(press(&mut desk.model, "j").is_empty());
    assert_eq!(top(&desk), 1);
    let mut effects = Vec::new();
    for _ in 0..40 {
        effects = press(&mut desk.model, "PageDown");
        if !effects.is_empty() {
            break;
        }
    }
    assert_eq!(asks(&effects), (Stream::Out, 300, None));
    let second = page(&desk, Stream::Out, 300, 300);
    reads(&mut desk, second);
    assert_eq!(top(&desk), 0);
    let text = picture(&desk.model);
    assert!(text.contains("line 300") && text.contains("300B–600B of 900B"), "{text}");
    let effects = press(&mut desk.model, "k");
    assert_eq!(asks(&effects), (Stream::Out, 0, None));
    let first = page(&desk, Stream::Out, 0, 300);
    reads(&mut desk, first);
    assert!(picture(&desk.model).contains("line 299"), "the end of it is shown");
    let effects = press(&mut desk.model, "G");
    assert_eq!(asks(&effects).0, Stream::Out);
    let effects = press(&mut desk.model, "g");
    assert_eq!(asks(&effects), (Stream::Out, 0, None));
}

#[test]
fn what_is_looked_for_is_found_on_this_page_and_then_on_those_that_follow() {
    let mut desk = opened();
    let first = page(&desk, Stream::Out, 0, 300);
    reads(&mut desk, first);
    press(&mut desk.model, "/");
    type_text(&mut desk.model, "LINE 29");
    let effects = press(&mut desk.model, "Enter");
    assert_eq!(asks(&effects), (Stream::Out, 300, Some("LINE 29")), "capitals are meant");
    say(&mut desk.model, Msg::Ran(News::NotFound("LINE 29".into())));
    assert!(desk.flash().contains("in nothing that follows"), "{}", desk.flash());
    press(&mut desk.model, "/ Ctrl-U");
    type_text(&mut desk.model, "line 29");
    assert!(press(&mut desk.model, "Enter").is_empty());
    assert_eq!(top(&desk), 29);
    press(&mut desk.model, "n");
    assert_eq!(top(&desk), 290);
    for _ in 0..9 {
        assert!(press(&mut desk.model, "n").is_empty());
    }
    let effects = press(&mut desk.model, "n");
    assert_eq!(asks(&effects), (Stream::Out, 300, Some("line 29")));
}

#[test]
fn where_nothing_stands_on_standard_output_standard_error_is_read_and_tab_goes_round() {
    let mut desk = opened();
    let mut empty = page(&desk, Stream::Out, 0, 0);
    empty.total = 0;
    let effects = reads(&mut desk, empty);
    assert_eq!(asks(&effects), (Stream::Err, 0, None));
    let error = page(&desk, Stream::Err, 0, 3);
    reads(&mut desk, error);
    assert!(picture(&desk.model).contains("standard error"));
    let effects = press(&mut desk.model, "Tab");
    assert_eq!(asks(&effects), (Stream::Term, 0, None));
    // A page of a stream that was left is not shown in its place.
    let late = page(&desk, Stream::Err, 0, 3);
    reads(&mut desk, late);
    assert!(desk.model.runs.page.is_none());
    press(&mut desk.model, "Esc");
    assert!(desk.model.overlays.is_empty());
}
