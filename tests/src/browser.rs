//! A real browser, driven over the WebDriver protocol (<https://www.w3.org/TR/webdriver2/>): what a
//! person would see, not what the server meant to send.
//!
//! Needs `chromedriver` and Chromium on the machine; [`Browser::available`] says whether they are there.

use anyhow::{Context, anyhow, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use web::testing::OWNER_COOKIE;

/// How long the driver may take to start, and one command to answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// Key of an element reference in the protocol (WebDriver, 11.1).
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// One browser window with a profile of its own. Its processes end when it is dropped.
pub struct Browser {
    driver: Child,
    profile: PathBuf,
    client: reqwest::Client,
    /// `http://127.0.0.1:<port>/session/<id>`
    session: String,
}

impl Browser {
    /// Whether this machine has a browser and its driver.
    pub fn available() -> bool {
        binary("chromedriver").is_some() && chromium().is_some()
    }

    /// Starts the driver on a free port and opens a window of 1280 × 800.
    pub async fn start() -> anyhow::Result<Self> {
        let driver = binary("chromedriver").context("chromedriver is not on this machine: run `make deps`")?;
        let chromium = chromium().context("Chromium is not on this machine: run `make deps`")?;
        // Given back at once; the driver takes it a moment later.
        let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let profile = std::env::temp_dir().join(format!("browser-{}-{port}", std::process::id()));
        std::fs::create_dir_all(&profile)?;
        let driver = Command::new(driver)
            .arg(format!("--port={port}"))
            .env("TMPDIR", &profile)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("start chromedriver")?;
        let client = workers::outbound::loopback().timeout(PATIENCE).build()?;
        let base = format!("http://127.0.0.1:{port}");
        let mut browser = Self { driver, profile, client, session: base.clone() };
        browser.wait_for_driver(&base).await?;
        let arguments = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--lang=es-CL",
            "--window-size=1280,800",
            &format!("--user-data-dir={}", browser.profile.join("profile").display()),
        ];
        let wanted = json!({"capabilities": {"alwaysMatch": {
            "goog:chromeOptions": {"binary": chromium, "args": arguments},
            "goog:loggingPrefs": {"browser": "ALL"},
        }}});
        let answer = browser.post(&format!("{base}/session"), &wanted).await?;
        let id = answer["sessionId"].as_str().context("a session has an id")?;
        browser.session = format!("{base}/session/{id}");
        Ok(browser)
    }

    /// Is signed in at a server as the owner of every test's school.
    pub async fn sign_in(&self, base: &str) -> anyhow::Result<()> {
        // A cookie is given to the page that is open.
        self.goto(&format!("{base}/entrar")).await?;
        self.keep(OWNER_COOKIE).await
    }

    /// Opens an address and waits until it has loaded.
    pub async fn goto(&self, url: &str) -> anyhow::Result<()> {
        self.command("url", &json!({"url": url})).await.map(drop)
    }

    /// The visible text of the first element that a CSS selector finds; none if it finds none.
    pub async fn text(&self, selector: &str) -> anyhow::Result<Option<String>> {
        let found = self.command("elements", &json!({"using": "css selector", "value": selector})).await?;
        let Some(element) = found[0][ELEMENT].as_str() else { return Ok(None) };
        // The element may have been replaced since: then there is no text of it.
        match self.get(&format!("element/{element}/text")).await {
            Ok(text) => Ok(text.as_str().map(str::to_owned)),
            Err(error) if is_replaced(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Clicks the first element that a CSS selector finds, as a person does.
    pub async fn click(&self, selector: &str) -> anyhow::Result<()> {
        for _ in 0..5 {
            let found = self.command("elements", &json!({"using": "css selector", "value": selector})).await?;
            let element = found[0][ELEMENT].as_str().with_context(|| format!("no {selector}"))?;
            match self.command(&format!("element/{element}/click"), &json!({})).await {
                // The page was replaced before the driver found out where to click.
                Err(error) if is_replaced(&error) => tokio::time::sleep(Duration::from_millis(50)).await,
                clicked => return clicked.map(drop),
            }
        }
        bail!("{selector} is replaced again and again")
    }

    /// Types into the first element that a CSS selector finds, in place of what it held.
    pub async fn fill(&self, selector: &str, text: &str) -> anyhow::Result<()> {
        let found = self.command("elements", &json!({"using": "css selector", "value": selector})).await?;
        let element = found[0][ELEMENT].as_str().with_context(|| format!("no {selector}"))?;
        self.command(&format!("element/{element}/clear"), &json!({})).await?;
        self.command(&format!("element/{element}/value"), &json!({"text": text})).await.map(drop)
    }

    /// Gives the browser a device that keeps passkeys, whose person is there and is verified
    /// (<https://www.w3.org/TR/webauthn-3/#sctn-automation>); its id.
    pub async fn device(&self) -> anyhow::Result<String> {
        let device = json!({"protocol": "ctap2", "transport": "internal", "hasResidentKey": true,
            "hasUserVerification": true, "isUserConsenting": true, "isUserVerified": true});
        let id = self.command("webauthn/authenticator", &device).await?;
        Ok(id.as_str().context("a device has an id")?.to_owned())
    }

    /// Whether the device's person shows finger, face or PIN from now on.
    pub async fn verify(&self, device: &str, verified: bool) -> anyhow::Result<()> {
        let path = format!("webauthn/authenticator/{device}/uv");
        self.command(&path, &json!({"isUserVerified": verified})).await.map(drop)
    }

    /// Waits until the text of a selector satisfies `wanted`, looking every few milliseconds, and
    /// gives it; an error with the last text after `patience`.
    pub async fn wait_for_text(
        &self,
        selector: &str,
        patience: Duration,
        mut wanted: impl FnMut(&str) -> bool,
    ) -> anyhow::Result<String> {
        let started = Instant::now();
        loop {
            let text = self.text(selector).await?;
            match text {
                Some(text) if wanted(&text) => return Ok(text),
                text if started.elapsed() > patience => bail!("{selector} shows {text:?} after {patience:?}"),
                _ => tokio::time::sleep(Duration::from_millis(10)).await,
            }
        }
    }

    /// The answer of a script's `return`, run in the page.
    pub async fn execute(&self, script: &str) -> anyhow::Result<Value> {
        self.command("execute/sync", &json!({"script": script, "args": []})).await
    }

    /// From the next page on no script of a page runs.
    pub async fn disable_scripts(&self) -> anyhow::Result<()> {
        self.devtools("Emulation.setScriptExecutionDisabled", json!({"value": true})).await
    }

    /// Shows pages in light or dark colours from now on, whatever the machine prefers.
    pub async fn prefer(&self, colours: &str) -> anyhow::Result<()> {
        let feature = json!({"name": "prefers-color-scheme", "value": colours});
        self.devtools("Emulation.setEmulatedMedia", json!({"features": [feature]})).await
    }

    /// Gives pages this much room, in CSS pixels: narrower than a window can be, too.
    pub async fn room(&self, width: u32, height: u32) -> anyhow::Result<()> {
        let metrics = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
        self.devtools("Emulation.setDeviceMetricsOverride", metrics).await
    }

    /// A key is pressed on what has the focus: `\u{e004}` is the tab key (WebDriver, 17.4.2).
    pub async fn press(&self, key: &str) -> anyhow::Result<()> {
        let act = |kind: &str| json!({"type": kind, "value": key});
        let keyboard = json!({"type": "key", "id": "keyboard", "actions": [act("keyDown"), act("keyUp")]});
        self.command("actions", &json!({"actions": [keyboard]})).await.map(drop)
    }

    /// Runs a script in every page from the next one on, before any script of the page's own; no policy of a page
    /// applies to it.
    pub async fn run_first(&self, script: &str) -> anyhow::Result<()> {
        self.devtools("Page.addScriptToEvaluateOnNewDocument", json!({"source": script})).await
    }

    /// Gives the browser a cookie of a server, one of whose pages must be open.
    pub async fn keep(&self, cookie: &str) -> anyhow::Result<()> {
        let (name, value) = cookie.split_once('=').context("name=value")?;
        self.command("cookie", &json!({"cookie": {"name": name, "value": value, "httpOnly": true}})).await.map(drop)
    }

    /// Forgets every cookie.
    pub async fn forget(&self) -> anyhow::Result<()> {
        self.devtools("Network.clearBrowserCookies", json!({})).await
    }

    async fn devtools(&self, command: &str, params: Value) -> anyhow::Result<()> {
        self.command("goog/cdp/execute", &json!({"cmd": command, "params": params})).await.map(drop)
    }

    /// Makes the window this large, in CSS pixels.
    pub async fn resize(&self, width: u32, height: u32) -> anyhow::Result<()> {
        self.command("window/rect", &json!({"width": width, "height": height})).await.map(drop)
    }

    /// Writes what is seen now to a PNG file.
    pub async fn screenshot(&self, path: &Path) -> anyhow::Result<()> {
        let image = self.get("screenshot").await?;
        let image = image.as_str().context("a screenshot is a text")?;
        Ok(std::fs::write(path, STANDARD.decode(image)?)?)
    }

    /// What the page wrote to its console since the last call: violations of the policy, errors,
    /// failed requests.
    pub async fn console(&self) -> anyhow::Result<Vec<String>> {
        let log = self.command("se/log", &json!({"type": "browser"})).await?;
        let lines = log.as_array().map(Vec::as_slice).unwrap_or_default();
        Ok(lines.iter().filter_map(|line| line["message"].as_str()).map(str::to_owned).collect())
    }

    async fn wait_for_driver(&mut self, base: &str) -> anyhow::Result<()> {
        let started = Instant::now();
        loop {
            if let Some(status) = self.driver.try_wait()? {
                bail!("chromedriver ended at once: {status}");
            }
            let ready = self.client.get(format!("{base}/status")).send().await;
            match ready {
                Ok(answer) if answer.status().is_success() => return Ok(()),
                _ if started.elapsed() > PATIENCE => bail!("chromedriver does not answer"),
                _ => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        }
    }

    async fn command(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        self.post(&format!("{}/{path}", self.session), body).await
    }

    async fn post(&self, url: &str, body: &Value) -> anyhow::Result<Value> {
        value(self.client.post(url).json(body).send().await?).await
    }

    async fn get(&self, path: &str) -> anyhow::Result<Value> {
        value(self.client.get(format!("{}/{path}", self.session)).send().await?).await
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The driver ends its browsers when it is asked to; killed it would leave them behind.
        if !self.session.ends_with("/session") {
            let _ = end_session(&self.session);
        }
        let _ = self.driver.kill();
        let _ = self.driver.wait();
        let _ = std::fs::remove_dir_all(&self.profile);
    }
}

/// `DELETE <session>` without a runtime, for a destructor.
fn end_session(session: &str) -> std::io::Result<()> {
    use std::io::{Error, Read as _, Write as _};
    let address = session.trim_start_matches("http://");
    let (host, path) = address.split_once('/').ok_or_else(|| Error::other("no session"))?;
    let mut stream = std::net::TcpStream::connect(host)?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    write!(stream, "DELETE /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")?;
    stream.read_to_end(&mut Vec::new()).map(drop)
}

/// Whether an element went before anything was done with it. The driver has no name of its own for the second.
fn is_replaced(error: &anyhow::Error) -> bool {
    let said = error.to_string();
    said.contains("stale element") || said.contains("does not belong to the document")
}

/// The `value` of an answer, or its error.
async fn value(answer: reqwest::Response) -> anyhow::Result<Value> {
    let failed = !answer.status().is_success();
    let mut body: Value = answer.json().await?;
    let value = body["value"].take();
    if failed {
        return Err(anyhow!("{}: {}", value["error"], value["message"]));
    }
    Ok(value)
}

fn chromium() -> Option<PathBuf> {
    ["chromium", "chromium-browser", "google-chrome"].into_iter().find_map(binary)
}

fn binary(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_page_is_opened_read_and_photographed() {
        let browser = Browser::start().await.unwrap();
        browser.goto("data:text/html,<h1>Hola</h1><script>console.error('oh')</script>").await.unwrap();
        assert_eq!(browser.text("h1").await.unwrap().as_deref(), Some("Hola"));
        assert_eq!(browser.text("h2").await.unwrap(), None);
        browser.execute("setTimeout(() => document.querySelector('h1').textContent = 'Chao', 50)").await.unwrap();
        browser.wait_for_text("h1", Duration::from_secs(5), |text| text == "Chao").await.unwrap();
        browser.resize(390, 844).await.unwrap();
        let file = browser.profile.join("shot.png");
        browser.screenshot(&file).await.unwrap();
        assert!(std::fs::read(&file).unwrap().starts_with(b"\x89PNG"));
        assert!(browser.console().await.unwrap().iter().any(|line| line.contains("oh")));
        let (profile, pid) = (browser.profile.clone(), browser.driver.id());
        drop(browser);
        assert!(!profile.exists() && !Path::new(&format!("/proc/{pid}")).exists());
    }
}
