//! Comments over a real listener: the queue, the desk, and what may leave the office.

use std::sync::Arc;

use super::desk::Bench;
use super::main_of;
use serde_json::Value;

const AT: &str = "2026-11-12T10:15:00Z";

/// Posts a form to a comment's page and gives the address it leads to.
async fn decide(bench: &Bench, cookie: &str, comment: &str, form: &str) -> String {
    let path = format!("/office/comments/{comment}");
    let response = bench.post(&path, form).header("cookie", cookie).send().await.unwrap();
    assert_eq!(response.status(), 303, "{form}: {}", response.text().await.unwrap());
    response.headers()["location"].to_str().unwrap().to_owned()
}

async fn page(bench: &Bench, cookie: &str, path: &str) -> String {
    let response = bench.get(path).header("cookie", cookie).send().await.unwrap();
    assert_eq!(response.status(), 200, "{path}");
    response.text().await.unwrap()
}

/// What the form of a comment's page says it was drawn for.
fn seen(page: &str) -> &str {
    let (_, rest) = page.split_once("name=\"seen\" value=\"").unwrap();
    rest.split_once('"').unwrap().0
}

#[tokio::test]
async fn raw_text_is_for_the_office_alone() {
    let mut bench = Bench::lively(true).await;
    let comment = bench.writes("W1", AT, Some(("better", "It was noisy <b>at night</b>.")));
    for path in ["/office/comments", "/office/comments/themes", &format!("/office/comments/{comment}")] {
        let response = bench.get(path).send().await.unwrap();
        assert_eq!(response.status(), 303, "{path}");
        assert!(response.headers()["location"].to_str().unwrap().starts_with("/sign-in"), "{path}");
    }
    let path = format!("/office/comments/{comment}");
    let response = bench.post(&path, "seen=0&what=praise").send().await.unwrap();
    assert!(response.headers()["location"].to_str().unwrap().starts_with("/sign-in"));
    for path in ["/ward/W1", "/ward/W1?period=2026-F23", "/api/v1/comments?unit=ward:W1"] {
        assert!(!bench.text(path).await.contains("noisy"), "{path}");
    }
    let cookie = bench.sign_in().await;
    let list = page(&bench, &cookie, "/office/comments").await;
    assert!(
        list.contains("It was noisy &lt;b&gt;at night&lt;/b&gt;."),
        "what people write is text and nothing else"
    );
    assert!(page(&bench, &cookie, "/office").await.contains("1 comment waits"));
}

#[tokio::test]
async fn pages_say_that_comments_are_still_being_read_and_do_without_the_rest() {
    let mut bench = Bench::lively(true).await;
    for _ in 0..3 {
        bench.writes("W1", AT, Some(("better", "It was noisy.")));
    }
    let comments = Arc::clone(&bench.desk.comments);
    comments.pages_read_at_most(1);
    let beside = comments.reads_beside();
    let cookie = bench.sign_in().await;
    for path in ["/office/comments", "/ward/W1", "/office"] {
        let shown = page(&bench, &cookie, path).await;
        assert!(shown.contains("is still being read after a start") && !shown.contains("It was noisy."), "{path}");
    }
    comments.catch_up().unwrap();
    let shown = page(&bench, &cookie, "/office/comments").await;
    assert!(shown.contains("It was noisy.") && !shown.contains("is still being read"));
    drop(beside);
}

