use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use super::*;
use crate::message::{Body, Request, Response};

/// Says hello, or waits to be let go first.
struct Gate {
    open: watch::Receiver<bool>,
    /// Gets the number of those inside, whenever one comes in.
    arrivals: mpsc::UnboundedSender<usize>,
    inside: AtomicUsize,
}

impl Application for Gate {
    async fn call(&self, request: Request) -> Response {
        if request.target.path == "/wait" {
            let _ = self.arrivals.send(self.inside.fetch_add(1, Ordering::Relaxed) + 1);
            let _ = self.open.clone().wait_for(|&open| open).await;
            self.inside.fetch_sub(1, Ordering::Relaxed);
        }
        if request.target.path == "/large" {
            return self.large();
        }
        let mut response = Response::content(200, "text/plain", "hello");
        if let "/whole" | "/cut" = &request.target.path[..] {
            let (sender, chunks) = mpsc::channel(2);
            let _ = sender.try_send(Ok("hello".into()));
            if request.target.path == "/cut" {
                let _ = sender.try_send(Err(std::io::ErrorKind::Other.into()));
            }
            response.body = Body::Stream { length: None, chunks };
        }
        response
    }
}

impl Gate {
    /// Content without end. Each block that the connection wants more is an arrival.
    fn large(&self) -> Response {
        let (sender, chunks) = mpsc::channel(1);
        let arrivals = self.arrivals.clone();
        tokio::spawn(async move {
            while sender.send(Ok(vec![b'x'; BLOCK].into())).await.is_ok() {
                let _ = arrivals.send(BLOCK);
            }
        });
        let mut response = Response::content(200, "text/plain", "");
        response.body = Body::Stream { length: None, chunks };
        response
    }
}

const BLOCK: usize = 64 * 1024;

struct Running {
    address: SocketAddr,
    gate: watch::Sender<bool>,
    arrivals: mpsc::UnboundedReceiver<usize>,
    stop: oneshot::Sender<()>,
    served: JoinHandle<()>,
}

fn start(change: impl FnOnce(&mut Config)) -> Running {
    let mut config = Config::new(SocketAddr::from(([127, 0, 0, 1], 0)));
    config.quiet = true;
    change(&mut config);
    let server = Server::bind(config).unwrap();
    let address = server.local_addr().unwrap();
    let (gate, open) = watch::channel(false);
    let (sender, arrivals) = mpsc::unbounded_channel();
    let (stop, stopped) = oneshot::channel();
    let application = Gate { open, arrivals: sender, inside: AtomicUsize::new(0) };
    let served = tokio::spawn(server.serve(application, async { drop(stopped.await) }));
    Running { address, gate, arrivals, stop, served }
}

async fn send(address: SocketAddr, text: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(text.as_bytes()).await.unwrap();
    stream
}

async fn read_to_end(mut stream: TcpStream) -> String {
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8(answer).unwrap()
}

const GET: &str = "GET / HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n";
const WAIT: &str = "GET /wait HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n";

#[tokio::test]
async fn slow_clients_do_not_keep_others_waiting() {
    let server = start(|_| {});
    let mut slow = Vec::new();
    for _ in 0..100 {
        slow.push(send(server.address, "GET / HTTP/1.1\r\nHo").await);
    }
    assert!(read_to_end(send(server.address, GET).await).await.ends_with("hello"));
    drop(slow);
}

#[tokio::test]
async fn connections_beyond_the_limit_wait_for_their_turn() {
    let mut server = start(|config| config.connections = 2);
    let mut clients = Vec::new();
    for _ in 0..5 {
        clients.push(send(server.address, WAIT).await);
    }
    assert_eq!((server.arrivals.recv().await, server.arrivals.recv().await), (Some(1), Some(2)));
    server.gate.send(true).unwrap();
    for client in clients {
        assert!(read_to_end(client).await.ends_with("hello"));
    }
    for _ in 2..5 {
        assert!(server.arrivals.recv().await.is_some_and(|inside| inside <= 2));
    }
}

