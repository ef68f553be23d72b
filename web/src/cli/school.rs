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
    let What::Add(add) = args.what;
    let tools = Tools::open(&add.sides).await?;
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
        zone: add.zone,
        late_after_minutes: add.late_after_minutes,
        missing_after_minutes: add.missing_after_minutes,
        echo_seconds: add.echo_seconds,
    };
    let input = RegisterSchool { name: add.name, rbd: add.rbd, settings };
    register_school(&tools.write, &context, input).await.context("register the school")?;
    println!("school {school}");
    Ok(())
}
