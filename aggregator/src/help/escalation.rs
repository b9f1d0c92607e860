//! Who is told of a request for help, and when: pure.
//!
//! Vocabulary: a *chain* is the contacts of a ward in their order; a *step* is a place in it, from 0. The first is told when the request
//! has come, each later one when nobody has seen it for so long again. A chain that has ended says nothing more: the request stays on
//! the pages.
//!
//! Nothing is stored of this. When which step is due follows from when the request came, and a step that was posted is known to the
//! [delivery room](crate::delivery) by its id; so a restart goes on where it was.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use wardvoice_protocol::directory::Directory;
use wardvoice_protocol::id::WardId;

use super::Request;
use crate::delivery::ContactName;

/// The most contacts of a chain.
pub const MOST_STEPS: usize = 20;

/// The contacts of a ward, and how long each has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    /// Who is told, the first first.
    pub contacts: Vec<ContactName>,
    /// How long until the next is told.
    pub after: SignedDuration,
}

/// The chains of a trust.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chains {
    /// Where a ward has none of its own, and after a ward's own.
    pub default: Chain,
    /// The wards' own.
    pub wards: BTreeMap<WardId, Chain>,
}

/// Somebody is to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Its place in the chain, from 0.
    pub number: u8,
    /// Who.
    pub contact: ContactName,
    /// From when on.
    pub due: Timestamp,
}

impl Chains {
    /// The chain of a ward: its own contacts, then those of the trust that are not among them, each at the ward's pace.
    pub fn of(&self, ward: &WardId) -> Chain {
        let Some(own) = self.wards.get(ward) else { return self.default.clone() };
        let rest = self.default.contacts.iter().filter(|contact| !own.contacts.contains(contact));
        Chain { contacts: own.contacts.iter().chain(rest).cloned().collect(), after: own.after }
    }

    /// Whether nobody is ever told.
    pub fn is_empty(&self) -> bool {
        self.default.contacts.is_empty() && self.wards.values().all(|chain| chain.contacts.is_empty())
    }

    /// The first ward that the directory does not know.
    pub fn unknown_ward(&self, directory: &Directory) -> Option<&WardId> {
        self.wards.keys().find(|ward| directory.ward(ward).is_none())
    }
}

impl Chain {
    /// Every step of a request, in order.
    pub fn steps<'a>(&'a self, request: &'a Request) -> impl Iterator<Item = Step> + 'a {
        self.contacts.iter().take(MOST_STEPS).zip(0_u8..).map(|(contact, number)| {
            let later = self.after.saturating_mul(i32::from(number));
            let due = request.arrived.saturating_add(later).unwrap_or(Timestamp::MAX);
            Step { number, contact: contact.clone(), due }
        })
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

    use wardvoice_protocol::id::RecordId;
    use wardvoice_protocol::record::Need;

    use super::*;

    fn chain(contacts: &[&str], minutes: i64) -> Chain {
        let contacts = contacts.iter().map(|name| name.parse().unwrap()).collect();
        Chain { contacts, after: SignedDuration::from_mins(minutes) }
    }

    fn chains() -> Chains {
        Chains {
            default: chain(&["site-manager", "matron"], 5),
            wards: [
                ("W1".parse().unwrap(), chain(&["w1-bleep", "matron"], 2)),
                ("W3".parse().unwrap(), chain(&[], 9)),
            ]
            .into(),
        }
    }

    #[test]
    fn a_ward_without_contacts_of_its_own_has_the_trusts_and_one_with_goes_on_to_them() {
        let check = |ward: &str, contacts: &[&str], minutes: i64| {
            assert_eq!(chains().of(&ward.parse().unwrap()), chain(contacts, minutes), "{ward}");
        };
        check("W1", &["w1-bleep", "matron", "site-manager"], 2);
        check("W2", &["site-manager", "matron"], 5);
        check("W3", &["site-manager", "matron"], 9);
    }

    #[test]
    fn each_step_is_so_much_later_than_the_arrival_and_not_than_the_asking() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let request = Request {
            record: RecordId::new(0, [1; 10]),
            kiosk: "k-1".parse().unwrap(),
            ward: "W1".parse().unwrap(),
            need: Need::Drink,
            place: None,
            asked: at("2026-11-23T09:00:00Z"),
            arrived: at("2026-11-23T12:00:00Z"),
        };
        let steps: Vec<_> = chains().of(&request.ward).steps(&request).map(|step| step.due.to_string()).collect();
        assert_eq!(steps, ["2026-11-23T12:00:00Z", "2026-11-23T12:02:00Z", "2026-11-23T12:04:00Z"]);
    }
}
