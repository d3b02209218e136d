//! Numbers with their units, short enough for a cell.
use crate::domain::text::grouped;

/// `87%`, `1.25 s`, `412 MB`, `12 days`.
pub fn amount(value: f64, unit: &str) -> String {
    match unit {
        "" => number(value),
        "%" => format!("{}%", number(value)),
        "bytes" | "B" => bytes(value),
        "/s" => format!("{}/s", number(value)),
        unit => format!("{} {unit}", number(value)),
    }
}

/// At most three figures behind the point's first, no zeros at the end: `0.034`, `1.25`, `12.5`, `412`, `30,412`.
pub fn number(value: f64) -> String {
    if value.is_nan() {
        return "NaN".into();
    }
    if value.is_infinite() {
        return if value > 0.0 { "∞".into() } else { "-∞".into() };
    }
    let size = value.abs();
    let text = match size {
        _ if size >= 1e15 => return format!("{value:.2e}"),
        _ if size >= 99.95 => return whole(value),
        _ if size >= 9.995 => format!("{value:.1}"),
        _ if size >= 0.1 => format!("{value:.2}"),
        _ if size >= 0.000_1 => format!("{value:.4}"),
        _ if size > 0.0 => return format!("{value:.1e}"),
        _ => return "0".into(),
    };
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn whole(value: f64) -> String {
    let digits = format!("{:.0}", value.abs());
    let digits = digits.parse().map_or(digits, grouped);
    if value < 0.0 { format!("-{digits}") } else { digits }
}

/// In powers of 1024.
fn bytes(value: f64) -> String {
    let mut value = value;
    for unit in ["B", "KB", "MB", "GB", "TB"] {
        if !value.is_finite() || value.abs() < 1024.0 {
            return format!("{} {unit}", number(value));
        }
        value /= 1024.0;
    }
    format!("{} PB", number(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_shows_the_figures_that_matter() {
        for (value, text) in [
            (0.0, "0"),
            (87.0, "87"),
            (0.034_21, "0.0342"),
            (1.25, "1.25"),
            (9.999, "10"),
            (12.34, "12.3"),
            (99.96, "100"),
            (-3.5, "-3.5"),
            (30_412.4, "30,412"),
            (0.000_01, "1.0e-5"),
            (f64::INFINITY, "∞"),
            (f64::NAN, "NaN"),
        ] {
            assert_eq!(number(value), text);
        }
    }

    #[test]
    fn units_stand_where_people_write_them() {
        assert_eq!(amount(87.0, "%"), "87%");
        assert_eq!(amount(1.5, "s"), "1.5 s");
        assert_eq!(amount(0.01, "/s"), "0.01/s");
        assert_eq!(amount(432_013_312.0, "bytes"), "412 MB");
        assert_eq!(amount(512.0, "bytes"), "512 B");
    }
}
