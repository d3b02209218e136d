//! What every run does first: reports without secrets, one TLS provider.

use color_eyre::config::HookBuilder;

/// Reports show neither the environment nor its secrets.
pub fn hooks() -> color_eyre::Result<()> {
    // A second provider would only come from a dependency, and then the first one stands.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let (panic, report) = HookBuilder::default()
        .display_env_section(false)
        .display_location_section(cfg!(debug_assertions))
        .panic_section("this is a defect of firedeck: the journal and the log up to here are on disk")
        .into_hooks();
    report.install()?;
    let print = panic.into_panic_hook();
    std::panic::set_hook(Box::new(move |info| {
        crate::defect::begin_anew(info);
        print(info);
    }));
    Ok(())
}
