//! "I need someone to help me": over any screen, and a record of its own.

use wardvoice_protocol::record::{self, Body, HelpRequest, Need};

use super::{Action, Effect, Interview, Stage, Ticket, view};

/// The help screen over the stage.
#[derive(Debug)]
pub(super) struct Help {
    pub(super) step: HelpStep,
    /// It was opened by the interview's own question, which moves on when it closes.
    pub(super) from_question: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HelpStep {
    Choosing,
    Placing { need: Need, page: usize },
    Sending { ticket: Ticket, since_ms: u64 },
    Kept,
    Delivered,
    Seen,
    Failed,
}

impl Interview {
    pub(super) fn open_help(&mut self, from_question: bool) {
        self.help = Some(Help { step: HelpStep::Choosing, from_question });
    }

    pub(super) fn touch_help(&mut self, action: &Action, now_ms: u64, effects: &mut Vec<Effect>) {
        let Some(help) = &self.help else { return };
        match (action, help.step) {
            (Action::Need(need), HelpStep::Choosing) if self.setting.places().is_empty() => {
                self.request_help(*need, None, now_ms, effects);
            }
            (Action::Need(need), HelpStep::Choosing) => {
                self.set_help_step(HelpStep::Placing { need: *need, page: 0 });
            }
            (Action::Choose(choice), HelpStep::Placing { need, page }) => {
                let places = view::places_of_page(&self.setting, page, self.comfort.text_size);
                if *choice <= places.len() {
                    let place = places.get(*choice).cloned();
                    self.request_help(need, place, now_ms, effects);
                }
            }
            (Action::More, HelpStep::Placing { need, page }) => {
                let next = view::places_of_page(&self.setting, page + 1, self.comfort.text_size);
                let page = if next.is_empty() { 0 } else { page + 1 };
                self.set_help_step(HelpStep::Placing { need, page });
            }
            (Action::CloseHelp | Action::Back, HelpStep::Placing { .. }) => self.set_help_step(HelpStep::Choosing),
            // While it is being stored there is nothing to close: the word comes at once or the limit does.
            (Action::CloseHelp | Action::Back, HelpStep::Sending { .. }) => {}
            (Action::CloseHelp | Action::Back, _) => self.close_help(now_ms, effects),
            _ => {}
        }
    }

    fn request_help(&mut self, need: Need, place: Option<record::Place>, now_ms: u64, effects: &mut Vec<Effect>) {
        let request = HelpRequest { ward: self.setting.ward().clone(), need, place };
        let ticket = self.store(Body::HelpRequest(request), effects);
        self.set_help_step(HelpStep::Sending { ticket, since_ms: now_ms });
    }

    /// The hospital has said so of the request itself.
    pub(super) fn help_delivered(&mut self) {
        if self.help.as_ref().is_some_and(|help| help.step == HelpStep::Kept) {
            self.set_help_step(HelpStep::Delivered);
        }
    }

    /// Somebody on the ward has said that they saw the request. Only one that is stored can have been seen.
    pub(super) fn help_seen(&mut self) {
        if self.help.as_ref().is_some_and(|help| matches!(help.step, HelpStep::Kept | HelpStep::Delivered)) {
            self.set_help_step(HelpStep::Seen);
        }
    }

    pub(super) fn set_help_step(&mut self, step: HelpStep) {
        if let Some(help) = &mut self.help {
            help.step = step;
        }
    }

    fn close_help(&mut self, now_ms: u64, effects: &mut Vec<Effect>) {
        let from_question = self.help.take().is_some_and(|help| help.from_question);
        if from_question {
            self.go_on(now_ms, effects);
        }
        if matches!(self.stage, Stage::Rest) {
            self.rest_with_comfort();
        }
    }
}
