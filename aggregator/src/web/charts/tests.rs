//! Drawings say their finding in words, draw what there is and nothing else, and carry their own look.

#![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

use jiff::ToSpan;
use jiff::civil::Date;
use wardvoice_protocol::id::Hash;

use super::control::{Control, Event, Size};
use super::*;
use crate::scoring::{
    ChartKind, ComparedWard, Comparison, CurvePoint, Finding, LimitSheet, Measure, PlaceInFunnel, RunSheet,
    ScaleSheet, Signal, SignalGroup, SignalPoint, Standing, VersionSheet, say,
};
use crate::statistics::xmr::{Assurance, Improvement, Kind, Side, Variation};

fn figure(value: f64, half: f64, n: u64) -> Figure {
    Figure {
        value: Some(value),
        n,
        lower: Some((value - half).max(0.0)),
        upper: Some((value + half).min(10.0)),
        why: None,
    }
}

fn missing() -> Figure {
    Figure { value: None, n: 0, lower: None, upper: None, why: Some("nobody answered".to_owned()) }
}

fn point(number: i32, value: Option<f64>, kind: Kind) -> SignalPoint {
    let first_day = Date::constant(2026, 1, 5).saturating_add((14 * (number - 1)).days());
    SignalPoint {
        period: format!("2026-F{number:02}"),
        first_day,
        last_day: first_day.saturating_add(13.days()),
        standing: Standing::Final,
        figure: value.map_or_else(missing, |value| figure(value, 0.6, 16)),
        mean: Some(8.0),
        lower_limit: Some(6.9),
        upper_limit: Some(10.4),
        kind: value.map(|_| kind),
        variation: value.map(|_| Variation::of(kind, Improvement::Increase)),
    }
}

/// Seven dots, a gap, seven above the mean, and one that still runs; limits start afresh at the third.
fn kindness() -> Signal {
    let mut points: Vec<SignalPoint> =
        (1..=7).map(|number| point(number, Some(7.0 + f64::from(number % 3) * 0.3), Kind::Common)).collect();
    points.push(point(8, None, Kind::Common));
    points.extend((9..=15).map(|number| point(number, Some(8.6), Kind::Shift(Side::High))));
    let mut signal = Signal {
        unit: "ward:W7".parse().unwrap(),
        unit_name: "Ward 7".to_owned(),
        measure: "domain:kindness".parse().unwrap(),
        label: "Kindness".to_owned(),
        until: "2026-F16".to_owned(),
        definition: VersionSheet { id: "inpatient".to_owned(), version: 2, hash: Hash::ZERO },
        per_cent: false,
        scale: ScaleSheet { lowest: 0.0, highest: 10.0 },
        chart: ChartKind::Xmr,
        provisional: Some(SignalPoint { mean: None, kind: None, ..point(16, Some(9.1), Kind::Common) }),
        groups: vec![
            SignalGroup { first: 0, length: 2, values: 2, trial: true, reason: None },
            SignalGroup {
                first: 2,
                length: 13,
                values: 12,
                trial: false,
                reason: Some("a new building".to_owned()),
            },
        ],
        finding: Finding::Signal,
        last_heard: None,
        variation: points.last().and_then(|point| point.variation),
        run_length: 7,
        target: Some(8.5),
        assurance: Assurance::Inconsistent,
        run_chart: RunSheet {
            median: None,
            longest_run: None,
            longest_run_limit: None,
            crossings: None,
            crossings_limit: None,
            signal: false,
        },
        near_ceiling: true,
        words: String::new(),
        points,
    };
    signal.words = say(&signal);
    signal
}

fn action() -> Event {
    Event { day: Date::constant(2026, 4, 20), number: 3, words: "Soft bins <b>.".to_owned(), step: None }
}

fn drawn(signal: &Signal, size: Size) -> String {
    let window = Window::of(std::iter::once(signal));
    Control { signal, window, events: &[action()], size }.draw().into_string()
}

#[test]
fn a_bar_shows_the_value_and_its_interval_on_the_whole_scale() {
    insta::assert_snapshot!("bar", bar("Kindness", &figure(8.44, 0.5, 31), Scale::Points).into_string());
    insta::assert_snapshot!("bar_at_the_top", bar("Respect", &figure(10.0, 0.0, 12), Scale::Points).into_string());
    insta::assert_snapshot!("bar_without_answers", bar("Pain", &missing(), Scale::Points).into_string());
}

