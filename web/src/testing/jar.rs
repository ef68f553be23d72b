//! What a browser does.

use super::TestApp;
use anyhow::{Context as _, Result};
use serde_json::Value;

/// A request that sends a form, as a browser does.
pub fn with_form<K: AsRef<str>, V: AsRef<str>>(
    request: reqwest::RequestBuilder,
    fields: impl IntoIterator<Item = (K, V)>,
) -> reqwest::RequestBuilder {
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    request.header("content-type", "application/x-www-form-urlencoded").body(body)
}

/// What a browser does: it keeps its cookies, sends forms from the server's own pages, and follows no redirect.
#[derive(Default)]
pub struct Jar(pub Vec<(String, String)>);

impl Jar {
    /// A cookie that it has.
    pub fn cookie(&self, named: &str) -> Option<&str> {
        self.0.iter().find(|(name, _)| name == named).map(|(_, value)| value.as_str())
    }

    /// Asks what a device is to sign, lets it `act`, and sends the form that holds its answer.
    pub async fn answer(
        &mut self,
        app: &TestApp,
        (options, action): (&str, &str),
        more: &[(&str, &str)],
        act: impl FnOnce(&Value) -> Result<String>,
    ) -> Result<reqwest::Response> {
        let asked = self.send(app, reqwest::Method::POST, options, &[]).await?.error_for_status()?;
        let asked: Value = asked.json().await?;
        let answer = act(&asked["opciones"])?;
        let secret = asked["reto"].as_str().context("a secret")?;
        let form = [&[("reto", secret), ("respuesta", answer.as_str())], more].concat();
        self.send(app, reqwest::Method::POST, action, &form).await
    }

    /// Asks for a page; a POST sends the form.
    pub async fn send(
        &mut self,
        app: &TestApp,
        method: reqwest::Method,
        path: &str,
        form: &[(&str, &str)],
    ) -> Result<reqwest::Response> {
        self.send_from(app, "127.0.0.1", method, path, form).await
    }

    /// The same from an address, as a proxy says it.
    pub async fn send_from(
        &mut self,
        app: &TestApp,
        from: &str,
        method: reqwest::Method,
        path: &str,
        form: &[(&str, &str)],
    ) -> Result<reqwest::Response> {
        let request = app.anonymous.request(method.clone(), format!("{}{path}", app.base)).header("origin", &app.base);
        let request = request.header("x-forwarded-for", from);
        let cookies: Vec<_> = self.0.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = request.header("accept", "text/html").header("cookie", cookies.join("; "));
        let posts = method == reqwest::Method::POST;
        let request = if posts { with_form(request, form.iter().copied()) } else { request };
        let response = request.send().await?;
        for cookie in response.headers().get_all("set-cookie") {
            let (name, rest) = cookie.to_str()?.split_once('=').context("name=value")?;
            let value = rest.split(';').next().unwrap_or_default();
            self.0.retain(|(known, _)| known != name);
            if !value.is_empty() {
                self.0.push((name.to_owned(), value.to_owned()));
            }
        }
        Ok(response)
    }
}
