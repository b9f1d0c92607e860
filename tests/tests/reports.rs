//! Reports and posters, typed as people type them and downloaded as they click: with the server running and without.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};
use wardvoice_tests::programs;
use wardvoice_tests::ward::{Between, Ward};

/// Every report there is, by the arguments that make it.
const REPORTS: [(&str, &[&str]); 6] = [
    ("ward", &["--ward", "W1"]),
    ("consultant", &["--consultant", "C001", "--audience", "consultant"]),
    ("board", &[]),
    ("half-year", &[]),
    ("poster", &["--ward", "W1", "--language", "ur", "--size", "a4"]),
    ("you-said", &["--ward", "W1"]),
];

fn file(ward: &Ward, name: &str) -> Result<String> {
    let path: PathBuf = ward.path().join(name);
    Ok(path.to_str().context("the folder has no plain name")?.to_owned())
}

fn made(ward: &Ward, name: &str, arguments: &[&str], out: &str) -> Result<Vec<u8>> {
    let asked: Vec<&str> =
        ["report", name].into_iter().chain(arguments.iter().copied()).chain(["--out", out]).collect();
    let said = ward.aggregator.run(&asked)?;
    ensure!(said == format!("Written: {out}\n"), "{said}");
    let pdf = fs::read(out)?;
    ensure!(pdf.starts_with(b"%PDF-"), "{name} is no PDF");
    Ok(pdf)
}

#[test]
fn every_report_is_made_by_command_with_and_without_a_server_and_downloaded() -> Result<()> {
    let mut ward = Ward::open(Between::Embedded)?;
    programs::report()?;
    let said = "It is loud at night.";
    ward.aggregator.run(&["action", "add", "--ward", "W1", "--said", said, "--did", "Soft bins."])?;
    ward.aggregator.run(&["action", "done", "1"])?;
    let out = file(&ward, "report.pdf")?;
    let mut with_server = Vec::new();
    for (name, arguments) in REPORTS {
        with_server.push(made(&ward, name, arguments, &out)?);
    }
    let mode = fs::metadata(&out)?.permissions().mode();
    ensure!(mode & 0o777 == 0o600, "anybody may read it: {mode:o}");
    let looked = ward.aggregator.run(&["audit", "list", "--last", "20", "--json"])?;
    ensure!(looked.contains("saw_consultant") && looked.contains("consultant:C001"), "{looked}");

    ward.aggregator.open_the_office()?;
    for path in [
        "/ward/W1/report.pdf",
        "/ward/W1/poster.pdf?language=ar",
        "/ward/W1/you-said.pdf",
        "/board/report.pdf",
        "/board/half-year.pdf",
    ] {
        let answer = ward.aggregator.http().get(&ward.aggregator.url(path))?;
        ensure!(
            answer.status == 200 && answer.body.starts_with("%PDF-"),
            "{path} answered {}: {}",
            answer.status,
            answer.body
        );
    }
    let nothing = ward.aggregator.http().get(&ward.aggregator.url("/ward/W2/you-said.pdf"))?;
    ensure!(nothing.status == 404 && nothing.body.contains("nothing to put on it yet"), "{}", nothing.body);

    ward.aggregator.stop()?;
    for ((name, arguments), before) in REPORTS.into_iter().zip(&with_server) {
        ensure!(made(&ward, name, arguments, &out)? == *before, "without the server it is another {name}");
    }
    Ok(())
}

#[test]
fn what_cannot_be_made_says_why_and_leaves_no_file() -> Result<()> {
    let mut ward = Ward::open(Between::Embedded)?;
    ward.aggregator.stop()?;
    let out = file(&ward, "report.pdf")?;
    let refused = |arguments: &[&str], program: Option<&str>, says: &str| -> Result<()> {
        let mut command = ward.aggregator.command()?;
        command.arg("report").args(arguments);
        if let Some(program) = program {
            command.env("WARDVOICE_REPORT", program);
        }
        let output = command.output()?;
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        ensure!(output.status.code() == Some(1) && error.contains(says), "{arguments:?}: {error}");
        ensure!(!fs::exists(&out)?, "{arguments:?} left a file");
        Ok(())
    };
    let missing = Some("/nowhere/wardvoice-report");
    refused(
        &["board", "--out", &out],
        missing,
        "install it beside this program, or say where it is in WARDVOICE_REPORT",
    )?;
    refused(
        &["consultant", "--consultant", "C001", "--out", &out],
        missing,
        "/nowhere/wardvoice-report is not there",
    )?;
    refused(&["board", "--out", &out], Some("/bin/false"), "it did not say why")?;
    refused(&["ward", "--ward", "W99", "--out", &out], None, "failed to find ward W99 in the directory")?;
    refused(&["ward", "--ward", "W1", "--period", "2026-F99", "--out", &out], None, "2026-F99")?;
    refused(&["half-year", "--half", "2026-11", "--out", &out], None, "write 2026-H1")?;
    refused(&["board", "--as-of", "2199-01-01", "--out", &out], None, "still to come")?;
    refused(&["you-said", "--ward", "W1", "--out", &out], None, "`action done` says that one is")?;
    refused(&["poster", "--ward", "W1", "--language", "fr", "--out", &out], None, "posters are made in")?;
    let looked = ward.aggregator.run(&["audit", "list", "--json"])?;
    ensure!(!looked.contains("saw_consultant"), "a look was noted that nobody took: {looked}");
    Ok(())
}
