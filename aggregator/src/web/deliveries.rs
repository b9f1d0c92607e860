//! Messages to people outside the pages, on the office's page: what could not be delivered, and how each contact is doing.

use maud::{Markup, html};

use super::{Web, words};
use crate::delivery::{End, Ended, Lane, Subject, Urgency};

/// So many that were given up are shown.
const SHOWN: usize = 50;

/// The section.
pub(super) fn section(web: &Web) -> Markup {
    let (given_up, lanes) = (web.desk.delivery.given_up(), web.desk.delivery.lanes());
    html! {
        section #messages.sheet.flows aria-labelledby="messages-title" {
            h2 id="messages-title" { "Messages to contacts" }
            @if web.desk.delivery.is_unwritten() {
                div.problem role="alert" { "The disk does not take what waits to be delivered. It is delivered all the same, unless Wardvoice is restarted first." }
            }
            @if given_up.is_empty() {
                p { "No message was given up in the last 28 days." }
            } @else {
                p { strong { (words::of(given_up.len() as u64, "message", "messages")) } " could not be delivered in the last 28 days and was given up. Reach those people another way." }
                (table(web, &given_up))
            }
            @if lanes.is_empty() { p.small { "No message has been sent to any contact yet." } }
            @else { ul.small { @for lane in &lanes { li { (standing(web, lane)) } } } }
        }
    }
}

fn table(web: &Web, given_up: &[Ended]) -> Markup {
    html! {
        div.scroller tabindex="0" role="group" aria-labelledby="messages-title" {
            table {
                thead { tr { th scope="col" { "Contact" } th scope="col" { "What it said" } th scope="col" { "Given up" } th scope="col" { "Why" } } }
                tbody {
                    @for ended in given_up.iter().take(SHOWN) {
                        tr {
                            th scope="row" { (ended.contact) }
                            td { (ended.title) small { (kind(&ended.subject)) } }
                            td { (words::ago(ended.at, web.now(), web.desk.scoring.calendar())) }
                            td { @if let End::GivenUp(why) = &ended.end { (why) } }
                        }
                    }
                }
            }
        }
        @if given_up.len() > SHOWN { p.small { (words::count((given_up.len() - SHOWN) as u64)) " older ones are not shown." } }
    }
}

fn kind(subject: &Subject) -> &'static str {
    match subject {
        Subject::Help { .. } => "a request for help",
        Subject::Alert { .. } => "an alert",
        Subject::Digest { .. } => "the alerts of a day",
        Subject::Test => "a test",
    }
}

/// "site-manager, help: 2 wait, it did not answer in time; the last was delivered 3 minutes ago".
fn standing(web: &Web, lane: &Lane) -> Markup {
    let ago = |moment| words::ago(moment, web.now(), web.desk.scoring.calendar());
    let what = match lane.urgency {
        Urgency::Help => "help",
        Urgency::Ordinary => "alerts",
    };
    html! {
        strong { (lane.contact) } ", " (what) ": "
        @if lane.waiting == 0 { "nothing waits" } @else { (words::count(lane.waiting as u64)) " to be delivered" }
        @if let Some((failure, _)) = lane.failing { ", " strong { (failure) } }
        "; " @match lane.delivered { Some(moment) => { "the last was delivered " (ago(moment)) }, None => "none was delivered yet", } "."
    }
}
