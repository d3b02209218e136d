//! The question, in every look, at the sizes people have.
use firedeck::domain::action::{Check, Findings, Looked, Native, Verb};
use firedeck::domain::approval::{Place, Plan, QuestionId};
use firedeck::domain::object::{Kind, ObjectRef};
use firedeck::domain::settings::theme::Depth;
use firedeck::domain::settings::{Key, KeyCode, Keymap, Role, Theme};
use firedeck::domain::time::Timestamp;
use firedeck::model::Journal;
use firedeck::model::questions::Questions;
use firedeck::update::question::{self as ask, Context};
use firedeck::view::question::draw;
use firedeck::view::style::Paint;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Modifier;

const OPENED: Timestamp = Timestamp(1_000_000);
/// After the look and the reading.
const LATER: Timestamp = Timestamp(1_001_500);

fn action(kind: Kind, namespace: &str, name: &str, verb: Verb) -> Native {
    let target =
        ObjectRef { context: "prod-eu".into(), kind, namespace: namespace.into(), name: name.into() };
    Native { target, uid: "3f2a91c0-77aa-4be1".into(), verb }
}

fn undo() -> Plan {
    Plan::Native(vec![action(Kind::Deployment, "lego-mcp", "worker", Verb::Undo { to: None })])
}

fn delete(count: usize) -> Plan {
    let verb = Verb::Delete { grace_seconds: None, force: false };
    let pod = |n| {
        action(
            Kind::Pod,
            "lego-mcp",
            &format!("worker-5dc8f7b9d4-{:05x}", 0x5a_b92 + n * 7_919),
            verb.clone(),
        )
    };
    Plan::Native((0..count).map(pod).collect())
}

fn found(plan: &Plan) -> Findings {
    let actions = plan.actions().iter().cloned();
    Findings {
        actions: actions.map(|native| Looked { native, generation: Some(14), also: None }).collect(),
        allowed: Check::Yes,
        effect: vec!["the pods end; their replica set makes new ones".into()],
        undo: "not needed: their replica set makes new ones".into(),
        kept: vec!["describe, events and previous logs".into()],
        identity: Some("jane".into()),
        ..Findings::default()
    }
}

fn found_undo() -> Findings {
    let mut found = found(&undo());
    found.actions[0].native.verb = Verb::Undo { to: Some(13) };
    Findings {
        effect: vec!["image 7.3.0 → 7.2.9 (revision 14 → 13), 3 pods replaced".into()],
        warnings: vec!["Argo CD keeps this deployment: it may put 7.3.0 back".into()],
        undo: "rollout undo again".into(),
        kept: vec!["describe, events and previous logs of 3 pods".into()],
        ..found
    }
}

/// A cockpit with nothing but a question.
struct Desk {
    questions: Questions,
    keymap: Keymap,
    journal: Journal,
    protected: bool,
}

impl Desk {
    fn asking(plan: Plan, protected: bool) -> Desk {
        let mut desk = Desk {
            questions: Questions::default(),
            keymap: Keymap::default(),
            journal: Journal::Good("journal".into()),
            protected,
        };
        let place = Place {
            origin: "profile".into(),
            server: "https://10.20.0.4:6443".into(),
            identity: Some("jane".into()),
            ..Place::default()
        };
        let context = Context { keymap: &desk.keymap, protected, read_only: false, journal: &desk.journal };
        let asked = ask::open(&mut desk.questions, plan, place, Some(Key::char('u')), OPENED, &context);
        assert!(asked.is_ok(), "{asked:?}");
        desk
    }

    fn looked(mut self, findings: Findings) -> Desk {
        let id = self.id();
        assert!(ask::looked(&mut self.questions, id, findings));
        self.read();
        self
    }

    fn id(&self) -> QuestionId {
        self.questions.open.as_ref().map_or(QuestionId(0), |question| question.id())
    }

