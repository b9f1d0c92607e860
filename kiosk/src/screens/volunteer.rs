//! The screens behind the door, and the margin beside the questions. One component shows every page; here each page is its words
//! and what its buttons do.

use std::cell::RefCell;
use std::rc::Rc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use slint::{ComponentHandle as _, SharedString, VecModel};
use wardvoice_kiosk_ui::{KioskWindow, Line, ScreenKind, StaffWords, VolunteerAdapter};
use wardvoice_protocol::contact::Mode;

use super::{Touch, fill, sends, set_rows};
use crate::interview::Action;
use crate::interview::volunteer::{Margin, VolunteerTouch, VolunteerView};

mod pages;

pub(super) struct Volunteer {
    window: slint::Weak<KioskWindow>,
    paragraphs: Rc<VecModel<SharedString>>,
    lines: Rc<VecModel<Line>>,
    choices: Rc<VecModel<SharedString>>,
    footer: Rc<VecModel<SharedString>>,
    touches: Rc<RefCell<Touches>>,
}

/// What the buttons that are shown do.
#[derive(Default)]
struct Touches {
    primary: Option<VolunteerTouch>,
    choices: Vec<VolunteerTouch>,
    footer: Vec<VolunteerTouch>,
}

/// A button: its words and what it does.
type Offer = (SharedString, VolunteerTouch);

/// What a page says and offers.
#[derive(Default)]
struct Shown {
    title: SharedString,
    place: SharedString,
    paragraphs: Vec<SharedString>,
    lines: Vec<Line>,
    /// How far, and in words.
    progress: Option<(f32, SharedString)>,
    primary: Option<Offer>,
    choices_title: SharedString,
    choices: Vec<Offer>,
    footer: Vec<Offer>,
    /// The primary and the choices store something, so they wait for a store that keeps.
    stores: bool,
    /// The page is about harm already.
    hides_harm: bool,
    test_card: bool,
}

impl Volunteer {
    pub(super) fn connect(window: &KioskWindow, touch: &Touch) -> Self {
        let adapter = window.global::<VolunteerAdapter>();
        let volunteer = |wanted: VolunteerTouch| sends(touch, Action::Volunteer(wanted));
        adapter.on_harm(volunteer(VolunteerTouch::Harm));
        adapter.on_pause(volunteer(VolunteerTouch::Pause));
        adapter.on_script(volunteer(VolunteerTouch::Script));
        let touches = Rc::new(RefCell::new(Touches::default()));
        let offered = |pick: fn(&Touches, usize) -> Option<VolunteerTouch>| {
            let (touch, touches) = (Rc::clone(touch), Rc::clone(&touches));
            move |position: i32| {
                let wanted = usize::try_from(position).ok().and_then(|position| pick(&touches.borrow(), position));
                if let Some(wanted) = wanted {
                    touch(Action::Volunteer(wanted));
                }
            }
        };
        let primary = offered(|touches, _| touches.primary.clone());
        adapter.on_primary_touched(move || primary(0));
        adapter.on_choose(offered(|touches, position| touches.choices.get(position).cloned()));
        adapter.on_footer_touched(offered(|touches, position| touches.footer.get(position).cloned()));
        let (paragraphs, lines) = (Rc::new(VecModel::default()), Rc::new(VecModel::default()));
        let (choices, footer) = (Rc::new(VecModel::default()), Rc::new(VecModel::default()));
        adapter.set_paragraphs(Rc::clone(&paragraphs).into());
        adapter.set_lines(Rc::clone(&lines).into());
        adapter.set_choices(Rc::clone(&choices).into());
        adapter.set_footer(Rc::clone(&footer).into());
        Self { window: window.as_weak(), paragraphs, lines, choices, footer, touches }
    }

