//! Prompts at the start of lines, and which lines beside them are output.
use super::super::document::Line;
use super::quotes::Quotes;
use super::verbs::{First, first, is_command};
use crate::commands::Lang;

/// What a prompt belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prompt {
    Shell,
    /// `#`: a shell of root's, or a comment.
    Root,
    /// `>`: a line that goes on, or a shell of its own.
    More,
    Console(Lang),
    /// A console whose lines nobody can run from here: a debugger, a language's own shell.
    Other,
}

/// Commands of one language, in the order of their lines, without prompts and output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    pub lang: Lang,
    pub lines: Vec<Line>,
}

/// Reads the lines of a code block as a session with prompts; none when it has none.
pub fn read(lines: &[Line]) -> Option<Vec<Part>> {
    let seen: Vec<Option<(Prompt, usize)>> = lines.iter().map(|line| prompt(&line.text)).collect();
    let strong = seen.iter().flatten().any(|(kind, _)| !matches!(kind, Prompt::Root | Prompt::More));
    let rooted = !strong && roots_only(lines, &seen);
    let arrows = !strong && !rooted && arrows_only(lines, &seen);
    if !strong && !rooted && !arrows {
        return None;
    }
    // Everything is prompted, or what is not is output.
    let mut parts: Vec<Part> = Vec::new();
    let mut root = rooted;
    let mut at = 0;
    while let Some(line) = lines.get(at) {
        let Some((kind, length)) = seen.get(at).copied().flatten() else {
            at += 1;
            continue;
        };
        let body = line.text.get(length..).unwrap_or_default();
        let lang = match kind {
            Prompt::Shell => Lang::Shell,
            Prompt::Root if root && is_command(body) => Lang::Shell,
            // Output may begin with a sign as well: a comment stands above a command.
            Prompt::Root if !above_command(lines, &seen, at) => {
                at += 1;
                continue;
            }
            Prompt::Root => {
                push(&mut parts, Lang::Shell, comment(line, body));
                at += 1;
                continue;
            }
            Prompt::More if arrows && super::speech::is_redis(&body.to_uppercase()) => Lang::Redis,
            Prompt::More if arrows => Lang::Shell,
            Prompt::Console(lang) => lang,
            Prompt::More | Prompt::Other => {
                at += 1;
                continue;
            }
        };
        root |= lang == Lang::Shell && becomes_root(body);
        push(&mut parts, lang, Line { no: line.no, text: body.trim_end().to_owned() });
        at += 1;
        let mut tail = Tail::new(lang, body);
        while let Some(next) = lines.get(at) {
            if !tail.goes_on() {
                break;
            }
            let kind = seen.get(at).copied().flatten();
            let more = match kind {
                Some((Prompt::More, length)) => next.text.get(length..).unwrap_or_default(),
                Some((Prompt::Shell | Prompt::Console(_), length))
                    if !tail.quotes.is_inside() || next.text.get(length..).is_some_and(is_command) =>
                {
                    break;
                }
                _ => next.text.as_str(),
            };
            tail.take(more);
            push(&mut parts, lang, Line { no: next.no, text: more.trim_end_matches('\r').to_owned() });
            at += 1;
        }
    }
    (!parts.is_empty()).then_some(parts)
}

/// The next line that says anything has a prompt, or nothing follows.
fn above_command(lines: &[Line], seen: &[Option<(Prompt, usize)>], at: usize) -> bool {
    let rest = lines.iter().zip(seen).skip(at + 1).take(12);
    let mut told = rest.filter(|(line, _)| !line.text.trim().is_empty());
    told.next().is_none_or(|(_, prompt)| prompt.is_some())
}

fn push(parts: &mut Vec<Part>, lang: Lang, line: Line) {
    match parts.last_mut() {
        Some(part) if part.lang == lang => part.lines.push(line),
        _ => parts.push(Part { lang, lines: vec![line] }),
    }
}

fn comment(line: &Line, body: &str) -> Line {
    Line { no: line.no, text: format!("# {}", body.trim()) }
}

/// How far a statement has come.
struct Tail {
    lang: Lang,
    quotes: Quotes,
    lines: usize,
    done: bool,
}

impl Tail {
    fn new(lang: Lang, line: &str) -> Self {
        let mut tail = Self { lang, quotes: Quotes::default(), lines: 0, done: false };
        tail.take(line);
        tail
    }

    fn take(&mut self, line: &str) {
        self.lines += 1;
        if self.lang == Lang::Shell {
            self.quotes.take(line);
            return;
        }
        let end = line.trim();
        let sent = ["\\G", "\\g", "\\gx", "\\x"].iter().any(|sign| end.ends_with(sign));
        self.done =
            end.ends_with(';') || sent || self.lines == 1 && (end.starts_with('\\') || end.is_empty());
    }

