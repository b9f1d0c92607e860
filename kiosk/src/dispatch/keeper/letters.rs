//! What the hospital says to a kiosk: each message is checked against the key that is pinned, and told to whoever waits for it.

use std::sync::Arc;

use jiff::Timestamp;
use wardvoice_protocol::approvals::Approvals;
use wardvoice_protocol::assignment::Assignment;
use wardvoice_protocol::help::HelpSeen;
use wardvoice_protocol::id::Hash;
use wardvoice_protocol::posting::Posting;
use wardvoice_protocol::receipt::Receipt;
use wardvoice_protocol::signed;
use wardvoice_protocol::thanks::Thanks;
use wardvoice_protocol::topic::{Channel, Topic};

use super::super::{Trust, locked};
use super::{Keeper, SIMULATED_ORIGIN};
use crate::briefing::Taken;
use crate::commission::Changed;
use crate::courier::EventKind;
use crate::mqtt::Command;
use crate::settings;
use crate::steady::corrected_now;

impl Keeper {
    pub(super) fn read(&mut self, topic: &Topic, payload: &[u8]) {
        let read = match topic {
            Topic::Kiosk(kiosk, _) if *kiosk != self.config.identity.kiosk => return,
            Topic::Kiosk(_, Channel::Receipts) => self.read_receipt(topic, payload),
            Topic::Kiosk(_, Channel::Assignment) => self.read_assignment(topic, payload),
            Topic::Kiosk(_, Channel::Posting) => self.read_posting(topic, payload),
            Topic::Kiosk(_, Channel::Approvals) => self.read_approvals(topic, payload),
            Topic::Kiosk(_, Channel::Thanks) => self.read_thanks(topic, payload),
            Topic::Kiosk(_, Channel::Help) => self.read_help(topic, payload),
            Topic::Questionnaire(hash) => return self.read_questionnaire(*hash, payload),
            Topic::Kiosk(_, Channel::Round) | Topic::Board(_) => self.read_briefing(topic, payload),
            _ => return,
        };
        if let Err(error) = read {
            tracing::warn!(%error, %topic, "a message that is not believed");
        }
    }

    fn read_receipt(&mut self, topic: &Topic, payload: &[u8]) -> Result<(), signed::SignedError> {
        let Some(assignment) = self.commissions.asked() else { return Ok(()) };
        let receipt: Receipt = signed::verify(payload, topic, &assignment.aggregator_key)?;
        if receipt.kiosk == self.config.identity.kiosk {
            self.state.last_receipt = Some(receipt.aggregator_time);
            self.drive(EventKind::Receipt { receipt, wall: Timestamp::now() });
        }
        Ok(())
    }

    fn read_briefing(&mut self, topic: &Topic, payload: &[u8]) -> Result<(), signed::SignedError> {
        let now = corrected_now(self.time.offset_s());
        let (Some(kept), Some(assignment)) = (&mut self.briefing, self.commissions.asked()) else {
            return Ok(());
        };
        let key = &assignment.aggregator_key;
        let taken = match topic {
            Topic::Board(ward) => kept.take_board(ward, payload, key, now)?,
            _ => kept.take_round(payload, key, now)?,
        };
        if taken == Taken::New {
            let briefing = Arc::new(kept.briefing().clone());
            *locked(&self.shared.briefing) = Arc::clone(&briefing);
            for listener in locked(&self.shared.briefing_listeners).iter() {
                listener(&briefing);
            }
            if !matches!(topic, Topic::Board(_)) {
                self.subscribe_to_briefing();
            }
        }
        Ok(())
    }

    /// Subscribes to what an aggregator from before there were postings refuses.
    pub(super) fn subscribe_to_letters(&self) {
        let own = |channel| Topic::Kiosk(self.config.identity.kiosk.clone(), channel);
        let letters = [Channel::Posting, Channel::Help, Channel::Approvals, Channel::Thanks];
        let mut topics: Vec<Topic> = letters.map(own).into();
        topics.extend(self.commissions.missing());
        self.subscribe(topics);
    }

    pub(super) fn subscribe_to_briefing(&self) {
        if let Some(kept) = &self.briefing {
            self.subscribe(kept.topics());
        }
    }

    fn subscribe(&self, topics: Vec<Topic>) {
        let Some(connection) = self.connection else { return };
        // A link that has ended subscribes to nothing; the next connection does.
        let _ended = self.commands.send(Command::Subscribe { connection, topics });
    }

