//! Six months of a consultant, for the appraisal: what an [`Appraisal`] shows, and nothing else.

use wardvoice_paper::{
    ConsultantAppraisal, Counts, Fact, Foot, Log, Paper, Question, Report, Specialty, Table, VERSION,
};
use wardvoice_protocol::fortnight::Period;
use wardvoice_protocol::id::WardId;

use super::{ReportError, parts};
use crate::appraisal::{self, Appraisal, CoverageCounts, DomainFigures};
use crate::scoring::{AttributionSheet, QuestionSheet, ReliabilityBasis, ReliabilitySheet, SourceCounts};
use crate::web::books::Books;
use crate::web::consultant::{instead_of, private, what};
use crate::web::ward::sentence;
use crate::web::words::{self, Scale};

/// The paper of an appraisal. The look was noted when the appraisal was made.
pub(crate) fn paper(books: &Books<'_>, seen: &Appraisal) -> Result<Paper, ReportError> {
    let wrong = |source| ReportError::Period { name: seen.window.clone(), source };
    let window = books.scoring.calendar().period(&seen.window).map_err(wrong)?;
    books.comments.catch_up()?;
    let comments = appraisal::comments(seen, books.comments, books.scoring, books.disputes)?;
    let score = seen.score.as_ref();
    let report = ConsultantAppraisal {
        why: sentence(&seen.why),
        patients: seen.patients,
        reliable: seen.reliable,
        score: score.map(|figure| parts::figure(figure, Scale::Points)),
        bar: score.filter(|_| seen.reliable).map(|figure| parts::bar("Score", figure, Scale::Points)),
        trust: seen.reliability.as_ref().map(trust).unwrap_or_default(),
        questions: seen.domains.as_deref().map(questions).unwrap_or_default(),
        specialty: seen.specialty_figures.as_ref().map(|specialty| Specialty {
            name: specialty.name.clone(),
            responses: specialty.responses,
            questions: questions(&specialty.domains),
        }),
        attribution: seen.attribution.as_ref().map(attribution),
        coverage: seen.coverage.as_ref().map(|coverage| counts(books, coverage)).unwrap_or_default(),
        disputes: seen
            .disputes
            .iter()
            .flat_map(|disputes| {
                [
                    parts::count("open", disputes.open),
                    parts::count("upheld: no longer count", disputes.upheld),
                    parts::count("declined: count as before", disputes.declined),
                ]
            })
            .collect(),
        comments: parts::comments(comments),
        withheld: seen
            .withheld
            .iter()
            .map(|one| Fact { label: what(one.what).to_owned(), value: sentence(&one.why), note: None })
            .collect(),
    };
    Ok(document(books, seen, &window, report))
}

fn document(books: &Books<'_>, seen: &Appraisal, window: &Period, report: ConsultantAppraisal) -> Paper {
    let file = books.directory.file();
    let specialty = file.specialties.iter().find(|entry| entry.id == seen.specialty);
    let specialty = specialty.map(|entry| format!("{}. ", entry.name)).unwrap_or_default();
    let days = words::days(seen.first_day, seen.last_day);
    let title = format!("{}: appraisal, {}", seen.label, words::period(window).replacen("Six", "six", 1));
    let private = format!("Private. {}", private(seen.audience).replace("this page", "these figures"));
    let log = seen.provenance.as_ref();
    Paper {
        version: VERSION,
        front: parts::front(
            books,
            (title, seen.label.clone(), format!("{specialty}Six months: {days}")),
            std::iter::once(private).chain(seen.instead_of.as_ref().map(instead_of)).collect(),
        ),
        foot: Foot {
            n: seen.patients,
            standing: Some(parts::standing(seen.standing).to_owned()),
            revision: Some(seen.revision),
            definition: Some(parts::rules(&seen.definition)),
            questionnaire: Some(parts::rules(&seen.questionnaire)),
            log: log.map(|log| Log { records: log.log_position, head: log.log_hash.to_string() }),
        },
        report: Report::ConsultantAppraisal(Box::new(report)),
    }
}

fn trust(reliability: &ReliabilitySheet) -> Vec<Fact> {
    let needed = format!(
        "of 1. 0.70 takes {}, 0.80 takes {}.{}",
        words::of(reliability.needed_for_070, "patient", "patients"),
        words::count(reliability.needed_for_080),
        if reliability.value < 0.7 {
            " Below 0.70 a score says little about how one consultant differs from another."
        } else {
            ""
        }
    );
    let guess = match (reliability.shrunk, reliability.mean_of_all) {
        (Some(shrunk), Some(mean)) => parts::fact(
            "Best guess",
            format!("{shrunk:.1}"),
            Some(format!(
                "The score, drawn to the mean of all consultants’ patients ({mean:.1}) by what is not reliable."
            )),
        ),
        _ => parts::fact(
            "Best guess",
            "–",
            Some("Too few consultants have patients for a mean to draw the score to.".to_owned()),
        ),
    };
    let basis = match reliability.basis {
        ReliabilityBasis::TrustsOwn => "The trust’s own answers",
        ReliabilityBasis::Published => "Published",
    };
    vec![
        parts::fact("Reliability", format!("{:.2}", reliability.value), Some(needed)),
        guess,
        parts::fact("Where this comes from", basis, Some(format!("{}.", reliability.source))),
    ]
}

fn questions(domains: &[DomainFigures]) -> Vec<Question> {
    let question = |sheet: &QuestionSheet| {
        let without = [
            (sheet.not_applicable, "does not apply"),
            (sheet.dont_know, "do not know"),
            (sheet.declined, "would rather not say"),
            (sheet.not_shown, "not asked"),
        ];
        Question {
            label: sheet.label.to_string(),
            mean: parts::figure(&sheet.figure, Scale::Points),
            answers: sheet
                .distribution
                .iter()
                .map(|option| parts::count(option.label.as_str(), option.count))
                .collect(),
            without: without
                .into_iter()
                .filter(|(count, _)| *count > 0)
                .map(|(count, label)| parts::count(label, count))
                .collect(),
        }
    };
    domains.iter().flat_map(|domain| &domain.questions).map(question).collect()
}

fn attribution(sheet: &AttributionSheet) -> Table {
    let row = |label: &str, counts: &SourceCounts| {
        let numbers = [counts.roster, counts.patient, counts.volunteer].map(words::count);
        std::iter::once(label.to_owned()).chain(numbers).collect()
    };
    let dropped = (sheet.dropped > 0).then(|| {
        let patients = words::of(sheet.dropped, "patient was", "patients were");
        format!("{patients} disputed with success and no longer count.")
    });
    let labels = [("Patients", false), ("Roster", true), ("Patient", true), ("Volunteer", true)];
    parts::table(
        "Who said it",
        &labels,
        vec![row("Count", &sheet.counted), row("Do not count", &sheet.not_counted)],
        dropped,
    )
}

fn counts(books: &Books<'_>, coverage: &CoverageCounts) -> Vec<Counts> {
    let ward = |id: &WardId| books.directory.ward(id).map_or_else(|| id.to_string(), |ward| ward.name.clone());
    let wards = coverage.wards.iter().map(|(id, count)| parts::count(ward(id), *count)).collect();
    let modes = coverage.modes.iter().map(|(mode, count)| parts::count(words::mode(*mode), *count)).collect();
    let fortnights = coverage.fortnights.iter().map(|(name, count)| parts::count(name.clone(), *count)).collect();
    let counts = |title: &str, counts| Counts { title: title.to_owned(), counts };
    vec![counts("Ward", wards), counts("How they were asked", modes), counts("Fortnight", fortnights)]
}
