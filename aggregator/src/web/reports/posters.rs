//! Posters: what was released of a ward, and what a ward or a larger unit has changed, in any language that its patients are asked in.

use std::collections::BTreeSet;

use wardvoice_paper::{
    Change, Foot, Front, Paper, PosterFigure, Report, VERSION, WardPoster, Whose, YouSaidWeDid,
};
use wardvoice_protocol::assignment::KioskAudience;
use wardvoice_protocol::directory::{Unit, WardEntry};
use wardvoice_protocol::id::Language;
use wardvoice_protocol::questionnaire::{KindFile, OptionScore, QuestionFile, Questionnaire, Text};

use super::{PosterAsk, ReportError, YouSaidAsk, parts};
use crate::actions::{acts, over};
use crate::publication::{Question, Subject, questions};
use crate::web::books::Books;
use crate::web::display::{self, Shown};

/// So many figures stand on a poster.
const MOST_FIGURES: usize = 3;
/// So many changes stand beside figures.
const MOST_BESIDE: usize = 2;
/// So many changes stand by themselves.
const MOST_CHANGES: usize = 4;

/// What patients of a ward say.
pub(super) fn ward(books: &Books<'_>, ask: &PosterAsk) -> Result<Paper, ReportError> {
    let entry = found(books, ask)?;
    let asked = asked_in(books, &ask.language)?;
    let file = books.directory.file();
    let mut shown: Vec<(Question, Shown)> = questions(books.scoring.vocabulary())
        .into_iter()
        .filter_map(|question| {
            let shown = display::shown(books.releases, file, entry, &question)?;
            Some((question, shown))
        })
        .collect();
    // The national question first, then what is the ward's own, otherwise as they are asked: nothing is picked by how good it looks.
    shown.sort_by_key(|(question, shown)| {
        (question.subject != Subject::FriendsAndFamily, !matches!(shown.release.unit, Unit::Ward(_)))
    });
    let figures =
        shown.iter().filter_map(|(question, shown)| figure(books, &asked, question, shown, &ask.language));
    let report = WardPoster {
        size: ask.size,
        figures: figures.take(MOST_FIGURES).collect(),
        changes: changes(books, &Unit::Ward(entry.id.clone()), &ask.language, MOST_BESIDE),
    };
    let title = format!("{}: what patients say", entry.name);
    let heading = (title, entry.name.as_str());
    Ok(paper(books, heading, (&ask.language, ask.approved), Report::WardPoster(Box::new(report))))
}

/// What patients of a unit said and what was done.
pub(super) fn you_said(books: &Books<'_>, ask: &YouSaidAsk) -> Result<Paper, ReportError> {
    let name = books.scoring.unit_name(&ask.unit).filter(|_| acts(books.directory, &ask.unit));
    let name = name.ok_or_else(|| match &ask.unit {
        Unit::Ward(ward) => ReportError::NoWard(ward.clone()),
        unit => ReportError::NoUnit(unit.clone()),
    })?;
    asked_in(books, &ask.language)?;
    let changes = changes(books, &ask.unit, &ask.language, MOST_CHANGES);
    if changes.is_empty() {
        return Err(ReportError::NoChange(ask.unit.clone()));
    }
    let report = YouSaidWeDid { size: ask.size, changes };
    let title = format!("{name}: you said, we did");
    Ok(paper(books, (title, name.as_str()), (&ask.language, ask.approved), Report::YouSaidWeDid(Box::new(report))))
}

fn found<'a>(books: &Books<'a>, ask: &PosterAsk) -> Result<&'a WardEntry, ReportError> {
    books.directory.ward(&ask.ward).ok_or_else(|| ReportError::NoWard(ask.ward.clone()))
}

/// A poster under its title and whose it is, in a language that somebody who speaks it has read or not.
fn paper(
    books: &Books<'_>,
    (title, name): (String, &str),
    (language, approved): (&Language, bool),
    report: Report,
) -> Paper {
    let unchecked = (*language != Language::english() && !approved).then(|| {
        "Not checked: somebody who speaks this language has to read it before it hangs on a wall. --approved says that one has."
            .to_owned()
    });
    let front = parts::front(books, (title, name.to_owned(), name.to_owned()), unchecked.into_iter().collect());
    Paper {
        version: VERSION,
        front: Front { language: language.to_string(), ..front },
        foot: Foot { n: None, standing: None, revision: None, definition: None, questionnaire: None, log: None },
        report,
    }
}

