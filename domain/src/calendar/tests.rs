use super::*;

#[test]
fn a_reason_s_code_is_its_name_on_the_wire_and_leads_back() {
    for reason in Reason::ALL {
        assert_eq!(serde_json::to_value(reason).unwrap(), reason.code());
        assert_eq!(Reason::from_code(reason.code()), Some(reason));
    }
    assert_eq!(Reason::from_code("none"), None);
    // Matching names all of them, so a new one cannot be left out of `ALL` unseen.
    let codes: BTreeSet<_> = Reason::ALL.into_iter().map(Reason::code).collect();
    assert_eq!(codes.len(), Reason::ALL.len());
}

#[test]
fn clearing_a_layer_leaves_the_other() {
    let on = NaiveDate::from_ymd_opt(2026, 12, 25).unwrap();
    let navidad = SchoolDay::Holiday { name: "Navidad".into() };
    let mut calendar = SchoolCalendar::default();
    calendar.set(on, SchoolDay::Outing);
    calendar.set(on, navidad.clone());
    assert_eq!(calendar.get(on, Layer::Day), Some(SchoolDay::Outing));
    calendar.clear(on, Layer::Day);
    assert_eq!((calendar.get(on, Layer::Day), calendar.get(on, Layer::Holiday)), (None, Some(navidad)));
    calendar.clear(on, Layer::Holiday);
    assert_eq!(calendar, SchoolCalendar::default());
}
