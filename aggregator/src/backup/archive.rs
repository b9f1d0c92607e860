//! The files of a backup, one behind the other: the tar format (POSIX ustar), of which regular files are all that is needed here.
//!
//! What is read is not believed: a name that leads out of the folder it is unpacked into, or anything that is no regular file, is an
//! error.

use std::io::{self, Read, Write};

const BLOCK: usize = 512;
const NAME: usize = 100;
/// The largest file that eleven octal digits can say.
const MAX_BYTES: u64 = 8 * 1024 * 1024 * 1024 - 1;

/// What is said of a file before its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Member {
    /// Its path, with slashes.
    pub(super) name: String,
    /// Its length in bytes.
    pub(super) bytes: u64,
    /// Who may read and write it.
    pub(super) mode: u32,
}

/// Writes files.
pub(super) struct Archive<W> {
    out: W,
}

impl<W: Write> Archive<W> {
    pub(super) fn new(out: W) -> Self {
        Self { out }
    }

    /// Adds a file. Content that ends before its length is an error, and more than that is not read.
    pub(super) fn add(&mut self, member: &Member, content: impl Read) -> io::Result<()> {
        self.out.write_all(&header(member)?)?;
        let copied = io::copy(&mut content.take(member.bytes), &mut self.out)?;
        if copied < member.bytes {
            return Err(io::Error::other(format!("{} became shorter while it was read", member.name)));
        }
        let odd = usize::try_from(member.bytes % BLOCK as u64).unwrap_or_default();
        let padding = [0; BLOCK];
        self.out.write_all(padding.get(..(BLOCK - odd) % BLOCK).unwrap_or_default())
    }

    /// Adds a file that is at hand.
    pub(super) fn add_bytes(&mut self, name: String, bytes: &[u8]) -> io::Result<()> {
        self.add(&Member { name, bytes: bytes.len() as u64, mode: 0o600 }, bytes)
    }

    /// Ends the archive and gives back what it was written to.
    pub(super) fn finish(mut self) -> io::Result<W> {
        self.out.write_all(&[0; 2 * BLOCK])?;
        Ok(self.out)
    }
}

/// Reads files in the order they were added. After [`Unpacking::member`] the bytes of that file are read from it.
pub(super) struct Unpacking<R> {
    input: R,
    left: u64,
    padding: u64,
}

impl<R: Read> Unpacking<R> {
    pub(super) fn new(input: R) -> Self {
        Self { input, left: 0, padding: 0 }
    }

    /// The next file; `None` at the end, and then nothing is left of the input either.
    pub(super) fn member(&mut self) -> io::Result<Option<Member>> {
        let rest = self.left + self.padding;
        if io::copy(&mut (&mut self.input).take(rest), &mut io::sink())? < rest {
            return Err(broken("it ends in the middle of a file"));
        }
        (self.left, self.padding) = (0, 0);
        let mut block = [0; BLOCK];
        self.input.read_exact(&mut block)?;
        if block == [0; BLOCK] {
            // All of it is read, so that a payload whose end is missing is found.
            let mut end = Vec::new();
            (&mut self.input).take(64 * 1024).read_to_end(&mut end)?;
            return if end == [0; BLOCK] { Ok(None) } else { Err(broken("there is something behind its end")) };
        }
        let member = read_header(&block).ok_or_else(|| broken("the head of a file in it cannot be read"))?;
        self.left = member.bytes;
        self.padding = member.bytes.next_multiple_of(BLOCK as u64) - member.bytes;
        Ok(Some(member))
    }
}

impl<R: Read> Read for Unpacking<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = (&mut self.input).take(self.left).read(buffer)?;
        if read == 0 && self.left > 0 && !buffer.is_empty() {
            return Err(broken("it ends in the middle of a file"));
        }
        self.left -= read as u64;
        Ok(read)
    }
}

fn broken(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.to_owned())
}

/// Whether a path stays inside the folder it is put into, however much of its front is taken away: `a//b` would be `/b` without its folder.
fn stays_inside(name: &str) -> bool {
    !name.contains('\0') && name.split('/').all(|part| !matches!(part, "" | "." | ".."))
}

fn header(member: &Member) -> io::Result<[u8; BLOCK]> {
    let refused = |why: &str| Err(io::Error::other(format!("{} cannot be backed up: {why}", member.name)));
    if member.name.len() > NAME || !stays_inside(&member.name) {
        return refused("its path is longer than 100 bytes, or strange");
    }
    if member.bytes > MAX_BYTES {
        return refused("it is larger than 8 GB");
    }
    let mut block = [0; BLOCK];
    put(&mut block, 0, member.name.as_bytes());
    put(&mut block, 100, format!("{:07o}", member.mode & 0o777).as_bytes());
    put(&mut block, 108, b"0000000");
    put(&mut block, 116, b"0000000");
    put(&mut block, 124, format!("{:011o}", member.bytes).as_bytes());
    put(&mut block, 136, b"00000000000");
    put(&mut block, 156, b"0");
    put(&mut block, 257, b"ustar\x0000");
    let sum = checksum(&block);
    put(&mut block, 148, format!("{sum:06o}\0 ").as_bytes());
    Ok(block)
}

