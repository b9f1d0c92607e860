//! The campaign's long runs: thousands of kiosks at once, and a day in minutes. Each ends by itself and says what came of it; the program
//! `campaign` runs them at any size, and the tests run them at a size of seconds.
//!
//! Kiosks of [`scale`] are [light](light): no window and no disk, but enrolled one by one, with the kiosk's own link, pass and courier.
//! Kiosks of [`soak`] are [bedside](crate::faults::Bedside) processes with everything but the window; one more may have that too.

mod at_the_window;
mod enrolled;
pub mod gauge;
pub mod light;
pub mod page;
pub mod scale;
pub mod soak;
mod storm;

pub use enrolled::{Enrolled, enrol};
pub use storm::Storm;
