//! What every reader of outside bytes is held to: it answers, whatever the bytes; and what it lets in keeps its word.
//!
//! One function a target; `targets/` only hands the bytes on. A panic, an overflow or a broken promise is a finding.

pub mod aggregator;
pub mod protocol;
