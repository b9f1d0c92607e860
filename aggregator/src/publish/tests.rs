//! Sites put into folders and to servers: whole, one after the other, and never half.

#![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::routing::put;

use super::*;
use crate::publication::PartCount;

fn small(text: &str) -> Site {
    let file = |name: &str| File { name: name.to_owned(), text: format!("{name}: {text}") };
    Site::new(Edition::Public, ["index.html", "ward-W1.html", "style.css"].map(file).to_vec())
}

/// What somebody who opens the site sees.
fn seen(folder: &Path) -> String {
    fs::read_to_string(folder.join("site/index.html")).unwrap()
}

fn versions(folder: &Path) -> usize {
    fs::read_dir(folder.join("versions")).unwrap().count()
}

#[test]
fn a_version_takes_the_place_of_the_one_before_and_old_ones_go() {
    for by in [By::Whatever, By::Folders] {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        for number in 0..6 {
            let site = small(&format!("version {number}"));
            let placed = put_in_place(folder, &site, by).unwrap();
            assert!(placed.is_new, "{by:?}");
            assert_eq!(seen(folder), format!("index.html: version {number}"), "{by:?}");
            let again = put_in_place(folder, &site, by).unwrap();
            assert!(!again.is_new && again.version == placed.version, "{by:?}");
            assert_eq!(seen(folder), format!("index.html: version {number}"), "{by:?}");
        }
        // Two old ones, and the one that is seen where it is a link.
        assert!((2..=3).contains(&versions(folder)), "{by:?}: {} versions", versions(folder));
        assert_eq!(folder.join("site").symlink_metadata().unwrap().is_symlink(), by == By::Whatever);
        // Back to one that was there already.
        put_in_place(folder, &small("version 4"), by).unwrap();
        assert_eq!(seen(folder), "index.html: version 4", "{by:?}");
    }
}

#[test]
fn an_interrupted_publish_leaves_the_old_site_whole_and_is_mended_the_next_time() {
    for by in [By::Whatever, By::Folders] {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        put_in_place(folder, &small("old"), by).unwrap();
        let broken = File { name: "no/such/place.html".to_owned(), text: String::new() };
        let index = File { name: "index.html".to_owned(), text: "half".to_owned() };
        let error = put_in_place(folder, &Site::new(Edition::Public, vec![index, broken]), by).unwrap_err();
        assert!(error.to_string().contains("no/such/place.html"), "{error}");
        assert_eq!(seen(folder), "index.html: old", "{by:?}");
        // As a death in the middle of writing leaves it.
        fs::create_dir_all(folder.join("versions/.new-0123456789abcdef")).unwrap();
        fs::write(folder.join("versions/.new-0123456789abcdef/index.html"), "half").unwrap();
        put_in_place(folder, &small("new"), by).unwrap();
        assert_eq!(seen(folder), "index.html: new", "{by:?}");
        let halves = fs::read_dir(folder.join("versions"))
            .unwrap()
            .filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().starts_with('.'));
        assert_eq!(halves.count(), 0, "{by:?}");
    }
}

#[test]
fn a_death_between_two_folders_is_mended_even_when_the_same_site_is_published_again() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    put_in_place(folder, &small("old"), By::Folders).unwrap();
    fs::rename(folder.join("site"), folder.join("versions/.out")).unwrap();
    let placed = put_in_place(folder, &small("old"), By::Folders).unwrap();
    assert!(!placed.is_new);
    assert_eq!(seen(folder), "index.html: old");
}

#[test]
fn a_file_that_was_lost_or_changed_is_put_back_and_what_is_not_ours_stays() {
    for by in [By::Whatever, By::Folders] {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        fs::write(folder.join("notes.txt"), "ours").unwrap();
        fs::create_dir_all(folder.join("versions/photographs")).unwrap();
        put_in_place(folder, &small("one"), by).unwrap();
        fs::write(folder.join("site/index.html"), "changed by somebody").unwrap();
        put_in_place(folder, &small("one"), by).unwrap();
        assert_eq!(seen(folder), "index.html: one", "{by:?}");
        (0..5).for_each(|number| drop(put_in_place(folder, &small(&number.to_string()), by).unwrap()));
        assert!(folder.join("notes.txt").is_file() && folder.join("versions/photographs").is_dir());
    }
}

