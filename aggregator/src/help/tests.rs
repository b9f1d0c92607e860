#![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

use std::path::Path;

use wardvoice_protocol::record::Record;

use super::*;
use crate::ingest::testing::{NOW, Tablet, Trust, clock, ward};
use crate::ingest::{Writer, judge};
use crate::log::{Log, Seen, salvage};

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

fn request(wall: &str) -> Record {
    let place = Some(Place::new("Bay 2").unwrap());
    let body = Body::HelpRequest(HelpRequest { ward: ward(), need: Need::Drink, place });
    Record { clock: clock(wall), body }
}

/// Stores one record of each kind, the request in the middle, and gives the request's id.
fn store(writer: &mut Writer, trust: &mut Trust, tablet: &mut Tablet) -> RecordId {
    let asked = trust.seal(tablet, &request("2026-11-23T11:45:00Z"));
    let arrivals = [trust.contacts(tablet, 1), vec![asked], trust.contacts(tablet, 2)].concat();
    let mut asked = Vec::new();
    for arrival in arrivals {
        let decided = writer.decide(judge(arrival, &trust.world)).unwrap();
        asked.extend(decided.stored.and_then(|stored| stored.request).map(|request| request.record));
    }
    writer.commit().unwrap();
    assert_eq!(asked.len(), 1);
    asked.pop().unwrap()
}

fn seen(by: &str) -> Seen {
    Seen { at: now(), by: by.to_owned() }
}

fn open(folder: &Path) -> Writer {
    Writer::new(Log::open(folder).unwrap())
}

fn shown(writer: &Writer) -> Vec<Request> {
    HelpDesk::load(&writer.reader(), now()).unwrap().of_ward(&ward(), now())
}

#[test]
fn a_request_is_open_until_it_is_acknowledged_over_restarts_and_the_first_word_stays() {
    let folder = tempfile::tempdir().unwrap();
    let mut trust = Trust::new(1);
    let mut tablet = trust.tablet("k-1");
    let mut writer = open(folder.path());
    let record = store(&mut writer, &mut trust, &mut tablet);
    let other = store(&mut writer, &mut trust, &mut tablet);
    drop(writer);
    let mut writer = open(folder.path());
    let open_now = shown(&writer);
    assert_eq!(open_now.len(), 2);
    let first = open_now.iter().find(|request| request.record == record).unwrap();
    assert_eq!(
        (first.need, first.place.as_ref().map(Place::as_str), first.asked),
        (Need::Drink, Some("Bay 2"), now())
    );

    assert_eq!(
        writer.acknowledge(record, seen("nurse in charge")).unwrap(),
        Some((seen("nurse in charge"), true))
    );
    assert_eq!(writer.acknowledge(record, seen("office")).unwrap(), Some((seen("nurse in charge"), false)));
    drop(writer);
    // Nothing was committed, so nothing was said.
    let mut writer = open(folder.path());
    assert_eq!(shown(&writer).len(), 2);
    writer.acknowledge(record, seen("nurse in charge")).unwrap();
    writer.commit().unwrap();
    drop(writer);
    let mut writer = open(folder.path());
    assert_eq!(shown(&writer).iter().map(|request| request.record).collect::<Vec<_>>(), [other]);
    assert_eq!(writer.acknowledge(record, seen("office")).unwrap(), Some((seen("nurse in charge"), false)));
    let contact = writer.reader().record(1).unwrap().unwrap().record_id;
    assert_eq!(writer.acknowledge(contact, seen("office")).unwrap(), None, "a contact asks for nothing");
    let nobody = RecordId::new(0, [1; 10]);
    assert_eq!(writer.acknowledge(nobody, seen("office")).unwrap(), None);
}

#[test]
fn what_is_old_is_not_shown_and_what_waited_on_a_kiosk_has_its_quarter_of_an_hour() {
    let kiosk: KioskId = "k-1".parse().unwrap();
    let asked = |claimed: &str| {
        let Body::HelpRequest(request) = request(claimed).body else { panic!("not a request") };
        let claimed = claimed.parse().unwrap();
        Request::new(RecordId::new(0, [1; 10]), kiosk.clone(), request, now(), claimed).asked.to_string()
    };
    assert_eq!(asked("2026-11-23T11:45:00Z"), NOW);
    assert_eq!(asked("2026-11-21T11:45:00Z"), "2026-11-21T11:45:00Z");

    let folder = tempfile::tempdir().unwrap();
    let mut trust = Trust::new(2);
    let mut tablet = trust.tablet("k-1");
    let mut writer = open(folder.path());
    store(&mut writer, &mut trust, &mut tablet);
    let later = now() + OPEN_FOR + SignedDuration::from_secs(1);
    assert!(HelpDesk::load(&writer.reader(), later).unwrap().all(later).is_empty());
    let desk = HelpDesk::load(&writer.reader(), now()).unwrap();
    assert_eq!((desk.all(now()).len(), desk.all(later).len()), (1, 0));
}

