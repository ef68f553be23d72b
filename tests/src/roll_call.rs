//! A roll call in a real browser whose line to the server is cut while an inspector marks.

use crate::browser::Browser;
use crate::support::{Line, PATIENCE, SANTIAGO, School, eventually};
use anyhow::{Context as _, Result, ensure};
use chrono::{DateTime, TimeDelta, Utc};
use commands::roll_call;
use domain::kiosk::LaneMode;
use domain::roll_call::{Key, Mark};
use local_services::proxy::FaultProxy;
use uuid::Uuid;

const SAFE: &str = "#salvos";
const AWAY: &str = "#sin-conexion";
const WAITING: &str = "#por-enviar";

struct Scene {
    line: Line,
    school: School,
    /// Between the browser and the server.
    proxy: FaultProxy,
    browser: Browser,
}

/// Six pupils who entered.
async fn scene() -> Result<Scene> {
    ensure!(Browser::available(), "no Chromium or no chromedriver on this machine: run make deps");
    let line = Line::start().await?;
    let school = line.school(SANTIAGO, 2, 6).await?;
    let mut kiosk = line.kiosk(&school, "Portón Norte", LaneMode::EntryLane).await?;
    let scans: Vec<_> = school.pupils.iter().map(|pupil| kiosk.scan(&pupil.card, "entry", line.now())).collect();
    kiosk.deliver(&line, &scans).await?;
    line.settle().await?;
    let port = line.base.rsplit(':').next().context("a port")?.parse()?;
    let proxy = FaultProxy::before(port).await?;
    let browser = Browser::start().await?;
    browser.sign_in(&format!("http://127.0.0.1:{}", proxy.port())).await?;
    Ok(Scene { line, school, proxy, browser })
}

impl Scene {
    async fn open(&self) -> Result<()> {
        let base = format!("http://127.0.0.1:{}", self.proxy.port());
        self.browser.goto(&format!("{base}/hoy/presentes?colegio={}", self.school.id)).await
    }

    async fn tap(&self, n: usize) -> Result<()> {
        self.browser.click(&format!("button[name=salvo][value='{}']", self.school.pupils[n].id)).await
    }

    async fn shows(&self, selector: &str, wanted: &str) -> Result<String> {
        self.browser.wait_for_text(selector, PATIENCE, |text| text.contains(wanted)).await
    }

    fn cut(&self, cut: bool) {
        self.proxy.refuse(cut);
        if cut {
            self.proxy.cut();
        }
    }

    /// The marks in the log: of whom, and when it was said.
    async fn marks(&self) -> Result<Vec<(Uuid, DateTime<Utc>)>> {
        let of = "select (payload ->> 'student_id')::uuid, occurred_at from events where event_type = 'marked_safe'";
        Ok(sqlx::query_as(of).fetch_all(&self.line.owner).await?)
    }

