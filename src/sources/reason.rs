//! Why something failed, in a few words: walks the whole chain of causes and keeps what tells most.
use std::error::Error;
use std::io;

use rustls::CertificateError;

use crate::domain::text::clean;

/// A title has room for this much.
const LONGEST: usize = 160;

/// Names the root of the trouble: `connection refused`, `certificate expired`, `timed out`.
///
/// What is not known by its type is told by the innermost cause that says anything.
pub fn reason(error: &(dyn Error + 'static)) -> String {
    let mut innermost = error.to_string();
    let mut next = Some(error);
    // A cause that names itself as its cause must not hold us.
    for _ in 0..16 {
        let Some(cause) = next else { break };
        if let Some(known) = known(cause) {
            return known;
        }
        let says = cause.to_string();
        if !says.is_empty() {
            innermost = says;
        }
        next = inside(cause).or_else(|| cause.source());
    }
    if innermost.contains("failed to lookup address") || innermost.contains("dns error") {
        return "host name not found".into();
    }
    brief(&innermost)
}

/// One harmless line of bounded length.
pub fn brief(text: &str) -> String {
    let head: String = text.chars().take(LONGEST * 4).collect();
    let line = head.split_whitespace().collect::<Vec<_>>().join(" ");
    let line = clean(&line);
    if line.chars().count() <= LONGEST {
        return line.into_owned();
    }
    line.chars().take(LONGEST - 1).chain(['…']).collect()
}

/// An `io::Error` hides what it wraps from `source()`.
fn inside<'e>(cause: &'e (dyn Error + 'static)) -> Option<&'e (dyn Error + 'static)> {
    let wrapped = cause.downcast_ref::<io::Error>()?.get_ref()?;
    Some(wrapped)
}

fn known(cause: &(dyn Error + 'static)) -> Option<String> {
    if let Some(error) = cause.downcast_ref::<rustls::Error>() {
        return Some(tls(error));
    }
    if cause.is::<tokio::time::error::Elapsed>() {
        return Some("timed out".into());
    }
    let error = cause.downcast_ref::<io::Error>()?;
    if error.get_ref().is_some_and(<dyn Error + Send + Sync>::is::<rustls::Error>) {
        return None;
    }
    let said = match error.kind() {
        io::ErrorKind::ConnectionRefused => "connection refused",
        io::ErrorKind::ConnectionReset => "connection reset",
        io::ErrorKind::ConnectionAborted => "connection aborted",
        io::ErrorKind::BrokenPipe => "connection closed",
        io::ErrorKind::UnexpectedEof => "connection closed half-way",
        io::ErrorKind::TimedOut => "timed out",
        io::ErrorKind::HostUnreachable => "no route to host",
        io::ErrorKind::NetworkUnreachable | io::ErrorKind::NetworkDown => "network unreachable",
        io::ErrorKind::PermissionDenied => "permission denied",
        _ => return None,
    };
    Some(said.into())
}

fn tls(error: &rustls::Error) -> String {
    let said = match error {
        rustls::Error::InvalidCertificate(why) => match why {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => "certificate expired",
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                "certificate not valid yet: do the clocks agree?"
            }
            CertificateError::UnknownIssuer => "certificate signed by an authority we do not trust",
            // An authority that was made anew mostly bears its old name.
            CertificateError::BadSignature => {
                "certificate signed by an authority we do not trust, of the same name as one we do"
            }
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                "certificate is for another name"
            }
            CertificateError::Revoked => "certificate revoked",
            _ => return brief(&format!("certificate refused: {why}")),
        },
        rustls::Error::InvalidMessage(_) => "the other end does not speak TLS",
        _ => return brief(&format!("tls: {error}")),
    };
    said.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("service error")]
    struct Outer(#[source] io::Error);

    #[test]
    fn the_root_of_the_trouble_is_named_however_deep_it_lies() {
        let refused = Outer(io::Error::from(io::ErrorKind::ConnectionRefused));
        assert_eq!(reason(&io::Error::other(refused)), "connection refused");
        let expired = rustls::Error::InvalidCertificate(CertificateError::Expired);
        assert_eq!(
            reason(&Outer(io::Error::new(io::ErrorKind::InvalidData, expired))),
            "certificate expired"
        );
    }

    #[test]
    fn what_is_not_known_is_told_by_the_innermost_cause() {
        assert_eq!(
            reason(&Outer(io::Error::other("the disk of the proxy is full"))),
            "the disk of the proxy is full"
        );
    }

    #[test]
    fn a_long_or_hostile_cause_becomes_one_harmless_line() {
        let text = brief(&format!("a\n\u{1b}[31mb {}", "x".repeat(100_000)));
        assert!(text.chars().count() <= LONGEST && !text.contains(['\n', '\u{1b}']), "{text}");
    }
}
