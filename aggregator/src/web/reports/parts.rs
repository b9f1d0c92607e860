//! What reports are made of, from what pages are drawn from.

use maud::Markup;
use wardvoice_paper::{
    Action, ActionSummary, Chart, Column, Comment, Count, Coverage, Fact, Figure, Finding, Foot, Friends, Front,
    Log, Measured, Rules, Spread, Table, Tone,
};
use wardvoice_protocol::contact::Mode;
use wardvoice_protocol::directory::Unit;
use wardvoice_protocol::fortnight::Period;

use crate::comments::{Released, Tone as CommentTone};
use crate::facts::LogHead;
use crate::operations::ActionLine;
use crate::scoring::{
    self, Comparison, DomainSheet, EffectFinding, Measure, ScoreSheet, Signal, Standing, VersionSheet,
    assurance_words, variation_words,
};
use crate::web::board::parts as board;
use crate::web::books::Books;
use crate::web::charts::control::{Control, Event, Size};
use crate::web::charts::{self, Window, icons, tables};
use crate::web::signals::{self, Outlook};
use crate::web::words::{self, Scale};
use crate::web::{figures, units};

/// Says that nothing here is about anybody.
const MADE_UP: &str = "Demonstration. Everything here is made up by a computer.";

pub(super) fn front(
    books: &Books<'_>,
    (title, unit, period): (String, String, String),
    notices: Vec<String>,
) -> Front {
    let made_up = books.demonstration.then(|| MADE_UP.to_owned());
    Front {
        title,
        unit,
        trust: books.directory.file().trust.name.clone(),
        period,
        made_on: books.today.to_string(),
        language: "en".to_owned(),
        notices: made_up.into_iter().chain(notices).collect(),
    }
}

/// A period in words with its days.
pub(super) fn of_period(period: &Period) -> String {
    format!("{}: {}", words::period(period), words::days(period.start(), period.last()))
}

pub(super) fn foot(sheet: &ScoreSheet, head: Option<LogHead>) -> Foot {
    Foot {
        n: Some(sheet.responses),
        standing: Some(standing(sheet.standing).to_owned()),
        revision: Some(sheet.revision),
        definition: Some(rules(&sheet.definition)),
        questionnaire: Some(rules(&sheet.questionnaire)),
        log: head.map(|head| Log { records: head.position, head: head.running.to_string() }),
    }
}

pub(super) fn standing(standing: Standing) -> &'static str {
    match standing {
        Standing::Provisional => "provisional",
        Standing::Final => "final",
    }
}

pub(super) fn rules(version: &VersionSheet) -> Rules {
    Rules { name: format!("{}@{}", version.id, version.version), hash: version.hash.to_string() }
}

pub(super) fn figure(figure: &scoring::Figure, scale: Scale) -> Figure {
    Figure {
        value: figure.value.map(|value| scale.write(value)),
        n: figure.n,
        interval: words::interval(figure, scale),
        why: figure.why.clone(),
    }
}

pub(super) fn drawing(markup: Markup, alt: String) -> Chart {
    Chart { alt, svg: markup.into_string() }
}

pub(super) fn bar(label: &str, figure: &scoring::Figure, scale: Scale) -> Chart {
    drawing(charts::bar(label, figure, scale), format!("{label}: {}", words::figure(figure, scale)))
}

/// The chart of a signal; none where there is nothing to draw.
fn control(signal: &Signal, window: Window, events: &[Event], size: Size) -> Option<Chart> {
    if signal.points.is_empty() && signal.provisional.is_none() {
        return None;
    }
    let control = Control { signal, window, events, size };
    Some(drawing(control.draw(), format!("{}, {}: {}", signal.label, signal.unit_name, control.said())))
}

/// The overall score with its large chart.
pub(super) fn overall(sheet: &ScoreSheet, outlook: &Outlook, actions: &[ActionLine]) -> Measured {
    let signal = outlook.get(&Measure::Overall);
    let chart = signal.and_then(|signal| {
        let window = Window::of(std::iter::once(signal));
        control(signal, window, &signals::events(actions, &Measure::Overall), Size::Large)
    });
    Measured {
        label: signal.map_or_else(|| "Overall".to_owned(), |signal| signal.label.clone()),
        figure: figure(&sheet.overall, Scale::Points),
        bar: Some(bar("Overall", &sheet.overall, Scale::Points)),
        chart,
        says: signal.map(says).unwrap_or_default(),
    }
}

