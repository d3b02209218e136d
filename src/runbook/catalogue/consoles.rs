//! Statements of consoles other than the shell: SQL, Redis, PowerShell, query languages.
use super::session::Part;
use crate::commands::statement::Comment;
use crate::commands::tools::{Call, Input, Tables, Word, judge};
use crate::commands::{Lang, Role, Statement, Traits};
use crate::domain::approval::Tier;

/// The statements and comments of a part.
pub fn read(part: &Part, tables: &Tables) -> (Vec<Statement>, Vec<Comment>) {
    let mut reader =
        Reader { lang: part.lang, tables, statements: Vec::new(), comments: Vec::new(), above: None };
    let mut open: Option<(u32, u32, String)> = None;
    let mut quote: Option<char> = None;
    for line in &part.lines {
        let text = line.text.as_str();
        let code = text.trim();
        if quote.is_none() {
            if let Some(comment) = reader.comment_of(code)
                && (open.is_none() || part.lang != Lang::Sql)
            {
                reader.flush(&mut open);
                reader.comment(line.no, comment, text.len() - text.trim_start().len());
                continue;
            }
            if code.is_empty() {
                if part.lang != Lang::Sql
                    || open.as_ref().is_some_and(|(_, _, text)| text.trim_start().starts_with('\\'))
                {
                    reader.flush(&mut open);
                }
                continue;
            }
        }
        let ends = match part.lang {
            Lang::Sql => {
                quote = after(quote, text);
                quote.is_none()
                    && (code.ends_with(';')
                        || uncommented(code).ends_with(';')
                        || code.starts_with('\\')
                        || code.ends_with("\\gx")
                        || code.ends_with("\\G"))
            }
            Lang::Query => false,
            // A pipe, a brace or a backtick at the end of a line of PowerShell goes on.
            Lang::PowerShell => !code.ends_with(['|', '`', '{', ',', '(']),
            _ => true,
        };
        match &mut open {
            Some((_, last, whole)) => {
                *last = line.no;
                whole.push('\n');
                whole.push_str(text);
            }
            None => open = Some((line.no, line.no, text.to_owned())),
        }
        if ends {
            reader.flush(&mut open);
        }
    }
    reader.flush(&mut open);
    (reader.statements, reader.comments)
}

struct Reader<'a> {
    lang: Lang,
    tables: &'a Tables,
    statements: Vec<Statement>,
    comments: Vec<Comment>,
    /// The comment directly above, with its line.
    above: Option<(u32, String)>,
}

impl Reader<'_> {
    fn comment_of<'t>(&self, code: &'t str) -> Option<&'t str> {
        let rest = match self.lang {
            Lang::Sql => code.strip_prefix("--").or_else(|| code.strip_prefix("# ")),
            Lang::Query => code
                .strip_prefix('#')
                .or_else(|| code.strip_prefix("//"))
                .or_else(|| code.strip_prefix("-- ")),
            _ => code.strip_prefix('#'),
        }?;
        Some(rest.trim_matches(['-', '#', '/', ' ']))
    }

    fn comment(&mut self, line: u32, text: &str, indent: usize) {
        let joined = match self.above.take() {
            Some((above, before)) if above + 1 == line => format!("{before} / {text}"),
            _ => text.to_owned(),
        };
        self.above = Some((line, joined));
        self.comments.push(Comment { line, text: text.to_owned(), alone: true, indent });
    }

    fn flush(&mut self, open: &mut Option<(u32, u32, String)>) {
        let Some((line, end_line, text)) = open.take() else { return };
        let text = text.trim().to_owned();
        if text.is_empty() {
            return;
        }
        let label = self.above.take().filter(|(above, _)| above + 1 == line).map(|(_, text)| text);
        let meant = self.meant(&text);
        self.statements.push(Statement {
            line,
            end_line,
            text,
            label,
            lang: self.lang,
            role: meant.role,
            risk: meant.risk,
            why: meant.why,
            tool: meant.tool,
            subcommand: None,
            inner_tool: None,
            traits: meant.traits,
            condition: None,
            sets: Vec::new(),
            uses: Vec::new(),
        });
    }

    fn meant(&self, text: &str) -> Meant {
        let word = |text: &str| Word { text: text.to_owned(), known: true, bare: true };
        let words = match self.lang {
            // What is typed into the console does what the tool does with it as an argument.
            Lang::Sql => vec![word("psql"), word("-c"), Word { bare: false, ..word(text) }],
            Lang::Redis => std::iter::once("redis-cli")
                .chain(text.split_whitespace())
                .map(|w| word(w.trim_matches(['"', '\''])))
                .collect(),
            Lang::Query => {
                let splunk =
                    text.starts_with("source=") || text.starts_with("index=") || text.contains(" | stats ");
                return Meant {
                    role: Role::Query,
                    risk: Tier::Read,
                    why: "text for another program's screen: copied, never run".to_owned(),
                    tool: if splunk { "splunk" } else { "query" }.to_owned(),
                    traits: Traits { pipe: text.contains('|'), ..Traits::default() },
                };
            }
            Lang::Shell | Lang::PowerShell => return powershell(text),
        };
        let meaning = judge(Call { words: &words, input: Input::Nothing }, self.tables);
        let tool = words.first().map(|w| w.text.clone()).unwrap_or_default();
        // The tool's own terminal is not needed for a statement that is handed over.
        let traits = Traits { interactive: false, ..meaning.traits };
        Meant { role: Role::Action, risk: meaning.risk, why: meaning.why.into_owned(), tool, traits }
    }
}

