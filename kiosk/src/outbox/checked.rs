//! Small files of one value a line: a title, the values, and the CRC-32 of all that in eight hexadecimal digits.

use std::fmt::Display;
use std::str::Lines;

/// The text of such a file.
pub(super) fn write(title: &str, values: &[&dyn Display]) -> String {
    let lines = values.iter().map(|value| format!("{value}\n"));
    let body = lines.fold(format!("{title}\n"), |body, line| body + &line);
    format!("{body}{:08x}\n", crc32fast::hash(body.as_bytes()))
}

/// The values of such a file; none where it has another title or is damaged. Empty lines behind it do not count.
pub(super) fn read<'text>(title: &str, text: &'text str) -> Option<Lines<'text>> {
    let (body, crc) = text.trim_end_matches('\n').rsplit_once('\n')?;
    let crc = u32::from_str_radix(crc, 16).ok()?;
    if crc32fast::hash(format!("{body}\n").as_bytes()) != crc {
        return None;
    }
    let mut lines = body.lines();
    (lines.next()? == title).then_some(lines)
}
