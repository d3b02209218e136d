//! What is sent: the method, the headers, and data in their several forms.
use std::fmt::Write;
use std::io::Read;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use super::super::Io;
use super::flags::Given;
use super::url::{Url, encoded};
use super::{Fault, Options};

const VERSION: &str = "7.88.1";

/// What a value names: itself, or `@file`, or what comes in by `@-`. Without what it names it would be another request.
fn content(text: &str, io: &mut Io) -> Result<Vec<u8>, Fault> {
    let Some(name) = text.strip_prefix('@') else { return Ok(text.as_bytes().to_vec()) };
    let mut bytes = Vec::new();
    let read = match name {
        "-" => io.stdin.read_to_end(&mut bytes).map(|_| bytes),
        name => std::fs::read(name),
    };
    read.map_err(|error| Fault::new(26, format!("Failed to open {name}: {}", super::net::plain(&error))))
}

/// `name=content`, `=content`, `content`, `name@file`, `@file`.
fn encoding(text: &str, io: &mut Io) -> Result<Vec<u8>, Fault> {
    let (name, value) = match text.find(['=', '@']).and_then(|at| text.split_at_checked(at)) {
        Some((name, value)) if value.starts_with('@') => (name, content(value, io)?),
        Some((name, value)) => (name, value.get(1..).unwrap_or_default().as_bytes().to_vec()),
        None => ("", text.as_bytes().to_vec()),
    };
    let value = encoded(&value, "-._~ ").replace(' ', "+");
    Ok(if name.is_empty() { value } else { format!("{name}={value}") }.into_bytes())
}

/// The data and the headers that the options give.
pub fn given(given: &Given, io: &mut Io) -> Result<(Option<Vec<u8>>, Vec<String>), Fault> {
    let (mut data, mut headers) = (None::<Vec<u8>>, Vec::new());
    for (name, value) in &given.flags {
        let piece = match *name {
            "--data" => {
                let mut bytes = content(value, io)?;
                bytes.retain(|byte| !value.starts_with('@') || !matches!(byte, b'\r' | b'\n' | 0));
                bytes
            }
            "--data-urlencode" => encoding(value, io)?,
            "--header" if value.starts_with('@') => {
                let text = content(value, io)?;
                headers.extend(String::from_utf8_lossy(&text).lines().map(str::to_owned));
                continue;
            }
            "--header" => {
                headers.push(value.clone());
                continue;
            }
            _ => continue,
        };
        match &mut data {
            Some(data) => {
                data.push(b'&');
                data.extend(piece);
            }
            None => data = Some(piece),
        }
    }
    headers.retain(|line| !line.trim().is_empty());
    Ok((data, headers))
}

/// `changed` after a redirect that makes a GET of a POST.
fn method(options: &Options, changed: bool) -> &str {
    if let Some(said) = options.given.value("--request") {
        said
    } else if options.has("--head") {
        "HEAD"
    } else if options.data.is_some() && !options.has("--get") && !changed {
        "POST"
    } else {
        "GET"
    }
}

/// The path with the data behind it, where they go into the address.
pub fn aimed(url: &mut Url, options: &Options) {
    if let Some(data) = options.data.as_ref().filter(|_| options.has("--get")) {
        let sign = if url.path.contains('?') { '&' } else { '?' };
        let _ = write!(url.path, "{sign}{}", String::from_utf8_lossy(data));
    }
}

/// The head of a request, and its body.
pub fn made(url: &Url, options: &Options, changed: bool, known: bool) -> (String, Vec<u8>) {
    let body = options.data.clone().filter(|_| !options.has("--get") && !changed && !options.has("--head"));
    let own = |name: &str| {
        options.headers.iter().any(|line| {
            line.split([':', ';']).next().is_some_and(|own| own.trim().eq_ignore_ascii_case(name))
        })
    };
    let host = options.headers.iter().filter(|_| known).find_map(|line| {
        line.split_once(':')
            .filter(|(name, _)| name.eq_ignore_ascii_case("host"))
            .map(|(_, value)| value.trim())
    });
    let mut head = format!("{} {} HTTP/1.1\r\n", method(options, changed), url.path);
    if let Some(host) = host.filter(|host| !host.is_empty()) {
        let _ = write!(head, "Host: {host}\r\n");
    }
    let mut add = |name: &str, value: &str| {
        if !own(name) || name == "Host" && host.is_none() {
            let _ = write!(head, "{name}: {value}\r\n");
        }
    };
    add("Host", &url.authority());
    let login = options.given.value("--user").filter(|_| known).or(url.login.as_deref());
    if let Some(login) = login {
        let login = if login.contains(':') { login.to_owned() } else { format!("{login}:") };
        add("Authorization", &format!("Basic {}", BASE64_STANDARD.encode(login)));
    }
    add("User-Agent", &format!("curl/{VERSION}"));
    add("Accept", "*/*");
    for line in options.headers.iter().filter(|line| !line.to_ascii_lowercase().starts_with("host:")) {
        let secret =
            ["authorization", "cookie"].iter().any(|name| line.to_ascii_lowercase().starts_with(name));
        if secret && !known {
            continue;
        }
        // `Name:` takes a header away, `Name;` sends it without a value.
        match (line.split_once(':'), line.strip_suffix(';')) {
            (Some((_, value)), _) if !value.trim().is_empty() => drop(write!(head, "{line}\r\n")),
            (None, Some(name)) => drop(write!(head, "{name}:\r\n")),
            _ => {}
        }
    }
    if let Some(body) = &body {
        let mut add = |name: &str, value: &str| {
            if !own(name) {
                let _ = write!(head, "{name}: {value}\r\n");
            }
        };
        add("Content-Length", &body.len().to_string());
        add("Content-Type", "application/x-www-form-urlencoded");
    }
    head.push_str("\r\n");
    (head, body.unwrap_or_default())
}
