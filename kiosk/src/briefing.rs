//! What the hospital has said about volunteers and wards, kept as it was signed: `round.json` and `boards/{ward}.json`.
//!
//! The files are the payloads as they came and are verified again when they are read, so what a round rests on after thirty days
//! without a network is what the aggregator signed. Nothing expires; the newest that came stands, and an earlier one that
//! comes again (a broker may repeat anything) is passed over, unless the one that is held is of the future: then the hospital's
//! clock was wrong once, and must not lock its kiosks out for years. A file that does not verify is as good as none.

use std::fs;
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use serde::de::DeserializeOwned;
use wardvoice_protocol::board::{Bay, Board};
use wardvoice_protocol::id::{KioskId, WardId};
use wardvoice_protocol::keys::VerifyingKey;
use wardvoice_protocol::round::Round;
use wardvoice_protocol::signed;
use wardvoice_protocol::topic::{Channel, Topic};

use crate::files;
use crate::interview::volunteer::Briefing;

/// What came, and where it is kept.
#[derive(Debug)]
pub(crate) struct BriefingShelf {
    data: PathBuf,
    kiosk: KioskId,
    briefing: Briefing,
}

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Taken {
    /// It says something new.
    New,
    /// It says what is known already, or something earlier, or is about a ward that nobody goes to from here.
    Nothing,
}

impl BriefingShelf {
    /// Reads what an earlier run kept.
    pub(crate) fn open(data: &Path, kiosk: &KioskId, key: &VerifyingKey) -> Self {
        let mut shelf = Self { data: data.to_owned(), kiosk: kiosk.clone(), briefing: Briefing::default() };
        shelf.briefing.round = read(&shelf.round_path(), &shelf.round_topic(), key);
        let wards: Vec<WardId> = shelf.wards().cloned().collect();
        for ward in wards {
            if let Some(board) = read::<Board>(&shelf.board_path(&ward), &Topic::Board(ward.clone()), key) {
                shelf.briefing.boards.insert(ward, board);
            }
        }
        shelf
    }

    /// What is known.
    pub(crate) fn briefing(&self) -> &Briefing {
        &self.briefing
    }

    /// What to subscribe to.
    pub(crate) fn topics(&self) -> Vec<Topic> {
        let boards = self.wards().cloned().map(Topic::Board);
        std::iter::once(self.round_topic()).chain(boards).collect()
    }

    /// Takes a round that came.
    pub(crate) fn take_round(
        &mut self,
        payload: &[u8],
        key: &VerifyingKey,
        now: Timestamp,
    ) -> Result<Taken, signed::SignedError> {
        let round: Round = signed::verify(payload, &self.round_topic(), key)?;
        let known = self.briefing.round.as_ref();
        if round.kiosk != self.kiosk || known.is_some_and(|known| is_earlier(round.issued, known.issued, now)) {
            return Ok(Taken::Nothing);
        }
        let same = known.is_some_and(|known| Round { issued: known.issued, ..round.clone() } == *known);
        if !same {
            keep(&self.round_path(), payload);
        }
        self.briefing.round = Some(round);
        let wards: Vec<WardId> = self.wards().cloned().collect();
        self.briefing.boards.retain(|ward, _| wards.contains(ward));
        Ok(if same { Taken::Nothing } else { Taken::New })
    }

    /// Takes a board that came.
    pub(crate) fn take_board(
        &mut self,
        ward: &WardId,
        payload: &[u8],
        key: &VerifyingKey,
        now: Timestamp,
    ) -> Result<Taken, signed::SignedError> {
        let board: Board = signed::verify(payload, &Topic::Board(ward.clone()), key)?;
        let expected = self.wards().any(|known| known == ward) && board.ward == *ward;
        let known = self.briefing.boards.get(ward);
        let no_news =
            known.is_some_and(|known| board.issued == known.issued || is_earlier(board.issued, known.issued, now));
        if !expected || no_news || Bay::check(&board.bays).is_err() {
            return Ok(Taken::Nothing);
        }
        keep(&self.board_path(ward), payload);
        self.briefing.boards.insert(ward.clone(), board);
        Ok(Taken::New)
    }

    fn wards(&self) -> impl Iterator<Item = &WardId> {
        self.briefing.round.iter().flat_map(|round| &round.wards).map(|ward| &ward.id)
    }

    fn round_topic(&self) -> Topic {
        Topic::Kiosk(self.kiosk.clone(), Channel::Round)
    }

    fn round_path(&self) -> PathBuf {
        self.data.join("round.json")
    }

    fn board_path(&self, ward: &WardId) -> PathBuf {
        self.data.join("boards").join(format!("{ward}.json"))
    }
}

/// Whether what was issued is older than what is held, as far as what is held can be believed.
pub(crate) fn is_earlier(issued: Timestamp, held: Timestamp, now: Timestamp) -> bool {
    /// How far two right clocks may be apart, with room for a time zone that was set wrong.
    const TOLERANCE: SignedDuration = SignedDuration::from_hours(24);
    issued < held && held.duration_since(now) <= TOLERANCE
}

