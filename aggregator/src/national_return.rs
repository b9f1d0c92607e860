//! The national return: the friends and family test of a calendar month, ward by ward, as the trust sends it and as it is
//! published of it.
//!
//! # What is sent and what is published
//!
//! A trust *submits* the counts of every ward, small ones too, through NHS England's collection service by the ninth working day
//! of the next month; NHS England *publishes* them with small numbers suppressed, and corrects nothing after that (NHS England,
//! notes of the published inpatient tables, July 2025). So the return has both, under names that say which is which. What is
//! published here is as far as one trust can tell: whether the trust's own row is suppressed depends on the other trusts of its
//! board.
//!
//! # Vocabulary
//!
//! - the *return* of a month is counted *as of* a day, and has whoever arrived by its end: the same day gives the same bytes;
//! - *eligible* are the patients who could have answered, which only the trust's own systems know;
//! - a *finding* is what somebody should look at before the return is sent, with what to do.
//!
//! Counts come from the facts ([`count`]). That they are right is checked by a count of its own from the opened records
//! ([`Recount`]), which shares nothing with the first but the log.
//!
//! How answers were given ([`Mode`](wardvoice_protocol::contact::Mode)) becomes the national modes of collection in
//! [`ModeColumn::of`].

mod book;
mod checks;
mod codes;
mod count;
mod recount;
mod sheets;
mod sources;
mod tables;

pub use book::{Book, BookError, Exported, MOST_ELIGIBLE};
pub use checks::{CHECKS, Evidence, Finding, check, due};
pub use codes::{CodesError, NationalCodes, NationalFile};
pub use count::{MODE_COLUMNS, ModeColumn, Tally, count};
pub use recount::{MonthRead, Recount, Recounts};
pub use sheets::{Side, Table, files, percent_text, write_table};
pub use sources::{Checked, ReturnError, Sources, day_that_is_over, files_of, month_named};
pub use tables::{Figures, Return, Suppressed, TrustRow, WardRow, published_nationally, tables};
