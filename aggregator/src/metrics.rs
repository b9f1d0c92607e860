//! What is counted while the aggregator runs, as Prometheus reads it at `/metrics`.
//!
//! Vocabulary: a *counter* only rises until the process ends; a *gauge* says how things are now; latencies are in
//! seconds, as Prometheus wants them. Nothing here names a person, an answer or a ward.
//!
//! The counting methods are cheap and may be called from any thread. Gauges that somebody else already knows (quarantine,
//! connected kiosks, positions) are handed in when the text is asked for, see [`Gauges`].

use std::time::Duration;

use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;
use wardvoice_protocol::receipt::{Decision, Reason};

/// What is counted.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    accepted: Counter,
    duplicate: Counter,
    refused: Family<RefusedLabels, Counter>,
    batch: Histogram,
    commit: Histogram,
    push: Histogram,
    pages: Histogram,
    streams: Gauge,
    quarantined: Gauge,
    kiosks_connected: Gauge,
    kiosks_registered: Gauge,
    kiosks_silent: Gauge,
    records: Gauge,
    contacts: Gauge,
    data_free_bytes: Gauge,
    backup_age: Gauge,
    clock_doubted: Gauge,
    broker_connected: Gauge,
    ready: Gauge,
}

/// How things are at the moment the text is asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Gauges {
    /// Entries in quarantine.
    pub quarantined: u64,
    /// Kiosks whose last word was that they are there.
    pub kiosks_connected: u64,
    /// Kiosks that are registered.
    pub kiosks_registered: u64,
    /// Those of them from which nothing has come for three days.
    pub kiosks_silent: u64,
    /// Records in the log.
    pub records: u64,
    /// Contacts in the facts.
    pub contacts: u64,
    /// Free bytes on the disk of the data folder; 0 when it does not say.
    pub data_free_bytes: u64,
    /// Seconds since the last backup; since the first answer where none was made, and 0 where there is none either.
    pub backup_age_seconds: u64,
    /// 1 while the clock is doubted and nothing is deleted by it, otherwise 0.
    pub clock_doubted: u64,
    /// 1 while the broker carries messages, otherwise 0.
    pub broker_connected: u64,
    /// 1 while answers come in and pages say them, otherwise 0; as `/readyz`.
    pub ready: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RefusedLabels {
    reason: ReasonLabel,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct ReasonLabel(Reason);

impl EncodeLabelValue for ReasonLabel {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> Result<(), std::fmt::Error> {
        EncodeLabelValue::encode(&self.0.as_str(), encoder)
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// Everything at zero.
    pub fn new() -> Self {
        let mut registry = Registry::with_prefix("wardvoice");
        let accepted = Counter::default();
        let duplicate = Counter::default();
        let refused = Family::<RefusedLabels, Counter>::default();
        // 1 to 4,096 records; 0.1 ms to 1.6 s.
        let batch = Histogram::new(exponential_buckets(1.0, 2.0, 13));
        let seconds = || Histogram::new(exponential_buckets(0.000_1, 2.0, 15));
        let (commit, push, pages) = (seconds(), seconds(), seconds());
        let gauge = Gauge::default;
        let (streams, quarantined, kiosks_connected) = (gauge(), gauge(), gauge());
        let (kiosks_registered, kiosks_silent, records) = (gauge(), gauge(), gauge());
        let (contacts, data_free_bytes, broker_connected, ready) = (gauge(), gauge(), gauge(), gauge());
        let (backup_age, clock_doubted) = (gauge(), gauge());
        macro_rules! register {
            ($name:literal, $help:literal, $metric:expr) => {
                registry.register($name, $help, $metric.clone())
            };
        }
        register!("records_accepted", "Records stored, flushed and counted once", accepted);
        register!("records_duplicate", "Copies of records that were stored long ago", duplicate);
        register!("records_refused", "Records that are not counted, by reason", refused);
        register!("commit_records", "Records in one durable commit", batch);
        register!("commit_seconds", "Time of one durable commit, flush and fsync included", commit);
        register!(
            "push_seconds",
            "Time from a commit's notice to the page fragment on its way to the browsers",
            push
        );
        register!("page_seconds", "Time to answer one request for a page or the API", pages);
        register!("open_streams", "Pages that are open and live", streams);
        register!("quarantined", "Entries in quarantine", quarantined);
        register!("kiosks_connected", "Kiosks whose last word was that they are there", kiosks_connected);
        register!("kiosks_registered", "Kiosks that are registered", kiosks_registered);
        register!("kiosks_silent", "Kiosks from which nothing has come for three days", kiosks_silent);
        register!("log_records", "Records in the log", records);
        register!("contacts", "Contacts that scores are computed from", contacts);
        register!("data_free_bytes", "Free bytes on the disk of the data folder", data_free_bytes);
        register!(
            "backup_age_seconds",
            "Seconds since the last backup, or since the first answer where none was made",
            backup_age
        );
        register!("clock_doubted", "1 while the clock is doubted and nothing is deleted by it", clock_doubted);
        register!("broker_connected", "1 while the broker carries messages", broker_connected);
        register!("ready", "1 while answers come in and pages say them", ready);
        Self {
            registry,
            accepted,
            duplicate,
            refused,
            batch,
            commit,
            push,
            pages,
            streams,
            quarantined,
            kiosks_connected,
            kiosks_registered,
            kiosks_silent,
            records,
            contacts,
            data_free_bytes,
            backup_age,
            clock_doubted,
            broker_connected,
            ready,
        }
    }

    /// A verdict went out.
    pub fn verdict(&self, decision: &Decision) {
        match decision {
            Decision::Accepted => {
                self.accepted.inc();
            }
            Decision::Duplicate => {
                self.duplicate.inc();
            }
            Decision::Refused(refusal) => {
                self.refused.get_or_create(&RefusedLabels { reason: ReasonLabel(refusal.reason) }).inc();
            }
        }
    }

    /// A batch was committed.
    pub fn committed(&self, records: usize, took: Duration) {
        self.batch.observe(records as f64);
        self.commit.observe(took.as_secs_f64());
    }

    /// A fragment went out to the open pages, so long after the notice of its commit.
    pub fn pushed(&self, took: Duration) {
        self.push.observe(took.as_secs_f64());
    }

    /// A page or an API answer was made.
    pub fn answered(&self, took: Duration) {
        self.pages.observe(took.as_secs_f64());
    }

    /// A live page was opened; it counts until the returned guard is dropped.
    pub fn stream_opened(&self) -> OpenStream {
        self.streams.inc();
        OpenStream(self.streams.clone())
    }

    /// How many live pages are open.
    pub fn open_streams(&self) -> i64 {
        self.streams.get()
    }

    /// The text that Prometheus reads.
    pub fn text(&self, now: Gauges) -> String {
        let whole = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        self.quarantined.set(whole(now.quarantined));
        self.kiosks_connected.set(whole(now.kiosks_connected));
        self.kiosks_registered.set(whole(now.kiosks_registered));
        self.kiosks_silent.set(whole(now.kiosks_silent));
        self.records.set(whole(now.records));
        self.contacts.set(whole(now.contacts));
        self.data_free_bytes.set(whole(now.data_free_bytes));
        self.backup_age.set(whole(now.backup_age_seconds));
        self.clock_doubted.set(whole(now.clock_doubted));
        self.broker_connected.set(whole(now.broker_connected));
        self.ready.set(whole(now.ready));
        let mut text = String::new();
        // Writing to a string cannot fail; an encoder that did would leave a shorter text, which is still a text.
        if encode(&mut text, &self.registry).is_err() {
            text.push_str("# EOF\n");
        }
        text
    }
}

/// An open live page; dropping it closes it in the count.
#[derive(Debug)]
pub struct OpenStream(Gauge);

impl Drop for OpenStream {
    fn drop(&mut self) {
        self.0.dec();
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

    use std::collections::BTreeSet;

    use wardvoice_protocol::receipt::Refusal;

    use super::*;

    #[test]
    fn the_text_says_what_was_counted() {
        let metrics = Metrics::new();
        metrics.verdict(&Decision::Accepted);
        metrics.verdict(&Decision::Accepted);
        metrics.verdict(&Decision::Refused(Refusal { reason: Reason::Clock, detail: String::new(), kept: true }));
        metrics.committed(2, Duration::from_millis(3));
        let open = metrics.stream_opened();
        let text = metrics.text(Gauges { quarantined: 1, kiosks_connected: 4, ..Gauges::default() });
        for line in [
            "wardvoice_records_accepted_total 2",
            "wardvoice_records_duplicate_total 0",
            "wardvoice_records_refused_total{reason=\"clock\"} 1",
            "wardvoice_commit_records_sum 2.0",
            "wardvoice_open_streams 1",
            "wardvoice_quarantined 1",
            "wardvoice_kiosks_connected 4",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
        }
        drop(open);
        assert_eq!(metrics.open_streams(), 0);
    }

    /// By Prometheus's own rules for names, and with no more series than there are reasons: nothing here grows with kiosks, wards or people.
    #[test]
    fn every_metric_is_named_for_its_kind_and_unit_and_their_number_is_bounded() {
        let metrics = Metrics::new();
        let refused = |reason| Decision::Refused(Refusal { reason, detail: "of k-0017".to_owned(), kept: true });
        let reasons = [Reason::Clock, Reason::UnknownKiosk];
        for reason in reasons {
            (0..50).for_each(|_| metrics.verdict(&refused(reason)));
        }
        let text = metrics.text(Gauges::default());
        let named = |kind: &'static str| {
            let lines = text.lines().filter_map(move |line| line.strip_prefix(kind)?.strip_prefix(" wardvoice_"));
            lines.map(|line| line.split_once(' ').unwrap()).collect::<Vec<_>>()
        };
        let (types, helps) = (named("# TYPE"), named("# HELP"));
        assert_eq!(
            types.iter().map(|(name, _)| name).collect::<Vec<_>>(),
            helps.iter().map(|(name, _)| name).collect::<Vec<_>>()
        );
        assert!(types.len() > 15 && helps.iter().all(|(_, help)| help.len() > 10), "{helps:?}");
        for (name, kind) in &types {
            assert!(name.chars().all(|letter| letter.is_ascii_lowercase() || letter == '_'), "{name}");
            let has_unit = ["_seconds", "_bytes", "_records"].iter().any(|unit| name.ends_with(unit));
            match *kind {
                // The encoder adds `_total`.
                "counter" => assert!(!name.ends_with("_total"), "{name}"),
                "histogram" => assert!(has_unit, "{name} does not say in what"),
                "gauge" => assert!(!name.ends_with("_total") && !name.ends_with("_count"), "{name}"),
                other => panic!("{name} is a {other}"),
            }
        }
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let labels = line.split_once('{').and_then(|(_, rest)| rest.split_once('}')).map(|(labels, _)| labels);
            let known = labels.is_none_or(|labels| labels.starts_with("reason=\"") || labels.starts_with("le=\""));
            assert!(known && !line.contains("k-0017"), "{line}");
        }
        let series = text.lines().filter(|line| line.contains("{reason=")).count();
        assert_eq!(series, reasons.len());
    }

    /// Whoever watches the server reads there what each means, and finds each that is there.
    #[test]
    fn the_manual_lists_every_metric_and_no_other() {
        let metrics = Metrics::new();
        // A family says nothing of itself before it has a member.
        metrics.verdict(&Decision::Refused(Refusal { reason: Reason::Clock, detail: String::new(), kept: true }));
        let text = metrics.text(Gauges::default());
        let types = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '));
        let there: BTreeSet<String> = types
            .map(|(name, kind)| if kind == "counter" { format!("{name}_total") } else { name.to_owned() })
            .collect();
        let manual = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/operate.md");
        let manual = std::fs::read_to_string(manual).unwrap();
        let rows = manual.lines().filter_map(|line| line.strip_prefix("| `wardvoice_")?.split('`').next());
        let listed: BTreeSet<String> = rows.map(|name| format!("wardvoice_{name}")).collect();
        assert!(there.contains("wardvoice_records_refused_total"), "{there:?}");
        assert_eq!(listed, there);
    }
}
