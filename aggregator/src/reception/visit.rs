//! A connection that ends by itself when whoever is at its other end lets it wait.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

use super::Patience;
use super::pulse::Pulse;
use crate::gate::places::Place;

/// More bytes than any browser's head has.
const MOST_HEAD_BYTES: usize = 64 * 1024;

/// A connection.
#[derive(Debug)]
pub(crate) struct Visit<S> {
    stream: S,
    pulse: Pulse,
    patience: Patience,
    read: Alarm,
    written: Alarm,
    /// Since when the other end takes nothing.
    stalled: Option<Instant>,
    _place: Place,
}

/// A clock that is set again and again.
#[derive(Debug, Default)]
struct Alarm(Option<Pin<Box<Sleep>>>);

impl Alarm {
    /// Ready once the time has come; whoever asks is woken then.
    fn poll(&mut self, at: Instant, context: &mut Context<'_>) -> Poll<()> {
        let sleep = self.0.get_or_insert_with(|| Box::pin(sleep_until(at)));
        if sleep.deadline() != at {
            sleep.as_mut().reset(at);
        }
        sleep.as_mut().poll(context)
    }
}

impl<S> Visit<S> {
    pub(super) fn new(stream: S, pulse: Pulse, patience: Patience, place: Place) -> Self {
        let (read, written) = (Alarm::default(), Alarm::default());
        Self { stream, pulse, patience, read, written, stalled: None, _place: place }
    }

    /// What became of a try to write; an error once the other end has taken nothing for too long.
    fn taken<T>(&mut self, tried: Poll<io::Result<T>>, context: &mut Context<'_>) -> Poll<io::Result<T>> {
        if tried.is_ready() {
            self.stalled = None;
            return tried;
        }
        let since = *self.stalled.get_or_insert_with(Instant::now);
        ready!(self.written.poll(since + self.patience.stalled, context));
        Poll::Ready(Err(late("nothing is taken at the other end")))
    }
}

/// Whether bytes have gone.
fn has_gone(tried: &Poll<io::Result<usize>>) -> bool {
    matches!(tried, Poll::Ready(Ok(many)) if *many > 0)
}

fn late(why: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, why)
}

impl<S: AsyncRead + Unpin> AsyncRead for Visit<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.pulse.is_too_long(MOST_HEAD_BYTES) {
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, "a head without an end")));
        }
        let before = buffer.filled().len();
        if let Poll::Ready(read) = Pin::new(&mut this.stream).poll_read(context, buffer) {
            this.pulse.came(buffer.filled().len() - before);
            return Poll::Ready(read);
        }
        let Some(until) = this.pulse.until(&this.patience, context.waker()) else { return Poll::Pending };
        ready!(this.read.poll(until, context));
        Poll::Ready(Err(late("nothing more is asked")))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Visit<S> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let tried = Pin::new(&mut this.stream).poll_write(context, bytes);
        // A flush says nothing of that: it is asked for again and again, with nothing to write.
        if has_gone(&tried) {
            this.pulse.went();
        }
        this.taken(tried, context)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let tried = Pin::new(&mut this.stream).poll_write_vectored(context, parts);
        if has_gone(&tried) {
            this.pulse.went();
        }
        this.taken(tried, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let tried = Pin::new(&mut this.stream).poll_flush(context);
        this.taken(tried, context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let tried = Pin::new(&mut this.stream).poll_shutdown(context);
        this.taken(tried, context)
    }
}
