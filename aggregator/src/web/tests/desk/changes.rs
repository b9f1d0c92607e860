//! What units did about what patients said.

use jiff::civil::Date;

use super::Bench;
use crate::actions::{Cause, NewAction};

impl Bench {
    /// A unit did something about what patients said, from one day to another.
    pub(in crate::web::tests) fn acted(
        &self,
        unit: &str,
        [said, did]: [&str; 2],
        about: Option<&str>,
        [begun, done]: [Date; 2],
    ) {
        let action = NewAction {
            unit: unit.parse().unwrap(),
            said: said.to_owned(),
            did: did.to_owned(),
            owner: None,
            about: about.map(|measure| measure.parse().unwrap()),
            due: None,
            cause: Cause::default(),
        };
        let number = self.desk.actions.add(action, begun).unwrap().number;
        self.desk.actions.finish(number, done).unwrap();
    }
}
