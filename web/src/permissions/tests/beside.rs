//! Somebody beside whoever asks, in the same school and with as many rights, whose own things are nobody else's.

use super::*;
use commands::accounts::Secret256;
use sqlx::PgPool;

/// What no answer to anybody else must hold.
const DEVICE: &str = "Lynx · Plan 9";
const PROGRAM: &str = "planilla de otra persona";

/// Somebody with a session, a program, a passkey and codes.
pub(super) struct Beside {
    account: Uuid,
    session: Uuid,
    program: Uuid,
    passkey: Uuid,
}

async fn owner(app: &TestApp) -> PgPool {
    PgPool::connect_with(app.databases.owner_options()).await.unwrap()
}

impl Beside {
    pub(super) async fn of(app: &TestApp, school: &TestSchool) -> Self {
        let (state, person) = (app.state(), app.person(school.id, StaffRole::Admin).await.unwrap());
        let proof = person.proof(state).await.unwrap();
        let session =
            Begin { proof, stage: Stage::Open, device: DEVICE.to_owned(), network: "203.0.113.0/24".to_owned() };
        let secret = state.sessions.begin(&session, None).await.unwrap().unwrap();
        let session = state.sessions.person(&secret).await.unwrap().unwrap().session_id;
        let program = tokens::Begin { proof, school: school.id, client: PROGRAM.to_owned(), network: String::new() };
        let program = state.tokens.begin(&program).await.unwrap().unwrap().family_id;
        let (account, passkey, pool) = (person.account_id.0, state.ids.next(), owner(app).await);
        let host = state.accounts.relying_party().map_or("", |party| party.id());
        // As they are stored; nothing of them is ever opened here.
        for statement in [
            "insert into account_totp (account_id, secret, begun_at, confirmed_at) select $1, $2::uuid::text || $3, now(), now()",
            "insert into account_passkeys
               (passkey_id, account_id, credential_id, rp_id, name, credential, sign_count, created_at)
             select $2, $1, uuid_send($2), $3, 'x', '{}', 0, now()",
            "insert into account_passwords (account_id, phc, changed_at) select $1, $2::uuid::text || $3, now()",
        ] {
            sqlx::query(statement).bind(account).bind(passkey).bind(host).execute(&pool).await.unwrap();
        }
        Self { account, session, program, passkey }
    }

    /// What no answer to anybody else must hold.
    pub(super) fn things(&self) -> Vec<String> {
        let ids = [self.session, self.program, self.passkey].map(|id| id.to_string());
        ids.into_iter().chain([DEVICE, PROGRAM].map(str::to_owned)).collect()
    }

    /// All of it, as it is stored now.
    pub(super) async fn has(&self, app: &TestApp) -> Vec<String> {
        let all = "select to_jsonb(s)::text from sessions s where account_id = $1
            union all select to_jsonb(f)::text from token_families f where account_id = $1
            union all select to_jsonb(k)::text from account_passkeys k where account_id = $1
            union all select to_jsonb(t)::text from account_totp t where account_id = $1
            union all select to_jsonb(p)::text from account_passwords p where account_id = $1
            union all select to_jsonb(a)::text from accounts a where account_id = $1
            union all select to_jsonb(r)::text from account_roles r where account_id = $1 order by 1";
        sqlx::query_scalar(all).bind(self.account).fetch_all(&owner(app).await).await.unwrap()
    }

    /// Asks for what this person has, by name, as another: it is what is nowhere. How often it asked.
    pub(super) async fn is_out_of_reach(&self, app: &TestApp, client: &Client, route: &Route, what: &str) -> usize {
        let (field, thing) = match (route.method, route.path) {
            ("POST", "/cuenta/sesiones") => ("sesion", self.session),
            ("POST", "/cuenta/programas") => ("programa", self.program),
            ("POST", "/cuenta/llaves/quitar") => ("llave", self.passkey),
            _ => return 0,
        };
        let mut answers = Vec::new();
        for named in [thing, Uuid::from_u128(0xbad)] {
            let request = client.post(format!("{}{}", app.base, route.path));
            let answer = with_form(request, [(field, named.to_string())]).send().await.unwrap();
            let (status, to) = (answer.status(), answer.headers().get("location").cloned());
            answers.push((status, to, answer.text().await.unwrap().len()));
        }
        assert_eq!(answers[0], answers[1], "{what}: another person's is nobody's");
        answers.len()
    }
}

/// The ids of the open sessions with these cookies.
pub(super) async fn family_sessions(app: &TestApp, cookies: &[String]) -> Vec<String> {
    let secrets = cookies.iter().map(|cookie| Secret256::parse(cookie.trim_start_matches("fam=")).unwrap());
    let hashes: Vec<Vec<u8>> = secrets.map(|secret| secret.sha256().to_vec()).collect();
    let open = "select session_id::text from family_sessions where secret_sha256 = any($1) and ended_at is null";
    sqlx::query_scalar(open).bind(hashes).fetch_all(&owner(app).await).await.unwrap()
}
