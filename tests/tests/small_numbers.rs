//! The national month and the public's releases, typed as the office types them: with the server running and without.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use anyhow::{Context as _, Result, ensure};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use serde_json::Value;
use wardvoice_tests::http::Http;
use wardvoice_tests::ward::{Between, Ward};

const WARDS_HEAD: &str = "ICB Code,Trust Code,Trust Name,Site Code,Site Name,Ward Name,Total Responses,Total Eligible,\
    Percentage Positive,Percentage Negative,Very Good,Good,Neither Good nor Poor,Poor,Very Poor,Don't Know,First Speciality,\
    Second Speciality";

/// The last month that is over and settled.
fn month() -> Result<String> {
    let today = Timestamp::now().to_zoned(TimeZone::get("Europe/London")?).date();
    let day = today.saturating_sub(9.days()).first_of_month().yesterday()?;
    Ok(format!("{:04}-{:02}", day.year(), day.month()))
}

fn checks(made: &Value) -> Vec<&str> {
    let findings = made.get("findings").and_then(Value::as_array).into_iter().flatten();
    findings.filter_map(|finding| finding.get("check").and_then(Value::as_str)).collect()
}

#[test]
fn the_office_makes_a_month_and_plans_releases() -> Result<()> {
    let mut ward = Ward::open(Between::Embedded)?;
    let month = month()?;
    let folder = ward.path().join("out");
    let folder = folder.to_str().context("the folder has no plain name")?;

    let output = ward.aggregator.try_run(&["fft", "--month", &month, "--check", "--out", folder])?;
    ensure!(output.status.code() == Some(1), "with something to look at it ended with {}", output.status);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    ensure!(said.contains("fft eligible set") && said.contains("Nothing was written."), "{said}");
    ensure!(!fs::exists(folder)?, "files were written");

    let file = ward.path().join("discharged.csv");
    let rows: Vec<String> = (1..=26).map(|number| format!("W{number},{}", 100 + number)).collect();
    fs::write(&file, format!("ward,count\n{}\n", rows.join("\n")))?;
    let file = file.to_str().context("the file has no plain name")?;
    let noted = ward.aggregator.list(&["fft", "eligible", "import", "--month", &month, file])?;
    ensure!(noted.len() == 26, "{noted:?}");
    ward.aggregator.run(&["fft", "eligible", "set", "--month", &month, "--ward", "W1", "--count", "99"])?;
    let output = ward
        .aggregator
        .try_run(&["fft", "eligible", "set", "--month", &month, "--ward", "W99", "--count", "9"])?;
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(output.status.code() == Some(1) && error.contains("no such ward"), "{error}");

    let said = ward.aggregator.run(&["fft", "--month", &month, "--out", folder])?;
    ensure!(said.matches("Written: ").count() == 4, "{said}");
    let submitted = fs::read_to_string(format!("{folder}/fft-{month}-wards-submitted.csv"))?;
    let mut lines = submitted.lines();
    ensure!(lines.next() == Some(WARDS_HEAD), "{submitted}");
    ensure!(lines.next().is_some_and(|line| line.contains(",Ward 1,0,99,,,0,0,0,0,0,0,")), "{submitted}");
    let mode = fs::metadata(format!("{folder}/fft-{month}-trust-submitted.csv"))?.permissions().mode();
    ensure!(mode & 0o777 == 0o600, "{mode:o}");

    let answered = ward.aggregator.json(&["fft", "--month", &month])?;
    let found = checks(&answered);
    ensure!(found.contains(&"no_answers") && found.contains(&"code_missing"), "{found:?}");
    ensure!(!found.contains(&"eligible_missing") && !found.contains(&"differs_from_export"), "{found:?}");
    let plan = ward.aggregator.json(&["release", "plan"])?;
    ensure!(plan.get("releases") == Some(&Value::Array(Vec::new())), "{plan}");
    let display = Http::new()?.get(&ward.aggregator.url("/display/W1"))?;
    ensure!(display.status == 200 && display.body.contains("Tell us about your care"), "{}", display.body);

    ward.aggregator.stop()?;
    ensure!(
        ward.aggregator.json(&["fft", "--month", &month])? == answered,
        "without the server it is another return"
    );
    ensure!(
        ward.aggregator.json(&["release", "plan", "--by", "fortnight"])? == plan,
        "there is something to release"
    );
    ensure!(ward.aggregator.list(&["release", "list"])?.is_empty(), "something was released");
    Ok(())
}
