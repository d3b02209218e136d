//! Silences: what one would hit, making it, letting it hold longer, ending it.
mod act;
mod look;

use std::collections::HashMap;
use std::fmt::Write as _;
use std::time::Duration;

use serde_json::Value;

pub(super) use act::act;
pub(super) use look::look;

use super::ask::{Fault, read};
use super::manager::OwnAlert;
use super::strings::as_shown;
use super::{Alerts, Member};
use crate::domain::Text;
use crate::domain::alert::Matcher;
use crate::domain::time::Timestamp;

/// Matchers on the labels as the server has them. What is shown of a label may not be what it is.
async fn exact(alerts: &Alerts, uid: &str, matchers: &[Matcher]) -> Vec<Matcher> {
    let Ok(print) = u64::from_str_radix(uid, 16) else { return matchers.to_vec() };
    let state = alerts.hub.state().await;
    let odd = state.odd.iter().find_map(|known: &HashMap<_, _>| known.get(&print));
    let own = |matcher: &Matcher| {
        // What was typed otherwise than it is shown is meant as it was typed.
        let shown = |value: &str| as_shown(value) == *matcher.value;
        let odd = odd.into_iter().flatten().find(|(name, _, value)| *name == matcher.name && shown(value));
        match odd.filter(|_| !matcher.regex && matcher.equal) {
            Some((_, name, value)) => Matcher::equals(&**name, &**value),
            None => matcher.clone(),
        }
    };
    matchers.iter().map(own).collect()
}

/// The alerts that the matchers may hit: of ten thousand only these come over the line. Whoever asks holds the
/// matchers against them himself; the server is told of those that every version reads alike.
async fn alerts_of(member: &Member, matchers: &[Matcher]) -> Result<Vec<OwnAlert>, Fault> {
    let plain = |text: &str| {
        !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-./: ".contains(&b))
    };
    let mut path = String::from("api/v2/alerts");
    let told = matchers.iter().filter(|one| one.equal && !one.regex && plain(&one.name) && plain(&one.value));
    for (at, one) in told.enumerate() {
        let value = one.value.replace(' ', "%20");
        let sign = if at == 0 { '?' } else { '&' };
        let _ = write!(path, "{sign}filter={}%3D%22{value}%22", one.name);
    }
    let body = member.server.get(&path).await?;
    read(&body).map_err(|error| Fault::Lost(error.to_string()))
}

/// A silence as the server has it, with everything that newer servers put in.
async fn silence_of(member: &Member, id: &str) -> Result<Value, Fault> {
    // An id that is none would be another path.
    if id.is_empty() || !id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') {
        return Err(Fault::NotSent(format!("`{id}` is no id of a silence")));
    }
    let body = member.server.get(&format!("api/v2/silence/{id}")).await?;
    read(&body).map_err(|error| Fault::Lost(error.to_string()))
}

fn text<'v>(value: &'v Value, pointer: &str) -> &'v str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn moment(value: &Value, pointer: &str) -> Option<Timestamp> {
    Timestamp::parse(text(value, pointer))
}

fn name(member: &Member) -> Text {
    super::hub::name(member.server.endpoint())
}

/// `2h`, `1h 20m`, `40s`: exact enough to decide by.
pub(super) fn span(span: Duration) -> String {
    let seconds = span.as_secs();
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    let parts: Vec<String> = [(days, "d"), (hours, "h"), (minutes, "m")]
        .into_iter()
        .filter(|(n, _)| *n > 0)
        .take(2)
        .map(|(n, unit)| format!("{n}{unit}"))
        .collect();
    if parts.is_empty() { format!("{seconds}s") } else { parts.join(" ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_has_its_two_largest_parts() {
        for (seconds, words) in [(40, "40s"), (7_200, "2h"), (4_830, "1h 20m"), (90_061, "1d 1h")] {
            assert_eq!(span(Duration::from_secs(seconds)), words);
        }
    }
}
