//! A kiosk is taken in with a join code, delivers over TLS that both ends prove themselves for, and is taken off again: with the
//! broker inside, and with a mosquitto that is set up exactly as `deploy/mosquitto` says.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::slice;
use std::sync::mpsc;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use wardvoice_kiosk::mqtt::{self, Link, Report};
use wardvoice_kiosk::pass;
use wardvoice_kiosk::settings::Settings;
use wardvoice_protocol::status::{Presence, Status};
use wardvoice_protocol::topic::{Channel, Topic};
use wardvoice_tests::aggregator::{Aggregator, Carrier, OFFICE, PASSWORD};
use wardvoice_tests::certificates::{Authority, Certificate, Flaw};
use wardvoice_tests::faults::{Bedside, everything_is_stored_once};
use wardvoice_tests::hospital::Hospital;
use wardvoice_tests::loopback;
use wardvoice_tests::programs;
use wardvoice_tests::stranger::Stranger;
use wardvoice_tests::wait::{until, until_true};

const DEADLINE: Duration = Duration::from_mins(1);

/// What `wardvoice-kiosk outbox` says about a kiosk that is not running.
fn waiting(kiosk: &Bedside) -> Result<u64> {
    let output =
        Command::new(programs::kiosk()?).args(["outbox", "--json", "--data"]).arg(kiosk.data()).output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let status: Value = serde_json::from_slice(&output.stdout)?;
    status.get("waiting").and_then(Value::as_u64).with_context(|| format!("the outbox said {status}"))
}

/// A kiosk is taken in, delivers, is taken off while it is connected, keeps what patients say, and delivers it once it was taken in again.
fn a_kiosk_comes_goes_and_comes_back(mut hospital: Hospital) -> Result<()> {
    let mut kiosk = hospital.enrol(1, "W1")?;
    kiosk.start(None)?;
    kiosk.goes_on(5)?;
    until_true("its records to be stored", DEADLINE, || Ok(hospital.aggregator.ledger()?.stored() >= 5))?;

    hospital.revoke("k-0001")?;
    kiosk.goes_on(10)?;
    kiosk.kill()?;
    let kept = waiting(&kiosk)?;
    ensure!(kept >= 5, "{kept} wait in the outbox of a kiosk that was taken off");
    let pass = || Some(kiosk.data().join("pass.pem"));
    let authority = kiosk.data().join("ca.pem");
    let again = Stranger::try_connect(hospital.broker_port()?, &authority, pass(), "k-0001")?;
    ensure!(again.is_none(), "a kiosk that was taken off got in again");

    kiosk.join(&hospital.aggregator.json(&["kiosk", "enrol", "--id", "k-0001"])?)?;
    kiosk.start(None)?;
    kiosk.goes_on(1)?;
    everything_is_stored_once(slice::from_mut(&mut kiosk), &mut hospital.aggregator)
}

#[test]
fn a_kiosk_is_taken_in_off_and_in_again_at_the_broker_inside() -> Result<()> {
    a_kiosk_comes_goes_and_comes_back(Hospital::with_the_broker_inside()?)
}

#[test]
fn a_kiosk_is_taken_in_off_and_in_again_at_a_mosquitto() -> Result<()> {
    a_kiosk_comes_goes_and_comes_back(Hospital::with_a_mosquitto()?)
}

#[test]
fn a_connection_ends_when_its_certificate_is_taken_back() -> Result<()> {
    let hospital = Hospital::with_the_broker_inside()?;
    let kiosk = hospital.enrol(1, "W1")?;
    let (authority, pass) = (kiosk.data().join("ca.pem"), Some(kiosk.data().join("pass.pem")));
    let mut connected = Stranger::try_connect(hospital.broker_port()?, &authority, pass, "k-0001")?
        .context("k-0001 is not let in")?;
    hospital.revoke("k-0001")?;
    ensure!(connected.next(|_| false)?.is_none(), "the connection goes on");
    ensure!(hospital.log()?.contains("its certificate was taken back"), "{}", hospital.log()?);
    Ok(())
}

