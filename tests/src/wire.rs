//! What goes over the wire, byte by byte, as a browser gets it: compressed, with its heads.

use std::io::{BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use flate2::write::GzDecoder;

use crate::loopback;

/// How long a read may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// An answer that was weighed.
#[derive(Debug)]
pub struct Weighed {
    /// Its bytes with its head, as they came.
    pub bytes: usize,
    /// Its head.
    pub head: String,
    /// Its body, uncompressed, as far as it is text.
    pub text: String,
}

/// Gets an address as a browser does, with a session's cookie where there is one.
pub fn weigh(url: &str, session: Option<&str>) -> Result<Weighed> {
    let mut connection = ask(url, session, "close")?;
    let mut all = Vec::new();
    connection.read_to_end(&mut all)?;
    let mut rest = all.as_slice();
    let head = head(&mut rest)?;
    let mut body = Vec::new();
    if has(&head, "transfer-encoding: chunked") {
        while let Some(chunk) = chunk(&mut rest)? {
            body.extend(chunk.data);
        }
    } else {
        body.extend_from_slice(rest);
    }
    if has(&head, "content-encoding: gzip") {
        let mut decoder = GzDecoder::new(Vec::new());
        decoder.write_all(&body)?;
        body = decoder.finish().with_context(|| format!("{url} is no whole gzip file"))?;
    }
    Ok(Weighed { bytes: all.len(), head, text: String::from_utf8_lossy(&body).into_owned() })
}

/// A live stream as a browser gets it.
#[derive(Debug)]
pub struct PackedStream {
    reader: BufReader<TcpStream>,
    decoder: GzDecoder<Vec<u8>>,
}

/// One run of bytes of a stream.
#[derive(Debug)]
pub struct Arrived {
    /// Its bytes with what frames them, as they came.
    pub bytes: usize,
    /// What they say.
    pub text: String,
}

impl PackedStream {
    /// Opens a stream and waits for the head of the answer.
    pub fn open(url: &str, session: Option<&str>) -> Result<Self> {
        let mut reader = BufReader::new(ask(url, session, "keep-alive")?);
        let head = head(&mut reader)?;
        ensure!(has(&head, "content-type: text/event-stream"), "{url} is no stream: {head}");
        ensure!(has(&head, "content-encoding: gzip"), "{url} is not compressed: {head}");
        Ok(Self { reader, decoder: GzDecoder::new(Vec::new()) })
    }

    /// What comes next that says something; `None` when the stream has ended as it should.
    pub fn arrived(&mut self) -> Result<Option<Arrived>> {
        let mut bytes = 0;
        while let Some(chunk) = chunk(&mut self.reader)? {
            bytes += chunk.bytes;
            self.decoder.write_all(&chunk.data)?;
            self.decoder.flush()?;
            let text = String::from_utf8(std::mem::take(self.decoder.get_mut()))?;
            if !text.is_empty() {
                return Ok(Some(Arrived { bytes, text }));
            }
        }
        Ok(None)
    }
}

fn ask(url: &str, session: Option<&str>, connection: &str) -> Result<TcpStream> {
    let rest = url.strip_prefix("http://127.0.0.1:").context("the page is not on this machine")?;
    let (port, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let mut stream = TcpStream::connect(loopback::address(port.parse()?))?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let cookie = session.map(|session| format!("Cookie: {session}\r\n")).unwrap_or_default();
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAccept-Encoding: gzip, deflate, br, zstd\r\n{cookie}Connection: {connection}\r\n\r\n"
    )?;
    Ok(stream)
}

/// The head of an answer, in small letters.
fn head(reader: &mut impl std::io::BufRead) -> Result<String> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        ensure!(reader.read_line(&mut head)? > 0, "the connection closed in the head: {head}");
    }
    Ok(head.to_ascii_lowercase())
}

fn has(head: &str, line: &str) -> bool {
    head.lines().any(|found| found.starts_with(line))
}

struct Chunk {
    bytes: usize,
    data: Vec<u8>,
}

/// The next chunk of a body, `None` at its end.
fn chunk(reader: &mut impl std::io::BufRead) -> Result<Option<Chunk>> {
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let length = usize::from_str_radix(line.trim(), 16).with_context(|| format!("{line:?} is no length"))?;
    let mut data = vec![0; length + 2];
    reader.read_exact(&mut data)?;
    data.truncate(length);
    Ok((length > 0).then(|| Chunk { bytes: line.len() + length + 2, data }))
}