/// A ward of which five years of months were released.
fn of_many_months() -> Material {
    let told = |number: i16| {
        let first_day = jiff::civil::date(2022 + number / 12, i8::try_from(number % 12).unwrap() + 1, 1);
        Told {
            period: first_day.strftime("%Y-%m").to_string(),
            when: first_day.strftime("%B %Y").to_string(),
            first_day,
            last_day: first_day.last_of_month(),
            as_of: first_day.last_of_month(),
            people: 40,
            best: Some(30),
            parts: vec![PartCount { name: "positive".to_owned(), people: 30 }],
        }
    };
    let figure = Figure {
        subject: "friends_and_family".to_owned(),
        question: "Overall?".to_owned(),
        said: "said good".to_owned(),
        told: (0..60).rev().map(told).collect(),
    };
    let part = |unit: &str| UnitPart {
        unit: unit.parse().unwrap(),
        name: unit.to_owned(),
        figures: vec![figure.clone()],
    };
    let ward = WardPart {
        part: part("ward:W1"),
        site: "North".to_owned(),
        comments: Vec::new(),
        changes: Vec::new(),
        plans: Vec::new(),
    };
    let until = jiff::civil::date(2026, 12, 31);
    Material {
        edition: Edition::Public,
        demonstration: false,
        branding: None,
        until,
        as_of: Some(until),
        trust: part("trust:T1"),
        units: vec![part("site:S1")],
        wards: vec![ward],
    }
}

#[test]
fn a_page_shows_two_years_of_months_and_the_data_all() {
    let site = site(&of_many_months());
    let text = |name: &str| &site.files().iter().find(|file| file.name == name).unwrap().text;
    for page in ["index.html", "site-S1.html", "ward-W1.html"] {
        assert_eq!(text(page).matches("<th scope=\"row\">").count(), 24, "{page}");
        assert!(text(page).contains("December 2026") && !text(page).contains("December 2024"), "{page}");
        assert!(text(page).contains("Older ones are in <a href=\"data.csv\">"), "{page}");
    }
    assert_eq!(text("data.csv").lines().filter(|line| line.starts_with("ward:W1,")).count(), 60);
}

#[test]
fn two_cannot_publish_into_one_folder_at_once() {
    let folder = tempfile::tempdir().unwrap();
    put_in_place(folder.path(), &small("one"), By::Whatever).unwrap();
    let other = fs::File::open(folder.path().join(".lock")).unwrap();
    other.lock().unwrap();
    let error = put_in_place(folder.path(), &small("two"), By::Whatever).unwrap_err();
    assert!(matches!(error, PlaceError::Busy(_)), "{error}");
    assert_eq!(seen(folder.path()), "index.html: one");
}

#[test]
fn a_folder_that_cannot_be_written_is_named() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("versions"), "a file").unwrap();
    let error = put_in_place(folder.path(), &small("one"), By::Whatever).unwrap_err().to_string();
    assert!(error.contains("versions") && error.contains("still stands"), "{error}");
}

/// What a server was sent, and what it answers.
#[derive(Default)]
struct Server {
    puts: Mutex<Vec<(String, String, Option<String>)>>,
    answers: Mutex<Vec<StatusCode>>,
}

/// How encrypted connections are made; another test of this process may have chosen it before.
fn provider() {
    drop(rustls::crypto::ring::default_provider().install_default());
}

async fn server() -> (Arc<Server>, String) {
    async fn take(State(server): State<Arc<Server>>, headers: HeaderMap, uri: Uri, body: Bytes) -> StatusCode {
        let answer = server.answers.lock().unwrap().pop().unwrap_or(StatusCode::CREATED);
        if answer.is_success() {
            let login = headers.get("authorization").map(|value| value.to_str().unwrap().to_owned());
            let text = String::from_utf8(body.to_vec()).unwrap();
            server.puts.lock().unwrap().push((uri.path().to_owned(), text, login));
        }
        answer
    }
    provider();
    let server = Arc::new(Server::default());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/said", listener.local_addr().unwrap());
    let router = Router::new().route("/said/{name}", put(take)).with_state(Arc::clone(&server));
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    (server, url)
}

fn posting(url: &str, login: Option<&str>) -> Posting {
    Posting { url: url.to_owned(), login: login.and_then(Login::new), rest: Duration::ZERO }
}

#[tokio::test]
async fn the_page_to_begin_with_is_put_last_and_a_server_that_stumbles_is_tried_again() {
    let (server, url) = server().await;
    server.answers.lock().unwrap().extend([StatusCode::BAD_GATEWAY, StatusCode::SERVICE_UNAVAILABLE]);
    assert_eq!(post(&posting(&url, Some("office:secret")), &small("one")).await.unwrap(), 4);
    let puts = server.puts.lock().unwrap();
    let names: Vec<&str> = puts.iter().map(|(path, _, _)| path.as_str()).collect();
    assert_eq!(names, ["/said/style.css", "/said/ward-W1.html", "/said/manifest.json", "/said/index.html"]);
    assert!(puts.iter().all(|(_, _, login)| login.as_deref() == Some("Basic b2ZmaWNlOnNlY3JldA==")));
    assert_eq!(puts.last().unwrap().1, "index.html: one");
}

