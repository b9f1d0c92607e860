//! Each page behind the door in words and buttons.

use slint::SharedString;
use wardvoice_kiosk_ui::{Line, StaffWords};
use wardvoice_protocol::contact::{Mode, Outcome};

use super::{Offer, Shown, moment};
use crate::interview::volunteer::{
    BedView, Page, Plan, PlanView, TabletView, TeamView, VolunteerTouch, VolunteerView, WardLine,
};
use crate::screens::fill;

pub(super) fn shown(view: &VolunteerView, say: &StaffWords) -> Shown {
    match &view.page {
        Page::Resume { minutes, answered } => Shown {
            title: say.get_resume_title(),
            paragraphs: vec![fill(&fill(&say.get_resume_words(), "{minutes}", minutes), "{number}", answered)],
            primary: Some((say.get_resume_go_on(), VolunteerTouch::Resume)),
            choices: vec![(say.get_resume_end(), VolunteerTouch::EndDraft)],
            footer: vec![lock(say)],
            stores: true,
            ..Shown::default()
        },
        Page::Wards(wards) => Shown {
            title: say.get_wards_title(),
            choices: wards.iter().enumerate().map(|(place, ward)| ward_line(place, ward, say)).collect(),
            footer: vec![(say.get_this_tablet(), VolunteerTouch::Tablet), lock(say)],
            ..Shown::default()
        },
        Page::Plan(plan) => plan_page(plan, say),
        Page::Bed(bed) => bed_page(bed, say),
        Page::How => Shown {
            title: say.get_how_title(),
            paragraphs: vec![say.get_how_words()],
            choices: [
                (say.get_how_interview(), Mode::Interview),
                (say.get_how_assisted(), Mode::Assisted),
                (say.get_how_alone(), Mode::Alone),
                (say.get_how_proxy(), Mode::Proxy),
            ]
            .map(|(label, mode)| (label, VolunteerTouch::Mode(mode)))
            .into(),
            footer: vec![back(say), (say.get_script_more(), VolunteerTouch::Script)],
            ..Shown::default()
        },
        Page::Team(team) => team_page(team, say),
        Page::Paused { .. } => paused_page(say),
        Page::Round { answered, approached } => Shown {
            title: say.get_round_title(),
            paragraphs: vec![fill(
                &fill(&say.get_round_words(), "{answered}", answered),
                "{approached}",
                approached,
            )],
            primary: Some((say.get_round_back(), VolunteerTouch::Back)),
            footer: vec![lock(say)],
            ..Shown::default()
        },
        Page::Harm { safeguarding } => harm_page(safeguarding.as_deref(), say),
        Page::Script => Shown {
            title: say.get_script_title(),
            paragraphs: vec![
                say.get_script_1(),
                say.get_script_2(),
                say.get_script_3(),
                say.get_script_4(),
                say.get_script_5(),
            ],
            primary: Some((say.get_harm_close(), VolunteerTouch::CloseAside)),
            ..Shown::default()
        },
        Page::Tablet(tablet) => tablet_page(tablet, view, say),
        Page::TestCard { kept } => Shown {
            test_card: true,
            paragraphs: kept
                .iter()
                .map(|kept| match kept {
                    Ok(path) => fill(&say.get_test_kept(), "{path}", path),
                    Err(reason) => fill(&say.get_test_failed(), "{reason}", reason),
                })
                .collect(),
            footer: vec![back(say), (say.get_test_keep(), VolunteerTouch::KeepTestCard)],
            ..Shown::default()
        },
        Page::Move(wards) => {
            let ward = |(place, name): (usize, &String)| (name.as_str().into(), VolunteerTouch::MoveTo(place));
            let home = (say.get_move_home(), VolunteerTouch::MoveTo(wards.len()));
            Shown {
                title: say.get_move_title(),
                paragraphs: vec![say.get_move_words()],
                choices: wards.iter().enumerate().map(ward).chain([home]).collect(),
                footer: vec![back(say)],
                ..Shown::default()
            }
        }
    }
}

fn lock(say: &StaffWords) -> Offer {
    (say.get_lock(), VolunteerTouch::Lock)
}

fn back(say: &StaffWords) -> Offer {
    (say.get_back(), VolunteerTouch::Back)
}

fn ward_line(place: usize, ward: &WardLine, say: &StaffWords) -> Offer {
    let plan = match &ward.plan {
        Some(plan) if !plan.is_over => {
            fill(&fill(&say.get_wards_plan(), "{done}", plan.completed), "{target}", plan.target)
        }
        _ => say.get_wards_no_plan(),
    };
    (format!("{} · {plan}", ward.name).into(), VolunteerTouch::Ward(place))
}