#[test]
fn a_control_chart_says_its_finding_and_draws_each_thing_in_its_own_shape() {
    let large = drawn(&kindness(), Size::Large);
    for said in [
        "<title>Kindness: Ward 7</title>",
        "Kindness: 7 fortnights above the mean. This is unlikely to be chance.",
        "The upper limit lies above the scale and is drawn on its edge.",
        "2026-F16 still runs: 9.1 (n 16, 8.5 to 9.7), provisional.",
        "Limits start afresh: a new building.",
        "Action 3 on 20 April 2026: Soft bins &lt;b&gt;.",
        "target 8.5",
    ] {
        assert!(large.contains(said), "{said}: {large}");
    }
    assert_eq!(large.matches("<circle").count(), 1, "the fortnight that still runs is hollow");
    insta::assert_snapshot!("control_large", large.replace('>', ">\n"));
    insta::assert_snapshot!("control_small", drawn(&kindness(), Size::Small).replace('>', ">\n"));
}

/// The first answers of a fortnight would otherwise move every point of every chart, one way and then back.
#[test]
fn a_fortnight_that_has_only_begun_does_not_stretch_the_drawing() {
    let of = |n: u64, value: Option<f64>| {
        let mut signal = kindness();
        let running = &mut signal.provisional.as_mut().unwrap().figure;
        (running.n, running.value) = (n, value);
        (Window::of(std::iter::once(&signal)), signal)
    };
    let (without, _) = of(0, None);
    let (begun, signal) = of(9, Some(0.0));
    assert_eq!(begun, without);
    let drawing = drawn(&signal, Size::Small);
    assert!(drawing.contains("cy=\"78\""), "it is drawn on the edge: {drawing}");
    assert!(drawing.contains("2026-F16 still runs: 0.0 (n 9"), "and said: {drawing}");
    assert!(of(10, Some(0.0)).0.from < without.from, "what many say is shown where it lies");
}

#[test]
fn a_gap_breaks_the_line_and_a_rebasing_does() {
    let small = drawn(&kindness(), Size::Small);
    let thread = small.split("stroke-linejoin=\"round\"").next().unwrap();
    let thread = thread.rsplit("d=\"").next().unwrap();
    assert_eq!(thread.matches('M').count(), 3, "{thread}");
}

#[test]
fn a_share_says_its_finding_and_fills_what_it_says() {
    let check = |percent: u64, width: &str| {
        let drawing = share("Have staff been kind to you?", "said “Yes, always”", percent, 87).into_string();
        assert!(drawing.contains("<title>Have staff been kind to you?</title>"), "{drawing}");
        assert!(
            drawing.contains(&format!("<desc>{percent}% of 87 people said “Yes, always”</desc>")),
            "{drawing}"
        );
        assert!(drawing.contains(&format!("width=\"{width}\" height=\"24\" fill=\"#14808a\"")), "{drawing}");
    };
    check(0, "0");
    check(85, "510");
    check(100, "600");
    check(101, "600");
}

#[test]
fn drawings_carry_their_own_look() {
    let all = [
        drawn(&kindness(), Size::Large),
        bar("Kindness", &figure(8.4, 0.5, 31), Scale::Points).into_string(),
        progress("Plan", 3, 9).into_string(),
        share("Have staff been kind to you?", "said “Yes, always”", 85, 87).into_string(),
        funnel(&comparison(12)).unwrap().into_string(),
        icons::variation(&kindness()).into_string(),
        icons::assurance(&kindness()).unwrap().into_string(),
    ];
    for drawing in all {
        assert!(!drawing.contains("class=") && !drawing.contains("style="), "{drawing}");
    }
}

#[test]
fn every_finding_has_a_picture_of_its_own() {
    let mut pictures = Vec::new();
    let findings = [
        (Finding::Signal, Variation::Improvement(Side::High)),
        (Finding::Signal, Variation::Improvement(Side::Low)),
        (Finding::Signal, Variation::Concern(Side::High)),
        (Finding::Signal, Variation::Concern(Side::Low)),
        (Finding::Common, Variation::Common),
        (Finding::TooFew, Variation::Common),
        (Finding::Silent, Variation::Common),
    ];
    for (finding, variation) in findings {
        let signal = Signal { finding, variation: Some(variation), ..kindness() };
        let picture = icons::variation(&signal).into_string();
        // Without their colours they are still different.
        pictures.push(picture.replace(palette::TEAL, "").replace(palette::ORANGE, ""));
    }
    for assurance in [Assurance::Pass, Assurance::Fail, Assurance::Inconsistent] {
        let signal = Signal { assurance, ..kindness() };
        let picture = icons::assurance(&signal).unwrap().into_string();
        pictures.push(picture.replace(palette::TEAL, "").replace(palette::ORANGE, ""));
    }
    pictures.sort();
    pictures.dedup();
    assert_eq!(pictures.len(), 10);
    assert!(icons::assurance(&Signal { finding: Finding::TooFew, ..kindness() }).is_none());
}

