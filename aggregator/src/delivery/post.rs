//! The way out: one HTTP request a try. Knows the addresses, and tells nobody.

use std::time::Duration;

use reqwest::header::{HeaderName, RETRY_AFTER};
use reqwest::{Client, Proxy, StatusCode, redirect};

use super::body::body;
use super::{Contacts, Failure, Message, Outcome, Settings};

/// How long a receiver may take to be reached.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(4);
/// How long it may take altogether.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Where the id stands, so that a receiver can drop doubles.
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// The client and the contacts it knows.
#[derive(Debug)]
pub struct Post {
    client: Client,
    contacts: Contacts,
    pages_url: Option<String>,
}

/// Why there is no way out.
#[derive(Debug, thiserror::Error)]
pub enum PostError {
    /// The proxy's address is none.
    #[error("use the setting delivery.proxy: write http://host:port")]
    Proxy,
    /// The libraries do not work.
    #[error("make an HTTP client: {0}")]
    Client(String),
}

impl Post {
    /// A client that follows no redirects and takes no proxy but the one of the settings.
    pub fn new(settings: &Settings, contacts: Contacts) -> Result<Self, PostError> {
        let builder = Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(TIMEOUT)
            .redirect(redirect::Policy::none())
            .user_agent(concat!("wardvoice/", env!("CARGO_PKG_VERSION")));
        let builder = match &settings.proxy {
            Some(proxy) => builder.proxy(Proxy::all(proxy).map_err(|_| PostError::Proxy)?),
            None => builder.no_proxy(),
        };
        let client = builder.build().map_err(|error| PostError::Client(error.without_url().to_string()))?;
        Ok(Self { client, contacts, pages_url: settings.pages_url.clone() })
    }

    /// Tries once.
    pub(super) async fn send(&self, message: &Message) -> Outcome {
        let Some(contact) = self.contacts.get(&message.contact) else {
            return Outcome::Refused(Failure::NoContact);
        };
        let request = self
            .client
            .post(contact.address.url())
            .header(IDEMPOTENCY_KEY, message.id.as_str())
            .json(&body(message, contact.kind, self.pages_url.as_deref()));
        let request = match &contact.token {
            Some(token) => request.bearer_auth(token.as_str()),
            None => request,
        };
        match request.send().await {
            Ok(response) => {
                let wait = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
                outcome_of(response.status(), wait)
            }
            Err(error) if error.is_timeout() => Outcome::Failed(Failure::NoAnswer, None),
            Err(_) => Outcome::Failed(Failure::Unreachable, None),
        }
    }
}

/// Whether a text is the address of a proxy.
pub(crate) fn is_proxy(text: &str) -> bool {
    text.contains("://") && Proxy::all(text).is_ok()
}

/// What a status says. Only what is about the message itself is a refusal: a wrong token or a receiver that is being moved may be put
/// right while the message waits.
fn outcome_of(status: StatusCode, wait_s: Option<u32>) -> Outcome {
    let failure = Failure::Status(status.as_u16());
    match status.as_u16() {
        200..=299 => Outcome::Delivered,
        400 | 410 | 413 | 415 | 422 => Outcome::Refused(failure),
        _ => Outcome::Failed(failure, wait_s),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

    use std::path::Path;

    use jiff::{SignedDuration, Timestamp};
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;
    use crate::delivery::{Address, Kind, Listed};

    /// A receiver cannot send the server on to something else that only the server reaches.
    #[tokio::test]
    async fn a_receiver_that_sends_us_elsewhere_is_not_followed() {
        drop(rustls::crypto::ring::default_provider().install_default());
        let receiver = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let inside = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        inside.set_nonblocking(true).unwrap();
        let url = format!("http://{}/hook", receiver.local_addr().unwrap());
        let name: crate::delivery::ContactName = "office".parse().unwrap();
        let listed = Listed { name: name.clone(), kind: Kind::Json, url: Address::read(&url) };
        let settings = Settings {
            give_up_after: SignedDuration::from_hours(1),
            secrets_file: None,
            pages_url: None,
            proxy: None,
            contacts: vec![listed],
        };
        let post = Post::new(&settings, Contacts::open(&settings, Path::new("")).unwrap()).unwrap();
        let message = Message::test(&name, Timestamp::now());
        for status in [301, 302, 303, 307, 308] {
            let answer = format!(
                "HTTP/1.1 {status} Elsewhere\r\nLocation: http://{}/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
                inside.local_addr().unwrap()
            );
            let answering = async {
                let (mut stream, _) = receiver.accept().await.unwrap();
                let mut heard = Vec::new();
                while !heard.ends_with(b"}") {
                    assert!(stream.read_buf(&mut heard).await.unwrap() > 0, "half a message");
                }
                stream.write_all(answer.as_bytes()).await.unwrap();
                stream.shutdown().await.unwrap();
            };
            let (outcome, ()) = tokio::join!(post.send(&message), answering);
            assert_eq!(outcome, Outcome::Failed(Failure::Status(status), None));
            assert!(
                inside.accept().is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock),
                "{status}"
            );
        }
    }

    #[test]
    fn only_what_is_about_the_message_is_a_refusal() {
        for (status, wait, expected) in [
            (200, None, Outcome::Delivered),
            (202, Some(3), Outcome::Delivered),
            (302, None, Outcome::Failed(Failure::Status(302), None)),
            (400, None, Outcome::Refused(Failure::Status(400))),
            (401, None, Outcome::Failed(Failure::Status(401), None)),
            (404, None, Outcome::Failed(Failure::Status(404), None)),
            (413, None, Outcome::Refused(Failure::Status(413))),
            (429, Some(7), Outcome::Failed(Failure::Status(429), Some(7))),
            (500, None, Outcome::Failed(Failure::Status(500), None)),
            (503, Some(2), Outcome::Failed(Failure::Status(503), Some(2))),
        ] {
            assert_eq!(outcome_of(StatusCode::from_u16(status).unwrap(), wait), expected, "{status}");
        }
    }
}
