//! What a shell gets, and what is asked around it: all of it with the command's variables set.
use firedeck::commands::Lang;
use firedeck::commands::tools::Tables;
use firedeck::domain::shell::Where;
use firedeck::runbook::binding::Values;
use firedeck::runbook::order::{self, Ground, Ordered};

use super::{Story, values};

const PAGE: &str = "\
### Crane stuck

1. Mend it
   ```bash
   kubectl rollout restart deployment/$CRANE -n yard
   kubectl get pods -n yard
   ```
";

fn typed(text: &str, values: &Values) -> Result<Ordered, String> {
    let story = Story::of(PAGE);
    let (tables, place) = (Tables::default(), Where::default());
    let moved = firedeck::domain::shell::Moved::default();
    let ground = Ground { values, tables: &tables, place: &place, moved: &moved };
    order::own(&story.run, 0, None, text, "yard.md", ground)
}

#[test]
fn evidence_is_asked_with_the_variables_that_the_command_has() {
    let story = Story::of(PAGE);
    let values = values(&[("CRANE", "tall")]);
    let (tables, place) = (Tables::default(), Where::default());
    let moved = firedeck::domain::shell::Moved::default();
    let ground = Ground { values: &values, tables: &tables, place: &place, moved: &moved };
    let go = story.may_with("kubectl rollout", &values).expect("it may run");
    let ordered = order::order(&story.run, &go, "yard.md", ground).expect("an order");
    let answers = vec![None; ordered.looks.looks.len()];
    let (_, evidence) = order::findings(&ordered.looks, &answers, Lang::Shell);
    let evidence = evidence.behind(&ordered.before);
    assert!(!evidence.is_empty());
    for ask in evidence.iter().chain(&ordered.command.looks) {
        assert!(ask.expose().starts_with("CRANE='tall'\n"), "{}", ask.expose());
    }
}

#[test]
fn what_is_set_for_a_command_that_was_typed_is_shown_with_it() {
    let given = values(&[("CRANE", "tall")]);
    let ordered = typed("kubectl delete pod $CRANE", &given).expect("an order");
    assert_eq!(ordered.command.shown, "CRANE='tall'\nkubectl delete pod $CRANE");
    assert_eq!(ordered.command.text.expose(), ordered.command.shown);
    assert!(ordered.command.probe.is_none(), "it is known");
}

#[test]
fn a_variable_that_nobody_has_given_is_looked_for_in_the_shell_before_what_was_typed_gets_there() {
    let probe = |text: &str| {
        let ordered = typed(text, &Values::default()).expect("an order");
        ordered.command.probe.map(|probe| probe.expose().to_owned())
    };
    assert_eq!(probe("rm -rf $YARD/old").as_deref(), Some("[ -n \"${YARD-}\" ]"));
    assert_eq!(probe("kubectl delete pod \"${POD}\"").as_deref(), Some("[ -n \"${POD-}\" ]"));
    for none in [
        "YARD=/srv; rm -rf \"$YARD/old\"",
        "for n in 1 2; do echo $n; done",
        "echo $HOME '$NOT'",
        "ls ${YARD:-/srv}",
        "[ -z \"$YARD\" ]",
    ] {
        assert_eq!(probe(none), None, "{none}");
    }
    let refused = typed("kubectl delete pod $1", &Values::default()).expect_err("refused");
    assert_eq!(refused, "not filled in: `$1`");
}
