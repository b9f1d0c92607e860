//! Apache Parquet: typed columns, real days, words in a dictionary, compressed by Snappy.
//!
//! The file's own metadata say what the table is (`wardvoice.table`, `wardvoice.title`, `wardvoice.notes`), what each column means
//! (`wardvoice.columns`, JSON), how many rows there are (`wardvoice.rows`) and their hash (`wardvoice.sha256`), which is that of the same rows as
//! CSV.
//!
//! Rows are gathered until there are [`GROUP`] of them, as small numbers, and then written column by column.

use std::collections::HashMap;
use std::io::Write;
use std::sync::Arc;

use parquet::basic::{Compression, LogicalType, Repetition, Type as Physical};
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DataType, DoubleType, Int32Type, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::types::Type;
use wardvoice_protocol::fortnight::DayNumber;

use super::comma_separated::{Lines, hashed};
use super::form::{Form, Writer};
use super::{Cell, ExportError, Head, Kind, Seal};

/// So many rows are gathered.
const GROUP: usize = 64 * 1024;
/// Up to so many different words are looked through one by one, which is quicker than hashing for the few answers to a question.
const FEW: usize = 12;

pub(super) struct ParquetFile<W: Write + Send> {
    file: SerializedFileWriter<W>,
    columns: Vec<Values>,
    gathered: usize,
    lines: Lines,
}

/// A column of the rows that are gathered.
struct Values {
    kept: Kept,
    /// 1 where there is a value, 0 where there is none.
    there: Vec<i16>,
}

enum Kept {
    Words(Words),
    Days(Vec<i32>),
    Counts(Vec<i64>),
    Numbers(Vec<f64>),
    Flags(Vec<bool>),
}

/// Words by their number.
#[derive(Default)]
struct Words {
    known: Vec<ByteArray>,
    numbers: HashMap<Box<[u8]>, u32>,
    rows: Vec<u32>,
}

#[expect(clippy::needless_pass_by_value, reason = "errors are mapped by it")]
fn library(error: ParquetError) -> ExportError {
    ExportError::Library { form: Form::Parquet, reason: error.to_string() }
}

impl Values {
    fn new(kind: Kind) -> Self {
        let kept = match kind {
            Kind::Text => Kept::Words(Words::default()),
            Kind::Day => Kept::Days(Vec::new()),
            Kind::Count => Kept::Counts(Vec::new()),
            Kind::Number => Kept::Numbers(Vec::new()),
            Kind::Flag => Kept::Flags(Vec::new()),
        };
        Self { kept, there: Vec::new() }
    }

    /// Keeps a cell; one of another kind than the column's is none.
    fn keep(&mut self, cell: &Cell<'_>) {
        let is_there = match (&mut self.kept, cell) {
            (Kept::Words(words), Cell::Text(text)) => words.keep(text.as_bytes()),
            (Kept::Days(days), Cell::Day(day)) => keep(days, DayNumber::from(*day).count()),
            (Kept::Counts(counts), Cell::Count(count)) => keep(counts, i64::try_from(*count).unwrap_or(i64::MAX)),
            (Kept::Numbers(numbers), Cell::Number(number)) => keep(numbers, *number),
            (Kept::Flags(flags), Cell::Flag(flag)) => keep(flags, *flag),
            _ => false,
        };
        self.there.push(i16::from(is_there));
    }

    fn write(&mut self, column: &mut SerializedColumnWriter<'_>) -> Result<(), ParquetError> {
        match &mut self.kept {
            Kept::Words(words) => {
                let values: Vec<ByteArray> = words.rows.iter().filter_map(|number| words.word(*number)).collect();
                put::<ByteArrayType>(column, &values, &self.there)?;
                *words = Words::default();
            }
            Kept::Days(days) => put_all::<Int32Type>(column, days, &self.there)?,
            Kept::Counts(counts) => put_all::<Int64Type>(column, counts, &self.there)?,
            Kept::Numbers(numbers) => put_all::<DoubleType>(column, numbers, &self.there)?,
            Kept::Flags(flags) => put_all::<BoolType>(column, flags, &self.there)?,
        }
        self.there.clear();
        Ok(())
    }
}

fn keep<T>(values: &mut Vec<T>, value: T) -> bool {
    values.push(value);
    true
}

