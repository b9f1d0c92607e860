//! Responses: a row a patient, a column a question. For the office alone.
//!
//! Who was in charge of a patient's care is not in it: what is shown of a named consultant has rules of its own ([`crate::appraisal`]). Rows of a day
//! are in an order that says nothing: neither who came first nor who belongs together. What patients wrote is not in it either, only that they
//! wrote something.

use jiff::civil::Date;
use wardvoice_protocol::contact::AttributionSource;
use wardvoice_protocol::fortnight::DayNumber;
use wardvoice_protocol::id::{Language, QuestionId};
use wardvoice_protocol::questionnaire::{KindFile, QuestionFile, Questionnaire};

use super::ground::{Progress, Rows, Take};
use super::{Cell, Column, ExportError, Ground, Head, Kind};
use crate::facts::{Code, Fact};

pub(super) struct Answers<'a> {
    ground: Ground<'a>,
    from: Date,
    to: Date,
    as_of: DayNumber,
    /// The questionnaire's versions.
    versions: Vec<Version>,
    questions: Vec<Asked>,
    wards: Vec<Place<'a>>,
}

/// A version of the questionnaire, by its number in facts.
struct Version {
    index: u8,
    name: String,
    /// For each column, the question's place and what its options are called.
    places: Vec<Option<(usize, Vec<String>)>>,
}

/// A question of any version.
struct Asked {
    id: QuestionId,
    says: String,
}

/// Where a ward is.
struct Place<'a> {
    ward: &'a str,
    name: &'a str,
    site: &'a str,
    department: &'a str,
    specialty: Option<&'a str>,
}

impl<'a> Answers<'a> {
    pub(super) fn new(
        ground: Ground<'a>,
        (from, to): (Date, Date),
        asked: Option<&str>,
        as_of: Date,
    ) -> Result<Self, ExportError> {
        let vocabulary = ground.world.vocabulary();
        let all = || (0..=u8::MAX).map_while(|index| Some((index, vocabulary.questionnaire(index)?)));
        let planned = vocabulary.questionnaire(0).map(|first| first.file().id.to_string()).unwrap_or_default();
        let wanted = asked.unwrap_or(&planned);
        let mut versions: Vec<(u8, &Questionnaire)> =
            all().filter(|(_, one)| one.file().id.as_str() == wanted).collect();
        versions.sort_by_key(|(_, one)| std::cmp::Reverse(one.file().version));
        if versions.is_empty() {
            let mut known: Vec<String> = all().map(|(_, one)| one.file().id.to_string()).collect();
            known.dedup();
            return Err(ExportError::NoQuestionnaire { asked: wanted.to_owned(), known: known.join(", ") });
        }
        let mut questions: Vec<Asked> = Vec::new();
        for question in versions.iter().flat_map(|(_, one)| one.questions()) {
            if !questions.iter().any(|known| known.id == question.id) {
                questions.push(Asked { id: question.id.clone(), says: says(question) });
            }
        }
        let versions = versions.into_iter().map(|(index, one)| Version::new(index, one, &questions)).collect();
        let directory = ground.world.directory();
        let wards = (0..vocabulary.ward_count()).filter_map(|index| directory.ward(vocabulary.ward(index)?));
        let wards = wards.map(|ward| Place {
            ward: ward.id.as_str(),
            name: &ward.name,
            site: ward.site.as_str(),
            department: ward.department.as_str(),
            specialty: ward.specialties.first().map(wardvoice_protocol::id::SpecialtyId::as_str),
        });
        let wards = wards.collect();
        Ok(Self { ground, from, to, as_of: as_of.into(), versions, questions, wards })
    }

    /// The responses of a day, in an order that says nothing.
    fn of_day(&self, day: Date) -> Vec<Fact> {
        let is_ours = |fact: &&Fact| {
            fact.outcome().has_response()
                && fact.arrival_day() <= self.as_of
                && self.versions.iter().any(|version| version.index == fact.questionnaire_index())
        };
        let mut facts: Vec<Fact> = self.ground.facts().days(day, day).filter(is_ours).copied().collect();
        facts.sort_unstable_by_key(|fact| {
            let what = (fact.questionnaire_index(), fact.outcome(), fact.mode(), fact.language_index());
            (fact.ward_index(), fact.arrival_day(), what, fact.answers(), fact.attribution_source())
        });
        facts
    }
}

impl Version {
    fn new(index: u8, questionnaire: &Questionnaire, questions: &[Asked]) -> Self {
        let place = |asked: &Asked| {
            let place = questionnaire.position(&asked.id)?;
            let question = questionnaire.question(&asked.id)?;
            let options = match question.kind {
                KindFile::Comment => vec![WRITTEN.to_owned()],
                _ => question.options.iter().map(|option| option.id.to_string()).collect(),
            };
            Some((place, options))
        };
        let places = questions.iter().map(place).collect();
        Self { index, name: questionnaire.reference().to_string(), places }
    }
}

/// What stands where a patient wrote something.
const WRITTEN: &str = "written";

