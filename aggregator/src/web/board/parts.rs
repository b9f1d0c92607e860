//! The parts of the board's page.

use jiff::ToSpan as _;
use jiff::civil::Date;
use maud::{Markup, html};
use wardvoice_protocol::directory::Unit;

use super::{Row, View};
use crate::operations::ActionLine;
use crate::scoring::{EffectFinding, GroupSheet, Signal, assurance_words, proportion, variation_words};
use crate::web::charts::icons;
use crate::web::like_for_like::{WardSheet, of_wards};
use crate::web::words::{self, Scale};
use crate::web::{signals, units, ward};

/// Every ward by every measure: a picture and its words.
pub(super) fn matrix(view: &View, period: Option<&str>) -> Markup {
    let measures: Vec<&Signal> =
        view.outlook.signals.iter().filter(|signal| !signal.measure.is_problem()).collect();
    let has_targets = measures.iter().any(|signal| signal.target.is_some());
    html! {
        section #wards.sheet.flows aria-labelledby="wards-title" {
            h2 id="wards-title" { "Signal or chance, ward by ward" }
            p.aside { (what_pictures_mean(has_targets)) }
            div.scroller tabindex="0" role="group" aria-labelledby="wards-title" {
                table.matrix {
                    thead { tr { th scope="col" { "Ward" } @for signal in &measures { th scope="col" { (signal.label) } } } }
                    tbody { @for row in &view.rows { (row_of(row, &measures, period)) } }
                }
            }
        }
    }
}

/// What the pictures of the matrix mean.
pub(crate) fn what_pictures_mean(has_targets: bool) -> String {
    let targets = if has_targets {
        "A shield will meet its target, an octagon will miss it unless something changes, a divided square may do either."
    } else {
        "No targets are set."
    };
    format!(
        "Each picture says what the last fortnight that ended adds to those before it. A filled disc is better and a filled diamond worse than \
         chance gives, the arrow says which way; a wave in a ring is no signal; a broken ring has too few fortnights or no answers. {targets} \
         Wards are in alphabetical order."
    )
}

fn row_of(row: &Row, measures: &[&Signal], period: Option<&str>) -> Markup {
    html! {
        tr {
            th scope="row" {
                a href=(ward::address(&row.id, period)) { (row.name) }
                @if row.is_silent { " " span.tag.silent { "Silent" } }
            }
            @for column in measures {
                td data-label=(column.label) {
                    @if let Some(signal) = row.outlook.get(&column.measure) { (cell(signal, period)) }
                }
            }
        }
    }
}

fn cell(signal: &Signal, period: Option<&str>) -> Markup {
    let last = units::last_of(signal);
    html! {
        a.cell href=(signals::address(&signal.unit, &signal.measure, period)) title=(last) {
            (icons::variation(signal))
            span { (variation_words(signal)) }
            @if let (Some(icon), Some(said)) = (icons::assurance(signal), assurance_words(signal)) { (icon) span { (said) } }
            span.n { (value(signal)) }
        }
    }
}

/// The last value with its n, small: "8.4, n 16".
pub(crate) fn value(signal: &Signal) -> String {
    let scale = if signal.per_cent { Scale::PerCent } else { Scale::Points };
    let Some(point) = signal.points.last() else { return "n 0".to_owned() };
    let value = point.figure.value.map(|value| format!("{}, ", scale.write(value))).unwrap_or_default();
    format!("{value}n {}", words::count(point.figure.n))
}

/// Wards beside each other, by a measure that is chosen.
pub(super) fn funnel(view: &View, period: Option<&str>) -> Markup {
    html! {
        @if view.comparison.is_some() {
            (signals::chooser(&view.outlook, &view.measure, period, "/board#funnel", "What to compare wards by"))
        }
        (units::spread((*view.comparison).as_ref(), &view.period))
    }
}

/// The wards' overall scores, plain and like for like.
pub(super) fn like_for_like(view: &View, period: Option<&str>) -> Markup {
    let wards = view.rows.iter().map(|row| WardSheet { id: &row.id, name: &row.name, sheet: &row.sheet });
    of_wards(&wards.collect::<Vec<_>>(), period)
}

