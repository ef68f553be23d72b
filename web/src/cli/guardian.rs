//! `attendance guardian`: what is done about guardians by hand. Everything else about them comes with the school's list
//! (`attendance import roster`), which erases nobody.

use super::student::{self, LEDGER};
use super::tools::Tools;
use crate::config;
use anyhow::bail;
use commands::guardians::backfill;
use commands::looks::{What as Shown, Whose};
use commands::use_cases::erase_guardian;
use domain::delivery::Channel;
use domain::guardian::notices::Method;
use domain::guardian::{Command, Guardian};
use domain::student::GuardianRights;
use domain::{GuardianId, SchoolId, StreamId};
use projections::roster::queries;
use uuid::Uuid;

/// What to do.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// List a pupil's guardians with their ids. Personal data: for looking somebody up, not for keeping.
    List {
        #[command(flatten)]
        who: Box<student::Who>,
    },
    /// Destroy a guardian's personal data everywhere, for good: nobody comes in by that address any more.
    Erase(Box<Erase>),
    /// Note that a guardian said, on paper or in person, whether notices may come by WhatsApp.
    Whatsapp(Box<Whatsapp>),
    /// Once after an upgrade from a version without `/familia`: let guardians come in by the addresses that were
    /// entered before. May be given again, and while the server runs.
    Addresses {
        #[command(flatten)]
        sides: Box<config::WriteSide>,
    },
}

#[derive(Debug, clap::Args)]
struct Erase {
    /// The school; the only one if there is one.
    #[arg(long)]
    school: Option<SchoolId>,
    /// The guardian's id, as `attendance guardian list` prints it.
    #[arg(long, value_name = "ID")]
    guardian: GuardianId,
    /// Do it. Without it nobody is erased.
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    sides: config::WriteSide,
}

