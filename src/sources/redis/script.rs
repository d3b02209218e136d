//! Ending what keeps a node busy: a script or a function that runs and lets nothing else run.
use std::time::Duration;

use ::redis::Value;
use ::redis::aio::MultiplexedConnection;
use tokio::time::{Instant, sleep};

use super::answer::{Refusal, RefusalKind, ask, int, items, pairs, text, words};
use super::deeds::held;
use super::hub::Hub;
use crate::domain::action::{Check, Findings, Native, Outcome};
use crate::domain::redis::trouble::granting;
use crate::domain::redis::verdict::spoken;
use crate::domain::text::clean_to;
use crate::sources::backend::Report;
use crate::sources::now;

const ENDED_WITHIN: Duration = Duration::from_secs(5);
const LOOK_AGAIN: Duration = Duration::from_millis(100);

fn what(function: bool) -> (&'static str, &'static str) {
    if function { ("function", "FUNCTION") } else { ("script", "SCRIPT") }
}

/// Whether something still runs, and what it is.
pub(super) async fn look(hub: &Hub, native: &Native, function: bool, findings: &mut Findings) {
    let Some(held) = held(hub, native, findings) else { return };
    let (noun, command) = what(function);
    findings.identity.get_or_insert_with(|| held.user.clone());
    findings.undo =
        format!("whoever called the {noun} can call it again; what it did until now it only read");
    if held.node.run_id != native.uid {
        findings.drift = Some(format!("{} was started anew since", native.target.name));
        return;
    }
    let mut con = held.con.clone();
    match busy(&mut con).await {
        Ok(Some(now)) if now == function => {}
        Ok(Some(_)) => findings.drift = Some(format!("it is no {noun} that runs there now")),
        Ok(None) => findings.drift = Some(format!("no {noun} runs there any more")),
        Err(why) => findings.unchecked.push(format!("the {noun}: {}", why.trouble(&held.user, "+ping"))),
    }
    let since = held.node.trouble_since.map(|at| format!(", seen for {}", spoken(now().since(at))));
    let running = if function { running(&mut con).await } else { None };
    findings.effect.push(match running {
        Some(says) => says,
        None => format!("a {noun} runs{}", since.unwrap_or_default()),
    });
    findings
        .warnings
        .push(format!("one that has written cannot be ended: the server then refuses {command} KILL"));
    findings.allowed = match held.ends.get(usize::from(function)).copied().flatten() {
        Some(true) => Check::Yes,
        Some(false) => {
            let rule = format!("+{}|kill", command.to_lowercase());
            Check::No(granting(&held.user, &rule))
        }
        None => Check::NotChecked,
    };
}

/// Whether a function or a script keeps it busy; `None` when neither does.
async fn busy(con: &mut MultiplexedConnection) -> Result<Option<bool>, Refusal> {
    match ask(con, &words(&["PING"])).await {
        Ok(_) => Ok(None),
        Err(why) => match why.trouble("", "").busy_with_function() {
            Some(function) => Ok(Some(function)),
            // It answers, whatever it says.
            None if why.kind == RefusalKind::Answered => Ok(None),
            None => Err(why),
        },
    }
}

/// A function tells its name and how long it runs.
async fn running(con: &mut MultiplexedConnection) -> Option<String> {
    let said = ask(con, &words(&["FUNCTION", "STATS"])).await.ok()?;
    told(&said)
}

fn told(said: &Value) -> Option<String> {
    let of = |value: &Value, wanted: &str| -> Option<Value> {
        match value {
            Value::Map(all) => all
                .iter()
                .find(|(name, _)| text(name).as_deref() == Some(wanted))
                .map(|(_, value)| value.clone()),
            other => {
                let mut pairs = items(other).chunks_exact(2);
                pairs.find(|pair| pair.first().and_then(text).as_deref() == Some(wanted))?.get(1).cloned()
            }
        }
    };
    let script = of(said, "running_script")?;
    let name = pairs(&script).into_iter().find(|(name, _)| name == "name")?.1;
    let millis = of(&script, "duration_ms").as_ref().and_then(int).and_then(|ms| u64::try_from(ms).ok())?;
    let call: Vec<String> = of(&script, "command").as_ref().map(items)?.iter().filter_map(text).collect();
    let call = clean_to(&call.join(" "), 160).into_owned();
    Some(format!("{} runs for {}: {call}", clean_to(&name, 60), spoken(Duration::from_millis(millis))))
}

