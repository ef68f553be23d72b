//! `attendance card`: what to print on the pupils' cards.

use super::tools::Tools;
use crate::config;
use crate::names::{Names, PersonName};
use commands::looks::{What as Shown, Whose};
use domain::SchoolId;
use domain::student::CredentialKind;
use domain::values::{card, zone};
use projections::roster::queries;
use std::collections::HashMap;
use std::io::Write as _;

/// What to do.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Print course, names and QR text of every valid card, separated by tabs. Personal data: the list
    /// is for the printer of the cards, not for keeping.
    List(List),
}

#[derive(Debug, clap::Args)]
struct List {
    /// The school; the only one if there is one.
    #[arg(long)]
    school: Option<SchoolId>,
    #[command(flatten)]
    sides: config::WriteSide,
}

/// Runs it.
pub async fn run(args: Args) -> anyhow::Result<()> {
    let What::List(list) = args.what;
    let tools = Tools::open(&list.sides).await?;
    let lines = lines(&tools, list.school).await?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "curso\tapellidos\tnombres\tqr")?;
    for line in lines {
        writeln!(out, "{line}")?;
    }
    Ok(())
}

/// One line for each card that opens a gate today or, by what is decided, will on a day to come.
async fn lines(tools: &Tools, school: Option<SchoolId>) -> anyhow::Result<Vec<String>> {
    let school = tools.school(school).await?;
    let zone = tools.context(school, "card list").await?.zone;
    let today = zone::local_date(tools.write.clock().now(), zone);
    tools.roster_is_current().await?;
    tools.look(school, Shown::Pupils, Whose::School).await?;
    let readers = &tools.pools.request;
    let names = Names::new(readers.clone(), tools.write.vault().clone()).of_school(school).await?;
    let mut tx = readers.begin(school).await?;

    let courses = queries::all_courses(&mut tx).await?.into_iter().map(|c| (c.course_id, c.name));
    let courses: HashMap<_, _> = courses.collect();
    let (mut in_course, mut after) = (HashMap::new(), None);
    loop {
        let page = queries::students(&mut tx, None, after, 200).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.student_id);
        in_course.extend(page.into_iter().map(|s| (s.student_id, s.course_id)));
    }
    let (mut lines, mut since) = (Vec::new(), 0);
    loop {
        let page = queries::cards_since(&mut tx, since, 2000).await?.cards;
        let Some(last) = page.last() else { break };
        since = last.credential.position;
        for card in page.into_iter().filter(|card| card.credential.kind == CredentialKind::Qr) {
            if !card.is_valid_on(today) && !card.changes_after(today).iter().any(|(_, valid)| *valid) {
                continue;
            }
            let student = card.credential.student_id;
            let course = in_course.get(&student).and_then(|c| courses.get(c));
            if let (Some(course), PersonName::Known { given, family }) = (course, names.of(student)) {
                let qr = card::encode(card.credential.credential_id);
                lines.push(format!("{course}\t{family}\t{given}\t{qr}"));
            }
        }
    }
    lines.sort();
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::TestApp;
    use chrono::TimeDelta;
    use commands::use_cases::{IssueCredential, NewCard, erase_student, issue_credential};
    use domain::StreamId;
    use domain::student::{Command, RevocationReason, Student};

    #[tokio::test]
    async fn the_cards_of_whoever_is_at_the_school_or_comes_to_it_are_listed_and_no_others() {
        let app = TestApp::start().await.unwrap();
        let school = app.school(7).await.unwrap();
        let tools = Tools::of(&app).await;
        let context = app.context(school.id);
        let today = zone::local_date(tools.write.clock().now(), context.zone);
        let (before, later) = (today - TimeDelta::days(1), today + TimeDelta::days(10));
        let decide = async |n: usize, command| {
            let stream = StreamId::of(school.id, school.pupils[n].0);
            app.write().execute::<Student>(&context, &stream, command).await.unwrap();
        };
        // 0 stays; 1 has left; 2 leaves later; 3 left and comes back later.
        decide(1, Command::Withdraw { from: before }).await;
        decide(2, Command::Withdraw { from: later }).await;
        decide(3, Command::Withdraw { from: before }).await;
        let known = {
            let mut tx = tools.pools.request.begin(school.id).await.unwrap();
            queries::student(&mut tx, school.pupils[3].0).await.unwrap().unwrap()
        };
        let back = Command::Enrol {
            course_id: school.course,
            from: later,
            given_names: known.given_names.unwrap(),
            family_names: known.family_names.unwrap(),
            national_id: None,
        };
        decide(3, back).await;
        // 4 lost the card and has a new one; 5 was erased; 6 has a chip besides.
        let credential_id = card::decode(&school.pupils[4].1).unwrap();
        decide(4, Command::RevokeCredential { credential_id, reason: RevocationReason::Lost }).await;
        let issue = async |n: usize, card| {
            let input = IssueCredential { student_id: school.pupils[n].0, card };
            issue_credential(app.write(), &context, input).await.unwrap().card_text
        };
        let new = issue(4, NewCard::Qr).await;
        erase_student(app.write(), &context, school.pupils[5].0).await.unwrap();
        issue(6, NewCard::Nfc { uid: b"\x04\xC4\x9A\xE1\x77\x61\x80".to_vec() }).await;
        app.settle().await.unwrap();

        let of = |n: usize, card: &str| format!("1° Básico A\tPérez Soto\tAna {n}\t{card}");
        let listed = lines(&tools, None).await.unwrap();
        let card = |n: usize| of(n, &school.pupils[n].1);
        assert_eq!(listed, [card(0), card(2), card(3), of(4, &new), card(6)]);
        assert_eq!(lines(&tools, Some(school.id)).await.unwrap(), listed);
        let other = SchoolId(uuid::Uuid::from_u128(9));
        assert!(lines(&tools, Some(other)).await.is_err(), "a school that is not there has no list");
        app.shutdown().await;
    }
}
