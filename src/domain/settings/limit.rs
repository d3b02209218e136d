//! A fact worth watching, its limits, and the line of the document that says so.
use std::fmt;
use std::time::Duration;

/// Who is asked for a fact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FactSource {
    Http,
    Tls,
    Tcp,
    Dns,
    /// Of this box, or of one reached by SSH.
    Disk,
    Memory,
    Promql,
    Sql,
    Redis,
    Kubernetes,
    Logs,
    Docker,
    Alertmanager,
    /// The reading statement that stands at the limit's own line.
    Statement,
    /// Nobody: it is shown as `no source`, never as fine.
    None,
}

impl FactSource {
    pub const ALL: &'static [FactSource] = &[
        FactSource::Http,
        FactSource::Tls,
        FactSource::Tcp,
        FactSource::Dns,
        FactSource::Disk,
        FactSource::Memory,
        FactSource::Promql,
        FactSource::Sql,
        FactSource::Redis,
        FactSource::Kubernetes,
        FactSource::Logs,
        FactSource::Docker,
        FactSource::Alertmanager,
        FactSource::Statement,
        FactSource::None,
    ];

    /// As a profile writes it.
    pub fn name(self) -> &'static str {
        match self {
            FactSource::Http => "http",
            FactSource::Tls => "tls",
            FactSource::Tcp => "tcp",
            FactSource::Dns => "dns",
            FactSource::Disk => "disk",
            FactSource::Memory => "memory",
            FactSource::Promql => "promql",
            FactSource::Sql => "sql",
            FactSource::Redis => "redis",
            FactSource::Kubernetes => "kubernetes",
            FactSource::Logs => "logs",
            FactSource::Docker => "docker",
            FactSource::Alertmanager => "alertmanager",
            FactSource::Statement => "statement",
            FactSource::None => "none",
        }
    }

    /// Whether it has to be told what to ask.
    pub fn needs_query(self) -> bool {
        !matches!(self, FactSource::Statement | FactSource::None)
    }
}

/// A question to a backend, and what its answer means.
#[derive(Debug, Clone, PartialEq)]
pub struct Fact {
    pub name: String,
    pub source: FactSource,
    /// Empty where the source needs none.
    pub query: String,
    /// The name of the endpoint that is asked, where there are several.
    pub on: Option<String>,
    pub unit: Option<String>,
    /// Where in a JSON body the value stands: `.checks.db.status`.
    pub pick: Option<String>,
    pub every: Duration,
    pub ok: Option<Bound>,
    pub warning: Option<Bound>,
    pub critical: Option<Bound>,
}

/// A fact with its place in a document.
#[derive(Debug, Clone, PartialEq)]
pub struct Limit {
    pub fact: Fact,
    pub document: String,
    /// Never empty.
    pub lines: Vec<Lines>,
    /// Why nobody can be asked, where it is not that the document gives no query.
    pub why: Option<String>,
}

/// One line, or a run of them; both ends count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lines {
    pub from: u32,
    pub to: u32,
}

impl Lines {
    /// Reads `30` and `28-35`.
    pub fn parse(text: &str) -> Option<Lines> {
        let (from, to) = text.split_once('-').unwrap_or((text, text));
        let lines = Lines { from: from.trim().parse().ok()?, to: to.trim().parse().ok()? };
        (lines.from > 0 && lines.from <= lines.to).then_some(lines)
    }
}

impl fmt::Display for Lines {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.from == self.to {
            write!(out, "{}", self.from)
        } else {
            write!(out, "{}-{}", self.from, self.to)
        }
    }
}

/// When a value is ok, a warning or critical: `> 0.9 for 5m`, `= healthy`.
#[derive(Debug, Clone, PartialEq)]
pub struct Bound {
    pub op: Op,
    pub value: BoundValue,
    /// How long it has to hold before it counts.
    pub held: Option<Duration>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    Less,
    LessOrEqual,
    More,
    MoreOrEqual,
    Is,
    IsNot,
}

#[derive(Debug, Clone, PartialEq)]
pub enum BoundValue {
    Number(f64),
    Text(String),
}

const OPS: &[(&str, Op)] = &[
    ("<=", Op::LessOrEqual),
    (">=", Op::MoreOrEqual),
    ("!=", Op::IsNot),
    ("<", Op::Less),
    (">", Op::More),
    ("=", Op::Is),
];

