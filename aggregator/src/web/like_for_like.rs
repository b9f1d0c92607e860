//! The score standardised for case mix beside the plain one, in words: what a score would be if a unit's people were as mixed as others'.

use maud::{Markup, html};
use wardvoice_protocol::id::{DomainId, WardId};

use super::ward;
use super::words::{self, Scale};
use crate::scoring::{Figure, ScoreSheet, StandardisedSheet};

/// A ward and its sheet.
pub(crate) struct WardSheet<'a> {
    pub(crate) id: &'a WardId,
    pub(crate) name: &'a str,
    pub(crate) sheet: &'a ScoreSheet,
}

/// A unit's overall score like for like, and what that means; nothing where nothing is standardised or nobody has answered.
pub(crate) fn overall(sheet: &ScoreSheet) -> Markup {
    html! {
        @if let Some(standardised) = sheet.standardised.as_ref().filter(|_| sheet.responses > 0) {
            p.aside {
                "Like for like: " strong { (words::figure(&standardised.overall, Scale::Points)) } ". " (meaning(standardised))
            }
        }
    }
}

/// A domain's score like for like, where there is one.
pub(crate) fn domain(sheet: &ScoreSheet, id: &DomainId) -> Markup {
    let mut scales = sheet.standardised.iter().flat_map(|standardised| &standardised.domains);
    let figure = scales.find(|scale| scale.id == *id).map(|scale| &scale.figure);
    let figure = figure.filter(|figure| figure.value.is_some());
    html! {
        @if let Some(figure) = figure { p.small { "Like for like: " (words::figure(figure, Scale::Points)) } }
    }
}

/// What the score means, and who is not in it.
pub(crate) fn meaning(standardised: &StandardisedSheet) -> String {
    let left_out = match standardised.without_cell {
        0 => String::new(),
        many => format!(
            " {} left out, because a question about the person has no answer.",
            words::of(many, "person is", "people are")
        ),
    };
    format!(
        "Units have different patients. This is what the score would be if the mix of people were that of {}.{left_out}",
        standardised.population
    )
}

/// Wards' overall scores, plain and like for like, in the order in which they are given; nothing where nothing is standardised.
pub(crate) fn of_wards(wards: &[WardSheet<'_>], period: Option<&str>) -> Markup {
    let Some(first) = wards.iter().find_map(|ward| ward.sheet.standardised.as_ref()) else { return html! {} };
    let cells = |figure: Option<&Figure>| {
        html! {
            td.n { (figure.and_then(|figure| figure.value).map_or_else(|| "–".to_owned(), |value| Scale::Points.write(value))) }
            td.n { (figure.map_or_else(|| "–".to_owned(), |figure| words::count(figure.n))) }
            td.n { (figure.and_then(|figure| words::interval(figure, Scale::Points)).unwrap_or_else(|| "–".to_owned())) }
        }
    };
    html! {
        section #like-for-like.sheet.flows aria-labelledby="like-for-like-title" {
            h2 id="like-for-like-title" { "Wards like for like" }
            p {
                "Wards have different patients. Beside each ward’s overall score stands what it would be if the mix of people were that of "
                (first.population) ". Where the two differ, part of the score is who the patients are. There are no ranks: see n and the intervals."
            }
            details id="like-for-like-numbers" {
                summary id="like-for-like-numbers-title" { "Ward by ward" }
                div.scroller tabindex="0" role="group" aria-labelledby="like-for-like-numbers-title" {
                    table.numbers {
                        thead { tr {
                            th scope="col" { "Ward" } th.n scope="col" { "Overall" } th.n scope="col" { "n" } th.n scope="col" { "95% interval" }
                            th.n scope="col" { "Like for like" } th.n scope="col" { "n" } th.n scope="col" { "95% interval" }
                        } }
                        tbody {
                            @for WardSheet { id, name, sheet } in wards {
                                tr {
                                    th scope="row" { a href=(ward::address(id, period)) { (name) } }
                                    (cells(Some(&sheet.overall)))
                                    (cells(sheet.standardised.as_ref().map(|standardised| &standardised.overall)))
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_left_out_is_said() {
        let of = |without_cell| StandardisedSheet {
            population: "everybody of the trust who answered in the same period".to_owned(),
            cap: 5.0,
            people: 30,
            without_cell,
            n_effective: None,
            overall: Figure { value: Some(8.2), n: 30, lower: None, upper: None, why: None },
            domains: Vec::new(),
            cells: Vec::new(),
        };
        let nobody = meaning(&of(0));
        assert!(nobody.ends_with("that of everybody of the trust who answered in the same period."), "{nobody}");
        assert!(
            meaning(&of(1)).ends_with("1 person is left out, because a question about the person has no answer.")
        );
        assert!(meaning(&of(2)).contains(" 2 people are left out"));
    }
}
