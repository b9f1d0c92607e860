//! A blocking HTTP client for the stories.

use std::sync::OnceLock;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use tokio::runtime::{Builder, Runtime};

/// A client with its own connections. One thread drives it; it follows no redirects.
#[derive(Debug)]
pub struct Http {
    runtime: Runtime,
    client: reqwest::Client,
    account: Option<(String, String)>,
    cookie: Option<String>,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The body as text.
    pub body: String,
}

impl Http {
    /// A new client that waits at most half a minute for an answer.
    pub fn new() -> Result<Self> {
        static PROVIDER: OnceLock<()> = OnceLock::new();
        PROVIDER.get_or_init(|| {
            // Fails only when another part of this process chose a provider before, which is as good.
            drop(rustls::crypto::ring::default_provider().install_default());
        });
        let runtime = Builder::new_current_thread().enable_all().build().context("failed to start a runtime")?;
        let client = reqwest::Client::builder()
            .timeout(Duration::from_secs(30))
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .context("failed to make an HTTP client")?;
        Ok(Self { runtime, client, account: None, cookie: None })
    }

    /// The same client, saying name and password with each request.
    #[must_use]
    pub fn with_account(self, name: &str, password: &str) -> Self {
        Self { account: Some((name.to_owned(), password.to_owned())), ..self }
    }

    /// Signs in as a person does, and keeps the session for everything that follows.
    pub fn sign_in(&mut self, base: &str, name: &str, password: &str) -> Result<()> {
        // Names and passwords of stories hold letters and spaces only.
        let form = format!("name={name}&password={}&next=%2F", password.replace(' ', "+"));
        let request = self
            .client
            .post(format!("{base}/sign-in"))
            .header("content-type", "application/x-www-form-urlencoded")
            .header("origin", base)
            .body(form);
        let cookie = self.runtime.block_on(async {
            let response = request.send().await.context("failed to sign in")?;
            let status = response.status();
            let cookie = response.headers().get("set-cookie").and_then(|value| value.to_str().ok());
            let cookie = cookie.and_then(|text| text.split(';').next()).map(str::to_owned);
            cookie.with_context(|| format!("signing in answered {status} without a session"))
        })?;
        self.cookie = Some(cookie);
        Ok(())
    }

    /// The session as a header's value, once signed in.
    pub fn session(&self) -> Result<&str> {
        self.cookie.as_deref().context("nobody has signed in")
    }

    /// Gets an address.
    pub fn get(&self, url: &str) -> Result<Answer> {
        self.send(self.client.get(url), url)
    }

    /// Posts JSON.
    pub fn post(&self, url: &str, body: &serde_json::Value) -> Result<Answer> {
        self.send(self.client.post(url).json(body), url)
    }

    /// Posts a form as a page of `base` does: with the address it comes from.
    pub fn post_form(&self, base: &str, path: &str, form: &str) -> Result<Answer> {
        let url = format!("{base}{path}");
        let request = self.client.post(&url).header("content-type", "application/x-www-form-urlencoded");
        self.send(request.header("origin", base).body(form.to_owned()), &url)
    }

    /// Deletes.
    pub fn delete(&self, url: &str) -> Result<Answer> {
        self.send(self.client.delete(url), url)
    }

    /// Gets JSON; anything but a 200 is an error.
    pub fn json(&self, url: &str) -> Result<serde_json::Value> {
        let answer = self.get(url)?;
        ensure!(answer.status == 200, "{url} answered {}: {}", answer.status, answer.body);
        serde_json::from_str(&answer.body).with_context(|| format!("{url} did not answer with JSON"))
    }

    fn send(&self, request: reqwest::RequestBuilder, url: &str) -> Result<Answer> {
        let request = match &self.account {
            Some((name, password)) => request.basic_auth(name, Some(password)),
            None => request,
        };
        let request = match &self.cookie {
            Some(cookie) => request.header("cookie", cookie),
            None => request,
        };
        self.runtime.block_on(async {
            let response = request.send().await.with_context(|| format!("failed to ask {url}"))?;
            let status = response.status().as_u16();
            let body = response.text().await.with_context(|| format!("failed to read the answer of {url}"))?;
            Ok(Answer { status, body })
        })
    }
}
