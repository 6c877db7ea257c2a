//! The bytes of a connection, shown as they pass: `>` for what the client sends, `<` for what it gets.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::log::{self, Escaped};

/// Octets shown on one line.
const LINE_SHOWN: usize = 160;

/// Puts both halves of a connection under observation. `number` is in front of each line.
pub(crate) fn observe<R, W>(
    number: u64,
    client: SocketAddr,
    reader: R,
    writer: W,
) -> (Observed<R>, Observed<W>) {
    log::push(format_args!("[{number}] connection from {client}"));
    let connection = Arc::new(Connection { number });
    (Observed { inner: reader, connection: Arc::clone(&connection) }, Observed { inner: writer, connection })
}

/// One half of a connection, read from or written to, and shown.
pub(crate) struct Observed<T> {
    inner: T,
    connection: Arc<Connection>,
}

struct Connection {
    number: u64,
}

impl Connection {
    /// Shows what passed in one read or write: each line of it on a line, then its unfinished rest.
    fn show(&self, direction: char, bytes: &[u8]) {
        for line in bytes.split_inclusive(|&b| b == b'\n').flat_map(|line| line.chunks(LINE_SHOWN)) {
            log::push(format_args!("[{}] {direction} {}", self.number, Escaped(line)));
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        log::push(format_args!("[{}] closed", self.number));
    }
}

impl<R: AsyncRead + Unpin> AsyncRead for Observed<R> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context, buf: &mut ReadBuf) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.inner).poll_read(cx, buf))?;
        self.connection.show('>', &buf.filled()[before..]);
        Poll::Ready(Ok(()))
    }
}

impl<W: AsyncWrite + Unpin> AsyncWrite for Observed<W> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.inner).poll_write(cx, buf))?;
        self.connection.show('<', &buf[..written]);
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}
