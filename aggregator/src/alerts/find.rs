//! Which alerts a situation makes: pure. Every threshold is here, with its reason, but for those of the [server itself](server).

use jiff::{SignedDuration, Timestamp};
use wardvoice_protocol::directory::Unit;
use wardvoice_protocol::fortnight::FORTNIGHT_DAYS;

use super::situation::{
    Cause, Certificate, Forked, Holder, Kiosk, Lingering, Quota, Share, Situation, Undelivered, Unpublished,
};
use super::{Alert, Audience, Kind, server};
use crate::fleet;

/// Records that wait on a connected kiosk while none has come for so long do not only wait for their turn.
const STUCK_AFTER: SignedDuration = SignedDuration::from_hours(1);
/// A clock that is out by so much was not set, or its battery is at its end; drift between two receipts is far less.
const CLOCK_OFF_S: u64 = 5 * 60;
/// Before this day of a fortnight a pace says little: rounds are made on two or three days of a week.
const PACE_FROM_DAY: i32 = 5;
/// A ward that goes on at its pace and comes to less than so much of its plan will not meet it.
const PACE_PER_CENT: u32 = 80;
/// With fewer than this to go one round is enough.
const FEW_TO_GO: u32 = 5;
/// Time enough for whoever has to ask another for a certificate.
const CERTIFICATE_BEFORE: SignedDuration = SignedDuration::from_hours(30 * 24);
/// A kiosk asks for a new certificate thirty days before its own ends, and again every hour: one that has none by now has been away, or cannot.
const PASS_BEFORE: SignedDuration = SignedDuration::from_hours(14 * 24);
/// Half of a share is left: time enough to look.
const SHARE_PER_CENT: u64 = 50;

/// The alerts of a situation, the most urgent first.
pub fn find(situation: &Situation) -> Vec<Alert> {
    let mut found = Vec::new();
    found.extend(situation.lingering.iter().map(lingering));
    found.extend(server::found(&situation.server, situation.now));
    found.extend(situation.forks.iter().map(forked_chain));
    found.extend(situation.undelivered.iter().map(undelivered));
    found.extend(situation.kiosks.iter().filter_map(|kiosk| stuck_outbox(kiosk, situation.now)));
    let certificates = situation.certificates.iter();
    found.extend(certificates.filter_map(|certificate| certificate_expiry(certificate, situation.now)));
    found.extend(situation.shares.iter().filter_map(quarantine_filling));
    found.extend(situation.kiosks.iter().filter_map(|kiosk| silent_kiosk(kiosk, situation.now)));
    found.extend(situation.kiosks.iter().filter_map(clock_offset));
    found.extend(situation.causes.iter().filter_map(|cause| special_cause(cause, &situation.causes)));
    found.extend(situation.unpublished.iter().map(not_published));
    found.extend(situation.quotas.iter().filter_map(|quota| quota_at_risk(quota, situation)));
    found
}

pub(super) fn alert(kind: Kind, about: &str, audience: Audience, words: String, page: &str) -> Alert {
    Alert { key: kind.key(about), kind, audience, words, page: page.to_owned() }
}

fn lingering(found: &Lingering) -> Alert {
    let Lingering { id, why } = found;
    let words = format!("Kiosk {id} was taken off and may still be on the broker: {why}.");
    alert(Kind::Lingering, id.as_str(), Audience::It, words, "/fleet")
}

fn forked_chain(found: &Forked) -> Alert {
    let Forked { id, ward, records, about } = found;
    let words = format!(
        "Two tablets send in the name of kiosk {id} on {ward}: {} not counted, because others have their numbers.",
        of(*records, "record is", "records are")
    );
    alert(Kind::ForkedChain, about, Audience::It, words, "/fleet")
}

fn undelivered(found: &Undelivered) -> Alert {
    let Undelivered { contact, messages } = found;
    let words = format!(
        "{} to {contact} could not be delivered in the last day.",
        of(*messages as u64, "message", "messages")
    );
    alert(Kind::Undelivered, contact.as_str(), Audience::It, words, "/office#messages")
}

fn not_published(found: &Unpublished) -> Alert {
    let Unpublished { edition, why } = found;
    let words = format!("The {edition} edition could not be published: {why}.");
    alert(Kind::NotPublished, edition.as_str(), Audience::Office, words, &format!("/office/publish#{edition}"))
}

fn stuck_outbox(kiosk: &Kiosk, now: Timestamp) -> Option<Alert> {
    let waiting = kiosk.waiting.filter(|waiting| *waiting > 0)?;
    let since = kiosk.last_record.map(|last| now.duration_since(last));
    if since.is_some_and(|since| since < STUCK_AFTER) {
        return None;
    }
    let words = format!(
        "Kiosk {} on {} is connected, {} on it, and none has come {}.",
        kiosk.id,
        kiosk.ward,
        if waiting == 1 { "1 record waits".to_owned() } else { format!("{waiting} records wait") },
        since.map_or_else(|| "that is known of".to_owned(), |since| format!("for {}", long(since)))
    );
    Some(alert(Kind::StuckOutbox, kiosk.id.as_str(), Audience::It, words, "/fleet"))
}

fn silent_kiosk(kiosk: &Kiosk, now: Timestamp) -> Option<Alert> {
    if !fleet::is_silent(kiosk.last_record, now) {
        return None;
    }
    let since = kiosk.last_record.map(|last| now.duration_since(last));
    let how_long = since.map_or_else(
        || "has not sent anything that is known of".to_owned(),
        |since| format!("has not sent anything for {}", long(since)),
    );
    let words = format!("Kiosk {} on {} {how_long}.", kiosk.id, kiosk.ward);
    Some(alert(Kind::SilentKiosk, kiosk.id.as_str(), Audience::It, words, "/fleet"))
}

