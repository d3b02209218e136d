//! Commands that stand in a sentence, when the sentence tells somebody to run them.
use super::super::document::{Line, Table, inline};
use super::super::words::{Words, lower};
use super::speech::is_sql;
use super::unfold::spoken;
use super::verbs::{First, first, is_command};
use crate::commands::Lang;

/// A command of a sentence, with its line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    pub line: u32,
    pub text: String,
    pub lang: Lang,
}

/// Words that tell to run what follows.
static TELLS: Words = Words::new(
    "run running execute executing use using try issue type enter invoke perform with via by command commands call do \
     apply through following example e.g login log ssh connect follow back then",
);

/// Words that tell to do something, which the code right behind them says.
static DOES: Words = Words::new(
    "check verify restart start stop delete remove scale drain see get list find inspect kill clear flush look confirm \
     monitor watch ensure reload reboot rollback cordon uncordon view create set edit describe launch trigger tail fetch \
     or and may can should must please just collect dump disable enable test validate query patch show export copy install clean prune free inspecting \
     checking open force upgrade take make remediate fix compare ask update roll reset promote",
);

/// Words of warnings and stories.
static NEVER: Words = Words::new(
    "never don't dont not avoid avoiding without instead caused ran was were happened because accidentally had previously used unlike refuse cannot can't wrongly mistakenly rather than breaks",
);

/// The commands that these lines tell to run.
pub fn commands(lines: &[Line]) -> Vec<Told> {
    if !lines.iter().any(|line| memchr::memchr(b'`', line.text.as_bytes()).is_some()) {
        let bare = |line: &&Line| is_bare(&line.text);
        return lines.iter().filter(bare).map(|line| Told::new(line.no, &line.text)).collect();
    }
    let mut found = Vec::new();
    let mut before = String::new();
    let mut last = false;
    for line in lines {
        let mut from = 0;
        for (range, code) in inline::code_spans(&line.text) {
            before.push_str(line.text.get(from..range.start).unwrap_or_default());
            from = range.end;
            let after = line.text.get(range.end..).unwrap_or_default();
            // `stop it, wait a minute, start it` goes on with what it has begun.
            let between = end_of(&before).rsplit(" ` ").next().unwrap_or_default();
            let goes_on =
                last && between.split_whitespace().count() <= 6 && !between.contains(['.', '?', '!']);
            // On a line of its own it is what the line above tells.
            let own = lines.len() > 1
                && from == line.text.trim_end().len()
                && line.text.get(..range.start).is_some_and(|t| t.trim().is_empty());
            let own = own && runs(&code) && !warns(end_of(&before));
            last = own || told(end_of(&before), &code, after) || goes_on && joins(between, &code);
            if last {
                found.push(Told::new(line.no, &code));
            }
            before.push_str(" ` ");
        }
        before.push_str(line.text.get(from..).unwrap_or_default());
        before.push(' ');
        if before.len() > 4000 {
            before.clear();
        }
    }
    found
}

/// Of what stands before a code, as much as a sentence may be long: a paragraph of thousands of codes would
/// otherwise be gone through again for each of them.
fn end_of(before: &str) -> &str {
    const LONGEST: usize = 1000;
    let from = before.len().saturating_sub(LONGEST);
    before.get(before.ceil_char_boundary(from)..).unwrap_or_default()
}

impl Told {
    fn new(line: u32, code: &str) -> Self {
        let text = unprompted(code).to_owned();
        let lang = if is_sql(&text) && !is_command(&text) { Lang::Sql } else { Lang::Shell };
        Self { line, text, lang }
    }
}

/// The column of a table that holds commands.
pub fn column(table: &Table) -> Option<usize> {
    const NAMES: [&str; 9] = ["command", "run", "cli", "shell", "how", "fix", "action", "check", "query"];
    let named = |name: &str| {
        let name = lower(name);
        let name = name.trim_matches(['*', ' ', '`']);
        name.contains("command") || NAMES.contains(&name.trim_end_matches('s'))
    };
    let runs = |column: usize| {
        table
            .rows
            .iter()
            .any(|row| row.cells.get(column).is_some_and(|text| !cell(text, row.line).is_empty()))
    };
    (0..table.header.len())
        .find(|column| table.header.get(*column).is_some_and(|name| named(name)) && runs(*column))
}