    fn read(&mut self) {
        let revision = self.questions.open.as_ref().map_or(0, |question| question.revision());
        let id = self.id();
        ask::shown(&mut self.questions, id, revision, Timestamp(OPENED.0 + 100));
    }

    fn keys(mut self, keys: &[Key]) -> Desk {
        let context = Context {
            keymap: &self.keymap,
            protected: self.protected,
            read_only: false,
            journal: &self.journal,
        };
        for key in keys {
            let _ = ask::keys(&mut self.questions, &[*key], LATER, &context);
        }
        self
    }

    fn types(self, text: &str) -> Desk {
        let keys: Vec<Key> = text.chars().map(Key::char).collect();
        self.keys(&keys)
    }

    fn buffer(&self, columns: u16, rows: u16, ascii: bool) -> (Buffer, bool) {
        let theme = Theme::default();
        let paint = Paint { theme: &theme, depth: Depth::True, ascii };
        let area = Rect::new(0, 0, columns, rows);
        let mut buf = Buffer::empty(area);
        for y in 0..rows {
            buf.set_string(0, y, "·".repeat(usize::from(columns)), ratatui::style::Style::new());
        }
        let row = 4.min(rows.saturating_sub(1));
        buf.set_string(
            0,
            row,
            " ✗ lego-mcp   worker-5dc8…5rh92   0/1  CrashLoopBackOff",
            paint.style(Role::Here),
        );
        let shown = draw(&mut buf, area, Some(row), &self.questions, &self.keymap, &paint);
        (buf, shown.is_some())
    }

    fn picture(&self, columns: u16, rows: u16) -> String {
        text(&self.buffer(columns, rows, false).0)
    }
}

fn text(buf: &Buffer) -> String {
    let mut out = String::new();
    for y in buf.area.top()..buf.area.bottom() {
        let line: String = (buf.area.left()..buf.area.right()).map(|x| buf[(x, y)].symbol()).collect();
        out.push_str(line.trim_end_matches('·'));
        out.push('\n');
    }
    out.trim_end().to_owned()
}

fn check(name: &str, desk: &Desk) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.bind(|| {
        for (columns, rows) in [(80, 24), (120, 40)] {
            insta::assert_snapshot!(format!("question-{name}-{columns}x{rows}"), desk.picture(columns, rows));
        }
        if ["change", "danger", "many", "protected"].contains(&name) {
            insta::assert_snapshot!(format!("question-{name}-40x12"), desk.picture(40, 12));
        }
    });
}

#[test]
fn a_change_says_where_what_and_how_it_is_taken_back() {
    check("change", &Desk::asking(undo(), false).looked(found_undo()));
}

#[test]
fn while_looking_nothing_can_be_answered() {
    check("looking", &Desk::asking(undo(), false).keys(&[Key::char('y')]));
}

#[test]
fn danger_asks_for_the_name_and_a_reason() {
    let drain = Verb::Drain { grace_seconds: Some(30), force: false };
    let plan = Plan::Native(vec![action(Kind::Node, "", "node-3.eu-west-1.compute.internal", drain)]);
    let findings = Findings {
        effect: vec![
            "41 pods are evicted, 6 of daemon sets stay".into(),
            "lego-mcp/worker-5dc8f7b9d4-5rh92 has an emptyDir: its files are lost".into(),
        ],
        warnings: vec!["the budget `web` allows no eviction now: 3 pods wait for it".into()],
        undo: "uncordon; the pods do not come back by themselves".into(),
        ..found(&plan)
    };
    check("danger", &Desk::asking(plan, false).looked(findings).types("node-3.eu-w"));
}

#[test]
fn of_many_each_is_named_and_counted() {
    let plan = delete(20);
    check("many", &Desk::asking(plan.clone(), false).looked(found(&plan)).types("delete 21"));
}

#[test]
fn a_few_stand_side_by_side() {
    let plan = delete(4);
    check("few", &Desk::asking(plan.clone(), false).looked(found(&plan)));
}

