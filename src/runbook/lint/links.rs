//! Links and files that are not there.
use std::collections::HashSet;

use super::call::Call;
use super::scene::{Line, Scene};
use super::{Findings, Rule};
use crate::runbook::document::{Block, What};
use crate::runbook::suggest::slug::{decode, first, slugs};

/// How many dead links get a guess at what was meant.
const GUESSES: usize = 20;

/// How many missing files are told.
const FILES: usize = 50;

pub(super) fn check(scene: &Scene<'_>, out: &mut Findings) {
    let anchors = Anchors::of(scene);
    let mut guesses = 0;
    for block in &scene.blocks.blocks {
        for (line, text) in texts(block) {
            for target in targets(text) {
                link(scene, &anchors, line, &target, &mut guesses, out);
            }
        }
    }
    files(scene, out);
}

/// Where a link inside the document may lead.
struct Anchors<'a> {
    headings: Vec<&'a str>,
    all: HashSet<String>,
}

impl<'a> Anchors<'a> {
    fn of(scene: &'a Scene<'_>) -> Anchors<'a> {
        let headings: Vec<&str> = scene
            .blocks
            .blocks
            .iter()
            .filter_map(|block| match &block.what {
                What::Heading { text, .. } => Some(text.as_str()),
                _ => None,
            })
            .collect();
        let mut all: HashSet<String> = headings.iter().flat_map(|heading| slugs(heading)).collect();
        for (_, text) in &scene.prose {
            all.extend(marked(text));
        }
        Anchors { headings, all }
    }

    fn leads(&self, anchor: &str) -> bool {
        let anchor = anchor.to_lowercase();
        self.all.contains(&anchor) || first(&anchor).is_some_and(|first| self.all.contains(first))
    }
}

/// Anchors that a line of text sets itself: `<a name="x">`, `id="x"`, `{#x}`; the text is in lower case.
fn marked(text: &str) -> Vec<String> {
    ["name=\"", "id=\"", "name='", "id='", "{#"]
        .iter()
        .flat_map(|sign| text.split(sign).skip(1))
        .filter_map(|rest| rest.split(['"', '\'', '}', ' ']).next().map(str::to_owned))
        .collect()
}

fn texts(block: &Block) -> Vec<(u32, &str)> {
    match &block.what {
        What::Heading { text, .. } => vec![(block.line, text)],
        What::Paragraph(lines) | What::Item { text: lines, .. } => {
            lines.iter().map(|line| (line.no, line.text.as_str())).collect()
        }
        What::Table(table) => {
            table.rows.iter().flat_map(|row| row.cells.iter().map(|cell| (row.line, cell.as_str()))).collect()
        }
        _ => Vec::new(),
    }
}

/// Where the links of a line lead; what stands in code is no link.
fn targets(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut rest = text;
    let mut code = false;
    while let Some(at) = rest.find(['`', ']']) {
        let after = rest.get(at + 1..).unwrap_or_default();
        if rest.get(at..).is_some_and(|rest| rest.starts_with('`')) {
            code = !code;
        } else if let Some(link) = after.strip_prefix('(').filter(|_| !code) {
            let link = link.trim_start_matches('<');
            let end = link.find([')', ' ', '>', '"']).unwrap_or(link.len());
            out.push(link.get(..end).unwrap_or_default().to_owned());
        }
        rest = after;
    }
    out
}

fn link(
    scene: &Scene<'_>,
    anchors: &Anchors<'_>,
    line: u32,
    target: &str,
    guesses: &mut usize,
    out: &mut Findings,
) {
    let foreign = target.contains("://")
        || target.contains(['{', '$', '<', '\\'])
        || target.starts_with('/')
        || target.is_empty();
    let scheme =
        target.split(['/', '#', '?']).next().is_some_and(|first| first.contains(':') || first.contains('@'));
    if foreign || scheme {
        return;
    }
    let (path, anchor) = target.split_once('#').map_or((target, None), |(path, anchor)| (path, Some(anchor)));
    if path.is_empty() {
        let Some(anchor) = anchor.map(decode).filter(|anchor| !anchor.is_empty() && anchor != "top") else {
            return;
        };
        if !anchors.leads(&anchor) {
            *guesses += 1;
            let near = if *guesses <= GUESSES { nearest(&anchors.headings, &anchor) } else { None };
            let remedy = near.map_or_else(
                || "name a heading of the document".to_owned(),
                |near| format!("perhaps `#{near}` is meant"),
            );
            out.say(
                Rule::DeadLink,
                (line, line),
                format!("no heading of the document makes the anchor `#{anchor}`"),
                remedy,
            );
        }
        return;
    }
    let Some(exists) = scene.exists else { return };
    let path = decode(path.split('?').next().unwrap_or_default());
    let stem = path.trim_end_matches('/');
    let bare = stem.strip_suffix(".html").unwrap_or(stem);
    let tries = [
        stem.to_owned(),
        format!("{bare}.md"),
        format!("{stem}/index.md"),
        format!("{stem}/README.md"),
        format!("{stem}/_index.md"),
    ];
    if !tries.iter().any(|path| exists(path)) {
        out.say(
            Rule::DeadLink,
            (line, line),
            format!("there is no file `{path}` beside the document"),
            "mend the path, or take the link out",
        );
    }
}

