//! Parameters: what values they take, who may set them, and how they are shown.
use super::catalog;
use super::fault::{Fault, Res};
use super::state::Database;

/// Units of a base, largest first, and how much of the base each is.
const UNITS: [(&str, &[(&str, i64)]); 4] = [
    ("ms", &[("d", 86_400_000), ("h", 3_600_000), ("min", 60_000), ("s", 1_000), ("ms", 1)]),
    ("s", &[("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)]),
    ("kB", &[("GB", 1 << 20), ("MB", 1 << 10), ("kB", 1)]),
    ("8kB", &[("GB", 1 << 17), ("MB", 1 << 7)]),
];

fn units(base: &str) -> &'static [(&'static str, i64)] {
    UNITS.iter().find(|(unit, _)| *unit == base).map_or(&[], |(_, all)| all)
}

/// A number with a unit, in the unit of its parameter.
fn based(text: &str, base: &str) -> Option<i64> {
    let split = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
    let (count, unit) = text.split_at_checked(split)?;
    let count: i64 = count.trim().parse().ok()?;
    let factor = units(base).iter().find(|(name, _)| *name == unit).map(|(_, factor)| *factor);
    if unit.is_empty() { Some(count) } else { count.checked_mul(factor?) }
}

fn unknown(name: &str) -> Fault {
    Fault::new("42704", format!("unrecognized configuration parameter \"{name}\""))
}

/// The value as it is kept, if the parameter takes it.
fn accepted(known: &catalog::Setting, value: &str) -> Res<String> {
    let bad = || Fault::new("22023", format!("invalid value for parameter \"{}\": \"{value}\"", known.name));
    match known.kind {
        "integer" => Ok(based(value.trim(), known.unit).ok_or_else(bad)?.to_string()),
        "bool" => match value.to_lowercase().as_str() {
            "on" | "true" | "yes" | "1" => Ok("on".to_owned()),
            "off" | "false" | "no" | "0" => Ok("off".to_owned()),
            _ => Err(bad()),
        },
        _ if value.len() < 2_000 => Ok(value.to_owned()),
        _ => Err(bad()),
    }
}

/// The value that a role may keep for its sessions.
pub fn for_role(name: &str, value: &str) -> Res<(String, String)> {
    let known = catalog::setting(name).ok_or_else(|| unknown(name))?;
    accepted(&known, value)?;
    Ok((known.name.to_owned(), value.to_owned()))
}

/// A parameter by its own name, with its value as people are shown it: in the largest unit that fits.
pub fn shown(db: &Database, pid: i32, name: &str) -> Res<(String, String)> {
    let known = catalog::setting(name).ok_or_else(|| unknown(name))?;
    let value = db.current(pid, known.name).unwrap_or_default();
    let count = value.parse::<i64>().ok().filter(|count| *count > 0).unwrap_or(1);
    let fits = units(known.unit).iter().find(|(_, factor)| count % factor == 0);
    let shown = fits.map_or(value.clone(), |(unit, factor)| format!("{}{unit}", count / factor));
    Ok((known.name.to_owned(), if value.starts_with(['0', '-']) { value } else { shown }))
}

/// Sets a parameter of a session or of its transaction, or takes it back.
pub fn set(db: &mut Database, pid: i32, name: &str, value: Option<&str>, local: bool) -> Res<()> {
    let known = catalog::setting(name).ok_or_else(|| unknown(name))?;
    let (name, superuser) = (known.name, db.is_superuser(pid));
    let why = match known.context {
        "user" => "",
        "superuser" if superuser => "",
        "superuser" => {
            return Err(Fault::new("42501", format!("permission denied to set parameter \"{name}\"")));
        }
        "postmaster" => "without restarting the server",
        _ => "now",
    };
    if !why.is_empty() {
        return Err(Fault::new("55P02", format!("parameter \"{name}\" cannot be changed {why}")));
    }
    let value = value.map(|value| accepted(&known, value)).transpose()?;
    let Some(one) = db.sessions.get_mut(&pid) else { return Ok(()) };
    if name == "application_name" {
        one.application = value.unwrap_or_default().chars().take(63).collect();
        return Ok(());
    }
    let map = if local { &mut one.local } else { &mut one.settings };
    match value.or_else(|| one.initial.get(name).cloned()) {
        Some(value) => _ = map.insert(name.to_owned(), value),
        None => _ = map.remove(name),
    }
    Ok(())
}
