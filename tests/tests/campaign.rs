//! The campaign's long runs at a size of seconds: that they do what they say, and that nothing is lost in them. Their figures are in
//! docs/reliability.md.

use std::time::Duration;

use anyhow::{Result, ensure};
use wardvoice_tests::campaign::{scale, soak};
use wardvoice_tests::wait::PATIENCE;

#[test]
fn kiosks_come_back_together_with_a_week_of_records_and_everything_is_stored_once() -> Result<()> {
    let directory = tempfile::Builder::new().prefix("wardvoice-scale-").tempdir()?;
    let plan = scale::Plan {
        kiosks: 12,
        records: 20,
        away: Duration::from_secs(1),
        deadline: Duration::from_mins(3),
        most_back: PATIENCE,
        most_late: PATIENCE,
        most_mb: 1_024.0,
    };
    let report = scale::run(&plan, directory.path())?;
    ensure!(report.holds() && report.records == 240, "{report:#?}");
    ensure!(report.open.receipts == 20 && report.fleet_kb > 1.0, "{report:#?}");
    // The same run, had it been asked for less memory than any program takes.
    let asked = scale::Plan { most_mb: 1.0, ..plan };
    ensure!(report.judge(&asked) == ["memory stays within its bound"], "{report:#?}");
    Ok(())
}

#[test]
fn a_day_in_seconds_loses_nothing_and_says_how_memory_went() -> Result<()> {
    let directory = tempfile::Builder::new().prefix("wardvoice-soak-").tempdir()?;
    let plan = soak::Plan {
        day: Duration::from_secs(6),
        days: 1,
        kiosks: 2,
        answers: 60,
        looks: 1,
        pages: 1,
        window: true,
        most_mb: [f64::MAX; 3],
    };
    let report = soak::run(&plan, directory.path())?;
    ensure!(report.is_whole() && report.backups == 4 && report.exports == 24, "{report:#?}");
    ensure!(report.at_the_window > 0 && report.window.is_some_and(|trend| trend.memory_mb > 0.0), "{report:#?}");
    ensure!(report.aggregator.samples == 24 && report.kiosk.memory_mb > 0.0, "{report:#?}");
    // What is its own is part of what is resident.
    ensure!(
        report.aggregator.most_mb > 1.0 && report.aggregator.end_mb <= report.aggregator.most_mb,
        "{report:#?}"
    );
    Ok(())
}
