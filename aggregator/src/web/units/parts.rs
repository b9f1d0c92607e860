//! The parts of the page of several wards: what a ward's page shows ([`figures`]), and what only several wards have.

use maud::{Markup, html};
use wardvoice_protocol::directory::Unit;
use wardvoice_protocol::id::WardId;

use super::{Sight, View, address, last_of, spread};
use crate::operations::ActionLine;
use crate::policy;
use crate::scoring::{Measure, variation_words};
use crate::web::charts::control::Event;
use crate::web::charts::{Window, icons};
use crate::web::comments::{self, trend};
use crate::web::figures::{self, About};
use crate::web::like_for_like::{self, WardSheet};
use crate::web::viewer::Viewer;
use crate::web::ward::Fragment;
use crate::web::words::{self, Scale};
use crate::web::{Web, actions, help, live, reports, signals, ward};

/// The page around what changes on it.
pub(super) fn around(web: &Web, viewer: &Viewer, view: &View, sight: &Sight, fragment: &Fragment) -> Markup {
    let name = view.period.to_string();
    let address = address(&view.unit, None).unwrap_or_default();
    let is_trust = matches!(view.unit, Unit::Trust(_));
    html! {
        p.crumbs {
            a href="/" { "Wards" }
            @if !is_trust && web.enter(viewer, policy::Place::Trust).is_ok() { " › " a href="/trust" { "Trust" } }
        }
        div.head {
            div {
                h1 { (view.name) }
                p.lede { (words::of(view.wards.len() as u64, "ward", "wards")) ", " (words::days(view.period.start(), view.period.last())) }
            }
            (ward::picker(web, &address, view.period, view.own))
        }
        @if is_trust {
            (reports::links(&[
                (format!("/board/report.pdf?period={name}"), "the board’s report"),
                ("/board/half-year.pdf".to_owned(), "the last half year"),
                ("/trust/you-said.pdf".to_owned(), "poster “you said, we did”"),
            ]))
        } @else {
            (reports::links(&[(format!("{address}/you-said.pdf"), "poster “you said, we did”")]))
        }
        (live::part(&sight.stream(&address, &view.measure), fragment))
        @if actions::may(web, viewer, &view.unit) { (actions::link(&address)) }
    }
}

/// All parts that change, each a section with an id of its own.
pub(super) fn body(web: &Web, view: &View) -> Markup {
    let name = view.period.to_string();
    let period = view.own.then_some(name.as_str());
    let address = address(&view.unit, None).unwrap_or_default();
    let about = About {
        unit: &view.unit,
        period: &view.period,
        asked: period,
        sheet: &view.sheet,
        outlook: &view.outlook,
        actions: &view.flagged,
        final_after_days: web.desk.scoring.final_after_days(),
        today: view.today,
    };
    html! {
        (help::of_wards(&view.unit, &view.waiting, view.now))
        (standing(web, view, &about))
        (figures::glance(&about, &html! {}))
        (over_time(view, &about))
        (signals::what_changed(&view.outlook, |measure| about.link(measure)))
        (figures::domains(&about, Window::of(view.outlook.scores())))
        (figures::friends_and_family(&about))
        (small_multiples(view, period, &address))
        (spread((*view.comparison).as_ref(), &view.period))
        (beside_each_other(view, period))
        (actions(web, view))
        (comments::section_of_wards(&view.comments, &|id| whose(view, id, period)))
        (trend::section(&view.themes))
        (figures::not_shown(&view.sheet))
        (figures::versions(&about))
    }
}

/// One sentence for a screen reader.
pub(super) fn said(view: &View) -> String {
    if !view.waiting.is_empty() {
        return format!("{} for help.", words::of(view.waiting.len() as u64, "person asks", "people ask"));
    }
    figures::said(&view.sheet)
}

/// The name of a ward with the way to its page.
fn whose(view: &View, id: &WardId, period: Option<&str>) -> Markup {
    let name = view.heard.iter().find(|ward| ward.id == *id).map_or(id.as_str(), |ward| ward.name.as_str());
    html! { a href=(ward::address(id, period)) { (name) } }
}

