//! The parts of the page of what stands beside.

use std::collections::BTreeMap;

use maud::{Markup, html};
use wardvoice_protocol::id::{DomainId, Language};
use wardvoice_protocol::questionnaire::Text;

use super::{Beside, Counted, Named, Other, Says, View};
use crate::comments::Released;
use crate::policy;
use crate::scoring::{DomainSheet, Figure, NormSheet, ScoreSheet};
use crate::web::charts;
use crate::web::words::{self, Scale};
use crate::web::{Web, units, ward};

/// So many comments to a question are shown.
const COMMENTS: usize = 12;

pub(super) fn body(web: &Web, view: &View) -> Markup {
    let name = view.period.to_string();
    let back = units::address(&view.unit, Some(&name)).unwrap_or_default();
    html! {
        p.crumbs { a href="/" { "Wards" } " › " a href=(back) { (view.name) } }
        div.head {
            div {
                h1 { "By other rules, and what else was asked" }
                p.lede { (view.name) ", " (words::period(&view.period)) }
            }
            (choose(web, view))
        }
        div.stack {
            (side_by_side(view))
            @for other in view.asked.iter().filter(|other| !matches!(other.says, Says::Nothing)) { (asked(other, &back)) }
            (nothing(view))
        }
    }
}

/// A text in English.
pub(super) fn english(text: &Text) -> String {
    text.get(&Language::english()).cloned().unwrap_or_default()
}

/// Chooses the days and the definition; a plain form, so that it works without a script.
fn choose(web: &Web, view: &View) -> Markup {
    let chosen = view.beside.as_ref().map(|beside| &beside.definition.0);
    html! {
        form.period.no-print method="get" action="/beside" {
            input type="hidden" name="unit" value=(view.unit.to_string());
            (ward::periods(web, ("period", "period"), &view.period))
            @if !view.known.is_empty() {
                div {
                    label for="definition" { "Rules to stand beside" }
                    select id="definition" name="definition" {
                        @for (reference, title) in &view.known {
                            option value=(reference) selected[Some(reference) == chosen] { (reference) ": " (title) }
                        }
                    }
                }
            }
            button.action.quiet type="submit" { "Show" }
        }
    }
}

/// The published scores, and the same answers by another definition.
fn side_by_side(view: &View) -> Markup {
    let ((published, title), sheet) = &view.published;
    html! {
        section #definitions.sheet.flows aria-labelledby="definitions-title" {
            h2 id="definitions-title" { "The same answers by two definitions" }
            @match &view.beside {
                None => p { "These questions have one scoring definition, " code { (published) } " (" (title) "), so nothing stands beside it." },
                Some(beside) => {
                    p {
                        "These days are published by " code { (published) } " (" (title) "). Beside it stands what the same answers come to by "
                        code { (beside.definition.0) } " (" (beside.definition.1) "). Nothing that was published changes: a new version starts a new series."
                    }
                    (table(view, sheet, beside))
                    h3 { "Overall, fortnight by fortnight" }
                    (fortnights(view, beside))
                }
            }
        }
    }
}

fn table(view: &View, published: &ScoreSheet, beside: &Beside) -> Markup {
    let ours = published.domains.iter().map(|domain| &domain.id);
    let theirs = beside.sheet.domains.iter().map(|domain| &domain.id);
    let known: Vec<_> = ours.clone().collect();
    let ids = ours.chain(theirs.filter(|id| !known.contains(id)));
    let find = |sheet: &ScoreSheet, id: &DomainId| sheet.domains.iter().find(|domain| domain.id == *id).cloned();
    html! {
        div.scroller tabindex="0" role="group" aria-labelledby="definitions-title" {
            table.numbers {
                (head("Score", &view.published.0, &beside.definition))
                tbody {
                    tr { th scope="row" { "Overall" } (cells(Some(&published.overall))) (cells(Some(&beside.sheet.overall))) }
                    @for id in ids {
                        @let (one, other) = (find(published, id), find(&beside.sheet, id));
                        tr {
                            th scope="row" { (one.as_ref().or(other.as_ref()).map(|domain| domain.label.as_str()).unwrap_or_default()) }
                            (cells(one.as_ref().map(|domain| &domain.figure)))
                            (cells(other.as_ref().map(|domain| &domain.figure)))
                        }
                    }
                }
            }
        }
    }
}

fn fortnights(view: &View, beside: &Beside) -> Markup {
    html! {
        div.scroller tabindex="0" role="group" aria-label="Overall, fortnight by fortnight" {
            table.numbers {
                (head("Fortnight", &view.published.0, &beside.definition))
                tbody {
                    @for (period, one, other) in &beside.fortnights {
                        tr {
                            th scope="row" {
                                (words::period(period)) " "
                                small { @if one.in_force { "published by the first" } @else if other.in_force { "published by the second" } @else { "published by neither" } }
                            }
                            (cells(Some(&one.overall)))
                            (cells(Some(&other.overall)))
                        }
                    }
                }
            }
        }
    }
}

