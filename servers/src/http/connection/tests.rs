use std::io;

use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, ReadHalf, WriteHalf, split};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use super::*;
use crate::message::Body;

mod patience;

/// One path for each thing that an application can do to a connection.
#[derive(Default)]
struct Deeds {
    /// Taken by the first request for `/held`, which lasts as long as the other end.
    held: std::sync::Mutex<Option<oneshot::Sender<()>>>,
}

impl Application for Deeds {
    async fn call(&self, mut request: Request) -> Response {
        let mut response = Response::content(200, "text/plain", "hello");
        match request.target.path.as_str() {
            "/collect" => {
                let mut all = Vec::new();
                while let Some(block) = request.body.next().await {
                    match block {
                        Ok(block) => all.extend_from_slice(&block),
                        Err(_) => return Response::new(422),
                    }
                }
                response.body = Body::Full(all.into());
            }
            // Answers while it reads.
            "/echo" => response.body = request.body,
            "/stream" => response.body = stream(None, vec![Ok("ab"), Ok(""), Ok("c")]),
            "/empty-stream" => response.body = stream(None, vec![]),
            "/known" => response.body = stream(Some(3), vec![Ok("ab"), Ok("c")]),
            "/short" => response.body = stream(Some(9), vec![Ok("abc")]),
            "/long" => response.body = stream(Some(2), vec![Ok("abc"), Ok("def")]),
            "/broken" => response.body = stream(None, vec![Ok("ab"), Err(io::ErrorKind::Other)]),
            "/framing" => {
                response.headers.push("Content-Length", "999");
                response.headers.push("Transfer-Encoding", "chunked");
                response.headers.push("Connection", "keep-alive, x");
            }
            "/verbatim" => {
                response.body = stream(None, vec![Ok("HTTP/1.1 207 Odd\n"), Ok("\nb")]);
                response.own_head = true;
            }
            "/close" => response.headers.push("Connection", "Close"),
            "/split" => response.headers.push("X-T", "a\r\nX-Injected: b"),
            "/continue" => response = Response::new(100),
            "/nothing" => response.status = 204,
            "/unmodified" => response.status = 304,
            "/reset" => response.status = 205,
            "/panic" => panic!("the application was asked to"),
            "/held" => {
                let held = self.held.lock().unwrap().take();
                std::future::pending::<()>().await;
                drop(held);
            }
            _ => {}
        }
        response
    }
}

fn stream(length: Option<u64>, blocks: Vec<Result<&'static str, io::ErrorKind>>) -> Body {
    let (sender, chunks) = mpsc::channel(8);
    for block in blocks {
        sender.try_send(block.map(|text| Bytes::from_static(text.as_bytes())).map_err(Into::into)).unwrap();
    }
    Body::Stream { length, chunks }
}

/// The client's end of a connection that is being served.
struct Client {
    reader: ReadHalf<DuplexStream>,
    writer: WriteHalf<DuplexStream>,
    stop: watch::Sender<bool>,
    served: JoinHandle<()>,
}

impl Client {
    fn new(application: Deeds, limits: Limits) -> Client {
        Client::in_crowd(application, limits, &Arc::new(Crowd::new()))
    }

    fn in_crowd(application: Deeds, limits: Limits, crowd: &Arc<Crowd>) -> Client {
        let (ours, theirs) = tokio::io::duplex(1 << 20);
        let (stop, stopping) = watch::channel(false);
        let nowhere = SocketAddr::from(([127, 0, 0, 1], 0));
        let crowd = Arc::clone(crowd);
        let context =
            Context { remote: nowhere, local: nowhere, limits, access_log: false, crowd, stop: stopping };
        let served = tokio::spawn(async move {
            let (reader, writer) = split(theirs);
            serve(reader, writer, &application, context).await;
        });
        let (reader, writer) = split(ours);
        Client { reader, writer, stop, served }
    }

    async fn send(&mut self, text: impl AsRef<[u8]>) {
        self.writer.write_all(text.as_ref()).await.unwrap();
    }

    /// Reads until what came ends like this; returns it without Date.
    async fn read_until(&mut self, end: &str) -> String {
        let mut all = Vec::new();
        while !all.ends_with(end.as_bytes()) {
            let octet = self.reader.read_u8().await;
            all.push(octet.unwrap_or_else(|_| panic!("closed after {:?}", String::from_utf8_lossy(&all))));
        }
        without_date(&all)
    }

