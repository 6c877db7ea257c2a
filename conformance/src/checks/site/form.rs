//! A form in the query and in the content, as the form contract says.

use proptest::arbitrary::any;

use crate::check::Body::Act;
use crate::check::{Chapter, Check, Turn, rule};
use crate::client::browser::{URLENCODED, post};
use crate::client::capability::Capability::{Concurrency, Form, Persistence};
use crate::client::property::{fields, for_all};
use crate::judge::failure::{Failure, judged_elsewhere};
use crate::judge::form::FormField;
use crate::mutant::{hears, instead_of};

/// The chapter.
pub const CHAPTER: Chapter = Chapter {
    id: "form",
    title: "The form",
    kept_in: &["servers/src/form/form.rs", "servers/src/form/answer.rs"],
    needs: &["form-in-body"],
    turn: Turn::Beside,
    checks: &[
        Check {
            id: "form-in-body",
            title: "A posted form is reported field by field, with its content as the source",
            why: "This is what a form is for: what somebody typed arrives.",
            requirement: rule(&["contract-form-01", "form-url-01"]).counts(),
            hint: "Print the content of the request as the form handler gets it, and compare it with what was sent.",
            mutant: hears("POST /form", "GET /form"),
            run: Act(|client| {
                let sent = [FormField::text("name", client.token()), FormField::text("place", "Ulm")];
                let reply = client.browser()?.post(&sent)?;
                reply.reports_one_of(&[sent.to_vec()])?;
                reply.reports_source("body")
            }),
        },
        Check {
            id: "form-in-query",
            title: "A form that is sent with GET is reported from the query",
            why: "A search form is a GET: its fields come after the question mark, and it has no content.",
            requirement: rule(&["contract-form-01", "form-url-01"]).counts(),
            hint: "Check what the form handler does with the part of the target after the question mark.",
            mutant: instead_of("\"source\":\"query\"", "\"source\":\"body\" "),
            run: Act(|client| {
                let sent = [FormField::text("name", client.token()), FormField::text("place", "Ulm")];
                let reply = client.browser()?.get(&sent)?;
                reply.reports_one_of(&[sent.to_vec()])?;
                reply.reports_source("query")
            }),
        },
        Check {
            id: "form-in-both",
            title: "A query in the address of a posted form does not hide the posted fields",
            why: "The action of a form may have a query of its own, while what the user typed is in the content.",
            requirement: rule(&["form-http-12", "contract-form-01"]).counts(),
            hint: "See how the form handler chooses between query and content.",
            mutant: hears("POST /form?query=1", "GET /form?query=1"),
            run: Act(|client| {
                client.needs(Form)?;
                let (query, body) = (FormField::text("query", "1"), FormField::text("body", "2"));
                let reply = client.send(format!(
                    "POST {{form}}?query=1 HTTP/1.1\r\nHost: {{host}}\r\nAccept: application/json\r\n\
                     Content-Type: {URLENCODED}\r\nContent-Length: 6\r\n\r\nbody=2"
                ))?;
                let merged = [vec![query.clone(), body.clone()], vec![body.clone(), query]];
                if reply.reports_one_of(&merged).is_ok() {
                    client.note("the fields of the query are reported together with those of the content");
                    return Ok(());
                }
                reply.reports_one_of(&[vec![body]])
            }),
        },
        Check {
            id: "form-empty",
            title: "A form without fields gets a report without fields",
            why: "A user may press the button right away; that is not an error, and there is nothing to wait for.",
            requirement: rule(&["form-http-13", "form-url-13", "contract-form-02"]).counts(),
            hint: "Follow a form with Content-Length 0, and one with nothing after the question mark.",
            mutant: instead_of("\"fields\":[]", "\"fields\":{}"),
            run: Act(|client| {
                client.submit(URLENCODED, "")?.reports(&[])?;
                client.each(["{form}", "{form}?"], |target| {
                    let accept = "Accept: application/json\r\n";
                    client.send(format!("GET {target} HTTP/1.1\r\nHost: {{host}}\r\n{accept}\r\n"))?.reports(&[])
                })
            }),
        },
        Check {
            id: "form-any-text",
            title: "Any text in a form comes back unchanged; only control characters in a query may be refused",
            why: "People type ampersands, plus signs, quotes, line breaks and emoji, and leave fields empty.",
            requirement: rule(&["contract-form-04", "form-url-04", "form-url-15", "form-url-07"]).counts(),
            hint: "Decode by hand what the record shows, following the parser in the URL Standard step by step.",
            mutant: hears("%26", "&&&"),
            run: Act(|client| {
                client.needs(Form)?;
                for_all(client, (fields(), any::<bool>()), |client, (sent, in_query)| {
                    let browser = client.browser()?;
                    let reply = if in_query { browser.get(&sent)? } else { browser.post(&sent)? };
                    let is_control = |field: &FormField| {
                        [field.name(), field.value()].concat().iter().any(u8::is_ascii_control)
                    };
                    // Some good servers refuse control characters in a target, encoded or not.
                    if in_query && sent.iter().any(is_control) {
                        reply.reports_or_refuses(&[sent])
                    } else {
                        reply.reports_one_of(&[sent])
                    }
                })
            }),
        },
        Check {
            id: "form-order",
            title: "Fields are reported in the order in which they were sent",
            why: "Programs pair fields by their order on the page: first a date, then its amount.",
            requirement: rule(&["contract-form-02", "form-url-06", "form-mp-03"]).warns().because("Good parsers keep files apart from text, or group fields by name, and few forms depend on the order."),
            hint: "Find the type that holds the fields between the parser and the report.",
            mutant: hears("b=1&a=2&b=3", "a=2&b=1&b=3"),
            run: Act(|client| {
                let text = |pairs: [(&str, &str); 3]| pairs.map(|(name, value)| FormField::text(name, value));
                let (apart, alike) = (
                    text([("c", "1"), ("a", "2"), ("b", "3")]),
                    text([("b", "1"), ("a", "2"), ("b", "3")]),
                );
                let file = FormField::file("f", "f.txt", "text/plain", "0");
                let with_file = [&[file], &apart[..]].concat();
                let forms = [("a form", &apart[..]), ("equal names", &alike), ("a file", &with_file)];
                client.each(forms, |(name, sent)| {
                    let browser = client.browser()?;
                    let reply = if name == "a file" { browser.upload(sent)? } else { browser.post(sent)? };
                    // That one is missing is for other checks to say.
                    judged_elsewhere(reply.reports_one_of(&[sent.to_vec()]))?;
                    reply.reports_in_order(sent)
                })
            }),
        },
        Check {
            id: "form-page",
            title: "A browser that asks for HTML gets an HTML page that shows what was sent",
            why: "JSON on the screen, or a page that is downloaded instead of shown, is of no use to a user.",
            requirement: rule(&["contract-form-03", "rfc9110-8.3-01"]).counts(),
            hint: "Print the Content-Type of the answer to a request whose Accept names text/html.",
            mutant: instead_of("text/html", "text/plain"),
            run: Act(|client| {
                client.needs(Form)?;
                let token = client.token();
                let reply = client.accepts(page(&format!("GET {{form}}?said={token}"), ""))?;
                reply.media_type_is(&["text/html"])?;
                reply.body_has(token)
            }),
        },
        Check {
            id: "form-page-escapes",
            title: "Markup in names, values and file names shows on the page as text",
            why: "Otherwise a link to the form can run a stranger's script in the user's browser.",
            requirement: rule(&["form-http-26", "rfc9110-17.4-01"]).counts(),
            hint: "Search for every place where the page includes something that a client sent.",
            mutant: instead_of("&lt;x-value", "   <x-value"),
            run: Act(|client| {
                client.needs(Form)?;
                let token = client.token();
                let get = format!("GET {{form}}?%3Cx-name{token}%3E=%3Cx-value{token}%3E");
                let upload = format!(
                    "--edge\r\nContent-Disposition: form-data; name=\"f\"; filename=\"<x-file{token}>\"\r\n\
                     Content-Type: text/plain\r\n\r\n<x-value{token}>\r\n--edge--\r\n"
                );
                client.each([page(&get, ""), page("POST {form}", &upload)], |request| {
                    let reply = client.send(&request)?;
                    // That files are refused is for the checks of files to say.
                    if request.starts_with("POST") && (400..500).contains(&reply.status) {
                        return Ok(());
                    }
                    reply.succeeds()?;
                    for markup in ["<x-name", "<x-value", "<x-file"] {
                        reply.escapes(&format!("{markup}{token}"))?;
                    }
                    Ok(())
                })
            }),
        },
        Check {
            id: "form-json-type",
            title: "The JSON report has the media type application/json",
            why: "A client chooses its parser by Content-Type, and a browser would show the report as a page.",
            requirement: rule(&["rfc9110-8.3-01"]).warns(),
            hint: "Compare the Content-Type of the answer with what Accept asked for.",
            mutant: instead_of("application/json", "text/html"),
            run: Act(|client| {
                let reply = client.submit(URLENCODED, "a=b")?;
                reply.media_type_is(&["application/json"])
            }),
        },
        Check {
            id: "form-accept-list",
            title: "JSON is found anywhere in the Accept list, with or without a weight",
            why: "Scripts in a page send lists such as \"application/json, text/plain, */*\".",
            requirement: rule(&["rfc9110-12.5.1-01"]).warns(),
            hint: "Check how your code compares Accept with application/json.",
            mutant: hears("application/json, text/plain", "text/html, text/plain"),
            run: Act(|client| {
                client.needs(Form)?;
                let lists = ["application/json, text/plain, */*", "text/csv, application/json;q=0.9"];
                client.each(lists, |accept| {
                    let request =
                        format!("GET {{form}}?a=b HTTP/1.1\r\nHost: {{host}}\r\nAccept: {accept}\r\n\r\n");
                    client.send(request)?.reports(&[(b"a", b"b")])
                })
            }),
        },
        Check {
            id: "form-head",
            title: "HEAD of the form answers like GET, but without content",
            why: "A client reads content after the answer to HEAD as the beginning of the next answer.",
            requirement: rule(&["rfc9110-9.3.2-01", "rfc9110-9.3.2-02"]).counts(),
            hint: "Find out which part of your code leaves out the content of an answer to HEAD, and whether a program's answer passes it.",
            mutant: hears("HEAD /form", "GET /form"),
            run: Act(|client| {
                client.needs(Form)?;
                client.knows_head()?;
                let rest = "{form}?a=b HTTP/1.1\r\nHost: {host}\r\nAccept: application/json\r\n\r\n";
                let get = client.accepts(format!("GET {rest}"))?;
                let mut connection = client.connect()?;
                connection.send(format!("HEAD {rest}"))?;
                let head = connection.reply_to_head()?;
                if matches!(head.status, 405 | 501) {
                    client.note("the server refuses HEAD of the form");
                } else {
                    head.status_is(&[get.status])?;
                    head.same_fields_as(&get, &["Content-Type"])?;
                }
                let ended = connection.has_no_surplus();
                if ended.is_err() && head.announces_close() {
                    client.note("the server sends content in answer to HEAD, on a connection that then closes");
                    return Ok(());
                }
                ended
            }),
        },
        Check {
            id: "form-after-form",
            title: "Several forms on one connection each get a report of their own fields only",
            why: "Browsers reuse connections, and one user's fields would appear in the answer to the next form.",
            requirement: rule(&["form-http-10"]).counts(),
            hint: "List what outlives a request in your code: buffers, environment, parsed fields.",
            mutant: hears("two=2", "one=1"),
            run: Act(|client| {
                client.needs(Form)?;
                client.needs(Persistence)?;
                let mut connection = client.connect()?;
                for (name, value) in [("one", "1"), ("two", "2"), ("three", "3")] {
                    connection.send(post(URLENCODED, format!("{name}={value}")))?;
                    let reply = connection.reply()?;
                    reply.reports(&[(name.as_bytes(), value.as_bytes())])?;
                    if reply.announces_close() {
                        return Err(Failure::Skip("the server closes the connection after each form".into()));
                    }
                }
                Ok(())
            }),
        },
        Check {
            id: "form-side-by-side",
            title: "Forms that arrive at the same time do not mix",
            why: "A buffer or variable that two requests share shows one user what another one typed.",
            requirement: rule(&["form-http-24"]).counts(),
            hint: "Look for state that does not belong to one request or one connection.",
            mutant: hears("form-2=", "form-1="),
            run: Act(|client| {
                client.needs(Form)?;
                client.needs(Concurrency)?;
                let names = ["form-1", "form-2", "form-3", "form-4"];
                let mut forms = Vec::new();
                for name in names {
                    let value = client.token();
                    let request = post(URLENCODED, format!("{name}={value}"));
                    let (begun, rest) = request.split_at(request.len() - 6);
                    let mut connection = client.connect()?;
                    connection.send(begun)?;
                    forms.push((name, value, connection, rest.to_vec()));
                }
                for (.., connection, rest) in forms.iter_mut().rev() {
                    connection.send(rest)?;
                }
                // Each is closed as soon as it is answered: a server may wait for that.
                for (name, value, mut connection, _) in forms {
                    connection.reply()?.reports(&[(name.as_bytes(), value.as_bytes())])?;
                }
                Ok(())
            }),
        },
        Check {
            id: "form-of-another-type",
            title: "Content that is not a form is refused, or reported as no fields",
            why: "A server that guesses the type can be made to guess wrong, and scripts of other sites rely on that.",
            requirement: rule(&["form-tp-05", "contract-form-02"]).counts(),
            hint: "Check what the form handler does before it chooses a parser.",
            mutant: hears(
                "Content-Type: application/json",
                "Content-Type: application/x-www-form-urlencoded",
            ),
            run: Act(|client| {
                client.needs_refusals()?;
                client.each(["{\"a\":\"b\"}", "a=b"], |content| {
                    let reply = client.submit("application/json", content)?;
                    reply.reports_or_refuses(&[vec![]])
                })
            }),
        },
        Check {
            id: "form-text-plain",
            title: "A text/plain form is read line by line, and nothing in it is decoded",
            why: "Plus and percent signs mean themselves in such a form, and an ampersand separates nothing.",
            requirement: rule(&["form-tp-02", "form-tp-01"]).warns(),
            hint: "See which parser gets the content of a text/plain form.",
            mutant: hears("Content-Type: text/plain", "Content-Type: application/x-www-form-urlencoded"),
            run: Act(|client| {
                let reply = client.submit("text/plain", "a=1 + 2&b=%41\r\nc=x=y\r\n")?;
                reply.reports(&[(b"a", b"1 + 2&b=%41"), (b"c", b"x=y")])
            }),
        },
    ],
};

/// A request for the page, as a browser sends it.
fn page(start: &str, upload: &str) -> String {
    let content = match upload.len() {
        0 => String::new(),
        length => {
            format!("Content-Type: multipart/form-data; boundary=edge\r\nContent-Length: {length}\r\n")
        }
    };
    let accept = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
    format!("{start} HTTP/1.1\r\nHost: {{host}}\r\nAccept: {accept}\r\n{content}\r\n{upload}")
}