#[test]
fn a_kiosk_is_told_of_its_own_requests_and_again_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let mut trust = Trust::new(3);
    let key = SigningKey::from_bytes(&[5; 32]);
    let mut writer = open(folder.path());
    let records: Vec<_> = ["k-1", "k-2"]
        .map(|id| {
            let mut tablet = trust.tablet(id);
            (id.parse::<KioskId>().unwrap(), store(&mut writer, &mut trust, &mut tablet))
        })
        .into();
    let told = |desk: &HelpDesk| -> Vec<(KioskId, Vec<RecordId>)> {
        let messages = desk.letters(&key, now());
        let read = |message: Message| {
            assert!(message.retain);
            let help: HelpSeen = signed::verify(&message.payload, &message.topic, &key.verifying_key()).unwrap();
            assert_eq!(message.topic, Topic::Kiosk(help.kiosk.clone(), Channel::Help));
            (help.kiosk, help.seen)
        };
        messages.into_iter().map(read).collect()
    };
    let desk = HelpDesk::load(&writer.reader(), now()).unwrap();
    assert!(told(&desk).is_empty());
    let (kiosk, record) = records.first().unwrap().clone();
    writer.acknowledge(record, seen("office")).unwrap();
    writer.commit().unwrap();
    desk.seen(kiosk.clone(), record, now());
    assert_eq!(told(&desk), [(kiosk.clone(), vec![record])]);
    let again = HelpDesk::load(&writer.reader(), now()).unwrap();
    assert_eq!(told(&again), [(kiosk.clone(), vec![record])]);
    assert!(again.letters(&key, now() + SignedDuration::from_hours(2)).is_empty(), "no screen waits for so long");
    // A request that comes in behind its acknowledgement does not open again.
    let request = desk.all(now()).pop().unwrap();
    desk.open(Request { record, kiosk: kiosk.clone(), ..request });
    assert_eq!(desk.all(now()).len(), 1);
    for number in 0..30 {
        desk.seen(kiosk.clone(), RecordId::new(1, [number; 10]), now());
    }
    assert_eq!(told(&desk).pop().unwrap().1.len(), MOST_SEEN);
}

#[test]
fn a_salvaged_log_still_knows_who_has_seen_what() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("log");
    let mut trust = Trust::new(4);
    let mut tablet = trust.tablet("k-1");
    let mut writer = open(&data);
    let record = store(&mut writer, &mut trust, &mut tablet);
    let other = store(&mut writer, &mut trust, &mut tablet);
    writer.acknowledge(record, seen("office")).unwrap();
    writer.commit().unwrap();
    drop(writer);
    std::fs::remove_file(data.join("marker")).unwrap();
    assert_eq!(salvage(&data).unwrap().stopped_at, None);
    let writer = open(&data);
    assert_eq!(shown(&writer).iter().map(|request| request.record).collect::<Vec<_>>(), [other]);
    assert_eq!(writer.reader().seen(&record).unwrap(), Some(seen("office")));
}

/// How long people waited is known over a restart, and forgotten after twenty-eight days.
#[test]
fn how_long_people_waited_is_known_over_restarts() {
    let folder = tempfile::tempdir().unwrap();
    let mut trust = Trust::new(1);
    let mut tablet = trust.tablet("k-1");
    let mut writer = open(folder.path());
    let record = store(&mut writer, &mut trust, &mut tablet);
    let desk = HelpDesk::load(&writer.reader(), now()).unwrap();
    let course = |seen: Option<Timestamp>| Course { record, ward: ward(), arrived: now(), seen };
    assert_eq!(desk.courses(now()), [course(None)]);
    let at = now() + SignedDuration::from_mins(4);
    writer.acknowledge(record, Seen { at, by: "nurse in charge".to_owned() }).unwrap();
    writer.commit().unwrap();
    let kiosk = desk.all(now()).first().unwrap().kiosk.clone();
    let before = desk.changes();
    desk.seen(kiosk.clone(), record, at);
    assert_ne!(desk.changes(), before, "whoever watches looks again");
    desk.seen(kiosk, record, at);
    drop(writer);
    let loaded = HelpDesk::load(&open(folder.path()).reader(), at).unwrap();
    for desk in [desk, loaded] {
        assert_eq!(desk.courses(at), [course(Some(at))]);
        assert_eq!(desk.courses(now() + REMEMBERED_FOR).len(), 1);
        assert_eq!(desk.courses(at + REMEMBERED_FOR), []);
    }
}

/// What nobody has ever seen is shown for a week, and counted for as long as times are told.
#[test]
fn what_nobody_has_seen_is_counted_after_it_is_no_longer_shown() {
    let folder = tempfile::tempdir().unwrap();
    let mut trust = Trust::new(6);
    let mut tablet = trust.tablet("k-1");
    let mut writer = open(folder.path());
    store(&mut writer, &mut trust, &mut tablet);
    let later = now() + OPEN_FOR + SignedDuration::from_hours(1);
    let desk = HelpDesk::load(&writer.reader(), later).unwrap();
    assert!(desk.all(later).is_empty());
    assert_eq!(desk.courses(later).iter().map(|course| course.seen).collect::<Vec<_>>(), [None]);
}
