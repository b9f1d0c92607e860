//! What a network does to a kiosk that was taken in: its wire is cut, reset, stalled, drips and loses packets, and somebody else answers in
//! the broker's place. After each, the kiosk has said in its staff corner what is wrong, has gone on thanking patients, comes back
//! by itself, and everything that was thanked for is stored once.
//!
//! Certificates that are wrong, expired or another's are in `encrypted.rs`, clocks that jump in `clocks.rs`.

use std::slice;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use tempfile::TempDir;
use wardvoice_tests::aggregator::{Aggregator, Carrier};
use wardvoice_tests::certificates::{Authority, Certificate, Flaw};
use wardvoice_tests::faults::{Bedside, everything_is_stored_once};
use wardvoice_tests::portal::Portal;
use wardvoice_tests::proxy::Proxy;
use wardvoice_tests::wait::until_true;

const DEADLINE: Duration = Duration::from_mins(1);

/// A ward whose kiosk reaches its broker over a wire.
struct Place {
    directory: TempDir,
    aggregator: Aggregator,
    wire: Proxy,
    kiosk: Bedside,
}

impl Place {
    /// With certificates, as in a hospital.
    fn open() -> Result<Self> {
        Self::open_with(&Carrier::Certified, |aggregator, wire, directory| {
            let kiosk = Bedside::enrol(1, "W1", aggregator, directory.path())?;
            kiosk.reach(&format!("mqtts://localhost:{}", wire.port()))?;
            Ok(kiosk)
        })
    }

    /// In the clear, as on one machine.
    fn open_in_the_clear() -> Result<Self> {
        Self::open_with(&Carrier::Embedded, |aggregator, wire, directory| {
            Bedside::register(1, "W1", aggregator, &wire.url(), directory.path())
        })
    }

    fn open_with(
        carrier: &Carrier,
        take_in: impl Fn(&Aggregator, &Proxy, &TempDir) -> Result<Bedside>,
    ) -> Result<Self> {
        let directory = tempfile::Builder::new().prefix("wardvoice-").tempdir()?;
        let mut aggregator = Aggregator::prepare(directory.path(), carrier)?;
        aggregator.start()?;
        let wire = Proxy::start(aggregator.broker_port()?)?;
        let mut kiosk = take_in(&aggregator, &wire, &directory)?;
        kiosk.start(None)?;
        let mut place = Self { directory, aggregator, wire, kiosk };
        place.goes_on(5)?;
        place.comes_back()?;
        Ok(place)
    }

    /// So many more patients are thanked.
    fn goes_on(&mut self, patients: usize) -> Result<()> {
        self.kiosk.goes_on(patients)
    }

    fn accepted(&self) -> Result<usize> {
        let text = self.aggregator.http().get(&self.aggregator.url("/metrics"))?.body;
        let line = text.lines().find_map(|line| line.strip_prefix("wardvoice_records_accepted_total "));
        line.with_context(|| format!("no count of records in {text}"))?.trim().parse().context("it is no count")
    }

    /// Does something to the wire, and waits until the staff corner says what is wrong.
    fn says_after(&mut self, disturb: impl FnOnce(&Proxy), words: &str) -> Result<()> {
        let before = self.kiosk.shown().len();
        disturb(&self.wire);
        let kiosk = &mut self.kiosk;
        until_true(&format!("the kiosk to say {words:?}"), DEADLINE, || {
            kiosk.must_be_running()?;
            Ok(kiosk.shown().iter().skip(before).any(|said| said.contains(words)))
        })
        .with_context(|| format!("{:?}", self.kiosk.shown()))
    }

    /// Everything that patients were thanked for until now is there, without anybody doing anything.
    fn comes_back(&self) -> Result<()> {
        let kept = self.kiosk.kept();
        until_true("what was kept to arrive", DEADLINE, || Ok(self.accepted()? >= kept))
            .with_context(|| format!("{:?}", self.kiosk.shown()))
    }

    fn everything_is_stored_once(mut self) -> Result<()> {
        everything_is_stored_once(slice::from_mut(&mut self.kiosk), &mut self.aggregator)
    }
}

