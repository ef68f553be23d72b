use super::*;
use crate::ids::SystemIds;
use crate::testing::World;
use domain::Sealed;
use domain::sealed::SealingClass::{Contact, Evidence, Identity};
use std::sync::Arc;

const NAME: &str = "Añañuca Ñandú";
const PUPIL: Uuid = Uuid::from_u128(0xa1);
const OTHER: Uuid = Uuid::from_u128(0xa2);

async fn sealed(world: &World) -> (Keyring, Sealed) {
    let vault = world.write.vault();
    let ring = vault.ensure_keys(world.school, &[(PUPIL, Identity), (OTHER, Identity)]).await.unwrap();
    let sealed = ring.seal(PUPIL, Identity, "student.enrolled", "given_names", NAME).unwrap();
    (ring, sealed)
}

fn plain(opened: Result<Opened, VaultError>) -> String {
    opened.unwrap().plain().unwrap()
}

#[tokio::test]
async fn what_was_sealed_opens_with_keys_read_anew() {
    let world = World::new().await;
    let (ring, value) = sealed(&world).await;
    assert!(value.as_str().starts_with("v1:student.enrolled:given_names:identity:"));
    assert!(!value.as_str().contains("uca"));
    assert_eq!(plain(ring.open(PUPIL, "given_names", &value)), NAME);
    let vault = world.write.vault();
    for ring in [
        vault.school_keys(world.school).await.unwrap(),
        vault.keys_of(world.school, &[PUPIL]).await.unwrap(),
        vault.ensure_keys(world.school, &[(PUPIL, Identity)]).await.unwrap(),
    ] {
        assert_eq!(plain(ring.open(PUPIL, "given_names", &value)), NAME);
    }
    let again = ring.seal(PUPIL, Identity, "student.enrolled", "given_names", NAME).unwrap();
    assert_ne!(again, value, "a nonce is never used twice");
    let empty = ring.seal(PUPIL, Identity, "student.enrolled", "given_names", "").unwrap();
    assert_eq!(plain(ring.open(PUPIL, "given_names", &empty)), "");
}

#[tokio::test]
async fn a_value_moved_to_another_subject_does_not_open() {
    let world = World::new().await;
    let (ring, value) = sealed(&world).await;
    assert!(matches!(ring.open(OTHER, "given_names", &value), Err(VaultError::Tampered)));
    // Nor with a keyring that has never heard of the first subject.
    let others = world.write.vault().keys_of(world.school, &[OTHER]).await.unwrap();
    assert!(matches!(others.open(OTHER, "given_names", &value), Err(VaultError::Tampered)));
    // Nor under the other's key id.
    let parts = |s: &Sealed| s.as_str().split(':').map(str::to_owned).collect::<Vec<_>>();
    let mut forged = parts(&value);
    forged[4] = parts(&ring.seal(OTHER, Identity, "student.enrolled", "given_names", "x").unwrap())[4].clone();
    assert!(matches!(ring.open(OTHER, "given_names", &Sealed(forged.join(":"))), Err(VaultError::Tampered)));
}

#[tokio::test]
async fn a_value_moved_to_another_field_or_event_does_not_open() {
    let world = World::new().await;
    let (ring, value) = sealed(&world).await;
    assert!(matches!(ring.open(PUPIL, "family_names", &value), Err(VaultError::Tampered)));
    let renamed = Sealed(value.as_str().replace("given_names", "family_names"));
    assert!(matches!(ring.open(PUPIL, "family_names", &renamed), Err(VaultError::Tampered)));
    let moved = Sealed(value.as_str().replace("student.enrolled", "student.details_changed"));
    assert!(matches!(ring.open(PUPIL, "given_names", &moved), Err(VaultError::Tampered)));
}

#[tokio::test]
async fn a_value_with_any_bit_changed_does_not_open() {
    let world = World::new().await;
    let (ring, value) = sealed(&world).await;
    let (head, text) = value.as_str().rsplit_once(':').unwrap();
    for at in 0..text.len() {
        let mut bytes = text.as_bytes().to_vec();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        let changed = Sealed(format!("{head}:{}", String::from_utf8(bytes).unwrap()));
        let opened = ring.open(PUPIL, "given_names", &changed);
        assert!(matches!(opened, Err(VaultError::Tampered | VaultError::Malformed)), "{at}: {opened:?}");
    }
    for malformed in ["", "v1", "Juana", &value.as_str().replace("v1:", "v2:"), head, "v1:a:b:identity:c:d"] {
        let opened = ring.open(PUPIL, "given_names", &Sealed(malformed.into()));
        assert!(matches!(opened, Err(VaultError::Malformed | VaultError::Tampered)), "{opened:?}");
    }
}

