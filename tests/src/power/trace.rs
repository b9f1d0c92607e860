//! What a program asked the system to do with files, in the order in which it asked: `strace` writes it, this reads it.
//!
//! A call has a beginning and an end, and other threads' calls may lie between them; both are moments of a recording.
//! Every string is written in hexadecimal and whole, so nothing is lost in quoting. A call that changes files in a way
//! that is not understood here is an error: a recording that leaves something out would prove nothing.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::programs;

/// The calls that are recorded, where the machine has them. Others do not stop the program.
const CALLS: [&str; 39] = [
    "openat",
    "open",
    "creat",
    "close",
    "dup",
    "dup2",
    "dup3",
    "fcntl",
    "lseek",
    "write",
    "pwrite64",
    "writev",
    "pwritev",
    "pwritev2",
    "sendto",
    "sendmsg",
    "ftruncate",
    "truncate",
    "fallocate",
    "fsync",
    "fdatasync",
    "sync",
    "syncfs",
    "sync_file_range",
    "rename",
    "renameat",
    "renameat2",
    "unlink",
    "unlinkat",
    "rmdir",
    "mkdir",
    "mkdirat",
    "link",
    "linkat",
    "symlink",
    "symlinkat",
    "copy_file_range",
    "sendfile",
    "mmap",
];

/// A file descriptor.
pub type Descriptor = i64;

/// A path and the directory it is relative to, if it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The open directory; none for the working directory.
    pub folder: Option<Descriptor>,
    /// The path.
    pub path: PathBuf,
}

/// What was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Call {
    /// Opens a file or a directory; the result is its descriptor.
    Open {
        /// Which.
        place: Place,
        /// Whether it is made when it is not there.
        create: bool,
        /// Whether it is emptied.
        truncate: bool,
        /// Whether every write goes to its end.
        append: bool,
    },
    /// Closes a descriptor.
    Close(Descriptor),
    /// Makes another descriptor of the same open file; the result is the new one.
    Duplicate(Descriptor),
    /// Moves the place of the next write; the result is the place.
    Seek(Descriptor),
    /// Writes bytes to a file, or says them to whoever is at the other end.
    Write {
        /// Where to.
        to: Descriptor,
        /// The bytes.
        bytes: Vec<u8>,
        /// At which byte; where the last write ended when absent.
        at: Option<usize>,
    },
    /// Sets a file's length.
    Resize(Descriptor, usize),
    /// Makes room in a file, which makes it longer unless told otherwise.
    Allocate {
        /// The file.
        file: Descriptor,
        /// Where the room ends.
        end: usize,
        /// Whether the length stays.
        keeps_length: bool,
    },
    /// Waits until a file, or the names in a directory, are on the disk.
    Sync(Descriptor),
    /// Waits until everything that is written and named is on the disk.
    SyncAll,
    /// Gives something another name.
    Rename(Place, Place),
    /// Gives two things each other's names, in one step.
    Exchange(Place, Place),
    /// Gives something another name and leaves it its own.
    Link(Place, Place),
    /// Takes a name away.
    Remove(Place),
    /// Makes a directory.
    MakeFolder(Place),
    /// Copies from one file's place to another's; the result is how many bytes.
    Copy(Descriptor, Descriptor),
    /// Promises nothing about what is on the disk and changes nothing in it.
    Nothing,
}

/// One moment of a recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Moment {
    /// A call begins; it has the number of its place among all calls.
    Begin(usize, Call),
    /// The call of that number ends with a result, negative when it failed. One in which the process is killed has no end.
    End(usize, i64),
}

/// `strace` as it must be called to record a command, which is to be appended.
pub fn recorder(into: &Path) -> Result<Command> {
    let mut command = Command::new(programs::installed("strace", "strace")?);
    let calls = CALLS.map(|name| format!("?{name}")).join(",");
    command.args(["-f", "--seccomp-bpf", "-qq", "-xx", "-s", "16777216", "-e", &format!("trace={calls}"), "-o"]);
    command.arg(into).arg("--");
    Ok(command)
}

/// Reads what was recorded.
pub fn read(path: &Path) -> Result<Vec<Moment>> {
    let text = fs::read_to_string(path).with_context(|| format!("failed to read {}", path.display()))?;
    parse(&text)
}

/// Reads a recording's text.
pub fn parse(text: &str) -> Result<Vec<Moment>> {
    let mut moments = Vec::new();
    let mut calls = 0;
    let mut open: HashMap<&str, usize> = HashMap::new();
    for (number, line) in text.lines().enumerate() {
        let shown = || format!("failed to understand line {} of the recording: {:.200}", number + 1, line);
        let (thread, said) = line.trim_start().split_once(' ').with_context(shown)?;
        let said = said.trim_start();
        if said.starts_with("+++") || said.starts_with("---") {
            continue;
        }
        if let Some((_, rest)) = said.strip_prefix("<... ").and_then(|rest| rest.split_once(" resumed>")) {
            let call = open.remove(thread).with_context(shown)?;
            moments.extend(result(rest).with_context(shown)?.map(|result| Moment::End(call, result)));
            continue;
        }
        let begun = said.strip_suffix(" <unfinished ...>");
        let call = call(begun.unwrap_or(said)).with_context(shown)?;
        moments.push(Moment::Begin(calls, call));
        match begun {
            Some(_) => {
                open.insert(thread, calls);
            }
            None => moments.extend(result(said).with_context(shown)?.map(|result| Moment::End(calls, result))),
        }
        calls += 1;
    }
    Ok(moments)
}

