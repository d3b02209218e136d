//! The info string of a fence: its language and what authors add to it.

/// Words that begin an info string for certain; any single word may be a language that is not known here.
const LANGUAGES: &[&str] = &[
    "apache",
    "asm",
    "awk",
    "azcli",
    "azurecli",
    "bash",
    "bat",
    "batch",
    "c",
    "cisco",
    "cmd",
    "code",
    "conf",
    "config",
    "console",
    "cpp",
    "cs",
    "csharp",
    "css",
    "csv",
    "cypher",
    "dart",
    "diff",
    "docker",
    "dockerfile",
    "dotenv",
    "elixir",
    "env",
    "erlang",
    "fish",
    "go",
    "golang",
    "gotemplate",
    "graphql",
    "groovy",
    "haskell",
    "hcl",
    "helm",
    "html",
    "http",
    "ini",
    "java",
    "javascript",
    "jinja",
    "jq",
    "js",
    "json",
    "json5",
    "jsonc",
    "jsonnet",
    "jsx",
    "kotlin",
    "kql",
    "ksh",
    "kusto",
    "log",
    "logql",
    "logs",
    "lua",
    "make",
    "makefile",
    "markdown",
    "md",
    "mdx",
    "mermaid",
    "mongo",
    "mongodb",
    "mysql",
    "nginx",
    "none",
    "output",
    "perl",
    "pgsql",
    "php",
    "plain",
    "plaintext",
    "plantuml",
    "plsql",
    "postgres",
    "postgresql",
    "powershell",
    "promql",
    "properties",
    "proto",
    "protobuf",
    "ps1",
    "psql",
    "puppet",
    "pwsh",
    "py",
    "python",
    "r",
    "rb",
    "redis",
    "rego",
    "ruby",
    "rust",
    "scala",
    "sh",
    "sh-session",
    "shell",
    "shell-session",
    "shellscript",
    "shellsession",
    "spl",
    "splunk",
    "sql",
    "swift",
    "systemd",
    "tcl",
    "term",
    "terminal",
    "terraform",
    "text",
    "tf",
    "toml",
    "ts",
    "tsx",
    "txt",
    "typescript",
    "vim",
    "xml",
    "yaml",
    "yml",
    "zsh",
];

/// Whether this is the name of a language.
pub fn known(word: &str) -> bool {
    LANGUAGES.binary_search(&word.to_ascii_lowercase().as_str()).is_ok()
}

/// In these a `#` begins a comment, or may.
pub fn hashes(lang: &str) -> bool {
    !matches!(
        lang,
        "json"
            | "json5"
            | "jsonc"
            | "sql"
            | "psql"
            | "pgsql"
            | "mysql"
            | "js"
            | "javascript"
            | "ts"
            | "typescript"
            | "go"
            | "golang"
            | "java"
            | "xml"
            | "html"
            | "css"
            | "diff"
            | "mermaid"
            | "c"
            | "cpp"
            | "rust"
    )
}

/// Whether the text behind a run of backticks can be an info string, and not a sentence.
pub fn plausible(text: &str) -> bool {
    if text.starts_with('{') || is_word(text) {
        return true;
    }
    let mut words = text.split_whitespace();
    let first = words.next().unwrap_or_default();
    let name = first.split(['{', ',', ':', '=']).next().unwrap_or_default();
    if known(name) {
        return true;
    }
    let word = name.starts_with(|c: char| c.is_alphanumeric())
        && name.chars().all(|c| c.is_alphanumeric() || "+#-_./".contains(c))
        && !first.ends_with(['.', ',', ';', '!', '?']);
    let second = words.next();
    word && second
        .is_none_or(|second| second.starts_with('{') || second.contains('=') || second.starts_with("//"))
}

/// One word of plain letters and digits, as most info strings are.
fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric())
}

/// What an info string says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Info {
    pub lang: String,
    pub attributes: Vec<(String, String)>,
}

