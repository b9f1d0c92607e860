//! Postings and questionnaires on their way to the window, and what is asked on its way into the status.

use wardvoice_protocol::help::HelpSeen;
use wardvoice_protocol::posting::Posting;
use wardvoice_protocol::questionnaire::QuestionnaireFile;
use wardvoice_protocol::receipt::{Reason, Refusal};

use super::*;

fn second() -> Questionnaire {
    let file = Questionnaire::friends_and_family().unwrap().file().clone();
    Questionnaire::try_from(QuestionnaireFile { version: 2, ..file }).unwrap()
}

fn posting(ward: &str, questionnaire: &Questionnaire, issued: &str) -> Vec<u8> {
    let assignment = Assignment { questionnaire: questionnaire.reference(), ..assignment(ward, 7) };
    let posting = Posting { issued: issued.parse().unwrap(), questionnaire: questionnaire.hash(), assignment };
    signed::sign(&posting, &topic(Channel::Posting), &aggregator()).unwrap()
}

fn status(bench: &mut Bench) -> (u32, Option<Hash>) {
    let said = bench.published(Channel::Status);
    let status: Status = serde_json::from_slice(said.last().unwrap()).unwrap();
    let Presence::Online(health) = status.presence else { panic!("offline") };
    (status.version, health.questionnaire)
}

fn subscribed(bench: &mut Bench) -> Vec<Topic> {
    let mut asked = Vec::new();
    while let Ok(command) = bench.orders.try_recv() {
        if let Command::Subscribe { topics, .. } = command {
            asked.extend(topics);
        }
    }
    asked
}

#[test]
fn a_questionnaire_is_fetched_by_its_hash_and_told_to_the_window_with_its_assignment() {
    let data = tempfile::tempdir().unwrap();
    let mut bench = Bench::pinned(data.path());
    let (tell, told) = std_mpsc::channel();
    let listener = move |commission: &Arc<Commission>| {
        let whole = (commission.assignment.ward.to_string(), commission.questionnaire.reference().to_string());
        tell.send(whole).unwrap();
    };
    locked(&bench.keeper.shared().commission_listeners).push(Box::new(listener));
    bench.connect(1);
    let topics = subscribed(&mut bench);
    assert!(topics.contains(&topic(Channel::Posting)) && topics.contains(&topic(Channel::Help)), "{topics:?}");

    let second = second();
    let of_second = Topic::Questionnaire(second.hash());
    bench.hear(Channel::Posting, posting("W2", &second, "2026-11-25T10:00:00Z"));
    assert_eq!(subscribed(&mut bench), std::slice::from_ref(&of_second));
    assert!(told.try_recv().is_err(), "nobody is told half of it");
    let waits_for = bench.state().waits_for.unwrap();
    assert!(waits_for.contains("friends-and-family@2 has not come yet"), "{waits_for}");
    // The power goes; the next connection asks for it again.
    bench.connect(2);
    assert!(subscribed(&mut bench).contains(&of_second));
    let payload = signed::sign(second.file(), &of_second, &aggregator()).unwrap();
    bench.keeper.take(Message::Report(Report::Message { topic: of_second, payload }));
    assert_eq!(told.try_recv().unwrap(), ("W2".to_owned(), "friends-and-family@2".to_owned()));
    assert_eq!(bench.state().waits_for, None);
}

#[test]
fn what_is_asked_is_said_only_to_an_aggregator_that_knows_postings() {
    let data = tempfile::tempdir().unwrap();
    let mut bench = Bench::pinned(data.path());
    let inpatient = Questionnaire::inpatient().unwrap();
    bench.keeper.take(Message::Asks(inpatient.hash()));
    bench.connect(1);
    assert_eq!(status(&mut bench), (1, None));
    bench.hear(Channel::Posting, posting("W1", &inpatient, "2026-11-25T10:00:00Z"));
    assert_eq!(status(&mut bench), (3, Some(inpatient.hash())));
    bench.keeper.take(Message::Asks(second().hash()));
    assert_eq!(status(&mut bench), (3, Some(second().hash())), "a change is said at once");
}

#[test]
fn a_record_is_delivered_by_its_own_receipt_whatever_else_waits() {
    let data = tempfile::tempdir().unwrap();
    let mut bench = Bench::pinned(data.path());
    let (tell, told) = std_mpsc::channel();
    let listener = move |taken: &[RecordId]| tell.send(taken.to_vec()).unwrap();
    locked(&bench.keeper.shared().delivery_listeners).push(Box::new(listener));
    bench.connect(1);
    for _ in 0..3 {
        bench.submit().unwrap();
    }
    let sent: Vec<Envelope> =
        bench.published(Channel::Records).iter().map(|payload| Envelope::read(payload).unwrap()).collect();
    let [refused, quarantined, taken] = &sent[..] else { panic!("{} were sent", sent.len()) };
    let refuse = |kept| {
        Decision::Refused(Refusal { reason: Reason::Unreadable, detail: "a test refuses it".to_owned(), kept })
    };
    bench.hear(Channel::Receipts, receipt(refused, refuse(false), &aggregator()));
    bench.hear(Channel::Receipts, receipt(quarantined, refuse(true), &aggregator()));
    assert!(told.try_recv().is_err(), "neither was taken");
    bench.hear(Channel::Receipts, receipt(taken, Decision::Accepted, &aggregator()));
    assert_eq!(told.try_recv().unwrap(), [taken.record()]);
    assert_eq!(bench.state().waiting, 1, "one still waits");
}

#[test]
fn help_that_was_seen_is_believed_of_the_aggregator_alone() {
    let data = tempfile::tempdir().unwrap();
    let mut bench = Bench::pinned(data.path());
    let (tell, told) = std_mpsc::channel();
    let listener = move |seen: &[RecordId]| tell.send(seen.to_vec()).unwrap();
    locked(&bench.keeper.shared().help_listeners).push(Box::new(listener));
    bench.connect(1);
    let record = RecordId::new(0, [4; 10]);
    let say = |kiosk: &str, key: &SigningKey| {
        let seen = HelpSeen { kiosk: kiosk.parse().unwrap(), seen: vec![record] };
        signed::sign(&seen, &topic(Channel::Help), key).unwrap()
    };
    bench.hear(Channel::Help, say("sim-1-0", &SigningKey::from_bytes(&[9; 32])));
    bench.hear(Channel::Help, say("k-2", &aggregator()));
    assert!(told.try_recv().is_err());
    bench.hear(Channel::Help, say("sim-1-0", &aggregator()));
    assert_eq!(told.try_recv().unwrap(), [record]);
}
