//! Accounts on a real Postgres.

mod apart;
mod credentials;
mod members;
mod offers;
mod secrecy;

use super::*;
use crate::testing::{World, monday_morning, settings};
use crate::use_cases::{RegisterSchool, register_school};
use crate::{Context, pool};
use domain::AccountId;
use domain::account::Event;
use domain::event::decode_as;

/// What everybody's password is in these tests.
const PASSWORD: &str = "tren verde luna sur";

/// A school, and accounts on it.
struct Staff {
    world: World,
    accounts: Accounts,
}

impl Staff {
    async fn new() -> Self {
        let world = World::new().await;
        let settings_of_pool = pool::PoolSettings::for_testing(6);
        let auth = pool::connect(world.databases.events_url().parse().unwrap(), pool::Role::Auth, &settings_of_pool)
            .await
            .unwrap();
        let accounts = Accounts::with_hashing(world.write.clone(), auth, Hashing::for_testing());
        let staff = Self { world, accounts };
        staff.enter(&staff.world.context()).await;
        staff
    }

    async fn enter(&self, context: &Context) {
        let input = RegisterSchool { name: "Liceo Los Aromos".into(), rbd: None, settings: settings(5) };
        register_school(&self.world.write, context, input).await.unwrap();
    }

    fn context(&self) -> Context {
        self.world.context()
    }

    /// A second school.
    async fn twin(&self) -> Context {
        let twin = Context { school: SchoolId(Uuid::from_u128(0x5c00_0002)), ..self.context() };
        self.enter(&twin).await;
        twin
    }

    async fn invite(&self, context: &Context, email: &str, role: StaffRole) -> Invited {
        let invite = Invite { email: email.into(), name: "Úrsula Ñancupil".into(), role };
        self.accounts.invite(context, invite).await.unwrap()
    }

    /// By whoever runs the installation, who asks nobody.
    async fn add(&self, context: &Context, email: &str, role: StaffRole) -> Invited {
        let invite = Invite { email: email.into(), name: "Úrsula Ñancupil".into(), role };
        self.accounts.invite_for(context, invite, Scope::Installation).await.unwrap()
    }

    /// Somebody who can sign in.
    async fn member(&self, email: &str, role: StaffRole) -> AccountId {
        let link = self.invite(&self.context(), email, role).await.link.unwrap();
        self.accounts.activate(&link.secret.reveal(), PASSWORD, monday_morning()).await.unwrap().account
    }

    async fn events(&self, school: SchoolId, account: AccountId) -> Vec<Event> {
        let rows: Vec<(String, String, String)> = sqlx::query_as(
            "select event_type, event_version, payload::text from events
             where aggregate_type = 'account' and aggregate_id = $1 order by sequence",
        )
        .bind(format!("{school}/{account}"))
        .fetch_all(&self.world.owner)
        .await
        .unwrap();
        rows.iter().map(|(name, version, payload)| decode_as(name, version, payload).unwrap()).collect()
    }

    /// The names of the events of this school.
    async fn names(&self, account: AccountId) -> Vec<&'static str> {
        use domain::DomainEvent as _;
        self.events(self.world.school, account).await.iter().map(|event| event.name()).collect()
    }

    async fn epoch(&self, account: AccountId) -> i64 {
        self.accounts.person(account).await.unwrap().authz_epoch
    }

    /// What a proof of this moment says.
    async fn proof(&self, account: AccountId) -> Proof {
        Proof { account, epoch: self.epoch(account).await }
    }

    async fn done(&self, account: AccountId) -> SignIn {
        SignIn::Done(self.proof(account).await)
    }

    async fn sign_in(&self, email: &str, password: &str) -> SignIn {
        self.accounts.sign_in(Turn::Stranger, email, password).await.unwrap()
    }
}
