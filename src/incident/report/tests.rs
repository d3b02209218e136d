//! Tests of the draft of a post-mortem.
use super::*;
use crate::incident::event::{Event, Milestone, Verdict};
use crate::incident::order::Ordered;
use crate::incident::story::*;
use crate::incident::{What, state, timeline};

fn report(events: Vec<Event>, minutes: i64) -> Report {
    let events = Ordered::of(events);
    let (state, calendar) = (state::of(INCIDENT, &events), Calendar::default());
    let timeline = timeline::build(state::events(INCIDENT, &events), &[], &timeline::Steps::new());
    Report::new(&Sources {
        now: at(minutes),
        calendar: &calendar,
        state: &state,
        timeline: &timeline,
        troubles: &[],
    })
}

fn night() -> Story {
    Story::default()
        .tell("ann", 0, session("ann"))
        .tell("ann", 1, opened("no connections left", "ann"))
        .tell("ann", 20, milestone(Milestone::Acknowledged, 20, "ann"))
        .tell("ann", 21, run("r1", "ann"))
        .tell("ann", 22, started("r1", 0, 1, "kubectl get pods"))
        .tell("ann", 23, ended("r1", 0, 1, Verdict::Failed))
        .tell("ann", 24, skipped("r1", 1, "no replica here"))
        .tell("ann", 25, measure("m1", None))
        .tell("ann", 26, note("TODO: alert earlier"))
        .tell("ann", 30, milestone(Milestone::Mitigated, 30, "ann"))
        .tell("ann", 60, milestone(Milestone::Resolved, 60, "ann"))
}

fn with_review(words: &str) -> Story {
    let mut story = night();
    if let What::IncidentOpened(said) = &mut story.events[1].what {
        said.review = Some(words.into());
    }
    story
}

#[test]
fn a_review_is_due_within_two_days_of_the_end_unless_the_document_says_otherwise() {
    let usual = report(night().events, 100).review;
    assert_eq!(usual.due, Some(at(60 + 48 * 60)));
    let own = report(with_review("within 24 hours").events, 100).review;
    assert_eq!(own.due, Some(at(60 + 24 * 60)));
    assert!(own.rule.contains("within 24 hours"), "{}", own.rule);
    let business = report(with_review("5 business days").events, 100).review;
    assert!(business.rule.contains("Monday to Friday"), "{}", business.rule);
}

#[test]
fn words_that_are_no_time_do_not_lose_the_date_of_the_review() {
    let review = report(with_review("when there is time").events, 100).review;
    assert_eq!(review.due, Some(at(60 + 48 * 60)));
    assert!(review.rule.contains("`when there is time` is not a time"), "{}", review.rule);
}

#[test]
fn an_incident_that_is_not_over_has_no_date_of_a_review_yet() {
    let review = report(night().events[..10].to_vec(), 100).review;
    assert_eq!(review.due, None);
    assert!(review.rule.contains("48 h"), "{}", review.rule);
}

#[test]
fn follow_ups_are_what_the_journal_knows_to_be_left() {
    let found = report(night().events, 100).follow_ups;
    assert_eq!(
        found,
        [
            "take back or keep: pool size (joe)",
            "finish or close the run of Connections exhausted: 2 steps: 1 failed, 1 skipped",
            "look at the 1 step of Connections exhausted that failed",
            "step at place 2 of Connections exhausted was skipped: no replica here",
            "response time: missed by 5 min",
            "TODO: alert earlier",
        ]
    );
}

#[test]
fn the_impact_ends_when_it_no_longer_hurts() {
    let impact = report(night().events, 1_000).impact;
    assert_eq!((impact.from, impact.to, impact.seconds), (at(0), Some(at(30)), 1_800));
    let open = report(night().events[..9].to_vec(), 100).impact;
    assert_eq!((open.to, open.seconds), (None, 6_000));
}

#[test]
fn a_draft_has_every_heading_and_leaves_to_people_what_only_they_know() {
    let markdown = report(night().events, 100).paper(&Zone::default()).markdown();
    for heading in [
        "# Post-mortem: no connections left",
        "## Summary",
        "## Impact",
        "## Key moments",
        "## Temporary measures",
        "## What went well",
        "## What went badly",
        "## Follow-ups",
        "## Time line",
    ] {
        assert!(markdown.lines().any(|line| line == heading), "{heading}\n{markdown}");
    }
    assert!(markdown.contains("**Review due:** 2026-11-28 04:00 UTC"), "{markdown}");
    assert!(markdown.contains("It lasted 30 min."), "{markdown}");
    assert!(markdown.contains("(to be written"), "{markdown}");
}

#[test]
fn a_draft_says_what_the_journal_may_have_lost() {
    let events = Ordered::of(night().events);
    let (state, calendar) = (state::of(INCIDENT, &events), Calendar::default());
    let troubles = ["w.jsonl: event 3 is not as it was written".to_owned()];
    let draft = Report::new(&Sources {
        now: at(100),
        calendar: &calendar,
        state: &state,
        timeline: &[],
        troubles: &troubles,
    });
    let text = draft.paper(&Zone::default()).text();
    assert!(text.contains("Something may be missing here:") && text.contains("event 3"), "{text}");
    assert!(text.contains("Nothing was recorded."), "{text}");
}

#[test]
fn hostile_names_make_no_headings_links_or_tags_of_a_draft() {
    let hostile = "# x\n## y <script>alert(1)</script> [a](http://evil) | b";
    let calm = report(night().events, 100).paper(&Zone::default());
    let mut story = night();
    story.events[1].what = opened(hostile, hostile);
    story = story.tell(hostile, 70, note(hostile)).tell("ann", 71, measure(hostile, None));
    let paper = report(story.events, 100).paper(&Zone::default());
    let headings = |markdown: &str| markdown.lines().filter(|line| line.starts_with('#')).count();
    let markdown = paper.markdown();
    assert_eq!(headings(&markdown), headings(&calm.markdown()), "{markdown}");
    // What stands between backticks is code, where nothing is read.
    let read: String = markdown.replace("\\`", "").split('`').step_by(2).collect();
    assert!(!read.contains("](") && !read.contains("://"), "{markdown}");
    assert!(!read.replace("\\<", "").contains('<'), "{markdown}");
    let html = paper.html();
    assert!(!html.contains("<script") && !html.contains("<a "), "{html}");
}

#[test]
fn a_short_form_shows_the_last_lines_alone() {
    let text = report(night().events, 100).brief(&Zone::default(), 2).text();
    assert!(text.contains("resolved") && text.contains("Last lines"), "{text}");
    assert!(!text.contains("opened a cockpit"), "{text}");
}

#[test]
fn what_was_changed_is_a_key_moment() {
    let mut change = started("r1", 3, 2, "kubectl rollout undo deployment/api");
    if let What::StepStarted(said) = &mut change {
        said.tier = crate::incident::event::Tier::Change;
    }
    let report = report(night().tell("ann", 28, change).events, 100);
    let moments: Vec<&str> = report.key_moments().map(|entry| entry.words.as_str()).collect();
    assert!(moments.iter().any(|words| words.contains("rollout undo")), "{moments:?}");
    assert!(!moments.iter().any(|words| words.contains("get pods")), "{moments:?}");
}
