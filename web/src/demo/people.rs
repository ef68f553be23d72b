//! The demo's people: one for each role, each with a password that this start chose and prints. Only the demo
//! makes them; a new installation has no account.

use crate::AppState;
use crate::seed::{Seeded, ZONE};
use anyhow::{Context as _, Result, ensure};
use commands::accounts::{Invite, Scope};
use commands::ids::IdSource as _;
use commands::use_cases::{
    LinkGuardian, Part, RegisterGuardian, UseCaseError, commit, link_guardian, register_guardian,
};
use commands::write::Unit;
use commands::{Context, Write};
use domain::account::StaffRole;
use domain::delivery::Channel;
use domain::guardian::notices::Method;
use domain::guardian::{self, Guardian};
use domain::student::GuardianRights;
use domain::values::mail::Mail;
use domain::values::national_id::NationalId;
use domain::values::phone::Phone;
use domain::{Actor, SchoolId, StreamId};
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use reqwest::header::{HeaderMap, HeaderValue, LOCATION, ORIGIN, SET_COOKIE};
use reqwest::redirect::Policy;

const PEOPLE: [(StaffRole, &str, &str); 5] = [
    (StaffRole::Owner, "sostenedor@losaromos.example", "Andrés Vidal Rojas"),
    (StaffRole::Admin, "administracion@losaromos.example", "Carmen Fuentes Lagos"),
    (StaffRole::Director, "direccion@losaromos.example", "Patricia Muñoz Soto"),
    (StaffRole::Inspector, "inspectoria@losaromos.example", "Héctor Araya Díaz"),
    (StaffRole::Auditor, "auditoria@losaromos.example", "Loreto Peña Ibáñez"),
];

/// Somebody who may sign in.
pub struct DemoPerson {
    /// With this role.
    pub role: StaffRole,
    /// With this address.
    pub email: &'static str,
    /// With this password, until the demo is started again.
    pub password: String,
}

/// Makes the people, or gives those of an earlier start new passwords: by one-time links, as anybody's.
pub async fn enrol(state: &AppState, school: SchoolId) -> Result<Vec<DemoPerson>> {
    let mut people = Vec::new();
    for (role, email, name) in PEOPLE {
        let context = context(state, school);
        let invite = Invite { email: email.to_owned(), name: name.to_owned(), role };
        let invited = state.accounts.invite_for(&context, invite, Scope::Installation).await?;
        let link = match invited.link {
            Some(link) => link,
            None => {
                // Whoever tried a passkey in an earlier start is to come in by what this one prints.
                state.accounts.reset_factors(&context, invited.account_id, Scope::School).await?;
                state.accounts.reset(&context, invited.account_id, Scope::School).await?
            }
        };
        let password = password()?;
        state.accounts.activate(&link.secret.reveal(), &password, state.clock.now()).await?;
        people.push(DemoPerson { role, email, password });
    }
    Ok(people)
}

/// Signs somebody with a role in through the page's form; a client whose requests are that person's.
pub async fn sign_in(base: &str, people: &[DemoPerson], role: StaffRole) -> Result<reqwest::ClientBuilder> {
    let person = people.iter().find(|person| person.role == role).context("nobody has the role")?;
    let form = form_urlencoded::Serializer::new(String::new())
        .append_pair("email", person.email)
        .append_pair("clave", &person.password)
        .finish();
    let http = super::local_client().redirect(Policy::none()).build()?;
    let request = http.post(format!("{base}/entrar")).header(ORIGIN, base);
    let answer = request.header("content-type", "application/x-www-form-urlencoded").body(form).send().await?;
    ensure!(answer.headers().contains_key(LOCATION), "signing in answers {}", answer.status());
    let cookies = answer.headers().get_all(SET_COOKIE).iter().filter_map(|cookie| cookie.to_str().ok());
    let session = cookies.filter_map(|cookie| cookie.split(';').next()).find(|cookie| cookie.starts_with("sid="));
    let mut headers = HeaderMap::new();
    headers.insert("cookie", HeaderValue::from_str(session.context("no session")?)?);
    Ok(super::local_client().default_headers(headers))
}

/// The address of the demo's guardian.
pub const GUARDIAN: &str = "familia@losaromos.example";

/// The number of that guardian's telephone.
const PHONE: &str = "+56900000007";

/// The number of the adult who is barred from the first of that guardian's pupils; nobody's.
const BARRED: &str = "11.111.111-1";

