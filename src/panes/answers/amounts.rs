//! Amounts with units that can be held against each other: `500ms` and `0.7 s`, `1 GB` and 900 bytes.
use crate::runbook::execution::question::Subject;

/// What a unit measures, and how many of the smallest it is; `None` where it is not known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Unit {
    Percent,
    Seconds(f64),
    Bytes(f64),
    /// A plain number.
    Count,
}

pub fn unit(text: &str) -> Option<Unit> {
    Some(match text.trim().to_lowercase().as_str() {
        "" => Unit::Count,
        "%" | "percent" | "per cent" | "pct" => Unit::Percent,
        "µs" | "us" => Unit::Seconds(0.000_001),
        "ms" | "millisecond" | "milliseconds" => Unit::Seconds(0.001),
        "s" | "sec" | "secs" | "second" | "seconds" => Unit::Seconds(1.0),
        "m" | "min" | "mins" | "minute" | "minutes" => Unit::Seconds(60.0),
        "h" | "hr" | "hrs" | "hour" | "hours" => Unit::Seconds(3_600.0),
        "d" | "day" | "days" => Unit::Seconds(86_400.0),
        "b" | "byte" | "bytes" => Unit::Bytes(1.0),
        "k" | "kb" | "ki" | "kib" => Unit::Bytes(1024.0),
        "mb" | "mi" | "mib" => Unit::Bytes(1024.0 * 1024.0),
        "g" | "gb" | "gi" | "gib" => Unit::Bytes(1024.0 * 1024.0 * 1024.0),
        "t" | "tb" | "ti" | "tib" => Unit::Bytes(1024.0 * 1024.0 * 1024.0 * 1024.0),
        _ => return None,
    })
}

/// An amount in the other's unit; `None` where they measure different things.
pub fn convert(value: f64, from: &str, to: &str) -> Option<f64> {
    if from.trim().eq_ignore_ascii_case(to.trim()) {
        return Some(value);
    }
    match (unit(from)?, unit(to)?) {
        (Unit::Seconds(one), Unit::Seconds(other)) | (Unit::Bytes(one), Unit::Bytes(other)) => {
            Some(value * (one / other))
        }
        (one, other) if one == other => Some(value),
        _ => None,
    }
}

/// Whether the comparison holds.
pub fn holds(value: f64, sign: &str, limit: f64) -> Option<bool> {
    Some(match sign {
        "<" => value < limit,
        "<=" => value <= limit,
        ">" => value > limit,
        ">=" => value >= limit,
        "==" => (value - limit).abs() < f64::EPSILON,
        "!=" => (value - limit).abs() >= f64::EPSILON,
        _ => return None,
    })
}

/// Words in the names of facts and alerts that speak of a subject.
pub fn words(subject: Subject) -> &'static [&'static str] {
    match subject {
        Subject::Memory => &["memory", "mem", "ram", "heap"],
        Subject::Cpu => &["cpu", "processor"],
        Subject::Disk => &["disk", "filesystem", "storage", "volume"],
        Subject::ErrorRate => &["error", "errors", "5xx"],
        Subject::Latency => &["latency", "response", "p95", "p99", "slow"],
        Subject::Load => &["load", "traffic", "requests", "rps", "qps"],
        Subject::Queue => &["queue", "backlog", "lag"],
        Subject::Network => &["network", "dns", "packet", "tcp"],
        Subject::Certificate => &["certificate", "cert", "tls", "ssl"],
        Subject::CacheHits => &["hit", "hits"],
        Subject::Redis => &["redis"],
        Subject::Connections => &["connections", "pool"],
        Subject::Replication => &["replication", "replica"],
        _ => &[],
    }
}

/// Whether a name speaks of it: `HighErrorRate`, `http_errors`, `Error rate`.
pub fn speaks(name: &str, subject: Subject) -> bool {
    let wanted = words(subject);
    !wanted.is_empty() && parts(name).any(|part| wanted.iter().any(|word| part.eq_ignore_ascii_case(word)))
}

/// The words of a name, apart at blanks, signs and before capitals.
fn parts(name: &str) -> impl Iterator<Item = &str> {
    name.split(|c: char| !c.is_alphanumeric()).flat_map(|word| {
        let mut cuts = vec![0];
        let mut small = false;
        for (at, c) in word.char_indices() {
            if c.is_uppercase() && small {
                cuts.push(at);
            }
            small = !c.is_uppercase();
        }
        cuts.push(word.len());
        let pairs: Vec<(usize, usize)> = cuts.iter().copied().zip(cuts.iter().copied().skip(1)).collect();
        pairs.into_iter().filter_map(move |(from, to)| word.get(from..to))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_compared_in_one_unit_and_only_where_they_measure_the_same() {
        assert_eq!(convert(0.7, "s", "ms"), Some(700.0));
        assert_eq!(convert(2048.0, "bytes", "KB"), Some(2.0));
        assert_eq!(convert(87.0, "%", "percent"), Some(87.0));
        assert_eq!(convert(0.87, "", "%"), None, "a share may be told in hundredths or not");
        assert_eq!(convert(3.0, "requests", "Requests"), Some(3.0));
        assert_eq!(convert(3.0, "requests", "pods"), None);
    }

    #[test]
    fn a_name_speaks_of_a_thing_by_its_words_however_they_are_joined() {
        for name in ["HighErrorRate", "http_errors_total", "Error rate", "api-5xx"] {
            assert!(speaks(name, Subject::ErrorRate), "{name}");
        }
        for name in ["Terrors", "PodCrashLooping", ""] {
            assert!(!speaks(name, Subject::ErrorRate), "{name}");
        }
        assert!(!speaks("anything", Subject::Pods));
    }
}
