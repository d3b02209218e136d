//! Parameters: what values they take, who may set them when, and how they are shown.
use super::catalog;
use super::fault::{Fault, Res};
use super::state::Database;

/// A span of time as a parameter has it, in milliseconds.
pub fn milliseconds(text: &str) -> Option<i64> {
    based(text, "ms")
}

const UNITS: [(&str, &[(&str, i64)]); 5] = [
    ("ms", &[("d", 86_400_000), ("h", 3_600_000), ("min", 60_000), ("s", 1_000), ("ms", 1)]),
    ("s", &[("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)]),
    ("kB", &[("TB", 1 << 30), ("GB", 1 << 20), ("MB", 1 << 10), ("kB", 1)]),
    ("8kB", &[("TB", 1 << 27), ("GB", 1 << 17), ("MB", 1 << 7), ("kB", 0)]),
    ("MB", &[("TB", 1 << 20), ("GB", 1 << 10), ("MB", 1)]),
];

fn units(base: &str) -> &'static [(&'static str, i64)] {
    UNITS.iter().find(|(unit, _)| *unit == base).map_or(&[], |(_, all)| all)
}

/// A number with a unit, in the unit of its parameter.
fn based(text: &str, base: &str) -> Option<i64> {
    let text = text.trim();
    let split = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
    let (count, unit) = text.split_at_checked(split)?;
    let count: i64 = count.trim().parse().ok()?;
    if unit.is_empty() {
        return Some(count);
    }
    let (_, factor) = units(base).iter().find(|(name, _)| *name == unit)?;
    if *factor == 0 { Some(count / 8) } else { count.checked_mul(*factor) }
}

/// The value of a parameter as people are shown it: in the largest unit that fits.
pub fn shown_setting(name: &str, value: &str) -> String {
    let Some(known) = catalog::setting(name).filter(|known| !known.unit.is_empty()) else {
        return value.to_owned();
    };
    let Some(count) = value.parse::<i64>().ok().filter(|count| *count > 0) else { return value.to_owned() };
    let fits = units(known.unit).iter().find(|(_, factor)| *factor > 0 && count % factor == 0);
    match fits {
        Some((unit, factor)) => format!("{}{unit}", count / factor),
        None if known.unit == "8kB" => format!("{}kB", count.saturating_mul(8)),
        None => value.to_owned(),
    }
}

/// The value as it is kept, if the parameter takes it.
pub fn accepted(name: &str, value: &str) -> Res<String> {
    let Some(known) = catalog::setting(name) else {
        return if name.contains('.') { Ok(value.to_owned()) } else { Err(unknown(name)) };
    };
    let bad = || Fault::new("22023", format!("invalid value for parameter \"{}\": \"{value}\"", known.name));
    match known.kind {
        "integer" => Ok(based(value, known.unit).ok_or_else(bad)?.to_string()),
        "real" => value.parse::<f64>().map(|_| value.to_owned()).map_err(|_| bad()),
        "bool" => Ok(match value.to_lowercase().as_str() {
            "on" | "true" | "yes" | "1" => "on",
            "off" | "false" | "no" | "0" => "off",
            _ => {
                return Err(Fault::new(
                    "22023",
                    format!("parameter \"{}\" requires a Boolean value", known.name),
                ));
            }
        }
        .to_owned()),
        _ => Ok(value.to_owned()),
    }
}

fn unknown(name: &str) -> Fault {
    Fault::new("42704", format!("unrecognized configuration parameter \"{name}\""))
}

/// Sets a parameter of a session, or takes it back.
pub fn set(db: &mut Database, pid: i32, name: &str, value: Option<&str>) -> Res<()> {
    let known = catalog::setting(name);
    let superuser = db.is_superuser(pid);
    if let Some(known) = &known {
        let name = known.name;
        match known.context {
            "internal" => return Err(Fault::new("55P02", format!("parameter \"{name}\" cannot be changed"))),
            "postmaster" => {
                let why = format!("parameter \"{name}\" cannot be changed without restarting the server");
                return Err(Fault::new("55P02", why));
            }
            "sighup" => {
                return Err(Fault::new("55P02", format!("parameter \"{name}\" cannot be changed now")));
            }
            "superuser" | "superuser-backend" if !superuser => {
                return Err(Fault::new("42501", format!("permission denied to set parameter \"{name}\"")));
            }
            _ => {}
        }
    }
    let name = known.map_or_else(|| name.to_lowercase(), |known| known.name.to_owned());
    let value = value
        .map(|value| if name == "role" { Ok(value.to_owned()) } else { accepted(&name, value) })
        .transpose()?;
    let Some(one) = db.sessions.get_mut(&pid) else { return Ok(()) };
    match (name.as_str(), value) {
        ("application_name", value) => one.application = value.unwrap_or_default().chars().take(63).collect(),
        (_, None) => match one.initial.get(&name).cloned() {
            Some(value) => _ = one.settings.insert(name, value),
            None => _ = one.settings.remove(&name),
        },
        (_, Some(value)) if one.settings.len() < 200 && value.len() < 2_000 => {
            one.settings.insert(name, value);
        }
        _ => return Err(Fault::new("53400", "too many parameters are set")),
    }
    Ok(())
}

/// Takes in what was set for the whole server and needs no new start.
pub fn reload(db: &mut Database) {
    let ready: Vec<String> = db
        .pending
        .keys()
        .filter(|name| catalog::setting(name).is_none_or(|known| known.context != "postmaster"))
        .cloned()
        .collect();
    for name in ready {
        if let Some(value) = db.pending.remove(&name) {
            db.settings.insert(name, value);
        }
    }
}
