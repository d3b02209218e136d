//! Amounts such as `50m` and `64Mi`.

/// Units with their value in thousandths.
const UNITS: &[(&str, i128)] = &[
    ("Ki", 1000 << 10),
    ("Mi", 1000 << 20),
    ("Gi", 1000 << 30),
    ("Ti", 1000 << 40),
    ("Pi", 1000 << 50),
    ("m", 1),
    ("", 1000),
    ("k", 1_000_000),
    ("M", 1_000_000_000),
    ("G", 1_000_000_000_000),
    ("T", 1_000_000_000_000_000),
    ("P", 1_000_000_000_000_000_000),
];

/// An amount in thousandths, which remembers how it is counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Quantity {
    pub thousandths: i128,
    binary: bool,
}

impl Quantity {
    pub fn read(text: &str) -> Option<Quantity> {
        let unit = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
        let (number, unit) = text.split_at(unit);
        // Of what is smaller than a thousandth, a part counts as a whole.
        let parts = match unit {
            "u" => 1000,
            "n" => 1_000_000,
            _ => 1,
        };
        if parts > 1 {
            let thousandths = number.parse::<i128>().ok()?.checked_add(parts - 1)? / parts;
            return Some(Quantity { thousandths, binary: false });
        }
        let (_, each) = UNITS.iter().find(|(name, _)| *name == unit)?;
        let (whole, part) = number.split_once('.').unwrap_or((number, ""));
        let scale = 10_i128.checked_pow(u32::try_from(part.len()).ok()?)?;
        let digits = format!("{whole}{part}").parse::<i128>().ok()?;
        Some(Quantity { thousandths: digits.checked_mul(*each)? / scale, binary: unit.ends_with('i') })
    }

    pub fn add(&mut self, other: Quantity) {
        if self.thousandths == 0 {
            self.binary = other.binary;
        }
        self.thousandths = self.thousandths.saturating_add(other.thousandths);
    }

    /// How much of something it is, in percent.
    pub fn share(self, of: Quantity) -> i128 {
        if of.thousandths == 0 { 0 } else { self.thousandths * 100 / of.thousandths }
    }
}

impl std::fmt::Display for Quantity {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let fits = |(unit, each): &&(&str, i128)| {
            (unit.is_empty() || *unit == "m" && !self.binary || unit.ends_with('i') == self.binary)
                && self.thousandths % each == 0
        };
        let best = UNITS.iter().filter(fits).max_by_key(|(_, each)| *each);
        match best {
            Some((unit, each)) if self.thousandths != 0 => write!(out, "{}{unit}", self.thousandths / each),
            _ => write!(out, "{}", self.thousandths / 1000),
        }
    }
}
