//! The harness itself: a fault that is not one proves nothing.

use std::path::Path;
use std::time::Duration;

use anyhow::{Result, ensure};
use wardvoice_tests::broker::{Broker, Setup};
use wardvoice_tests::browser::Browser;
use wardvoice_tests::desktop::Desktop;
use wardvoice_tests::mqtt::{Client, Incoming, Options};
use wardvoice_tests::portal::Portal;
use wardvoice_tests::proxy::Proxy;
use wardvoice_tests::wait::until_true;

const DEADLINE: Duration = Duration::from_secs(20);

fn talks(from: &mut Client, to: &mut Client, text: &[u8]) -> Result<()> {
    from.publish("t", text)?;
    ensure!(to.message(DEADLINE)?.payload == text);
    Ok(())
}

/// A broker, somebody at it who listens to everything on `t`, and somebody behind a wire.
struct Wired {
    broker: Broker,
    wire: Proxy,
    far: Client,
    near: Client,
}

impl Wired {
    fn in_folder(folder: &Path) -> Result<Self> {
        let broker = Broker::start(folder, Setup::Default)?;
        let wire = Proxy::start(broker.port())?;
        let mut far = Client::connect(broker.port(), &Options::clean("far"))?;
        far.subscribe(&["t"])?;
        let near = Client::connect(wire.port(), &Options::clean("near"))?;
        Ok(Self { broker, wire, far, near })
    }
}

#[test]
fn a_wire_carries_stalls_cuts_and_resets() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let Wired { broker: _broker, wire, mut far, mut near } = Wired::in_folder(directory.path())?;
    talks(&mut near, &mut far, b"carried")?;

    wire.stall();
    near.publish("t", b"later")?;
    ensure!(far.receive(Duration::from_millis(300))?.is_none(), "a stalled wire carried a message");
    wire.flow();
    ensure!(far.message(DEADLINE)?.payload == b"later");

    near.wait_acknowledged(2, DEADLINE)?;
    wire.cut();
    ensure!(near.receive(DEADLINE)? == Some(Incoming::Closed), "a cut wire is still there");

    let mut near = Client::connect(wire.port(), &Options::clean("near"))?;
    talks(&mut near, &mut far, b"again")?;
    near.wait_acknowledged(1, DEADLINE)?;
    wire.reset();
    ensure!(near.receive(DEADLINE)? == Some(Incoming::Closed), "a reset wire is still there");

    wire.refuse(true);
    ensure!(Client::connect(wire.port(), &Options::clean("near")).is_err(), "a refusing wire let somebody in");
    ensure!(wire.carried() > 0);
    Ok(())
}

#[test]
fn a_wire_drips_loses_and_leads_elsewhere() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let Wired { broker: _broker, wire, mut far, mut near } = Wired::in_folder(directory.path())?;

    // A byte a millisecond: five seconds, if nobody opened it.
    wire.drip(1);
    let long = vec![b'w'; 5_000];
    near.publish("t", &long)?;
    ensure!(far.receive(Duration::from_millis(300))?.is_none(), "a wire that drips carried a message at once");
    wire.drip(0);
    ensure!(far.message(DEADLINE)?.payload == long, "a wire that drips carried something else");
    near.wait_acknowledged(1, DEADLINE)?;

    wire.lose(100, 1);
    let before = wire.lost();
    ensure!(
        Client::connect(wire.port(), &Options::clean("late")).is_err(),
        "a wire that loses all let somebody in"
    );
    ensure!(wire.lost() > before, "what was lost was not counted");
    near.publish("t", b"lost")?;
    ensure!(near.receive(DEADLINE)? == Some(Incoming::Closed), "a wire that loses all is still there");
    ensure!(far.receive(Duration::ZERO)?.is_none(), "a wire that loses all carried a message");
    wire.lose(0, 1);

    let portal = Portal::open(None)?;
    wire.lead_to(portal.port());
    ensure!(Client::connect(wire.port(), &Options::clean("near")).is_err(), "a page was taken for a broker");
    ensure!(portal.visitors() == 1, "the wire leads where it led");
    Ok(())
}

#[test]
fn a_tuned_broker_keeps_over_a_kill_what_it_saved_and_forgets_when_told() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let mut broker = Broker::start(directory.path(), Setup::Tuned)?;
    let session = Options { clean: false, ..Options::clean("kept") };
    let mut client = Client::connect(broker.port(), &session)?;
    client.subscribe(&["t"])?;
    client.disconnect()?;
    let mut other = Client::connect(broker.port(), &Options::clean("other"))?;
    other.publish("t", b"waiting")?;
    other.wait_acknowledged(1, DEADLINE)?;
    // mosquitto saves soon after it has acknowledged, not before; that is why nobody relies on it.
    let saved = directory.path().join("mosquitto/mosquitto.db");
    until_true("mosquitto to save", DEADLINE, || {
        let bytes = std::fs::read(&saved).unwrap_or_default();
        Ok(bytes.windows(7).any(|window| window == b"waiting"))
    })?;
    broker.kill()?;
    broker.start_again()?;
    let mut client = Client::connect(broker.port(), &session)?;
    ensure!(client.session_present(), "the broker forgot a session it had saved");
    ensure!(client.message(DEADLINE)?.payload == b"waiting");
    broker.drop_sessions()?;
    let client = Client::connect(broker.port(), &session)?;
    ensure!(!client.session_present(), "the broker remembers a session it was told to forget");
    Ok(())
}

#[test]
fn a_browser_opens_a_page_and_a_display_shows_a_window() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let browser = Browser::start(800, 600, directory.path())?;
    browser.open("data:text/html,<p id=hello>good morning</p>")?;
    ensure!(browser.text_of("#hello")?.as_deref() == Some("good morning"));
    ensure!(browser.text_of("#absent")?.is_none());
    let desktop = Desktop::start(1280, 800, directory.path())?;
    let picture = desktop.still()?;
    ensure!((picture.width, picture.height) == (1280, 800), "{} x {}", picture.width, picture.height);
    ensure!(picture.differs(&picture.clone()) == 0);
    Ok(())
}