    fn goes_on(&self) -> bool {
        match self.lang {
            Lang::Shell => self.quotes.is_open() && self.lines < 500,
            Lang::Sql => !self.done && self.lines < 60,
            _ => false,
        }
    }
}

/// No other prompt and no other command, and behind the signs stand commands.
fn roots_only(lines: &[Line], seen: &[Option<(Prompt, usize)>]) -> bool {
    let mut commands = 0;
    let mut others = 0;
    for (line, prompt) in lines.iter().zip(seen) {
        match prompt {
            Some((Prompt::Root, length)) => {
                if line.text.get(*length..).is_some_and(is_command) {
                    commands += 1;
                } else {
                    others += 1;
                }
            }
            _ if is_command(&line.text) => return false,
            _ => {}
        }
    }
    commands > 0 && commands >= others
}

fn arrows_only(lines: &[Line], seen: &[Option<(Prompt, usize)>]) -> bool {
    let told = |(line, prompt): (&Line, &Option<(Prompt, usize)>)| match prompt {
        Some((Prompt::More, length)) => line
            .text
            .get(*length..)
            .is_some_and(|body| is_command(body) || super::speech::is_redis(&body.to_uppercase())),
        _ => false,
    };
    let first = lines.iter().zip(seen).find(|(line, _)| !line.text.trim().is_empty());
    first.is_some_and(told)
}

/// The session goes on as root.
fn becomes_root(command: &str) -> bool {
    let command = command.trim();
    [
        "sudo su",
        "sudo -i",
        "sudo -s",
        "su -",
        "sudo bash",
        "chroot ",
        "sudo chroot",
        "oc debug ",
        "kubectl debug ",
        "ssh root@",
        "sudo -E bash",
    ]
    .iter()
    .any(|start| command.starts_with(start))
        || command == "su"
}

/// The prompt at the start of a line, and how many bytes it takes.
pub fn prompt(line: &str) -> Option<(Prompt, usize)> {
    let indent = line.len() - line.trim_start().len();
    let text = line.get(indent..)?;
    if text.is_empty() {
        return None;
    }
    let (kind, length) =
        simple(text).or_else(|| console(text)).or_else(|| themed(text)).or_else(|| hosted(text))?;
    Some((kind, indent + length))
}

fn simple(text: &str) -> Option<(Prompt, usize)> {
    // Most lines begin with a letter.
    if text.starts_with(|c: char| c.is_ascii_alphanumeric()) {
        return None;
    }
    for (sign, kind) in [
        ("$ ", Prompt::Shell),
        ("$\t", Prompt::Shell),
        ("# ", Prompt::Root),
        ("> ", Prompt::More),
        ("❯ ", Prompt::Shell),
        ("λ ", Prompt::Shell),
        (">>> ", Prompt::Other),
        ("% ", Prompt::Shell),
    ] {
        if let Some(rest) = text.strip_prefix(sign) {
            let word = rest.split_whitespace().next().unwrap_or_default();
            if sign == "% " && matches!(first(word), First::Unknown) {
                return None;
            }
            let blanks = rest.len() - rest.trim_start().len();
            return Some((kind, sign.len() + blanks));
        }
    }
    // Glued to the command: `$kubectl get pods`, `#systemctl restart x`.
    let (kind, rest) = match text.strip_prefix('$') {
        Some(rest) => (Prompt::Shell, rest),
        None => (Prompt::Root, text.strip_prefix('#')?),
    };
    let word = rest.split_whitespace().next()?;
    (matches!(first(word), First::Tool) && rest.contains(' ')).then_some((kind, 1))
}

/// The first characters of a text.
fn start(text: &str, most: usize) -> &str {
    // Most lines are shorter than that, whatever they are made of.
    if text.len() <= most {
        return text;
    }
    if text.as_bytes().get(..most).is_some_and(<[u8]>::is_ascii) {
        return text.get(..most).unwrap_or(text);
    }
    text.char_indices().nth(most).and_then(|(at, _)| text.get(..at)).unwrap_or(text)
}