/// The commands in a cell of such a column.
pub fn cell(cell: &str, line: u32) -> Vec<Told> {
    let parts = spoken::cell(cell, line).into_iter().map(|part| spoken::coded(&part).unwrap_or(part));
    let codes = parts.flat_map(|part| inline::code_spans(&part)).map(|(_, code)| code.replace("\\|", "|"));
    codes.filter(|code| runs(code)).map(|code| Told::new(line, &code)).collect()
}

/// A code span that is a whole command.
fn runs(code: &str) -> bool {
    let code = unprompted(code);
    let head = code.split_whitespace().next().unwrap_or_default();
    code.split_whitespace().count() >= 2
        && (is_command(code) || is_sql(code) && code.ends_with(';'))
        && !(first(head) == First::Path && !head.starts_with("./") && !head.contains("bin/"))
}

/// A line that is a command without any marks.
pub fn is_bare(text: &str) -> bool {
    let text = unprompted(text);
    let head = text.split_whitespace().next().unwrap_or_default();
    let known = first(head);
    let tool = known == First::Tool || known == First::Path && head.starts_with("./");
    // Most lines begin with no tool at all.
    if !tool && known != First::Wordy && !text.ends_with(';') {
        return false;
    }
    let words = text.split_whitespace().count();
    if words <= 40 && text.ends_with(';') && is_sql(text) {
        return true;
    }
    if head == "service" && words == 3 {
        return is_command(text);
    }
    if words < 2 || !tool && known != First::Wordy {
        return false;
    }
    let signed = text
        .split_whitespace()
        .skip(1)
        .any(|w| w.starts_with(['-', '/', '$', '"', '\'', '|', '>']) || w.contains(['/', '=', ':']));
    (signed || tool && words <= 4) && is_command(text) && !text.ends_with(['.', ':', ','])
}

fn unprompted(code: &str) -> &str {
    let code = code.trim();
    code.strip_prefix("$ ").or_else(|| code.strip_prefix("# ")).unwrap_or(code).trim()
}

/// Words of a warning or a story.
fn warns(text: &str) -> bool {
    let sentence = text.rsplit(['.', '!', '?']).find(|part| !part.trim().is_empty()).unwrap_or_default();
    let sentence = if is_conditional(sentence) { remedy(sentence) } else { sentence };
    sentence.split(|c: char| !c.is_alphanumeric() && c != '\'').any(|w| NEVER.contains_in_any_case(w))
}

/// A sentence that begins with when to do it.
fn is_conditional(sentence: &str) -> bool {
    let first = sentence.split(|c: char| !c.is_alphanumeric()).find(|word| !word.is_empty());
    first.is_some_and(|first| {
        ["if", "when", "once", "otherwise", "else"].iter().any(|word| first.eq_ignore_ascii_case(word))
    })
}

/// What such a sentence says behind its condition: how it came to it, `If the deployment caused it:`, is no story
/// that warns. All of it where the condition has no end.
fn remedy(sentence: &str) -> &str {
    let told = sentence.trim_end().trim_end_matches('*').trim_end();
    match told.strip_suffix([':', ',']) {
        Some(condition) => condition.rsplit_once(", ").map_or("", |(_, rest)| rest),
        None => sentence.rsplit_once([',', ':']).map_or(sentence, |(_, rest)| rest),
    }
}

/// Signs that lead from one command to the next.
const LINKS: &[char] = &[',', ';', '→', '➜', '⇒', '&', '/', '+'];

/// Whether a command goes on from the one before it: only `,`, `then`, `and` and a pause stand between.
fn joins(between: &str, code: &str) -> bool {
    let never =
        between.split(|c: char| !c.is_alphanumeric() && c != '\'').any(|w| NEVER.contains_in_any_case(w));
    let linked =
        between.trim_start().starts_with(LINKS) || between.contains(" then ") || between.contains(" and ");
    !never && linked && runs(code)
}

