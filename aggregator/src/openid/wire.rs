//! Talking to a provider: bounded in time and size, over TLS, without following it anywhere.

use std::time::Duration;

use reqwest::{Certificate, Client, RequestBuilder, Response, StatusCode, header, redirect};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::attempt::form;
use super::{OpenIdError, a_word};
use crate::config::OpenIdSettings;

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(3);
/// How long an answer may take.
const ANSWER: Duration = Duration::from_secs(if cfg!(test) { 1 } else { 8 });
/// The largest answer that is read, in bytes.
const MAX_ANSWER_BYTES: usize = 256 * 1024;

/// The way to a provider.
#[derive(Debug)]
pub(super) struct Wire {
    client: Client,
}

#[derive(Deserialize)]
struct TokenFile {
    id_token: String,
}

#[derive(Deserialize)]
struct RefusalFile {
    error: String,
}

impl Wire {
    pub(super) fn new(settings: &OpenIdSettings) -> Result<Self, OpenIdError> {
        let mut builder = Client::builder()
            .redirect(redirect::Policy::none())
            .connect_timeout(CONNECT)
            .timeout(ANSWER)
            .user_agent("wardvoice-aggregator");
        if let Some(path) = &settings.ca_file {
            let file =
                |reason: String| OpenIdError::File { setting: "openid.ca_file", path: path.clone(), reason };
            let pem = std::fs::read(path).map_err(|error| file(error.to_string()))?;
            let authorities = Certificate::from_pem_bundle(&pem).map_err(|error| file(error.to_string()))?;
            if authorities.is_empty() {
                return Err(file("there is no certificate in it".to_owned()));
            }
            builder = builder.tls_certs_only(authorities);
        }
        // Within this machine there is no proxy to go through.
        if settings.issuer.starts_with("http://") {
            builder = builder.no_proxy();
        }
        let client = builder.build().map_err(|error| OpenIdError::Unreachable(error.to_string()))?;
        Ok(Self { client })
    }

    /// Something that the provider says of itself.
    pub(super) async fn json<T: DeserializeOwned>(&self, address: &str) -> Result<T, OpenIdError> {
        let (status, bytes) = ask(self.client.get(address)).await?;
        if !status.is_success() {
            return Err(unsuccessful(status));
        }
        serde_json::from_slice(&bytes)
            .map_err(|_| OpenIdError::Odd("it does not answer as OpenID Connect has it".to_owned()))
    }

    /// The identity token for a code.
    pub(super) async fn token(
        &self,
        address: &str,
        fields: &[(&str, &str)],
        basic: Option<(String, String)>,
    ) -> Result<String, OpenIdError> {
        let request = self.client.post(address).body(form(fields));
        let request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        let request = match basic {
            Some((name, secret)) => request.basic_auth(name, Some(secret)),
            None => request,
        };
        let (status, bytes) = ask(request).await?;
        if status.is_client_error() {
            let refusal = serde_json::from_slice::<RefusalFile>(&bytes);
            return Err(OpenIdError::Declined(
                refusal.map_or_else(|_| status.to_string(), |refusal| a_word(&refusal.error)),
            ));
        }
        if !status.is_success() {
            return Err(unsuccessful(status));
        }
        let odd = |_| OpenIdError::Odd("it gave no identity token".to_owned());
        serde_json::from_slice::<TokenFile>(&bytes).map(|file| file.id_token).map_err(odd)
    }
}

fn unsuccessful(status: StatusCode) -> OpenIdError {
    if status.is_server_error() {
        OpenIdError::Unreachable(format!("it answers {status}"))
    } else {
        OpenIdError::Odd(format!("it answers {status}"))
    }
}

async fn ask(request: RequestBuilder) -> Result<(StatusCode, Vec<u8>), OpenIdError> {
    let unreachable = |error: reqwest::Error| OpenIdError::Unreachable(chain(&error.without_url()));
    let mut response: Response =
        request.header(header::ACCEPT, "application/json").send().await.map_err(unreachable)?;
    let (status, mut bytes) = (response.status(), Vec::new());
    while let Some(part) = response.chunk().await.map_err(unreachable)? {
        if bytes.len() + part.len() > MAX_ANSWER_BYTES {
            return Err(OpenIdError::Odd("its answer is too large".to_owned()));
        }
        bytes.extend_from_slice(&part);
    }
    Ok((status, bytes))
}

/// An error with its causes: the first says only that something was sent.
fn chain(error: &reqwest::Error) -> String {
    let mut said = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        said = format!("{said}: {inner}");
        cause = inner.source();
    }
    said
}