#[tokio::test]
async fn a_server_that_says_no_is_believed_and_the_old_page_to_begin_with_stays() {
    let (server, url) = server().await;
    for (status, says) in [(StatusCode::FORBIDDEN, "--put-login"), (StatusCode::METHOD_NOT_ALLOWED, "by PUT")] {
        // The third file is refused.
        server.answers.lock().unwrap().extend([status, StatusCode::CREATED, StatusCode::CREATED]);
        let error = post(&posting(&url, None), &small("one")).await.unwrap_err().to_string();
        assert!(error.contains(says) && error.contains("manifest.json"), "{error}");
    }
    assert!(!server.puts.lock().unwrap().iter().any(|(path, _, _)| path.ends_with("index.html")));
    server.answers.lock().unwrap().extend([StatusCode::INTERNAL_SERVER_ERROR; 5]);
    let error = post(&posting(&url, None), &small("one")).await.unwrap_err().to_string();
    assert!(error.contains("500") && error.contains("run the command again"), "{error}");
    let error = post(&posting("http://127.0.0.1:1/x", None), &small("one")).await.unwrap_err().to_string();
    assert!(error.contains("style.css"), "{error}");
}

#[tokio::test]
async fn a_password_goes_by_https_only_and_an_address_is_an_address() {
    provider();
    let check = async |url: &str, login: Option<&str>, says: &str| {
        let error = post(&posting(url, login), &small("one")).await.unwrap_err().to_string();
        assert!(error.contains(says), "{url}: {error}");
        assert!(!error.contains("secret"), "{error}");
    };
    check("http://intranet.example/said", Some("office:secret"), "by https only").await;
    check("intranet/said", None, "write an address").await;
    check("ftp://intranet.example/said", None, "write an address").await;
    check("https://intranet.example/said?x=1", None, "nothing else").await;
    assert_eq!(format!("{:?}", Login::new("office:secret").unwrap()), "Login(…)");
    assert_eq!(Login::new("secret"), None);
}

#[tokio::test]
async fn a_site_goes_to_its_folder_and_to_a_web_server_or_it_is_said_why_not() {
    let (server, url) = server().await;
    let folder = tempfile::tempdir().unwrap();
    let (out, login) = (folder.path().join("www"), folder.path().join("login"));
    fs::write(&login, "office\n").unwrap();
    let destination = Destination {
        edition: Edition::Public,
        out: out.clone(),
        put: Some(Put { url, login: Some(login.clone()) }),
        by: By::Whatever,
    };
    let deliver = async |marked: &'static str| {
        let destination = destination.clone();
        tokio::task::spawn_blocking(move || deliver(&destination, &small(marked))).await.unwrap()
    };
    let error = deliver("one").await.unwrap_err().to_string();
    assert!(error.contains("its first line is not name:password"), "{error}");
    assert!(!out.exists() && server.puts.lock().unwrap().is_empty(), "nothing is done by halves");

    fs::write(&login, "office:secret\n").unwrap();
    let delivered = deliver("one").await.unwrap();
    assert_eq!((delivered.placed.files, delivered.put), (4, Some(4)));
    assert_eq!(seen(&out), "index.html: one");
    assert_eq!(server.puts.lock().unwrap().len(), 4);
}

#[test]
fn what_another_site_would_change_is_told_by_what_stands() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    assert_eq!(Standing::of(folder), None);
    let new = Difference::between(None, &small("one"));
    assert_eq!((new.added.len(), new.is_nothing()), (3, false));
    let placed = put_in_place(folder, &small("one"), By::Whatever).unwrap();
    let standing = Standing::of(folder).unwrap();
    assert_eq!((standing.version.as_str(), standing.files()), (placed.version.as_str(), placed.files));
    assert!(standing.since.is_some());
    assert!(Difference::between(Some(&standing), &small("one")).is_nothing());
    let other = vec![
        File { name: "index.html".to_owned(), text: "another".to_owned() },
        File { name: "ward-W2.html".to_owned(), text: "two".to_owned() },
    ];
    let difference = Difference::between(Some(&standing), &Site::new(Edition::Public, other));
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    assert_eq!(difference.added, names(&["ward-W2.html"]));
    assert_eq!(difference.changed, names(&["index.html"]));
    assert_eq!(difference.removed, names(&["style.css", "ward-W1.html"]));
    fs::write(folder.join("site/manifest.json"), "half of").unwrap();
    assert_eq!(Standing::of(folder), None, "what cannot be read is nothing of ours");
}
