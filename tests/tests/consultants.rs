//! A consultant of the demonstration looks, disputes a patient, and the office upholds it; in between the aggregator is killed. The audit
//! tells all of it.

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use wardvoice_tests::demonstration::Demonstration;
use wardvoice_tests::http::Http;

const PASSWORD: &str = "demonstration-consultant";
const PATH: &str = "/api/v1/consultants/C07/appraisal";

/// What the consultant is given: patients, those that the roster names, and those that were dropped.
fn appraisal(demonstration: &Demonstration) -> Result<(u64, u64, u64)> {
    let http = Http::new()?.with_account("consultant-c07", PASSWORD);
    let seen = http.json(&format!("{}{PATH}", demonstration.base()))?;
    let number = |pointer: &str| {
        seen.pointer(pointer).and_then(Value::as_u64).with_context(|| format!("no {pointer}: {seen}"))
    };
    Ok((number("/patients")?, number("/attribution/counted/roster")?, number("/attribution/dropped")?))
}

#[test]
fn a_consultant_disputes_a_patient_and_what_is_upheld_is_seen_and_stays() -> Result<()> {
    let mut demonstration = Demonstration::start()?;
    let stranger = Http::new()?;
    let page = format!("{}/consultant/C07", demonstration.base());
    ensure!(stranger.get(&page)?.status == 303, "a consultant's page asks to sign in, even in a demonstration");
    ensure!(stranger.get(&format!("{}/ward/W07", demonstration.base()))?.status == 200);

    let mut consultant = Http::new()?;
    consultant.sign_in(demonstration.base(), "consultant-c07", PASSWORD)?;
    let (patients, roster, dropped) = appraisal(&demonstration)?;
    ensure!(
        patients >= 5 && roster >= 5 && dropped == 0,
        "{patients} patients, {roster} by the roster, {dropped} dropped"
    );
    let text = consultant.get(&page)?.body;
    // The first of the choices that is a contact which counts.
    let choice = text
        .split("<option value=\"")
        .filter(|part| part.contains("said by the roster"))
        .find_map(|part| part.split('"').next());
    let contact = choice.context("no patient can be disputed")?;
    let form = format!("window=6m-{}&contact={contact}&reason=on+leave", window_of(&text)?);
    let answer = consultant.post_form(demonstration.base(), "/consultant/C07/dispute", &form)?;
    ensure!(answer.status == 303, "{} {}", answer.status, answer.body);
    let refused = consultant.post_form(demonstration.base(), "/office/disputes/rule", "number=1&ruling=upheld")?;
    ensure!(refused.status == 403, "only the office rules: {}", refused.status);

    demonstration.kill()?;
    demonstration.start_again()?;
    let open = demonstration.run(&["dispute", "list", "--open", "--json"])?;
    ensure!(open.contains("on leave") && !open.contains("record"), "{open}");
    demonstration.run(&["dispute", "uphold", "1", "--note", "the rota says so"])?;
    let (_, after, dropped) = appraisal(&demonstration)?;
    ensure!((after, dropped) == (roster - 1, 1), "{roster} by the roster, then {after}; {dropped} dropped");

    demonstration.kill()?;
    demonstration.start_again()?;
    let (_, again, dropped) = appraisal(&demonstration)?;
    ensure!((again, dropped) == (after, 1), "after a restart {again} by the roster, {dropped} dropped");
    ensure!(demonstration.run(&["rebuild", "--json"])?.contains("\"same\":true"), "facts made again are the same");
    demonstration.run(&["verify"])?;
    let command = ["appraisal", "--consultant", "C07", "--json"];
    ensure!(demonstration.run(&command)? == demonstration.run(&command)?, "twice the same is the same bytes");

    let report = demonstration.run(&["audit", "verify"])?;
    ensure!(report.contains("Every entry follows the one before"), "{report}");
    let entries = demonstration.run(&["audit", "list", "--json"])?;
    for deed in ["signed_in", "saw_consultant", "disputed", "ruled", "rebuilt"] {
        ensure!(entries.contains(&format!("\"{deed}\"")), "{deed} is not noted: {entries}");
    }
    Ok(())
}

/// The last day of the window that a page shows.
fn window_of(page: &str) -> Result<&str> {
    let hidden = page.split("name=\"window\" value=\"6m-").nth(1);
    hidden.and_then(|rest| rest.split('"').next()).context("the page names no window")
}
