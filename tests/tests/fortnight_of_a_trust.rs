//! A fortnight in the life of a trust, from the bedside to the national month: patients answer alone, a volunteer goes round, somebody asks
//! for help, somebody is angry at a nurse by name, the office lets out what may go out, the ward changes something, the board sees
//! signal and no noise, and the month is sent. In the middle of it the power fails.

use std::fs;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _, Zoned};
use serde_json::Value;
use wardvoice_protocol::clock::Clock;
use wardvoice_protocol::contact::{Answer, Comment, Contact, Mode, Outcome};
use wardvoice_protocol::questionnaire::{KindFile, Questionnaire};
use wardvoice_protocol::record::{Body, HelpRequest, Need, Record};
use wardvoice_tests::demonstration::Demonstration;
use wardvoice_tests::fleet::Fleet;
use wardvoice_tests::http::Http;
use wardvoice_tests::tablet::{Tablet, interview};
use wardvoice_tests::wait::{PATIENCE, until};

const WARD: &str = "ward:W07";
const ANGRY: &str = "Nurse Placeholder shouted at me when I asked for water.";
/// How many patients answer on the tablets of the trust's wards, and how many a volunteer interviews on W07.
const ALONE: u64 = 40;
const AT_THE_BEDSIDE: u64 = 12;

fn today() -> Result<Zoned> {
    Ok(Timestamp::now().to_zoned(TimeZone::get("Europe/London")?))
}

/// The days around today, whatever hour it is.
fn these_days() -> Result<String> {
    let today = today()?.date();
    Ok(format!("{}..{}", today.yesterday()?, today.tomorrow()?))
}

fn number(of: &Value, pointer: &str) -> Result<u64> {
    of.pointer(pointer).and_then(Value::as_u64).with_context(|| format!("no {pointer} in {of}"))
}

/// What a volunteer brings back from the bedside: every question answered with its last option, the worst of the scored ones.
fn at_the_bedside(tablet: &Tablet, comment: Option<&str>) -> Result<Contact> {
    let mut contact = interview(&tablet.ward, "Thank you for asking.")?;
    contact.mode = Mode::Interview;
    let response = contact.response.as_mut().context("an interview has a response")?;
    for question in Questionnaire::inpatient()?.questions() {
        match (&question.kind, question.options.last(), comment) {
            (KindFile::Domain(_), Some(worst), _) => {
                response.answers.insert(question.id.clone(), Answer::Answered(worst.id.clone()));
            }
            (KindFile::Comment, _, Some(text)) if question.id.as_str() == "better" => {
                response.answers.insert(question.id.clone(), Answer::Said(Comment::new(text)?));
            }
            _ => {}
        }
    }
    Ok(contact)
}

/// The volunteer's round on W07: interviews, one of them angry, and two patients who cannot be asked. Then somebody asks for help.
fn round(port: u16) -> Result<()> {
    let mut tablet = Tablet::introduce("sim-round", Some("W07"), port, 77)?;
    let mut bodies = Vec::new();
    for place in 0..AT_THE_BEDSIDE {
        bodies.push(Body::Contact(at_the_bedside(&tablet, (place == 3).then_some(ANGRY))?));
    }
    for outcome in [Outcome::Asleep, Outcome::Declined] {
        let asked = at_the_bedside(&tablet, None)?;
        bodies.push(Body::Contact(Contact { outcome, response: None, ..asked }));
    }
    bodies.push(Body::HelpRequest(HelpRequest { ward: tablet.ward.clone(), need: Need::Drink, place: None }));
    let mut client = tablet.connect(port)?;
    let topic = tablet.records();
    let count = bodies.len();
    for body in bodies {
        let envelope = tablet.seal(&Record { clock: Clock::new(Timestamp::now(), None), body })?;
        client.publish(&topic, &envelope.to_json())?;
    }
    let verdicts = tablet.verdicts(&mut client, count, PATIENCE)?;
    ensure!(verdicts.len() == count, "{} of {count} are settled", verdicts.len());
    client.disconnect()
}

/// The comment that was written in anger, as it waits.
fn angry(demonstration: &Demonstration) -> Result<Value> {
    let waiting = demonstration.json(&["comments", "list"])?;
    let mut all = waiting.as_array().context("no list of comments")?.iter();
    let found = all.find(|one| one.get("text").and_then(Value::as_str) == Some(ANGRY));
    found.cloned().with_context(|| format!("the angry comment does not wait in {waiting}"))
}

fn release(demonstration: &Demonstration) -> Result<()> {
    let found = angry(demonstration)?;
    let id = found.get("id").and_then(Value::as_str).context("it has no name")?;
    let named = found.get("signs").is_some_and(|signs| signs.to_string().contains("staff_name"));
    ensure!(named, "the nurse's name is not marked: {found}");
    let out = ["comments", "release", id, "--tone", "criticism", "--reach", "staff", "--by", "office"];
    let refused = demonstration.command()?.args(out).output()?;
    ensure!(refused.status.code() == Some(1), "criticism of a named nurse goes out");
    let strike = ["--strike", "Nurse Placeholder", "--role", "a nurse", "--by", "office"];
    demonstration.run(&[&["comments", "redact", id], strike.as_slice()].concat())?;
    demonstration.run(&out)?;
    Ok(())
}

/// The last month that is over and settled, and the one after it.
fn settled_month() -> Result<(String, String)> {
    let today = today()?.date();
    let last = today.saturating_sub(9.days()).first_of_month().yesterday()?;
    let name = format!("{:04}-{:02}", last.year(), last.month());
    Ok((name.clone(), format!("{}..{last}", last.first_of_month())))
}

