//! A case that a person marks as justified justifies the pupil's day.

use super::by_hand::{inspector, site, today};
use super::*;
use crate::no_show;
use crate::use_cases::{JustifyDay, UseCaseError, justification_of, justify_case, justify_day};
use domain::no_show::{CaseId, Command, Error, Finding, Justification};
use domain::{CourseId, JustificationId, SlotId};

fn case(slot: u128) -> CaseId {
    CaseId { date: today(), slot_id: SlotId(Uuid::from_u128(slot)), student_id: pupil(1) }
}

impl Site {
    async fn found(&self, case: CaseId, finding: Finding) {
        let ask = (self.context(school(1)), case, Command::Observe(finding));
        no_show::observe(&self.world.write, &[ask]).await.unwrap();
    }

    async fn open(&self, case: CaseId) {
        let course_id = CourseId(Uuid::from_u128(0xc1));
        self.found(case, Finding::Missing { course_id, due_at: self.now(), hold: None }).await;
    }

    async fn justify(&self, case: CaseId) -> Result<crate::Done, UseCaseError> {
        justify_case(&self.world.write, &self.batcher, &self.of_person(1), case, Justification::Illness).await
    }

    async fn justify_day(&self, justification_id: JustificationId) {
        let input = JustifyDay {
            student_id: pupil(1),
            date: today(),
            justification_id,
            reason: Justification::Illness,
            guardian_id: None,
            note: None,
            document: None,
            accepted: true,
        };
        justify_day(&self.world.write, &self.batcher, &self.of_person(1), input).await.unwrap();
    }

    /// How a case ended.
    async fn ends(&self, case: CaseId) -> Vec<(String, String)> {
        let of =
            "select event_type, actor from events where aggregate_id = $1 and event_type in ('resolved', 'retracted')";
        sqlx::query_as(of).bind(case.stream(school(1)).as_str()).fetch_all(&self.world.owner).await.unwrap()
    }
}

fn resolved() -> Vec<(String, String)> {
    vec![("resolved".to_owned(), inspector(1).0)]
}

const JUSTIFIED: [&str; 2] = ["justification_submitted", "justification_accepted"];

#[tokio::test]
async fn a_case_and_its_day_are_justified_together_and_again_changes_nothing() {
    let site = site().await;
    site.open(case(1)).await;
    assert!(site.justify(case(1)).await.unwrap().position.is_some());
    assert_eq!((site.kinds().await, site.ends(case(1)).await), (JUSTIFIED.map(str::to_owned).to_vec(), resolved()));
    let reason: String =
        sqlx::query_scalar("select payload ->> 'reason' from events where event_type = 'justification_accepted'")
            .fetch_one(&site.world.owner)
            .await
            .unwrap();
    assert_eq!(reason, "illness");
    assert_eq!(site.justify(case(1)).await.unwrap().position, None);
    // The afternoon's case of the same day: the day is justified already.
    site.open(case(2)).await;
    site.justify(case(2)).await.unwrap();
    assert_eq!((site.kinds().await.len(), site.ends(case(2)).await), (2, resolved()));
}

#[tokio::test]
async fn whichever_half_was_cut_off_is_completed_by_whoever_tries_again() {
    let site = site().await;
    site.open(case(1)).await;
    site.justify_day(justification_of(case(1))).await;
    assert_eq!(site.ends(case(1)).await, []);
    assert!(site.justify(case(1)).await.unwrap().position.is_some());
    assert_eq!((site.kinds().await.len(), site.ends(case(1)).await), (2, resolved()));

    let other = super::by_hand::site().await;
    other.open(case(1)).await;
    let justify = Command::Justify { reason: Justification::Illness };
    no_show::ask(&other.world.write, &other.of_person(1), case(1), justify).await.unwrap();
    assert_eq!(other.kinds().await, Vec::<String>::new());
    assert!(other.justify(case(1)).await.unwrap().position.is_some());
    assert_eq!((other.kinds().await, other.ends(case(1)).await), (JUSTIFIED.map(str::to_owned).to_vec(), resolved()));
}

#[tokio::test]
async fn of_a_case_that_is_none_or_is_over_no_day_is_justified_and_of_who_is_not_enrolled_the_case_alone() {
    let site = site().await;
    let refused = site.justify(case(1)).await;
    assert!(matches!(refused, Err(UseCaseError::NoShow(Error::NotOpened))), "{refused:?}");
    site.open(case(1)).await;
    site.found(case(1), Finding::Entered { at: site.now() }).await;
    let refused = site.justify(case(1)).await;
    assert!(matches!(refused, Err(UseCaseError::NoShow(Error::Closed))), "{refused:?}");
    let before = CaseId { date: today() - chrono::Days::new(7), ..case(1) };
    site.open(before).await;
    site.justify(before).await.unwrap();
    assert_eq!((site.kinds().await, site.ends(before).await), (Vec::<String>::new(), resolved()));
}
