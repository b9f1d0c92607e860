//! The kiosk's window: components, words in every language, fonts. Nothing here decides anything.

pub mod fonts;
pub mod words;

/// What the Slint compiler makes of `ui/kiosk.slint`.
#[allow(
    missing_docs,
    clippy::all,
    clippy::pedantic,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "the code is generated"
)]
mod window {
    slint::include_modules!();
}

pub use window::*;
