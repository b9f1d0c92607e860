//! A fleet that is told to be without network for a while: its patients go on answering, their records wait, nothing arrives meanwhile,
//! and afterwards everything does, once.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use wardvoice_tests::fleet::Fleet;
use wardvoice_tests::wait::until;
use wardvoice_tests::ward::{Between, Ward};

const DEADLINE: Duration = Duration::from_mins(1);
const KIOSKS: u64 = 4;
const PATIENTS: u64 = 80;
/// Twenty patients a second: four seconds of them, with the first outage in the middle and the second before the end.
const ARGUMENTS: [&str; 11] =
    ["--kiosks", "4", "--responses", "80", "--rate", "20", "--seed", "11", "--outage", "1:1.5|3:0.5", "--json"];
/// The first patient of the first outage comes soon after its beginning and waits for its end.
const LONGEST_WAIT_MS: f64 = 1_200.0;

/// What the aggregator says at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Moment {
    connected: u64,
    accepted: u64,
}

fn look(ward: &Ward) -> Result<Moment> {
    let text = ward.aggregator.http().get(&ward.aggregator.url("/metrics"))?.body;
    let read = |name: &str| -> Result<u64> {
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.with_context(|| format!("no {name} in {text}"))?.trim().parse().context("it is no count")
    };
    Ok(Moment {
        connected: read("wardvoice_kiosks_connected")?,
        accepted: read("wardvoice_records_accepted_total")?,
    })
}

#[test]
fn a_fleet_without_network_keeps_everything_and_delivers_it_once_afterwards() -> Result<()> {
    let mut ward = Ward::open(Between::Embedded)?;
    let mut fleet = Fleet::start(ward.broker_port()?, &ARGUMENTS, ward.path())?;
    let mut moments = Vec::new();
    let status = until("the fleet to end", DEADLINE, || {
        moments.push(look(&ward)?);
        fleet.process().ended()
    })?;
    let said = fleet.process().output();
    ensure!(status.success(), "the fleet ended with {status}: {said}");

    let all_there = moments.iter().position(|moment| moment.connected == KIOSKS);
    let after = moments.get(all_there.context("the fleet was never connected")?..).unwrap_or_default();
    let before_cut = after.iter().take_while(|moment| moment.connected > 0).count();
    let cut: Vec<Moment> =
        after.iter().skip(before_cut).take_while(|moment| moment.connected == 0).copied().collect();
    // What was on its way when the network went is counted by the middle of the outage.
    let later = cut.get(cut.len() / 2..).unwrap_or_default();
    let first = later.first().context("nobody saw the fleet without network")?;
    ensure!(
        later.len() > 1 && later.iter().all(|moment| moment == first),
        "something arrived meanwhile: {later:?}"
    );
    ensure!(first.accepted > 0 && first.accepted < PATIENTS, "the outage was not in the middle: {first:?}");
    ensure!(
        after.iter().skip(before_cut + cut.len()).any(|moment| moment.connected == KIOSKS),
        "the fleet did not come back"
    );

    let report = said.lines().rev().find(|line| line.starts_with('{')).context("the fleet reported nothing")?;
    let report: Value = serde_json::from_str(report)?;
    let count = |name: &str| report.get(name).and_then(Value::as_u64).with_context(|| format!("{name}: {report}"));
    ensure!(count("kept")? == PATIENTS && count("acknowledged")? == PATIENTS, "{report}");
    ensure!(count("waiting")? == 0 && count("refused")? == 0, "{report}");
    let longest = report.pointer("/latency_ms/max").and_then(Value::as_f64).context("no longest wait")?;
    ensure!(longest > LONGEST_WAIT_MS, "nobody's record waited for the network: {report}");

    ward.aggregator.stop()?;
    let ledger = ward.aggregator.ledger()?;
    ensure!(u64::try_from(ledger.stored())? == PATIENTS, "{} are stored", ledger.stored());
    ensure!(ledger.faults().is_empty(), "{:?}", ledger.faults());
    ward.aggregator.verify()?;
    Ok(())
}

#[test]
fn an_outage_that_is_none_is_refused_with_an_example() -> Result<()> {
    let refused = Fleet::run(1, &["--outage", "5"]).err().context("an outage without a length was taken")?;
    let said = format!("{refused:#}");
    ensure!(said.contains("--outage") && said.contains("10:5"), "{said}");
    Ok(())
}
