//! From a request to a worker, and from what it sends to a response.

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use percent_encoding::percent_decode_str;
use tempfile::TempDir;
use tokio::sync::mpsc;

use super::keeper::Keeper;
use super::place::{Place, Silence};
use super::pool::Pool;
use super::protocol::{self, Frame, Head};
use super::queue::Refused;
use crate::application::Application;
use crate::html::error_page;
use crate::log;
use crate::message::{Body, Request, Response};
use crate::spool;

/// An application, in workers.
#[derive(Debug)]
pub(super) struct Gateway {
    pub(super) pool: Arc<Pool>,
    pub(super) keeper: Keeper,
    /// Whether the application is called before the content of the request has come.
    pub(super) streams: bool,
    /// The files of the demonstration, which go when the server does.
    pub(super) _demonstration: Option<TempDir>,
}

/// What the client reads if there is no response, and what the log says.
struct Failure {
    status: u16,
    sentence: &'static str,
    reason: String,
}

impl From<spool::Failure> for Failure {
    fn from(spool::Failure { status, sentence, reason }: spool::Failure) -> Failure {
        Failure { status, sentence, reason }
    }
}

impl Application for Gateway {
    async fn call(&self, mut request: Request) -> Response {
        match self.answer(&mut request).await {
            Ok(response) => response,
            Err(Failure { status, sentence, reason }) => {
                let path = log::shown(&request.target.path);
                log::line(&format!("{} {path}: {status}: {reason}", log::shown(&request.method)));
                let mut response = error_page(status, sentence);
                if status == 503 {
                    response.headers.push("Retry-After", "1");
                }
                response
            }
        }
    }

    async fn stop(&self) {
        self.keeper.stop().await;
    }
}

impl Gateway {
    /// The response of the application, as far as it is known; the content may be still to come.
    async fn answer(&self, request: &mut Request) -> Result<Response, Failure> {
        if request.headers.get_all("Content-Type").nth(1).is_some() {
            return Err(failure(400, "A request has one Content-Type, and this one has several.", "refused"));
        }
        let path: Vec<u8> = percent_decode_str(&request.target.path).collect();
        if path.contains(&0) {
            return Err(failure(400, "A path must not contain NUL.", "refused"));
        }
        if !self.streams {
            let body = std::mem::replace(&mut request.body, Body::Empty);
            request.body = spool::store(body).await?.body()?;
        }
        let frame = protocol::request(request, &path);
        let mut body = std::mem::replace(&mut request.body, Body::Empty);
        let (mut place, mut told) = self.begin(&frame).await?;
        loop {
            match told {
                Frame::Wanted => pass_on_content(&mut place, &mut body).await.map_err(silent)?,
                Frame::Whole(head, block) => {
                    place.give_back();
                    return Ok(whole(request, head, block));
                }
                Frame::All(head, block) => {
                    tokio::spawn(place.finish());
                    return Ok(whole(request, head, block));
                }
                Frame::First(head, block) => {
                    let (sender, chunks) = mpsc::channel(1);
                    tokio::spawn(pass_on(place, body, block, head.length, sender));
                    let length = head.length;
                    return Ok(response(head, Body::Stream { length, chunks }));
                }
                Frame::Failed => {
                    tokio::spawn(place.finish());
                    let sentence = "The application behind this address has failed.";
                    return Err(failure(500, sentence, "the application has failed"));
                }
                _ => return Err(silent(Silence::Ended)),
            }
            told = place.frame().await.map_err(silent)?;
        }
    }

    /// A thread that has got the request, and what it says first.
    async fn begin(&self, request: &Bytes) -> Result<(Place, Frame), Failure> {
        loop {
            let mut place = self.pool.take(request).await.map_err(|refused| match refused {
                Refused::Busy => {
                    failure(503, "The server is too busy.", "all threads of all workers are busy")
                }
                Refused::Lost => silent(Silence::Ended),
            })?;
            let told = match place.request(request).await {
                Ok(()) => place.frame().await,
                Err(silence) => Err(silence),
            };
            match told {
                Ok(told) => return Ok((place, told)),
                // It has just ended, and the request has not reached the application.
                Err(Silence::Unread) => {}
                Err(silence) => return Err(silent(silence)),
            }
        }
    }
}

/// Sends the worker the content that it asks for.
async fn pass_on_content(place: &mut Place, body: &mut Body) -> Result<(), Silence> {
    let frame = match body.next().await {
        Some(Ok(block)) => protocol::content(Some(&block)),
        Some(Err(_)) => protocol::content(None),
        None => protocol::content(Some(b"")),
    };
    place.send(&frame).await
}

/// Passes on the content of a response, block by block, and what is left of that of the request.
async fn pass_on(
    mut place: Place,
    mut body: Body,
    first: Bytes,
    length: Option<u64>,
    sender: mpsc::Sender<io::Result<Bytes>>,
) {
    // Where that is not possible, nor is the next frame.
    let _ = place.lets_others_pass().await;
    let mut sent = 0;
    let mut block = first;
    loop {
        sent += block.len() as u64;
        if sender.send(Ok(block)).await.is_err() {
            return;
        }
        if length.is_some_and(|length| sent >= length) {
            break;
        }
        let frame = tokio::select! { biased;
            frame = place.frame() => frame,
            () = sender.closed() => return,
        };
        block = match frame {
            Ok(Frame::Block(block)) => block,
            Ok(Frame::Wanted) if pass_on_content(&mut place, &mut body).await.is_ok() => Bytes::new(),
            Ok(Frame::End) => break,
            broken => {
                let _ = sender.send(Err(io::ErrorKind::BrokenPipe.into())).await;
                match broken {
                    Ok(Frame::Broken) => place.finish().await,
                    Err(silence) => {
                        log::line(&format!("In the middle of a response, {}", silent(silence).reason))
                    }
                    Ok(_) => {}
                }
                return;
            }
        };
    }
    drop(sender);
    place.finish().await;
}

/// A response whose content is at hand. For HEAD only its length may be.
fn whole(request: &Request, head: Head, content: Bytes) -> Response {
    let length = head.length;
    let body = match &request.method[..] {
        "HEAD" => Body::Stream { length, chunks: mpsc::channel(1).1 },
        _ => Body::Full(content),
    };
    response(head, body)
}

fn response(Head { status, reason, headers, .. }: Head, body: Body) -> Response {
    Response { reason: Some(reason), headers, body, ..Response::new(status) }
}

fn silent(silence: Silence) -> Failure {
    match silence {
        Silence::Ended | Silence::Unread => {
            let sentence = "The application behind this address has ended in the middle of the request.";
            failure(502, sentence, "the worker has ended")
        }
        Silence::Confused => {
            let sentence = "The application behind this address has mixed up its answers.";
            failure(502, sentence, "something else wrote on the connection of the worker")
        }
        Silence::TimedOut => {
            let sentence = "The application behind this address took too long.";
            failure(504, sentence, "the worker did not answer in time")
        }
    }
}

fn failure(status: u16, sentence: &'static str, reason: &str) -> Failure {
    Failure { status, sentence, reason: reason.to_owned() }
}
