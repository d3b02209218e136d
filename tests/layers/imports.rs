//! Finds every path that a source file names, however it is spelt, as a path from the crate's root or from
//! an external crate.
use std::collections::HashMap;

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Attribute, Ident, Item, UseTree};

/// A path that a file names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Import {
    pub(crate) line: usize,
    /// Stands in code that is only built for tests.
    pub(crate) in_tests: bool,
    pub(crate) what: What,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum What {
    /// `crate::a::b`; empty for the root itself.
    Own(Vec<String>),
    /// `tokio::spawn`: the crate, then the rest.
    External(Vec<String>),
    /// `T::now` and the like, whose first part is a type, a module or a name that cannot be told here.
    Relative(Vec<String>),
    /// A way around all of this: `#[path]`, `include!`, `extern crate self`.
    Evasion(&'static str),
    /// A macro called by a bare name.
    Macro(String),
}

pub(crate) struct Finder<'a> {
    /// Where the file stands below the root, and the inline modules around what is visited.
    module: Vec<String>,
    crates: &'a [String],
    /// Names that `use` gave to paths in this file, in whatever scope.
    names: HashMap<String, Vec<Vec<String>>>,
    /// Modules declared in this file, which hide a crate of the same name.
    modules: Vec<String>,
    in_tests: bool,
    found: Vec<Import>,
}

/// Everything named in the file at `module`. A file that cannot be parsed is an error of its own.
pub(crate) fn imports(module: &[String], source: &str, crates: &[String]) -> syn::Result<Vec<Import>> {
    let file = syn::parse_file(source)?;
    let (module, in_tests) = (module.to_vec(), false);
    let mut names = Names { module: module.clone(), ..Names::default() };
    names.visit_file(&file);
    let mut finder =
        Finder { module, crates, names: names.meanings, modules: names.modules, in_tests, found: Vec::new() };
    finder.visit_file(&file);
    Ok(finder.found)
}

/// The modules of the files that hold only tests, as `#[cfg(test)] mod x;` in this one says.
pub(crate) fn test_modules(module: &[String], is_folder: bool, source: &str) -> Vec<Vec<String>> {
    let items = syn::parse_file(source).map(|file| file.items).unwrap_or_default();
    let folder = if is_folder { module } else { &module[..module.len().saturating_sub(1)] };
    let is_test = |item: Item| match item {
        Item::Mod(inner) if inner.content.is_none() && for_tests(&inner.attrs) => {
            Some(match file_of(&inner) {
                Some(beside) => [folder, &[beside]].concat(),
                None => [module, &[plain(&inner.ident)]].concat(),
            })
        }
        _ => None,
    };
    items.into_iter().filter_map(is_test).collect()
}

/// `x_tests` in `#[path = "x_tests.rs"]`.
fn file_of(module: &syn::ItemMod) -> Option<String> {
    let named = module.attrs.iter().find(|attribute| attribute.path().is_ident("path"))?;
    let syn::Meta::NameValue(named) = &named.meta else { return None };
    let syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(file), .. }) = &named.value else { return None };
    Some(file.value().trim_end_matches(".rs").to_owned())
}

fn for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("test")
            || attribute.path().is_ident("cfg")
                && attribute.meta.require_list().is_ok_and(|list| list.tokens.to_string() == "test")
    })
}

/// `r#model` is `model`.
fn plain(ident: &Ident) -> String {
    ident.to_string().trim_start_matches("r#").to_owned()
}

/// First pass: what `use` calls things, and which modules are declared.
#[derive(Default)]
struct Names {
    module: Vec<String>,
    meanings: HashMap<String, Vec<Vec<String>>>,
    modules: Vec<String>,
}

impl<'ast> Visit<'ast> for Names {
    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        leaves(&item.tree, &mut Vec::new(), &mut |path, name| {
            // `use crate::x;` names what it ends in; a `use x;` that names itself would lead nowhere.
            if let Some(name) = name
                && path != [name.clone()]
            {
                // `super` means another module where the name is used, so it is followed here.
                let path = match from_here(&self.module, path) {
                    Some(own) => [vec!["crate".to_owned()], own].concat(),
                    None => path.to_vec(),
                };
                self.meanings.entry(name).or_default().push(path);
            }
        });
    }

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        self.modules.push(plain(&item.ident));
        self.module.push(plain(&item.ident));
        visit::visit_item_mod(self, item);
        self.module.pop();
    }
}

