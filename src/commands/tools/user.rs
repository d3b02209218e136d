//! Rules that a user adds: `[[commands]]` in the configuration.
use serde::Deserialize;

use super::{Meaning, Word};
use crate::domain::approval::Tier;

/// One rule: calls that begin with these words.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// The tool's name and verbs: `mytool deploy`. Options between them do not matter.
    pub words: String,
    pub risk: RuleRisk,
    /// Why it is that risky, or what it does.
    #[serde(default)]
    pub why: Option<String>,
    #[serde(default)]
    pub interactive: bool,
    #[serde(default)]
    pub endless: bool,
    #[serde(default)]
    pub long_running: bool,
    #[serde(default)]
    pub secret: bool,
    #[serde(default)]
    pub writes_file: bool,
    #[serde(default)]
    pub heavy: bool,
}

/// A risk as a user writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RuleRisk {
    Read,
    Change,
    Danger,
}

impl From<RuleRisk> for Tier {
    fn from(risk: RuleRisk) -> Tier {
        match risk {
            RuleRisk::Read => Tier::Read,
            RuleRisk::Change => Tier::Change,
            RuleRisk::Danger => Tier::Danger,
        }
    }
}

/// Lets every rule that fits have its say: an unknown tool is what the longest rule says, a built-in one is
/// only ever raised.
pub(super) fn apply(rules: &[Rule], call: &[Word], meaning: &mut Meaning) {
    let mut longest = 0;
    let built_in = meaning.clone();
    for rule in rules {
        let length = rule.words.split_whitespace().count();
        if !fits(rule, call) || length < longest {
            continue;
        }
        longest = length;
        let risk = Tier::from(rule.risk);
        let why = rule.why.clone().filter(|why| !why.trim().is_empty());
        let why = why.unwrap_or_else(|| format!("the configuration says {risk}"));
        if built_in.known {
            meaning.raise(risk, why);
        } else {
            meaning.risk = risk;
            meaning.why = why.into();
            meaning.traits.opaque = false;
            let verbs: Vec<_> = rule.words.split_whitespace().skip(1).collect();
            meaning.subcommand = (!verbs.is_empty()).then(|| verbs.join(" "));
        }
        let traits = &mut meaning.traits;
        traits.interactive |= rule.interactive;
        traits.endless |= rule.endless;
        traits.long_running |= rule.long_running || rule.endless;
        traits.secret |= rule.secret;
        traits.writes_file |= rule.writes_file;
        traits.heavy |= rule.heavy;
    }
    if longest > 0 && !built_in.known {
        meaning.known = true;
    }
}

/// The call begins with the rule's words, options skipped.
fn fits(rule: &Rule, call: &[Word]) -> bool {
    let mut wanted = rule.words.split_whitespace();
    let (Some(tool), Some(first)) = (wanted.next(), call.first()) else { return false };
    if tool != first.text && tool != super::name(&first.text) {
        return false;
    }
    let mut operands = call.iter().skip(1).filter(|word| !word.text.starts_with('-'));
    wanted.all(|verb| operands.next().is_some_and(|word| word.text == verb))
}
