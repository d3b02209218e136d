//! Everything about one thing: a node, a client, a slow call, a family of keys.
use ::redis::{Pipeline, cmd};

use super::answer::{Refusal, ask, ask_all, items, pairs, text, words};
use super::deeds;
use super::hub::{Held, Hub};
use super::member::slow_call;
use crate::domain::news::{Inspection, Section};
use crate::domain::object::{Kind, ObjectRef};
use crate::domain::redis::describe;
use crate::domain::redis::info::Info;
use crate::domain::redis::keys::KeyGroup;
use crate::domain::redis::trouble::granting;
use crate::sources::backend::unreadable;
use crate::sources::now;

pub(super) async fn inspect(hub: &Hub, target: &ObjectRef) -> Inspection {
    let held = match hub.of(target) {
        Ok(held) => held,
        Err(why) => return unreadable(target, why),
    };
    let found = match target.kind {
        Kind::RedisNode => node(&held).await,
        Kind::Client => client(&held, &target.name).await,
        Kind::SlowCall => slow(&held, &target.name).await,
        _ => keys(&held, &target.name).await,
    };
    match found {
        Ok((sections, yaml, missing)) => Inspection {
            target: target.clone(),
            uid: Some(held.node.run_id.clone()),
            sections,
            yaml,
            events: Vec::new(),
            owners: Vec::new(),
            missing,
        },
        Err(why) => unreadable(target, why),
    }
}

type Found = Result<(Vec<Section>, String, Vec<String>), String>;

async fn node(held: &Held) -> Found {
    let mut con = held.con.clone();
    let mut missing = Vec::new();
    let mut note = |why: &Refusal, what: &str, rule: &str| {
        missing.push(if why.forbids() {
            format!("{what}: {}", granting(&held.user, rule))
        } else {
            format!("{what}: {}", why.trouble(&held.user, rule))
        });
    };
    let info = match ask(&mut con, &cmd("INFO")).await {
        Ok(said) => Info::parse(&text(&said).unwrap_or_default()),
        // The last one is better than none.
        Err(why) => {
            note(&why, "facts of now", "+info");
            held.info.clone()
        }
    };
    let mut sections = describe::node(&held.node, &info, now());
    let mut pipeline = Pipeline::new();
    for pattern in describe::SETTINGS {
        pipeline.cmd("CONFIG").arg("GET").arg(*pattern);
    }
    // Of the secrets among them nothing but the names is kept.
    pipeline.cmd("CONFIG").arg("GET").arg("*");
    let mut others = None;
    match ask_all(&mut con, &mut pipeline).await {
        Ok(answers) => {
            if let Some(Err(why)) = answers.first() {
                note(why, "settings", "+config|get");
            }
            let (chosen, rest) = answers.split_at(describe::SETTINGS.len().min(answers.len()));
            let chosen: Vec<(String, String)> = chosen.iter().flatten().flat_map(pairs).collect();
            let rest: Vec<(String, String)> = rest.iter().flatten().flat_map(pairs).collect();
            sections.extend(describe::settings(&chosen));
            others = describe::other_settings(&rest, &chosen);
        }
        Err(why) => note(&why, "settings", "+config|get"),
    }
    for (title, ask_for, rule) in [
        ("Memory doctor", ["MEMORY", "DOCTOR"], "+memory|doctor"),
        ("Latency doctor", ["LATENCY", "DOCTOR"], "+latency|doctor"),
    ] {
        match ask(&mut con, &words(&ask_for)).await {
            Ok(said) => sections.extend(describe::doctor(title, &text(&said).unwrap_or_default())),
            Err(why) => note(&why, title, rule),
        }
    }
    match ask(&mut con, &words(&["LATENCY", "LATEST"])).await {
        Ok(said) => {
            let events = items(&said).iter().filter_map(|event| {
                let event = items(event);
                let number = |at: usize| event.get(at).and_then(super::answer::int);
                Some((event.first().and_then(text)?, number(1)?, number(2)?, number(3)?))
            });
            sections.extend(describe::latencies(events, now()));
        }
        Err(why) => note(&why, "latency events", "+latency|latest"),
    }
    sections.extend(describe::identity(&held.user, held.own));
    sections.extend(others);
    Ok((sections, info.yaml(), missing))
}

async fn client(held: &Held, name: &str) -> Found {
    let mut con = held.con.clone();
    let id = name.parse().map_err(|_| format!("`{name}` is no client"))?;
    let found = deeds::find(&mut con, id, held.own).await;
    let found = found.map_err(|why| why.trouble(&held.user, "+client|list").to_string())?;
    let client = found.ok_or_else(|| format!("client {id} is gone"))?;
    Ok((describe::client(&client, now()), String::new(), Vec::new()))
}

async fn slow(held: &Held, name: &str) -> Found {
    let mut con = held.con.clone();
    let said = ask(&mut con, cmd("SLOWLOG").arg("GET").arg(128)).await;
    let said = said.map_err(|why| why.trouble(&held.user, "+slowlog|get").to_string())?;
    let now_there: Vec<_> = items(&said).iter().filter_map(slow_call).collect();
    let all = now_there.iter().chain(&held.slow);
    let call = all.into_iter().find(|call| call.id.to_string() == *name);
    let call = call.ok_or_else(|| format!("call {name} has left the slow log"))?;
    Ok((describe::slow_call(call, now()), String::new(), Vec::new()))
}

async fn keys(held: &Held, name: &str) -> Found {
    let group = held.groups.iter().find(|group| &*group.name == name);
    let group = group.ok_or_else(|| format!("`{name}` is not in the sample any more"))?;
    let mut missing = Vec::new();
    let kind = if group.single { of_key(held, group, &mut missing).await } else { Vec::new() };
    Ok((describe::key_group(group, &kind), String::new(), missing))
}

/// What it is and how it is stored; the connection stands in the sampled database.
async fn of_key(held: &Held, group: &KeyGroup, missing: &mut Vec<String>) -> Vec<(&'static str, String)> {
    let mut con = held.con.clone();
    let mut known = Vec::new();
    for (label, ask_for, rule) in [
        ("type", &["TYPE"][..], "+type ~*"),
        ("stored as", &["OBJECT", "ENCODING"], "+object|encoding ~*"),
        ("unused for seconds", &["OBJECT", "IDLETIME"], "+object|idletime ~*"),
    ] {
        let mut command = words(ask_for);
        match ask(&mut con, command.arg(&*group.name)).await {
            Ok(said) => known.extend(text(&said).map(|text| (label, text))),
            Err(why) if why.forbids() => missing.push(format!("{label}: {}", granting(&held.user, rule))),
            Err(_) => {}
        }
    }
    known
}
