//! multipart/form-data: fields and files, octet for octet.

use crate::check::Body::Act;
use crate::check::{Chapter, Check, Turn, rule};
use crate::client::browser::{MULTIPART, multipart, post, text_file};
use crate::client::capability::Capability::Form;
use crate::client::property::{files, for_all};
use crate::judge::form::FormField;
use crate::mutant::{hears, instead_of};

/// The chapter.
pub const CHAPTER: Chapter = Chapter {
    id: "multipart",
    title: "Multipart forms",
    kept_in: &["servers/src/form/multipart.rs"],
    needs: &["form-in-body", "multipart-file"],
    turn: Turn::Beside,
    checks: &[
        Check {
            id: "multipart-file",
            title: "A file in a form is reported with its name, its type and its content",
            why: "A form has no other way to send a file.",
            requirement: rule(&["contract-form-06", "form-mp-01", "form-mp-02"]).counts(),
            hint: "Compare the content in the record with the example in RFC 7578, line by line.",
            mutant: hears("filename=\"notes.txt\"", "finename=\"notes.txt\""),
            run: Act(|client| {
                let sent = [
                    FormField::text("title", client.token()),
                    FormField::file("upload", "notes.txt", "text/plain", "two words"),
                    FormField::text("after", "2"),
                ];
                client.browser()?.upload(&sent)?.reports_one_of(&[sent.to_vec()])
            }),
        },
        Check {
            id: "multipart-same-name",
            title: "Parts with the same name are all kept, files included",
            why: "A file input that accepts several files sends them all under one name.",
            requirement: rule(&["form-mp-05", "form-mp-04"]).counts(),
            hint: "Look at the type that holds the parsed parts.",
            mutant: hears("name=\"f\"; filename=\"2.txt\"", "name=\"g\"; filename=\"2.txt\""),
            run: Act(|client| {
                let sent = [
                    FormField::text("a", "1"),
                    FormField::file("f", "1.txt", "text/plain", "one"),
                    FormField::text("a", "2"),
                    FormField::file("f", "2.txt", "text/plain", "two"),
                ];
                client.browser()?.upload(&sent)?.reports_one_of(&[sent.to_vec()])
            }),
        },
        Check {
            id: "multipart-empty",
            title: "An empty value and an empty file are reported as empty",
            why: "With nothing between two line breaks, many parsers read one of these as the value.",
            requirement: rule(&["form-mp-06", "form-mp-08"]).counts(),
            hint: "Count the bytes between the empty line of a part and the next delimiter.",
            mutant: hears("name=\"empty\"\r\n\r\n\r\n", "name=\"emp\"\r\n\r\n\r\n\r\n"),
            run: Act(|client| {
                let sent = [FormField::text("empty", ""), FormField::file("f", "e.txt", "text/plain", "")];
                client.browser()?.upload(&sent)?.reports_one_of(&[sent.to_vec()])
            }),
        },
        Check {
            id: "multipart-all-octets",
            title: "A file with all 256 byte values arrives unchanged",
            why: "A picture that is read as text is broken: line ends change, and invalid UTF-8 is replaced.",
            requirement: rule(&["form-mp-09", "form-http-02"]).counts(),
            hint: "Search for a place where the content of a part is handled as text.",
            mutant: hears("\n\x0b\x0c\r\x0e", "\n\x0b\x0c\n\x0e"),
            run: Act(|client| {
                let content: Vec<u8> = (0..1024).map(|at| (at % 256) as u8).collect();
                let sent = FormField::file("f", "b.bin", "application/octet-stream", content);
                client.browser()?.upload(std::slice::from_ref(&sent))?.reports_one_of(&[vec![sent]])
            }),
        },
        Check {
            id: "multipart-line-ends",
            title: "Line ends and spaces in a value are kept, even at its beginning and end",
            why: "Only the line break before a delimiter belongs to the delimiter; more trimming changes what was sent.",
            requirement: rule(&["form-mp-12", "form-mp-11", "form-mp-13"]).counts(),
            hint: "Count how many bytes your parser cuts off before a delimiter.",
            mutant: hears("x\r\n\r\n--edge--", "x\r\n--edge--\r\n"),
            run: Act(|client| {
                client.each(["l1\r\nl2\r\n\r\nl4", "x\r\n", "\r\nx", "x\r", "x\n", " x "], |value| {
                    let reply = client.submit(MULTIPART, multipart(&[(A, value)]))?;
                    reply.reports(&[(b"a", value.as_bytes())])
                })
            }),
        },
        Check {
            id: "multipart-lookalikes",
            title: "Lines that only look like a delimiter are content",
            why: "Files contain hyphens and lines that resemble the delimiter, and a parser that stops there cuts them off.",
            requirement: rule(&["form-mp-14", "form-mp-18"]).counts(),
            hint: "Check what your parser demands before and after the boundary in order to stop.",
            mutant: hears("-edge\r\nedge\r\n--\r\n", "\r\n--edge\r\n      "),
            run: Act(|client| {
                client.each(["--edg\r\n-edge\r\nedge\r\n--\r\n---", "--", "\r\n--edg"], |value| {
                    let reply = client.submit(MULTIPART, multipart(&[(A, value), (B, "ok")]))?;
                    reply.reports(&[(b"a", value.as_bytes()), (b"b", b"ok")])
                })
            }),
        },
        Check {
            id: "multipart-mid-line",
            title: "The boundary in the middle of a line is content",
            why: "A parser that stops wherever it finds the boundary can be made to read one field as two.",
            requirement: rule(&["form-mp-15"]).warns().because("Clients choose boundaries that their content does not contain, so users never meet this by accident."),
            hint: "Test what your parser demands before a delimiter.",
            mutant: hears("x--edge y", "x\r\n--edge"),
            run: Act(|client| {
                client.each(["x--edge y", "x\r\n --edge\r\ny"], |value| {
                    let reply = client.submit(MULTIPART, multipart(&[(A, value), (B, "ok")]))?;
                    reply.reports(&[(b"a", value.as_bytes()), (b"b", b"ok")])
                })
            }),
        },
        Check {
            id: "multipart-boundaries",
            title: "Every kind of boundary that browsers and the RFC allow works",
            why: "Each client makes up its own boundary: with hyphens, in quotes, up to 70 characters long.",
            requirement: rule(&["form-mp-20", "form-mp-19", "form-mp-22", "form-mp-25", "form-mp-26", "form-mp-27"]).counts(),
            hint: "Print the boundary that your parser finds in Content-Type.",
            mutant: hears("boundary=\"0'()+_,-./:=?Z\"", "boundary=\"0'()+_,-./ =?Z\""),
            run: Act(|client| {
                let long = "b".repeat(70);
                let cases = [
                    ("boundary=\"edge\"", "edge"),
                    ("charset=utf-8; BOUNDARY=edge", "edge"),
                    ("boundary=\"0'()+_,-./:=?Z\"", "0'()+_,-./:=?Z"),
                    (&format!("boundary={long}"), &long),
                    ("boundary=----WebKitFormBoundary7MA4YWxkT", "----WebKitFormBoundary7MA4YWxkT"),
                    ("boundary=------------------905191404154484", "------------------905191404154484"),
                ];
                client.each(cases, |(parameter, boundary)| {
                    let content = multipart(&[(A, "1")]).replace("edge", boundary);
                    let reply = client.submit(&format!("multipart/form-data; {parameter}"), content)?;
                    reply.reports(&[(b"a", b"1")])
                })
            }),
        },
        Check {
            id: "multipart-outside",
            title: "Text before the first delimiter or after the last never becomes part of a field",
            why: "Some clients begin with a line break or end without one, and neither belongs to a field.",
            requirement: rule(&["form-mp-32", "form-mp-33", "form-mp-34", "form-mp-35"]).counts(),
            hint: "See where your parser starts, and what it needs to find after the last delimiter.",
            mutant: hears("of two lines\r\n--edge", "of two lines, --edge"),
            run: Act(|client| {
                let plain = multipart(&[(A, "1")]);
                let contents = [
                    format!("A preamble\r\nof two lines\r\n{plain}"),
                    format!("\r\n{plain}"),
                    plain.trim_end().into(),
                ];
                client.each(contents, |content| client.submit(MULTIPART, content)?.reports(&[(b"a", b"1")]))?;
                let kept = vec![FormField::text("a", "1")];
                client.submit(MULTIPART, format!("{plain}epilogue"))?.reports_or_refuses(&[kept])
            }),
        },
        Check {
            id: "multipart-part-fields",
            title: "The header fields of a part work in any order, case and spacing; unknown ones are ignored",
            why: "Clients differ in spaces, order and extra fields; some even send a wrong Content-Length in a part.",
            requirement: rule(&["form-mp-51", "form-mp-50", "form-mp-53", "form-mp-55", "form-mp-61"]).counts(),
            hint: "Trace how your parser finds the fields of a part and the parameters in them.",
            mutant: hears("Content-Type:text/plain", "X-Content-Typ:text/html"),
            run: Act(|client| {
                let file = vec![FormField::file("a", "x.txt", "text/plain", "1")];
                let heads = [
                    "Content-Disposition:form-data;name=\"a\";filename=\"x.txt\"\r\nContent-Type:text/plain",
                    "Content-Disposition: form-data; filename=\"x.txt\"; name=\"a\"\r\nContent-Type: text/plain",
                    "Content-Type: text/plain\r\nCONTENT-disposition: form-data; name=\"a\"; filename=\"x.txt\"",
                    "X-Other: y\r\nContent-Disposition: form-data; name=\"a\"; filename=\"x.txt\"\r\n\
                     Content-Type: text/plain",
                ];
                client.each(heads, |head| {
                    let reply = client.submit(MULTIPART, multipart(&[(head, "1")]))?;
                    reply.reports_one_of(std::slice::from_ref(&file))
                })?;
                let wrong_length = format!("{A}\r\nContent-Length: 99");
                let kept = vec![FormField::text("a", "1")];
                client.submit(MULTIPART, multipart(&[(&wrong_length, "1")]))?.reports_or_refuses(&[kept])
            }),
        },
        Check {
            id: "multipart-utf8",
            title: "Names, file names and values in UTF-8 come back as they were sent",
            why: "Most people's names do not fit into ASCII.",
            requirement: rule(&["form-mp-60", "form-fn-01", "form-fn-08"]).counts(),
            hint: "Find out which character encoding your parser uses for the head of a part.",
            mutant: hears("na\u{ef}ve", "naive "),
            run: Act(|client| {
                let file = "\u{6587}\u{6863}; v=2 \u{e9}.pdf";
                let sent = [
                    FormField::text("na\u{ef}ve", "\u{20ac} \u{1f4a9}"),
                    FormField::file("f", file, "application/pdf", "1"),
                ];
                client.browser()?.upload(&sent)?.reports_one_of(&[sent.to_vec()])
            }),
        },
        Check {
            id: "multipart-browser-escapes",
            title: "Quotes and line breaks that a browser escapes in a name are kept escaped, or decoded",
            why: "Browsers write a quote in a file name as %22; a parser that changes more of it loses the name.",
            requirement: rule(&["form-fn-02", "form-fn-03", "form-fn-15"]).counts(),
            hint: "Check what your parser does with percent signs in names and file names.",
            mutant: hears("q%22.txt", "q%%%.txt"),
            run: Act(|client| {
                client.each([("q%22.txt", "q\".txt"), ("l%0D%0A.txt", "l\r\n.txt")], |(sent, decoded)| {
                    let allowed = [sent, decoded].map(FormField::lone_file);
                    let reply = client.submit(MULTIPART, multipart(&[(&text_file(sent), "1")]))?;
                    reply.reports_one_of(&allowed)?;
                    if reply.reports_one_of(&allowed[1..]).is_ok() {
                        client.note("the percent escapes that browsers write into names are decoded");
                    }
                    Ok(())
                })?;
                let allowed = ["a%22b%0D%0Ac", "a\"b\r\nc", "a\"b%0D%0Ac"];
                let allowed = allowed.map(|name| vec![FormField::text(name, "1")]);
                let head = "Content-Disposition: form-data; name=\"a%22b%0D%0Ac\"";
                client.submit(MULTIPART, multipart(&[(head, "1")]))?.reports_one_of(&allowed)
            }),
        },
        Check {
            id: "multipart-file-name",
            title: "A file name comes back unchanged, as the last part of its path, or is refused",
            why: "Old clients send paths and attackers send \"../\", while a percent sign is just part of a name.",
            requirement: rule(&["form-fn-04"]).warns(),
            hint: "Try file names with backslashes, slashes and percent signs.",
            mutant: hears("C:\\dir\\x.txt", "C:dirx.txt  "),
            run: Act(|client| {
                let cases = [
                    ("100%41.txt", "100%41.txt"),
                    ("C:\\dir\\x.txt", "x.txt"),
                    ("../../etc/passwd", "passwd"),
                ];
                client.each(cases, |(name, base)| {
                    let allowed = [name, base].map(FormField::lone_file);
                    let reply = client.submit(MULTIPART, multipart(&[(&text_file(name), "1")]))?;
                    reply.reports_or_refuses(&allowed)?;
                    if name != base && reply.reports_one_of(&allowed[1..]).is_ok() {
                        client.note("only the last part of a file name with a path is reported");
                    }
                    Ok(())
                })
            }),
        },
        Check {
            id: "multipart-cut-short",
            title: "A form without its closing delimiter is refused",
            why: "It is the beginning of a longer form, and half a file that is stored as a whole one is lost data.",
            requirement: rule(&["contract-form-05", "form-mp-39", "form-mp-40", "form-mp-41"]).warns().because("Good parsers return the parts they have, and Content-Length already protects against lost connections."),
            hint: "Ask what your parser returns when the content ends inside a part.",
            mutant: hears("only half\r\n--e", "half\r\n--edge--"),
            run: Act(|client| {
                client.needs(Form)?;
                client.needs_refusals()?;
                client.twin(post(MULTIPART, multipart(&[(A, "1")])))?;
                let contents = [
                    format!("--edge\r\n{A}\r\n\r\nonly half\r\n--e"),
                    format!("--edge\r\n{A}\r\n\r\n1\r\n"),
                    "--edge\r\nContent-Dispo".into(),
                    format!("--edge\r\n{}\r\n\r\nhalf of a file", text_file("f.txt")),
                ];
                client.each(contents, |content| {
                    client.submit(MULTIPART, content)?.is_refusal()
                })
            }),
        },
        Check {
            id: "multipart-malformed",
            title: "A malformed form is answered, and not with a server error",
            why: "A parser that crashes on bad input takes the request with it, or the whole server.",
            requirement: rule(&["form-mp-30", "form-mp-49", "form-fn-16"]).counts(),
            hint: "Send the last request of the record again, and watch where your parser gives up.",
            mutant: instead_of("HTTP/1.1 400", "HTTP/1.1 500"),
            run: Act(|client| {
                let plain = multipart(&[(A, "1")]);
                let open_quote = "Content-Disposition: form-data; name=\"a\"; filename=\"x.txt";
                let cases = [
                    ("multipart/form-data", &plain),
                    ("multipart/form-data; boundary=\"\"", &plain.replace("edge", "")),
                    (MULTIPART, &String::new()),
                    (MULTIPART, &format!("--edge\r\n{A}\r\n--edge--\r\n")),
                    (MULTIPART, &multipart(&[(open_quote, "1")])),
                ];
                client.each(cases, |(media_type, content)| {
                    client.submit(media_type, content)?.is_no_server_error()
                })
            }),
        },
        Check {
            id: "multipart-other-boundary",
            title: "Content whose boundary is not the one in Content-Type has no fields, or is refused",
            why: "If one program compares boundaries by their case and another does not, the two see different forms.",
            requirement: rule(&["form-mp-28"]).warns().because("Only a client that contradicts itself sends this, and no user is harmed."),
            hint: "Ask what your parser returns when the first delimiter never comes.",
            mutant: hears("boundary=Edge", "boundary=edge"),
            run: Act(|client| {
                client.needs_refusals()?;
                let reply = client.submit("multipart/form-data; boundary=Edge", multipart(&[(A, "1")]))?;
                reply.reports_or_refuses(&[vec![]])
            }),
        },
        Check {
            id: "multipart-nameless",
            title: "A part without a name never becomes a field with a name, or the form is refused",
            why: "Filed under the name of another part, it changes what that part says.",
            requirement: rule(&["form-mp-44", "form-mp-46"]).warns(),
            hint: "Follow a part without Content-Disposition through your parser, and one without a name in it.",
            mutant: hears("Content-Description: form-data", "Content-Disposition: form-data"),
            run: Act(|client| {
                client.needs_refusals()?;
                let rest = vec![FormField::text("b", "2")];
                let other = multipart(&[("Content-Description: form-data; name=\"a\"", "1"), (B, "2")]);
                client.submit(MULTIPART, other)?.reports_or_refuses(std::slice::from_ref(&rest))?;
                let empty = vec![FormField::text("", "1"), FormField::text("b", "2")];
                let nameless = multipart(&[("Content-Disposition: form-data", "1"), (B, "2")]);
                client.submit(MULTIPART, nameless)?.reports_or_refuses(&[rest, empty])
            }),
        },
        Check {
            id: "multipart-octet-by-octet",
            title: "A form that arrives in single bytes is read like any other",
            why: "Networks split data anywhere, even in the middle of a delimiter.",
            requirement: rule(&["form-http-05"]).counts(),
            hint: "Step through your parser with a delimiter that is split over two reads.",
            mutant: hears("\r\nslow\r\n", "\r\nsl\r\n\r\n"),
            run: Act(|client| {
                client.needs(Form)?;
                let mut connection = client.connect()?;
                connection.send_singly(post(MULTIPART, multipart(&[(A, "slow"), (B, "--edg\r")])))?;
                connection.reply()?.reports(&[(b"a", b"slow"), (b"b", b"--edg\r")])
            }),
        },
        Check {
            id: "multipart-type-case",
            title: "The media type of a multipart form is recognized in upper and lower case",
            why: "A program that copies the type from its documentation may well begin its words with capitals.",
            requirement: rule(&["form-url-22"])
                .warns()
                .because("Browsers and common clients write the types of forms in lower case."),
            hint: "Print what your code compares the type with, and what it got.",
            mutant: hears("Multipart/Form-Data", "application/octet-stream"),
            run: Act(|client| {
                client.submit("Multipart/Form-Data; boundary=edge", multipart(&[(A, "1")]))?.reports(&[(b"a", b"1")])
            }),
        },
        Check {
            id: "multipart-near-misses",
            title: "A large file full of near misses of the delimiter soon arrives whole, or is refused",
            why: "A parser that starts over at each near miss needs minutes for a form that anybody can send.",
            requirement: rule(&["form-mp-70", "form-http-25"]).counts(),
            hint: "Look at how your parser continues after bytes that only begin like a delimiter.",
            mutant: hears("end\r\n--edge--", "\r\n--edge--   "),
            run: Act(|client| {
                let content = "\r\n--edgy\r\n-\r\n--".repeat(16 * 1024) + "end";
                let reply = client.submit(MULTIPART, multipart(&[(&text_file("n.txt"), &content)]))?;
                reply.reports_or_refuses(&[vec![FormField::file("f", "n.txt", "text/plain", content)]])
            }),
        },
        Check {
            id: "multipart-any",
            title: "Whatever is in fields and files comes back unchanged",
            why: "Users upload what they have: empty files, files full of line breaks, files of any bytes.",
            requirement: rule(&["form-mp-09", "form-mp-11", "form-mp-12"]).counts(),
            hint: "Compare the bytes right before and after the content of the part that differs.",
            mutant: hears("\0", " "),
            run: Act(|client| {
                client.needs(Form)?;
                for_all(client, files(), |client, sent| {
                    client.browser()?.upload(&sent)?.reports_one_of(&[sent])
                })
            }),
        },
    ],
};

const A: &str = "Content-Disposition: form-data; name=\"a\"";

const B: &str = "Content-Disposition: form-data; name=\"b\"";
