//! Papers to set and a look into what was set.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};
use wardvoice_report::{Printed, set};

/// Everything that a paper needs, with a report of a kind.
pub(crate) fn paper(language: &str, kind: &str, report: &Value) -> Value {
    json!({
        "version": 1,
        "front": {
            "title": "Ward 7: fortnight 23 of 2026", "unit": "Ward 7, Acute Respiratory", "trust": "Example Hospitals",
            "period": "Fortnight 23 of 2026: 9 to 22 November 2026", "made_on": "2026-11-20", "language": language,
            "notices": ["Demonstration. Everything here is made up by a computer."]
        },
        "foot": {
            "n": 31, "standing": "provisional", "revision": 0,
            "definition": {"name": "inpatient@2", "hash": "0123456789abcdef0123456789abcdef"},
            "questionnaire": {"name": "inpatient@1", "hash": "fedcba9876543210fedcba9876543210"},
            "log": {"records": 12345, "head": "00112233445566778899aabbccddeeff"}
        },
        "report": {kind: report}
    })
}

/// A paper as the aggregator writes it.
pub(crate) fn made(name: &str) -> Value {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/report/papers").join(format!("{name}.json"));
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

/// Sets a paper and keeps it where it can be looked at.
pub(crate) fn printed(name: &str, paper: &Value) -> Printed {
    let printed =
        set(paper.to_string().as_bytes()).unwrap_or_else(|error| unreachable!("{name}: failed to {error}"));
    assert_eq!(printed.warnings, Vec::<String>::new(), "{name}");
    fs::write(folder().join(format!("{name}.pdf")), &printed.pdf).unwrap();
    printed
}

fn folder() -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("reports");
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// What can be read out of a document, as Poppler reads it; with white space of any kind as one space.
pub(crate) fn text(name: &str) -> String {
    let path = folder().join(format!("{name}.pdf"));
    let output = Command::new("pdftotext").arg("-layout").arg(path).arg("-").output();
    let output = output.expect("pdftotext is needed: install poppler-utils");
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What the document says of itself and the tags it has.
pub(crate) fn info(name: &str, option: Option<&str>) -> String {
    let path = folder().join(format!("{name}.pdf"));
    let output = Command::new("pdfinfo").args(option).arg(path).output();
    let output = output.expect("pdfinfo is needed: install poppler-utils");
    String::from_utf8_lossy(&output.stdout).into_owned()
}
