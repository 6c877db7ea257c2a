//! How a form is submitted: octet by octet, and as a browser does it.
//!
//! The browser is an HTTP client that we did not write. It talks to the server through a
//! [tap](crate::connection), so that every octet of it stands in the record like our own.

use std::net::TcpListener;
use std::thread;
use std::time::Duration;

use reqwest::blocking::RequestBuilder;
use reqwest::blocking::multipart::{Form, Part};
use reqwest::{StatusCode, header, redirect, retry};

use crate::capabilities::Capability;
use crate::check::{Failure, wrong};
use crate::client::{Client, no_reply};
use crate::expect::FormField;
use crate::reply::{Answer, Reply};
use crate::transcript::escape_some;

/// The media type of a form without files.
pub const URLENCODED: &str = "application/x-www-form-urlencoded";

/// Never reached by an exchange that moves: [`Connection::answer`](crate::connection::Connection::answer)
/// has the limits that count.
const PATIENCE: Duration = Duration::from_secs(60);

/// The octets of a POST of a form, answered in JSON. The words in braces are still to be put in.
pub fn post(media_type: &str, content: impl AsRef<[u8]>) -> Vec<u8> {
    let content = content.as_ref();
    let head = format!(
        "POST {{form}} HTTP/1.1\r\nHost: {{host}}\r\nAccept: application/json\r\n\
         Content-Type: {media_type}\r\nContent-Length: {}\r\n\r\n",
        content.len()
    );
    [head.as_bytes(), content].concat()
}

impl Client {
    /// Posts a form just as it stands here and returns the answer. Skips the check where there is no form.
    pub fn submit(&self, media_type: &str, content: impl AsRef<[u8]>) -> Result<Reply, Failure> {
        self.needs(Capability::Form)?;
        self.send(post(media_type, content))
    }

    /// A browser that knows the server's form. Skips the check where there is none.
    pub fn browser(&self) -> Result<Browser<'_>, Failure> {
        self.needs(Capability::Form)?;
        let http = reqwest::blocking::Client::builder()
            .user_agent(concat!("Mozilla/5.0 (compatible; conformance/", env!("CARGO_PKG_VERSION"), ")"))
            .no_proxy()
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            .referer(false)
            .pool_max_idle_per_host(0)
            .timeout(PATIENCE)
            .build()
            .map_err(std::io::Error::other)?;
        Ok(Browser { client: self, http })
    }
}

/// An ordinary HTTP client. It submits fields as it sees fit and asks for the answer in JSON; cookies,
/// redirects and proxies leave it cold. Each request goes out on a connection of its own.
#[derive(Debug)]
pub struct Browser<'c> {
    client: &'c Client,
    http: reqwest::blocking::Client,
}

impl Browser<'_> {
    /// Submits the fields in the query of a GET.
    pub fn get(&self, fields: &[FormField]) -> Result<Reply, Failure> {
        self.ask(|url| self.http.get(url).query(&pairs(fields)))
    }

    /// Submits the fields as the urlencoded content of a POST.
    pub fn post(&self, fields: &[FormField]) -> Result<Reply, Failure> {
        self.ask(|url| self.http.post(url).form(&pairs(fields)))
    }

    /// Submits fields and files, at least one, as multipart/form-data. Names and file names go out as they
    /// are: they can't hold quotes, line ends or backslashes.
    pub fn upload(&self, fields: &[FormField]) -> Result<Reply, Failure> {
        let form = fields.iter().try_fold(Form::new().percent_encode_noop(), |form, field| {
            let mut part = Part::bytes(field.value());
            if let Some(filename) = field.filename() {
                part = part.file_name(text(&filename));
            }
            if let Some(media_type) = &field.media_type {
                part = part.mime_str(media_type).map_err(std::io::Error::other)?;
            }
            Ok::<_, Failure>(form.part(text(&field.name()), part))
        })?;
        self.ask(|url| self.http.post(url).multipart(form))
    }

    fn ask(&self, request: impl FnOnce(String) -> RequestBuilder) -> Result<Reply, Failure> {
        let context = self.client.context();
        let tap = TcpListener::bind(("127.0.0.1", 0))?;
        let request = request(format!("http://{}{}", tap.local_addr()?, context.form))
            .header(header::HOST, &context.place.host)
            .header(header::ACCEPT, "application/json")
            .build()
            .map_err(std::io::Error::other)?;
        thread::scope(|scope| {
            let heard = scope.spawn(|| {
                let response = self.http.execute(request)?;
                let status = response.status();
                response.bytes().map(|_| status)
            });
            let (browser, _) = tap.accept()?;
            let answer = {
                let mut connection = self.client.connect()?;
                connection.tap(browser)?;
                connection.answer(false)?
            };
            match (answer, heard.join()) {
                (Answer::Reply(reply), Ok(heard)) => understood(reply, heard),
                (_, Err(_)) => Err(std::io::Error::other("the HTTP client panicked").into()),
                (other, _) => Err(no_reply(other)),
            }
        })
    }
}

/// What we read must be what the browser read.
fn understood(reply: Reply, heard: reqwest::Result<StatusCode>) -> Result<Reply, Failure> {
    match heard {
        Ok(status) if status.as_u16() == reply.status => Ok(reply),
        Ok(status) => Err(wrong(format!("status {} for every client", reply.status), status.as_str())),
        Err(error) => {
            let actual = format!("{}, but it reads: {}", reply.describe(), root_of(&error));
            let at = reply.mark(0);
            Err(reply.wrong("a response that an ordinary HTTP client can read", actual, at))
        }
    }
}

/// The words of the error at the bottom, which name no address of ours.
fn root_of(error: &dyn std::error::Error) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    escape_some(error.to_string().as_bytes(), 200)
}

fn pairs(fields: &[FormField]) -> Vec<(String, String)> {
    fields.iter().map(|field| (text(&field.name()), text(&field.value()))).collect()
}

/// A browser's forms are text.
fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
