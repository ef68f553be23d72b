//! What the messages that arrived carry: which deliveries, of which pupils. Rows say that, and nothing of arriving.

use super::Arrived;
use domain::StudentId;
use sqlx::PgPool;
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

/// A delivery that a message carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Carried {
    /// Which one: the same for every try.
    pub delivery: Uuid,
    /// Of which pupil.
    pub pupil: StudentId,
    /// What kind of notice it is.
    pub kind: String,
}

/// What is carried under each id that telephones and mailboxes see.
#[derive(Debug, Default)]
pub struct About(HashMap<Uuid, Vec<Carried>>);

impl About {
    /// Reads it of all messages that were ever tried.
    pub async fn read(pool: &PgPool) -> sqlx::Result<Self> {
        let rows: Vec<(Uuid, Uuid, Uuid, String)> = sqlx::query_as(
            "select a.message_id, a.delivery_id, d.student_id, d.kind
             from delivery_attempts a join deliveries d using (school_id, delivery_id) order by a.delivery_id",
        )
        .fetch_all(pool)
        .await?;
        let carried = |(message, delivery, pupil, kind)| (message, Carried { delivery, pupil: StudentId(pupil), kind });
        Ok(Self::of(rows.into_iter().map(carried)))
    }

    /// Of messages with what they carry, in the order of deliveries.
    fn of(tries: impl Iterator<Item = (Uuid, Carried)>) -> Self {
        let mut messages: HashMap<Uuid, Vec<Carried>> = HashMap::new();
        for (message, carried) in tries {
            messages.entry(message).or_default().push(carried);
        }
        // A mail is known by the least of its deliveries, a message to a telephone by its own id.
        let mails: Vec<_> =
            messages.values().filter_map(|carried| Some((carried.first()?.delivery, carried.clone()))).collect();
        for (id, carried) in mails {
            let known = messages.entry(id).or_default();
            let new: Vec<_> = carried.into_iter().filter(|one| !known.contains(one)).collect();
            known.extend(new);
        }
        Self(messages)
    }

    /// What a message carries; nothing if it is no notice.
    pub fn carried(&self, arrived: &Arrived) -> &[Carried] {
        arrived.id.and_then(|id| self.0.get(&id)).map_or(&[], Vec::as_slice)
    }

    /// How many messages brought nothing that arrives a second time at the same place, and how many brought something
    /// that was there already. The same words are no sign of it: brothers may get them, and so may another day.
    pub fn once_and_again(&self, arrived: &[Arrived]) -> (usize, usize) {
        let mut times: HashMap<(&str, Uuid), usize> = HashMap::new();
        let mut again = 0;
        for one in arrived {
            let mut known = false;
            for carried in self.carried(one) {
                let times = times.entry((&one.to, carried.delivery)).or_default();
                known |= *times > 0;
                *times += 1;
            }
            again += usize::from(known);
        }
        let doubled: HashSet<_> = times.into_iter().filter(|(_, times)| *times > 1).map(|(what, _)| what).collect();
        let alone = |one: &&Arrived| {
            self.carried(one).iter().all(|carried| !doubled.contains(&(one.to.as_str(), carried.delivery)))
        };
        (arrived.iter().filter(alone).count(), again)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::DateTime;
    use domain::delivery::Channel;

    /// Message 1 carries 11, message 2 is its second try, message 3 carries two brothers', 13 and 14.
    fn about() -> About {
        let carried = |(message, delivery): (u128, u128)| {
            let pupil = StudentId(Uuid::from_u128(delivery + 100));
            (Uuid::from_u128(message), Carried { delivery: Uuid::from_u128(delivery), pupil, kind: "no_entry".into() })
        };
        About::of([(1, 11), (2, 11), (3, 13), (3, 14)].into_iter().map(carried))
    }

    fn counted(all: &[(&str, Option<u128>)]) -> (usize, usize) {
        let arrived = |(to, id): &(&str, Option<u128>)| Arrived {
            at: DateTime::UNIX_EPOCH,
            by: Channel::Whatsapp,
            to: (*to).to_owned(),
            id: id.map(Uuid::from_u128),
            subject: None,
            text: "a".to_owned(),
            fate: None,
        };
        about().once_and_again(&all.iter().map(arrived).collect::<Vec<_>>())
    }

    #[test]
    fn equal_words_are_not_the_same_message_and_a_second_try_is() {
        assert_eq!(counted(&[("+1", Some(1)), ("+1", Some(3)), ("+1", None), ("+1", None)]), (4, 0));
        assert_eq!(counted(&[("+1", Some(1)), ("+2", Some(2))]), (2, 0));
        assert_eq!(counted(&[("+1", Some(1)), ("+1", Some(3)), ("+1", Some(2)), ("+1", Some(1))]), (1, 2));
    }

    #[test]
    fn a_mail_is_known_by_the_least_of_its_deliveries() {
        assert_eq!(counted(&[("a@b.cl", Some(13)), ("a@b.cl", Some(13)), ("a@b.cl", Some(11))]), (1, 1));
    }
}
