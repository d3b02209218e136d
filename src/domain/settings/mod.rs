//! What can be set, as plain values; reading files is `config`'s business.
pub mod action;
pub mod command;
pub mod depth;
pub mod endpoint;
pub mod key;
pub mod keymap;
pub mod limit;
pub mod look;
pub mod profile;
pub mod theme;
pub mod values;
pub mod web;

pub use action::{Action, Scope};
pub use command::CommandRule;
pub use endpoint::{Backend, Endpoint};
pub use key::{Key, KeyCode};
pub use keymap::Keymap;
pub use profile::Profile;
pub use theme::{Look, Role, Theme};
pub use values::Settings;
pub use web::WebOptions;
