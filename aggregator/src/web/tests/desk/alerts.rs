//! Alerts, as the search of every minute finds them.

use super::{Bench, noon};
use crate::alerts::{Alert, Budgets, Kind, Settings};

/// Budgets that nothing here is over.
pub(in crate::web::tests) const AMPLE: Budgets = Budgets { ward: 5, department: 5, office: 5, board: 5, it: 5 };

/// An alert that leads to a page.
pub(in crate::web::tests) fn alert(kind: Kind, key: &str, audience: &str, page: &str) -> Alert {
    Alert {
        key: key.to_owned(),
        kind,
        audience: audience.parse().unwrap(),
        words: format!("The thing about {key}."),
        page: page.to_owned(),
    }
}

impl Bench {
    /// This is what is found.
    pub(in crate::web::tests) fn finds(&self, found: Vec<Alert>, budgets: Budgets) {
        let settings = Settings {
            digest_hour: 8,
            budgets,
            tell: [].into(),
            every_ward: Vec::new(),
            every_department: Vec::new(),
        };
        self.desk.alerts.look(found, noon(), &self.desk.world.calendar, &settings);
    }
}
