//! The pages over a real listener.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that panics is a test that fails")]

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use jiff::SignedDuration;
use jiff::civil::Date;
use serde_json::Value;

use super::live::tests::{Seen, count, led_on, seen};
use desk::{Bench, PASSWORD, noon};

mod accounts;
mod actions;
mod alerts;
mod any_bytes;
mod beside;
mod branding;
mod comments;
mod consultants;
mod described;
mod desk;
mod display;
mod help;
mod hostile;
mod kept;
mod links;
mod lists;
mod monitor;
mod noted;
mod office;
mod open_pages;
#[cfg(feature = "openid")]
mod openid;
#[cfg(feature = "openid")]
mod provider;
mod publish;
mod reports;
mod routes;
mod sign_in;
mod sites;
mod tables;
mod trail;
mod units;

/// The part of a page that its content is in, without the versions of assets.
fn main_of(page: &str) -> &str {
    let start = page.find("<main").unwrap();
    &page[start..page.find("</main>").unwrap()]
}

#[tokio::test]
async fn a_ward_sees_its_fortnight_with_n_interval_plan_and_domains() {
    let bench = Bench::lively(true).await;
    let page = bench.text("/ward/W1").await;
    for said in [
        "Ward 1",
        "Fortnight 23 of 2026",
        "9 to 22 November 2026",
        "Provisional",
        "this fortnight",
        "95% interval",
        "read aloud",
        "Kindness",
        "Friends and family test",
        "What is not shown here",
        "Every patient, answer and ward here is made up",
    ] {
        assert!(page.contains(said), "{said}");
    }
    assert!(!page.contains("NaN"));
    assert!(!page.contains("style="), "the policy forbids inline styles");
    assert_eq!(page.matches("<script").count(), 1, "our own script and no other");
    insta::assert_snapshot!("ward_page", main_of(&page).replace('>', ">\n"));
}

#[tokio::test]
async fn a_ward_without_answers_says_so_and_shows_no_number() {
    let bench = Bench::lively(true).await;
    let page = bench.text("/ward/W3").await;
    assert!(page.contains("No answers yet"));
    assert!(page.contains("This ward is silent"));
    assert!(page.contains("No kiosk stands on it"));
    assert!(page.contains("No score"));
    assert!(!page.contains("0.0"));
    insta::assert_snapshot!("ward_page_empty", main_of(&page).replace('>', ">\n"));
}

#[tokio::test]
async fn a_silent_ward_is_said_to_be_silent() {
    let bench = Bench::lively(true).await;
    let list = bench.text("/").await;
    assert_eq!(list.matches("tag silent\">Silent").count(), 2);
    assert!(list.contains("2 silent"));
    assert!(!list.to_lowercase().contains("rank 1"));
    let page = bench.text("/ward/W2").await;
    assert!(page.contains("This ward is silent"));
    assert!(page.contains("0 of 1 kiosk is connected"));
}

#[tokio::test]
async fn a_period_can_be_chosen_without_a_script() {
    let bench = Bench::lively(true).await;
    let page = bench.text("/ward/W1?period=2026-F20").await;
    assert!(page.contains("Fortnight 20 of 2026"));
    assert!(page.contains("tag final"));
    assert!(page.contains("data-stream=\"/ward/W1/stream?period=2026-F20\""));
    assert!(bench.text("/ward/W1?period=2026-10").await.contains("October 2026"));
    assert!(bench.text("/ward/W1?period=2026-H2").await.contains("July to December 2026"));
    for (period, status) in [("2027-F02", 404), ("yesterday", 400), ("2026-F99", 400)] {
        let response = bench.get(&format!("/ward/W1?period={period}")).send().await.unwrap();
        assert_eq!(response.status(), status, "{period}");
    }
}