    /// Reads to the end; returns it without Date.
    async fn read_to_end(&mut self) -> String {
        let mut all = Vec::new();
        self.reader.read_to_end(&mut all).await.unwrap();
        without_date(&all)
    }
}

fn without_date(text: &[u8]) -> String {
    let text = String::from_utf8(text.to_vec()).unwrap();
    text.split_inclusive("\r\n").filter(|line| !line.starts_with("Date: ")).collect()
}

/// All that is answered to this by a server with these limits; the client then closes its side.
async fn answer_within(limits: Limits, text: impl AsRef<[u8]>) -> String {
    let mut client = Client::new(Deeds::default(), limits);
    client.send(text).await;
    client.writer.shutdown().await.unwrap();
    let answer = client.read_to_end().await;
    client.served.await.unwrap();
    answer
}

async fn answer(text: impl AsRef<[u8]>) -> String {
    answer_within(Limits::default(), text).await
}

/// The statuses in an answer.
fn statuses(answer: &str) -> Vec<u16> {
    answer.split("HTTP/1.1 ").skip(1).map(|rest| rest[..3].parse().unwrap()).collect()
}

const HELLO: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello";

#[tokio::test]
async fn requests_are_answered_in_order_and_the_connection_goes_on() {
    let all = "GET / HTTP/1.1\r\nHost: t\r\n\r\n\
               HEAD / HTTP/1.1\r\nHost: t\r\n\r\n\
               POST /collect HTTP/1.1\r\nHost: t\r\nContent-Length: 3\r\n\r\nabc\
               POST /collect HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n2;a\r\nyz\r\n0\r\nT: t\r\n\r\n\
               OPTIONS * HTTP/1.1\r\nHost: t\r\n\r\n\
               GET / HTTP/1.1\r\nHost: t\r\n\r\n";
    let head = HELLO.strip_suffix("hello").unwrap();
    let of_three = |text| head.replace('5', "3") + text;
    let options = "HTTP/1.1 204 No Content\r\nAllow: GET, HEAD, POST, OPTIONS\r\n\r\n";
    let expected = format!("{HELLO}{head}{}{}{options}{HELLO}", of_three("abc"), of_three("xyz"));
    assert_eq!(answer(all).await, expected);

    // The same, octet by octet.
    let mut client = Client::new(Deeds::default(), Limits::default());
    for octet in all.as_bytes() {
        client.send([*octet]).await;
        tokio::task::yield_now().await;
    }
    client.writer.shutdown().await.unwrap();
    assert_eq!(client.read_to_end().await, expected);
}

#[tokio::test]
async fn content_is_framed_as_the_version_allows() {
    let chunked = "Transfer-Encoding: chunked\r\n\r\n";
    for (request, end) in [
        ("GET /stream HTTP/1.1", format!("{chunked}2\r\nab\r\n1\r\nc\r\n0\r\n\r\n")),
        ("HEAD /stream HTTP/1.1", chunked.to_owned()),
        ("GET /empty-stream HTTP/1.1", format!("{chunked}0\r\n\r\n")),
        ("GET /stream HTTP/1.0", "text/plain\r\nConnection: close\r\n\r\nabc".to_owned()),
        ("GET /known HTTP/1.1", "Content-Length: 3\r\n\r\nabc".to_owned()),
        ("HEAD /known HTTP/1.1", "Content-Length: 3\r\n\r\n".to_owned()),
        ("GET /long HTTP/1.1", "Content-Length: 2\r\n\r\nab".to_owned()),
        ("GET /framing HTTP/1.1", "text/plain\r\nContent-Length: 5\r\n\r\nhello".to_owned()),
        ("GET /nothing HTTP/1.1", "204 No Content\r\nContent-Type: text/plain\r\n\r\n".to_owned()),
        ("GET /unmodified HTTP/1.1", "304 Not Modified\r\nContent-Type: text/plain\r\n\r\n".to_owned()),
        ("GET /reset HTTP/1.1", "Content-Length: 0\r\n\r\n".to_owned()),
        ("GET /verbatim HTTP/1.1", "HTTP/1.1 207 Odd\n\nb".to_owned()),
        ("GET /close HTTP/1.1", "Content-Length: 5\r\nConnection: close\r\n\r\nhello".to_owned()),
        // What fails midway ends without an end.
        ("GET /short HTTP/1.1", "Content-Length: 9\r\n\r\nabc".to_owned()),
        ("GET /broken HTTP/1.1", format!("{chunked}2\r\nab\r\n")),
    ] {
        let answer = answer(format!("{request}\r\nHost: t\r\n\r\n")).await;
        assert!(answer.ends_with(&end), "{request}: {answer:?}");
        assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{request}: {answer:?}");
    }
}

