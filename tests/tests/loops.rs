//! Requests for help and alerts reach webhooks outside the pages, whatever those webhooks do and however often the aggregator is killed.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use jiff::Timestamp;
use serde_json::Value;
use wardvoice_protocol::clock::Clock;
use wardvoice_protocol::keys::SigningKey;
use wardvoice_protocol::record::{Body, HelpRequest, Need, Place, Record};
use wardvoice_tests::mqtt::Client;
use wardvoice_tests::tablet::Tablet;
use wardvoice_tests::wait::until;
use wardvoice_tests::ward::{Between, Ward};
use wardvoice_tests::webhook::{Manner, Webhook};

/// What the trust promises: from the request's arrival to the webhook.
const AT_ONCE: Duration = Duration::from_secs(2);
const DEADLINE: Duration = Duration::from_mins(1);
/// The next contact is told after a minute.
const ESCALATED: Duration = Duration::from_secs(90);

/// A trust with three contacts: a first, a second who gets cards, and one for whoever runs the kiosks.
struct Trust {
    ward: Ward,
    first: Webhook,
    second: Webhook,
    it: Webhook,
}

impl Trust {
    fn prepare() -> Result<Self> {
        let ward = Ward::prepare(Between::Embedded)?;
        let (first, second, it) = (Webhook::prepare()?, Webhook::prepare()?, Webhook::prepare()?);
        let data = ward.aggregator.data();
        let mut config = fs::read_to_string(data.join("config.toml"))?;
        let added = format!(
            "\n[delivery]\nsecrets_file = \"contact-secrets.toml\"\npages_url = \"https://wardvoice.example\"\n\
             [help]\ncontacts = [\"first\", \"second\"]\nescalate_after_minutes = 1\n\
             [alerts.tell]\nit = [\"it\"]\n\
             [[contacts]]\nname = \"first\"\nurl = \"{}\"\n\
             [[contacts]]\nname = \"second\"\nkind = \"teams\"\n\
             [[contacts]]\nname = \"it\"\nurl = \"{}\"\n",
            first.url(),
            it.url(),
        );
        config.push_str(&added);
        fs::write(data.join("config.toml"), config)?;
        let secrets = data.join("contact-secrets.toml");
        fs::write(&secrets, format!("[first]\ntoken = \"a-token\"\n[second]\nurl = \"{}\"\n", second.url()))?;
        fs::set_permissions(&secrets, fs::Permissions::from_mode(0o600))?;
        Ok(Self { ward, first, second, it })
    }

    /// The alerts of silent kiosks. Others come and go with the day of the fortnight and the room on the disk.
    fn silent_kiosks(&self) -> Result<Vec<Value>> {
        let open = self.ward.aggregator.list(&["alert", "list"])?;
        let is_silent =
            |alert: &Value| alert.pointer("/alert/kind").and_then(Value::as_str) == Some("silent_kiosk");
        Ok(open.into_iter().filter(is_silent).collect())
    }

    /// Somebody asks for a drink in bay 2, and the record is stored.
    fn asks(tablet: &mut Tablet, client: &mut Client) -> Result<Instant> {
        let body = HelpRequest { ward: tablet.ward.clone(), need: Need::Drink, place: Some(Place::new("Bay 2")?) };
        let record = Record { clock: Clock::new(Timestamp::now(), None), body: Body::HelpRequest(body) };
        let envelope = tablet.seal(&record)?;
        let asked = Instant::now();
        client.publish(&tablet.records(), &envelope.to_json())?;
        tablet.verdicts(client, 1, DEADLINE)?;
        Ok(asked)
    }

    fn connect(&self, tablet: &Tablet) -> Result<Client> {
        tablet.connect(self.ward.aggregator.broker_port()?)
    }

    fn restart(&mut self) -> Result<()> {
        self.ward.aggregator.kill()?;
        self.ward.aggregator.start()?;
        self.ward.aggregator.sign_in()
    }

    fn page(&self, path: &str) -> Result<String> {
        let answer = self.ward.aggregator.http().get(&self.ward.aggregator.url(path))?;
        ensure!(answer.status == 200, "{path} answers {}", answer.status);
        Ok(answer.body)
    }
}

fn words_of(body: &Value, name: &str) -> Option<String> {
    let facts = body.get("facts")?.as_array()?;
    let fact = facts.iter().find(|fact| fact.get("name").and_then(Value::as_str) == Some(name))?;
    Some(fact.get("words")?.as_str()?.to_owned())
}

