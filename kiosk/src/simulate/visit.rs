//! One simulated patient at the kiosk: touches the same interview that the window shows.
//!
//! A volunteer's contacts go the same way: until the interview knows a volunteer, the mode is written into the
//! contact when it comes out, and approaches that come to nothing are written down without any screen.

use std::sync::Arc;

use wardvoice_protocol::contact::{Answer, Contact, Outcome};
use wardvoice_protocol::record::Body;

use super::plausible::{self, Patient};
use crate::interview::{Action, CONFIRMATION_MS, Effect, Event, Interview, Screen, Setting, StoreFailed};

/// More touches than any questionnaire asks for: an interview that has not ended by then never will.
const MOST_TOUCHES: usize = 2_000;

/// Why a visit came to nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum VisitError<E> {
    #[error(transparent)]
    NotKept(E),
    #[error("interview a simulated patient: the interview does not end")]
    Endless,
}

/// Lives through one contact; `keep` makes its one record durable.
pub(super) fn visit<E>(
    setting: &Arc<Setting>,
    patient: &mut Patient,
    keep: impl FnOnce(Contact) -> Result<(), E>,
) -> Result<(), VisitError<E>> {
    if !patient.outcome.has_response() && patient.outcome != Outcome::Declined {
        let questionnaire = setting.questionnaire().reference();
        let contact =
            plausible::without_response(patient, questionnaire, setting.default_language(), patient.outcome);
        return keep(contact).map_err(VisitError::NotKept);
    }
    let mut keep = Some(keep);
    let mut now_ms = 0;
    let mut interview = Interview::new(Arc::clone(setting), now_ms);
    for _ in 0..MOST_TOUCHES {
        let screen = interview.view(now_ms).screen;
        if matches!(screen, Screen::Thanks { .. }) {
            return Ok(());
        }
        let event = match touch(setting, patient, screen) {
            Touch::Action(action) => {
                now_ms += patient.thinks_ms();
                Event::touch(now_ms, action)
            }
            Touch::Wait => {
                now_ms += CONFIRMATION_MS;
                Event::tick(now_ms)
            }
        };
        for effect in interview.apply(event) {
            let Effect::Store { ticket, body: Body::Contact(mut contact), .. } = effect else { continue };
            contact.mode = patient.mode;
            let kept = keep.take().ok_or(VisitError::Endless)?(contact);
            let result = if kept.is_ok() { Ok(None) } else { Err(StoreFailed) };
            interview.apply(Event::stored(now_ms, ticket, result));
            kept.map_err(VisitError::NotKept)?;
        }
    }
    Err(VisitError::Endless)
}

enum Touch {
    Action(Action),
    Wait,
}

