//! A real browser: headless Chromium through chromedriver and the WebDriver protocol.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, ensure};
use base64::Engine as _;
use serde_json::{Value, json};

use crate::http::Http;
use crate::loopback;
use crate::process::Process;
use crate::programs;
use crate::wait::{PATIENCE, until_true};

/// A browser with one window. Dropping it ends Chromium and chromedriver.
#[derive(Debug)]
pub struct Browser {
    http: Http,
    session: String,
    driver: Process,
}

impl Browser {
    /// Starts Chromium with a window of a size; its profile is in the directory.
    pub fn start(width: u32, height: u32, directory: &Path) -> Result<Self> {
        let port = loopback::free_port()?;
        let chromium = programs::installed("chromium", "chromium")?;
        let mut command = Command::new(programs::installed("chromedriver", "chromium-driver")?);
        command.arg(format!("--port={port}"));
        let mut driver = Process::start("chromedriver", command, directory)?;
        let http = Http::new()?;
        let base = format!("http://127.0.0.1:{port}");
        until_true("chromedriver to be ready", PATIENCE, || {
            driver.must_be_running()?;
            let status = http.json(&format!("{base}/status")).unwrap_or_default();
            Ok(status.pointer("/value/ready") == Some(&Value::Bool(true)))
        })?;
        let profile = directory.join("chromium");
        let options = json!({
            "binary": chromium,
            "args": [
                "--headless=new",
                // Chromium refuses its sandbox as root and in most containers; it only sees pages of ours.
                "--no-sandbox",
                "--disable-dev-shm-usage",
                "--disable-gpu",
                "--hide-scrollbars",
                format!("--user-data-dir={}", profile.display()),
                format!("--window-size={width},{height}"),
            ],
        });
        let wanted = json!({
            "capabilities": { "alwaysMatch": { "browserName": "chrome", "goog:chromeOptions": options } }
        });
        let answer = http.post(&format!("{base}/session"), &wanted)?;
        ensure!(answer.status == 200, "chromedriver made no session: {}", answer.body);
        let value: Value = serde_json::from_str(&answer.body)?;
        let id = value.pointer("/value/sessionId").and_then(Value::as_str).context("no session id")?;
        Ok(Self { session: format!("{base}/session/{id}"), http, driver })
    }

    /// Runs a script in every page from now on, before the page's own.
    pub fn before_every_page(&self, script: &str) -> Result<()> {
        let body = json!({ "cmd": "Page.addScriptToEvaluateOnNewDocument", "params": { "source": script } });
        self.post("goog/cdp/execute", &body).map(drop)
    }

    /// Opens an address.
    pub fn open(&self, url: &str) -> Result<()> {
        self.post("url", &json!({ "url": url })).map(drop)
    }

    /// Runs a script and returns what it returns.
    pub fn run(&self, script: &str) -> Result<Value> {
        self.post("execute/sync", &json!({ "script": script, "args": [] }))
    }

    /// The page's visible text.
    pub fn text(&self) -> Result<String> {
        Ok(self.run("return document.body.innerText")?.as_str().unwrap_or_default().to_owned())
    }

    /// The text of the first element a selector finds.
    pub fn text_of(&self, selector: &str) -> Result<Option<String>> {
        let script =
            format!("const e = document.querySelector({}); return e && e.textContent", Value::from(selector));
        Ok(self.run(&script)?.as_str().map(|text| text.trim().to_owned()))
    }

    /// Empties a field and writes into it as a keyboard does.
    pub fn write(&self, selector: &str, text: &str) -> Result<()> {
        let element = self.element(selector)?;
        self.post(&format!("element/{element}/clear"), &json!({}))?;
        self.post(&format!("element/{element}/value"), &json!({ "text": text })).map(drop)
    }

    /// Clicks the first element a selector finds.
    pub fn click(&self, selector: &str) -> Result<()> {
        let element = self.element(selector)?;
        self.post(&format!("element/{element}/click"), &json!({})).map(drop)
    }

    /// Keeps a picture of the window.
    pub fn picture(&self, path: &Path) -> Result<()> {
        let answer = self.http.json(&format!("{}/screenshot", self.session))?;
        let text = answer.get("value").and_then(Value::as_str).context("no screenshot")?;
        let bytes = base64::engine::general_purpose::STANDARD.decode(text)?;
        fs::write(path, bytes).with_context(|| format!("failed to write {}", path.display()))
    }

    /// Waits until the page's script finds something true.
    pub fn until(&self, what: &str, deadline: Duration, script: &str) -> Result<()> {
        until_true(what, deadline, || Ok(self.run(script)? == Value::Bool(true)))
            .map_err(|error| anyhow!("{error:#}; the page says: {}", self.text().unwrap_or_default()))
    }

    fn element(&self, selector: &str) -> Result<String> {
        let found = self.post("element", &json!({ "using": "css selector", "value": selector }))?;
        let id = found.as_object().and_then(|object| object.values().next()).and_then(Value::as_str);
        Ok(id.context("no element")?.to_owned())
    }

    fn post(&self, command: &str, body: &Value) -> Result<Value> {
        let answer = self.http.post(&format!("{}/{command}", self.session), body)?;
        ensure!(answer.status == 200, "the browser refused {command}: {}", answer.body);
        let value: Value = serde_json::from_str(&answer.body)?;
        Ok(value.get("value").cloned().unwrap_or_default())
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Ending the session ends Chromium; chromedriver itself is killed with its handle.
        if self.driver.ended().is_ok_and(|ended| ended.is_none()) {
            drop(self.http.delete(&self.session));
        }
    }
}
