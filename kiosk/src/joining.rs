//! Joining at the tablet itself: what is typed, what is asked, and what is said about the answer. Pure, as the interview is.
//!
//! A tablet that nobody has taken in yet has no ward and nothing to ask, so this is all that it shows: the address and the join code
//! that the office made are typed, [`join`](crate::join) asks, and whatever comes of it is said in words. What was typed stays
//! until it has worked, because a code of twenty-eight characters is not typed twice for a slip in one; only where nobody touches
//! anything for [`IDLE`] it goes, so that whoever comes by finds no code.
//!
//! A tablet that was taken in before may be taken in again. It can be left as it was at any time, and is when nobody is there, because
//! meanwhile it asks nobody.

use std::fmt;
use std::time::Duration;

use wardvoice_protocol::assignment::KioskSettings;
use wardvoice_protocol::enrolment::JoinCode;
use wardvoice_protocol::id::KioskId;

use crate::join::JoinError;

/// How long nothing may be touched before nobody is there any more.
pub const IDLE: Duration = Duration::from_mins(10);

/// A tablet that is to be taken in.
#[derive(Clone, Default)]
pub struct Joining {
    before: Option<KioskId>,
    address: String,
    code: String,
    standing: Standing,
}

/// How it stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Standing {
    /// Somebody types.
    #[default]
    Typing,
    /// It did not work.
    Wrong {
        /// What kind of trouble it is.
        trouble: Trouble,
        /// The whole of it, as a sentence.
        detail: String,
    },
    /// The aggregator is being asked.
    Asking,
    /// It is taken in.
    Joined {
        /// As which kiosk.
        kiosk: String,
        /// On which ward.
        ward: String,
    },
}

/// What kind of trouble it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// What was typed is no join code.
    NoCode,
    /// What was typed is no address.
    NoAddress,
    /// Nobody answers there.
    Unreachable,
    /// Whoever answers is not the hospital, or cannot prove it.
    Untrusted,
    /// The hospital says no: the code is wrong, used or has run out, or there were too many tries.
    Refused,
    /// The code would make another kiosk of this one, whose records wait here.
    Another,
    /// Something on the tablet, or an answer that is none.
    Failed,
}

/// What somebody does.
#[derive(Clone, PartialEq, Eq)]
pub enum JoinTouch {
    /// The address now reads so.
    Address(String),
    /// The code now reads so.
    Code(String),
    /// The button.
    Go,
    /// Leave it as it was, where it was taken in before.
    Leave,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JoinStep {
    /// Nothing.
    Nothing,
    /// Ask at that address with that code.
    Ask {
        /// Where.
        address: String,
        /// With what.
        code: JoinCode,
    },
    /// Begin as the kiosk that it is now, or still is.
    Begin,
}

impl Joining {
    /// A tablet that was taken in before, as which kiosk and where.
    pub fn again(kiosk: KioskId, address: String) -> Self {
        Self { before: Some(kiosk), address, ..Self::default() }
    }

    /// Which kiosk it was before, if any.
    pub fn before(&self) -> Option<&KioskId> {
        self.before.as_ref()
    }

    /// What is typed as the address.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// What is typed as the code.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// How it stands.
    pub fn standing(&self) -> &Standing {
        &self.standing
    }

    /// Takes a touch and says what is to be done about it. While somebody is asked, and afterwards, nothing is typed.
    pub fn touch(&mut self, touch: JoinTouch) -> JoinStep {
        match (&self.standing, touch) {
            (Standing::Joined { .. }, JoinTouch::Go) => return JoinStep::Begin,
            (Standing::Asking | Standing::Joined { .. }, _) => {}
            (_, JoinTouch::Leave) => return self.leave(),
            (_, JoinTouch::Address(address)) => self.address = address,
            (_, JoinTouch::Code(code)) => self.code = code,
            (_, JoinTouch::Go) => return self.go(),
        }
        JoinStep::Nothing
    }

    /// Hears what came of asking.
    pub fn hear(&mut self, answer: Result<KioskSettings, JoinError>) {
        if self.standing != Standing::Asking {
            return;
        }
        self.standing = match answer {
            Ok(settings) => {
                // It has been used, and nobody needs to see it any more.
                self.code.clear();
                let assignment = settings.assignment;
                Standing::Joined { kiosk: assignment.kiosk.to_string(), ward: assignment.ward_name }
            }
            Err(error) => wrong(trouble(&error), &error),
        };
    }

    /// Nobody has touched anything for [`IDLE`].
    pub fn nobody_is_there(&mut self) -> JoinStep {
        if self.standing == Standing::Asking {
            return JoinStep::Nothing;
        }
        self.code.clear();
        self.leave()
    }

    /// Back to what it was, if it was anything.
    fn leave(&self) -> JoinStep {
        if self.before.is_some() { JoinStep::Begin } else { JoinStep::Nothing }
    }

