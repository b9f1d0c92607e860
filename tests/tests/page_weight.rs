//! What a ward's page weighs on its way to a browser: the first visit with everything it needs, and one new answer on an open page.
//! The page is that of the demonstration after a year of fortnights.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use wardvoice_tests::made_up::MadeUpTrust;
use wardvoice_tests::tablet::Tablet;
use wardvoice_tests::wire::{PackedStream, weigh};

const FORTNIGHTS: u32 = 26;
/// A first visit with the style, the letters, the script and the icon.
const MOST_ON_FIRST_VISIT: usize = 60_000;
/// One new answer on an open page; also the first two of a fortnight, with which scores and then intervals appear where there were none.
const MOST_PER_ANSWER: usize = 2_000;
const ANSWERS: usize = 12;

/// The addresses of the page's own files, in the order in which it names them.
fn assets(page: &str) -> BTreeSet<String> {
    page.split('"').filter(|part| part.starts_with("/assets/")).map(str::to_owned).collect()
}

/// Whether a page has letters that the first two files of letters lack; `letters.css` says which those have.
fn has_accents(page: &str) -> bool {
    page.chars()
        .any(|letter| matches!(letter, '\u{a1}'..='\u{192}') && !"\u{a3}\u{b0}\u{b1}\u{b7}\u{d7}".contains(letter))
}

#[test]
fn a_wards_page_is_light_on_its_first_visit_and_a_new_answer_lighter() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let demonstration = MadeUpTrust::start(folder.path(), FORTNIGHTS)?;
    let address = demonstration.url("/ward/W07");
    let page = weigh(&address, None)?;
    ensure!(page.head.starts_with("http/1.1 200"), "{}", page.head);
    let assets = assets(&page.text);
    ensure!(assets.len() == 5, "the page needs {assets:?}");
    let (mut bytes, mut needed) = (page.bytes, assets.clone());
    for asset in &assets {
        let (folder, _) = asset.rsplit_once('/').context("an asset has no folder")?;
        let asset = weigh(&demonstration.url(asset), None)?;
        ensure!(asset.head.contains("max-age=31536000, immutable"), "is asked for again: {}", asset.head);
        bytes += asset.bytes;
        if !asset.head.contains("text/css") {
            continue;
        }
        ensure!(!asset.text.contains("@import"), "a file asks for another");
        // What a style asks for in its turn is counted too: letters, as far as a browser needs them for this page.
        for name in asset.text.split("url(\"").skip(1).filter_map(|rest| rest.split('"').next()) {
            let letters = format!("{folder}/{name}");
            if (name.contains("-more") && !has_accents(&page.text)) || !needed.insert(letters.clone()) {
                continue;
            }
            bytes += weigh(&demonstration.url(&letters), None)?.bytes;
        }
    }
    let letters =
        needed.iter().filter(|asset| Path::new(asset).extension().is_some_and(|ending| ending == "woff2")).count();
    ensure!(letters >= 2, "the page has {letters} files of letters");
    ensure!(bytes < MOST_ON_FIRST_VISIT, "the first visit is {bytes} bytes, with {letters} files of letters");

    let (_, version) = page.text.split_once("data-version=\"").context("the page has no version")?;
    let version = version.split('"').next().unwrap_or_default();
    let mut stream = PackedStream::open(&demonstration.url(&format!("/ward/W07/stream?have={version}")), None)?;
    let port = demonstration.broker_port()?;
    let mut tablet = Tablet::introduce("sim-weight", Some("W07"), port, 1)?;
    let mut client = tablet.connect(port)?;
    let mut have = version.to_owned();
    let mut weights = Vec::new();
    for answer in 0..ANSWERS {
        let envelope = tablet.completes(&format!("answer {answer}"))?;
        client.publish(&tablet.records(), &envelope.to_json())?;
        tablet.verdicts(&mut client, 1, Duration::from_secs(30))?;
        let arrived = stream.arrived()?.context("the stream has ended")?;
        let data = arrived.text.lines().find_map(|line| line.strip_prefix("data: ")).context("no data")?;
        let message: Value = serde_json::from_str(data)?;
        ensure!(
            message.get("from").and_then(Value::as_str) == Some(&have),
            "{} is no step from {have}",
            arrived.text
        );
        have = message.get("version").and_then(Value::as_str).context("no version")?.to_owned();
        weights.push(arrived.bytes);
    }
    for (answer, weight) in weights.iter().enumerate() {
        ensure!(*weight < MOST_PER_ANSWER, "answer {answer} is {weight} bytes; all: {weights:?}");
    }
    tracing::info!(bytes, ?weights, "weighed");
    Ok(())
}
