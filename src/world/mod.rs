//! The embedded world: small servers on loopback that speak the real protocols, over one state that is moved by one
//! clock and reacts to what is done to it. Nothing of it exists until a demo or a drill begins.
pub mod base;
pub mod http;
