//! What the session shows: figures and names for each page.

use jiff::civil::Date;
use wardvoice_protocol::board::Board;
use wardvoice_protocol::id::{Language, WardId};
use wardvoice_protocol::questionnaire::{AboutFact, KindFile};

use super::super::Interview;
use super::session::{Aside, Session, Step, Visit};
use super::view::{BedView, Page, Plan, PlanView, TabletView, TeamView, WardLine};

/// How many names of consultants are on one page of the volunteer's.
pub(super) const CONSULTANTS_A_PAGE: usize = 8;

impl Interview {
    /// The page of the session; none when the interview's own screen shows.
    pub(super) fn page(&self, now_ms: u64) -> Option<Page> {
        let session = self.volunteer.session.as_ref()?;
        let round = self.volunteer.briefing.round.as_ref();
        match session.aside {
            Some(Aside::Harm) => {
                return Some(Page::Harm { safeguarding: round.and_then(|round| round.safeguarding.clone()) });
            }
            Some(Aside::Script) => return Some(Page::Script),
            None => {}
        }
        let visit = session.visit.as_ref();
        Some(match session.step {
            Step::Interview => return None,
            Step::Resume => self.resume_page(now_ms),
            Step::Wards => Page::Wards(self.ward_lines(session)),
            Step::Plan => Page::Plan(self.plan_view(session, visit?)),
            Step::Bed => Page::Bed(self.bed_view(visit?)),
            Step::How => Page::How,
            Step::Team { page } => Page::Team(team_view(visit?, page)),
            Step::Paused => Page::Paused { handed_over: session.is_handed_over() },
            Step::RoundDone => {
                let (answered, approached) = visit.map_or((0, 0), |visit| (visit.answered, visit.approached));
                Page::Round { answered, approached }
            }
            Step::Tablet => Page::Tablet(TabletView {
                state: session.tablet.clone(),
                ward: self.volunteer.home.as_ref().unwrap_or(&self.setting).ward_name().to_owned(),
                connected: self.carriage.connected,
            }),
            Step::TestCard => Page::TestCard { kept: session.test_card.clone() },
            Step::Move => Page::Move(self.wards().into_iter().map(|(_, name)| name).collect()),
        })
    }

    fn resume_page(&self, now_ms: u64) -> Page {
        let parked = self.volunteer.parked.as_ref();
        let since_ms =
            parked.map_or(0, |parked| super::KEEP_MS.saturating_sub(parked.expires_ms.saturating_sub(now_ms)));
        Page::Resume { minutes: since_ms / 60_000, answered: parked.map_or(0, |parked| parked.draft.answered()) }
    }

    fn ward_lines(&self, session: &Session) -> Vec<WardLine> {
        let line = |(ward, name): (WardId, String)| WardLine { plan: self.plan_of(session, &ward), name };
        self.wards().into_iter().map(line).collect()
    }

    fn plan_of(&self, session: &Session, ward: &WardId) -> Option<Plan> {
        let board = self.volunteer.briefing.boards.get(ward)?;
        Some(plan(board, session.tablet.as_ref().map(|tablet| tablet.today)))
    }

    fn plan_view(&self, session: &Session, visit: &Visit) -> PlanView {
        let board = self.volunteer.briefing.boards.get(&visit.ward);
        PlanView {
            ward: visit.name.clone(),
            plan: self.plan_of(session, &visit.ward),
            few: self.few(&visit.ward),
            beds: visit.beds.len(),
            left: visit.to_see.as_ref().map(std::collections::VecDeque::len).filter(|left| *left > 0),
            changes: board
                .iter()
                .flat_map(|board| &board.changes)
                .map(|change| (change.said.clone(), change.did.clone()))
                .collect(),
        }
    }

    fn bed_view(&self, visit: &Visit) -> BedView {
        let left = visit.to_see.as_ref().map_or(0, std::collections::VecDeque::len);
        let bed = visit.bed();
        BedView {
            bay: bed.map(|bed| bed.bay.clone()).unwrap_or_default(),
            bed: bed.map(|bed| bed.name.clone()),
            number: visit.seen + 1,
            of: visit.beds.len(),
            few: self.few(&visit.ward),
            can_wait: left > 1,
        }
    }

    /// The age bands that lag on a ward, in the words of the questionnaire.
    fn few(&self, ward: &WardId) -> Vec<String> {
        let age = |kind: &KindFile| *kind == KindFile::About(AboutFact::AgeBand);
        let questions = self.setting.questionnaire().questions();
        let options =
            questions.iter().find(|question| age(&question.kind)).map(|question| question.options.as_slice());
        let few = self.volunteer.briefing.boards.get(ward).map(|board| board.few.as_slice()).unwrap_or_default();
        let words = options.unwrap_or_default().iter().filter(|option| few.contains(&option.id));
        words.filter_map(|option| option.text.get(&Language::english()).cloned()).collect()
    }
}

fn team_view(visit: &Visit, page: usize) -> TeamView {
    let names = visit.consultants_of_page(page);
    let by_roster = visit.bed().and_then(|bed| bed.consultant.as_ref());
    TeamView {
        names: names.iter().map(|choice| choice.label.clone()).collect(),
        by_roster: names.iter().position(|choice| Some(&choice.id) == by_roster),
        has_more: visit.consultants.len() > CONSULTANTS_A_PAGE,
    }
}

fn plan(board: &Board, today: Option<Date>) -> Plan {
    let is_over = today.is_some_and(|today| today > board.last_day);
    // A board that is of a later day than the tablet's tells of a wrong clock; then nothing is said about days.
    let left = today.filter(|today| (board.first_day..=board.last_day).contains(today)).and_then(|today| {
        let days = today.until(board.last_day).ok()?.get_days();
        u32::try_from(days).ok().map(|days| days + 1)
    });
    let london = jiff::tz::TimeZone::get("Europe/London").unwrap_or(jiff::tz::TimeZone::UTC);
    Plan {
        completed: board.completed,
        target: board.target,
        days_left: left,
        figures_of: london.to_datetime(board.issued).date(),
        is_over,
    }
}
