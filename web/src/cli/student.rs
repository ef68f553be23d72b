//! `attendance student`: what is decided about one pupil by hand. Everything else about pupils comes with the school's
//! list (`attendance import roster`), which withdraws and erases nobody.

use super::tools::Tools;
use crate::config;
use crate::names::{Names, PersonName};
use anyhow::{Context as _, bail};
use chrono::NaiveDate;
use commands::Context;
use commands::directory::Kind;
use commands::looks::{What as Shown, Whose};
use commands::use_cases::{
    IssueCredential, NewCard, RevokeCredential, WithdrawStudent, erase_student, issue_credential, revoke_credential,
    valid_credentials, withdraw_student,
};
use domain::student::RevocationReason;
use domain::values::national_id::NationalId;
use domain::values::{card, zone};
use domain::{CredentialId, SchoolId, StudentId};
use projections::roster::queries;
use std::collections::HashMap;

/// What to do.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// List a school's pupils with their ids. Personal data: for looking somebody up, not for keeping.
    List {
        /// The school; the only one if there is one.
        #[arg(long)]
        school: Option<SchoolId>,
        /// A course's name as the board shows it: `1° Básico A`. None means all.
        #[arg(long, value_name = "NAME")]
        course: Option<String>,
        #[command(flatten)]
        sides: config::WriteSide,
    },
    /// Say from when on a pupil is no longer at the school: no longer expected, and no card opens a gate.
    Withdraw {
        #[command(flatten)]
        who: Who,
        /// First date on which the pupil is no longer expected; today if not said.
        #[arg(long)]
        from: Option<NaiveDate>,
    },
    /// Stop a card or a tag; what is still read from it is kept, and flagged.
    RevokeCard {
        #[command(flatten)]
        who: Who,
        /// What a reader reads from it; the pupil's only valid one if there is one.
        #[arg(long, value_name = "TEXT")]
        card: Option<String>,
        /// Why.
        #[arg(long, value_enum)]
        reason: Reason,
    },
    /// Give a new card; prints what to print on it.
    IssueCard(Who),
    /// Destroy a pupil's personal data everywhere, for good. What happened stays, and nobody can say any more to whom.
    Erase {
        #[command(flatten)]
        who: Who,
        /// Do it. Without it the command says whom it would erase, and erases nobody.
        #[arg(long)]
        yes: bool,
    },
}

#[derive(Debug, clap::Args)]
pub(super) struct Who {
    /// The school; the only one if there is one.
    #[arg(long)]
    school: Option<SchoolId>,
    #[command(flatten)]
    pupil: Pupil,
    #[command(flatten)]
    pub(super) sides: config::WriteSide,
}

#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct Pupil {
    /// The pupil's id, as `attendance student list` prints it.
    #[arg(long, value_name = "ID")]
    student: Option<StudentId>,
    /// The pupil's RUN or IPE. The shell remembers it: prefer `--student`.
    #[arg(long, value_name = "RUN", value_parser = NationalId::parse)]
    run: Option<NationalId>,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Reason {
    /// Lost or stolen.
    Lost,
    /// Broken.
    Damaged,
    /// There is a new one.
    Replaced,
}

impl From<Reason> for RevocationReason {
    fn from(reason: Reason) -> Self {
        match reason {
            Reason::Lost => Self::Lost,
            Reason::Damaged => Self::Damaged,
            Reason::Replaced => Self::Replaced,
        }
    }
}