#[tokio::test]
async fn what_is_not_there_is_said_in_plain_english() {
    let bench = Bench::lively(true).await;
    for path in ["/ward/W99", "/ward/%3Cscript%3E", "/nothing", "/assets/x/y.css"] {
        let response = bench.get(path).send().await.unwrap();
        assert_eq!(response.status(), 404, "{path}");
        let page = response.text().await.unwrap();
        assert!(page.contains("There is no such"), "{path}");
        assert!(!page.contains("<script>"), "{path}");
    }
    let response = bench.get("/api/v1/nothing").send().await.unwrap();
    assert_eq!(response.status(), 404);
    assert_eq!(response.headers()["content-type"], "application/problem+json");
    assert_eq!(response.json::<Value>().await.unwrap()["status"], 404);
    let response = bench.post("/ward/W1", "").send().await.unwrap();
    assert_eq!(response.status(), 405);
}

#[tokio::test]
async fn nothing_from_elsewhere_may_run_or_load() {
    let bench = Bench::lively(true).await;
    let page = bench.get("/ward/W1").send().await.unwrap();
    let headers = page.headers();
    let policy = headers["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none'"));
    assert!(!policy.contains("unsafe"));
    assert_eq!(headers["x-content-type-options"], "nosniff");
    assert_eq!(headers["cache-control"], "private, no-store");
    let page = page.text().await.unwrap();
    assert!(!page.contains("http://") && !page.contains("https://"), "no address of elsewhere");
    let start = page.find("/assets/").unwrap();
    let asset: String = page[start..].chars().take_while(|letter| *letter != '"').collect();
    let folder = asset.rsplit_once('/').unwrap().0;
    let style = bench.text(&format!("{folder}/style.css")).await;
    let letters: Vec<&str> = style.split("url(\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    assert_eq!(letters.len(), 4, "{letters:?}");
    for name in letters.iter().chain(&["letters-licence.txt", asset.rsplit('/').next().unwrap()]) {
        let asset = bench.get(&format!("{folder}/{name}")).send().await.unwrap();
        assert_eq!(asset.status(), 200, "{name}");
        assert!(asset.headers()["cache-control"].to_str().unwrap().contains("immutable"), "{name}");
        let kind = asset.headers()["content-type"].to_str().unwrap();
        assert_eq!(name.contains("woff2"), kind == "font/woff2", "{name} is {kind}");
    }
}

#[tokio::test]
async fn whoever_was_here_over_tls_does_not_come_in_the_clear_again() {
    let bench = Bench::empty(true).await;
    let pages = super::over_tls(super::router(std::sync::Arc::clone(&bench.desk)));
    let address = desk::serve_pages(&bench.desk, pages).await;
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    for path in ["/healthz", "/ward/W1", "/sign-in", "/nothing", "/api/v1/nothing"] {
        let of = async |base: &str| {
            let answer = client.get(format!("{base}{path}")).send().await.unwrap();
            answer.headers().get("strict-transport-security").cloned()
        };
        let said = of(&format!("http://{address}")).await.unwrap();
        assert_eq!(said, "max-age=31536000", "{path}");
        // In the clear, on this machine or behind a proxy, it is not ours to say.
        assert_eq!(of(&format!("http://{}", bench.address)).await, None, "{path}");
    }
}

/// Reads a stream until the next whole event, and keeps what a page would show.
struct Events {
    body: std::pin::Pin<Box<dyn futures_util::Stream<Item = Vec<u8>>>>,
    read: String,
    shown: Vec<Seen>,
}

impl Events {
    async fn open(bench: &Bench, path: &str) -> Self {
        Self::open_as(bench, path, None).await
    }

    /// The stream as whoever has this cookie is sent it.
    async fn open_as(bench: &Bench, path: &str, cookie: Option<&str>) -> Self {
        let response = bench.get(path).header("cookie", cookie.unwrap_or_default()).send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        assert!(response.headers().get("content-encoding").is_none());
        let body = response.bytes_stream().map(|part| part.map(|bytes| bytes.to_vec()).unwrap_or_default());
        Self { body: Box::pin(body), read: String::new(), shown: Vec::new() }
    }

    /// A page that has been loaded goes on from what it shows.
    async fn of_page(bench: &Bench, address: &str) -> Self {
        Self::of_page_as(bench, address, None).await
    }

    async fn of_page_as(bench: &Bench, address: &str, cookie: Option<&str>) -> Self {
        let page = seen_as(bench, address, cookie).await;
        let have = version_of(&page);
        let stream = address
            .split_once('?')
            .map_or_else(|| format!("{address}/stream?"), |(path, query)| format!("{path}/stream?{query}&"));
        let events = Self::open_as(bench, &format!("{stream}have={have}"), cookie).await;
        Self { shown: seen(live_part(&page)), ..events }
    }

