//! Forms in every way in which a network may deliver them, and across the edges of the buffers that servers have.

use std::fmt;
use std::io::Write;
use std::net::TcpStream;

use crate::check::Body::Act;
use crate::check::{Chapter, Check, Turn, rule};
use crate::client::Client;
use crate::client::browser::{URLENCODED, post};
use crate::client::capability::Capability::Form;
use crate::judge::failure::{Failure, unproved};
use crate::judge::form::FormField;
use crate::mutant::{BAD_REQUEST, OK, answer_by_reads, next_request, report, serves};
use crate::wire::octets::unhex;

/// The chapter.
pub const CHAPTER: Chapter = Chapter {
    id: "form-delivery",
    title: "Every delivery of a form",
    kept_in: &["servers/src/form/multipart.rs", "servers/src/form/urlencoded.rs"],
    needs: &["form-in-body"],
    turn: Turn::Beside,
    checks: &[
        Check {
            id: "delivery-of-parts",
            title: "A form in parts is read the same wherever it is cut in two, also within a delimiter",
            why: "A parser that looks for a delimiter in one piece at a time misses the one between two pieces.",
            requirement: rule(&["form-http-05"]).counts(),
            hint: "Look for what your parser keeps of a piece when the next one arrives.",
            mutant: serves(|client| {
                let is_whole = |message: &[u8]| {
                    let is_get = message.starts_with(b"GET ") && message.ends_with(b"\r\n\r\n");
                    is_get || message.ends_with(b"\r\n--edge--\r\n")
                };
                let answer = |message: &[u8]| match message.starts_with(b"POST ") {
                    true => report([("a", "slow"), ("b", "--edg\r")]),
                    false => OK.into(),
                };
                answer_by_reads(client, is_whole, answer, BAD_REQUEST)
            }),
            run: Act(|client| {
                client.needs(Form)?;
                let (a, b) = (part_head("a"), part_head("b"));
                let content =
                    format!("--edge\r\n{a}\r\n\r\nslow\r\n--edge\r\n{b}\r\n\r\n--edg\r\r\n--edge--\r\n");
                client.delivered(post(MULTIPART, content), |connection| {
                    let reply = connection.reply()?;
                    reply.reports(&[(b"a", b"slow"), (b"b", b"--edg\r")])?;
                    connection.goes_on_after(&reply)
                })
            }),
        },
        Check {
            id: "escapes-across-edges",
            title: "An escape that crosses the edge of a usual buffer is decoded like any other",
            why: "A server that decodes what it has read so far splits an escape once in some hundred long forms.",
            requirement: rule(&["form-http-05", "form-http-07"]).counts(),
            hint: "Check whether the form is decoded before all of it has arrived.",
            mutant: serves(|client| serve_forms(client, decoded_in_blocks)),
            run: Act(|client| {
                across_edges(client, URLENCODED, &[1, 2], |places| {
                    let (mut content, mut fields) = (String::new(), Vec::new());
                    for (index, place) in places.iter().enumerate() {
                        let (padded, marked) = (format!("p{index}"), format!("m{index}"));
                        let length = place - content.len() - padded.len() - marked.len() - 3;
                        let padding = "x".repeat(length);
                        content += &format!("{padded}={padding}&{marked}=%41&");
                        fields.extend([FormField::text(padded, padding), FormField::text(marked, "A")]);
                    }
                    (content, fields)
                })
            }),
        },
        Check {
            id: "delimiters-across-edges",
            title: "A delimiter that crosses the edge of a usual buffer ends its part like any other",
            why: "Where the delimiter is missed, two files become one, with the head of the second in the middle.",
            requirement: rule(&["form-http-05", "form-http-07"]).counts(),
            hint: "Find the size of the block in which your parser searches for the delimiter, and step over its edge.",
            mutant: serves(|client| serve_forms(client, parted_in_blocks)),
            run: Act(|client| {
                across_edges(client, MULTIPART, &[0, 1, 2, 3, 4, 8, 9], |places| {
                    let (mut content, mut fields) = ("--edge".to_owned(), Vec::new());
                    for (index, place) in places.iter().enumerate() {
                        let name = format!("f{index}");
                        content += &format!("\r\n{}\r\n\r\n", part_head(&name));
                        let value = "x".repeat(place - content.len());
                        content += &format!("{value}\r\n--edge");
                        fields.push(FormField::text(name, value));
                    }
                    (content + "--\r\n", fields)
                })
            }),
        },
    ],
};

const MULTIPART: &str = "multipart/form-data; boundary=edge";

fn part_head(name: &str) -> String {
    format!("Content-Disposition: form-data; name=\"{name}\"")
}

/// The sizes of usual buffers, in octets.
const EDGES: [usize; 5] = [1024, 4 * 1024, 8 * 1024, 16 * 1024, 64 * 1024];