#[tokio::test]
async fn the_connection_closes_when_it_has_to_and_says_so() {
    let next = "GET /next HTTP/1.1\r\nHost: t\r\n\r\n";
    for (request, status, goes_on) in [
        ("GET / HTTP/1.1\r\nHost: t\r\n\r\n", 200, true),
        ("GET / HTTP/1.1\r\nHost: t\r\nConnection: x, CLOSE\r\n\r\n", 200, false),
        ("GET / HTTP/1.0\r\n\r\n", 200, false),
        ("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", 200, true),
        ("GET /stream HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", 200, false),
        ("GET /split HTTP/1.1\r\nHost: t\r\n\r\n", 500, false),
        ("GET /continue HTTP/1.1\r\nHost: t\r\n\r\n", 500, false),
        ("GET /panic HTTP/1.1\r\nHost: t\r\n\r\n", 500, false),
        ("GET / HTTP/1.1\r\n\r\n", 400, false),
        ("GET / HTTP/2.0\r\nHost: t\r\n\r\n", 505, false),
        ("POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 99999999999\r\n\r\n", 413, false),
        ("POST / HTTP/1.1\r\nHost: t\r\nContent-Length: x\r\n\r\n", 400, false),
        (
            "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            400,
            false,
        ),
        (
            "POST /collect HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n0\r\n\r\n",
            400,
            false,
        ),
        ("POST /collect HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFF\r\n", 413, false),
        // Content that nobody reads is dropped, and never taken for a request.
        ("POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\n\r\nGET /", 200, true),
        (
            "POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nGET /\r\n0\r\n\r\n",
            200,
            true,
        ),
        ("POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nGET /xx", 200, false),
        ("POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 100000\r\n\r\nGET /", 200, false),
        ("POST / HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\nContent-Length: 99\r\n\r\n", 200, false),
    ] {
        let answer = answer(format!("{request}{next}")).await;
        let expected = if goes_on { vec![status, 200] } else { vec![status] };
        assert_eq!(statuses(&answer), expected, "{request:?}: {answer:?}");
        assert_eq!(answer.contains("\r\nConnection: close\r\n"), !goes_on, "{request:?}: {answer:?}");
        assert!(!answer.contains("X-Injected"), "{answer:?}");
        if request.contains("keep-alive") && goes_on {
            assert!(answer.contains("\r\nConnection: keep-alive\r\n"), "{answer:?}");
        }
    }
}

#[tokio::test]
async fn an_answer_to_head_has_no_content_even_when_it_is_a_refusal() {
    for request in
        ["HEAD / HTTP/9.9\r\n\r\n", "HEAD / HTTP/1.1\r\n\r\n", "HEAD /panic HTTP/1.1\r\nHost: t\r\n\r\n"]
    {
        let answer = answer(request).await;
        assert!(answer.ends_with("\r\n\r\n"), "{request:?}: {answer:?}");
    }
}

#[tokio::test]
async fn content_that_ends_too_early_is_refused() {
    for framing in ["Content-Length: 9\r\n\r\nabc", "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"] {
        let answer = answer(format!("POST /collect HTTP/1.1\r\nHost: t\r\n{framing}")).await;
        assert_eq!(statuses(&answer), [400], "{answer:?}");
    }
}

