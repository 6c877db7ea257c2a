//! The reading half of a connection: heads, blocks of content, and what nobody wants.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::time::{Instant, timeout};

use super::crowd::Crowd;
use super::limits::Limits;
use super::lines::{Refusal, bad_request};
use super::parse::{Head, Parser};
use super::patience::{Pace, Patience};

/// Room for one read of a head, and of content.
const HEAD_READ: usize = 4 * 1024;
const CONTENT_READ: usize = 32 * 1024;
/// How long a connection that is closed for writing is still read, so that what the client sends does
/// not reset the connection before it has read the answer (RFC 9112 9.6).
const LINGER: Duration = Duration::from_secs(2);

/// The reading half of a connection.
pub(crate) struct Inbound<R> {
    reader: R,
    /// What has been read, and whose turn has not come yet.
    pub(super) input: BytesMut,
    parser: Parser,
    limits: Limits,
    patience: Patience,
}

/// Why no more content will come from a client.
pub(crate) enum Interruption {
    /// It broke the rules, or a limit.
    Refused(Refusal),
    /// It reset the connection.
    Gone,
}

impl<R: AsyncRead + Unpin> Inbound<R> {
    pub(crate) fn new(reader: R, limits: Limits, crowd: &Arc<Crowd>) -> Inbound<R> {
        let input = BytesMut::with_capacity(2 * HEAD_READ);
        Inbound { reader, input, parser: Parser::new(limits), limits, patience: Patience::new(limits, crowd) }
    }

    /// The next head, if all of it has been read.
    pub(crate) fn head_at_hand(&mut self) -> Result<Option<Head>, Refusal> {
        self.parser.parse(&mut self.input)
    }

    /// The next head. `None` if no other will come: the client has closed, or was idle for too long (check
    /// `idle-connection`), or the server stops.
    pub(crate) async fn head(
        &mut self,
        mut stopping: Pin<&mut impl Future>,
    ) -> Result<Option<Head>, Refusal> {
        let (mut begun, mut since, mut long) = (false, Instant::now(), self.limits.idle);
        loop {
            if let Some(head) = self.head_at_hand()? {
                return Ok(Some(head));
            }
            if !begun && !self.input.is_empty() {
                (begun, since, long) = (true, Instant::now(), self.limits.head);
            }
            // What is there is read first: a client is late only if nothing has come. And the server stops for a client
            // that has begun nothing.
            tokio::select! { biased;
                read = read_some(&mut self.reader, &mut self.input, HEAD_READ) => match read {
                    Ok(0) | Err(_) => return Ok(None),
                    Ok(_) => {}
                },
                () = self.patience.ends(since, long) => {
                    let late = Refusal { status: 408, why: "The head of the request took too long." };
                    return if begun { Err(late) } else { Ok(None) };
                }
                _ = stopping.as_mut(), if !begun => return Ok(None),
            }
        }
    }

    /// The request line of the head in progress, as far as it is there: for the answer to a refused request.
    pub(crate) fn request_line(&self) -> &[u8] {
        self.input[..].split(|b| b"\r\n".contains(b)).next().unwrap_or_default()
    }

    /// Reads some more content, when there has to be more. Nothing is lost if it is dropped.
    pub(crate) async fn more_content(&mut self, pace: &mut Pace) -> Result<(), Interruption> {
        let since = pace.since(Instant::now());
        // As for a head: what is there is read first.
        tokio::select! { biased;
            read = read_some(&mut self.reader, &mut self.input, CONTENT_READ) => match read {
                Ok(0) => Err(Interruption::Refused(bad_request("The content ended before its announced end."))),
                Ok(octets) => {
                    pace.came(octets, since);
                    Ok(())
                }
                Err(_) => Err(Interruption::Gone),
            },
            () = self.patience.ends(since, self.limits.stall) => {
                Err(Interruption::Refused(Refusal { status: 408, why: "The content took too long." }))
            }
        }
    }

    /// Reads ahead. 0 means that the client has closed its side.
    pub(crate) async fn ahead(&mut self) -> io::Result<usize> {
        read_some(&mut self.reader, &mut self.input, HEAD_READ).await
    }

    /// Whether the client is to give its place to another: what is left to do must not take any time.
    pub(crate) fn gives_way(&self) -> bool {
        self.patience.gave_way()
    }

    /// Reads and drops until the client closes its side as well, for a while (RFC 9112 9.6).
    pub(crate) async fn linger(&mut self) {
        let drop_all = async {
            while matches!(read_some(&mut self.reader, &mut self.input, CONTENT_READ).await, Ok(1..)) {
                self.input.clear();
            }
        };
        let long = if self.patience.gave_way() { Duration::ZERO } else { LINGER };
        let _ = timeout(long, drop_all).await;
    }
}

/// One read, into at least `room` octets of space. 0 means that the client has closed its side. Dropped before it is
/// ready, it has read nothing: that is why all that reads here can be dropped without loss.
async fn read_some<R: AsyncRead + Unpin>(
    reader: &mut R,
    input: &mut BytesMut,
    room: usize,
) -> io::Result<usize> {
    input.reserve(room);
    reader.read_buf(input).await
}