    fn read_assignment(&mut self, topic: &Topic, payload: &[u8]) -> Result<(), signed::SignedError> {
        let assignment: Assignment = match (&self.config.trust, self.commissions.asked()) {
            (Trust::Pinned { .. }, Some(known)) => signed::verify(payload, topic, &known.aggregator_key)?,
            (Trust::Pinned { .. }, None) => return Ok(()),
            (Trust::Introduce { .. }, _) => signed::read_trusting(payload)?,
        };
        if assignment.kiosk == self.config.identity.kiosk {
            self.introduced = true;
            self.introduce_due_ms = u64::MAX;
            let changed = self.commissions.take_assignment(assignment);
            self.announce(changed);
        }
        Ok(())
    }

    fn read_posting(&mut self, topic: &Topic, payload: &[u8]) -> Result<(), signed::SignedError> {
        let Some(known) = self.commissions.asked() else { return Ok(()) };
        let posting: Posting = signed::verify(payload, topic, &known.aggregator_key)?;
        let first = !self.commissions.is_posted();
        let changed = self.commissions.take_posting(posting, corrected_now(self.time.offset_s()));
        self.announce(changed);
        if first && self.commissions.is_posted() {
            // From now on the status may say what is asked.
            self.say_how_it_is();
        }
        if let Some(missing) = self.commissions.missing() {
            self.subscribe(vec![missing]);
        }
        Ok(())
    }

    fn read_approvals(&mut self, topic: &Topic, payload: &[u8]) -> Result<(), signed::SignedError> {
        let Some(known) = self.commissions.asked() else { return Ok(()) };
        let approvals: Approvals = signed::verify(payload, topic, &known.aggregator_key)?;
        let changed = self.commissions.take_approvals(approvals, corrected_now(self.time.offset_s()));
        self.announce(changed);
        Ok(())
    }

    fn read_thanks(&mut self, topic: &Topic, payload: &[u8]) -> Result<(), signed::SignedError> {
        let Some(known) = self.commissions.asked() else { return Ok(()) };
        let thanks: Thanks = signed::verify(payload, topic, &known.aggregator_key)?;
        let changed = self.commissions.take_thanks(thanks, corrected_now(self.time.offset_s()));
        self.announce(changed);
        Ok(())
    }

    fn read_questionnaire(&mut self, hash: Hash, payload: &[u8]) {
        let Some(key) = self.commissions.asked().map(|assignment| assignment.aggregator_key) else { return };
        match self.commissions.take_questionnaire(hash, payload, &key) {
            Ok(changed) => self.announce(changed),
            Err(error) => tracing::warn!(%error, %hash, "a questionnaire that is not believed"),
        }
    }

    fn read_help(&mut self, topic: &Topic, payload: &[u8]) -> Result<(), signed::SignedError> {
        let Some(known) = self.commissions.asked() else { return Ok(()) };
        let help: HelpSeen = signed::verify(payload, topic, &known.aggregator_key)?;
        if help.kiosk == self.config.identity.kiosk {
            for listener in locked(&self.shared.help_listeners).iter() {
                listener(&help.seen);
            }
        }
        Ok(())
    }

    /// Keeps an assignment that is new and tells everybody what has changed.
    fn announce(&mut self, changed: Changed) {
        self.state.waits_for = self.commissions.waits_for();
        if changed.asked
            && let Some(assignment) = self.commissions.asked()
        {
            let origin = match &self.config.trust {
                Trust::Pinned { origin, .. } => *origin,
                Trust::Introduce { .. } => SIMULATED_ORIGIN,
            };
            if let Err(error) = settings::save_assignment(&self.config.data, origin, assignment) {
                // It holds for this run; the aggregator says it again after a restart.
                tracing::warn!(%error, "saving the assignment");
            }
            *locked(&self.shared.assignment) = Some(assignment.clone());
            for listener in locked(&self.shared.assignment_listeners).iter() {
                listener(assignment);
            }
        }
        if changed.whole
            && let Some(commission) = self.commissions.whole()
        {
            *locked(&self.shared.commission) = Some(Arc::clone(commission));
            for listener in locked(&self.shared.commission_listeners).iter() {
                listener(commission);
            }
        }
    }
}
