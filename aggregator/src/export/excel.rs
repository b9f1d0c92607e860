//! A workbook of Excel: a sheet that says what the columns are, how many rows there are and their hash, and a sheet of rows with real days,
//! real numbers, a first line that stays and filters.
//!
//! Rows go to a temporary file as they come and are packed at the end, so a long table takes no more memory than a short one. Words are
//! words: no cell is a formula. The hash is that of the same rows as CSV.

use std::io::{self, BufWriter, Seek as _, SeekFrom, Write};

use jiff::civil::Date;
use rust_xlsxwriter::{DocProperties, Format, Workbook, Worksheet, XlsxError};

use super::comma_separated::{Lines, hashed};
use super::form::{Form, Writer};
use super::{Cell, Column, ExportError, Head, Kind, Seal};

/// The most rows of a sheet besides the names of its columns.
const MOST_ROWS: u32 = 1_048_575;
/// The most characters of a cell.
const MOST_CHARACTERS: usize = 32_767;
const READ_ME: usize = 0;
const ROWS: usize = 1;

pub(super) struct Excel<W> {
    workbook: Workbook,
    head: Head,
    lines: Lines,
    day: Format,
    row: u32,
    most: u32,
    out: W,
}

fn library(error: &XlsxError) -> ExportError {
    ExportError::Library { form: Form::Xlsx, reason: error.to_string() }
}

impl<W: Write> Excel<W> {
    pub(super) fn new(head: &Head, out: W) -> Result<Self, ExportError> {
        Self::with_most(head, out, MOST_ROWS)
    }

    /// The same for a sheet that ends earlier.
    pub(super) fn with_most(head: &Head, out: W, most: u32) -> Result<Self, ExportError> {
        let mut workbook = Workbook::new();
        let day = Format::new().set_num_format("yyyy-mm-dd");
        let begin = |workbook: &mut Workbook| -> Result<(), XlsxError> {
            // The same rows give the same bytes, so the workbook is as old as its format.
            let made = Date::constant(2000, 1, 1);
            workbook.set_properties(&DocProperties::new().set_title(&head.title).set_creation_datetime(&made));
            workbook.add_worksheet().set_name("Read me")?;
            let sheet = workbook.add_worksheet_with_constant_memory()?;
            sheet.set_name("Rows")?;
            name_columns(sheet, &head.columns)
        };
        begin(&mut workbook).map_err(|error| library(&error))?;
        Ok(Self { workbook, head: head.clone(), lines: Lines::new(head), day, row: 0, most, out })
    }

    fn write(&mut self, cells: &[Cell<'_>]) -> Result<(), XlsxError> {
        let sheet = self.workbook.worksheet_from_index(ROWS)?;
        for (cell, column) in cells.iter().zip(0_u16..) {
            match cell {
                Cell::Empty => Ok(&mut *sheet),
                Cell::Text(text) => sheet.write_string(self.row, column, fitting(text)),
                Cell::Day(day) => sheet.write_datetime_with_format(self.row, column, *day, &self.day),
                Cell::Count(count) => sheet.write_number(self.row, column, *count as f64),
                Cell::Number(number) => sheet.write_number(self.row, column, *number),
                Cell::Flag(flag) => sheet.write_boolean(self.row, column, *flag),
            }?;
        }
        Ok(())
    }

    fn close(&mut self, seal: &Seal) -> Result<(), XlsxError> {
        let last = u16::try_from(self.head.columns.len().saturating_sub(1)).unwrap_or(u16::MAX);
        self.workbook.worksheet_from_index(ROWS)?.autofilter(0, 0, self.row, last)?;
        read_me(self.workbook.worksheet_from_index(READ_ME)?, &self.head, seal)
    }
}

/// A text as long as a cell can be; no text of ours is longer, and a file that Excel calls broken would help nobody.
fn fitting(text: &str) -> &str {
    text.char_indices().nth(MOST_CHARACTERS).and_then(|(end, _)| text.get(..end)).unwrap_or(text)
}

fn name_columns(sheet: &mut Worksheet, columns: &[Column]) -> Result<(), XlsxError> {
    let bold = Format::new().set_bold();
    sheet.set_freeze_panes(1, 0)?;
    for (column, place) in columns.iter().zip(0_u16..) {
        let wide = match column.kind {
            Kind::Text => 18.0,
            Kind::Day => 12.0,
            Kind::Count | Kind::Number | Kind::Flag => 10.0,
        };
        sheet.set_column_width(place, wide)?;
        sheet.write_string_with_format(0, place, &column.name, &bold)?;
    }
    Ok(())
}

fn read_me(sheet: &mut Worksheet, head: &Head, seal: &Seal) -> Result<(), XlsxError> {
    let bold = Format::new().set_bold();
    let wrapped = Format::new().set_text_wrap();
    sheet.set_column_width(0, 28)?.set_column_width(1, 12)?.set_column_width(2, 100)?;
    sheet.write_string_with_format(0, 0, &head.title, &bold)?;
    let mut row = 2;
    for (name, value) in
        [("Table", head.name.to_owned()), ("Rows", seal.rows.to_string()), ("SHA-256", seal.sha256.to_string())]
    {
        sheet.write_string_with_format(row, 0, name, &bold)?.write_string(row, 2, value)?;
        row += 1;
    }
    sheet.write_string(
        row,
        2,
        "The hash is that of the same rows as CSV, without its last line; docs/exports.md says how to check it.",
    )?;
    row += 2;
    for note in &head.notes {
        sheet.write_string_with_format(row, 2, note, &wrapped)?;
        row += 1;
    }
    row += 1;
    for (place, name) in [(0, "Column"), (1, "What is in it"), (2, "What it means")] {
        sheet.write_string_with_format(row, place, name, &bold)?;
    }
    for column in &head.columns {
        row += 1;
        let kind = match column.kind {
            Kind::Text => "words",
            Kind::Day => "a day",
            Kind::Count => "a whole number",
            Kind::Number => "a number",
            Kind::Flag => "yes or no",
        };
        sheet.write_string(row, 0, &column.name)?.write_string(row, 1, kind)?;
        sheet.write_string_with_format(row, 2, &column.says, &wrapped)?;
    }
    Ok(())
}

impl<W: Write> Writer for Excel<W> {
    fn row(&mut self, cells: &[Cell<'_>]) -> Result<(), ExportError> {
        if self.row == self.most {
            return Err(ExportError::TooManyRows { most: self.most });
        }
        self.row += 1;
        hashed(&mut self.lines, cells)?;
        self.write(cells).map_err(|error| library(&error))
    }

    fn finish(mut self: Box<Self>) -> Result<Seal, ExportError> {
        let lines = std::mem::replace(&mut self.lines, Lines::new(&self.head));
        let seal = lines.seal();
        self.close(&seal).map_err(|error| library(&error))?;
        // The packer goes back in what it writes, and not every receiver can.
        let mut packed = tempfile::tempfile()?;
        let mut buffered = BufWriter::new(&packed);
        self.workbook.save_to_writer(&mut buffered).map_err(|error| library(&error))?;
        buffered.flush()?;
        drop(buffered);
        packed.seek(SeekFrom::Start(0))?;
        io::copy(&mut packed, &mut self.out)?;
        self.out.flush()?;
        Ok(seal)
    }
}
