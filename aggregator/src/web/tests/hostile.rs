//! Whoever means ill, over a real listener: paths, headers, other sites, guesses, and words that look like ours.

use std::time::Duration;

use futures_util::future::join_all;
use reqwest::{Client, Method, redirect};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::any_bytes::{NAMES, encoded, everything, filled};
use super::desk::{AMPLE, Bench, PASSWORD, noon};
use super::routes::TABLE;
use crate::accounts::Proof;
use crate::alerts::{Alert, Kind};
use crate::web::routes;
use wardvoice_protocol::status::{Health, Presence, Status};

const DEADLINE: Duration = Duration::from_secs(20);
/// What somebody writes where words belong.
const SCRIPT: &str = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>";

/// What is answered to bytes as they are; nothing where the connection was ended without a word.
async fn answered(bench: &Bench, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(bench.address).await.unwrap();
    // Whoever is let go of in the middle of a word cannot say the rest.
    drop(stream.write_all(bytes).await);
    let mut heard = Vec::new();
    // So may whoever was let go of while something was still on its way.
    drop(timeout(DEADLINE, stream.read_to_end(&mut heard)).await.unwrap());
    String::from_utf8_lossy(&heard).into_owned()
}

/// The status of an answer, if there was one.
fn status(answer: &str) -> Option<u16> {
    answer.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()
}

async fn is_well(bench: &Bench) {
    assert_eq!(bench.get("/healthz").send().await.unwrap().status(), 200);
}

/// No spelling of an address leads past its door: neither nobody nor a ward's account sees the office.
#[tokio::test]
async fn no_spelling_of_an_address_leads_past_its_door() {
    let bench = Bench::lively(false).await;
    bench
        .desk
        .accounts
        .add(&"sister".parse().unwrap(), Proof::Chosen(PASSWORD), &["ward:W1".parse().unwrap()])
        .unwrap();
    let cookie = bench.sign_in_as("sister").await;
    let office = bench.sign_in().await;
    let page = bench.get("/office").header("cookie", &office).send().await.unwrap().text().await.unwrap();
    let title = page.split_once("<title>").unwrap().1.split_once('<').unwrap().0.to_owned();
    for target in [
        "/office",
        "/office/",
        "//office",
        "/./office",
        "/x/../office",
        "/../office",
        "/ward/W1/../../office",
        "/ward/W1/..%2f..%2foffice",
        "/ward/%2e%2e/office",
        "/%6fffice",
        "/%2foffice",
        "/OFFICE",
        "/office%00",
        "/office%20",
        "/office;x=y",
        "/office?x",
        "/office%3fx",
        "/ward/W1;/office",
        "/display/../office",
        "/display/%2e%2e/office",
        "/display/W1/..%2f..%2foffice",
        "/assets/x/..%2f..%2foffice",
        "/assets/x/../../office",
        "/ward/W1%2f..%2f..%2foffice",
        "/\\office",
        "/ward/W1\\..\\..\\office",
        "http://127.0.0.1/office",
        "http://elsewhere.example/office",
        "https://elsewhere.example/office#x",
        "/office#/display/W1",
        "/ward/W2",
        "/ward/w2",
        "/ward/W1/../W2",
        "/ward/W1%2f..%2fW2",
    ] {
        for cookie in ["", cookie.as_str()] {
            let asked =
                format!("GET {target} HTTP/1.1\r\nhost: here\r\ncookie: {cookie}\r\nconnection: close\r\n\r\n");
            let answer = answered(&bench, asked.as_bytes()).await;
            let code = status(&answer);
            assert!(
                matches!(code, None | Some(303 | 400 | 401 | 403 | 404 | 405)),
                "{target} {cookie:?}: {answer}"
            );
            assert!(!answer.contains(&title), "{target} {cookie:?}");
            let away = answer.lines().find_map(|line| line.strip_prefix("location: "));
            assert!(away.is_none_or(|to| to.starts_with("/sign-in")), "{target} leads to {away:?}");
        }
    }
    is_well(&bench).await;
}

/// Files of the machine are at no address, however it is written.
#[tokio::test]
async fn no_spelling_of_an_address_leads_to_a_file() {
    let bench = Bench::lively(true).await;
    let cookie = everything(&bench).await;
    for folder in
        ["/assets/x/", "/branding/x/", "/office/month/2026-10/", "/office/previews/x/", "/display/W1/enter/"]
    {
        for name in [
            "..%2f..%2f..%2fetc%2fpasswd",
            "%2fetc%2fpasswd",
            "../../../../etc/passwd",
            "..%5c..%5cetc%5cpasswd",
            "..%252f..%252fetc%252fpasswd",
            "accounts.json",
            "..%2faccounts.json",
            "..%2f..%2faccounts.json%00.png",
        ] {
            let asked = format!(
                "GET {folder}{name} HTTP/1.1\r\nhost: here\r\ncookie: {cookie}\r\nconnection: close\r\n\r\n"
            );
            let answer = answered(&bench, asked.as_bytes()).await;
            assert!(matches!(status(&answer), Some(400..500)), "{folder}{name}: {answer}");
            assert!(!answer.contains("root:") && !answer.contains("argon2"), "{folder}{name}");
        }
    }
}

