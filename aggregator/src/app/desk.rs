//! What the pages look at, and the ways in which they change things: each says so to whoever has to hear of it.

use std::sync::Arc;

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::acknowledge;
use crate::disputes::Attributed;
use crate::durable_file;
use crate::ingest::mqtt::Messenger;
use crate::metrics::Metrics;
use crate::monitor::Observations;
use crate::national_return::Recounts;
#[cfg(feature = "openid")]
use crate::openid::OpenId;
use crate::operations;
use crate::premises::House;
use crate::previews::Previews;
use crate::tries::Tries;
use crate::web::Desk;

/// Everything that the pages look at, of a house.
pub(super) fn of(
    house: &Arc<House>,
    messenger: &Messenger,
    metrics: Arc<Metrics>,
    stopping: CancellationToken,
    #[cfg(feature = "openid")] openid: Option<Arc<OpenId>>,
) -> Arc<Desk> {
    let for_replay = Arc::clone(house);
    let (for_ruling, for_withdrawal, for_codes) = (Arc::clone(house), Arc::clone(house), Arc::clone(house));
    let attributed = Attributed::new(house.reader(), Arc::clone(&house.world), house.premises.keys.signing_key());
    let (for_translations, about_translations) = (Arc::clone(house), messenger.clone());
    let (for_plan, to_kiosks) = (Arc::clone(house), messenger.clone());
    let (line, data) = (messenger.clone(), house.premises.data.clone());
    let (for_help, messenger) = (Arc::clone(house), messenger.clone());
    Arc::new(Desk {
        world: Arc::clone(&house.world),
        scoring: Arc::clone(&house.scoring),
        facts: Arc::clone(&house.facts),
        reader: house.reader(),
        changes: house.changes.clone(),
        fleet: Arc::clone(&house.fleet),
        accounts: Arc::clone(&house.premises.accounts),
        questionnaires: Arc::clone(&house.premises.questionnaires),
        languages: house.premises.config.languages.clone(),
        translations: Arc::clone(&house.premises.translations),
        translate: Arc::new(move |questionnaire, language, ruling, reason, by| {
            let premises = &for_translations.premises;
            let decided = premises.translations.decide(questionnaire, language, ruling, reason, by);
            let decided = decided.map_err(|error| error.to_string())?;
            let messages = premises.assignments.about_translations(questionnaire.hash());
            for message in messages {
                about_translations.publish(message);
            }
            Ok(decided)
        }),
        previews: Arc::new(Previews::new(
            house.premises.data.join("previews"),
            house.premises.config.preview_program.clone(),
        )),
        planning: Arc::clone(&house.premises.planning),
        plan: Arc::new(move |wish, by| {
            let decided = for_plan.plan(wish, by).map_err(|error| error.to_string())?;
            let message = for_plan.premises.assignments.directory_message();
            if let Some(message) = message {
                to_kiosks.publish(message);
            }
            Ok(decided)
        }),
        actions: Arc::clone(&house.premises.actions),
        rebases: Arc::clone(&house.premises.rebases),
        metrics,
        broker_connected: Arc::new(move || line.is_connected()),
        free_bytes: Arc::new(move || durable_file::free_bytes(&data).ok()),
        last_backup: Arc::clone(&house.premises.last_backup),
        clock_doubt: Arc::clone(&house.clock_doubt),
        replay: Arc::new(move |numbers| {
            let today = for_replay.premises.today();
            for_replay.pipeline.replay(numbers, today).map_err(|error| error.to_string())
        }),
        help: Arc::clone(&house.help),
        delivery: Arc::clone(&house.delivery),
        alerts: Arc::clone(&house.alerts),
        forks: Arc::clone(&house.premises.forks),
        comments: Arc::clone(&house.comments),
        marks: Arc::clone(&house.marks),
        observations: Observations::default(),
        acknowledge: Arc::new(move |record, by| {
            acknowledge(&for_help, &messenger, record, by).map_err(|error| format!("{error:#}"))
        }),
        releases: Arc::clone(&house.premises.releases),
        published: house.premises.config.published_in(&house.premises.data),
        publishings: Arc::clone(&house.premises.publishings),
        returns: Arc::clone(&house.premises.returns),
        recounts: Recounts::default(),
        national: house.premises.config.national.clone(),
        demonstration: house.premises.demonstration,
        branding: house.premises.branding.clone(),
        policy: house.premises.policy(),
        audit: Arc::clone(&house.premises.audit),
        tries: Arc::new(Tries::open(house.premises.data.join("tries.json"))),
        sessions: Arc::clone(&house.premises.sessions),
        display_tokens: Arc::clone(&house.premises.display_tokens),
        trusted_proxies: house.premises.config.trusted_proxies.clone(),
        #[cfg(feature = "openid")]
        openid,
        disputes: Arc::clone(&house.premises.disputes),
        attributed: Arc::new(attributed),
        rule: Arc::new(move |number, ruling, note| {
            for_ruling.rule(number, ruling, note).map_err(|error| format!("{error:#}"))
        }),
        withdraw: Arc::new(move |record| {
            operations::withdrawn(&for_withdrawal, record).map_err(|error| format!("{error:#}"))
        }),
        find_by_code: Arc::new(move |code| {
            operations::of_code(&for_codes, code).map_err(|error| format!("{error:#}"))
        }),
        stopping,
        now: Arc::new(Timestamp::now),
    })
}
