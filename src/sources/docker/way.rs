//! The way to an engine: which socket or host an address means, and with which certificates, as the docker CLI does.
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use reqwest::Url;

use crate::domain::text::clean;

const DEFAULT_SOCKET: &str = "/var/run/docker.sock";
/// Nobody answers there without TLS.
const TLS_PORT: u16 = 2376;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Way {
    Unix(PathBuf),
    Tcp {
        /// `host:port`
        at: String,
        /// The directory of `ca.pem`, `cert.pem` and `key.pem`.
        certificates: Option<PathBuf>,
    },
    Ssh(Remote),
}

/// An engine's socket on another box.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Remote {
    pub(super) host: String,
    pub(super) user: Option<String>,
    pub(super) port: Option<u16>,
    pub(super) socket: String,
}

impl Way {
    /// Reads an address; `unix://` alone means what the docker CLI would use. `env` looks up a variable.
    pub(super) fn read(url: &str, env: impl Fn(&str) -> Option<OsString>) -> Result<Way, String> {
        let variable = |name: &str| {
            env(name).filter(|value| !value.is_empty()).map(|v| v.to_string_lossy().into_owned())
        };
        let url = match url.trim_end_matches('/') {
            "" | "unix:" => variable("DOCKER_HOST").unwrap_or_else(|| format!("unix://{DEFAULT_SOCKET}")),
            _ => url.to_owned(),
        };
        let bad = |why: &str| format!("`{}` is no address of an engine: {why}", clean(&url));
        if let Some(path) = url.strip_prefix("unix://") {
            let path = if path.is_empty() { DEFAULT_SOCKET } else { path };
            return Ok(Way::Unix(path.into()));
        }
        // What follows the scheme of `tcp` is read by the rules of `http`.
        let parsed = url.replacen("tcp://", "http://", 1);
        let parsed = Url::parse(&parsed).map_err(|error| bad(&error.to_string()))?;
        let host = parsed.host_str().filter(|host| !host.is_empty() && !host.starts_with('-'));
        let host = host.ok_or_else(|| bad("it names no host"))?.to_owned();
        match url.split_once("://").map(|(scheme, _)| scheme) {
            Some("tcp") => {
                let verify = variable("DOCKER_TLS_VERIFY").is_some() || parsed.port() == Some(TLS_PORT);
                let own = parsed.query_pairs().find(|(key, _)| key == "cert_path");
                let certificates = match own {
                    Some((_, path)) => Some(PathBuf::from(&*path)),
                    None if verify => Some(variable("DOCKER_CERT_PATH").map_or_else(
                        || Path::new(&variable("HOME").unwrap_or_default()).join(".docker"),
                        PathBuf::from,
                    )),
                    None => None,
                };
                let usual = if certificates.is_some() { TLS_PORT } else { 2375 };
                // Port 80 is what `http` leaves out.
                let named = url.contains(&format!("{host}:80"));
                let port = parsed.port().unwrap_or(if named { 80 } else { usual });
                Ok(Way::Tcp { at: format!("{host}:{port}"), certificates })
            }
            Some("ssh") => {
                if parsed.password().is_some() {
                    return Err("a password has no place in an ssh address: give ssh a key".into());
                }
                let user = Some(parsed.username()).filter(|user| !user.is_empty());
                let socket = if parsed.path().len() > 1 { parsed.path() } else { DEFAULT_SOCKET };
                Ok(Way::Ssh(Remote {
                    host,
                    user: user.map(str::to_owned),
                    port: parsed.port(),
                    socket: socket.to_owned(),
                }))
            }
            _ => Err(bad("it begins with `unix://`, `tcp://` or `ssh://`")),
        }
    }

    /// As people read it.
    pub(super) fn shown(&self) -> String {
        let text = match self {
            Way::Unix(path) => format!("unix://{}", path.display()),
            Way::Tcp { at, certificates: None } => format!("tcp://{at}"),
            Way::Tcp { at, certificates: Some(_) } => format!("tcp://{at} (TLS)"),
            Way::Ssh(remote) => format!("ssh://{}{}", remote.shown(), remote.socket),
        };
        clean(&text).into_owned()
    }
}

impl Remote {
    /// `jane@box:2222`
    pub(super) fn shown(&self) -> String {
        let user = self.user.as_ref().map(|user| format!("{user}@")).unwrap_or_default();
        let port = self.port.map(|port| format!(":{port}")).unwrap_or_default();
        clean(&format!("{user}{}{port}", self.host)).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(url: &str, env: &[(&str, &str)]) -> Result<Way, String> {
        Way::read(url, |name| env.iter().find(|(key, _)| *key == name).map(|(_, value)| value.into()))
    }

    fn tcp(at: &str, certificates: Option<&str>) -> Way {
        Way::Tcp { at: at.into(), certificates: certificates.map(PathBuf::from) }
    }

    #[test]
    fn a_socket_is_what_the_docker_cli_would_take() {
        let default = Way::Unix("/var/run/docker.sock".into());
        assert_eq!(read("unix://", &[]), Ok(default.clone()));
        assert_eq!(read("unix://", &[("DOCKER_HOST", "")]), Ok(default));
        assert_eq!(read("unix://", &[("DOCKER_HOST", "tcp://box:2375")]), Ok(tcp("box:2375", None)));
        let named = read("unix:///run/user/1000/docker.sock", &[("DOCKER_HOST", "tcp://box:2375")]);
        assert_eq!(named, Ok(Way::Unix("/run/user/1000/docker.sock".into())), "what is named is taken");
    }

    #[test]
    fn tls_is_asked_for_by_the_port_the_environment_or_the_address() {
        let home = ("HOME", "/home/jane");
        assert_eq!(read("tcp://box:2375", &[home]), Ok(tcp("box:2375", None)));
        assert_eq!(read("tcp://box", &[home]), Ok(tcp("box:2375", None)));
        assert_eq!(read("tcp://box:80", &[home]), Ok(tcp("box:80", None)));
        assert_eq!(read("tcp://box:2376", &[home]), Ok(tcp("box:2376", Some("/home/jane/.docker"))));
        let verify = ("DOCKER_TLS_VERIFY", "1");
        assert_eq!(read("tcp://box", &[home, verify]), Ok(tcp("box:2376", Some("/home/jane/.docker"))));
        let own = ("DOCKER_CERT_PATH", "/certs");
        assert_eq!(read("tcp://box:9", &[home, verify, own]), Ok(tcp("box:9", Some("/certs"))));
        assert_eq!(read("tcp://box:9?cert_path=/a", &[home, own]), Ok(tcp("box:9", Some("/a"))));
        assert_eq!(read("tcp://[::1]:9", &[]), Ok(tcp("[::1]:9", None)));
    }

    #[test]
    fn an_ssh_address_names_the_socket_there_or_the_usual_one() {
        let way = read("ssh://jane@box:2222/run/podman/podman.sock", &[]).unwrap();
        assert_eq!(way.shown(), "ssh://jane@box:2222/run/podman/podman.sock");
        assert_eq!(read("ssh://box", &[]).unwrap().shown(), "ssh://box/var/run/docker.sock");
        // A host that is an option would run what it names.
        for bad in ["ssh://-oProxyCommand=x", "ssh://jane:hunter2@box", "ssh://", "http://box", "tcp://"] {
            let why = read(bad, &[]).unwrap_err();
            assert!(!why.contains("hunter2"), "{why}");
        }
    }
}
