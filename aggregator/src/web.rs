//! The pages, the API and the machine's own words, over HTTP.
//!
//! Purpose: a ward sister sees her ward's answers within a blink of their being stored; the office sees what was refused and
//! which kiosks are silent; a machine can ask for the same. Everything is rendered here; nothing is fetched from elsewhere.
//!
//! Vocabulary: the *desk* is everything the pages look at; a *viewer* is who is looking; a *fragment* is the part of a page that changes; a
//! *scene* is what a page shows to whom it shows the same; a *room* is all the open pages of one scene, which get each fragment rendered once.
//!
//! Invariants:
//! - A number never stands without its n. A ward that nobody has heard from is shown as silent, never as unchanged.
//! - Pages work without JavaScript; the script only swaps what a reload would show.
//! - Nothing inline: the content security policy allows our own style sheet, script and letters and nothing else.
//! - Who may open what is decided by [`crate::policy`], at the door of every route of one list ([`routes`]). Outside a demonstration
//!   nothing but `/healthz`, `/readyz`, `/metrics`, `/sign-in`, the assets and the displays, which show what was released to
//!   everybody (and may be for the trust's own screens alone), is shown to a viewer who has not signed in; in one, wards are. A
//!   consultant's page asks for it always.
//! - Whatever is seen of a named consultant, and whatever is changed, is in the audit first ([`crate::audit`]).
//! - What stays open ends with the session it was opened in ([`viewer`]).
//! - Pages only read, with these exceptions. A ward's staff say that a request for help was seen; whoever leads a unit keeps its actions; whom an alert
//!   concerns says that it was seen; a consultant disputes. The office decides about comments, word lists, the coding frame, translations, the plan and
//!   disputes, notes what it thinks of what the monitor found, tries the quarantine again, notes eligible patients and makes the files of the
//!   national month, releases figures to the public, publishes sites, and starts a chart's limits afresh. An administrator changes accounts. Everybody
//!   signs in and out. Every one of these is a route of [`routes`] that does something.
//! - Raw comments are on the office's pages only; every other page and the API ask `Comments::released`.
//!
//! Failure modes: what cannot be found or computed is a page in plain English, or `application/problem+json` under `/api`.
//! Open streams end when [`Desk::stopping`] is cancelled, so that a graceful shutdown does not wait for browsers.