/// Where `self::…` and `super::…` lead; nothing for a path that begins otherwise.
fn from_here(module: &[String], path: &[String]) -> Option<Vec<String>> {
    let steps = path.iter().take_while(|part| *part == "self" || *part == "super").count();
    let up = path[..steps].iter().filter(|part| *part == "super").count();
    let stays = module.len().saturating_sub(up);
    (steps > 0).then(|| [&module[..stays], &path[steps..]].concat())
}

/// Every path of a `use` with the name it gets; a glob's last part is `*`, and it gives no name.
fn leaves(tree: &UseTree, before: &mut Vec<String>, tell: &mut impl FnMut(&[String], Option<String>)) {
    let mut with = |part: Option<String>, inner: &mut dyn FnMut(&mut Vec<String>)| {
        let length = before.len();
        before.extend(part);
        inner(before);
        before.truncate(length);
    };
    match tree {
        UseTree::Path(path) => {
            with(Some(plain(&path.ident)), &mut |before| leaves(&path.tree, before, tell));
        }
        UseTree::Name(name) => {
            let part = Some(plain(&name.ident)).filter(|part| part != "self" || before.is_empty());
            let mut with_self = before.clone();
            with_self.extend(part);
            let called = with_self.last().cloned();
            tell(&with_self, called);
        }
        UseTree::Rename(name) => {
            let mut path = before.clone();
            path.extend(Some(plain(&name.ident)).filter(|part| part != "self" || before.is_empty()));
            tell(&path, Some(plain(&name.rename)));
        }
        UseTree::Glob(_) => with(Some("*".to_owned()), &mut |path| tell(path, None)),
        UseTree::Group(group) => group.items.iter().for_each(|tree| leaves(tree, before, tell)),
    }
}

impl Finder<'_> {
    fn say(&mut self, line: usize, what: What) {
        self.found.push(Import { line, in_tests: self.in_tests, what });
    }

    /// Resolves a path as it is written and notes where it leads.
    fn path(&mut self, line: usize, path: &[String], absolute: bool) {
        for what in self.resolve(path, absolute, 0) {
            self.say(line, what);
        }
    }

    fn resolve(&self, path: &[String], absolute: bool, depth: usize) -> Vec<What> {
        let Some((first, rest)) = path.split_first() else { return Vec::new() };
        if absolute {
            return vec![if first == "firedeck" {
                What::Own(rest.to_vec())
            } else {
                What::External(path.to_vec())
            }];
        }
        if first == "crate" || first == "firedeck" {
            return vec![What::Own(rest.to_vec())];
        }
        if let Some(own) = from_here(&self.module, path) {
            return vec![What::Own(own)];
        }
        // A name that two scopes give to two things is taken for both.
        if let Some(meanings) = self.names.get(first).filter(|_| depth < 8) {
            let expand = |meaning: &Vec<String>| {
                let whole: Vec<String> = meaning.iter().chain(rest).cloned().collect();
                self.resolve(&whole, false, depth + 1)
            };
            return meanings.iter().flat_map(expand).collect();
        }
        if self.crates.contains(first) && !self.modules.contains(first) {
            return vec![What::External(path.to_vec())];
        }
        vec![What::Relative(path.to_vec())]
    }

    /// Paths in tokens that are not parsed: macro bodies and attributes.
    fn tokens(&mut self, tokens: TokenStream, before: &[String]) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let colons = |at: usize| {
            matches!(tokens.get(at), Some(TokenTree::Punct(p)) if p.as_char() == ':')
                && matches!(tokens.get(at + 1), Some(TokenTree::Punct(p)) if p.as_char() == ':')
        };
        let mut at = 0;
        while at < tokens.len() {
            match &tokens[at] {
                TokenTree::Ident(ident) => {
                    let line = ident.span().start().line;
                    let mut path = before.to_vec();
                    path.push(plain(ident));
                    at += 1;
                    let mut grouped = false;
                    while colons(at) && !grouped {
                        match tokens.get(at + 2) {
                            Some(TokenTree::Ident(next)) => path.push(plain(next)),
                            Some(TokenTree::Punct(star)) if star.as_char() == '*' => {
                                path.push("*".to_owned());
                            }
                            Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
                                self.tokens(group.stream(), &path);
                                grouped = true;
                            }
                            _ => break,
                        }
                        at += 3;
                    }
                    let told = path.len() > 1 || path[0] == "crate";
                    if told && !grouped {
                        self.path(line, &path, false);
                    }
                    if !grouped && matches!(tokens.get(at), Some(TokenTree::Punct(p)) if p.as_char() == '!') {
                        self.say(line, What::Macro(path.last().cloned().unwrap_or_default()));
                    }
                }
                TokenTree::Group(group) => {
                    self.tokens(group.stream(), &[]);
                    at += 1;
                }
                TokenTree::Literal(literal) => {
                    // `#[serde(with = "crate::x")]`
                    let text = literal.to_string();
                    let text = text.trim_matches('"');
                    if text.contains("::") && text.chars().all(|c| c.is_alphanumeric() || "_:".contains(c)) {
                        let path: Vec<String> = text.split("::").map(str::to_owned).collect();
                        self.path(literal.span().start().line, &path, false);
                    }
                    at += 1;
                }
                TokenTree::Punct(_) => at += 1,
            }
        }
    }

    fn within_tests(&mut self, tests: bool, visit: impl FnOnce(&mut Self)) {
        let outside = self.in_tests;
        self.in_tests |= tests;
        visit(self);
        self.in_tests = outside;
    }
}

