//! Somebody asks for help at a real window; staff say that they have seen it, and the window says so. In between the aggregator is
//! killed and started again.
//!
//! The pictures of every step are in `target/artefacts/help-…`.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use wardvoice_tests::desktop::{Album, Desktop};
use wardvoice_tests::wait::until;
use wardvoice_tests::ward::{Between, Ward};
use wardvoice_tests::window::KioskWindow;

const DEADLINE: Duration = Duration::from_mins(1);

/// How staff say that they have seen it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    /// The button on the ward's page, without JavaScript.
    Page,
    /// A command on the server.
    Command,
}

fn field<'a>(value: &'a Value, name: &str) -> Result<&'a str> {
    value.get(name).and_then(Value::as_str).with_context(|| format!("no {name} in {value}"))
}

fn the_window_says_that_it_was_seen(between: Between, by: By, album: &str) -> Result<()> {
    let mut album = Album::new(album)?;
    let mut ward = Ward::open(between)?;
    ward.aggregator.open_the_office()?;
    let desktop = Desktop::start(1280, 800, ward.path())?;
    let mut kiosk = KioskWindow::open(&desktop, &ward)?;
    kiosk.until_it_is_told()?;

    let shown = kiosk.until("rest", |shown| shown.screen == "rest")?;
    desktop.keep(&album.next("rest"))?;
    let shown = kiosk.touch_on(&shown, "I need someone to help me")?;
    desktop.keep(&album.next("choosing"))?;
    ensure!(shown.help.as_deref() == Some("choosing"), "{shown:?}");
    kiosk.touch(&shown, "I would like a drink")?;
    kiosk.until("the request to be delivered", |shown| shown.help.as_deref() == Some("delivered"))?;
    desktop.keep(&album.next("delivered"))?;

    let page = ward.aggregator.url("/ward/W1");
    let is_on_the_page = |ward: &Ward| -> Result<bool> {
        let answer = ward.aggregator.http().get(&page)?;
        ensure!(answer.status == 200, "the page answers {}", answer.status);
        Ok(answer.body.contains("Somebody asks for help") && answer.body.contains("A drink"))
    };
    ensure!(is_on_the_page(&ward)?, "the request is delivered and not on the page");
    ward.aggregator.kill()?;
    ward.aggregator.start()?;
    ward.aggregator.sign_in()?;
    ensure!(is_on_the_page(&ward)?, "the request is not on the page after a restart");

    let open = ward.aggregator.list(&["help", "list"])?;
    let request = open.first().context("no request is listed")?;
    let record = field(request, "record")?.to_owned();
    ensure!(field(request, "need")? == "drink" && field(request, "ward")? == "W1", "{request}");
    match by {
        By::Page => {
            let form = format!("record={record}");
            let answer =
                ward.aggregator.http().post_form(&ward.aggregator.url(""), "/ward/W1/help/seen", &form)?;
            ensure!(answer.status == 303, "the page answered {}: {}", answer.status, answer.body);
        }
        By::Command => {
            ward.aggregator.run(&["help", "seen", &record, "--by", "nurse in charge"])?;
            // Killed at once: who has seen it is kept, and the kiosk is told again.
            ward.aggregator.kill()?;
            ward.aggregator.start()?;
            ward.aggregator.sign_in()?;
        }
    }
    kiosk.until("the window to say that it was seen", |shown| shown.help.as_deref() == Some("seen"))?;
    desktop.keep(&album.next("seen"))?;
    ensure!(!is_on_the_page(&ward)?, "it is seen and still on the page");
    ensure!(ward.aggregator.list(&["help", "list"])?.is_empty(), "it is seen and still listed");
    let first = ward.aggregator.json(&["help", "seen", &record, "--by", "somebody later"])?;
    let expected = if by == By::Page { "office" } else { "nurse in charge" };
    ensure!(first.pointer("/seen/by").and_then(Value::as_str) == Some(expected), "the first word stays: {first}");

    // The next request is a new one: what was said of the last does not count for it.
    let shown = until("a screen to close", DEADLINE, || Ok(kiosk.shown().filter(|shown| shown.screen == "help")))?;
    let shown = kiosk.touch_on(&shown, "Go back")?;
    let shown = kiosk.touch_on(&shown, "I need someone to help me")?;
    kiosk.touch(&shown, "I would like a drink")?;
    kiosk.until("the second request to be delivered", |shown| shown.help.as_deref() == Some("delivered"))?;
    ensure!(is_on_the_page(&ward)?, "the second request is not on the page");
    ward.aggregator.verify()?;
    Ok(())
}

#[test]
fn help_is_asked_for_seen_on_the_page_and_shown_at_the_bedside() -> Result<()> {
    the_window_says_that_it_was_seen(Between::Embedded, By::Page, "help-page")
}

#[test]
fn help_is_seen_by_a_command_and_shown_with_mosquitto_between() -> Result<()> {
    the_window_says_that_it_was_seen(Between::Mosquitto, By::Command, "help-command")
}