    /// The next message; `None` when the stream has ended.
    async fn next(&mut self) -> Option<Value> {
        let deadline = Duration::from_secs(20);
        loop {
            if let Some((event, rest)) = self.read.split_once("\n\n") {
                let (event, rest) = (event.to_owned(), rest.to_owned());
                self.read = rest;
                let data = event.lines().find_map(|line| line.strip_prefix("data: ").map(str::to_owned));
                if let Some(data) = data {
                    let message: Value = serde_json::from_str(&data).unwrap();
                    self.show(&message);
                    return Some(message);
                }
                continue;
            }
            let part = tokio::time::timeout(deadline, self.body.next()).await.unwrap()?;
            self.read.push_str(std::str::from_utf8(&part).unwrap());
        }
    }

    /// The next event as it stands on the wire; `None` when the stream has ended.
    async fn word(&mut self) -> Option<String> {
        loop {
            if let Some((event, rest)) = self.read.split_once("\n\n") {
                let (event, rest) = (event.to_owned(), rest.to_owned());
                self.read = rest;
                return Some(event);
            }
            let part = tokio::time::timeout(Duration::from_secs(20), self.body.next()).await.unwrap()?;
            self.read.push_str(std::str::from_utf8(&part).unwrap());
        }
    }

    fn show(&mut self, message: &Value) {
        if let Some(html) = message["html"].as_str() {
            self.shown = seen(html);
        } else {
            self.shown = led_on(std::mem::take(&mut self.shown), &message["changes"]);
            assert_eq!(count(&self.shown), message["size"].as_u64().unwrap());
        }
    }
}

/// A page as whoever has this cookie sees it; it must be there.
async fn seen_as(bench: &Bench, address: &str, cookie: Option<&str>) -> String {
    let response = bench.get(address).header("cookie", cookie.unwrap_or_default()).send().await.unwrap();
    assert_eq!(response.status(), 200, "{address}");
    response.text().await.unwrap()
}

/// The version of the fragment in a page.
fn version_of(page: &str) -> String {
    let (_, rest) = page.split_once("data-version=\"").unwrap();
    rest.split_once('"').unwrap().0.to_owned()
}

/// The part of a page that changes.
fn live_part(page: &str) -> &str {
    let (_, rest) = page.split_once("data-version=\"").unwrap();
    let (_, rest) = rest.split_once('>').unwrap();
    rest.split_once("</div><p class=\"hidden\" id=\"live-said\"").unwrap().0
}

#[tokio::test]
async fn an_open_page_gets_each_change_and_a_returning_one_what_it_missed() {
    let bench = Bench::lively(true).await;
    let today = Date::constant(2026, 11, 20);
    let mut events = Events::open(&bench, "/ward/W1/stream").await;
    let first = events.next().await.unwrap();
    assert!(first["html"].as_str().unwrap().contains("31 of "), "{first}");
    bench.answers("W1", today, 90);
    bench.commit("W1");
    let second = events.next().await.unwrap();
    assert_eq!(first["version"], second["from"]);
    assert!(second["said"].as_str().unwrap().contains("from 32 people"));
    assert_eq!(bench.desk.metrics.open_streams(), 1);
    // What is on the page is what a reload would show.
    let page = bench.text("/ward/W1").await;
    assert_eq!(events.shown, seen(live_part(&page)));
    assert_eq!(second["version"], version_of(&page));
    // Somebody else's change is no news here; a page that has the present fragment is sent nothing until the next.
    let mut again = Events::of_page(&bench, "/ward/W1").await;
    bench.answers("W2", today, 90);
    bench.commit("W2");
    bench.answers("W1", today, 90);
    bench.commit("W1");
    let third = again.next().await.unwrap();
    assert_eq!(third["from"], second["version"]);
    assert_eq!(events.next().await.unwrap(), third);
    assert_eq!(events.shown, again.shown);
    // One that was away for a while is led on in steps, one that has something else gets the whole.
    let mut away =
        Events::open(&bench, &format!("/ward/W1/stream?have={}", second["from"].as_str().unwrap())).await;
    away.shown = seen(first["html"].as_str().unwrap());
    assert_eq!((away.next().await.unwrap(), away.next().await.unwrap()), (second, third));
    assert_eq!(away.shown, events.shown);
    let mut stranger = Events::open(&bench, "/ward/W1/stream?have=0123456789abcdef").await;
    assert!(stranger.next().await.unwrap()["html"].is_string());
    assert_eq!(stranger.shown, events.shown);
}