/// A kiosk's own link with a certificate that ends while it is connected: it comes back with the one that it was given meanwhile, and stays.
#[test]
fn a_connection_ends_with_its_certificate_and_the_kiosk_comes_back_with_the_next_one() -> Result<()> {
    let mut hospital = Hospital::with_the_broker_inside()?;
    let (kiosk, other) = (hospital.enrol(1, "W1")?, hospital.enrol(2, "W2")?);
    let authority = Authority::of_an_aggregator(&hospital.path().join("signing"), hospital.aggregator.data())?;
    let (port, others_pass) = (hospital.broker_port()?, Some(other.data().join("pass.pem")));
    let mut beside = Stranger::try_connect(port, &other.data().join("ca.pem"), others_pass, "k-0002")?
        .context("k-0002 is not let in")?;
    let pass = kiosk.data().join("pass.pem");
    let renewed = fs::read(&pass)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    // Where a machine is so slow that the certificate is over before anybody is connected, the next one has longer.
    let mut connected = None;
    for seconds in [3, 12, 48] {
        let ends = Timestamp::now() + SignedDuration::from_secs(seconds);
        let given = authority.admit("k-0001", ends)?;
        fs::write(&pass, fs::read_to_string(given.certificate)? + &fs::read_to_string(given.key)?)?;
        let link = Linked::start(kiosk.data(), &runtime)?;
        if link.says()? == Said::Connected {
            connected = Some((link, ends));
            break;
        }
    }
    let (link, ends) = connected.context("a certificate that counts for most of a minute was refused")?;
    let beside_it = pass.with_extension("new");
    fs::write(&beside_it, renewed)?;
    fs::rename(beside_it, &pass)?;
    ensure!(link.says()? == Said::Gone, "it is connected twice");
    // The certificate says whole seconds.
    ensure!(
        Timestamp::now() >= ends - SignedDuration::from_secs(1),
        "the connection ended before its certificate"
    );
    ensure!(hospital.log()?.contains("its certificate has ended"), "{}", hospital.log()?);
    ensure!(link.says()? == Said::Connected, "the next certificate was refused");
    ensure!(beside.publish("wardvoice/1/kiosks/k-0002/status", "{}")?, "another kiosk lost its connection");
    ensure!(link.said.try_recv().is_err(), "it does not stay");
    drop(link);
    hospital.aggregator.stop()
}

/// Whether a link is connected.
#[derive(Debug, PartialEq, Eq)]
enum Said {
    Connected,
    Gone,
}

/// A kiosk's own link, without the rest of it. It ends with this.
struct Linked {
    said: mpsc::Receiver<Said>,
    task: tokio::task::JoinHandle<()>,
    _commands: UnboundedSender<mqtt::Command>,
}

impl Linked {
    /// Starts the link of a kiosk's folder.
    fn start(data: &Path, runtime: &tokio::runtime::Runtime) -> Result<Self> {
        let settings = Settings::load(data)?;
        let kiosk = settings.kiosk().clone();
        let topic = |channel| Topic::Kiosk(kiosk.clone(), channel);
        let offline = serde_json::to_vec(&Status::new(kiosk.clone(), Presence::Offline))?;
        let link = Link::new(
            &settings.broker.parse()?,
            Some(&data.join(pass::AUTHORITY_FILE)),
            &data.join(pass::FILE),
            &kiosk,
            vec![topic(Channel::Receipts)],
            (topic(Channel::Status), offline),
        )?;
        let (commands, asked) = unbounded_channel();
        let (says, said) = mpsc::channel();
        let report = move |report| {
            // Nobody listens any more once the story is over.
            match report {
                Report::Connected(_) => drop(says.send(Said::Connected)),
                Report::Disconnected(_) => drop(says.send(Said::Gone)),
                Report::Message { .. } => {}
            }
        };
        let task = runtime.spawn(mqtt::run(link, asked, report));
        Ok(Self { said, task, _commands: commands })
    }

    /// What it says next.
    fn says(&self) -> Result<Said> {
        self.said.recv_timeout(DEADLINE).context("the link says nothing")
    }
}

