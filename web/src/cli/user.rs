//! `attendance user`: the people of a school, from the server's own command line. The first administrator
//! of an installation comes from here: a fresh database has no account.

use super::tools::Tools;
use crate::config;
use anyhow::{Context as _, bail};
use commands::Context;
use commands::accounts::{Accounts, Invite, Link, Member, Offered, Scope, StaffRole};
use domain::{AccountId, SchoolId};

/// What to do.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Invite a person; prints a link, once, by which the person chooses a password within a day.
    Add(Add),
    /// List the people of a school.
    List {
        /// The school; the only one if there is one.
        #[arg(long)]
        school: Option<SchoolId>,
        #[command(flatten)]
        sides: config::WriteSide,
    },
    /// Give a person roles, or take them back.
    Role {
        #[command(flatten)]
        who: Who,
        /// Roles to give.
        #[arg(long, value_name = "ROLE", value_parser = role)]
        grant: Vec<StaffRole>,
        /// Roles to take back.
        #[arg(long, value_name = "ROLE", value_parser = role)]
        revoke: Vec<StaffRole>,
    },
    /// Keep a person out of a school, at once.
    Disable(Who),
    /// Let a person in again, with the roles as they were.
    Enable(Who),
    /// Destroy the name and address of a person whom every school has disabled.
    Erase(Who),
    /// Print a link, once, by which a person chooses another password within a day.
    Reset {
        #[command(flatten)]
        who: Who,
        #[command(flatten)]
        at: At,
        /// Take codes and passkeys away, too: of a person who lost the telephone. Signing in then leads to another.
        #[arg(long)]
        second_factor: bool,
    },
}

#[derive(Debug, clap::Args)]
struct Add {
    #[command(flatten)]
    who: Who,
    /// The person's name.
    #[arg(long)]
    name: String,
    /// ADMIN, DIRECTOR, INSPECTOR, AUDITOR or OWNER.
    #[arg(long, value_parser = role)]
    role: StaffRole,
    #[command(flatten)]
    at: At,
}

#[derive(Debug, clap::Args)]
struct Who {
    /// The school; the only one if there is one.
    #[arg(long)]
    school: Option<SchoolId>,
    /// The person's mail address.
    #[arg(long)]
    email: String,
    #[command(flatten)]
    sides: config::WriteSide,
}

impl What {
    fn sides(&self) -> &config::WriteSide {
        match self {
            Self::List { sides, .. } => sides,
            Self::Add(Add { who, .. })
            | Self::Role { who, .. }
            | Self::Disable(who)
            | Self::Enable(who)
            | Self::Erase(who)
            | Self::Reset { who, .. } => &who.sides,
        }
    }
}

#[derive(Debug, clap::Args)]
struct At {
    /// Where people reach this server.
    #[arg(long, default_value = "http://localhost:8080", value_name = "URL")]
    base_url: String,
}

fn role(text: &str) -> Result<StaffRole, domain::account::UnknownRole> {
    text.to_ascii_uppercase().parse()
}

/// Runs it.
#[expect(clippy::print_stdout, reason = "the command's answer")]
pub async fn run(args: Args) -> anyhow::Result<()> {
    let tools = Tools::open(args.what.sides()).await?;
    print!("{}", answer(&tools, args.what).await?);
    Ok(())
}

async fn answer(tools: &Tools, what: What) -> anyhow::Result<String> {
    let accounts = Accounts::new(tools.write.clone(), tools.pools.auth.clone());
    match what {
        What::Add(Add { who, name, role, at }) => {
            let context = context(tools, who.school, "user add").await?;
            let invite = Invite { email: who.email, name, role };
            let invited = accounts.invite_for(&context, invite, Scope::Installation).await?;
            let account = format!("account {}\n", invited.account_id);
            Ok(match invited.link {
                Some(link) => account + &shown(&link, &at),
                None => account + "The person has an account already, and signs in as before.\n",
            })
        }
        What::List { school, .. } => {
            let school = tools.school(school).await?;
            let members: String = accounts.members(school).await?.iter().map(line).collect();
            Ok(members + &accounts.offered(school).await?.iter().map(awaited).collect::<String>())
        }
        What::Role { who, grant, revoke } => {
            let (context, account) = find(tools, &accounts, &who, "user role").await?;
            for role in grant {
                accounts.grant(&context, account, role).await.with_context(|| format!("grant {role}"))?;
            }
            for role in revoke {
                accounts.revoke(&context, account, role).await.with_context(|| format!("revoke {role}"))?;
            }
            let member = accounts.members(context.school).await?.into_iter().find(|m| m.account_id == account);
            Ok(member.iter().map(line).collect())
        }
        What::Disable(who) => {
            let (context, account) = find(tools, &accounts, &who, "user disable").await?;
            accounts.disable(&context, account).await?;
            Ok(format!("disabled {account}\n"))
        }
        What::Enable(who) => {
            let (context, account) = find(tools, &accounts, &who, "user enable").await?;
            accounts.enable(&context, account).await?;
            Ok(format!("enabled {account}\n"))
        }
        What::Erase(who) => {
            let (context, account) = find(tools, &accounts, &who, "user erase").await?;
            accounts.erase(account, &context.actor).await?;
            Ok(format!("erased {account}\n"))
        }
        What::Reset { who, at, second_factor } => {
            let (context, account) = find(tools, &accounts, &who, "user reset").await?;
            if second_factor {
                accounts.reset_factors(&context, account, Scope::Installation).await?;
            }
            Ok(shown(&accounts.reset(&context, account, Scope::Installation).await?, &at))
        }
    }
}

