//! A tablet is taken in by what its own screen calls, at the desk of a real aggregator: for the first time, and again while records wait on it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::slice;
use std::sync::mpsc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;
use wardvoice_kiosk::app::joining::{Ask, asking};
use wardvoice_kiosk::identity;
use wardvoice_kiosk::joining::{JoinStep, JoinTouch, Joining, Standing, Trouble};
use wardvoice_protocol::enrolment::fingerprint;
use wardvoice_tests::aggregator::{Aggregator, Carrier};
use wardvoice_tests::faults::{Bedside, everything_is_stored_once};

const DEADLINE: Duration = Duration::from_mins(1);

/// What the office reads out to whoever stands at a tablet.
struct Invitation {
    address: String,
    code: String,
}

impl Invitation {
    fn of(aggregator: &Aggregator, arguments: &[&str]) -> Result<Self> {
        let printed = aggregator.json(&[["kiosk", "enrol"].as_slice(), arguments].concat())?;
        let said = |name: &str| {
            let said = printed.get(name).and_then(Value::as_str).map(str::to_owned);
            said.with_context(|| format!("`kiosk enrol` printed no {name}: {printed}"))
        };
        Ok(Self { address: said("aggregator")?, code: said("code")? })
    }
}

/// Types and touches as staff do, and waits for what comes of it.
fn joins(joining: &mut Joining, ask: &Ask, address: &str, code: &str) -> Result<Standing> {
    joining.touch(JoinTouch::Address(address.to_owned()));
    joining.touch(JoinTouch::Code(code.to_lowercase()));
    let JoinStep::Ask { address, code } = joining.touch(JoinTouch::Go) else {
        bail!("nobody is asked: {:?}", joining.standing());
    };
    let (said, hears) = mpsc::channel();
    // Nobody listens any more once the deadline is over.
    ask(address, code, Box::new(move |answer| drop(said.send(answer))))?;
    joining.hear(hears.recv_timeout(DEADLINE).context("nobody answered")?);
    Ok(joining.standing().clone())
}

/// What a kiosk was given, and what it signs with.
fn given(data: &Path) -> Result<BTreeMap<&'static str, Vec<u8>>> {
    let names = ["settings.json", "pass.pem", "ca.pem", "enrolment.json", "kiosk.key"];
    names
        .into_iter()
        .map(|name| Ok((name, fs::read(data.join(name)).with_context(|| format!("no {name}"))?)))
        .collect()
}

#[test]
fn a_tablet_joins_by_its_own_screen_and_again_with_the_records_that_wait_on_it() -> Result<()> {
    let directory = tempfile::Builder::new().prefix("wardvoice-").tempdir()?;
    let mut aggregator = Aggregator::prepare(directory.path(), &Carrier::Certified)?;
    aggregator.start()?;
    let data = directory.path().join("k-0001");
    // As the window does before it shows the key.
    let key = fingerprint(&identity::load_or_create(&data)?.verifying_key());
    let ask = asking(&data);

    let mut joining = Joining::default();
    let Invitation { address, code } = Invitation::of(&aggregator, &["--id", "k-0001", "--ward", "W1"])?;
    let of_a_stranger = format!("0000{}", code.get(4..).context("a short code")?);
    let standing = joins(&mut joining, &ask, &address, &of_a_stranger)?;
    ensure!(matches!(&standing, Standing::Wrong { trouble: Trouble::Untrusted, .. }), "{standing:?}");
    let kept: Vec<_> = fs::read_dir(&data)?.map(|entry| Ok(entry?.file_name())).collect::<Result<_>>()?;
    ensure!(kept == ["kiosk.key"], "something of a stranger's is kept: {kept:?}");
    let standing = joins(&mut joining, &ask, &address, &code)?;
    ensure!(matches!(&standing, Standing::Joined { kiosk, .. } if kiosk == "k-0001"), "{standing:?}");
    ensure!(joining.code().is_empty(), "the code is still on the screen");
    for arguments in [["kiosk", "list"].as_slice(), &["kiosk", "list", "--json"]] {
        let known = aggregator.run(arguments)?;
        ensure!(known.contains(&key), "the office sees another fingerprint than {key}: {known}");
    }

    let mut kiosk = Bedside::taken_in(1, directory.path());
    kiosk.start(None)?;
    kiosk.goes_on(5)?;
    aggregator.run(&["kiosk", "revoke", "--id", "k-0001"])?;
    kiosk.goes_on(10)?;
    kiosk.kill()?;

    // A code for another kiosk makes no other kiosk of this one, whose records wait here.
    let before = given(&data)?;
    let mut joining = Joining::again("k-0001".parse()?, address);
    let another = Invitation::of(&aggregator, &["--id", "k-0002", "--ward", "W2"])?;
    let standing = joins(&mut joining, &ask, &another.address, &another.code)?;
    ensure!(matches!(&standing, Standing::Wrong { trouble: Trouble::Refused, .. }), "{standing:?}");
    ensure!(given(&data)? == before, "it has become something else");

    let again = Invitation::of(&aggregator, &["--id", "k-0001"])?;
    let standing = joins(&mut joining, &ask, &again.address, &again.code)?;
    ensure!(matches!(&standing, Standing::Joined { kiosk, .. } if kiosk == "k-0001"), "{standing:?}");
    let after = given(&data)?;
    ensure!(after.get("kiosk.key") == before.get("kiosk.key"), "it signs with another key");
    ensure!(after.get("pass.pem") != before.get("pass.pem"), "its pass is the one that was taken back");

    kiosk.start(None)?;
    kiosk.goes_on(1)?;
    everything_is_stored_once(slice::from_mut(&mut kiosk), &mut aggregator)
}
