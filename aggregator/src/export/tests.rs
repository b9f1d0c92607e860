//! Tables read back with other people's readers, and their counts and hashes worked out anew.

#![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

use std::io::Cursor;

use axum::body::Bytes;
use calamine::{Data, Reader as _, Xlsx};
use jiff::civil::{Date, date};
use parquet::basic::Compression;
use parquet::file::reader::{FileReader as _, SerializedFileReader};
use parquet::record::Field;
use proptest::prelude::*;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use wardvoice_protocol::fortnight::DayNumber;

use super::excel::Excel;
use super::*;

/// A value that owns what is in it.
#[derive(Debug, Clone, PartialEq)]
enum Owned {
    None,
    Text(String),
    Day(Date),
    Count(u64),
    Number(f64),
    Flag(bool),
}

impl Owned {
    fn cell(&self) -> Cell<'_> {
        match self {
            Self::None => Cell::Empty,
            Self::Text(text) => Cell::Text(text),
            Self::Day(day) => Cell::Day(*day),
            Self::Count(count) => Cell::Count(*count),
            Self::Number(number) => Cell::Number(*number),
            Self::Flag(flag) => Cell::Flag(*flag),
        }
    }

    /// As it stands in CSV, by the documents and not by the program.
    fn in_csv(&self) -> String {
        match self {
            Self::None => String::new(),
            Self::Text(text) if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) => format!("'{text}"),
            Self::Text(text) => text.clone(),
            Self::Day(day) => day.to_string(),
            Self::Count(count) => count.to_string(),
            Self::Number(number) => number.to_string(),
            Self::Flag(flag) => flag.to_string(),
        }
    }
}

fn head() -> Head {
    let column = |name: &str, kind| Column::new(name, kind, format!("What {name} means."));
    Head {
        name: "things",
        title: "Things".to_owned(),
        notes: vec!["A note.".to_owned()],
        columns: vec![
            column("word", Kind::Text),
            column("day", Kind::Day),
            column("count", Kind::Count),
            column("number", Kind::Number),
            column("flag", Kind::Flag),
        ],
    }
}

fn row(word: &str, day: Date, count: u64, number: f64, flag: bool) -> Vec<Owned> {
    vec![
        Owned::Text(word.to_owned()),
        Owned::Day(day),
        Owned::Count(count),
        Owned::Number(number),
        Owned::Flag(flag),
    ]
}

fn rows() -> Vec<Vec<Owned>> {
    vec![
        row("plain", date(2026, 11, 9), 31, 8.437_5, true),
        row("a, \"quoted\" thing", date(2026, 10, 25), 0, 0.1 + 0.2, false),
        row("two\nlines", date(2024, 2, 29), 1_000_000, -3.5, true),
        row("=HYPERLINK(\"http://elsewhere\")", date(2026, 1, 1), 1, 100.0, true),
        row("-1+2", date(2026, 1, 1), 1, 1e-7, true),
        row("ਪੰਜਾਬੀ اردو Ł", date(2026, 12, 31), 7, 33.333_333_333_333_336, false),
        vec![Owned::None, Owned::None, Owned::None, Owned::None, Owned::None],
    ]
}

fn written(form: Form, rows: &[Vec<Owned>]) -> (Vec<u8>, Seal) {
    let mut bytes = Vec::new();
    let mut writer = form.writer(&head(), &mut bytes).unwrap();
    for row in rows {
        writer.row(&row.iter().map(Owned::cell).collect::<Vec<_>>()).unwrap();
    }
    let seal = writer.finish().unwrap();
    (bytes, seal)
}

fn sha256(bytes: &[u8]) -> Hash {
    Hash::from_bytes(Sha256::digest(bytes).into())
}

/// The rows as CSV, written by somebody else.
fn csv_of_others(rows: &[Vec<Owned>]) -> Vec<u8> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    writer.write_record(head().columns.iter().map(|column| column.name.as_str())).unwrap();
    for row in rows {
        writer.write_record(row.iter().map(Owned::in_csv)).unwrap();
    }
    writer.into_inner().unwrap()
}

/// Everything before the last line, and the last line.
fn without_the_end(bytes: &[u8]) -> (&[u8], &str) {
    let text = std::str::from_utf8(bytes).unwrap();
    let last = text.trim_end_matches(['\r', '\n']).rfind('\n').unwrap() + 1;
    (bytes.get(..last).unwrap(), text.get(last..).unwrap().trim_end())
}

#[test]
fn csv_is_what_another_writer_writes_and_ends_with_its_count_and_hash() {
    let (bytes, seal) = written(Form::Csv, &rows());
    let (before, last) = without_the_end(&bytes);
    assert_eq!(std::str::from_utf8(before).unwrap(), std::str::from_utf8(&csv_of_others(&rows())).unwrap());
    assert_eq!(last, format!("#rows=7;sha256={}", sha256(before)));
    assert_eq!(seal, Seal { rows: 7, sha256: sha256(before) });
    let mut reader = csv::ReaderBuilder::new().comment(Some(b'#')).from_reader(bytes.as_slice());
    let read: Vec<Vec<String>> =
        reader.records().map(|record| record.unwrap().iter().map(str::to_owned).collect()).collect();
    let expected: Vec<Vec<String>> = rows().iter().map(|row| row.iter().map(Owned::in_csv).collect()).collect();
    assert_eq!(read, expected);
}

