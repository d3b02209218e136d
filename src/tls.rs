//! A verifier of certificates whose judgement is a function; that the server owns the certificate is always checked.
use std::fmt;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, DigitallySignedStruct, Error, SignatureScheme};

/// Whether all that is wrong with a certificate is that it is somebody else's.
pub fn stranger(error: &Error) -> bool {
    let Error::InvalidCertificate(why) = error else { return false };
    matches!(why, CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. })
}

/// What a server shows.
pub struct Shown<'a> {
    pub leaf: &'a CertificateDer<'a>,
    pub others: &'a [CertificateDer<'a>],
    pub name: &'a ServerName<'a>,
    pub ocsp: &'a [u8],
    pub at: UnixTime,
}

impl Shown<'_> {
    /// What another verifier says of it.
    pub fn before(&self, verifier: &dyn ServerCertVerifier) -> Result<(), Error> {
        verifier.verify_server_cert(self.leaf, self.others, self.name, self.ocsp, self.at).map(|_| ())
    }
}

pub struct Judge<F> {
    provider: Arc<CryptoProvider>,
    judge: F,
}

impl<F: Fn(&Shown<'_>) -> Result<(), Error> + Send + Sync> Judge<F> {
    pub fn new(provider: Arc<CryptoProvider>, judge: F) -> Judge<F> {
        Judge { provider, judge }
    }
}

impl<F> fmt::Debug for Judge<F> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Judge").finish_non_exhaustive()
    }
}

impl<F: Fn(&Shown<'_>) -> Result<(), Error> + Send + Sync> ServerCertVerifier for Judge<F> {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        at: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        (self.judge)(&Shown { leaf, others, name, ocsp, at }).map(|()| ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