#[tokio::test]
async fn another_schools_keyring_does_not_open_it() {
    let world = World::new().await;
    let (_, value) = sealed(&world).await;
    let elsewhere = SchoolId(Uuid::from_u128(2));
    let ring = world.write.vault().school_keys(elsewhere).await.unwrap();
    assert_eq!(ring.open(PUPIL, "given_names", &value).unwrap(), Opened::Erased, "nothing is revealed");
    let some = world.write.vault().keys_of(elsewhere, &[PUPIL]).await.unwrap();
    assert_eq!(some.open(PUPIL, "given_names", &value).unwrap(), Opened::Erased, "nor where one asks for it");
    let taken = world.write.vault().ensure_keys(elsewhere, &[(PUPIL, Identity)]).await;
    assert!(matches!(taken, Err(VaultError::ForeignSubject)), "{taken:?}");
}

#[tokio::test]
async fn a_value_whose_key_is_gone_is_erased_and_its_neighbours_stay() {
    let world = World::new().await;
    let vault = world.write.vault();
    let (ring, value) = sealed(&world).await;
    let neighbour = ring.seal(OTHER, Identity, "student.enrolled", "given_names", "Otra").unwrap();
    let both = vault.ensure_keys(world.school, &[(PUPIL, Contact)]).await.unwrap();
    let phone = both.seal(PUPIL, Contact, "guardian.registered", "phone", "+56912345678").unwrap();
    assert_eq!(vault.change().await.unwrap(), 0);

    assert_eq!(vault.shred(world.school, PUPIL, Some(Identity)).await.unwrap(), 1);
    let change = vault.change().await.unwrap();
    assert!(change > 0);
    for ring in
        [vault.school_keys(world.school).await.unwrap(), vault.keys_of(world.school, &[PUPIL, OTHER]).await.unwrap()]
    {
        assert_eq!(ring.open(PUPIL, "given_names", &value).unwrap(), Opened::Erased);
        assert_eq!(plain(ring.open(OTHER, "given_names", &neighbour)), "Otra");
        assert_eq!(plain(ring.open(PUPIL, "phone", &phone)), "+56912345678");
    }
    assert_eq!(vault.shred(world.school, PUPIL, Some(Identity)).await.unwrap(), 0, "a second time does nothing");
    assert_eq!(vault.change().await.unwrap(), change);

    // A new key of the same class opens new values, and the old ones stay erased.
    let anew = vault.ensure_keys(world.school, &[(PUPIL, Identity)]).await.unwrap();
    let fresh = anew.seal(PUPIL, Identity, "student.enrolled", "given_names", "Nueva").unwrap();
    let ring = vault.school_keys(world.school).await.unwrap();
    assert_eq!(plain(ring.open(PUPIL, "given_names", &fresh)), "Nueva");
    assert_eq!(ring.open(PUPIL, "given_names", &value).unwrap(), Opened::Erased);

    assert_eq!(vault.shred(world.school, PUPIL, None).await.unwrap(), 2);
    let ring = vault.keys_of(world.school, &[PUPIL]).await.unwrap();
    assert_eq!(ring.open(PUPIL, "phone", &phone).unwrap(), Opened::Erased);
}

#[tokio::test]
async fn keys_and_ledger_change_together_and_a_restored_key_is_destroyed_again() {
    let world = World::new().await;
    let vault = world.write.vault();
    let (_, value) = sealed(&world).await;
    let owner = PgPool::connect_with(world.databases.vault_options()).await.unwrap();
    sqlx::query("create table backup as select * from data_keys").execute(&owner).await.unwrap();
    // A ledger that cannot be written keeps the key.
    sqlx::query("alter table shredded add constraint full_disk check (false) not valid").execute(&owner).await.unwrap();
    assert!(vault.shred(world.school, PUPIL, None).await.is_err());
    assert!(vault.keys_of(world.school, &[PUPIL]).await.unwrap().holds(PUPIL, Identity));
    sqlx::query("alter table shredded drop constraint full_disk").execute(&owner).await.unwrap();
    assert_eq!(vault.shred(world.school, PUPIL, None).await.unwrap(), 1);

    sqlx::query("insert into data_keys select * from backup where subject_id = $1")
        .bind(PUPIL)
        .execute(&owner)
        .await
        .unwrap();
    assert_eq!(ledger::erased(&owner).await.unwrap(), [], "the key came back");
    assert_eq!(ledger::apply(&owner).await.unwrap(), 1);
    assert_eq!(ledger::erased(&owner).await.unwrap(), [(world.school, PUPIL)]);
    let ring = vault.keys_of(world.school, &[PUPIL]).await.unwrap();
    assert_eq!(ring.open(PUPIL, "given_names", &value).unwrap(), Opened::Erased);
}