fn read<T: DeserializeOwned>(path: &Path, topic: &Topic, key: &VerifyingKey) -> Option<T> {
    let payload = fs::read(path).ok()?;
    signed::verify(&payload, topic, key)
        .inspect_err(|error| tracing::warn!(path = %path.display(), %error, "passed over"))
        .ok()
}

/// What cannot be kept holds for this run.
fn keep(path: &Path, payload: &[u8]) {
    let folder = path.parent().unwrap_or(Path::new("."));
    if let Err(error) = fs::create_dir_all(folder).and_then(|()| files::replace(path, payload, 0o600)) {
        tracing::warn!(path = %path.display(), %error, "not kept");
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

    use wardvoice_protocol::keys::SigningKey;
    use wardvoice_protocol::round::WardName;

    use super::*;

    fn key() -> SigningKey {
        SigningKey::from_bytes(&[5; 32])
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn round(issued: &str, wards: &[&str]) -> Vec<u8> {
        let kiosk: KioskId = "k-1".parse().unwrap();
        let round = Round {
            kiosk: kiosk.clone(),
            issued: at(issued),
            volunteer_pin: None,
            manager_pin: None,
            wards: wards.iter().map(|id| WardName { id: id.parse().unwrap(), name: (*id).to_owned() }).collect(),
            safeguarding: None,
        };
        signed::sign(&round, &Topic::Kiosk(kiosk, Channel::Round), &key()).unwrap()
    }

    fn board(ward: &str, issued: &str, completed: u32) -> Vec<u8> {
        let text =
            std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../protocol/fixtures/v1/board.json"));
        let board: Board = serde_json::from_str(&text.unwrap()).unwrap();
        let board = Board { ward: ward.parse().unwrap(), issued: at(issued), completed, ..board };
        signed::sign(&board, &Topic::Board(ward.parse().unwrap()), &key()).unwrap()
    }

    fn shelf(data: &Path) -> BriefingShelf {
        BriefingShelf::open(data, &"k-1".parse().unwrap(), &key().verifying_key())
    }

    #[test]
    fn what_came_is_there_after_a_restart_and_an_earlier_word_changes_nothing() {
        let data = tempfile::tempdir().unwrap();
        let (key, now) = (key().verifying_key(), at("2026-11-03T00:00:00Z"));
        let mut first = shelf(data.path());
        let ward: WardId = "W1".parse().unwrap();
        assert_eq!(first.topics().len(), 1);
        assert_eq!(
            first.take_board(&ward, &board("W1", "2026-11-02T00:00:00Z", 1), &key, now),
            Ok(Taken::Nothing)
        );
        assert_eq!(first.take_round(&round("2026-11-01T00:00:00Z", &["W1", "W2"]), &key, now), Ok(Taken::New));
        assert_eq!(first.topics().len(), 3);
        assert_eq!(first.take_round(&round("2026-11-02T00:00:00Z", &["W1", "W2"]), &key, now), Ok(Taken::Nothing));
        assert_eq!(first.take_round(&round("2026-11-01T12:00:00Z", &["W2"]), &key, now), Ok(Taken::Nothing));
        assert_eq!(first.take_board(&ward, &board("W1", "2026-11-02T00:00:00Z", 5), &key, now), Ok(Taken::New));
        assert_eq!(
            first.take_board(&ward, &board("W1", "2026-11-01T00:00:00Z", 4), &key, now),
            Ok(Taken::Nothing)
        );
        let again = shelf(data.path());
        assert_eq!(again.briefing().boards.get(&ward).unwrap().completed, 5);
        assert_eq!(again.briefing().round.as_ref().unwrap().wards.len(), 2);
    }

    #[test]
    fn a_clock_that_was_wrong_once_does_not_lock_the_door_for_years() {
        let data = tempfile::tempdir().unwrap();
        let (key, now) = (key().verifying_key(), at("2026-11-03T00:00:00Z"));
        let mut shelf = shelf(data.path());
        assert_eq!(shelf.take_round(&round("2036-11-01T00:00:00Z", &["W1"]), &key, now), Ok(Taken::New));
        assert_eq!(shelf.take_round(&round("2026-11-03T00:00:00Z", &["W2"]), &key, now), Ok(Taken::New));
        assert_eq!(shelf.take_round(&round("2026-11-02T00:00:00Z", &["W1"]), &key, now), Ok(Taken::Nothing));
    }

    #[test]
    fn what_the_aggregator_did_not_sign_is_not_believed_anywhere() {
        let data = tempfile::tempdir().unwrap();
        let mut first = shelf(data.path());
        let stranger = SigningKey::from_bytes(&[6; 32]).verifying_key();
        assert!(
            first
                .take_round(&round("2026-11-01T00:00:00Z", &["W1"]), &stranger, at("2026-11-03T00:00:00Z"))
                .is_err()
        );
        let verifying = key().verifying_key();
        first.take_round(&round("2026-11-01T00:00:00Z", &["W1"]), &verifying, at("2026-11-03T00:00:00Z")).unwrap();
        let path = data.path().join("round.json");
        let text = fs::read_to_string(&path).unwrap().replace("W1", "W9");
        fs::write(&path, text).unwrap();
        assert_eq!(shelf(data.path()).briefing().round, None);
    }
}
