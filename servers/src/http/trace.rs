//! The bytes of a connection, shown as they pass: `>` for what the client sends, `<` for what it gets.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::log::{self, Escaped};

/// Octets shown on one line.
const LINE_SHOWN: usize = 160;

/// What is seen of a connection.
#[derive(Debug, Clone, Copy)]
pub enum Seen<'a> {
    /// A client has connected, from this address.
    Opened(SocketAddr),
    /// The client has sent these bytes.
    Read(&'a [u8]),
    /// The client sends no more.
    ReadEnd,
    /// These bytes were sent to the client.
    Written(&'a [u8]),
    /// The server has closed it.
    Closed,
}

/// Whoever is shown what is seen, with the number of the connection. By default, lines on standard output.
#[derive(Clone)]
pub struct Watch(pub Arc<dyn Fn(u64, Seen) + Send + Sync>);

impl Default for Watch {
    fn default() -> Watch {
        Watch(Arc::new(lines))
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("Watch")
    }
}

/// Writes what is seen: each line of it on a line, then its unfinished rest.
fn lines(number: u64, seen: Seen) {
    let (direction, bytes) = match seen {
        Seen::Opened(client) => return log::push(format_args!("[{number}] connection from {client}")),
        Seen::Closed => return log::push(format_args!("[{number}] closed")),
        Seen::ReadEnd => return,
        Seen::Read(bytes) => ('>', bytes),
        Seen::Written(bytes) => ('<', bytes),
    };
    for line in bytes.split_inclusive(|&b| b == b'\n').flat_map(|line| line.chunks(LINE_SHOWN)) {
        log::push(format_args!("[{number}] {direction} {}", Escaped(line)));
    }
}

/// Puts both halves of a connection under observation.
pub(crate) fn observe<R, W>(
    number: u64,
    client: SocketAddr,
    watch: Watch,
    reader: R,
    writer: W,
) -> (Observed<R>, Observed<W>) {
    (watch.0)(number, Seen::Opened(client));
    let connection = Arc::new(Connection { number, watch });
    (Observed { inner: reader, connection: Arc::clone(&connection) }, Observed { inner: writer, connection })
}

/// One half of a connection, read from or written to, and shown.
pub(crate) struct Observed<T> {
    inner: T,
    connection: Arc<Connection>,
}

struct Connection {
    number: u64,
    watch: Watch,
}

impl Connection {
    fn show(&self, seen: Seen) {
        (self.watch.0)(self.number, seen);
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.show(Seen::Closed);
    }
}

impl<R: AsyncRead + Unpin> AsyncRead for Observed<R> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context, buf: &mut ReadBuf) -> Poll<io::Result<()>> {
        let (before, has_room) = (buf.filled().len(), buf.remaining() > 0);
        ready!(Pin::new(&mut self.inner).poll_read(cx, buf))?;
        match &buf.filled()[before..] {
            [] if has_room => self.connection.show(Seen::ReadEnd),
            bytes => self.connection.show(Seen::Read(bytes)),
        }
        Poll::Ready(Ok(()))
    }
}

impl<W: AsyncWrite + Unpin> AsyncWrite for Observed<W> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.inner).poll_write(cx, buf))?;
        self.connection.show(Seen::Written(&buf[..written]));
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}
