//! The anchors that the usual renderers give to a heading, and where a link into a document leads.
use super::words::squash;

/// A heading's text without its Markdown: emphasis, code marks, links, images, an explicit `{#anchor}`.
pub fn plain(heading: &str) -> String {
    let text = heading.trim().trim_end_matches('#').trim_end();
    let text = text.rsplit_once("{#").map_or(text, |(before, _)| before.trim_end());
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        rest = rest.get(c.len_utf8()..).unwrap_or_default();
        match c {
            ']' if rest.starts_with('(') => {
                rest = rest.split_once(')').map_or("", |(_, after)| after);
            }
            '*' | '`' | '[' | ']' => {}
            '!' if rest.starts_with('[') => {}
            c => out.push(c),
        }
    }
    out
}

/// The anchor that stands in a heading as `{#anchor}`.
fn explicit(heading: &str) -> Option<&str> {
    let (_, tail) = heading.trim_end().rsplit_once("{#")?;
    tail.split(['}', ' ']).next()
}

/// The anchors of a heading as `GitHub`, `GitLab`, `MkDocs` and the like make them, without numbers for repetitions.
pub fn slugs(heading: &str) -> Vec<String> {
    let text = plain(heading).to_lowercase();
    let github: String = text
        .chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
        .map(|c| if c == ' ' { '-' } else { c })
        .collect();
    let tight = collapse(&github);
    // MkDocs knows only ASCII, and nothing at its ends.
    let ascii: String = text
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || matches!(c, ' ' | '-' | '_'))
        .map(|c| if c == ' ' { '-' } else { c })
        .collect();
    let ascii = collapse(ascii.trim_matches('-'));
    let trimmed = tight.trim_matches('-').to_owned();
    let underscores = trimmed.replace('_', "");
    // Others write a dash for each mark: `v1.2` becomes `v1-2`.
    let dashes: String =
        text.chars().map(|c| if c.is_alphanumeric() || c == '_' { c } else { '-' }).collect();
    let dashes = collapse(dashes.trim_matches('-'));
    let mut out = vec![github, tight, ascii, trimmed, underscores, dashes];
    out.extend(explicit(heading).map(str::to_lowercase));
    out.sort();
    out.dedup();
    out.retain(|slug| !slug.is_empty());
    out
}

fn collapse(slug: &str) -> String {
    let mut out = String::with_capacity(slug.len());
    for c in slug.chars() {
        if c != '-' || !out.ends_with('-') {
            out.push(c);
        }
    }
    out
}

/// An anchor without the number of a repetition: `usage-1`, `usage_1`.
pub fn first(anchor: &str) -> Option<&str> {
    let cut = anchor.rfind(['-', '_'])?;
    let number = anchor.get(cut + 1..)?;
    let digits = !number.is_empty() && number.len() < 4 && number.bytes().all(|b| b.is_ascii_digit());
    if digits { anchor.get(..cut) } else { None }
}

/// Whether an anchor leads to this heading.
pub fn leads(anchor: &str, heading: &str) -> bool {
    let anchor = anchor.to_lowercase();
    let slugs = slugs(heading);
    let hit = |wanted: &str| slugs.iter().any(|slug| slug.to_lowercase() == wanted);
    hit(&anchor) || first(&anchor).is_some_and(hit)
}

/// Like [`leads`], but forgiving: only letters and digits count.
pub fn resembles(anchor: &str, heading: &str) -> bool {
    let wanted = squash(anchor);
    !wanted.is_empty() && (leads(anchor, heading) || wanted == squash(&plain(heading)))
}

/// A link's way to a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Link {
    /// The path's parts without the ending of the last one, in lower case; an index page is its folder.
    pub path: Vec<String>,
    pub anchor: Option<String>,
}

/// Reads a link, a URL or a path to a document.
pub(super) fn link(url: &str) -> Link {
    let (rest, anchor) = url.trim().split_once('#').map_or((url.trim(), None), |(a, b)| (a, Some(b)));
    let rest = rest.split('?').next().unwrap_or_default();
    let rest = rest.split_once("://").map_or(rest, |(_, after)| after);
    let mut path: Vec<String> = rest
        .split(['/', '\\'])
        .map(|part| decode(part).to_lowercase())
        .filter(|part| !part.is_empty() && part != "." && part != "..")
        .collect();
    if let Some(last) = path.last_mut() {
        *last = without_ending(last).to_owned();
    }
    if path.len() > 1
        && path.last().is_some_and(|last| matches!(last.as_str(), "index" | "_index" | "readme"))
    {
        path.pop();
    }
    let anchor =
        anchor.map(|anchor| decode(anchor.trim_start_matches('/'))).filter(|anchor| !anchor.is_empty());
    Link { path, anchor }
}

fn without_ending(name: &str) -> &str {
    [".markdown", ".mdown", ".mdx", ".md", ".html", ".htm", ".adoc", ".asciidoc", ".rst", ".txt"]
        .iter()
        .find_map(|ending| name.strip_suffix(ending))
        .unwrap_or(name)
}

/// Percent signs decoded; what is no UTF-8 then stays as it was.
pub fn decode(text: &str) -> String {
    if !text.contains('%') {
        return text.to_owned();
    }
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let mut ahead = bytes.clone();
        let hex = (byte == b'%').then(|| Some((hex(ahead.next()?)?, hex(ahead.next()?)?))).flatten();
        match hex {
            Some((high, low)) => {
                out.push(high * 16 + low);
                bytes = ahead;
            }
            None => out.push(byte),
        }
    }
    String::from_utf8(out).unwrap_or_else(|_| text.to_owned())
}

fn hex(byte: u8) -> Option<u8> {
    u8::try_from(char::from(byte).to_digit(16)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_anchor_leads_to_its_heading_in_every_dialect() {
        for (anchor, heading) in [
            ("daily-operations", "Daily Operations"),
            ("-emergency-procedures", "🚨 Emergency Procedures"),
            ("emergency-procedures", "🚨 Emergency Procedures"),
            ("backup--restore", "Backup & Restore"),
            ("backup-restore", "Backup & Restore"),
            ("alert-name-kubepodcrashlooping", "Alert Name: \"KubePodCrashLooping\""),
            ("setup", "Set up the box {#setup}"),
            ("usage-1", "Usage"),
            ("the-pg_stat-views", "The `pg_stat` views"),
            ("see-the-guide", "See [the guide](https://example.com/a)"),
        ] {
            assert!(leads(anchor, heading), "{anchor} {:?}", slugs(heading));
        }
        assert!(!leads("daily-operation", "Daily Operations"));
        assert!(resembles("dailyoperations", "Daily Operations"));
    }

    #[test]
    fn a_link_names_its_document() {
        let read = |url: &str| {
            let link = link(url);
            (link.path.last().cloned().unwrap_or_default(), link.anchor)
        };
        assert_eq!(
            read("https://x.example/rb/KubePodDown.md#Fix"),
            ("kubepoddown".into(), Some("Fix".into()))
        );
        assert_eq!(read("https://x.example/runbooks/node/NodeFull/"), ("nodefull".into(), None));
        assert_eq!(read("docs/a%20b.html?plain=1"), ("a b".into(), None));
        assert_eq!(read("rb/redis/README.md"), ("redis".into(), None));
        assert_eq!(decode("100%"), "100%");
    }
}