#[tokio::test]
async fn a_comment_is_read_edited_released_and_on_the_wards_page() {
    let mut bench = Bench::lively(true).await;
    let comment = bench.writes("W1", AT, Some(("better", "It was noisy, and Bed Nine snored.")));
    let cookie = bench.sign_in().await;
    let path = format!("/office/comments/{comment}");
    let first = page(&bench, &cookie, &path).await;
    insta::assert_snapshot!(
        "comment_page",
        main_of(&first).replace(&comment, "RECORD/better").replace('>', ">\n")
    );
    let to = decide(&bench, &cookie, &comment, "seen=0&what=strike&word=4&word=5&role=another+patient").await;
    assert_eq!(to, format!("{path}#decide"));
    let edited = page(&bench, &cookie, &path).await;
    assert!(edited.contains("It was noisy, and [another patient] snored."));
    let form = format!("seen={}&what=criticism&reach=everybody&themed=yes&theme=noise", seen(&edited));
    assert_eq!(decide(&bench, &cookie, &comment, &form).await, "/office/comments?done=released");
    assert!(page(&bench, &cookie, "/office/comments?done=released").await.contains("Nothing waits to be read"));
    let ward = bench.text("/ward/W1?period=2026-F23").await;
    assert!(ward.contains("It was noisy, and [another patient] snored."));
    assert!(!ward.contains("Bed Nine"));
    let listed: Value =
        bench.get("/api/v1/comments?unit=ward:W1&period=2026-F23").send().await.unwrap().json().await.unwrap();
    assert_eq!(listed[0]["text"], "It was noisy, and [another patient] snored.");
    assert_eq!((&listed[0]["tone"], &listed[0]["themes"][0]), (&"criticism".into(), &"Noise and rest".into()));
    let fields: std::collections::BTreeSet<_> =
        listed[0].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(
        fields,
        ["asked", "language", "text", "themes", "tone", "ward"].into(),
        "neither record nor day nor who passed it"
    );
    let themes = page(&bench, &cookie, "/office/comments/themes?unit=ward:W1&period=2026-F23").await;
    assert!(themes.contains("Noise and rest"));
    // Taking it back takes it off the ward's page.
    let released = page(&bench, &cookie, &path).await;
    let last = seen(&released).to_owned();
    decide(&bench, &cookie, &comment, &format!("seen={last}&what=undo&number={last}")).await;
    assert!(!bench.text("/ward/W1?period=2026-F23").await.contains("another patient"));
}

#[tokio::test]
async fn an_open_ward_page_shows_a_comment_as_it_is_released() {
    let mut bench = Bench::lively(true).await;
    let comment = bench.writes("W1", AT, Some(("good", "Everybody was kind.")));
    let cookie = bench.sign_in().await;
    let mut events = super::Events::open(&bench, "/ward/W1/stream").await;
    assert!(!events.next().await.unwrap()["html"].as_str().unwrap().contains("Everybody was kind."));
    decide(&bench, &cookie, &comment, "seen=0&what=praise&reach=staff").await;
    assert!(events.next().await.unwrap()["changes"].to_string().contains("Everybody was kind."));
}

#[tokio::test]
async fn whoever_was_slower_is_told_and_nothing_of_theirs_is_written() {
    let mut bench = Bench::lively(true).await;
    let comment = bench.writes("W1", AT, Some(("good", "Everybody was kind.")));
    let cookie = bench.sign_in().await;
    let path = format!("/office/comments/{comment}");
    decide(&bench, &cookie, &comment, "seen=0&what=hold&reason=known").await;
    let to = decide(&bench, &cookie, &comment, "seen=0&what=praise&themed=yes&theme=kindness").await;
    assert_eq!(to, format!("{path}?told=stale"));
    let told = page(&bench, &cookie, &to).await;
    assert!(told.contains("Nothing was changed.") && told.contains("Somebody else decided"), "{told}");
    assert!(told.contains("Held: known"));
    assert_eq!(told.matches("<li value").count(), 1, "neither the release nor the themes");
}

