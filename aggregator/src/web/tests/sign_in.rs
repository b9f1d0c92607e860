//! Accounts, sessions and cookies over a real listener.

use std::time::Duration;

use jiff::SignedDuration;

use super::desk::{self, Bench, PASSWORD, noon};
use crate::accounts::Proof;
use crate::policy::Role;

fn roles(texts: &[&str]) -> Vec<Role> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

#[tokio::test]
async fn an_account_that_is_changed_or_removed_is_out_at_once() {
    let bench = Bench::lively(false).await;
    let accounts = &bench.desk.accounts;
    let name = "sister".parse().unwrap();
    accounts.add(&name, Proof::Chosen(PASSWORD), &roles(&["ward:W1"])).unwrap();
    let status = async |cookie: &str, path: &str| {
        bench.get(path).header("cookie", cookie).send().await.unwrap().status().as_u16()
    };
    let by_basic = async |path: &str| {
        bench.get(path).basic_auth("sister", Some(PASSWORD)).send().await.unwrap().status().as_u16()
    };
    let cookie = bench.sign_in_as("sister").await;
    assert_eq!((status(&cookie, "/ward/W1").await, status(&cookie, "/ward/W2").await), (200, 403));
    assert_eq!(by_basic("/api/v1/scores?unit=ward:W1").await, 200);
    accounts.set_roles(&name, &roles(&["ward:W2"])).unwrap();
    assert_eq!(status(&cookie, "/ward/W1").await, 303, "it has to sign in again");
    assert_eq!(by_basic("/api/v1/scores?unit=ward:W1").await, 403, "what was remembered of it is forgotten");
    let cookie = bench.sign_in_as("sister").await;
    assert_eq!((status(&cookie, "/ward/W1").await, status(&cookie, "/ward/W2").await), (403, 200));
    accounts.remove(&name).unwrap();
    assert_eq!(status(&cookie, "/ward/W2").await, 303);
    assert_eq!(by_basic("/api/v1/scores?unit=ward:W2").await, 401);
}