/// Open, overdue and done, and what came of those.
pub(super) fn actions(view: &View) -> Markup {
    let of = |wanted: &dyn Fn(&&ActionLine) -> bool| -> Vec<ActionLine> {
        view.actions.iter().filter(wanted).cloned().collect()
    };
    let overdue = of(&|action| action.overdue);
    let open = of(&|action| action.done.is_none() && !action.overdue);
    let done = of(&|action| action.done.is_some());
    let found = |finding: EffectFinding| {
        done.iter().filter(|action| action.effect.as_ref().is_some_and(|effect| effect.finding == finding)).count()
    };
    let name = |unit: &Unit| view.names.iter().find(|(known, _)| known == unit).map(|(_, name)| name.clone());
    let count = |count: usize| words::count(count as u64);
    html! {
        section #actions.sheet.flows aria-labelledby="actions-title" {
            h2 id="actions-title" { "You said, we did" }
            dl.facts {
                div { dt { "Overdue" } dd { b { (count(overdue.len())) } } }
                div { dt { "Open" } dd { b { (count(open.len())) } span { " and not overdue" } } }
                div { dt { "Done" } dd { b { (count(done.len())) } } }
                div {
                    dt { "Of those done" }
                    dd {
                        div { (count(found(EffectFinding::Better))) " with a measured improvement" }
                        div { (count(found(EffectFinding::Worse))) " with a measured decline" }
                        div { (count(found(EffectFinding::MayBeChance))) " with a difference that may be chance" }
                        div { (count(found(EffectFinding::TooFew))) " with too few to tell" }
                    }
                }
            }
            p { (closure_words(closure(&view.actions, view.today))) }
            @if !overdue.is_empty() { h3 { "Overdue" } (signals::action_list(&overdue, name)) }
            @if !open.is_empty() {
                details id="actions-open" { summary id="actions-open-title" { "Open actions" } (signals::action_list(&open, name)) }
            }
            @if !done.is_empty() {
                details id="actions-done" {
                    summary id="actions-done-title" { "What is done, and what it came to" }
                    (signals::action_list(&done, name))
                }
            }
            p.small { "A difference before and after is no proof that the action made it: other things changed too." }
        }
    }
}

/// How many of the actions that fell due in the last year are done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Closure {
    /// How many fell due.
    pub(crate) due: u64,
    /// How many of those are done.
    pub(crate) done: u64,
    /// How many of those were done by their day.
    pub(crate) in_time: u64,
}

/// Loops that were to be closed by now: of actions that fell due in the year before today. One without a due day cannot be late.
pub(crate) fn closure(actions: &[ActionLine], today: Date) -> Closure {
    let from = today.saturating_sub(1.years());
    let mut closure = Closure { due: 0, done: 0, in_time: 0 };
    for action in actions {
        let Some(due) = action.due.filter(|due| *due < today && *due >= from) else { continue };
        closure.due += 1;
        closure.done += u64::from(action.done.is_some());
        closure.in_time += u64::from(action.done.is_some_and(|done| done <= due));
    }
    closure
}

fn closure_words(closure: Closure) -> String {
    let Closure { due, done, in_time } = closure;
    let rate = proportion(done, due, "");
    match (rate.value, words::interval(&rate, Scale::PerCent)) {
        (Some(value), Some(interval)) => format!(
            "Loops closed: of {} that fell due in the last year, {} done, {} by the day ({}, 95% interval {interval}, n {}).",
            words::of(due, "action", "actions"),
            if done == 1 { "1 is".to_owned() } else { format!("{} are", words::count(done)) },
            words::count(in_time),
            Scale::PerCent.write(value),
            words::count(due)
        ),
        _ => "Loops closed: no action fell due in the last year (n 0).".to_owned(),
    }
}