fn the_month_is_sent(demonstration: &Demonstration) -> Result<()> {
    let (month, days) = settled_month()?;
    let rows: Vec<String> = (1..=26).map(|ward| format!("W{ward:02},{}", 200 + ward)).collect();
    let file = demonstration.folder().join("discharged.csv");
    fs::write(&file, format!("ward,count\n{}\n", rows.join("\n")))?;
    let file = file.to_str().context("the folder has no plain name")?;
    demonstration.run(&["fft", "eligible", "import", "--month", &month, file])?;
    let out = demonstration.folder().join("month");
    let out = out.to_str().context("the folder has no plain name")?;
    demonstration.run(&["fft", "--month", &month, "--out", out])?;
    let sent = fs::read_to_string(format!("{out}/fft-{month}-wards-submitted.csv"))?;
    // The sixth of the columns that are counts of answers, from the twelfth on.
    let very_good: u64 = sent
        .lines()
        .skip(1)
        .map(|line| line.split(',').nth(10).and_then(|cell| cell.parse::<u64>().ok()).context("no count"))
        .sum::<Result<u64>>()?;
    let sheet = demonstration.json(&["scores", "--period", &days, "--unit", "trust:DEMO"])?;
    let counted = number(&sheet, "/friends_and_family/counts/very_good")?;
    ensure!(very_good == counted && counted > 0, "{very_good} were sent and {counted} are counted");
    Ok(())
}

#[test]
fn a_fortnight_goes_from_the_bedside_to_the_national_month() -> Result<()> {
    let mut demonstration = Demonstration::start()?;
    let days = these_days()?;
    let scores = ["scores", "--period", days.as_str(), "--unit"];
    let of = |demonstration: &Demonstration, unit: &str| -> Result<Value> {
        demonstration.json(&[scores.as_slice(), &[unit]].concat())
    };
    let before = (of(&demonstration, "trust:DEMO")?, of(&demonstration, WARD)?);

    // Patients alone, a round, and the power fails before anybody has looked.
    let port = demonstration.broker_port()?;
    let kiosks = ["--kiosks", "4", "--responses", "40", "--seed", "5", "--non-response", "0"];
    Fleet::run(port, &kiosks)?;
    round(port)?;
    demonstration.kill()?;
    demonstration.start_again()?;
    let trust = of(&demonstration, "trust:DEMO")?;
    let came = number(&trust, "/responses")? - number(&before.0, "/responses")?;
    ensure!(came == ALONE + AT_THE_BEDSIDE, "{came} answers came");
    let ward = of(&demonstration, WARD)?;
    let asked = |sheet: &Value, name: &str| number(sheet, &format!("/contacts/{name}"));
    ensure!(asked(&ward, "asleep")? == asked(&before.1, "asleep")? + 1, "who sleeps is not counted: {ward}");
    ensure!(number(&ward, "/modes/interview")? >= AT_THE_BEDSIDE, "the round is not there: {ward}");

    // The ward's team: a request for help is on its page, somebody goes, and it is gone.
    let mut sister = Http::new()?;
    sister.sign_in(demonstration.base(), "ward-w07", "demonstration-ward")?;
    let page = format!("{}/ward/W07", demonstration.base());
    ensure!(sister.get(&page)?.body.contains("Somebody asks for help"), "the request is not on the page");
    let open = demonstration.run(&["help", "list", "--json"])?;
    let record = open.split("\"record\":\"").nth(1).and_then(|rest| rest.split('"').next());
    let record = record.with_context(|| format!("no request is open: {open}"))?;
    demonstration.run(&["help", "seen", record, "--by", "nurse in charge"])?;
    ensure!(!sister.get(&page)?.body.contains("Somebody asks for help"), "what was seen is still there");

    // The office: what was written in anger waits, and goes to the ward without the name.
    ensure!(
        !sister.get(&page)?.body.contains("shouted at me when I asked"),
        "it is out before anybody has read it"
    );
    release(&demonstration)?;
    let text = until("the comment to be on the ward's page", Duration::from_secs(10), || {
        let text = sister.get(&page)?.body;
        Ok(text.contains("shouted at me when I asked").then_some(text))
    })?;
    ensure!(text.contains("[a nurse] shouted") && !text.contains("Placeholder"), "the nurse is named");

    // The ward changes something, and is told honestly that it is too early to say what came of it.
    let said = ["--said", "It is hard to get a drink.", "--did", "Water goes round every two hours."];
    let about = ["--owner", "ward sister", "--about", "domain:kindness"];
    let action = demonstration.json(&[&["action", "add", "--ward", "W07"], said.as_slice(), &about].concat())?;
    let done = number(&action, "/number")?.to_string();
    demonstration.run(&["action", "done", &done])?;
    ensure!(
        sister.get(&page)?.body.contains("Water goes round every two hours."),
        "the change is not on the page"
    );

    // The board: what was put into the made-up past is found, and what was not is not.
    let signal = demonstration.run(&["signal", "--unit", WARD, "--measure", "domain:kindness"])?;
    ensure!(!signal.contains("no signal"), "kindness on W07 rose by 2.8 points: {signal}");
    let quiet = demonstration.run(&["signal", "--unit", "ward:W12", "--measure", "domain:kindness"])?;
    ensure!(quiet.contains("no signal"), "nothing happened on W12: {quiet}");
    let mut board = Http::new()?;
    board.sign_in(demonstration.base(), "board", "demonstration-board")?;
    let answer = board.get(&format!("{}/board", demonstration.base()))?;
    ensure!(answer.status == 200 && !answer.body.contains("shouted at me"), "the board reads comments");

    the_month_is_sent(&demonstration)?;
    demonstration.run(&["verify", "--deep"])?;
    demonstration.run(&["audit", "verify"])?;
    Ok(())
}
