use super::*;
use local_services::testing::{TestDatabases, scratch};
use sqlx::PgPool;

#[tokio::test]
async fn what_was_erased_since_the_backup_is_erased_again_by_the_new_epoch() {
    let test = TestDatabases::create().await.unwrap();
    let databases = config::Databases::for_testing(&test.events_url(), &test.vault_url());
    let owner = PgPool::connect_with(test.owner_options()).await.unwrap();
    let vault = PgPool::connect_with(test.vault_options()).await.unwrap();
    let (school, pupil, other) = (Uuid::from_u128(1), Uuid::from_u128(2), Uuid::from_u128(3));
    let key = "insert into data_keys (subject_id, class, key_id, school_id, wrapped, created_at)
               values ($1, 'identity', $2, $3, 'x', now())";
    for (subject, id) in [(pupil, 20_u128), (other, 30)] {
        let id = Uuid::from_u128(id);
        sqlx::query(key).bind(subject).bind(id).bind(school).execute(&vault).await.unwrap();
        sqlx::query("insert into directory values ($1, 'national_id', $2, $3, null), ($1, 'card', $2, $4, $3)")
            .bind(school)
            .bind(&subject.as_bytes()[..])
            .bind(subject)
            .bind(id)
            .execute(&owner)
            .await
            .unwrap();
    }
    // Each is an account, too; no two kinds of people share an id, but the command does not rest on that.
    for account in [pupil, other] {
        for row in [
            "insert into accounts (account_id, email_hmac, name, email, created_at, activated_at)
             values ($1, uuid_send($1), 'x', 'x', now(), now())",
            "insert into account_passwords values ($1, '$argon2id$', now())",
            "insert into account_links values (uuid_send($1), $1, 'reset', now(), now() + interval '1 hour')",
        ] {
            sqlx::query(row).bind(account).execute(&owner).await.unwrap();
        }
    }
    // A guardian's session that had ended, a link, and browsers that somebody may have been parted from since.
    for row in [
        "insert into known_browsers values (sha256('x'), $1, now())",
        "insert into family_browsers values (sha256('x'), uuid_send($1), now())",
        "insert into family_sessions
           (session_id, secret_sha256, email_hmac, created_at, last_seen_at, ends_at, device, network)
         values ($1, sha256('x'), uuid_send($1), now(), now(), now() + interval '30 days', '', '')",
        "insert into family_links (email_hmac, token_sha256, browser_sha256, code_sha256, asked_at, asked_from, expires_at)
         values (uuid_send($1), sha256('x'), sha256('x'), sha256('x'), now(), '', now() + interval '10 minutes')",
    ] {
        sqlx::query(row).bind(pupil).execute(&owner).await.unwrap();
    }
    // The pupil was erased after the backup, and the ledger copied out; then all was restored.
    sqlx::query(
        "insert into shredded (school_id, subject_id, class, key_id, shredded_at)
         select school_id, subject_id, class, key_id, now() from data_keys where subject_id = $1",
    )
    .bind(pupil)
    .execute(&vault)
    .await
    .unwrap();
    let dir = scratch("export-shredded");
    std::fs::create_dir_all(&dir).unwrap();
    let file = dir.join("shredded.jsonl");
    assert_eq!(export(&databases, &file).await.unwrap(), 1);
    sqlx::query("truncate shredded").execute(&vault).await.unwrap();

    let begun = new_epoch(&databases, Some(&file)).await.unwrap();
    assert_eq!((begun.keys, begun.erased, begun.entries, begun.accounts), (1, 1, 2, 1));
    let keys: Vec<Uuid> = sqlx::query_scalar("select subject_id from data_keys").fetch_all(&vault).await.unwrap();
    assert_eq!(keys, [other]);
    let rows: Vec<(String, Uuid, Option<Uuid>)> =
        sqlx::query_as("select kind, subject_id, owner_id from directory order by kind, subject_id")
            .fetch_all(&owner)
            .await
            .unwrap();
    let kept = [
        ("card".to_owned(), Uuid::nil(), None),
        ("card".to_owned(), Uuid::from_u128(30), Some(other)),
        ("national_id".to_owned(), other, None),
    ];
    assert_eq!(rows, kept);
    let epoch: Uuid = sqlx::query_scalar("select epoch from log_epoch").fetch_one(&owner).await.unwrap();
    assert_eq!(epoch, begun.epoch);
    let accounts: Vec<(Uuid, bool, bool, bool, i64)> = sqlx::query_as(
        "select a.account_id, a.email_hmac is not null, p.phc is not null, l.expires_at > now(), a.authz_epoch
         from accounts a left join account_passwords p using (account_id) join account_links l using (account_id)
         order by a.account_id",
    )
    .fetch_all(&owner)
    .await
    .unwrap();
    assert_eq!(accounts, [(pupil, false, false, false, 2), (other, true, true, false, 2)]);
    for table in ["family_sessions", "family_links", "family_browsers", "known_browsers"] {
        let rows: i64 = sqlx::query_scalar(&format!("select count(*) from {table}")).fetch_one(&owner).await.unwrap();
        assert_eq!(rows, 0, "guardians come in anew, and no browser is known: {table}");
    }
    let again = new_epoch(&databases, None).await.unwrap();
    assert_eq!((again.keys, again.erased, again.entries), (0, 1, 0), "nothing had come back");
    assert_ne!(again.epoch, begun.epoch);
}

#[tokio::test]
async fn a_copy_that_cannot_be_read_begins_no_epoch() {
    let test = TestDatabases::create().await.unwrap();
    let databases = config::Databases::for_testing(&test.events_url(), &test.vault_url());
    let owner = PgPool::connect_with(test.owner_options()).await.unwrap();
    let epoch =
        || async { sqlx::query_scalar::<_, Uuid>("select epoch from log_epoch").fetch_one(&owner).await.unwrap() };
    let before = epoch().await;
    let dir = scratch("bad-shredded");
    std::fs::create_dir_all(&dir).unwrap();
    let file = dir.join("shredded.jsonl");
    std::fs::write(&file, "{\"school\": 1}\n").unwrap();
    let error = new_epoch(&databases, Some(&file)).await.unwrap_err();
    assert!(error.to_string().ends_with("line 1"), "{error}");
    assert_eq!(epoch().await, before);
}
