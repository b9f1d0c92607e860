//! English.

use crate::Phrases;

use super::list;

pub(super) fn phrases() -> Phrases {
    Phrases {
        language: "English".into(),
        hello: "Hello".into(),
        demonstration: "Demonstration: nothing here is real".into(),
        machine_translation: "Machine translation, not approved".into(),

        rest_title: "Tell us about your care".into(),
        rest_body: "Your answers help this ward to do better. It takes about 3 minutes.".into(),
        rest_start: "Touch here to start".into(),

        language_title: "Choose your language".into(),

        consent_title: "Before you start".into(),
        consent_points: list([
            "We ask a few questions about your care on this ward. It takes about 3 minutes.",
            "You do not have to take part. It is up to you.",
            "It is anonymous. We do not ask for your name.",
            "Your answers do not affect your care.",
            "You can skip any question, and you can stop at any time.",
            "This is not the call bell. If you need help now, press your call bell.",
        ]),
        consent_points_short: list([
            "About 3 minutes",
            "You choose",
            "No names",
            "Your care stays the same",
            "Skip or stop at any time",
            "This is not the call bell",
        ]),
        consent_yes: "Yes, start".into(),
        consent_no: "No, thank you".into(),

        progress: "Question {number} of {of}".into(),
        back: "Back".into(),
        skip: "Skip this question".into(),
        next: "Next".into(),
        stop: "Stop".into(),
        skipped: "You skipped this question.".into(),

        comment_hint: "Please do not write any names.".into(),
        characters_left: "{number} characters left".into(),
        key_shift: "Shift".into(),
        key_backspace: "Delete".into(),
        key_space: "Space".into(),
        key_return: "New line".into(),
        key_symbols: "123".into(),
        key_letters: "ABC".into(),

        consultant_title: "Which consultant is in charge of your care?".into(),
        consultant_not_listed: "Not on this list, or not sure".into(),
        consultant_more: "More names".into(),

        stop_title: "Do you want to stop?".into(),
        stop_body: "If you stop, the answers you have given so far are kept. They are anonymous.".into(),
        stop_yes: "Stop now".into(),
        stop_no: "Carry on".into(),

        still_title: "Are you still there?".into(),
        still_body: "If nobody touches the screen, it is cleared in {number} seconds.".into(),
        still_yes: "Yes, I am still here".into(),

        saving_title: "Keeping your answers …".into(),

        thanks_title: "Thank you".into(),
        thanks_completed: "Your answers are kept. They help this ward to do better.".into(),
        thanks_stopped: "The answers you gave are kept. They help this ward to do better.".into(),
        thanks_declined: "That is fine. It does not affect your care.".into(),
        thanks_close: "Finish".into(),

        wipe_title: "Please wipe this tablet".into(),
        wipe_body: "Use a wipe on the screen and the case, so that it is clean for the next person.".into(),
        wipe_done: "It has been wiped".into(),

        staff_title: "Please tell a member of staff".into(),
        staff_not_kept: "We are sorry. Your answers could not be kept, and they are no longer on this tablet."
            .into(),
        staff_cannot_keep: "This tablet cannot keep answers at the moment.".into(),
        staff_close: "Close".into(),

        help: "I need someone to help me".into(),
        help_title: "What do you need?".into(),
        help_bell: "This is not the call bell. If you need help quickly, press your call bell.".into(),
        help_offline: "This tablet cannot reach the hospital at the moment. Please press your call bell.".into(),
        need_pain: "I am in pain".into(),
        need_toilet: "I need the toilet".into(),
        need_drink: "I would like a drink".into(),
        need_worried: "I am worried".into(),
        need_talk: "I would like to talk to someone".into(),
        need_other: "Something else".into(),
        help_sending: "Sending …".into(),
        help_kept_title: "Your request is on its way".into(),
        help_kept: "It holds none of your answers. It has not arrived yet.".into(),
        help_waiting_title: "Your request has not been sent yet".into(),
        help_waiting: "This tablet cannot reach the hospital at the moment. Please press your call bell.".into(),
        help_delivered_title: "Your request has arrived".into(),
        help_delivered: "It holds none of your answers. We cannot say here when somebody will come.".into(),
        help_failed_title: "Your request could not be sent".into(),
        help_failed: "Please press your call bell, or ask someone near you to call a member of staff.".into(),
        help_close: "Go back".into(),

        you_said: "You said".into(),
        we_did: "We did".into(),
        text_size: "Text size".into(),
        contrast: "Strong contrast".into(),
        read_aloud: "Read aloud".into(),
        stop_reading: "Stop reading".into(),
        less_movement: "Less movement".into(),
        skip_short: "Skip".into(),
        help_short: "Help".into(),
        help_bell_short: "Not the call bell".into(),
        place_title: "Where are you?".into(),
        place_body: "Staff see this with your request only, never with your answers.".into(),
        place_none: "I would rather not say".into(),
        help_seen_title: "Staff have seen your request".into(),
        help_seen: "A member of staff has seen it. If it is urgent, press your call bell.".into(),
    }
}
