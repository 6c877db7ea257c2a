//! The reading half of a connection: heads, content, and what nobody wants.

use std::future::{Future, pending};
use std::io;
use std::pin::Pin;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout};

use super::crowd::Crowd;
use super::framing::Decoder;
use super::limits::Limits;
use super::lines::{Refusal, bad_request};
use super::outbound::Outbound;
use super::pace::Pace;
use super::parse::{Head, Parser};
use super::timer::Timer;
use crate::message::{Body, Version};

/// Room for one read of a head, and of content.
const HEAD_READ: usize = 4 * 1024;
const CONTENT_READ: usize = 32 * 1024;
/// Octets of content that are read and dropped to keep a connection that the application did not read
/// to the end; beyond that a new connection is cheaper.
const DRAIN_LIMIT: usize = 64 * 1024;
/// Octets that are read ahead of their turn.
const AHEAD_LIMIT: usize = 64 * 1024;
/// How long a connection that is closed for writing is still read, so that what the client sends does
/// not reset the connection before it has read the answer (RFC 9112 9.6).
const LINGER: Duration = Duration::from_secs(2);
/// How long a client that has finished sending may wait for its answer before it is asked. Each
/// further time it is twice as long, up to a limit.
const ASK: Duration = Duration::from_millis(500);
const ASK_LIMIT: Duration = Duration::from_secs(4);

/// The reading half of a connection.
pub(crate) struct Inbound<R> {
    reader: R,
    input: BytesMut,
    parser: Parser,
    limits: Limits,
    timer: Timer,
}

/// The content of one request, on its way to the application.
pub(crate) struct Intake {
    decoder: Decoder,
    pace: Pace,
    /// Where the content goes; `None` once all of it has gone there.
    sender: Option<mpsc::Sender<io::Result<Bytes>>>,
    awaits_continue: bool,
    /// Whether the client knows interim responses (RFC 9110 15.2).
    knows_interim: bool,
}

/// Why no more content will come from a client.
pub(crate) enum Interruption {
    /// It broke the rules, or a limit.
    Refused(Refusal),
    /// It reset the connection.
    Gone,
}

impl<R: AsyncRead + Unpin> Inbound<R> {
    pub(crate) fn new(reader: R, limits: Limits) -> Inbound<R> {
        let input = BytesMut::with_capacity(2 * HEAD_READ);
        Inbound { reader, input, parser: Parser::new(limits), limits, timer: Timer::new() }
    }

    /// The next head. `None` if no other will come: the client has closed, or was idle for too long,
    /// which is sooner where others wait for its place, or the server stops.
    ///
    /// What has been answered goes out before there is anything to wait for, and not earlier: answers to
    /// requests that came in one packet leave in one packet.
    pub(crate) async fn head<W: AsyncWrite + Unpin>(
        &mut self,
        outbound: &mut Outbound<W>,
        crowd: &Crowd,
        mut stopping: Pin<&mut impl Future>,
    ) -> Result<Option<Head>, Refusal> {
        let Limits { idle, idle_in_crowd, .. } = self.limits;
        self.timer.set(idle.min(idle_in_crowd));
        let (mut begun, mut gives_way) = (false, false);
        loop {
            if let Some(head) = self.parser.parse(&mut self.input)? {
                return Ok(Some(head));
            }
            if !begun && !self.input.is_empty() {
                begun = true;
                self.timer.set(self.limits.head);
            }
            if outbound.flush().await.is_err() {
                return Ok(None);
            }
            tokio::select! { biased;
                read = read_some(&mut self.reader, &mut self.input, HEAD_READ) => match read {
                    Ok(0) | Err(_) => return Ok(None),
                    Ok(_) => {}
                },
                () = self.timer.expired() => {
                    if begun {
                        return Err(Refusal { status: 408, why: "The head of the request took too long." });
                    } else if gives_way {
                        return Ok(None);
                    }
                    gives_way = true;
                    self.timer.set(idle.saturating_sub(idle_in_crowd));
                }
                () = crowd.needs_room(), if gives_way && !begun => return Ok(None),
                _ = stopping.as_mut(), if !begun => return Ok(None),
            }
        }
    }

