//! The templates of labels and annotations, as far as rules use them: `{{ $labels.pod }}`, `{{ $value | humanize }}`.
use std::fmt::Write as _;

use super::series::Labels;

/// The text with its values in it; what is not understood says so in its place.
pub fn expand(text: &str, labels: &Labels, value: f64) -> String {
    let (mut out, mut rest) = (String::new(), text);
    while let Some((before, after)) = rest.split_once("{{") {
        let Some((action, after)) = after.split_once("}}") else { break };
        out.push_str(before);
        match run(action.trim().trim_matches('-'), labels, value) {
            Ok(Piece::Text(text)) => out.push_str(&text),
            Ok(Piece::Number(value)) => out.push_str(&plain(value)),
            Err(why) => return format!("<error expanding template: {why}>"),
        }
        rest = after;
    }
    out + rest
}

enum Piece {
    Text(String),
    Number(f64),
}

/// A pipe of calls: what one gives is the last argument of the next.
fn run(action: &str, labels: &Labels, value: f64) -> Result<Piece, String> {
    let mut given: Option<Piece> = None;
    for call in split(action, '|') {
        let mut words = split(call.trim(), ' ').into_iter().filter(|word| !word.is_empty());
        let name = words.next().ok_or("missing value for command")?;
        let mut args = words.map(|word| read(word, labels, value)).collect::<Result<Vec<Piece>, String>>()?;
        args.extend(given.take());
        given = Some(if args.is_empty() { read(name, labels, value)? } else { perform(name, args)? });
    }
    given.ok_or_else(|| "missing value for command".into())
}

fn read(word: &str, labels: &Labels, value: f64) -> Result<Piece, String> {
    if let Some(text) = word.strip_prefix('"').and_then(|word| word.strip_suffix('"')) {
        return Ok(Piece::Text(text.to_owned()));
    }
    if matches!(word, "$value" | ".Value") {
        return Ok(Piece::Number(value));
    }
    let label = word.strip_prefix("$labels.").or_else(|| word.strip_prefix(".Labels."));
    match (label, word.parse()) {
        (Some(name), _) => Ok(Piece::Text(labels.get(name).cloned().unwrap_or_default())),
        (None, Ok(number)) => Ok(Piece::Number(number)),
        (None, Err(_)) => Err(format!("function {word:?} not defined")),
    }
}

fn perform(name: &str, args: Vec<Piece>) -> Result<Piece, String> {
    let mut args = args.into_iter();
    let number = |piece: Option<Piece>| match piece {
        Some(Piece::Number(value)) => Ok(value),
        Some(Piece::Text(text)) => text.parse().map_err(|_| format!("{text:?} is no number")),
        None => Err(format!("wrong number of args for {name}")),
    };
    let text = |piece: Option<Piece>| match piece {
        Some(Piece::Text(text)) => text,
        Some(Piece::Number(value)) => plain(value),
        None => String::new(),
    };
    Ok(Piece::Text(match name {
        "humanize" => scaled(number(args.next())?, 1_000.0, &["", "k", "M", "G", "T", "P", "E"]),
        "humanize1024" => scaled(number(args.next())?, 1_024.0, &["", "ki", "Mi", "Gi", "Ti", "Pi", "Ei"]),
        "humanizePercentage" => format!("{}%", general(number(args.next())? * 100.0, 4)),
        "humanizeDuration" => duration(number(args.next())?),
        "printf" => {
            let (mut out, format) = (String::new(), text(args.next()));
            let mut parts = format.split('%');
            out.push_str(parts.next().unwrap_or_default());
            while let Some(part) = parts.next() {
                let Some(at) = part.find(|c: char| c.is_ascii_alphabetic()) else {
                    out.push('%');
                    out.push_str(parts.next().unwrap_or_default());
                    continue;
                };
                let (flags, rest) = part.split_at(at);
                let places = flags.split_once('.').and_then(|(_, places)| places.parse().ok());
                let arg = args.next();
                match rest.chars().next() {
                    Some('f') => {
                        let places = places.unwrap_or(6_usize).min(30);
                        let _ = write!(out, "{:.places$}", number(arg)?);
                    }
                    _ => out.push_str(&text(arg)),
                }
                out.push_str(rest.get(1..).unwrap_or_default());
            }
            out
        }
        other => return Err(format!("function {other:?} not defined")),
    }))
}

/// Splits where the letter is outside of quotes.
fn split(text: &str, letter: char) -> Vec<&str> {
    let mut quoted = false;
    let outside = |c: char| {
        quoted ^= c == '"';
        c == letter && !quoted
    };
    text.split(outside).collect()
}

fn scaled(mut value: f64, by: f64, signs: &[&str]) -> String {
    const SMALL: &[&str] = &["m", "u", "n", "p", "f", "a"];
    let mut sign = "";
    if value != 0.0 && value.is_finite() && (value.abs() >= 1.0 || by > 1_000.0) {
        for larger in signs {
            sign = larger;
            if value.abs() < by {
                break;
            }
            value /= by;
        }
    } else if value != 0.0 && value.is_finite() {
        for smaller in SMALL {
            (sign, value) = (smaller, value * by);
            if value.abs() >= 1.0 {
                break;
            }
        }
    }
    format!("{}{sign}", general(value, 4))
}

fn duration(value: f64) -> String {
    if !value.is_finite() || value.abs() < 1.0 {
        return format!("{}s", scaled(value, 1_000.0, &[""]));
    }
    let sign = if value < 0.0 { "-" } else { "" };
    let whole = value.abs().floor();
    let (seconds, minutes) = (whole % 60.0, (whole / 60.0).floor() % 60.0);
    let (hours, days) = ((whole / 3_600.0).floor() % 24.0, (whole / 86_400.0).floor());
    match whole {
        86_400.0.. => format!("{sign}{days}d {hours}h {minutes}m {seconds}s"),
        3_600.0.. => format!("{sign}{hours}h {minutes}m {seconds}s"),
        60.0.. => format!("{sign}{minutes}m {seconds}s"),
        _ => format!("{}s", general(value, 4)),
    }
}

/// The shortest that is the same number.
fn plain(value: f64) -> String {
    if value != 0.0 && value.is_finite() && !(1e-4..1e21).contains(&value.abs()) {
        return exponent(&format!("{value:e}"));
    }
    super::api::number(value)
}

/// So many digits that count, without zeros at the end.
fn general(value: f64, digits: usize) -> String {
    let last = digits.saturating_sub(1);
    let scientific = format!("{value:.last$e}");
    let Some((mantissa, power)) = scientific.split_once('e') else { return super::api::number(value) };
    let power: i32 = power.parse().unwrap_or(0);
    let shorter = |text: &str| {
        if text.contains('.') {
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        } else {
            text.to_owned()
        }
    };
    match usize::try_from(i32::try_from(last).unwrap_or(0) - power) {
        Ok(places) if power >= -4 => shorter(&format!("{value:.places$}")),
        _ => exponent(&format!("{}e{power}", shorter(mantissa))),
    }
}

/// An exponent has a sign and two digits.
pub fn exponent(text: &str) -> String {
    let Some((mantissa, power)) = text.split_once('e') else { return text.to_owned() };
    let (sign, power) = power.strip_prefix('-').map_or(('+', power), |power| ('-', power));
    format!("{mantissa}e{sign}{power:0>2}")
}