/// So many octets before an edge nothing crosses it.
const CLEAR: usize = 40;

/// Where something crosses all edges.
struct Crossing {
    /// Octets of it before each edge.
    before: usize,
    /// Whether a buffer holds the head of the request as well.
    with_head: bool,
    /// Whether the request arrives in pieces that end at the edges.
    is_cut: bool,
}

/// Asked for a form in which something begins at these places, `form` returns the content and its fields. They must be
/// read however it crosses the edges.
fn across_edges(
    client: &Client,
    media_type: &str,
    before: &[usize],
    form: impl Fn(&[usize]) -> (String, Vec<FormField>),
) -> Result<(), Failure> {
    client.needs(Form)?;
    let head = client.expand(post(media_type, "x".repeat(EDGES[4]))).len() - EDGES[4];
    let holds = |crossing: Crossing| {
        let (in_buffer, outside) = if crossing.with_head { (head, 0) } else { (0, head) };
        let (content, fields) = form(&EDGES.map(|edge| edge - in_buffer - crossing.before));
        let cuts = if crossing.is_cut { &EDGES.map(|edge| edge + outside)[..] } else { &[] };
        let mut connection = client.connect()?;
        connection.send_in_pieces(&client.expand(post(media_type, content)), cuts)?;
        let reply = connection.reply()?;
        match reply.status {
            413 => Err(Failure::Skip("the server does not accept forms of that size".into())),
            _ => reply.reports_one_of(&[fields]),
        }
    };
    match holds(Crossing { before: CLEAR, with_head: false, is_cut: false }) {
        Err(Failure::Fail { actual, .. }) => return Err(unproved(actual)),
        verdict => verdict?,
    }
    let deliveries = [(false, false), (false, true), (true, false), (true, true)];
    let crossings = before.iter().flat_map(|before| {
        deliveries.map(|(with_head, is_cut)| Crossing { before: *before, with_head, is_cut })
    });
    client.each(crossings, holds)
}

impl fmt::Debug for Crossing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let buffer = if self.with_head { "with the head" } else { "of content" };
        let delivery = if self.is_cut { ", in pieces" } else { "" };
        write!(f, "{} before the edge {buffer}{delivery}", self.before)
    }
}

type Pair = (Vec<u8>, Vec<u8>);

/// Reads each form as `parse` does.
fn serve_forms(mut client: TcpStream, parse: fn(&[u8]) -> Vec<Pair>) {
    while let Some((head, content)) = next_request(&mut client) {
        let answer = if head.starts_with(b"POST ") { report(parse(&content)) } else { OK.into() };
        if client.write_all(&answer).is_err() {
            return;
        }
    }
}

/// A mutant that decodes each block of a urlencoded form by itself.
fn decoded_in_blocks(content: &[u8]) -> Vec<Pair> {
    let decoded = content.chunks(4096).map(decoded).collect::<Vec<_>>().concat();
    let field = |field: &[u8]| {
        let (name, value) = field.split_at(field.iter().position(|octet| *octet == b'=')?);
        Some((name.to_vec(), value[1..].to_vec()))
    };
    decoded.split(|octet| *octet == b'&').filter_map(field).collect()
}

/// The escapes that are whole, decoded.
fn decoded(block: &[u8]) -> Vec<u8> {
    let (mut decoded, mut rest) = (Vec::new(), block);
    while let Some((first, others)) = rest.split_first() {
        let escaped = others.get(..2).and_then(|digits| unhex(str::from_utf8(digits).ok()?));
        let (octets, length) = match escaped {
            Some(octets) if *first == b'%' => (octets, 3),
            _ => (vec![*first], 1),
        };
        decoded.extend(octets);
        rest = &rest[length..];
    }
    decoded
}

/// A mutant that searches each block of a multipart form by itself for delimiters.
fn parted_in_blocks(content: &[u8]) -> Vec<Pair> {
    let delimiter = b"\r\n--edge";
    let is_delimiter = |at: &usize| content[*at..].starts_with(delimiter);
    let is_in_block = |at: &usize| at / 4096 == (at + delimiter.len() - 1) / 4096;
    let mut parts = Vec::new();
    let mut from = b"--edge".len();
    for at in (0..content.len()).filter(is_delimiter).filter(is_in_block) {
        parts.extend(part(&content[from..at]));
        from = at + delimiter.len();
    }
    parts
}

/// Name and value of a part.
fn part(part: &[u8]) -> Option<Pair> {
    let head = part.windows(4).position(|end| end == b"\r\n\r\n")?;
    let name = str::from_utf8(&part[..head]).ok()?.split('"').nth(1)?;
    Some((name.into(), part[head + 4..].to_vec()))
}
