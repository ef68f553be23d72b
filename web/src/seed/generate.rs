//! The invented school, as plain values: the same for the same seed, on any machine.

use super::names::{BOYS, FAMILIES, GIRLS, MEN, WOMEN, pick};
use chrono::{NaiveTime, Weekday};
use commands::use_cases::{CourseLabel, Grade, fold};
use domain::student::GuardianRights;
use domain::values::mail::Mail;
use domain::values::national_id::NationalId;
use domain::values::phone::Phone;
use std::collections::HashSet;

/// Pupils of a full course.
const SEATS: usize = 40;

/// A school with its people. Invented, and yet never printed by `Debug`.
pub struct School {
    /// Courses, youngest first.
    pub courses: Vec<Course>,
    /// Guardians.
    pub guardians: Vec<Guardian>,
    /// Pupils, course by course.
    pub pupils: Vec<Pupil>,
}

/// A course.
pub struct Course {
    /// Grade and letter.
    pub label: CourseLabel,
    /// Entry and exit per weekday.
    pub stays: Vec<(Weekday, NaiveTime, NaiveTime)>,
}

/// A guardian.
pub struct Guardian {
    /// Whole name.
    pub name: String,
    /// RUN.
    pub national_id: NationalId,
    /// Mobile.
    pub phone: Phone,
    /// Address under a domain that is reserved for examples (RFC 2606).
    pub mail: Mail,
}

/// A pupil.
pub struct Pupil {
    /// Place in [`School::courses`].
    pub course: usize,
    /// Given names.
    pub given_names: String,
    /// Family names.
    pub family_names: String,
    /// RUN.
    pub national_id: NationalId,
    /// Places in [`School::guardians`], with what each may do.
    pub guardians: Vec<(usize, GuardianRights)>,
}

/// Generates the school of a seed: 30 courses of 40 pupils.
pub fn school(seed: u64) -> School {
    let mut rng = fastrand::Rng::with_seed(seed);
    let courses = courses();
    let mut generator = Generator { rng: rng.fork(), runs: HashSet::new(), mails: HashSet::new() };
    let mut seats: Vec<usize> = (0..courses.len()).flat_map(|c| std::iter::repeat_n(c, SEATS)).collect();
    rng.shuffle(&mut seats);
    let (mut pupils, mut guardians) = (Vec::with_capacity(seats.len()), Vec::new());
    while !seats.is_empty() {
        let children = match rng.u32(..100) {
            0..60 => 1,
            60..92 => 2,
            _ => 3,
        };
        let taken: Vec<usize> = seats.split_off(seats.len().saturating_sub(children));
        generator.family(&taken, &courses, &mut pupils, &mut guardians);
    }
    pupils.sort_by(|a: &Pupil, b: &Pupil| {
        (a.course, &a.family_names, &a.given_names).cmp(&(b.course, &b.family_names, &b.given_names))
    });
    School { courses, guardians, pupils }
}

fn courses() -> Vec<Course> {
    let mut labels = vec![CourseLabel::new(Grade::Transition(1), "A"), CourseLabel::new(Grade::Transition(2), "A")];
    for n in 1..=8 {
        labels.extend(["A", "B"].map(|letter| CourseLabel::new(Grade::Basic(n), letter)));
    }
    for n in 1..=4 {
        labels.extend(["A", "B", "C"].map(|letter| CourseLabel::new(Grade::Middle(n), letter)));
    }
    labels.into_iter().map(|label| Course { stays: week(label.grade), label }).collect()
}

/// A full-day school (jornada escolar completa) with a short Friday; the little ones have mornings.
fn week(grade: Grade) -> Vec<(Weekday, NaiveTime, NaiveTime)> {
    let at = |h, m| NaiveTime::from_hms_opt(h, m, 0).unwrap_or_default();
    let (entry, exit, friday) = match grade {
        Grade::Transition(_) => (at(8, 30), at(12, 30), at(12, 30)),
        Grade::Basic(_) => (at(8, 0), at(15, 30), at(13, 15)),
        Grade::Middle(_) => (at(8, 0), at(16, 0), at(13, 15)),
    };
    let days = [Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu];
    days.map(|day| (day, entry, exit)).into_iter().chain([(Weekday::Fri, entry, friday)]).collect()
}

struct Generator {
    rng: fastrand::Rng,
    runs: HashSet<u32>,
    mails: HashSet<String>,
}

