//! Over real sockets: whoever lets us wait is let go of, whoever does not is not.
#![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::routing::{get, post};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, mpsc};
use tokio::time::timeout;

use super::*;

/// Nothing here takes that long.
const DEADLINE: Duration = Duration::from_secs(20);
const SHORT: Duration = Duration::from_millis(40);
const LONG: Duration = Duration::from_mins(10);
/// What nobody waits for here.
const PATIENT: Patience = Patience { head: LONG, form: LONG, idle: LONG, stalled: LONG };

const ASK: &[u8] = b"GET / HTTP/1.1\r\nhost: here\r\n\r\n";

async fn open(router: Router, patience: Patience, many: usize) -> SocketAddr {
    let entrance = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = entrance.local_addr().unwrap();
    let reception = Reception { entrance, places: Places::new(many, many, &[]), patience, told: None };
    tokio::spawn(serve_at(reception, router, std::future::pending()));
    address
}

/// Says which request it answers.
fn counting() -> Router {
    let asked = Arc::new(AtomicUsize::new(0));
    let answer = move || {
        let asked = Arc::clone(&asked);
        async move { format!("answer {}.", asked.fetch_add(1, Ordering::Relaxed) + 1) }
    };
    Router::new().route("/", get(answer))
}

async fn says(address: SocketAddr, bytes: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    // Whoever is let go of in the middle of a word cannot say the rest.
    drop(stream.write_all(bytes).await);
    stream
}

/// Everything until the other end has had enough.
async fn until_the_end(stream: &mut TcpStream) -> String {
    let mut heard = Vec::new();
    let mut buffer = [0; 4_096];
    loop {
        match timeout(DEADLINE, stream.read(&mut buffer)).await.unwrap() {
            Ok(0) | Err(_) => return String::from_utf8_lossy(&heard).into_owned(),
            Ok(many) => heard.extend(buffer.iter().take(many)),
        }
    }
}

async fn until_it_says(stream: &mut TcpStream, word: &str) -> String {
    let mut heard = String::new();
    let mut buffer = [0; 4_096];
    while !heard.contains(word) {
        let many = timeout(DEADLINE, stream.read(&mut buffer)).await.unwrap().unwrap();
        assert!(many > 0, "the connection ended after {heard:?}");
        heard.push_str(&String::from_utf8_lossy(buffer.get(..many).unwrap()));
    }
    heard
}

#[tokio::test]
async fn a_head_that_does_not_come_is_not_waited_for() {
    let address = open(counting(), Patience { head: SHORT, ..PATIENT }, 100).await;
    for begun in ["", "G", "GET / HTTP/1.1\r\nhost: here\r\n", "GET / HTTP/1.1\r\nhost: here\r\nx: y"] {
        let mut slow = says(address, begun.as_bytes()).await;
        assert_eq!(until_the_end(&mut slow).await, "", "{begun:?}");
    }
    let mut quick = says(address, ASK).await;
    assert!(until_it_says(&mut quick, "answer 1.").await.starts_with("HTTP/1.1 200"));
    // A second head on the same connection has no more time than the first.
    quick.write_all(b"GET / HTTP/1.1\r\n").await.unwrap();
    assert_eq!(until_the_end(&mut quick).await, "");
}

