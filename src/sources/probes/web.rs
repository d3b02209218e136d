//! Asks an address: its status, how long it takes, its body compared as JSON or as text.
use std::time::Duration;

use reqwest::header::HeaderMap;
use reqwest::{Method, Response, Url};
use serde_json::Value;
use tokio::time::Instant;

use super::super::http::{shown, why};
use super::ask::Asked;
use super::servers::Servers;
use crate::domain::level::Level;
use crate::domain::secret;
use crate::domain::settings::limit::{Bound, BoundValue, Fact};
use crate::domain::vital::{Answer, Heard, Path, word, worst};

/// What is read of a body.
const MOST: usize = 2 << 20;
/// Where health is said when nobody says where to look.
const USUAL: &[&str] = &["status", "health", "state"];
/// Words that are no good sign in any health check.
const ILL: &[&str] = &["unhealthy", "down", "error", "fail", "failed", "failing", "critical", "degraded"];

pub(super) async fn ask(fact: &Fact, servers: &Servers) -> Asked {
    let Ok(url) = Url::parse(&fact.query) else { return Asked::failed("this is no address") };
    let path = match fact.pick.as_deref().map(Path::parse).transpose() {
        Ok(path) => path,
        Err(why) => return Asked::failed(&why),
    };
    let way = match servers.to(&url).await {
        Ok(way) => way,
        Err(why) => return Asked::failed(&why),
    };
    let began = Instant::now();
    let sent = way.request(Method::GET, url.clone()).send().await;
    if sent.as_ref().map_or_else(reqwest::Error::is_connect, |answer| answer.status() == 401) {
        servers.forget_to(&url);
    }
    let answer = match sent {
        Ok(answer) => answer,
        Err(error) => return not_answered(fact, &way.why(&error)),
    };
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    let leads = headers.get("location").and_then(|to| to.to_str().ok()).map(shown);
    let body = match read(answer).await {
        Ok(body) => body,
        Err(why) => return not_answered(fact, &why),
    };
    let took = began.elapsed();
    let json = serde_json::from_slice::<Value>(&body).ok();
    let page = Page { status, took, text: String::from_utf8_lossy(&body).into_owned(), json };
    let mut heard = page.judged(fact, path.as_ref());
    heard.took_ms = u32::try_from(took.as_millis()).ok();
    if let Some(to) = leads.filter(|_| (300..400).contains(&status) && !heard.failed()) {
        heard.note = format!("HTTP {status}, leads to {to}");
    }
    let whole = match &page.json {
        Some(json) => serde_json::to_string_pretty(json).unwrap_or_default(),
        None => page.text,
    };
    Asked::new(heard).seen("Headers", header_lines(status, &headers)).body(whole)
}

/// A name that is not known here, or a net that leads nowhere, says nothing of the other end.
fn not_answered(fact: &Fact, why: &str) -> Asked {
    let here = ["host name not found", "network unreachable", "no route to host"].contains(&why);
    if here {
        return Asked::failed(&format!("{why} from here"));
    }
    let what = if wants(fact, "reachable") { "not reachable" } else { "does not answer" };
    Asked::broken(&format!("{what}: {why}"))
}

async fn read(mut answer: Response) -> Result<Vec<u8>, String> {
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|error| why(&error))? {
        body.extend_from_slice(&chunk);
        if body.len() >= MOST {
            body.truncate(MOST);
            break;
        }
    }
    Ok(body)
}

/// What a header holds by its name is not shown; what a value tells is hidden where every answer is taken in.
fn header_lines(status: u16, headers: &HeaderMap) -> Vec<(String, String)> {
    let shown = headers.iter().map(|(name, value)| {
        let value = match value.to_str() {
            _ if secret::looks_secret(name.as_str()) => secret::HIDDEN.to_owned(),
            Ok(value) => value.to_owned(),
            Err(_) => "(not text)".into(),
        };
        (name.as_str().to_owned(), value)
    });
    [("status".to_owned(), status.to_string())].into_iter().chain(shown).collect()
}

/// What came back.
struct Page {
    status: u16,
    took: Duration,
    text: String,
    json: Option<Value>,
}

impl Page {
    fn judged(&self, fact: &Fact, path: Option<&Path>) -> Heard {
        if let Some(path) = path {
            return self.picked(fact, path);
        }
        if matches!(fact.unit.as_deref(), Some("ms" | "s")) {
            let seconds = self.took.as_secs_f64();
            let value = if fact.unit.as_deref() == Some("ms") { seconds * 1000.0 } else { seconds };
            return self.floored(Heard::value(value));
        }
        if wants(fact, "reachable") {
            let says = format!("HTTP {}", self.status);
            return if self.status < 500 { Heard::text("reachable").note(says) } else { Heard::text(&says) };
        }
        let numbers = bounds(fact).any(|bound| matches!(bound.value, BoundValue::Number(_)));
        if bounds(fact).next().is_some() && numbers {
            return Heard::value(f64::from(self.status));
        }
        let words = bounds(fact).next().is_some();
        match self.health() {
            Some(word) => {
                let ill = !words && ILL.iter().any(|ill| word.eq_ignore_ascii_case(ill));
                let mut heard = self.floored(Heard::of(Answer::Word(word.as_str().into())));
                if ill && heard.floor.is_none() {
                    heard.floor = Some(Level::Warn);
                    heard.note = format!("says \"{word}\"");
                }
                heard
            }
            None if words => self.floored(Heard::text(&self.in_short())),
            None => self.floored(Heard::value(f64::from(self.status))),
        }
    }

