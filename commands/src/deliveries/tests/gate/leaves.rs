//! Who leaves before the end, alone or with an adult.

use super::*;

#[tokio::test]
async fn whoever_leaves_before_the_end_is_told_of_and_whoever_goes_home_is_not() {
    let stage = Stage::with_hours().await;
    let ana = stage.pupil("Ana").await;
    let mother = stage.guardian(1, &[ana], false).await;
    stage.world.clock.set(local(8, 3));
    stage.now_passes(ana, Exit).await;
    assert_eq!(stage.told().await, [], "a lane that was turned by mistake");
    stage.now_passes(ana, Entry).await;
    stage.world.clock.set(local(11, 0));
    stage.now_passes(ana, Exit).await;
    assert_eq!(stage.told().await, [(mother, Says::LeftBeforeEnd, 1)]);
    for (hour, minute) in [(12, 56), (13, 5)] {
        stage.world.clock.set(local(hour, minute));
        stage.now_passes(ana, Exit).await;
        assert_eq!(stage.told().await, [], "{hour}:{minute}");
    }
}

#[tokio::test]
async fn a_leave_with_an_adult_is_told_once_whichever_of_card_and_desk_comes_first() {
    let stage = Stage::with_hours().await;
    let (ana, eva, leo) = (stage.pupil("Ana").await, stage.pupil("Eva").await, stage.pupil("Leo").await);
    let mother = stage.guardian(1, &[ana, eva, leo], false).await;
    stage.world.clock.set(local(7, 50));
    for pupil in [ana, eva, leo] {
        stage.now_passes(pupil, Entry).await;
    }
    let once = [(mother, Says::Collected, 1)];
    // Allowed, the card, handed over.
    stage.world.clock.set(local(11, 0));
    let leave = stage.is_asked_for(ana, mother).await;
    stage.world.clock.set(local(11, 3));
    stage.now_passes(ana, Exit).await;
    assert_eq!(stage.told().await, once, "the card says it already");
    stage.world.clock.set(local(11, 4));
    stage.is_handed_over(ana, leave).await;
    assert_eq!(stage.told().await, []);
    // Handed over at the desk, the card afterwards, and once more on the way to the car.
    let leave = stage.is_asked_for(eva, mother).await;
    stage.is_handed_over(eva, leave).await;
    assert_eq!(stage.told().await, once);
    for minutes in [2, 15] {
        stage.world.clock.set(local(11, 5) + TimeDelta::minutes(minutes));
        stage.now_passes(eva, Exit).await;
        assert_eq!(stage.told().await, [], "{minutes}");
    }
    // Card and desk in one look.
    stage.world.clock.set(local(11, 30));
    let leave = stage.is_asked_for(leo, mother).await;
    stage.passes(leo, Exit, TimeDelta::zero(), vec![]).await;
    stage.world.clock.advance(TimeDelta::minutes(1));
    stage.is_handed_over(leo, leave).await;
    let mut told = stage.told().await;
    stage.world.clock.advance(TimeDelta::minutes(1));
    told.extend(stage.told().await);
    assert_eq!(told, once);
}

#[tokio::test]
async fn d39_a_leave_goes_round_a_way_that_is_closed_or_fails_and_is_told_once() {
    let hidden = "update delivery_channels set epoch = gen_random_uuid() where channel = 'whatsapp'";
    for n in 0..6 {
        let stage = Stage::with_hours().await;
        let ana = stage.pupil("Ana").await;
        let mother = stage.guardian(1, &[ana], true).await;
        let write = stage.write();
        stage.world.clock.set(local(7, 50));
        stage.now_passes(ana, Entry).await;
        stage.world.clock.set(local(11, 0));
        let leaves = [(mother, Says::LeftBeforeEnd, 1)];
        let bounced = Outcome::Failed { reason: Failure::Recipient, code: Some(131_026) };
        match n {
            0 => channels::pause(write, (Whatsapp, Some(Says::LeftBeforeEnd)), "template", None).await.unwrap(),
            1 => channels::pause(write, (Whatsapp, None), "token", None).await.unwrap(),
            2 => drop(sqlx::query(hidden).execute(&stage.world.owner).await.unwrap()),
            _ => {}
        }
        stage.now_passes(ana, Exit).await;
        match n {
            0..=2 => {}
            // It fails; it is paused while it waits; she takes her word back while it waits.
            3 => assert_eq!(stage.send(Whatsapp, bounced).await, [mother]),
            4 => channels::pause(write, (Whatsapp, None), "token", None).await.unwrap(),
            _ => {
                stage.opt(mother, false).await;
                assert_eq!(stage.send(Whatsapp, ACCEPTED).await, []);
            }
        }
        for look in 0..3 {
            let asked = detour(write, &BOTH).await.unwrap();
            assert_eq!(asked, usize::from(n > 2 && look == 0), "{n} {look}");
        }
        assert_eq!(stage.told().await, leaves, "{n}");
        channels::resume(write, Whatsapp).await.unwrap();
        assert_eq!(stage.send(Whatsapp, ACCEPTED).await, [], "{n}: she knows by mail");
        assert_eq!(stage.told().await, []);
    }
}
