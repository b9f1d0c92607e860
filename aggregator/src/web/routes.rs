//! Every route there is, with the door it stands behind.
//!
//! The router is made from this list and from nothing else, and a test walks the list as every role and as nobody: a route without a line
//! in the test's table fails it.

use axum::Router;
use axum::handler::Handler;
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodRouter, get, post};
use serde::Serialize;
use wardvoice_protocol::directory::Unit;
use wardvoice_protocol::id::{ConsultantId, WardId};

use super::live::streams;
use super::{
    Shared, accounts, actions, alerts, api, assets, beside, board, branding, comments, consultant, consultants,
    display, disputes, health, help, monitor, office, reports, sign_in, tables, trail, units, viewer, ward, wards,
};
use crate::export::Table;
use crate::policy::{Entrance, Place};

/// What a route leads to; the path's `{id}` says whose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Door {
    /// Everybody's.
    Open,
    /// Whoever is known.
    Description,
    /// Whoever may read any ward. What is shown behind it is asked for again, unit by unit.
    Units,
    /// Whoever may read the ward.
    Ward,
    /// Whoever may read the unit of a kind: `department`, `site`, `specialty`.
    Of(&'static str),
    /// Whoever may read the trust.
    Trust,
    /// Whoever may take on and change the actions of the unit of a kind: `ward`, `department`, `site`, `specialty`.
    Actions(&'static str),
    /// Whoever may take on and change the trust's actions.
    TrustActions,
    /// Whoever may say that a request for help on the ward was seen.
    Help,
    /// Whoever may for all wards.
    AllHelp,
    /// The office's and the administrators'.
    Office,
    /// Who plans the programme.
    Programme,
    /// Who looks at how answers were gathered.
    Monitor,
    /// Who reads what patients wrote before anybody else does.
    Comments,
    /// Who decides disputes.
    Disputes,
    /// Who may know who did what.
    Audit,
    /// Who says who may sign in.
    Accounts,
    /// Whoever may look at the screen in the ward's corridor.
    Display,
    /// Whom any alert may concern; which of them is asked for again.
    Alerts,
    /// Whoever has business with any consultant; with which of them is asked for again.
    Consultants,
    /// Whoever has business with the consultant.
    Consultant,
    /// The consultant.
    OwnPage,
    /// Whoever may have the table that the path's id names. What of it is asked for again, unit by unit.
    Table,
}

impl Door {
    /// What may be asked of the policy about it. A path that names nothing leads to a page that says so, for whoever may read wards.
    pub(crate) fn place(self, id: &str, enter: impl Fn(Place<'_>) -> Entrance) -> Entrance {
        let ward = || WardId::new(id).ok();
        let consultant = || ConsultantId::new(id).ok();
        let of_ward =
            |place: &dyn Fn(&WardId) -> Entrance| ward().map_or_else(|| enter(Place::Units), |id| place(&id));
        let of_consultant = |place: &dyn Fn(&ConsultantId) -> Entrance| {
            consultant().map_or_else(|| enter(Place::Disputes), |id| place(&id))
        };
        match self {
            Self::Open => enter(Place::Open),
            Self::Description => enter(Place::Description),
            Self::Units => enter(Place::Units),
            Self::Ward => of_ward(&|id| enter(Place::Unit(&Unit::Ward(id.clone())))),
            Self::Of(kind) => match format!("{kind}:{id}").parse::<Unit>() {
                Ok(unit) => enter(Place::Unit(&unit)),
                Err(_) => enter(Place::Units),
            },
            Self::Trust => enter(Place::Trust),
            Self::Actions(kind) => match format!("{kind}:{id}").parse::<Unit>() {
                Ok(unit) => enter(Place::Actions(&unit)),
                Err(_) => enter(Place::Units),
            },
            Self::TrustActions => enter(Place::TrustActions),
            Self::Help => of_ward(&|id| enter(Place::Help(id))),
            Self::AllHelp => enter(Place::AllHelp),
            Self::Office => enter(Place::Office),
            Self::Programme => enter(Place::Programme),
            Self::Monitor => enter(Place::Monitor),
            Self::Comments => enter(Place::Comments),
            Self::Disputes => enter(Place::Disputes),
            Self::Audit => enter(Place::Audit),
            Self::Accounts => enter(Place::Accounts),
            // Where there is no such ward there is no screen either, and everybody may be told so.
            Self::Display => ward().map_or_else(|| enter(Place::Open), |id| enter(Place::Display(&id))),
            Self::Alerts => enter(Place::Alerts),
            Self::Consultants => enter(Place::Consultants),
            Self::Consultant => of_consultant(&|id| enter(Place::Consultant(id))),
            Self::Table => {
                id.parse::<Table>().map_or_else(|_| enter(Place::Units), |table| enter(Place::Table(table)))
            }
            Self::OwnPage => of_consultant(&|id| enter(Place::OwnPage(id))),
        }
    }
}

/// A route in words, for whoever puts a proxy in front and for tests that look at every page.
#[derive(Debug, Serialize)]
pub(crate) struct Described {
    pub(crate) method: &'static str,
    pub(crate) path: &'static str,
    /// What the policy is asked for: a door's name in small letters.
    pub(crate) door: String,
}

impl From<Route> for Described {
    fn from(Route { method, path, door, .. }: Route) -> Self {
        let name = match door {
            Door::Of(kind) => kind.to_owned(),
            Door::Actions(kind) => format!("{kind} actions"),
            door => format!("{door:?}"),
        };
        let mut words = String::new();
        for letter in name.chars() {
            if letter.is_uppercase() && !words.is_empty() {
                words.push(' ');
            }
            words.extend(letter.to_lowercase());
        }
        Self { method, path, door: words }
    }
}

/// Every route in words.
pub(crate) fn described() -> Vec<Described> {
    all().into_iter().map(Described::from).collect()
}

/// A route.
pub(crate) struct Route {
    pub(crate) method: &'static str,
    pub(crate) path: &'static str,
    pub(crate) door: Door,
    answers: MethodRouter<Shared>,
}

/// Something that is read.
pub(super) fn reads<H, T>(path: &'static str, door: Door, handler: H) -> Route
where
    H: Handler<T, Shared>,
    T: 'static,
{
    Route { method: "GET", path, door, answers: get(handler) }
}

/// Something that is done.
pub(super) fn does<H, T>(path: &'static str, door: Door, handler: H) -> Route
where
    H: Handler<T, Shared>,
    T: 'static,
{
    Route { method: "POST", path, door, answers: post(handler) }
}

/// Every route.
pub(crate) fn all() -> Vec<Route> {
    let mut all = vec![
        reads("/healthz", Door::Open, health::healthz),
        reads("/readyz", Door::Open, health::readyz),
        reads("/metrics", Door::Open, health::metrics),
        reads("/sign-in", Door::Open, sign_in::form),
        does("/sign-in", Door::Open, sign_in::submit),
        does("/sign-out", Door::Open, sign_in::leave),
        reads("/assets/{version}/{name}", Door::Open, assets::serve),
        reads("/branding/{version}/{name}", Door::Open, branding::serve),
        reads("/", Door::Units, wards::page),
        reads("/ward/{id}", Door::Ward, ward::page),
        reads("/ward/{id}/stream", Door::Ward, streams::ward),
        does("/ward/{id}/help/seen", Door::Help, help::seen),
        reads("/department/{id}", Door::Of("department"), units::department),
        reads("/department/{id}/stream", Door::Of("department"), streams::department),
        reads("/site/{id}", Door::Of("site"), units::site),
        reads("/site/{id}/stream", Door::Of("site"), streams::site),
        reads("/specialty/{id}", Door::Of("specialty"), units::specialty),
        reads("/specialty/{id}/stream", Door::Of("specialty"), streams::specialty),
        reads("/trust", Door::Trust, units::trust),
        reads("/trust/stream", Door::Trust, streams::trust),
        reads("/board", Door::Trust, board::page),
        reads("/board/stream", Door::Trust, streams::board),
        reads("/alerts", Door::Alerts, alerts::page),
        reads("/alerts/stream", Door::Alerts, streams::alerts),
        does("/alerts/seen", Door::Alerts, alerts::seen),
        // Which unit may be read is asked for again when it is known which one.
        reads("/signal", Door::Description, units::one::page),
        reads("/signal/stream", Door::Description, streams::signal),
        reads("/beside", Door::Description, beside::page),
        does("/signal/rebase", Door::Programme, units::one::rebase::add),
        does("/signal/rebase/remove", Door::Programme, units::one::rebase::remove),
        // A display shows what was released to everybody; a trust may want it to be for its own screens all the same.
        reads("/display/{id}", Door::Display, display::page),
        reads("/display/worker.js", Door::Open, display::worker),
        reads("/display/{id}/enter/{code}", Door::Open, display::enter),
        reads("/consultants", Door::Consultants, consultants::page),
        reads("/consultant/{id}", Door::Consultant, consultant::page),
        does("/consultant/{id}/dispute", Door::OwnPage, consultant::dispute),
        does("/office/monitor", Door::Monitor, monitor::mark),
        reads("/office/disputes", Door::Disputes, disputes::page),
        does("/office/disputes/rule", Door::Disputes, disputes::rule),
        reads("/office/audit", Door::Audit, trail::page),
    ];
    all.extend(actions::routes());
    all.extend(accounts::routes());
    #[cfg(feature = "openid")]
    all.extend(super::openid::routes());
    all.extend(office::routes());
    all.extend(comments::routes());
    all.extend(tables::routes());
    all.extend(reports::routes());
    all.extend(api::routes());
    all
}

/// The router of all routes, each behind its door.
pub(super) fn router(web: &Shared) -> Router<Shared> {
    all().into_iter().fold(Router::new(), |router, route| {
        tracing::trace!(method = route.method, path = route.path, door = ?route.door, "a route");
        let guarded = from_fn_with_state((Shared::clone(web), route.door), viewer::guard);
        router.route(route.path, route.answers.route_layer(guarded))
    })
}