/// Of how many guardians, and how many of them may be written to by WhatsApp.
const OPTED_IN: (u128, u128) = (5, 3);
/// Transactions at a time, and guardians to a transaction.
const AT_ONCE: usize = 8;
const AT_A_TIME: usize = 40;

/// A guardian of two pupils, who comes in by a letter; and an adult who is barred from
/// one of them.
pub async fn guardian(state: &AppState, school: &Seeded) -> Result<()> {
    let context = context(state, school.school_id);
    let input = RegisterGuardian {
        name: "Marcela Rivas Toro".to_owned(),
        national_id: None,
        phone: Some(Phone::parse(PHONE)?),
        mail: Some(Mail::parse(GUARDIAN)?),
        within: None,
    };
    let guardian_id = match register_guardian(&state.write, &context, input).await {
        Ok(registered) => registered.guardian_id,
        // Of an earlier start, with the links of then.
        Err(UseCaseError::Taken(_)) => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    let rights = GuardianRights { legal: true, notify: true, may_collect: true, may_view: true, restricted: false };
    for student in school.students.iter().step_by(school.students.len() / 2).take(2) {
        let input = LinkGuardian { student_id: student.student_id, guardian_id, rights };
        link_guardian(&state.write, &context, input).await?;
    }
    let Some(student) = school.students.first() else { return Ok(()) };
    let input = RegisterGuardian {
        name: "Ricardo Soto Pinto".to_owned(),
        national_id: Some(NationalId::parse(BARRED)?),
        phone: None,
        mail: None,
        within: None,
    };
    let guardian_id = register_guardian(&state.write, &context, input).await?.guardian_id;
    let rights = GuardianRights { restricted: true, may_view: false, notify: false, ..rights };
    link_guardian(&state.write, &context, LinkGuardian { student_id: student.student_id, guardian_id, rights }).await?;
    Ok(())
}

/// Most guardians said on paper that the school may write to them by WhatsApp; the others get mails alone. Whoever said
/// anything since an earlier start is left alone.
pub async fn opt_in(state: &AppState, school: SchoolId) -> Result<()> {
    let streams: Vec<String> = sqlx::query_scalar(
        "select aggregate_id from events where school_id = $1 and aggregate_type = 'guardian' group by aggregate_id
         having not bool_or(event_type in ('opted_in', 'opted_out', 'erased')) order by aggregate_id",
    )
    .bind(school.0)
    .fetch_all(&state.pools.log_reader)
    .await?;
    let (of, some) = OPTED_IN;
    let opts = |stream: &String| stream.bytes().fold(0, |sum, byte| sum + u128::from(byte)) % of < some;
    let streams: Vec<StreamId> = streams.into_iter().filter(opts).map(StreamId::from_stored).collect();
    let work: Vec<_> = streams.chunks(AT_A_TIME).map(|some| opted_in(state, school, some)).collect();
    stream::iter(work).buffer_unordered(AT_ONCE).try_collect::<()>().await
}

async fn opted_in(state: &AppState, school: SchoolId, guardians: &[StreamId]) -> Result<()> {
    commit(&state.write, &context(state, school), &OptIns(guardians)).await?;
    Ok(())
}

/// Some guardians at once.
struct OptIns<'a>(&'a [StreamId]);

impl Part for OptIns<'_> {
    type Answer = ();

    async fn enter(&self, write: &Write, context: &Context, unit: &mut Unit) -> Result<(), UseCaseError> {
        let (channel, said_at) = (Channel::Whatsapp, write.clock().now());
        for stream in self.0 {
            let opt = guardian::Command::Opt { channel, kind: None, in_: true, method: Method::Staff, said_at };
            unit.step::<Guardian>(context, stream.clone(), opt);
        }
        Ok(())
    }
}

pub(super) fn context(state: &AppState, school: SchoolId) -> Context {
    Context {
        school,
        zone: ZONE,
        actor: Actor::cli("demo"),
        command_id: None,
        correlation_id: state.ids.next(),
        causation_id: None,
    }
}

fn password() -> Result<String> {
    let mut random = [0; 10];
    getrandom::fill(&mut random).map_err(|error| anyhow::anyhow!("no random numbers: {error}"))?;
    let digits = hex::encode(random);
    let five: Vec<String> =
        digits.as_bytes().chunks(5).map(|five| String::from_utf8_lossy(five).into_owned()).collect();
    Ok(five.join("-"))
}