fn certificate_expiry(certificate: &Certificate, now: Timestamp) -> Option<Alert> {
    let Certificate { holder, until } = certificate;
    let left = until.duration_since(now);
    let before = if matches!(holder, Holder::Kiosk { .. }) { PASS_BEFORE } else { CERTIFICATE_BEFORE };
    if left > before {
        return None;
    }
    let when = if left.is_positive() {
        format!("runs out in {}", long(left))
    } else {
        format!("ran out {} ago", long(left.abs()))
    };
    let (about, words) = match holder {
        Holder::Broker(broker) => (
            broker.clone(),
            format!(
                "The certificate of the broker {broker} {when}. Nobody connects to it once it has run out: records then wait on the kiosks."
            ),
        ),
        Holder::Pages => (
            "pages".to_owned(),
            format!("The certificate of these pages {when}. Browsers warn of them once it has run out."),
        ),
        Holder::Kiosk { id, ward } => (
            format!("kiosk:{id}"),
            format!(
                "The certificate of kiosk {id} on {ward} {when}, and the kiosk has not had it renewed. No broker lets it in once it has run \
                 out: records then wait on it."
            ),
        ),
    };
    Some(alert(Kind::Certificate, &about, Audience::It, words, "/fleet"))
}

fn clock_offset(kiosk: &Kiosk) -> Option<Alert> {
    let offset = kiosk.clock_offset_s.filter(|offset| offset.unsigned_abs() >= CLOCK_OFF_S)?;
    let out = long(SignedDuration::from_secs(offset.saturating_abs()));
    let way = if offset > 0 { "slow" } else { "fast" };
    let words = format!("The clock of kiosk {} on {} is {out} {way}.", kiosk.id, kiosk.ward);
    Some(alert(Kind::ClockOffset, kiosk.id.as_str(), Audience::It, words, "/fleet"))
}

fn quarantine_filling(share: &Share) -> Option<Alert> {
    if share.per_cent < SHARE_PER_CENT {
        return None;
    }
    let words = format!(
        "The quarantine of {} is {} per cent full, with {}; what comes when it is full is only counted.",
        share.kiosk,
        share.per_cent.min(100),
        of(share.entries, "record", "records")
    );
    Some(alert(Kind::QuarantineFilling, share.kiosk.as_str(), Audience::It, words, "/office/quarantine"))
}

/// A ward's is the ward's, a department's the department's, the trust's is the board's; sites and specialties have nobody of their own.
///
/// A department is told by what it alone shows. Where one of its wards has changed in the same way the ward is told, its alert stands in the
/// department's list too, and another one about the same thing would be read as another thing.
fn special_cause(cause: &Cause, all: &[Cause]) -> Option<Alert> {
    let (audience, page) = match &cause.unit {
        Unit::Ward(ward) => (Audience::Ward(ward.clone()), format!("/ward/{ward}")),
        Unit::Department(department) => {
            let is_its_wards = |other: &Cause| {
                other.department.as_ref() == Some(department)
                    && other.measure == cause.measure
                    && other.better == cause.better
            };
            if all.iter().any(is_its_wards) {
                return None;
            }
            (Audience::Department(department.clone()), format!("/department/{department}"))
        }
        Unit::Trust(_) => (Audience::Board, "/board".to_owned()),
        Unit::Site(_) | Unit::Specialty(_) | Unit::Consultant(_) => return None,
    };
    let way = if cause.better { "better" } else { "worse" };
    // A change of direction is another alert.
    let about = format!("{}:{}:{way}", cause.unit, cause.measure);
    let words = format!("{}: {}", cause.name, cause.words);
    Some(alert(Kind::SpecialCause, &about, audience, words, &page))
}

fn quota_at_risk(quota: &Quota, situation: &Situation) -> Option<Alert> {
    let to_go = quota.target.saturating_sub(quota.done);
    if situation.day < PACE_FROM_DAY || to_go < FEW_TO_GO {
        return None;
    }
    let day = u64::try_from(situation.day).ok().filter(|day| *day > 0)?;
    let days = u64::try_from(FORTNIGHT_DAYS).unwrap_or(1);
    // What the fortnight comes to at the pace so far, against the plan, both in hundredths.
    let comes_to = u64::from(quota.done) * days * 100 / day;
    if comes_to >= u64::from(quota.target) * u64::from(PACE_PER_CENT) {
        return None;
    }
    let left = match situation.days_left() {
        0 => "on the last day".to_owned(),
        1 => "with 1 day left".to_owned(),
        many => format!("with {many} days left"),
    };
    let words = format!(
        "{} has {} of {} answers of this fortnight's plan {left}; {to_go} to go.",
        quota.name, quota.done, quota.target
    );
    let page = format!("/ward/{}", quota.ward);
    Some(alert(Kind::QuotaAtRisk, quota.ward.as_str(), Audience::Office, words, &page))
}

fn of(n: u64, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}

/// A time in its largest unit.
pub(super) fn long(time: SignedDuration) -> String {
    let minutes = u64::try_from(time.as_mins()).unwrap_or(0);
    match minutes {
        0..=119 => of(minutes, "minute", "minutes"),
        120..=2_879 => of(minutes / 60, "hour", "hours"),
        _ => of(minutes / 1_440, "day", "days"),
    }
}
