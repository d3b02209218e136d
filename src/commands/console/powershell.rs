//! PowerShell, read coarsely: what it does is told by the verbs of its cmdlets.
use std::ops::Range;

use super::{Cuts, Piece, inside, lines};
use crate::commands::tools::{Call, Input, Tables, Word, judge};
use crate::commands::{Role, Traits};
use crate::domain::approval::Tier;

/// Verbs that only look, or shape what was found.
const READS: &[&str] = &[
    "get",
    "test",
    "measure",
    "select",
    "where",
    "sort",
    "group",
    "show",
    "find",
    "compare",
    "resolve",
    "search",
    "convertto",
    "convertfrom",
    "write",
    "read",
    "foreach",
    "trace",
    "join",
    "split",
    "format",
    "wait",
    "tee",
];
/// Verbs that take away, stop or cut off.
const DESTROYS: &[&str] = &[
    "remove",
    "stop",
    "clear",
    "uninstall",
    "disable",
    "reset",
    "initialize",
    "revoke",
    "dismount",
    "suspend",
    "disconnect",
    "deny",
    "block",
    "unregister",
    "unpublish",
];
/// Short names of cmdlets that take away.
const SHORT: &[&str] = &["rm", "del", "ri", "rd", "rmdir", "erase", "kill", "spps", "spsv", "clc", "rp"];
const SHORT_READS: &[&str] = &[
    "ls", "dir", "gci", "cat", "gc", "type", "echo", "ps", "gps", "gsv", "select", "where", "ft", "fl",
    "sort", "measure", "cd", "pwd", "%", "?", "ipconfig",
];

pub(super) fn cut(text: &str, tables: &Tables) -> Cuts {
    let mut cuts = Cuts { pieces: Vec::new(), comments: Vec::new(), sign: &['#', '<'] };
    let mut open: Option<Range<usize>> = None;
    let (mut depth, mut block) = (0_i32, false);
    for (at, line) in lines(text) {
        let code = line.trim();
        let range = inside(at, line);
        if block || code.starts_with("<#") || code.starts_with('#') {
            block = (block || code.starts_with("<#")) && !code.contains("#>");
            cuts.comments.push(range);
            continue;
        }
        if code.is_empty() {
            if depth == 0 {
                end(&mut open, text, tables, &mut cuts);
            }
            continue;
        }
        match &mut open {
            Some(before) => before.end = range.end,
            None => open = Some(range),
        }
        let count = |signs: [char; 2]| i32::try_from(code.matches(signs).count()).unwrap_or(i32::MAX / 2);
        depth = (depth + count(['(', '{']) - count([')', '}'])).max(0);
        if depth == 0 && !code.ends_with(['|', '`', ',']) {
            end(&mut open, text, tables, &mut cuts);
        }
    }
    end(&mut open, text, tables, &mut cuts);
    cuts
}

fn end(open: &mut Option<Range<usize>>, text: &str, tables: &Tables, cuts: &mut Cuts) {
    let Some(range) = open.take() else { return };
    let code = text.get(range.clone()).unwrap_or_default();
    let mut found = Found { risk: Tier::Read, why: String::new(), tool: String::new(), opaque: false };
    for command in commands(code) {
        found.look(&command, tables);
    }
    let lower = code.to_lowercase();
    if found.tool.is_empty() {
        found.raise(Tier::Change, "what it does is not known");
    }
    // A trial run changes nothing, but only a word says so.
    if lower.contains("-whatif") {
        found.risk = found.risk.min(Tier::Change);
    }
    let writes = ["out-file", "set-content", "add-content", "export-", " > ", " >> "];
    let secret = ["credential", "securestring", "password", "secret"];
    let has = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    cuts.pieces.push(Piece {
        range,
        risk: found.risk,
        why: if found.why.is_empty() { "only looks".to_owned() } else { found.why },
        tool: found.tool,
        subcommand: None,
        traits: Traits {
            pipe: code.contains('|'),
            opaque: found.opaque,
            endless: lower.contains("get-content") && lower.contains("-wait"),
            remote: lower.contains("-computername") || lower.contains("enter-pssession"),
            interactive: has(&["read-host", "get-credential", "enter-pssession"]),
            writes_file: has(&writes),
            secret: has(&secret),
            ..Traits::default()
        },
        role: Role::Action,
        shell: None,
    });
}

struct Found {
    risk: Tier,
    why: String,
    tool: String,
    opaque: bool,
}

impl Found {
    fn raise(&mut self, risk: Tier, why: &str) {
        if risk > self.risk || self.why.is_empty() {
            self.risk = self.risk.max(risk);
            why.clone_into(&mut self.why);
        }
    }

