//! Reads the certificate that a server shows, whatever it is worth, and says what a client would refuse it for.
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustls::client::verify_server_name;
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, ClientConfig, Error};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use x509_cert::der::Decode;
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;

use super::super::now;
use super::super::reason::{brief, reason};
use super::ask::Asked;
use super::net;
use crate::domain::settings::limit::Fact;
use crate::domain::time::Timestamp;
use crate::domain::vital::{Certificate, Fault, Heard};
use crate::tls::Judge;

const HANDSHAKE: Duration = Duration::from_secs(5);

pub(super) async fn ask(fact: &Fact) -> Asked {
    let Some((host, _)) = fact.query.rsplit_once(':') else { return Asked::failed("no host with a port") };
    let host = host.trim_matches(['[', ']']);
    let Ok(name) = ServerName::try_from(host.to_owned()) else {
        return Asked::failed("the host is no name that a certificate can be for");
    };
    let provider = Arc::new(ring::default_provider());
    let kept: Arc<Mutex<Option<Kept>>> = Arc::default();
    let (keep, trusted) = (kept.clone(), provider.clone());
    // Every certificate is taken and remembered: nothing is sent over the connection but the handshake.
    let judge = Judge::new(provider.clone(), move |shown| {
        let trusted = rustls_platform_verifier::Verifier::new(trusted.clone());
        let verdict = trusted.and_then(|trusted| shown.before(&trusted));
        let chain = std::iter::once(shown.leaf).chain(shown.others).map(|one| one.clone().into_owned());
        *keep.lock().unwrap_or_else(PoisonError::into_inner) = Some(Kept { chain: chain.collect(), verdict });
        Ok(())
    });
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = match config {
        Ok(config) => {
            config.dangerous().with_custom_certificate_verifier(Arc::new(judge)).with_no_client_auth()
        }
        Err(error) => return Asked::failed(&reason(&error)),
    };
    let stream = match net::connect(&fact.query).await {
        Ok(stream) => stream,
        Err(asked) => return asked,
    };
    let shaken = timeout(HANDSHAKE, TlsConnector::from(Arc::new(config)).connect(name.clone(), stream)).await;
    let shown = kept.lock().unwrap_or_else(PoisonError::into_inner).take();
    let Some(shown) = shown else {
        return match shaken {
            Err(_) => Asked::broken("no TLS: timed out"),
            Ok(Err(error)) => Asked::broken(&format!("no TLS: {}", reason(&error))),
            Ok(Ok(_)) => Asked::failed("showed no certificate"),
        };
    };
    let now = now();
    match read(&shown, &name, now) {
        Ok(certificate) => told(&certificate, now),
        Err(why) => Asked::broken(&format!("its certificate cannot be read: {why}")),
    }
}

fn told(certificate: &Certificate, now: Timestamp) -> Asked {
    let days = certificate.days_left(now);
    // No certificate lasts for so long that this loses anything.
    let mut heard = Heard::value(f64::from(i32::try_from(days).unwrap_or(i32::MAX)));
    if !certificate.faults.is_empty() {
        heard.floor = Some(certificate.level());
        heard.note = certificate.says(now);
    }
    let mut lines = vec![
        ("subject".into(), certificate.subject.clone()),
        ("for".into(), certificate.names.join(", ")),
        ("issued by".into(), certificate.issuer.clone()),
        ("from".into(), certificate.begins.rfc3339()),
        ("until".into(), certificate.ends.rfc3339()),
    ];
    lines.extend(certificate.chain.iter().map(|subject| ("came with".into(), subject.clone())));
    let verdict = certificate.says(now);
    let verdict = if verdict.is_empty() { "trusted by this box".into() } else { verdict };
    lines.push(("verdict".into(), verdict));
    Asked::new(heard).seen("Certificate", lines)
}

/// What a server showed, and what this box's authorities say of it.
struct Kept {
    chain: Vec<CertificateDer<'static>>,
    verdict: Result<(), Error>,
}

/// One fault hides the others from a verifier, so each is looked for by itself.
fn read(shown: &Kept, name: &ServerName<'_>, now: Timestamp) -> Result<Certificate, String> {
    let [leaf, others @ ..] = shown.chain.as_slice() else { return Err("there is none".into()) };
    let parsed = x509_cert::Certificate::from_der(leaf).map_err(|error| brief(&error.to_string()))?;
    let own = &parsed.tbs_certificate;
    let seconds = |time: x509_cert::time::Time| {
        Timestamp::from_seconds(i64::try_from(time.to_unix_duration().as_secs()).unwrap_or(i64::MAX))
    };
    let mut certificate = Certificate {
        subject: own.subject.to_string(),
        issuer: own.issuer.to_string(),
        names: names(own),
        begins: seconds(own.validity.not_before),
        ends: seconds(own.validity.not_after),
        chain: others.iter().filter_map(subject).collect(),
        faults: Vec::new(),
    };
    let mut faults: Vec<Fault> = certificate.faults_of_time(now).into_iter().collect();
    let fits = ParsedCertificate::try_from(leaf).and_then(|leaf| verify_server_name(&leaf, name));
    if fits.is_err() {
        faults.push(Fault::WrongName(name.to_str().into_owned()));
    }
    let self_signed = own.subject == own.issuer;
    let refused = shown.verdict.as_ref().err();
    if self_signed && refused.is_some() && others.is_empty() {
        faults.push(Fault::SelfSigned);
    } else if let Some(fault) = refused.and_then(|error| fault(error, &faults)) {
        faults.push(fault);
    }
    certificate.faults = faults;
    Ok(certificate)
}

/// What the verifier refused it for, unless that is known already.
fn fault(error: &Error, known: &[Fault]) -> Option<Fault> {
    let Error::InvalidCertificate(why) = error else { return Some(Fault::Other(reason(error))) };
    let timely = known.iter().any(|fault| matches!(fault, Fault::Expired | Fault::NotYetValid));
    let named = known.iter().any(|fault| matches!(fault, Fault::WrongName(_)));
    match why {
        CertificateError::UnknownIssuer => Some(Fault::UnknownAuthority),
        CertificateError::Revoked => Some(Fault::Revoked),
        CertificateError::Expired | CertificateError::ExpiredContext { .. } if !timely => {
            Some(Fault::Other("an authority in its chain has expired".into()))
        }
        CertificateError::Expired
        | CertificateError::ExpiredContext { .. }
        | CertificateError::NotValidYet
        | CertificateError::NotValidYetContext { .. }
            if timely =>
        {
            None
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } if named => None,
        _ => Some(Fault::Other(reason(error))),
    }
}

fn names(own: &x509_cert::TbsCertificate) -> Vec<String> {
    let Ok(Some((_, SubjectAltName(all)))) = own.get::<SubjectAltName>() else { return Vec::new() };
    let name = |name: &GeneralName| match name {
        GeneralName::DnsName(name) => Some(name.to_string()),
        GeneralName::IpAddress(bytes) => match bytes.as_bytes() {
            [a, b, c, d] => Some(format!("{a}.{b}.{c}.{d}")),
            bytes => <[u8; 16]>::try_from(bytes).ok().map(|ip| std::net::Ipv6Addr::from(ip).to_string()),
        },
        _ => None,
    };
    all.iter().filter_map(name).collect()
}

fn subject(certificate: &CertificateDer<'_>) -> Option<String> {
    let parsed = x509_cert::Certificate::from_der(certificate).ok()?;
    Some(parsed.tbs_certificate.subject.to_string())
}