impl Drop for Linked {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Mosquitto reads the list without losing anybody, and the aggregator takes the place of whoever is on it.
#[test]
fn a_connection_to_a_mosquitto_ends_when_its_certificate_is_taken_back_and_no_other_does() -> Result<()> {
    let hospital = Hospital::with_a_mosquitto()?;
    let (one, other) = (hospital.enrol(1, "W1")?, hospital.enrol(2, "W2")?);
    let port = hospital.broker_port()?;
    let authority = one.data().join("ca.pem");
    let pass = |kiosk: &Bedside| Some(kiosk.data().join("pass.pem"));
    let mut connected =
        Stranger::try_connect(port, &authority, pass(&one), "k-0001")?.context("k-0001 is not let in")?;
    let mut beside =
        Stranger::try_connect(port, &authority, pass(&other), "k-0002")?.context("k-0002 is not let in")?;
    hospital.revoke("k-0001")?;
    ensure!(connected.next(|_| false)?.is_none(), "the connection goes on");
    let again = Stranger::try_connect(port, &authority, pass(&one), "k-0001")?;
    ensure!(again.is_none(), "a kiosk that was taken off got in again");
    ensure!(beside.publish("wardvoice/1/kiosks/k-0002/status", "{}")?, "another kiosk lost its connection");
    Ok(())
}

/// What the unit of systemd watches is what mosquitto reads and what the settings name.
#[test]
fn the_list_is_watched_where_mosquitto_reads_it_and_the_settings_say() -> Result<()> {
    let deploy = programs::workspace().join("deploy/mosquitto");
    let text = |name: &str| fs::read_to_string(deploy.join(name)).with_context(|| format!("no {name}"));
    let value = |text: &str, start: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(start)).map(|value| value.trim().to_owned());
        line.with_context(|| format!("nothing says {start}"))
    };
    let read = value(&text("wardvoice.conf")?, "crlfile ")?;
    let path = text("wardvoice-mosquitto-reload.path")?;
    ensure!(value(&path, "PathChanged=")? == read, "systemd watches another file than mosquitto reads");
    ensure!(text("wardvoice-mosquitto-reload.service")?.contains(&format!("ConditionPathExists={read}\n")));
    let settings = Command::new(programs::aggregator()?).args(["config", "print"]).output()?;
    let settings = String::from_utf8(settings.stdout)?;
    ensure!(settings.contains(&format!("#revoked_file = \"{read}\"")), "the settings name another file");
    let debian = programs::workspace().join("deploy/debian/wardvoice-aggregator");
    let folder = Path::new(&read).parent().and_then(Path::to_str).context("no folder")?;
    for (file, line) in [
        ("wardvoice-aggregator.service", format!("ReadWritePaths=-{folder}\n")),
        ("tmpfiles.conf", format!("d {folder} 0755 wardvoice wardvoice")),
    ] {
        ensure!(fs::read_to_string(debian.join(file))?.contains(&line), "{file} says nothing of {folder}");
    }
    Ok(())
}

/// Puts a file in the place of another at once: somebody reads it meanwhile.
fn replace(path: &Path, content: &Value) -> Result<()> {
    let beside = path.with_extension("new");
    fs::write(&beside, content.to_string())?;
    Ok(fs::rename(beside, path)?)
}