fn comparison(wards: u64) -> Comparison {
    let limits = |n: u64| {
        let error = 2.0 / (n as f64).sqrt();
        LimitSheet {
            lower_95: 8.4 - 1.96 * error,
            upper_95: 8.4 + 1.96 * error,
            lower_998: 8.4 - 3.09 * error,
            upper_998: 8.4 + 3.09 * error,
        }
    };
    let places = [
        (8.4, PlaceInFunnel::Inside),
        (7.1, PlaceInFunnel::FarBelow),
        (8.0, PlaceInFunnel::Below),
        (8.9, PlaceInFunnel::Above),
        (9.6, PlaceInFunnel::FarAbove),
    ];
    let ward = |number: u64| {
        let (value, place) = places.get(usize::try_from(number).unwrap() % places.len()).copied().unwrap();
        let n = 20 + 17 * number;
        ComparedWard {
            unit: format!("ward:W{number}").parse().unwrap(),
            name: format!("Ward {number}"),
            n,
            value,
            limits: Some(limits(n)),
            place,
        }
    };
    let numbers = [18, 60, 120, 240];
    Comparison {
        unit: "trust:T".parse().unwrap(),
        unit_name: "The trust".to_owned(),
        measure: Measure::Overall,
        label: "Overall".to_owned(),
        first_day: Date::constant(2026, 1, 5),
        last_day: Date::constant(2026, 6, 28),
        per_cent: false,
        scale: ScaleSheet { lowest: 0.0, highest: 10.0 },
        target: Some(8.4),
        phi: Some(1.4),
        adjusted: false,
        i_squared: Some(20.0),
        p: Some(0.2),
        wards: (0..wards).map(ward).collect(),
        left_out: Vec::new(),
        curve: numbers.map(|n| CurvePoint { n, limits: limits(n) }).to_vec(),
        words: "Overall: said in words.".to_owned(),
    }
}

#[test]
fn a_funnel_names_only_who_lies_far_outside() {
    let drawing = funnel(&comparison(5)).unwrap().into_string();
    assert!(drawing.contains("<desc>Overall: said in words.</desc>"));
    assert_eq!(drawing.matches(">Ward 1</text>").count(), 1);
    assert_eq!(drawing.matches(">Ward 4</text>").count(), 1);
    assert!(!drawing.contains(">Ward 0</text>") && !drawing.contains(">Ward 2</text>"));
    assert!(drawing.contains("<title>Ward 2: 8.0, n 54</title>"));
    assert!(funnel(&comparison(1)).is_none(), "one ward is nothing to compare");
    insta::assert_snapshot!("funnel", drawing.replace('>', ">\n"));
}

#[test]
fn nothing_drawn_is_not_a_number() {
    let whole = kindness();
    let empty = Signal { points: Vec::new(), provisional: None, groups: Vec::new(), ..whole.clone() };
    let one = Signal { points: vec![point(1, Some(0.0), Kind::Common)], provisional: None, ..whole.clone() };
    let gap = Signal { points: vec![point(1, None, Kind::Common)], provisional: None, ..whole.clone() };
    let mut odd = whole.clone();
    odd.points.iter_mut().for_each(|point| {
        point.upper_limit = Some(f64::INFINITY);
        point.lower_limit = Some(f64::NAN);
    });
    for signal in [empty, one, gap, odd] {
        for size in [Size::Small, Size::Large] {
            let drawing = drawn(&signal, size);
            assert!(!drawing.contains("NaN") && !drawing.contains("inf"), "{drawing}");
        }
    }
    let mut flat = comparison(2);
    flat.curve.clear();
    flat.target = None;
    flat.wards.iter_mut().for_each(|ward| (ward.n, ward.value, ward.limits) = (7, 10.0, None));
    let drawing = funnel(&flat).unwrap().into_string();
    assert!(!drawing.contains("NaN") && !drawing.contains("inf"), "{drawing}");
    assert!(progress("Plan", 3, 0).into_string().contains("width=\"0\""));
}
