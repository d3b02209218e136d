//! The systems' own documents, where they are at hand: every limit of a profile stands where it says.
use std::collections::BTreeMap;
use std::path::Path;

use firedeck::config::{self, Problems};
use firedeck::domain::settings::Profile;

fn profiles() -> Vec<Profile> {
    let read = |(name, text): &(&str, &str)| -> Result<Profile, Problems> {
        config::check_profile(name, &config::Source { name: (*name).into(), text: (*text).into() })
    };
    config::PROFILES.iter().map(|profile| read(profile).expect("a built-in profile is good")).collect()
}

/// The documents by number: `000_….md` is document `000`.
fn documents(folder: &Path) -> BTreeMap<String, Vec<String>> {
    let files = std::fs::read_dir(folder).expect("FIREDECK_DOCUMENTS names a folder");
    let read = files.flatten().filter_map(|file| {
        let name = file.file_name().into_string().ok()?;
        let number = name.strip_suffix(".md")?.split('_').next()?.to_owned();
        let text = std::fs::read_to_string(file.path()).ok()?;
        Some((number, text.lines().map(str::to_lowercase).collect()))
    });
    read.collect()
}

/// Words and numbers that a line would have to hold some of.
fn words(text: &str) -> Vec<String> {
    let parts = text.split(|c: char| !c.is_alphanumeric() && c != '.' && c != '%');
    let kept = parts.filter(|word| word.len() > 2 || word.chars().any(|c| c.is_ascii_digit()));
    kept.map(|word| word.chars().take(5).collect::<String>().to_lowercase()).collect()
}

#[test]
fn every_limit_of_a_profile_stands_at_its_line_of_its_document() {
    let Some(folder) = std::env::var_os("FIREDECK_DOCUMENTS") else {
        println!("FIREDECK_DOCUMENTS is not set: the documents are left out");
        return;
    };
    let documents = documents(Path::new(&folder));
    let mut wrong = Vec::new();
    let mut seen = 0;
    for profile in profiles() {
        for limit in &profile.limits {
            let name = format!("{}: `{}`", profile.name, limit.fact.name);
            let Some(document) = documents.get(&limit.document) else {
                wrong.push(format!("{name}: there is no document {}", limit.document));
                continue;
            };
            for lines in &limit.lines {
                seen += 1;
                let (from, to) = (lines.from as usize, lines.to as usize);
                if to > document.len() {
                    wrong.push(format!("{name}: document {} has no line {to}", limit.document));
                    continue;
                }
                let here = document[from.saturating_sub(2)..document.len().min(to + 1)].join(" ");
                let fact = &limit.fact;
                let bounds = [&fact.ok, &fact.warning, &fact.critical];
                let bounds: Vec<String> = bounds.into_iter().flatten().map(ToString::to_string).collect();
                let wanted = words(&format!("{} {} {}", fact.name, fact.query, bounds.join(" ")));
                if !wanted.iter().any(|word| here.contains(word)) {
                    wrong.push(format!("{name}: {}:{lines} speaks of none of {wanted:?}", limit.document));
                }
            }
        }
    }
    assert!(seen > 100, "{seen} places were looked at");
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}
