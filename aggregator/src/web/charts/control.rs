//! The control chart: a measure over fortnights, its centre line and limits, what the rules found, changes on their day.
//!
//! | drawn | meaning |
//! |---|---|
//! | small dot | a fortnight like the others |
//! | large round dot, teal | a signal on the better side |
//! | diamond, orange | a signal on the worse side |
//! | hollow dot | the fortnight that still runs |
//! | no mark, and a break in the line | nobody answered |
//! | dashed lines, dotted while on trial | limits; where one lies outside the scale it is drawn on the scale's edge |
//! | two thin upright lines | limits start afresh |
//! | upright dashes with a flag and a number | an action was done; thick level strokes are the people before and after |

use std::fmt::Write as _;

use jiff::civil::Date;
use maud::{Markup, html};

use super::palette::{FONT, INK, ORANGE, TEAL};
use super::{Window, round};
use crate::scoring::{EffectSheet, Signal, SignalGroup, SignalPoint, assurance_words};
use crate::statistics::xmr::Variation;
use crate::web::words::{self, Scale};

/// How a chart is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Size {
    /// One of many, without letters.
    Small,
    /// By itself, with its axes.
    Large,
}

/// Something on a day.
#[derive(Debug, Clone)]
pub(crate) struct Event {
    /// The day.
    pub(crate) day: Date,
    /// The number of the action.
    pub(crate) number: u32,
    /// What was done.
    pub(crate) words: String,
    /// What it came to in this measure.
    pub(crate) step: Option<EffectSheet>,
}

/// A chart.
pub(crate) struct Control<'a> {
    /// What is drawn.
    pub(crate) signal: &'a Signal,
    /// From where to where.
    pub(crate) window: Window,
    /// What was done.
    pub(crate) events: &'a [Event],
    /// How.
    pub(crate) size: Size,
}

/// The geometry of a size.
struct Frame {
    width: f64,
    height: f64,
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
}

const SMALL: Frame = Frame { width: 240.0, height: 84.0, left: 6.0, right: 6.0, top: 11.0, bottom: 6.0 };
const LARGE: Frame = Frame { width: 720.0, height: 300.0, left: 50.0, right: 14.0, top: 34.0, bottom: 42.0 };

/// The days of a fortnight.
const DAYS: f64 = 14.0;