#[tokio::test]
async fn a_list_shows_only_what_its_viewer_may_read() {
    let bench = Bench::lively(false).await;
    let accounts = &bench.desk.accounts;
    accounts.add(&"sister".parse().unwrap(), Proof::Chosen(PASSWORD), &roles(&["ward:W1"])).unwrap();
    let cookie = bench.sign_in_as("sister").await;
    let text =
        async |path: &str| bench.get(path).header("cookie", &cookie).send().await.unwrap().text().await.unwrap();
    let list = text("/").await;
    assert!(list.contains("/ward/W1") && !list.contains("/ward/W2") && !list.contains("/ward/W3"));
    let wards: serde_json::Value = serde_json::from_str(&text("/api/v1/wards").await).unwrap();
    assert_eq!(wards.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn signing_in_begins_another_session_and_the_old_one_ends() {
    let bench = Bench::lively(false).await;
    let first = bench.sign_in().await;
    let form = format!("name=office&password={}", PASSWORD.replace(' ', "+"));
    let again = bench.post("/sign-in", &form).header("cookie", &first).send().await.unwrap();
    let second = again.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    assert_ne!(first, second);
    let status = async |cookie: &str| bench.get("/office").header("cookie", cookie).send().await.unwrap().status();
    assert_eq!((status(&first).await.as_u16(), status(&second).await.as_u16()), (303, 200));
}

#[tokio::test]
async fn over_tls_the_cookie_is_this_hosts_and_a_plain_one_counts_for_nothing() {
    let bench = Bench::lively(false).await;
    let form = format!("name=office&password={}", PASSWORD.replace(' ', "+"));
    let response = bench.post("/sign-in", &form).header("x-forwarded-proto", "https").send().await.unwrap();
    let cookie = response.headers()["set-cookie"].to_str().unwrap().to_owned();
    assert!(cookie.starts_with("__Host-wardvoice_session=") && cookie.contains("; Secure"), "{cookie}");
    let cookie = cookie.split(';').next().unwrap().to_owned();
    let over_tls = async |cookie: &str| {
        let request = bench.get("/office").header("cookie", cookie).header("x-forwarded-proto", "https");
        request.send().await.unwrap().status().as_u16()
    };
    assert_eq!(over_tls(&cookie).await, 200);
    assert_eq!(
        over_tls(&cookie.replace("__Host-", "")).await,
        303,
        "anybody on the host's domain could have set it"
    );
}

#[tokio::test]
async fn wrong_passwords_for_one_account_slow_it_down_from_wherever_they_come() {
    let bench = Bench::lively(false).await;
    let caller = |last: u8| Some(std::net::IpAddr::from([10, 0, 0, last]));
    for last in 0..10 {
        bench.desk.tries.note(caller(last), "office", false, noon());
    }
    let form = format!("name=office&password={}", PASSWORD.replace(' ', "+"));
    let response = bench.post("/sign-in", &form).send().await.unwrap();
    assert_eq!(response.status(), 429, "even the right password, from an address that did nothing");
    *bench.now.lock().unwrap() = noon() + SignedDuration::from_secs(1);
    bench.sign_in().await;
}

#[tokio::test]
async fn whoever_signs_in_or_guesses_is_noted_and_unknown_names_without_the_name() {
    let bench = Bench::lively(false).await;
    bench.post("/sign-in", "name=office&password=guess").send().await.unwrap();
    bench.post("/sign-in", "name=my+password+by+mistake&password=x").send().await.unwrap();
    bench.sign_in().await;
    let noted: Vec<_> =
        bench.desk.audit.recent(10).into_iter().map(|entry| format!("{} {}", entry.who, entry.did)).collect();
    assert_eq!(noted, ["office signed_in", "unknown sign_in_refused", "office sign_in_refused"]);
    let unknown = bench.desk.audit.recent(2).remove(1);
    assert_eq!((unknown.about, unknown.detail.as_deref()), (None, Some("from 127.0.0.1")));
}

/// Passwords that are worked out are counted, and what is written to the disk: no time is taken, which says little of a busy machine.
#[tokio::test]
async fn a_try_to_sign_in_costs_the_same_for_a_name_that_nobody_has() {
    let bench = Bench::lively(false).await;
    let accounts = &bench.desk.accounts;
    let shut = "shut".parse().unwrap();
    accounts.add(&shut, Proof::Chosen(PASSWORD), &roles(&["ward:W1"])).unwrap();
    accounts.lock(&shut).unwrap();
    let noted = || bench.desk.audit.recent(1).first().map_or(0, |entry| entry.number);
    let mut found = Vec::new();
    for (name, password) in [
        ("office", "guess"),
        ("nobody", "guess"),
        ("no name at all", "guess"),
        ("shut", "guess"),
        ("shut", PASSWORD),
    ] {
        // The wrong ones before are forgotten by then, so that nothing waits.
        *bench.now.lock().unwrap() += SignedDuration::from_mins(20);
        let before = noted();
        let form = format!("name={}&password={}", name.replace(' ', "+"), password.replace(' ', "+"));
        let by_page = bench.post("/sign-in", &form).send().await.unwrap().status().as_u16();
        let page = (by_page, accounts.worked_out(), noted() - before);
        let before = noted();
        let request = bench.get("/api/v1/wards").basic_auth(name, Some(password));
        let by_api = request.send().await.unwrap().status().as_u16();
        found.push((name, (page, (by_api, accounts.worked_out(), noted() - before))));
    }
    let (_, first) = found.first().cloned().unwrap();
    assert_eq!((first.0.0, first.0.1.len(), first.0.2), (422, 1, 1));
    assert_eq!((first.1.0, first.1.1.len(), first.1.2), (401, 1, 1));
    for (name, costs) in found {
        assert_eq!(costs, first, "{name}");
    }
}

/// The next thing that an open page is told, and what kind it is; `None` when the stream has ended.
async fn told(stream: &mut reqwest::Response) -> Option<String> {
    let mut said = Vec::new();
    // A long one comes in pieces.
    while !said.ends_with(b"\n\n") {
        said.extend_from_slice(
            &tokio::time::timeout(Duration::from_secs(20), stream.chunk()).await.unwrap().unwrap()?,
        );
    }
    Some(String::from_utf8(said).unwrap())
}

#[tokio::test]
async fn an_open_page_ends_at_once_when_its_account_is_removed_changed_or_signed_out() {
    let bench = Bench::lively(false).await;
    let (accounts, sessions) = (&bench.desk.accounts, &bench.desk.sessions);
    let name: crate::accounts::AccountName = "sister".parse().unwrap();
    let open = async |cookie: &str| {
        let mut stream = bench.get("/ward/W1/stream").header("cookie", cookie).send().await.unwrap();
        assert_eq!(stream.status(), 200);
        assert!(told(&mut stream).await.unwrap().contains("event: page"));
        stream
    };
    let other = bench.sign_in().await;
    let mut others = open(&other).await;
    for what in ["role", "password", "everywhere", "this one", "removed"] {
        accounts.add(&name, Proof::Chosen(PASSWORD), &roles(&["ward:W1"])).unwrap();
        let cookie = bench.sign_in_as("sister").await;
        let mut stream = open(&cookie).await;
        match what {
            "role" => accounts.set_roles(&name, &roles(&["ward:W1", "ward:W2"])).unwrap(),
            "password" => drop(accounts.add(&name, Proof::Chosen("another long password"), &[]).unwrap()),
            "everywhere" => assert_eq!(sessions.end_of(&name), 1),
            "this one" => drop(bench.post("/sign-out", "").header("cookie", &cookie).send().await.unwrap()),
            _ => accounts.remove(&name).unwrap(),
        }
        let begun = std::time::Instant::now();
        assert!(told(&mut stream).await.unwrap().contains("event: gone"), "{what}");
        assert!(told(&mut stream).await.is_none(), "{what}");
        // A blink on a machine that has time; a page that is told nothing would look after a minute.
        assert!(begun.elapsed() < Duration::from_secs(5), "{what} took {:?}", begun.elapsed());
        assert_eq!(bench.get("/ward/W1/stream").header("cookie", &cookie).send().await.unwrap().status(), 401);
    }
    bench.answers("W1", jiff::civil::Date::constant(2026, 11, 20), 90);
    bench.commit("W1");
    let news = told(&mut others).await.unwrap();
    assert!(news.contains("event: page") || news.contains("event: step"), "nobody else's page has ended: {news}");
}

/// A browser asks for compression, a program on a command line does not: the last word is the same, and what is compressed is whole.
#[tokio::test]
async fn an_open_page_hears_that_its_session_is_over_compressed_or_not() {
    let bench = Bench::lively(false).await;
    let mut told = Vec::new();
    for accepted in ["gzip, deflate, br, zstd", "identity"] {
        let cookie = bench.sign_in().await;
        let stream = bench.get("/ward/W1/stream").header("cookie", &cookie).header("accept-encoding", accepted);
        let mut stream = stream.send().await.unwrap();
        assert_eq!(stream.headers().contains_key("content-encoding"), accepted.starts_with("gzip"));
        // Something has come, so the page is open when its session ends.
        let mut sent = stream.chunk().await.unwrap().unwrap().to_vec();
        bench.post("/sign-out", "").header("cookie", &cookie).send().await.unwrap();
        let rest = tokio::time::timeout(Duration::from_secs(20), stream.bytes()).await.unwrap();
        sent.extend(rest.unwrap());
        let mut text = String::new();
        if accepted.starts_with("gzip") {
            // A file that breaks off is an error.
            std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(sent.as_slice()), &mut text).unwrap();
        } else {
            text = String::from_utf8(sent).unwrap();
        }
        told.push(text.trim_end().rsplit("\n\n").next().unwrap().to_owned());
    }
    assert_eq!(told, ["event: gone\ndata: gone"; 2]);
}

#[tokio::test]
async fn behind_a_proxy_of_the_trust_each_caller_counts_alone_and_nobody_can_make_up_an_address() {
    let trust = desk::Trust { trusted_proxies: &["127.0.0.1"], ..desk::Trust::default() };
    let behind = Bench::of(trust).await;
    let guess = async |bench: &Bench, forwarded: &str| {
        let request = bench.post("/sign-in", "name=nobody&password=guess").header("x-forwarded-for", forwarded);
        request.send().await.unwrap().status().as_u16()
    };
    for place in 0..5 {
        // What the guesser writes in front is another address each time.
        assert_eq!(guess(&behind, &format!("198.51.100.{place}, 203.0.113.9")).await, 422);
    }
    assert_eq!(guess(&behind, "198.51.100.77, 203.0.113.9").await, 429);
    assert_eq!(guess(&behind, "203.0.113.10").await, 422, "somebody else does not wait");
    let noted = behind.desk.audit.recent(1).remove(0);
    assert_eq!(noted.detail.as_deref(), Some("from 203.0.113.10"));

    let alone = Bench::of(desk::Trust::default()).await;
    for place in 0..5 {
        assert_eq!(guess(&alone, &format!("203.0.113.{place}")).await, 422);
    }
    assert_eq!(guess(&alone, "203.0.113.77").await, 429, "without the setting the header counts for nothing");
}
