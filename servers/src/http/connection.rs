//! One TCP connection: read a request, call the application, write the response, go on or close
//! (RFC 9112 9).

use std::future::poll_fn;
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
    let inbound = Inbound::new(reader, context.limits);
    let outbound = Outbound::new(writer, context.limits.stall);
    let mut connection = Connection { inbound, outbound, application, context };
    match connection.requests().await {
        Then::Close => {
            connection.outbound.close().await;
            connection.inbound.linger().await;
            false
        }
        Then::Reset => connection.outbound.flush().await.is_ok(),
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
    /// Nothing: the client has gone, or there was no request.
    Abandon,
}

impl<R: AsyncRead + Unpin, W: AsyncWrite + Unpin, A: Application> Connection<'_, R, W, A> {
    /// Answers requests until one of them is the last.
    async fn requests(&mut self) -> Then {
        let mut stop = self.context.stop.clone();
        let mut stopping = pin!(stop.wait_for(|&stop| stop));
        loop {
            let then =
                match self.inbound.head(&mut self.outbound, &self.context.crowd, stopping.as_mut()).await {
                    Ok(Some(head)) => self.exchange(head).await,
                    Ok(None) => Then::Abandon,
                    Err(refusal) => self.refuse(refusal).await,
                };
            if then != Then::GoOn {
                return then;
            }
        }
    }

    /// Answers a request that could not be parsed. The connection closes, since nobody knows where the
    /// next request would begin.
    async fn refuse(&mut self, Refusal { status, why }: Refusal) -> Then {
        let begun = self.now();
        let response = error_page(status, why);
        let delimiter = Delimiter::of(status, response.body.length(), Version::Http11);
        let head_only = self.inbound.request_line().starts_with(b"HEAD ");
        let sent = self.outbound.response(response, delimiter, head_only, Some("close")).await;
        self.log(self.inbound.request_line(), Some(status), begun);
        if sent.is_ok() { Then::Close } else { Then::Abandon }
    }

    /// Answers one request.
    async fn exchange(&mut self, head: Head) -> Then {
        let begun = self.now();
        let (body, mut intake) = self.inbound.open(&head);
        let Head { line, method, target, version, headers, persistent, .. } = head;
        let head_only = method == "HEAD";
        let Context { remote, local, .. } = self.context;
        let request = Request { method, target, version, headers, body, remote, local };

        let answer = {
            let mut call = pin!(call(self.application, request));
            tokio::select! { biased;
                response = &mut call => Ok(response),
                interruption = self.inbound.pass_on(&mut intake, Some(&mut self.outbound)) => Err(interruption),
            }
        };
        let (response, persistent) = match answer {
            Ok(Some(response)) if encode::is_sound(&response) => {
                let stop = *self.context.stop.borrow()
                    || response.headers.members("Connection").any(|m| m.eq_ignore_ascii_case(b"close"));
                let persistent = persistent && !stop && self.inbound.can_reach_end(&mut intake);
                (response, persistent)
            }
            Ok(_) => (error_page(500, "The application behind this server has failed."), false),
            Err(Interruption::Refused(Refusal { status, why })) => (error_page(status, why), false),
            Err(Interruption::Gone) => {
                self.log(&line, None, begun);
                return Then::Abandon;
            }
        };

        if intake.needs_go_ahead() {
            self.outbound.go_ahead();
        }
        let status = response.status;
        let delimiter = Delimiter::of(status, response.body.length(), version);
        let persistent = persistent && (delimiter != Delimiter::Close || head_only);
        let connection = match (persistent, version) {
            (false, _) => Some("close"),
            // The default of HTTP/1.0 is to close (RFC 9112 9.3).
            (true, Version::Http10) => Some("keep-alive"),
            (true, Version::Http11) => None,
        };
        let sent = {
            let mut sending = pin!(self.outbound.response(response, delimiter, head_only, connection));
            tokio::select! { biased;
                sent = &mut sending => sent.ok(),
                interruption = self.inbound.pass_on(&mut intake, None::<&mut Outbound<W>>) => match interruption {
                    // The application has been told; what it makes of that is its answer.
                    Interruption::Refused(_) => sending.await.ok(),
                    Interruption::Gone => None,
                },
            }
        };
        self.log(&line, Some(status), begun);
        match sent {
            None => Then::Abandon,
            Some(Sent::PartOfLast) => Then::Reset,
            Some(Sent::Whole) if persistent && self.inbound.drain(intake, &mut self.outbound).await => {
                Then::GoOn
            }
            Some(_) => Then::Close,
        }
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
