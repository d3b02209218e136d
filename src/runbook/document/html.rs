//! What stands between the Markdown: HTML on lines of its own, and the directives of site builders.

/// The names of tags; anything else in angle brackets is an address or a value to fill in.
const TAGS: &[&str] = &[
    "a",
    "abbr",
    "article",
    "aside",
    "b",
    "blockquote",
    "body",
    "br",
    "caption",
    "center",
    "code",
    "col",
    "colgroup",
    "dd",
    "del",
    "details",
    "div",
    "dl",
    "dt",
    "em",
    "figcaption",
    "figure",
    "font",
    "footer",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "head",
    "header",
    "hr",
    "html",
    "i",
    "iframe",
    "img",
    "ins",
    "kbd",
    "li",
    "link",
    "main",
    "mark",
    "meta",
    "nav",
    "ol",
    "p",
    "picture",
    "pre",
    "s",
    "script",
    "section",
    "small",
    "source",
    "span",
    "strong",
    "style",
    "sub",
    "summary",
    "sup",
    "svg",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "tr",
    "tt",
    "u",
    "ul",
    "video",
];

/// The length of the tag at the start of a text, and its name in lower case, with `/` when it closes.
pub fn tag(text: &str) -> Option<(usize, String)> {
    let rest = text.strip_prefix('<')?;
    let (slash, rest) = rest.strip_prefix('/').map_or(("", rest), |rest| ("/", rest));
    let end = rest.find(|c: char| !c.is_ascii_alphanumeric())?;
    let name = rest.get(..end).filter(|name| name.len() <= 10)?.to_ascii_lowercase();
    TAGS.binary_search(&name.as_str()).ok()?;
    let after = rest.get(end..)?;
    if !after.starts_with([' ', '\t', '/', '>']) {
        return None;
    }
    // A tag ends before the next begins; searching further would read a long line again for every `<`.
    let close = memchr::memchr2(b'>', b'<', after.as_bytes())?;
    after.get(close..)?.starts_with('>').then_some(())?;
    Some((1 + slash.len() + end + close + 1, format!("{slash}{name}")))
}

/// A line that begins with a tag.
#[derive(Debug, PartialEq, Eq)]
pub enum Html<'a> {
    /// Nothing but tags.
    Tags,
    Heading(u8, String),
    /// A `<summary>`: the title of what can be unfolded.
    Summary(String),
    /// Text with tags around and in it.
    Text(&'a str),
}

/// Reads a line of HTML; `None` when it is none.
pub fn line(text: &str) -> Option<Html<'_>> {
    let (_, first) = tag(text)?;
    let mut rest = text;
    let mut plain = String::new();
    let mut summary = false;
    while let Some(at) = memchr::memchr(b'<', rest.as_bytes()) {
        plain.push_str(rest.get(..at).unwrap_or_default());
        rest = rest.get(at..).unwrap_or_default();
        if let Some((length, name)) = tag(rest) {
            summary |= name == "summary";
            rest = rest.get(length..).unwrap_or_default();
        } else {
            plain.push('<');
            rest = rest.get(1..).unwrap_or_default();
        }
    }
    plain.push_str(rest);
    let plain = plain.trim();
    if plain.is_empty() {
        return Some(Html::Tags);
    }
    let level =
        first.strip_prefix('h').and_then(|level| level.parse().ok()).filter(|level| (1..=6).contains(level));
    Some(match level {
        Some(level) => Html::Heading(level, plain.to_owned()),
        None if summary => Html::Summary(plain.to_owned()),
        None => Html::Text(text),
    })
}

/// What a directive says about the blocks that follow.
#[derive(Debug, PartialEq, Eq)]
pub enum Directive {
    /// A box of this kind, with its title, up to [`Directive::Close`].
    Open(String, String),
    Close,
    /// A box made of the lines that are indented below it (`!!! warning "Title"`).
    Indented(String, String),
    /// Something for the site builder alone.
    Nothing,
}

/// The kind of a box, as [`super::Block::quote`] has it.
pub fn kind(word: &str) -> Option<&'static str> {
    Some(match word.to_ascii_lowercase().as_str() {
        "note" | "info" | "abstract" | "summary" | "todo" | "question" | "example" | "notice" => "note",
        "tip" | "hint" | "success" | "check" => "tip",
        "important" | "attention" => "important",
        "warning" | "warn" => "warning",
        "caution" => "caution",
        "danger" | "error" | "bug" | "failure" | "critical" => "danger",
        "quote" => "quote",
        _ => return None,
    })
}

/// `:::warning Title`, `!!! note "Title"`, `{{< hint danger >}}`, `{% hint style="info" %}`, `[!NOTE]` stands elsewhere.
pub fn directive(text: &str) -> Option<Directive> {
    let text = text.trim();
    if let Some(rest) = text.strip_prefix(":::") {
        let rest = rest.trim_start_matches(':').trim();
        let (word, title) = rest.split_once([' ', '[', '{']).unwrap_or((rest, ""));
        return Some(match kind(word) {
            _ if rest.is_empty() => Directive::Close,
            Some(kind) => {
                Directive::Open(kind.to_owned(), title.trim_matches(['[', ']', '}', ' ']).to_owned())
            }
            None => Directive::Nothing,
        });
    }
    for mark in ["!!!", "???+", "???"] {
        if let Some(rest) = text.strip_prefix(mark).filter(|rest| rest.starts_with(' ')) {
            let (word, title) = rest.trim().split_once(' ').unwrap_or((rest.trim(), ""));
            let title = title.split('"').nth(1).unwrap_or_default();
            let known = kind(word).unwrap_or("note");
            return word
                .chars()
                .all(char::is_alphanumeric)
                .then(|| Directive::Indented(known.to_owned(), title.to_owned()));
        }
    }
    let inside = [("{{<", ">}}"), ("{{%", "%}}"), ("{%", "%}")]
        .iter()
        .find_map(|(open, close)| text.strip_prefix(open)?.strip_suffix(close))
        .filter(|inside| inside.len() < 500 && !inside.contains("%}") && !inside.contains(">}}"))?;
    let inside = inside.trim_matches(['-', ' ']);
    let mut words = inside.split([' ', '=', '"', '\'']).filter(|word| !word.is_empty());
    let name = words.next().unwrap_or_default();
    let boxed =
        |word: &str| matches!(word, "hint" | "notice" | "admonition" | "alert" | "callout" | "notification");
    let closes = name.strip_prefix('/').or_else(|| name.strip_prefix("end"));
    if closes.is_some_and(|name| boxed(name) || kind(name).is_some()) {
        return Some(Directive::Close);
    }
    let opens = boxed(name) || kind(name).is_some();
    let kind = words.find_map(kind).or_else(|| kind(name)).unwrap_or("note");
    Some(if opens { Directive::Open(kind.to_owned(), String::new()) } else { Directive::Nothing })
}

/// `[!WARNING]` at the start of a quote, and what follows it; also a quote that begins with `**Warning**` alone.
pub fn alert(text: &str) -> Option<(&'static str, &str)> {
    let text = text.trim();
    if let Some((word, rest)) = text.strip_prefix("[!").and_then(|rest| rest.split_once(']')) {
        return Some((kind(word)?, rest.trim_start_matches(['+', '-']).trim()));
    }
    let word = text.strip_prefix("**").and_then(|rest| rest.strip_suffix("**"))?;
    Some((kind(word.trim_end_matches(':'))?, ""))
}