async fn context(tools: &Tools, school: Option<SchoolId>, command: &str) -> anyhow::Result<Context> {
    tools.context(tools.school(school).await?, command).await
}

async fn find(tools: &Tools, accounts: &Accounts, who: &Who, command: &str) -> anyhow::Result<(Context, AccountId)> {
    let context = context(tools, who.school, command).await?;
    let email = who.email.trim().to_lowercase();
    let members = accounts.members(context.school).await?;
    match members.iter().find(|member| member.email.as_deref() == Some(&email)) {
        Some(member) => Ok((context, member.account_id)),
        None => bail!("nobody of this school has this address: attendance user list"),
    }
}

/// The secret is in the fragment, which no server and no proxy ever sees.
fn shown(link: &Link, at: &At) -> String {
    let base = at.base_url.trim_end_matches('/');
    format!(
        "link    {base}/entrar/activar#t={}\nuntil   {}\n",
        *link.secret.reveal(),
        link.expires_at.format("%Y-%m-%d %H:%M UTC")
    )
}

fn line(member: &Member) -> String {
    let roles: Vec<&str> = member.roles.iter().map(|role| role.as_str()).collect();
    let state = match (member.disabled_at, member.activated_at) {
        (Some(_), _) => "disabled",
        (None, None) => "invited",
        (None, Some(_)) => "active",
    };
    format!(
        "{}  {state:8}  {}  {}  {}\n",
        member.account_id,
        if roles.is_empty() { "-".to_owned() } else { roles.join(",") },
        member.email.as_deref().unwrap_or("(erased)"),
        member.name.as_deref().unwrap_or("(erased)"),
    )
}

/// Whoever has another school and has not answered this one.
fn awaited(offered: &Offered) -> String {
    let roles: Vec<&str> = offered.roles.iter().map(|role| role.as_str()).collect();
    let email = offered.email.as_deref().unwrap_or("(erased)");
    format!("{}  pending   {}  {email}  -\n", offered.account_id, roles.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::tools::parsed;
    use crate::testing::TestApp;
    use commands::accounts::{SignIn, Turn};

    async fn ask(tools: &Tools, words: &[&str]) -> anyhow::Result<String> {
        answer(tools, parsed::<Args>(words)?.what).await
    }

    #[tokio::test]
    async fn the_first_administrator_comes_from_the_command_line_by_a_link_that_is_shown_once() {
        let app = TestApp::start().await.unwrap();
        let tools = Tools::of(&app).await;
        let accounts = Accounts::new(tools.write.clone(), tools.pools.auth.clone());
        let school = app.school(0).await.unwrap().id;
        let id = school.to_string();
        let of = ["--school", id.as_str(), "--email", "Ana@losaromos.cl"];
        let add = [&["add"], &of[..], &["--name", "Ana Soto", "--role", "admin", "--base-url", "https://aromos.cl/"]];
        let said = ask(&tools, &add.concat()).await.unwrap();
        let token = said.split("link    https://aromos.cl/entrar/activar#t=").nth(1).unwrap().lines().next().unwrap();
        let now = || tools.write.clock().now();
        let account = accounts.activate(token, "caballo lento gris", now()).await.unwrap().account;
        assert_eq!(accounts.roles(account).await.unwrap(), [(school, StaffRole::Admin)]);
        assert!(ask(&tools, &add.concat()).await.unwrap().contains("has an account already"));
        let actor: String = sqlx::query_scalar("select actor from events where event_type = 'invited'")
            .fetch_one(tools.write.pool())
            .await
            .unwrap();
        assert_eq!(actor, "cli:user add");

        let role = [&["role"], &of[..], &["--grant", "DIRECTOR", "--grant", "AUDITOR", "--revoke", "AUDITOR"]].concat();
        let said = ask(&tools, &role).await.unwrap();
        assert_eq!(said, format!("{account}  active    ADMIN,DIRECTOR  ana@losaromos.cl  Ana Soto\n"));
        let list = ask(&tools, &["list", "--school", &id]).await.unwrap();
        // Beside the test server's own person.
        let own = app.owner().account_id.to_string();
        assert_eq!(list.lines().filter(|line| !line.starts_with(&own)).collect::<Vec<_>>(), [said.trim_end()]);
        let last = ask(&tools, &[&["disable"], &of[..]].concat()).await.unwrap_err();
        assert_eq!(last.to_string(), "the school's last administrator");
        let said = ask(&tools, &[&["reset"], &of[..]].concat()).await.unwrap();
        let token =
            said.split("link    http://localhost:8080/entrar/activar#t=").nth(1).unwrap().lines().next().unwrap();
        accounts.activate(token, "tren verde luna sur", now()).await.unwrap();
        let done = accounts.sign_in(Turn::Known, "ana@losaromos.cl", "tren verde luna sur").await.unwrap();
        assert!(matches!(done, SignIn::Done(proof) if proof.account == account));

        let nobody = [&["disable"], &of[..3], &["x@losaromos.cl"]].concat();
        assert!(ask(&tools, &nobody).await.unwrap_err().to_string().contains("nobody of this school"));
        let wrong = ask(&tools, &[&["role"], &of[..], &["--grant", "KING"]].concat()).await.unwrap_err();
        assert!(wrong.to_string().contains("a role is ADMIN, DIRECTOR"), "{wrong}");
        app.shutdown().await;
    }
}
