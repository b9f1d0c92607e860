//! A fortnight in the life of a trust, from the bedside to the national month: patients answer alone, a volunteer goes round, somebody asks
//! for help, somebody is angry at a nurse by name, the office lets out what may go out, the ward changes something, the answers of
//! another ward have moved since it did, the board sees that and no noise, its paper and the ward's poster are printed, the public reads
//! what was released, and the month is sent. In the middle of it the power fails.

use std::fs;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _, Zoned};
use serde_json::Value;
use wardvoice_protocol::clock::Clock;
use wardvoice_protocol::contact::{Answer, Comment, Contact, Mode, Outcome};
use wardvoice_protocol::questionnaire::{KindFile, Questionnaire};
use wardvoice_protocol::receipt::Decision;
use wardvoice_protocol::record::{Body, HelpRequest, Need, Record};
use wardvoice_tests::demonstration::Demonstration;
use wardvoice_tests::fleet::Fleet;
use wardvoice_tests::http::Http;
use wardvoice_tests::programs;
use wardvoice_tests::tablet::{Tablet, interview};
use wardvoice_tests::wait::{PATIENCE, until};

const WARD: &str = "ward:W07";
/// A ward of the made-up past where a pharmacist has come round for eight weeks.
const MOVED: &str = "ward:W15";
const ANGRY: &str = "Nurse Placeholder shouted at me when I asked for water.";
/// How many patients answer on the tablets of the trust's wards, and how many a volunteer interviews on W07.
const ALONE: u64 = 40;
const AT_THE_BEDSIDE: u64 = 12;
/// How many patients of the ward that has changed answer in a fortnight, on a tablet that was away from the network: so many are on their
/// way at once, so many times.
const AT_ONCE: usize = 50;
const TIMES: usize = 3;

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

/// Somebody who is content with everything, and has slept there.
fn content(tablet: &Tablet) -> Result<Contact> {
    let mut contact = interview(&tablet.ward, "Nothing.")?;
    let response = contact.response.as_mut().context("an interview has a response")?;
    for question in Questionnaire::inpatient()?.questions() {
        let answer = match (question.id.as_str(), &question.kind) {
            ("noise", _) => question.options.first(),
            ("nights", _) => question.options.get(1),
            (_, KindFile::Comment) => None,
            _ => continue,
        };
        let answer = answer.map_or(Answer::Declined, |option| Answer::Answered(option.id.clone()));
        response.answers.insert(question.id.clone(), answer);
    }
    Ok(contact)
}

/// The control chart of a ward's overall score.
fn chart(demonstration: &Demonstration, unit: &str) -> Result<Value> {
    let charts = demonstration.json(&["signal", "--unit", unit, "--measure", "overall"])?;
    charts.pointer("/0").cloned().with_context(|| format!("no chart of {unit} in {charts}"))
}

/// The last fortnights of a chart that have ended, by their last days; and the value of the last.
fn ended(chart: &Value) -> Result<(Vec<Date>, f64)> {
    let points = chart.get("points").and_then(Value::as_array).context("a chart has points")?;
    let day = |point: &Value| point.get("last_day").and_then(Value::as_str).and_then(|day| day.parse().ok());
    let days = points.iter().rev().take(3).map(day).collect::<Option<Vec<Date>>>();
    let value = points.last().and_then(|point| point.pointer("/figure/value")).and_then(Value::as_f64);
    Ok((days.context("a point has no day")?, value.context("nobody answered in the last fortnight")?))
}

/// A tablet of the ward that has changed comes back to the network after weeks, with everything that it was told meanwhile.
fn comes_back(port: u16, days: &[Date]) -> Result<()> {
    let mut tablet = Tablet::introduce("sim-away", Some("W15"), port, 78)?;
    let mut client = tablet.connect(port)?;
    let topic = tablet.records();
    // The oldest first, as it was kept.
    for day in days.iter().rev() {
        let noon = day.at(12, 0, 0, 0).to_zoned(TimeZone::get("Europe/London")?)?.timestamp();
        for _ in 0..TIMES {
            for _ in 0..AT_ONCE {
                let body = Body::Contact(content(&tablet)?);
                let envelope = tablet.seal(&Record { clock: Clock::new(noon, None), body })?;
                client.publish(&topic, &envelope.to_json())?;
            }
            let verdicts = tablet.verdicts(&mut client, AT_ONCE, PATIENCE)?;
            let stored = verdicts.iter().filter(|verdict| verdict.decision == Decision::Accepted).count();
            ensure!(stored == AT_ONCE, "{stored} of {AT_ONCE} of {day} are stored: {verdicts:?}");
        }
    }
    client.disconnect()
}

