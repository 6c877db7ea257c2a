//! A first attempt: what a student hands in after reading tiny_http's example and the exercise, and nothing else.
//!
//!     cargo run -p servers --example first-attempt -- 8000
//!
//! It looks right in a browser. The suite is there to say what is not.

use std::io;
use std::net::TcpListener;

fn main() -> io::Result<()> {
    let port = std::env::args().nth(1).and_then(|port| port.parse().ok());
    let port: u16 = port.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "which PORT?"))?;
    serve(TcpListener::bind(("127.0.0.1", port))?)
}

pub(crate) fn serve(listener: TcpListener) -> io::Result<()> {
    let server = tiny_http::Server::from_listener(listener, None).map_err(io::Error::other)?;
    for mut request in server.incoming_requests() {
        let mut body = String::new();
        let _ = request.as_reader().read_to_string(&mut body);
        let query = request.url().split_once('?').map_or(body.clone(), |(_, query)| query.to_string());
        let response = match request.url().split('?').next() {
            Some("/") => tiny_http::Response::from_string("<h1>Welcome</h1>"),
            Some("/form") => tiny_http::Response::from_string(format!("<p>Thanks, {query}</p>")),
            _ => tiny_http::Response::from_string("not found").with_status_code(404),
        };
        let _ = request.respond(response);
    }
    Ok(())
}
