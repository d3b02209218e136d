//! What fills a server, from a sample of its keys: the largest families of keys and the largest of them.
use std::collections::HashMap;

use crate::domain::Text;
use crate::domain::level::Level;
use crate::domain::text::clean_to;

/// Families that are told apart; what is more is one of `others`.
const MOST_GROUPS: usize = 500;
/// Rows for families, and for single keys.
const SHOWN_GROUPS: usize = 40;
const SHOWN_KEYS: usize = 10;
const LONGEST: usize = 120;
/// A new key counts as used so often: only more is hot.
const WARM: u8 = 6;
/// So many of a family have to be seen before they speak for those that were not.
const SPEAKS: u64 = 5;
/// What all the rest is called.
const OTHERS: &str = "(others)";
/// What separates the parts of a key, the most usual first.
const SEPARATORS: [char; 4] = [':', '/', '.', '|'];

/// A family of keys, or one large key.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct KeyGroup {
    /// `session:*`, or the key itself.
    pub name: Text,
    /// One key.
    pub single: bool,
    pub db: u32,
    /// How many of the sample belong to it, of how many.
    pub seen: u64,
    pub sampled: u64,
    /// Of all keys, by its share of the sample.
    pub keys: Option<u64>,
    /// By what those of it weigh that were weighed.
    pub bytes: Option<u64>,
    /// Those without a time to live, in hundredths of those that were asked.
    pub lasting: Option<u64>,
    /// How often it is used, from 0 to 255, where the server counts that; of single keys.
    pub heat: Option<u8>,
    /// The sample is everything there is.
    pub whole: bool,
}

impl KeyGroup {
    pub fn level(&self) -> Level {
        Level::Fine
    }

    pub fn share(&self) -> Option<u64> {
        super::percent(self.seen, self.sampled)
    }
}

/// What was found out about one key; `None` where it was not asked or may not be known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Weighed {
    pub bytes: Option<u64>,
    pub lasting: Option<bool>,
    pub heat: Option<u8>,
}

/// A key that stands out, and what was found out about it.
#[derive(Debug, Clone, PartialEq)]
struct Known {
    key: String,
    weighed: Weighed,
}

#[derive(Debug, Clone, PartialEq, Default)]
struct Family {
    /// The first that was seen; of a family of one, all there is.
    first: String,
    seen: u64,
    weighed: u64,
    bytes: u64,
    asked: u64,
    lasting: u64,
}

/// The keys seen so far.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct KeySample {
    families: HashMap<String, Family>,
    /// By weight, and by use: the most first.
    largest: Vec<Known>,
    hottest: Vec<Known>,
    seen: u64,
}

impl KeySample {
    pub fn seen(&self) -> u64 {
        self.seen
    }

    pub fn take(&mut self, key: &[u8], weighed: Weighed) {
        self.seen += 1;
        let key = clean_to(&String::from_utf8_lossy(key), LONGEST).into_owned();
        let mut name = family(&key);
        if !self.families.contains_key(&name) && self.families.len() >= MOST_GROUPS {
            name = OTHERS.into();
        }
        let family = self.families.entry(name).or_default();
        family.seen += 1;
        if family.seen == 1 {
            family.first.clone_from(&key);
        }
        if let Some(lasting) = weighed.lasting {
            family.asked += 1;
            family.lasting += u64::from(lasting);
        }
        if let Some(bytes) = weighed.bytes {
            family.weighed += 1;
            family.bytes = family.bytes.saturating_add(bytes);
        }
        if weighed.heat.is_some_and(|heat| heat >= WARM) {
            remember(&mut self.hottest, &key, weighed, |one| one.heat.map(u64::from));
        }
        remember(&mut self.largest, &key, weighed, |one| one.bytes);
    }