/// The sentences of a signal.
fn says(signal: &Signal) -> Vec<String> {
    let target = assurance_words(signal).map(|said| format!("{said}."));
    std::iter::once(signal.words.clone()).chain(target).collect()
}

pub(super) fn domain(domain: &DomainSheet, outlook: &Outlook, actions: &[ActionLine], window: Window) -> Measured {
    let measure = Measure::Domain(domain.id.clone());
    let signal = outlook.get(&measure);
    let problems = outlook.get(&Measure::DomainProblem(domain.id.clone()));
    let problems = problems.filter(|_| signal.is_some_and(|signal| signal.near_ceiling));
    let mut said: Vec<String> = signal.map(|signal| format!("{}.", variation_words(signal))).into_iter().collect();
    said.extend(signal.and_then(assurance_words).map(|target| format!("{target}.")));
    said.extend(problems.map(|problems| format!("{} in problems.", variation_words(problems))));
    Measured {
        label: domain.label.to_string(),
        figure: figure(&domain.figure, Scale::Points),
        bar: Some(bar(&domain.label, &domain.figure, Scale::Points)),
        chart: signal.and_then(|signal| control(signal, window, &signals::events(actions, &measure), Size::Small)),
        says: said,
    }
}

/// What is told of a unit's signals, or why there is nothing to tell.
pub(super) fn changed(outlook: &Outlook) -> Vec<Finding> {
    let told = signals::told(outlook);
    if told.is_empty() {
        return vec![Finding { icon: None, says: signals::nothing(outlook.signals.first()) }];
    }
    let finding = |signal: &&Signal| {
        let variation = variation_words(signal);
        let icon = drawing(icons::variation(signal), variation.to_owned());
        Finding { icon: Some(icon), says: format!("{variation}. {}", signal.words) }
    };
    told.iter().map(finding).collect()
}

pub(super) fn friends(sheet: &ScoreSheet, outlook: &Outlook) -> Friends {
    let test = &sheet.friends_and_family;
    let signal = outlook.get(&Measure::FriendsAndFamily);
    let chart = signal.and_then(|signal| control(signal, Window::of(std::iter::once(signal)), &[], Size::Small));
    let counts = [
        ("Very good", test.counts.very_good),
        ("Good", test.counts.good),
        ("Neither good nor poor", test.counts.neither),
        ("Poor", test.counts.poor),
        ("Very poor", test.counts.very_poor),
        ("Don’t know", test.counts.dont_know),
    ];
    Friends {
        positive: figure(&test.positive, Scale::PerCent),
        negative: figure(&test.negative, Scale::PerCent),
        counts: counts.map(|(label, number)| count(label, number)).to_vec(),
        chart,
        says: signal.map(says).unwrap_or_default(),
    }
}

pub(super) fn count(label: impl Into<String>, count: u64) -> Count {
    Count { label: label.into(), count }
}

pub(super) fn fact(label: &str, value: impl Into<String>, note: Option<String>) -> Fact {
    Fact { label: label.to_owned(), value: value.into(), note }
}

/// Who was heard: the plan, the response rate, how they answered, the period before.
pub(super) fn reach(sheet: &ScoreSheet, period: &Period) -> Vec<Fact> {
    let mut facts = Vec::new();
    if let Some(plan) = sheet.plan {
        let done = format!("{} of {}", words::count(plan.done), words::count(plan.quota));
        let short = plan.quota.saturating_sub(plan.done);
        let note =
            if short == 0 { "The plan is met.".to_owned() } else { format!("{} to go", words::count(short)) };
        facts.push(fact("Plan", done, Some(note)));
    }
    let rate = &sheet.response_rate;
    facts.push(match rate.value {
        Some(value) => {
            let interval = words::interval(rate, Scale::PerCent);
            let interval = interval.map(|interval| format!(", 95% interval {interval}")).unwrap_or_default();
            let note = format!("of {} asked{interval}", words::people(rate.n));
            fact("Response rate", Scale::PerCent.write(value), Some(note))
        }
        None => fact("Response rate", "–", Some("n 0: nobody was asked".to_owned())),
    });
    let modes = Mode::ALL.into_iter().filter_map(|mode| {
        let count = sheet.modes.get(&mode).copied().filter(|count| *count > 0)?;
        Some(format!("{} {}", words::count(count), words::mode(mode)))
    });
    let modes: Vec<String> = modes.collect();
    let note = (!modes.is_empty()).then(|| modes.join(", "));
    facts.push(fact("How they answered", words::of(sheet.responses, "answer", "answers"), note));
    if let Some(before) = &sheet.previous {
        facts.push(fact(figures::before_word(period), words::figure(&before.overall, Scale::Points), None));
    }
    facts
}