/// `mysql> `, `db=# `, `127.0.0.1:6379> `, `PS C:\> `.
fn console(text: &str) -> Option<(Prompt, usize)> {
    if text.starts_with("PS ") || text.starts_with("PS>") {
        let end = text.find('>').filter(|end| *end <= 80)?;
        return text
            .get(end + 1..)?
            .starts_with([' ', '\t'])
            .then(|| (Prompt::Console(Lang::PowerShell), blanks(text, end + 1)));
    }
    let head = start(text, 64);
    memchr::memchr2(b'>', b'#', head.as_bytes())?;
    // `C:\>`
    if text.get(1..3) == Some(":\\") && text.starts_with(|c: char| c.is_ascii_uppercase()) {
        let end = head.find('>')?;
        return Some((Prompt::Console(Lang::PowerShell), blanks(text, end + 1)));
    }
    for (sign, sql) in [("=# ", true), ("=> ", true), ("-# ", true), ("-> ", true), ("> ", false)] {
        let Some(at) = head.find(sign) else { continue };
        let name = head.get(..at)?.trim();
        let end = blanks(text, at + sign.len());
        if sql {
            if matches!(sign, "-> " | "-# ") && !name.is_empty() && !name.contains(' ') && name.len() < 40 {
                // `db->   AND x` goes on with a statement.
                return Some((Prompt::More, at + sign.len()));
            }
            let base = !name.is_empty()
                && name.len() < 40
                && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '[' | ']'));
            let follows = sign != "-> " || name.is_empty();
            if base && follows && !name.contains("--") || sign == "-> " && name.is_empty() {
                return Some((Prompt::Console(Lang::Sql), end));
            }
            continue;
        }
        let lower = name.to_lowercase();
        if ["mysql", "sqlite", "sql", "postgres", "psql", "cockroach", "clickhouse", "duckdb"]
            .contains(&lower.as_str())
            || lower.starts_with("mariadb [")
            || lower.starts_with("mysql [")
            || lower.starts_with("cqlsh")
            || lower.ends_with(":) select")
        {
            return Some((Prompt::Console(Lang::Sql), end));
        }
        let port =
            lower.trim_end_matches(|c: char| c == ']' || c.is_ascii_digit() || c == '[').ends_with(':')
                && lower.contains(|c: char| c.is_ascii_digit());
        if lower == "redis"
            || lower == "valkey"
            || lower.starts_with("redis ")
            || port && !lower.contains([' ', '/', '@'])
        {
            return Some((Prompt::Console(Lang::Redis), end));
        }
        let mongo = lower == "mongo"
            || lower == "mongosh"
            || lower.contains(":primary")
            || lower.contains(":secondary")
            || lower.ends_with("[direct: primary] test");
        if mongo {
            return Some((Prompt::Console(Lang::Query), end));
        }
        let other = lower.starts_with("irb(")
            || lower.contains("pry(")
            || lower.starts_with("gitlab(")
            || lower == "ftp"
            || lower.starts_with("erl")
            || lower.starts_with("scala")
            || lower.starts_with("iex(");
        if other {
            return Some((Prompt::Other, end));
        }
    }
    None
}

fn blanks(text: &str, at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    at + rest.len() - rest.trim_start_matches([' ', '\t']).len()
}

/// `➜  app git:(main) ✗ cmd`.
fn themed(text: &str) -> Option<(Prompt, usize)> {
    let rest = text.strip_prefix('➜')?;
    let mut at = text.len() - rest.trim_start().len();
    // A directory, a branch and a sign may stand before the command.
    for _ in 0..5 {
        let tail = text.get(at..)?;
        let word = tail.split_whitespace().next()?;
        if matches!(first(word), First::Tool | First::Path) && word != "~" {
            return Some((Prompt::Shell, at));
        }
        at = blanks(text, at + word.len());
    }
    None
}

/// `user@host:~$ cmd`, `[user@host dir]# cmd`, `host$ cmd`, `~/dir $ cmd`, `bash-5.1# cmd`, `(venv) $ cmd`.
fn hosted(text: &str) -> Option<(Prompt, usize)> {
    let head = start(text, 90);
    let (sign, arrow) =
        (memchr::memchr3(b'$', b'#', b'%', head.as_bytes()), memchr::memchr(b'>', head.as_bytes()));
    let at = sign.into_iter().chain(arrow).min()?;
    let sign = text.get(at..)?.chars().next()?;
    let name = head.get(..at)?;
    let after = text.get(at + 1..)?;
    let spaced = after.is_empty() || after.starts_with([' ', '\t']);
    let glued = first(after.split_whitespace().next().unwrap_or_default()) == First::Tool;
    let bare = name.trim_end();
    let padded = bare.len() != name.len();
    let stands = (spaced || glued) && !name.is_empty() && is_place(bare, padded, sign);
    stands.then(|| (Prompt::Shell, blanks(text, at + 1)))
}