    /// The rows: families by what they weigh, or by their share where nothing could be weighed, then the keys that
    /// outweigh their families.
    /// What is worked out is never more than `used`, all that the server holds.
    pub fn groups(&self, db: u32, all_keys: u64, used: Option<u64>) -> Vec<KeyGroup> {
        let mut groups: Vec<KeyGroup> =
            self.families.iter().map(|(name, family)| self.group(name, family, db, all_keys)).collect();
        if let Some(used) = used.filter(|_| self.seen < all_keys) {
            within(&mut groups, used);
        }
        groups.sort_by(|a, b| (b.bytes, b.seen, &a.name).cmp(&(a.bytes, a.seen, &b.name)));
        groups.truncate(SHOWN_GROUPS);
        let shown = |groups: &[KeyGroup], key: &str| groups.iter().any(|group| &*group.name == key);
        let heavy =
            self.largest.iter().filter(|one| self.outweighs(one.weighed.bytes.unwrap_or(0), &one.key));
        for one in heavy.chain(&self.hottest) {
            if shown(&groups, &one.key) {
                continue;
            }
            groups.push(KeyGroup {
                lasting: one.weighed.lasting.map(|lasting| if lasting { 100 } else { 0 }),
                ..self.single(&one.key, one.weighed.bytes, db, self.seen >= all_keys)
            });
        }
        for group in groups.iter_mut().filter(|group| group.single) {
            let hot = self.hottest.iter().find(|one| *one.key == *group.name);
            group.heat = hot.and_then(|one| one.weighed.heat);
        }
        groups
    }

    fn group(&self, name: &str, family: &Family, db: u32, all_keys: u64) -> KeyGroup {
        let whole = self.seen >= all_keys;
        let lasting = super::percent(family.lasting, family.asked);
        if family.seen == 1 {
            let bytes = (family.weighed == 1).then_some(family.bytes);
            return KeyGroup { lasting, ..self.single(&family.first, bytes, db, whole) };
        }
        // Of a handful nothing can be said for all.
        let keys = scaled(all_keys.max(self.seen), family.seen, self.seen)
            .filter(|_| whole || family.seen >= SPEAKS);
        KeyGroup {
            name: name.into(),
            single: false,
            db,
            seen: family.seen,
            sampled: self.seen,
            keys,
            bytes: scaled(keys.unwrap_or(family.seen), family.bytes, family.weighed),
            lasting,
            heat: None,
            whole,
        }
    }

    fn single(&self, key: &str, bytes: Option<u64>, db: u32, whole: bool) -> KeyGroup {
        KeyGroup {
            name: key.into(),
            single: true,
            db,
            seen: 1,
            sampled: self.seen,
            keys: Some(1),
            bytes,
            lasting: None,
            heat: None,
            whole,
        }
    }

    /// Whether a key is several times as heavy as the others of its family: what is like all others is no news.
    fn outweighs(&self, bytes: u64, key: &str) -> bool {
        const TIMES: u64 = 4;
        let Some(family) = self.families.get(&family(key)) else { return true };
        let others = family.weighed.saturating_sub(1);
        let mean = family.bytes.saturating_sub(bytes).checked_div(others).unwrap_or(0);
        bytes >= mean.saturating_mul(TIMES)
    }
}

/// A small sample may take some families for larger than they can be all together: then each is less by the same share.
fn within(groups: &mut [KeyGroup], used: u64) {
    let sum = |single: bool| {
        let own = groups.iter().filter(|group| group.single == single);
        own.filter_map(|group| group.bytes).fold(0, u64::saturating_add)
    };
    let (weighed, guessed) = (sum(true), sum(false));
    let room = used.saturating_sub(weighed);
    for group in groups.iter_mut().filter(|group| !group.single && guessed > room) {
        group.bytes = group.bytes.and_then(|bytes| scaled(room, bytes, guessed));
    }
}

/// Keeps those of which there is most.
fn remember(kept: &mut Vec<Known>, key: &str, weighed: Weighed, of: fn(&Weighed) -> Option<u64>) {
    let Some(much) = of(&weighed) else { return };
    let least = kept.last().and_then(|last| of(&last.weighed)).unwrap_or(0);
    if (kept.len() >= SHOWN_KEYS && much <= least) || kept.iter().any(|one| one.key == key) {
        return;
    }
    let at = kept.partition_point(|one| of(&one.weighed) >= Some(much));
    kept.insert(at, Known { key: key.to_owned(), weighed });
    kept.truncate(SHOWN_KEYS);
}

