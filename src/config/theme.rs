//! Themes: six that are built in, and those of the operator.
use std::path::{Path, PathBuf};

use super::problem::{Problem, Problems, Source};
use super::profile::name_is_good;
use super::reader::{Located, Reader, Table};
use super::{file, meant};
use crate::domain::settings::look::{COLOURS, MODIFIERS};
use crate::domain::settings::theme::Colour;
use crate::domain::settings::{Look, Role, Theme};

/// Name and text of every theme that is built in.
pub const BUILT_IN: [(&str, &str); 6] = [
    ("night", include_str!("../../themes/night.toml")),
    ("day", include_str!("../../themes/day.toml")),
    ("contrast", include_str!("../../themes/contrast.toml")),
    ("deutan", include_str!("../../themes/deutan.toml")),
    ("mono", include_str!("../../themes/mono.toml")),
    ("wall", include_str!("../../themes/wall.toml")),
];

/// What is used when nobody chose.
pub const USUAL: &str = "night";

/// A theme with what its file says of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Described {
    pub theme: Theme,
    pub title: String,
    /// The ground it was chosen for; never painted.
    pub background: Colour,
    /// The file, where it is the operator's own.
    pub path: Option<PathBuf>,
}

/// A theme that a file names, or what is wrong with the name, where it stands.
pub(super) fn named(
    name: &Located<String>,
    source: &Source,
    dir: Option<&Path>,
) -> Result<Described, Problems> {
    load(&name.value, dir).map_err(|problems| problems.placed(source, &name.span))
}

/// A built-in name, `NAME` for `themes/NAME.toml` in the config directory, or a path with a `/` in it.
/// The operator's own comes before a built-in of the same name.
pub fn load(name: &str, dir: Option<&Path>) -> Result<Described, Problems> {
    let own = if name.contains('/') {
        Some(super::place::expand(name, None))
    } else {
        dir.filter(|_| name_is_good(name)).map(|dir| dir.join("themes").join(format!("{name}.toml")))
    };
    if let Some(path) = own
        && let Some(source) = file::read(&path).map_err(Problems::one)?
    {
        let stem = path.file_stem().map_or(name.to_owned(), |stem| stem.to_string_lossy().into_owned());
        let described = parse(&stem, &source)?;
        return Ok(Described { path: Some(path), ..described });
    }
    built_in(name).unwrap_or_else(|| {
        let names = names(dir);
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let help = meant::help(name, &names);
        Err(Problems::one(Problem::of("theme", format!("there is no theme `{name}`"), help)))
    })
}

fn built_in(name: &str) -> Option<Result<Described, Problems>> {
    let (name, text) = BUILT_IN.iter().find(|(known, _)| *known == name)?;
    Some(parse(name, &Source { name: format!("themes/{name}.toml (built in)"), text: (*text).to_owned() }))
}

/// Every theme that can be named: those of the config directory, and the built-in ones.
pub fn names(dir: Option<&Path>) -> Vec<String> {
    let mut names: Vec<String> = BUILT_IN.iter().map(|(name, _)| (*name).to_owned()).collect();
    let found = dir.map(|dir| super::listed(&dir.join("themes"))).unwrap_or_default();
    names.extend(found.into_iter().filter(|name| !BUILT_IN.iter().any(|(known, _)| known == name)));
    names
}

/// A role that the file does not name is as in its `base`.
pub fn parse(name: &str, source: &Source) -> Result<Described, Problems> {
    Reader::new(source).read(|table| {
        let title = table.text("title").map_or_else(String::new, |title| title.value);
        let background = table.text("background").and_then(|text| {
            let colour = Colour::parse(&text.value);
            if colour.is_none() {
                table.reader.fault(&text.span, format!("`{}` is no colour", text.value), colour_help());
            }
            colour
        });
        let base = base(table);
        let looks = table.table("roles").map_or_else(Vec::new, |roles| {
            let looks = Role::ALL.iter().map(|role| look(&roles, *role)).collect();
            roles.done();
            looks
        });
        let theme = Theme::new(name, |role| {
            looks.get(role as usize).copied().flatten().unwrap_or_else(|| base.look(role))
        });
        Described { theme, title, background: background.unwrap_or_default(), path: None }
    })
}