#[tokio::test]
async fn a_client_that_waits_is_told_to_go_on_when_the_content_is_wanted() {
    let expecting = |path: &str, version: &str| {
        format!("POST {path} HTTP/{version}\r\nHost: t\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n")
    };
    for path in ["/collect", "/echo"] {
        let mut client = Client::new(Deeds::default(), Limits::default());
        client.send(expecting(path, "1.1")).await;
        assert_eq!(client.read_until("\r\n\r\n").await, "HTTP/1.1 100 Continue\r\n\r\n", "{path}");
        client.send("abc").await;
        assert!(client.read_until("abc").await.starts_with("HTTP/1.1 200 OK\r\n"), "{path}");
        client.send("GET / HTTP/1.1\r\nHost: t\r\n\r\n").await;
        assert_eq!(client.read_until("hello").await, HELLO);
    }
    // Not when it does not wait, not when nobody wants it, and never with HTTP/1.0.
    assert_eq!(statuses(&answer(expecting("/collect", "1.1") + "abc").await), [200]);
    assert_eq!(statuses(&answer(expecting("/", "1.1")).await), [200]);
    let mut client = Client::new(Deeds::default(), Limits::default());
    client.send(expecting("/collect", "1.0")).await;
    client.send("abc").await;
    assert!(client.read_to_end().await.starts_with("HTTP/1.1 200 OK\r\n"));
}

#[tokio::test]
async fn a_response_goes_out_while_the_request_still_comes_in() {
    let mut client = Client::new(Deeds::default(), Limits::default());
    client.send("POST /echo HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n").await;
    client.read_until("\r\n\r\n").await;
    for text in ["one", "two"] {
        client.send(format!("3\r\n{text}\r\n")).await;
        client.read_until(&format!("3\r\n{text}\r\n")).await;
    }
    client.send("0\r\n\r\nGET / HTTP/1.1\r\nHost: t\r\n\r\n").await;
    assert_eq!(client.read_until("hello").await, format!("0\r\n\r\n{HELLO}"));
}

#[tokio::test]
async fn a_slow_answer_does_not_hold_back_the_one_before_it() {
    let mut client = Client::new(Deeds::default(), Limits::default());
    client.send("GET / HTTP/1.1\r\nHost: t\r\n\r\nGET /held HTTP/1.1\r\nHost: t\r\n\r\n").await;
    assert_eq!(client.read_until("hello").await, HELLO);
}

/// Reads like a socket whose client has reset the connection behind the first request.
struct Reset {
    request: &'static [u8],
}

impl AsyncRead for Reset {
    fn poll_read(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context,
        buf: &mut tokio::io::ReadBuf,
    ) -> Poll<io::Result<()>> {
        match std::mem::take(&mut self.request) {
            [] => Poll::Ready(Err(io::ErrorKind::ConnectionReset.into())),
            request => {
                buf.put_slice(request);
                Poll::Ready(Ok(()))
            }
        }
    }
}

#[tokio::test]
async fn an_application_ends_with_its_client() {
    let (held, dropped) = oneshot::channel();
    let application = Deeds { held: Some(held).into() };
    let nowhere = SocketAddr::from(([127, 0, 0, 1], 0));
    let (_stop, stop) = watch::channel(false);
    let context = Context {
        remote: nowhere,
        local: nowhere,
        limits: Limits::default(),
        access_log: false,
        crowd: Arc::new(Crowd::new()),
        stop,
    };
    let reader = Reset { request: b"GET /held HTTP/1.1\r\nHost: t\r\n\r\n" };
    serve(reader, tokio::io::sink(), &application, context).await;
    assert!(dropped.await.is_err());
}

#[tokio::test]
async fn content_beyond_the_limit_is_refused_while_it_adds_up() {
    let limits = Limits { body: 10, ..Limits::default() };
    let post = "POST /collect HTTP/1.1\r\nHost: t\r\n";
    for (framing, status) in [
        ("Content-Length: 10\r\n\r\n0123456789", 200),
        ("Content-Length: 11\r\n\r\n", 413),
        ("Transfer-Encoding: chunked\r\n\r\n8\r\n01234567\r\n2\r\n89\r\n0\r\n\r\n", 200),
        ("Transfer-Encoding: chunked\r\n\r\n8\r\n01234567\r\n3\r\n", 413),
    ] {
        assert_eq!(
            statuses(&answer_within(limits, format!("{post}{framing}")).await),
            [status],
            "{framing:?}"
        );
    }
}