pub(super) async fn act(hub: &Hub, native: &Native, function: bool, report: &Report) -> Outcome {
    let held = match hub.of(&native.target) {
        Ok(held) => held,
        Err(why) => return Outcome::Refused { why },
    };
    let (noun, command) = what(function);
    if held.node.run_id != native.uid {
        return Outcome::Refused { why: format!("{} was started anew since", native.target.name) };
    }
    let mut con = held.con.clone();
    // What else may run by now is not what was asked about.
    match busy(&mut con).await {
        Ok(Some(now)) if now == function => {}
        Ok(_) => return Outcome::Refused { why: format!("no {noun} runs there any more") },
        Err(why) => return Outcome::Refused { why: why.trouble(&held.user, "+ping").to_string() },
    }
    let _ = report.send(Outcome::Started).await;
    if let Err(why) = ask(&mut con, &words(&[command, "KILL"])).await {
        return refused(&why, noun, &held.user, command);
    }
    let began = Instant::now();
    loop {
        match busy(&mut con).await {
            Ok(None) => return Outcome::Settled { says: format!("the {noun} has ended, the node answers") },
            Ok(Some(_)) => {}
            Err(why) => {
                let why = why.trouble(&held.user, "+ping");
                return Outcome::Uncertain { why: format!("told to end, but not seen to: {why}") };
            }
        }
        if began.elapsed() > ENDED_WITHIN {
            return Outcome::Failed { why: format!("the {noun} was told to end and still runs") };
        }
        sleep(LOOK_AGAIN).await;
    }
}

fn refused(why: &Refusal, noun: &str, user: &str, command: &str) -> Outcome {
    match (why.kind, why.code.as_str()) {
        (RefusalKind::Answered, "NOTBUSY") => {
            Outcome::Refused { why: format!("no {noun} runs there any more") }
        }
        (RefusalKind::Answered, "UNKILLABLE") => Outcome::Refused {
            why: format!(
                "UNKILLABLE: the {noun} has written already; it ends by itself, or with SHUTDOWN NOSAVE, which loses \
                 everything since the last save"
            ),
        },
        (RefusalKind::Answered, _) => {
            let rule = format!("+{}|kill", command.to_lowercase());
            Outcome::Refused { why: why.trouble(user, &rule).to_string() }
        }
        _ => Outcome::Uncertain { why: format!("no answer: {}", why.trouble(user, "")) },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_that_runs_is_told_with_its_call() {
        let text = |text: &str| Value::BulkString(text.as_bytes().to_vec());
        let call = Value::Array(vec![text("FCALL"), text("count"), text("0")]);
        let script =
            vec![text("name"), text("count"), text("command"), call, text("duration_ms"), Value::Int(12_400)];
        let said =
            Value::Array(vec![text("running_script"), Value::Array(script), text("engines"), Value::Nil]);
        assert_eq!(told(&said).as_deref(), Some("count runs for 12 s: FCALL count 0"));
        assert_eq!(told(&Value::Array(vec![text("running_script"), Value::Nil])), None);
    }

    #[test]
    fn a_script_that_has_written_is_not_called_ended() {
        let refusal =
            |code: &str| Refusal { code: code.into(), detail: String::new(), kind: RefusalKind::Answered };
        let says = |code: &str| match refused(&refusal(code), "script", "mon", "SCRIPT") {
            Outcome::Refused { why } => why,
            other => format!("{other:?}"),
        };
        assert!(says("UNKILLABLE").contains("SHUTDOWN NOSAVE"));
        assert!(says("NOTBUSY").contains("any more"));
        assert!(says("NOPERM").ends_with("ACL SETUSER mon +script|kill"));
    }
}
