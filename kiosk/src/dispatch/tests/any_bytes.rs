//! Whatever bytes come from a broker, from the hospital or from the disk: the kiosk goes on, and keeps answers.

use proptest::prelude::*;
use wardvoice_protocol::signed::SignedFile;

use super::*;
use crate::draft_box::DraftBox;
use crate::{placement, visits};

/// The files that a kiosk keeps for itself. A key that is not one is an error where it is read, and no matter of these.
const FILES: [&str; 14] = [
    "clock.json",
    "posting.json",
    "approvals.json",
    "commission.json",
    "assignment.json",
    "round.json",
    "boards/W12.json",
    "moved.json",
    "unfinished.json",
    "visits.ndjson",
    "door.json",
    "screen.json",
    "draft.key",
    "draft.sealed",
];

/// Every example of the protocol, as if it were said to this kiosk, and what a kiosk makes of some of them on its disk.
fn seeds() -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../protocol/fixtures/v1");
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let mut texts: Vec<(String, String)> = paths
        .iter()
        .map(|path| {
            let text = std::fs::read_to_string(path).unwrap().replace("k-0017", kiosk().as_str());
            (path.file_stem().unwrap().to_string_lossy().into_owned(), text)
        })
        .collect();
    let saved = |name: &str| {
        let text = &texts.iter().find(|(known, _)| known == name).unwrap().1;
        (format!("saved-{name}"), format!("{{\"version\":1,\"settings\":\"{}\",\"{name}\":{text}}}", Hash::ZERO))
    };
    let kept = ["posting", "approvals", "assignment"].map(saved);
    texts.extend(kept);
    let lines = [
        r#"{"version":1,"offset_s":-9223372036854775808,"aggregator_time":"2026-11-23T10:15:00Z"}"#,
        r#"{"version":1,"offset_s":7200,"aggregator_time":"9999-12-30T22:00:00Z"}"#,
        r#"{"version":1,"from":"W1","to":{"id":"W12","name":"Ward 12"}}"#,
        r#"{"version":1,"rounds":[{"ward":"W1","day":"2026-11-25","seed":"7","method":"m","beds":4,"left":[9,9],"approached":9,"answered":9}]}"#,
        r#"{"version":1,"wrong":4294967295}"#,
    ];
    let texts = texts.into_iter().map(|(_, text)| text).chain(lines.map(str::to_owned));
    texts.map(String::into_bytes).collect()
}

/// Any bytes, or one of the examples: as it is, or with some of its bytes damaged, cut out or doubled.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let changes = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0_u8..4), 0..4);
    let damaged = (prop::sample::select(seeds()), changes).prop_map(|(mut bytes, changes)| {
        for (place, byte, how) in changes {
            let at = place.index(bytes.len() + 1);
            let end = (at + usize::from(byte)).min(bytes.len());
            match how {
                0 => bytes.insert(at, byte),
                1 => drop(bytes.drain(at..end)),
                2 => {
                    let again = bytes[at..end].to_vec();
                    drop(bytes.splice(at..at, again));
                }
                _ => {
                    if let Some(known) = bytes.get_mut(at) {
                        *known = byte;
                    }
                }
            }
        }
        bytes
    });
    prop_oneof![1 => prop::collection::vec(any::<u8>(), 0..200), 6 => damaged]
}

fn topics() -> impl Strategy<Value = Topic> {
    let own = Channel::ALL.into_iter().map(topic);
    let shared = [Topic::Board("W12".parse().unwrap()), Topic::Questionnaire(Hash::ZERO), Topic::Directory];
    prop::sample::select(own.chain(shared).collect::<Vec<_>>())
}

fn said() -> impl Strategy<Value = Vec<(Topic, Vec<u8>)>> {
    prop::collection::vec((topics(), bytes()), 1..24)
}

/// What anything a broker makes up must leave as it is.
fn standing(bench: &Bench) -> (DispatchState, Option<Assignment>, Arc<Briefing>) {
    let shared = bench.keeper.shared();
    let assignment = locked(&shared.assignment).clone();
    (bench.state(), assignment, Arc::clone(&locked(&shared.briefing)))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn whatever_a_broker_makes_up_changes_nothing(said in said()) {
        let data = tempfile::tempdir().unwrap();
        let mut bench = Bench::pinned(data.path());
        bench.submit().unwrap();
        bench.connect(1);
        let before = standing(&bench);
        for (topic, payload) in said {
            bench.keeper.take(Message::Report(Report::Message { topic, payload }));
            prop_assert_eq!(&standing(&bench), &before);
        }
        bench.submit().unwrap();
        prop_assert_eq!(bench.state().waiting, 2);
    }

    #[test]
    fn whatever_the_hospital_signs_answers_are_kept_after_it_and_over_a_restart(said in said()) {
        let data = tempfile::tempdir().unwrap();
        let mut bench = Bench::pinned(data.path());
        bench.submit().unwrap();
        bench.connect(1);
        for (topic, bytes) in said {
            let signed = String::from_utf8_lossy(&bytes).into_owned();
            let signature = aggregator().sign(format!("wardvoice-signed-1\n{topic}\n{signed}").as_bytes());
            let payload = serde_json::to_vec(&SignedFile { version: 1, signed, signature }).unwrap();
            bench.keeper.take(Message::Report(Report::Message { topic, payload }));
        }
        bench.submit().unwrap();
        drop(bench);
        let mut bench = Bench::pinned(data.path());
        bench.connect(1);
        bench.submit().unwrap();
        // No verdict in the examples names what this kiosk has sealed.
        prop_assert_eq!(bench.state().waiting, 3);
    }

    #[test]
    fn whatever_lies_on_the_disk_the_kiosk_starts_and_keeps_answers(
        files in prop::collection::vec((prop::sample::select(&FILES[..]), bytes()), 1..8),
    ) {
        let data = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(data.path().join("boards")).unwrap();
        for (name, bytes) in files {
            std::fs::write(data.path().join(name), bytes).unwrap();
        }
        let mut bench = Bench::pinned(data.path());
        bench.connect(1);
        bench.submit().unwrap();
        // A receipt is the first word that moves the clock.
        let sent = bench.published(Channel::Records);
        let envelope = Envelope::read(&sent[0]).unwrap();
        let key = locked(&bench.keeper.shared().assignment).clone().unwrap().aggregator_key;
        bench.hear(Channel::Receipts, receipt(&envelope, Decision::Accepted, &aggregator()));
        let believed = key == aggregator().verifying_key();
        prop_assert_eq!(bench.state().waiting, u64::from(!believed));
        bench.submit().unwrap();

        let ward: WardId = "W1".parse().unwrap();
        prop_assert!(placement::moved(data.path(), &ward).is_none_or(|moved| moved.id != ward));
        drop(visits::read_unfinished(data.path()));
        prop_assert!(visits::read(data.path()).is_ok(), "a line that does not read is left out");
        let (_drafts, found) = DraftBox::open(data.path()).unwrap();
        prop_assert!(found.is_none(), "nobody wrote a draft");
        drop(settings::load_assignment(data.path(), Hash::ZERO));
    }
}
