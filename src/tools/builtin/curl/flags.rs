//! Options of a command line, read by a table: `-c|--command=` takes a value, `-t|--tuples-only` takes none.

/// What is wrong with a command line.
#[derive(Debug, PartialEq, Eq)]
pub enum Wrong {
    /// The option as it is known by itself, and the word it stands in.
    Unknown(String, String),
    /// Its value is missing.
    Missing(String),
    /// It has a value and takes none.
    Surplus(String),
}

/// Options by the last of their names, with their values, in their order; and the other words.
#[derive(Debug, Default)]
pub struct Given {
    pub flags: Vec<(&'static str, String)>,
    pub words: Vec<String>,
}

impl Given {
    pub fn has(&self, name: &str) -> bool {
        self.flags.iter().any(|(one, _)| *one == name)
    }

    /// The last value of an option.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.flags.iter().rfind(|(one, _)| *one == name).map(|(_, value)| value.as_str())
    }

    pub fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.flags.iter().filter(move |(one, _)| *one == name).map(|(_, value)| value.as_str())
    }
}

/// The full name of an option, and whether it takes a value.
pub fn find(table: &'static str, word: &str) -> Option<(&'static str, bool)> {
    table.split_whitespace().find_map(|entry| {
        let names = entry.trim_end_matches('=');
        let hit = names.split('|').any(|name| name == word);
        let full = names.rsplit('|').next().filter(|_| hit)?;
        Some((full, entry.ends_with('=')))
    })
}

/// Reads words by a table. Unless `mixed`, everything from the first word that is no option belongs to the words.
pub fn read(args: &[String], table: &'static str, mixed: bool) -> Result<Given, Wrong> {
    let mut given = Given::default();
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        if arg == "--" || !(mixed || arg.starts_with('-') && arg.len() > 1) {
            given.words.extend((arg != "--").then(|| arg.clone()));
            given.words.extend(args.cloned());
            break;
        }
        if let Some(long) = arg.strip_prefix("--") {
            let (name, value) =
                long.split_once('=').map_or((long, None), |(name, value)| (name, Some(value)));
            let name = format!("--{name}");
            let (full, takes) =
                find(table, &name).ok_or_else(|| Wrong::Unknown(name.clone(), arg.clone()))?;
            let value = match (takes, value) {
                (false, Some(_)) => return Err(Wrong::Surplus(name)),
                (false, None) => String::new(),
                (true, Some(value)) => value.to_owned(),
                (true, None) => args.next().cloned().ok_or(Wrong::Missing(name))?,
            };
            given.flags.push((full, value));
        } else if let Some(short) = arg.strip_prefix('-').filter(|short| !short.is_empty()) {
            let mut rest = short.chars();
            while let Some(sign) = rest.next() {
                let name = format!("-{sign}");
                let (full, takes) =
                    find(table, &name).ok_or_else(|| Wrong::Unknown(name.clone(), arg.clone()))?;
                let mut value = String::new();
                if takes {
                    value = std::mem::replace(&mut rest, "".chars()).collect();
                    if value.is_empty() {
                        value = args.next().cloned().ok_or(Wrong::Missing(name))?;
                    }
                }
                given.flags.push((full, value));
            }
        } else {
            given.words.push(arg.clone());
        }
    }
    Ok(given)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "-f|--fail -o|--output= --data=";

    fn words(line: &str) -> Vec<String> {
        line.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn options_are_read_in_every_form_and_an_unknown_one_is_named() {
        let given = read(&words("-fofile a --data=x --data y -- -z"), TABLE, true).expect("options");
        assert!(given.has("--fail") && given.value("--output") == Some("file"));
        assert_eq!(given.values("--data").collect::<Vec<_>>(), ["x", "y"]);
        assert_eq!(given.words, ["a", "-z"]);
        let unknown = read(&words("-fz"), TABLE, true).expect_err("unknown");
        assert_eq!(unknown, Wrong::Unknown("-z".to_owned(), "-fz".to_owned()));
        assert_eq!(read(&words("-o"), TABLE, true).expect_err("none"), Wrong::Missing("-o".to_owned()));
        assert_eq!(read(&words("x -f"), TABLE, false).expect("words").words, ["x", "-f"]);
    }
}