/// The anchor that is most like the one that leads nowhere.
fn nearest(headings: &[&str], anchor: &str) -> Option<String> {
    let words = |text: &str| -> HashSet<String> {
        text.split(|c: char| !c.is_alphanumeric()).filter(|w| w.len() > 2).map(str::to_lowercase).collect()
    };
    let wanted = words(anchor);
    let best =
        headings.iter().take(2000).max_by_key(|heading| words(heading).intersection(&wanted).count())?;
    if words(best).intersection(&wanted).count() * 2 <= wanted.len() {
        return None;
    }
    slugs(best).into_iter().next()
}

/// Scripts and manifests that commands call.
fn files(scene: &Scene<'_>, out: &mut Findings) {
    let Some(exists) = scene.exists else { return };
    let mut said: HashSet<String> = HashSet::new();
    for (lines, _) in scene.runbooks() {
        for line in lines {
            // From here on, nobody can tell where the shell is.
            if line.calls.iter().any(|call| {
                matches!(call.tool(), "cd" | "pushd" | "ssh" | "su")
                    || call.tool() == "git" && call.words.iter().any(|word| word.text == "clone")
            }) {
                break;
            }
            for call in &line.calls {
                let Some(path) = script(call).filter(|_| !call.elsewhere && !line.command.future) else {
                    continue;
                };
                let bare = path.trim_start_matches("./").to_owned();
                if said.len() > FILES
                    || exists(&bare)
                    || exists(&format!("/{bare}"))
                    || made(scene, &bare)
                    || !said.insert(bare)
                {
                    continue;
                }
                tell(line, call, &path, out);
            }
        }
    }
}

fn tell(line: &Line<'_>, call: &Call, path: &str, out: &mut Findings) {
    out.say(
        Rule::MissingFile,
        line.at(call),
        format!("`{path}` is neither beside the document nor in its tree"),
        "say where it is kept, or put it there",
    );
}

/// A script of the team's own, by a relative path.
fn script(call: &Call) -> Option<String> {
    let first = call.words.first()?;
    let runs = matches!(call.tool(), "bash" | "sh" | "source" | "." | "python" | "python3");
    let word = if runs { call.plain().next()? } else { first };
    let relative = word.text.starts_with("./")
        || (runs || word.text.contains('/')) && !word.text.starts_with(['/', '~', '-']);
    let named = word.text.rsplit('/').next().is_some_and(|name| name.len() > 2 && !name.contains('*'));
    let ends = [".sh", ".py", ".rb", ".pl", ".js"].iter().any(|end| word.text.ends_with(end));
    (word.literal() && relative && named && ends).then(|| word.text.clone())
}

/// Whether the document itself writes or shows the file.
fn made(scene: &Scene<'_>, path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    let written = scene.calls().any(|(_, call)| {
        call.redirects.iter().any(|redirect| redirect.target.text.ends_with(name))
            || matches!(
                call.tool(),
                "curl" | "wget" | "vi" | "vim" | "nano" | "cp" | "mv" | "chmod" | "tee" | "aws" | "scp"
            ) && call.words.iter().any(|word| word.text.ends_with(name))
    });
    let shown = scene.fences().any(|(_, fence)| {
        fence.body.iter().take(12).any(|line| {
            line.text.contains("sage:") && line.text.contains(name)
                || line.text.trim_start().starts_with('#') && line.text.trim_end().ends_with(name)
        })
    });
    written || shown
}