    async fn key(&self) -> Result<Key> {
        let of = "select position from events where aggregate_type = 'roll_call' and event_type = 'started'";
        let position = sqlx::query_scalar(of).fetch_one(&self.line.owner).await?;
        roll_call::at(self.line.write(), self.school.id, position).await?.context("a roll call")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn marks_made_while_the_server_is_out_of_reach_arrive_once_with_their_own_time_when_it_is_back() {
    let scene = scene().await.unwrap();
    let begun = scene.line.now();
    scene.open().await.unwrap();
    scene.browser.click("button[value=simulacro]").await.unwrap();
    scene.shows(SAFE, "0").await.unwrap();
    scene.tap(0).await.unwrap();
    scene.shows(SAFE, "1").await.unwrap();
    eventually("the first mark is in the log", async || Ok(scene.marks().await?.len() == 1)).await.unwrap();

    scene.cut(true);
    for n in 1..4 {
        scene.tap(n).await.unwrap();
    }
    scene.shows(SAFE, "4").await.unwrap();
    scene.shows(WAITING, "3 marcas por enviar").await.unwrap();
    scene.shows(AWAY, "Sin conexión desde las 07:30").await.unwrap();
    let kept = scene.browser.execute("return JSON.stringify(localStorage)").await.unwrap().to_string();
    assert!(kept.contains(&scene.school.pupils[3].id.to_string()), "{kept}");
    let name = scene.school.pupils[3].name.split(' ').next().unwrap();
    assert!(!kept.contains(name), "{kept} names {name}");
    assert_eq!(scene.marks().await.unwrap().len(), 1);

    // Meanwhile somebody else marks one of them, and ends it.
    let (context, key) = (scene.line.context(scene.school.id, SANTIAGO), scene.key().await.unwrap());
    let theirs = Mark { student_id: scene.school.pupils[2].id, safe: true, at: scene.line.now() };
    roll_call::mark(scene.line.write(), &context, key, vec![theirs]).await.unwrap();
    scene.line.clock.advance(TimeDelta::minutes(10));
    roll_call::end(scene.line.write(), &context, key).await.unwrap();
    scene.line.settle().await.unwrap();

    // The line is back, and the page is loaded anew before anything was sent.
    scene.cut(false);
    scene.open().await.unwrap();
    eventually("every mark is in the log", async || Ok(scene.marks().await?.len() == 4)).await.unwrap();
    scene.browser.wait_for_text(WAITING, PATIENCE, str::is_empty).await.unwrap();
    let mut marks = scene.marks().await.unwrap();
    marks.sort();
    let mut marked: Vec<Uuid> = scene.school.pupils[..4].iter().map(|pupil| pupil.id.0).collect();
    marked.sort();
    assert_eq!(marks.iter().map(|mark| mark.0).collect::<Vec<_>>(), marked, "each once");
    for (pupil, at) in marks {
        assert!(at >= begun && at < begun + TimeDelta::minutes(5), "{pupil} was marked at {at}");
    }
    let left = scene.browser.execute("return localStorage.length").await.unwrap();
    assert_eq!(left, 0, "nothing waits any more");
    // The page goes on by itself: another one is called.
    scene.browser.click("button[value=evacuacion]").await.unwrap();
    scene.shows(SAFE, "0").await.unwrap();
    let mut refused = scene.browser.console().await.unwrap();
    refused.retain(|line| line.contains("Content Security Policy") || line.contains("TypeError"));
    assert_eq!(refused, Vec::<String>::new());
    let mut line = scene.line;
    line.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_phone_marks_is_on_this_one_and_a_double_tap_is_one_mark() {
    let scene = scene().await.unwrap();
    scene.open().await.unwrap();
    scene.browser.click("button[value=evacuacion]").await.unwrap();
    scene.shows(SAFE, "0").await.unwrap();
    let (context, key) = (scene.line.context(scene.school.id, SANTIAGO), scene.key().await.unwrap());
    let theirs = Mark { student_id: scene.school.pupils[5].id, safe: true, at: scene.line.now() };
    roll_call::mark(scene.line.write(), &context, key, vec![theirs]).await.unwrap();
    scene.shows(SAFE, "1").await.unwrap();
    let button = format!("button[value='{}']", scene.school.pupils[0].id);
    let twice = format!("const b = document.querySelector(\"{button}\"); b.click(); b.click(); return b.disabled");
    assert_eq!(scene.browser.execute(&twice).await.unwrap(), true);
    scene.shows(SAFE, "2").await.unwrap();
    // Found ones go below, once nobody taps any more, and can be taken back from there.
    let undo = format!("[data-lista=salvos] button[name=deshacer][value='{}']", scene.school.pupils[0].id);
    scene.browser.wait_for_text(&undo, PATIENCE, |text| text == "Deshacer").await.unwrap();
    scene.browser.click(&undo).await.unwrap();
    scene.shows(SAFE, "1").await.unwrap();
    eventually("it is taken back in the log", async || {
        let of = "select count(*) from events where event_type = 'mark_withdrawn'";
        Ok(sqlx::query_scalar::<_, i64>(of).fetch_one(&scene.line.owner).await? == 1)
    })
    .await
    .unwrap();
    assert_eq!(scene.marks().await.unwrap().len(), 2);
    let mut line = scene.line;
    line.close().await;
}
