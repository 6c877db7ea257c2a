//! multipart/form-data: heads of parts, ends, edges of buffers, and what a large form costs.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use crate::check::Body::Act;
use crate::check::{Chapter, Check, Turn, rule, unwritten};
use crate::client::Client;
use crate::client::browser::{MULTIPART, URLENCODED, multipart, post, text_file};
use crate::client::capability::Capability::Form;
use crate::judge::failure::{Failure, no_reply, wrong};
use crate::judge::form::FormField;
use crate::mutant::{hears, instead_of, next_head, serves};
use crate::wire::octets::contains;
use crate::wire::reply::Answer;

/// The chapter.
pub const CHAPTER: Chapter = Chapter {
    id: "parts",
    title: "Multipart forms: heads of parts, edges and ends",
    kept_in: &["servers/src/form/multipart.rs", "servers/src/form/parameters.rs"],
    needs: &["form-in-body", "multipart-file"],
    turn: Turn::Beside,
    checks: &[
        Check {
            id: "multipart-no-file-chosen",
            title: "A form in which no file was chosen is accepted, and its other fields are reported",
            why: "Browsers send a part with an empty file name, and most people leave most file inputs empty.",
            requirement: rule(&["form-mp-07"]).counts(),
            hint: "Follow a part whose file name is empty, and that has no content, through your parser.",
            mutant: hears("name=\"then\"", "name=\"them\""),
            run: Act(|client| {
                let none = "Content-Disposition: form-data; name=\"f\"; filename=\"\"\r\n\
                            Content-Type: application/octet-stream";
                let then = "Content-Disposition: form-data; name=\"then\"";
                let reply = client.submit(MULTIPART, multipart(&[(none, ""), (then, "1")]))?;
                let rest = FormField::text("then", "1");
                // The type of a file that is not there means nothing.
                let file = FormField { media_type: None, ..FormField::file("f", "", "", "") };
                let file = vec![file, rest.clone()];
                let other = [vec![FormField::text("f", ""), rest.clone()], vec![rest]];
                if reply.reports_one_of(&other).is_ok() {
                    client.note("a file input without a file is reported as a text field, or not at all");
                    return Ok(());
                }
                reply.reports_one_of(&[file])
            }),
        },
        Check {
            id: "multipart-file-without-type",
            title: "A file is reported whole even without a type, and with a binary transfer encoding",
            why: "Programs that send files often give neither, or more than they need to.",
            requirement: rule(&["form-mp-56", "form-mp-62"]).counts(),
            hint: "List the fields of a part that your parser takes for granted.",
            mutant: hears("filename=\"untyped\"", "fliename=\"untyped\""),
            run: Act(|client| {
                let untyped = "Content-Disposition: form-data; name=\"f\"; filename=\"untyped\"";
                let binary = format!("{untyped}\r\nContent-Transfer-Encoding: binary");
                client.each([untyped, &binary], |head| {
                    let content = "=\0\r\n%41=41+";
                    let file = FormField::file("f", "untyped", "", content);
                    let reply = client.submit(MULTIPART, multipart(&[(head, content)]))?;
                    reply.reports_one_of(&[vec![FormField { media_type: None, ..file }]])
                })
            }),
        },
        Check {
            id: "multipart-parts-apart",
            title: "Nothing in the head of one part is carried over to the next",
            why: "A text field would become a file, or a file would get the name of another.",
            requirement: rule(&["form-mp-71"]).counts(),
            hint: "List the variables that your parser sets for a part, and find where each is reset.",
            mutant: hears(
                "X-Other: abc\r\n\r\n1\r\n--edge\r\nContent-Disposition: form-data; name=\"a\"",
                "\r\n1\r\n--edge\r\nContent-Disposition: form-data; name=\"a\"; filename=\"x\"",
            ),
            run: Act(|client| {
                let file = FormField::file("f", "x.txt", "text/plain", "1");
                let (text, last) = (FormField::text("a", "2"), FormField::file("g", "y", "text/html", "3"));
                let heads = [
                    "Content-Disposition: form-data; name=\"f\"; filename=\"x.txt\"\r\nContent-Type: text/plain\r\nX-Other: abc",
                    A,
                    "Content-Disposition: form-data; name=\"g\"; filename=\"y\"\r\nContent-Type: text/html",
                ];
                let parts = [(heads[0], "1"), (heads[1], "2"), (heads[2], "3")];
                client.submit(MULTIPART, multipart(&parts))?.reports_one_of(&[vec![file, text, last]])?;
                // A file name in another spelling belongs to its own part, whatever is made of it.
                let star =
                    "Content-Disposition: form-data; name=\"f\"; filename=\"x.txt\"; filename*=UTF-8''z.txt";
                let named =
                    |name: &str| FormField { media_type: None, ..FormField::file("f", name, "", "1") };
                let allowed = ["x.txt", "z.txt"].map(|name| vec![named(name), FormField::text("a", "2")]);
                client.submit(MULTIPART, multipart(&[(star, "1"), (A, "2")]))?.reports_or_refuses(&allowed)
            }),
        },
        Check {
            id: "multipart-typed-text",
            title: "A part with a type and without a file name is a text field",
            why: "Some clients name the charset of each text field, and these fields are not files.",
            requirement: rule(&["form-mp-57"]).warns(),
            hint: "Find out what makes a part a file for your parser.",
            mutant: hears(
                "name=\"a\"\r\nContent-Type: text/plain; charset=utf-8",
                "name=\"a\"; filename=\"xy\"\r\nContent-Type: text/plain",
            ),
            run: Act(|client| {
                let typed = format!("{A}\r\nContent-Type: text/plain; charset=utf-8");
                let field = vec![FormField::text("a", "1")];
                client.submit(MULTIPART, multipart(&[(&typed, "1")]))?.reports_or_refuses(&[field])
            }),
        },
        Check {
            id: "multipart-unquoted-name",
            title: "The name of a part may come without quotes, or the form is refused",
            why: "Small clients leave the quotes out, as the grammar of such fields allows.",
            requirement: rule(&["form-mp-54"]).warns(),
            hint: "Check what your parser expects after the equals sign of a parameter.",
            mutant: hears("name=bare", "name=bore"),
            run: Act(|client| {
                let bare = "Content-Disposition: form-data; name=bare";
                let fields = vec![FormField::text("bare", "1"), FormField::text("a", "2")];
                client.submit(MULTIPART, multipart(&[(bare, "1"), (A, "2")]))?.reports_or_refuses(&[fields])
            }),
        },
        Check {
            id: "multipart-odd-file-names",
            title: "A file name with an escaped quote, with a NUL, or of 4,000 bytes is whole, or refused",
            why: "A name that is cut off has lost its ending, and a file filter judges by that.",
            requirement: rule(&["form-fn-13", "form-fn-05", "form-fn-14"]).warns(),
            hint: "Step through your parser at the backslash, at the NUL, and at the end of any buffer for names.",
            mutant: hears("filename=\"x\0.txt\"", "filename=\"x\";y=\"\""),
            run: Act(|client| {
                let long = "n".repeat(4000) + ".txt";
                let escaped = ["a\"b.txt", "a\\\"b.txt"];
                let cases =
                    [("a\\\"b.txt", &escaped[..]), ("x\0.txt", &["x\0.txt", "x.txt"]), (&long, &[&long])];
                client.each(cases, |(name, allowed)| {
                    let allowed: Vec<_> = allowed.iter().map(|name| FormField::lone_file(name)).collect();
                    client
                        .submit(MULTIPART, multipart(&[(&text_file(name), "1")]))?
                        .reports_or_refuses(&allowed)
                })
            }),
        },
        Check {
            id: "multipart-nul",
            title: "A NUL in a text part is kept, or the form is refused",
            why: "A value that ends at the NUL means one thing to a filter and another to what comes after it.",
            requirement: rule(&["form-mp-10"]).counts(),
            hint: "Search for functions that take a value for a string that ends at a NUL.",
            mutant: hears("x\0y", "x y"),
            run: Act(|client| {
                let kept = vec![FormField::text("a", "x\0y"), FormField::text("b", "2")];
                client.submit(MULTIPART, multipart(&[(A, "x\0y"), (B, "2")]))?.reports_or_refuses(&[kept])
            }),
        },
        Check {
            id: "multipart-empty-name",
            title: "A part with an empty name, without a head, or with a blank before it, takes nothing from the others",
            why: "A parser that looks for the name in the next line finds that of another field.",
            requirement: rule(&["form-mp-47", "form-mp-45"]).warns(),
            hint: "Follow a part whose name has no letters, and one that begins with the empty line.",
            mutant: hears("name=\"\"; x=\"\"", "name=\"b\";x=\"\""),
            run: Act(|client| {
                client.needs_refusals()?;
                let rest = vec![FormField::text("b", "2")];
                let empty = vec![FormField::text("", "1"), FormField::text("b", "2")];
                let allowed = [rest, empty];
                let nameless = "Content-Disposition: form-data; name=\"\"; x=\"\"";
                client
                    .submit(MULTIPART, multipart(&[(nameless, "1"), (B, "2")]))?
                    .reports_or_refuses(&allowed)?;
                let headless = format!("--edge\r\n\r\n1\r\n{}", multipart(&[(B, "2")]));
                client.submit(MULTIPART, headless)?.reports_or_refuses(&allowed)?;
                let (indented, named) = (format!(" {A}"), FormField::text("a", "1"));
                let [rest, empty] = allowed;
                let allowed = [[vec![named], rest.clone()].concat(), rest, empty];
                client
                    .submit(MULTIPART, multipart(&[(&indented, "1"), (B, "2")]))?
                    .reports_or_refuses(&allowed)
            }),
        },
        Check {
            id: "multipart-many-parts",
            title: "A form of a thousand parts is reported whole, or refused",
            why: "A limit protects the server, but one that silently drops parts loses what users sent.",
            requirement: rule(&["form-mp-72"]).warns(),
            hint: "Search for a limit on the number of parts, and see what a client hears of it.",
            mutant: hears("name=\"p999\"", "name=\"p99\";"),
            run: Act(|client| {
                let name = |at: u32| format!("Content-Disposition: form-data; name=\"p{at}\"");
                let heads: Vec<String> = (0..1000).map(name).collect();
                let parts: Vec<(&str, &str)> = heads.iter().map(|head| (&head[..], "1")).collect();
                let sent = (0..1000).map(|at| FormField::text(format!("p{at}"), "1")).collect();
                client.submit(MULTIPART, multipart(&parts))?.reports_or_refuses(&[sent])
            }),
        },
        Check {
            id: "multipart-large-part-head",
            title: "A part whose head has 64 KB is read, or the form is refused",
            why: "A head that does not fit into a buffer must not become content, or the next part.",
            requirement: rule(&["form-mp-73"]).warns(),
            hint: "Find what your parser does when the head of a part does not end within its buffer.",
            mutant: instead_of("HTTP/1.1 400", "HTTP/1.1 200"),
            run: Act(|client| {
                client.needs_refusals()?;
                let read = vec![FormField::text("a", "1"), FormField::text("b", "2")];
                let fields =
                    ["X-Long: ".to_owned() + &"x".repeat(65_536), "X-A: b\r\n".repeat(8000) + "X-A: b"];
                client.each([0, 1], |which| {
                    let head = format!("{}\r\n{A}", fields[which]);
                    let content = multipart(&[(&head, "1"), (B, "2")]);
                    client.submit(MULTIPART, content)?.reports_or_refuses(std::slice::from_ref(&read))
                })
            }),
        },
        Check {
            id: "multipart-no-parts",
            title: "A closing delimiter alone, empty content, or no boundary at all gives no fields, or is refused",
            why: "A script may send a form from which it has removed every field, and there is nothing to wait for.",
            requirement: rule(&["form-mp-29", "form-mp-38", "form-mp-37"]).counts(),
            hint: "Ask what your parser looks for first, and what it returns if that never comes.",
            mutant: hears("multipart/form-data\r\n", "multipart/form-data; boundary=edge\r\n"),
            run: Act(|client| {
                client.needs_refusals()?;
                let whole = multipart(&[(A, "1")]);
                let cases = [(MULTIPART, "--edge--\r\n"), (MULTIPART, ""), ("multipart/form-data", &whole)];
                client.each(cases, |(media_type, content)| {
                    client.submit(media_type, content)?.reports_or_refuses(&[vec![]])
                })
            }),
        },
        Check {
            id: "multipart-short-boundaries",
            title: "A boundary may be a single letter, a single hyphen, or two words in quotes",
            why: "Small clients choose short boundaries, and some mail libraries write words.",
            requirement: rule(&["form-mp-21", "form-mp-24"])
                .warns()
                .because("Browsers and common clients choose long boundaries without spaces."),
            hint: "Print the boundary that your parser finds, and the delimiter that it makes of it.",
            mutant: hears("boundary=\"two words\"", "boundary=\"two\"; words"),
            run: Act(|client| {
                let cases = [("b", "b"), ("-", "-"), ("\"two words\"", "two words")];
                client.each(cases, |(parameter, boundary)| {
                    let content = multipart(&[(A, "1"), (B, "2")]).replace("edge", boundary);
                    let reply =
                        client.submit(&format!("multipart/form-data; boundary={parameter}"), content)?;
                    reply.reports(&[(b"a", b"1"), (b"b", b"2")])
                })
            }),
        },
        Check {
            id: "multipart-no-line-end",
            title: "A file of 66,000 bytes without a line end arrives whole",
            why: "A parser that reads line by line waits for an end that is far away, or cuts there.",
            requirement: rule(&["form-http-25", "form-mp-09"]).counts(),
            hint: "Measure the longest line that your parser can hold.",
            mutant: hears("x-last", "x-lost"),
            run: Act(|client| {
                let content = "x".repeat(65_995) + "-last";
                let sent = vec![FormField::file("f", "n.txt", "text/plain", &content)];
                let reply = client.submit(MULTIPART, multipart(&[(&text_file("n.txt"), &content)]))?;
                if reply.status == 413 {
                    return Err(Failure::Skip("the server does not accept forms of that size".into()));
                }
                reply.reports_one_of(&[sent])
            }),
        },
        Check {
            id: "multipart-refused-goes-on",
            title: "After a form that is refused, the connection serves the next request or closes",
            why: "What is left unread of a refused form is taken for a request, or makes the client wait.",
            requirement: rule(&["rfc9112-9.3-07"]).counts(),
            hint: "Follow the rest of the content after your parser has given up.",
            mutant: serves(stops_reading),
            run: Act(|client| {
                client.needs(Form)?;
                let cut = format!("--edge\r\n{A}; filename=\"half of");
                let requests = format!("{}GET / HTTP/1.1\r\n\r\n", "x".repeat(100));
                client.each([cut.clone(), cut + &requests, "--egde\r\n\r\n".into()], |content| {
                    client.skips_content(post(MULTIPART, content))
                })
            }),
        },
        Check {
            id: "form-time-in-proportion",
            title: "Four times as large a form takes about four times as long, whatever is in it",
            why: "Where the time grows faster than the form, one request of a megabyte keeps the server busy for minutes.",
            requirement: unwritten().practice(),
            hint: "Search for loops within loops over what was sent, and for patterns that try many ways to match.",
            mutant: serves(takes_its_time),
            run: Act(|client| {
                client.needs(Form)?;
                client.each(GROWING, |growing| grows_in_proportion(client, &growing))
            }),
        },
    ],
};