    fn picked(&self, fact: &Fact, path: &Path) -> Heard {
        let Some(body) = &self.json else {
            let why = format!("no JSON to pick `{path}` from, but {}", self.in_short());
            return match self.status {
                ..300 => Heard::error(&format!("{why} (HTTP {})", self.status)),
                // Whoever fails has other things to say than what is picked.
                _ => self.floored(Heard::text(&self.in_short())),
            };
        };
        let named = path.named(body);
        let answers: Vec<Answer> = named.iter().map(|(_, value)| answer(value)).collect();
        let Some((nth, ill)) = worst(fact, &answers) else {
            return Heard::error(&format!("the body has no `{path}`"));
        };
        let heard = self.floored(Heard::of(answers.get(nth).cloned().unwrap_or_default()));
        if answers.len() > 1 && heard.note.is_empty() {
            let all = answers.len();
            let told = tally(&named, answers.get(nth));
            return heard.note(if ill > 0 {
                format!("{ill} of {all}{told}")
            } else {
                format!("of {all}{told}")
            });
        }
        heard
    }

    /// A body that says all is well under a status that says it is not, is not well.
    fn floored(&self, mut heard: Heard) -> Heard {
        if self.status >= 300 {
            heard.floor = Some(if self.status >= 500 { Level::Bad } else { Level::Warn });
            heard.note = format!("HTTP {}", self.status);
        }
        heard
    }

    /// The word for its health in a body of JSON.
    fn health(&self) -> Option<String> {
        match self.json.as_ref()? {
            Value::Object(all) => {
                let found = USUAL.iter().find_map(|key| all.get(*key))?;
                (!found.is_object() && !found.is_array()).then(|| word(found))
            }
            Value::String(text) => Some(text.clone()),
            _ => None,
        }
    }

    fn in_short(&self) -> String {
        let text = self.text.trim();
        if text.is_empty() {
            return format!("HTTP {}, an empty body", self.status);
        }
        if text.starts_with('<') {
            return "an HTML page".into();
        }
        text.chars().take(400).collect()
    }
}

/// `: db down, api up`: what is worst first, each thing once.
fn tally(named: &[(Option<String>, &Value)], worst: Option<&Answer>) -> String {
    const MOST: usize = 12;
    let mut named: Vec<_> = named.iter().filter_map(|(name, value)| Some((name.as_ref()?, *value))).collect();
    named.sort_by_key(|(_, value)| Some(&answer(value)) != worst);
    let mut told: Vec<String> = Vec::new();
    for (name, value) in named {
        let one = format!("{name} {}", word(value));
        if !told.contains(&one) {
            told.push(one);
        }
    }
    let more = told.len().saturating_sub(MOST);
    told.truncate(MOST);
    let more = if more > 0 { format!(", {more} more") } else { String::new() };
    if told.is_empty() { String::new() } else { format!(": {}{more}", told.join(", ")) }
}

fn answer(value: &Value) -> Answer {
    match value.as_f64() {
        Some(number) => Answer::Value(number),
        None => Answer::Word(word(value).into()),
    }
}

fn bounds(fact: &Fact) -> impl Iterator<Item = &Bound> {
    [&fact.ok, &fact.warning, &fact.critical].into_iter().flatten()
}

