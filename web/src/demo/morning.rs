//! The plan of a morning: who taps which gate when. Pure, from a seed.

use crate::seed::Seeded;
use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use domain::StudentId;
use domain::values::zone;
use fastrand::Rng;
use kiosk_protocol::Direction;

/// One tap of a card.
#[derive(Debug, Clone)]
pub struct Tap {
    /// When the card is held to the reader.
    pub at: DateTime<Utc>,
    /// Which kiosk, as an index into the seeded kiosks.
    pub kiosk: usize,
    /// What is read.
    pub read: String,
    /// Whose card it is, as the plan knows; none for a card of nobody.
    pub student: Option<StudentId>,
    /// Which way.
    pub direction: Direction,
}

/// A kiosk without network for a while.
#[derive(Debug, Clone)]
pub struct Outage {
    /// Which kiosk.
    pub kiosk: usize,
    /// From when.
    pub from: DateTime<Utc>,
    /// Until when.
    pub until: DateTime<Utc>,
}

/// A morning, sorted by time.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The taps.
    pub taps: Vec<Tap>,
    /// When the network of a gate fails.
    pub outage: Outage,
    /// Device clock minus true time, per kiosk.
    pub skew: Vec<TimeDelta>,
    /// Shortly before the first tap.
    pub start: DateTime<Utc>,
    /// When the last expected entry is overdue.
    pub end: DateTime<Utc>,
    /// The seed, for what the kiosks decide by chance.
    pub seed: u64,
}

impl Plan {
    /// About 95 % come, most in the quarter of an hour before 08:00, some late; a few tap twice, a few
    /// cards are unknown; one gate loses its network for eight minutes, one clock is wrong by days.
    pub fn of(school: &Seeded, date: NaiveDate, seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed ^ u64::from(date.to_epoch_days().unsigned_abs()));
        let at = |h, m| {
            zone::resolve_local(date, NaiveTime::from_hms_opt(h, m, 0).unwrap_or_default(), crate::demo::stage::ZONE)
        };
        let bell = at(8, 0);
        let leads_out = |kiosk: &crate::seed::SeededKiosk| {
            kiosk.mode.fixed_direction() == Some(domain::attendance_day::Direction::Exit)
        };
        let gates = school.kiosks.iter().enumerate();
        let entry_gates: Vec<usize> = gates.filter(|(_, kiosk)| !leads_out(kiosk)).map(|(k, _)| k).collect();
        let exit_gate = (0..school.kiosks.len()).find(|k| !entry_gates.contains(k)).unwrap_or(0);
        let mut taps = Vec::new();
        for student in &school.students {
            let chance = rng.f64();
            if chance < 0.045 {
                continue;
            }
            // A sum of uniforms is near enough to how a school fills: most from 07:40 to 07:58.
            let spread: f64 = (0..4).map(|_| rng.f64()).sum::<f64>() / 4.0 - 0.5;
            let minutes = if chance < 0.11 { 6.0 + rng.f64() * 34.0 } else { -11.0 + spread * 34.0 };
            let when = bell + TimeDelta::milliseconds((minutes * 60_000.0) as i64);
            let kiosk = *rng.choice(&entry_gates).unwrap_or(&0);
            let tap = Tap {
                at: when,
                kiosk,
                read: student.card_text.clone(),
                student: Some(student.student_id),
                direction: Direction::Entry,
            };
            if rng.f64() < 0.02 {
                taps.push(Tap { at: when + TimeDelta::seconds(2 + rng.i64(0..20)), ..tap.clone() });
            }
            if rng.f64() < 0.008 {
                let leaves = bell.max(when) + TimeDelta::minutes(20 + rng.i64(0..25));
                taps.push(Tap { at: leaves, kiosk: exit_gate, direction: Direction::Exit, ..tap.clone() });
            }
            taps.push(tap);
        }
        for _ in 0..3 {
            let bytes = std::array::from_fn(|_| rng.u8(..));
            taps.push(Tap {
                at: bell - TimeDelta::seconds(rng.i64(0..900)),
                kiosk: *rng.choice(&entry_gates).unwrap_or(&0),
                read: domain::values::card::encode(uuid::Uuid::from_bytes(bytes).into()),
                student: None,
                direction: Direction::Entry,
            });
        }
        taps.sort_by_key(|t| t.at);
        let mut skew = vec![TimeDelta::zero(); school.kiosks.len()];
        if let Some(second) = skew.get_mut(1) {
            *second = TimeDelta::days(-3);
        }
        let start = taps.first().map_or(bell, |t| t.at) - TimeDelta::seconds(20);
        Self {
            taps,
            outage: Outage {
                kiosk: entry_gates.first().copied().unwrap_or_default(),
                from: at(7, 50),
                until: at(7, 58),
            },
            skew,
            start,
            end: at(9, 10),
            seed,
        }
    }
}
