//! Defaults that a script gives its variables, `${NAME:-default}`: texts, or what only a shell works out.
use super::Place;
use super::variables::is_known;

/// The default is a text and nothing else: nothing in it is worked out.
pub fn is_fixed(default: &str) -> bool {
    !default.contains(['$', '`', '\\', '{', '"', '\''])
}

/// In each of these places stands a default that the shell works out by itself, without a variable that nobody sets.
pub fn is_everywhere(text: &str, places: &[Place]) -> bool {
    let own = |place: &Place| text.get(place.start..place.end).is_some_and(works_out);
    !places.is_empty() && places.iter().all(own)
}

/// `${DAY:-$(date +%F)}`.
fn works_out(place: &str) -> bool {
    let Some(inner) = place.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')) else { return false };
    let name = inner.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count();
    let rest = inner.get(name..).unwrap_or_default();
    let default = [":-", "-", ":=", "="].iter().find_map(|sign| rest.strip_prefix(sign));
    default.is_some_and(|default| {
        let default = default.trim_matches('"');
        // A text is a value like any other; a brace inside has cut it short.
        !is_fixed(default) && !default.contains(['{', '\\', '\'']) && variables(default).all(is_known)
    })
}

/// The names behind each `$`; what is computed has none.
fn variables(text: &str) -> impl Iterator<Item = &str> {
    text.split('$').skip(1).filter(|rest| !rest.starts_with('(')).map(|rest| {
        let length = rest.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count();
        rest.get(..length).unwrap_or_default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_text_is_a_value() {
        for fixed in ["30", "a b", "prod-1", ""] {
            assert!(is_fixed(fixed), "{fixed}");
        }
        for worked_out in ["$(date +%F)", "`date`", "$HOME/x", "${OTHER"] {
            assert!(!is_fixed(worked_out), "{worked_out}");
        }
    }

    #[test]
    fn what_a_shell_works_out_by_itself_needs_no_value() {
        for own in ["${DAY:-$(date +%F)}", "${DIR-$HOME/x}", "${D:=\"$(date)\"}"] {
            assert!(works_out(own), "{own}");
        }
        for open in ["$DAY", "${DAY}", "${DAY:-30}", "${A:-$B}", "${A:-${B}", "${A:-$(x $B)}"] {
            assert!(!works_out(open), "{open}");
        }
    }
}