fn base(table: &Table<'_, '_>) -> Theme {
    let Some(name) = table.text("base") else { return Theme::default() };
    let names: Vec<&str> = BUILT_IN.iter().map(|(name, _)| *name).collect();
    if let Some(Ok(described)) = built_in(&name.value) {
        return described.theme;
    }
    let what = format!("there is no built-in theme `{}`", name.value);
    table.reader.fault(&name.span, what, meant::help(&name.value, &names));
    Theme::default()
}

fn look(roles: &Table<'_, '_>, role: Role) -> Option<Look> {
    let text = roles.text(role.name())?;
    match Look::parse(&text.value) {
        Ok(look) => Some(look),
        Err(bad) => {
            let words: Vec<&str> = COLOURS.iter().chain(&MODIFIERS).copied().collect();
            let help = meant::meant(&bad.word, words)
                .filter(|word| *word != bad.word)
                .map_or_else(colour_help, |word| format!("did you mean `{word}`? {}", colour_help()));
            // The caret stands under the word, not the whole look.
            let inside = roles.reader.source.text.get(text.span.clone()).unwrap_or("");
            let span = inside
                .find(&bad.word)
                .map_or(text.span.clone(), |at| text.span.start + at..text.span.start + at + bad.word.len());
            roles.reader.fault(&span, format!("`{}` {}", bad.word, bad.why), help);
            None
        }
    }
}

