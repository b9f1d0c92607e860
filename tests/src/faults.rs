//! The fault run: everything is killed, cut, stalled and reset while patients answer, and at the end every answer that
//! was thanked for is stored once.
//!
//! What was thanked for is known to this process alone: each bedside kiosk, a process of its own, says `kept <mark>`
//! when its outbox has flushed, and that line is read even when the kiosk is killed in the same moment. What is stored
//! is read from an export by [`Ledger`](crate::ledger::Ledger). Neither count is the aggregator's own claim.
//!
//! Faults are drawn from a seed: SIGKILL of aggregator, broker and kiosks at random moments and at named kill points,
//! connections cut, stalled and reset on both sides of the broker, and brokers that forget every session.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde::Serialize;

use crate::aggregator::{Aggregator, Carrier};
use crate::broker::{Broker, Setup};
use crate::proxy::Proxy;
use crate::wait::{let_pass, until, until_true};
use crate::ward::Between;

mod bedside;
mod verdict;

pub use bedside::{Bedside, Kept, work_at_the_bedside};
pub use verdict::everything_is_stored_once;

/// The places where the aggregator can be told to die.
pub const AGGREGATOR_POINTS: [&str; 4] =
    ["log.before_flush", "log.after_flush", "receipts.before_send", "receipts.after_send"];

/// The places where a kiosk can be told to die.
pub const KIOSK_POINTS: [&str; 5] = [
    "outbox.before_flush",
    "outbox.after_flush",
    "outbox.before_delete",
    "outbox.after_delete",
    "courier.after_publish",
];

const KIOSKS: usize = 6;

/// What a run is asked to do.
#[derive(Debug, Clone)]
pub struct Plan {
    /// How many processes are killed at least.
    pub kills: u64,
    /// How many responses are thanked for at least.
    pub responses: usize,
    /// Where the drawing starts.
    pub seed: u64,
    /// The broker.
    pub between: Between,
    /// When the run gives up.
    pub deadline: Duration,
}

/// How a run ended.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// Responses whose kiosk said that they are flushed.
    pub acknowledged: usize,
    /// Different records in the aggregator's export.
    pub stored: usize,
    /// Acknowledged and not stored.
    pub lost: usize,
    /// Stored more than once.
    pub doubled: usize,
    /// SIGKILLs by victim, with `at_points` those at named places.
    pub kills: Kills,
    /// Numbers missing in a kiosk's sequence.
    pub gaps: usize,
    /// Entries in the quarantine; an honest kiosk causes none.
    pub refused: usize,
    /// What the aggregator's own `verify` found wrong.
    pub verify: Vec<String>,
    /// Connections cut, stalled and reset, and sessions lost.
    pub connections: BTreeMap<&'static str, u64>,
    /// The seed, for the same run again.
    pub seed: u64,
    /// How long it took.
    pub seconds: u64,
}

/// SIGKILLs.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Kills {
    /// Of the aggregator.
    pub aggregator: u64,
    /// Of the broker, when it is a process of its own.
    pub broker: u64,
    /// Of kiosks.
    pub kiosk: u64,
    /// Of all together.
    pub total: u64,
    /// Those among them that happened at a named place.
    pub at_points: BTreeMap<&'static str, u64>,
}

impl Report {
    /// Whether everything that was promised held.
    pub fn holds(&self) -> bool {
        self.lost == 0
            && self.doubled == 0
            && self.gaps == 0
            && self.refused == 0
            && self.verify.is_empty()
            && self.stored >= self.acknowledged
    }
}

struct Scene {
    random: StdRng,
    aggregator: Aggregator,
    broker: Option<Broker>,
    /// Between the kiosks and the broker.
    near: Proxy,
    /// Between the broker and the aggregator; none when the broker is inside.
    far: Option<Proxy>,
    kiosks: Vec<Bedside>,
    kills: Kills,
    connections: BTreeMap<&'static str, u64>,
    ends: Instant,
}

