//! The bedside kiosk: interview, outbox, courier and window.

pub mod interview;
