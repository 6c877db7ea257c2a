//! One TCP connection: read a request, call the application, write the response, go on or close
//! (RFC 9112 9).

use std::future::{Future, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Instant;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;

use super::crowd::Crowd;
use super::encode::{self, Delimiter};
use super::inbound::{Inbound, Interruption};
use super::intake::{Intake, News};
use super::limits::Limits;
use super::lines::Refusal;
use super::outbound::{Outbound, Sent};
use super::parse::Head;
use crate::application::Application;
use crate::html::error_page;
use crate::log::{self, Access};
use crate::message::{Request, Response, Version};

/// What a connection has to know besides its bytes.
pub(crate) struct Context {
    pub(crate) remote: SocketAddr,
    pub(crate) local: SocketAddr,
    pub(crate) limits: Limits,
    /// Whether each request gets a line in the access log.
    pub(crate) access_log: bool,
    /// The other connections, as far as this one has to know of them.
    pub(crate) crowd: Arc<Crowd>,
    /// Becomes true when the server is to stop: requests under way are finished, and no other is begun.
    pub(crate) stop: watch::Receiver<bool>,
}

/// Serves one connection to its end.
///
/// All of it is one task: the content of a request is read while the application works
/// and while the response is written, so an echo needs no room for what it echoes.
///
/// Whether the connection has to be reset, rather than closed.
pub(crate) async fn serve<R, W, A>(reader: R, writer: W, application: &A, context: Context) -> bool
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
    A: Application,
{
    let inbound = Inbound::new(reader, context.limits, &context.crowd);
    let outbound = Outbound::new(writer, context.limits, &context.crowd);
    let mut connection = Connection { inbound, outbound, application, context };
    match connection.requests().await {
        Then::Close => {
            connection.outbound.close().await;
            connection.inbound.linger().await;
            false
        }
        Then::Reset => connection.outbound.flush().await.is_ok(),
        Then::End => {
            connection.outbound.close().await;
            false
        }
        Then::GoOn | Then::Abandon => false,
    }
}

struct Connection<'a, R, W, A> {
    inbound: Inbound<R>,
    outbound: Outbound<W>,
    application: &'a A,
    context: Context,
}

/// What comes after a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Then {
    /// The next one.
    GoOn,
    /// The end, such that the client can still read what was sent.
    Close,
    /// The end, such that the client does not take what was sent for all there is.
    Reset,
    /// The end: there was no request, and the client sends nothing more, or is not listened to any more.
    End,
    /// Nothing: the client has gone.
    Abandon,
}

/// What of a request matters for its response.
#[derive(Clone, Copy)]
struct Asked {
    version: Version,
    is_head: bool,
    persistent: bool,
}

/// A response, and how it goes out.
struct Decision {
    response: Response,
    delimiter: Delimiter,
    head_only: bool,
    persistent: bool,
    /// The value of the Connection field, if there is one.
    connection: Option<&'static str>,
}