#[test]
fn what_the_server_forbids_is_shown_and_cannot_be_run() {
    let findings = Findings {
        allowed: Check::No("needs patch deployments in namespace lego-mcp".into()),
        ..found_undo()
    };
    check("forbidden", &Desk::asking(undo(), false).looked(findings).keys(&[Key::char('y')]));
}

#[test]
fn a_target_that_changed_is_shown_and_cannot_be_run() {
    let findings = Findings { drift: Some("revision 15 was rolled out 20 s ago".into()), ..found_undo() };
    check("drift", &Desk::asking(undo(), false).looked(findings));
}

#[test]
fn what_could_not_be_checked_is_listed_and_asks_for_more() {
    let findings = Findings {
        allowed: Check::NotChecked,
        unchecked: vec!["rights: the access review did not answer within 2 s".into()],
        ..found_undo()
    };
    check("unchecked", &Desk::asking(undo(), false).looked(findings));
}

#[test]
fn a_look_that_never_answers_does_not_block_the_rescue() {
    let mut desk = Desk::asking(undo(), false);
    let context =
        Context { keymap: &desk.keymap, protected: false, read_only: false, journal: &desk.journal };
    assert!(ask::tick(&mut desk.questions, Timestamp(OPENED.0 + 2_000), &context));
    check("missed", &desk);
}

#[test]
fn a_protected_profile_asks_for_the_name_of_a_change() {
    let desk = Desk::asking(undo(), true).looked(found_undo()).types("lego-mcp/worker");
    check("protected", &desk.keys(&[Key::plain(KeyCode::Enter), Key::plain(KeyCode::Enter)]));
}

#[test]
fn a_shell_says_that_it_can_do_anything() {
    let shell = Verb::Shell { container: "app".into(), command: vec!["/bin/sh".into()] };
    let plan = Plan::Native(vec![action(Kind::Pod, "lego-mcp", "worker-5dc8f7b9d4-5rh92", shell)]);
    let findings = Findings { effect: vec![], undo: String::new(), kept: vec![], ..found(&plan) };
    check("shell", &Desk::asking(plan, false).looked(findings));
}

#[test]
fn what_cannot_be_recorded_is_not_run() {
    let mut desk = Desk::asking(undo(), false).looked(found_undo());
    desk.journal = Journal::Failed { why: "no space left on device".into() };
    check("unrecorded", &desk.keys(&[Key::char('y')]));
}

#[test]
fn names_that_do_not_fit_are_one_key_away() {
    let plan = delete(20);
    let desk = Desk::asking(plan.clone(), false).looked(found(&plan));
    let down = Key::plain(KeyCode::PageDown);
    let picture = desk.keys(&[down, down]).picture(80, 24);
    assert!(picture.contains("before these: Up"), "{picture}");
    assert!(picture.contains("worker-5dc8f7b9d4-7"), "{picture}");
}

#[test]
fn the_question_never_covers_what_it_asks_about() {
    for rows in 20..32 {
        for row in 0..rows {
            let desk = Desk::asking(undo(), false).looked(found_undo());
            let theme = Theme::default();
            let paint = Paint { theme: &theme, depth: Depth::True, ascii: false };
            let mut buf = Buffer::with_lines(vec!["#".repeat(80); usize::from(rows)]);
            let area = buf.area;
            assert!(draw(&mut buf, area, Some(row), &desk.questions, &desk.keymap, &paint).is_some());
            assert!((0..80).all(|x| buf[(x, row)].symbol() == "#"), "row {row} of {rows}");
        }
    }
}

#[test]
fn a_window_too_small_to_show_what_decides_does_not_count_as_shown() {
    let desk = Desk::asking(undo(), false).looked(found_undo());
    let (buf, shown) = desk.buffer(60, 5, false);
    assert!(!shown);
    assert!(text(&buf).contains("make the window larger"), "{}", text(&buf));
    assert!(desk.buffer(40, 12, false).1);
}