impl What {
    fn sides(&self) -> &config::WriteSide {
        match self {
            Self::List { sides, .. } => sides,
            Self::Withdraw { who, .. } | Self::RevokeCard { who, .. } | Self::Erase { who, .. } => &who.sides,
            Self::IssueCard(who) => &who.sides,
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
        What::List { school, course, .. } => list(tools, school, course.as_deref()).await,
        What::Withdraw { who, from } => {
            let (context, student_id) = find(tools, &who, "student withdraw").await?;
            let from = from.unwrap_or_else(|| zone::local_date(tools.write.clock().now(), context.zone));
            withdraw_student(&tools.write, &context, WithdrawStudent { student_id, from }).await?;
            Ok(format!("withdrawn {student_id} from {from} on\n"))
        }
        What::RevokeCard { who, card, reason } => {
            let (context, student_id) = find(tools, &who, "student revoke-card").await?;
            let credential_id = which_card(tools, &context, student_id, card.as_deref()).await?;
            let input = RevokeCredential { student_id, credential_id, reason: reason.into() };
            revoke_credential(&tools.write, &context, input).await?;
            Ok(format!("revoked {credential_id} of {student_id}\n"))
        }
        What::IssueCard(who) => {
            let (context, student_id) = find(tools, &who, "student issue-card").await?;
            let input = IssueCredential { student_id, card: NewCard::Qr };
            let issued = issue_credential(&tools.write, &context, input).await?;
            Ok(format!("issued {} to {student_id}\ncard    {}\n", issued.credential_id, issued.card_text))
        }
        What::Erase { who, yes } => {
            let (context, student_id) = find(tools, &who, "student erase").await?;
            if !yes {
                tools.look(context.school, Shown::Pupils, Whose::Pupil(student_id)).await?;
                let name = name(
                    &Names::new(tools.pools.request.clone(), tools.write.vault().clone())
                        .of_school(context.school)
                        .await?
                        .of(student_id),
                );
                bail!("this destroys the personal data of {name} ({student_id}) for good: say --yes to do it");
            }
            erase_student(&tools.write, &context, student_id).await?;
            Ok(format!("erased {student_id}\n{LEDGER}"))
        }
    }
}

/// What is still to do after an erasure.
pub(super) const LEDGER: &str = "renew the copy of the ledger of destroyed keys: attendance log export-shredded FILE\n";

/// The pupil that was named, and the context of what is decided.
pub(super) async fn find(tools: &Tools, who: &Who, command: &str) -> anyhow::Result<(Context, StudentId)> {
    let context = tools.context(tools.school(who.school).await?, command).await?;
    let by_run = match &who.pupil.run {
        Some(run) => tools.write.directory().find(context.school, Kind::NationalId, &run.normal()).await?,
        None => None,
    };
    match who.pupil.student.or(by_run.map(|entry| StudentId(entry.subject))) {
        Some(student) => Ok((context, student)),
        None => bail!("nobody of this school has this RUN: attendance student list"),
    }
}

/// The card with this text, or the pupil's only valid one.
async fn which_card(
    tools: &Tools,
    context: &Context,
    student: StudentId,
    text: Option<&str>,
) -> anyhow::Result<CredentialId> {
    if let Some(text) = text {
        let found = tools.write.directory().find(context.school, Kind::Card, &card::normalise(text)).await?;
        let own = found.filter(|entry| entry.owner == Some(student.0));
        return Ok(CredentialId(own.context("this is no card of this pupil")?.subject));
    }
    match valid_credentials(&tools.write, context, student).await?[..] {
        [one] => Ok(one),
        [] => bail!("the pupil has no valid card"),
        _ => bail!("the pupil has several valid cards: name one with --card"),
    }
}

/// `<id>  enrolled  1° Básico A  Pérez Soto, María José`, by course and name.
async fn list(tools: &Tools, school: Option<SchoolId>, of: Option<&str>) -> anyhow::Result<String> {
    let school = tools.school(school).await?;
    tools.roster_is_current().await?;
    let readers = &tools.pools.request;
    let names = Names::new(readers.clone(), tools.write.vault().clone()).of_school(school).await?;
    let mut tx = readers.begin(school).await?;
    let courses: HashMap<_, _> =
        queries::all_courses(&mut tx).await?.into_iter().map(|course| (course.course_id, course.name)).collect();
    let whose = match of {
        None => Whose::School,
        Some(of) => match courses.iter().find(|(_, name)| *name == of) {
            Some((course, _)) => Whose::Course(*course),
            None => bail!("there is no course `{of}`"),
        },
    };
    tools.look(school, Shown::Pupils, whose).await?;
    let (mut lines, mut after) = (Vec::new(), None);
    loop {
        let page = queries::students(&mut tx, None, after, 200).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.student_id);
        for pupil in page {
            let course = courses.get(&pupil.course_id).map_or("-", String::as_str);
            if of.is_some_and(|of| of != course) {
                continue;
            }
            let state = match pupil.withdrawn_from {
                _ if pupil.erased => "erased".to_owned(),
                Some(from) => format!("withdrawn {from}"),
                None => "enrolled".to_owned(),
            };
            let name = name(&names.of(pupil.student_id));
            lines.push((course.to_owned(), name.clone(), format!("{}  {state}  {course}  {name}\n", pupil.student_id)));
        }
    }
    lines.sort();
    Ok(lines.into_iter().map(|(.., line)| line).collect())
}

