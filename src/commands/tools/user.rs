//! Rules that a user adds: `[[commands]]` in the configuration.
use super::{Meaning, Word};
use crate::domain::settings::CommandRule;
use crate::domain::settings::command::Mark;

/// Lets every rule that fits have its say: an unknown tool is what the longest rule says, a built-in one is
/// only ever raised.
pub(super) fn apply(rules: &[CommandRule], call: &[Word], meaning: &mut Meaning) {
    let mut longest = 0;
    let built_in = meaning.known;
    for rule in rules {
        let length = rule.words.len();
        if !fits(rule, call) || length < longest {
            continue;
        }
        longest = length;
        let risk = rule.risk;
        let why = match rule.why.trim() {
            "" => format!("the configuration says {risk}"),
            _ => rule.why.clone(),
        };
        if built_in {
            meaning.raise(risk, why);
        } else {
            meaning.risk = risk;
            meaning.why = why.into();
            meaning.traits.opaque = false;
            let verbs = rule.words.get(1..).unwrap_or_default();
            meaning.subcommand = (!verbs.is_empty()).then(|| verbs.join(" "));
        }
        for mark in &rule.marks {
            apply_mark(*mark, meaning);
        }
    }
    if longest > 0 && !built_in {
        meaning.known = true;
    }
}

fn apply_mark(mark: Mark, meaning: &mut Meaning) {
    let traits = &mut meaning.traits;
    match mark {
        Mark::Interactive => traits.interactive = true,
        Mark::Endless => (traits.endless, traits.long_running) = (true, true),
        Mark::LongRunning => traits.long_running = true,
        Mark::Secret => traits.secret = true,
        Mark::WritesFile => traits.writes_file = true,
        Mark::Heavy => traits.heavy = true,
    }
}

/// The call begins with the rule's words, options skipped.
fn fits(rule: &CommandRule, call: &[Word]) -> bool {
    let mut wanted = rule.words.iter();
    let (Some(tool), Some(first)) = (wanted.next(), call.first()) else { return false };
    if *tool != first.text && tool != super::name(&first.text) {
        return false;
    }
    let mut operands = call.iter().skip(1).filter(|word| !word.text.starts_with('-'));
    wanted.all(|verb| operands.next().is_some_and(|word| word.text == *verb))
}