const A: &str = "Content-Disposition: form-data; name=\"a\"";

const B: &str = "Content-Disposition: form-data; name=\"b\"";

/// How many times what grows is in a small form, and in a large one.
const SMALL: usize = 15_000;
const LARGE: usize = 4 * SMALL;

/// A form that can be made as large as one likes.
struct Growing {
    name: &'static str,
    media_type: &'static str,
    grow: fn(usize) -> String,
}

impl std::fmt::Debug for Growing {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        to.write_str(self.name)
    }
}

/// Forms for which parsers have taken a time that grew with the square of their size.
const GROWING: [Growing; 5] = [
    Growing {
        name: "semicolons in the head of a part",
        media_type: MULTIPART,
        grow: |size| multipart(&[(&format!("{A}{}", ";".repeat(size)), "1")]),
    },
    Growing {
        name: "backslashes in a file name",
        media_type: MULTIPART,
        grow: |size| multipart(&[(&text_file(&"\\".repeat(size)), "1")]),
    },
    Growing {
        name: "lines after the last delimiter",
        media_type: MULTIPART,
        grow: |size| multipart(&[(A, "1")]) + &"\r\n--edg".repeat(size),
    },
    Growing {
        name: "hyphens in a value",
        media_type: MULTIPART,
        grow: |size| multipart(&[(A, &"\r\n-".repeat(size))]),
    },
    Growing { name: "percent signs", media_type: URLENCODED, grow: |size| format!("a={}", "%".repeat(size)) },
];