/// None when the call never came back because the process ended in it.
fn result(said: &str) -> Result<Option<i64>> {
    let (_, result) = said.rsplit_once(" = ").context("there is no result")?;
    let number = result.split_whitespace().next().unwrap_or_default();
    match number.strip_prefix("0x") {
        Some(digits) => Ok(Some(i64::from_str_radix(digits, 16).unwrap_or(i64::MAX))),
        None if number == "?" => Ok(None),
        None => Ok(Some(number.parse().with_context(|| format!("the result is {number}"))?)),
    }
}

fn call(said: &str) -> Result<Call> {
    let (name, rest) = said.split_once('(').context("there is no call")?;
    let arguments = arguments(rest)?;
    let get =
        |place: usize| arguments.get(place).map(String::as_str).with_context(|| format!("{name} lacks {place}"));
    let file = |place: usize| descriptor(get(place)?);
    let size = |place: usize| -> Result<usize> { Ok(get(place)?.parse()?) };
    let here = |place: usize| -> Result<Place> { Ok(Place { folder: None, path: path(get(place)?)? }) };
    let there = |place: usize| -> Result<Place> {
        let folder = match get(place)? {
            "AT_FDCWD" => None,
            number => Some(descriptor(number)?),
        };
        Ok(Place { folder, path: path(get(place + 1)?)? })
    };
    let opens = |place: Place, flags: &str| {
        let has = |flag: &str| flags.split('|').any(|given| given == flag);
        Call::Open { place, create: has("O_CREAT"), truncate: has("O_TRUNC"), append: has("O_APPEND") }
    };
    Ok(match name {
        "openat" => opens(there(0)?, get(2)?),
        "open" => opens(here(0)?, get(1)?),
        "creat" => Call::Open { place: here(0)?, create: true, truncate: true, append: false },
        "close" => Call::Close(file(0)?),
        "dup" | "dup2" | "dup3" => Call::Duplicate(file(0)?),
        "fcntl" if get(1)?.starts_with("F_DUPFD") => Call::Duplicate(file(0)?),
        "lseek" => Call::Seek(file(0)?),
        "write" | "sendto" => Call::Write { to: file(0)?, bytes: text(get(1)?)?, at: None },
        "pwrite64" => Call::Write { to: file(0)?, bytes: text(get(1)?)?, at: Some(size(3)?) },
        "writev" | "sendmsg" => Call::Write { to: file(0)?, bytes: pieces(get(1)?)?, at: None },
        "pwritev" | "pwritev2" => Call::Write { to: file(0)?, bytes: pieces(get(1)?)?, at: Some(size(3)?) },
        "ftruncate" => Call::Resize(file(0)?, size(1)?),
        "fallocate" => {
            let mode = get(1)?;
            let keeps_length = match mode {
                "0" => false,
                "FALLOC_FL_KEEP_SIZE" => true,
                other => bail!("fallocate with {other} is not understood here"),
            };
            Call::Allocate { file: file(0)?, end: size(2)? + size(3)?, keeps_length }
        }
        "fsync" | "fdatasync" => Call::Sync(file(0)?),
        "rename" => Call::Rename(here(0)?, here(1)?),
        "renameat" => Call::Rename(there(0)?, there(2)?),
        "renameat2" if get(4)? == "0" || get(4)? == "RENAME_NOREPLACE" => Call::Rename(there(0)?, there(2)?),
        "renameat2" if get(4)? == "RENAME_EXCHANGE" => Call::Exchange(there(0)?, there(2)?),
        "syncfs" | "sync" => Call::SyncAll,
        "link" => Call::Link(here(0)?, here(1)?),
        "linkat" if get(4)? == "0" => Call::Link(there(0)?, there(2)?),
        "unlink" | "rmdir" => Call::Remove(here(0)?),
        "unlinkat" => Call::Remove(there(0)?),
        "mkdir" => Call::MakeFolder(here(0)?),
        "mkdirat" => Call::MakeFolder(there(0)?),
        "copy_file_range" if get(1)? == "NULL" && get(3)? == "NULL" => Call::Copy(file(0)?, file(2)?),
        "sendfile" if get(2)? == "NULL" => Call::Copy(file(1)?, file(0)?),
        "mmap" => {
            let shared = get(3)?.contains("MAP_SHARED") && get(2)?.contains("PROT_WRITE");
            // Memory that is shared with a file changes it without a call.
            if shared && !get(3)?.contains("MAP_ANONYMOUS") {
                bail!("a file is written through memory, which no recording shows");
            }
            Call::Nothing
        }
        // The last is one in which the process was killed before anybody could read which it was; it did nothing.
        "fcntl" | "sync_file_range" | "???" => Call::Nothing,
        other => bail!("{other} is not understood here"),
    })
}