#[test]
fn a_certificate_with_minutes_left_is_renewed_as_soon_as_the_aggregator_is_there() -> Result<()> {
    let hospital = Hospital::with_the_broker_inside()?;
    let kiosk = hospital.enrol(1, "W1")?;
    let minutes_left = Timestamp::now() + SignedDuration::from_mins(5);
    let pass = kiosk.data().join("pass.pem");
    // A kiosk goes by what it has noted of its certificate.
    let path = kiosk.data().join("enrolment.json");
    let mut enrolment: Value = serde_json::from_slice(&fs::read(&path)?)?;
    for (name, at) in [("until", minutes_left), ("renew_after", minutes_left - SignedDuration::from_hours(720))] {
        *enrolment.get_mut(name).with_context(|| format!("no {name}"))? = Value::from(at.to_string());
    }
    fs::write(&path, enrolment.to_string())?;
    let given = fs::read(&pass)?;

    // Nobody answers at first, and what fails is tried again.
    let nobody = format!("localhost:{}", loopback::free_port()?);
    let there = enrolment.get_mut("aggregator").context("no aggregator")?;
    let somebody = std::mem::replace(there, Value::from(nobody));
    fs::write(&path, enrolment.to_string())?;
    let failed = wardvoice_kiosk::join::renew_if_due(kiosk.data(), Timestamp::now());
    ensure!(failed.is_err() && fs::read(&pass)? == given, "renewed by nobody: {failed:?}");
    wardvoice_kiosk::join::keep_renewed_by(kiosk.data(), Timestamp::now, Duration::from_millis(50))?;
    *enrolment.get_mut("aggregator").context("no aggregator")? = somebody;
    replace(&path, &enrolment)?;
    let renewed = until("the certificate to be renewed", DEADLINE, || {
        let kept = wardvoice_kiosk::pass::enrolment(kiosk.data())?.context("no enrolment")?;
        Ok((kept.until > minutes_left).then_some(kept))
    })?;
    let days = renewed.until.duration_since(Timestamp::now()).as_hours() / 24;
    ensure!((88..=90).contains(&days), "the new certificate is for {days} days");
    let authority = kiosk.data().join("ca.pem");
    let port = hospital.broker_port()?;
    ensure!(Stranger::try_connect(port, &authority, Some(pass), "k-0001")?.is_some(), "the new one is refused");
    Ok(())
}

/// At every door stand strangers who say nothing, or begin and do not go on; whoever has something to say is heard all the same.
#[test]
fn strangers_who_say_nothing_keep_nobody_out() -> Result<()> {
    const AT_EACH_DOOR: usize = 100;
    /// The beginning of what a client says first in TLS.
    const HELLO: [u8; 6] = [0x16, 0x03, 0x01, 0x02, 0x00, 0x01];
    let hospital = Hospital::with_the_broker_inside()?;
    let addresses: Value = serde_json::from_slice(&fs::read(hospital.aggregator.data().join("addresses.json"))?)?;
    let enrolment = addresses.get("enrolment").and_then(Value::as_str).context("no place to join")?;
    let enrolment: std::net::SocketAddr = enrolment.parse()?;
    let mut strangers = Vec::new();
    for port in [hospital.broker_port()?, hospital.aggregator.web_port(), enrolment.port()] {
        for number in 0..AT_EACH_DOOR {
            let mut stranger = std::net::TcpStream::connect(loopback::address(port))?;
            if number % 2 == 0 {
                stranger.write_all(&HELLO)?;
            }
            strangers.push(stranger);
        }
    }
    let mut kiosk = hospital.enrol(1, "W1")?;
    kiosk.start(None)?;
    kiosk.goes_on(5)?;
    until_true("its records to be stored", DEADLINE, || Ok(hospital.aggregator.ledger()?.stored() >= 5))?;
    let page = hospital.aggregator.http().get(&hospital.aggregator.url("/readyz"))?;
    ensure!(page.status == 200, "the pages say {}: {}", page.status, page.body);
    kiosk.kill()?;
    ensure!(strangers.len() == 3 * AT_EACH_DOOR);
    Ok(())
}