/// Whether what stands before the sign names a user, a host or a directory.
fn is_place(name: &str, padded: bool, sign: char) -> bool {
    let name = name
        .strip_prefix('(')
        .and_then(|rest| rest.split_once(')'))
        .map_or(name, |(_, rest)| rest.trim_start());
    if name.is_empty() {
        return sign == '$';
    }
    let bracketed = name.starts_with('[') && name.ends_with(']') && name.len() > 4;
    if bracketed {
        let inner = name.trim_matches(['[', ']']);
        return inner.contains('@')
            || inner.split_whitespace().count() == 2
            || sign == '#' && !inner.contains(' ');
    }
    let worded = name.chars().all(|c| {
        c.is_alphanumeric()
            || matches!(
                c,
                '@' | ':' | '~' | '/' | '.' | '-' | '_' | '[' | ']' | '(' | ')' | ' ' | '+' | '<' | '>'
            )
    });
    if !worded || sign == '>' && !name.contains('@') {
        return false;
    }
    let parts = name.split_whitespace().count();
    let user = name.split_whitespace().next().is_some_and(|word| {
        word.split_once('@').is_some_and(|(user, host)| {
            !user.is_empty() && host.starts_with(|c: char| c.is_alphanumeric() || c == '<')
        }) && !word.contains("://")
    });
    if user {
        return parts <= 2 && first(name) == First::Unknown;
    }
    let directory = name.starts_with('~') || name.starts_with('/') && !padded;
    if directory {
        return parts == 1 && (sign == '$' || !padded);
    }
    let shell = (name.starts_with("bash-") || name.starts_with("sh-")) && parts == 1;
    let host = parts == 1
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && first(name) == First::Unknown
        && !name.contains(['/', '@'])
        || name.contains(":~")
        || name.contains(":/");
    shell || host && parts == 1 && (sign == '$' || sign == '#' && !padded)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<Line> {
        text.lines().zip(1..).map(|(text, no)| Line { no, text: text.into() }).collect()
    }

    fn commands(text: &str) -> Vec<String> {
        read(&lines(text))
            .unwrap_or_default()
            .into_iter()
            .flat_map(|part| part.lines)
            .map(|line| line.text)
            .collect()
    }

    #[test]
    fn each_form_of_prompt_is_taken_away() {
        for line in [
            "$ kubectl get pods",
            "   $ kubectl get pods",
            "$kubectl get pods",
            "user@host:~/x$ kubectl get pods",
            "[root@node-1 ~]# kubectl get pods",
            "[core@master   ]$ kubectl get pods",
            "root@db:/# kubectl get pods",
            "node1# kubectl get pods",
            "node-1   $ kubectl get pods",
            "~/work $ kubectl get pods",
            "/srv/app$ kubectl get pods",
            "bash-5.1$ kubectl get pods",
            "sh-4.4# kubectl get pods",
            "➜  app git:(main) ✗ kubectl get pods",
            "❯ kubectl get pods",
            "(venv) $ kubectl get pods",
            "> kubectl get pods",
            "# kubectl get pods",
        ] {
            assert_eq!(commands(line), ["kubectl get pods"], "{line}");
        }
    }

    #[test]
    fn consoles_know_their_language() {
        let lang = |text: &str| read(&lines(text)).and_then(|parts| parts.first().map(|part| part.lang));
        assert_eq!(lang("postgres=# SELECT 1;"), Some(Lang::Sql));
        assert_eq!(lang("mysql> SHOW PROCESSLIST;"), Some(Lang::Sql));
        assert_eq!(lang("MariaDB [(none)]> SHOW PROCESSLIST;"), Some(Lang::Sql));
        assert_eq!(lang("127.0.0.1:6379> FLUSHALL"), Some(Lang::Redis));
        assert_eq!(lang("PS C:\\Users> Get-Service"), Some(Lang::PowerShell));
    }

    #[test]
    fn what_has_no_prompt_beside_prompts_is_output() {
        let text = "$ ceph status\nHEALTH_WARN\nRATIO=3\npath\\\nrm -rf /would/be/removed\n$ df -h \\\n  /var\nFilesystem";
        assert_eq!(commands(text), ["ceph status", "df -h \\", "  /var"]);
    }

    #[test]
    fn quotes_here_documents_and_loops_go_on_without_a_prompt() {
        let text = "$ cat <<EOF\nbody\nEOF\nbody\n$ for x in 1 2; do\n> echo $x\n> done\n1";
        assert_eq!(commands(text), ["cat <<EOF", "body", "EOF", "for x in 1 2; do", "echo $x", "done"]);
    }

    #[test]
    fn a_comment_is_no_prompt_where_commands_stand() {
        assert!(read(&lines("# restart it\nsystemctl restart x")).is_none());
        assert!(read(&lines("# Tell the team\n# Write it down")).is_none());
        assert_eq!(commands("$ sudo su -\n# systemctl restart x"), ["sudo su -", "systemctl restart x"]);
        assert_eq!(commands("$ ls\n# kubectl delete pod x"), ["ls", "# kubectl delete pod x"]);
    }
}