/// The arguments of a call, parted at the commas that stand outside of quotes and brackets.
fn arguments(said: &str) -> Result<Vec<String>> {
    let mut parts = vec![String::new()];
    let (mut depth, mut quoted) = (0_u32, false);
    for letter in said.chars() {
        match letter {
            '"' => quoted = !quoted,
            '[' | '{' | '(' if !quoted => depth += 1,
            ')' if !quoted && depth == 0 => break,
            ']' | '}' | ')' if !quoted => depth = depth.saturating_sub(1),
            ',' if !quoted && depth == 0 => {
                parts.push(String::new());
                continue;
            }
            _ => {}
        }
        parts.last_mut().context("there is always a last part")?.push(letter);
    }
    Ok(parts.into_iter().map(|part| part.trim().to_owned()).collect())
}

fn descriptor(said: &str) -> Result<Descriptor> {
    said.parse().with_context(|| format!("{said} is no descriptor"))
}

/// A string in hexadecimal.
fn text(said: &str) -> Result<Vec<u8>> {
    let digits = said.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let digits = digits.with_context(|| format!("{said:.80} is no whole string"))?;
    digits
        .split("\\x")
        .skip(1)
        .map(|digits| u8::from_str_radix(digits, 16).with_context(|| format!("{digits} is no byte")))
        .collect()
}

fn path(said: &str) -> Result<PathBuf> {
    Ok(PathBuf::from(OsString::from_vec(text(said)?)))
}

/// The strings of a list of pieces, put together.
fn pieces(said: &str) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    for piece in said.split("iov_base=").skip(1) {
        let end = piece.find(", iov_len").context("a piece has no length")?;
        bytes.extend(text(piece.get(..end).unwrap_or_default())?);
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_of_two_threads_have_a_beginning_and_an_end_of_their_own() -> Result<()> {
        let text = "\
7 openat(AT_FDCWD, \"\\x2f\\x64\", O_RDWR|O_CREAT|O_CLOEXEC, 0644) = 3
7 pwrite64(3, \"\\x68\\x2c\", 2, 4096 <unfinished ...>
8 fdatasync(3 <unfinished ...>
7 <... pwrite64 resumed>)           = 2
8 <... fdatasync resumed>)          = 0
8 writev(1, [{iov_base=\"\\x61\", iov_len=1}, {iov_base=\"\\x62\\x63\", iov_len=2}], 2) = 3
7 rename(\"\\x61\", \"\\x62\") = -1 ENOENT (No such file or directory)
7 fcntl(3, F_DUPFD_CLOEXEC, 3)      = 5
7 pwrite64(5, \"\\x61\", 1, 0)         = ?
8 ???( <unfinished ...>
8 <... ??? resumed>) = ?
7 --- SIGCHLD {si_signo=SIGCHLD} ---
7 +++ exited with 0 +++
";
        let place = |path: &str| Place { folder: None, path: PathBuf::from(path) };
        let expected = vec![
            Moment::Begin(0, Call::Open { place: place("/d"), create: true, truncate: false, append: false }),
            Moment::End(0, 3),
            Moment::Begin(1, Call::Write { to: 3, bytes: b"h,".to_vec(), at: Some(4096) }),
            Moment::Begin(2, Call::Sync(3)),
            Moment::End(1, 2),
            Moment::End(2, 0),
            Moment::Begin(3, Call::Write { to: 1, bytes: b"abc".to_vec(), at: None }),
            Moment::End(3, 3),
            Moment::Begin(4, Call::Rename(place("a"), place("b"))),
            Moment::End(4, -1),
            Moment::Begin(5, Call::Duplicate(3)),
            Moment::End(5, 5),
            Moment::Begin(6, Call::Write { to: 5, bytes: b"a".to_vec(), at: Some(0) }),
            Moment::Begin(7, Call::Nothing),
        ];
        assert_eq!(parse(text)?, expected);
        Ok(())
    }

    #[test]
    fn what_would_be_left_out_is_an_error() {
        for line in [
            "7 symlink(\"\\x61\", \"\\x62\") = 0",
            "7 mmap(NULL, 4096, PROT_READ|PROT_WRITE, MAP_SHARED, 3, 0) = 0x7f00",
            "7 fallocate(3, FALLOC_FL_PUNCH_HOLE, 0, 10) = 0",
            "7 write(3, \"\\x61\"..., 400) = 400",
            "7 write(3, \"\\x61\", 1",
        ] {
            assert!(parse(line).is_err(), "{line}");
        }
        assert!(parse("7 <... write resumed>) = 1").is_err());
    }
}