fn put<T: DataType>(
    column: &mut SerializedColumnWriter<'_>,
    values: &[T::T],
    there: &[i16],
) -> Result<(), ParquetError> {
    column.typed::<T>().write_batch(values, Some(there), None).map(drop)
}

fn put_all<T: DataType>(
    column: &mut SerializedColumnWriter<'_>,
    values: &mut Vec<T::T>,
    there: &[i16],
) -> Result<(), ParquetError> {
    put::<T>(column, values, there)?;
    values.clear();
    Ok(())
}

impl Words {
    fn keep(&mut self, text: &[u8]) -> bool {
        let known = if self.known.len() <= FEW {
            let place = self.known.iter().position(|word| word.data() == text);
            place.and_then(|place| u32::try_from(place).ok())
        } else {
            self.numbers.get(text).copied()
        };
        let number = known.unwrap_or_else(|| {
            let number = u32::try_from(self.known.len()).unwrap_or(u32::MAX);
            self.known.push(ByteArray::from(text.to_vec()));
            self.numbers.insert(text.into(), number);
            number
        });
        self.rows.push(number);
        true
    }

    fn word(&self, number: u32) -> Option<ByteArray> {
        self.known.get(usize::try_from(number).ok()?).cloned()
    }
}

fn schema(head: &Head) -> Result<Type, ParquetError> {
    let mut fields = Vec::with_capacity(head.columns.len());
    for column in &head.columns {
        let (physical, logical) = match column.kind {
            Kind::Text => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
            Kind::Day => (Physical::INT32, Some(LogicalType::Date)),
            Kind::Count => (Physical::INT64, None),
            Kind::Number => (Physical::DOUBLE, None),
            Kind::Flag => (Physical::BOOLEAN, None),
        };
        let field = Type::primitive_type_builder(&column.name, physical)
            .with_repetition(Repetition::OPTIONAL)
            .with_logical_type(logical)
            .build()?;
        fields.push(Arc::new(field));
    }
    Type::group_type_builder(head.name).with_fields(fields).build()
}

impl<W: Write + Send> ParquetFile<W> {
    pub(super) fn new(head: &Head, out: W) -> Result<Self, ExportError> {
        let said = |key: &str, value: String| KeyValue::new(key.to_owned(), value);
        let columns = serde_json::to_string(&head.columns).map_err(std::io::Error::from)?;
        let metadata = vec![
            said("wardvoice.table", head.name.to_owned()),
            said("wardvoice.title", head.title.clone()),
            said("wardvoice.notes", head.notes.join("\n")),
            said("wardvoice.columns", columns),
        ];
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_key_value_metadata(Some(metadata))
            .build();
        let schema = schema(head).map_err(library)?;
        let file = SerializedFileWriter::new(out, Arc::new(schema), Arc::new(properties)).map_err(library)?;
        let columns = head.columns.iter().map(|column| Values::new(column.kind)).collect();
        Ok(Self { file, columns, gathered: 0, lines: Lines::new(head) })
    }

    fn write_group(&mut self) -> Result<(), ParquetError> {
        let mut group = self.file.next_row_group()?;
        for values in &mut self.columns {
            let Some(mut column) = group.next_column()? else { break };
            values.write(&mut column)?;
            column.close()?;
        }
        group.close()?;
        self.gathered = 0;
        Ok(())
    }
}

impl<W: Write + Send> Writer for ParquetFile<W> {
    fn row(&mut self, cells: &[Cell<'_>]) -> Result<(), ExportError> {
        hashed(&mut self.lines, cells)?;
        self.columns.iter_mut().zip(cells).for_each(|(values, cell)| values.keep(cell));
        self.gathered += 1;
        if self.gathered == GROUP { self.write_group().map_err(library) } else { Ok(()) }
    }

    fn finish(mut self: Box<Self>) -> Result<Seal, ExportError> {
        if self.gathered > 0 {
            self.write_group().map_err(library)?;
        }
        let Self { mut file, lines, .. } = *self;
        let seal = lines.seal();
        file.append_key_value_metadata(KeyValue::new("wardvoice.rows".to_owned(), seal.rows.to_string()));
        file.append_key_value_metadata(KeyValue::new("wardvoice.sha256".to_owned(), seal.sha256.to_string()));
        file.finish().map_err(library)?;
        file.inner_mut().flush()?;
        Ok(seal)
    }
}