use std::sync::{Arc, RwLock};

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::{HeaderValue, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use jiff::Timestamp;
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;
use tower_http::csrf::CsrfLayer;
use tower_http::set_header::SetResponseHeaderLayer;
use wardvoice_protocol::id::{Language, RecordId};
use wardvoice_protocol::questionnaire::Questionnaire;
use wardvoice_protocol::receipt::Verdict;
use wardvoice_protocol::withdrawal::WithdrawalCode;

use crate::accounts::Accounts;
use crate::actions::Actions;
use crate::alerts::Alerts;
use crate::audit::{Audit, Deed};
use crate::backup::LastBackup;
use crate::branding::Branding;
use crate::clock_doubt::ClockDoubt;
use crate::comments::Comments;
use crate::delivery::Delivery;
use crate::display_tokens::DisplayTokens;
use crate::disputes::{Attributed, Dispute, Disputes, Ruling};
use crate::facts::Facts;
use crate::fleet::Fleet;
use crate::forks::Forks;
use crate::help::{HelpDesk, StaffRole};
use crate::ingest::{Change, World};
use crate::log::{Reader, Seen};
use crate::metrics::Metrics;
use crate::monitor::{Ground, Marks, Observations};
use crate::national_return::{Book, NationalCodes, Recounts};
use crate::network::Network;
#[cfg(feature = "openid")]
use crate::openid::OpenId;
use crate::operations::Withdrawn;
use crate::planning::{PlanDecision, PlanWish, Planning};
use crate::policy;
use crate::previews::Previews;
use crate::publish::{Destination, Publishings, Sources};
use crate::questionnaires::Questionnaires;
use crate::rebases::Rebases;
use crate::releases::Releases;
use crate::scoring::ScoringWorld;
use crate::sessions::Sessions;
use crate::translations::{Ruling as TranslationRuling, TranslationDecision, Translations};
use crate::tries::Tries;

mod accounts;
mod actions;
mod alerts;
mod api;
mod appraisals;
mod assets;
mod beside;
mod board;
mod books;
mod branding;
pub(crate) mod charts;
mod comments;
mod consultant;
mod consultants;
mod contact_logs;
mod deliveries;
mod display;
mod disputes;
mod doorkeeper;
mod failure;
mod figures;
mod flags;
mod fleet;
mod health;
mod help;
mod histories;
mod kept;
mod layout;
mod like_for_like;
mod live;
mod monitor;
mod office;
#[cfg(feature = "openid")]
mod openid;
mod presence;
mod proxies;
pub(crate) mod reports;
mod routes;
mod sheets;
mod sign_in;
mod signals;
mod tables;
mod trail;
mod units;
mod viewer;
mod ward;
mod wards;
pub(crate) mod words;

pub(crate) use routes::described as every_route;

#[cfg(test)]
mod tests;

/// Judges entries of the quarantine anew: their numbers in, their verdicts or why not out. Blocks until they are durable.
pub type Replay = Arc<dyn Fn(&[u64]) -> Result<Vec<(u64, Verdict)>, String> + Send + Sync>;

/// Notes that somebody of a role has seen a request for help, and tells the kiosk: what stands, or `None` when there is no such
/// request, or why not. Blocks until it is durable.
pub type Acknowledge = Arc<dyn Fn(RecordId, &StaffRole) -> Result<Option<Seen>, String> + Send + Sync>;

/// Rules on a dispute: its number, the ruling and why; what stands, or why not. Blocks until it is durable and in the facts.
pub type Rule = Arc<dyn Fn(u32, Ruling, &str) -> Result<Dispute, String> + Send + Sync>;

/// Deletes what was answered in a record: what stays, or why not. Blocks until it is durable and out of the facts.
pub type TakeBack = Arc<dyn Fn(RecordId) -> Result<Withdrawn, String> + Send + Sync>;

/// Finds the record that somebody was given a code for, or says why it does not.
pub type FindByCode = Arc<dyn Fn(WithdrawalCode) -> Result<RecordId, String> + Send + Sync>;

/// Changes the fortnight's plan and tells pages and kiosks: what was written down, or why not. Blocks until it is durable.
pub type SetPlan = Arc<dyn Fn(&PlanWish, &StaffRole) -> Result<Vec<PlanDecision>, String> + Send + Sync>;

/// Decides about a translation and tells the kiosks: what was written down, or why not. Blocks until it is durable.
pub type Translate = Arc<
    dyn Fn(&Questionnaire, &Language, TranslationRuling, &str, &StaffRole) -> Result<TranslationDecision, String>
        + Send
        + Sync,
>;

/// Whether the broker carries messages at this moment.
pub type BrokerConnected = Arc<dyn Fn() -> bool + Send + Sync>;
/// How many bytes the disk of the data folder still takes; none when it does not say.
pub type FreeBytes = Arc<dyn Fn() -> Option<u64> + Send + Sync>;

/// What time it is. Handed in so that pages can be tested on any day.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Everything the pages look at.
pub struct Desk {
    /// The trust, the calendar and the kiosks.
    pub world: Arc<World>,
    /// The rules of scoring.
    pub scoring: Arc<ScoringWorld>,
    /// The facts, live.
    pub facts: Arc<RwLock<Facts>>,
    /// The log.
    pub reader: Reader,
    /// Where news of commits comes from.
    pub changes: broadcast::Sender<Change>,
    /// What is known of each kiosk at this moment.
    pub fleet: Arc<Fleet>,
    /// Who may sign in.
    pub accounts: Arc<Accounts>,
    /// What can be asked.
    pub questionnaires: Arc<Questionnaires>,
    /// The languages that kiosks are told to offer.
    pub languages: Vec<Language>,
    /// Which translations people have approved.
    pub translations: Arc<Translations>,
    /// The way to decide about one.
    pub translate: Translate,
    /// Pictures of what kiosks show.
    pub previews: Arc<Previews>,
    /// What the office has decided about the plan.
    pub planning: Arc<Planning>,
    /// The way to change it.
    pub plan: SetPlan,
    /// What is done about what patients said.
    pub actions: Arc<Actions>,
    /// From when on which charts start afresh.
    pub rebases: Arc<Rebases>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// Whether records can come in.
    pub broker_connected: BrokerConnected,
    /// Whether there is room for them.
    pub free_bytes: FreeBytes,
    /// When the last backup was made.
    pub last_backup: Arc<LastBackup>,
    /// Why the clock is doubted, if it is.
    pub clock_doubt: Arc<ClockDoubt>,
    /// The way back into ingest for the quarantine.
    pub replay: Replay,
    /// The requests for help.
    pub help: Arc<HelpDesk>,
    /// The messages to people outside the pages.
    pub delivery: Arc<Delivery>,
    /// What somebody should look at.
    pub alerts: Arc<Alerts>,
    /// Who has looked at which kiosk's forked chain.
    pub forks: Arc<Forks>,
    /// What people wrote, and what was decided about it.
    pub comments: Arc<Comments>,
    /// What people noted about what the monitor found.
    pub marks: Arc<Marks>,
    /// What the monitor looks at.
    pub observations: Observations,
    /// The way into the log for whoever has seen one.
    pub acknowledge: Acknowledge,
    /// What everybody may see.
    pub releases: Arc<Releases>,
    /// Where published sites go.
    pub published: Vec<Destination>,
    /// How the last publishings went.
    pub publishings: Arc<Publishings>,
    /// What was noted about national returns.
    pub returns: Arc<Book>,
    /// The months that were counted again from the log.
    pub recounts: Recounts,
    /// What the national return calls the trust, its sites and specialties.
    pub national: NationalCodes,
    /// Whether everything is generated: pages say so, and reading wards needs no sign-in.
    pub demonstration: bool,
    /// The trust's own look, where it has one.
    pub branding: Option<Arc<Branding>>,
    /// Who may see what.
    pub policy: policy::Settings,
    /// Who did what.
    pub audit: Arc<Audit>,
    /// Wrong tries to sign in.
    pub tries: Arc<Tries>,
    /// Who has signed in.
    pub sessions: Arc<Sessions>,
    /// The screens that have been let in.
    pub display_tokens: Arc<DisplayTokens>,
    /// The proxies whose word about the caller's address is believed.
    pub trusted_proxies: Vec<Network>,
    /// The trust's own sign-in, where it is set up.
    #[cfg(feature = "openid")]
    pub openid: Option<Arc<OpenId>>,
    /// What consultants dispute.
    pub disputes: Arc<Disputes>,
    /// Contacts that are attributed to a consultant, by handles that tell nothing.
    pub attributed: Arc<Attributed>,
    /// The way to rule on a dispute.
    pub rule: Rule,
    /// The way to delete what a patient wants back.
    pub withdraw: TakeBack,
    /// Tells which answer that is by the code that the kiosk showed.
    pub find_by_code: FindByCode,
    /// Cancelled when the server stops; ends the open streams.
    pub stopping: CancellationToken,
    /// What time it is.
    pub now: Clock,
}

impl Desk {
    /// What published sites are made from.
    pub(crate) fn site_sources(&self) -> Sources<'_> {
        Sources {
            directory: &self.world.directory,
            calendar: &self.world.calendar,
            vocabulary: &self.world.vocabulary,
            releases: &self.releases,
            comments: &self.comments,
            actions: &self.actions,
            demonstration: self.demonstration,
            branding: self.branding.as_deref(),
        }
    }

    /// What the monitor's observations are made of.
    pub(crate) fn ground(&self) -> Ground<'_> {
        Ground { reader: &self.reader, world: &self.world, facts: &self.facts }
    }
}