#[tokio::test]
async fn a_restored_ledger_is_completed_from_its_copy_once() {
    let world = World::new().await;
    let vault = world.write.vault();
    sealed(&world).await;
    let pool = world.databases.vault_pool().await.unwrap();
    let owner = PgPool::connect_with(world.databases.vault_options()).await.unwrap();
    sqlx::query("create table backup as select * from data_keys").execute(&owner).await.unwrap();
    vault.shred(world.school, PUPIL, None).await.unwrap();
    let copy = ledger::read(&pool).await.unwrap();
    assert_eq!((copy.len(), copy[0].subject, copy[0].class.as_str()), (1, PUPIL, "identity"));
    // The vault as it was before.
    sqlx::query("truncate shredded").execute(&owner).await.unwrap();
    sqlx::query("insert into data_keys select * from backup where subject_id = $1")
        .bind(PUPIL)
        .execute(&owner)
        .await
        .unwrap();
    assert_eq!(ledger::complete(&pool, &copy).await.unwrap(), 1);
    assert_eq!(ledger::complete(&pool, &copy).await.unwrap(), 0);
    assert_eq!(ledger::read(&pool).await.unwrap(), copy);
    assert_eq!(ledger::apply(&pool).await.unwrap(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_12_that_make_the_same_keys_at_once_all_get_one_winners_keys() {
    let world = Arc::new(World::new().await);
    let subjects: Vec<Uuid> = (1..=20).map(Uuid::from_u128).collect();
    let tries = (0..12u64).map(|seed| {
        let (world, mut subjects) = (world.clone(), subjects.clone());
        tokio::spawn(async move {
            fastrand::Rng::with_seed(seed).shuffle(&mut subjects);
            let wanted: Vec<_> = subjects.iter().flat_map(|s| [(*s, Identity), (*s, Evidence)]).collect();
            let ring = world.write.vault().ensure_keys(world.school, &wanted).await.unwrap();
            subjects.sort();
            let seal = |s: &Uuid| ring.seal(*s, Identity, "student.enrolled", "given_names", NAME).unwrap();
            subjects.iter().map(seal).collect::<Vec<_>>()
        })
    });
    let ring = futures::future::join_all(tries).await;
    let keys = world.write.vault().school_keys(world.school).await.unwrap();
    for values in ring {
        for (subject, value) in subjects.iter().zip(values.unwrap()) {
            assert_eq!(plain(keys.open(*subject, "given_names", &value)), NAME);
        }
    }
}

#[tokio::test]
async fn another_key_encryption_key_is_noticed() {
    let world = World::new().await;
    let pool = world.write.vault().pool.clone();
    let wrong = Vault::new(pool, Kek::from_bytes([1; 32]), Arc::new(SystemIds), world.clock.clone());
    wrong.check().await.unwrap(); // nothing there that could tell
    sealed(&world).await;
    world.write.vault().check().await.unwrap();
    assert!(matches!(wrong.check().await, Err(VaultError::WrongKek)));
    assert!(matches!(wrong.school_keys(world.school).await, Err(VaultError::WrongKek)));
}

#[tokio::test]
async fn a_wrapped_key_moved_to_another_subject_does_not_unwrap() {
    let world = World::new().await;
    sealed(&world).await;
    let owner = PgPool::connect_with(world.databases.vault_options()).await.unwrap();
    sqlx::query(
        "update data_keys set wrapped = (select wrapped from data_keys where subject_id = $1) where subject_id = $2",
    )
    .bind(OTHER)
    .bind(PUPIL)
    .execute(&owner)
    .await
    .unwrap();
    assert!(matches!(world.write.vault().keys_of(world.school, &[PUPIL]).await, Err(VaultError::WrongKek)));
}

#[tokio::test]
async fn a_keyring_says_what_it_was_not_loaded_for() {
    let world = World::new().await;
    let (_, value) = sealed(&world).await;
    let ring = world.write.vault().keys_of(world.school, &[OTHER]).await.unwrap();
    assert!(matches!(ring.open(PUPIL, "given_names", &value), Err(VaultError::NotLoaded)));
    assert!(matches!(ring.seal(PUPIL, Identity, "e", "f", "x"), Err(VaultError::NotLoaded)));
    assert!(matches!(ring.seal(OTHER, Identity, "a:b", "f", "x"), Err(VaultError::Name)));
    let mut wider = ring;
    wider.extend(world.write.vault().keys_of(world.school, &[PUPIL]).await.unwrap());
    assert_eq!(plain(wider.open(PUPIL, "given_names", &value)), NAME);
    let text = format!("{wider:?} {:?} {:?}", wider.open(PUPIL, "given_names", &value).unwrap(), world.write.vault());
    assert!(!text.contains(NAME), "{text}");
}
