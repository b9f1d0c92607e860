//! The bedside kiosk: interview, outbox, courier and window.
//!
//! A patient's touch becomes a record, the record is sealed and kept in the [outbox] before anybody is thanked, and the
//! [courier] decides when it is sent and when a receipt allows it to be deleted. [mqtt] carries, [dispatch] binds them.

pub mod app;
pub mod appliance;
mod backlight;
mod briefing;
pub mod cli;
pub mod commission;
pub mod courier;
pub mod dispatch;
mod draft_box;
mod files;
pub mod identity;
pub mod interview;
pub mod join;
pub mod joining;
pub mod killpoint;
pub mod log_lines;
pub mod mqtt;
pub mod outbox;
mod own_words;
pub mod pass;
mod placement;
pub mod preview;
pub mod revive;
mod screens;
pub mod settings;
pub mod simulate;
pub mod speech;
mod steady;
mod visits;
