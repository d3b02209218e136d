//! How the small build (`dist`) is linked. It aborts on panics (see `defect`): what only unwinding needs is a sixth of it.
use std::path::Path;
use std::{env, fs};

/// Sections that nobody reads in a program that never unwinds.
const LEFT_OUT: &str = "SECTIONS { /DISCARD/ : { *(.eh_frame) *(.eh_frame_hdr) *(.gcc_except_table .gcc_except_table.*) } } INSERT AFTER .text;\n";

fn main() {
    println!("cargo:rerun-if-changed=src/build.rs");
    println!("cargo:rustc-check-cfg=cfg(small)");
    let is = |name: &str, value: &str| env::var(name).is_ok_and(|own| own == value);
    // Only the small build is made for size; how it panics is not told here, so the library looks.
    if !is("OPT_LEVEL", "z") {
        return;
    }
    println!("cargo:rustc-cfg=small");
    let Ok(out) = env::var("OUT_DIR") else { return };
    let script = Path::new(&out).join("small.ld");
    if is("CARGO_CFG_TARGET_OS", "linux") && fs::write(&script, LEFT_OUT).is_ok() {
        println!(
            "cargo:rustc-link-arg-bins=-Wl,--no-eh-frame-hdr,-z,pack-relative-relocs,-T,{}",
            script.display()
        );
    }
    // Functions that are alike are one, where the linker is Rust's own, which knows how.
    let flags = env::var("CARGO_ENCODED_RUSTFLAGS").unwrap_or_default();
    let chosen = env::var_os("RUSTC_LINKER").is_some() || flags.contains("link");
    if is("TARGET", "x86_64-unknown-linux-gnu") && !chosen {
        println!("cargo:rustc-link-arg-bins=-Wl,--icf=all");
    }
}
