//! `attendance school`: enter a school, and list those entered.

use super::tools::Tools;
use crate::config;
use anyhow::Context as _;
use chrono_tz::Tz;
use commands::Context;
use commands::use_cases::{RegisterSchool, register_school};
use domain::school::Settings;
use domain::{Actor, SchoolId};

/// What to do.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Enter a school; prints its id.
    Add(Add),
}

#[derive(Debug, clap::Args)]
struct Add {
    /// Its public name.
    #[arg(long)]
    name: String,
    /// RBD with check digit (`12345-6`), where it has one.
    #[arg(long)]
    rbd: Option<String>,
    /// IANA time zone: America/Santiago, America/Punta_Arenas, America/Coyhaique, Pacific/Easter.
    #[arg(long, default_value = "America/Santiago", value_parser = zone)]
    zone: Tz,
    /// An entry later than this many minutes after the bell is late.
    #[arg(long, default_value_t = 5)]
    late_after_minutes: u16,
    /// Without entry this many minutes after the bell a pupil is missing.
    #[arg(long, default_value_t = 15)]
    missing_after_minutes: u16,
    /// A second tap in the same direction within this many seconds is an echo.
    #[arg(long, default_value_t = 90)]
    echo_seconds: u16,
    /// A known id, to repeat a registration that was interrupted.
    #[arg(long)]
    school: Option<SchoolId>,
    #[command(flatten)]
    sides: config::WriteSide,
}

fn zone(text: &str) -> Result<Tz, String> {
    text.parse().map_err(|_| format!("`{text}` is not an IANA time zone such as America/Santiago"))
}

/// Runs it.
#[expect(clippy::print_stdout, reason = "the command's answer")]
pub async fn run(args: Args) -> anyhow::Result<()> {
    let What::Add(what) = args.what;
    let school = add(&Tools::open(&what.sides).await?, what).await?;
    println!("school {school}");
    Ok(())
}

async fn add(tools: &Tools, add: Add) -> anyhow::Result<SchoolId> {
    let school = add.school.unwrap_or_else(|| tools.write.ids().next().into());
    let context = Context {
        school,
        zone: add.zone,
        actor: Actor::cli("school add"),
        command_id: None,
        correlation_id: tools.write.ids().next(),
        causation_id: None,
    };
    let settings = Settings {
        late_after_minutes: add.late_after_minutes,
        missing_after_minutes: add.missing_after_minutes,
        echo_seconds: add.echo_seconds,
        ..Settings::of(add.zone)
    };
    let input = RegisterSchool { name: add.name, rbd: add.rbd, settings };
    register_school(&tools.write, &context, input).await.context("register the school")?;
    Ok(school)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::tools::parsed;
    use crate::testing::TestApp;

    fn asked(options: &[&str]) -> Result<Add, clap::Error> {
        let Args { what: What::Add(add) } = parsed(&[&["add"], options].concat())?;
        Ok(add)
    }

    #[tokio::test]
    async fn a_school_is_entered_as_it_was_asked_for_and_only_once() {
        let app = TestApp::start().await.unwrap();
        let tools = Tools::of(&app).await;
        let usual = add(&tools, asked(&["--name", "Liceo Los Aromos"]).unwrap()).await.unwrap();
        let options = [
            "--name",
            "Escuela del Sur",
            "--rbd",
            "12345-6",
            "--zone",
            "America/Punta_Arenas",
            "--late-after-minutes",
            "7",
            "--missing-after-minutes",
            "40",
            "--echo-seconds",
            "20",
        ];
        let own = add(&tools, asked(&options).unwrap()).await.unwrap();
        app.settle().await.unwrap();
        let found = async |school| {
            let row = projections::roster::queries::school(&mut tools.pools.request.begin(school).await.unwrap())
                .await
                .unwrap()
                .unwrap();
            let s = row.settings;
            (row.name, row.rbd, s.zone.name(), s.late_after_minutes, s.missing_after_minutes, s.echo_seconds)
        };
        assert_eq!(found(usual).await, ("Liceo Los Aromos".into(), None, "America/Santiago", 5, 15, 90));
        let sur = ("Escuela del Sur".to_owned(), Some("12345-6".to_owned()), "America/Punta_Arenas", 7, 40, 20);
        assert_eq!(found(own).await, sur);

        // The same again, by its id: nothing is added.
        let id = own.to_string();
        let again = add(&tools, asked(&[&options[..], &["--school", &id]].concat()).unwrap()).await.unwrap();
        let events: i64 =
            sqlx::query_scalar("select count(*) from events").fetch_one(tools.write.pool()).await.unwrap();
        assert_eq!((again, events), (own, 2));
        app.shutdown().await;
    }

    #[test]
    fn a_zone_that_is_none_and_a_school_without_a_name_are_refused_with_the_reason() {
        let refused = asked(&["--name", "X", "--zone", "Chile"]).err().unwrap().to_string();
        assert!(refused.contains("`Chile` is not an IANA time zone such as America/Santiago"), "{refused}");
        assert!(asked(&[]).is_err());
        assert!(asked(&["--name", "X", "--late-after-minutes", "soon"]).is_err());
    }
}
