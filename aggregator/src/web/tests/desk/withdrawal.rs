//! The one answer that can be taken back at the desk, by its record or by its code.

use std::sync::Arc;

use jiff::civil::Date;
use wardvoice_protocol::id::RecordId;
use wardvoice_protocol::withdrawal::WithdrawalCode;

use crate::operations::Withdrawn;
use crate::web::{FindByCode, TakeBack};

/// The one record that somebody can take back here.
pub(in crate::web::tests) fn taken_back() -> RecordId {
    RecordId::new(1_795_428_000_000, [7; 10])
}

/// The code that was given for that one.
pub(in crate::web::tests) fn given() -> WithdrawalCode {
    WithdrawalCode::from_random([7; 7])
}

/// Takes that one back, and no other.
pub(super) fn take_back() -> TakeBack {
    Arc::new(|record| {
        let gone = || Withdrawn {
            record,
            ward: "W1".parse().unwrap(),
            period: "2026-F23".to_owned(),
            on: Date::constant(2026, 11, 20),
        };
        let known = record == taken_back();
        known.then(gone).ok_or_else(|| format!("failed to find record {record}: there is none in the log"))
    })
}

/// Finds that one, and no other.
pub(super) fn find_by_code() -> FindByCode {
    Arc::new(|code| {
        let unknown = "failed to find an answer with this code: some wait on k-1";
        if code == given() { Ok(taken_back()) } else { Err(unknown.to_owned()) }
    })
}