fn head(what: &str, one: &Named, other: &Named) -> Markup {
    html! {
        thead {
            tr {
                th scope="col" { (what) }
                @for (reference, _) in [one, other] {
                    th.n scope="col" { "By " (reference) } th.n scope="col" { "n" } th.n scope="col" { "95% interval" }
                }
            }
        }
    }
}

fn cells(figure: Option<&Figure>) -> Markup {
    let dash = || "–".to_owned();
    html! {
        td.n { (figure.and_then(|figure| figure.value).map_or_else(dash, |value| Scale::Points.write(value))) }
        td.n { (figure.map_or_else(dash, |figure| words::count(figure.n))) }
        td.n { (figure.and_then(|figure| words::interval(figure, Scale::Points)).unwrap_or_else(dash)) }
    }
}

/// What another questionnaire says.
fn asked(other: &Other, back: &str) -> Markup {
    let id = format!("asked-{}-{}", other.reference.id, other.reference.version);
    let title = format!("{id}-title");
    html! {
        section.sheet.flows id=(id) aria-labelledby=(title) {
            h2 id=(title) { (other.title) }
            @match &other.says {
                Says::Nothing => {}
                Says::TooFew => p { "Fewer than " (policy::FEWEST_SHOWN) " members of staff have answered in these days, so nothing is shown: they could be recognised." },
                Says::Withheld(why) => p { "Nothing is shown: " (why) "." },
                Says::Unscored(counted, comments) => (unscored(other, counted, comments, back)),
                Says::Scores(sheet, comments) => (says(other, sheet, comments, back)),
            }
        }
    }
}

/// How many gave each answer, where nothing says what answers are worth.
fn unscored(other: &Other, counted: &Counted, comments: &[Released], back: &str) -> Markup {
    let Counted { sheet, left_out } = counted;
    let top = charts::round_top(sheet.responses);
    html! {
        p {
            (words::of(sheet.responses, "person has", "people have")) " answered " code { (other.reference) } ". No scoring definition of it is loaded, so there is no score: "
            "below is how many gave each answer, and nothing is made of it. How a definition is written stands in docs/scoring.md."
        }
        @if sheet.questions.is_empty() && *left_out == 0 { p { "It has no question with answers to choose from." } }
        @for question in &sheet.questions { (charts::answers(question, top)) }
        @if *left_out > 0 {
            p { (words::of(*left_out as u64, "question is", "questions are")) " left out: fewer than " (policy::FEWEST_SHOWN) " members of staff answered, and could be recognised." }
        }
        (written(comments, false, back))
    }
}

fn says(other: &Other, sheet: &ScoreSheet, comments: &[Released], back: &str) -> Markup {
    let friends = &sheet.friends_and_family;
    let is_scored = !sheet.domains.is_empty();
    html! {
        p {
            (words::of(sheet.responses, "person has", "people have")) " answered " code { (other.reference) } ". "
            @if is_scored { "Scored by definition " code { (sheet.definition.id) "@" (sheet.definition.version) } ", from " (sheet.scale.lowest) " to " (sheet.scale.highest) "." }
            @else if friends.positive.n == 0 { "It has no score: what people wrote, what it is about and what is done about it is what counts." }
        }
        @if friends.positive.n > 0 {
            p {
                "Positive: " strong { (words::figure(&friends.positive, Scale::PerCent)) } ". Negative: " (words::figure(&friends.negative, Scale::PerCent))
                ". Everybody who answered counts, “don’t know” too."
            }
        }
        @if is_scored { (scales(other, sheet)) }
        (written(comments, is_scored, back))
    }
}

fn scales(other: &Other, sheet: &ScoreSheet) -> Markup {
    let top = charts::round_top(sheet.responses);
    let mut rows = Vec::new();
    sheet.domains.iter().for_each(|domain| lay_out(domain, 0, &mut rows));
    html! {
        div.scroller tabindex="0" role="group" aria-label=(format!("Scores of {}", other.title)) {
            table.numbers {
                thead { tr { th scope="col" { "Scale" } th.n scope="col" { "Score" } th.n scope="col" { "n" } th.n scope="col" { "95% interval" } th scope="col" { "Norm from elsewhere" } } }
                tbody {
                    tr { th scope="row" { "Overall" } (cells(Some(&sheet.overall))) td { (norm(sheet.norm.as_ref())) } }
                    @for (depth, domain) in &rows {
                        tr { th scope="row" { ("– ".repeat(*depth)) (domain.label) } (cells(Some(&domain.figure))) td { (norm(domain.norm.as_ref())) } }
                    }
                }
            }
        }
        details id=(format!("answers-{}-{}", other.reference.id, other.reference.version)) {
            summary { "What people answered" span.hidden { ": " (other.title) } }
            @for (_, domain) in &rows { @for question in &domain.questions { (charts::answers(question, top)) } }
        }
    }
}

/// A scale and those inside it, each with how deep it lies.
fn lay_out<'a>(domain: &'a DomainSheet, depth: usize, rows: &mut Vec<(usize, &'a DomainSheet)>) {
    rows.push((depth, domain));
    domain.parts.iter().for_each(|part| lay_out(part, depth + 1, rows));
}

