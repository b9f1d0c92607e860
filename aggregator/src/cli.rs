//! The command line: what people who run the aggregator type.
//!
//! Exit codes: 0 done, 1 failed or a check found a fault, 2 wrong usage. Errors complete "failed to …" and say what to do
//! next. `--json` is for machines; without it the same is said in words.

use std::io::{self, BufRead, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::{Parser, Subcommand};
use wardvoice_protocol::id::{KioskId, RecordId, WardId};
use wardvoice_protocol::keys::VerifyingKey;
use wardvoice_protocol::questionnaire::QuestionnaireName;

use crate::config::{Config, ConfigFile, Overrides, Required};
use crate::help::StaffRole;
use crate::operations::Request;
use crate::pins::Role;
use crate::scoring::DefinitionRef;
use crate::{app, config, demo, directory};

mod actions;
mod alert;
mod checks;
mod comments;
mod definitions;
mod delivery;
mod desk;
mod fft;
mod identity;
mod keeping;
mod manual;
mod monitor;
mod overview;
mod people;
mod plan;
mod publish;
mod quarantine;
mod reach;
mod release;
mod report;
mod routes;
mod say;
mod scores;
mod signal;
mod tables;
mod translation;

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
        places: Places,
    },
    /// The same with a made-up trust and its past fortnights.
    Demo {
        #[command(flatten)]
        places: Places,
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
    Kiosk(KioskCommand),
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
    Definition(DefinitionCommand),
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
    Help(HelpCommand),
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
    Config(ConfigCommand),
    /// Print a directory of wards to start from.
    #[command(subcommand)]
    Directory(DirectoryCommand),
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
    Pin(PinCommand),
    /// See the fortnight's plan, and change targets and beds.
    #[command(subcommand)]
    Plan(plan::PlanCommand),
    /// See which translations kiosks may offer, and approve or withdraw one.
    #[command(subcommand)]
    Translation(translation::TranslationCommand),
    /// Note what wards do about what patients said.
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
    Log(LogCommand),
    /// Write man pages and completions, as packages ship them.
    #[command(hide = true)]
    Manual {
        /// The folder.
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
}

#[derive(Debug, Clone, clap::Args)]
struct Places {
    /// Use a broker of your own: mqtt://host:port, or mqtts://host:port for TLS.
    #[arg(long, value_name = "URL")]
    broker: Option<String>,
    /// Certificates (PEM) that the broker's is checked with, for mqtts://; the system's when absent.
    #[arg(long, value_name = "FILE", conflicts_with = "broker_listen")]
    ca: Option<PathBuf>,
    /// Where the broker inside listens; port 0 is any free port.
    #[arg(long, value_name = "ADDRESS", conflicts_with = "broker")]
    broker_listen: Option<String>,
    /// Where pages are served; port 0 is any free port.
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
}

#[derive(Debug, Clone, Subcommand)]
enum KioskCommand {
    /// Print a join code, with which a kiosk gets its certificate and everything it has to know.
    Enrol(identity::Enrol),
    /// Take back what a kiosk was given: it is let in no more, and a connection it has ends at once.
    Revoke(identity::Revoke),
    /// Register a kiosk and print the settings to put on it.
    Add {
        /// Its id, for example k-0017.
        #[arg(long)]
        id: KioskId,
        /// The ward it stands on.
        #[arg(long)]
        ward: WardId,
        /// What `wardvoice-kiosk key` printed on it.
        #[arg(long, allow_hyphen_values = true)]
        signing_key: VerifyingKey,
        /// What it asks: an id for the newest version, or inpatient@1; inpatient when absent.
        #[arg(long, value_name = "ID[@VERSION]")]
        questionnaire: Option<QuestionnaireName>,
    },
    /// Let a kiosk ask another questionnaire; it takes effect between two patients.
    Assign {
        /// Its id.
        #[arg(long)]
        id: KioskId,
        /// What it asks from now on: an id for the newest version, or inpatient@1.
        #[arg(long, value_name = "ID[@VERSION]")]
        questionnaire: QuestionnaireName,
        /// Print the kiosk as JSON.
        #[arg(long)]
        json: bool,
    },
    /// List the kiosks that are known, with what each is told to ask and whether it does.
    List {
        /// Print them as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Give a kiosk a new key; what it signs with the old one from now on is refused.
    ReplaceKey {
        /// Its id.
        #[arg(long)]
        id: KioskId,
        /// What `wardvoice-kiosk key` printed on it.
        #[arg(long, allow_hyphen_values = true)]
        signing_key: VerifyingKey,
    },
}

#[derive(Debug, Subcommand)]
enum HelpCommand {
    /// List the requests that nobody has seen yet.
    List {
        /// Print them as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Print how long requests of the last 28 days took to be delivered and seen, by ward.
    Times {
        /// Print them as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Say that somebody has seen a request; the kiosk shows it.
    Seen {
        /// The request's record id.
        record: RecordId,
        /// The role of whoever has seen it, for example "nurse in charge"; never a name.
        #[arg(long, value_name = "ROLE")]
        by: StaffRole,
        /// Print what stands as JSON.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Subcommand)]
enum DefinitionCommand {
    /// List the definitions there are, with what each scores and its hash.
    List,
    /// Print one as a file to start from.
    Print {
        /// Its id and version, for example inpatient@2.
        definition: DefinitionRef,
    },
    /// Say whether a file can be used, without using it.
    Check {
        /// The file.
        file: PathBuf,
    },
}

#[derive(Debug, Subcommand)]
enum ConfigCommand {
    /// Print every setting with its default and its meaning.
    Print,
    /// Say whether the settings can be used.
    Check,
    /// Print every address that is served and the door it stands behind.
    Routes {
        /// Print them as JSON.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Subcommand)]
enum DirectoryCommand {
    /// Print a small directory.
    Example,
    /// Say whether the directory of the data folder can be used.
    Check,
}

#[derive(Debug, Subcommand)]
enum PinCommand {
    /// Set the PIN that volunteers or managers come in with at every kiosk.
    Set {
        /// volunteer or manager.
        #[arg(long)]
        role: Role,
        /// Read the PIN from standard input instead of asking for it.
        #[arg(long)]
        pin_stdin: bool,
    },
}

#[derive(Debug, Subcommand)]
enum LogCommand {
    /// Write the log anew, so that nothing that was deleted stays in its file. The server must not run.
    Rewrite {
        /// Print the result as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Move a damaged log aside and take over every record that can still be read.
    Salvage {
        /// Print the result as JSON.
        #[arg(long)]
        json: bool,
    },
}

impl KioskCommand {
    fn asked(&self) -> (Request, say::Style) {
        match self.clone() {
            Self::Enrol(asked) => asked.asked(),
            Self::Revoke(asked) => asked.asked(),
            Self::Add { id, ward, signing_key, questionnaire } => {
                (Request::KioskAdd { id, ward, signing_key, questionnaire }, say::Style::Json)
            }
            Self::Assign { id, questionnaire, json } => {
                (Request::KioskAssign { id, questionnaire }, say::Style::one(json, say::kiosk))
            }
            Self::List { json } => (Request::KioskList, say::Style::list(json, say::kiosk)),
            Self::ReplaceKey { id, signing_key } => {
                (Request::KioskReplaceKey { id, signing_key }, say::Style::Json)
            }
        }
    }
}

impl HelpCommand {
    fn asked(&self) -> (Request, say::Style) {
        match self {
            Self::List { json } => (Request::HelpList, say::Style::list(*json, say::help_request)),
            Self::Times { json } => (Request::HelpTimes, say::Style::one(*json, say::help_times)),
            Self::Seen { record, by, json } => {
                let request = Request::HelpSeen { record: *record, by: by.clone() };
                (request, say::Style::one(*json, say::help_seen))
            }
        }
    }
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
    let ask = |request, style| reach::ask(data, || settings(arguments, Overrides::default()), &request, style);
    let answer = |(request, style)| ask(request, style).map(well);
    match &arguments.command {
        Command::Serve { places } => {
            let config = settings(arguments, places.overrides())?;
            app::serve(data, config, |addresses| say::addresses(addresses, false))?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Demo { places, seed, fortnights, times, json } => {
            let file = settings_file(arguments)?.with(places.overrides()).for_demonstration();
            let config = checked(file)?;
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
        Command::Fft(asked) => asked.run(data, || settings(arguments, Overrides::default())),
        Command::Release(command) => {
            let (request, style) = command.asked();
            ask(request, style).map(well)
        }
        Command::Publish(asked) => asked.run(data, || settings(arguments, Overrides::default())).map(well),
        Command::Table(command) => command.run(data, || settings(arguments, Overrides::default())).map(well),
        Command::Report(command) => command.run(data, || settings(arguments, Overrides::default())),
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
        Command::Definition(command) => {
            definitions::run(command, data, &settings(arguments, Overrides::default())?)
        }
        Command::Statistics { method, file } => desk::run(method, file.as_deref()),
        Command::Config(command) => configure(command, arguments),
        Command::Directory(DirectoryCommand::Example) => {
            say::text(directory::example_file()).map(|()| ExitCode::SUCCESS)
        }
        Command::Directory(DirectoryCommand::Check) => checks::directory(data),
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
        Command::Action(command) => {
            let (request, style) = command.asked();
            ask(request, style).map(well)
        }
        Command::Pin(PinCommand::Set { role, pin_stdin }) => {
            let pin = if *pin_stdin { first_line_of_input()? } else { ask_for("PIN (4 to 8 digits)")? };
            let done = ask(Request::PinSet { role: *role, pin }, say::Style::Json).map(well)?;
            say::text(&format!("The {role} PIN is set. Kiosks learn it as they connect.\n"))?;
            Ok(done)
        }
        Command::Backup(asked) => asked.run(data, || settings(arguments, Overrides::default())).map(well),
        Command::Retention(asked) => answer(asked.asked()),
        Command::Withdraw(asked) => asked.asked().and_then(|(request, style)| ask(request, style).map(well)),
        Command::Restore(asked) => asked.run(|folder| settings_of(arguments, folder)).map(well),
        Command::Log(LogCommand::Rewrite { json }) => reach::rewrite(data, *json).map(|()| ExitCode::SUCCESS),
        Command::Log(LogCommand::Salvage { json }) => reach::salvage(data, *json).map(well),
        Command::Manual { out } => manual::write(out).map(|()| ExitCode::SUCCESS),
    }
}

fn configure(command: &ConfigCommand, arguments: &Arguments) -> Result<ExitCode> {
    match command {
        ConfigCommand::Print => say::text(&config::template()).map(|()| ExitCode::SUCCESS),
        ConfigCommand::Check => checks::settings(&arguments.data, &settings(arguments, Overrides::default())?),
        ConfigCommand::Routes { json } => routes::run(*json),
    }
}

impl Places {
    fn overrides(&self) -> Overrides {
        Overrides {
            broker_url: self.broker.clone(),
            broker_ca: self.ca.clone(),
            broker_listen: self.broker_listen.clone(),
            web_listen: self.listen.clone(),
        }
    }
}

fn settings_file(arguments: &Arguments) -> Result<ConfigFile> {
    settings_file_of(arguments, &arguments.data)
}

/// The settings of another data folder, unless others were named.
fn settings_of(arguments: &Arguments, data: &Path) -> Result<Config> {
    checked(settings_file_of(arguments, data)?)
}

fn settings_file_of(arguments: &Arguments, data: &Path) -> Result<ConfigFile> {
    let (path, required) = match &arguments.config {
        Some(path) => (path.clone(), Required::Yes),
        None => (data.join("config.toml"), Required::No),
    };
    ConfigFile::load(&path, required).map_err(crate::premises::failed)
}

fn settings(arguments: &Arguments, overrides: Overrides) -> Result<Config> {
    checked(settings_file(arguments)?.with(overrides))
}

fn checked(file: ConfigFile) -> Result<Config> {
    Config::try_from(file).map_err(crate::premises::failed)
}

fn first_line_of_input() -> Result<String> {
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line).context("failed to read standard input")?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

/// Asks twice with the echo off.
fn ask_for(what: &str) -> Result<String> {
    anyhow::ensure!(
        io::stdin().is_terminal(),
        "failed to ask for the {what}: there is no terminal; pipe it in (see --help)"
    );
    let echo = |state: &str| std::process::Command::new("stty").arg(state).status();
    let once = |prompt: &str| -> Result<String> {
        let mut out = io::stderr();
        write!(out, "{prompt}")?;
        out.flush()?;
        let hidden = echo("-echo").is_ok_and(|status| status.success());
        let line = first_line_of_input();
        if hidden {
            echo("echo").context("failed to switch the terminal's echo on again: type `stty echo`")?;
        }
        writeln!(out)?;
        line
    };
    let first = once(&format!("New {what}: "))?;
    let second = once("The same again: ")?;
    anyhow::ensure!(first == second, "failed to set it: the two differ; run the command again");
    Ok(first)
}

fn open_input(file: Option<&Path>) -> Result<Box<dyn BufRead>> {
    match file {
        None => Ok(Box::new(io::BufReader::new(io::stdin()))),
        Some(path) => {
            let opened = std::fs::File::open(path);
            let file = opened.with_context(|| format!("failed to open {}", path.display()))?;
            Ok(Box::new(io::BufReader::new(file)))
        }
    }
}
