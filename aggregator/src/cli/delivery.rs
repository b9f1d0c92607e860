//! What `delivery` can be asked.

use super::say::{self, Style};
use crate::delivery::ContactName;
use crate::operations::{DeliveryAsk, Request};

#[derive(Debug, clap::Subcommand)]
pub(super) enum DeliveryCommand {
    /// Send a contact a message that asks nothing of anybody, and say what the receiver answers.
    Test {
        /// Its name in the settings, for example site-manager.
        #[arg(long, value_name = "NAME")]
        contact: ContactName,
        /// Print what became of it as JSON.
        #[arg(long)]
        json: bool,
    },
}

impl DeliveryCommand {
    pub(super) fn asked(&self) -> (Request, Style) {
        let Self::Test { contact, json } = self;
        let asked = DeliveryAsk::Test { contact: contact.clone() };
        (Request::Delivery(asked), Style::one(*json, say::contact_test))
    }
}