#[tokio::test]
async fn a_burst_is_one_or_two_fragments_and_the_last_holds_everything() {
    let bench = Bench::lively(true).await;
    let mut events = Events::open(&bench, "/ward/W1/stream").await;
    events.next().await.unwrap();
    for _ in 0..200 {
        bench.answers("W1", Date::constant(2026, 11, 20), 90);
        bench.commit("W1");
    }
    let mut fragments = 0;
    loop {
        fragments += 1;
        let message = events.next().await.unwrap();
        if message["said"].as_str().unwrap().contains("from 231 people") {
            break;
        }
    }
    assert!(fragments <= 10, "{fragments} fragments for one burst");
}

/// A page rests nine times as long as it took to draw at most: so a change that comes in the middle of the rest is there after ten times that.
#[tokio::test]
async fn a_change_is_on_its_way_within_a_blink() {
    let bench = Bench::lively(true).await;
    let mut events = Events::open(&bench, "/ward/W1/stream").await;
    events.next().await.unwrap();
    let (mut drawing, mut waiting) = (Duration::ZERO, Duration::ZERO);
    for round in 0..20 {
        bench.answers("W1", Date::constant(2026, 11, 20), 50 + round);
        let begun = Instant::now();
        bench.get("/ward/W1").send().await.unwrap().text().await.unwrap();
        drawing += begun.elapsed();
        let sent = Instant::now();
        bench.commit("W1");
        events.next().await.unwrap();
        waiting += sent.elapsed();
    }
    assert!(waiting < drawing * 30, "waiting took {waiting:?}, drawing {drawing:?}");
}

#[tokio::test]
async fn open_streams_end_when_the_server_stops() {
    let bench = Bench::lively(true).await;
    let mut events = Events::open(&bench, "/ward/W1/stream").await;
    events.next().await.unwrap();
    bench.desk.stopping.cancel();
    assert!(events.next().await.is_none());
}

#[tokio::test]
async fn outside_a_demonstration_everything_asks_who_is_looking() {
    let bench = Bench::lively(false).await;
    for path in ["/", "/ward/W1", "/office"] {
        let response = bench.get(path).send().await.unwrap();
        assert_eq!(response.status(), 303, "{path}");
        assert!(response.headers()["location"].to_str().unwrap().starts_with("/sign-in?next=/"));
    }
    for path in ["/api/v1/wards", "/api/v1/scores?unit=ward:W1", "/api/v1/quarantine", "/ward/W1/stream"] {
        let response = bench.get(path).send().await.unwrap();
        assert_eq!(response.status(), 401, "{path}");
    }
    for path in ["/healthz", "/readyz", "/metrics", "/sign-in"] {
        bench.text(path).await;
    }
    let cookie = bench.sign_in().await;
    for path in ["/", "/ward/W1", "/office", "/api/v1/fleet", "/api/v1/scores?unit=ward:W1"] {
        let response = bench.get(path).header("cookie", &cookie).send().await.unwrap();
        assert_eq!(response.status(), 200, "{path}");
        let text = response.text().await.unwrap();
        assert!(!text.contains("Demonstration."), "{path}");
    }
    let response = bench.get("/api/v1/fleet").basic_auth("office", Some(PASSWORD)).send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(bench.get("/office").basic_auth("office", Some(PASSWORD)).send().await.unwrap().status(), 303);
}

#[tokio::test]
async fn in_a_demonstration_reading_is_open_and_the_office_is_not() {
    let bench = Bench::lively(true).await;
    assert_eq!(bench.get("/office").send().await.unwrap().status(), 303);
    assert_eq!(bench.get("/api/v1/fleet").send().await.unwrap().status(), 401);
    bench.text("/api/v1/scores?unit=ward:W1").await;
}