/// A tablet that lay in a drawer until its certificate had ended: it is told so, keeps what is said on it, and is taken in again with one code.
#[test]
fn a_tablet_whose_certificate_has_ended_says_so_and_joins_again() -> Result<()> {
    let mut hospital = Hospital::with_the_broker_inside()?;
    let mut kiosk = hospital.enrol(1, "W1")?;
    let authority = Authority::of_an_aggregator(&hospital.path().join("signing"), hospital.aggregator.data())?;
    let pass = kiosk.data().join("pass.pem");
    let shows_one_until = |until: Timestamp| -> Result<()> {
        let given = authority.admit("k-0001", until)?;
        Ok(fs::write(&pass, fs::read_to_string(given.certificate)? + &fs::read_to_string(given.key)?)?)
    };
    let (port, day) = (hospital.broker_port()?, SignedDuration::from_hours(24));
    let connect = || Stranger::try_connect(port, &kiosk.data().join("ca.pem"), Some(pass.clone()), "k-0001");
    shows_one_until(Timestamp::now() + day)?;
    ensure!(connect()?.is_some(), "one that counts for a day is refused");
    shows_one_until(Timestamp::now() - day)?;
    ensure!(connect()?.is_none(), "one that ended a day ago is taken");
    refused(&renew(kiosk.data())?, "enrol the kiosk again")?;

    kiosk.start(None)?;
    kiosk.goes_on(5)?;
    let log = hospital.path().join("k-0001.log");
    until_true("the kiosk to say why it does not connect", DEADLINE, || {
        kiosk.must_be_running()?;
        Ok(fs::read_to_string(&log)?.contains("the broker does not take this kiosk's certificate"))
    })?;
    kiosk.kill()?;
    let kept = waiting(&kiosk)?;
    ensure!(kept >= 5, "{kept} wait in the outbox of a kiosk that is not let in");
    kiosk.join(&hospital.aggregator.json(&["kiosk", "enrol", "--id", "k-0001"])?)?;
    kiosk.start(None)?;
    kiosk.goes_on(1)?;
    everything_is_stored_once(slice::from_mut(&mut kiosk), &mut hospital.aggregator)
}

/// A tablet is broken for good, and an empty one joins under its name: it goes on with the chain, all is stored once and nothing is a fork.
#[test]
fn an_empty_tablet_takes_the_place_of_a_broken_one_under_its_name() -> Result<()> {
    let mut hospital = Hospital::with_the_broker_inside()?;
    let mut kiosk = hospital.enrol(1, "W1")?;
    kiosk.start(None)?;
    kiosk.goes_on(5)?;
    kiosk.empties_its_outbox()?;
    kiosk.kill()?;
    let before = hospital.aggregator.ledger()?.stored();
    ensure!(before >= 5, "{before} are stored of 5");
    fs::remove_dir_all(kiosk.data())?;

    kiosk.join(&hospital.aggregator.json(&["kiosk", "enrol", "--id", "k-0001"])?)?;
    ensure!(waiting(&kiosk)? == 0);
    // Killed before it has kept anything, it begins in the same place.
    kiosk.start(Some("outbox.before_flush=return"))?;
    until("the kiosk to reach its kill point", DEADLINE, || kiosk.ended())?;
    kiosk.kill()?;
    kiosk.start(None)?;
    kiosk.goes_on(5)?;
    everything_is_stored_once(slice::from_mut(&mut kiosk), &mut hospital.aggregator)?;
    let ledger = hospital.aggregator.ledger()?;
    ensure!(ledger.stored() >= before + 5 && ledger.doubled() == 0 && ledger.gaps() == 0, "{ledger:?}");
    let refused = hospital.aggregator.list(&["quarantine", "list"])?;
    ensure!(refused.is_empty(), "{refused:?}");
    let kiosks = hospital.aggregator.list(&["kiosk", "list"])?;
    let whole = kiosks.iter().all(|kiosk| kiosk.get("forked").is_none_or(Value::is_null));
    ensure!(kiosks.len() == 1 && whole, "{kiosks:?}");
    let alerts = hospital.aggregator.list(&["alert", "list"])?;
    ensure!(!alerts.iter().any(|alert| alert.to_string().contains("forked_chain")), "{alerts:?}");
    Ok(())
}

fn join(data: &Path, aggregator: &str, code: &str) -> Result<Output> {
    Bedside::try_join(data, aggregator, code)
}

fn renew(data: &Path) -> Result<Output> {
    let mut command = Command::new(programs::kiosk()?);
    command.args(["renew", "--data"]).arg(data).output().context("failed to start a kiosk")
}

fn refused(output: &Output, says: &str) -> Result<()> {
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(!output.status.success() && said.contains(says), "a kiosk that should hear {says:?} heard: {said}");
    Ok(())
}