fn name(name: &PersonName) -> String {
    match name {
        PersonName::Known { given, family } => format!("{family}, {given}"),
        PersonName::Erased => "(erased)".to_owned(),
        PersonName::Unknown => "(not known yet)".to_owned(),
    }
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
    async fn a_pupil_leaves_loses_a_card_and_is_erased_from_the_command_line() {
        let app = TestApp::start().await.unwrap();
        let school = app.school(3).await.unwrap();
        let tools = Tools::of(&app).await;
        let ids: Vec<String> = school.pupils.iter().map(|(id, _)| id.to_string()).collect();
        let line = |n: usize, state: &str| format!("{}  {state}  1° Básico A  Pérez Soto, Ana {n}\n", ids[n]);
        let all = line(0, "enrolled") + &line(1, "enrolled") + &line(2, "enrolled");
        assert_eq!(ask(&tools, &["list"]).await.unwrap(), all);
        assert_eq!(ask(&tools, &["list", "--course", "1° Básico A"]).await.unwrap(), all);
        assert!(ask(&tools, &["list", "--course", "9° Básico Z"]).await.is_err());
        let mut tx = tools.pools.request.begin(school.id).await.unwrap();
        let looks = projections::looks::newest(&mut tx, None, 9).await.unwrap();
        drop(tx);
        let looks: Vec<_> = looks.iter().map(|look| (look.role.as_str(), look.what.as_str(), look.course_id)).collect();
        assert_eq!(looks, [("SERVER", "pupils", Some(school.course.0)), ("SERVER", "pupils", None)]);

        let said = ask(&tools, &["withdraw", "--student", &ids[0], "--from", "2026-03-20"]).await.unwrap();
        assert_eq!(said, format!("withdrawn {} from 2026-03-20 on\n", ids[0]));

        // The only card goes; then there is none, then a new one.
        let revoke = ["revoke-card", "--student", &ids[1], "--reason", "lost"];
        let said = ask(&tools, &revoke).await.unwrap();
        assert_eq!(said, format!("revoked {} of {}\n", card::decode(&school.pupils[1].1).unwrap(), ids[1]));
        assert!(ask(&tools, &revoke).await.unwrap_err().to_string().contains("no valid card"));
        let said = ask(&tools, &["issue-card", "--student", &ids[1]]).await.unwrap();
        let new = said.split("card    ").nth(1).unwrap().trim_end();
        assert_ne!(new, school.pupils[1].1);
        let others = ["revoke-card", "--student", &ids[1], "--reason", "damaged", "--card", &school.pupils[2].1];
        assert_eq!(ask(&tools, &others).await.unwrap_err().to_string(), "this is no card of this pupil");

        let refused = ask(&tools, &["erase", "--student", &ids[2]]).await.unwrap_err().to_string();
        assert!(refused.contains("Pérez Soto, Ana 2") && refused.contains("--yes"), "{refused}");
        app.settle().await.unwrap();
        let listed = line(0, "withdrawn 2026-03-20") + &line(1, "enrolled") + &line(2, "enrolled");
        assert_eq!(ask(&tools, &["list"]).await.unwrap(), listed, "nobody was erased without --yes");
        let said = ask(&tools, &["erase", "--student", &ids[2], "--yes"]).await.unwrap();
        assert!(said.starts_with(&format!("erased {}\n", ids[2])) && said.contains("export-shredded"), "{said}");
        app.settle().await.unwrap();
        let gone = format!("{}  erased  1° Básico A  (erased)\n", ids[2]);
        assert_eq!(
            ask(&tools, &["list"]).await.unwrap(),
            gone + &line(0, "withdrawn 2026-03-20") + &line(1, "enrolled")
        );
        let actors: Vec<String> =
            sqlx::query_scalar("select distinct actor from events where actor like 'cli:student%' order by actor")
                .fetch_all(tools.write.pool())
                .await
                .unwrap();
        let verbs = ["erase", "issue-card", "revoke-card", "withdraw"].map(|verb| format!("cli:student {verb}"));
        assert_eq!(actors, verbs);
        app.shutdown().await;
    }

    #[tokio::test]
    async fn a_pupil_is_named_by_id_or_run_and_by_one_of_them() {
        use commands::use_cases::{EnrolStudent, enrol_student};

        let app = TestApp::start().await.unwrap();
        let school = app.school(1).await.unwrap();
        let tools = Tools::of(&app).await;
        let run = NationalId::parse("12.345.678-5").unwrap();
        let from = NaiveDate::from_ymd_opt(2026, 3, 2).unwrap();
        let pupil = EnrolStudent {
            course_id: school.course,
            from,
            given_names: "Rosa".into(),
            family_names: "Díaz".into(),
            national_id: Some(run),
        };
        let rosa = enrol_student(app.write(), &app.context(school.id), pupil).await.unwrap().student_id;
        let said = ask(&tools, &["withdraw", "--run", "12345678-5", "--from", "2026-03-20"]).await.unwrap();
        assert_eq!(said, format!("withdrawn {rosa} from 2026-03-20 on\n"));
        let nobody = ask(&tools, &["withdraw", "--run", "11.111.111-1"]).await.unwrap_err().to_string();
        assert!(nobody.contains("nobody of this school has this RUN"), "{nobody}");
        assert!(ask(&tools, &["withdraw", "--run", "12.345.678-6"]).await.is_err(), "the check digit is wrong");
        assert!(ask(&tools, &["withdraw"]).await.is_err(), "nobody is named");
        let both = ["withdraw", "--run", "12345678-5", "--student", &rosa.to_string()];
        assert!(ask(&tools, &both).await.is_err(), "two are named");
        app.shutdown().await;
    }
}
