//! The power fails a hundred times under each store, and no promise is lost; and a store that promised too early is found.

use anyhow::{Result, ensure};
use wardvoice_tests::power::{
    AggregatorLog, Barriers, ForgettingLog, KioskOutbox, Plan, Report, Subject, Temper, run,
};

fn cut<S: Subject>(mut subject: S, plan: &Plan) -> Result<Report> {
    let directory = tempfile::Builder::new().prefix("wardvoice-power-").tempdir()?;
    run(&mut subject, plan, directory.path())
}

fn a_hundred() -> Plan {
    Plan { cuts: 100, lives: 5, seed: 20_261_125, barriers: Barriers::Honest }
}

/// Few cuts are enough to show a loss that nothing stands against.
fn a_few(barriers: Barriers) -> Plan {
    Plan { cuts: 12, lives: 1, seed: 3, barriers }
}

#[test]
fn a_hundred_power_cuts_take_nothing_from_the_outbox() -> Result<()> {
    let report = cut(KioskOutbox { steps: 60, temper: Temper::Patient }, &a_hundred())?;
    ensure!(report.holds() && report.cuts == 100, "{report:#?}");
    Ok(())
}

#[test]
fn a_hundred_power_cuts_take_nothing_from_the_log() -> Result<()> {
    let report = cut(AggregatorLog::new(60), &a_hundred())?;
    ensure!(report.holds() && report.cuts == 100, "{report:#?}");
    Ok(())
}

#[test]
fn power_cuts_while_answers_are_taken_back_undo_nothing_and_leave_no_words_in_a_log_that_was_written_anew()
-> Result<()> {
    let plan = Plan { cuts: 40, lives: 2, seed: 20_261_126, barriers: Barriers::Honest };
    let report = cut(ForgettingLog::new(20, 6), &plan)?;
    ensure!(report.holds() && report.cuts == 40, "{report:#?}");
    Ok(())
}

#[test]
fn a_withdrawal_without_its_sync_would_be_found() -> Result<()> {
    let report = cut(ForgettingLog::new(20, 6), &a_few(Barriers::Ignored))?;
    ensure!(!report.holds(), "nothing is found although nothing was synced: {report:#?}");
    Ok(())
}

#[test]
fn an_outbox_that_promised_before_its_sync_would_be_found() -> Result<()> {
    let report = cut(KioskOutbox { steps: 60, temper: Temper::Hasty }, &a_few(Barriers::Honest))?;
    ensure!(report.lost > 0, "nothing is lost although it was promised too early: {report:#?}");
    Ok(())
}

#[test]
fn an_outbox_without_its_sync_would_be_found() -> Result<()> {
    let report = cut(KioskOutbox { steps: 60, temper: Temper::Patient }, &a_few(Barriers::Ignored))?;
    ensure!(report.lost > 0, "nothing is lost although nothing was synced: {report:#?}");
    Ok(())
}

#[test]
fn a_log_without_its_sync_would_be_found() -> Result<()> {
    let report = cut(AggregatorLog::new(60), &a_few(Barriers::Ignored))?;
    ensure!(report.lost > 0, "nothing is lost although nothing was synced: {report:#?}");
    Ok(())
}
