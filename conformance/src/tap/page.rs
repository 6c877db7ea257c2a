//! The lines as a page that goes on as they come.
//!
//! Its own server is the one that the reference servers are made of. The page at `/` holds nothing that a peer has sent:
//! the lines come from `/lines`, as server-sent events of JSON, and the page makes text of them and nothing else.

use std::collections::VecDeque;
use std::collections::hash_map::RandomState;
use std::future::Future;
use std::hash::{BuildHasher, Hasher};
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use servers::application::Application;
use servers::html::error_page;
use servers::http::{Config, Server};
use servers::message::{Body, Request, Response};
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;

use super::line::Line;

const PAGE: &str = include_str!("page.html");

/// Lines kept for a browser that comes later, and how many octets they may have.
const LINES_KEPT: usize = 4000;
const OCTETS_KEPT: usize = 4 * 1024 * 1024;

/// After how much silence a browser is told that there is silence, or is found to be gone.
const SILENCE: Duration = Duration::from_secs(10);

/// The page, and the last of its lines.
#[derive(Debug, Clone)]
pub struct Page {
    kept: Arc<Kept>,
}

#[derive(Debug)]
struct Kept {
    /// Tells this tap from others that had the same port.
    run: String,
    lines: Mutex<Lines>,
    /// How many lines there have been.
    count: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Lines {
    last: VecDeque<Bytes>,
    octets: usize,
    /// How many there have been.
    count: u64,
}

impl Default for Page {
    fn default() -> Page {
        let count = watch::Sender::new(0);
        Page { kept: Arc::new(Kept { run: random(), lines: Mutex::default(), count }) }
    }
}

impl Page {
    /// Adds a line, and shows it to every browser that is there.
    pub fn push(&self, line: &Line) {
        let mut lines = self.kept.lock();
        let json = serde_json::to_string(line).unwrap_or_default();
        let event = Bytes::from(format!("id: {}-{}\ndata: {json}\n\n", self.kept.run, lines.count));
        lines.octets += event.len();
        lines.count += 1;
        lines.last.push_back(event);
        while lines.last.len() > LINES_KEPT || lines.octets > OCTETS_KEPT {
            lines.octets -= lines.last.pop_front().map_or(0, |event| event.len());
        }
        self.kept.count.send_replace(lines.count);
    }

    /// Listens, in the context of a Tokio runtime; returns where, and the work of answering, which ends when `stop`
    /// is ready.
    ///
    /// # Errors
    /// What is wrong with the address.
    pub fn listen<S: Future<Output = ()>>(
        self,
        address: SocketAddr,
        stop: S,
    ) -> io::Result<(SocketAddr, impl Future<Output = ()> + use<S>)> {
        // A page that listens on goes on until it is cut off.
        let grace = Duration::ZERO;
        let server = Server::bind(Config { grace, quiet: true, ..Config::new(address) })?;
        Ok((server.local_addr()?, server.serve(self, stop)))
    }

    /// The lines as they come, from the one after the `last` that the browser has.
    fn lines(&self, last: Option<&[u8]>) -> mpsc::Receiver<io::Result<Bytes>> {
        let (sender, chunks) = mpsc::channel(4);
        let (kept, mut next) = (self.kept.clone(), self.kept.after(last));
        let mut count = kept.count.subscribe();
        tokio::spawn(async move {
            loop {
                count.borrow_and_update();
                let mut block = kept.since(&mut next);
                if block.is_empty() {
                    match timeout(SILENCE, count.changed()).await {
                        Ok(Ok(())) => continue,
                        Ok(Err(_)) => return,
                        Err(_) => block = b":\n\n".to_vec(),
                    }
                }
                if sender.send(Ok(block.into())).await.is_err() {
                    return;
                }
            }
        });
        chunks
    }
}

impl Kept {
    fn lock(&self) -> MutexGuard<'_, Lines> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The number of the line after the one with this id; 0 if it is of another tap.
    fn after(&self, id: Option<&[u8]>) -> u64 {
        let id = id.and_then(|id| std::str::from_utf8(id).ok()).and_then(|id| id.split_once('-'));
        let number =
            id.filter(|(run, _)| *run == self.run).and_then(|(_, number)| number.parse::<u64>().ok());
        number.map_or(0, |number| number.saturating_add(1))
    }

    /// The events from this number on, which moves to the end of them.
    fn since(&self, next: &mut u64) -> Vec<u8> {
        let lines = self.lock();
        let first = lines.count - lines.last.len() as u64;
        let missed = if *next == 0 { 0 } else { first.saturating_sub(*next) };
        let from = (*next).clamp(first, lines.count);
        *next = lines.count;
        let missed = (missed > 0).then(|| format!("event: missed\ndata: {missed}\n\n"));
        let events = lines.last.iter().skip((from - first) as usize);
        [missed.unwrap_or_default().into_bytes(), events.flatten().copied().collect()].concat()
    }
}

impl Application for Page {
    async fn call(&self, request: Request) -> Response {
        // A page of somebody else's, whose name was made to lead here, must not read what passes.
        if !is_here(&request.target.authority) {
            return error_page(421, "This page has no such name: use that of the machine or its address.");
        }
        let mut response = match (&request.method[..], &request.target.path[..]) {
            ("GET" | "HEAD", "/") => {
                let nonce = random();
                let page = PAGE.replace("{nonce}", &nonce);
                let mut response = Response::content(200, "text/html; charset=utf-8", page);
                let policy = format!(
                    "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; connect-src 'self'; \
                     base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
                );
                response.headers.push("Content-Security-Policy", policy);
                response
            }
            ("GET", "/lines") => {
                let chunks = self.lines(request.headers.get("Last-Event-ID"));
                let mut response = Response::content(200, "text/event-stream", "");
                response.body = Body::Stream { length: None, chunks };
                response
            }
            _ => error_page(404, "There is nothing here."),
        };
        response.headers.push("Cache-Control", "no-store");
        response.headers.push("X-Content-Type-Options", "nosniff");
        response.headers.push("Referrer-Policy", "no-referrer");
        response
    }
}

/// Whether an authority is an address, or the name that every machine has for itself.
fn is_here(authority: &str) -> bool {
    let host = url::Url::parse(&format!("http://{authority}/"));
    match host.as_ref().ok().and_then(url::Url::host) {
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(_) => true,
        None => false,
    }
}

/// A word that nobody can guess.
fn random() -> String {
    let word = || RandomState::new().build_hasher().finish();
    format!("{:016x}{:016x}", word(), word())
}
