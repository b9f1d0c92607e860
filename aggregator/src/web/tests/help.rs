//! Requests for help on a ward's page and in the API.

use super::*;

#[tokio::test]
async fn a_ward_sees_who_asks_for_help_and_the_office_says_that_it_was_seen() {
    let bench = Bench::lively(false).await;
    let cookie = bench.sign_in().await;
    let page =
        async |path: &str| bench.get(path).header("cookie", &cookie).send().await.unwrap().text().await.unwrap();
    assert!(!page("/ward/W1").await.contains("asks for help"));
    let record = bench.asks_for_help("W1", 4);
    bench.asks_for_help("W2", 90);
    let shown = page("/ward/W1").await;
    for said in ["Somebody asks for help", "A drink", "Bay 2", "4 minutes ago", "not the call bell"] {
        assert!(shown.contains(said), "{said}");
    }
    assert!(!shown.contains("k-1"), "need, place and time and nothing else");
    assert!(page("/ward/W2").await.contains("1 hour ago"));
    assert!(!page("/ward/W1?period=2026-F20").await.contains("asks for help"), "it is of now");

    let form = format!("record={record}");
    let stranger = bench.post("/ward/W1/help/seen", &form).send().await.unwrap();
    assert_eq!(stranger.headers()["location"], "/sign-in?next=/ward/W1");
    assert!(page("/ward/W1").await.contains("A drink"), "nobody said so");
    let seen = bench.post("/ward/W1/help/seen", &form).header("cookie", &cookie).send().await.unwrap();
    assert_eq!(
        (seen.status(), seen.headers()["location"].to_str().unwrap()),
        (303.try_into().unwrap(), "/ward/W1")
    );
    assert!(!page("/ward/W1").await.contains("asks for help"));
    let nothing =
        bench.post("/ward/W1/help/seen", "record=nothing").header("cookie", &cookie).send().await.unwrap();
    assert!(nothing.status().is_client_error());
}

#[tokio::test]
async fn another_site_cannot_say_that_help_was_seen() {
    let bench = Bench::lively(false).await;
    let cookie = bench.sign_in().await;
    let record = bench.asks_for_help("W1", 4);
    let request = bench.get("/").header("cookie", &cookie).build().unwrap();
    let address = request.url().join(&format!("/api/v1/help/{record}/seen")).unwrap();
    for path in [address.path().to_owned(), "/ward/W1/help/seen".to_owned()] {
        let request = bench.post(&path, &format!("record={record}")).header("cookie", &cookie);
        let mut request = request.header("origin", "http://evil.example").build().unwrap();
        request.headers_mut().insert("sec-fetch-site", "cross-site".parse().unwrap());
        assert_eq!(reqwest::Client::new().execute(request).await.unwrap().status(), 403, "{path}");
    }
    assert_eq!(bench.desk.help.all(noon()).len(), 1);
}

#[tokio::test]
async fn an_open_page_shows_a_request_and_takes_it_away_by_itself() {
    let bench = Bench::lively(true).await;
    let mut events = Events::open(&bench, "/ward/W1/stream").await;
    events.next().await.unwrap();
    let record = bench.asks_for_help("W1", 0);
    let shown = events.next().await.unwrap();
    assert!(shown["changes"].to_string().contains("just now"), "{shown}");
    assert_eq!(shown["said"], "1 person asks for help.");
    bench.desk.help.seen("k-1".parse().unwrap(), record, noon());
    bench.commit("W1");
    assert!(!events.next().await.unwrap()["changes"].to_string().contains("asks for help"));
}

#[tokio::test]
async fn machines_list_requests_and_say_that_they_were_seen() {
    let bench = Bench::lively(true).await;
    let record = bench.asks_for_help("W1", 4);
    let list = async || {
        let response = bench.get("/api/v1/help").basic_auth("office", Some(PASSWORD)).send().await.unwrap();
        response.json::<Value>().await.unwrap()
    };
    assert_eq!(bench.get("/api/v1/help").send().await.unwrap().status(), 401);
    let rows = list().await;
    let row = rows[0].as_object().unwrap();
    let fields: std::collections::BTreeSet<_> = row.keys().map(String::as_str).collect();
    assert_eq!(fields, ["asked", "need", "place", "record", "ward"].into());
    assert_eq!((&row["need"], &row["place"]), (&"drink".into(), &"Bay 2".into()));
    let say = async |record: &str| {
        let path = format!("/api/v1/help/{record}/seen");
        bench.post(&path, "").basic_auth("office", Some(PASSWORD)).send().await.unwrap()
    };
    let seen = say(&record.to_string()).await.json::<Value>().await.unwrap();
    assert_eq!((&seen["by"], &seen["record"]), (&"office".into(), &record.to_string().into()));
    assert_eq!(list().await, Value::Array(Vec::new()));
    let unknown = say("01a207d9-2100-7707-8707-070707070707").await;
    assert_eq!(
        (unknown.status(), unknown.headers()["content-type"].to_str().unwrap()),
        (404.try_into().unwrap(), "application/problem+json")
    );
}
