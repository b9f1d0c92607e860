//! A ward's display in a real browser, while its network goes and comes back.

use std::time::Duration;

use anyhow::Result;
use wardvoice_tests::browser::Browser;
use wardvoice_tests::ward::{Between, Ward};

/// Turns come forty times as fast, and the clock can be moved on.
const FASTER: &str = "
    const later = window.setTimeout.bind(window);
    window.setTimeout = (work, wait) => later(work, wait / 40);
    const now = Date.now.bind(Date);
    let moved = 0;
    Date.now = () => now() + moved;
    window.moveOn = (hours) => { moved += hours * 60 * 60 * 1000; return true; };
";

const DEADLINE: Duration = Duration::from_secs(30);

fn shows(text: &str) -> String {
    format!("return document.body.innerText.includes({text:?})")
}

#[test]
fn a_display_without_a_network_goes_on_for_a_day_and_says_how_old_it_is() -> Result<()> {
    let mut ward = Ward::open(Between::Embedded)?;
    for (said, did) in [("Bins are loud.", "Bins that close SOFTLY."), ("Nights are bright.", "Lights that DIM.")]
    {
        ward.aggregator.run(&["action", "add", "--ward", "W1", "--said", said, "--did", did])?;
    }
    for number in ["1", "2"] {
        ward.aggregator.run(&["action", "done", number])?;
    }
    let browser = Browser::start(1920, 1080, ward.path())?;
    browser.before_every_page(FASTER)?;
    browser.open(&ward.aggregator.url("/display/W1"))?;
    for change in ["SOFTLY", "DIM", "SOFTLY"] {
        browser.until("the next change", DEADLINE, &shows(change))?;
    }

    ward.aggregator.kill()?;
    browser.until("the screen to say so", DEADLINE, &shows("The hospital's network cannot be reached."))?;
    for change in ["SOFTLY", "DIM", "SOFTLY"] {
        browser.until("what was seen before", DEADLINE, &shows(change))?;
    }
    browser.run("return window.moveOn(3)")?;
    browser.until("its age", DEADLINE, &shows("This is from 3 hours ago."))?;
    browser.run("return window.moveOn(22)")?;
    browser.until("the end of the day", DEADLINE, &shows("This screen is out of date"))?;
    browser.until("nothing old", DEADLINE, "return !/SOFTLY|DIM/.test(document.body.innerText)")?;

    ward.aggregator.start()?;
    browser.until("the network to be back", DEADLINE, &shows("SOFTLY"))?;
    browser.until("the word about it to go", DEADLINE, "return !document.body.innerText.includes('network')")
}
