//! Bytes handed on in pieces: what both the command and the page write a table into.

use std::io::{self, Write};
use std::mem;

/// Gathers bytes and gives them away, so many at a time or a little more. What is left is given when it is flushed, and never by itself: a table
/// that broke off is not finished by dropping it.
pub(crate) struct Pieces<F> {
    together: usize,
    bytes: Vec<u8>,
    give: F,
}

impl<F: FnMut(Vec<u8>) -> io::Result<()>> Pieces<F> {
    /// Gives pieces of so many bytes to `give`.
    pub(crate) fn new(together: usize, give: F) -> Self {
        Self { together, bytes: Vec::with_capacity(together), give }
    }
}

impl<F: FnMut(Vec<u8>) -> io::Result<()>> Write for Pieces<F> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes.extend_from_slice(bytes);
        if self.bytes.len() >= self.together {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.bytes.is_empty() {
            return Ok(());
        }
        (self.give)(mem::replace(&mut self.bytes, Vec::with_capacity(self.together)))
    }
}
