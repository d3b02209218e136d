//! Lines that stand where names stand and are none, and titles that name what is wrong.
use super::super::words::{Words, lower};
use super::outline::named;
use super::text::{number, plain, words};
use super::vocabulary;

/// A bold line about what follows that is no name of it: `Use this if data is corrupt`, `Downtime: none`.
pub fn is_aside(name: &str, colon: bool) -> bool {
    const STARTS: &[&str] = &[
        "use this ",
        "use it ",
        "use only ",
        "use when ",
        "use if ",
        "only use ",
        "only for ",
        "requires ",
        "required ",
        "needs ",
        "takes ",
        "causes ",
        "do not ",
        "don't ",
        "never ",
    ];
    let lower = lower(name.trim());
    let long = || lower.split_whitespace().count() > 3;
    let valued = || {
        let (key, _) = name.split_once(": ")?;
        let named = named(name).is_some() || number(name).is_some() || vocabulary::leads(name);
        Some(!named && !key.contains('`'))
    };
    STARTS.iter().any(|start| lower.starts_with(start))
        || lower.starts_with("for ") && long()
        || !colon && valued().unwrap_or_default()
}

/// A title that names something that is wrong.
pub fn is_trouble(title: &str) -> bool {
    static TROUBLE: Words = Words::new(
        "not no cannot can't unable won't doesn't don't isn't fail fails failed failing failure failures error errors down slow \
         crash crashes crashed crashing stuck full timeout timeouts unavailable unreachable inaccessible unhealthy leak leaks \
         refused missing lost pending degraded restarting exhausted exhaustion spike spikes outage overloaded unresponsive \
         404 429 500 502 503 504",
    );
    let all = words(&plain(title));
    all.iter().any(|word| TROUBLE.contains(word))
        || all.first().is_some_and(|word| word == "high" || word == "low")
}
