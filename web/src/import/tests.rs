//! The import against a real Postgres: files as schools have them.

use super::{FileProblem, Report};
use crate::cli::import::{Request, roster};
use crate::i18n::Lang;
use commands::clock::ManualClock;
use commands::directory::Directory;
use commands::ids::SeededIds;
use commands::keys::{DirectoryKey, Kek};
use commands::pool::{PoolSettings, Role, connect};
use commands::use_cases::import_roster::{Register, apply, plan};
use commands::use_cases::{RegisterSchool, erase_guardian, erase_student, register_school};
use commands::vault::Vault;
use commands::{Context, Write};
use domain::school::Settings;
use domain::{Actor, SchoolId};
use local_services::testing::TestDatabases;
use sqlx::PgPool;
use std::sync::Arc;
use uuid::Uuid;

/// A write side on databases of its own.
pub(crate) struct World {
    pub(crate) write: Write,
    pub(crate) owner: PgPool,
    pub(crate) vault: PgPool,
    pub(crate) school: SchoolId,
}

impl World {
    /// Without a school.
    pub(crate) async fn empty() -> Self {
        let databases = TestDatabases::create().await.unwrap();
        // Monday, 2026-03-09, 07:30 in Santiago.
        let clock = Arc::new(ManualClock::at(chrono::DateTime::from_timestamp(1_773_052_200, 0).unwrap()));
        let ids = Arc::new(SeededIds::new(1));
        let (settings, vault_settings) = (PoolSettings::for_testing(12), PoolSettings::for_testing(8));
        let writer = connect(databases.owner_options(), Role::LogWriter, &settings).await.unwrap();
        let vault = connect(databases.vault_options(), Role::Vault, &vault_settings).await.unwrap();
        let owner = PgPool::connect_with(databases.owner_options()).await.unwrap();
        let vault_owner = PgPool::connect_with(databases.vault_options()).await.unwrap();
        let vault = Vault::new(vault, Kek::from_bytes([7; 32]), ids.clone(), clock.clone());
        let directory = Directory::new(writer.clone(), DirectoryKey::from_bytes([8; 32]));
        let write = Write::new(writer, clock, ids, vault, directory);
        Self { write, owner, vault: vault_owner, school: SchoolId(Uuid::from_u128(0x5c00_0001)) }
    }

    /// With a school and nobody in it.
    pub(crate) async fn new() -> Self {
        let world = Self::empty().await;
        let settings = Settings {
            late_after_minutes: 5,
            missing_after_minutes: 15,
            echo_seconds: 60,
            ..Settings::of(chrono_tz::America::Santiago)
        };
        let input = RegisterSchool { name: "Escuela Los Aromos".into(), rbd: None, settings };
        register_school(&world.write, &world.context(), input).await.unwrap();
        world
    }

    pub(crate) fn context(&self) -> Context {
        Context {
            school: self.school,
            zone: chrono_tz::America::Santiago,
            actor: Actor::cli("test"),
            command_id: None,
            correlation_id: Uuid::from_u128(0xc0),
            causation_id: None,
        }
    }

    pub(crate) async fn events(&self) -> i64 {
        sqlx::query_scalar("select count(*) from events").fetch_one(&self.owner).await.unwrap()
    }

    async fn import(&self, file: &[u8], apply: bool) -> Report {
        let request = Request { apply, ..Request::default() };
        roster(&self.write, file, request, Lang::Es).await.unwrap().unwrap()
    }

    /// Everybody as the log says it, one line each, without ids.
    async fn people(&self) -> Vec<String> {
        let register = Register::load(&self.write, self.school).await.unwrap();
        let names: std::collections::HashMap<_, _> = register
            .guardians()
            .map(|g| {
                (g.id, format!("{} {:?} {:?} {:?}", g.fields.name, g.fields.national_id, g.fields.phone, g.fields.mail))
            })
            .collect();
        let mut people: Vec<String> = register
            .pupils()
            .map(|p| {
                let mut guardians: Vec<_> =
                    p.guardians.iter().filter(|(_, l)| **l).map(|(id, _)| names[id].clone()).collect();
                guardians.sort();
                let (given, family) = (&p.given_names, &p.family_names);
                let course = p.course_key.as_deref().unwrap_or("?");
                format!("{given}|{family}|{:?}|{course}|card {}|{}", p.national_id, p.has_card, guardians.join("; "))
            })
            .collect();
        people.sort();
        people
    }

