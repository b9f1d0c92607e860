//! `wardvoice-report`: a paper as JSON on standard input, an accessible PDF on standard output.

use std::process::ExitCode;

fn main() -> ExitCode {
    wardvoice_report::run()
}