impl Generator {
    #[expect(clippy::indexing_slicing, reason = "the plan's own numbers")]
    fn family(&mut self, seats: &[usize], courses: &[Course], pupils: &mut Vec<Pupil>, guardians: &mut Vec<Guardian>) {
        let paternal = pick(&mut self.rng, FAMILIES);
        let maternal = pick(&mut self.rng, FAMILIES);
        let first = guardians.len();
        let (mother, father) = (self.rng.u32(..100) < 88, self.rng.u32(..100) < 62);
        if mother {
            let own = pick(&mut self.rng, FAMILIES);
            guardians.push(self.guardian(WOMEN, &format!("{maternal} {own}"), 12_000_000..19_500_000));
        }
        if father {
            let own = pick(&mut self.rng, FAMILIES);
            guardians.push(self.guardian(MEN, &format!("{paternal} {own}"), 11_000_000..19_500_000));
        }
        if !mother && !father {
            // A grandmother.
            let own = pick(&mut self.rng, FAMILIES);
            guardians.push(self.guardian(WOMEN, &format!("{own} {paternal}"), 8_000_000..11_500_000));
        }
        for course in seats {
            let list = if self.rng.bool() { GIRLS } else { BOYS };
            let (one, two) = (pick(&mut self.rng, list), pick(&mut self.rng, list));
            let given_names = if one == two { one.to_owned() } else { format!("{one} {two}") };
            let national_id = self.run(runs_of(courses[*course].label.grade));
            let guardians = (first..guardians.len()).map(|i| (i, rights(i == first))).collect();
            let family_names = format!("{paternal} {maternal}");
            pupils.push(Pupil { course: *course, given_names, family_names, national_id, guardians });
        }
    }

    #[expect(clippy::expect_used, reason = "made up so that it is one")]
    fn guardian(&mut self, list: &[&'static str], families: &str, runs: std::ops::Range<u32>) -> Guardian {
        let given = pick(&mut self.rng, list);
        let national_id = self.run(runs);
        // 90 keeps clear of the numbers that people commonly have.
        let phone = format!("+5690{:07}", self.rng.u32(..10_000_000));
        let mut mail = format!("{}.{}", fold(given), fold(families)).replace(' ', ".");
        while !self.mails.insert(mail.clone()) {
            mail.push(char::from(b'0' + self.rng.u8(..10)));
        }
        Guardian {
            name: format!("{given} {families}"),
            national_id,
            phone: Phone::parse(&phone).expect("nine national digits that begin with 9"),
            mail: Mail::parse(&format!("{mail}@example.com")).expect("letters, dots and digits"),
        }
    }

    #[expect(clippy::expect_used, reason = "every range of ours holds RUNs only")]
    fn run(&mut self, range: std::ops::Range<u32>) -> NationalId {
        loop {
            let number = self.rng.u32(range.clone());
            if self.runs.insert(number) {
                return NationalId::from_number(number).expect("a number within the range of RUNs");
            }
        }
    }
}

/// RUNs follow the year of birth: about 350,000 a year.
fn runs_of(grade: Grade) -> std::ops::Range<u32> {
    let years_before_nt1 = match grade {
        Grade::Transition(n) => u32::from(n) - 1,
        Grade::Basic(n) => u32::from(n) + 1,
        Grade::Middle(n) => u32::from(n) + 9,
    };
    let middle = 27_400_000 - 350_000 * years_before_nt1;
    middle - 250_000..middle + 250_000
}

fn rights(first: bool) -> GuardianRights {
    GuardianRights { legal: first, notify: true, may_collect: true, may_view: true, restricted: false }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_1200_pupils_in_30_courses_with_guardians_and_no_run_twice() {
        let school = school(7);
        assert_eq!((school.courses.len(), school.pupils.len()), (30, 1200));
        assert!(school.pupils.iter().all(|p| (1..=2).contains(&p.guardians.len())));
        let all = school.pupils.iter().map(|p| &p.national_id).chain(school.guardians.iter().map(|g| &g.national_id));
        let runs: Vec<String> = all.map(NationalId::normal).collect();
        assert_eq!(runs.iter().collect::<HashSet<_>>().len(), runs.len());
        assert!(runs.iter().all(|run| NationalId::parse(run).is_ok()));
        let children = school.pupils.iter().map(|p| p.national_id.normal());
        assert!(children.map(|run| run[..2].to_owned()).all(|millions| (21..=27).contains(&millions.parse().unwrap())));
        for course in 0..30 {
            assert_eq!(school.pupils.iter().filter(|p| p.course == course).count(), 40);
        }
        let names: String = school.pupils.iter().map(|p| format!("{} {}", p.given_names, p.family_names)).collect();
        assert!(names.contains('ñ') && names.contains('é'));
        let siblings = school.guardians.len() < school.pupils.len() * 3 / 2;
        assert!(siblings, "siblings share their guardians");
    }

    #[test]
    fn one_seed_gives_one_school_and_another_seed_another() {
        let runs = |seed| school(seed).pupils.iter().map(|p| p.national_id.normal()).collect::<Vec<_>>();
        assert_eq!(runs(1), runs(1));
        assert_ne!(runs(1), runs(2));
    }
}