#[test]
fn codes_that_do_not_work_say_why_and_a_certificate_is_renewed() -> Result<()> {
    let hospital = Hospital::with_the_broker_inside()?;
    let invite = |id: &str| hospital.aggregator.json(&["kiosk", "enrol", "--id", id, "--ward", "W1"]);
    let said = |invitation: &Value, name: &str| {
        invitation.get(name).and_then(Value::as_str).map(str::to_owned).context("no invitation")
    };
    let invitation = invite("k-0001")?;
    let (aggregator, code) = (said(&invitation, "aggregator")?, said(&invitation, "code")?);
    let (one, other) = (hospital.path().join("one"), hospital.path().join("other"));
    refused(&join(&one, &aggregator, "ABCD")?, "28")?;
    let of_another_authority = format!("0000{}", code.get(4..).context("a short code")?);
    refused(&join(&one, &aggregator, &of_another_authority)?, "nothing was said to it")?;
    let wrong = format!("{}0000", code.get(..code.len() - 4).context("a short code")?);
    refused(&join(&one, &aggregator, &wrong)?, "no such join code")?;
    let output = join(&one, &aggregator, &code)?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    refused(&join(&other, &aggregator, &code)?, "has been used")?;

    let before = fs::read(one.join("pass.pem"))?;
    let renewed = renew(&one)?;
    ensure!(renewed.status.success(), "{}", String::from_utf8_lossy(&renewed.stderr));
    ensure!(fs::read(one.join("pass.pem"))? != before, "the pass is the old one");
    hospital.aggregator.run(&["kiosk", "revoke", "--id", "k-0001"])?;
    refused(&renew(&one)?, "enrol it again")?;
    Ok(())
}

