//! Whoever asked, in tests: hears what is answered and says nothing.

use anyhow::Result;
use serde_json::Value;

use super::Talk;

/// What was answered.
#[derive(Default)]
pub(super) struct Heard(pub(super) Vec<Value>);

impl Talk for Heard {
    fn item(&mut self, json: &str) -> Result<()> {
        self.0.push(serde_json::from_str(json)?);
        Ok(())
    }

    fn progress(&mut self, _: &str, _: u64, _: u64) {}

    fn next_line(&mut self) -> Result<Option<String>> {
        Ok(None)
    }
}