/// Behind a command stands what leads to the next one.
fn leads_on(after: &str) -> bool {
    let after = after.trim_start();
    let next = after.trim_start_matches(|c: char| LINKS.contains(&c) || matches!(c, '-' | '>' | '.' | ' '));
    let next = ["then ", "and ", "or "].iter().find_map(|word| next.strip_prefix(word)).unwrap_or(next);
    next.len() < after.len() && next.starts_with('`')
}

fn told(before: &str, code: &str, after: &str) -> bool {
    let code = unprompted(code);
    let words = code.split_whitespace().count();
    let head = code.split_whitespace().next().unwrap_or_default();
    let single = matches!(head, "reboot" | "uptime" | "dmesg");
    let sql = is_sql(code) && (code.ends_with(';') || code.to_lowercase().contains(" from "));
    if words < 2 && !single
        || !is_command(code) && !sql
        || code.ends_with("...")
        || first(head) == First::Path && words < 2
    {
        return false;
    }
    // A path with an argument is a command only if it is one of this directory.
    if first(head) == First::Path
        && !head.starts_with("./")
        && !head.contains("bin/")
        && ![".sh", ".py", ".rb"].iter().any(|end| head.ends_with(end))
    {
        return false;
    }
    let sentence =
        before.rsplit(['.', '!', '?', ';']).find(|part| !part.trim().is_empty()).unwrap_or_default();
    let ended = before.trim_end().ends_with(['.', '!', '?']);
    let sentence = if ended { "" } else { sentence };
    let all: Vec<String> = sentence
        .split(|c: char| !(c.is_alphanumeric() || matches!(c, '\'' | '`')))
        .filter(|w| !w.is_empty())
        .map(str::to_lowercase)
        .collect();
    // `Step 2 - x`, `2) x`: a number says nothing.
    let counts = |w: &&String| *w == "`" || *w == "step" || w.bytes().all(|b| b.is_ascii_digit());
    let spoken = all.iter().filter(|w| !counts(w)).count();
    let trailing = after.trim().trim_start_matches([':', '-', '–', '—', ',', '.', '(', '*']).trim();
    if spoken == 0 {
        // The code begins the sentence: alone, or with an explanation behind it.
        return trailing.is_empty()
            || after.trim_start().starts_with([':', '-', '–', '—', '(', '.', '#', '*'])
            || trailing.starts_with("to ")
            || trailing.starts_with("and ")
            || trailing.starts_with("shows")
            || trailing.starts_with('`')
            || leads_on(after);
    }
    let conditional = is_conditional(sentence);
    let judged = if conditional { remedy(sentence) } else { sentence };
    if judged.split(|c: char| !c.is_alphanumeric() && c != '\'').any(|w| NEVER.contains_in_any_case(w)) {
        return false;
    }
    // `to keep readers from running x`
    if all.windows(2).any(|two| matches!(two, [from, run] if from == "from" && run.ends_with("ing"))) {
        return false;
    }
    let end = sentence.trim_end();
    let shown = end.ends_with([':', '→']) || end.ends_with("->") || end.ends_with(',') && conditional;
    shown
        || all.iter().rev().take(8).any(|w| TELLS.contains(w))
        || all.iter().rev().take(4).any(|w| DOES.contains(w))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<String> {
        commands(&[Line { no: 7, text: text.into() }]).into_iter().map(|told| told.text).collect()
    }

    #[test]
    fn a_sentence_that_instructs_carries_its_command() {
        assert_eq!(texts("Run `kubectl delete pod x` and wait."), ["kubectl delete pod x"]);
        assert_eq!(texts("`kubectl get nodes`"), ["kubectl get nodes"]);
        assert_eq!(texts("You can check this with `df -h /var`."), ["df -h /var"]);
        assert_eq!(texts("Restart the daemon: `sudo systemctl restart x`"), ["sudo systemctl restart x"]);
    }

    #[test]
    fn a_tool_in_passing_a_warning_and_a_story_carry_none() {
        for text in [
            "This needs `kubectl` on the box.",
            "Never run `rm -rf /data` here.",
            "Somebody ran `kubectl delete ns prod` and that was the cause.",
            "The `web-config` map holds it.",
            "Edit `/etc/hosts` by hand.",
        ] {
            assert_eq!(texts(text), Vec::<String>::new(), "{text}");
        }
    }
}
