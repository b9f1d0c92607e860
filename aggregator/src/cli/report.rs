//! `report`: what pages say, on paper.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use jiff::civil::Date;
use wardvoice_paper::{Paper, Size};
use wardvoice_protocol::id::{ConsultantId, Language, WardId};

use super::fft::Heard;
use super::whose::Whose;
use super::{reach, say};
use crate::config::Config;
use crate::durable_file::{self, Readers};
use crate::operations::Request;
use crate::policy::Audience;
use crate::premises::failed;
use crate::press::Press;
use crate::web::reports::{PosterAsk, ReportAsk, YouSaidAsk};

#[derive(Debug, clap::Subcommand)]
pub(super) enum ReportCommand {
    /// A ward's fortnight, or another period of it.
    Ward {
        /// The ward.
        #[arg(long)]
        ward: WardId,
        #[command(flatten)]
        when: When,
        #[command(flatten)]
        to: Target,
    },
    /// Six months of a consultant, for the appraisal. The look is noted.
    Consultant {
        /// The consultant.
        #[arg(long, value_name = "ID")]
        consultant: ConsultantId,
        /// The last day of the six months, a fortnight's; that of the last fortnight that is final when absent.
        #[arg(long, value_name = "DATE")]
        until: Option<Date>,
        /// As what to look: consultant, appraiser, board or office. What that audience may not see is withheld, and said.
        #[arg(long, default_value_t = Audience::Consultant)]
        audience: Audience,
        #[command(flatten)]
        to: Target,
    },
    /// What the board reviews.
    Board {
        #[command(flatten)]
        when: When,
        #[command(flatten)]
        to: Target,
    },
    /// The six-monthly snapshot of the trust.
    HalfYear {
        /// Which, 2026-H1; the last that has ended when absent.
        #[arg(long, value_name = "HALF")]
        half: Option<String>,
        /// Leave out what arrived after a day.
        #[arg(long, value_name = "DATE")]
        as_of: Option<Date>,
        #[command(flatten)]
        to: Target,
    },
    /// A poster of what patients of a ward say, from what was released to everybody.
    Poster {
        #[command(flatten)]
        poster: PosterArguments,
        #[command(flatten)]
        to: Target,
    },
    /// A poster of what patients of a ward, a department, a specialty, a site or the trust said and what was done.
    YouSaid {
        #[command(flatten)]
        whose: Whose,
        #[command(flatten)]
        sheet: Sheet,
        #[command(flatten)]
        to: Target,
    },
}

#[derive(Debug, Clone, clap::Args)]
pub(super) struct When {
    /// 2026-F23, 2026-11, 2026-H2 or 2026-11-01..2026-11-14; the present fortnight when absent.
    #[arg(long, value_name = "PERIOD")]
    period: Option<String>,
    /// Leave out what arrived after a day.
    #[arg(long, value_name = "DATE")]
    as_of: Option<Date>,
}

#[derive(Debug, Clone, clap::Args)]
pub(super) struct PosterArguments {
    /// The ward.
    #[arg(long)]
    ward: WardId,
    #[command(flatten)]
    sheet: Sheet,
}

#[derive(Debug, Clone, clap::Args)]
pub(super) struct Sheet {
    /// The language, one that patients are asked in.
    #[arg(long, default_value = "en", value_name = "TAG")]
    language: Language,
    /// The sheet: a3 or a4.
    #[arg(long, default_value = "a3", value_parser = size)]
    size: Size,
    /// Somebody who speaks the language has read it.
    #[arg(long)]
    approved: bool,
}

#[derive(Debug, Clone, clap::Args)]
#[group(required = true, multiple = false)]
pub(super) struct Target {
    /// Write the PDF into a file.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Print what it is made of as JSON: the input of wardvoice-report.
    #[arg(long)]
    json: bool,
}

fn size(text: &str) -> Result<Size, String> {
    match text {
        "a3" => Ok(Size::A3),
        "a4" => Ok(Size::A4),
        _ => Err("write a3 or a4".to_owned()),
    }
}

impl PosterArguments {
    fn ask(&self) -> PosterAsk {
        let Self { ward, sheet: Sheet { language, size, approved } } = self.clone();
        PosterAsk { ward, language, size, approved }
    }
}

impl ReportCommand {
    fn asked(&self) -> Result<(ReportAsk, &Target)> {
        Ok(match self {
            Self::Ward { ward, when, to } => {
                let When { period, as_of } = when.clone();
                (ReportAsk::Ward { ward: ward.clone(), period, as_of }, to)
            }
            Self::Consultant { consultant, until, audience, to } => {
                let consultant = consultant.clone();
                (ReportAsk::Consultant { consultant, until: *until, audience: *audience }, to)
            }
            Self::Board { when, to } => {
                let When { period, as_of } = when.clone();
                (ReportAsk::Board { period, as_of }, to)
            }
            Self::HalfYear { half, as_of, to } => (ReportAsk::HalfYear { half: half.clone(), as_of: *as_of }, to),
            Self::Poster { poster, to } => (ReportAsk::Poster(poster.ask()), to),
            Self::YouSaid { whose, sheet, to } => {
                let Sheet { language, size, approved } = sheet.clone();
                (ReportAsk::YouSaid(YouSaidAsk { unit: whose.unit()?, language, size, approved }), to)
            }
        })
    }

    pub(super) fn run(&self, data: &Path, config: impl FnOnce() -> Result<Config>) -> Result<ExitCode> {
        let (ask, to) = self.asked()?;
        let press = Press::of_this_machine();
        if to.out.is_some() {
            // Before anything is looked at, so that no look is noted for nothing.
            press.ready().map_err(failed)?;
        }
        let mut heard = Heard::new(to.json);
        let is_well = reach::ask_through(data, config, &Request::Report(ask), &mut heard)?;
        let paper = heard.value()?;
        match &to.out {
            None => say::text(&format!("{paper}\n"))?,
            Some(path) => {
                let paper: Paper = serde_json::from_value(paper).context("failed to read the answer")?;
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
                let pdf = runtime.block_on(press.print(&paper)).map_err(failed)?;
                // What staff read is not for everybody on the machine.
                durable_file::replace(path, &pdf, Readers::Owner)
                    .with_context(|| format!("failed to write {}", path.display()))?;
                say::text(&format!("Written: {}\n", path.display()))?;
            }
        }
        Ok(super::well(is_well))
    }
}
