//! Did you mean: the known word nearest to a mistyped one.

/// A known word that is one slip of the fingers away, or two in a long word.
pub(super) fn meant<'a>(typed: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // A name of a thousand letters is no slip of anything known, and would cost a million steps.
    if typed.chars().count() > 64 {
        return None;
    }
    let typed = typed.to_lowercase();
    let allowed = match typed.chars().count() {
        0..=3 => 1,
        4..=7 => 2,
        _ => 3,
    };
    known
        .into_iter()
        .map(|word| (slips(&typed, &word.to_lowercase()), word))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, word)| word)
}

/// The help under an unknown word: the likely one, and all that are allowed where they are few.
pub(super) fn help(typed: &str, known: &[&str]) -> String {
    let all = || known.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ");
    match meant(typed, known.iter().copied()) {
        Some(word) if known.len() > 12 => format!("did you mean `{word}`?"),
        Some(word) => format!("did you mean `{word}`? allowed: {}", all()),
        None if known.is_empty() => String::new(),
        None => format!("allowed: {}", all()),
    }
}

/// Insertions, deletions, changes and swaps of neighbours.
fn slips(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let mut best = (above[j] + usize::from(x != y)).min(above[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && a[i - 1] == *y && b[j - 1] == *x {
                best = best.min(before[j - 1] + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut above, row);
    }
    above.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_the_word_and_a_stranger_finds_none() {
        let known = ["theme", "mouse", "profile", "namespaces"];
        assert_eq!(meant("theem", known), Some("theme"));
        assert_eq!(meant("Mosue", known), Some("mouse"));
        assert_eq!(meant("namepsace", known), Some("namespaces"));
        assert_eq!(meant("colour", known), None);
        assert_eq!(meant(&"x".repeat(100_000), known), None);
    }
}
