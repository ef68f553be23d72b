//! A page as a browser gets it.

use crate::testing::{TestApp, with_form};
use reqwest::Client;

/// What a browser got: status, where it is sent, text.
pub(in crate::pages) type Shown = (u16, Option<String>, String);

/// Sends what a browser asks.
pub(in crate::pages) async fn shown(request: reqwest::RequestBuilder) -> Shown {
    let answer = request.header("accept", "text/html").send().await.unwrap();
    let location = answer.headers().get("location").map(|to| to.to_str().unwrap().to_owned());
    (answer.status().as_u16(), location, answer.text().await.unwrap())
}

/// A page.
pub(in crate::pages) async fn get(app: &TestApp, client: &Client, path: &str) -> Shown {
    shown(client.get(format!("{}{path}", app.base))).await
}

/// A form that was filled in.
pub(in crate::pages) async fn post(app: &TestApp, client: &Client, path: &str, form: &[(&str, &str)]) -> Shown {
    shown(with_form(client.post(format!("{}{path}", app.base)), form.iter().copied())).await
}