fn colour_help() -> String {
    "a colour is `#rrggbb`, `red`, `bright-blue` or `default`; besides: bold, dim, italic, underline, reverse"
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> Vec<(&'static str, Described)> {
        BUILT_IN.iter().map(|(name, _)| (*name, load(name, None).expect(name))).collect()
    }

    #[test]
    fn every_built_in_theme_names_every_role() {
        for (name, text) in BUILT_IN {
            for role in Role::ALL {
                let line = format!("{:<8} = ", role.name());
                assert_eq!(text.matches(&line).count(), 1, "{name}: {}", role.name());
            }
        }
    }

    /// Of a theme's looks: the colour of the text and what is really behind it.
    fn colours(theme: &Described, role: Role) -> ([f64; 3], [f64; 3]) {
        let look = theme.theme.look(role);
        let or = |colour, other| if colour == Colour::Default { other } else { colour };
        let text = or(look.fg, theme.theme.look(Role::Text).fg);
        (linear(text), linear(or(look.bg, theme.background)))
    }

    fn linear(colour: Colour) -> [f64; 3] {
        let Colour::Rgb(r, g, b) = colour else { panic!("{colour} is no true colour") };
        [r, g, b].map(|part| {
            let part = f64::from(part) / 255.0;
            if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        })
    }

    fn luminance([r, g, b]: [f64; 3]) -> f64 {
        0.2126 * r + 0.7152 * g + 0.0722 * b
    }

    fn contrast(a: [f64; 3], b: [f64; 3]) -> f64 {
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn every_word_can_be_read_on_the_ground_its_theme_was_chosen_for() {
        for (name, theme) in all().into_iter().filter(|(name, _)| *name != "mono") {
            let least: f64 = if name == "contrast" { 7.0 } else { 4.5 };
            // A rule is no word, but must be seen.
            for role in Role::ALL {
                let least = if *role == Role::Rule { least.min(1.5) } else { least };
                let (text, ground) = colours(&theme, *role);
                let ratio = contrast(text, ground);
                assert!(ratio >= least, "{name}: {} has {ratio:.2}:1 of {least}:1", role.name());
            }
        }
    }

    #[test]
    fn a_word_in_the_row_where_you_are_can_still_be_read() {
        for (name, theme) in all().into_iter().filter(|(name, _)| *name != "mono") {
            let here = theme.theme.look(Role::Here);
            if here.fg != Colour::Default {
                continue;
            }
            for role in
                [Role::Text, Role::Dim, Role::Good, Role::Warning, Role::Bad, Role::Unknown, Role::Act]
            {
                let ratio = contrast(colours(&theme, role).0, linear(here.bg));
                assert!(ratio >= 4.5, "{name}: {} has {ratio:.2}:1 where you are", role.name());
            }
        }
    }

    /// What an eye without the cones for green makes of a colour (Machado and others, 2009).
    fn as_deuteranopes_see([r, g, b]: [f64; 3]) -> [f64; 3] {
        [
            0.367_322 * r + 0.860_646 * g - 0.227_968 * b,
            0.280_085 * r + 0.672_501 * g + 0.047_413 * b,
            -0.011_820 * r + 0.042_940 * g + 0.968_881 * b,
        ]
        .map(|part| part.clamp(0.0, 1.0))
    }

    /// CIE Lab, where distances are as far as they look.
    fn lab([r, g, b]: [f64; 3]) -> [f64; 3] {
        let xyz = [
            (0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.950_47,
            luminance([r, g, b]),
            (0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.088_83,
        ];
        let cube = xyz.map(|part| if part > 0.008_856 { part.cbrt() } else { 7.787 * part + 16.0 / 116.0 });
        [116.0 * cube[1] - 16.0, 500.0 * (cube[0] - cube[1]), 200.0 * (cube[1] - cube[2])]
    }

    #[test]
    fn deutan_keeps_meanings_apart_for_eyes_that_do_not_part_red_from_green() {
        let theme = load("deutan", None).expect("deutan");
        let roles = [Role::Good, Role::Warning, Role::Bad, Role::Unknown, Role::Act];
        for (i, one) in roles.iter().enumerate() {
            for other in roles.iter().skip(i + 1) {
                let seen = |role| lab(as_deuteranopes_see(colours(&theme, role).0));
                let (a, b) = (seen(*one), seen(*other));
                let apart = a.iter().zip(b).map(|(x, y)| (x - y).powi(2)).sum::<f64>().sqrt();
                assert!(apart >= 20.0, "{} and {} are {apart:.0} apart", one.name(), other.name());
            }
        }
    }

    #[test]
    fn meanings_stay_apart_with_sixteen_colours() {
        use crate::domain::settings::theme::Depth;
        let roles = [Role::Text, Role::Dim, Role::Good, Role::Warning, Role::Bad, Role::Act];
        for name in ["night", "day", "wall"] {
            let theme = load(name, None).expect(name).theme;
            let seen = |role: Role| Depth::Sixteen.look(theme.look(role)).fg;
            for (i, one) in roles.iter().enumerate() {
                for other in roles.iter().skip(i + 1) {
                    assert_ne!(seen(*one), seen(*other), "{name}: {} and {}", one.name(), other.name());
                }
            }
            assert!(Depth::Sixteen.look(theme.look(Role::Here)).reverse, "{name}: no ground hides a word");
        }
    }

    #[test]
    fn mono_has_no_colour_and_tells_meanings_apart_all_the_same() {
        let theme = load("mono", None).expect("mono").theme;
        let roles =
            [Role::Good, Role::Warning, Role::Bad, Role::Unknown, Role::Here, Role::Act, Role::Danger];
        for role in Role::ALL {
            let look = theme.look(*role);
            assert!(look.fg == Colour::Default && look.bg == Colour::Default, "{}", role.name());
        }
        for (i, one) in roles.iter().enumerate() {
            for other in roles.iter().skip(i + 1) {
                assert_ne!(theme.look(*one), theme.look(*other), "{} and {}", one.name(), other.name());
            }
        }
    }

    #[test]
    fn an_own_theme_needs_to_say_only_what_differs() {
        let dir = tempfile::tempdir().expect("a directory");
        std::fs::create_dir(dir.path().join("themes")).expect("made");
        let path = dir.path().join("themes/mine.toml");
        std::fs::write(&path, "base = \"day\"\n[roles]\nbad = \"red underline\"\n").expect("written");
        let day = load("day", None).expect("day").theme;
        for name in ["mine", &path.display().to_string()] {
            let mine = load(name, Some(dir.path())).expect("mine");
            assert_eq!(mine.theme.look(Role::Good), day.look(Role::Good));
            assert_eq!(mine.theme.look(Role::Bad).fg, Colour::Ansi(1));
            assert_eq!(mine.theme.name, "mine");
        }
        assert!(names(Some(dir.path())).contains(&"mine".to_owned()));
    }
}
