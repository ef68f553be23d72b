//! Who looked at a pupil.

use crate::looks::about;
use crate::testing::{World, at, id};
use chrono::TimeDelta;
use chrono_tz::Tz;
use domain::{SchoolId, StudentId};

#[tokio::test]
async fn p47_a_look_is_of_the_pupil_of_the_whole_school_and_of_whoever_was_in_the_course_on_the_day_that_was_shown() {
    let world = World::create().await;
    let (school, moved, stayed) = (id::<SchoolId>(1), id::<StudentId>(10), id::<StudentId>(11));
    // In course 20; one moved to course 21 on 2 November.
    sqlx::query(
        "insert into roster.memberships (school_id, student_id, from_date, course_id, position)
         values ($1, $2, '2026-03-02', $4, 1), ($1, $3, '2026-03-02', $4, 2), ($1, $2, '2026-11-02', $5, 3)",
    )
    .bind(school.0)
    .bind(moved.0)
    .bind(stayed.0)
    .bind(id::<uuid::Uuid>(20))
    .bind(id::<uuid::Uuid>(21))
    .execute(&world.owner)
    .await
    .unwrap();
    // All on 23 November, each by somebody else.
    let looks = [(1_u128, 20, Some("2026-10-26")), (2, 21, Some("2026-10-26")), (3, 20, None), (4, 21, None)];
    for (who, course, of_date) in looks {
        sqlx::query(
            "insert into looks (school_id, looked_at, who_kind, who_id, role, what, why, course_id, session_id, of_date)
             values ($1, $2, 'account', $3, 'DIRECTOR', 'course', 'pupils.read', $4, $3, $5::date)",
        )
        .bind(school.0)
        .bind(at(11, 0, 0))
        .bind(id::<uuid::Uuid>(who))
        .bind(id::<uuid::Uuid>(course))
        .bind(of_date)
        .execute(&world.owner)
        .await
        .unwrap();
    }
    // At a pupil, by name; at the whole school, and at the index of the log, which shows nobody.
    let others =
        [(5_u128, "own_pupil", Some(moved)), (6, "own_pupil", Some(stayed)), (7, "board", None), (8, "audit", None)];
    for (who, what, student) in others {
        sqlx::query(
            "insert into looks (school_id, looked_at, who_kind, who_id, role, what, why, student_id, session_id)
             values ($1, $2, 'guardian', $3, 'GUARDIAN', $4, 'pupils.read', $5, $3)",
        )
        .bind(school.0)
        .bind(at(11, 0, 0))
        .bind(id::<uuid::Uuid>(who))
        .bind(what)
        .bind(student.map(|student| student.0))
        .execute(&world.owner)
        .await
        .unwrap();
    }
    let lookers = async |student: StudentId| {
        let since = at(11, 0, 0) - TimeDelta::days(30);
        let found = about(&mut world.tx(school).await, student, Tz::America__Santiago, since).await.unwrap();
        let mut who: Vec<_> = found.into_iter().map(|look| look.who_id).collect();
        who.sort_unstable();
        who
    };
    assert_eq!(lookers(moved).await, [id::<uuid::Uuid>(1), id(4), id(5), id(7)]);
    assert_eq!(lookers(stayed).await, [id::<uuid::Uuid>(1), id(3), id(6), id(7)]);
}