/// The newest changes of a unit and of what stands over it. They stand in their own words, which are English.
fn changes(books: &Books<'_>, unit: &Unit, language: &Language, most: usize) -> Vec<Change> {
    let language = (language.as_str() != "en").then(|| "en".to_owned());
    let changes = books.actions.changes(&over(books.directory, unit)).into_iter().take(most);
    changes.map(|change| Change { said: change.said, did: change.did, language: language.clone() }).collect()
}

/// The questionnaires that patients are asked in a language.
fn asked_in<'a>(books: &Books<'a>, language: &Language) -> Result<Vec<&'a Questionnaire>, ReportError> {
    let vocabulary = books.scoring.vocabulary();
    let all = (0..=u8::MAX).map_while(|index| vocabulary.questionnaire(index));
    let patients: Vec<_> = all.filter(|one| one.file().audience == KioskAudience::Patients).collect();
    let offered: Vec<_> =
        patients.iter().copied().filter(|one| one.file().languages.contains_key(language)).collect();
    if offered.is_empty() {
        let known: BTreeSet<&str> =
            patients.iter().flat_map(|one| one.file().languages.keys()).map(Language::as_str).collect();
        let known = known.into_iter().collect::<Vec<_>>().join(", ");
        return Err(ReportError::NoLanguage(language.clone(), known));
    }
    Ok(offered)
}

/// A released figure in a language; `None` where the question has no wording in it.
fn figure(
    books: &Books<'_>,
    asked: &[&Questionnaire],
    question: &Question,
    shown: &Shown,
    language: &Language,
) -> Option<PosterFigure> {
    let (text, answer) = if language.as_str() == "en" {
        (question.text.clone(), question.best_said.clone())
    } else {
        wording(asked, &question.subject, language)?
    };
    let of = match &shown.release.unit {
        Unit::Ward(_) => Whose::ThisWard,
        unit => Whose::Unit(books.scoring.unit_name(unit)?),
    };
    Some(PosterFigure {
        question: text,
        answer,
        percent: u8::try_from(shown.percent).ok()?,
        people: shown.release.people(),
        of,
        first_day: shown.release.first_day.to_string(),
        last_day: shown.release.last_day.to_string(),
    })
}

/// The question and its best answers as patients read them, in the newest version that has them.
fn wording(asked: &[&Questionnaire], subject: &Subject, language: &Language) -> Option<(String, String)> {
    let is_it = |questionnaire: &Questionnaire, question: &QuestionFile| match subject {
        Subject::FriendsAndFamily => matches!(question.kind, KindFile::FriendsAndFamily),
        Subject::Question { questionnaire: id, question: name } => {
            questionnaire.file().id == *id && question.id == *name
        }
    };
    let newest = asked.iter().max_by_key(|one| {
        let has = one.questions().iter().any(|question| is_it(one, question));
        (has, one.file().version)
    })?;
    let question = newest.questions().iter().find(|question| is_it(newest, question))?;
    let said = |text: &Text| text.get(language).cloned();
    let worth = |score: &OptionScore| match score {
        OptionScore::Milli(milli) => Some(*milli),
        OptionScore::Unscored => None,
    };
    let is_best = |position: usize, score: &OptionScore| match subject {
        // Very good and good, the first two of the fixed six.
        Subject::FriendsAndFamily => position < 2,
        Subject::Question { .. } => {
            let most = question.options.iter().filter_map(|option| worth(&option.score)).max();
            most.is_some() && worth(score) == most
        }
    };
    let best = question.options.iter().enumerate().filter(|(position, option)| is_best(*position, &option.score));
    let best: Option<Vec<String>> = best.map(|(_, option)| said(&option.text)).collect();
    Some((said(&question.text)?, best?.join(" / ")))
}
