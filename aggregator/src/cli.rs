//! The command line: what people who run the aggregator type.
//!
//! Exit codes: 0 done, 1 failed or a check found a fault, 2 wrong usage. Errors complete "failed to …" and say what to do
//! next. `--json` is for machines; without it the same is said in words.

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::operations::Request;
use crate::{app, demo};

mod actions;
mod alert;
mod checks;
mod comments;
mod definitions;
mod delivery;
mod desk;
mod fft;
mod help;
mod identity;
mod input;
mod keeping;
mod kiosks;
mod log;
mod manual;
mod monitor;
mod overview;
mod people;
mod pins;
mod plan;
mod publish;
mod quarantine;
mod reach;
mod release;
mod report;
mod routes;
mod say;
mod scores;
mod settings;
mod signal;
mod tables;
mod translation;
mod whose;

/// The aggregator: stores every record exactly once and computes scores.
#[derive(Debug, Parser)]
#[command(name = "wardvoice-aggregator", version, max_term_width = 110, disable_help_subcommand = true)]
#[command(help_template = overview::page())]
struct Arguments {
    /// The data folder.
    #[arg(long, global = true, env = "WARDVOICE_DATA", default_value = "data", value_name = "DIR")]
    data: PathBuf,
    /// The settings, when they are not config.toml in the data folder.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Take records in and serve pages until told to stop.
    Serve {
        #[command(flatten)]
        places: settings::Places,
    },
    /// The same with a made-up trust and its past fortnights.
    Demo {
        #[command(flatten)]
        places: settings::Places,
        /// What the made-up patients say follows from it.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// How many fortnights of past to make up, 1 to 52; only a new folder is filled.
        #[arg(long, default_value_t = demo::FORTNIGHTS, value_parser = clap::value_parser!(u32).range(1..=52))]
        fortnights: u32,
        /// How many times as many patients to make up: for measurements, and nothing to show to anybody.
        #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=2_000), hide = true)]
        times: u32,
        /// Print the addresses as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Register kiosks.
    #[command(subcommand)]
    Kiosk(kiosks::KioskCommand),
    /// See the certificate authority, and issue a certificate for a broker of your own.
    #[command(subcommand)]
    Authority(identity::AuthorityCommand),
    /// Prove that every record is there and every figure adds up.
    Verify {
        /// Open and judge every envelope again.
        #[arg(long)]
        deep: bool,
        /// Print the report as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Make the facts again from the log.
    Rebuild {
        /// Print the result as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Print the scores of a unit in a period.
    Scores(scores::ScoresArguments),
    /// Print what a unit's fortnights say: signal or chance.
    Signal(signal::SignalArguments),
    /// Start a unit's control limits afresh where its care is known to be another.
    #[command(subcommand)]
    Rebase(signal::RebaseCommand),
    /// See what is odd in how answers were gathered, and note that somebody has looked at it.
    Monitor(monitor::MonitorArguments),
    /// See by which definitions scores are made, and check one of your own.
    #[command(subcommand)]
    Definition(definitions::DefinitionCommand),
    /// Make and check the national friends and family return of a month.
    Fft(fft::FftArguments),
    /// Decide what the public may see.
    #[command(subcommand)]
    Release(release::ReleaseCommand),
    /// Write what was released as pages for a web server or a file share.
    Publish(publish::PublishArguments),
    /// Write tables for spreadsheets and statistics: responses, scores, contacts, comments, actions.
    #[command(subcommand)]
    Table(tables::TableCommand),
    /// Make reports and posters as PDFs.
    #[command(subcommand)]
    Report(report::ReportCommand),
    /// Write every record as it came and as it was opened, a line of JSON each.
    Export {
        /// The file; standard output when absent.
        file: Option<PathBuf>,
    },
    /// Take what is new from an export.
    Import {
        /// The file; standard input when absent.
        file: Option<PathBuf>,
        /// Print the result as JSON.
        #[arg(long)]
        json: bool,
    },
    /// See who has asked for help on a kiosk, and say that somebody has seen it.
    #[command(subcommand)]
    Help(help::HelpCommand),
    /// See what somebody should look at, and say that somebody has.
    #[command(subcommand)]
    Alert(alert::AlertCommand),
    /// Try whether messages reach a contact.
    #[command(subcommand)]
    Delivery(delivery::DeliveryCommand),
    /// Read what people wrote, and decide what of it may be shown.
    #[command(subcommand)]
    Comments(comments::CommentsCommand),
    /// Look at what was refused, and judge it again.
    #[command(subcommand)]
    Quarantine(quarantine::QuarantineCommand),
    /// Run our formulas on your numbers: a method with one JSON object, or `batch` with a line each.
    #[command(after_help = desk::methods())]
    Statistics {
        /// The method, or `batch`.
        method: String,
        /// The file to read; standard input when absent.
        file: Option<PathBuf>,
    },
    /// Print or check the settings.
    #[command(subcommand)]
    Config(settings::ConfigCommand),
    /// Print a directory of wards to start from.
    #[command(subcommand)]
    Directory(settings::DirectoryCommand),
    /// Say who may sign in to the pages, and as what.
    #[command(subcommand)]
    User(people::UserCommand),
    /// Say which screens in corridors are let in.
    #[command(subcommand)]
    Display(people::DisplayCommand),
    /// See what an audience sees of a consultant.
    Appraisal(people::AppraisalArguments),
    /// See and decide what consultants dispute.
    #[command(subcommand)]
    Dispute(people::DisputeCommand),
    /// See who did what, and prove that nobody has changed it.
    #[command(subcommand)]
    Audit(people::AuditCommand),
    /// Set the PINs of the kiosks' doors.
    #[command(subcommand)]
    Pin(pins::PinCommand),
    /// See the fortnight's plan, and change targets and beds.
    #[command(subcommand)]
    Plan(plan::PlanCommand),
    /// See which translations kiosks may offer, and approve or withdraw one.
    #[command(subcommand)]
    Translation(translation::TranslationCommand),
    /// Note what is done about what patients said.
    #[command(subcommand)]
    Action(actions::ActionCommand),
    /// Write everything that must be kept into one sealed file, and try it.
    Backup(keeping::BackupArguments),
    /// Make a data folder from a backup.
    Restore(keeping::RestoreArguments),
    /// Delete what a patient answered, because the patient wants it.
    Withdraw(keeping::WithdrawArguments),
    /// Delete what has been kept for long enough, as the settings say.
    Retention(keeping::RetentionArguments),
    /// Mend a log that does not open.
    #[command(subcommand)]
    Log(log::LogCommand),
    /// Write man pages and completions, as packages ship them.
    #[command(hide = true)]
    Manual {
        /// The folder.
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
}

/// Runs the command line of this process.
pub fn run() -> ExitCode {
    let arguments = Arguments::parse();
    match perform(&arguments) {
        Ok(code) => code,
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            say::error(&error);
            ExitCode::FAILURE
        }
    }
}

/// The reader of our output went away, as `head` does.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .any(|cause| cause.kind() == io::ErrorKind::BrokenPipe)
}

fn well(is_well: bool) -> ExitCode {
    if is_well { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn perform(arguments: &Arguments) -> Result<ExitCode> {
    let data = arguments.data.as_path();
    let ask = |request, style| reach::ask(data, || settings::read(arguments), &request, style);
    let answer = |(request, style)| ask(request, style).map(well);
    match &arguments.command {
        Command::Serve { places } => {
            let config = settings::with(arguments, places)?;
            app::serve(data, config, |addresses| say::addresses(addresses, false))?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Demo { places, seed, fortnights, times, json } => {
            let config = settings::for_demonstration(arguments, places)?;
            let past = demo::Past { seed: *seed, fortnights: *fortnights, times: *times };
            demo::prepare(data, &config, past, &mut say::Terminal::quiet(*json))?;
            app::serve(data, config, |addresses| {
                say::addresses(addresses, *json)?;
                if *json { Ok(()) } else { say::text(&demo::accounts_in_words()) }
            })?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Kiosk(command) => {
            let (request, style) = command.asked();
            ask(request, style).map(well)
        }
        Command::Authority(command) => command.asked().and_then(answer),
        Command::Verify { deep, json } => {
            ask(Request::Verify { deep: *deep }, say::Style::one(*json, say::report)).map(well)
        }
        Command::Rebuild { json } => ask(Request::Rebuild, say::Style::one(*json, say::rebuilt)).map(well),
        Command::Scores(asked) => ask(asked.request(), asked.style()).map(well),
        Command::Fft(asked) => asked.run(data, || settings::read(arguments)),
        Command::Release(command) => {
            let (request, style) = command.asked();
            ask(request, style).map(well)
        }
        Command::Publish(asked) => asked.run(data, || settings::read(arguments)).map(well),
        Command::Table(command) => command.run(data, || settings::read(arguments)).map(well),
        Command::Report(command) => command.run(data, || settings::read(arguments)),
        Command::Signal(asked) => ask(asked.request(), asked.style()).map(well),
        Command::Rebase(command) => answer(command.asked()),
        Command::Comments(command) => ask(Request::Comments(command.request()?), command.style()).map(well),
        Command::Monitor(asked) => ask(Request::Monitor(asked.request()?), asked.style()).map(well),
        Command::Export { file } => ask(Request::Export, say::Style::Lines { to: file.clone() }).map(well),
        Command::Import { file, json } => {
            let style = say::Style::one(*json, say::imported).reading(file.clone());
            ask(Request::Import, style).map(well)
        }
        Command::Help(command) => answer(command.asked()),
        Command::Alert(command) => answer(command.asked()),
        Command::Delivery(command) => answer(command.asked()),
        Command::Quarantine(command) => answer(command.asked()),
        Command::Definition(command) => definitions::run(command, data, &settings::read(arguments)?),
        Command::Statistics { method, file } => desk::run(method, file.as_deref()),
        Command::Config(command) => command.run(arguments),
        Command::Directory(command) => command.run(data),
        Command::User(command) => command.asked().and_then(|(request, style)| ask(request, style).map(well)),
        Command::Display(command) => answer(command.asked()),
        Command::Appraisal(asked) => ask(asked.request(), asked.style()).map(well),
        Command::Dispute(command) => answer(command.asked()),
        Command::Audit(command) => {
            let (request, style) = command.asked()?;
            ask(request, style).map(well)
        }
        Command::Plan(command) => command.asked().and_then(|(request, style)| ask(request, style).map(well)),
        Command::Translation(command) => answer(command.asked()),
        Command::Action(command) => command.asked().and_then(answer),
        Command::Pin(command) => command.run(ask).map(well),
        Command::Backup(asked) => asked.run(data, || settings::read(arguments)).map(well),
        Command::Retention(asked) => answer(asked.asked()),
        Command::Withdraw(asked) => asked.asked().and_then(answer),
        Command::Restore(asked) => asked.run(|folder| settings::of_folder(arguments, folder)).map(well),
        Command::Log(command) => command.run(data).map(well),
        Command::Manual { out } => manual::write(out).map(|()| ExitCode::SUCCESS),
    }
}