    /// The request line of the head in progress, as far as it is there: for the answer to a refused request.
    pub(crate) fn request_line(&self) -> &[u8] {
        self.input[..].split(|b| b"\r\n".contains(b)).next().unwrap_or_default()
    }

    /// The content after a head, as the application gets it, and its way there.
    pub(crate) fn open(&mut self, head: &Head) -> (Body, Intake) {
        let Head { framing, expects_continue: awaits_continue, version, .. } = *head;
        let knows_interim = version >= Version::Http11;
        let mut decoder = Decoder::new(framing, self.limits);
        let (length, pace) = (decoder.remaining(), Pace::new(self.limits));
        // Nothing to come, or all here already: no need for a channel.
        if length.is_some_and(|length| length <= self.input.len() as u64) {
            let body = match decoder.decode(&mut self.input) {
                Ok(Some(bytes)) => Body::Full(bytes),
                _ => Body::Empty,
            };
            return (body, Intake { decoder, pace, sender: None, awaits_continue: false, knows_interim });
        }
        let (sender, chunks) = mpsc::channel(1);
        if awaits_continue {
            // The channel is full at first. Only when the application takes this empty block is there
            // room for another: that is how it asks for the content.
            let _ = sender.try_send(Ok(Bytes::new()));
        }
        let intake = Intake { decoder, pace, sender: Some(sender), awaits_continue, knows_interim };
        (Body::Stream { length, chunks }, intake)
    }

    /// Passes content on as the application takes it, then watches the connection. Ends only when
    /// something goes wrong; can be dropped at any time without loss.
    ///
    /// `outbound` is given as long as the response has not begun: the place for 100 (Continue).
    pub(crate) async fn pass_on<W: AsyncWrite + Unpin>(
        &mut self,
        intake: &mut Intake,
        mut outbound: Option<&mut Outbound<W>>,
    ) -> Interruption {
        if let Some(outbound) = &mut outbound
            && outbound.flush().await.is_err()
        {
            return Interruption::Gone;
        }
        while let Intake { decoder, pace, sender: Some(sender), awaits_continue, .. } = &mut *intake {
            let Ok(permit) = sender.reserve().await else { break };
            match self.block(decoder, pace, awaits_continue, &mut outbound).await {
                Ok(Some(block)) => permit.send(Ok(block)),
                Ok(None) => {
                    drop(permit);
                    intake.sender = None;
                }
                Err(interruption) => {
                    permit.send(Err(io::Error::new(io::ErrorKind::InvalidData, interruption.why())));
                    intake.sender = None;
                    return interruption;
                }
            }
        }
        self.watch(outbound.filter(|_| intake.knows_interim)).await
    }

    /// The next block of content; `None` at its end.
    async fn block<W: AsyncWrite + Unpin>(
        &mut self,
        decoder: &mut Decoder,
        pace: &mut Pace,
        awaits_continue: &mut bool,
        outbound: &mut Option<&mut Outbound<W>>,
    ) -> Result<Option<Bytes>, Interruption> {
        loop {
            let block = decoder.gather(&mut self.input).map_err(Interruption::Refused)?;
            if block.is_some() || decoder.is_done() {
                return Ok(block);
            }
            if std::mem::take(awaits_continue)
                && self.input.is_empty()
                && let Some(outbound) = outbound
            {
                outbound.go_ahead();
                outbound.flush().await.map_err(|_| Interruption::Gone)?;
            }
            self.more_content(pace).await?;
        }
    }

    /// Reads some more, when there has to be more.
    async fn more_content(&mut self, pace: &mut Pace) -> Result<(), Interruption> {
        let since = Instant::now();
        tokio::select! { biased;
            read = read_some(&mut self.reader, &mut self.input, CONTENT_READ) => match read {
                Ok(0) => Err(Interruption::Refused(bad_request("The content ended before its announced end."))),
                Ok(octets) => {
                    pace.came(octets, since);
                    Ok(())
                }
                Err(_) => Err(Interruption::Gone),
            },
            () = self.timer.after(pace.left()) => {
                Err(Interruption::Refused(Refusal { status: 408, why: "The content took too long." }))
            }
        }
    }