/// Reads the language and the attributes of an info string.
///
/// `bash {name=x undo="a b"}`, `bash {"name":"x"}`, `{.bash #id}`, `bash:title`, `bash name=x`, `bash,copy`.
pub fn read(text: &str) -> Info {
    let text = text.trim();
    if is_word(text) && !text.bytes().any(|b| b.is_ascii_uppercase()) {
        return Info { lang: text.to_owned(), attributes: Vec::new() };
    }
    let open = text.find('{');
    let before = text.get(..open.unwrap_or(text.len())).unwrap_or_default().trim();
    let braces = open.and_then(|open| text.get(open..)).unwrap_or_default();
    let mut info = Info::default();
    let (first, rest) = before.split_once(char::is_whitespace).unwrap_or((before, ""));
    // A title or a flag may be glued to the language.
    let (lang, glued) = match first.find([',', ':', '=']) {
        Some(at) => (first.get(..at).unwrap_or_default(), first.get(at..).unwrap_or_default()),
        None => (first, ""),
    };
    if let Some(title) = glued.strip_prefix(':').filter(|title| !title.is_empty()) {
        info.attributes.push(("title".to_owned(), title.to_owned()));
    }
    if glued.starts_with('=') {
        pairs(before, &mut info);
    } else {
        lang.trim_start_matches('.').to_lowercase().clone_into(&mut info.lang);
        if glued.starts_with(',') {
            pairs(glued, &mut info);
        }
        pairs(rest, &mut info);
    }
    if let Ok(serde_json::Value::Object(map)) = serde_json::from_str(braces) {
        for (name, value) in map {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            info.attributes.push((name, value));
        }
    } else {
        let inner = braces.trim_start_matches('{');
        pairs(inner.rfind('}').and_then(|end| inner.get(..end)).unwrap_or(inner), &mut info);
    }
    info
}

/// Reads `name=value`, `name="a value"`, `.class`, `#id` and bare words; a comment's words are none of them.
fn pairs(text: &str, info: &mut Info) {
    let mut rest = text.trim_start_matches([' ', '\t', ',']);
    while let Some(first) = rest.chars().next() {
        if rest.starts_with("# ") || rest.starts_with("//") {
            return;
        }
        let end = rest.find([' ', '\t', ',', '=']).unwrap_or(rest.len()).max(first.len_utf8());
        let word = rest.get(..end).unwrap_or_default();
        rest = rest.get(end..).unwrap_or_default();
        if let Some(after) = rest.strip_prefix('=') {
            let (value, left) = value(after);
            info.attributes.push((word.to_owned(), value));
            rest = left;
        } else if let Some(id) = word.strip_prefix('#') {
            info.attributes.push(("id".to_owned(), id.to_owned()));
        } else if let Some(class) = word.strip_prefix('.') {
            if info.lang.is_empty() {
                class.to_lowercase().clone_into(&mut info.lang);
            } else {
                info.attributes.push((class.to_owned(), String::new()));
            }
        } else if info.lang.is_empty() && known(word) {
            word.to_lowercase().clone_into(&mut info.lang);
        } else {
            info.attributes.push((word.to_owned(), String::new()));
        }
        rest = rest.trim_start_matches([' ', '\t', ',']);
    }
}

/// A value, quoted or up to the next blank, and what stands behind it.
fn value(text: &str) -> (String, &str) {
    let Some(quote) = text.chars().next().filter(|c| matches!(c, '"' | '\'')) else {
        let end = text.find([' ', '\t', ',']).unwrap_or(text.len());
        return (text.get(..end).unwrap_or_default().to_owned(), text.get(end..).unwrap_or_default());
    };
    let mut out = String::new();
    let mut inside = text.char_indices().skip(1);
    while let Some((at, c)) = inside.next() {
        match c {
            c if c == quote => return (out, text.get(at + c.len_utf8()..).unwrap_or_default()),
            '\\' => out.extend(inside.next().map(|(_, c)| c)),
            c => out.push(c),
        }
    }
    (out, "")
}