fn scaled(whole: u64, part: u64, of: u64) -> Option<u64> {
    (of > 0).then(|| u64::try_from(u128::from(whole) * u128::from(part) / u128::from(of)).unwrap_or(u64::MAX))
}

/// `app:user:42` belongs to `app:user:*`, `session:9f3a…` to `session:*`, `job17` to `job*`.
pub fn family(key: &str) -> String {
    let Some(separator) = SEPARATORS.into_iter().find(|c| key.contains(*c)) else {
        return unnumbered(key);
    };
    let mut parts = key.split(separator);
    let mut out = String::new();
    // Two parts name what it is; what comes after tells one from another.
    for part in parts.by_ref().take(2) {
        if !out.is_empty() {
            out.push(separator);
        }
        if is_number(part) {
            out.push('*');
            return out;
        }
        out.push_str(part);
    }
    if parts.next().is_some() {
        out.push(separator);
        out.push('*');
    }
    out
}

/// A number, a hash, a UUID, a date: it tells one from another and names nothing.
fn is_number(part: &str) -> bool {
    let digits = part.chars().filter(char::is_ascii_digit).count();
    let hex = part.chars().all(|c| c.is_ascii_hexdigit() || c == '-');
    let length = part.chars().count();
    digits > 0 && (digits * 2 >= length || (hex && length >= 8) || length >= 20)
}

