//! A consultant of the demonstration looks, disputes a patient, and the office upholds it; in between the aggregator is killed. The audit
//! tells all of it.

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use wardvoice_tests::demonstration::Demonstration;
use wardvoice_tests::http::Http;

const PASSWORD: &str = "demonstration-consultant";
const PATH: &str = "/api/v1/consultants/C07/appraisal";

/// What the consultant is given: patients, those that the roster names, those that were dropped, and disputes that were upheld.
fn appraisal(demonstration: &Demonstration) -> Result<[u64; 4]> {
    let http = Http::new()?.with_account("consultant-c07", PASSWORD);
    let seen = http.json(&format!("{}{PATH}", demonstration.base()))?;
    let number = |pointer: &str| {
        seen.pointer(pointer).and_then(Value::as_u64).with_context(|| format!("no {pointer}: {seen}"))
    };
    Ok([
        number("/patients")?,
        number("/attribution/counted/roster")?,
        number("/attribution/dropped")?,
        number("/disputes/upheld")?,
    ])
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
    let [patients, roster, dropped, _] = appraisal(&demonstration)?;
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
    let window = window_of(&text)?;
    let form = format!("window=6m-{window}&contact={contact}&reason=on+leave");
    let answer = consultant.post_form(demonstration.base(), "/consultant/C07/dispute", &form)?;
    ensure!(answer.status == 303, "{} {}", answer.status, answer.body);
    let refused = consultant.post_form(demonstration.base(), "/office/disputes/rule", "number=1&ruling=upheld")?;
    ensure!(refused.status == 403, "only the office rules: {}", refused.status);

    demonstration.kill()?;
    demonstration.start_again()?;
    let open = demonstration.run(&["dispute", "list", "--open", "--json"])?;
    ensure!(open.contains("on leave") && !open.contains("record"), "{open}");
    let before = scored(&demonstration, window)?;
    demonstration.run(&["dispute", "uphold", "1", "--note", "the rota says so"])?;
    let after = scored(&demonstration, window)?;
    ensure!(after + 1 == before, "{before} responses, then {after}");
    // What is shown stands, or the difference would tell what the one patient said; that it was upheld is seen.
    let stands = [patients, roster, 0, 1];
    let seen = appraisal(&demonstration)?;
    ensure!(seen == stands, "{seen:?} and not {stands:?}");

    demonstration.kill()?;
    demonstration.start_again()?;
    let again = scored(&demonstration, window)?;
    ensure!(again == after, "after a restart {again} responses and not {after}");
    let seen = appraisal(&demonstration)?;
    ensure!(seen == stands, "after a restart {seen:?} and not {stands:?}");
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

/// How many responses in six months count for the consultant now.
fn scored(demonstration: &Demonstration, window: &str) -> Result<u64> {
    let period = format!("6m-{window}");
    let sheet = demonstration.json(&["scores", "--unit", "consultant:C07", "--period", &period])?;
    sheet.pointer("/responses").and_then(Value::as_u64).with_context(|| format!("no responses: {sheet}"))
}

/// The last day of the window that a page shows.
fn window_of(page: &str) -> Result<&str> {
    let hidden = page.split("name=\"window\" value=\"6m-").nth(1);
    hidden.and_then(|rest| rest.split('"').next()).context("the page names no window")
}