#[derive(Debug, clap::Args)]
struct Whatsapp {
    /// The school; the only one if there is one.
    #[arg(long)]
    school: Option<SchoolId>,
    /// The guardian's id, as `attendance guardian list` prints it.
    #[arg(long, value_name = "ID")]
    guardian: GuardianId,
    /// What was said.
    #[arg(long, value_enum)]
    may: May,
    #[command(flatten)]
    sides: config::WriteSide,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum May {
    /// They may come.
    Yes,
    /// They may not; alarms then come by e-mail.
    No,
}

impl What {
    fn sides(&self) -> &config::WriteSide {
        match self {
            Self::List { who } => &who.sides,
            Self::Erase(erase) => &erase.sides,
            Self::Whatsapp(said) => &said.sides,
            Self::Addresses { sides } => sides,
        }
    }
}

/// Runs it.
#[expect(clippy::print_stdout, reason = "the command's answer")]
pub async fn run(args: Args) -> anyhow::Result<()> {
    let tools = Tools::open(args.what.sides()).await?;
    print!("{}", answer(&tools, args.what).await?);
    Ok(())
}

async fn answer(tools: &Tools, what: What) -> anyhow::Result<String> {
    match what {
        What::List { who } => list(tools, &who).await,
        What::Erase(erase) => {
            let id = erase.guardian;
            if !erase.yes {
                bail!(
                    "this destroys the personal data of guardian {id} for good (`attendance guardian list` says who it \
                     is): say --yes to do it"
                );
            }
            let context = tools.context(tools.school(erase.school).await?, "guardian erase").await?;
            erase_guardian(&tools.write, &context, id).await?;
            Ok(format!("erased {id}\n{LEDGER}"))
        }
        What::Whatsapp(said) => {
            let context = tools.context(tools.school(said.school).await?, "guardian whatsapp").await?;
            let opt = Command::Opt {
                channel: Channel::Whatsapp,
                kind: None,
                in_: said.may == May::Yes,
                method: Method::Staff,
                said_at: tools.write.clock().now(),
            };
            let stream = StreamId::of(context.school, said.guardian);
            let done = tools.write.execute::<Guardian>(&context, &stream, opt).await?;
            Ok(if done.events > 0 { "noted\n" } else { "it was so already\n" }.to_owned())
        }
        What::Addresses { .. } => {
            let done = backfill(&tools.write).await?;
            Ok(format!(
                "guardians who could not come in: {}; now by the address of the register: {}\n",
                done.looked_at, done.written
            ))
        }
    }
}

/// `<id>  notify,may-view  Úrsula Ñancupil`
async fn list(tools: &Tools, who: &student::Who) -> anyhow::Result<String> {
    let (context, student) = student::find(tools, who, "guardian list").await?;
    tools.roster_is_current().await?;
    tools.look(context.school, Shown::Pupils, Whose::Pupil(student)).await?;
    let linked = queries::guardians_of(&mut tools.pools.request.begin(context.school).await?, student).await?;
    let ids: Vec<Uuid> = linked.iter().map(|one| one.link.guardian_id.0).collect();
    let keys = tools.write.vault().keys_of(context.school, &ids).await?;
    let mut lines = String::new();
    for one in linked {
        let id = one.link.guardian_id;
        let name = match one.guardian.and_then(|guardian| guardian.name) {
            Some(sealed) => keys.open(id.0, "name", &sealed)?.plain(),
            None => None,
        };
        let name = name.as_deref().unwrap_or("(erased)");
        lines += &format!("{id}  {}  {name}\n", words(one.link.rights));
    }
    Ok(lines)
}

fn words(rights: GuardianRights) -> String {
    let all = [
        (rights.legal, "legal"),
        (rights.notify, "notify"),
        (rights.may_collect, "may-collect"),
        (rights.may_view, "may-view"),
        (rights.restricted, "restricted"),
    ];
    let words: Vec<&str> = all.into_iter().filter(|(has, _)| *has).map(|(_, word)| word).collect();
    if words.is_empty() { "-".to_owned() } else { words.join(",") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::tools::parsed;
    use crate::testing::TestApp;

    async fn ask(tools: &Tools, words: &[&str]) -> anyhow::Result<String> {
        answer(tools, parsed::<Args>(words)?.what).await
    }

    #[tokio::test]
    async fn a_guardian_is_found_by_the_pupil_and_erased_from_the_command_line_for_good() {
        let app = TestApp::start().await.unwrap();
        let school = app.school(1).await.unwrap();
        let tools = Tools::of(&app).await;
        let pupil = school.pupils[0].0;
        let rights =
            GuardianRights { legal: false, notify: true, may_collect: false, may_view: true, restricted: false };
        let guardian = app.guardian(&school, "ursula@losaromos.cl", &[(pupil, rights)]).await.unwrap();
        let (pupil, id) = (pupil.to_string(), guardian.to_string());
        let list = ["list", "--student", &pupil];
        let said = ask(&tools, &list).await.unwrap();
        assert!(said.starts_with(&format!("{id}  notify,may-view  Úrsula Soto")), "{said}");

        for (may, noted) in [("yes", "noted\n"), ("yes", "it was so already\n"), ("no", "noted\n")] {
            assert_eq!(ask(&tools, &["whatsapp", "--guardian", &id, "--may", may]).await.unwrap(), noted, "{may}");
        }
        let refused = ask(&tools, &["erase", "--guardian", &id]).await.unwrap_err().to_string();
        assert!(refused.contains("--yes") && refused.contains(&id), "{refused}");
        assert_eq!(ask(&tools, &list).await.unwrap(), said, "nobody was erased without --yes");
        let erased = ask(&tools, &["erase", "--guardian", &id, "--yes"]).await.unwrap();
        assert_eq!(erased, format!("erased {id}\n{LEDGER}"));
        app.settle().await.unwrap();
        assert_eq!(ask(&tools, &list).await.unwrap(), format!("{id}  notify,may-view  (erased)\n"));
        let nobody = Uuid::from_u128(9).to_string();
        assert!(ask(&tools, &["erase", "--guardian", &nobody, "--yes"]).await.is_err());
        app.shutdown().await;
    }
}