#[test]
fn danger_differs_from_change_without_colours_and_without_unicode() {
    let plan = delete(4);
    let desk = Desk::asking(plan.clone(), false).looked(found(&plan));
    let (buf, _) = desk.buffer(80, 24, true);
    let picture = text(&buf);
    assert!(picture.contains("+ danger -"), "{picture}");
    let title = (0..24).find(|y| buf[(1, *y)].symbol() == "+").expect("a border");
    assert!(buf[(4, title)].modifier.contains(Modifier::REVERSED));
    assert!(!picture.contains(['│', '┌', '▸', '▲', '▏']), "{picture}");
}

#[test]
fn hostile_names_move_nothing_and_hide_nothing() {
    let nasty = "\u{1b}[2J\u{202e}evil\u{200b}\r\nname\u{7}日本語\u{1b}]52;c;aGk=\u{7}";
    let plan = Plan::Native(vec![action(Kind::Deployment, nasty, nasty, Verb::Restart)]);
    let findings = Findings {
        effect: vec![nasty.repeat(40)],
        warnings: vec![nasty.into(); 50],
        undo: nasty.into(),
        drift: None,
        ..found(&plan)
    };
    let desk = Desk::asking(plan, false).looked(findings);
    for (columns, rows) in [(80, 24), (40, 12), (120, 40)] {
        let picture = desk.picture(columns, rows);
        let bad = |c: char| c != '\n' && (c.is_control() || "\u{202e}\u{200b}".contains(c));
        assert!(!picture.chars().any(bad), "{picture:?}");
    }
}

#[test]
fn actions_that_differ_say_what_each_does() {
    let scale = |name: &str, from| action(Kind::Deployment, "lego-mcp", name, Verb::Scale { from, to: 6 });
    let plan = Plan::Native(vec![scale("worker", 3), scale("dashboard", 1), scale("mcp-server", 4)]);
    let findings = Findings { effect: vec![], undo: "scale back".into(), ..found(&plan) };
    let picture = Desk::asking(plan, false).looked(findings).picture(80, 24);
    assert!(picture.contains("scale 3 deployments to 6"), "{picture}");
    assert!(picture.contains("worker      3 → 6 replicas"), "{picture}");
}

#[test]
fn every_pod_that_a_drain_evicts_and_every_budget_that_holds_one_can_be_read() {
    let drain = Verb::Drain { grace_seconds: None, force: false };
    let plan = Plan::Native(vec![action(Kind::Node, "", "node-3", drain)]);
    let mut effect = vec!["cordoned, then 30 pods evicted".to_owned()];
    effect.extend((0..30).map(|n| format!("evicts shop/pod-{n:02}")));
    let warnings = (0..9).map(|n| format!("shop/pod-{n:02} waits: PDB `pdb-{n:02}`")).collect();
    let findings = Findings { effect, warnings, undo: "uncordon".into(), ..found(&plan) };
    for (columns, rows) in [(80, 24), (120, 40), (40, 14)] {
        let mut desk = Desk::asking(plan.clone(), false).looked(findings.clone());
        let mut all = desk.picture(columns, rows);
        assert!(all.contains("more: Down"), "{columns}x{rows}\n{all}");
        for _ in 0..40 {
            desk = desk.keys(&[Key::plain(KeyCode::Down)]);
            all.push_str(&desk.picture(columns, rows));
        }
        for n in 0..30 {
            assert!(all.contains(&format!("evicts shop/pod-{n:02}")), "{columns}x{rows}: pod {n}\n{all}");
        }
        assert!((0..9).all(|n| all.contains(&format!("pod-{n:02} waits"))), "{columns}x{rows}\n{all}");
        assert!(desk.picture(columns, rows).contains("before: Up"), "{}", desk.picture(columns, rows));
    }
}
