//! Every kiosk's chain, number by number, against the records and the quarantine.

use std::collections::BTreeSet;

use wardvoice_protocol::envelope::Envelope;
use wardvoice_protocol::id::{Hash, KioskId};

use super::envelopes::Links;
use super::{Faults, KioskReport};
use crate::log::{Gap, Head, Holder, LogError, Reader, Slot};

pub(super) fn check(reader: &Reader, links: &Links) -> Result<(Vec<KioskReport>, Faults), LogError> {
    let mut faults = Faults::default();
    let heads = reader.heads()?;
    let kiosks: BTreeSet<&KioskId> = heads.keys().chain(links.kiosks()).collect();
    let mut reports = Vec::new();
    for kiosk in kiosks {
        let head = heads.get(kiosk).copied().unwrap_or(Head::EMPTY);
        let (walked, gaps) = walk(reader, links, kiosk, &mut faults)?;
        if walked != head {
            faults.add(format!("kiosk {kiosk}: the head of the chain is not where its numbers end"));
        }
        let records = links.of(kiosk).map_or(0, |known| known.records);
        if walked.stored != records {
            faults.add(format!("kiosk {kiosk}: {} numbers hold records and there are {records}", walked.stored));
        }
        reports.push(KioskReport {
            kiosk: kiosk.clone(),
            highest: walked.highest,
            head: walked.hash,
            stored: walked.stored,
            refused: walked.refused,
            unlinked: walked.unlinked,
            gaps,
        });
    }
    Ok((reports, faults))
}

fn walk(
    reader: &Reader,
    links: &Links,
    kiosk: &KioskId,
    faults: &mut Faults,
) -> Result<(Head, Vec<Gap>), LogError> {
    let (mut head, mut gaps) = (Head::EMPTY, Vec::new());
    let own = links.of(kiosk).map(|known| known.number);
    for entry in reader.chain(kiosk) {
        let (sequence, slot) = entry?;
        let number = sequence.get();
        let previous = match slot.holder {
            Holder::Refused { linked: false, number } => {
                head.unlinked += 1;
                if reader.refused(number)?.is_none() {
                    faults.add(format!("kiosk {kiosk}: refused number {sequence} is not in the quarantine"));
                }
                continue;
            }
            Holder::Refused { linked: true, number } => {
                head.refused += 1;
                refused_link(reader, number, &slot)?
            }
            Holder::Stored(position) => {
                head.stored += 1;
                let link = links.at(position);
                let link = link.filter(|link| {
                    Some(link.kiosk) == own && link.sequence == number && link.envelope == slot.hash
                });
                link.map(|link| link.previous)
            }
        };
        let Some(previous) = previous else {
            faults.add(format!("kiosk {kiosk}: number {sequence} does not hold what its slot says"));
            head = Head { highest: number, hash: slot.hash, ..head };
            continue;
        };
        if number > head.highest + 1 {
            gaps.push(Gap { first: head.highest + 1, last: number - 1 });
        } else if previous != head.hash {
            faults.add(format!("kiosk {kiosk}: number {sequence} is not linked to the one before"));
        }
        head = Head { highest: number, hash: slot.hash, ..head };
    }
    Ok((head, gaps))
}

/// The hash that a refused envelope names as the one before it.
fn refused_link(reader: &Reader, number: u64, slot: &Slot) -> Result<Option<Hash>, LogError> {
    let Some(refused) = reader.refused(number)? else { return Ok(None) };
    let envelope = Envelope::read(&refused.payload).ok().filter(|envelope| envelope.hash() == slot.hash);
    Ok(envelope.map(|envelope| envelope.previous()))
}