fn plan_page(view: &PlanView, say: &StaffWords) -> Shown {
    let mut paragraphs = Vec::new();
    let mut progress = None;
    match &view.plan {
        Some(plan) if plan.is_over => paragraphs.push(say.get_plan_over()),
        Some(plan) => {
            let done = fill(&fill(&say.get_plan_progress(), "{done}", plan.completed), "{target}", plan.target);
            progress = Some((plan.completed as f32 / plan.target.max(1) as f32, done));
            paragraphs.push(to_go(plan, say));
            let day = plan.figures_of.strftime("%a %-d %b").to_string();
            paragraphs.push(fill(&say.get_plan_figures(), "{when}", day));
        }
        None => paragraphs.push(say.get_plan_none()),
    }
    paragraphs.extend(few(&view.few, say));
    paragraphs.push(match (view.beds, view.left) {
        (0, _) => say.get_plan_no_beds(),
        (beds, Some(left)) => fill(&fill(&say.get_plan_goes_on(), "{number}", left), "{of}", beds),
        (beds, None) => fill(&say.get_plan_order(), "{number}", beds),
    });
    for (said, did) in view.changes.iter().take(2) {
        let said = fill(&say.get_plan_said(), "{said}", said);
        let did = fill(&say.get_plan_did(), "{did}", did);
        paragraphs.push(format!("{said} {did}").into());
    }
    Shown {
        title: view.ward.as_str().into(),
        paragraphs,
        progress,
        primary: Some((
            if view.left.is_some() { say.get_plan_go_on() } else { say.get_plan_begin() },
            VolunteerTouch::Begin,
        )),
        footer: vec![back(say), lock(say)],
        ..Shown::default()
    }
}

/// "9 to go; 3 days left".
fn to_go(plan: &Plan, say: &StaffWords) -> SharedString {
    let left = match plan.target.checked_sub(plan.completed) {
        Some(left) if left > 0 => fill(&say.get_plan_togo(), "{number}", left),
        _ => say.get_plan_reached(),
    };
    match plan.days_left {
        Some(1) => format!("{left}; {}", say.get_plan_last_day()).into(),
        Some(days) => format!("{left}; {}", fill(&say.get_plan_days_left(), "{number}", days)).into(),
        None => left,
    }
}

fn few(ages: &[String], say: &StaffWords) -> Option<SharedString> {
    (!ages.is_empty()).then(|| fill(&say.get_plan_few(), "{ages}", ages.join(", ")))
}

fn bed_page(view: &BedView, say: &StaffWords) -> Shown {
    let title = match view.of {
        0 => fill(&say.get_bed_next(), "{number}", view.number),
        of => fill(&fill(&say.get_bed_title(), "{number}", view.number), "{of}", of),
    };
    let place = match &view.bed {
        Some(bed) if view.bay.is_empty() => fill(&say.get_bed_only(), "{bed}", bed),
        Some(bed) => fill(&fill(&say.get_bed_place(), "{bay}", &view.bay), "{bed}", bed),
        None => say.get_bed_anybody(),
    };
    let outcomes = [
        (say.get_not_declined(), Outcome::Declined),
        (say.get_not_asleep(), Outcome::Asleep),
        (say.get_not_unwell(), Outcome::Unwell),
        (say.get_not_capacity(), Outcome::LacksCapacity),
        (say.get_not_language(), Outcome::Language),
        (say.get_not_isolation(), Outcome::Isolation),
        (say.get_not_away(), Outcome::Away),
        (say.get_not_again(), Outcome::AlreadyAsked),
    ];
    let later = view.can_wait.then(|| (say.get_bed_later(), VolunteerTouch::Later));
    Shown {
        title,
        place,
        paragraphs: few(&view.few, say).into_iter().collect(),
        primary: Some((say.get_bed_start(), VolunteerTouch::Start)),
        choices_title: say.get_bed_why_not(),
        choices: outcomes.map(|(label, outcome)| (label, VolunteerTouch::NotToday(outcome))).into(),
        footer: [back(say)].into_iter().chain(later).chain([lock(say)]).collect(),
        stores: true,
        ..Shown::default()
    }
}

fn team_page(view: &TeamView, say: &StaffWords) -> Shown {
    let name = |(place, name): (usize, &String)| {
        let label = match view.by_roster {
            Some(roster) if roster == place => fill(&say.get_team_roster(), "{name}", name),
            _ => name.as_str().into(),
        };
        (label, VolunteerTouch::Team(place))
    };
    let unknown = (say.get_team_unknown(), VolunteerTouch::Team(view.names.len()));
    let more = view.has_more.then(|| (say.get_team_more(), VolunteerTouch::More));
    Shown {
        title: say.get_team_title(),
        choices: view.names.iter().enumerate().map(name).chain([unknown]).collect(),
        footer: [back(say)].into_iter().chain(more).collect(),
        ..Shown::default()
    }
}

