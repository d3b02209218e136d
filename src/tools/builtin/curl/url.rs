//! Addresses as curl reads them: without a scheme, and relative to another.

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

/// All but letters, digits and what is kept as hexadecimal numbers.
pub fn encoded(bytes: &[u8], kept: &str) -> String {
    let mut out = String::new();
    for byte in bytes {
        if byte.is_ascii_alphanumeric() || kept.as_bytes().contains(byte) {
            out.push(char::from(*byte));
        } else {
            out.extend(["%", &format!("{byte:02X}")]);
        }
    }
    out
}

/// With the signs that stand as hexadecimal numbers.
pub fn decoded(text: &str) -> String {
    let (mut out, mut rest) = (Vec::new(), text.as_bytes());
    while let Some((first, after)) = rest.split_first() {
        let hex = after.get(..2).filter(|_| *first == b'%').and_then(|hex| std::str::from_utf8(hex).ok());
        let byte = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok());
        out.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { after.get(2..).unwrap_or_default() } else { after };
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Signs that stand for several addresses in the original are refused.
pub fn plain(text: &str) -> Result<(), String> {
    let (front, rest) = text.split_once("://").unwrap_or(("", text));
    // An address in brackets is none of these.
    let inner = rest.strip_prefix('[').and_then(|inner| inner.split_once(']'));
    let rest = inner.filter(|(inner, _)| inner.contains(':')).map_or(rest, |(_, behind)| behind);
    let Some(at) = rest.find(['{', '[']) else { return Ok(()) };
    let left = rest.get(at..).map_or(0, |left| left.chars().count());
    let at = text.chars().count() - left;
    if text.chars().nth(at) == Some('[') && !front.contains('{') {
        return Err(format!("bad range in URL position {}:\n{text}\n{}^", at + 2, " ".repeat(at + 1)));
    }
    Err("the built-in curl takes one address at a time: without braces".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_and_joined() {
        let url = Url::read("https://u:p@[::1]:8443?q=1#x").expect("address");
        assert_eq!((url.full().as_str(), url.host.as_str()), ("https://[::1]:8443/?q=1", "::1"));
        assert_eq!(Url::read("a.b/c").expect("address").full(), "http://a.b/c");
        assert_eq!(Url::read("http://a/b/c?d").expect("address").join("e"), "http://a/b/e");
        assert_eq!(plain("http://[::1]:80/a?b"), Ok(()));
        assert!(plain("http://a/q[1h]").expect_err("range").starts_with("bad range in URL position 12:"));
        assert!(plain("http://a/{x,y}").is_err());
        assert_eq!(Url::read("ftp://a").expect_err("scheme").0, 1);
    }
}
