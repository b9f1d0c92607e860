//! The appraisal: what is shown, and why the rest is not.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::Serialize;
use utoipa::ToSchema;
use wardvoice_protocol::contact::Mode;
use wardvoice_protocol::directory::Unit;
use wardvoice_protocol::id::{ConsultantId, DomainId, SpecialtyId, WardId};

use super::offers::{Chosen, as_of};
use super::{AppraisalError, Looker};
use crate::disputes::DisputeCounts;
use crate::policy::{self, Audience, Decision, Show};
use crate::scoring::{
    AttributionSheet, ConsultantWindow, DomainSheet, Figure, ProvenanceSheet, QuestionSheet, ReliabilitySheet,
    ScaleSheet, ScoreError, ScoreSheet, Standing, UnitKind, VersionSheet, consultant_window, score,
};

/// What somebody sees of a consultant in a window of six months.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Appraisal {
    /// The version of this shape: 1. Fields are added and never renamed or removed.
    pub version: u32,
    /// The consultant.
    #[schema(value_type = String)]
    pub consultant: ConsultantId,
    /// What screens call the consultant.
    pub label: String,
    /// The consultant's specialty.
    #[schema(value_type = String)]
    pub specialty: SpecialtyId,
    /// The window, `6m-2026-11-22`.
    pub window: String,
    /// Its first local day.
    #[schema(value_type = String, format = Date)]
    pub first_day: Date,
    /// Its last local day, inclusive.
    #[schema(value_type = String, format = Date)]
    pub last_day: Date,
    /// The last local day before it became final; what came or was ruled later is in the next six months.
    #[schema(value_type = String, format = Date)]
    pub as_of: Date,
    /// Final: it does not fill any more.
    pub standing: Standing,
    /// 1: what became final stands.
    pub revision: u32,
    /// The six months that were asked for, where these are shown instead.
    pub instead_of: Option<InsteadOf>,
    /// As what it was looked at.
    pub audience: Audience,
    /// How much is shown.
    pub show: Show,
    /// Why, in plain words.
    pub why: String,
    /// What is not shown, and why.
    pub withheld: Vec<Withheld>,
    /// How many patients answered a question that is the consultant's.
    pub patients: Option<u64>,
    /// Whether the score may be relied upon at this n.
    pub reliable: bool,
    /// The mean over those patients, with its interval.
    pub score: Option<Figure>,
    /// How far it is to be trusted, and what it is drawn to.
    pub reliability: Option<ReliabilitySheet>,
    /// Domain by domain, the questions that are the consultant's with their answers.
    pub domains: Option<Vec<DomainFigures>>,
    /// Who said that the consultant was in charge.
    pub attribution: Option<AttributionSheet>,
    /// How the consultant's disputes stand, of all time.
    pub disputes: Option<DisputeCounts>,
    /// Who is among the patients.
    pub coverage: Option<CoverageCounts>,
    /// The figures of the whole specialty, where only those are shown.
    pub specialty_figures: Option<SpecialtyFigures>,
    /// The ends of the scale that scores are reported on.
    pub scale: ScaleSheet,
    /// The rules the scores were made by.
    pub definition: VersionSheet,
    /// The questionnaire whose answers are scored.
    pub questionnaire: VersionSheet,
    /// Which log and which program it comes from.
    pub provenance: Option<ProvenanceSheet>,
}

/// Six months whose figures would tell what a few patients said, beside those of the six months that are shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct InsteadOf {
    /// Their name.
    pub window: String,
    /// Their last local day.
    #[schema(value_type = String, format = Date)]
    pub last_day: Date,
    /// Why they are not shown, in plain words.
    pub why: &'static str,
}

const NOT_BESIDE: &str = "beside the six months shown here, their figures would tell what a few patients said; they move on when enough \
    patients have come or gone";
const NOT_AT_ALL: &str = "to show more would tell what a few patients said";

/// Something that is not shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Withheld {
    /// The field.
    pub what: &'static str,
    /// Why, in plain words.
    pub why: String,
}

/// A domain with the questions that are the consultant's.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct DomainFigures {
    /// The domain.
    #[schema(value_type = String)]
    pub id: DomainId,
    /// What pages call it.
    pub label: String,
    /// Its questions: n, mean, interval and how many chose each option.
    pub questions: Vec<QuestionSheet>,
}

/// Who is among the patients.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct CoverageCounts {
    /// Responses by mode.
    #[schema(value_type = BTreeMap<String, u64>)]
    pub modes: BTreeMap<Mode, u64>,
    /// Responses by language.
    pub languages: BTreeMap<String, u64>,
    /// Responses by ward.
    #[schema(value_type = BTreeMap<String, u64>)]
    pub wards: BTreeMap<WardId, u64>,
    /// Responses by fortnight.
    pub fortnights: BTreeMap<String, u64>,
}

/// The figures of a specialty.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct SpecialtyFigures {
    /// What it is called.
    pub name: String,
    /// How many responses it has.
    pub responses: u64,
    /// The same domains and questions, of all its patients.
    pub domains: Vec<DomainFigures>,
}

/// What a look is made of. Only [`appraisal`] gives anything of it to anybody.
#[derive(Debug)]
pub(crate) struct Gathered {
    found: ConsultantWindow,
    /// The figures of the whole specialty, where only those are shown.
    specialty: Option<ScoreSheet>,
}