fn harm_page(safeguarding: Option<&str>, say: &StaffWords) -> Shown {
    Shown {
        title: say.get_harm_title(),
        paragraphs: vec![
            say.get_harm_1(),
            say.get_harm_2(),
            say.get_harm_3(),
            say.get_harm_4(),
            match safeguarding {
                Some(who) => fill(&say.get_harm_call(), "{who}", who),
                None => say.get_harm_no_number(),
            },
            say.get_harm_5(),
        ],
        primary: Some((say.get_harm_close(), VolunteerTouch::CloseAside)),
        choices: vec![(say.get_harm_ask_help(), VolunteerTouch::AskForHelp)],
        hides_harm: true,
        ..Shown::default()
    }
}

fn paused_page(say: &StaffWords) -> Shown {
    Shown {
        title: say.get_pause_title(),
        paragraphs: vec![say.get_pause_words()],
        primary: Some((say.get_pause_carry_on(), VolunteerTouch::CarryOn)),
        choices: vec![(say.get_pause_end(), VolunteerTouch::EndDraft)],
        footer: vec![lock(say)],
        ..Shown::default()
    }
}

fn tablet_page(view: &TabletView, standing: &VolunteerView, say: &StaffWords) -> Shown {
    let line = |label: SharedString, text: SharedString| Line { label, text, strong: false };
    let mut lines = Vec::new();
    let mut ward = view.ward.as_str().into();
    if let Some(state) = &view.state {
        lines.push(line(say.get_tablet_kiosk(), state.kiosk.as_str().into()));
        if let Some(moved) = &state.moved_to {
            ward = fill(&say.get_tablet_moved(), "{ward}", &moved.name);
        }
    }
    lines.push(line(say.get_tablet_ward(), ward));
    let network = if view.connected { say.get_tablet_connected() } else { say.get_tablet_not_connected() };
    lines.push(Line { strong: !view.connected, ..line(say.get_tablet_network(), network) });
    lines.push(line(say.get_tablet_waiting(), standing.waiting.to_string().into()));
    let reached = standing.reached.map_or_else(|| say.get_tablet_never(), |reached| moment(reached).into());
    lines.push(line(say.get_tablet_reached(), reached));
    if let Some(state) = &view.state {
        let clock = match state.clock_offset_s {
            None => say.get_tablet_clock_unknown(),
            Some(-2..=2) => say.get_tablet_clock_right(),
            Some(offset) => fill(&say.get_tablet_clock_out(), "{number}", offset),
        };
        lines.push(line(say.get_tablet_clock(), clock));
        let battery = match (state.battery_percent, state.charging) {
            (Some(percent), Some(true)) => Some(fill(&say.get_tablet_charging(), "{number}", percent)),
            (Some(percent), _) => Some(fill(&say.get_tablet_discharging(), "{number}", percent)),
            (None, Some(true)) => Some(say.get_tablet_mains()),
            (None, _) => None,
        };
        lines.extend(battery.map(|battery| line(say.get_tablet_battery(), battery)));
        let brightness = state.brightness_percent.map(|percent| format!("{percent} %").into());
        lines.extend(brightness.map(|brightness| line(say.get_tablet_brightness(), brightness)));
        let disk = state.free_disk_bytes.map(|bytes| format!("{:.1} GB", bytes as f64 / 1e9));
        lines.extend(disk.map(|disk| line(say.get_tablet_disk(), disk.into())));
        let error =
            state.last_error.as_ref().map_or_else(|| say.get_tablet_no_error(), |error| error.as_str().into());
        lines.push(Line { strong: state.last_error.is_some(), ..line(say.get_tablet_error(), error) });
        lines.push(line(say.get_tablet_version(), state.software.as_str().into()));
    }
    let can_brighten = view.state.as_ref().is_some_and(|state| state.brightness_percent.is_some());
    let can_join_again = view.state.as_ref().is_some_and(|state| state.can_join_again);
    let choices = [
        can_brighten.then(|| (say.get_tablet_brighten(), VolunteerTouch::Brightness)),
        Some((say.get_tablet_test(), VolunteerTouch::TestCard)),
        Some((say.get_tablet_move(), VolunteerTouch::Move)),
        can_join_again.then(|| (say.get_tablet_join(), VolunteerTouch::JoinAgain)),
        Some((say.get_tablet_exit(), VolunteerTouch::Exit)),
    ];
    Shown {
        title: say.get_tablet_title(),
        lines,
        choices: choices.into_iter().flatten().collect(),
        footer: vec![back(say), lock(say)],
        ..Shown::default()
    }
}
