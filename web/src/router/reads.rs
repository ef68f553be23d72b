//! Asking changes nothing (A21).

use super::answers::Scene;
use crate::permissions::ROUTES;
use crate::session::{Begin, Stage};
use domain::account::StaffRole;
use sqlx::{Connection, PgConnection};
use std::collections::BTreeMap;

/// A digest of every table but the record of who looked and the timers of a worker, by the table's name.
async fn held(database: &mut PgConnection) -> BTreeMap<String, String> {
    let tables = "select format('%I.%I', schemaname, tablename) from pg_tables
        where schemaname not in ('pg_catalog', 'information_schema') and tablename not in ('looks', 'no_show_timers')";
    let tables: Vec<String> = sqlx::query_scalar(tables).fetch_all(&mut *database).await.unwrap();
    let digest = |table: &String| {
        format!("select '{table}', coalesce(md5(string_agg(t::text, '' order by t::text)), '') from {table} t")
    };
    let all = tables.iter().map(digest).collect::<Vec<_>>().join(" union all ");
    sqlx::query_as::<_, (String, String)>(&all).fetch_all(database).await.unwrap().into_iter().collect()
}

#[tokio::test]
async fn a21_whoever_asks_for_whatever_page_or_list_changes_nothing_by_it() {
    let scene = Scene::new().await;
    let (app, state) = (&scene.app, scene.app.state());
    let mut everybody = scene.everybody().await;
    // Two more who are half in.
    for (who, stage) in [("enrolling", Stage::Enrolment), ("half in", Stage::SecondFactor)] {
        let person = app.person(scene.school.id, StaffRole::Inspector).await.unwrap();
        let proof = person.proof(state).await.unwrap();
        let begin = Begin { proof, stage, device: String::new(), network: String::new() };
        let secret = state.sessions.begin(&begin, None).await.unwrap().unwrap();
        everybody.push((who, [("cookie", format!("sid={}", *secret.reveal()))]));
    }
    app.settle().await.unwrap();
    let mut log = PgConnection::connect_with(&app.databases.owner_options()).await.unwrap();
    let mut vault = PgConnection::connect_with(&app.databases.vault_options()).await.unwrap();
    let before = (held(&mut log).await, held(&mut vault).await);
    assert!(before.0.len() > 30 && before.1.len() > 1, "{before:?}");
    let mut shown = 0;
    for route in ROUTES.iter().filter(|route| route.method == "GET") {
        for (who, brings) in &everybody {
            for method in ["GET", "HEAD"] {
                let path = scene.path(route, true);
                let request = app.anonymous.request(method.parse().unwrap(), format!("{}{path}", app.base));
                let [(name, value)] = brings;
                let answer = request.header("accept", "text/html, */*").header(*name, value).send().await.unwrap();
                shown += usize::from(answer.status() == 200);
                let after = (held(&mut log).await, held(&mut vault).await);
                let changed = |before: &BTreeMap<_, _>, after: BTreeMap<String, String>| {
                    after.into_iter().filter(|(table, held)| before.get(table) != Some(held)).collect::<Vec<_>>()
                };
                let changed = [changed(&before.0, after.0), changed(&before.1, after.1)].concat();
                assert!(changed.is_empty(), "{who} {method} {path}: {changed:?}");
            }
        }
    }
    assert!(shown > ROUTES.len(), "{shown}");
    scene.app.shutdown().await;
}
