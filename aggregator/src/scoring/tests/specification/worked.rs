//! The vectors of what is made of scores: control charts, units beside each other, named consultants, small numbers. They give numbers
//! instead of people, and call what pages and reports call.

use std::fmt::Write as _;

use crate::statistics::expected_range::{self, expected_range};
use crate::statistics::moving_range::Screening;
use crate::statistics::national_suppression::{Row as Counted, Verdict, suppress_nationally};
use crate::statistics::reliability::{answers_needed, spearman_brown};
use crate::statistics::variation::{reliability, shrink};
use crate::statistics::xmr::{Assurance, Chart, Improvement, Settings, Signals, TwoOfThree, xmr};

/// A worked example: what is given, and what must come of it.
pub(super) struct Worked {
    pub(super) title: &'static str,
    pub(super) vectors: &'static str,
    pub(super) says: &'static str,
    formula: &'static str,
    source: &'static str,
    pub(super) rows: Vec<Row>,
}

/// One thing that must come of what is given.
pub(super) struct Row {
    given: String,
    pub(super) what: &'static str,
    /// To as many digits as are written.
    pub(super) must_be: &'static str,
    pub(super) found: Found,
}

/// What came of it.
#[derive(Debug)]
pub(super) enum Found {
    Number(Option<f64>),
    Words(String),
}

fn number(given: &str, what: &'static str, must_be: &'static str, found: impl Into<Option<f64>>) -> Row {
    Row { given: given.to_owned(), what, must_be, found: Found::Number(found.into()) }
}

fn words(given: &str, what: &'static str, must_be: &'static str, found: String) -> Row {
    Row { given: given.to_owned(), what, must_be, found: Found::Words(found) }
}

pub(super) fn worked() -> Vec<Worked> {
    vec![
        screening(),
        trend(),
        two_of_three(),
        assurance(),
        over_dispersion(),
        answers_for_a_name(),
        best_guess(),
        national_first(),
        national_second(),
        national_cascade(),
    ]
}

/// Where to write of an example on the page.
pub(super) fn write(page: &mut String, place: usize, worked: &Worked) {
    let Worked { title, vectors, says, formula, source, rows } = worked;
    writeln!(page, "\n## {place}. {title} ({vectors})\n\n{says}\n").unwrap();
    writeln!(page, "Formula: {formula}  \nSource: {source}\n").unwrap();
    page.push_str("| given | figure | must be |\n|---|---|---|\n");
    for Row { given, what, must_be, .. } in rows {
        writeln!(page, "| {given} | {what} | {must_be} |").unwrap();
    }
}

const PLOT_THE_DOTS: &str = "NHS England, Making Data Count; R `NHSRplotthedots`";
const NATIONAL_RULES: &str = "NHS England, The Friends and Family Test: guidance, as its own pipeline has it (github.com/nhsengland/fft_pipeline)";

fn chart(values: &[f64], screening: Screening, target: Option<f64>, improvement: Improvement) -> Chart {
    let values: Vec<Option<f64>> = values.iter().copied().map(Some).collect();
    let settings = Settings {
        improvement,
        target,
        rebase_at: Vec::new(),
        fix_after: None,
        screening,
        two_of_three: TwoOfThree::Since2023,
    };
    xmr(&values, &settings).unwrap()
}

/// How many points a rule flags.
fn flagged(chart: &Chart, is_flagged: impl Fn(&Signals) -> bool) -> f64 {
    chart.points.iter().flatten().filter(|signals| is_flagged(signals)).count() as f64
}

fn screening() -> Worked {
    let values = [1., 2., 1., 2., 10., 1., 2., 1., 2., 1., 2., 1., 2., 1., 2., 1., 2., 1.];
    let given = "1 2 1 2 10 1 2 1 2 1 2 1 2 1 2 1 2 1";
    let screened = chart(&values, Screening::On, None, Improvement::Increase);
    let plain = chart(&values, Screening::Off, None, Improvement::Increase);
    let [with, without] = [&screened, &plain].map(|chart| chart.groups.first().unwrap());
    let (narrow, wide) = (with.limits.unwrap(), without.limits.unwrap());
    let on = format!("{given}, screened");
    let off = format!("{given}, not screened");
    Worked {
        title: "Limits of a control chart, with and without screening",
        vectors: "T-07 and T-08",
        says: "One moving range that is far too large widens the limits for everybody; screened, it is left out of them once. The point itself is \
               flagged all the more.",
        formula: "limits = mean ± 2.66 × mean moving range; screened: ranges of 3.267 times their mean and more are left out",
        source: PLOT_THE_DOTS,
        rows: vec![
            number(&on, "mean", "1.94", with.mean),
            number(&on, "lower limit", "-0.72", narrow.lower),
            number(&on, "upper limit", "4.60", narrow.upper),
            number(&on, "points outside", "1", Some(flagged(&screened, |signals| signals.outside.is_some()))),
            number(&off, "lower limit", "-3.06", wide.lower),
            number(&off, "upper limit", "6.95", wide.upper),
        ],
    }
}