#[tokio::test]
async fn idle_connections_take_no_place_from_others() {
    let server = start(|config| {
        config.connections = 3;
        config.limits.idle = Duration::from_secs(3600);
        config.limits.in_crowd = Duration::from_millis(1);
    });
    let mut idle = JoinSet::new();
    for _ in 0..10 {
        idle.spawn(read_to_end(send(server.address, "").await));
        assert!(read_to_end(send(server.address, GET).await).await.ends_with("hello"));
    }
    // All but those for which there is room are closed, and without a word.
    for _ in 0..8 {
        assert_eq!(idle.join_next().await.unwrap().unwrap(), "");
    }
}

/// Else one that reads slowly would look like one that does not read. Only Linux lets the server say how much.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn the_system_takes_little_ahead_for_a_client_that_reads_slowly() {
    let mut server = start(|_| {});
    let socket = TcpSocket::new_v4().unwrap();
    // A client that reads slowly tells the server of its room only when a sixteenth of it is free, and by itself the system
    // lets that room grow to as much as tcp_rmem says, which may be 32 MB.
    socket.set_recv_buffer_size(1024 * 1024).unwrap();
    let mut client = socket.connect(server.address).await.unwrap();
    client.write_all(b"GET /large HTTP/1.1\r\nHost: t\r\n\r\n").await.unwrap();
    let mut taken = vec![0; BLOCK];
    // So that the buffer of the server's system grows as far as it may.
    for _ in 0..1000 {
        client.read_exact(&mut taken).await.unwrap();
    }
    // It does not read until the server can't write.
    while timeout(Duration::from_millis(200), server.arrivals.recv()).await.is_ok() {}
    for _ in 0..12 {
        client.read_exact(&mut taken).await.unwrap();
    }
    let goes_on = timeout(Duration::from_secs(30), server.arrivals.recv()).await;
    assert!(goes_on.is_ok(), "{} octets are no progress", 12 * BLOCK);
}

#[tokio::test]
async fn a_server_that_stops_finishes_what_it_has_begun() {
    let mut server = start(|_| {});
    let idle = send(server.address, "").await;
    let mut used = send(server.address, "GET / HTTP/1.1\r\nHost: t\r\n\r\n").await;
    assert_eq!(used.read_u8().await.unwrap(), b'H');
    let busy = send(server.address, &WAIT.replace("close", "keep-alive")).await;
    server.arrivals.recv().await.unwrap();
    server.stop.send(()).unwrap();
    assert_eq!(read_to_end(idle).await, "");
    assert!(read_to_end(used).await.ends_with("hello"));
    assert!(TcpStream::connect(server.address).await.is_err());
    server.gate.send(true).unwrap();
    let answer = read_to_end(busy).await;
    assert!(answer.contains("Connection: close\r\n") && answer.ends_with("hello"), "{answer:?}");
    server.served.await.unwrap();
}

#[tokio::test]
async fn a_server_that_stops_does_not_wait_for_ever() {
    let mut server = start(|config| config.grace = Duration::from_millis(10));
    let mut busy = send(server.address, WAIT).await;
    server.arrivals.recv().await.unwrap();
    server.stop.send(()).unwrap();
    server.served.await.unwrap();
    let mut answer = Vec::new();
    let _ = busy.read_to_end(&mut answer).await;
    assert!(answer.is_empty());
}

#[tokio::test]
async fn an_address_that_is_taken_is_an_error() {
    let server = start(|_| {});
    let error = Server::bind(Config::new(server.address)).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
}

#[tokio::test]
async fn a_client_sees_that_a_response_is_cut_whatever_its_version() {
    let server = start(|_| {});
    for (version, path, expected) in [
        ("1.0", "/whole", Ok("\r\n\r\nhello")),
        ("1.0", "/cut", Err(io::ErrorKind::ConnectionReset)),
        ("1.1", "/whole", Ok("\r\n5\r\nhello\r\n0\r\n\r\n")),
        // A chunk is missing, the last one.
        ("1.1", "/cut", Ok("\r\n5\r\nhello\r\n")),
    ] {
        let request = format!("GET {path} HTTP/{version}\r\nHost: t\r\nConnection: close\r\n\r\n");
        let mut stream = send(server.address, &request).await;
        let mut answer = String::new();
        let read = stream.read_to_string(&mut answer).await.map_err(|error| error.kind());
        match expected {
            Ok(end) => {
                assert!(read.is_ok() && answer.ends_with(end), "{version} {path}: {read:?} {answer:?}")
            }
            Err(kind) => assert_eq!(read, Err(kind), "{version} {path}"),
        }
    }
}