impl<R: AsyncRead + Unpin, W: AsyncWrite + Unpin, A: Application> Connection<'_, R, W, A> {
    /// Answers requests until one of them is the last.
    async fn requests(&mut self) -> Then {
        let mut stop = self.context.stop.clone();
        let mut stopping = pin!(stop.wait_for(|&stop| stop));
        loop {
            let head = match self.inbound.head_at_hand() {
                // As in `waiting`; here it is known in advance.
                Ok(None) if self.outbound.flush().await.is_err() => return Then::Abandon,
                Ok(None) => self.inbound.head(stopping.as_mut()).await,
                at_hand => at_hand,
            };
            let then = match head {
                Ok(Some(head)) => self.exchange(head).await,
                Ok(None) => Then::End,
                Err(refusal) => self.refuse(refusal).await,
            };
            if then != Then::GoOn {
                return then;
            }
        }
    }

    /// Answers a request that could not be parsed. The connection closes, since nobody knows where the
    /// next request would begin (check `refusal-announces-close`).
    async fn refuse(&mut self, refusal: Refusal) -> Then {
        let begun = self.now();
        let response = self.refusal(refusal);
        let (status, head_only) = (response.status, self.inbound.request_line().starts_with(b"HEAD "));
        let delimiter = Delimiter::of(status, response.body.length(), Version::Http11);
        let sent = self.outbound.response(response, delimiter, head_only, Some("close")).await;
        self.log(self.inbound.request_line(), Some(status), begun);
        if sent.is_ok() { Then::Close } else { Then::Abandon }
    }

    /// Answers one request: asks the application, decides how its response goes out, and sends it.
    async fn exchange(&mut self, head: Head) -> Then {
        let begun = self.now();
        let (body, mut intake) = Intake::open(&head, &mut self.inbound, self.context.limits);
        let Head { line, method, target, version, headers, persistent, .. } = head;
        let asked = Asked { version, is_head: method == "HEAD", persistent };
        let Context { remote, local, .. } = self.context;
        let request = Request { method, target, version, headers, body, remote, local };

        let answer = self.ask(request, &mut intake).await;
        let Some(decision) = self.decide(answer, asked, &mut intake) else {
            self.log(&line, None, begun);
            return Then::Abandon;
        };
        let Decision { response: Response { status, .. }, persistent, .. } = decision;
        let sent = self.send(decision, &mut intake).await;
        self.log(&line, Some(status), begun);
        match sent {
            None => Then::Abandon,
            Some(Sent::PartOfLast) => Then::Reset,
            Some(Sent::Whole) if persistent => {
                match waiting(&mut self.outbound, intake.drain(&mut self.inbound)).await {
                    Ok(true) => Then::GoOn,
                    _ => Then::Close,
                }
            }
            Some(_) => Then::Close,
        }
    }

    /// Calls the application, and passes on the content that it takes. `None` in place of a response if it has failed.
    ///
    /// When the client breaks off, the call is dropped: that is how an application learns of it.
    async fn ask(&mut self, request: Request, intake: &mut Intake) -> Result<Option<Response>, Interruption> {
        let mut call = pin!(call(self.application, request));
        loop {
            let answer = async {
                // The response comes first: once there is one, nothing that the client does is of interest.
                tokio::select! { biased;
                    response = &mut call => Ok(response),
                    news = intake.pass_on(&mut self.inbound) => Err(news),
                }
            };
            match waiting(&mut self.outbound, answer).await {
                Ok(Ok(response)) => return Ok(response),
                Ok(Err(News::Continue)) => self.outbound.go_ahead(),
                Ok(Err(News::Interrupted(interruption))) => return Err(interruption),
                Err(_) => return Err(Interruption::Gone),
            }
        }
    }

    /// What goes out, and how: where its content ends, and whether the connection goes on after it (RFC 9112 6.3, 9.3).
    /// `None` if the client has gone.
    fn decide(
        &mut self,
        answer: Result<Option<Response>, Interruption>,
        asked: Asked,
        intake: &mut Intake,
    ) -> Option<Decision> {
        let (response, persistent) = match answer {
            Ok(Some(response)) if encode::is_sound(&response) => {
                let closes = response.headers.members("Connection").any(|m| m.eq_ignore_ascii_case(b"close"));
                let goes_on = asked.persistent && !closes && !*self.context.stop.borrow();
                (response, goes_on && intake.can_reach_end(&mut self.inbound))
            }
            Ok(_) => (error_page(500, "The application behind this server has failed."), false),
            Err(Interruption::Refused(refusal)) => (self.refusal(refusal), false),
            Err(Interruption::Gone) => return None,
        };
        let delimiter = match response.own_head {
            true => Delimiter::Close,
            false => Delimiter::of(response.status, response.body.length(), asked.version),
        };
        // Checks `head-without-content` and `http10-keep-alive`.
        let head_only = asked.is_head && !response.own_head;
        let persistent = persistent && (delimiter != Delimiter::Close || head_only);
        let connection = match (persistent, asked.version) {
            (false, _) => Some("close"),
            // The default of HTTP/1.0 is to close (RFC 9112 9.3).
            (true, Version::Http10) => Some("keep-alive"),
            (true, Version::Http11) => None,
        };
        Some(Decision { response, delimiter, head_only, persistent, connection })
    }

    /// Sends a response, and goes on to pass on content: the application may read while it answers. `None` if the client
    /// has gone.
    async fn send(&mut self, decision: Decision, intake: &mut Intake) -> Option<Sent> {
        let Decision { response, delimiter, head_only, connection, .. } = decision;
        if intake.needs_go_ahead() {
            self.outbound.go_ahead();
        }
        let mut sending = pin!(self.outbound.response(response, delimiter, head_only, connection));
        loop {
            // The response comes first: it is sent even to a client that has broken a rule meanwhile.
            tokio::select! { biased;
                sent = &mut sending => return sent.ok(),
                news = intake.pass_on(&mut self.inbound) => match news {
                    // The response is on its way, and says it all.
                    News::Continue => {}
                    // The application has been told; what it makes of that is its answer.
                    News::Interrupted(Interruption::Refused(_)) => return sending.await.ok(),
                    News::Interrupted(Interruption::Gone) => return None,
                },
            }
        }
    }

    /// The response to a request that breaks the rules, or a limit. A client that is to make room is not waited for.
    fn refusal(&mut self, Refusal { status, why }: Refusal) -> Response {
        if self.inbound.gives_way() {
            self.outbound.hurry();
        }
        error_page(status, why)
    }

    /// The time, if the access log shows how long things take.
    fn now(&self) -> Option<Instant> {
        self.context.access_log.then(Instant::now)
    }

    fn log(&self, line: &[u8], status: Option<u16>, begun: Option<Instant>) {
        if let Some(begun) = begun {
            let (remote, octets) = (self.context.remote, self.outbound.octets());
            log::access(&Access { remote, line, status, octets, took: begun.elapsed() });
        }
    }
}

/// What a future comes to. If that takes a while, what has been answered goes out before it is waited for, and not
/// earlier: answers to requests that came in one packet leave in one packet (check `pipelining`).
///
/// The flush is dropped when the future is ready first: what is left of the output stays where it is, and goes out later.
async fn waiting<W: AsyncWrite + Unpin, T>(
    outbound: &mut Outbound<W>,
    future: impl Future<Output = T>,
) -> io::Result<T> {
    let mut future = pin!(future);
    tokio::select! { biased;
        ready = &mut future => return Ok(ready),
        flushed = outbound.flush() => flushed?,
    }
    Ok(future.await)
}

/// The response to a request: the server's own to a question about the server, else the
/// application's. `None` if the application panicked, which costs this connection and no other.
async fn call<A: Application>(application: &A, request: Request) -> Option<Response> {
    if request.target.path == "*" {
        let mut response = Response::new(204);
        response.headers.push("Allow", "GET, HEAD, POST, OPTIONS");
        return Some(response);
    }
    let mut response = pin!(async { application.call(request).await });
    poll_fn(|context| match catch_unwind(AssertUnwindSafe(|| response.as_mut().poll(context))) {
        Ok(Poll::Ready(response)) => Poll::Ready(Some(response)),
        Ok(Poll::Pending) => Poll::Pending,
        Err(_) => Poll::Ready(None),
    })
    .await
}

#[cfg(test)]
mod tests;