/// An action; the name of whose it is where there are several.
pub(super) fn action(line: &ActionLine, ward: Option<String>) -> Action {
    Action {
        number: line.number,
        ward,
        standing: signals::standing(line),
        said: line.said.clone(),
        did: line.did.clone(),
        measured: line.effect.as_ref().map(|effect| format!("{}.", effect.words)),
    }
}

/// Everybody's actions, counted and told; of those that are done only the newest.
pub(super) fn actions(books: &Books<'_>, lines: &[ActionLine]) -> ActionSummary {
    const MOST_DONE: usize = 40;
    let name = |unit: &Unit| books.scoring.unit_name(unit);
    let told = |wanted: &dyn Fn(&&ActionLine) -> bool| -> Vec<Action> {
        lines.iter().filter(wanted).map(|line| action(line, name(&line.unit))).collect()
    };
    let overdue = told(&|line| line.overdue);
    let open = told(&|line| line.done.is_none() && !line.overdue);
    let mut done = told(&|line| line.done.is_some());
    let found = |finding: EffectFinding| {
        lines.iter().filter(|line| line.effect.as_ref().is_some_and(|effect| effect.finding == finding)).count()
            as u64
    };
    let loops = board::closure(lines, books.today);
    let counts = vec![
        count("overdue", overdue.len() as u64),
        count("open and not overdue", open.len() as u64),
        count("done", done.len() as u64),
        count("done with a measured improvement", found(EffectFinding::Better)),
        count("done with a measured decline", found(EffectFinding::Worse)),
        count("done with a difference that may be chance", found(EffectFinding::MayBeChance)),
        count("done with too few to tell", found(EffectFinding::TooFew)),
        count("fell due in the last year", loops.due),
        count("of those that fell due, done", loops.done),
        count("of those that fell due, done by the day", loops.in_time),
    ];
    done.truncate(MOST_DONE);
    ActionSummary { counts, overdue, open, done }
}

pub(super) fn comments(released: Vec<Released>) -> Vec<Comment> {
    const MOST: usize = 200;
    let told = |one: Released| Comment {
        tone: match one.tone {
            CommentTone::Praise => Tone::Praise,
            CommentTone::Mixed => Tone::Mixed,
            CommentTone::Criticism => Tone::Criticism,
        },
        asked: one.asked,
        text: one.text,
        language: one.language,
    };
    released.into_iter().filter(|one| !one.text.trim().is_empty()).take(MOST).map(told).collect()
}

fn columns(labels: &[(&str, bool)]) -> Vec<Column> {
    labels.iter().map(|(label, numbers)| Column { label: (*label).to_owned(), numbers: *numbers }).collect()
}

pub(super) fn table(title: &str, labels: &[(&str, bool)], rows: Vec<Vec<String>>, note: Option<String>) -> Table {
    Table { title: title.to_owned(), columns: columns(labels), rows, note }
}

/// A control chart's numbers.
pub(super) fn numbers(signal: &Signal) -> Table {
    let scale = if signal.per_cent { Scale::PerCent } else { Scale::Points };
    let write = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |value| tables::exact(scale, value));
    let points = signal.points.iter().chain(&signal.provisional).enumerate();
    let rows = points.map(|(place, point)| {
        vec![
            point.period.clone(),
            write(point.figure.value),
            words::count(point.figure.n),
            write(point.lower_limit),
            write(point.mean),
            write(point.upper_limit),
            tables::said(signal, place, point).to_owned(),
        ]
    });
    let labels = [
        ("Fortnight", false),
        ("Value", true),
        ("n", true),
        ("Lower limit", true),
        ("Mean", true),
        ("Upper limit", true),
        ("What the rules say", false),
    ];
    let note = "Limits as computed, also where they lie outside the scale.".to_owned();
    table(&signal.label, &labels, rows.collect(), Some(note))
}

