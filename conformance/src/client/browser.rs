//! How a form is submitted: octet by octet, and as a browser does it.
//!
//! The browser is an HTTP client that we did not write. It talks to the server through a
//! [tap](crate::client::connection), so that every octet of it is in the record like our own.

use std::io::Read;
use std::net::TcpListener;
use std::thread;
use std::time::Duration;

use reqwest::blocking::RequestBuilder;
use reqwest::blocking::multipart::{Form, Part};
use reqwest::{header, redirect, retry};

use crate::client::capability::Capability;
use crate::client::hands::Client;
use crate::judge::failure::Failure;
use crate::judge::failure::no_reply;
use crate::judge::form::FormField;
use crate::wire::octets::replace;
use crate::wire::reply::{Answer, Reply};

/// The media type of a form without files.
pub const URLENCODED: &str = "application/x-www-form-urlencoded";

/// The media type of a form with files whose parts [`multipart`] makes.
pub const MULTIPART: &str = "multipart/form-data; boundary=edge";

/// The boundary of all that the browser uploads, in place of one that it makes up: what is sent comes from
/// the run's seed alone.
const BOUNDARY: &str = "----FormBoundaryZbn5wVqkd7uTc3rA";

/// Never reached by an exchange that moves: [`Connection::answer`](crate::client::connection::Connection::answer)
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

/// The content of a form of these parts, each a head and its content.
pub fn multipart(parts: &[(&str, &str)]) -> String {
    let part = |(head, content): &(&str, &str)| format!("--edge\r\n{head}\r\n\r\n{content}\r\n");
    parts.iter().map(part).collect::<String>() + "--edge--\r\n"
}

/// The head of a part that is a text file of this name, in the field `f`.
pub fn text_file(name: &str) -> String {
    format!("Content-Disposition: form-data; name=\"f\"; filename=\"{name}\"\r\nContent-Type: text/plain")
}

impl Client {
    /// Posts a form just as it is here and returns the answer. Skips the check where there is no form.
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
        let (made_up, mut content) = (form.boundary().to_string(), Vec::new());
        form.into_reader().read_to_end(&mut content)?;
        let content = replace(&content, made_up.as_bytes(), BOUNDARY.as_bytes());
        let media_type = format!("multipart/form-data; boundary={BOUNDARY}");
        self.ask(|url| self.http.post(url).header(header::CONTENT_TYPE, media_type).body(content))
    }

    fn ask(&self, request: impl FnOnce(String) -> RequestBuilder) -> Result<Reply, Failure> {
        let context = self.client.context();
        let tap = TcpListener::bind(("127.0.0.1", 0))?;
        let request = request(format!("http://{}{}", tap.local_addr()?, context.form))
            .header(header::HOST, &context.place.host)
            .header(header::ACCEPT, "application/json")
            .build()
            .map_err(std::io::Error::other)?;
        // What the client makes of the response does not count: what is wrong with it is for the lint to say.
        let browsing = thread::Builder::new().spawn({
            let http = self.http.clone();
            move || http.execute(request).and_then(|response| response.bytes())
        })?;
        let (browser, _) = tap.accept()?;
        let mut connection = self.client.connect()?;
        connection.tap(browser)?;
        let answer = connection.answer(false)?;
        drop(connection);
        let _ = browsing.join();
        match answer {
            Answer::Reply(reply) => Ok(reply),
            other => Err(no_reply(other)),
        }
    }
}

fn pairs(fields: &[FormField]) -> Vec<(String, String)> {
    fields.iter().map(|field| (text(&field.name()), text(&field.value()))).collect()
}

/// A browser's forms are text.
fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::Arc;

    use super::*;
    use crate::client::context::Context;
    use crate::wire::transcript::Kind;

    /// What a browser makes of a server that answers one request with `answer`; what that server heard; and
    /// what the record says that it heard, and said.
    fn browse(answer: &'static str) -> (Result<Reply, Failure>, Vec<u8>, Vec<u8>, Vec<u8>) {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let server = thread::spawn(move || {
            let (mut client, _) = listener.accept().unwrap();
            let (mut heard, mut buffer) = (Vec::new(), [0; 1024]);
            while !heard.ends_with(b"a=b+c") {
                let length = client.read(&mut buffer).unwrap();
                heard.extend_from_slice(&buffer[..length]);
            }
            client.write_all(answer.as_bytes()).unwrap();
            heard
        });
        let context = Context::of_test(address);
        let client = Client::new(Arc::new(context.clone()), context.limits, 1, "test");
        let reply = client.browser().unwrap().post(&[FormField::text("a", "b c")]);
        let (mut sent, mut received) = (Vec::new(), Vec::new());
        for event in client.transcript().events() {
            match event.kind {
                Kind::Sent(block) => sent.extend(block.bytes),
                Kind::Received(block) => received.extend(block.bytes),
                _ => {}
            }
        }
        (reply, server.join().unwrap(), sent, received)
    }

    #[test]
    fn every_octet_of_a_browser_is_recorded() {
        let answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
        let (reply, heard, sent, received) = browse(answer);
        assert_eq!(reply.unwrap().body, b"ok");
        assert_eq!((heard, received), (sent.clone(), answer.into()));
        let text = String::from_utf8(sent).unwrap();
        assert!(
            text.starts_with("POST /form HTTP/1.1\r\n") && text.contains("\r\nhost: example:80\r\n"),
            "{text}"
        );
    }

    #[test]
    fn a_response_counts_even_if_the_browser_gives_up_on_it() {
        let (reply, ..) = browse("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nNo colon\r\n\r\nok");
        assert_eq!(reply.unwrap().body, b"ok");
        for answer in ["nothing", ""] {
            let (reply, ..) = browse(answer);
            assert!(matches!(reply, Err(Failure::Fail { .. })), "{answer}: {reply:?}");
        }
    }
}
