//! Listens, accepts within limits, and stops without cutting anyone off.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use rustix::io::Errno;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use super::connection::{self, Context};
use super::crowd::Crowd;
use super::limits::Limits;
use super::trace::{self, Watch};
use crate::application::Application;
use crate::log;

/// Connections that the system completes before they are accepted.
const BACKLOG: u32 = 1024;
/// How long to wait when no connection can be accepted; mostly because there are no descriptors left.
const BACK_OFF: Duration = Duration::from_millis(50);
/// How often to say so.
const COMPLAIN: Duration = Duration::from_secs(60);

/// How a server is to run.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where to listen; port 0 lets the system choose.
    pub address: SocketAddr,
    /// What one connection may have.
    pub limits: Limits,
    /// Connections at the same time. Further ones wait in the backlog, and for them the one whose client has been waited
    /// for longest is closed.
    pub connections: usize,
    /// How long requests under way may take to finish when the server stops.
    pub grace: Duration,
    /// Who is shown every byte of every connection.
    pub trace: Option<Watch>,
    /// Whether the access log is left out.
    pub quiet: bool,
}

impl Config {
    /// The usual settings, at this address.
    pub fn new(address: SocketAddr) -> Config {
        let grace = Duration::from_secs(10);
        Config { address, limits: Limits::default(), connections: 1024, grace, trace: None, quiet: false }
    }
}

/// A listening server.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    config: Config,
}

impl Server {
    /// Starts to listen, in the context of a Tokio runtime.
    ///
    /// # Errors
    /// What is wrong with the address: in use, not ours, not permitted.
    pub fn bind(config: Config) -> io::Result<Server> {
        let socket = if config.address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
        // Without this, a port is not free for minutes after a server has stopped.
        socket.set_reuseaddr(true)?;
        socket.bind(config.address)?;
        Ok(Server { listener: socket.listen(BACKLOG)?, config })
    }

    /// Where the server listens.
    ///
    /// # Errors
    /// None that a listening socket is expected to give.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until `shutdown` is ready; then accepts no more, closes idle connections, and gives the
    /// others the time of grace to finish. What remains after that is cut off.
    pub async fn serve(self, application: impl Application, shutdown: impl Future<Output = ()>) {
        let Server { listener, config } = self;
        let application = Arc::new(application);
        let (stop, stopping) = watch::channel(false);
        let crowd = Arc::new(Crowd::new());
        let mut connections = JoinSet::new();
        let mut accepted = 0;
        let mut complained: Option<Instant> = None;
        let mut shutdown = pin!(shutdown);
        loop {
            tokio::select! {
                () = &mut shutdown => break,
                Some(_) = connections.join_next() => crowd.has_room(),
                // Again, if the one that was to end is still at it: its application may have more to say.
                () = sleep(config.limits.in_crowd), if connections.len() >= config.connections => crowd.is_full(),
                stream = listener.accept(), if connections.len() < config.connections => match stream {
                    Ok((stream, remote)) => {
                        accepted += 1;
                        let others = (Arc::clone(&crowd), stopping.clone());
                        let application = Arc::clone(&application);
                        connections.spawn(serve_one(stream, remote, accepted, application, config.clone(), others));
                        if connections.len() == config.connections {
                            crowd.is_full();
                        }
                    }
                    Err(error) => {
                        // Places without a descriptor are no places.
                        let is_full = [Errno::MFILE, Errno::NFILE].map(|errno| Some(errno.raw_os_error()));
                        if is_full.contains(&error.raw_os_error()) {
                            crowd.is_full();
                        }
                        if complained.is_none_or(|at| at.elapsed() > COMPLAIN) {
                            complained = Some(Instant::now());
                            log::line(&format!("Cannot accept connections at the moment: {error}"));
                        }
                        sleep(BACK_OFF).await;
                    }
                },
            }
        }
        drop(listener);
        let _ = stop.send(true);
        let all_done = async { while connections.join_next().await.is_some() {} };
        let _ = timeout(config.grace, all_done).await;
        connections.shutdown().await;
        application.stop().await;
        log::flush();
    }
}

async fn serve_one<A: Application>(
    mut stream: TcpStream,
    remote: SocketAddr,
    number: u64,
    application: Arc<A>,
    config: Config,
    (crowd, stop): (Arc<Crowd>, watch::Receiver<bool>),
) {
    // Fails only for a connection that is already gone.
    let Ok(local) = stream.local_addr() else { return };
    // Responses go out in whole writes; waiting for more to send would only delay them.
    let _ = stream.set_nodelay(true);
    take_little_ahead(&stream);
    let context = Context { remote, local, limits: config.limits, access_log: !config.quiet, crowd, stop };
    let (reader, writer) = stream.split();
    let is_cut = if let Some(watch) = config.trace {
        let (reader, writer) = trace::observe(number, remote, watch, reader, writer);
        connection::serve(reader, writer, &*application, context).await
    } else {
        connection::serve(reader, writer, &*application, context).await
    };
    if is_cut {
        // Closed now, the connection is reset, and what the client has not been sent yet is lost.
        let _ = stream.set_zero_linger();
    }
}

/// Octets of an answer that the system holds beyond what is on its way to the client.
#[cfg(any(target_os = "linux", target_os = "android"))]
const UNSENT: u32 = 128 * 1024;

/// Without this, the system takes megabytes ahead for a slow client, and more only when it is rid of a third of them: a
/// client that reads all the time would look like one that reads nothing (see `Limits::unread`).
fn take_little_ahead(stream: &TcpStream) {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    let _ = socket2::SockRef::from(stream).set_tcp_notsent_lowat(UNSENT);
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    let _ = stream;
}

/// Ready when the process is asked to stop: by Ctrl-C (SIGINT), or by SIGTERM. From this call on, in the
/// context of a Tokio runtime, neither ends the process any more.
///
/// # Errors
/// The system's, when a handler cannot be registered.
pub fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

#[cfg(test)]
mod tests;
