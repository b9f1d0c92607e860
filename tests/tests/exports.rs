//! Tables and published pages, typed as the office types them: with the server running and without.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use wardvoice_tests::browser::Browser;
use wardvoice_tests::wait::PATIENCE;
use wardvoice_tests::ward::{Between, Ward};

/// Runs what the documents tell a stranger to type.
fn shell(line: &str) -> Result<String> {
    let output = Command::new("sh").arg("-c").arg(line).output()?;
    ensure!(output.status.success(), "`{line}` ended with {}", output.status);
    Ok(String::from_utf8(output.stdout)?)
}

#[test]
fn a_stranger_checks_a_table_with_what_every_machine_has() -> Result<()> {
    let mut ward = Ward::open(Between::Embedded)?;
    let path = |name: &str| ward.path().join(name).to_string_lossy().into_owned();
    let tables = ward.aggregator.list(&["table", "list"])?;
    ensure!(tables.len() == 5, "{tables:?}");
    let csv = path("contacts.csv");
    let write = ["table", "write", "contacts", "--format", "csv", "--out", &csv];
    let written = ward.aggregator.json(&write)?;
    let hash = written.get("sha256").and_then(Value::as_str).context("there is no hash")?.to_owned();
    let summed = shell(&format!("head -n -1 '{csv}' | sha256sum"))?;
    ensure!(summed.starts_with(&hash), "{summed} is not {hash}");
    let end = shell(&format!("tail -n 1 '{csv}'"))?;
    ensure!(end.trim_end() == format!("#rows=26;sha256={hash}"), "{end}");
    let mode = fs::metadata(&csv)?.permissions().mode();
    ensure!(mode & 0o777 == 0o600, "{mode:o}");
    for (format, begins) in [("xlsx", &b"PK"[..]), ("parquet", b"PAR1"), ("json", b"{")] {
        let file = path(&format!("contacts.{format}"));
        ward.aggregator.run(&["table", "write", "contacts", "--format", format, "--out", &file])?;
        ensure!(fs::read(&file)?.starts_with(begins), "{format}");
    }
    ward.aggregator.stop()?;
    ensure!(ward.aggregator.json(&write)? == written, "without the server it is another table");
    let output = ward.aggregator.try_run(&[
        "table",
        "write",
        "responses",
        "--format",
        "csv",
        "--out",
        &csv,
        "--questionnaire",
        "x",
    ])?;
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(output.status.code() == Some(1) && error.contains("questionnaire \"x\""), "{error}");
    ensure!(
        fs::read_to_string(&csv)?.ends_with(&format!("{hash}\r\n")),
        "what failed has taken the old file's place"
    );
    Ok(())
}

/// As somebody opens it who has the folder on a share and no Wardvoice: in a real browser, from the file.
#[test]
fn a_published_site_is_read_from_a_folder_without_a_server() -> Result<()> {
    let mut ward = Ward::open(Between::Embedded)?;
    ward.aggregator.run(&["action", "add", "--ward", "W1", "--said", "Bins are loud.", "--did", "Soft ones."])?;
    ward.aggregator.run(&["action", "done", "1"])?;
    let today = ward.aggregator.list(&["action", "list"])?;
    let today = today.first().and_then(|action| action.get("done")?.as_str()).context("the action has no day")?;
    let folder = ward.path().join("on a share");
    let out = folder.to_str().context("the folder has no plain name")?;
    ward.aggregator.run(&["publish", "--edition", "trust", "--out", out, "--until", today, "--folders"])?;
    ward.aggregator.stop()?;

    let browser = Browser::start(1280, 900, ward.path())?;
    let start = format!("file://{}/site/index.html", out.replace(' ', "%20"));
    browser.open(&start)?;
    let links = "return Array.from(document.querySelectorAll(\"main a[href$='.html']\"), (link) => link.href)";
    let links = browser.run(links)?;
    let links: Vec<&str> = links.as_array().context("no list")?.iter().filter_map(Value::as_str).collect();
    ensure!(links.len() > 26, "{links:?}");
    for link in [start.as_str()].iter().chain(&links) {
        browser.open(link)?;
        let said = browser.text()?;
        ensure!(said.contains("For people who work in the trust."), "{link} is no page: {said}");
        let other = browser.run(
            "return performance.getEntriesByType('resource').map((one) => one.name).filter((name) => !name.startsWith('file:'))",
        )?;
        ensure!(other == Value::Array(Vec::new()), "{link} asks for {other}");
        // A style sheet that is not found leaves a page as the browser draws it.
        let accent = browser.run("return getComputedStyle(document.querySelector('h2')).color")?;
        ensure!(accent.as_str() != Some("rgb(0, 0, 0)"), "{link} has no style sheet");
    }
    browser.open(&start)?;
    browser.click("a[href='ward-W1.html']")?;
    browser.until("the ward's page", PATIENCE, "return document.body.innerText.includes('Soft ones.')")?;
    browser.click("nav a")?;
    browser.until("the way back", PATIENCE, "return location.href.endsWith('/site/index.html')")
}

#[test]
fn what_was_released_is_published_and_published_again() -> Result<()> {
    let mut ward = Ward::open(Between::Embedded)?;
    ward.aggregator.run(&["action", "add", "--ward", "W1", "--said", "Bins are loud.", "--did", "Soft ones."])?;
    ward.aggregator.run(&["action", "done", "1"])?;
    let folder = ward.path().join("www");
    let out = folder.to_str().context("the folder has no plain name")?;
    let today = ward.aggregator.json(&["action", "list"])?;
    let today = today.pointer("/0/done").or_else(|| today.get("done")).and_then(Value::as_str).map(str::to_owned);
    let today = today.context("the action has no day")?;
    let publish = ["publish", "--out", out, "--until", &today];
    let first = ward.aggregator.json(&publish)?;
    ensure!(first.pointer("/placed/is_new") == Some(&Value::Bool(true)), "{first}");
    let page = fs::read_to_string(folder.join("site/ward-W1.html"))?;
    ensure!(page.contains("Soft ones.") && page.contains("Nothing is shown here yet."), "{page}");
    ensure!(
        fs::read_to_string(folder.join("site/index.html"))?.contains("href=\"ward-W26.html\""),
        "a ward is missing"
    );
    ward.aggregator.stop()?;
    let again = ward.aggregator.json(&publish)?;
    ensure!(
        again.pointer("/placed/version") == first.pointer("/placed/version"),
        "without the server it is another site"
    );
    ensure!(again.pointer("/placed/is_new") == Some(&Value::Bool(false)), "{again}");
    let output = ward.aggregator.try_run(&["publish", "--out", out, "--put", "intranet/said"])?;
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(output.status.code() == Some(1) && error.contains("write an address as https://"), "{error}");
    Ok(())
}
