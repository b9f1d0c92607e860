//! Open pages of more than one ward: units, the board, the office and the fleet keep themselves true as a ward's page does.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::DeflateEncoder;

use super::*;
use crate::accounts::Proof;

/// Pages of several wards, and of one measure, that anybody may open in a demonstration.
const PAGES: [&str; 9] = [
    "/trust",
    "/site/S1",
    "/department/medicine",
    "/specialty/general-medicine",
    "/board",
    "/trust?period=2026-H2&measure=domain:kindness",
    "/board?measure=friends_and_family",
    "/signal?unit=ward:W1&measure=domain:kindness",
    "/signal?unit=trust:T1",
];

/// A Friday in the fortnight that runs.
const TODAY: Date = Date::constant(2026, 11, 20);

/// How long a message is on the wire.
fn packed(message: &Value) -> usize {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(message.to_string().as_bytes()).unwrap();
    encoder.finish().unwrap().len()
}

async fn account(bench: &Bench, name: &str, role: &str) -> String {
    bench.desk.accounts.add(&name.parse().unwrap(), Proof::Chosen(PASSWORD), &[role.parse().unwrap()]).unwrap();
    bench.sign_in_as(name).await
}

/// Whether a browser makes of a fragment the nodes that we take it for: what it would close, move or drop by itself is not there.
fn is_read_as_written(nodes: &[Seen], inside: &[&str]) -> bool {
    const BLOCKS: [&str; 14] = [
        "p",
        "div",
        "ul",
        "ol",
        "dl",
        "table",
        "section",
        "form",
        "details",
        "blockquote",
        "h2",
        "h3",
        "h4",
        "aside",
    ];
    nodes.iter().all(|node| {
        let Seen::Element(name, _, children) = node else { return true };
        let (name, parent) = (name.as_str(), inside.last().copied().unwrap_or_default());
        let stands = match name {
            "tr" => ["thead", "tbody", "tfoot"].contains(&parent),
            "td" | "th" => parent == "tr",
            "li" => ["ul", "ol"].contains(&parent),
            "a" | "form" | "button" => !inside.contains(&name),
            _ => true,
        };
        let closes = BLOCKS.contains(&name) && inside.contains(&"p");
        let within: Vec<&str> = inside.iter().copied().chain([name]).collect();
        stands && !closes && is_read_as_written(children, &within)
    })
}

#[tokio::test]
async fn pages_of_several_wards_are_led_on_to_what_a_reload_shows() {
    let bench = Bench::lively(true).await;
    let mut sizes = Vec::new();
    for page in PAGES {
        let mut events = Events::of_page(&bench, page).await;
        assert!(is_read_as_written(&events.shown, &[]), "{page}");
        bench.answers("W1", TODAY, 90);
        bench.commit("W1");
        let message = events.next().await.unwrap();
        assert!(message["changes"].is_array(), "{page}: a step, and not the whole");
        sizes.push((page, packed(&message)));
        let reloaded = bench.text(page).await;
        assert_eq!(message["version"], version_of(&reloaded), "{page}");
        assert_eq!(events.shown, seen(live_part(&reloaded)), "{page}");
        assert!(message["said"].as_str().unwrap().starts_with("Updated: "), "{page}: {message}");
    }
    assert!(sizes.iter().all(|(_, bytes)| *bytes < 2_048), "an update is a kilobyte or two: {sizes:?}");
}

#[tokio::test]
async fn what_one_who_was_away_has_missed_is_sent_and_other_wards_are_no_news() {
    let bench = Bench::lively(true).await;
    let mut events = Events::of_page(&bench, "/department/medicine").await;
    // Ward 2 is of another department: what comes of it is not drawn, and the next step is of ward 1.
    bench.answers("W2", TODAY, 90);
    bench.commit("W2");
    bench.answers("W1", TODAY, 90);
    bench.commit("W1");
    let step = events.next().await.unwrap();
    assert!(step["said"].as_str().unwrap().contains("from 32 people"), "{step}");
    let mut stranger = Events::open(&bench, "/department/medicine/stream?have=0123456789abcdef").await;
    assert!(stranger.next().await.unwrap()["html"].is_string());
    assert_eq!(stranger.shown, events.shown);
}

#[tokio::test]
async fn whoever_may_say_that_help_is_seen_has_a_stream_of_their_own() {
    let bench = Bench::lively(false).await;
    let (board, office) = (account(&bench, "board", "board").await, bench.sign_in().await);
    let mut looks = Events::of_page_as(&bench, "/trust", Some(&board)).await;
    let mut helps = Events::of_page_as(&bench, "/trust", Some(&office)).await;
    bench.asks_for_help("W1", 4);
    let (looked, helped) = (looks.next().await.unwrap(), helps.next().await.unwrap());
    for message in [&looked, &helped] {
        assert_eq!(message["said"], "1 person asks for help.");
    }
    assert!(looked.to_string().contains("Not seen yet") && !looked.to_string().contains("/help/seen"), "{looked}");
    assert!(helped.to_string().contains("/ward/W1/help/seen"), "{helped}");
    assert!(is_read_as_written(&helps.shown, &[]));
}