/// Who is among the answers, and who is missing.
pub(super) fn coverage(view: &View) -> Markup {
    let coverage = &view.sheet.coverage;
    let few: Vec<&GroupSheet> = coverage.groups.iter().filter(|group| is_missing(group)).collect();
    let name = |id: &str| view.rows.iter().find(|row| row.id.as_str() == id).map(|row| row.name.clone());
    let rate = &view.sheet.response_rate;
    html! {
        section #coverage.sheet.flows aria-labelledby="coverage-title" {
            h2 id="coverage-title" { "Who was heard, and who is missing" }
            p {
                @match rate.value {
                    Some(value) => { strong { (Scale::PerCent.write(value)) } " of " (words::people(rate.n)) " who were asked gave answers" @if let Some(interval) = words::interval(rate, Scale::PerCent) { " (95% interval " (interval) ")" } "." }
                    None => "Nobody has been asked in these days (n 0).",
                }
            }
            @if few.is_empty() {
                p { "No group is smaller among the answers than chance gives (n " (words::count(view.sheet.responses)) ")." }
            } @else {
                p { "Fewer answers than expected, beyond chance:" }
                ul { @for group in &few { li { (group_words(group, name)) } } }
            }
            details id="coverage-groups" {
                summary id="coverage-groups-title" { "Every group" }
                div.scroller {
                    table.numbers {
                        thead { tr { th scope="col" { "Group" } th.n scope="col" { "Answers" } th.n scope="col" { "Share" } th.n scope="col" { "95% interval" } th.n scope="col" { "Expected" } } }
                        tbody {
                            @for group in &coverage.groups {
                                tr {
                                    th scope="row" { (group_name(group, name)) }
                                    td.n { (words::count(group.count)) }
                                    td.n { (group.share.value.map_or_else(|| "–".to_owned(), |value| Scale::PerCent.write(value))) }
                                    td.n { (words::interval(&group.share, Scale::PerCent).unwrap_or_else(|| "–".to_owned())) }
                                    td.n { (group.expected.map_or_else(|| "–".to_owned(), |value| Scale::PerCent.write(value))) }
                                }
                            }
                        }
                    }
                }
            }
            p.small { "People are compared with the standard population of the definition, wards with their share of the plan." }
        }
    }
}

/// Whether a group is smaller among the answers than chance gives.
pub(crate) fn is_missing(group: &GroupSheet) -> bool {
    group.share.upper.zip(group.expected).is_some_and(|(upper, expected)| upper < expected)
}

/// What a group is called; `ward` names a ward.
pub(crate) fn group_name(group: &GroupSheet, ward: impl Fn(&str) -> Option<String>) -> String {
    if group.field == "ward" {
        return ward(&group.value).unwrap_or_else(|| group.value.to_string());
    }
    format!("{}: {}", group.field, group.value)
}

/// How small a group is among the answers, in words.
pub(crate) fn group_words(group: &GroupSheet, ward: impl Fn(&str) -> Option<String>) -> String {
    let share = group.share.value.map(|value| Scale::PerCent.write(value)).unwrap_or_default();
    let expected = group.expected.map(|value| Scale::PerCent.write(value)).unwrap_or_default();
    let (name, count) = (group_name(group, ward), words::count(group.count));
    format!("{name}: {share} of the answers (n {count}), {expected} expected")
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

    use super::*;
    use crate::actions::{Action, Cause};

    fn action(due: Option<&str>, done: Option<&str>) -> ActionLine {
        let day = |text: &str| text.parse::<Date>().unwrap();
        let action = Action {
            number: 1,
            unit: "ward:W1".parse().unwrap(),
            said: "Bins are loud.".to_owned(),
            did: "Soft closing bins.".to_owned(),
            owner: None,
            about: None,
            cause: Cause::default(),
            opened: day("2025-01-01"),
            due: due.map(day),
            done: done.map(day),
        };
        ActionLine::new(action, day("2026-11-20"), None)
    }

    #[test]
    fn loops_are_closed_when_what_fell_due_is_done() {
        let today = Date::constant(2026, 11, 20);
        let actions = [
            action(Some("2026-10-01"), Some("2026-09-20")),
            action(Some("2026-10-01"), Some("2026-10-02")),
            action(Some("2026-11-19"), None),
            action(Some("2026-11-20"), None),
            action(Some("2025-11-19"), None),
            action(None, Some("2026-10-01")),
        ];
        let found = closure(&actions, today);
        assert_eq!(found, Closure { due: 3, done: 2, in_time: 1 });
        let said = closure_words(found);
        assert!(
            said.contains("of 3 actions")
                && said.contains("2 are done, 1 by the day (67%")
                && said.contains("n 3"),
            "{said}"
        );
        assert!(closure_words(closure(&[], today)).contains("n 0"));
    }
}
