//! `attendance notices`: whether the channels by which guardians are told send, and letting one go on that is paused, or
//! quiet after a restore (`docs/runbook/notices.md`).

use super::tools::Tools;
use crate::config;
use commands::Write;
use commands::deliveries::channels::{resume, standing, waiting};
use domain::delivery::{Channel, Says};

/// What to do.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Say of each channel whether it sends, and what waits.
    Status {
        #[command(flatten)]
        sides: Box<config::WriteSide>,
    },
    /// Let a channel go on: what waits and is news still is sent.
    Resume {
        /// Which.
        #[arg(long, value_enum)]
        channel: Which,
        #[command(flatten)]
        sides: Box<config::WriteSide>,
    },
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Which {
    /// WhatsApp.
    Whatsapp,
    /// E-mail.
    Email,
}

/// Runs it.
#[expect(clippy::print_stdout, reason = "the command's answer")]
pub async fn run(args: Args) -> anyhow::Result<()> {
    let (What::Status { sides } | What::Resume { sides, .. }) = &args.what;
    let tools = Tools::open(sides).await?;
    print!("{}", answer(&tools.write, args.what).await?);
    Ok(())
}

async fn answer(write: &Write, what: What) -> anyhow::Result<String> {
    if let What::Resume { channel, .. } = what {
        let channel = match channel {
            Which::Whatsapp => Channel::Whatsapp,
            Which::Email => Channel::Email,
        };
        resume(write, channel).await?;
    }
    let mut lines = String::new();
    for one in standing(write).await? {
        let says = one.says.map(Says::as_str).unwrap_or_default();
        let how = match (one.quiet, one.paused) {
            (true, _) => "quiet since the log was restored".to_owned(),
            (false, Some((at, why))) => format!("paused since {at}: {why}"),
            (false, None) => "sends".to_owned(),
        };
        lines += &format!("{} {says}  {how}\n", one.channel);
    }
    for due in waiting(write).await? {
        lines += &format!("{}  {} due, the first since {}\n", due.channel, due.deliveries, due.since);
    }
    if lines.is_empty() {
        lines = "no channel was ever used\n".to_owned();
    }
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::tools::parsed;
    use crate::testing::TestApp;
    use commands::deliveries::channels::{enter, pause};

    #[tokio::test]
    async fn a_channel_that_is_paused_says_so_and_goes_on_when_somebody_lets_it() {
        let app = TestApp::start().await.unwrap();
        let tools = Tools::of(&app).await;
        let ask = async |words: &[&str]| answer(&tools.write, parsed::<Args>(words).unwrap().what).await.unwrap();
        assert_eq!(ask(&["status"]).await, "no channel was ever used\n");
        enter(&tools.write, Channel::Whatsapp).await.unwrap();
        assert_eq!(ask(&["status"]).await, "whatsapp   sends\n");
        pause(&tools.write, (Channel::Whatsapp, None), "token", Some(190)).await.unwrap();
        pause(&tools.write, (Channel::Whatsapp, Some(Says::NoEntry)), "template", None).await.unwrap();
        let said = ask(&["status"]).await;
        assert!(said.contains("whatsapp   paused since") && said.contains(": token\n"), "{said}");
        assert!(said.contains("whatsapp no_entry  paused"), "{said}");
        assert_eq!(ask(&["resume", "--channel", "whatsapp"]).await, "whatsapp   sends\n");
        app.shutdown().await;
    }
}