/// Runs a plan in an empty directory.
pub fn run(plan: &Plan, directory: &std::path::Path) -> Result<Report> {
    let began = Instant::now();
    let mut scene = Scene::open(plan, directory)?;
    let mut last_said = Instant::now();
    while scene.kills.total < plan.kills || scene.acknowledged() < plan.responses {
        ensure!(
            Instant::now() < scene.ends,
            "the run reached its deadline with {} kills and {} acknowledged",
            scene.kills.total,
            scene.acknowledged()
        );
        scene.one_fault(plan)?;
        if last_said.elapsed() > Duration::from_secs(15) {
            last_said = Instant::now();
            tracing::info!("{} kills, {} acknowledged", scene.kills.total, scene.acknowledged());
        }
    }
    scene.settle_down()?;
    verdict::reach(scene, plan, began)
}

impl Scene {
    fn open(plan: &Plan, directory: &std::path::Path) -> Result<Self> {
        let broker = match plan.between {
            Between::Embedded => None,
            Between::Mosquitto => Some(Broker::start(directory, Setup::Tuned)?),
            Between::MosquittoDefault => Some(Broker::start(directory, Setup::Default)?),
        };
        let far = broker.as_ref().map(|broker| Proxy::start(broker.port())).transpose()?;
        let carrier = far.as_ref().map_or(Carrier::Embedded, |far| Carrier::External(far.url()));
        let mut aggregator = Aggregator::prepare(directory, &carrier)?;
        aggregator.start().context("failed to start the aggregator")?;
        let upstream = broker.as_ref().map_or_else(|| aggregator.broker_port(), |broker| Ok(broker.port()))?;
        let near = Proxy::start(upstream)?;
        let mut kiosks = Vec::new();
        for number in 0..KIOSKS {
            let ward = format!("W{}", number % 4 + 1);
            let mut kiosk = Bedside::register(number, &ward, &aggregator, &near.url(), directory)?;
            kiosk.start(None)?;
            kiosks.push(kiosk);
        }
        Ok(Self {
            random: StdRng::seed_from_u64(plan.seed),
            aggregator,
            broker,
            near,
            far,
            kiosks,
            kills: Kills::default(),
            connections: BTreeMap::new(),
            ends: Instant::now() + plan.deadline,
        })
    }

    fn acknowledged(&self) -> usize {
        self.kiosks.iter().map(Bedside::kept).sum()
    }

    fn chance(&mut self, percent: u32) -> bool {
        self.random.random_range(0..100) < percent
    }

    fn moment(&mut self, longest_ms: u64) -> Duration {
        Duration::from_millis(self.random.random_range(0..longest_ms))
    }

    fn one_fault(&mut self, plan: &Plan) -> Result<()> {
        for kiosk in &mut self.kiosks {
            kiosk.must_be_running()?;
        }
        if self.chance(35) {
            self.disturb_a_wire();
        }
        let pause = self.moment(150);
        let_pass(pause);
        let drawn = self.random.random_range(0..100);
        match (drawn, self.broker.is_some()) {
            (0..45, _) => self.kill_kiosk()?,
            (45..65, true) => self.kill_broker(plan)?,
            _ => self.kill_aggregator()?,
        }
        self.near.flow();
        if let Some(far) = &self.far {
            far.flow();
        }
        Ok(())
    }

    fn disturb_a_wire(&mut self) {
        let far_side = self.far.is_some() && self.chance(50);
        let kind = self.random.random_range(0..3);
        let wire = if far_side { self.far.as_ref().unwrap_or(&self.near) } else { &self.near };
        let name = match kind {
            0 => {
                wire.cut();
                "cut"
            }
            1 => {
                wire.reset();
                "reset"
            }
            _ => {
                wire.stall();
                "stalled"
            }
        };
        *self.connections.entry(name).or_default() += 1;
    }

    fn count(&mut self, point: Option<&'static str>) {
        self.kills.total += 1;
        if let Some(point) = point {
            *self.kills.at_points.entry(point).or_default() += 1;
        }
    }

