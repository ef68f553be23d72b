//! What is kept where, and who may read it.

use super::*;
use crate::pool::{PoolSettings, Role};

#[tokio::test]
async fn no_event_and_no_table_holds_a_secret_a_name_or_an_address() {
    let staff = Staff::new().await;
    let invited = staff.invite(&staff.context(), "ursula.canary@losaromos.cl", StaffRole::Admin).await;
    let token = invited.link.unwrap().secret.reveal();
    let id = staff.accounts.activate(&token, "canario amarillo veloz", monday_morning()).await.unwrap().account;
    let totp = staff.accounts.begin_totp(id).await.unwrap();
    staff.accounts.note(id, AccountFact::SignedIn(SignInMethod::Password)).await.unwrap();
    let tables: Vec<String> = sqlx::query_scalar(
        "select quote_ident(schemaname) || '.' || quote_ident(tablename) from pg_tables
         where schemaname not in ('pg_catalog', 'information_schema')",
    )
    .fetch_all(&staff.world.owner)
    .await
    .unwrap();
    let mut text = String::new();
    for table in &tables {
        let rows: Vec<String> =
            sqlx::query_scalar(&format!("select t::text from {table} t")).fetch_all(&staff.world.owner).await.unwrap();
        text.push_str(&rows.join("\n").to_lowercase());
    }
    assert!(tables.iter().any(|t| t == "public.account_links") && text.contains("$argon2id$"), "the search sees rows");
    let bytes = Secret256::parse(&token).unwrap();
    let hex_of_hash = hex::encode(bytes.sha256());
    assert!(text.contains(&hex_of_hash), "a link is found by its hash");
    use base64::Engine as _;
    let raw = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(token.as_bytes()).unwrap();
    let secrets = [
        token.to_string(),
        hex::encode(raw),
        "canario".into(),
        totp.secret_base32.to_string(),
        "canary".into(),
        "losaromos.cl".into(),
        "ñancupil".into(),
        "ancupil".into(),
    ];
    for secret in secrets {
        assert!(!text.contains(&secret.to_lowercase()), "{secret}");
    }
}

#[tokio::test]
async fn only_who_signs_people_in_reads_credentials_and_the_request_role_reads_no_account() {
    let staff = Staff::new().await;
    staff.member("a@losaromos.cl", StaffRole::Admin).await;
    let refused = async |role: Role, sql: &str| {
        let settings = PoolSettings::for_testing(1);
        let pool = pool::connect(staff.world.databases.owner_options(), role, &settings).await.unwrap();
        let done = sqlx::query(sql).fetch_all(&pool).await;
        match done {
            Ok(_) => false,
            Err(error) => error.as_database_error().and_then(|e| e.code()).as_deref() == Some("42501"),
        }
    };
    let tables = [
        "accounts",
        "account_members",
        "account_roles",
        "account_passwords",
        "account_totp",
        "account_passkeys",
        "passkey_challenges",
        "account_links",
    ];
    for table in tables {
        for role in [Role::Request, Role::Projector, Role::Worker, Role::LogReader] {
            assert!(refused(role, &format!("select 1 from {table}")).await, "{role:?} {table}");
        }
        assert!(!refused(Role::Auth, &format!("select * from {table}")).await, "{table}");
    }
    for (table, column) in
        [("account_passwords", "phc"), ("account_totp", "secret"), ("account_passkeys", "credential")]
    {
        assert!(refused(Role::LogWriter, &format!("select {column} from {table}")).await, "{column}");
    }
    for sql in [
        "insert into account_roles select * from account_roles",
        "update accounts set disabled_at = null",
        "update account_totp set confirmed_at = null",
        "update account_links set used_at = null",
        "delete from account_passwords",
        "delete from account_passkeys",
        "update account_passkeys set account_id = account_id",
        "insert into account_passkeys select * from account_passkeys",
        "select 1 from events",
    ] {
        assert!(refused(Role::Auth, sql).await, "{sql}");
    }
}

#[tokio::test]
async fn a_changed_account_is_announced_at_once() {
    let staff = Staff::new().await;
    let id = staff.member("a@losaromos.cl", StaffRole::Director).await;
    let mut listener = sqlx::postgres::PgListener::connect_with(&staff.world.owner).await.unwrap();
    listener.listen("attendance_accounts").await.unwrap();
    staff.accounts.grant(&staff.context(), id, StaffRole::Auditor).await.unwrap();
    let told = tokio::time::timeout(std::time::Duration::from_secs(5), listener.recv()).await.unwrap().unwrap();
    assert_eq!(told.payload(), id.to_string());
}
