//! Addresses as curl reads them: with its braces, without a scheme, and relative to another.

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Url {
    pub secure: bool,
    pub login: Option<String>,
    /// Without brackets.
    pub host: String,
    pub port: u16,
    pub said_port: bool,
    /// From the first slash on, with what is asked.
    pub path: String,
}

impl Url {
    /// The exit code and the words where it is none.
    pub fn read(text: &str) -> Result<Url, (u8, String)> {
        let bad = || (3, "URL using bad/illegal format or missing URL".to_owned());
        let (scheme, rest) = text.split_once("://").unwrap_or(("http", text));
        let secure = match scheme.to_ascii_lowercase().as_str() {
            "http" => false,
            "https" => true,
            _ => return Err((1, format!("Protocol \"{scheme}\" not supported or disabled in libcurl"))),
        };
        let rest = rest.split('#').next().unwrap_or_default();
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at_checked(end).ok_or_else(bad)?;
        if text.chars().any(|sign| sign.is_ascii_control() || sign == ' ') {
            return Err(bad());
        }
        let (login, host) = match authority.rsplit_once('@') {
            Some((login, host)) => (Some(login.to_owned()), host),
            None => (None, authority),
        };
        let (host, port) = match host.strip_prefix('[').and_then(|inner| inner.split_once(']')) {
            Some((host, port)) => (host, port.strip_prefix(':')),
            None => host.split_once(':').map_or((host, None), |(host, port)| (host, Some(port))),
        };
        if host.is_empty() {
            return Err(bad());
        }
        let said =
            port.filter(|port| !port.is_empty()).map(str::parse::<u16>).transpose().map_err(|_| bad())?;
        let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
        let port = said.unwrap_or(if secure { 443 } else { 80 });
        Ok(Url { secure, login, host: host.to_owned(), port, said_port: said.is_some(), path })
    }

    /// As the Host header says it.
    pub fn authority(&self) -> String {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        let usual = if self.secure { 443 } else { 80 };
        if self.said_port && self.port != usual { format!("{host}:{}", self.port) } else { host }
    }

    pub fn full(&self) -> String {
        format!("{}://{}{}", if self.secure { "https" } else { "http" }, self.authority(), self.path)
    }

    /// Where a Location leads from here.
    pub fn join(&self, to: &str) -> String {
        if to.contains("://") {
            return to.to_owned();
        }
        if let Some(rest) = to.strip_prefix("//") {
            return format!("{}://{rest}", if self.secure { "https" } else { "http" });
        }
        let path = self.path.split('?').next().unwrap_or_default();
        let base = if to.starts_with('/') { "" } else { path.rsplit_once('/').map_or("", |(base, _)| base) };
        let slash = if to.starts_with('/') { "" } else { "/" };
        let root = Url { path: String::new(), ..self.clone() };
        format!("{}{base}{slash}{to}", root.full())
    }
}

/// `{a,b}` stands for two addresses; a `[` that begins no range is an error.
pub fn expanded(text: &str) -> Result<Vec<String>, String> {
    unfold(text, text, 0)
}

/// The rest of a text, so many signs of which lie before it.
fn unfold(text: &str, all: &str, before: usize) -> Result<Vec<String>, String> {
    let Some(at) = text.find(['{', '[']) else { return Ok(vec![text.to_owned()]) };
    let (front, rest) = text.split_at_checked(at).unwrap_or((text, ""));
    let place = before + front.chars().count();
    let wrong = |what: &str, at: usize| {
        Err(format!("{what} in URL position {at}:\n{all}\n{}^", " ".repeat(at.saturating_sub(1))))
    };
    // An address in brackets is none of these.
    if let Some((inner, behind)) = rest.strip_prefix('[').and_then(|rest| rest.split_once(']'))
        && front.ends_with("://")
        && inner.contains(':')
    {
        let ends = unfold(behind, all, place + inner.chars().count() + 2)?;
        return Ok(ends.into_iter().map(|end| format!("{front}[{inner}]{end}")).collect());
    }
    let Some(inner) = rest.strip_prefix('{') else { return wrong("bad range", place + 2) };
    let Some((inner, behind)) = inner.split_once('}') else { return wrong("unmatched brace", place + 1) };
    let ends = unfold(behind, all, place + inner.chars().count() + 1)?;
    if ends.len().saturating_mul(inner.matches(',').count() + 1) > 1000 {
        return Err("too many globs in URL".to_owned());
    }
    let one = |part: &str| ends.iter().map(|end| format!("{front}{part}{end}")).collect::<Vec<_>>();
    Ok(inner.split(',').flat_map(one).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_joined_and_unfolded() {
        let url = Url::read("https://u:p@[::1]:8443?q=1#x").expect("address");
        assert_eq!((url.full().as_str(), url.host.as_str()), ("https://[::1]:8443/?q=1", "::1"));
        assert_eq!(Url::read("a.b/c").expect("address").full(), "http://a.b/c");
        assert_eq!(Url::read("http://a/b/c?d").expect("address").join("e"), "http://a/b/e");
        assert_eq!(expanded("http://a/{x,y}").expect("two"), ["http://a/x", "http://a/y"]);
        assert!(
            expanded("http://a/{q}[1h]").expect_err("range").starts_with("bad range in URL position 13:")
        );
        assert_eq!(Url::read("ftp://a").expect_err("scheme").0, 1);
    }
}
