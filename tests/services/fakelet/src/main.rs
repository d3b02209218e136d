//! fakelet: pretends to be the kubelets of N nodes for a real API server.
mod api;
mod clock;
mod exec;
mod hub;
mod logs;
mod metrics;
mod nodes;
mod pod;
mod server;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

const USAGE: &str = "fakelet --server URL --ca FILE --cert FILE --key FILE
  --serving-cert FILE --serving-key FILE --client-ca FILE [--client-ca FILE]
  --listen 127.0.0.1:PORT [--nodes 6] [--prefix node-]
  [--node-cpu 64] [--node-mem-gi 256] [--node-pods 6000] [--log-rate 2]";

fn certs(path: &str) -> Vec<CertificateDer<'static>> {
    let data = std::fs::read(path).unwrap_or_else(|e| panic!("{path}: {e}"));
    rustls_pemfile::certs(&mut data.as_slice()).filter_map(Result::ok).collect()
}

fn key(path: &str) -> PrivateKeyDer<'static> {
    let data = std::fs::read(path).unwrap_or_else(|e| panic!("{path}: {e}"));
    rustls_pemfile::private_key(&mut data.as_slice())
        .ok()
        .flatten()
        .unwrap_or_else(|| panic!("{path}: no key"))
}

#[tokio::main(worker_threads = 2)]
async fn main() {
    let mut opt: HashMap<String, Vec<String>> = HashMap::new();
    let mut args = std::env::args().skip(1);
    while let Some(a) = args.next() {
        match (a.strip_prefix("--"), args.next()) {
            (Some(k), Some(v)) => opt.entry(k.to_string()).or_default().push(v),
            _ => {
                eprintln!("{USAGE}");
                std::process::exit(2);
            }
        }
    }
    let need = |k: &str| {
        opt.get(k).map(|v| v[0].clone()).unwrap_or_else(|| {
            eprintln!("--{k} is missing\n{USAGE}");
            std::process::exit(2)
        })
    };
    let or = |k: &str, d: &str| opt.get(k).map_or(d.to_string(), |v| v[0].clone());
    let num = |k: &str, d: &str| or(k, d).parse::<f64>().unwrap_or_else(|_| panic!("--{k} is not a number"));

    let _ = tokio_rustls::rustls::crypto::ring::default_provider().install_default();
    let mut roots = RootCertStore::empty();
    for f in opt.get("client-ca").map_or(&[][..], |v| v.as_slice()) {
        for c in certs(f) {
            roots.add(c).expect("client CA");
        }
    }
    let verifier = WebPkiClientVerifier::builder(Arc::new(roots)).build().expect("client verifier");
    let mut tls = ServerConfig::builder()
        .with_client_cert_verifier(verifier)
        .with_single_cert(certs(&need("serving-cert")), key(&need("serving-key")))
        .expect("serving certificate");
    tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];

    let api = api::Api::new(&need("server"), &need("ca"), &need("cert"), &need("key")).expect("api client");
    let listen = need("listen");
    let shape = Arc::new(nodes::Shape {
        cpu: num("node-cpu", "64") as u32,
        mem_gi: num("node-mem-gi", "256") as u32,
        pods: num("node-pods", "6000") as u32,
        port: listen.rsplit(':').next().and_then(|p| p.parse().ok()).expect("--listen needs a port"),
    });
    let names: Vec<String> =
        (1..=num("nodes", "6") as usize).map(|i| format!("{}{i}", or("prefix", "node-"))).collect();
    let (hub, rx) = hub::Hub::new(api, names.iter().cloned().collect::<HashSet<_>>(), num("log-rate", "2"));
    for (i, n) in names.into_iter().enumerate() {
        tokio::spawn(nodes::keep(hub.clone(), n, i, shape.clone()));
    }
    tokio::spawn(hub.clone().tick(rx));
    tokio::spawn(hub.clone().follow());
    tokio::spawn(server::tls(hub.clone(), listen, tls));
    let mut term = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()).unwrap();
    tokio::select! { _ = term.recv() => {}, _ = tokio::signal::ctrl_c() => {} }
}
