//! The tables as files: the columns are the national ones to the letter, and any program reads back what was written.
#![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::{Command, Stdio};

use wardvoice_protocol::contact::Mode;
use wardvoice_protocol::directory::{Directory, DirectoryFile};
use wardvoice_protocol::fortnight::Calendar;
use wardvoice_protocol::id::WardId;

use super::*;
use crate::national_return::{NationalCodes, NationalFile, Tally, tables};

fn tally(answers: [u64; 6], mode: Mode) -> Tally {
    let mut tally = Tally::default();
    for (answer, people) in answers.into_iter().enumerate() {
        (0..people).for_each(|_| tally.add(answer, mode));
    }
    tally
}

fn directory(name: &str) -> Directory {
    let mut file: DirectoryFile = serde_json::from_str(crate::directory::example_file()).unwrap();
    file.wards.first_mut().unwrap().name = name.to_owned();
    file.wards.iter_mut().for_each(|ward| ward.site = "S1".parse().unwrap());
    Directory::try_from(file).unwrap()
}

fn codes() -> NationalCodes {
    let text = "icb_code = \"QXX\"\ntrust_code = \"RXX\"\nsites = { S1 = \"RXX01\" }\n[specialties]\ngeneral-medicine = \"300 - GENERAL MEDICINE\"";
    NationalCodes::try_from(toml::from_str::<NationalFile>(text).unwrap()).unwrap()
}

/// Wards of 3, 12 and 31 answers.
fn made(name: &str) -> Return {
    let of = |ward: &str, tally: Tally| (ward.parse::<WardId>().unwrap(), tally);
    let counts = BTreeMap::from([
        of("W1", tally([1, 0, 0, 0, 2, 0], Mode::Interview)),
        of("W2", tally([6, 4, 1, 1, 0, 0], Mode::Alone)),
        of("W3", tally([20, 8, 1, 1, 0, 1], Mode::Assisted)),
    ]);
    let eligible = BTreeMap::from([("W1".parse().unwrap(), 40), ("W2".parse().unwrap(), 60)]);
    let month = Calendar::new("2026-01-05".parse().unwrap()).unwrap().period("2026-10").unwrap();
    tables(&directory(name), &codes(), (&month, "2026-11-10".parse().unwrap()), &counts, &eligible)
}

#[test]
fn the_tables_as_they_are_sent_and_as_they_are_published() {
    let written = files(&made("Ward 1")).unwrap();
    let all: Vec<String> = written.iter().map(|(name, text)| format!("{name}\n{text}")).collect();
    insta::assert_snapshot!(all.join("\n").replace('\r', ""));
}

#[test]
fn the_columns_are_the_national_ones() {
    let head = |table| {
        let text = write_table(&made("Ward 1"), table, Side::Submitted).unwrap();
        text.lines().next().unwrap().to_owned()
    };
    assert_eq!(
        head(Table::Wards),
        "ICB Code,Trust Code,Trust Name,Site Code,Site Name,Ward Name,Total Responses,Total Eligible,Percentage Positive,\
         Percentage Negative,Very Good,Good,Neither Good nor Poor,Poor,Very Poor,Don't Know,First Speciality,Second Speciality"
    );
    assert_eq!(
        head(Table::Trust),
        "ICB Code,Trust Code,Trust Name,Total Responses,Total Eligible,Percentage Positive,Percentage Negative,Very Good,Good,\
         Neither Good nor Poor,Poor,Very Poor,Don't Know,Mode SMS,Mode Electronic Discharge,Mode Electronic Home,\
         Mode Paper Discharge,Mode Paper Home,Mode Telephone,Mode Online,Mode Other"
    );
}

/// What Python's `csv` reads from a text, as lines of JSON lists.
fn as_python_reads(text: &str) -> Vec<Vec<String>> {
    let script = "import csv, json, sys\nsys.stdin.reconfigure(encoding='utf-8', newline='')\n\
                  for row in csv.reader(sys.stdin, strict=True): print(json.dumps(row))";
    let mut python = Command::new("python3")
        .args(["-c", script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| unreachable!("this test needs python3: {error}"));
    python.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = python.wait_with_output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn another_program_reads_back_every_name() {
    for name in ["Ward 1", "Ward \"One\", upstairs", "Ward\n1", "Ward, 1", " Ward 1 ", "Wàrd 1", "1; 2"] {
        let text = write_table(&made(name), Table::Wards, Side::Submitted).unwrap();
        let rows = as_python_reads(&text);
        assert_eq!(rows.len(), 4, "{name:?}");
        assert_eq!(rows.get(1).and_then(|row| row.get(5)).map(String::as_str), Some(name));
        assert!(rows.iter().all(|row| row.len() == 18), "{name:?}");
    }
}

#[test]
fn no_name_is_a_formula() {
    for name in ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "=HYPERLINK(\"http://x\",\"y\")"] {
        let text = write_table(&made(name), Table::Wards, Side::Published).unwrap();
        let rows = as_python_reads(&text);
        let cells = rows.iter().skip(1).flatten();
        for cell in cells {
            assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r']), "{cell:?}");
        }
        assert_eq!(rows.get(1).and_then(|row| row.get(5)), Some(&format!("'{name}")));
    }
}

#[test]
fn percentages_are_of_all_six_answers_and_there_are_none_of_nobody() {
    let check = |answers: [u64; 6], positive: &str, negative: &str| {
        let found = figures(&tally(answers, Mode::Alone).answers, None, Suppressed::default(), false);
        assert_eq!(found.get(2..4).unwrap(), [positive, negative], "{answers:?}");
    };
    check([40, 30, 10, 10, 5, 5], "70", "15");
    check([10, 20, 5, 5, 5, 5], "60", "20");
    check([1, 0, 0, 1, 0, 1], "33.33", "33.33");
    check([20, 9, 0, 2, 1, 0], "90.63", "9.38");
    check([0, 0, 0, 0, 0, 3], "0", "0");
    check([0; 6], "", "");
}