impl Control<'_> {
    /// The drawing.
    pub(crate) fn draw(&self) -> Markup {
        let frame = self.frame();
        let is_large = self.size == Size::Large;
        html! {
            svg role="img" viewBox=(format!("0 0 {} {}", frame.width, frame.height)) preserveAspectRatio="xMinYMid meet" fill="none" font-family=(FONT) font-size="14" {
                title { (self.signal.label) ": " (self.signal.unit_name) }
                desc { (self.said()) }
                @if is_large { (self.axes()) }
                @for group in &self.signal.groups { (self.lines(group)) }
                @if let Some(target) = self.signal.target { (self.target(target)) }
                @for group in self.signal.groups.iter().filter(|group| group.reason.is_some()) { (self.rebasing(group)) }
                @for event in self.events { (self.event(event)) }
                path d=(self.thread()) stroke=(INK) stroke-opacity="0.5" stroke-width="1.5" stroke-linejoin="round" {}
                (self.marks())
            }
        }
    }

    /// The finding in words, as a screen reader hears it.
    pub(crate) fn said(&self) -> String {
        let signal = self.signal;
        let mut said = signal.words.clone();
        if let Some(assurance) = assurance_words(signal) {
            write!(said, " {assurance}.").unwrap_or_default();
        }
        if signal.near_ceiling {
            said.push_str(" The upper limit lies above the scale and is drawn on its edge.");
        }
        if let Some(point) = signal.provisional.as_ref().filter(|point| point.figure.value.is_some()) {
            let figure = words::figure(&point.figure, self.scale());
            write!(said, " {} still runs: {figure}, provisional.", point.period).unwrap_or_default();
        }
        for group in &signal.groups {
            if let Some(reason) = &group.reason {
                write!(said, " Limits start afresh: {reason}.").unwrap_or_default();
            }
        }
        for event in self.events {
            write!(said, " Action {} on {}: {}", event.number, words::day(event.day), event.words)
                .unwrap_or_default();
        }
        said
    }

    fn scale(&self) -> Scale {
        if self.signal.per_cent { Scale::PerCent } else { Scale::Points }
    }

    fn frame(&self) -> &'static Frame {
        if self.size == Size::Large { &LARGE } else { &SMALL }
    }

    /// How many places there are.
    fn places(&self) -> f64 {
        (self.signal.points.len() + usize::from(self.signal.provisional.is_some())) as f64
    }

    /// The middle of a place; places are counted from 0 and may be parts.
    fn x(&self, place: f64) -> f64 {
        let frame = self.frame();
        let width = frame.width - frame.left - frame.right;
        round(frame.left + width * (place + 0.5) / self.places().max(1.0))
    }

    fn y(&self, value: f64) -> f64 {
        let frame = self.frame();
        let height = frame.height - frame.top - frame.bottom;
        round(frame.top + height * (1.0 - self.window.share(value)))
    }

    /// Where a day lies among the places; `None` outside the chart.
    fn place_of(&self, day: Date) -> Option<f64> {
        let first = self.signal.points.iter().chain(&self.signal.provisional).next()?.first_day;
        let days = f64::from(first.until(day).ok()?.get_days());
        let place = days / DAYS - 0.5;
        (place >= -0.5 && place <= self.places() - 0.5).then_some(place)
    }

    fn axes(&self) -> Markup {
        let frame = self.frame();
        let bottom = frame.height - frame.bottom;
        let all: Vec<&SignalPoint> = self.signal.points.iter().chain(&self.signal.provisional).collect();
        // At most ten names fit below each other's shoulders.
        let every = all.len().div_ceil(10).max(1);
        let is_named = |place: usize| (all.len() - 1 - place).is_multiple_of(every);
        html! {
            @for tick in self.window.ticks() {
                line x1=(frame.left) x2=(frame.width - frame.right) y1=(self.y(tick)) y2=(self.y(tick)) stroke=(INK) stroke-opacity="0.12" {}
                text x=(frame.left - 6.0) y=(round(self.y(tick) + 5.0)) text-anchor="end" fill=(INK) fill-opacity="0.8" { (self.scale().write(tick)) }
            }
            @for (place, point) in all.iter().enumerate().filter(|(place, _)| is_named(*place)) {
                text x=(self.x(place as f64)) y=(bottom + 18.0) text-anchor="middle" fill=(INK) fill-opacity="0.8" { (number(&point.period)) }
                @if place.checked_sub(every).and_then(|before| all.get(before)).is_none_or(|before| year(&before.period) != year(&point.period)) {
                    text x=(self.x(place as f64)) y=(bottom + 36.0) text-anchor="middle" fill=(INK) fill-opacity="0.8" { (year(&point.period)) }
                }
            }
        }
    }

    /// Centre line and limits of a group.
    fn lines(&self, group: &SignalGroup) -> Markup {
        let points = self.signal.points.get(group.first..group.first + group.length).unwrap_or_default();
        let of = |get: fn(&SignalPoint) -> Option<f64>| self.level(group.first, points, get);
        let dashes = if group.trial { "1.5 3.5" } else { "6 4" };
        html! {
            path d=(of(|point| point.mean)) stroke=(INK) stroke-opacity="0.75" stroke-width="1" {}
            path d=(of(|point| point.lower_limit) + &of(|point| point.upper_limit)) stroke=(INK) stroke-opacity="0.75" stroke-width="1" stroke-dasharray=(dashes) {}
        }
    }

    /// A line that may step from point to point.
    fn level(&self, first: usize, points: &[SignalPoint], get: fn(&SignalPoint) -> Option<f64>) -> String {
        let mut path = String::new();
        let mut drawn: Option<f64> = None;
        for (place, point) in points.iter().enumerate() {
            let Some(value) = get(point) else {
                drawn = None;
                continue;
            };
            let (middle, height) = ((first + place) as f64, self.y(value));
            let (from, to) = (self.x(middle - 0.5), self.x(middle + 0.5));
            match drawn {
                #[expect(clippy::float_cmp, reason = "the same height was rounded the same way")]
                Some(before) if before == height => write!(path, "H{to}").unwrap_or_default(),
                Some(_) => write!(path, "V{height}H{to}").unwrap_or_default(),
                None => write!(path, "M{from} {height}H{to}").unwrap_or_default(),
            }
            drawn = Some(height);
        }
        path
    }

    fn target(&self, target: f64) -> Markup {
        let (frame, height) = (self.frame(), self.y(target));
        html! {
            line x1=(frame.left) x2=(frame.width - frame.right) y1=(height) y2=(height) stroke=(TEAL) stroke-width="1.5" stroke-dasharray="10 3 2 3" {}
            @if self.size == Size::Large {
                text x=(frame.left + 4.0) y=(round(height - 5.0)) fill=(INK) { "target " (self.scale().write(target)) }
            }
        }
    }

    fn rebasing(&self, group: &SignalGroup) -> Markup {
        let (frame, x) = (self.frame(), self.x(group.first as f64 - 0.5));
        let bottom = frame.height - frame.bottom;
        html! {
            g stroke=(INK) stroke-width="1" {
                title { "Limits start afresh: " (group.reason.as_deref().unwrap_or_default()) }
                line x1=(round(x - 1.5)) x2=(round(x - 1.5)) y1=(frame.top) y2=(bottom) {}
                line x1=(round(x + 1.5)) x2=(round(x + 1.5)) y1=(frame.top) y2=(bottom) {}
            }
        }
    }

    fn event(&self, event: &Event) -> Markup {
        let Some(place) = self.place_of(event.day) else { return html! {} };
        let (frame, x) = (self.frame(), self.x(place));
        let bottom = frame.height - frame.bottom;
        let flag = if self.size == Size::Large { frame.top - 22.0 } else { frame.top - 9.0 };
        let side = |side: &crate::scoring::SideSheet| {
            let from = self.place_of(side.first_day).unwrap_or(-0.5);
            let to = self.place_of(side.last_day).unwrap_or(self.places() - 0.5);
            let value = side.figure.value?;
            (from <= to).then(|| format!("M{} {}H{}", self.x(from), self.y(value), self.x(to)))
        };
        let steps = event.step.as_ref().filter(|step| step.difference.is_some());
        html! {
            g {
                title { "Action " (event.number) " on " (words::day(event.day)) ": " (event.words) }
                @if let Some(step) = steps {
                    path d=(side(&step.before).unwrap_or_default() + &side(&step.after).unwrap_or_default()) stroke=(TEAL) stroke-opacity="0.6" stroke-width="4" {}
                }
                line x1=(x) x2=(x) y1=(flag) y2=(bottom) stroke=(INK) stroke-width="1.5" stroke-dasharray="3 3" {}
                path d=(format!("M{x} {flag}l8 3.5l-8 3.5z")) fill=(INK) {}
                @if self.size == Size::Large {
                    text x=(round(x + 12.0)) y=(round(flag + 9.0)) fill=(INK) { "action " (event.number) }
                }
            }
        }
    }

    /// The line through the values: a new stroke after every gap and at every re-basing.
    fn thread(&self) -> String {
        let mut path = String::new();
        let mut drawing = false;
        for (place, point) in self.signal.points.iter().enumerate() {
            let starts = self.signal.groups.iter().any(|group| group.first == place);
            if let Some(value) = point.figure.value {
                let stroke = if drawing && !starts { 'L' } else { 'M' };
                write!(path, "{stroke}{} {}", self.x(place as f64), self.y(value)).unwrap_or_default();
            }
            drawing = point.figure.value.is_some();
        }
        path
    }

    /// A mark for each point. Like ones are one path: a stroke of no length with a round end is a dot.
    fn marks(&self) -> Markup {
        let (mut plain, mut better, mut worse, mut other) =
            (String::new(), String::new(), String::new(), String::new());
        let r = if self.size == Size::Large { 6.0 } else { 4.5 };
        for (place, point) in self.signal.points.iter().enumerate() {
            let Some(value) = point.figure.value else { continue };
            let (x, y) = (self.x(place as f64), self.y(value));
            match point.variation.filter(|_| self.signal.is_told_at(place)) {
                Some(Variation::Improvement(_)) => write!(better, "M{x} {y}h.01").unwrap_or_default(),
                Some(Variation::Concern(_)) => {
                    write!(worse, "M{x} {}l{r} {r}l-{r} {r}l-{r}-{r}z", round(y - r)).unwrap_or_default();
                }
                Some(Variation::Neutral(_)) => {
                    write!(other, "M{} {}h{r}v{r}h-{r}z", round(x - r / 2.0), round(y - r / 2.0))
                        .unwrap_or_default();
                }
                Some(Variation::Common) | None => write!(plain, "M{x} {y}h.01").unwrap_or_default(),
            }
        }
        let running = self.signal.provisional.as_ref().and_then(|point| point.figure.value);
        html! {
            @if !plain.is_empty() { path d=(plain) stroke=(INK) stroke-width=(r) stroke-linecap="round" {} }
            @if !better.is_empty() { path d=(better) stroke=(TEAL) stroke-width=(1.8 * r) stroke-linecap="round" {} }
            @if !worse.is_empty() { path d=(worse) fill=(ORANGE) {} }
            @if !other.is_empty() { path d=(other) fill=(INK) {} }
            @if let Some(value) = running {
                circle cx=(self.x(self.places() - 1.0)) cy=(self.y(value)) r=(round(r * 0.7)) stroke=(INK) stroke-width="1.5" {}
            }
        }
    }
}

/// A fortnight's number in its year: "F12".
fn number(period: &str) -> &str {
    period.split_once('-').map_or(period, |(_, number)| number)
}

/// A fortnight's year.
fn year(period: &str) -> &str {
    period.split_once('-').map_or("", |(year, _)| year)
}
