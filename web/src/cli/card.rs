//! `attendance card`: what to print on the pupils' cards.

use super::tools::Tools;
use crate::config;
use crate::names::{Names, PersonName};
use domain::SchoolId;
use domain::student::CredentialKind;
use domain::values::card;
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
    let school = tools.school(list.school).await?;
    let pool = &tools.pools.request;
    let names = Names::new(pool.clone(), tools.write.vault().clone()).of_school(school).await?;

    let (mut courses, mut after) = (HashMap::new(), None);
    loop {
        let page = queries::courses(pool, school, after, 200).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.course_id);
        courses.extend(page.into_iter().map(|c| (c.course_id, c.name)));
    }
    let (mut in_course, mut after) = (HashMap::new(), None);
    loop {
        let page = queries::students(pool, school, None, after, 200).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.student_id);
        in_course.extend(page.into_iter().filter(|s| s.withdrawn_from.is_none()).map(|s| (s.student_id, s.course_id)));
    }
    let (mut lines, mut since) = (Vec::new(), 0);
    loop {
        let page = queries::credentials_since(pool, school, since, 2000).await?.credentials;
        let Some(last) = page.last() else { break };
        since = last.position;
        for credential in page.into_iter().filter(|c| c.revoked.is_none() && c.kind == CredentialKind::Qr) {
            let course = in_course.get(&credential.student_id).and_then(|c| courses.get(c));
            if let (Some(course), PersonName::Known { given, family }) = (course, names.of(credential.student_id)) {
                lines.push(format!("{course}\t{family}\t{given}\t{}", card::encode(credential.credential_id)));
            }
        }
    }
    lines.sort();
    let mut out = std::io::stdout().lock();
    writeln!(out, "curso\tapellidos\tnombres\tqr")?;
    for line in lines {
        writeln!(out, "{line}")?;
    }
    Ok(())
}
