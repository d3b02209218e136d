//! The one number in an output that a limit is meant for.
use super::super::facts::limit::Limit;

/// Finds it: the whole output, the only value of a table, or the only number on the line that names the subject.
pub fn of(out: &str, subject: &str) -> Option<(f64, String)> {
    let text = out.trim();
    if let Some(found) = number(text) {
        return Some(found);
    }
    if let Some(value) = table(text) {
        return number(value);
    }
    let words: Vec<String> = subject
        .to_lowercase()
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| word.len() > 2)
        .map(str::to_owned)
        .collect();
    let mut found = None;
    for line in text.lines().take(2_000) {
        let lower = line.to_lowercase();
        if words.is_empty() || !words.iter().any(|word| lower.contains(word.as_str())) {
            continue;
        }
        let mut numbers =
            line.split(|c: char| c.is_whitespace() || matches!(c, ':' | '=' | ',' | '(' | ')' | '|'));
        let numbers: Vec<(f64, String)> = numbers.by_ref().filter_map(number).take(2).collect();
        match (numbers.as_slice(), &found) {
            ([one], None) => found = Some(one.clone()),
            ([], _) => {}
            // Two numbers, or two lines: which is meant is not known.
            _ => return None,
        }
    }
    found
}

/// The only cell of a table of psql.
fn table(text: &str) -> Option<&str> {
    let lines: Vec<&str> = text.lines().collect();
    let rule = lines.iter().position(|line| {
        let line = line.trim();
        line.len() > 1 && line.chars().all(|c| c == '-')
    })?;
    let rows: Vec<&str> = lines
        .iter()
        .skip(rule + 1)
        .map(|line| line.trim())
        .take_while(|line| !line.starts_with('('))
        .filter(|line| !line.is_empty())
        .collect();
    match rows.as_slice() {
        [one] if rule == 1 => Some(one),
        _ => None,
    }
}

/// A number with its unit and nothing else.
fn number(text: &str) -> Option<(f64, String)> {
    let text = text.trim();
    if text.len() > 40 {
        return None;
    }
    let end = text.find(|c: char| !c.is_ascii_digit() && !matches!(c, '.' | '-' | ',')).unwrap_or(text.len());
    let (digits, unit) = text.split_at(end);
    let unit = unit.trim();
    if digits.is_empty() || !unit.chars().all(|c| c.is_ascii_alphabetic() || matches!(c, '%' | '/')) {
        return None;
    }
    let value: f64 = digits.replace(',', "").parse().ok()?;
    value.is_finite().then(|| (value, unit.to_owned()))
}

/// Whether the number keeps the limit; none where their units cannot be compared.
pub fn keeps(limit: &Limit, value: f64, unit: &str) -> Option<bool> {
    let wanted: f64 = limit.number.parse().ok()?;
    let (value, wanted) = match (scale(unit), scale(&limit.unit)) {
        (Some((a, one)), Some((b, other))) if one == other => (value * a, wanted * b),
        _ if unit.is_empty() && !is_alike(value, &limit.unit) => return None,
        _ if unit.is_empty() || limit.unit.is_empty() || unit.eq_ignore_ascii_case(&limit.unit) => {
            (value, wanted)
        }
        // `80 connections`: the unit is the subject's own word; a lone letter is a size of it.
        _ if scale(unit).is_none()
            && scale(&limit.unit).is_none()
            && unit.len() > 1
            && limit.unit.len() > 1 =>
        {
            (value, wanted)
        }
        _ => return None,
    };
    let same = (value - wanted).abs() < f64::EPSILON * wanted.abs().max(1.0);
    Some(match limit.sign {
        "<" => value < wanted && !same,
        "<=" => value < wanted || same,
        ">" => value > wanted && !same,
        ">=" => value > wanted || same,
        "==" | "" => same,
        "!=" => !same,
        _ => return None,
    })
}

/// Whether a bare number may be one of this unit: programs tell seconds and shares with a fraction, and bytes whole.
fn is_alike(value: f64, unit: &str) -> bool {
    let broken = value.fract() != 0.0;
    match scale(unit) {
        Some((_, '%')) => !broken || value > 1.0,
        Some((of, 's')) => of >= 1.0 || !broken,
        Some((of, 'b')) => of <= 1.0 || value < 100_000.0,
        _ => true,
    }
}

/// How many of the smallest unit it is, and of which family.
fn scale(unit: &str) -> Option<(f64, char)> {
    Some(match unit.to_ascii_lowercase().as_str() {
        "%" | "percent" => (1.0, '%'),
        "ms" => (0.001, 's'),
        "us" | "µs" => (0.000_001, 's'),
        "s" | "sec" | "secs" | "second" | "seconds" => (1.0, 's'),
        "min" | "mins" | "minute" | "minutes" => (60.0, 's'),
        "h" | "hr" | "hrs" | "hour" | "hours" => (3_600.0, 's'),
        "d" | "day" | "days" => (86_400.0, 's'),
        "b" | "bytes" => (1.0, 'b'),
        "k" | "kb" => (1e3, 'b'),
        "mb" => (1e6, 'b'),
        "g" | "gb" => (1e9, 'b'),
        "t" | "tb" => (1e12, 'b'),
        "ki" | "kib" => (1024.0, 'b'),
        "mi" | "mib" => (1_048_576.0, 'b'),
        "gi" | "gib" => (1_073_741_824.0, 'b'),
        _ => return None,
    })
}