/// Within two seconds, with what staff may know and nothing else; who has seen it silences the next contact.
#[test]
fn a_request_for_help_is_at_the_webhook_within_two_seconds() -> Result<()> {
    let mut trust = Trust::prepare()?;
    trust.first.start()?;
    trust.ward.aggregator.start()?;
    trust.ward.aggregator.open_the_office()?;
    let mut tablet = Tablet::introduce("sim-help", Some("W1"), trust.ward.aggregator.broker_port()?, 1)?;
    let mut client = trust.connect(&tablet)?;
    let mut slowest = Duration::ZERO;
    for number in 1..=10 {
        let asked = Trust::asks(&mut tablet, &mut client)?;
        let received = trust.first.until(number, DEADLINE)?;
        let message = received.last().context("nothing came")?;
        slowest = slowest.max(message.at.saturating_duration_since(asked));
        ensure!(message.header("authorization") == Some("Bearer a-token"), "{:?}", message.headers);
        message.id()?;
    }
    tracing::info!(?slowest, "from the request to the webhook");
    ensure!(slowest < AT_ONCE, "the slowest took {slowest:?}");

    let body = trust.first.received().pop().context("nothing came")?.body;
    ensure!(body.get("title").and_then(Value::as_str) == Some("Ward 1: somebody asks for help"), "{body}");
    for (name, words) in [("ward", "Ward 1"), ("place", "Bay 2"), ("need", "A drink")] {
        ensure!(words_of(&body, name).as_deref() == Some(words), "{name} in {body}");
    }
    ensure!(body.get("facts").and_then(Value::as_array).is_some_and(|facts| facts.len() == 3), "{body}");
    ensure!(body.get("link").and_then(Value::as_str) == Some("https://wardvoice.example/ward/W1#help"), "{body}");
    let open = trust.ward.aggregator.list(&["help", "list"])?;
    ensure!(open.len() == 10, "{} requests are open", open.len());
    for request in &open {
        let record = request.get("record").and_then(Value::as_str).context("no record")?;
        ensure!(!body.to_string().contains(record) && !body.to_string().contains("sim-help"), "{body}");
        trust.ward.aggregator.run(&["help", "seen", record, "--by", "nurse in charge"])?;
    }
    let times = trust.ward.aggregator.json(&["help", "times"])?;
    let number = |pointer: &str| times.pointer(pointer).and_then(Value::as_i64);
    ensure!(number("/trust/requests") == Some(10) && number("/trust/seen/n") == Some(10), "{times}");
    ensure!(number("/trust/delivered/n") == Some(10), "{times}");
    ensure!(number("/trust/delivered/longest_s").is_some_and(|longest| longest <= 2), "{times}");
    ensure!(number("/trust/escalated") == Some(0) && number("/wards/0/times/requests") == Some(10), "{times}");
    ensure!(trust.page("/board")?.contains("(n 10)"), "the board does not see the times");
    Ok(())
}