fn read_header(block: &[u8; BLOCK]) -> Option<Member> {
    if block.get(257..262)? != b"ustar" || octal(block.get(148..156)?)? != checksum(block) {
        return None;
    }
    let kind = *block.get(156)?;
    let name = std::str::from_utf8(block.get(..NAME)?).ok()?.trim_end_matches('\0').to_owned();
    let prefix = block.get(345..500)?.iter().all(|byte| *byte == 0);
    let bytes = octal(block.get(124..136)?)?;
    let mode = u32::try_from(octal(block.get(100..108)?)?).ok()? & 0o777;
    (kind == b'0' && prefix && bytes <= MAX_BYTES && stays_inside(&name)).then_some(Member { name, bytes, mode })
}

/// The sum of all bytes, those of the sum itself as spaces.
fn checksum(block: &[u8; BLOCK]) -> u64 {
    let bytes = block.iter().enumerate();
    bytes.map(|(at, byte)| if (148..156).contains(&at) { u64::from(b' ') } else { u64::from(*byte) }).sum()
}

fn octal(field: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(field).ok()?;
    u64::from_str_radix(text.trim_matches(['\0', ' ']), 8).ok()
}

fn put(block: &mut [u8; BLOCK], at: usize, bytes: &[u8]) {
    for (place, byte) in block.iter_mut().skip(at).zip(bytes) {
        *place = *byte;
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that panics is a test that fails")]

    use super::*;

    fn packed(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut archive = Archive::new(Vec::new());
        for (name, bytes) in files {
            archive.add_bytes((*name).to_owned(), bytes).unwrap();
        }
        archive.finish().unwrap()
    }

    fn unpacked(bytes: &[u8]) -> io::Result<Vec<(String, Vec<u8>)>> {
        let mut unpacking = Unpacking::new(bytes);
        let mut files = Vec::new();
        while let Some(member) = unpacking.member()? {
            let mut content = Vec::new();
            unpacking.read_to_end(&mut content)?;
            files.push((member.name, content));
        }
        Ok(files)
    }

    #[test]
    fn files_come_back_and_another_program_reads_them() {
        let long = vec![9; 3 * BLOCK + 1];
        let files: [(&str, &[u8]); 4] =
            [("data/empty", b""), ("data/keys/open.key", b"x"), ("block", &[1; BLOCK]), ("long", &long)];
        let bytes = packed(&files);
        let wanted: Vec<_> = files.iter().map(|(name, bytes)| ((*name).to_owned(), bytes.to_vec())).collect();
        assert_eq!(unpacked(&bytes).unwrap(), wanted);

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.tar");
        std::fs::write(&path, &bytes).unwrap();
        let tar =
            std::process::Command::new("tar").arg("-xf").arg(&path).current_dir(folder.path()).output().unwrap();
        assert!(tar.status.success(), "{}", String::from_utf8_lossy(&tar.stderr));
        assert_eq!(std::fs::read(folder.path().join("long")).unwrap(), long);
        assert_eq!(std::fs::read(folder.path().join("data/keys/open.key")).unwrap(), b"x");
    }

    #[test]
    fn what_leads_outside_or_is_cut_off_is_refused() {
        for name in ["", "../a", "/a", "a/../b", "a//b", "a/./b", "./a", "a/", &"x".repeat(101)] {
            assert!(Archive::new(Vec::new()).add_bytes(name.to_owned(), b"").is_err(), "{name:?}");
        }
        let bytes = packed(&[("aa/passwd", b"text")]);
        for end in [0, 100, BLOCK, BLOCK + 2, 2 * BLOCK, 3 * BLOCK] {
            assert!(unpacked(&bytes[..end]).is_err(), "{end}");
        }
        // Paths that lead outside, with the right sum; the second as soon as its folder is taken away.
        for name in [b"../cpswcd", b"aa//asswd", b"aa/./sswd"] {
            let mut outside = bytes.clone();
            outside[..9].copy_from_slice(name);
            let sum = checksum(outside.first_chunk().unwrap());
            outside[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
            assert!(unpacked(&outside).is_err(), "{}", String::from_utf8_lossy(name));
        }
        let mut link = bytes;
        link[156] = b'2';
        let sum = checksum(link.first_chunk().unwrap());
        link[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        assert!(unpacked(&link).is_err(), "a link was taken for a file");
        let mut archive = Archive::new(Vec::new());
        let promised = Member { name: "a".to_owned(), bytes: 9, mode: 0o600 };
        assert!(archive.add(&promised, &b"short"[..]).is_err());
    }
    proptest::proptest! {
        #[test]
        fn any_archive_is_unpacked_or_refused(
            bytes in crate::garbled::bytes(vec![packed(&[("data/a", b"one"), ("log/records/1", &[7; 600]), ("manifest.json", b"{}")])]),
        ) {
            for (name, _) in unpacked(&bytes).unwrap_or_default() {
                proptest::prop_assert!(stays_inside(&name), "{name}");
            }
        }
    }
}
