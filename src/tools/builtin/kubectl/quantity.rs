//! Amounts such as `50m` and `64Mi`.

const ONE: i128 = 1_000_000_000;

/// Units with their value in billionths.
const UNITS: &[(&str, i128)] = &[
    ("Ki", ONE << 10),
    ("Mi", ONE << 20),
    ("Gi", ONE << 30),
    ("Ti", ONE << 40),
    ("Pi", ONE << 50),
    ("n", 1),
    ("u", 1000),
    ("m", 1_000_000),
    ("", ONE),
    ("k", ONE * 1000),
    ("M", ONE * 1_000_000),
    ("G", ONE * 1_000_000_000),
    ("T", ONE * 1_000_000_000_000),
    ("P", ONE * 1_000_000_000_000_000),
];

/// An amount in billionths, which remembers how it is counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Quantity {
    pub parts: i128,
    binary: bool,
}

impl Quantity {
    pub fn read(text: &str) -> Option<Quantity> {
        let unit = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
        let (number, unit) = text.split_at(unit);
        let (_, each) = UNITS.iter().find(|(name, _)| *name == unit)?;
        let (whole, part) = number.split_once('.').unwrap_or((number, ""));
        let scale = 10_i128.checked_pow(u32::try_from(part.len()).ok()?)?;
        let digits = format!("{whole}{part}").parse::<i128>().ok()?;
        Some(Quantity { parts: digits.checked_mul(*each)? / scale, binary: unit.ends_with('i') })
    }

    /// In thousandths, of which a part counts as a whole.
    pub fn thousandths(self) -> i128 {
        self.parts.saturating_add(999_999) / 1_000_000
    }

    /// In whole units.
    pub fn whole(self) -> i128 {
        self.parts / ONE
    }

    pub fn add(&mut self, other: Quantity) {
        if self.parts == 0 {
            self.binary = other.binary;
        }
        self.parts = self.parts.saturating_add(other.parts);
    }

    /// How much of something it is, in percent.
    pub fn share(self, of: Quantity) -> i128 {
        if of.parts == 0 { 0 } else { self.parts.saturating_mul(100) / of.parts }
    }
}

impl std::fmt::Display for Quantity {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let fits = |(unit, each): &&(&str, i128)| {
            (unit.is_empty() || unit.ends_with('i') == self.binary) && self.parts % each == 0
        };
        let best = UNITS.iter().filter(fits).max_by_key(|(_, each)| *each);
        match best {
            Some((unit, each)) if self.parts != 0 => write!(out, "{}{unit}", self.parts / each),
            _ => write!(out, "{}", self.whole()),
        }
    }
}