    fn look(&mut self, words: &[String], tables: &Tables) {
        let Some(first) = words.first() else { return };
        let name = first.to_lowercase();
        if self.tool.is_empty() {
            self.tool.clone_from(first);
        }
        let cmdlet = name.split_once('-').filter(|(verb, noun)| {
            verb.len() > 1 && !noun.is_empty() && verb.bytes().all(|byte| byte.is_ascii_lowercase())
        });
        match cmdlet {
            Some(("invoke", "expression")) => {
                self.opaque = true;
                self.raise(Tier::Change, "runs a text that is only known when it runs");
            }
            Some(("format", noun)) if !matches!(noun, "table" | "list" | "wide" | "custom" | "hex") => {
                self.raise(Tier::Danger, &format!("`{first}` wipes what was there"));
            }
            Some(("clear", "host")) => self.raise(Tier::Read, "only looks"),
            Some(("restart", "computer")) => self.raise(Tier::Danger, "restarts a machine"),
            Some((verb, _)) if DESTROYS.contains(&verb) => {
                self.raise(Tier::Danger, &format!("`{first}` takes away, stops or cuts off"));
            }
            Some((verb, _)) if READS.contains(&verb) => self.raise(Tier::Read, "only looks"),
            Some(("out", noun)) if noun != "file" && noun != "printer" => {
                self.raise(Tier::Read, "only looks");
            }
            Some(_) => self.raise(Tier::Change, &format!("`{first}` changes something")),
            None if SHORT.contains(&name.as_str()) => {
                self.raise(Tier::Danger, &format!("`{first}` takes away or stops"));
            }
            None if SHORT_READS.contains(&name.as_str()) => self.raise(Tier::Read, "only looks"),
            None if name == "sc"
                && words.get(1).is_some_and(|verb| verb.to_lowercase().starts_with("query")) =>
            {
                self.raise(Tier::Read, "only looks");
            }
            None if name == "iex" || name == "&" => {
                self.opaque = true;
                self.raise(Tier::Change, "runs a text that is only known when it runs");
            }
            None if first.starts_with(['$', '"', '\'', '@', '[', '-'])
                || first.bytes().all(|byte| byte.is_ascii_digit()) =>
            {
                // .NET is reached by `[type]::method`; its effect is not seen.
                if first.contains("::") {
                    self.opaque = true;
                    self.raise(Tier::Change, "calls a method whose effect is not seen");
                }
            }
            None if matches!(
                name.as_str(),
                "if" | "else"
                    | "elseif"
                    | "while"
                    | "for"
                    | "foreach"
                    | "try"
                    | "catch"
                    | "finally"
                    | "return"
                    | "param"
                    | "function"
                    | "switch"
                    | "in"
            ) => {}
            None => {
                let words: Vec<Word> =
                    words.iter().map(|text| Word { text: text.clone(), known: true, bare: true }).collect();
                let meaning = judge(Call { words: &words, input: Input::Nothing }, tables);
                self.opaque |= meaning.traits.opaque;
                self.raise(meaning.risk, &meaning.why);
            }
        }
    }
}

/// What stands where a command could: between pipes, braces, brackets and semicolons.
fn commands(code: &str) -> Vec<Vec<String>> {
    let mut out = vec![Vec::new()];
    let mut word = String::new();
    let mut quote = None;
    // The brackets open in each substitution inside double quotes.
    let mut inside: Vec<usize> = Vec::new();
    let end_word = |word: &mut String, out: &mut Vec<Vec<String>>| {
        if !word.is_empty()
            && let Some(last) = out.last_mut()
        {
            last.push(std::mem::take(word));
        }
    };
    let mut signs = code.chars().peekable();
    while let Some(sign) = signs.next() {
        match (quote, sign) {
            (Some(open), _) if sign == open => quote = None,
            // A substitution inside double quotes runs.
            (Some('"'), '$') if signs.peek() == Some(&'(') => {
                quote = None;
                signs.next();
                inside.push(1);
                end_word(&mut word, &mut out);
                out.push(Vec::new());
            }
            (None, '"' | '\'') => quote = Some(sign),
            (None, '`') => {
                word.extend(signs.next().filter(|next| *next != '\n'));
            }
            (None, '(' | ')') => {
                end_word(&mut word, &mut out);
                out.push(Vec::new());
                if let Some(depth) = inside.last_mut() {
                    *depth = if sign == '(' { *depth + 1 } else { depth.saturating_sub(1) };
                    if *depth == 0 {
                        inside.pop();
                        quote = Some('"');
                    }
                }
            }
            (None, '=') if !word.is_empty() && !word.starts_with('$') => word.push(sign),
            (None, '|' | ';' | '{' | '}' | '\n' | '=') => {
                end_word(&mut word, &mut out);
                out.push(Vec::new());
            }
            (None, '#') if word.is_empty() => {
                for next in signs.by_ref() {
                    if next == '\n' {
                        break;
                    }
                }
                out.push(Vec::new());
            }
            (None, _) if sign.is_whitespace() => end_word(&mut word, &mut out),
            (Some(_) | None, _) => word.push(sign),
        }
    }
    end_word(&mut word, &mut out);
    out.retain(|words| !words.is_empty());
    out
}