fn norm(norm: Option<&NormSheet>) -> String {
    norm.map_or_else(
        || "–".to_owned(),
        |norm| {
            let difference = norm.difference.map(|by| format!(", {by:+.1} from it")).unwrap_or_default();
            format!("{} ({}){difference}", Scale::Points.write(norm.mean), norm.source)
        },
    )
}

/// What people wrote as far as it was released, by question, and what it is about.
fn written(comments: &[Released], is_scored: bool, back: &str) -> Markup {
    let mut by_question: BTreeMap<&str, Vec<&Released>> = BTreeMap::new();
    let mut themes: BTreeMap<&str, u64> = BTreeMap::new();
    for comment in comments {
        by_question.entry(&comment.asked).or_default().push(comment);
        for theme in &comment.themes {
            *themes.entry(theme).or_default() += 1;
        }
    }
    let themes: Vec<(&str, u64)> =
        themes.into_iter().filter_map(|(theme, count)| Some((theme, policy::shown_count(count)?))).collect();
    html! {
        @if comments.is_empty() && !is_scored { p { "No comment of these days has been released yet (n 0). A person reads and passes each before anybody else sees it." } }
        @if !themes.is_empty() {
            h3 { "What it is about" }
            dl.tallies { @for (theme, count) in &themes { div { dt { (theme) } dd { (words::count(*count)) } } } }
            p.small { "Themes of " (policy::FEWEST_SHOWN - 1) " released comments or fewer are left out." }
        }
        @for (question, written) in &by_question {
            h3 { (question) " " small { "n " (words::count(written.len() as u64)) } }
            ul.said { @for comment in written.iter().take(COMMENTS) { li { blockquote lang=(comment.language) dir="auto" { (comment.text) } } } }
            @if written.len() > COMMENTS { p.small { "The newest " (COMMENTS) " of " (words::count(written.len() as u64)) "." } }
        }
        @if !is_scored && !comments.is_empty() { p { a href=(format!("{back}#actions")) { "What is done about what people said" } } }
    }
}

/// What nobody answered, and what is not for whoever looks.
fn nothing(view: &View) -> Markup {
    let titles: Vec<&str> = view
        .asked
        .iter()
        .filter(|other| matches!(other.says, Says::Nothing))
        .map(|other| other.title.as_str())
        .collect();
    html! {
        section #not-answered.sheet aria-labelledby="not-answered-title" {
            h2 id="not-answered-title" { "What is not shown here" }
            ul.unshown {
                @if !titles.is_empty() { li { "Nobody answered these in these days (n 0): " (titles.join(", ")) "." } }
                @if view.hides_staff { li { "What staff say of their work: it is for the board and the office, so that nobody who leads few people can tell who said what." } }
                @if titles.is_empty() && !view.hides_staff { li { "Nothing that was asked is left out." } }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

    use super::*;
    use crate::scoring::{AnswersSheet, OptionCount, QuestionSheet, ShareSheet, Word};

    fn question(id: &str, counts: [u64; 2]) -> QuestionSheet {
        let n = counts.iter().sum();
        let none = Figure { value: None, n, lower: None, upper: None, why: None };
        let option =
            |id: &str, label: &str, count| OptionCount { option: Word::of(id), label: Word::of(label), count };
        QuestionSheet {
            id: id.parse().unwrap(),
            label: Word::of(&format!("The question about {id}?")),
            figure: none.clone(),
            top_box: ShareSheet { count: 0, figure: none.clone() },
            problem: ShareSheet { count: 0, figure: none },
            distribution: vec![option("yes", "Yes", counts[0]), option("no", "No", counts[1])],
            not_applicable: 0,
            dont_know: 0,
            declined: 1,
            not_shown: 0,
        }
    }

    fn shown(of_staff: bool) -> String {
        let questions = vec![question("food", [7, 2]), question("parking", [3, 2])];
        let counted = Counted::of(AnswersSheet { responses: 9, questions }, of_staff);
        let reference = wardvoice_protocol::questionnaire::Questionnaire::inpatient().unwrap().reference();
        let says = Says::Unscored(counted, Vec::new());
        asked(&Other { reference, title: "Food".to_owned(), says }, "/ward/W1").into_string()
    }

    #[test]
    fn a_questionnaire_without_a_definition_says_how_many_gave_each_answer() {
        let patients = shown(false);
        for said in [
            "9 people have answered <code>",
            "No scoring definition of it is loaded, so there is no score",
            "Most said “Yes” (n 9).",
            "The question about parking?",
            "No comment of these days has been released yet (n 0).",
        ] {
            assert!(patients.contains(said), "{said}: {patients}");
        }
        assert!(!patients.contains("left out"), "{patients}");
        let staff = shown(true);
        assert!(staff.contains("The question about food?") && !staff.contains("parking"), "{staff}");
        assert!(staff.contains("1 question is left out: fewer than 6 members of staff answered"), "{staff}");
    }
}
