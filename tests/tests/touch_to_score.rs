//! From a touch on the kiosk to the ward's score: the real window, real touches, a real browser, nothing reloaded.
//!
//! The pictures of every step are in `target/artefacts/touch-to-score`.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use wardvoice_protocol::id::Language;
use wardvoice_protocol::questionnaire::Questionnaire;
use wardvoice_tests::aggregator::{OFFICE, PASSWORD};
use wardvoice_tests::browser::Browser;
use wardvoice_tests::desktop::{Album, Desktop};
use wardvoice_tests::ward::{Between, Ward};
use wardvoice_tests::window::{KioskWindow, Shown};

const DEADLINE: Duration = Duration::from_secs(30);
/// No target smaller than this many pixels; keys of the keyboard may be narrower.
const TARGET: f64 = 72.0;

/// What this patient touches at a question: the option's wording.
fn answer_to(questionnaire: &Questionnaire, question: &str) -> Result<String> {
    let chosen = match question {
        "dignity" => "sometimes",
        "coordination" => "partly",
        "cleanliness" | "consultant" | "help" => "no",
        "nights" => "1-2",
        other => {
            let question = questionnaire.question(&other.parse()?).context("no such question")?;
            return text(&question.options.first().context("no options")?.text);
        }
    };
    let question = questionnaire.question(&question.parse()?).context("no such question")?;
    let option = question.options.iter().find(|option| option.id.as_str() == chosen);
    text(&option.with_context(|| format!("{} has no option {chosen}", question.id))?.text)
}

fn text(text: &wardvoice_protocol::questionnaire::Text) -> Result<String> {
    Ok(text.get(&Language::english()).context("no English")?.clone())
}

fn targets_are_large(shown: &Shown) -> Result<()> {
    for (label, width, height) in shown.sizes() {
        // A key shows one letter; everything else is for a finger that trembles.
        let key = label.chars().count() == 1;
        ensure!(
            height >= TARGET && (key || width >= TARGET),
            "{label:?} on {} is {width} x {height}",
            shown.screen
        );
    }
    Ok(())
}

#[test]
fn a_touch_on_the_kiosk_moves_the_score_on_an_open_page() -> Result<()> {
    let questionnaire = Questionnaire::inpatient()?;
    let mut album = Album::new("touch-to-score")?;
    let mut ward = Ward::open(Between::Embedded)?;
    ward.aggregator.open_the_office()?;

    let browser = Browser::start(1280, 1600, ward.path())?;
    let page = ward.aggregator.url("/ward/W1");
    browser.open(&page)?;
    browser.write("input[name=name]", OFFICE)?;
    browser.write("input[name=password]", PASSWORD)?;
    browser.click("main form button, form button[type=submit]")?;
    let there = "return location.pathname === '/ward/W1' && document.readyState === 'complete'";
    browser.until("the ward's page", DEADLINE, there)?;
    browser.picture(&album.next("page-before"))?;
    // A mark that a reload would wipe away.
    browser.run("window.neverReloaded = true")?;
    let before = browser.text()?;

    let desktop = Desktop::start(1280, 800, ward.path())?;
    let mut kiosk = KioskWindow::open(&desktop, &ward)?;

    let mut asked = Vec::new();
    let mut shown = kiosk.until("the kiosk at rest", |shown| shown.screen == "rest")?;
    loop {
        let caption = shown.question.clone().unwrap_or_else(|| shown.screen.clone());
        desktop.keep(&album.next(&caption))?;
        targets_are_large(&shown)?;
        shown = match shown.screen.as_str() {
            "rest" => kiosk.touch_on(&shown, "Touch here to start")?,
            "language" => kiosk.touch_on(&shown, "English")?,
            "consent" => kiosk.touch_on(&shown, "Yes, start")?,
            "question" => {
                let question = shown.question.clone().context("a question without an id")?;
                let answer = answer_to(&questionnaire, &question)?;
                asked.push(question);
                kiosk.touch_on(&shown, &answer)?
            }
            "comment" => {
                let question = shown.question.clone().context("a comment without an id")?;
                if question == "good" {
                    for key in ["T", "e", "a"] {
                        shown = kiosk.touch_key(&shown, key)?;
                    }
                    desktop.keep(&album.next("good-written"))?;
                }
                asked.push(question.clone());
                let on = if question == "good" { "Next" } else { "Skip this question" };
                kiosk.touch_on(&shown, on)?
            }
            "saving" => kiosk.until("thanks", |shown| shown.screen == "thanks")?,
            "thanks" => break,
            other => anyhow::bail!("the kiosk shows {other}: {:?}", shown.labels()),
        };
    }
    let expected: Vec<String> = questionnaire.questions().iter().map(|question| question.id.to_string()).collect();
    ensure!(asked == expected, "asked {asked:?}, the questionnaire has {expected:?}");

    let now = "return /\\b1 (person|patient|answer)\\b/.test(document.body.innerText)";
    browser.until("the page to show one person", DEADLINE, now)?;
    ensure!(browser.run("return window.neverReloaded === true")? == Value::Bool(true), "the page was reloaded");
    browser.picture(&album.next("page-after"))?;
    let after = browser.text()?;
    ensure!(before != after, "the page says the same as before");

    let period = current_fortnight()?;
    let sheet = ward.aggregator.json(&["scores", "--period", &period, "--unit", "ward:W1"])?;
    ensure!(sheet.get("responses").and_then(Value::as_u64) == Some(1), "{sheet}");
    // Ten domains at 10, two at 5, one at 0.
    let overall = sheet.pointer("/overall/value").and_then(Value::as_f64).context("no overall score")?;
    let domains = sheet.pointer("/domains").and_then(Value::as_array).context("no domains")?.len() as f64;
    let by_hand = (10.0 * (domains - 3.0) + 5.0 + 5.0) / domains;
    ensure!((overall - by_hand).abs() < 1e-9, "the overall score is {overall}, by hand it is {by_hand}");
    let rounded = format!("{by_hand:.1}");
    ensure!(after.contains(&rounded), "the page does not show {rounded}: {after}");

    shown = kiosk.until("thanks", |shown| shown.screen == "thanks")?;
    shown = kiosk.touch_on(&shown, "Finish")?;
    if shown.screen == "wipe" {
        desktop.keep(&album.next("wipe"))?;
        shown = kiosk.touch_on(&shown, "It has been wiped")?;
    }
    ensure!(shown.screen == "rest", "after the interview the kiosk shows {}", shown.screen);
    desktop.keep(&album.next("rest-again"))?;

    // The same page without JavaScript says the same.
    let plain = ward.aggregator.http().get(&page)?;
    ensure!(plain.status == 200 && plain.body.contains(&rounded), "the page without JavaScript does not know");
    let ledger = ward.aggregator.ledger()?;
    ensure!(ledger.faults().is_empty(), "{:?}", ledger.faults());
    ensure!(ledger.marks().contains_key("Tea"), "the comment is not stored: {:?}", ledger.marks());
    ward.aggregator.verify()?;
    Ok(())
}

fn current_fortnight() -> Result<String> {
    let calendar = wardvoice_protocol::fortnight::Calendar::new("2026-01-05".parse()?)?;
    let today = calendar.day_of(jiff::Timestamp::now());
    Ok(calendar.fortnight_of(today)?.to_string())
}