fn wants(fact: &Fact, wanted: &str) -> bool {
    bounds(fact).any(|bound| matches!(&bound.value, BoundValue::Text(text) if text == wanted))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::settings::limit::FactSource;
    use crate::domain::time::Timestamp;
    use crate::domain::vital::Vital;

    fn judged(bounds: [&str; 3], unit: &str, pick: &str, status: u16, body: &str) -> (String, Level, String) {
        let bound = |text: &str| Bound::parse(text).ok();
        let fact = Fact {
            name: "front".into(),
            source: FactSource::Http,
            query: "http://x/health".into(),
            on: None,
            unit: Some(unit.to_owned()).filter(|unit| !unit.is_empty()),
            pick: Some(pick.to_owned()).filter(|pick| !pick.is_empty()),
            every: Duration::from_secs(30),
            ok: bound(bounds[0]),
            warning: bound(bounds[1]),
            critical: bound(bounds[2]),
        };
        let json = serde_json::from_str(body).ok();
        let page = Page { status, took: Duration::from_millis(1500), text: body.into(), json };
        let path = fact.pick.as_deref().map(|path| Path::parse(path).expect(path));
        let mut vital = Vital::new(0, &fact, None);
        vital.hear(page.judged(&fact, path.as_ref()), Timestamp(0));
        (vital.shown().into_owned(), vital.level, vital.says.to_string())
    }

    const HEALTHY: [&str; 3] = ["= healthy", "", "!= healthy"];

    #[test]
    fn health_is_read_from_json_and_compared_whole() {
        let said = |body| judged(HEALTHY, "", "", 200, body);
        assert_eq!(said(r#"{"status":"healthy"}"#), ("healthy".into(), Level::Fine, String::new()));
        let (_, level, says) = said(r#"{"status":"unhealthy","was":"healthy"}"#);
        assert_eq!((level, says.as_str()), (Level::Bad, "says \"unhealthy\", wants \"healthy\""));
        for body in [r#"{"healthy":true}"#, "<html>healthy</html>", "", "[]", r#"{"status":{"a":"healthy"}}"#]
        {
            assert_eq!(said(body).1, Level::Bad, "{body}");
        }
        assert_eq!(said("healthy\n").1, Level::Fine);
    }

    #[test]
    fn a_good_word_under_a_bad_status_is_not_good() {
        let (_, level, says) = judged(HEALTHY, "", "", 503, r#"{"status":"healthy"}"#);
        assert_eq!((level, says.as_str()), (Level::Bad, "HTTP 503"));
        assert_eq!(judged(["", "", ""], "", "", 404, "x").1, Level::Warn);
        assert_eq!(judged(["", "", ""], "", "", 200, "x"), ("200".into(), Level::Fine, String::new()));
    }

    #[test]
    fn a_way_to_a_login_page_is_not_fine_and_no_json_is_no_answer() {
        assert_eq!(judged(["< 5000", "", ""], "ms", "", 302, "").1, Level::Warn);
        assert_eq!(judged(["", "", ""], "", "", 302, ""), ("302".into(), Level::Warn, "HTTP 302".into()));
        assert_eq!(judged(["", "", ""], "ms", "", 500, "").1, Level::Bad);
        let (_, level, says) = judged(["", "", ""], "", ".status", 200, "<html>log in</html>");
        assert_eq!(level, Level::Unknown);
        assert_eq!(says, "no JSON to pick `.status` from, but an HTML page (HTTP 200)");
        assert_eq!(judged(["", "", ""], "", ".status", 302, "<html>").1, Level::Warn);
        assert_eq!(judged(["= 302", "", ""], "", "", 302, "").1, Level::Fine, "the limits say so");
    }

    #[test]
    fn a_number_is_the_status_and_with_a_unit_of_time_how_long_it_took() {
        assert_eq!(judged(["= 200", "", "!= 200"], "", "", 200, "{}").1, Level::Fine);
        assert_eq!(judged(["= 200", "", "!= 200"], "", "", 301, "").1, Level::Bad);
        let (value, level, _) = judged(["< 500", "> 1000", ""], "ms", "", 200, "");
        assert_eq!((value.as_str(), level), ("1,500 ms", Level::Warn));
        assert_eq!(judged(["< 0.5", "", ""], "s", "", 200, "").0, "1.5 s");
    }

    #[test]
    fn reachable_is_whatever_answers_for_itself() {
        let bounds = ["= reachable", "", "!= reachable"];
        assert_eq!(judged(bounds, "", "", 401, "").1, Level::Fine);
        assert_eq!(judged(bounds, "", "", 502, "").1, Level::Bad);
    }

    #[test]
    fn of_many_picked_values_the_worst_counts() {
        let body = r#"{"data":{"activeTargets":[{"health":"up"},{"health":"down"},{"health":"up"}]}}"#;
        let up = ["= up", "", "!= up"];
        let (value, level, says) = judged(up, "", ".data.activeTargets[].health", 200, body);
        assert_eq!((value.as_str(), level), ("down", Level::Bad));
        assert_eq!(says, "says \"down\", wants \"up\"; 1 of 3");
        assert_eq!(judged(up, "", ".data.none", 200, body).1, Level::Unknown);
        let body = r#"{"all":[{"labels":{"job":"web","instance":"a:1"},"health":"up"},
            {"labels":{"job":"web","instance":"b:1"},"health":"up"},{"name":"db","health":"down"}]}"#;
        let says = judged(up, "", ".all[].health", 200, body).2;
        assert_eq!(says, "says \"down\", wants \"up\"; 1 of 3: db down, web a:1 up, web b:1 up");
        assert_eq!(
            judged(["= ok", "", "!= ok"], "", ".database", 200, r#"{"database":"ok"}"#).1,
            Level::Fine
        );
        assert_eq!(judged(["< 80", "", ""], "%", ".disk", 200, r#"{"disk":91.5}"#).1, Level::Warn);
        assert_eq!(judged(["= true", "", ""], "", ".up", 200, r#"{"up":true}"#).1, Level::Fine);
    }

    #[test]
    fn without_limits_a_word_of_illness_is_still_not_fine() {
        assert_eq!(judged(["", "", ""], "", "", 200, r#"{"status":"degraded"}"#).1, Level::Warn);
        assert_eq!(judged(["", "", ""], "", "", 200, r#"{"status":"ok"}"#).1, Level::Fine);
    }
}
