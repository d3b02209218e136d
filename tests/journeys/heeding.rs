//! What a question repeats of the document, and what is said of steps beside their commands.
use firedeck::domain::approval::Tier;
use firedeck::domain::news::{ClusterFacts, News};
use firedeck::domain::time::Timestamp;
use firedeck::incident::event::Verdict;
use firedeck::model::msg::Msg;

use crate::common::desk::Desk;
use crate::common::estate::{news, say};
use crate::screens::picture;

const PAGE: &str = "# Harbour

## The gate leaks

1. **Close it** (first 10 minutes)

   > **Warning**: the tide decides when it opens again.

   ```bash
   kubectl scale deployment gate --replicas=0 -n harbour
   ```
2. Start it anew
   ```bash
   kubectl rollout restart deployment gate
   ```
3. Collect evidence
   ```bash
   kubectl logs deployment/gate -n harbour
   ```
4. Redirect traffic to the other gate
5. Verify DNS of the harbour
";

fn why(desk: &Desk) -> String {
    let question = desk.model.questions.open.as_ref().expect("a question");
    question.why().iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

#[test]
fn a_question_repeats_the_warning_of_its_step() {
    let mut desk = Desk::open(PAGE);
    desk.keys("Enter");
    assert!(why(&desk).contains("the tide decides when it opens again"), "{}", why(&desk));
}

#[test]
fn who_would_end_what_a_later_step_keeps_is_told_to_keep_it_first() {
    let mut desk = Desk::open(PAGE);
    desk.keys("] Enter");
    assert!(why(&desk).contains("step 3 keeps the evidence"), "{}", why(&desk));
    desk.reads();
    desk.keys("Esc ] Enter");
    desk.ends(Verdict::Ok);
    desk.keys("g ] Enter");
    assert!(!why(&desk).contains("evidence"), "{}", why(&desk));
}

#[test]
fn what_is_left_of_a_step_s_time_is_shown_while_it_is_not_done() {
    let mut desk = Desk::open(PAGE);
    assert!(!picture(&desk.model).contains("min left"), "nothing has begun");
    desk.keys("G Space");
    assert!(picture(&desk.model).contains("first 10 minutes, 10 min left"), "{}", picture(&desk.model));
    let at = |desk: &mut Desk, minutes: i64| {
        let now = Timestamp(desk.model.now.0 + minutes * 60_000);
        say(&mut desk.model, Msg::Tick(now));
        picture(&desk.model)
    };
    assert!(at(&mut desk, 4).contains("7 min left") || at(&mut desk, 0).contains("6 min left"));
    assert!(at(&mut desk, 8).contains("min over"));
}

#[test]
fn what_is_done_by_hand_is_danger_where_its_words_say_so() {
    let desk = Desk::open(PAGE);
    let seen = picture(&desk.model);
    let line = |words: &str| {
        seen.lines().find(|line| line.contains(words)).unwrap_or_else(|| panic!("{seen}")).to_owned()
    };
    assert!(line("Redirect traffic").contains("danger"), "{seen}");
    assert!(!line("Verify DNS").contains("danger"), "{seen}");
}

#[test]
fn a_namespace_that_profile_and_kubeconfig_see_differently_is_asked_about_once() {
    let mut desk = Desk::open(PAGE);
    let facts = ClusterFacts {
        context: "prod-eu".into(),
        namespaces: vec!["harbour".into()],
        namespace_origin: "profile".into(),
        own_namespace: "sea".into(),
        ..ClusterFacts::default()
    };
    news(&mut desk.model, vec![News::Cluster(facts)]);
    desk.keys("Enter");
    assert!(!why(&desk).contains("kubeconfig"), "it names its own: {}", why(&desk));
    desk.reads();
    desk.keys("Esc ] Enter");
    assert!(
        why(&desk).contains("the profile says namespace `harbour`, the kubeconfig `sea`"),
        "{}",
        why(&desk)
    );
    assert_eq!(desk.tier(), Some(Tier::Change));
}