#[test]
fn pages_are_served_over_tls_with_a_certificate_of_the_authority() -> Result<()> {
    let directory = tempfile::Builder::new().prefix("wardvoice-").tempdir()?;
    let mut aggregator = Aggregator::prepare(directory.path(), &Carrier::Embedded)?;
    let config = aggregator.data().join("config.toml");
    let text = fs::read_to_string(&config)?;
    fs::write(&config, text.replace("[web]\n", "[web]\nencrypted = true\n"))?;
    let shown = aggregator.json(&["authority", "show"])?;
    let authority = shown.get("certificate").and_then(Value::as_str).context("no certificate")?;
    let authority = reqwest::Certificate::from_pem(&fs::read(authority)?)?;
    aggregator.spawn(None)?;

    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let url = format!("https://localhost:{}", aggregator.web_port());
    // Known to the process before a client is made.
    drop(rustls::crypto::ring::default_provider().install_default());
    let client = reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .tls_certs_only([authority])
        .build()?;
    let status = |client: &reqwest::Client| {
        let answer = client.get(format!("{url}/healthz")).send();
        runtime.block_on(async { Ok::<u16, reqwest::Error>(answer.await?.status().as_u16()) })
    };
    until_true(
        "the pages to be well over TLS",
        DEADLINE,
        || Ok(status(&client).is_ok_and(|status| status == 200)),
    )
    .with_context(|| fs::read_to_string(directory.path().join("aggregator.log")).unwrap_or_default())?;
    let plain = aggregator.http().get(&aggregator.url("/healthz"));
    ensure!(plain.is_err(), "pages are served in the clear beside");
    let addresses: Value = serde_json::from_slice(&fs::read(aggregator.data().join("addresses.json"))?)?;
    let http = addresses.get("http").and_then(Value::as_str).unwrap_or_default();
    ensure!(http.starts_with("https://"), "{addresses}");
    let mut command = aggregator.command()?;
    let mut child = command
        .args(["user", "add", OFFICE, "--password-stdin"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .context("failed to add an account")?;
    writeln!(child.stdin.take().context("no input")?, "{PASSWORD}")?;
    ensure!(child.wait()?.success(), "no account");
    let form = format!("name={OFFICE}&password={}&next=%2F", PASSWORD.replace(' ', "+"));
    let request = client.post(format!("{url}/sign-in")).header("origin", &url);
    let request = request.header("content-type", "application/x-www-form-urlencoded").body(form);
    let answer = runtime.block_on(async { request.send().await })?;
    let cookie = answer.headers().get("set-cookie").and_then(|value| value.to_str().ok()).unwrap_or_default();
    ensure!(cookie.starts_with("__Host-") && cookie.contains("Secure"), "the cookie is {cookie:?}");
    ensure!(answer.headers().contains_key("strict-transport-security"), "browsers may come in the clear again");
    let stranger = reqwest::Client::builder().no_proxy().tls_certs_only([]).build()?;
    ensure!(status(&stranger).is_err(), "a certificate of nobody is believed");
    aggregator.stop()
}

/// A trust puts new files in the place of its own: the next handshake shows them, and the process is the same.
#[test]
fn pages_show_a_certificate_that_was_renewed_without_a_restart() -> Result<()> {
    let directory = tempfile::Builder::new().prefix("wardvoice-").tempdir()?;
    let mut aggregator = Aggregator::prepare(directory.path(), &Carrier::Embedded)?;
    let authorities = ["first", "second"].map(|name| directory.path().join(name));
    let mut made = Vec::new();
    for folder in &authorities {
        let authority = Authority::make(folder, "Example Infirmary")?;
        let certificate = authority.sign(Flaw::None)?;
        let roots = reqwest::Certificate::from_pem(&fs::read(authority.pem())?)?;
        made.push((certificate, roots));
    }
    let [(first, of_the_first), (second, of_the_second)] = made.as_slice() else { anyhow::bail!("not two") };
    let [certificate, key] = ["pages.pem", "pages.key"].map(|name| directory.path().join(name));
    let put = |from: &Certificate| -> Result<()> {
        fs::copy(&from.certificate, &certificate)?;
        fs::copy(&from.key, &key)?;
        Ok(())
    };
    put(first)?;
    let config = aggregator.data().join("config.toml");
    let files = format!("certificate_file = \"{}\"\nkey_file = \"{}\"\n", certificate.display(), key.display());
    let text = fs::read_to_string(&config)?;
    fs::write(&config, text.replace("[web]\n", &format!("[web]\n{files}")))?;
    aggregator.spawn(None)?;

    drop(rustls::crypto::ring::default_provider().install_default());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let url = format!("https://localhost:{}/healthz", aggregator.web_port());
    // A client of its own each time, so that no connection is used again.
    let believes = |root: &reqwest::Certificate| -> Result<bool> {
        let client = reqwest::Client::builder().no_proxy().tls_certs_only([root.clone()]).build()?;
        Ok(runtime.block_on(async { client.get(&url).send().await }).is_ok())
    };
    until_true("the pages to be there over TLS", DEADLINE, || believes(of_the_first))
        .with_context(|| fs::read_to_string(directory.path().join("aggregator.log")).unwrap_or_default())?;
    ensure!(!believes(of_the_second)?, "the certificate is not of the first authority");
    let process = aggregator.process()?.id();
    put(second)?;
    until_true("the new certificate to be shown", DEADLINE, || believes(of_the_second))?;
    ensure!(!believes(of_the_first)?, "the old certificate is shown still");
    aggregator.process()?.must_be_running()?;
    ensure!(aggregator.process()?.id() == process, "the server was started again");
    aggregator.stop()
}

#[test]
fn nothing_listens_in_the_clear_on_a_network() -> Result<()> {
    let directory = tempfile::Builder::new().prefix("wardvoice-").tempdir()?;
    let aggregator = Aggregator::prepare(directory.path(), &Carrier::Embedded)?;
    for (arguments, says) in [
        (["--broker-listen", "0.0.0.0:1883"], "broker.encrypted = true"),
        (["--listen", "0.0.0.0:8080"], "web.encrypted = true"),
        (["--broker", "mqtt://broker.example"], "write mqtts://"),
    ] {
        let output = aggregator.try_run(&[["serve"].as_slice(), arguments.as_slice()].concat())?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(!output.status.success() && said.contains(says), "{arguments:?} said {said}");
    }
    Ok(())
}