fn touch(setting: &Setting, patient: &mut Patient, screen: Screen) -> Touch {
    let questions = setting.questionnaire();
    Touch::Action(match screen {
        Screen::Rest { .. } => Action::Start,
        Screen::Language { languages } => {
            patient.language(&languages).cloned().map_or(Action::Back, Action::ChooseLanguage)
        }
        Screen::Consent if patient.outcome == Outcome::Declined => Action::Decline,
        Screen::Consent => Action::Agree,
        Screen::Question(view) if view.confirming => return Touch::Wait,
        Screen::Question(view) if patient.stops_before(view.progress.number, view.progress.of) => Action::Stop,
        Screen::Question(view) => {
            let answer = questions.question(&view.id).map(|question| patient.answer(question));
            let place = view.choices.iter().position(|choice| Some(&choice.answer) == answer.as_ref());
            place.map_or(Action::Skip, Action::Choose)
        }
        Screen::Comment(view) if patient.stops_before(view.progress.number, view.progress.of) => Action::Stop,
        Screen::Comment(view) if !view.draft.is_empty() => Action::Next,
        Screen::Comment(view) => match questions.question(&view.id).map(|question| patient.answer(question)) {
            Some(Answer::Said(comment)) => Action::Write(comment.as_str().to_owned()),
            _ => Action::Skip,
        },
        Screen::Consultant(view) if view.confirming => return Touch::Wait,
        Screen::Consultant(view) => Action::Choose(patient.consultant(view.names.len())),
        Screen::StopAsked => Action::StopNow,
        Screen::StillThere { .. } => Action::CarryOn,
        Screen::Help(_) => Action::CloseHelp,
        Screen::Wipe => Action::Wiped,
        Screen::Saving | Screen::Thanks { .. } => return Touch::Wait,
        Screen::Staff(_) | Screen::Door(_) | Screen::Volunteer(_) => Action::Dismiss,
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]
    use std::collections::BTreeMap;
    use std::convert::Infallible;

    use wardvoice_protocol::assignment::{Assignment, ConsultantChoice, KioskAudience};
    use wardvoice_protocol::contact::Mode;
    use wardvoice_protocol::id::Language;
    use wardvoice_protocol::keys::{OpenKey, SigningKey};
    use wardvoice_protocol::questionnaire::Questionnaire;

    use super::*;

    fn setting(ward: &str) -> Arc<Setting> {
        let questionnaire = Arc::new(Questionnaire::inpatient().unwrap());
        let assignment = Assignment {
            kiosk: "sim-1-0".parse().unwrap(),
            ward: ward.parse().unwrap(),
            ward_name: "Ward".to_owned(),
            audience: KioskAudience::Patients,
            questionnaire: questionnaire.reference(),
            languages: vec![Language::english(), "cy".parse().unwrap()],
            consultants: vec![ConsultantChoice { id: "C1".parse().unwrap(), label: "One".to_owned() }],
            seal_key: OpenKey::from_bytes(&[7; 32]).unwrap().seal_key().clone(),
            aggregator_key: SigningKey::from_bytes(&[8; 32]).verifying_key(),
            fortnight_anchor: "2026-01-05".parse().unwrap(),
            demonstration: true,
        };
        Arc::new(Setting::new(&assignment, questionnaire, |_| true).unwrap())
    }

    fn contacts(ward: &str, count: u64) -> Vec<Contact> {
        let setting = setting(ward);
        let one = |seed| {
            let mut patient = Patient::draw(setting.ward(), seed, 12);
            let mut kept = Vec::new();
            visit(&setting, &mut patient, |contact| {
                kept.push(contact);
                Ok::<_, Infallible>(())
            })
            .unwrap();
            assert_eq!(kept.len(), 1);
            kept.pop().unwrap()
        };
        (0..count).map(one).collect()
    }

    #[test]
    fn every_visit_is_one_valid_contact_and_the_same_seed_the_same() {
        let questionnaire = Questionnaire::inpatient().unwrap();
        let first = contacts("W1", 400);
        let mut outcomes: BTreeMap<Outcome, usize> = BTreeMap::new();
        for contact in &first {
            *outcomes.entry(contact.outcome).or_default() += 1;
            assert_eq!(contact.outcome.has_response(), contact.response.is_some());
            if let Some(response) = &contact.response {
                questionnaire.check_answers(&response.answers).unwrap();
            }
        }
        assert!(outcomes.get(&Outcome::Completed).is_some_and(|count| *count > 280), "{outcomes:?}");
        assert!(outcomes.get(&Outcome::Partial).is_some_and(|count| (8..60).contains(count)), "{outcomes:?}");
        assert!(outcomes.get(&Outcome::Declined).is_some_and(|count| *count > 3), "{outcomes:?}");
        for mode in Mode::ALL {
            assert!(first.iter().any(|contact| contact.mode == mode), "{mode:?}");
        }
        assert!(first.iter().any(|contact| contact.attribution.is_some()));
        assert!(first.iter().any(|contact| contact.language.as_str() == "cy"));
        assert_eq!(first, contacts("W1", 400));
    }

    #[test]
    fn a_ward_of_better_quality_has_better_answers() {
        let best = |ward: &str| {
            let very_good = |contact: &&Contact| {
                let response = contact.response.as_ref();
                let answer =
                    response.and_then(|response| response.answers.get(&"friends_and_family".parse().unwrap()));
                answer == Some(&Answer::Answered("very_good".parse().unwrap()))
            };
            contacts(ward, 600).iter().filter(very_good).count()
        };
        let mut wards: Vec<String> = (1..=26).map(|number| format!("W{number}")).collect();
        let quality = |ward: &String| plausible::ward_quality(&ward.parse().unwrap());
        wards.sort_by(|a, b| quality(a).total_cmp(&quality(b)));
        let (worst, finest) = (wards.first().unwrap(), wards.last().unwrap());
        assert!(best(finest) > best(worst) + 60, "{} and {}", best(worst), best(finest));
    }
}
