//! Values that a shell puts in itself, for a variable or an argument that a script reads.
//!
//! The shell does not read them again, but without quotes it takes them apart, and what stands in quotes is read by
//! whoever gets it: another shell, a database, a parser of JSON.
use super::super::placeholder::{Place, Quoting};
use super::quote::{Ground, double, in_json, in_sql, is_plain, is_resumed, single, strange};

impl Ground<'_> {
    /// The value as it is understood in this place, written so that a shell would read it alike; or why it cannot
    /// stand there. A document's own default is taken as it is.
    pub fn carried(&self, place: Place, value: &str, documents: bool) -> Result<String, String> {
        if value.contains('\0') {
            return Err("holds a NUL byte".into());
        }
        if !documents {
            self.can_carry(place, value)?;
        }
        Ok(match place.quoting {
            Quoting::Bare if is_plain(value) => value.to_owned(),
            Quoting::Bare if self.is_list(place) => {
                let words: Vec<String> = value.split_whitespace().map(quoted).collect();
                words.join(" ")
            }
            Quoting::Bare => quoted(value),
            Quoting::Heredoc | Quoting::HeredocQuoted => value.to_owned(),
            Quoting::Single | Quoting::JsonInSingle | Quoting::SqlInSingle => single(value),
            Quoting::Double | Quoting::JsonInDouble | Quoting::SqlInDouble => double(value),
        })
    }

    fn can_carry(&self, place: Place, value: &str) -> Result<(), String> {
        let before = self.before(place);
        if self.begins_a_word(place) && value.starts_with('-') {
            return Err("begins with `-` and would be read as an option".into());
        }
        let same = |fit: Result<String, String>| {
            fit.and_then(|fit| {
                if fit == value { Ok(()) } else { Err(strange("where a variable is put in", value)) }
            })
        };
        match place.quoting {
            Quoting::SqlInDouble | Quoting::JsonInDouble if is_resumed(before) => {
                if is_plain(value) && !value.contains("--") {
                    Ok(())
                } else {
                    Err(strange("behind a substitution", value))
                }
            }
            Quoting::SqlInDouble => same(in_sql(before, value)),
            Quoting::JsonInDouble => same(in_json(before, "\\\"", value)),
            _ if self.sql && value.contains("--") => Err("holds `--`, which SQL takes for a comment".into()),
            _ if is_plain(value) => Ok(()),
            _ if self.sql || self.computed => Err(strange("where another program reads it again", value)),
            Quoting::Heredoc | Quoting::HeredocQuoted => {
                let words = !value.starts_with(' ') && !value.ends_with(' ');
                if words && value.split(' ').all(is_plain) {
                    Ok(())
                } else {
                    Err(strange("in a here-document", value))
                }
            }
            Quoting::Bare if self.is_assigned(place) => Ok(()),
            Quoting::Bare => {
                let list = self.is_list(place);
                let parted = |c: &char| c.is_whitespace() && !list || matches!(c, '*' | '?' | '[' | '\\');
                match value.chars().find(parted) {
                    Some(c) if c.is_whitespace() => {
                        Err("holds blanks, and without quotes the shell would take it apart there".into())
                    }
                    Some(c) => Err(format!("holds `{c}`, and without quotes the shell would look for files")),
                    None => Ok(()),
                }
            }
            _ => Ok(()),
        }
    }

    /// The words of the call before a place, as far as they stand on its line and outside of quotes.
    fn front(&self, place: Place) -> Vec<&str> {
        let before = self.before(place);
        let call = before.rsplit([';', '|', '&', '(', '\n', '`']).next().unwrap_or_default();
        let words =
            call.split_whitespace().skip_while(|word| matches!(*word, "then" | "do" | "else" | "{" | "!"));
        words.collect()
    }

    /// `for x in $LIST`: it is meant to be taken apart.
    fn is_list(&self, place: Place) -> bool {
        matches!(self.front(place).as_slice(), ["for" | "select", _, "in", ..])
    }

    /// `NAME=$VALUE`: what is assigned is not taken apart.
    fn is_assigned(&self, place: Place) -> bool {
        let piece = self.shape.at(place.start).map_or(0, |piece| piece.start);
        // Behind quotes the words before are not seen: only a call's first word is sure to be one.
        let whole =
            self.text.get(..piece).is_some_and(|text| text.trim_end().is_empty() || text.ends_with('\n'))
                || self.before(place).contains([';', '|', '&', '(', '\n', '`']);
        let declares = |word: &str| matches!(word, "export" | "local" | "readonly");
        let front = self.front(place);
        let (Some(last), true) = (front.last(), whole) else { return false };
        let touches = self.before(place).ends_with(last);
        touches
            && front.iter().enumerate().all(|(at, word)| {
                word.split_once('=').is_some_and(|(name, _)| is_name(name.trim_end_matches('+')))
                    || at == 0 && declares(word)
            })
    }
}

fn is_name(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

fn quoted(word: &str) -> String {
    format!("'{}'", single(word))
}