#[tokio::test]
async fn sessions_slide_end_and_can_be_left() {
    let bench = Bench::lively(false).await;
    let cookie = bench.sign_in().await;
    let status = async |cookie: &str| bench.get("/office").header("cookie", cookie).send().await.unwrap().status();
    assert_eq!(status(&cookie).await, 200);
    *bench.now.lock().unwrap() = noon() + SignedDuration::from_mins(31);
    assert_eq!(status(&cookie).await, 303, "idle for too long");
    let cookie = bench.sign_in().await;
    assert_eq!(status(&cookie).await, 200);
    let left = bench.post("/sign-out", "").header("cookie", &cookie).send().await.unwrap();
    assert_eq!(left.status(), 303);
    assert!(left.headers()["set-cookie"].to_str().unwrap().contains("Max-Age=0"));
    assert_eq!(status(&cookie).await, 303);
}

#[tokio::test]
async fn wrong_passwords_are_refused_and_then_slowed_down() {
    let bench = Bench::lively(false).await;
    for _ in 0..5 {
        let response = bench.post("/sign-in", "name=office&password=guess").send().await.unwrap();
        assert_eq!(response.status(), 422);
        assert!(response.headers().get("set-cookie").is_none());
        assert!(response.text().await.unwrap().contains("do not belong together"));
    }
    let response = bench.post("/sign-in", "name=office&password=guess").send().await.unwrap();
    assert_eq!(response.status(), 429);
    assert_eq!(response.headers()["retry-after"], "1");
    assert!(response.text().await.unwrap().contains("Wait 1 second "));
    *bench.now.lock().unwrap() = noon() + SignedDuration::from_secs(1);
    bench.sign_in().await;
}

#[tokio::test]
async fn another_site_cannot_act_for_the_office() {
    let bench = Bench::lively(false).await;
    let cookie = bench.sign_in().await;
    let request = bench.post("/office/quarantine/replay", "").header("cookie", &cookie);
    let request = request.try_clone().unwrap().header("origin", "http://evil.example");
    let mut request = request.build().unwrap();
    request.headers_mut().insert("sec-fetch-site", "cross-site".parse().unwrap());
    let response = reqwest::Client::new().execute(request).await.unwrap();
    assert_eq!(response.status(), 403);
    assert!(bench.replayed.lock().unwrap().is_empty());
    assert!(response.text().await.unwrap().contains("another site"));
}

#[tokio::test]
async fn the_api_gives_scores_with_n_and_clear_problems() {
    let bench = Bench::lively(true).await;
    let json = async |path: &str| bench.get(path).send().await.unwrap().json::<Value>().await.unwrap();
    let sheet = json("/api/v1/scores?unit=ward:W1&period=2026-F23").await;
    assert_eq!(sheet["period"], "2026-F23");
    assert_eq!(sheet["overall"]["n"], 31);
    assert_eq!(sheet["responses"], 31);
    let wards = json("/api/v1/wards").await;
    assert_eq!(wards.as_array().unwrap().len(), 3);
    assert_eq!(wards[1]["silent"], true);
    assert_eq!(wards[2]["overall"]["value"], Value::Null);
    assert_eq!(json("/api/v1/periods").await[0]["period"], "2026-F23");
    for (path, status, says) in [
        ("/api/v1/scores", 400, "unit"),
        ("/api/v1/scores?unit=W1", 400, "ward:"),
        ("/api/v1/scores?unit=ward:W99", 404, "ward:W99"),
        ("/api/v1/scores?unit=consultant:C1", 403, "consultant"),
        ("/api/v1/scores?unit=ward:W1&period=soon", 400, "2026-F23"),
        ("/api/v1/scores?unit=ward:W1&period=2030-F01", 404, "begins"),
    ] {
        let response = bench.get(path).send().await.unwrap();
        assert_eq!(response.status(), status, "{path}");
        assert_eq!(response.headers()["content-type"], "application/problem+json", "{path}");
        let problem: Value = response.json().await.unwrap();
        assert_eq!(problem["status"], status, "{path}");
        assert!(problem["detail"].as_str().unwrap().contains(says), "{path}: {problem}");
    }
}