impl<'ast> Visit<'ast> for Finder<'_> {
    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        let line = item.use_token.span.start().line;
        let absolute = item.leading_colon.is_some();
        self.within_tests(for_tests(&item.attrs), |finder| {
            leaves(&item.tree, &mut Vec::new(), &mut |path, _| finder.path(line, path, absolute));
        });
    }

    fn visit_item_extern_crate(&mut self, item: &'ast syn::ItemExternCrate) {
        let (line, name) = (item.extern_token.span.start().line, plain(&item.ident));
        if name == "self" || name == "firedeck" {
            self.say(line, What::Evasion("`extern crate` of the crate itself"));
        } else {
            self.say(line, What::External(vec![name]));
        }
    }

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        self.module.push(plain(&item.ident));
        self.within_tests(for_tests(&item.attrs), |finder| visit::visit_item_mod(finder, item));
        self.module.pop();
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.within_tests(for_tests(&item.attrs), |finder| visit::visit_item_fn(finder, item));
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let parts: Vec<String> = path.segments.iter().map(|segment| plain(&segment.ident)).collect();
        if parts.len() > 1 {
            let line = path.segments[0].ident.span().start().line;
            self.path(line, &parts, path.leading_colon.is_some());
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, item: &'ast syn::Macro) {
        let name = item.path.segments.last().map(|segment| plain(&segment.ident)).unwrap_or_default();
        let line = item.path.segments.first().map_or(0, |segment| segment.ident.span().start().line);
        self.say(line, if name == "include" { What::Evasion("`include!`") } else { What::Macro(name) });
        self.tokens(item.tokens.clone(), &[]);
        visit::visit_macro(self, item);
    }

    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        let line = attribute.pound_token.span.start().line;
        // A file of tests may stand beside what it tests: it is read as tests are.
        if attribute.path().is_ident("path") && !self.in_tests {
            self.say(line, What::Evasion("`#[path]`"));
        }
        match &attribute.meta {
            syn::Meta::List(list) => self.tokens(list.tokens.clone(), &[]),
            syn::Meta::Path(_) | syn::Meta::NameValue(_) => {}
        }
        visit::visit_attribute(self, attribute);
    }
}