#[test]
fn a_wire_that_is_cut_reset_and_stalled_loses_nothing() -> Result<()> {
    let mut place = Place::open()?;
    for disturb in [Proxy::cut, Proxy::reset] {
        place.says_after(disturb, "no connection")?;
        place.goes_on(5)?;
        place.comes_back()?;
    }
    place.wire.stall();
    let stands = |place: &mut Place| -> Result<bool> {
        let before = place.accepted()?;
        place.goes_on(5)?;
        Ok(place.accepted()? == before)
    };
    until_true("nothing to arrive over a wire that is stalled", DEADLINE, || stands(&mut place))?;
    place.wire.flow();
    place.comes_back()?;
    place.everything_is_stored_once()
}

#[test]
fn a_wire_that_drips_delivers_slowly_and_everything() -> Result<()> {
    let mut place = Place::open()?;
    let before = place.accepted()?;
    // From the first byte of the handshake on, sixteen bytes at a time.
    place.says_after(
        |wire| {
            wire.drip(16);
            wire.reset();
        },
        "no connection",
    )?;
    until_true("records to come over a wire that drips", DEADLINE, || Ok(place.accepted()? >= before + 5))?;
    place.wire.drip(0);
    place.goes_on(5)?;
    place.comes_back()?;
    place.everything_is_stored_once()
}

#[test]
fn a_wire_that_loses_three_packets_in_ten_delivers_everything() -> Result<()> {
    let mut place = Place::open()?;
    let before = place.accepted()?;
    place.says_after(
        |wire| {
            wire.lose(30, 7);
            wire.reset();
        },
        "no connection",
    )?;
    until_true("records to come over a wire that loses", DEADLINE, || Ok(place.accepted()? >= before + 40))?;
    ensure!(place.wire.lost() > 0, "nothing was lost, so nothing was tried");
    place.goes_on(5)?;
    place.wire.lose(0, 7);
    place.comes_back()?;
    place.everything_is_stored_once()
}

/// Somebody answers in the broker's place for a while, and is told nothing.
fn somebody_else_answers(mut place: Place, certificate: Option<&Certificate>, words: &str) -> Result<Vec<u8>> {
    let portal = Portal::open(certificate)?;
    let (there, broker) = (portal.port(), place.aggregator.broker_port()?);
    place.says_after(
        |wire| {
            wire.lead_to(there);
            wire.cut();
        },
        words,
    )?;
    place.goes_on(10)?;
    ensure!(portal.visitors() > 0, "nobody came to the portal");
    place.wire.lead_to(broker);
    place.comes_back()?;
    place.everything_is_stored_once()?;
    Ok(portal.heard())
}

fn contains(heard: &[u8], word: &str) -> bool {
    heard.windows(word.len()).any(|part| part == word.as_bytes())
}

#[test]
fn a_captive_portal_in_the_brokers_place_is_told_nothing_and_named() -> Result<()> {
    let heard = somebody_else_answers(Place::open()?, None, "does not speak TLS: perhaps the network wants")?;
    // The first message of a handshake, which names the server and not the kiosk.
    ensure!(!heard.is_empty() && !contains(&heard, "k-0001") && !contains(&heard, "wardvoice"), "{heard:?}");
    Ok(())
}

#[test]
fn a_captive_portal_with_a_certificate_is_told_nothing_and_not_believed() -> Result<()> {
    let place = Place::open()?;
    let another = Authority::make(&place.directory.path().join("another"), "Guests")?;
    let certificate = another.sign(Flaw::None)?;
    let words = "not from an authority that this kiosk trusts; nothing was sent to it";
    let heard = somebody_else_answers(place, Some(&certificate), words)?;
    ensure!(heard.is_empty(), "the portal heard {heard:?}");
    Ok(())
}

#[test]
fn a_captive_portal_where_nothing_is_encrypted_is_named_and_gets_no_record() -> Result<()> {
    let heard = somebody_else_answers(Place::open_in_the_clear()?, None, "what answers there is no broker")?;
    ensure!(contains(&heard, "k-0001") && !contains(&heard, "/records"), "{heard:?}");
    Ok(())
}
