//! Rows are stored in blocks: fewer and larger values cost sled less, and a scan reads them faster.
//!
//! A block's key is the position of its first row. A block is cut into parts of [`MAX_VALUE_BYTES`] when a single row is
//! larger than that. Bytes of a block: for each row its length as `u32` and its bytes. Bytes of a part: version, number
//! of parts, number of rows, and its piece.

use super::LogError;
use super::bytes::{Cursor, Put};
use super::keys::{Family, describe};
use super::store::{MAX_VALUE_BYTES, Store, Value, Writes};

const VERSION: u8 = 1;

/// Gathers rows with rising numbers into blocks.
pub(super) struct Blocks {
    family: Family,
    first: u64,
    rows: u16,
    bytes: Vec<u8>,
    finished: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Blocks {
    pub(super) fn new(family: Family) -> Self {
        Self { family, first: 0, rows: 0, bytes: Vec::new(), finished: Vec::new() }
    }

    /// Adds the row with the number after the last one's.
    pub(super) fn push(&mut self, number: u64, row: &[u8]) {
        if self.rows > 0 && self.bytes.len() + row.len() + 4 > MAX_VALUE_BYTES {
            self.finish();
        }
        if self.rows == 0 {
            self.first = number;
        }
        self.rows += 1;
        self.bytes.put_block(row);
    }

    pub(super) fn write(mut self, writes: &mut Writes) {
        self.finish();
        for (key, value) in &self.finished {
            writes.put(key, value);
        }
    }

    fn finish(&mut self) {
        if self.rows == 0 {
            return;
        }
        let parts = parts(self.family, self.first, self.rows, &self.bytes);
        self.finished.extend(parts);
        self.rows = 0;
        self.bytes.clear();
    }
}

/// One value cut into parts, ready to be written.
pub(super) fn parts(
    family: Family,
    number: u64,
    rows: u16,
    bytes: &[u8],
) -> impl Iterator<Item = (Vec<u8>, Vec<u8>)> {
    let count = u16::try_from(bytes.len().div_ceil(MAX_VALUE_BYTES)).unwrap_or(u16::MAX);
    (0_u16..).zip(bytes.chunks(MAX_VALUE_BYTES)).map(move |(part, piece)| {
        let mut value = Vec::with_capacity(piece.len() + 5);
        value.put_u8(VERSION);
        value.put_u16(count);
        value.put_u16(rows);
        value.put(piece);
        (family.part(number, part), value)
    })
}

/// A block with its parts put together.
pub(super) struct Block {
    pub(super) first: u64,
    pub(super) rows: u16,
    bytes: Joined,
}

enum Joined {
    One(Value),
    Many(Vec<u8>),
}

const PART_HEADER_BYTES: usize = 5;

impl Block {
    pub(super) fn bytes(&self) -> &[u8] {
        match &self.bytes {
            Joined::One(value) => value.get(PART_HEADER_BYTES..).unwrap_or_default(),
            Joined::Many(bytes) => bytes,
        }
    }

    /// The number after the last row's.
    pub(super) fn end(&self) -> u64 {
        self.first + u64::from(self.rows)
    }

    /// The rows with their numbers. Ends early when the bytes do; the caller counts.
    pub(super) fn rows(&self) -> impl Iterator<Item = (u64, &[u8])> {
        let mut cursor = Cursor::new(self.bytes());
        (self.first..self.end()).map_while(move |number| Some((number, cursor.block()?)))
    }
}

/// Puts blocks together from the parts a range of keys gives.
pub(super) fn join<I>(family: Family, mut entries: I) -> impl Iterator<Item = Result<Block, LogError>>
where
    I: Iterator<Item = Result<(Vec<u8>, Value), LogError>>,
{
    let mut failed = false;
    std::iter::from_fn(move || {
        if failed {
            return None;
        }
        let block = entries.next()?.and_then(|(key, value)| join_one(family, &key, value, &mut entries));
        failed = block.is_err();
        Some(block)
    })
}

fn join_one(
    family: Family,
    key: &[u8],
    value: Value,
    more: &mut impl Iterator<Item = Result<(Vec<u8>, Value), LogError>>,
) -> Result<Block, LogError> {
    let broken = || LogError::Unreadable(describe(key));
    let (first, part) = family.parse(key).ok_or_else(broken)?;
    let mut cursor = Cursor::new(&value);
    let header = (cursor.u8(), cursor.u16(), cursor.u16());
    let (Some(VERSION), Some(count), Some(rows)) = header else { return Err(broken()) };
    if part != 0 || count == 0 {
        return Err(broken());
    }
    if count == 1 {
        return Ok(Block { first, rows, bytes: Joined::One(value) });
    }
    let mut bytes = cursor.rest().to_vec();
    for part in 1..count {
        let (key, value) = more.next().ok_or_else(broken)??;
        if family.parse(&key) != Some((first, part)) {
            return Err(broken());
        }
        bytes.extend_from_slice(value.get(PART_HEADER_BYTES..).ok_or_else(broken)?);
    }
    Ok(Block { first, rows, bytes: Joined::Many(bytes) })
}

/// The block that holds a number, if any.
pub(super) fn find(store: &Store, family: Family, number: u64) -> Result<Option<Block>, LogError> {
    let Some((key, _)) = store.last_before(&family.part(number.saturating_add(1), 0))? else { return Ok(None) };
    let Some((first, _)) = family.parse(&key) else { return Ok(None) };
    let block = join(family, store.range(&family.part(first, 0), &family.end())).next().transpose()?;
    Ok(block.filter(|block| (block.first..block.end()).contains(&number)))
}

/// The blocks from the one that holds a number, in order.
pub(super) fn scan(
    store: &Store,
    family: Family,
    number: u64,
) -> Result<impl Iterator<Item = Result<Block, LogError>> + use<>, LogError> {
    let first = match store.last_before(&family.part(number.saturating_add(1), 0))? {
        Some((key, _)) => family.parse(&key).map_or(number, |(first, _)| first),
        None => number,
    };
    Ok(join(family, store.range(&family.part(first, 0), &family.end())))
}
