//! What every run does first: reports without secrets, one TLS provider.

use color_eyre::config::HookBuilder;

/// Reports show neither the environment nor its secrets.
pub fn hooks() -> color_eyre::Result<()> {
    // A second provider would only come from a dependency, and then the first one stands.
    let _ = rustls::crypto::ring::default_provider().install_default();
    HookBuilder::default()
        .display_env_section(false)
        .display_location_section(cfg!(debug_assertions))
        .panic_section("this is a defect of firedeck: the journal and the log up to here are on disk")
        .install()
}