/// Which days, whether they may still fill, and which wards are silent.
fn standing(web: &Web, view: &View, about: &About<'_>) -> Markup {
    if !about.is_running() {
        return figures::standing(about, None, &html! {});
    }
    let silent: Vec<_> = view.heard.iter().filter(|ward| ward.presence.is_silent(view.now)).collect();
    let all = view.heard.len();
    let heard = format!(
        "{} of {} heard from in the last 3 days.",
        all - silent.len(),
        words::of(all as u64, "ward", "wards")
    );
    let calendar = web.desk.scoring.calendar();
    let note = html! {
        @if !silent.is_empty() {
            div.note {
                strong { (words::of(silent.len() as u64, "ward is silent.", "wards are silent.")) }
                " Silence is not the same as no change: what is missing here may be theirs."
                ul {
                    @for ward in silent {
                        li { a href=(ward::address(&ward.id, None)) { (ward.name) } ": " (ward.presence.last_heard(view.now, calendar)) }
                    }
                }
            }
        }
    };
    figures::standing(about, Some(&heard), &note)
}

/// The wards' scores, plain and like for like.
fn beside_each_other(view: &View, period: Option<&str>) -> Markup {
    let wards = view.heard.iter().map(|ward| WardSheet { id: &ward.id, name: &ward.name, sheet: &ward.sheet });
    like_for_like::of_wards(&wards.collect::<Vec<_>>(), period)
}

/// The overall score, fortnight by fortnight.
fn over_time(view: &View, about: &About<'_>) -> Markup {
    html! {
        @if let Some(signal) = view.outlook.get(&Measure::Overall) {
            section #over-time.sheet.flows aria-labelledby="over-time-title" {
                h2 id="over-time-title" { "Overall, fortnight by fortnight" }
                (signals::by_itself(signal, &signals::events(&view.flagged, &signal.measure)))
                p.small { a href=(about.link(&signal.measure)) { "The chart by itself" } }
            }
        }
    }
}

/// One small chart a ward, all of one measure and in one window.
fn small_multiples(view: &View, period: Option<&str>, address: &str) -> Markup {
    let window = Window::of(view.wards.iter().map(|ward| &ward.signal));
    let label = view.wards.first().map(|ward| ward.signal.label.clone()).unwrap_or_default();
    let scale = if view.measure.is_share() { Scale::PerCent } else { Scale::Points };
    html! {
        section #wards.sheet.flows aria-labelledby="wards-title" {
            h2 id="wards-title" { "Ward by ward: " (label) }
            (signals::chooser(&view.outlook, &view.measure, period, &format!("{address}#wards"), "What to compare"))
            p.aside {
                "In alphabetical order. All charts run from " (scale.write(window.from)) " to " (scale.write(window.to)) ". A large dot is better than "
                "chance gives, a diamond worse, a flag an action, a gap a fortnight without answers."
            }
            ul.multiples {
                @for ward in &view.wards {
                    @let events = events(view, &ward.id);
                    li {
                        h3 { a href=(ward::address(&ward.id, period)) { (ward.name) } }
                        @if !ward.signal.points.is_empty() || ward.signal.provisional.is_some() { (signals::small(&ward.signal, window, &events)) }
                        div.said { (icons::variation(&ward.signal)) a href=(signals::address(&ward.signal.unit, &view.measure, period)) { (variation_words(&ward.signal)) span.hidden { ": the chart of " (ward.name) } } }
                        p.small { (last_of(&ward.signal)) }
                    }
                }
            }
        }
    }
}

fn events(view: &View, ward: &WardId) -> Vec<Event> {
    let is_own = |action: &&ActionLine| matches!(&action.unit, Unit::Ward(id) if id == ward);
    let own: Vec<ActionLine> = view.actions.iter().filter(is_own).cloned().collect();
    signals::events(&own, &view.measure)
}

fn actions(web: &Web, view: &View) -> Markup {
    let name = |unit: &Unit| web.desk.scoring.unit_name(unit).filter(|_| *unit != view.unit);
    let open: Vec<ActionLine> = view.actions.iter().filter(|action| action.done.is_none()).cloned().collect();
    let done: Vec<ActionLine> = view.actions.iter().filter(|action| action.done.is_some()).cloned().collect();
    html! {
        section #actions.sheet.flows aria-labelledby="actions-title" {
            h2 id="actions-title" { "You said, we did" }
            p {
                (words::of(open.len() as u64, "action", "actions")) " open, "
                (words::count(open.iter().filter(|action| action.overdue).count() as u64)) " of them overdue; " (words::count(done.len() as u64)) " done."
            }
            @if !open.is_empty() { (signals::action_list(&open, name)) }
            @if !done.is_empty() {
                details id="actions-done" {
                    summary id="actions-done-title" { "What is done, and what it came to" }
                    (signals::action_list(&done, name))
                }
            }
        }
    }
}