fn trend() -> Worked {
    let row = |values: &[f64], must_be| {
        let given: Vec<String> = values.iter().map(ToString::to_string).collect();
        let chart = chart(values, Screening::Off, None, Improvement::Increase);
        number(
            &given.join(" "),
            "points in a trend",
            must_be,
            Some(flagged(&chart, |signals| signals.trend.is_some())),
        )
    };
    Worked {
        title: "A trend is six moves the same way",
        vectors: "T-10",
        says: "It takes seven points, and two that are equal end it.",
        formula: "seven points in a row, each strictly above the one before (or each below)",
        source: PLOT_THE_DOTS,
        rows: vec![
            row(&[1., 2., 3., 4., 5., 6., 7.], "7"),
            row(&[1., 2., 3., 3., 4., 5., 6.], "0"),
            row(&[1., 2., 3., 4., 5., 6.], "0"),
        ],
    }
}

fn two_of_three() -> Worked {
    let row = |given: &str, values: &[f64], must_be| {
        let chart = chart(values, Screening::Off, None, Improvement::Increase);
        let found = Some(flagged(&chart, |signals| signals.two_of_three.is_some()));
        number(given, "points of two of three", must_be, found)
    };
    Worked {
        title: "Two of three near a limit are on one side",
        vectors: "T-12",
        says: "One point near the upper limit and the next near the lower one are no sign of a change. Two near the same limit are, with the third \
               on that side of the mean.",
        formula: "near = beyond two thirds of the way from the mean to the limit",
        source: PLOT_THE_DOTS,
        rows: vec![
            row(
                "5 6 5 6 5 6 5 8.5 2.5 5 6 5 6 5 6",
                &[5., 6., 5., 6., 5., 6., 5., 8.5, 2.5, 5., 6., 5., 6., 5., 6.],
                "0",
            ),
            row(
                "5 6 5 6 5 6 6 8 8 5 6 5 6 5 6",
                &[5., 6., 5., 6., 5., 6., 6., 8., 8., 5., 6., 5., 6., 5., 6.],
                "2",
            ),
        ],
    }
}

fn assurance() -> Worked {
    let row = |lower: f64, upper: f64, must_be| {
        // Four values about the middle that move by as much each time as makes these limits.
        let (mean, half) = (f64::midpoint(lower, upper), (upper - lower) / 5.32 / 2.0);
        let values = [mean - half, mean + half, mean - half, mean + half];
        let found = chart(&values, Screening::Off, Some(4.0), Improvement::Increase).assurance;
        words(&format!("limits {lower} and {upper}, target 4, up is better"), "the target", must_be, said(found))
    };
    Worked {
        title: "Whether a target will be met",
        vectors: "T-13",
        says: "A target beyond the far limit is met or missed time after time, by the process as it is; one between the limits is met or missed by \
               chance.",
        formula: "target < lower limit: pass; target > upper limit: fail; else inconsistent (the other way round where down is better)",
        source: PLOT_THE_DOTS,
        rows: vec![row(1.0, 3.0, "fail"), row(5.0, 7.0, "pass"), row(1.0, 5.0, "inconsistent")],
    }
}

fn said(assurance: Assurance) -> String {
    assurance.as_str().to_owned()
}

fn over_dispersion() -> Worked {
    let units = [
        (8.1, 0.20, "-2.0938"),
        (8.4, 0.15, "-1.3609"),
        (8.6, 0.25, "-0.6620"),
        (8.7, 0.10, "-0.5016"),
        (8.8, 0.12, "-0.1842"),
        (8.9, 0.10, "0.1254"),
        (9.0, 0.18, "0.3973"),
        (9.1, 0.15, "0.7100"),
        (9.3, 0.12, "1.3505"),
        (9.7, 0.10, "2.6334"),
    ];
    let scores = units.map(|(value, standard_error, _)| expected_range::Score { value, standard_error });
    let found = expected_range(&scores, None, 0.1);
    let all = "all ten, winsorised at 10 %";
    let mut rows = vec![
        number(all, "expected (theta)", "8.86", found.target),
        number(all, "phi", "5.70646", found.phi),
        number(all, "tau²", "0.0917472", found.tau2),
    ];
    let each = units.iter().zip(&found.units);
    rows.extend(each.map(|((value, error, must_be), unit)| {
        number(&format!("y {value}, s {error}"), "z with what lies between units", must_be, unit.z_adjusted)
    }));
    Worked {
        title: "Units beside each other differ by more than chance among their patients",
        vectors: "T-25",
        says: "Ten units of quite different exactness. By chance among patients alone four of them would be unusual at 95 %; with what lies between \
               units, the first and the last are.",
        formula: "z = (y - theta) / s, winsorised; phi = mean z²; tau² = max(0, (I phi - (I - 1)) / (sum w - sum w² / sum w)), w = 1/s²; \
                  z_D = (y - theta) / √(s² + tau²)",
        source: "D. J. Spiegelhalter, Handling over-dispersion of performance indicators, Quality and Safety in Health Care 14, 2005",
        rows,
    }
}

