//! What is known of each kiosk at this moment: its last status and when its last record came. Silence is shown. And until when certificates
//! are valid: that of the broker that they all go through, that of the pages where it is the trust's own, and each kiosk's.
//!
//! Kept in memory only: after a restart the last records come from the log, and statuses come again within a minute.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use jiff::{SignedDuration, Timestamp};
use wardvoice_protocol::id::KioskId;
use wardvoice_protocol::status::{Presence, Status};

use crate::authority::{FileCertificate, SharedAuthority};

/// After this long without a record a kiosk, or a ward, counts as silent. Our rule: volunteers visit at least twice a week.
const SILENT_AFTER: SignedDuration = SignedDuration::from_hours(72);

/// Whether a kiosk, or a ward, counts as silent by when its last record came.
pub fn is_silent(last_record: Option<Timestamp>, now: Timestamp) -> bool {
    last_record.is_none_or(|last| now.duration_since(last) > SILENT_AFTER)
}

/// What is known of one kiosk.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sighting {
    /// Its last status, if one came since the aggregator started.
    pub presence: Option<Presence>,
    /// When that status came.
    pub heard: Option<Timestamp>,
    /// When its last record came.
    pub last_record: Option<Timestamp>,
}

impl Sighting {
    /// Whether its last word was that it is there.
    pub fn is_online(&self) -> bool {
        matches!(self.presence, Some(Presence::Online(_)))
    }

    /// Whether nothing has come from it for so long that it counts as silent.
    pub fn is_silent(&self, now: Timestamp) -> bool {
        is_silent(self.last_record, now)
    }
}

/// Every kiosk that was ever heard of, by id.
#[derive(Debug, Default)]
pub struct Fleet {
    sightings: RwLock<BTreeMap<KioskId, Sighting>>,
    certificate_until: RwLock<Option<Timestamp>>,
    passes: OnceLock<SharedAuthority>,
    pages: OnceLock<Arc<FileCertificate>>,
    lingering: RwLock<BTreeMap<KioskId, String>>,
}

impl Fleet {
    /// A fleet nobody was heard of yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// A status came.
    pub fn status(&self, status: &Status, now: Timestamp) {
        let mut sightings = self.sightings.write().unwrap_or_else(PoisonError::into_inner);
        let sighting = sightings.entry(status.kiosk.clone()).or_default();
        sighting.presence = Some(status.presence.clone());
        sighting.heard = Some(now);
    }

    /// A record came (or is known from the log); an earlier time than the known one changes nothing.
    pub fn record(&self, kiosk: &KioskId, received: Timestamp) {
        let mut sightings = self.sightings.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(sighting) = sightings.get_mut(kiosk) {
            sighting.last_record = sighting.last_record.max(Some(received));
        } else {
            let sighting = Sighting { last_record: Some(received), ..Sighting::default() };
            sightings.insert(kiosk.clone(), sighting);
        }
    }

    /// The broker has shown a certificate that is valid until a moment; the last one counts.
    pub fn broker_certificate(&self, until: Timestamp) {
        *self.certificate_until.write().unwrap_or_else(PoisonError::into_inner) = Some(until);
    }

    /// Until when the broker's certificate is valid; none without TLS, and before the first connection.
    pub fn broker_certificate_until(&self) -> Option<Timestamp> {
        *self.certificate_until.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Who gives kiosks their certificates; the first one counts.
    pub fn know_passes(&self, authority: &SharedAuthority) {
        self.passes.get_or_init(|| Arc::clone(authority));
    }

    /// The trust's own certificate that pages show; the first one counts.
    pub fn know_pages(&self, certificate: &Arc<FileCertificate>) {
        self.pages.get_or_init(|| Arc::clone(certificate));
    }

    /// Until when the pages' certificate is valid that is shown now; none where it is renewed by itself or is a proxy's.
    pub fn pages_certificate_until(&self) -> Option<Timestamp> {
        self.pages.get()?.until()
    }

    /// Until when each kiosk has a certificate that was not taken back, over or not.
    pub fn pass_ends(&self) -> BTreeMap<KioskId, Timestamp> {
        self.passes.get().map(|passes| passes.issued().ends()).unwrap_or_default()
    }

    /// Whether everything was taken back that a kiosk was given.
    pub fn is_taken_off(&self, kiosk: &KioskId) -> bool {
        self.passes.get().is_some_and(|passes| passes.issued().is_taken_off(kiosk))
    }

    /// A kiosk that was taken off may still be on a broker of the trust's own, and why that is feared; the last reason counts.
    pub fn lingers(&self, kiosk: &KioskId, why: &str) {
        self.lingering.write().unwrap_or_else(PoisonError::into_inner).insert(kiosk.clone(), why.to_owned());
    }

    /// It is not there any more, or was taken in again.
    pub fn lingers_no_more(&self, kiosk: &KioskId) {
        self.lingering.write().unwrap_or_else(PoisonError::into_inner).remove(kiosk);
    }

    /// The kiosks that were taken off and may still be on the broker, and why that is feared.
    pub fn lingering(&self) -> BTreeMap<KioskId, String> {
        self.lingering.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What is known of one kiosk.
    pub fn get(&self, kiosk: &KioskId) -> Option<Sighting> {
        self.sightings.read().unwrap_or_else(PoisonError::into_inner).get(kiosk).cloned()
    }

    /// What is known of every kiosk.
    pub fn all(&self) -> BTreeMap<KioskId, Sighting> {
        self.sightings.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

    use super::*;

    #[test]
    fn the_last_word_counts_and_records_never_go_back() {
        let fleet = Fleet::new();
        let kiosk = KioskId::new("k-1").unwrap();
        let at = |second| Timestamp::from_second(second).unwrap();
        fleet.record(&kiosk, at(20));
        fleet.record(&kiosk, at(10));
        fleet.status(&Status { version: 1, kiosk: kiosk.clone(), presence: Presence::Offline }, at(30));
        let sighting = fleet.get(&kiosk).unwrap();
        assert_eq!(sighting.last_record, Some(at(20)));
        assert_eq!(sighting.heard, Some(at(30)));
        assert!(!sighting.is_online());
    }
}