    /// Shows a page. The one that a patient holds is a message.
    pub(super) fn show(&self, view: &VolunteerView) -> ScreenKind {
        let Some(window) = self.window.upgrade() else { return ScreenKind::Volunteer };
        let say = window.global::<StaffWords>();
        let adapter = window.global::<VolunteerAdapter>();
        let shown = pages::shown(view, &say);
        let (standing, strong) = standing(view, &say);
        adapter.set_standing(standing);
        adapter.set_standing_strong(strong);
        adapter.set_title(shown.title);
        adapter.set_place(shown.place);
        set_rows(&self.paragraphs, shown.paragraphs);
        set_rows(&self.lines, shown.lines);
        let (progress, progress_label) = shown.progress.unwrap_or((-1.0, SharedString::new()));
        adapter.set_progress(progress);
        adapter.set_progress_label(progress_label);
        let (primary_label, primary) = shown.primary.unzip();
        adapter.set_primary(primary_label.unwrap_or_default());
        adapter.set_primary_enabled(!(shown.stores && view.refusing));
        adapter.set_choices_enabled(!(shown.stores && view.refusing));
        adapter.set_choices_title(shown.choices_title);
        let (choice_labels, choices) = shown.choices.into_iter().unzip();
        set_rows(&self.choices, choice_labels);
        let (footer_labels, footer) = shown.footer.into_iter().unzip();
        set_rows(&self.footer, footer_labels);
        adapter.set_offers_harm(!shown.hides_harm);
        adapter.set_test_card(shown.test_card);
        self.touches.replace(Touches { primary, choices, footer });
        ScreenKind::Volunteer
    }

    /// `writing`: it stands beside a box for a comment, which on a small tablet has no room for the hint about names.
    pub(super) fn show_margin(&self, margin: Option<&Margin>, writing: bool) {
        let Some(window) = self.window.upgrade() else { return };
        let adapter = window.global::<VolunteerAdapter>();
        adapter.set_margin(margin.is_some());
        if let Some(margin) = margin {
            let say = window.global::<StaffWords>();
            adapter.set_margin_title(match margin.mode {
                Mode::Interview => say.get_how_interview(),
                Mode::Assisted => say.get_how_assisted(),
                Mode::Proxy => say.get_how_proxy(),
                Mode::Alone => say.get_how_alone(),
            });
            adapter.set_margin_words(match margin.mode {
                _ if margin.before_questions => say.get_script_short_before(),
                _ if writing => say.get_script_short_writing(),
                Mode::Proxy => say.get_script_proxy(),
                _ => say.get_script_short(),
            });
            adapter.set_standing(sending(margin.waiting, margin.reached, &say));
        }
    }
}

/// What stands above every page, and whether it is something to act upon.
fn standing(view: &VolunteerView, say: &StaffWords) -> (SharedString, bool) {
    if view.refusing {
        return (say.get_standing_refusing(), true);
    }
    let sending = sending(view.waiting, view.reached, say);
    let way = if view.connected { say.get_standing_connected() } else { say.get_standing_offline() };
    (join(&[sending, way]), false)
}

/// "Waiting to send: 12 · last reached the hospital today at 14:05".
fn sending(waiting: u64, reached: Option<Timestamp>, say: &StaffWords) -> SharedString {
    let waiting = match waiting {
        0 => say.get_standing_none(),
        _ => fill(&say.get_standing_waiting(), "{number}", waiting),
    };
    let reached = match reached {
        Some(reached) => fill(&say.get_standing_reached(), "{when}", moment(reached)),
        None => say.get_standing_never(),
    };
    join(&[waiting, reached])
}

fn join(parts: &[SharedString]) -> SharedString {
    parts.iter().map(SharedString::as_str).collect::<Vec<_>>().join(" · ").into()
}

/// `Wed 25 Nov, 14:05`, in London.
fn moment(moment: Timestamp) -> String {
    let zone = TimeZone::get("Europe/London").unwrap_or(TimeZone::UTC);
    moment.to_zoned(zone).strftime("%a %-d %b, %H:%M").to_string()
}