fn says(question: &QuestionFile) -> String {
    let text = question.text.get(&Language::english()).cloned().unwrap_or_default();
    let options: Vec<&str> = question.options.iter().map(|option| option.id.as_str()).collect();
    let answers = if question.kind == KindFile::Comment {
        format!("{WRITTEN} where something was written, which is not here")
    } else {
        options.join(", ")
    };
    format!("{text} ({answers})")
}

fn source(source: Option<AttributionSource>) -> &'static str {
    match source {
        None => "nobody",
        Some(AttributionSource::Roster) => "roster",
        Some(AttributionSource::Patient) => "patient",
        Some(AttributionSource::Volunteer) => "volunteer",
    }
}

impl Rows for Answers<'_> {
    fn head(&self) -> Head {
        let mut columns = vec![
            Column::new("day", Kind::Day, "The local day of the answer."),
            Column::new("fortnight", Kind::Text, "The fortnight that the day is in."),
            Column::new("month", Kind::Text, "The calendar month."),
            Column::new("arrived", Kind::Day, "The local day on which it came to the aggregator."),
            Column::new("site", Kind::Text, "The site's id."),
            Column::new("department", Kind::Text, "The department's id."),
            Column::new("specialty", Kind::Text, "The id of the ward's main specialty."),
            Column::new("ward", Kind::Text, "The ward's id."),
            Column::new("ward_name", Kind::Text, "What the ward is called."),
            Column::new("questionnaire", Kind::Text, "What was asked, and its version."),
            Column::new("outcome", Kind::Text, "Whether it was completed or stopped before its end (partial)."),
            Column::new(
                "mode",
                Kind::Text,
                "How it was done: self, assisted, interview (read aloud) or proxy (a relative).",
            ),
            Column::new("language", Kind::Text, "The tag of the language it was done in."),
            Column::new(
                "attributed_by",
                Kind::Text,
                "Who said which consultant was in charge: roster, patient, volunteer or nobody. Whom they named is not here.",
            ),
        ];
        let question = |asked: &Asked| Column::new(format!("q_{}", asked.id), Kind::Text, asked.says.clone());
        columns.extend(self.questions.iter().map(question));
        Head {
            name: "responses",
            title: format!("Responses, {} to {}, as of {}", self.from, self.to, self.as_of.date().unwrap_or(self.to)),
            notes: vec![
                "One row is one patient's response. Answers are the ids of options.".to_owned(),
                "Where there is no answer it says why: not_applicable, dont_know, declined or not_shown. These are different things, and none of them \
                 is a zero. A cell is empty where that version of the questionnaire does not ask the question."
                    .to_owned(),
                "Modes move scores: do not pool them silently.".to_owned(),
                "Rows of few people can tell who somebody is. Keep this table in the patient-experience team, and do not publish what you count from it: \
                 what the public may see is decided by `release`."
                    .to_owned(),
            ],
            columns,
        }
    }

    fn each(&self, take: &mut Take<'_>, progress: &mut Progress<'_>) -> Result<(), ExportError> {
        let (calendar, vocabulary) = (self.ground.world.calendar(), self.ground.world.vocabulary());
        let (first, last) = (DayNumber::from(self.from).count(), DayNumber::from(self.to).count());
        let all = u64::try_from(last - first + 1).unwrap_or(0);
        for (count, done) in (first..=last).zip(1..) {
            let Some(day) = DayNumber::from_count(count).date() else { continue };
            let facts = self.of_day(day);
            let fortnight = calendar.fortnight_of(day).map(|fortnight| fortnight.to_string()).unwrap_or_default();
            let month = format!("{:04}-{:02}", day.year(), day.month());
            let mut row: Vec<Cell<'_>> = Vec::new();
            for fact in &facts {
                let Some(version) = self.versions.iter().find(|one| one.index == fact.questionnaire_index())
                else {
                    continue;
                };
                let Some(place) = self.wards.get(usize::from(fact.ward_index())) else { continue };
                let language = fact.language_index().and_then(|index| vocabulary.language(index));
                row.clear();
                row.extend([
                    Cell::Day(day),
                    Cell::text(Some(&fortnight)),
                    Cell::Text(&month),
                    Cell::day(fact.arrival_day().date()),
                    Cell::Text(place.site),
                    Cell::Text(place.department),
                    Cell::text(place.specialty),
                    Cell::Text(place.ward),
                    Cell::text(Some(place.name)),
                    Cell::Text(&version.name),
                    Cell::Text(fact.outcome().as_str()),
                    Cell::Text(fact.mode().as_str()),
                    Cell::text(language.map(Language::as_str)),
                    Cell::Text(source(fact.attribution_source())),
                ]);
                row.extend(version.places.iter().map(|place| answer(fact, place.as_ref())));
                take(&row)?;
            }
            progress(done, all);
        }
        Ok(())
    }
}

fn answer<'v>(fact: &Fact, place: Option<&'v (usize, Vec<String>)>) -> Cell<'v> {
    let Some((place, options)) = place else { return Cell::Empty };
    match fact.code(*place) {
        Code::NotShown => Cell::Text("not_shown"),
        Code::NotApplicable => Cell::Text("not_applicable"),
        Code::DontKnow => Cell::Text("dont_know"),
        Code::Declined => Cell::Text("declined"),
        Code::Option(option) => Cell::text(options.get(usize::from(option)).map(String::as_str)),
    }
}