/// What has changed on a ward shows on its chart, in the effect of what it did, and to the board; nothing else does.
fn what_has_moved_is_a_signal(demonstration: &Demonstration, board: &Http) -> Result<()> {
    let before = chart(demonstration, MOVED)?;
    let (days, was) = ended(&before)?;
    comes_back(demonstration.broker_port()?, &days)?;
    let after = chart(demonstration, MOVED)?;
    let (same, is) = ended(&after)?;
    ensure!(same == days && is > was + 1.0, "{was} became {is}");
    let variation = after.get("variation").and_then(Value::as_str).unwrap_or_default();
    let is_signal = after.get("finding").and_then(Value::as_str) == Some("signal");
    ensure!(is_signal && variation.starts_with("improvement"), "it is no signal: {after}");
    let actions = demonstration.json(&["action", "list", "--ward", "W15"])?;
    let effect = actions
        .as_array()
        .and_then(|all| all.iter().find_map(|action| action.get("effect").filter(|effect| effect.is_object())));
    let effect = effect.with_context(|| format!("what was done came to nothing that is said: {actions}"))?;
    ensure!(
        number(effect, "/after/figure/n")? >= (3 * TIMES * AT_ONCE) as u64,
        "not everybody after it is counted: {effect}"
    );
    let page = board.get(&format!("{}/signal?unit={MOVED}&measure=overall", demonstration.base()))?;
    let said = after.get("words").and_then(Value::as_str).context("a finding has words")?;
    ensure!(page.status == 200 && page.body.contains(said), "the board is not told {said:?}: {}", page.body);
    Ok(())
}

/// The board's paper and the poster of the ward, as the program prints them that has a workspace of its own.
fn what_is_printed(demonstration: &Demonstration) -> Result<()> {
    programs::report()?;
    let folder = demonstration.folder();
    for (name, arguments) in [
        ("board", &["board"][..]),
        ("poster", &["poster", "--ward", "W15", "--language", "pl", "--size", "a4"][..]),
    ] {
        let out = folder.join(format!("{name}.pdf"));
        let out = out.to_str().context("the folder has no plain name")?;
        demonstration.run(&[&["report"][..], arguments, &["--out", out]].concat())?;
        ensure!(fs::read(out)?.starts_with(b"%PDF-"), "the {name} is no PDF");
    }
    Ok(())
}

/// What everybody may read: the ward's change and figures, and not a word of what was written in anger.
fn what_the_public_reads(demonstration: &Demonstration) -> Result<()> {
    demonstration.run(&["release", "make"])?;
    let folder = demonstration.folder().join("www");
    let out = folder.to_str().context("the folder has no plain name")?;
    demonstration.run(&["publish", "--out", out])?;
    let site = folder.join("site");
    let page = fs::read_to_string(site.join("ward-W15.html"))?;
    ensure!(page.contains("a pharmacist comes round") && page.contains("people answered"), "{page}");
    for file in fs::read_dir(&site)? {
        let text = fs::read(file?.path())?;
        ensure!(!String::from_utf8_lossy(&text).contains("shouted at me"), "the public reads what staff may");
    }
    Ok(())
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

/// Who is asked for help says on the ward's page that it was seen, with the form that stands there.
fn goes_to_help(demonstration: &Demonstration, sister: &Http, page: &str) -> Result<()> {
    let shown = sister.get(page)?.body;
    ensure!(shown.contains("Somebody asks for help"), "the request is not on the page");
    let record = shown.split("name=\"record\" value=\"").nth(1).and_then(|rest| rest.split('"').next());
    let record = record.context("the request has no form")?;
    let answer = sister.post_form(demonstration.base(), "/ward/W07/help/seen", &format!("record={record}"))?;
    ensure!(answer.status == 303, "it answered {}: {}", answer.status, answer.body);
    ensure!(!sister.get(page)?.body.contains("Somebody asks for help"), "what was seen is still there");
    ensure!(!demonstration.run(&["help", "list", "--json"])?.contains(record), "what was seen is still listed");
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
    ensure!(sent.lines().count() == 27, "a line of names and one of every ward: {sent}");
    let sheet = demonstration.json(&["scores", "--period", &days, "--unit", "trust:DEMO"])?;
    let counted = number(&sheet, "/friends_and_family/counts/very_good")?;
    ensure!(counted > 0, "nobody has answered in the month: {sheet}");
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
    goes_to_help(&demonstration, &sister, &page)?;

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

    // The board: every measure has its sentence with its n, and where nothing happened there is no signal.
    let said = demonstration.run(&["signal", "--unit", WARD, "--measure", "domain:kindness"])?;
    ensure!(said.starts_with("Kindness: ") && said.contains(" n "), "{said}");
    let quiet = demonstration.run(&["signal", "--unit", "ward:W12", "--measure", "domain:kindness"])?;
    ensure!(quiet.contains("no signal"), "nothing happened on W12: {quiet}");
    let mut board = Http::new()?;
    board.sign_in(demonstration.base(), "board", "demonstration-board")?;
    let answer = board.get(&format!("{}/board", demonstration.base()))?;
    ensure!(answer.status == 200 && !answer.body.contains("shouted at me"), "the board reads comments");
    ensure!(!answer.body.contains("No targets are set"), "a demonstration shows whether targets will be met");
    what_has_moved_is_a_signal(&demonstration, &board)?;
    what_is_printed(&demonstration)?;
    what_the_public_reads(&demonstration)?;

    the_month_is_sent(&demonstration)?;
    demonstration.run(&["verify", "--deep"])?;
    demonstration.run(&["audit", "verify"])?;
    Ok(())
}