#[tokio::test]
async fn the_api_is_described_for_machines_and_for_people() {
    let bench = Bench::lively(true).await;
    let description: Value = bench.get("/api/v1/openapi.json").send().await.unwrap().json().await.unwrap();
    assert!(description["openapi"].as_str().unwrap().starts_with("3.1"));
    let page = bench.text("/api/v1/docs").await;
    for path in description["paths"].as_object().unwrap().keys() {
        assert!(page.contains(path.as_str()), "{path}");
    }
    for name in description["components"]["schemas"].as_object().unwrap().keys() {
        assert!(page.contains(&format!("id=\"{name}\"")), "{name}");
    }
    // Every reference leads somewhere.
    let text = description.to_string();
    for reference in text.split("#/components/schemas/").skip(1) {
        let name: String = reference.chars().take_while(|letter| *letter != '"').collect();
        assert!(description["components"]["schemas"].get(&name).is_some(), "{name}");
    }
}

#[tokio::test]
async fn health_and_metrics_say_how_it_is() {
    let bench = Bench::lively(false).await;
    let health: Value = bench.get("/healthz").send().await.unwrap().json().await.unwrap();
    assert_eq!(health["status"], "ok");
    let text = bench.text("/metrics").await;
    assert!(text.contains("wardvoice_kiosks_connected 1"), "{text}");
    assert!(text.contains("wardvoice_ready 1") && text.contains("wardvoice_broker_connected 1"), "{text}");
    assert!(text.ends_with("# EOF\n"));
}

#[tokio::test]
async fn metrics_say_how_old_the_last_backup_is_and_whether_the_clock_is_doubted() {
    let bench = Bench::empty(false).await;
    let says = async |line: &str| {
        let text = bench.text("/metrics").await;
        assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
    };
    says("wardvoice_backup_age_seconds 0").await;
    says("wardvoice_clock_doubted 0").await;
    bench.desk.last_backup.note(noon() - SignedDuration::from_hours(30));
    bench.desk.clock_doubt.set(Some("the clock has jumped".to_owned()));
    says("wardvoice_backup_age_seconds 108000").await;
    says("wardvoice_clock_doubted 1").await;
    bench.desk.clock_doubt.set(None);
    bench.desk.last_backup.note(noon() + SignedDuration::from_hours(30));
    says("wardvoice_backup_age_seconds 0").await;
    says("wardvoice_clock_doubted 0").await;
}

#[tokio::test]
async fn ready_is_more_than_well() {
    let bench = Bench::lively(false).await;
    let ask = async |path: &str| {
        let response = bench.get(path).send().await.unwrap();
        (response.status().as_u16(), response.json::<Value>().await.unwrap())
    };
    let (code, said) = ask("/readyz").await;
    assert_eq!((code, said["status"].as_str()), (200, Some("ready")), "{said}");
    bench.broker.store(false, Ordering::Relaxed);
    let (code, said) = ask("/readyz").await;
    assert_eq!((code, said["status"].as_str()), (503, Some("unready")), "{said}");
    assert_eq!((said["broker_connected"].as_bool(), said["log_open"].as_bool()), (Some(false), Some(true)));
    assert_eq!(ask("/healthz").await.0, 200, "starting it again would bring no broker back");
    let text = bench.text("/metrics").await;
    assert!(text.contains("wardvoice_kiosks_silent 2") && text.contains("wardvoice_data_free_bytes 1"), "{text}");
    assert!(text.contains("wardvoice_ready 0") && text.contains("wardvoice_broker_connected 0"), "{text}");

    bench.broker.store(true, Ordering::Relaxed);
    assert_eq!(ask("/readyz").await.0, 200);
    bench.free_bytes.store(1_000_000, Ordering::Relaxed);
    let (code, said) = ask("/readyz").await;
    assert_eq!((code, said["has_room"].as_bool(), said["log_open"].as_bool()), (503, Some(false), Some(true)));
    assert_eq!(ask("/healthz").await.0, 200, "starting it again would make no room");
    let text = bench.text("/metrics").await;
    assert!(text.contains("wardvoice_ready 0") && text.contains("wardvoice_data_free_bytes 1000000"), "{text}");
}
