//! sed and awk: they read, unless their own program writes files or runs commands.
use super::super::rules::{C, D, R, Seen, mark};
use super::super::{Meaning, words};

pub(in super::super) fn sed(seen: &Seen<'_>, meaning: &mut Meaning) {
    *meaning = Meaning::new(R, "prints changed text", mark::NONE);
    let args = &seen.args;
    let in_place = args.has("--in-place") || args.options.iter().any(|option| option.short == Some('i'));
    if in_place {
        meaning.set(C, "changes files in place");
        meaning.mark(mark::WRITES);
    }
    let given: Vec<_> = args.all("-e --expression").filter_map(|option| option.value).collect();
    let scripts = if given.is_empty() { vec![args.operand(0)] } else { given };
    if args.get("-f --file").is_some() {
        meaning.raise(C, "its program stands in a file that is not seen here");
        meaning.mark(mark::OPAQUE);
    }
    if scripts.iter().any(|script| script.split([';', '\n', '{', '}']).any(acts)) {
        meaning.raise(C, "its program runs commands or writes files");
        meaning.mark(mark::OPAQUE);
    }
}

/// One command of sed runs a command (`e`) or writes a file (`w`), as a verb or as a flag of `s`.
fn acts(command: &str) -> bool {
    let command =
        command.trim_start_matches(|letter: char| letter.is_ascii_digit() || " ,$!~+\t".contains(letter));
    let command = match command.strip_prefix('/') {
        // An address `/…/` stands in front.
        Some(rest) => rest.split_once('/').map_or("", |(_, rest)| rest.trim_start_matches([' ', 'I', '!'])),
        None => command,
    };
    let mut letters = command.chars();
    match (letters.next(), letters.next()) {
        (Some('e' | 'w' | 'W'), None | Some(' ' | '\t')) => true,
        (Some('s'), Some(mark)) if !mark.is_alphanumeric() => {
            let flags = command.rsplit(mark).next().unwrap_or_default();
            let letters = flags.split(' ').next().unwrap_or_default();
            letters.len() <= 6
                && letters.chars().all(|letter| letter.is_ascii_alphanumeric())
                && letters.contains(['e', 'w'])
        }
        _ => false,
    }
}

pub(in super::super) fn awk(seen: &Seen<'_>, meaning: &mut Meaning) {
    *meaning = Meaning::new(R, "prints changed text", mark::NONE);
    if seen.args.get("-f --file").is_some() {
        meaning.raise(C, "its program stands in a file that is not seen here");
        meaning.mark(mark::OPAQUE);
        return;
    }
    if seen.args.value("-i --include") == Some("inplace") {
        meaning.raise(C, "changes files in place");
        meaning.mark(mark::WRITES);
    }
    let program = seen.args.operand(0);
    let (code, texts) = apart(program);
    let squeezed: String = code.chars().filter(|letter| !letter.is_whitespace()).collect();
    // A text stands as `"` in the code: `print>"` writes a file, `|"` and `"|` run a command.
    let runs = squeezed.contains("system(")
        || squeezed.contains("|\"")
        || squeezed.contains("\"|")
        || squeezed.contains("|&");
    if runs || squeezed.contains("|getline") {
        let dangerous = texts
            .iter()
            .any(|text| text.split(|letter: char| !letter.is_alphanumeric()).any(words::destroys));
        meaning.raise(if dangerous { D } else { C }, "its program runs commands");
        meaning.mark(mark::OPAQUE);
    }
    if squeezed.contains(">\"") || squeezed.contains(">>\"") {
        let real = texts.iter().any(|text| !text.starts_with("/dev/"));
        meaning.raise(if real { C } else { R }, "its program writes files");
        meaning.mark(if real { mark::WRITES } else { mark::NONE });
    }
}

/// The program with each text as one `"`, and the texts.
fn apart(program: &str) -> (String, Vec<String>) {
    let (mut code, mut texts, mut text) = (String::new(), Vec::new(), None::<String>);
    let mut letters = program.chars();
    while let Some(letter) = letters.next() {
        match (&mut text, letter) {
            (Some(inner), '\\') => inner.extend(letters.next()),
            (Some(_), '"') => texts.extend(text.take()),
            (Some(inner), _) => inner.push(letter),
            (None, '"') => {
                code.push('"');
                text = Some(String::new());
            }
            (None, _) => code.push(letter),
        }
    }
    (code, texts)
}
