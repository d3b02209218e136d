//! What is said beside the body: the certificate, and what `-w` asks for.
use std::fmt::Write as _;

use rustls::{CertificateError, Error};
use x509_cert::Certificate;
use x509_cert::der::Decode;
use x509_cert::name::Name;

use super::super::Io;
use super::net::Seen;
use super::transfer::Transfer;
use crate::tls::stranger;

pub const LEGITIMACY: &str = "More details here: https://curl.se/docs/sslcerts.html

curl failed to verify the legitimacy of the server and therefore could not
establish a secure connection to it. To learn more about this situation and
how to fix it, please visit the web page mentioned above.";

/// Every line of a head behind a sign.
pub fn prefixed(sign: &str, head: &str) -> String {
    head.split_inclusive('\n').fold(String::new(), |out, line| out + sign + line)
}

fn words(name: &Name) -> String {
    let parts: Vec<String> = name.0.iter().map(ToString::to_string).collect();
    parts.join("; ")
}

/// The number that OpenSSL gives a fault, and the words for it.
pub fn judged(fault: &Error, certificate: &[u8], host: &str) -> (u8, String) {
    let read = Certificate::from_der(certificate).ok();
    let own = read.is_some_and(|read| read.tbs_certificate.subject == read.tbs_certificate.issuer);
    if stranger(fault) {
        let says = "SSL: no alternative certificate subject name matches target host name";
        return (0, format!("{says} '{host}'"));
    }
    let (code, why) = match fault {
        Error::InvalidCertificate(CertificateError::Expired | CertificateError::ExpiredContext { .. }) => {
            (10, "certificate has expired")
        }
        Error::InvalidCertificate(
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. },
        ) => (9, "certificate is not yet valid"),
        _ if own => (18, "self-signed certificate"),
        Error::InvalidCertificate(CertificateError::BadSignature) => (7, "certificate signature failure"),
        _ => (20, "unable to get local issuer certificate"),
    };
    (code, format!("SSL certificate problem: {why}"))
}

/// What `-v` says of a certificate.
pub fn certificate(seen: &Seen) -> String {
    let mut out =
        format!("* SSL connection using {} / {}\n* Server certificate:\n", seen.version, seen.suite);
    if let Ok(certificate) = Certificate::from_der(&seen.certificate) {
        let read = &certificate.tbs_certificate;
        let date = |time: x509_cert::time::Time| {
            let at = i64::try_from(time.to_unix_duration().as_secs()).unwrap_or(i64::MAX);
            let at = jiff::Timestamp::from_second(at).unwrap_or(jiff::Timestamp::MAX);
            at.strftime("%b %e %H:%M:%S %Y GMT").to_string()
        };
        let _ = writeln!(out, "*  subject: {}", words(&read.subject));
        let _ = writeln!(out, "*  start date: {}", date(read.validity.not_before));
        let _ = writeln!(out, "*  expire date: {}", date(read.validity.not_after));
        let _ = writeln!(out, "*  issuer: {}", words(&read.issuer));
    }
    match &seen.fault {
        None => out.push_str("*  SSL certificate verify ok.\n"),
        Some(fault) => {
            let (code, why) = judged(fault, &seen.certificate, "");
            let why = why.trim_start_matches("SSL certificate problem: ");
            let _ = writeln!(out, "*  SSL certificate verify result: {why} ({code}), continuing anyway.");
        }
    }
    out
}

/// What `-w` asks for.
pub fn written(format: &str, of: &Transfer<'_>, io: &mut Io) {
    let mut out = String::new();
    let mut rest = format;
    while let Some(at) = rest.find(['%', '\\']) {
        let (before, behind) = rest.split_at_checked(at).unwrap_or((rest, ""));
        out.push_str(before);
        let mut signs = behind.chars();
        let (first, second) = (signs.next(), signs.next());
        rest = signs.as_str();
        match (first, second) {
            (Some('\\'), Some('n')) => out.push('\n'),
            (Some('\\'), Some('r')) => out.push('\r'),
            (Some('\\'), Some('t')) => out.push('\t'),
            (Some('%'), Some('%')) => out.push('%'),
            (Some('%'), Some('{')) if rest.contains('}') => {
                let (name, behind) = rest.split_once('}').unwrap_or((rest, ""));
                rest = behind;
                match variable(name, of) {
                    Some(value) => out.push_str(&value),
                    None => {
                        let _ = writeln!(io.stderr, "curl: unknown --write-out variable: '{name}'");
                    }
                }
            }
            (first, second) => out.extend(first.into_iter().chain(second)),
        }
    }
    out.push_str(rest);
    let _ = io.stdout.write_all(out.as_bytes());
}

fn variable(name: &str, of: &Transfer<'_>) -> Option<String> {
    let time = |seconds: f64| format!("{seconds:.6}");
    Some(match name {
        "http_code" | "response_code" => format!("{:03}", of.code),
        "time_namelookup" => time(of.times.looked_up),
        "time_connect" => time(of.times.connected),
        "time_appconnect" => time(of.times.shaken),
        "time_pretransfer" => time(of.times.sending),
        "time_starttransfer" => time(of.times.first),
        "time_total" => time(of.times.total),
        "size_download" => of.received.to_string(),
        "content_type" => of.kind.clone(),
        "url_effective" => of.url.clone(),
        "remote_ip" => of.remote.map(|remote| remote.ip().to_string()).unwrap_or_default(),
        "ssl_verify_result" => {
            let judged = of.seen.fault.as_ref().map(|fault| judged(fault, &of.seen.certificate, ""));
            judged.map_or(0, |(code, _)| code).to_string()
        }
        _ => return None,
    })
}