/// The first contact is gone, then slow, then broken, and the aggregator is killed in between: the message comes, the same each time; the
/// second contact is told when its time has come all the same, and another dead contact holds up neither.
#[test]
fn a_contact_that_is_gone_slow_and_broken_gets_its_message_when_it_recovers() -> Result<()> {
    let mut trust = Trust::prepare()?;
    trust.second.start()?;
    trust.ward.aggregator.start()?;
    trust.ward.aggregator.open_the_office()?;
    let mut tablet = Tablet::introduce("sim-help", Some("W3"), trust.ward.aggregator.broker_port()?, 2)?;
    let mut client = trust.connect(&tablet)?;
    let asked = Trust::asks(&mut tablet, &mut client)?;
    until("the office's page to say that it could not be reached", DEADLINE, || {
        Ok(Some(()).filter(|()| trust.page("/office").is_ok_and(|page| page.contains("it could not be reached"))))
    })?;

    trust.restart()?;
    trust.first.behaves(Manner::Silent);
    trust.first.start()?;
    let first = trust.first.until(1, DEADLINE)?;
    // Killed while it is under way: nobody knows whether it arrived.
    trust.restart()?;
    trust.first.behaves(Manner::Answers(500));
    let second = trust.first.until(2, DEADLINE)?;
    trust.first.until(3, DEADLINE)?;
    trust.first.stop();

    // Nobody has seen it: after a minute the second contact is told, as a card.
    let escalated = trust.second.until(1, ESCALATED)?;
    let card = escalated.first().context("no card")?;
    let after = card.at.saturating_duration_since(asked);
    ensure!(after >= Duration::from_secs(58), "the second contact was told after {after:?} already");
    card.id()?;
    let kind = card.body.pointer("/attachments/0/contentType").and_then(Value::as_str);
    ensure!(kind == Some("application/vnd.microsoft.card.adaptive"), "{}", card.body);
    let title = "Ward 3: nobody has seen a request for help for 1 minute";
    ensure!(card.body.to_string().contains(title), "{}", card.body);

    trust.first.behaves(Manner::Answers(200));
    let before = trust.first.received().len();
    trust.first.start()?;
    trust.first.until(before + 1, DEADLINE)?;
    until("the message to be delivered", DEADLINE, || {
        let times = trust.ward.aggregator.json(&["help", "times"])?;
        Ok(Some(()).filter(|()| times.pointer("/trust/escalated").and_then(Value::as_i64) == Some(1)))
    })?;
    let ids = trust.first.received().iter().map(|one| one.id().map(str::to_owned)).collect::<Result<Vec<_>>>()?;
    ensure!(ids.iter().all(|id| Some(id) == ids.first()), "one message has one id: {ids:?}");
    ensure!(first.len() == 1 && second.len() == 2, "each try came once");

    // What was delivered is not sent again, whatever happens.
    let delivered = trust.first.received().len();
    trust.restart()?;
    let mut client = trust.connect(&tablet)?;
    Trust::asks(&mut tablet, &mut client)?;
    let after = trust.first.until(delivered + 1, DEADLINE)?;
    let last = after.last().context("nothing came")?;
    ensure!(ids.first().map(String::as_str) != Some(last.id()?), "the second request has an id of its own");
    ensure!(trust.second.received().len() == 1, "the second contact was told of the first request once");
    ensure!(trust.page("/office")?.contains("No message was given up"), "a message was given up");
    trust.ward.aggregator.verify()?;
    let log = trust.ward.aggregator.process()?.output();
    ensure!(!log.contains("a-token") && !log.contains("/hook"), "the log tells an address or a token");
    Ok(())
}

/// Whoever sets up a contact tries it, with and without a server, and is told what the receiver answers and what to look at.
#[test]
fn a_contact_is_tried_by_a_command_that_says_what_it_answers() -> Result<()> {
    let mut trust = Trust::prepare()?;
    trust.first.start()?;
    trust.second.start()?;
    for runs in [false, true] {
        if runs {
            trust.ward.aggregator.start()?;
            trust.ward.aggregator.open_the_office()?;
        }
        let before = trust.first.received().len();
        trust.first.behaves(Manner::Answers(202));
        let taken = trust.ward.aggregator.json(&["delivery", "test", "--contact", "first"])?;
        ensure!(taken.get("taken") == Some(&Value::Bool(true)), "{taken}");
        let received = trust.first.received();
        ensure!(received.len() == before + 1, "{} came", received.len() - before);
        let message = received.last().context("nothing came")?;
        ensure!(message.header("authorization") == Some("Bearer a-token"), "{:?}", message.headers);
        ensure!(taken.get("id").and_then(Value::as_str) == Some(message.id()?), "{taken}");
        ensure!(message.body.get("kind").and_then(Value::as_str) == Some("test"), "{}", message.body);
        let card = trust.ward.aggregator.run(&["delivery", "test", "--contact", "second"])?;
        ensure!(card.starts_with("second has taken the test message "), "{card}");

        trust.first.behaves(Manner::Answers(401));
        for (contact, says) in [
            ("first", "it answered with HTTP status 401; check its token in the file of secrets."),
            ("it", "it could not be reached; check its address"),
        ] {
            let output = trust.ward.aggregator.try_run(&["delivery", "test", "--contact", contact])?;
            let said = String::from_utf8_lossy(&output.stdout).into_owned();
            ensure!(output.status.code() == Some(1) && said.contains(says), "{contact}: {said}, not {says}");
            ensure!(
                !said.contains("a-token") && !said.contains("/hook"),
                "it tells an address or a token: {said}"
            );
        }
        ensure!(trust.first.received().len() == before + 2, "a test is tried once");
        let output = trust.ward.aggregator.try_run(&["delivery", "test", "--contact", "nobody"])?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let expected = "failed to find contact nobody in the settings: they have first, second, it";
        ensure!(output.status.code() == Some(1) && said.contains(expected), "{said}");
    }
    ensure!(trust.second.received().len() == 2, "each card came once");
    ensure!(trust.page("/office")?.contains("No message was given up"), "a test counts as a loss");
    let noted = trust.ward.aggregator.list(&["audit", "list"])?;
    let tests = noted.iter().filter(|entry| entry.get("did").and_then(Value::as_str) == Some("tested_contact"));
    ensure!(tests.count() >= 8, "who tried which contact is not in the audit: {noted:?}");
    Ok(())
}