fn answers_for_a_name() -> Worked {
    const RHO: f64 = 0.082;
    let rho = "one patient's answers correlate by 0.082";
    let with = |n: u32| format!("{rho}, {n} patients");
    Worked {
        title: "How many patients a score of one name needs",
        vectors: "T-23",
        says: "Fewer patients make a score that says more about who happened to be asked than about whom they were asked about.",
        formula: "R(n) = n rho / (1 + (n - 1) rho)",
        source: "C. Spearman and W. Brown, 1910; M. J. Roberts and others, BMJ 349, 2014",
        rows: vec![
            number(rho, "patients for a reliability of 0.7", "26.1", answers_needed(RHO, 0.7)),
            number(rho, "patients for a reliability of 0.8", "44.8", answers_needed(RHO, 0.8)),
            number(&with(27), "reliability", "0.707", spearman_brown(RHO, 27.0)),
            number(&with(46), "reliability", "0.804", spearman_brown(RHO, 46.0)),
        ],
    }
}

fn best_guess() -> Worked {
    let row = |n: u32, must_be| {
        let share = reliability(0.328, (3.672 / f64::from(n)).sqrt());
        let given = format!("own mean 7.0 of n {n}, everybody's 9.0, sigma² 3.672, tau² 0.328");
        number(&given, "best guess", must_be, shrink(7.0, 9.0, share))
    };
    Worked {
        title: "The best guess at a score of few patients",
        vectors: "T-24",
        says: "What few patients say is drawn towards what everybody's patients say, by as much as it is not reliable. Reliability is shown beside \
               it.",
        formula: "B = tau² / (tau² + sigma² / n); best guess = mu + B (y - mu)",
        source: "C. N. Morris, Parametric empirical Bayes inference, Journal of the American Statistical Association 78, 1983",
        rows: vec![row(3, "8.577"), row(8, "8.166"), row(12, "7.965"), row(34, "7.495"), row(52, "7.354")],
    }
}

fn counted(rows: &[(Option<&str>, u64)]) -> Vec<Counted> {
    let row = |(parent, total): &(Option<&str>, u64)| Counted {
        code: parent.unwrap_or("x").to_owned(),
        parent: parent.map(str::to_owned),
        total: *total,
        tie_break: Vec::new(),
    };
    rows.iter().map(row).collect()
}

fn flags(verdicts: &[Verdict], is_flagged: fn(&Verdict) -> bool) -> String {
    verdicts.iter().map(|verdict| if is_flagged(verdict) { "1" } else { "0" }).collect::<Vec<_>>().join(" ")
}

fn national_first() -> Worked {
    let found = suppress_nationally(&[counted(&[(None, 0), (None, 3), (None, 5), (None, 10), (None, 2)])]);
    let first = flags(found.first().unwrap(), |verdict| verdict.first);
    Worked {
        title: "The national rule: one to four are not published",
        vectors: "T-15",
        says: "Nobody is a number like another, and is published.",
        formula: "suppressed where 0 < total < 5",
        source: NATIONAL_RULES,
        rows: vec![words("totals 0 3 5 10 2", "suppressed (first level)", "0 1 0 0 1", first)],
    }
}

fn national_second() -> Worked {
    let rows = [(Some("A"), 3), (Some("A"), 10), (Some("A"), 20), (Some("B"), 6), (Some("B"), 7)];
    let found = suppress_nationally(&[counted(&rows)]);
    let second = flags(found.first().unwrap(), |verdict| verdict.second);
    Worked {
        title: "The national rule: the next one too",
        vectors: "T-16",
        says: "One suppressed row alone could be had by subtracting, so the next larger of the same group goes with it.",
        formula: "rank the rows of a group that are not 0 by total; rank 1 suppressed and rank 2 not: suppress rank 2",
        source: NATIONAL_RULES,
        rows: vec![words(
            "groups A A A B B, totals 3 10 20 6 7",
            "suppressed (second level)",
            "0 1 0 0 0",
            second,
        )],
    }
}

fn national_cascade() -> Worked {
    let mut parents = counted(&[(None, 4), (None, 4), (None, 90)]);
    for (parent, code) in parents.iter_mut().zip(["A", "C", "B"]) {
        code.clone_into(&mut parent.code);
    }
    let children = counted(&[(Some("A"), 20), (Some("A"), 30), (Some("A"), 40), (Some("B"), 50), (Some("B"), 60)]);
    let found = suppress_nationally(&[parents, children]);
    let cascade = flags(found.get(1).unwrap(), |verdict| verdict.cascade);
    Worked {
        title: "The national rule: what is above is passed on",
        vectors: "T-18",
        says: "A parent that is not published could be had by adding up its children.",
        formula: "a parent suppressed: suppress the children of ranks 1 and 2",
        source: NATIONAL_RULES,
        rows: vec![words(
            "parent A suppressed, children A A A B B of 20 30 40 50 60",
            "suppressed (passed on)",
            "1 1 0 0 0",
            cascade,
        )],
    }
}