/// Gathers what a look is made of.
pub(super) fn gather(looker: &Looker<'_>, chosen: &Chosen) -> Result<Gathered, AppraisalError> {
    let Looker { facts, world, .. } = *looker;
    let Chosen { consultant, window, .. } = chosen;
    let as_of = as_of(window, world);
    let found = consultant_window(facts, world, consultant, window, None, as_of)?;
    let entry = world.directory().consultant(consultant);
    let wanted = entry.filter(|_| decide(looker, chosen, &found).show == Show::SpecialtyOnly);
    let unit = wanted.map(|entry| Unit::Specialty(entry.specialty.clone()));
    let specialty = unit.map(|unit| score(facts, world, window, &unit, as_of)).transpose()?;
    Ok(Gathered { found, specialty })
}

/// How much is shown, and why.
fn decide(looker: &Looker<'_>, chosen: &Chosen, found: &ConsultantWindow) -> Decision {
    let Chosen { audience, shows_figures, .. } = chosen;
    let decision = policy::decide(&found.audiences, UnitKind::Consultant, found.n, *audience, looker.settings);
    if decision.show.distribution() && !shows_figures {
        let show = if is_own(*audience) { Show::Count } else { Show::Nothing };
        return Decision { show, why: NOT_AT_ALL.to_owned() };
    }
    decision
}

fn is_own(audience: Audience) -> bool {
    matches!(audience, Audience::Consultant | Audience::Appraiser)
}

/// What an audience sees of a consultant in a window.
pub(super) fn appraisal(
    looker: &Looker<'_>,
    chosen: &Chosen,
    gathered: &Gathered,
) -> Result<Appraisal, AppraisalError> {
    let Looker { facts, world, disputes, .. } = *looker;
    let Chosen { consultant, audience, instead_of, .. } = chosen;
    let (audience, own) = (*audience, is_own(*audience));
    let unknown = || ScoreError::UnknownUnit(Unit::Consultant(consultant.clone()));
    let entry = world.directory().consultant(consultant).ok_or_else(unknown)?;
    let found = gathered.found.clone();
    let Decision { show, why } = decide(looker, chosen, &found);
    let questions = |domains: &[DomainSheet]| of_the_consultant(domains, &found.questions);
    let specialty_figures = gathered.specialty.as_ref().map(|sheet| SpecialtyFigures {
        name: sheet.unit_name.clone(),
        responses: sheet.responses,
        domains: questions(&sheet.domains),
    });
    let mut domains = questions(&found.sheet.domains);
    let mut score = found.score;
    if !show.score() {
        let grey = |figure: &mut Figure| figure.why = Some(format!("not reliable yet: {why}"));
        grey(&mut score);
        for question in domains.iter_mut().flat_map(|domain| &mut domain.questions) {
            let shares = [&mut question.top_box.figure, &mut question.problem.figure];
            shares.into_iter().chain([&mut question.figure]).for_each(grey);
        }
    }
    let mut withheld = Vec::new();
    let mut shown = |what, is_shown: bool| {
        if !is_shown {
            withheld.push(Withheld { what, why: why.clone() });
        }
        is_shown
    };
    let sheet = found.sheet.from_log(facts.head());
    Ok(Appraisal {
        version: 1,
        consultant: consultant.clone(),
        label: entry.label.clone(),
        specialty: entry.specialty.clone(),
        window: sheet.period,
        first_day: sheet.first_day,
        last_day: sheet.last_day,
        as_of: sheet.as_of,
        standing: Standing::Final,
        revision: 1,
        instead_of: instead_of.map(|asked| InsteadOf {
            window: asked.to_string(),
            last_day: asked.last(),
            why: NOT_BESIDE,
        }),
        audience,
        show,
        reliable: show.score(),
        patients: Some(found.n).filter(|_| shown("patients", show.of_the_unit())),
        score: Some(score).filter(|_| shown("score", show.distribution())),
        reliability: found.reliability.filter(|_| shown("reliability", show.score())),
        domains: Some(domains).filter(|_| shown("domains", show.distribution())),
        attribution: Some(found.attribution).filter(|_| shown("attribution", show.distribution())),
        disputes: Some(disputes.counts(consultant)).filter(|_| shown("disputes", own)),
        coverage: Some(CoverageCounts {
            modes: sheet.modes,
            languages: sheet.coverage.languages,
            wards: found.wards,
            fortnights: found.fortnights,
        })
        .filter(|_| shown("coverage", show.parts())),
        specialty_figures,
        scale: sheet.scale,
        definition: sheet.definition,
        questionnaire: sheet.questionnaire,
        provenance: sheet.provenance,
        withheld,
        why,
    })
}

/// The domains with the questions that are the consultant's, and none without.
fn of_the_consultant(
    domains: &[DomainSheet],
    questions: &[wardvoice_protocol::id::QuestionId],
) -> Vec<DomainFigures> {
    let mut found = Vec::new();
    for domain in domains {
        let own = domain.questions.iter().filter(|question| questions.contains(&question.id)).cloned();
        let own: Vec<_> = own.collect();
        if !own.is_empty() {
            found.push(DomainFigures { id: domain.id.clone(), label: domain.label.to_string(), questions: own });
        }
        found.extend(of_the_consultant(&domain.parts, questions));
    }
    found
}
