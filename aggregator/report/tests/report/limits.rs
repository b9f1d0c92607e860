//! Garbage, too much and too slow end in a clear error and exit code 1, and leave no file.

use std::fs;
use std::io::Write as _;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use crate::support::{made, paper};
use serde_json::json;

fn start(arguments: &[&str]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_wardvoice-report"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn run(arguments: &[&str], input: &[u8]) -> Output {
    let mut child = start(arguments);
    // A program that refuses early does not read to the end.
    drop(child.stdin.take().unwrap().write_all(input));
    child.wait_with_output().unwrap()
}

fn says(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn what_is_no_paper_is_refused_with_exit_code_1() {
    let check = |input: &[u8], said: &str| {
        let output = run(&[], input);
        assert_eq!(output.status.code(), Some(1), "{}", says(&output));
        assert!(output.stdout.is_empty());
        let error = says(&output);
        assert!(error.starts_with("wardvoice-report: failed to ") && error.contains(said), "{error}");
        assert_eq!(error.lines().count(), 1, "{error}");
    };
    check(b"", "EOF while parsing");
    check(b"\x00\xff garbage", "expected value");
    check(&vec![b'['; 17 * 1024 * 1024], "more than 16777216 bytes");
    check(
        paper("en", "you_said_we_did", &json!({"changes": []})).to_string().as_bytes(),
        "report.you_said_we_did.changes",
    );
}

#[test]
fn input_that_does_not_come_ends_in_time() {
    let began = Instant::now();
    let mut child = start(&["--seconds", "1"]);
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(b"{\"version\": ").unwrap();
    let output = child.wait_with_output().unwrap();
    drop(stdin);
    assert_eq!(output.status.code(), Some(1));
    assert!(says(&output).contains("took longer than 1 s"), "{}", says(&output));
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
}

#[test]
fn too_much_memory_ends_in_an_error() {
    let output = run(&["--megabytes", "64"], made("board").to_string().as_bytes());
    let error = says(&output);
    assert_eq!(output.status.code(), Some(1), "{error}");
    assert!(error.contains("failed to set the report: it needed more than 64 MB of memory"), "{error}");
    assert!(output.stdout.is_empty());
}

#[test]
fn a_file_is_whole_or_not_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.pdf");
    let out = path.to_str().unwrap();
    let output = run(&["--out", out], b"{}");
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    let output = run(&["--out", out], made("you-said").to_string().as_bytes());
    assert!(output.status.success(), "{}", says(&output));
    assert!(output.stdout.is_empty() && output.stderr.is_empty(), "{}", says(&output));
    let written = fs::read(&path).unwrap();
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    // The same to standard output, byte for byte.
    assert!(run(&[], made("you-said").to_string().as_bytes()).stdout == written);
}

#[test]
fn a_file_that_cannot_be_written_is_named() {
    let output = run(&["--out", "/nowhere/report.pdf"], made("you-said").to_string().as_bytes());
    assert_eq!(output.status.code(), Some(1));
    assert!(says(&output).contains("failed to write /nowhere/report.pdf"), "{}", says(&output));
}

#[test]
fn the_schema_is_printed_and_wrong_usage_is_2() {
    let output = run(&["--schema"], b"");
    assert!(output.status.success());
    assert!(String::from_utf8_lossy(&output.stdout).contains("ward_fortnight"));
    assert_eq!(run(&["--seconds", "0"], b"").status.code(), Some(2));
    assert_eq!(run(&["report.json"], b"").status.code(), Some(2));
}
