//! What every run does first: reports without secrets, one TLS provider.

/// Reports show neither the environment nor its secrets.
pub fn hooks() -> color_eyre::Result<()> {
    // A second provider would only come from a dependency, and then the first one stands.
    let _ = rustls::crypto::ring::default_provider().install_default();
    crate::app::terminal::install_hooks()
}