    async fn guardians(&self) -> usize {
        Register::load(&self.write, self.school).await.unwrap().guardians().count()
    }
}

fn codes(report: &Report) -> Vec<(u32, Option<&str>, &str)> {
    report.errors.iter().map(|e| (e.row, e.column.as_deref(), e.code)).collect()
}

const LIST: &str = "\u{FEFF}RUN;Nombres;Apellido paterno;Apellido materno;Curso;Apoderado;RUT apoderado;Teléfono;Correo\r\n\
    21.111.111-9;Sofía Antonia;Muñoz;Díaz;1° Básico A;Carolina Díaz;12.345.678-5;9 1234 5678;carolina@example.com\r\n\
    22222222-2;MATEO;MUÑOZ;DÍAZ;I° Medio B;Carolina Díaz;12345678-5;;\r\n\
    ;;;;;;;;\r\n\
    23.456.789-6;Amaru;Quispe;;Kínder A;;;;\r\n\
    ;Íker;Ñancupil;Soto;1ro basico A;Úrsula Soto;;912345679;\r\n\
    Total;4;;;;;;;\r\n";

#[tokio::test(flavor = "multi_thread")]
async fn a_list_is_shown_first_applied_once_and_then_changes_nothing() {
    let world = World::new().await;
    let before = world.events().await;
    let shown = world.import(LIST.as_bytes(), false).await;
    assert_eq!(world.events().await, before, "nothing is saved without --apply");
    assert_eq!(
        (shown.create, shown.change, shown.unchanged, shown.rejected, shown.skipped),
        (4, 0, 0, 0, 2),
        "{:?}",
        shown.errors
    );
    assert_eq!(shown.courses, ["1° Básico A", "1° Medio B", "NT2 A"]);
    assert_eq!(shown.guardians, 2);

    let applied = world.import(LIST.as_bytes(), true).await;
    assert_eq!((applied.create, applied.rejected), (4, 0), "{:?}", applied.errors);
    assert_eq!(
        world.people().await,
        [
            "Amaru|Quispe|Some(\"23456789-6\")|2026|nt-2|A||card true|",
            "Mateo|Muñoz Díaz|Some(\"22222222-2\")|2026|media-1|B||card true|Carolina Díaz Some(\"12345678-5\") Some(\"+56912345678\") Some(\"carolina@example.com\")",
            "Sofía Antonia|Muñoz Díaz|Some(\"21111111-9\")|2026|basica-1|A||card true|Carolina Díaz Some(\"12345678-5\") Some(\"+56912345678\") Some(\"carolina@example.com\")",
            "Íker|Ñancupil Soto|None|2026|basica-1|A||card true|Úrsula Soto None Some(\"+56912345679\") None",
        ]
    );
    let after = world.events().await;
    let again = world.import(LIST.as_bytes(), true).await;
    assert_eq!((again.create, again.change, again.unchanged), (0, 0, 4));
    assert_eq!(world.events().await, after, "applied twice changes nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_windows_1252_file_and_a_utf8_file_of_one_list_are_the_same() {
    let world = World::new().await;
    let (latin, _, lossy) = encoding_rs::WINDOWS_1252.encode(LIST.trim_start_matches('\u{FEFF}'));
    assert!(!lossy);
    let report = world.import(&latin, true).await;
    assert_eq!((report.encoding.as_str(), report.delimiter, report.create), ("windows-1252", ';', 4));
    let events = world.events().await;
    let commas = LIST.trim_start_matches('\u{FEFF}').replace(';', ",");
    let report = world.import(commas.as_bytes(), true).await;
    assert_eq!((report.delimiter, report.unchanged), (',', 4));
    assert_eq!(world.events().await, events);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_with_an_error_is_named_and_skipped_whole_and_the_others_are_applied() {
    let world = World::new().await;
    let file = "RUN,Nombre,Curso,Apoderado 1,Fono 1,Mail 1,Apoderado 2,RUN apoderado 2\n\
        21.111.111-9,Sofía Muñoz Díaz,1°A,Ana Díaz,912345678,ana@example.com,Juan Muñoz,12345678-5\n\
        21.111.111-8,Mala Dígito Soto,1°A,Eva Soto,912345670,,,\n\
        \"1,2E+07\",Científico Soto Díaz,1°A,,,,,\n\
        12345678,Sin Dígito Soto,1°A,,,,,\n\
        23.456.789-6,Solo,1°A,,,,,\n\
        22.222.222-2,Curso Malo Soto,9° básico,,,,,\n\
        24136773-8,Fono Malo Soto,1°A,Rosa Soto,12345678,,,\n\
        17.951.585-7,Correo Malo Soto,1°A,Rosa Soto,,rosa.example.com,,\n\
        21111111-9,Otra Vez Soto,1°A,,,,,\n\
        20000003-K,PeÃ±a DaÃ±ada Soto,1°A,,,,,\n\
        20000008-0,Coma Suelta Soto,1°A,Pérez, Juana,912345678,a@example.com,Luis Pérez,12345678-5\n\
        10000013-k,Buena Soto Díaz,1°A,ANA DIAZ,912345678,,,\n\
        7654321-6,Contradice Soto Díaz,1°A,Juan Muñoz,922222222,,Pedro Rojas,12345678-5\n";
    let report = world.import(file.as_bytes(), true).await;
    assert_eq!(
        codes(&report),
        [
            (3, Some("A"), "run_check_digit"),
            (4, Some("A"), "run_scientific"),
            (5, Some("A"), "run_without_check_digit"),
            (6, Some("B"), "name_incomplete"),
            (7, Some("C"), "course_unreadable"),
            (8, Some("E"), "phone_eight_digits"),
            (9, Some("F"), "mail_unreadable"),
            (10, Some("A"), "duplicate_run"),
            (11, Some("B"), "text_mangled"),
            (12, None, "too_many_cells"),
            (14, Some("G"), "guardian_contradiction"),
        ]
    );
    assert_eq!((report.create, report.rejected), (2, 11));
    assert!(report.errors[7].message.contains("fila 2"), "{}", report.errors[7].message);
    let people = world.people().await;
    assert_eq!(people.len(), 2, "{people:?}");
    assert_eq!(world.guardians().await, 2, "no guardian of a skipped row is registered, and Ana only once");
    let events = world.events().await;
    world.import(file.as_bytes(), true).await;
    assert_eq!(world.events().await, events);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_listed_again_after_an_erasure_is_somebody_new_and_the_erased_stay_erased() {
    let world = World::new().await;
    world.import(LIST.as_bytes(), true).await;
    let register = async || Register::load(&world.write, world.school).await.unwrap();
    let mother = |register: &Register| register.guardians().find(|g| g.fields.name == "Carolina Díaz").unwrap().id;
    let before = register().await;
    let (guardian, pupil) = (mother(&before), before.pupil_by_run("21111111-9").unwrap().id);
    erase_guardian(&world.write, &world.context(), guardian).await.unwrap();
    erase_student(&world.write, &world.context(), pupil).await.unwrap();

    let report = world.import(LIST.as_bytes(), true).await;
    assert_eq!((report.create, report.change, report.unchanged, report.rejected), (1, 1, 2, 0), "{:?}", report.errors);
    let after = register().await;
    let (again, sister) = (mother(&after), after.pupil_by_run("21111111-9").unwrap());
    assert!(again != guardian && sister.id != pupil);
    for run in ["21111111-9", "22222222-2"] {
        assert_eq!(after.pupil_by_run(run).unwrap().guardians.get(&again), Some(&true), "{run}");
    }
    for erased in [guardian.0, pupil.0] {
        let keys = "select count(*) from data_keys where subject_id = $1";
        let keys: i64 = sqlx::query_scalar(keys).bind(erased).fetch_one(&world.vault).await.unwrap();
        let found = "select count(*) from directory where $1 in (subject_id, owner_id) and kind <> 'card'";
        let found: i64 = sqlx::query_scalar(found).bind(erased).fetch_one(&world.owner).await.unwrap();
        assert_eq!((keys, found), (0, 0));
    }
    let events = world.events().await;
    let third = world.import(LIST.as_bytes(), true).await;
    assert_eq!((third.unchanged, world.events().await), (4, events));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changed_in_the_list_is_changed_and_an_empty_cell_says_nothing() {
    let world = World::new().await;
    world.import(LIST.as_bytes(), true).await;
    let file = "RUN;Nombre;Apellidos;Curso;Apoderado;Fono apoderado;Mail apoderado\n\
        21.111.111-9;SOFIA ANTONIA;MUNOZ DIAZ;2° Básico A;Carolina Diaz;987654321;\n\
        24.136.773-8;Íker;Ñancupil Soto;1° básico A;Úrsula Soto;912345679;ursula@example.com\n";
    let report = world.import(file.as_bytes(), true).await;
    let fields: Vec<_> = report.changes.iter().map(|c| (c.row, c.fields.clone())).collect();
    assert_eq!(
        fields,
        [(2, vec!["course", "guardian_phone"]), (3, vec!["run", "guardian_mail"])],
        "{:?}",
        report.errors
    );
    let people = world.people().await;
    assert_eq!(people.len(), 4, "who is not in the list stays: {people:?}");
    assert!(
        people.iter().any(|p| p.starts_with("Sofía Antonia|Muñoz Díaz|")
            && p.contains("basica-2")
            && p.contains("+56987654321")
            && p.contains("carolina@")),
        "{people:?}"
    );
    assert!(
        people.iter().any(|p| p.starts_with("Íker|Ñancupil Soto|Some(\"24136773-8\")") && p.contains("ursula@")),
        "{people:?}"
    );
    let events = world.events().await;
    world.import(file.as_bytes(), true).await;
    assert_eq!(world.events().await, events);
    // Back to the first list: the course and the phone change back.
    let back = world.import(LIST.as_bytes(), true).await;
    assert_eq!((back.change, back.rejected), (1, 0), "{:?} {:?}", back.changes, back.errors);
    assert!(
        world
            .people()
            .await
            .iter()
            .any(|p| p.starts_with("Sofía") && p.contains("basica-1") && p.contains("+56912345678"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn pupils_without_a_run_who_cannot_be_told_apart_are_refused() {
    let world = World::new().await;
    let file = "Nombre;Curso\nAna Soto Díaz;1°A\nAna Soto Díaz;1°A\nAna Soto Díaz;2°A\n";
    let report = world.import(file.as_bytes(), true).await;
    assert_eq!(codes(&report), [(3, Some("A"), "ambiguous_pupil")]);
    assert_eq!(report.create, 2);
    // Without the old rows, nobody can know which Ana this is.
    let report = world.import(b"Nombre;Curso\nAna Soto D\xEDaz;3\xB0A\n", true).await;
    assert_eq!(codes(&report), [(2, Some("A"), "ambiguous_move")]);
}

fn long_list(rows: u32) -> String {
    let mut list = String::from("RUN;Nombre;Curso;Apoderado;RUN apoderado;Fono apoderado\n");
    for i in 0..rows {
        let run = |n| domain::values::national_id::NationalId::from_number(n).unwrap().normal();
        let family = i / 2;
        let (child, adult) = (run(22_000_000 + i), run(12_000_000 + family));
        let letter = ["A", "B", "C"][(i % 3) as usize];
        list.push_str(&format!(
            "{child};Ana{} Soto Díaz;{}°{letter};Eva Díaz;{adult};9{:08}\n",
            "x".repeat((i % 7) as usize),
            i % 8 + 1,
            10_000_000 + family
        ));
    }
    list
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_interrupted_anywhere_is_finished_by_running_it_again() {
    let list = long_list(120);
    let whole = World::new().await;
    whole.import(list.as_bytes(), true).await;
    let (people, events) = (whole.people().await, whole.events().await);
    for stop_at in [10, 60, 150, 300] {
        let world = World::new().await;
        let (write, file) = (world.write.clone(), list.clone());
        let request = Request { apply: true, ..Request::default() };
        let task = tokio::spawn(async move { roster(&write, file.as_bytes(), request, Lang::Es).await.is_ok() });
        while world.events().await < stop_at && !task.is_finished() {
            tokio::task::yield_now().await;
        }
        task.abort();
        let _ = task.await;
        // A write in its own task may still end after the abort.
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        assert!(world.events().await < events, "it was interrupted");
        for pupil in world.people().await {
            assert!(people.contains(&pupil), "half a row is left at {stop_at}: {pupil}");
        }
        let report = world.import(list.as_bytes(), true).await;
        assert_eq!(report.rejected, 0, "{:?}", report.errors);
        assert_eq!(world.people().await, people, "interrupted at {stop_at}");
        assert_eq!(world.events().await, events, "interrupted at {stop_at}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_that_stops_after_some_rows_says_how_many_are_left_and_goes_on_from_there() {
    let (world, text) = (World::new().await, long_list(300));
    let list = super::read(text.as_bytes()).unwrap();
    let dates = (2026, chrono::NaiveDate::from_ymd_opt(2026, 3, 9).unwrap());
    let mut left = Vec::new();
    for _ in 0..3 {
        let plan = plan(&list.lines, &Register::load(&world.write, world.school).await.unwrap(), 2026);
        let applied = apply(&world.write, &world.context(), &plan, dates, |_| false).await.unwrap();
        assert!(applied.failed.is_empty(), "{:?}", applied.failed);
        left.push((applied.rows, applied.left));
    }
    assert_eq!(left, [(240, 60), (60, 0), (0, 0)]);
    assert_eq!(world.people().await.len(), 300);
}

#[tokio::test]
async fn a_list_of_this_year_moves_nobody_back_who_is_in_next_years_course() {
    let world = World::new().await;
    let list = "Nombre;Curso;RUN\nEva Soto;2° Básico A;12.345.678-5\n";
    let request =
        |year, from: &str| Request { apply: true, year: Some(year), from: from.parse().ok(), ..Request::default() };
    for (year, from) in [(2026, "2026-03-09"), (2027, "2027-03-03")] {
        roster(&world.write, list.as_bytes(), request(year, from), Lang::Es).await.unwrap().unwrap();
    }
    let before = world.events().await;
    let again = roster(&world.write, list.as_bytes(), request(2026, "2026-12-01"), Lang::Es).await.unwrap().unwrap();
    assert_eq!(codes(&again), [(2, Some("B"), "later_year")]);
    assert_eq!(world.events().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_imports_of_one_file_at_once_append_once() {
    let list = long_list(60);
    let one = World::new().await;
    one.import(list.as_bytes(), true).await;
    let world = World::new().await;
    let (a, b) = tokio::join!(world.import(list.as_bytes(), true), world.import(list.as_bytes(), true));
    world.import(list.as_bytes(), true).await;
    assert_eq!(world.people().await, one.people().await, "{:?} {:?}", a.errors, b.errors);
    assert_eq!(world.events().await, one.events().await);
}

/// A row is its guardian, the pupil, the link and the card: refused wherever an insert of it fails, be
/// it an event or a reservation, and by then nothing else of it is left.
#[tokio::test(flavor = "multi_thread")]
async fn wherever_a_row_fails_nothing_of_it_is_left_and_the_next_run_does_it() {
    const ROW: &str = "RUN;Nombre;Curso;Apoderado;Fono\n21.111.111-9;Sofía Muñoz Díaz;1°A;Ana Díaz;912345678\n";
    let world = World::new().await;
    let course = "RUN;Nombre;Curso\n22.222.222-2;Mateo Soto Rojas;1°A\n";
    world.import(course.as_bytes(), true).await;
    let count = "select (select count(*) from events) + (select count(*) from directory)";
    let before: i64 = sqlx::query_scalar(count).fetch_one(&world.owner).await.unwrap();
    let mut strokes = 0;
    loop {
        strokes += 1;
        let sql = format!(
            "drop sequence if exists strokes; create sequence strokes;
             create or replace function strike() returns trigger language plpgsql security definer as $$
             begin
               if nextval('strokes') = {strokes} then raise exception 'no'; end if;
               return new;
             end $$;
             create or replace trigger strike before insert on events for each row execute function strike();
             create or replace trigger strike before insert on directory for each row execute function strike();"
        );
        sqlx::raw_sql(&sql).execute(&world.owner).await.unwrap();
        let report = world.import(ROW.as_bytes(), true).await;
        if report.rejected == 0 {
            break;
        }
        assert_eq!(codes(&report), [(2, None, "not_applied")]);
        let after: i64 = sqlx::query_scalar(count).fetch_one(&world.owner).await.unwrap();
        assert_eq!(after, before, "at insert {strokes}");
    }
    // Three reservations (guardian, RUN, card) and four events.
    assert_eq!(strokes, 8);
    assert_eq!((world.people().await.len(), world.guardians().await), (2, 1));
    let after: i64 = sqlx::query_scalar(count).fetch_one(&world.owner).await.unwrap();
    assert_eq!(after, before + 7);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guardians_run_that_comes_with_a_later_list_is_shown_and_applied() {
    let world = World::new().await;
    let first =
        "RUN;Nombre;Curso;Apoderado;RUN apoderado;Fono\n21.111.111-9;Sofía Muñoz Díaz;1°A;Ana Díaz;;912345678\n";
    world.import(first.as_bytes(), true).await;
    let second = first.replace("Ana Díaz;;", "Ana Díaz;12.345.678-5;");
    let shown = world.import(second.as_bytes(), false).await;
    assert_eq!(shown.changes.iter().map(|c| c.fields.clone()).collect::<Vec<_>>(), [vec!["guardian_run"]]);
    world.import(second.as_bytes(), true).await;
    assert!(world.people().await[0].contains("Ana Díaz Some(\"12345678-5\")"), "{:?}", world.people().await);
    let events = world.events().await;
    // The first list says nothing about her RUN: it stays.
    for list in [&second, first] {
        let again = world.import(list.as_bytes(), true).await;
        assert_eq!((again.unchanged, again.rejected), (1, 0), "{:?} {:?}", again.changes, again.errors);
    }
    assert_eq!((world.events().await, world.guardians().await), (events, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_without_run_that_corrects_a_name_does_not_take_the_run_away() {
    let world = World::new().await;
    world.import("RUN;Nombre;Curso\n21.111.111-9;Sofia Munoz Diaz;1°A\n".as_bytes(), true).await;
    let report = world.import("RUN;Nombre;Curso\n;Sofía Muñoz Díaz;1°A\n".as_bytes(), true).await;
    assert_eq!(report.changes.iter().map(|c| c.fields.clone()).collect::<Vec<_>>(), [vec!["names"]]);
    let people = world.people().await;
    assert!(people[0].starts_with("Sofía|Muñoz Díaz|Some(\"21111111-9\")"), "{people:?}");
}

/// Every text of every table, and every byte column as text.
async fn dump(pool: &PgPool) -> String {
    let tables: Vec<(String, String)> = sqlx::query_as(
        "select table_schema, table_name from information_schema.tables
         where table_type = 'BASE TABLE' and table_schema not in ('pg_catalog', 'information_schema')",
    )
    .fetch_all(pool)
    .await
    .unwrap();
    let mut dump = String::new();
    for (schema, table) in tables {
        let sql = format!("select coalesce(string_agg(t::text, E'\\n'), '') from {schema}.{table} t");
        dump.push_str(&sqlx::query_scalar::<_, String>(&sql).fetch_one(pool).await.unwrap());
    }
    dump
}

#[tokio::test(flavor = "multi_thread")]
async fn no_name_run_phone_or_mail_is_in_any_table_after_an_import() {
    let world = World::new().await;
    let file = "RUN;Nombres;Apellidos;Curso;Apoderado;RUN apoderado;Fono apoderado;Mail apoderado\n\
        24.136.773-8;Canariana;Zyxwov Qwertz;1°A;Guardiana Kanariuk;17.951.585-7;987612345;canary.bird@example.com\n";
    let report = world.import(file.as_bytes(), true).await;
    assert_eq!(report.create, 1, "{:?}", report.errors);
    let dump = format!("{}{}", dump(&world.owner).await, dump(&world.vault).await);
    assert!(dump.contains("student") && dump.contains("national_id"), "the dump holds the log and the directory");
    let lower = dump.to_lowercase();
    for canary in [
        "canariana",
        "zyxwov",
        "qwertz",
        "24136773",
        "24.136.773",
        "guardiana",
        "kanariuk",
        "17951585",
        "87612345",
        "canary.bird",
    ] {
        let hex = hex::encode(canary);
        assert!(!lower.contains(canary) && !lower.contains(&hex), "{canary} is in a table");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_are_no_list_are_refused_with_a_stable_code() {
    for (bytes, code) in [
        (b"".to_vec(), "file_empty"),
        (b"PK\x03\x04....".to_vec(), "file_is_workbook"),
        (b"a;b\n1;2\n".to_vec(), "file_without_header"),
        (b"Nombre;Curso\n\"Ana Soto;1A\n".to_vec(), "file_with_open_quote"),
    ] {
        assert_eq!(super::read(&bytes).map(|_| ()).map_err(FileProblem::code), Err(code));
    }
}