#[tokio::test]
async fn what_cannot_be_done_is_told_on_the_comments_page() {
    let mut bench = Bench::lively(true).await;
    let comment = bench.writes("W1", AT, Some(("good", "Everybody was kind.")));
    let cookie = bench.sign_in().await;
    for (form, told) in [
        ("seen=0&what=hold&reason=", "reason"),
        ("seen=0&what=escalate&reason=harm&to=", "to"),
        ("seen=0&what=strike", "words"),
        ("seen=0&what=strike&word=0&role=%0A", "words"),
        ("seen=0&what=undo&number=1", "undo"),
        ("seen=0&what=code&theme=nothing", "theme"),
        ("seen=0&what=code&theme=NO+THEME", "theme"),
    ] {
        let to = decide(&bench, &cookie, &comment, form).await;
        if to.contains("told=") {
            assert_eq!(to, format!("/office/comments/{comment}?told={told}"), "{form}");
            assert!(page(&bench, &cookie, &to).await.contains("Nothing was changed."), "{form}");
        } else {
            // A role of white space is none.
            assert_eq!(form, "seen=0&what=strike&word=0&role=%0A");
            decide(&bench, &cookie, &comment, "seen=1&what=undo&number=1").await;
            break;
        }
    }
    let path = format!("/office/comments/{comment}");
    for (form, status) in [("what=praise", 400), ("seen=0", 400), ("seen=0&what=nothing", 400)] {
        let response = bench.post(&path, form).header("cookie", &cookie).send().await.unwrap();
        assert_eq!(response.status(), status, "{form}");
    }
    for path in [
        "/office/comments/x/y",
        "/office/comments/01a207d9-2100-7707-8707-070707070707/good",
        "/office/comments/themes?unit=ward:W9",
    ] {
        let response = bench.get(path).header("cookie", &cookie).send().await.unwrap();
        assert_eq!(response.status(), 404, "{path}");
    }
    let asked = bench.get("/office/comments/themes?unit=consultant:C1&period=2026-F23").header("cookie", &cookie);
    let response = asked.send().await.unwrap();
    assert_eq!(response.status(), 400);
    assert!(response.text().await.unwrap().contains("on the consultant's page"));
    let response = bench.get("/office/comments?standing=nothing").header("cookie", &cookie).send().await.unwrap();
    assert_eq!(response.status(), 400);
}

#[tokio::test]
async fn another_site_cannot_release_a_comment() {
    let mut bench = Bench::lively(true).await;
    let comment = bench.writes("W1", AT, Some(("good", "Everybody was kind.")));
    let cookie = bench.sign_in().await;
    let path = format!("/office/comments/{comment}");
    let request = bench.post(&path, "seen=0&what=praise").header("cookie", &cookie);
    let mut request = request.header("origin", "http://evil.example").build().unwrap();
    request.headers_mut().insert("sec-fetch-site", "cross-site".parse().unwrap());
    assert_eq!(reqwest::Client::new().execute(request).await.unwrap().status(), 403);
    assert!(page(&bench, &cookie, &path).await.contains("Nothing has been decided yet"));
}

#[tokio::test]
async fn the_queue_has_pages_and_leads_from_one_comment_to_the_next() {
    let mut bench = Bench::lively(true).await;
    let mut comments = Vec::new();
    for number in 0..25 {
        comments.push(bench.writes("W1", AT, Some(("better", &format!("Comment number {number}.")))));
    }
    let harm = bench.writes("W2", AT, Some(("better", "A porter hit me.")));
    let cookie = bench.sign_in().await;
    let list = page(&bench, &cookie, "/office/comments").await;
    assert!(list.contains("Page 1 of 2"));
    assert!(list.find("hit me").unwrap() < list.find("Comment number 0.").unwrap(), "the likely serious first");
    assert!(list.contains("<mark class=\"safeguarding\">hit me</mark>"));
    assert!(page(&bench, &cookie, "/office/comments?page=2").await.contains("Comment number 24."));
    let of_ward = page(&bench, &cookie, "/office/comments?standing=waiting&ward=W2").await;
    assert!(of_ward.contains("hit me") && !of_ward.contains("Comment number"));
    let to = decide(&bench, &cookie, &harm, "seen=0&what=escalate&reason=harm&to=safeguarding+lead").await;
    assert_eq!(to, format!("/office/comments/{}?done=escalated", comments[0]));
    let escalated = page(&bench, &cookie, "/office/comments?standing=escalated").await;
    assert!(escalated.contains("hit me"));
}
