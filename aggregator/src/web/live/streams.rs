//! The streams of open pages: each stands behind the door of its page and shows what that page shows to whoever looks.

use axum::extract::{Extension, Path, Query, State};
use axum::response::Response;
use wardvoice_protocol::directory::Unit;

use super::{Scene, Visit, open};
use crate::web::alerts::Heeded;
use crate::web::failure::Failure;
use crate::web::units::{self, Sight};
use crate::web::viewer::Viewer;
use crate::web::ward::{self, off_thread, period, ward_of};
use crate::web::{Shared, board, office};

pub(crate) async fn ward(
    State(web): State<Shared>,
    Extension(viewer): Extension<Viewer>,
    Path(id): Path<String>,
    Query(asked): Query<ward::Asked>,
    visit: Visit,
) -> Result<Response, Failure> {
    let ward = ward_of(&web, &id)?;
    let own = asked.period.as_deref().filter(|text| !text.is_empty());
    let own = own.map(|text| period(&web, Some(text))).transpose()?;
    let heeded = ward::heeded(&web, &viewer, &ward);
    open(&web, Scene::Ward(ward, own, heeded), visit).await
}

pub(crate) async fn trust(
    State(web): State<Shared>,
    Extension(viewer): Extension<Viewer>,
    Query(asked): Query<units::Asked>,
    visit: Visit,
) -> Result<Response, Failure> {
    let unit = units::trust_of(&web);
    of_unit(&web, &viewer, unit, &asked, visit).await
}

pub(crate) async fn site(
    State(web): State<Shared>,
    Extension(viewer): Extension<Viewer>,
    Path(id): Path<String>,
    Query(asked): Query<units::Asked>,
    visit: Visit,
) -> Result<Response, Failure> {
    let unit = units::named(&web, "site", &id)?;
    of_unit(&web, &viewer, unit, &asked, visit).await
}

pub(crate) async fn department(
    State(web): State<Shared>,
    Extension(viewer): Extension<Viewer>,
    Path(id): Path<String>,
    Query(asked): Query<units::Asked>,
    visit: Visit,
) -> Result<Response, Failure> {
    let unit = units::named(&web, "department", &id)?;
    of_unit(&web, &viewer, unit, &asked, visit).await
}

pub(crate) async fn specialty(
    State(web): State<Shared>,
    Extension(viewer): Extension<Viewer>,
    Path(id): Path<String>,
    Query(asked): Query<units::Asked>,
    visit: Visit,
) -> Result<Response, Failure> {
    let unit = units::named(&web, "specialty", &id)?;
    of_unit(&web, &viewer, unit, &asked, visit).await
}

async fn of_unit(
    web: &Shared,
    viewer: &Viewer,
    unit: Unit,
    asked: &units::Asked,
    visit: Visit,
) -> Result<Response, Failure> {
    let sight = Sight::of(web, asked)?;
    let scene = units::scene(web, viewer, unit, sight);
    open(web, scene, visit).await
}

pub(crate) async fn signal(
    State(web): State<Shared>,
    Extension(viewer): Extension<Viewer>,
    Query(asked): Query<units::one::Asked>,
    visit: Visit,
) -> Result<Response, Failure> {
    let (unit, sight) = asked.read(&web, &viewer)?;
    open(&web, Scene::Signal { unit, sight }, visit).await
}

pub(crate) async fn board(
    State(web): State<Shared>,
    Extension(viewer): Extension<Viewer>,
    Query(asked): Query<units::Asked>,
    visit: Visit,
) -> Result<Response, Failure> {
    let sight = Sight::of(&web, &asked)?;
    let heeded = board::heeded(&web, &viewer);
    open(&web, Scene::Board(sight, heeded), visit).await
}

pub(crate) async fn office(
    State(web): State<Shared>,
    Extension(viewer): Extension<Viewer>,
    Query(asked): Query<office::Asked>,
    visit: Visit,
) -> Result<Response, Failure> {
    let sight = office::Sight::of(&web, &viewer, &asked)?;
    open(&web, Scene::Office(sight), visit).await
}

pub(crate) async fn alerts(
    State(web): State<Shared>,
    Extension(viewer): Extension<Viewer>,
    visit: Visit,
) -> Result<Response, Failure> {
    let heeded = off_thread(&web, move |web| Ok(Heeded::of_all(web, &viewer))).await?;
    open(&web, Scene::Alerts(heeded), visit).await
}

pub(crate) async fn fleet(State(web): State<Shared>, visit: Visit) -> Result<Response, Failure> {
    open(&web, Scene::Fleet, visit).await
}
