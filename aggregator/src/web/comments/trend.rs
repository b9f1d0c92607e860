//! What released comments are about, fortnight by fortnight: small multiples with a table, for the pages of units and for the office.

use maud::{Markup, html};
use wardvoice_protocol::directory::Unit;
use wardvoice_protocol::fortnight::Period;

use super::failed;
use crate::comments::{ThemeTones, ThemeTrend};
use crate::policy;
use crate::web::charts::{Column, Counts, counts};
use crate::web::failure::Failure;
use crate::web::sheets::run_up;
use crate::web::{Web, words};

/// So many fortnights are shown: half a year.
const FORTNIGHTS: usize = 13;
/// So many themes, those that most comments were about.
const THEMES: usize = 12;

/// Themes over fortnights.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Trends {
    fortnights: Vec<Period>,
    themes: Vec<ThemeTrend>,
}

/// What released comments of a unit were about in the half year up to a period.
pub(crate) fn of(web: &Web, unit: &Unit, period: &Period) -> Result<Trends, Failure> {
    let calendar = web.desk.scoring.calendar();
    let last = period.last().min(web.today());
    let fortnight =
        calendar.fortnight_of(last).map(Period::Fortnight).map_err(|error| Failure::internal(&error))?;
    let fortnights = run_up(calendar, &fortnight, FORTNIGHTS);
    let themes = web.desk.comments.theme_trends(unit, &fortnights).map_err(|error| failed(&error))?;
    Ok(Trends { fortnights, themes })
}

/// On the page of a unit: under the rule for small numbers, and nothing at all where no theme may be shown.
pub(crate) fn section(trends: &Trends) -> Markup {
    let rows: Vec<Counts> = trends
        .themes
        .iter()
        .map(|trend| row(trends, trend, &|tones| (policy::shown_count(tones.all()), None)))
        .filter(|row| row.columns.iter().any(|column| column.first.is_some()))
        .take(THEMES)
        .collect();
    html! {
        @if !rows.is_empty() {
            section #themes.sheet.flows aria-labelledby="themes-title" {
                h2 id="themes-title" { "What comments are about" }
                p.aside {
                    "Released comments by theme, as people have coded them, in the last " (trends.fortnights.len()) " fortnights; a comment may be about several. \
                     Fortnights with " (policy::FEWEST_SHOWN - 1) " or fewer are left blank, as are those with none."
                }
                (multiples(trends, &rows))
            }
        }
    }
}

/// For the office: every count, praise apart from criticism.
pub(crate) fn whole(trends: &Trends) -> Markup {
    let all = |tones: ThemeTones| (Some(tones.praise), Some(tones.criticism));
    let rows: Vec<Counts> = trends.themes.iter().map(|trend| row(trends, trend, &all)).collect();
    html! {
        @if rows.is_empty() {
            p { "No released comment of these fortnights has been given a theme yet (n 0)." }
        } @else {
            p.aside { "Full columns are praise, hollow ones criticism or both. Every drawing has the same scale." }
            (multiples(trends, &rows))
        }
    }
}

fn row(trends: &Trends, trend: &ThemeTrend, shown: &dyn Fn(ThemeTones) -> (Option<u64>, Option<u64>)) -> Counts {
    let columns = trends.fortnights.iter().zip(&trend.counts).map(|(fortnight, tones)| {
        let (first, second) = shown(*tones);
        Column { label: words::period(fortnight), first, second }
    });
    Counts { name: trend.label.clone(), columns: columns.collect() }
}

fn multiples(trends: &Trends, rows: &[Counts]) -> Markup {
    let height = |column: &Column| column.first.unwrap_or(0) + column.second.unwrap_or(0);
    let top = rows.iter().flat_map(|row| &row.columns).map(height).max().unwrap_or(0);
    html! {
        ul.multiples {
            @for row in rows {
                li {
                    h3 { (row.name) }
                    (counts(row, top))
                    p.small { "n " (words::count(row.columns.iter().map(height).sum())) ", highest " (words::count(row.columns.iter().map(height).max().unwrap_or(0))) }
                }
            }
        }
        details id="themes-table" {
            summary id="themes-table-title" { "The same as a table" }
            div.scroller tabindex="0" role="group" aria-labelledby="themes-table-title" {
                table.numbers {
                    thead { tr { th scope="col" { "Theme" } @for fortnight in &trends.fortnights { th.n scope="col" { (words::period(fortnight)) } } } }
                    tbody {
                        @for row in rows {
                            tr {
                                th scope="row" { (row.name) }
                                @for column in &row.columns { td.n { (cell(column)) } }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// "7", "3 + 4" where there are two kinds, or nothing.
fn cell(column: &Column) -> String {
    match (column.first, column.second) {
        (Some(first), Some(second)) => format!("{} + {}", words::count(first), words::count(second)),
        (Some(first), None) => words::count(first),
        _ => "–".to_owned(),
    }
}
