//! Connections passed on, octet for octet, and reported.
//!
//! A tap does not speak: it adds nothing, and holds nothing back. An end is passed on as an end, a reset as a reset, and a
//! server that is not there as a reset. Whoever reads the reports may be slow or stop: what is too much for the memory is
//! then only counted, and the conversation goes on.

use std::future::Future;
use std::io::{self, ErrorKind};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};

use super::event::{Event, Side, What};

/// Connections at the same time; further ones wait to be accepted.
const CONNECTIONS: usize = 400;

/// Octets that are passed on in one piece.
const PIECE: usize = 32 * 1024;

/// What reports may hold that nobody has read yet, in octets, and what one weighs besides the octets in it.
const UNREAD: usize = 32 * 1024 * 1024;
const WEIGHT: usize = 256;

/// How long to wait when no connection can be accepted; mostly because there are no descriptors left.
const BACK_OFF: Duration = Duration::from_millis(50);

/// How long the answer of a side that is gone may take to be passed on.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Takes reports, from any thread.
#[derive(Debug, Clone)]
pub struct Recorder {
    began: Instant,
    unread: Arc<AtomicUsize>,
    events: Sender<Event>,
}

/// The reports, in order.
#[derive(Debug)]
pub struct Reports {
    began: Instant,
    unread: Arc<AtomicUsize>,
    events: Receiver<Event>,
}

/// Where reports go in, and where they come out.
pub fn recorder() -> (Recorder, Reports) {
    let (began, unread) = (Instant::now(), Arc::<AtomicUsize>::default());
    let (sender, receiver) = mpsc::channel();
    let recorder = Recorder { began, unread: unread.clone(), events: sender };
    (recorder, Reports { began, unread, events: receiver })
}

impl Recorder {
    /// Reports what happens at this moment.
    pub fn record(&self, connection: u64, what: What) {
        let at_us = self.began.elapsed().as_micros() as u64;
        let event = Event { at_us, connection, what };
        self.unread.fetch_add(weight(&event), Ordering::Relaxed);
        let _ = self.events.send(event);
    }

    /// Reports octets; without them, if there is too much to be read.
    pub fn record_bytes(&self, connection: u64, by: Side, octets: &[u8]) {
        let is_too_much = self.unread.load(Ordering::Relaxed) > UNREAD;
        let bytes = if is_too_much { Vec::new() } else { octets.to_vec() };
        self.record(connection, What::Bytes { by, length: octets.len() as u64, bytes });
    }
}

impl Reports {
    /// The next report; `None` if there is none for so long.
    ///
    /// # Errors
    /// When there will be no more.
    pub fn next(&self, limit: Duration) -> Result<Option<Event>, mpsc::RecvError> {
        match self.events.recv_timeout(limit) {
            Ok(event) => {
                self.unread.fetch_sub(weight(&event), Ordering::Relaxed);
                Ok(Some(event))
            }
            Err(mpsc::RecvTimeoutError::Timeout) => Ok(None),
            Err(mpsc::RecvTimeoutError::Disconnected) => Err(mpsc::RecvError),
        }
    }

    /// Microseconds since the first report could have been made.
    pub fn now_us(&self) -> u64 {
        self.began.elapsed().as_micros() as u64
    }
}

fn weight(event: &Event) -> usize {
    match &event.what {
        What::Bytes { bytes, .. } => WEIGHT + bytes.len(),
        _ => WEIGHT,
    }
}

/// Passes on every connection to the server at `to`, host and port, until `stop` is ready.
pub async fn relay(listener: TcpListener, to: &str, recorder: Recorder, stop: impl Future<Output = ()>) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let mut stop = pin!(stop);
    let mut number = 0;
    loop {
        let accepted = async {
            let place = places.clone().acquire_owned().await;
            (place, listener.accept().await)
        };
        tokio::select! {
            () = &mut stop => break,
            (place, accepted) = accepted => match accepted {
                Ok((client, from)) => {
                    number += 1;
                    let (to, recorder) = (to.to_owned(), recorder.clone());
                    recorder.record(number, What::Opened { from: from.to_string() });
                    tokio::spawn(async move {
                        pass_on(client, &to, number, &recorder).await;
                        drop(place);
                    });
                }
                Err(_) => sleep(BACK_OFF).await,
            },
        }
    }
}

async fn pass_on(mut client: TcpStream, to: &str, number: u64, recorder: &Recorder) {
    let mut server = match TcpStream::connect(to).await {
        Ok(server) => server,
        Err(error) => {
            recorder.record(number, What::Unreachable { why: format!("{to}: {error}") });
            let _ = client.set_zero_linger();
            return;
        }
    };
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let gone = {
        let (from_client, to_client) = client.split();
        let (from_server, to_server) = server.split();
        both_ways(
            pass(from_client, to_server, number, Side::Client, recorder),
            pass(from_server, to_client, number, Side::Server, recorder),
        )
        .await
    };
    if let Some(by) = gone {
        recorder.record(number, What::Reset { by });
        let _ = (client.set_zero_linger(), server.set_zero_linger());
    }
}

/// How passing on in one direction came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// Who spoke has ended.
    Ended,
    /// Who spoke has reset the connection.
    Reset,
    /// Who listened has.
    Unheard,
}

/// Waits for both directions; returns who has reset the connection, if somebody did.
async fn both_ways(up: impl Future<Output = End>, down: impl Future<Output = End>) -> Option<Side> {
    let (mut up, mut down) = (pin!(up), pin!(down));
    let (first, speaker) = tokio::select! {
        end = &mut up => (end, Side::Client),
        end = &mut down => (end, Side::Server),
    };
    let other = async { if speaker == Side::Client { down.await } else { up.await } };
    match first {
        End::Reset => Some(speaker),
        // What it said before it went may still be on its way.
        End::Unheard => {
            let _ = timeout(LAST_WORDS, other).await;
            Some(speaker.other())
        }
        End::Ended => match other.await {
            End::Ended => None,
            End::Reset => Some(speaker.other()),
            End::Unheard => Some(speaker),
        },
    }
}

async fn pass(
    mut from: ReadHalf<'_>,
    mut to: WriteHalf<'_>,
    number: u64,
    by: Side,
    recorder: &Recorder,
) -> End {
    let mut piece = vec![0; PIECE];
    loop {
        let length = match from.read(&mut piece).await {
            Ok(0) => break,
            Ok(length) => length,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(_) => return End::Reset,
        };
        // Before it is passed on: the answer can't be reported before the question.
        recorder.record_bytes(number, by, &piece[..length]);
        if to.write_all(&piece[..length]).await.is_err() {
            return End::Unheard;
        }
    }
    recorder.record(number, What::Ended { by });
    match to.shutdown().await {
        Err(error) if !is_over(&error) => End::Unheard,
        _ => End::Ended,
    }
}

/// Whether a side could not be told the end because it has ended by itself.
fn is_over(error: &io::Error) -> bool {
    error.kind() == ErrorKind::NotConnected
}