/// Without separators: what stands before the number at the end.
fn unnumbered(key: &str) -> String {
    let head = key.trim_end_matches(|c: char| c.is_ascii_digit());
    if is_number(key) {
        return "*".into();
    }
    if head.len() < key.len() { format!("{head}*") } else { key.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_differ_by_a_number_are_one_family() {
        for (key, name) in [
            ("session:9f3a41c07be2", "session:*"),
            ("session:42", "session:*"),
            ("app:user:42", "app:user:*"),
            ("app:user:42:cart", "app:user:*"),
            ("user:42:cart", "user:*"),
            ("app:queue:mail", "app:queue:*"),
            ("app:board", "app:board"),
            ("job17", "job*"),
            ("config", "config"),
            ("cache/page/home", "cache/page/*"),
            ("rate.limit.10.0.0.4", "rate.limit.*"),
            ("123456", "*"),
            ("day:2026-11-26", "day:*"),
            ("6f1c1b2e-93d5-4c2f-8f0e-5b7f0a9d1c11", "*"),
            ("", ""),
        ] {
            assert_eq!(family(key), name, "{key}");
        }
    }

    fn sample(keys: impl IntoIterator<Item = (String, Option<u64>, Option<bool>)>) -> KeySample {
        let mut sample = KeySample::default();
        for (key, bytes, lasting) in keys {
            sample.take(key.as_bytes(), Weighed { bytes, lasting, heat: None });
        }
        sample
    }

    #[test]
    fn a_sample_speaks_for_all_keys() {
        let sessions = (0..75).map(|n| (format!("session:{n}"), Some(200), Some(false)));
        let bulk = (0..25)
            .map(|n| (format!("bulk:{n}"), (n % 5 == 0).then_some(4_000), (n % 5 == 0).then_some(true)));
        let groups = sample(sessions.chain(bulk)).groups(0, 10_000, None);
        let families: Vec<_> = groups.iter().filter(|group| !group.single).collect();
        let told = |n: usize| {
            let group = families.get(n)?;
            Some((&*group.name, group.share()?, group.keys?, group.bytes?, group.lasting?, group.whole))
        };
        assert_eq!(told(0), Some(("bulk:*", 25, 2_500, 10_000_000, 100, false)));
        assert_eq!(told(1), Some(("session:*", 75, 7_500, 1_500_000, 0, false)));
        assert_eq!(groups.iter().filter(|group| group.single).count(), 0);
    }

    #[test]
    fn families_are_never_more_all_together_than_what_is_used() {
        let carts = (0..60).map(|n| (format!("cart:{n}"), Some(9_000), Some(true)));
        let others = (0..440).map(|n| (format!("session:{n}"), Some(1_000), Some(false)));
        let sizes = |used| {
            let groups = sample(carts.clone().chain(others.clone())).groups(0, 50_000, used);
            groups.iter().map(|group| group.bytes.unwrap()).collect::<Vec<_>>()
        };
        assert_eq!(sizes(None), [54_000_000, 44_000_000]);
        assert_eq!(sizes(Some(100_000_000)), [54_000_000, 44_000_000], "they may be");
        assert_eq!(sizes(Some(49_000_000)), [27_000_000, 22_000_000]);
    }

    #[test]
    fn the_largest_key_stands_by_itself() {
        let small = (0..50).map(|n| (format!("a:{n}"), Some(100), None));
        let groups = sample(small.chain([("a:99".into(), Some(7 << 20), Some(true))])).groups(3, 51, None);
        let largest = groups.iter().find(|group| group.single).unwrap();
        assert_eq!(
            (&*largest.name, largest.bytes, largest.db, largest.whole),
            ("a:99", Some(7 << 20), 3, true)
        );
        // A key that is all of its family is not told twice, and speaks for none that was not seen.
        let one = sample([("app:queue:mail".to_owned(), Some(900), None)]).groups(0, 100, None);
        assert_eq!(
            one.iter().map(|group| (&*group.name, group.single, group.keys)).collect::<Vec<_>>(),
            [("app:queue:mail", true, Some(1))]
        );
        let few = sample((0..3).map(|n| (format!("b:{n}"), Some(100), None))).groups(0, 1_000, None);
        assert_eq!((few[0].keys, few[0].bytes), (None, Some(300)));
    }

    #[test]
    fn the_keys_that_are_used_most_stand_by_themselves() {
        let mut sample = KeySample::default();
        for n in 0..100_u8 {
            let heat = Some(if n == 42 { 213 } else { 5 });
            let key = format!("session:{n}");
            sample.take(key.as_bytes(), Weighed { bytes: Some(200), lasting: Some(false), heat });
        }
        let groups = sample.groups(0, 100, None);
        let told: Vec<_> = groups.iter().map(|group| (&*group.name, group.heat, group.lasting)).collect();
        assert_eq!(told, [("session:*", None, Some(0)), ("session:42", Some(213), Some(0))]);
    }

    #[test]
    fn where_nothing_may_be_weighed_shares_remain() {
        let groups = sample((0..10).map(|n| (format!("a:{n}"), None, None))).groups(0, 100, None);
        assert_eq!(groups.len(), 1);
        assert_eq!((groups[0].keys, groups[0].bytes, groups[0].lasting), (Some(100), None, None));
        assert_eq!(KeySample::default().groups(0, 0, None), []);
    }

    #[test]
    fn families_without_end_become_others() {
        let keys = (0..2_000).map(|n| (format!("{}:x", char::from_u32(0x4e00 + n).unwrap()), Some(10), None));
        let sample = sample(keys);
        assert!(sample.families.len() <= MOST_GROUPS + 1);
        let groups = sample.groups(0, 2_000, None);
        assert_eq!(&*groups[0].name, OTHERS);
        assert!(groups.len() <= SHOWN_GROUPS + SHOWN_KEYS);
    }

    #[test]
    fn a_hostile_key_is_harmless() {
        let sample = sample([(format!("a\u{1b}]52;c;x\u{7}\n{}", "y".repeat(10_000)), Some(5), None)]);
        let name = sample.groups(0, 1, None)[0].name.clone();
        assert!(name.len() < 200 && !name.contains(['\u{1b}', '\n', '\u{7}']), "{name}");
    }
}
