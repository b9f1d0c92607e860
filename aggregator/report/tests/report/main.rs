//! Reports as files: what stands in them, what is refused, and how it ends.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that panics is a test that fails")]

mod kinds;
mod limits;
mod posters;
mod support;