/// A byte now and then does not buy more time.
#[tokio::test]
async fn a_head_that_drips_has_no_more_time_than_one_that_does_not() {
    let address = open(counting(), Patience { head: SHORT, ..PATIENT }, 100).await;
    let slow = says(address, b"GET / HTTP/1.1\r\nx: ").await;
    let (mut reading, mut writing) = slow.into_split();
    let mut drip = tokio::time::interval(SHORT / 8);
    let dripping = async {
        loop {
            drip.tick().await;
            if writing.write_all(b"y").await.is_err() {
                return;
            }
        }
    };
    let ended = async {
        let mut heard = Vec::new();
        drop(reading.read_to_end(&mut heard).await);
    };
    timeout(DEADLINE, async {
        tokio::select! { () = dripping => (), () = ended => () }
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn a_head_has_a_length() {
    let address = open(counting(), PATIENT, 100).await;
    let mut endless = b"GET / HTTP/1.1\r\n".to_vec();
    while endless.len() < 200 * 1_024 {
        endless.extend_from_slice(
            b"x: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n",
        );
    }
    until_the_end(&mut says(address, &endless).await).await;
    let long = format!("GET / HTTP/1.1\r\nx: {}\r\n\r\n", "y".repeat(30_000));
    until_it_says(&mut says(address, long.as_bytes()).await, "answer 1.").await;
}

#[tokio::test]
async fn a_form_that_does_not_come_is_not_waited_for() {
    let router = Router::new().route("/", post(|form: Bytes| async move { form.len().to_string() }));
    let address = open(router, Patience { form: SHORT, ..PATIENT }, 100).await;
    let head = "POST / HTTP/1.1\r\nhost: here\r\ncontent-length: 100\r\n\r\n";
    let mut slow = says(address, format!("{head}a").as_bytes()).await;
    let answer = until_it_says(&mut slow, "\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    let mut whole = says(address, format!("{head}{}", "a".repeat(100)).as_bytes()).await;
    assert!(until_it_says(&mut whole, "100").await.starts_with("HTTP/1.1 200"));
}

/// Its end is the clock by which the open page is seen to be left alone.
#[tokio::test]
async fn whoever_asks_nothing_more_is_let_go_of_and_an_open_page_is_not() {
    let news = Arc::new(Notify::new());
    let told = Arc::clone(&news);
    let page = move || {
        let told = Arc::clone(&told);
        let parts = stream::unfold(0, move |count| {
            let told = Arc::clone(&told);
            async move {
                if count > 0 {
                    told.notified().await;
                }
                Some((Ok::<_, std::convert::Infallible>(format!("part {count}.")), count + 1))
            }
        });
        async move { Body::from_stream(parts) }
    };
    let router = counting().route("/open", get(page));
    let address = open(router, Patience { idle: SHORT, ..PATIENT }, 100).await;
    let mut page = says(address, b"GET /open HTTP/1.1\r\nhost: here\r\n\r\n").await;
    until_it_says(&mut page, "part 0.").await;
    for _ in 0..3 {
        let mut idle = says(address, ASK).await;
        assert!(until_the_end(&mut idle).await.contains("answer"));
    }
    news.notify_one();
    until_it_says(&mut page, "part 1.").await;
}

#[tokio::test]
async fn whoever_takes_nothing_is_let_go_of() {
    /// Says so when it is dropped.
    struct Told(mpsc::UnboundedSender<()>);
    impl Drop for Told {
        fn drop(&mut self) {
            self.0.send(()).unwrap_or_default();
        }
    }
    let (ended, mut end) = mpsc::unbounded_channel();
    let page = move || {
        let told = Told(ended.clone());
        let parts = stream::repeat_with(move || {
            assert!(!told.0.is_closed());
            Ok::<_, std::convert::Infallible>(vec![b'x'; 64 * 1_024])
        });
        async move { Body::from_stream(parts) }
    };
    let router = Router::new().route("/", get(page));
    let address = open(router, Patience { stalled: SHORT, ..PATIENT }, 100).await;
    let _takes_nothing = says(address, ASK).await;
    timeout(DEADLINE, end.recv()).await.unwrap().unwrap();
}

#[tokio::test]
async fn there_are_so_many_connections_and_the_next_one_waits_for_a_place() {
    let address = open(counting(), PATIENT, 1).await;
    let mut first = says(address, ASK).await;
    until_it_says(&mut first, "answer 1.").await;
    let mut second = says(address, ASK).await;
    first.write_all(ASK).await.unwrap();
    until_it_says(&mut first, "answer 2.").await;
    drop(first);
    until_it_says(&mut second, "answer 3.").await;
}

#[tokio::test]
async fn who_has_connected_is_known_to_whoever_answers() {
    let router = Router::new().route(
        "/",
        get(|ConnectInfo(address): ConnectInfo<SocketAddr>| async move { format!("from {address}.") }),
    );
    let address = open(router, PATIENT, 10).await;
    let mut stream = says(address, ASK).await;
    let from = format!("from {}.", stream.local_addr().unwrap());
    until_it_says(&mut stream, &from).await;
}
