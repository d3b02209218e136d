//! Document 002 against a real Prometheus: its alert rules are evaluated there.
use firedeck::domain::settings::endpoint::Backend;
use firedeck::domain::settings::limit::FactSource;
use firedeck::domain::vital::Answer;

use super::paper;
use crate::probes::{Asking, access, address, fact};

#[tokio::test]
async fn a002_04_the_eight_alert_rules_are_evaluated_by_a_real_prometheus() {
    let Some(document) = paper::read("002") else { return };
    let rules = document.facts.iter().filter(|fact| fact.kind == "alert-rules").flat_map(|fact| &fact.rows);
    let rules: Vec<(String, String)> =
        rules.filter_map(|row| Some((row.get("alert")?.to_owned(), row.get("expr")?.to_owned()))).collect();
    assert_eq!(rules.len(), 8);
    let mut facts: Vec<_> =
        rules.iter().map(|(name, expr)| fact(name, FactSource::Promql, expr, ["", "", ""])).collect();
    // One of the same kind that has something to say, and one that is wrong.
    facts.push(fact("says", FactSource::Promql, "count(up) > 0", ["", "", ""]));
    facts.push(fact("wrong", FactSource::Promql, "rate(auth_failures_total[5m]) >", ["", "", ""]));
    let server = format!("http://{}", address("FIREDECK_TEST_PROMETHEUS"));
    let mut asking = Asking::start(facts, vec![access(Backend::Prometheus, &server)]);
    asking.answered().await;
    for (name, expr) in &rules {
        let (_, _, says) = asking.verdict(name);
        let told = matches!(asking.vital(name).answer, Answer::Value(_) | Answer::Text(_));
        assert!(told || says.contains("no series"), "{name}: `{expr}`: {says}");
    }
    assert!(matches!(asking.vital("says").answer, Answer::Value(_)), "{:?}", asking.vital("says"));
    assert!(asking.verdict("wrong").2.contains("parse error"), "{:?}", asking.vital("wrong"));
}
