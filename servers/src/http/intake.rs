//! The content of a request on its way to the application, and what the application leaves of it.

use std::future::pending;
use std::io;
use std::time::Duration;

use bytes::Bytes;
use tokio::io::AsyncRead;
use tokio::sync::mpsc;
use tokio::time::sleep;

use super::framing::Decoder;
use super::inbound::{Inbound, Interruption};
use super::limits::Limits;
use super::lines::Refusal;
use super::parse::Head;
use super::patience::Pace;
use crate::message::{Body, Version};

/// Octets of content that are read and dropped to keep a connection that the application did not read
/// to the end; beyond that a new connection is cheaper.
const DRAIN_LIMIT: usize = 64 * 1024;
/// Octets that are read ahead of their turn.
const AHEAD_LIMIT: usize = 64 * 1024;
/// How long a client that has finished sending may wait for its answer before it is asked. Each
/// further time it is twice as long, up to a limit.
const ASK: Duration = Duration::from_millis(500);
const ASK_LIMIT: Duration = Duration::from_secs(4);

/// The content of one request.
pub(crate) struct Intake {
    decoder: Decoder,
    pace: Pace,
    /// Where the content goes; `None` once all of it has gone there.
    sender: Option<mpsc::Sender<io::Result<Bytes>>>,
    awaits_continue: bool,
    /// How long until a client that has finished sending is asked whether it still waits; `None` if it can't be
    /// asked, since it knows no interim responses (RFC 9110 15.2, check `expect-http10`).
    ask: Option<Duration>,
}

/// What happens to a client while its request is being answered.
pub(crate) enum News {
    /// 100 (Continue) is due: because it waits for that, or to find out whether it is still there.
    Continue,
    /// No more content will come.
    Interrupted(Interruption),
}

impl Intake {
    /// The content after a head, as the application gets it, and its way there.
    pub(crate) fn open<R>(head: &Head, inbound: &mut Inbound<R>, limits: Limits) -> (Body, Intake) {
        let Head { framing, expects_continue: awaits_continue, version, .. } = *head;
        let decoder = Decoder::new(framing, limits);
        let ask = (version >= Version::Http11).then_some(ASK);
        let mut intake = Intake { decoder, pace: Pace::new(limits), sender: None, awaits_continue, ask };
        let length = intake.decoder.remaining();
        // Nothing to come, or all here already. Without content this is needed; with content it is for speed only, to do
        // without a channel.
        if length.is_some_and(|length| length <= inbound.input.len() as u64) {
            intake.awaits_continue = false;
            return match intake.decoder.decode(&mut inbound.input) {
                Ok(Some(bytes)) => (Body::Full(bytes), intake),
                _ => (Body::Empty, intake),
            };
        }
        let (sender, chunks) = mpsc::channel(1);
        if awaits_continue {
            // The channel is full at first. Only when the application takes this empty block is there
            // room for another: that is how it asks for the content.
            let _ = sender.try_send(Ok(Bytes::new()));
        }
        intake.sender = Some(sender);
        (Body::Stream { length, chunks }, intake)
    }

    /// Passes content on as the application takes it, then watches the connection. Ends only with news.
    ///
    /// It can be dropped at any time, and begun again, without loss: what has been read is in the input until there is
    /// room for it in the channel, and between the two there is nothing to wait for.
    pub(crate) async fn pass_on<R: AsyncRead + Unpin>(&mut self, inbound: &mut Inbound<R>) -> News {
        while let Some(sender) = &self.sender {
            let Ok(permit) = sender.reserve().await else { break };
            let block = self.decoder.gather(&mut inbound.input).map_err(Interruption::Refused);
            let block = match block {
                Ok(None) if !self.decoder.is_done() => {
                    if std::mem::take(&mut self.awaits_continue) && inbound.input.is_empty() {
                        return News::Continue;
                    }
                    match inbound.more_content(&mut self.pace).await {
                        Ok(()) => continue,
                        Err(interruption) => Err(interruption),
                    }
                }
                block => block,
            };
            match block {
                Ok(Some(block)) => permit.send(Ok(block)),
                Ok(None) => {
                    drop(permit);
                    self.sender = None;
                }
                Err(interruption) => {
                    permit.send(Err(io::Error::new(io::ErrorKind::InvalidData, interruption.why())));
                    self.sender = None;
                    return News::Interrupted(interruption);
                }
            }
        }
        self.watch(inbound).await
    }

    /// Ends when the client has gone, or is to be asked. One that has finished sending may still wait for its answer
    /// (RFC 9112 9.6), and one that sends its next request has not gone either (check `pipelining`).
    ///
    /// TCP does not show whether a client still listens or has closed for good until it is sent
    /// something. If the response has not begun, that is 100 (Continue), which means nothing to a client
    /// that has not asked for it: one that has closed for good resets the connection.
    async fn watch<R: AsyncRead + Unpin>(&mut self, inbound: &mut Inbound<R>) -> News {
        while inbound.input.len() < AHEAD_LIMIT {
            match (inbound.ahead().await, self.ask) {
                (Ok(1..), _) => {}
                (Ok(0), Some(wait)) => {
                    sleep(wait).await;
                    self.ask = Some(ASK_LIMIT.min(2 * wait));
                    return News::Continue;
                }
                (Ok(0), None) => break,
                (Err(_), _) => return News::Interrupted(Interruption::Gone),
            }
        }
        pending().await
    }

    /// Whether the application still holds on to the content.
    fn is_wanted(&self) -> bool {
        self.sender.as_ref().is_some_and(|sender| !sender.is_closed())
    }

    /// Whether the client has to be told to go on, now or never: the response begins, and the
    /// application is going to read while it writes.
    pub(crate) fn needs_go_ahead(&mut self) -> bool {
        self.is_wanted() && std::mem::take(&mut self.awaits_continue)
    }

    /// Whether the next request can be reached past the content, as far as can be known before the
    /// response begins, which has to announce it (RFC 9112 9.6, check `connection-as-announced`).
    pub(crate) fn can_reach_end<R>(&mut self, inbound: &mut Inbound<R>) -> bool {
        if self.decoder.is_done() || self.is_wanted() {
            return true;
        }
        if self.awaits_continue {
            // The client may send the content now, or may not (check `expect-refused`).
            return false;
        }
        while let Ok(Some(_)) = self.decoder.decode(&mut inbound.input) {}
        self.decoder.remaining().is_some_and(|length| length <= DRAIN_LIMIT as u64)
    }

    /// Reads and drops what the application left of the content (RFC 9112 9.3, check `content-is-no-request`). Whether
    /// that succeeded within limits, so that the next request can be read.
    pub(crate) async fn drain<R: AsyncRead + Unpin>(mut self, inbound: &mut Inbound<R>) -> bool {
        let mut left = DRAIN_LIMIT;
        loop {
            match self.decoder.decode(&mut inbound.input) {
                Ok(Some(block)) if block.len() <= left => left -= block.len(),
                Ok(None) if self.decoder.is_done() => return true,
                Ok(None) if inbound.more_content(&mut self.pace).await.is_ok() => {}
                _ => return false,
            }
        }
    }
}

impl Interruption {
    fn why(&self) -> &'static str {
        match self {
            Interruption::Refused(Refusal { why, .. }) => why,
            Interruption::Gone => "The client has gone.",
        }
    }
}
