//! What is left out, and the test that turns red.

use super::{LeftOut, Test};

const fn row(name: &'static str, of: &'static str, [out, instead]: [&'static str; 2], test: Test) -> LeftOut {
    LeftOut { name, of, out, instead, test }
}

/// With nothing in its place.
const fn cut(name: &'static str, of: &'static str, out: &'static str, test: Test) -> LeftOut {
    row(name, of, [out, ""], test)
}

/// With a condition in its place that always holds.
const fn open(name: &'static str, of: &'static str, out: &'static str, test: Test) -> LeftOut {
    row(name, of, [out, "true"], test)
}

const STAFF: Test =
    ("web", "permissions::tests::a50_p31_every_route_as_every_kind_of_person_over_own_foreign_and_random_ids");
const SIGNED_OUT: Test =
    ("web", "session::tests::a46_sign_out_disabling_and_a_lost_role_count_at_the_next_request_on_every_replica");
const OPEN: Test = (
    "web",
    "session::tests::a47_p05_whatever_one_person_does_leaves_what_others_have_open_as_it_was_whoever_came_first",
);
const HALF: Test =
    ("web", "session::tests::a38_a_password_alone_opens_nothing_where_a_code_is_asked_for_and_five_codes_may_be_tried");
const PROGRAM: Test =
    ("web", "tokens::tests::attack::forged::d3_a_token_of_one_school_opens_no_other_not_even_its_persons");
const FAMILIES: Test =
    ("web", "permissions::tests::p13_p31_every_route_as_a_guardian_and_the_families_routes_as_everybody");
const KNOWN: Test =
    ("web", "sign_in::tests::p27_a_known_browser_has_a_bucket_of_its_own_and_only_for_who_signed_in_there");
const KNOWN_SINCE: Test = (
    "web",
    "pages::staff::tests::known::p27_a_browser_is_known_no_longer_than_the_secrets_by_which_somebody_came_in_there",
);
const KIOSKS: Test = (
    "web",
    "permissions::tests::kiosks::a27_what_a_kiosk_says_is_taken_with_its_own_secret_and_with_nothing_else_on_every_route_of_kiosks",
);
const OWN_SESSIONS: Test = ("web", "session::tests::a47_a_person_lists_and_ends_own_sessions_and_nobody_elses");
const STEP_UP: Test =
    ("web", "pages::staff::tests::a48_what_matters_asks_for_the_password_again_and_gives_the_session_another_id");
const ENDED_PROGRAM: Test =
    ("web", "tokens::tests::a46_whatever_ends_a_family_counts_at_the_next_request_on_every_replica");
const PROGRAMS: Test =
    ("web", "tokens::tests::p05_what_one_program_does_touches_no_other_and_none_begins_where_its_person_has_no_role");
const ACCOUNTS: Test =
    ("commands", "accounts::tests::apart::a50_whatever_is_done_to_one_account_leaves_every_other_as_it_was");
const CASE: Test = ("projections", "tests::cases::a_day_s_cases_are_there_once_as_they_stand_by_course_and_pupil");
const PRESENT: Test = (
    "projections",
    "tests::presence::whoever_entered_and_did_not_go_out_is_inside_since_then_and_nobody_else_is_listed",
);
const MARKED: Test = (
    "projections",
    "tests::presence::whoever_was_marked_stays_counted_when_the_gate_lets_them_out_and_marks_come_after_the_end",
);
const ROLL_CALL: Test = (
    "commands",
    "roll_call::tests::nobody_is_marked_who_is_no_pupil_of_the_school_or_in_a_roll_call_that_there_is_not",
);
const ROLL_CALL_AGAIN: Test =
    ("commands", "roll_call::tests::the_same_command_id_in_another_school_is_another_command");
const CASE_LOG: Test =
    ("projections", "tests::cases::all_that_was_said_of_a_case_is_told_from_the_oldest_on_with_who_said_it");
const GIVEN: Test = (
    "web",
    "session::tests::a46_what_one_school_takes_away_is_gone_within_two_seconds_and_the_other_school_stays_open",
);
const CODES: Test = ("commands", "accounts::tests::credentials::a42_a_code_is_its_own_persons_whoever_else_has_an_app");
const DEVICE: Test =
    ("web", "pages::staff::tests::passkeys::t30_a_devices_answer_is_taken_only_if_all_of_it_is_right_and_once");
const MEMBERS: Test =
    ("commands", "accounts::tests::members::a_link_is_not_given_to_a_school_whose_account_is_another_schools_too");
const TRUST: Test = ("web", "permissions::tests::kiosks::a50_nobody_of_another_school_takes_a_kiosks_trust_away");
const DIGITS: Test = (
    "web",
    "family::tests::p10_another_browser_gets_six_digits_which_open_in_the_browser_that_asked_within_five_tries",
);
const IN_USE: Test = ("web", "session::tests::an_open_board_counts_as_use_of_its_session");
const STREAM: Test = ("web", "session::tests::a46_an_open_stream_ends_within_two_seconds_of_the_right_to_it");
const PROGRAM_STREAM: Test = ("web", "tokens::tests::a46_a_stream_of_a_program_ends_within_two_seconds_of_its_family");
const GIVEN_BACK: Test =
    ("web", "throttle::tests::p27_what_is_given_back_was_no_try_and_a_day_sees_a_hundred_guesses_at_most");
const ADMINS: Test = (
    "commands",
    "accounts::tests::members::a_schools_last_administrator_stays_also_when_two_revoke_each_other_at_once",
);
const LINKS: Test = (
    "commands",
    "accounts::tests::members::a_link_is_void_once_another_school_has_its_person_or_whoever_handed_it_out_may_less",
);
const OFFERS: Test =
    ("commands", "accounts::tests::offers::a_second_school_gives_nothing_and_takes_nothing_until_its_person_accepts");
const OWNERS: Test = (
    "commands",
    "accounts::tests::offers::whoever_runs_the_installation_or_owns_all_schools_of_a_person_adds_them_to_another_without_asking",
);
const ERASED_ACCOUNT: Test =
    ("commands", "accounts::tests::members::an_erased_account_leaves_no_trace_of_where_it_came_in");
const NO_LETTER: Test = ("web", "family::tests::p12_nobody_gets_a_letter_by_an_address_that_no_guardian_has");
const ADDRESSES: Test = (
    "web",
    "family::tests::p09_p13_whatever_is_done_for_one_address_leaves_every_other_as_it_was_whichever_came_first",
);
const ERASED: Test =
    ("commands", "use_cases::tests::erasing_somebody_takes_nothing_from_anybody_else_whoever_was_there_first");
const FORGOTTEN: Test =
    ("commands", "guardians::tests::how_somebody_came_in_by_an_address_is_forgotten_with_the_last_guardian_who_had_it");
const ADDRESS: Test = (
    "commands",
    "guardians::tests::an_address_leads_to_every_guardian_who_has_it_now_and_to_nobody_who_had_it_or_is_erased",
);
const ABSENT: Test = ("commands", "use_cases::tests::erasing_somebody_who_is_not_there_destroys_no_keys");
const FOUND: Test = ("commands", "directory::tests::a_value_is_reserved_once_and_everybody_else_is_told_for_whom");
const TAKEN: Test = ("commands", "write::unit::tests::a_value_of_somebody_else_stops_the_whole_unit");
const VAULT: Test = ("commands", "vault::tests::another_schools_keyring_does_not_open_it");
const ENROLLED: Test =
    ("commands", "use_cases::tests::only_the_hash_of_a_kiosks_secret_is_stored_and_a_revoked_kiosk_gets_no_new_one");
const REPORTS: Test = ("commands", "kiosk_reports::tests::what_one_kiosk_told_keeps_no_other_from_telling_the_same");
const QUEUES: Test = (
    "commands",
    "batcher::tests::repeats::a27_a_kiosk_that_names_anothers_queue_uses_none_of_its_numbers_and_fills_none_of_its_gaps",
);
const PLACED: Test = (
    "commands",
    "batcher::tests::placing::a_revoked_card_a_withdrawn_pupil_and_a_wrong_lane_are_recorded_with_their_doubts",
);
const SETTINGS: Test = ("commands", "write::tests::settings_follow_the_log");
const REPEATED: Test = ("commands", "write::tests::a_repeated_command_is_answered_from_the_log");
const RESERVED: Test =
    ("commands", "write::tests::a_reserved_command_keeps_its_first_outcome_and_nothing_else_of_it_can_change");
const LOOK: Test =
    ("commands", "looks::tests::p47_the_same_look_within_five_minutes_is_one_and_whatever_differs_is_another");
const LOOKED: Test = (
    "projections",
    "tests::looks::p47_a_look_is_of_the_pupil_of_the_whole_school_and_of_whoever_was_in_the_course_on_the_day_that_was_shown",
);
const LOG: Test =
    ("projections", "tests::auditing::every_filter_alone_and_combined_finds_exactly_what_it_says_in_both_orders");
const OWN_PUPILS: Test = (
    "projections",
    "tests::people::p13_a_guardian_is_told_the_own_pupils_and_a_course_s_list_holds_its_own_whoever_else_is_in_the_school",
);
const GUARDIANS: Test =
    ("projections", "tests::people::a_pupil_s_guardians_are_those_linked_now_with_what_each_may_do");
const DAY: Test = ("projections", "tests::days::a_pupil_s_day_tells_the_scans_in_order_and_what_was_expected");
const COURSE: Test =
    ("projections", "tests::days::a_course_s_pages_hold_its_pupils_on_that_date_once_and_as_the_board_counts_them");
const HOURS: Test = (
    "projections",
    "tests::days::a_course_is_expected_by_its_own_hours_and_its_own_exception_whatever_the_others_have",
);
const SINCE_WHEN: Test = (
    "projections",
    "tests::simulations::a_grace_that_is_saved_today_judges_today_and_neither_last_week_s_board_nor_its_report_nor_its_replay",
);
const BOARD: Test =
    ("projections", "tests::days::the_board_expects_of_each_course_its_own_hours_and_its_own_exception");
const GATES: Test =
    ("projections", "tests::days::each_gate_is_told_of_by_what_it_said_itself_and_each_scan_by_its_own_pupils_name");
const KEPT: Test =
    ("projections", "tests::kept::followed_facts_are_the_loaded_ones_after_every_page_of_a_random_history");

const ACTS: Test =
    ("projections", "live::acts::tests::barred_adults_who_asked_are_told_and_those_who_may_go_are_listed");
const ASKED: Test = (
    "commands",
    "batcher::tests::inspectors::a_request_is_taken_back_by_whoever_made_it_whatever_others_asked_for_on_that_day_and_of_another_pupil",
);

pub(super) const LEFT_OUT: &[LeftOut] = &[
    // Who asks, and what is one's own.
    row(
        "a session: its secret",
        "s.account_id, s.stepped_up_at, s.last_seen_at",
        ["s.secret_sha256 = $1", "$1::bytea is not null"],
        STAFF,
    ),
    row(
        "a session: that it is open, and its account too",
        "s.account_id, s.stepped_up_at, s.last_seen_at",
        ["session_is_open(s, a, $2)", "$2::timestamptz is not null"],
        SIGNED_OUT,
    ),
    row(
        "a session: whose roles",
        "from open o left join account_roles r using (account_id)",
        ["left join account_roles r using (account_id)", "cross join account_roles r"],
        STAFF,
    ),
    row(
        "a session that adds a factor: its secret",
        "s.stage = 'enrolment' and s.ended_at is null",
        ["s.secret_sha256 = $1", "$1::bytea is not null"],
        OPEN,
    ),
    open(
        "a session that adds a factor: its stage",
        "s.stage = 'enrolment' and s.ended_at is null",
        "s.stage = 'enrolment'",
        OPEN,
    ),
    row(
        "a session that waits for a code: its secret",
        "update sessions s set attempts = attempts + 1",
        ["s.secret_sha256 = $1", "$1::bytea is not null"],
        HALF,
    ),
    open(
        "a session that waits for a code: its stage",
        "update sessions s set attempts = attempts + 1",
        "s.stage = 'second_factor'",
        HALF,
    ),
    row(
        "a program: its token",
        "t.token_id, t.access_used_at, a.authz_epoch",
        [
            "t.token_id = $1 and f.family_id = $2 and f.account_id = $3 and f.school_id = $4",
            "$1::uuid is not null and $2::uuid is not null and $3::uuid is not null and $4::uuid is not null",
        ],
        STAFF,
    ),
    cut(
        "a program: whose roles",
        "from open o left join account_roles r on r.account_id = o.account_id",
        "r.account_id = o.account_id and",
        STAFF,
    ),
    cut(
        "a program: roles of its school alone",
        "from open o left join account_roles r on r.account_id = o.account_id",
        " and r.school_id = o.school_id",
        PROGRAM,
    ),
    row(
        "a guardian: the session's secret",
        "select session_id, email_hmac, last_seen_at from family_sessions",
        ["secret_sha256 = $1", "$1::bytea is not null"],
        FAMILIES,
    ),
    row(
        "a guardian: of the session's address",
        "from open o join guardian_mails g using (email_hmac)",
        ["join guardian_mails g using (email_hmac)", "cross join guardian_mails g"],
        FAMILIES,
    ),
    row(
        "a known browser: its secret",
        "k.known_at > $2 and k.authz_epoch",
        ["k.secret_sha256 = $1", "$1::bytea is not null"],
        KNOWN,
    ),
    cut(
        "a known browser: of the secrets of now",
        "k.known_at > $2 and k.authz_epoch",
        "and k.authz_epoch >= a.secrets_epoch",
        KNOWN_SINCE,
    ),
    row(
        "a kiosk: whose secret",
        "select school_id, secret_sha256, revoked_at from kiosk_secrets where",
        ["kiosk_id = $1", "$1::uuid is not null"],
        KIOSKS,
    ),
    row(
        "own sessions: whose",
        "order by s.last_seen_at desc, s.session_id",
        ["s.account_id = $1", "$1::uuid is not null"],
        OWN_SESSIONS,
    ),
    row(
        "ending an own session: whose",
        "where account_id = $1 and session_id = $2 and ended_at is null",
        ["account_id = $1", "$1::uuid is not null"],
        OWN_SESSIONS,
    ),
    row(
        "ending the other own sessions: whose",
        "session_id is distinct from $2",
        ["account_id = $1", "$1::uuid is not null"],
        OWN_SESSIONS,
    ),
    row(
        "signing out: which session",
        "where secret_sha256 = $1 and ended_at is null returning account_id, stage",
        ["secret_sha256 = $1", "$1::bytea is not null"],
        SIGNED_OUT,
    ),
    row(
        "another credential ends the sessions: whose",
        "where account_id = $1 and ended_at is null",
        ["account_id = $1", "$1::uuid is not null"],
        OWN_SESSIONS,
    ),
    row(
        "proving again who one is: which session",
        "where session_id = $1 and stage = 'open' and ended_at is null",
        ["session_id = $1", "$1::uuid is not null"],
        STEP_UP,
    ),
    row(
        "own programs: whose",
        "order by f.last_used_at desc, f.family_id",
        ["f.account_id = $1", "$1::uuid is not null"],
        STAFF,
    ),
    row(
        "ending an own program: whose",
        "family_id = coalesce($2, family_id)",
        ["account_id = $1", "$1::uuid is not null"],
        STAFF,
    ),
    row(
        "a program signs out: which",
        "f.family_id = t.family_id and f.ended_at is null returning f.account_id",
        ["t.token_sha256 = $1", "$1::bytea is not null"],
        ENDED_PROGRAM,
    ),
    cut(
        "a program begins: only where its person has a role",
        "and exists (select from account_roles r where r.account_id = $3 and r.school_id = $4)",
        "and exists (select from account_roles r where r.account_id = $3 and r.school_id = $4)",
        PROGRAMS,
    ),
    row(
        "another pair: of which token",
        "where t.token_sha256 = $1 for update of f",
        ["t.token_sha256 = $1", "$1::bytea is not null"],
        PROGRAMS,
    ),
    row(
        "another pair: which token is used up",
        "where t.token_sha256 = $1 and t.consumed_at is null",
        ["t.token_sha256 = $1", "$1::bytea is not null"],
        PROGRAMS,
    ),
    row(
        "own passkeys: whose",
        "where account_id = $1 and rp_id = $2 order by",
        ["account_id = $1", "$1::uuid is not null"],
        STAFF,
    ),
    row(
        "taking an own passkey away: whose",
        "delete from account_passkeys where account_id = $1 and passkey_id = $2",
        ["account_id = $1", "$1::uuid is not null"],
        ACCOUNTS,
    ),
    row(
        "taking one's codes away: whose",
        "delete from account_totp where account_id = $1 returning",
        ["account_id = $1", "$1::uuid is not null"],
        ACCOUNTS,
    ),
    row(
        "codes: whose secret",
        "select secret from account_totp where account_id = $1 and confirmed_at is not null",
        ["account_id = $1", "$1::uuid is not null"],
        CODES,
    ),
    row(
        "a person's name and address: whose",
        "from accounts a where a.account_id = $1",
        ["a.account_id = $1", "$1::uuid is not null"],
        ACCOUNTS,
    ),
    row(
        "a password: whose",
        "select phc from account_passwords where",
        ["account_id = $1", "$1::uuid is not null"],
        ACCOUNTS,
    ),
    row(
        "signing in: whose password",
        "where a.email_hmac = $1 and a.activated_at is not null",
        ["a.email_hmac = $1", "$1::bytea is not null"],
        KNOWN,
    ),
    row(
        "a passkey at the door: whose",
        "where p.credential_id = $1 and p.rp_id = $2 and p.account_id = $3",
        ["p.account_id = $3", "$3::uuid is not null"],
        DEVICE,
    ),
    row("members: of the school", "where m.school_id = $1", ["m.school_id = $1", "$1::uuid is not null"], MEMBERS),
    row(
        "members' roles: in the school",
        "select account_id, role from account_roles where school_id = $1",
        ["school_id = $1", "$1::uuid is not null"],
        MEMBERS,
    ),
    row(
        "disabling: in the school",
        "where school_id = $1 and account_id = $2",
        ["school_id = $1", "$1::uuid is not null"],
        MEMBERS,
    ),
    row(
        "taking a role away: in the school",
        "delete from account_roles where school_id = $1 and account_id = $2",
        ["school_id = $1", "$1::uuid is not null"],
        MEMBERS,
    ),
    row(
        "revoking a kiosk: of the school",
        "where kiosk_id = $1 and school_id = $2",
        ["school_id = $2", "$2::uuid is not null"],
        TRUST,
    ),
    row(
        "a family's sessions: of its address",
        "order by s.created_at desc, s.session_id",
        ["own.session_id = $1", "$1::uuid is not null"],
        FAMILIES,
    ),
    open(
        "ending a family's other sessions: of its address",
        "where own.session_id = $1 and s.email_hmac = own.email_hmac",
        "s.email_hmac = own.email_hmac",
        FAMILIES,
    ),
    row(
        "a link: only in the browser that asked",
        "token_sha256 = $1 and browser_sha256 = $2",
        ["browser_sha256 = $2", "$2::bytea is not null"],
        DIGITS,
    ),
    row(
        "digits: only in the browser that asked",
        "set tries = tries + 1",
        ["browser_sha256 = $1", "$1::bytea is not null"],
        DIGITS,
    ),
    row(
        "a pupil's comings and goings: whose",
        "and student_id = $3 order by occurred_at",
        ["student_id = $3", "$3::uuid is not null"],
        FAMILIES,
    ),
    // Sessions and programs.
    cut(
        "a session: whose last use",
        "s.session_id = o.session_id and o.last_seen_at < $2 - interval '1 minute'",
        "s.session_id = o.session_id and",
        OPEN,
    ),
    cut(
        "who waits for a code: the session's secret",
        "where s.secret_sha256 = $1 and s.stage = 'second_factor' and s.ended_at is null and s.ends_at > $2",
        "s.secret_sha256 = $1 and",
        HALF,
    ),
    cut(
        "who waits for a code: its stage",
        "where s.secret_sha256 = $1 and s.stage = 'second_factor' and s.ended_at is null and s.ends_at > $2",
        "and s.stage = 'second_factor'",
        OPEN,
    ),
    open(
        "another credential: which session goes on",
        "where o.session_id = $2 and o.stage = 'open' and a.disabled_at is null",
        "o.session_id = $2",
        OPEN,
    ),
    open(
        "ending an own session: which",
        "where account_id = $1 and session_id = $2 and ended_at is null",
        "session_id = $2",
        OPEN,
    ),
    open(
        "an open stream: whose use",
        "where s.session_id = any($1) and session_is_open(s, a, $2)",
        "s.session_id = any($1)",
        IN_USE,
    ),
    open(
        "an open stream: that its session goes on",
        "where s.session_id = any($1) and session_is_open(s, a, $2)",
        "session_is_open(s, a, $2)",
        STREAM,
    ),
    cut(
        "an open stream: whose roles",
        "on r.account_id = o.account_id and (o.school_id is null or r.school_id = o.school_id)",
        "r.account_id = o.account_id and",
        STREAM,
    ),
    open(
        "an open stream: that its program goes on",
        "where f.family_id = any($1) and family_is_open(f, a, $2)",
        "family_is_open(f, a, $2)",
        PROGRAM_STREAM,
    ),
    cut(
        "a browser becomes known: what else is known there",
        "update known_browsers set secret_sha256 = $1 where secret_sha256 = $2 and account_id <> $3",
        "secret_sha256 = $2 and",
        OPEN,
    ),
    row(
        "too many programs: whose",
        "select family_id from token_families where account_id = $3 and ended_at is null and ends_at > $5",
        ["account_id = $3 and ended_at is null", "ended_at is null"],
        OPEN,
    ),
    cut(
        "a program was used: which",
        "where t.token_id = o.token_id and o.access_used_at is null and t.revoked_at is null",
        "t.token_id = o.token_id and",
        OPEN,
    ),
    open(
        "ending an own program: which",
        "where account_id = $1 and family_id = coalesce($2, family_id) and ended_at is null and ends_at > $3",
        "family_id = coalesce($2, family_id)",
        OPEN,
    ),
    open(
        "a program signs out: of the token's family",
        "where t.token_sha256 = $1 and f.family_id = t.family_id and f.ended_at is null returning f.account_id",
        "f.family_id = t.family_id",
        OPEN,
    ),
    cut(
        "another pair: whose last use",
        "update token_families set last_used_at = $5 where family_id = $3",
        "where family_id = $3",
        OPEN,
    ),
    row(
        "another pair: of the token's family",
        "from token_families f join refresh_tokens t using (family_id) where t.token_sha256 = $1 for update of f",
        ["join refresh_tokens t using (family_id)", "cross join refresh_tokens t"],
        OPEN,
    ),
    cut(
        "asking again: of which token",
        "where t.token_sha256 = $1 and t.consumed_at > $3 and t.revoked_at is null",
        "t.token_sha256 = $1 and",
        OPEN,
    ),
    cut("asking again: whose successor", "and s.parent_id = t.token_id", "and s.parent_id = t.token_id", OPEN),
    cut(
        "a copy: of which token",
        "where t.token_sha256 = $1 and (t.consumed_at is not null or t.revoked_at is not null)",
        "t.token_sha256 = $1 and",
        OPEN,
    ),
    cut(
        "a copy: whose program ends",
        "and f.family_id = t.family_id and a.account_id = f.account_id and family_is_open(f, a, $2)",
        "f.family_id = t.family_id and",
        OPEN,
    ),
    cut(
        "a try is given back: whose",
        "update throttle set due = due - $2::interval where key = $1",
        "where key = $1",
        GIVEN_BACK,
    ),
    // Accounts.
    cut(
        "an account is changed: which",
        "from accounts where account_id = $1 for update",
        "where account_id = $1",
        ACCOUNTS,
    ),
    row(
        "an account's events: whose",
        "where l.aggregate_type = 'account' and l.aggregate_id = $1))",
        ["where aggregate_type = 'account' and aggregate_id = $1", "where aggregate_type = 'account'"],
        ACCOUNTS,
    ),
    cut(
        "keeping out: whom",
        "update account_members set disabled_at = case when $3 then coalesce(disabled_at, $4) end",
        "and account_id = $2",
        ACCOUNTS,
    ),
    cut(
        "taking a role away: whose",
        "delete from account_roles where school_id = $1 and account_id = $2 and role <> all($3)",
        "and account_id = $2",
        ACCOUNTS,
    ),
    cut(
        "whom no school lets in: whose schools",
        "when not exists (select from account_members m where m.account_id = $1 and m.disabled_at is null)",
        "m.account_id = $1 and",
        ACCOUNTS,
    ),
    cut(
        "whom no school lets in: whose offers",
        "and not exists (select from account_offers o where o.account_id = $1)",
        "where o.account_id = $1",
        ACCOUNTS,
    ),
    cut(
        "whom no school lets in: which account",
        "and not exists (select from account_offers o where o.account_id = $1)",
        "where account_id = $1",
        ACCOUNTS,
    ),
    cut(
        "the last administrator: of the school",
        "where r.school_id = $1 and r.role = 'ADMIN' and r.account_id <> $2 and a.activated_at is not null",
        "r.school_id = $1 and",
        ACCOUNTS,
    ),
    cut(
        "the last administrator: beside whom",
        "where r.school_id = $1 and r.role = 'ADMIN' and r.account_id <> $2 and a.activated_at is not null",
        "and r.account_id <> $2",
        ADMINS,
    ),
    cut(
        "the schools of an account: whose",
        "select school_id from account_members where account_id = $1 order by school_id",
        "where account_id = $1",
        ACCOUNTS,
    ),
    cut(
        "other rights: whose sessions end",
        "where account_id = $1 and (disabled_at is not null",
        "account_id = $1 and",
        ACCOUNTS,
    ),
    cut(
        "other rights: how many schools have whom",
        "or (select count(*) from account_members m where m.account_id = $1) = 1",
        "where m.account_id = $1",
        ACCOUNTS,
    ),
    cut(
        "other rights: who rules over others",
        "or $3 and exists (select from account_roles r where r.account_id = $1 and r.role in",
        "r.account_id = $1 and",
        GIVEN,
    ),
    cut(
        "let in again: whose sessions end",
        "update accounts set authz_epoch = authz_epoch + 1 where account_id = $1 and disabled_at is not null",
        "account_id = $1 and",
        ACCOUNTS,
    ),
    row(
        "another secret: whose sessions end",
        "secrets_epoch = case when $2 then authz_epoch + 1 else secrets_epoch end",
        ["where account_id = $1", "where $1::uuid is not null"],
        ACCOUNTS,
    ),
    cut(
        "an account is activated: which",
        "update accounts set activated_at = coalesce(activated_at, $2) where account_id = $1",
        "where account_id = $1",
        ACCOUNTS,
    ),
    cut(
        "older links are void: whose",
        "update account_links set expires_at = issued_at where account_id = $1 and used_at is null",
        "account_id = $1 and",
        ACCOUNTS,
    ),
    cut(
        "a link of the staff: its secret",
        "where l.token_sha256 = $1 and l.used_at is null and l.expires_at > $2 and a.disabled_at is null",
        "l.token_sha256 = $1 and",
        ACCOUNTS,
    ),
    row(
        "a link of the staff: whose account",
        "from account_links l join accounts a on a.account_id = l.account_id",
        ["join accounts a on a.account_id = l.account_id", "cross join accounts a"],
        ACCOUNTS,
    ),
    cut(
        "a link of the staff: which is used up",
        "where token_sha256 = $1 and used_at is null and expires_at > $2 returning shown",
        "token_sha256 = $1 and",
        ACCOUNTS,
    ),
    cut(
        "links are void: who handed them out",
        "where l.issued_by = $1 and l.used_at is null and m.account_id = l.account_id and m.school_id = $2",
        "l.issued_by = $1 and",
        LINKS,
    ),
    cut(
        "links are void: to whom of the school",
        "where l.issued_by = $1 and l.used_at is null and m.account_id = l.account_id and m.school_id = $2",
        "and m.school_id = $2",
        LINKS,
    ),
    cut(
        "who has an address: which",
        "select account_id from accounts where email_hmac = $1",
        "where email_hmac = $1",
        ACCOUNTS,
    ),
    cut(
        "a person's roles: whose",
        "select school_id, role from account_roles where account_id = $1 order by school_id, role",
        "where account_id = $1",
        ACCOUNTS,
    ),
    cut("whether a person has codes: whose", "as \"has_totp!\"", "t.account_id = a.account_id and", ACCOUNTS),
    cut(
        "members' second factors: whose codes",
        "or exists(select from account_passkeys p where p.account_id = a.account_id and p.rp_id = $2)",
        "t.account_id = a.account_id and",
        ACCOUNTS,
    ),
    cut(
        "members' second factors: whose passkeys",
        "or exists(select from account_passkeys p where p.account_id = a.account_id and p.rp_id = $2)",
        "p.account_id = a.account_id and",
        ACCOUNTS,
    ),
    cut(
        "a second factor: whose codes",
        "exists(select from account_totp t where t.account_id = $1 and t.confirmed_at is not null)",
        "t.account_id = $1 and",
        ACCOUNTS,
    ),
    cut(
        "a second factor: whose passkeys",
        "exists(select from account_passkeys p where p.account_id = $1 and p.rp_id = $2)",
        "p.account_id = $1 and",
        ACCOUNTS,
    ),
    cut(
        "a second factor: of whoever has which roles",
        "exists(select from account_roles r where r.account_id = $1 and r.role in ('ADMIN', 'OWNER'))",
        "r.account_id = $1 and",
        ACCOUNTS,
    ),
    cut(
        "codes that are begun: whose",
        "select secret, begun_at from account_totp where account_id = $1 and confirmed_at is null and begun_at > $2",
        "account_id = $1 and",
        ACCOUNTS,
    ),
    cut(
        "codes that are confirmed: whose",
        "where account_id = $1 and confirmed_at is null and begun_at = $4",
        "account_id = $1 and",
        ACCOUNTS,
    ),
    cut(
        "taking an own passkey away: which",
        "delete from account_passkeys where account_id = $1 and passkey_id = $2",
        "and passkey_id = $2",
        ACCOUNTS,
    ),
    row(
        "signing in: whose password is compared",
        "from accounts a left join account_passwords p on p.account_id = a.account_id",
        ["left join account_passwords p on p.account_id = a.account_id", "cross join account_passwords p"],
        ACCOUNTS,
    ),
    cut(
        "what a school offers: which school",
        "from account_offers o join accounts a on a.account_id = o.account_id where o.school_id = $1",
        "where o.school_id = $1",
        ACCOUNTS,
    ),
    cut(
        "what is offered: to whom",
        "select school_id, roles from account_offers where account_id = $1 order by offered_at, school_id",
        "where account_id = $1",
        ACCOUNTS,
    ),
    cut(
        "answering an offer: whose",
        "select school_id from account_offers where account_id = $1 order by school_id",
        "where account_id = $1",
        OFFERS,
    ),
    cut(
        "an offer is answered: whose",
        "delete from account_offers where school_id = $1 and account_id = $2",
        "and account_id = $2",
        ACCOUNTS,
    ),
    cut(
        "an offer is answered: of which school",
        "delete from account_offers where school_id = $1 and account_id = $2",
        "school_id = $1 and",
        ACCOUNTS,
    ),
    cut(
        "whoever need not be asked: whose roles",
        "where r.account_id = $1 and r.school_id = s.school_id and r.role = 'OWNER'",
        "r.account_id = $1 and",
        OWNERS,
    ),
    cut(
        "whoever need not be asked: in each school",
        "where r.account_id = $1 and r.school_id = s.school_id and r.role = 'OWNER'",
        "r.school_id = s.school_id and",
        OWNERS,
    ),
    cut(
        "erasing an account: only of whom every school keeps out",
        "select not exists(select from account_members m where m.account_id = a.account_id and m.disabled_at is null)",
        "m.account_id = a.account_id and",
        ACCOUNTS,
    ),
    cut(
        "erasing an account: whose address",
        "update accounts set email_hmac = null where account_id = $1",
        "where account_id = $1",
        ACCOUNTS,
    ),
    cut(
        "erasing an account: whose password",
        "delete from account_passwords where account_id = $1",
        "where account_id = $1",
        ACCOUNTS,
    ),
    cut(
        "erasing an account: whose codes",
        "delete from account_totp where account_id = $1",
        "where account_id = $1",
        ACCOUNTS,
    ),
    row(
        "erasing an account: whose passkeys",
        "delete from account_passkeys where account_id = $1",
        ["where account_id = $1", "where $1::uuid is not null"],
        ERASED_ACCOUNT,
    ),
    row(
        "erasing an account: whose sessions",
        "delete from sessions where account_id = $1",
        ["delete from sessions where account_id = $1", "delete from sessions"],
        ERASED_ACCOUNT,
    ),
    row(
        "erasing an account: whose programs",
        "), programs as (delete from token_families where account_id = $1)",
        ["delete from token_families where account_id = $1", "delete from token_families"],
        ERASED_ACCOUNT,
    ),
    row(
        "erasing an account: whose browsers",
        "with browsers as (delete from known_browsers where account_id = $1",
        ["delete from known_browsers where account_id = $1", "delete from known_browsers"],
        ERASED_ACCOUNT,
    ),
    // Families: what one address asked for and has open.
    cut(
        "a link is asked for: only of an address that a guardian has",
        "where exists (select from guardian_mails where email_hmac = $1)",
        "where email_hmac = $1",
        NO_LETTER,
    ),
    cut(
        "a link is asked for: which one it replaces",
        "where browser_sha256 = $8 and redeemed_at is null",
        "browser_sha256 = $8 and",
        ADDRESSES,
    ),
    cut(
        "a link is shown: which",
        "where token_sha256 = $1 and redeemed_at is null and expires_at > $2 and tries < $3",
        "token_sha256 = $1 and",
        ADDRESSES,
    ),
    cut(
        "whose link a browser asked for",
        "where browser_sha256 = $1 and redeemed_at is null and expires_at > $2 and shown_at is not null",
        "browser_sha256 = $1 and",
        ADDRESSES,
    ),
    cut(
        "a link: its secret",
        "where token_sha256 = $1 and browser_sha256 = $2 and redeemed_at is null and expires_at > $3",
        "token_sha256 = $1 and",
        ADDRESSES,
    ),
    cut(
        "a link: which session it replaces",
        "where s.secret_sha256 = $10 and s.ended_at is null and s.ends_at >= $9",
        "s.secret_sha256 = $10 and",
        ADDRESSES,
    ),
    cut(
        "a family's browser: its secret",
        "where secret_sha256 = $1 and ($2::bytea is null or email_hmac = $2) and known_at > $3",
        "secret_sha256 = $1 and",
        ADDRESSES,
    ),
    cut(
        "a family's browser: to which address",
        "where secret_sha256 = $1 and ($2::bytea is null or email_hmac = $2) and known_at > $3",
        "and ($2::bytea is null or email_hmac = $2)",
        ADDRESSES,
    ),
    cut(
        "a family's browser becomes known: by which session",
        "select email_hmac from family_sessions where secret_sha256 = $2",
        "where secret_sha256 = $2",
        ADDRESSES,
    ),
    cut(
        "a family's browser becomes known: what else is known there",
        "where b.secret_sha256 = $3 and b.email_hmac <> a.email_hmac and b.known_at > $5",
        "b.secret_sha256 = $3 and",
        ADDRESSES,
    ),
    cut(
        "a family's browser becomes known: which it was",
        "or b.secret_sha256 = $3 and b.email_hmac in (select email_hmac from address)",
        "b.secret_sha256 = $3 and",
        ADDRESSES,
    ),
    row(
        "a family's session: whose last use",
        "update family_sessions s set last_seen_at = $2 from open o",
        ["where s.session_id = o.session_id and", "where"],
        ADDRESSES,
    ),
    cut(
        "ending a family's other sessions: by which session",
        "where own.session_id = $1 and s.email_hmac = own.email_hmac and s.session_id <> $1",
        "own.session_id = $1 and",
        ADDRESSES,
    ),
    cut(
        "ending one of a family's sessions: which",
        "and s.ended_at is null and ($3::uuid is null or s.session_id = $3)",
        "and ($3::uuid is null or s.session_id = $3)",
        ADDRESSES,
    ),
    cut(
        "a guardian signs out: which session",
        "update family_sessions set ended_at = $2 where secret_sha256 = $1 and ended_at is null",
        "secret_sha256 = $1 and",
        ADDRESSES,
    ),
    // Somebody is erased, or changes what one is found by.
    row(
        "erasing: whose run",
        "where school_id = $1 and (subject_id = $2 or owner_id = $2) and kind <> 'card'",
        ["and (subject_id = $2 or owner_id = $2) and kind <> 'card'", "and kind <> 'card'"],
        ERASED,
    ),
    row(
        "erasing: whose card",
        "where school_id = $1 and (subject_id = $2 or owner_id = $2) and kind = 'card'",
        ["and (subject_id = $2 or owner_id = $2) and kind = 'card'", "and kind = 'card'"],
        ERASED,
    ),
    cut(
        "erasing: whose address",
        "delete from guardian_mails where school_id = $1 and guardian_id = $2 returning email_hmac",
        "and guardian_id = $2",
        ERASED,
    ),
    cut(
        "erasing: an address that others have too",
        "where g.email_hmac = u.email_hmac and (g.school_id, g.guardian_id) <> ($1, $2))",
        "g.email_hmac = u.email_hmac and",
        FORGOTTEN,
    ),
    cut(
        "erasing: whose links",
        "delete from family_links l using unshared u where l.email_hmac = u.email_hmac",
        "where l.email_hmac = u.email_hmac",
        FORGOTTEN,
    ),
    cut(
        "erasing: whose sessions",
        "delete from family_sessions s using unshared u where s.email_hmac = u.email_hmac",
        "where s.email_hmac = u.email_hmac",
        FORGOTTEN,
    ),
    cut(
        "erasing: whose browsers",
        "delete from family_browsers b using unshared u where b.email_hmac = u.email_hmac",
        "where b.email_hmac = u.email_hmac",
        FORGOTTEN,
    ),
    cut(
        "erasing: whose keys",
        "where school_id = $1 and subject_id = $2 and ($3::text is null or class = $3)",
        "and subject_id = $2",
        ERASED,
    ),
    cut(
        "an address that is gone: whose",
        "where m.school_id = $1 and m.guardian_id = t.guardian_id and t.hmac is null",
        "m.guardian_id = t.guardian_id and",
        ADDRESS,
    ),
    cut(
        "erasing: only who is there",
        "select exists(select from events where aggregate_type = $1 and aggregate_id = $2)",
        "and aggregate_id = $2",
        ABSENT,
    ),
    cut(
        "what one is found by: which",
        "where v.school_id = $1 and v.kind = $2 and v.hmac = t.hmac offset 0",
        "and v.hmac = t.hmac",
        FOUND,
    ),
    cut(
        "what one is found by: whose it is already",
        "join directory d on d.school_id = $1 and d.kind = t.kind and d.hmac = t.hmac",
        "d.subject_id = t.subject_id and",
        TAKEN,
    ),
    row(
        "keys: of the school",
        "where school_id = $1 and subject_id = any($2)",
        ["where school_id = $1 and subject_id = any($2)", "where subject_id = any($2)"],
        VAULT,
    ),
    row(
        "keys: of the school, all of them",
        "select subject_id, class, key_id, wrapped from data_keys where school_id = $1",
        ["from data_keys where school_id = $1", "from data_keys"],
        VAULT,
    ),
    cut("keys: of the school, where they are made", "where k.school_id = $1", "where k.school_id = $1", VAULT),
    // Kiosks, and requests that are repeated.
    cut("a kiosk: which is revoked", "where kiosk_id = $1 and school_id = $2", "kiosk_id = $1 and", ENROLLED),
    cut(
        "another secret for a kiosk: of the school",
        "where kiosk_secrets.school_id = excluded.school_id and kiosk_secrets.revoked_at is null",
        "kiosk_secrets.school_id = excluded.school_id and",
        ENROLLED,
    ),
    cut(
        "what a kiosk told: which",
        "where e.aggregate_type = 'kiosk' and e.aggregate_id = s.stream and e.event_type = t.event_type",
        "e.aggregate_id = s.stream and",
        REPORTS,
    ),
    cut(
        "what a kiosk told: of which queue",
        "and coalesce(e.payload->>'queue_id', '') = t.queue",
        "and coalesce(e.payload->>'queue_id', '') = t.queue",
        REPORTS,
    ),
    cut(
        "a scan that came before: of which kiosk",
        "where s.kiosk_id = t.kiosk_id and s.queue_id = t.queue_id and s.seq = t.seq and s.scan_id = t.scan_id",
        "s.kiosk_id = t.kiosk_id and",
        QUEUES,
    ),
    cut(
        "a number that is used twice: at which kiosk",
        "select from scan_receipts o where o.kiosk_id = t.kiosk_id and o.queue_id = t.queue_id",
        "o.kiosk_id = t.kiosk_id and",
        QUEUES,
    ),
    cut(
        "how far a queue has come: of which kiosk",
        "where r.kiosk_id = t.kiosk_id and r.queue_id = t.queue_id and r.seq > a.known",
        "r.kiosk_id = t.kiosk_id and",
        QUEUES,
    ),
    cut(
        "how far a queue had come: of which kiosk",
        "left join kiosk_queues q on q.kiosk_id = t.kiosk_id and q.queue_id = t.queue_id",
        "q.kiosk_id = t.kiosk_id and",
        QUEUES,
    ),
    cut(
        "what is missing of a queue: of which kiosk",
        "select min(seq) from scan_receipts where kiosk_id = $1 and queue_id = $2 and seq > $3",
        "kiosk_id = $1 and",
        QUEUES,
    ),
    cut(
        "a card at the gate: which",
        "where c.school_id = t.school_id and c.kind = 'card' and c.hmac = t.hmac offset 0",
        "and c.hmac = t.hmac",
        QUEUES,
    ),
    cut(
        "a lane: of which kiosk",
        "where e.aggregate_type = 'kiosk' and e.aggregate_id = t.stream and e.event_type = k.kind",
        "e.aggregate_id = t.stream and",
        PLACED,
    ),
    cut(
        "a school's rules: of which school",
        "left join events e on e.aggregate_type = 'school' and e.aggregate_id = $1",
        "and e.aggregate_id = $1",
        SETTINGS,
    ),
    cut(
        "a repeated command: of which stream",
        "where command_id = $1 and aggregate_type = $2 and aggregate_id = $3",
        "and aggregate_id = $3",
        REPEATED,
    ),
    cut(
        "a pupil's day at the gate: whose",
        "join events e on e.aggregate_type = t.aggregate_type and e.aggregate_id = t.aggregate_id",
        "and e.aggregate_id = t.aggregate_id",
        PLACED,
    ),
    cut(
        "a repeated request: in which school",
        "select request_sha256, done_at, done_position, done_refusal from command_reservations",
        "school_id = $1 and",
        RESERVED,
    ),
    cut(
        "a repeated request: which",
        "select request_sha256, done_at, done_position, done_refusal from command_reservations",
        "and command_id = $2",
        RESERVED,
    ),
    // Who looked.
    cut(
        "the same look: in which school",
        "select from looks where school_id = $1 and who_id = $4 and looked_at > $11 and looked_at <= $2",
        "school_id = $1 and",
        LOOK,
    ),
    cut(
        "the same look: by whom",
        "select from looks where school_id = $1 and who_id = $4 and looked_at > $11 and looked_at <= $2",
        "who_id = $4 and",
        LOOK,
    ),
    cut(
        "the same look: by somebody of the staff or a guardian",
        "and who_kind = $3 and role = $5 and what = $6 and why = $7 and session_id = $10",
        "and who_kind = $3",
        LOOK,
    ),
    cut(
        "the same look: as what",
        "and who_kind = $3 and role = $5 and what = $6 and why = $7 and session_id = $10",
        "and role = $5",
        LOOK,
    ),
    cut(
        "the same look: at what",
        "and who_kind = $3 and role = $5 and what = $6 and why = $7 and session_id = $10",
        "and what = $6",
        LOOK,
    ),
    cut(
        "the same look: by which right",
        "and who_kind = $3 and role = $5 and what = $6 and why = $7 and session_id = $10",
        "and why = $7",
        LOOK,
    ),
    cut(
        "the same look: in which session",
        "and who_kind = $3 and role = $5 and what = $6 and why = $7 and session_id = $10",
        "and session_id = $10",
        LOOK,
    ),
    cut(
        "the same look: at which course",
        "and course_id is not distinct from $8 and student_id is not distinct from $9",
        "and course_id is not distinct from $8",
        LOOK,
    ),
    cut(
        "the same look: at which pupil",
        "and course_id is not distinct from $8 and student_id is not distinct from $9",
        "and student_id is not distinct from $9",
        LOOK,
    ),
    cut(
        "the same look: at which day",
        "and of_date is not distinct from $12)",
        "and of_date is not distinct from $12",
        LOOK,
    ),
    cut(
        "who looked at a pupil: at which",
        "where school_id = $1 and student_id = $2 and looked_at >= $3",
        "and student_id = $2",
        LOOKED,
    ),
    cut(
        "who looked at a pupil: and not at another",
        "where a.school_id = $1 and a.student_id is null and a.looked_at >= $3 and a.what <> 'audit'",
        "and a.student_id is null",
        LOOKED,
    ),
    row(
        "who looked at a pupil: at which course",
        "and (a.course_id is null or a.course_id = (",
        ["a.course_id is null or", "true or"],
        LOOKED,
    ),
    cut(
        "who looked at a pupil: whose course",
        "where m.school_id = $1 and m.student_id = $2",
        "and m.student_id = $2",
        LOOKED,
    ),
    // Inside a school, where row-level security keeps nobody apart.
    cut(
        "the log: of which stream",
        "and ($2::text is null or stream = $2)",
        "and ($2::text is null or stream = $2)",
        LOG,
    ),
    cut(
        "the log: about whom",
        "and ($3::uuid is null or position = any(array(select entries_about($3))))",
        "and ($3::uuid is null or position = any(array(select entries_about($3))))",
        LOG,
    ),
    cut(
        "the log: of which kiosk",
        "and ($4::uuid is null or kiosk_id = $4)",
        "and ($4::uuid is null or kiosk_id = $4)",
        LOG,
    ),
    cut("the log: by whom", "and ($5::text is null or actor = $5)", "and ($5::text is null or actor = $5)", LOG),
    row(
        "a list of pupils: of which course",
        "and ($4::uuid is null or $4 = (select m.course_id from memberships m",
        ["$4::uuid is null or $4", "$4::uuid is not null or $4"],
        OWN_PUPILS,
    ),
    cut(
        "a list of pupils: whose course",
        "m.student_id = s.student_id and m.from_date <= $5",
        "m.student_id = s.student_id and",
        OWN_PUPILS,
    ),
    cut(
        "a pupil's guardians: whose",
        "where l.school_id = $1 and l.student_id = $2 and l.active",
        "and l.student_id = $2",
        GUARDIANS,
    ),
    cut(
        "a pupil's guardians: each with the own name",
        "from guardian_links l left join guardians g on g.guardian_id = l.guardian_id and g.school_id = l.school_id",
        "g.guardian_id = l.guardian_id and",
        GUARDIANS,
    ),
    cut(
        "a guardian's pupils: whose",
        "where school_id = $1 and guardian_id = any($2) and active order by student_id limit $3",
        "and guardian_id = any($2)",
        OWN_PUPILS,
    ),
    cut(
        "a pupil's day: since when one is a pupil",
        "select min(from_date) as \"first?\" from memberships where school_id = $1 and student_id = $2",
        "and student_id = $2",
        DAY,
    ),
    cut(
        "a pupil's day: whose course",
        "where school_id = $1 and from_date <= $2 and student_id = any($3)",
        "and student_id = any($3)",
        DAY,
    ),
    cut(
        "a pupil's day: whose",
        "where school_id = $1 and local_date = $2 and student_id = any($3)",
        "and student_id = any($3)",
        DAY,
    ),
    cut("a course's day: which course", "where c.school_id = $1 and c.course_id = $3", "and c.course_id = $3", COURSE),
    cut(
        "a course's day: who is in it",
        "where m.school_id = $1 and m.student_id = sent.student_id and m.from_date <= $3",
        "m.student_id = sent.student_id and",
        COURSE,
    ),
    row(
        "a course's day: by whose hours",
        "where c.school_id = $1 and c.course_id = $3",
        [
            "where school_id = $1 and course_id = c.course_id and effective_from <= $2",
            "where school_id = $1 and effective_from <= $2",
        ],
        HOURS,
    ),
    cut(
        "a course's day: by whose exception",
        "where c.school_id = $1 and c.course_id = $3",
        "and e.course_id = c.course_id",
        HOURS,
    ),
    cut(
        "a day's settings: since when",
        "order by v.effective_from desc limit 1",
        "and v.effective_from <= $2",
        SINCE_WHEN,
    ),
    cut(
        "the board: by whose hours",
        "where school_id = $1 and course_id = c.course_id and effective_from <= $2",
        "and course_id = c.course_id",
        BOARD,
    ),
    cut(
        "the board: by whose exception",
        "left join course_days e on e.school_id = $1 and e.course_id = c.course_id and e.local_date = $2",
        "and e.course_id = c.course_id",
        BOARD,
    ),
    cut(
        "the board: what is known of which gate",
        "s.last_seen as \"last_seen?\", s.queue_depth as \"queue_depth?\", s.clock_skew_ms as \"skew_ms?\"",
        "g.kiosk_id = k.kiosk_id and",
        GATES,
    ),
    cut(
        "the board: what which gate said",
        "s.last_seen as \"last_seen?\", s.queue_depth as \"queue_depth?\", s.clock_skew_ms as \"skew_ms?\"",
        "s.kiosk_id = k.kiosk_id and",
        GATES,
    ),
    cut(
        "the board: whose name a scan has",
        "from live_scans l left join students s on s.student_id = l.student_id and s.school_id = $1",
        "s.student_id = l.student_id and",
        GATES,
    ),
    cut(
        "a kiosk's page: which",
        "and ($3::uuid is null or k.kiosk_id = $3)",
        "and ($3::uuid is null or k.kiosk_id = $3)",
        GATES,
    ),
    cut(
        "a kiosk's page: what is known of which gate",
        "s.app_version as \"app_version?\"",
        "g.kiosk_id = k.kiosk_id and",
        GATES,
    ),
    cut(
        "a kiosk's page: what which kiosk said",
        "s.app_version as \"app_version?\"",
        "s.kiosk_id = k.kiosk_id and",
        GATES,
    ),
    cut(
        "the board, followed: whose name a scan has",
        "from students where student_id = c.student_id and school_id = tx.school offset 0",
        "student_id = c.student_id and",
        KEPT,
    ),
    cut(
        "the board, followed: what is known of which gate",
        "from gates where kiosk_id = k.kiosk_id and school_id = tx.school offset 0",
        "kiosk_id = k.kiosk_id and",
        KEPT,
    ),
    row(
        "the board, followed: what which gate said",
        "from kiosk_seen where kiosk_id = k.kiosk_id and school_id = tx.school offset 0",
        ["from kiosk_seen where kiosk_id = k.kiosk_id and", "from kiosk_seen where"],
        KEPT,
    ),
    cut(
        "a case: of which stay",
        "from cases where school_id = $1 and local_date = $2 and slot_id = $3 and student_id = $4",
        "slot_id = $3 and",
        CASE,
    ),
    cut(
        "a case: whose",
        "from cases where school_id = $1 and local_date = $2 and slot_id = $3 and student_id = $4",
        "and student_id = $4",
        CASE,
    ),
    cut(
        "what was said of a case: of which stay",
        "where school_id = $1 and local_date = $2 and slot_id = $3 and student_id = $4 order by position limit $5",
        "slot_id = $3 and",
        CASE_LOG,
    ),
    cut(
        "what was said of a case: whose",
        "where school_id = $1 and local_date = $2 and slot_id = $3 and student_id = $4 order by position limit $5",
        "and student_id = $4",
        CASE_LOG,
    ),
    cut(
        "what was done to a day: whose",
        "from acts where school_id = $1 and local_date = $2 and student_id = $3",
        "and student_id = $3",
        ACTS,
    ),
    cut(
        "what was done to a day: which day",
        "from acts where school_id = $1 and local_date = $2 and student_id = $3",
        "local_date = $2 and",
        ACTS,
    ),
    cut(
        "a correction: who asked for it, of whose day",
        "where aggregate_type = 'attendance_day' and aggregate_id = $1 and event_type = 'correction_requested'",
        "and aggregate_id = $1",
        ASKED,
    ),
    cut(
        "a correction: who asked for which",
        "where aggregate_type = 'attendance_day' and aggregate_id = $1 and event_type = 'correction_requested'",
        "and payload->>'correction_id' = $2",
        ASKED,
    ),
    cut(
        "a day's roll call: of which day",
        "from roll_calls where school_id = $1 and local_date = $2 order by started_at desc, roll_call_id limit 20",
        "and local_date = $2",
        PRESENT,
    ),
    cut(
        "what was said in a roll call: in which",
        "from roll_call_marks where school_id = $1 and local_date = $2 and roll_call_id = $3 order by student_id",
        "and roll_call_id = $3",
        MARKED,
    ),
    cut(
        "the roll call at a place in the log: whose",
        "where position = $1 and school_id = $2 and aggregate_type = 'roll_call'",
        "and school_id = $2",
        ROLL_CALL,
    ),
    cut(
        "a roll call's command: whose",
        "where command_id = $1 and school_id = $2 and aggregate_type = 'roll_call'",
        "and school_id = $2",
        ROLL_CALL_AGAIN,
    ),
];