impl Bound {
    /// Says in words what is wrong with a text that is no bound.
    pub fn parse(text: &str) -> Result<Bound, String> {
        let text = text.trim();
        let Some((sign, op)) = OPS.iter().find(|(sign, _)| text.starts_with(sign)) else {
            return Err("a limit begins with `<`, `<=`, `>`, `>=`, `=` or `!=`".into());
        };
        let rest = text.get(sign.len()..).unwrap_or("").trim();
        let (value, held) = match rest.rsplit_once(" for ") {
            Some((value, span)) => match parse_span(span) {
                Some(held) => (value.trim(), Some(held)),
                None => {
                    return Err(format!("`{}` is no span of time; write `30s`, `5m` or `1h`", span.trim()));
                }
            },
            None => (rest, None),
        };
        if value.is_empty() {
            return Err("there is no value after the sign".into());
        }
        let number = value.parse::<f64>().ok().filter(|n| n.is_finite());
        match (number, op) {
            (Some(n), _) => Ok(Bound { op: *op, value: BoundValue::Number(n), held }),
            (None, Op::Is | Op::IsNot) => Ok(Bound { op: *op, value: BoundValue::Text(value.into()), held }),
            (None, _) => {
                Err(format!("`{value}` is not a number, and only numbers are more or less than others"))
            }
        }
    }

    /// Whether critical would be reached before, or together with, this warning.
    pub fn contradicts(&self, critical: &Bound) -> bool {
        let (BoundValue::Number(here), BoundValue::Number(there)) = (&self.value, &critical.value) else {
            return false;
        };
        match (self.op, critical.op) {
            (Op::More | Op::MoreOrEqual, Op::More | Op::MoreOrEqual) => here > there,
            (Op::Less | Op::LessOrEqual, Op::Less | Op::LessOrEqual) => here < there,
            _ => false,
        }
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = OPS.iter().find(|(_, op)| *op == self.op).map_or("", |(sign, _)| sign);
        match &self.value {
            BoundValue::Number(n) => write!(out, "{sign} {n}")?,
            BoundValue::Text(text) => write!(out, "{sign} {text}")?,
        }
        match self.held {
            Some(held) => write!(out, " for {}", write_span(held)),
            None => Ok(()),
        }
    }
}

/// The box and the paths of a question for disks: `ops@box:/var /mnt` is of `ops@box`, `/` of this one.
pub fn disk_place(query: &str) -> Option<(Option<&str>, Vec<&str>)> {
    let (target, paths) = match query.split_once(":/") {
        Some((target, _)) if !target.contains(['/', ' ']) => (Some(target), query.get(target.len() + 1..)?),
        _ => (None, query),
    };
    let paths: Vec<&str> = paths.split_whitespace().collect();
    let good = !paths.is_empty() && paths.iter().all(|path| path.starts_with('/')) && target != Some("");
    good.then_some((target, paths))
}

/// Reads `500ms`, `30s`, `5m`, `2h`, `7d`.
pub fn parse_span(text: &str) -> Option<Duration> {
    let text = text.trim();
    let split = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(split);
    let number: u64 = number.parse().ok()?;
    let milliseconds = match unit.trim() {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    number.checked_mul(milliseconds).map(Duration::from_millis)
}

/// The shortest way to write what `parse_span` reads.
pub fn write_span(span: Duration) -> String {
    let milliseconds = span.as_millis();
    for (unit, size) in [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000)] {
        if milliseconds >= size && milliseconds.is_multiple_of(size) {
            return format!("{}{unit}", milliseconds / size);
        }
    }
    format!("{milliseconds}ms")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_reads_back_as_it_is_written() {
        for text in ["> 0.05 for 2m", "= healthy", "< 80", "!= PONG", ">= 500", "<= 30 for 90s"] {
            assert_eq!(Bound::parse(text).expect(text).to_string(), text);
        }
        for text in ["", "70", "> many", "> 1 for ever", "=", "> nan"] {
            assert!(Bound::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_warning_that_comes_after_critical_is_seen() {
        let bound = |text| Bound::parse(text).expect(text);
        assert!(bound("> 90").contradicts(&bound("> 80")));
        assert!(bound("< 50").contradicts(&bound("< 70")));
        assert!(!bound("> 80").contradicts(&bound("> 90")));
        assert!(!bound("< 70").contradicts(&bound("> 90")));
    }

    #[test]
    fn a_box_is_told_from_a_path() {
        assert_eq!(disk_place("/"), Some((None, vec!["/"])));
        assert_eq!(disk_place("/mnt/data /var/lib"), Some((None, vec!["/mnt/data", "/var/lib"])));
        assert_eq!(disk_place("ops@box:/var /a"), Some((Some("ops@box"), vec!["/var", "/a"])));
        assert_eq!(disk_place("/odd:/path"), Some((None, vec!["/odd:/path"])));
        for text in ["", "var", "ops@box:", ":/var", "ops@box:/var x"] {
            assert_eq!(disk_place(text), None, "{text}");
        }
    }

    #[test]
    fn lines_are_one_or_a_run() {
        assert_eq!(Lines::parse("28-35").map(|l| l.to_string()).as_deref(), Some("28-35"));
        assert_eq!(Lines::parse("30").map(|l| l.to_string()).as_deref(), Some("30"));
        for text in ["", "0", "35-28", "x", "-3"] {
            assert_eq!(Lines::parse(text), None, "{text}");
        }
    }
}
