//! Strings that many alerts share, made harmless once.
use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use crate::domain::Text;
use crate::domain::alert::Pairs;
use crate::domain::secret;
use crate::domain::text::{clean, clean_to};

/// So many may be known before those that nobody uses any more are forgotten.
const MANY: usize = 50_000;
/// No name of a label is longer, and no value that tells anything.
const LONGEST: usize = 2_048;

#[derive(Debug, Default)]
pub(super) struct Strings {
    known: HashSet<Text>,
    /// Those that are in use can be more than `MANY`: they are not gone through again for each new one.
    limit: usize,
}

/// A label that is shown otherwise than the server has it: shown name, own name, own value.
pub(super) type Odd = (Text, String, String);

impl Strings {
    pub fn text(&mut self, text: &str) -> Text {
        let text = clean_to(text, LONGEST);
        if let Some(known) = self.known.get(&*text) {
            return known.clone();
        }
        if self.known.len() >= self.limit.max(MANY) {
            self.known.retain(|text| Arc::strong_count(text) > 1);
            self.limit = self.known.len().saturating_mul(2);
        }
        let text: Text = text.into();
        self.known.insert(text.clone());
        text
    }

    /// Labels as they are shown, and those that are shown otherwise.
    pub fn labels(&mut self, own: BTreeMap<String, String>) -> (Pairs, Vec<Odd>) {
        let mut odd = Vec::new();
        let mut shown: Vec<(Text, Text)> = Vec::with_capacity(own.len());
        for (name, value) in own {
            let (seen_name, seen) = (self.text(&name), self.text(&masked(&value)));
            if *seen != *value || *seen_name != *name {
                odd.push((seen_name.clone(), name, value));
            }
            shown.push((seen_name, seen));
        }
        shown.sort();
        (shown.into(), odd)
    }

    /// Annotations are sentences: few are shared, and none has to be kept whole.
    pub fn annotations(&mut self, own: &BTreeMap<String, String>) -> Pairs {
        own.iter().map(|(name, value)| (self.text(name), clean(&masked(value)).into())).collect()
    }
}

/// A label's value as it is shown.
pub(super) fn as_shown(value: &str) -> String {
    clean_to(&masked(value), LONGEST).into_owned()
}

/// Without what must not be shown.
pub(super) fn masked(text: &str) -> Cow<'_, str> {
    match secret::mask(text.as_bytes()) {
        Cow::Borrowed(_) => Cow::Borrowed(text),
        Cow::Owned(masked) => Cow::Owned(String::from_utf8_lossy(&masked).into_owned()),
    }
}

/// A sample's value as people read it. What is no plain number stays as it was written.
pub(super) fn number(text: &str) -> Text {
    let Ok(value) = text.parse::<f64>() else { return clean_to(text, 64).into() };
    if !value.is_finite() {
        return clean_to(text, 64).into();
    }
    let size = value.abs();
    if size != 0.0 && !(1e-4..1e15).contains(&size) {
        return format!("{value:.3e}").into();
    }
    let places = if size >= 1_000.0 {
        1
    } else if size >= 1.0 {
        3
    } else {
        5
    };
    let whole = format!("{value:.places$}");
    whole.trim_end_matches('0').trim_end_matches('.').into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_short_and_one_that_is_no_number_stays_what_it_is() {
        for (text, shown) in [
            ("1e+00", "1"),
            ("0e+00", "0"),
            ("9.87654321e-01", "0.98765"),
            ("1.234567e+05", "123456.7"),
            ("1e+21", "1.000e21"),
            ("NaN", "NaN"),
            ("+Inf", "+Inf"),
            ("\u{1b}[2Jx", "x"),
        ] {
            assert_eq!(&*number(text), shown);
        }
    }

    #[test]
    fn a_label_that_is_not_shown_as_it_is_is_remembered_as_it_is() {
        let own: BTreeMap<String, String> =
            [("a".into(), "plain".into()), ("b".into(), "x\u{202e}y".into())].into_iter().collect();
        let (shown, odd) = Strings::default().labels(own);
        assert_eq!(&*shown[1].1, "x\u{fffd}y");
        assert_eq!(odd, [("b".into(), "b".into(), "x\u{202e}y".into())]);
    }

    #[test]
    fn a_password_in_a_label_is_not_shown_and_is_still_matched() {
        let dsn = "postgres://app:hunter2@db/app";
        let own: BTreeMap<String, String> = [("dsn".to_owned(), dsn.to_owned())].into();
        let (shown, odd) = Strings::default().labels(own.clone());
        assert_eq!(&*shown[0].1, "postgres://app:(hidden)@db/app");
        assert_eq!(odd, [("dsn".into(), "dsn".into(), dsn.into())]);
        assert_eq!(&*Strings::default().annotations(&own)[0].1, "postgres://app:(hidden)@db/app");
    }

    #[test]
    fn what_is_in_use_is_kept_and_not_gone_through_for_each_new_one() {
        let mut strings = Strings::default();
        let kept: Vec<Text> = (0..=MANY).map(|n| strings.text(&n.to_string())).collect();
        assert!(strings.limit >= 2 * MANY, "{}", strings.limit);
        assert!(Arc::ptr_eq(&kept[7], &strings.text("7")));
    }
}