#[test]
fn json_has_an_object_a_line_and_ends_with_its_count_and_hash() {
    let (bytes, seal) = written(Form::Json, &rows());
    let (before, last) = without_the_end(&bytes);
    let end: Value = serde_json::from_str(last).unwrap();
    assert_eq!(end, serde_json::json!({ "end": { "rows": 7, "sha256": sha256(before).to_string() } }));
    assert_eq!((seal.rows, seal.sha256), (7, sha256(before)));
    let lines: Vec<Value> =
        std::str::from_utf8(before).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 7);
    for (line, row) in lines.iter().zip(rows()) {
        let read: Vec<Owned> = head()
            .columns
            .iter()
            .map(|column| match (column.kind, line.get(&column.name).unwrap()) {
                (_, Value::Null) => Owned::None,
                (Kind::Text, value) => Owned::Text(value.as_str().unwrap().to_owned()),
                (Kind::Day, value) => Owned::Day(value.as_str().unwrap().parse().unwrap()),
                (Kind::Count, value) => Owned::Count(value.as_u64().unwrap()),
                (Kind::Number, value) => Owned::Number(value.as_f64().unwrap()),
                (Kind::Flag, value) => Owned::Flag(value.as_bool().unwrap()),
            })
            .collect();
        assert_eq!(read, row);
    }
}