/// Wards beside each other.
pub(super) fn spread(comparison: &Comparison, period: &Period) -> Spread {
    let scale = if comparison.per_cent { Scale::PerCent } else { Scale::Points };
    let exact = |value| tables::exact(scale, value);
    let between = |ends: Option<(f64, f64)>| {
        ends.map_or_else(|| "–".to_owned(), |(lower, upper)| format!("{} to {}", exact(lower), exact(upper)))
    };
    let compared = comparison.wards.iter().map(|ward| {
        vec![
            ward.name.clone(),
            exact(ward.value),
            words::count(ward.n),
            between(ward.limits.map(|limits| (limits.lower_95, limits.upper_95))),
            between(ward.limits.map(|limits| (limits.lower_998, limits.upper_998))),
            tables::lies(ward.place).to_owned(),
        ]
    });
    let left_out = comparison.left_out.iter().map(|ward| {
        let dash = || "–".to_owned();
        vec![ward.name.clone(), dash(), dash(), dash(), dash(), "not compared: 5 answers or fewer".to_owned()]
    });
    let labels = [
        ("Ward", false),
        ("Value", true),
        ("n", true),
        ("Expected, 95%", true),
        ("Expected, 99.8%", true),
        ("Lies", false),
    ];
    let note = "In alphabetical order. What is expected depends on n.".to_owned();
    let alt = || format!("{}, wards of {}: {}", comparison.label, comparison.unit_name, comparison.words);
    Spread {
        label: comparison.label.clone(),
        says: comparison.words.clone(),
        note: units::how_to_read(comparison, period),
        chart: charts::funnel(comparison).map(|markup| drawing(markup, alt())),
        numbers: table("The same as numbers", &labels, compared.chain(left_out).collect(), Some(note)),
    }
}

/// Who was heard, and who is missing.
pub(super) fn coverage(books: &Books<'_>, sheet: &ScoreSheet) -> Coverage {
    let name = |id: &str| {
        books.directory.wards().iter().find(|ward| ward.id.as_str() == id).map(|ward| ward.name.clone())
    };
    let rate = &sheet.response_rate;
    let mut said = vec![match rate.value {
        Some(value) => {
            let interval = words::interval(rate, Scale::PerCent);
            let interval = interval.map(|interval| format!(" (95% interval {interval})")).unwrap_or_default();
            let (share, people) = (Scale::PerCent.write(value), words::people(rate.n));
            format!("{share} of {people} who were asked gave answers{interval}.")
        }
        None => "Nobody has been asked in these days (n 0).".to_owned(),
    }];
    let few: Vec<_> = sheet.coverage.groups.iter().filter(|group| board::is_missing(group)).collect();
    if few.is_empty() {
        let n = words::count(sheet.responses);
        said.push(format!("No group is smaller among the answers than chance gives (n {n})."));
    } else {
        said.push("Fewer answers than expected, beyond chance:".to_owned());
        said.extend(few.iter().map(|group| format!("{}.", board::group_words(group, name))));
    }
    said.push(
        "People are compared with the standard population of the definition, wards with their share of the plan."
            .to_owned(),
    );
    let per_cent = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |value| Scale::PerCent.write(value));
    let rows = sheet.coverage.groups.iter().map(|group| {
        vec![
            board::group_name(group, name),
            words::count(group.count),
            per_cent(group.share.value),
            words::interval(&group.share, Scale::PerCent).unwrap_or_else(|| "–".to_owned()),
            per_cent(group.expected),
        ]
    });
    let labels =
        [("Group", false), ("Answers", true), ("Share", true), ("95% interval", true), ("Expected", true)];
    Coverage { says: said, groups: table("Every group", &labels, rows.collect(), None) }
}