    fn draw_point(&mut self, points: &[&'static str]) -> Option<(&'static str, String)> {
        if !self.chance(40) {
            return None;
        }
        let point = points.get(self.random.random_range(0..points.len()))?;
        let passes = self.random.random_range(0..12);
        let armed = if passes == 0 { format!("{point}=return") } else { format!("{point}={passes}*off->return") };
        Some((point, armed))
    }

    fn kill_kiosk(&mut self) -> Result<()> {
        let point = self.draw_point(&KIOSK_POINTS);
        let at = self.random.random_range(0..self.kiosks.len());
        let kiosk = self.kiosks.get_mut(at).context("there are no kiosks")?;
        kiosk.kill()?;
        kiosk.start(point.as_ref().map(|(_, armed)| armed.as_str()))?;
        self.kills.kiosk += 1;
        self.count(None);
        let Some((name, _)) = point else { return Ok(()) };
        self.near.flow();
        // The place is reached when the kiosk works; one that is not reached in time is killed where it stands.
        let kiosk = self.kiosks.get_mut(at).context("there are no kiosks")?;
        let reached = until("the kiosk to reach its kill point", Duration::from_secs(10), || kiosk.ended());
        kiosk.kill()?;
        kiosk.start(None)?;
        self.kills.kiosk += 1;
        self.count(reached.is_ok().then_some(name));
        Ok(())
    }

    fn kill_broker(&mut self, plan: &Plan) -> Result<()> {
        let forgets = self.chance(25);
        let broker = self.broker.as_mut().context("the broker is inside the aggregator")?;
        if forgets {
            broker.drop_sessions()?;
            *self.connections.entry("sessions_lost").or_default() += 1;
        } else {
            broker.kill()?;
            broker.start_again()?;
        }
        if plan.between == Between::MosquittoDefault && !forgets {
            // It persists nothing, so every kill loses its sessions.
            *self.connections.entry("sessions_lost").or_default() += 1;
        }
        self.kills.broker += 1;
        self.count(None);
        Ok(())
    }

    fn kill_aggregator(&mut self) -> Result<()> {
        let point = self.draw_point(&AGGREGATOR_POINTS);
        self.aggregator.kill()?;
        self.kills.aggregator += 1;
        self.count(None);
        if let Some((name, armed)) = point {
            self.near.flow();
            if let Some(far) = &self.far {
                far.flow();
            }
            self.aggregator.spawn(Some(&armed))?;
            let process = self.aggregator.process()?;
            let reached =
                until("the aggregator to reach its kill point", Duration::from_secs(15), || process.ended());
            self.aggregator.kill()?;
            self.kills.aggregator += 1;
            self.count(reached.is_ok().then_some(name));
        }
        self.aggregator.spawn(None)?;
        // Most of the time it gets well first; sometimes it is hit again while it recovers.
        if self.chance(75) {
            self.aggregator.wait_until_well()?;
        }
        Ok(())
    }

    /// No more faults, no more patients: every outbox must run empty.
    fn settle_down(&mut self) -> Result<()> {
        self.near.flow();
        if let Some(far) = &self.far {
            far.flow();
        }
        self.aggregator.wait_until_well()?;
        for kiosk in &mut self.kiosks {
            kiosk.no_more_patients();
        }
        let left = self.ends.saturating_duration_since(Instant::now()).max(Duration::from_mins(1));
        for kiosk in &mut self.kiosks {
            let ended = until("a kiosk to empty its outbox", left, || kiosk.ended());
            let Ok(status) = ended else {
                bail!("{} did not empty its outbox:\n{}", kiosk.name(), kiosk.last_words());
            };
            ensure!(status.success(), "{} ended with {status}:\n{}", kiosk.name(), kiosk.last_words());
        }
        until_true("the aggregator to stay well", Duration::from_secs(30), || {
            let url = self.aggregator.url("/healthz");
            Ok(self.aggregator.http().get(&url).is_ok_and(|answer| answer.status == 200))
        })
    }
}
