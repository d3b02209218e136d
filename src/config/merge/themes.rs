//! Which theme holds: by flag, variable, context, profile or config.
use std::path::{Path, PathBuf};

use super::super::problem::{Problems, Source};
use super::super::profiles::Found;
use super::super::request::Origin;
use super::super::settings::ConfigFile;
use super::super::theme::{self, USUAL};
use super::{Merge, from};
use crate::domain::settings::Theme;
use crate::domain::settings::depth::Terminal;
use crate::domain::settings::theme::Depth;

impl Merge<'_> {
    pub(super) fn theme(
        &mut self,
        config: &ConfigFile,
        source: &Source,
        found: Option<&Found>,
        dir: Option<&Path>,
    ) -> Result<(Theme, Depth, Option<PathBuf>), Problems> {
        let env = &self.request.env;
        let depth = Depth::detect(Terminal {
            no_color: env.get("NO_COLOR"),
            colorterm: env.get("COLORTERM"),
            term: env.get("TERM"),
            theme_by_flag: self.request.theme.is_some(),
        });
        let wanted = self.named(
            ("--theme", self.request.theme.as_ref()),
            "FIREDECK_THEME",
            found
                .and_then(|found| from(&found.source, found.file.theme.as_ref()))
                .or_else(|| from(source, config.theme.as_ref())),
        );
        // Without colours a theme made of them says nothing: mono's signs do.
        let usual = match depth {
            Depth::None => "mono",
            _ if self.request.wall => "wall",
            _ => USUAL,
        };
        let (name, origin) = wanted.unwrap_or_else(|| (usual.to_owned(), Origin::Default));
        let of_profile = found.and_then(|found| Some((found.file.theme.as_ref()?, &found.source)));
        let of_config = config.theme.as_ref().map(|at| (at, source));
        let described = match (&origin, of_profile.or(of_config)) {
            (Origin::File { .. }, Some((at, source))) => theme::named(at, source, dir)?,
            _ => theme::load(&name, dir)?,
        };
        let theme = shown_by(&described, depth)?;
        self.show("theme", name, origin);
        let of_depth = if self.request.env.given("NO_COLOR").is_some() && depth == Depth::None {
            Origin::Env("NO_COLOR")
        } else if self.request.env.given("COLORTERM").is_some() && depth == Depth::True {
            Origin::Env("COLORTERM")
        } else {
            Origin::Env("TERM")
        };
        self.show("colours", depth.name(), of_depth);
        Ok((theme, depth, described.path))
    }

    /// A theme for each context that has one of its own, unless one was asked for by hand.
    pub(super) fn context_themes(
        &mut self,
        config: &ConfigFile,
        source: &Source,
        depth: Depth,
        dir: Option<&Path>,
    ) -> Result<Vec<(String, Theme)>, Problems> {
        let by_hand = self.request.theme.is_some() || self.request.env.given("FIREDECK_THEME").is_some();
        let mut all = Vec::new();
        for (context, name) in &config.context_themes {
            let theme = shown_by(&theme::named(name, source, dir)?, depth)?;
            if let Some((value, origin)) = from(source, Some(name)) {
                self.show(&format!("theme of context {context}"), value, origin);
            }
            all.push((context.clone(), theme));
        }
        Ok(if by_hand { Vec::new() } else { all })
    }
}

/// Without colours a built-in theme made of them says nothing: mono's signs do.
fn shown_by(described: &theme::Described, depth: Depth) -> Result<Theme, Problems> {
    if depth == Depth::None && described.theme.name != "mono" && described.path.is_none() {
        return Ok(theme::load("mono", None)?.theme);
    }
    Ok(described.theme.clone())
}