fn from_excel(kind: Kind, cell: Option<&Data>) -> Owned {
    match (kind, cell) {
        (_, None | Some(Data::Empty)) => Owned::None,
        (Kind::Text, Some(Data::String(text))) => Owned::Text(text.clone()),
        (Kind::Day, Some(Data::DateTime(day))) => {
            assert!(day.is_datetime(), "a real day and no number");
            // Excel counts days from the last day of 1899, and believes that 1900 was a leap year.
            #[expect(clippy::cast_possible_truncation, reason = "a whole number of days")]
            let days = day.as_f64() as i32;
            Owned::Day(DayNumber::from_count(days - 25_569).date().unwrap())
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count")]
        (Kind::Count, Some(Data::Float(count))) => Owned::Count(*count as u64),
        (Kind::Count, Some(Data::Int(count))) => Owned::Count(u64::try_from(*count).unwrap()),
        (Kind::Number, Some(Data::Float(number))) => Owned::Number(*number),
        (Kind::Number, Some(Data::Int(number))) => Owned::Number(*number as f64),
        (Kind::Flag, Some(Data::Bool(flag))) => Owned::Flag(*flag),
        (kind, cell) => unreachable!("{kind:?} is {cell:?}"),
    }
}

#[test]
fn a_workbook_has_real_days_a_sheet_to_read_first_and_the_hash_of_its_rows() {
    let (bytes, seal) = written(Form::Xlsx, &rows());
    let mut workbook: Xlsx<_> = Xlsx::new(Cursor::new(bytes.clone())).unwrap();
    assert_eq!(workbook.sheet_names(), ["Read me", "Rows"]);
    let sheet = workbook.worksheet_range("Rows").unwrap();
    let kinds: Vec<Kind> = head().columns.iter().map(|column| column.kind).collect();
    let read: Vec<Vec<Owned>> = (1..=u32::try_from(rows().len()).unwrap())
        .map(|row| {
            let cells = kinds.iter().zip(0_u32..);
            cells.map(|(kind, column)| from_excel(*kind, sheet.get_value((row, column)))).collect()
        })
        .collect();
    assert_eq!(read, rows(), "nothing is a formula and nothing has another value");
    assert_eq!((seal.rows, seal.sha256), (7, sha256(&csv_of_others(&read))));
    let read_me = workbook.worksheet_range("Read me").unwrap();
    let said: Vec<String> = read_me.cells().map(|(_, _, cell)| cell.to_string()).collect();
    for wanted in
        ["Things", "things", "7", &seal.sha256.to_string(), "A note.", "count", "What count means.", "a day"]
    {
        assert!(said.iter().any(|said| said == wanted), "{wanted} is not in {said:?}");
    }
    assert_eq!(written(Form::Xlsx, &rows()).0, bytes, "the same rows are the same bytes");
}

#[test]
fn a_sheet_of_excel_has_an_end_and_says_so() {
    let mut bytes = Vec::new();
    let mut writer = Excel::with_most(&head(), &mut bytes, 3).unwrap();
    for place in 0..4 {
        let written = writer.row(&[Cell::Empty, Cell::Empty, Cell::Count(place), Cell::Empty, Cell::Empty]);
        match (place, written) {
            (0..3, Ok(())) => {}
            (3, Err(error)) => {
                assert!(error.to_string().contains("more than 3 rows"), "{error}");
                assert!(error.to_string().contains("CSV or Parquet"), "{error}");
            }
            (place, written) => unreachable!("row {place}: {written:?}"),
        }
    }
}

fn from_parquet(kind: Kind, field: &Field) -> Owned {
    match (kind, field) {
        (_, Field::Null) => Owned::None,
        (Kind::Text, Field::Str(text)) => Owned::Text(text.clone()),
        (Kind::Day, Field::Date(days)) => Owned::Day(DayNumber::from_count(*days).date().unwrap()),
        (Kind::Count, Field::Long(count)) => Owned::Count(u64::try_from(*count).unwrap()),
        (Kind::Number, Field::Double(number)) => Owned::Number(*number),
        (Kind::Flag, Field::Bool(flag)) => Owned::Flag(*flag),
        (kind, field) => unreachable!("{kind:?} is {field:?}"),
    }
}

fn read_parquet(bytes: Vec<u8>) -> (Vec<Vec<Owned>>, Vec<(String, String)>) {
    let reader = SerializedFileReader::new(Bytes::from(bytes)).unwrap();
    let kinds: Vec<Kind> = head().columns.iter().map(|column| column.kind).collect();
    let rows = reader.get_row_iter(None).unwrap().map(|row| {
        let row = row.unwrap();
        kinds.iter().zip(row.get_column_iter()).map(|(kind, (_, field))| from_parquet(*kind, field)).collect()
    });
    let rows = rows.collect();
    for column in reader.metadata().row_groups().iter().flat_map(|group| group.columns().to_vec()) {
        assert_eq!(column.compression(), Compression::SNAPPY);
    }
    let said = reader.metadata().file_metadata().key_value_metadata().cloned().unwrap_or_default();
    (rows, said.into_iter().map(|said| (said.key, said.value.unwrap_or_default())).collect())
}

#[test]
fn parquet_has_types_real_days_and_the_hash_of_its_rows_beside_them() {
    let (bytes, seal) = written(Form::Parquet, &rows());
    let (read, said) = read_parquet(bytes.clone());
    assert_eq!(read, rows());
    assert_eq!((seal.rows, seal.sha256), (7, sha256(&csv_of_others(&read))));
    let value = |key: &str| said.iter().find(|(known, _)| known == key).map(|(_, value)| value.clone()).unwrap();
    assert_eq!(value("wardvoice.rows"), "7");
    assert_eq!(value("wardvoice.sha256"), seal.sha256.to_string());
    assert_eq!(value("wardvoice.table"), "things");
    assert!(value("wardvoice.columns").contains("What count means."));
    assert_eq!(written(Form::Parquet, &rows()).0, bytes, "the same rows are the same bytes");
}

#[test]
fn more_rows_than_are_gathered_at_once_are_all_there() {
    let many: Vec<Vec<Owned>> = (0..70_000_u64)
        .map(|place| {
            let word = format!("word {}", place % 40);
            vec![Owned::Text(word), Owned::None, Owned::Count(place), Owned::None, Owned::Flag(place % 3 == 0)]
        })
        .collect();
    let (bytes, seal) = written(Form::Parquet, &many);
    let (read, _) = read_parquet(bytes);
    assert!(read == many, "the rows differ");
    assert_eq!((seal.rows, seal.sha256), (70_000, sha256(&csv_of_others(&many))));
    assert_eq!(written(Form::Csv, &many).1, seal, "CSV and Parquet of the same rows have the same hash");
}

#[test]
fn a_table_without_rows_is_a_table() {
    for form in Form::ALL {
        let (bytes, seal) = written(form, &[]);
        assert_eq!(seal.rows, 0, "{form}");
        assert!(!bytes.is_empty(), "{form}");
    }
    assert_eq!(read_parquet(written(Form::Parquet, &[]).0).0, Vec::<Vec<Owned>>::new());
}

prop_compose! {
    fn any_row()(
        word in prop::option::of("[ -~\n\t€ਪا]{1,12}"),
        day in prop::option::of(0..40_000_i32),
        count in prop::option::of(0..1_u64 << 50),
        number in prop::option::of(-1e9..1e9_f64),
        flag in prop::option::of(any::<bool>()),
    ) -> Vec<Owned> {
        vec![
            word.map_or(Owned::None, Owned::Text),
            day.map_or(Owned::None, |day| Owned::Day(DayNumber::from_count(day).date().unwrap())),
            count.map_or(Owned::None, Owned::Count),
            number.map_or(Owned::None, Owned::Number),
            flag.map_or(Owned::None, Owned::Flag),
        ]
    }
}

proptest! {
    #[test]
    fn any_rows_come_back_and_have_the_hash_that_others_give_them(rows in prop::collection::vec(any_row(), 0..30)) {
        let hash = sha256(&csv_of_others(&rows));
        for form in [Form::Csv, Form::Parquet] {
            prop_assert_eq!(written(form, &rows).1.sha256, hash);
        }
        prop_assert_eq!(read_parquet(written(Form::Parquet, &rows).0).0, rows);
    }
}
