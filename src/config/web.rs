//! Reads how servers that speak HTTP are reached: authorities, our own certificate, headers; and the sites that
//! probes ask.
use std::path::PathBuf;

use toml::Spanned;
use toml::de::DeValue;

use super::profile::check_url;
use super::reader::{Located, Table};
use super::secret;
use crate::domain::secret::{carries_password, looks_secret};
use crate::domain::settings::web::{Said, Site, WebOptions};

/// Said by the client itself, and wrong from anywhere else.
const OUR_OWN: &[&str] =
    &["host", "content-length", "content-type", "transfer-encoding", "connection", "upgrade"];

/// `ca`, `cert`, `key` and `headers` of a server at `url`.
pub(super) fn options(table: &Table<'_, '_>, url: Option<&Located<String>>, token: bool) -> WebOptions {
    let files = ["ca", "cert", "key"].map(|key| file(table, key));
    let plain = url.is_some_and(|url| url.value.starts_with("http://"));
    if plain && let Some((name, span)) = files.iter().flatten().map(|(name, file)| (name, &file.span)).next()
    {
        let what = format!("`{name}` has no meaning for an address that begins with `http://`");
        table.reader.fault(span, what, "write `https://`, or take it away");
    }
    let [ca, cert, key] = files.map(|file| file.map(|(_, file)| file));
    if let (None, Some(key)) = (&cert, &key) {
        table.reader.fault(&key.span, "a `key` needs the `cert` that it belongs to", "name both");
    }
    WebOptions {
        ca: ca.map(|file| file.value),
        cert: cert.map(|file| file.value),
        key: key.map(|file| file.value),
        headers: headers(table, token),
    }
}

fn file(table: &Table<'_, '_>, key: &'static str) -> Option<(&'static str, Located<PathBuf>)> {
    let text = table.text(key)?;
    if text.value.contains("-----BEGIN") {
        let what = format!("`{key}` names a file, and is not written here itself");
        table.reader.fault(&text.span, what, "write the path of the file in PEM");
        return None;
    }
    Some((key, Located { value: table.reader.path(&text.value), span: text.span }))
}

fn headers(table: &Table<'_, '_>, token: bool) -> Vec<(String, Said)> {
    let Some(inner) = table.table("headers") else { return Vec::new() };
    let mut all: Vec<(String, Said)> = Vec::new();
    for (name, value) in inner.free() {
        let fault = |what: String, help: &str| table.reader.fault(&name.span, what, help);
        if !is_name(&name.value) {
            fault(format!("`{}` cannot be the name of a header", name.value), "letters, digits and `-` can");
        } else if OUR_OWN.iter().any(|own| name.value.eq_ignore_ascii_case(own)) {
            fault(format!("the header `{}` is firedeck's own to set", name.value), "take it away");
        } else if all.iter().any(|(other, _)| other.eq_ignore_ascii_case(&name.value)) {
            fault(format!("the header `{}` is given twice", name.value), "keep one");
        } else if token && name.value.eq_ignore_ascii_case("authorization") {
            fault("this would be sent beside `token` or `password`".into(), "keep one of the two");
        } else if let Some(said) = said(&inner, &name.value, value) {
            all.push((name.value, said));
        }
    }
    all
}

fn said(inner: &Table<'_, '_>, name: &str, value: &Spanned<DeValue<'_>>) -> Option<Said> {
    let Some(text) = value.get_ref().as_str() else {
        if value.get_ref().is_table() {
            return secret::reference_in(inner, name, value).map(Said::Secret);
        }
        let what = format!("`{name}` is neither text nor the place of a secret");
        inner.reader.fault(&value.span(), what, secret::HELP);
        return None;
    };
    let fault = |what: String, help: &str| inner.reader.fault(&value.span(), what, help);
    let scheme = ["bearer ", "basic "].iter().any(|scheme| text.to_ascii_lowercase().starts_with(scheme));
    if looks_secret(name) || name.eq_ignore_ascii_case("authorization") || scheme || carries_password(text) {
        fault(format!("the header `{name}` is a secret and is not written here"), secret::HELP);
        return None;
    }
    if text.trim().is_empty() || !text.chars().all(|c| c == ' ' || c.is_ascii_graphic()) {
        fault(format!("the header `{name}` is empty, or holds letters that headers cannot"), "");
        return None;
    }
    Some(Said::Plain(text.to_owned()))
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c))
}

/// `[[http]]`: the servers that probes ask by their address.
pub(super) fn sites(table: &Table<'_, '_>, lines: &mut Vec<(String, usize)>) -> Vec<Site> {
    let mut all: Vec<Site> = Vec::new();
    for one in table.tables("http") {
        let url = one.needed("url", one.text("url"));
        let username = one.text("username").map(|text| text.value);
        let (password, token) = (secret::reference(&one, "password"), secret::reference(&one, "token"));
        let web = options(&one, url.as_ref(), token.is_some() || password.is_some());
        one.done();
        let Some(url) = url else { continue };
        check_url(&one, &url, &["http", "https"]);
        let address = url.value.trim_end_matches('/').to_owned();
        if all.iter().any(|other| other.url == address) {
            let what = format!("`{address}` is described already");
            one.reader.fault(&url.span, what, "keep one");
        }
        lines.push((format!("http {address}"), one.reader.line(&one.span)));
        all.push(Site { url: address, username, password, token, web });
    }
    all
}
