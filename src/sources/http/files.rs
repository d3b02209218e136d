//! The certificates and keys that a profile names: read anew for every client, so that renewed ones count.
use std::path::Path;
use std::time::Duration;

use reqwest::{Certificate, ClientBuilder, Identity};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::AsyncReadExt;
use tokio::time::timeout;

use crate::domain::settings::WebOptions;
use crate::sources::reason::reason;

/// All authorities of the world take less.
const MOST: u64 = 4 << 20;
/// A share that hangs holds up one server and nothing else.
const READ: Duration = Duration::from_secs(2);

/// What stands in the files of one server.
#[derive(Debug, Default)]
pub struct Files {
    pub authorities: Vec<CertificateDer<'static>>,
    pub own: Vec<CertificateDer<'static>>,
    authority: Vec<u8>,
    identity: Vec<u8>,
}

impl Files {
    /// Says which file is no good, and why.
    pub async fn read(options: &WebOptions) -> Result<Files, String> {
        let mut files = Files::default();
        if let Some(path) = &options.ca {
            files.authority = bytes("ca", path).await?;
            files.authorities = certificates("ca", path, &files.authority)?;
        }
        if let Some(path) = &options.cert {
            files.identity = bytes("cert", path).await?;
            files.own = certificates("cert", path, &files.identity)?;
            let (name, of_key) = options.key.as_ref().map_or(("cert", path), |key| ("key", key));
            let key = if name == "key" { bytes(name, of_key).await? } else { files.identity.clone() };
            if PrivateKeyDer::from_pem_slice(&key).is_err() {
                let why = if key.windows(9).any(|part| part == b"ENCRYPTED") {
                    "its key is encrypted: name one that is not"
                } else {
                    "holds no private key in PEM"
                };
                return Err(format!("`{name}` {}: {why}", of_key.display()));
            }
            if name == "key" {
                files.identity.push(b'\n');
                files.identity.extend(key);
            }
        }
        Ok(files)
    }

    /// Puts them to use.
    pub fn arm(&self, mut builder: ClientBuilder) -> Result<ClientBuilder, String> {
        if !self.authority.is_empty() {
            let all = Certificate::from_pem_bundle(&self.authority)
                .map_err(|error| format!("`ca`: {}", reason(&error)))?;
            builder = builder.tls_certs_only(all);
        }
        if !self.identity.is_empty() {
            let own = Identity::from_pem(&self.identity)
                .map_err(|error| format!("`cert` and `key`: {}", reason(&error)))?;
            builder = builder.identity(own);
        }
        Ok(builder)
    }
}

async fn bytes(name: &str, path: &Path) -> Result<Vec<u8>, String> {
    let read = async {
        let mut bytes = Vec::new();
        tokio::fs::File::open(path).await?.take(MOST + 1).read_to_end(&mut bytes).await?;
        Ok::<_, std::io::Error>(bytes)
    };
    let at = path.display();
    match timeout(READ, read).await {
        Ok(Ok(bytes)) if bytes.len() as u64 > MOST => Err(format!("`{name}` {at} is too large")),
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(error)) => Err(format!("`{name}` {at} cannot be read: {}", words(&error))),
        Err(_) => Err(format!("`{name}` {at} cannot be read: timed out")),
    }
}

fn words(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file".into(),
        _ => reason(error),
    }
}

fn certificates(name: &str, path: &Path, bytes: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(bytes).collect();
    match all {
        Ok(all) if !all.is_empty() => Ok(all),
        _ => Err(format!("`{name}` {} holds no certificate in PEM", path.display())),
    }
}