    fn go(&mut self) -> JoinStep {
        let address = self.address.trim().to_owned();
        if address.is_empty() {
            self.standing = wrong(Trouble::NoAddress, &JoinError::Address(address));
            return JoinStep::Nothing;
        }
        match self.code.parse() {
            Ok(code) => {
                self.standing = Standing::Asking;
                JoinStep::Ask { address, code }
            }
            Err(error) => {
                self.standing = wrong(Trouble::NoCode, &error);
                JoinStep::Nothing
            }
        }
    }
}

// What is typed as the code stays out of every log.
impl fmt::Debug for Joining {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { before, address, code: _, standing } = self;
        let mut said = formatter.debug_struct("Joining");
        said.field("before", before).field("address", address).field("standing", standing).finish_non_exhaustive()
    }
}

impl fmt::Debug for JoinTouch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => write!(formatter, "Address({address:?})"),
            Self::Code(_) => formatter.write_str("Code(…)"),
            Self::Go => formatter.write_str("Go"),
            Self::Leave => formatter.write_str("Leave"),
        }
    }
}

fn wrong(trouble: Trouble, error: &dyn std::error::Error) -> Standing {
    Standing::Wrong { trouble, detail: format!("Failed to {error}.") }
}

fn trouble(error: &JoinError) -> Trouble {
    match error {
        JoinError::Address(_) => Trouble::NoAddress,
        JoinError::Connect { .. } => Trouble::Unreachable,
        JoinError::Tls { .. } => Trouble::Untrusted,
        JoinError::Refused(_) => Trouble::Refused,
        JoinError::AnotherKiosk { .. } | JoinError::AnotherHospital => Trouble::Another,
        JoinError::Answer { .. }
        | JoinError::Request(_)
        | JoinError::Outbox(_)
        | JoinError::Thread(_)
        | JoinError::NotEnrolled
        | JoinError::Identity(_)
        | JoinError::Pass(_)
        | JoinError::Settings(_) => Trouble::Failed,
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

    use std::io;

    use proptest::prelude::*;
    use wardvoice_protocol::enrolment::Refusal;

    use super::*;

    fn code() -> JoinCode {
        JoinCode::new(b"certificate", [7; 8])
    }

    /// Somebody who has typed both lines and touched the button.
    fn asking() -> Joining {
        let mut joining = Joining::default();
        joining.touch(JoinTouch::Address(" wardvoice.example:8884 ".to_owned()));
        joining.touch(JoinTouch::Code(code().to_string().to_lowercase()));
        let expected = JoinStep::Ask { address: "wardvoice.example:8884".to_owned(), code: code() };
        assert_eq!(joining.touch(JoinTouch::Go), expected);
        joining
    }

    fn said(joining: &Joining) -> (Trouble, &str) {
        match joining.standing() {
            Standing::Wrong { trouble, detail } => (*trouble, detail),
            standing => panic!("{standing:?}"),
        }
    }

    #[test]
    fn what_is_no_code_or_no_address_is_said_before_anybody_is_asked() {
        let mut joining = Joining::default();
        assert_eq!(joining.touch(JoinTouch::Go), JoinStep::Nothing);
        assert_eq!(said(&joining).0, Trouble::NoAddress);
        joining.touch(JoinTouch::Address("wardvoice.example:8884".to_owned()));
        joining.touch(JoinTouch::Code("ABCD-EFGH".to_owned()));
        assert_eq!(joining.touch(JoinTouch::Go), JoinStep::Nothing);
        let (trouble, detail) = said(&joining);
        assert_eq!(trouble, Trouble::NoCode);
        assert!(detail.contains("it has 8 letters and digits instead of 28"), "{detail}");
        assert_eq!(joining.code(), "ABCD-EFGH", "what was typed stays");
    }

    #[test]
    fn a_code_that_is_typed_is_in_no_log() {
        let joining = asking();
        let half = code().to_string().to_lowercase();
        let half = half.get(..14).unwrap();
        let touch = JoinTouch::Code(code().to_string().to_lowercase());
        let logged = format!("{joining:?} {touch:?} {:?}", JoinTouch::Address("here:1".to_owned()));
        assert!(logged.contains("wardvoice.example:8884") && logged.contains("here:1"), "{logged}");
        assert!(joining.code().starts_with(half) && !logged.to_lowercase().contains(half), "{logged}");
    }

    #[test]
    fn every_trouble_says_what_it_is_and_can_be_tried_again() {
        let address = || "wardvoice.example:8884".to_owned();
        let refused = JoinError::Refused;
        for (error, trouble, words) in [
            (refused(Refusal::WrongCode), Trouble::Refused, "knows no such join code"),
            (refused(Refusal::UsedCode), Trouble::Refused, "has been used"),
            (refused(Refusal::ExpiredCode), Trouble::Refused, "has run out"),
            (refused(Refusal::Wait { seconds: 40 }), Trouble::Refused, "wait 40 seconds"),
            (
                JoinError::Connect { address: address(), source: io::Error::other("refused") },
                Trouble::Unreachable,
                "connect to wardvoice.example:8884: refused",
            ),
            (
                JoinError::Tls { address: address(), reason: "nothing was said to it".to_owned() },
                Trouble::Untrusted,
                "nothing was said to it",
            ),
            (JoinError::Address("x".to_owned()), Trouble::NoAddress, "write a host and a port"),
            (JoinError::Answer { address: address(), reason: "EOF".to_owned() }, Trouble::Failed, "EOF"),
            (
                JoinError::AnotherKiosk { here: "k-0017".parse().unwrap(), there: "k-0018".parse().unwrap() },
                Trouble::Another,
                "ask the office for a code for k-0017",
            ),
            (JoinError::AnotherHospital, Trouble::Another, "whoever answers has other keys"),
        ] {
            let mut joining = asking();
            joining.hear(Err(error));
            let (told, detail) = said(&joining);
            let detail = detail.to_owned();
            assert_eq!(told, trouble, "{detail}");
            assert!(detail.contains(words), "{detail}");
            assert!(matches!(joining.touch(JoinTouch::Go), JoinStep::Ask { .. }), "{detail}");
        }
    }

    #[test]
    fn nothing_is_typed_or_asked_twice_while_somebody_is_asked() {
        let mut joining = asking();
        assert_eq!(joining.touch(JoinTouch::Go), JoinStep::Nothing);
        joining.touch(JoinTouch::Address("elsewhere:1".to_owned()));
        assert_eq!(joining.address(), " wardvoice.example:8884 ");
        // An answer that nobody waits for changes nothing.
        let mut idle = Joining::default();
        idle.hear(Err(JoinError::NotEnrolled));
        assert_eq!(*idle.standing(), Standing::Typing);
    }

    proptest! {
        #[test]
        fn whatever_is_typed_somebody_is_asked_with_a_whole_code_or_told_why_not(
            address in "\\PC{0,40}", code in "[0-9A-Za-z -]{0,40}",
        ) {
            let mut joining = Joining::default();
            joining.touch(JoinTouch::Address(address.clone()));
            joining.touch(JoinTouch::Code(code.clone()));
            match joining.touch(JoinTouch::Go) {
                JoinStep::Ask { code: asked, .. } => prop_assert_eq!(Ok(asked), code.parse::<JoinCode>()),
                JoinStep::Nothing => {
                    let told = matches!(joining.standing(), Standing::Wrong { .. });
                    prop_assert!(told);
                }
                JoinStep::Begin => prop_assert!(false, "nobody has joined"),
            }
        }
    }

    #[test]
    fn once_it_is_taken_in_the_code_is_gone_and_the_button_begins() {
        let mut joining = asking();
        let settings: KioskSettings =
            serde_json::from_str(include_str!("../../protocol/fixtures/v1/kiosk-settings.json")).unwrap();
        let (kiosk, ward) = (settings.assignment.kiosk.to_string(), settings.assignment.ward_name.clone());
        joining.hear(Ok(settings));
        assert_eq!(*joining.standing(), Standing::Joined { kiosk, ward });
        assert_eq!(joining.code(), "");
        joining.touch(JoinTouch::Code("again".to_owned()));
        assert_eq!(joining.code(), "");
        assert_eq!(joining.touch(JoinTouch::Go), JoinStep::Begin);
    }

    #[test]
    fn a_tablet_that_was_taken_in_before_can_be_left_as_it_was_until_somebody_is_asked() {
        let address = "wardvoice.example:8884";
        let again = || Joining::again("k-0017".parse().unwrap(), address.to_owned());
        assert_eq!((again().before().map(KioskId::as_str), again().address()), (Some("k-0017"), address));
        assert_eq!(again().touch(JoinTouch::Leave), JoinStep::Begin);
        assert_eq!(
            Joining::default().touch(JoinTouch::Leave),
            JoinStep::Nothing,
            "there is nothing to go back to"
        );

        let mut joining = again();
        joining.touch(JoinTouch::Code("ABCD".to_owned()));
        assert_eq!(joining.touch(JoinTouch::Go), JoinStep::Nothing);
        assert_eq!(said(&joining).0, Trouble::NoCode);
        assert_eq!(joining.touch(JoinTouch::Leave), JoinStep::Begin);
        joining.touch(JoinTouch::Code(code().to_string()));
        assert_eq!(
            joining.touch(JoinTouch::Go),
            JoinStep::Ask { address: address.to_owned(), code: code() },
            "the address is there already"
        );
        assert_eq!(
            joining.touch(JoinTouch::Leave),
            JoinStep::Nothing,
            "it may be becoming something else just now"
        );
    }

    #[test]
    fn whoever_comes_by_later_finds_no_code_and_a_kiosk_goes_back_to_asking() {
        let mut new = asking();
        assert_eq!(
            (new.nobody_is_there(), new.code().is_empty()),
            (JoinStep::Nothing, false),
            "it is being asked"
        );
        new.hear(Err(JoinError::Refused(Refusal::ExpiredCode)));
        assert_eq!(new.nobody_is_there(), JoinStep::Nothing, "it is no kiosk yet");
        assert_eq!((new.code(), new.address().trim()), ("", "wardvoice.example:8884"));

        let mut again = Joining::again("k-0017".parse().unwrap(), String::new());
        again.touch(JoinTouch::Code(code().to_string()));
        assert_eq!(again.nobody_is_there(), JoinStep::Begin);
        assert_eq!(again.code(), "");
    }
}