/// What a line of PowerShell does, by the verbs of its cmdlets.
fn powershell(text: &str) -> Meant {
    const READS: [&str; 22] = [
        "get",
        "test",
        "measure",
        "select",
        "show",
        "find",
        "compare",
        "where",
        "sort",
        "group",
        "format",
        "write",
        "resolve",
        "convertto",
        "convertfrom",
        "out",
        "read",
        "import",
        "search",
        "foreach",
        "tee",
        "trace",
    ];
    const DESTROYS: [&str; 10] = [
        "remove",
        "clear",
        "format-volume",
        "uninstall",
        "disable",
        "reset",
        "initialize",
        "revoke",
        "dismount",
        "suspend",
    ];
    let lower = text.to_lowercase();
    let (mut risk, mut why) = (Tier::Read, "only looks");
    let mut any = false;
    for word in
        lower.split(|c: char| c.is_whitespace() || matches!(c, '|' | ';' | '(' | ')' | '{' | '}' | '&' | '='))
    {
        let Some((verb, noun)) = word.split_once('-').filter(|(verb, _)| verb.len() > 2) else { continue };
        if noun.is_empty() || !verb.bytes().all(|b| b.is_ascii_lowercase()) {
            continue;
        }
        any = true;
        let machine = noun == "computer" || noun.starts_with("azvm");
        let (tier, reason) = if machine && matches!(verb, "stop" | "restart")
            || DESTROYS.contains(&verb)
            || word == "format-volume"
        {
            (Tier::Danger, "takes something away or stops it")
        } else if READS.contains(&verb) {
            (Tier::Read, "only looks")
        } else {
            (Tier::Change, "changes something")
        };
        if tier > risk {
            (risk, why) = (tier, reason);
        }
    }
    let destroys =
        ["invoke-", "iex ", "[", "& ", "del ", "rm ", "rd ", "format "].iter().any(|w| lower.contains(w));
    if !any || destroys {
        (risk, why) = (risk.max(Tier::Change), if any { why } else { "what it does is not known" });
    }
    let plain = lower.starts_with("sc query")
        || lower.starts_with("dir ")
        || lower.starts_with("ipconfig")
        || lower.starts_with("netstat");
    if !any && plain {
        (risk, why) = (Tier::Read, "only looks");
    }
    Meant {
        role: Role::Action,
        risk,
        why: why.to_owned(),
        tool: text.split_whitespace().next().unwrap_or_default().to_owned(),
        traits: Traits {
            pipe: text.contains('|'),
            opaque: !any,
            endless: lower.ends_with(" -wait") && lower.starts_with("get-content"),
            secret: lower.contains("credential")
                || lower.contains("securestring")
                || lower.contains("password"),
            ..Traits::default()
        },
    }
}

struct Meant {
    role: Role,
    risk: Tier,
    why: String,
    tool: String,
    traits: Traits,
}

/// The quote that is open behind a line of SQL.
fn after(mut quote: Option<char>, line: &str) -> Option<char> {
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        match quote {
            Some(open) if c == open => quote = None,
            None if c == '\'' || c == '"' => quote = Some(c),
            None if c == '-' && chars.peek() == Some(&'-') => break,
            _ => {}
        }
    }
    quote
}

/// A line of SQL without a comment behind it.
fn uncommented(line: &str) -> &str {
    line.split(" --").next().unwrap_or(line).trim_end()
}