/// The desk and what the pages themselves remember.
pub(crate) struct Web {
    desk: Arc<Desk>,
    doorkeeper: doorkeeper::Doorkeeper,
    sheets: sheets::Sheets,
    histories: histories::Histories,
    contact_logs: contact_logs::ContactLogs,
    appraisals: appraisals::Appraisals,
    rooms: live::Rooms,
    downloads: tables::Downloads,
    presses: reports::Presses,
}

type Shared = Arc<Web>;

/// The largest form that is read, in bytes.
const MAX_FORM_BYTES: usize = 16 * 1024;

/// Of 1 to 9: more than this costs a page a few milliseconds and saves it a few bytes.
const PAGE_COMPRESSION: i32 = 5;

const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; \
    font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// All routes. Needs no running runtime until the first request.
pub fn router(desk: Arc<Desk>) -> Router {
    let web: Shared = Arc::new(Web {
        doorkeeper: doorkeeper::Doorkeeper::default(),
        sheets: sheets::Sheets::default(),
        histories: histories::Histories::default(),
        contact_logs: contact_logs::ContactLogs::default(),
        appraisals: appraisals::Appraisals::default(),
        rooms: live::Rooms::default(),
        downloads: tables::Downloads::default(),
        presses: reports::Presses::default(),
        desk,
    });
    routes::router(&web)
        .fallback(failure::no_such_page)
        .layer(from_fn_with_state(Arc::clone(&web), viewer::identify))
        .layer(DefaultBodyLimit::max(MAX_FORM_BYTES))
        .layer(CsrfLayer::new())
        .layer(from_fn(failure::in_plain_english))
        // Live streams come compressed already, each event once for everybody; the layer leaves those alone.
        .layer(CompressionLayer::new().quality(CompressionLevel::Precise(PAGE_COMPRESSION)))
        .layer(header_layer(header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY))
        .layer(header_layer(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(header_layer(header::REFERRER_POLICY, "same-origin"))
        .layer(header_layer(header::HeaderName::from_static("cross-origin-opener-policy"), "same-origin"))
        .layer(header_layer(header::HeaderName::from_static("cross-origin-resource-policy"), "same-origin"))
        .layer(header_layer(
            header::HeaderName::from_static("permissions-policy"),
            "camera=(), microphone=(), geolocation=()",
        ))
        .layer(header_layer(header::CACHE_CONTROL, "private, no-store"))
        .with_state(web)
}

/// For so long a browser that believed our certificate comes over TLS alone: a year. Other names of the trust's are the trust's affair.
const TRANSPORT_SECURITY: &str = "max-age=31536000";

/// The same behind TLS of our own: cookies are for TLS alone, whatever a request says of itself, and so is every later request.
pub fn over_tls(router: Router) -> Router {
    let https = |mut request: Request, next: Next| {
        request.headers_mut().insert("x-forwarded-proto", HeaderValue::from_static("https"));
        next.run(request)
    };
    router.layer(from_fn(https)).layer(header_layer(header::STRICT_TRANSPORT_SECURITY, TRANSPORT_SECURITY))
}

/// Sets a header on every answer that does not set it itself.
fn header_layer(name: header::HeaderName, value: &'static str) -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value))
}

impl Web {
    fn now(&self) -> Timestamp {
        (self.desk.now)()
    }

    /// Notes what somebody is about to see or do. Without that it is not shown and not done.
    fn note(
        &self,
        who: &str,
        deed: Deed,
        about: Option<&str>,
        detail: Option<&str>,
    ) -> Result<(), failure::Failure> {
        let noted = self.desk.audit.note(self.now(), who, deed, about, detail);
        noted.map_err(|error| {
            tracing::error!("failed to {error}");
            failure::Failure::not_noted()
        })
    }

    fn today(&self) -> jiff::civil::Date {
        self.desk.scoring.calendar().day_of(self.now())
    }
}