/// A kiosk that never comes is an alert; it is on the pages of whom it concerns, at the webhook once, and silent when it was seen.
#[test]
fn a_silent_kiosk_is_told_once_until_somebody_has_seen_it() -> Result<()> {
    let mut trust = Trust::prepare()?;
    trust.it.start()?;
    let key = SigningKey::from_bytes(&[7; 32]).verifying_key().to_string();
    trust.ward.aggregator.run(&["kiosk", "add", "--id", "k-7", "--ward", "W1", "--signing-key", &key])?;
    trust.ward.aggregator.start()?;
    trust.ward.aggregator.open_the_office()?;
    let told = trust.it.until(1, DEADLINE)?;
    let body = &told.first().context("nothing came")?.body;
    ensure!(body.get("title").and_then(Value::as_str).is_some_and(|title| title.contains("k-7")), "{body}");
    ensure!(trust.page("/alerts")?.contains("Kiosk k-7 on Ward 1"), "it is not in the list");
    ensure!(trust.page("/office")?.contains("Kiosk k-7 on Ward 1"), "it is not on the office's page");
    trust.restart()?;
    let open = trust.silent_kiosks()?;
    ensure!(open.len() == 1, "{open:?}");
    let form = "key=silent_kiosk%3Ak-7";
    let answer = trust.ward.aggregator.http().post_form(&trust.ward.aggregator.url(""), "/alerts/seen", form)?;
    ensure!(answer.status == 303, "the page answered {}: {}", answer.status, answer.body);
    trust.restart()?;
    let stands = trust.ward.aggregator.json(&["alert", "seen", "silent_kiosk:k-7", "--by", "somebody later"])?;
    ensure!(
        stands.pointer("/seen/by").and_then(Value::as_str) == Some("office"),
        "the first word stays: {stands}"
    );
    ensure!(trust.it.received().len() == 1, "it was told again");
    let open = trust.silent_kiosks()?;
    let seen: Vec<_> = open.iter().map(|alert| alert.pointer("/seen/by").and_then(Value::as_str)).collect();
    ensure!(seen == [Some("office")], "{open:?}");
    ensure!(trust.page("/alerts")?.contains("Kiosk k-7"), "what was seen is not on the page any more");
    Ok(())
}

/// Settings that cannot be used are refused at the start, with the reason.
#[test]
fn contacts_that_cannot_be_used_are_refused_at_the_start() -> Result<()> {
    let trust = Trust::prepare()?;
    let data = trust.ward.aggregator.data().to_path_buf();
    let check = |says: &str| -> Result<()> {
        for command in [["config", "check"].as_slice(), &["serve"]] {
            let output = trust.ward.aggregator.try_run(command)?;
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            ensure!(output.status.code() == Some(1) && said.contains(says), "{command:?} said {said}, not {says}");
        }
        Ok(())
    };
    trust.ward.aggregator.run(&["config", "check"])?;
    let secrets = data.join("contact-secrets.toml");
    fs::set_permissions(&secrets, fs::Permissions::from_mode(0o644))?;
    check("everybody on this machine can read it")?;
    fs::set_permissions(&secrets, fs::Permissions::from_mode(0o600))?;
    fs::write(&secrets, "[first]\ntoken = \"a-token\"\n")?;
    check("reach contact second")?;
    fs::remove_file(&secrets)?;
    check("contact-secrets.toml")?;
    fs::write(&secrets, format!("[second]\nurl = \"{}\"\n", trust.second.url()))?;
    fs::set_permissions(&secrets, fs::Permissions::from_mode(0o600))?;
    let config = fs::read_to_string(data.join("config.toml"))?;
    fs::write(data.join("config.toml"), format!("{config}\n[help.wards.W99]\ncontacts = [\"first\"]\n"))?;
    check("the directory has no such ward")?;
    fs::write(data.join("config.toml"), config.replace("[\"first\", \"second\"]", "[\"third\"]"))?;
    check("help.contacts = \"third\"")
}