#[tokio::test]
async fn the_office_and_the_fleet_see_what_comes_and_who_falls_silent() {
    let mut bench = Bench::lively(false).await;
    let cookie = bench.sign_in().await;
    let mut office = Events::of_page_as(&bench, "/office", Some(&cookie)).await;
    let mut fleet = Events::of_page_as(&bench, "/fleet", Some(&cookie)).await;
    assert!(is_read_as_written(&office.shown, &[]) && is_read_as_written(&fleet.shown, &[]));
    bench.writes("W1", "2026-11-20T11:15:00Z", Some(("good", "They explained it.")));
    bench.online("k-3", 70);
    bench.commit("W1");
    let (written, heard) = (office.next().await.unwrap(), fleet.next().await.unwrap());
    assert!(written["said"].as_str().unwrap().ends_with("stored, 2 of 3 kiosks silent."), "{written}");
    assert!(written.to_string().contains("1 comment waits"), "{written}");
    assert_eq!(heard["said"], "Updated: 3 kiosks, 2 silent, 1 to look at.");
    for (events, page) in [(&office, "/office"), (&fleet, "/fleet")] {
        let reloaded = seen_as(&bench, page, Some(&cookie)).await;
        assert_eq!(events.shown, seen(live_part(&reloaded)), "{page}");
    }
    // Time passes without a record; the session goes on, because pages are opened meanwhile.
    for step in 1..=4 {
        *bench.now.lock().unwrap() = noon() + SignedDuration::from_mins(25 * step);
        seen_as(&bench, "/office", Some(&cookie)).await;
    }
    bench.commit("W2");
    let later = fleet.next().await.unwrap();
    assert!(later["changes"].to_string().contains("today"), "{later}");
}

#[tokio::test]
async fn an_administrator_who_looks_on_is_sent_no_figures() {
    let mut bench = Bench::lively(false).await;
    let runs = account(&bench, "machine", "administrator").await;
    let mut events = Events::of_page_as(&bench, "/office", Some(&runs)).await;
    let before = format!("{:?}", events.shown);
    assert!(!before.contains("comment") && !before.contains("How answers were gathered"), "{before}");
    bench.writes("W1", "2026-11-20T11:15:00Z", Some(("good", "They explained it.")));
    bench.commit("W1");
    events.next().await.unwrap();
    assert!(!format!("{:?}", events.shown).contains("omment"));
}

#[tokio::test]
async fn open_pages_end_with_the_role_they_were_opened_in() {
    let bench = Bench::lively(false).await;
    let board = account(&bench, "board", "board").await;
    let mut streams = Vec::new();
    for path in ["/trust/stream", "/board/stream", "/site/S1/stream"] {
        let mut events = Events::open_as(&bench, path, Some(&board)).await;
        events.next().await.unwrap();
        streams.push(events);
    }
    bench.desk.accounts.set_roles(&"board".parse().unwrap(), &["ward:W1".parse().unwrap()]).unwrap();
    for events in &mut streams {
        assert_eq!(events.word().await.as_deref(), Some("event: gone\ndata: gone"));
        assert_eq!(events.word().await, None);
    }
}

#[tokio::test]
async fn an_open_chart_shows_where_limits_start_afresh_and_what_was_done() {
    let bench = Bench::lively(true).await;
    let mut chart = Events::of_page(&bench, "/signal?unit=ward:W1&measure=domain:kindness").await;
    assert!(is_read_as_written(&chart.shown, &[]));
    let days = [Date::constant(2026, 9, 1), Date::constant(2026, 9, 27)];
    bench.acted("ward:W1", ["Staff rush.", "We say hello."], Some("domain:kindness"), days);
    bench.commit("W1");
    let message = chart.next().await.unwrap();
    assert!(message.to_string().contains("We say hello."), "{message}");
    // Another ward's news are none of it.
    bench.answers("W2", TODAY, 90);
    bench.commit("W2");
    bench.answers("W1", TODAY, 90);
    bench.commit("W1");
    chart.next().await.unwrap();
    let reloaded = bench.text("/signal?unit=ward:W1&measure=domain:kindness").await;
    assert_eq!(chart.shown, seen(live_part(&reloaded)));
}

#[tokio::test]
async fn what_there_is_not_is_not_streamed() {
    let bench = Bench::lively(true).await;
    for (path, status) in [
        ("/site/S9/stream", 404),
        ("/department/medicine/stream?period=soon", 400),
        ("/trust/stream?measure=domain:parking", 404),
        ("/trust/stream?period=2027-F02", 404),
        ("/board/stream?measure=nonsense", 400),
        ("/signal/stream?unit=ward:W1&measure=domain:parking", 404),
        ("/signal/stream?unit=ward:W9", 404),
    ] {
        assert_eq!(bench.get(path).send().await.unwrap().status(), status, "{path}");
    }
    assert_eq!(bench.desk.metrics.open_streams(), 0);
}