/// What proxies and frameworks elsewhere believe of a header is believed here of none: not where, not how, not for whom.
#[tokio::test]
async fn no_header_makes_a_request_another_one() {
    const HEADERS: [(&str, &str); 16] = [
        ("x-http-method-override", "POST"),
        ("x-method-override", "DELETE"),
        ("x-original-url", "/office"),
        ("x-rewrite-url", "/office"),
        ("x-original-uri", "/office"),
        ("x-forwarded-host", "evil.example"),
        ("x-forwarded-server", "evil.example"),
        ("x-forwarded-prefix", "/evil.example"),
        ("x-forwarded-for", "127.0.0.1"),
        ("x-real-ip", "127.0.0.1"),
        ("forwarded", "for=127.0.0.1;host=evil.example;proto=https"),
        ("x-remote-user", "office"),
        ("remote-user", "office"),
        ("x-forwarded-user", "office"),
        ("x-forwarded-email", "office@evil.example"),
        ("x-ssl-client-verify", "SUCCESS"),
    ];
    let (bench, demonstration) = (Bench::lively(false).await, Bench::lively(true).await);
    for (name, value) in HEADERS {
        for (there, path, expected) in
            [(&bench, "/office", 303), (&bench, "/ward/W1", 303), (&demonstration, "/ward/W1", 200)]
        {
            let plain = there.get(path).send().await.unwrap();
            let tricked = there.get(path).header(name, value).send().await.unwrap();
            assert_eq!(
                (plain.status().as_u16(), tricked.status().as_u16()),
                (expected, expected),
                "{name}: {path}"
            );
            assert_eq!(plain.headers().get("location"), tricked.headers().get("location"), "{name}: {path}");
            assert!(
                tricked.text().await.unwrap() == plain.text().await.unwrap(),
                "{name}: {path} says something else"
            );
        }
    }
    // Who asks under another name is told nothing of that name, and led nowhere but here.
    for host in ["evil.example", "evil.example:443", "here\thost: evil.example", ""] {
        let asked = format!("GET /office HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
        let answer = answered(&bench, asked.as_bytes()).await;
        assert!(matches!(status(&answer), None | Some(303 | 400)), "{host}: {answer}");
        assert!(!answer.contains("evil.example"), "{answer}");
    }
    is_well(&bench).await;
}

#[tokio::test]
async fn what_is_no_request_is_refused_and_what_is_too_long_as_well() {
    let bench = Bench::lively(false).await;
    let long = |bytes: usize| "a".repeat(bytes);
    let many = "x: y\r\n".repeat(200);
    for asked in [
        "GET /healthz HTTP/1.1\r\nhost : here\r\n\r\n".to_owned(),
        "GET /healthz HTTP/1.1\r\nhost: here\r\nx: a\rb\r\n\r\n".to_owned(),
        "GET /healthz HTTP/1.1\r\nhost: here\r\nx\0: y\r\n\r\n".to_owned(),
        "GET /healthz HTTP/1.1\r\nhost: here\r\n folded: y\r\n\r\n".to_owned(),
        "GET /a b HTTP/1.1\r\nhost: here\r\n\r\n".to_owned(),
        "GET /healthz HTTP/9.9\r\nhost: here\r\n\r\n".to_owned(),
        "G@T{} /healthz HTTP/1.1\r\nhost: here\r\n\r\n".to_owned(),
        "POST /sign-in HTTP/1.1\r\nhost: here\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab".to_owned(),
        "POST /sign-in HTTP/1.1\r\nhost: here\r\ncontent-length: -1\r\n\r\n".to_owned(),
        "POST /sign-in HTTP/1.1\r\nhost: here\r\ntransfer-encoding: identity, x\r\n\r\n".to_owned(),
        "\u{16}\u{3}\u{1}\u{2}\0\u{1}\0\u{1}".to_owned() + "\r\n\r\n",
        format!("GET /{} HTTP/1.1\r\nhost: here\r\n\r\n", long(70_000)),
        format!("GET /healthz HTTP/1.1\r\nhost: here\r\nx: {}\r\n\r\n", long(600_000)),
        format!("GET /healthz HTTP/1.1\r\nhost: here\r\n{many}\r\n"),
    ] {
        let answer = answered(&bench, asked.as_bytes()).await;
        let shown: String = asked.chars().take(90).collect();
        assert!(matches!(status(&answer), None | Some(400..500)), "{shown:?}: {answer}");
    }
    let longest = format!("GET /{} HTTP/1.1\r\nhost: here\r\nconnection: close\r\n\r\n", long(20_000));
    assert_eq!(status(&answered(&bench, longest.as_bytes()).await), Some(404));
    is_well(&bench).await;
}

/// A line break in what is asked is none in what is answered.
#[tokio::test]
async fn nothing_that_is_asked_becomes_a_header_of_the_answer() {
    let bench = Bench::lively(false).await;
    let cookie = everything(&bench).await;
    let broken = "x%0d%0aset-cookie:%20evil=1%0d%0a%0d%0a%3Cscript%3E";
    for route in routes::all().iter().filter(|route| route.path != "/sign-out") {
        let pairs = NAMES.map(|name| format!("{name}={broken}")).join("&");
        let path = filled(route.path, || broken.to_owned());
        for cookie in ["", cookie.as_str()] {
            let request = match route.method {
                "GET" => bench.get(&format!("{path}?{pairs}")),
                _ => bench.post(&path, &pairs),
            };
            let response = request.header("cookie", cookie).send().await.unwrap();
            let said = response.headers().iter().any(|(_, value)| value.as_bytes().starts_with(b"evil"));
            assert!(!said, "{} {path}: {:?}", route.method, response.headers());
        }
    }
}

/// Whoever signs out, signs in, or does anything else, does it here.
#[tokio::test]
async fn no_other_site_can_do_anything_for_whoever_has_signed_in() {
    let bench = Bench::lively(false).await;
    let cookie = everything(&bench).await;
    let entries = bench.desk.audit.recent(1_000).len();
    let client = Client::builder().redirect(redirect::Policy::none()).build().unwrap();
    let mut asked = 0;
    for route in routes::all().iter().filter(|route| route.method == "POST") {
        let path = filled(route.path, || "W1".to_owned());
        for (name, value) in [
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
            ("origin", "null"),
            ("origin", "https://evil.example"),
            ("origin", "http://127.0.0.1:1"),
        ] {
            let request = client.request(Method::POST, format!("http://{}{path}", bench.address));
            let request = request.header("content-type", "application/x-www-form-urlencoded");
            let request = request.header(name, value).header("cookie", &cookie).body("record=x");
            let response = request.send().await.unwrap();
            assert_eq!(response.status(), 403, "{path} with {name}: {value}");
            asked += 1;
        }
    }
    assert!(asked > 100, "{asked}");
    assert_eq!(bench.desk.audit.recent(1_000).len(), entries, "nothing was done, so nothing is noted");
    assert_eq!(bench.get("/office").header("cookie", &cookie).send().await.unwrap().status(), 200);
}

/// A body that says that it is packed is not unpacked: what it says is read as it stands.
#[tokio::test]
async fn a_form_is_not_unpacked_and_has_a_length() {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    let bench = Bench::lively(false).await;
    let form = format!("name=office&password={}", PASSWORD.replace(' ', "+"));
    let mut packer = GzEncoder::new(Vec::new(), Compression::best());
    packer.write_all(form.as_bytes()).unwrap();
    let small = packer.finish().unwrap();
    let client = Client::builder().redirect(redirect::Policy::none()).build().unwrap();
    let send = async |body: Vec<u8>, encoding: &str| {
        let request = client.post(format!("http://{}/sign-in", bench.address));
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        request.header("content-encoding", encoding).body(body).send().await.unwrap()
    };
    let response = send(small, "gzip").await;
    assert!(response.status().is_client_error() && response.headers().get("set-cookie").is_none());
    let long = format!("{form}&next={}", "a".repeat(20_000));
    let response = send(long.into_bytes(), "identity").await;
    assert!(response.status().is_client_error() && response.headers().get("set-cookie").is_none());
    assert_eq!(send(form.into_bytes(), "identity").await.status(), 303);
}

/// Whoever leaves a session in somebody's browser does not share what they then sign in to.
#[tokio::test]
async fn a_session_that_somebody_else_has_chosen_never_becomes_anybodys() {
    let bench = Bench::lively(false).await;
    let theirs = format!("wardvoice_session={}", "a".repeat(43));
    let form = format!("name=office&password={}", PASSWORD.replace(' ', "+"));
    for left in [theirs.clone(), bench.sign_in().await, "wardvoice_session=".to_owned()] {
        let response = bench.post("/sign-in", &form).header("cookie", &left).send().await.unwrap();
        let begun = response.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
        assert_ne!(begun, left);
        let sees = async |cookie: &str| {
            bench.get("/office").header("cookie", cookie).send().await.unwrap().status().as_u16()
        };
        assert_eq!((sees(&left).await, sees(&begun).await), (303, 200), "{left}");
    }
}

/// Guesses that come all at once are not looked at all at once.
#[tokio::test]
async fn a_hundred_guesses_at_once_are_no_more_than_a_hundred_one_by_one() {
    let bench = Bench::lively(false).await;
    let there = &bench;
    let guess = |place: usize| async move {
        let form = format!("name=office&password=guess-{place}");
        there.post("/sign-in", &form).send().await.unwrap().status().as_u16()
    };
    let answers = join_all((0..100).map(guess)).await;
    let looked_at = answers.iter().filter(|status| **status == 422).count();
    // Two are looked at side by side, so one may be under way when the fifth is counted.
    assert!((5..=6).contains(&looked_at), "{looked_at} were looked at: {answers:?}");
    assert!(answers.iter().all(|status| [422, 429].contains(status)), "{answers:?}");
    let noted = bench.desk.audit.recent(1_000).into_iter().filter(|entry| entry.did == "sign_in_refused").count();
    assert_eq!(noted, looked_at);
}

/// Everything that anybody can write, written as a script, and every page looked at.
#[tokio::test]
async fn whatever_somebody_writes_is_text_on_every_page() {
    let mut bench = Bench::lively(true).await;
    let cookie = everything(&bench).await;
    let comment = bench.writes_of(Some("C1"), "W1", "2026-11-16T10:00:00Z", Some(("better", SCRIPT)));
    let seen =
        |page: &str| page.split_once("name=\"seen\" value=\"").unwrap().1.split_once('"').unwrap().0.to_owned();
    let address = format!("/office/comments/{comment}");
    let page = bench.get(&address).header("cookie", &cookie).send().await.unwrap().text().await.unwrap();
    let words = encoded(SCRIPT.as_bytes());
    let sent = async |path: &str, form: String| {
        let response = bench.post(path, &form).header("cookie", &cookie).send().await.unwrap();
        response.status().as_u16()
    };
    assert_eq!(
        sent(&address, format!("seen={}&what=criticism&reach=everybody&themed=yes&theme=noise", seen(&page)))
            .await,
        303
    );
    let action = format!("what=add&said={words}&did={words}&owner=ward+sister&due=2026-12-01");
    assert_eq!(sent("/ward/W1/actions", action).await, 303);
    sent("/office/themes", format!("what=add&label={words}&theme=x")).await;
    sent("/office/accounts/add", format!("name={words}&role={words}&password={words}")).await;
    bench.change("W1", SCRIPT);
    bench.asks_for_help("W1", 4);
    let health = Health {
        software: SCRIPT.to_owned(),
        waiting: 1,
        last_sequence: 12,
        clock_offset_s: None,
        assignment: None,
        tablet: None,
        questionnaire: None,
    };
    bench.desk.fleet.status(&Status::new("k-1".parse().unwrap(), Presence::Online(health)), noon());
    let found = Alert {
        key: "an-alert".to_owned(),
        kind: Kind::SilentKiosk,
        audience: "office".parse().unwrap(),
        words: SCRIPT.to_owned(),
        page: "/fleet".to_owned(),
    };
    bench.finds(vec![found], AMPLE);

    let pairs = NAMES.map(|name| format!("{name}={words}")).join("&");
    let mut escaped = 0;
    let own = [("GET", address.clone()), ("GET", "/display/W1?turn=1&stay=true".to_owned())];
    let table = TABLE.into_iter().filter_map(|(route, address, _)| {
        let method = route.split_once(' ').unwrap().0;
        (!["/sign-out"].contains(&address)).then(|| (method, address.to_owned()))
    });
    for (method, address) in own.into_iter().chain(table).filter(|(_, address)| !address.contains("/stream")) {
        let sign = if address.contains('?') { '&' } else { '?' };
        let asked = match method {
            "GET" => vec![bench.get(&address), bench.get(&format!("{address}{sign}{pairs}"))],
            _ => vec![bench.post(&address, &pairs)],
        };
        for request in asked {
            let response = request.header("cookie", &cookie).send().await.unwrap();
            let kind = response.headers().get("content-type").map(|kind| kind.to_str().unwrap().to_owned());
            let text = response.text().await.unwrap();
            if kind.is_some_and(|kind| kind.starts_with("text/html")) {
                assert!(
                    !text.contains("<script>alert") && !text.contains("<img src=x"),
                    "{method} {address}: {text}"
                );
                escaped += usize::from(text.contains("&lt;script&gt;alert"));
            }
        }
    }
    assert!(escaped >= 5, "what was written stands on {escaped} pages alone: the test looks at the wrong ones");
}