/// How often a form that seems to take too long is looked at again: on a busy machine anything can.
const LOOKS: usize = 3;

fn grows_in_proportion(client: &Client, growing: &Growing) -> Result<(), Failure> {
    let [small, large] = [SMALL, LARGE].map(growing.grow);
    let plain = format!("a={}", "x".repeat(large.len()));
    // What is quick anyway shows nothing: most of it is the way there and back.
    let [mut once, mut usual, mut four_times] = [client.limits().answer / 100, Duration::ZERO, Duration::MAX];
    for _ in 0..LOOKS {
        client.transcript().clear();
        once = once.max(time_of(client, growing.media_type, &small)?);
        usual = usual.max(time_of(client, URLENCODED, &plain)?);
        four_times = four_times.min(time_of(client, growing.media_type, &large)?);
        if four_times <= 10 * once.max(usual) {
            return Ok(());
        }
    }
    Err(wrong("about four times the time for four times as much", "more than ten times"))
}

/// The time from the end of a form to the end of its answer, whatever the answer is.
fn time_of(client: &Client, media_type: &str, content: &str) -> Result<Duration, Failure> {
    let mut connection = client.connect_patient(Duration::from_secs(5))?;
    connection.send(post(media_type, content))?;
    match connection.answer(false)? {
        Answer::Reply(reply) => Ok(reply.took),
        // To refuse by closing is quick.
        Answer::Closed | Answer::Reset => Ok(Duration::ZERO),
        other => Err(no_reply(other)),
    }
}

/// A mutant that takes what it has not read of a form for the next request.
fn stops_reading(mut client: TcpStream) {
    while let Some(head) = next_head(&mut client) {
        let status = if head.starts_with(b"GET / ") { "200 OK" } else { "400 Bad Request" };
        let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n");
        let _ = client.write_all(answer.as_bytes());
    }
}

/// A mutant that compares every semicolon with every other one.
fn takes_its_time(mut client: TcpStream) {
    let Some(head) = next_head(&mut client) else { return };
    let head = String::from_utf8_lossy(&head).into_owned();
    let length = head.split_once("Content-Length: ").and_then(|(_, rest)| rest.lines().next()?.parse().ok());
    let mut content = vec![0; length.unwrap_or(0)];
    let _ = client.read_exact(&mut content);
    // Not even a busy machine takes as long for anything else.
    if contains(&content, b";;;;") {
        let times = content.len() as f64 / SMALL as f64;
        thread::sleep(Duration::from_secs_f64(times.powi(4) * 0.008));
    }
    let _ = client.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
}