    /// Ends when the client has gone. One that has finished sending may still wait for its answer
    /// (RFC 9112 9.6), and one that sends its next request has not gone either.
    ///
    /// TCP does not show whether a client still listens or has closed for good until it is sent
    /// something. If the response has not begun, that is 100 (Continue), which means nothing to a client
    /// that has not asked for it: one that has closed for good resets the connection.
    async fn watch<W: AsyncWrite + Unpin>(&mut self, outbound: Option<&mut Outbound<W>>) -> Interruption {
        while self.input.len() < AHEAD_LIMIT {
            match read_some(&mut self.reader, &mut self.input, HEAD_READ).await {
                Ok(0) => match outbound {
                    Some(outbound) => return ask(outbound).await,
                    None => break,
                },
                Ok(_) => {}
                Err(_) => return Interruption::Gone,
            }
        }
        pending().await
    }

    /// Whether the next request can be reached past the content, as far as can be known before the
    /// response begins, which has to announce it (RFC 9112 9.6).
    pub(crate) fn can_reach_end(&mut self, intake: &mut Intake) -> bool {
        if intake.decoder.is_done() || intake.is_wanted() {
            return true;
        }
        if intake.awaits_continue {
            // The client may send the content now, or may not.
            return false;
        }
        while let Ok(Some(_)) = intake.decoder.decode(&mut self.input) {}
        intake.decoder.remaining().is_some_and(|length| length <= DRAIN_LIMIT as u64)
    }

    /// Reads and drops what the application left of the content (RFC 9112 9.3). Whether that succeeded
    /// within limits, so that the next request can be read.
    pub(crate) async fn drain<W: AsyncWrite + Unpin>(
        &mut self,
        mut intake: Intake,
        outbound: &mut Outbound<W>,
    ) -> bool {
        let mut left = DRAIN_LIMIT;
        loop {
            match intake.decoder.decode(&mut self.input) {
                Ok(Some(block)) if block.len() <= left => left -= block.len(),
                Ok(None) if intake.decoder.is_done() => return true,
                Ok(None) => {
                    if outbound.flush().await.is_err() || self.more_content(&mut intake.pace).await.is_err() {
                        return false;
                    }
                }
                _ => return false,
            }
        }
    }

    /// Reads and drops until the client closes its side as well, for a while (RFC 9112 9.6).
    pub(crate) async fn linger(&mut self) {
        let drop_all = async {
            while matches!(read_some(&mut self.reader, &mut self.input, CONTENT_READ).await, Ok(1..)) {
                self.input.clear();
            }
        };
        let _ = timeout(LINGER, drop_all).await;
    }
}

impl Intake {
    /// Whether the application still holds on to the content.
    fn is_wanted(&self) -> bool {
        self.sender.as_ref().is_some_and(|sender| !sender.is_closed())
    }

    /// Whether the client has to be told to go on, now or never: the response begins, and the
    /// application is going to read while it writes.
    pub(crate) fn needs_go_ahead(&mut self) -> bool {
        self.is_wanted() && std::mem::take(&mut self.awaits_continue)
    }
}

impl Interruption {
    fn why(&self) -> &'static str {
        match self {
            Interruption::Refused(refusal) => refusal.why,
            Interruption::Gone => "The client has gone.",
        }
    }
}

/// Ends once the client is known to have gone.
async fn ask<W: AsyncWrite + Unpin>(outbound: &mut Outbound<W>) -> Interruption {
    let mut wait = ASK;
    loop {
        sleep(wait).await;
        outbound.go_ahead();
        if outbound.flush().await.is_err() {
            return Interruption::Gone;
        }
        wait = ASK_LIMIT.min(2 * wait);
    }
}

/// One read, into at least `room` octets of space. 0 means that the client has closed its side.
async fn read_some<R: AsyncRead + Unpin>(
    reader: &mut R,
    input: &mut BytesMut,
    room: usize,
) -> io::Result<usize> {
    input.reserve(room);
    reader.read_buf(input).await
}
