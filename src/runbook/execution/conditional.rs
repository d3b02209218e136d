//! Conditions of scripts: `if …; then` run as a question, and what its answer means for the commands below it.
use crate::commands::shell::parts::{self, Parts};

/// The test of an `if` that was cut into its commands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Test {
    /// The test as the script has it.
    pub text: String,
    /// What is sent to the shell: the test without a `!` in front, so that its exit code is its own.
    pub run: String,
    negated: bool,
    /// A `!` stands somewhere inside, so that its exit code may not say what the shell would.
    doubtful: bool,
    /// From this exit code on it is an error, not an answer.
    error: i32,
}

impl Test {
    /// Reads `if a; then` and `elif a; then`.
    pub fn of(text: &str) -> Option<Test> {
        let rest = text.strip_prefix("if ").or_else(|| text.strip_prefix("elif "))?;
        let asked = rest.trim_end().strip_suffix("then")?;
        let inner = asked.trim_end().trim_end_matches(';').trim();
        if inner.is_empty() || asked.ends_with(|c: char| c.is_alphanumeric()) {
            return None;
        }
        let parts = parts::parts(inner);
        let plain = inner.strip_prefix("! ").map(str::trim);
        let chained = ["&&", "||", ";", "\n"].iter().any(|sign| inner.contains(sign));
        let negated = plain.is_some() && !chained;
        Some(Test {
            text: inner.to_owned(),
            run: plain.filter(|_| negated).unwrap_or(inner).to_owned(),
            negated,
            doubtful: !negated && (parts.negated || plain.is_some()),
            error: error_from(&parts),
        })
    }

    /// Whether it holds; none where its exit code is an error rather than an answer.
    pub fn holds(&self, codes: &[i32]) -> Option<bool> {
        let code = *codes.last()?;
        if self.doubtful || matches!(code, 126 | 127) || !(0..=128).contains(&code) || code >= self.error {
            return None;
        }
        // A part before the last that could not run at all says nothing.
        if codes.iter().any(|code| matches!(code, 126 | 127)) {
            return None;
        }
        Some((code == 0) != self.negated)
    }
}

/// `[` and `grep` say 1 for no, and more for an error; of other tools every other code is a no.
fn error_from(parts: &Parts) -> i32 {
    let tool = parts.last.last().and_then(|part| part.words.first()).map_or("", String::as_str);
    let asks = ["[", "test", "[[", "grep", "egrep", "fgrep", "rg", "diff", "cmp"];
    match tool {
        // It had no address to ask.
        "pg_isready" => 3,
        _ if asks.contains(&tool) || parts.last.is_empty() => 2,
        _ => i32::MAX,
    }
}

/// What is known of a condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held {
    Yes,
    No,
    /// The test at this line has not answered.
    Open(u32),
    /// Nothing in the script asks for it, as for the arms of a `case`.
    Unknown,
}

/// A test, its line and its answer.
#[derive(Debug, Clone, Copy)]
pub struct Atom<'a> {
    pub test: &'a Test,
    pub line: u32,
    pub answer: Option<bool>,
}

/// Works a condition out from the answers of the tests that it is made of.
pub fn evaluate(condition: &str, atoms: &[Atom<'_>]) -> Held {
    let mut atoms: Vec<&Atom<'_>> = atoms.iter().collect();
    atoms.sort_by_key(|atom| std::cmp::Reverse(atom.test.text.len()));
    let mut rest = condition;
    let mut held = Held::Yes;
    while !rest.is_empty() {
        let found = atoms.iter().find_map(|atom| {
            let (tail, turned) = stripped(rest, &atom.test.text)?;
            Some((tail, atom.line, atom.answer.map(|answer| answer != turned)))
        });
        let part = if let Some((tail, line, answer)) = found {
            rest = tail;
            match answer {
                Some(true) => Held::Yes,
                Some(false) => Held::No,
                None => Held::Open(line),
            }
        } else {
            rest = rest.split_once(" && ").map_or("", |(_, tail)| tail);
            Held::Unknown
        };
        held = match (held, part) {
            (Held::No, _) | (_, Held::No) => Held::No,
            (Held::Unknown, _) | (_, Held::Unknown) => Held::Unknown,
            (Held::Open(line), _) | (_, Held::Open(line)) => Held::Open(line),
            (Held::Yes, Held::Yes) => Held::Yes,
        };
    }
    held
}

/// What follows a test at the start of a condition; true where the condition turns it around.
fn stripped<'c>(condition: &'c str, test: &str) -> Option<(&'c str, bool)> {
    let tail = |rest: &'c str| match rest {
        "" => Some(""),
        _ => rest.strip_prefix(" && "),
    };
    if let Some(rest) = condition.strip_prefix(test).and_then(tail) {
        return Some((rest, false));
    }
    let turned = [format!("! ( {test} )"), format!("! {test}")];
    let bare = test.strip_prefix("! ").map(str::to_owned);
    let mut forms = turned.into_iter().chain(bare);
    forms.find_map(|form| condition.strip_prefix(form.as_str()).and_then(tail)).map(|rest| (rest, true))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn test(text: &str) -> Test {
        Test::of(text).expect("a test")
    }

    #[test]
    fn a_test_is_run_alone_and_its_answer_turned_where_the_script_turns_it() {
        let primary = test("if ! pg_isready -h primary.yard; then");
        assert_eq!(primary.run, "pg_isready -h primary.yard");
        assert_eq!((primary.holds(&[2]), primary.holds(&[0])), (Some(true), Some(false)));
        let days = test("if [ $DAYS -lt 30 ]; then");
        assert_eq!((days.holds(&[0]), days.holds(&[1])), (Some(true), Some(false)));
        assert_eq!(Test::of("if a; then b; fi"), None);
    }

    #[test]
    fn a_test_that_could_not_ask_has_no_answer() {
        assert_eq!(test("if ! pg_isready; then").holds(&[127]), None);
        assert_eq!(test("if ! pg_isready -h $X; then").holds(&[3]), None);
        assert_eq!(test("if [ $LAG -lt 3 ]; then").holds(&[2]), None);
        assert_eq!(test("if a | grep -q x; then").holds(&[127, 1]), None);
        assert_eq!(test("if a && ! b; then").holds(&[0]), None);
        assert_eq!(test("if a; then").holds(&[137]), None);
    }

    #[test]
    fn a_condition_holds_only_when_all_its_tests_do() {
        let (one, two) = (test("if [ -n x ]; then"), test("elif probe yard; then"));
        let atoms = |a, b| [Atom { test: &one, line: 3, answer: a }, Atom { test: &two, line: 5, answer: b }];
        let both = "! [ -n x ] && probe yard";
        assert_eq!(evaluate(both, &atoms(Some(false), Some(true))), Held::Yes);
        assert_eq!(evaluate(both, &atoms(Some(true), Some(true))), Held::No);
        assert_eq!(evaluate(both, &atoms(Some(false), None)), Held::Open(5));
        assert_eq!(evaluate("slow_queue", &atoms(Some(true), Some(true))), Held::Unknown);
        assert_eq!(evaluate("[ -n x ] && slow_queue", &atoms(Some(false), None)), Held::No);
    }
}
