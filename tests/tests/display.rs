//! A ward's display in a real browser, while its network goes and comes back, and over a restart without one.

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

/// Whether everything that a restart needs is on the screen's disk: three pages (the address itself and two turns), their three files, the letters it got,
/// and the worker that will show them. What is kept is under the same security policy as what came.
const IS_KEPT: &str = "
    return caches.open('wardvoice-display').then(async (store) => {
        const kept = await store.match(location.href);
        const policy = kept?.headers.get('content-security-policy') ?? '';
        return policy.includes(\"default-src 'none'\") && (await store.keys()).length >= 6 && navigator.serviceWorker.controller !== null;
    });
";

/// Makes what is kept a day and an hour older.
const AGES: &str = "
    return caches.open('wardvoice-display').then(async (store) => {
        for (const request of await store.keys()) {
            const kept = await store.match(request);
            const got = Number(kept.headers.get('x-wardvoice-got'));
            if (!got) continue;
            const headers = new Headers(kept.headers);
            headers.set('x-wardvoice-got', String(got - 25 * 60 * 60 * 1000));
            await store.put(request, new Response(await kept.text(), { headers }));
        }
        return true;
    });
";

/// A ward that has changed two things.
fn changed_ward() -> Result<Ward> {
    let ward = Ward::open(Between::Embedded)?;
    for (said, did) in [("Bins are loud.", "Bins that close SOFTLY."), ("Nights are bright.", "Lights that DIM.")]
    {
        ward.aggregator.run(&["action", "add", "--ward", "W1", "--said", said, "--did", did])?;
    }
    for number in ["1", "2"] {
        ward.aggregator.run(&["action", "done", number])?;
    }
    Ok(ward)
}

#[test]
fn a_display_without_a_network_goes_on_for_a_day_and_says_how_old_it_is() -> Result<()> {
    let mut ward = changed_ward()?;
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

#[test]
fn a_display_that_is_switched_on_without_a_network_shows_the_last_good_state_with_its_age() -> Result<()> {
    let mut ward = changed_ward()?;
    let url = ward.aggregator.url("/display/W1");
    let browser = Browser::start(1920, 1080, ward.path())?;
    browser.open(&url)?;
    browser.until("everything to be kept", DEADLINE, IS_KEPT)?;
    drop(browser);

    ward.aggregator.kill()?;
    let browser = Browser::start(1920, 1080, ward.path())?;
    browser.before_every_page(FASTER)?;
    browser.open(&url)?;
    browser.until("its age", DEADLINE, &shows("The hospital's network cannot be reached. This is from "))?;
    for change in ["SOFTLY", "DIM", "SOFTLY"] {
        browser.until("what was kept", DEADLINE, &shows(change))?;
    }
    let styled = "return getComputedStyle(document.body).display === 'grid'";
    browser.until("the page to look as it did", DEADLINE, styled)?;

    browser.until("a day to pass", DEADLINE, AGES)?;
    browser.open(&url)?;
    browser.until("the end of the day", DEADLINE, &shows("This screen is out of date"))?;
    browser.until("nothing old", DEADLINE, "return !/SOFTLY|DIM/.test(document.documentElement.outerHTML)")?;

    ward.aggregator.start()?;
    browser.until("the network to be back", DEADLINE, &shows("SOFTLY"))?;
    browser.until("the word about it to go", DEADLINE, "return !document.body.innerText.includes('network')")
}
