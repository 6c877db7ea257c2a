//! application/x-www-form-urlencoded: what + and % mean.

use proptest::collection;

use crate::check::Body::Act;
use crate::check::{Chapter, Check, Turn, rule};
use crate::client::browser::URLENCODED;
use crate::client::capability::Capability::Form;
use crate::client::property::{for_all, octets};
use crate::judge::form::FormField;
use crate::mutant::hears;

/// The chapter.
pub const CHAPTER: Chapter = Chapter {
    id: "urlencoded",
    title: "Urlencoded forms",
    kept_in: &["servers/src/form/urlencoded.rs"],
    needs: &["form-in-body"],
    turn: Turn::Beside,
    checks: &[
        Check {
            id: "urlencoded-plus",
            title: "A plus sign means a space, in names and in values",
            why: "Browsers write a space as a plus sign; left alone, every sentence that a user types is full of pluses.",
            requirement: rule(&["form-url-02"]).counts(),
            hint: "Check what your decoder makes of a plus sign.",
            mutant: hears("a+b=c+d", "a%2bb=c"),
            run: Act(|client| {
                let reply = client.submit(URLENCODED, "a+b=c+d")?;
                reply.reports(&[(b"a b", b"c d")])
            }),
        },
        Check {
            id: "urlencoded-percent",
            title: "A percent sign and two hex digits, in either case, mean one byte",
            why: "A plus sign that a user typed arrives as %2B, and decoded in the wrong order it becomes a space.",
            requirement: rule(&["form-url-03", "form-url-05"]).counts(),
            hint: "Find out whether plus signs or percent signs are replaced first.",
            mutant: hears("a%2Bb%20c", "a+++b%20c"),
            run: Act(|client| {
                let forms = [("x=a%2Bb%20c", "x", "a+b c"), ("%6a=%4a%4A%c3%A9", "j", "JJ\u{e9}")];
                client.each(forms, |(form, name, value)| {
                    client.submit(URLENCODED, form)?.reports(&[(name.as_bytes(), value.as_bytes())])
                })
            }),
        },
        Check {
            id: "urlencoded-split-first",
            title: "A form is split before it is decoded, and decoded once",
            why: "An ampersand or an equals sign that a user typed must not start another field.",
            requirement: rule(&["form-url-04", "form-url-25"]).counts(),
            hint: "Count how often each field is decoded, and note when the form is split.",
            mutant: hears("%2541", "%41=="),
            run: Act(|client| {
                client
                    .submit(URLENCODED, "a%26b=c%3Dd&e=%2541")?
                    .reports(&[(b"a&b", b"c=d"), (b"e", b"%41")])?;
                client.submit(URLENCODED, "a=%26%23601%3B")?.reports(&[(b"a", b"&#601;")])
            }),
        },
        Check {
            id: "urlencoded-repeated-names",
            title: "Fields with the same name are all kept, in their order",
            why: "Check boxes and lists that allow several choices send one field for each choice.",
            requirement: rule(&["form-url-06", "form-url-01"]).counts(),
            hint: "Look at the type that holds the parsed fields.",
            mutant: hears("a=1&b=2&a=3&a=1", "a=1&b=2&&&&&a=1"),
            run: Act(|client| {
                let sent = [("a", "1"), ("b", "2"), ("a", "3"), ("a", "1")]
                    .map(|(name, value)| FormField::text(name, value));
                client.browser()?.post(&sent)?.reports_one_of(&[sent.to_vec()])
            }),
        },
        Check {
            id: "urlencoded-empty-value",
            title: "A field without a value is reported with an empty value",
            why: "Programs have to distinguish an empty text box from one that was not sent.",
            requirement: rule(&["form-url-07", "form-url-09"]).counts(),
            hint: "Try a field that ends in its equals sign, and one that has no equals sign.",
            mutant: hears("flag&a=", "flag&&&"),
            run: Act(|client| {
                let reply = client.submit(URLENCODED, "flag&a=&b=x")?;
                reply.reports(&[(b"flag", b""), (b"a", b""), (b"b", b"x")])?;
                client.submit(URLENCODED, "a=1&flag")?.reports(&[(b"a", b"1"), (b"flag", b"")])?;
                client.submit(URLENCODED, "a=1&b=")?.reports(&[(b"a", b"1"), (b"b", b"")])
            }),
        },
        Check {
            id: "urlencoded-empty-name",
            title: "A field without a name is reported with an empty name",
            why: "The program that reads the form should judge what was sent; a parser that drops it hides it.",
            requirement: rule(&["form-url-08", "form-url-12"]).warns().because("Browsers do not send inputs without a name, so users lose nothing."),
            hint: "Trace an equals sign with nothing before it through your parser.",
            mutant: hears("=value&b=x", "&&&&&&&b=x"),
            run: Act(|client| {
                let reply = client.submit(URLENCODED, "=value&b=x")?;
                reply.reports(&[(b"", b"value"), (b"b", b"x")])?;
                client.submit(URLENCODED, "=")?.reports(&[(b"", b"")])
            }),
        },
        Check {
            id: "urlencoded-first-equals",
            title: "Only the first equals sign separates name and value",
            why: "Values contain equals signs of their own: formulas, addresses, base64.",
            requirement: rule(&["form-url-10"]).counts(),
            hint: "Check how a field is split into name and value.",
            mutant: hears("a==b=c", "a=b==="),
            run: Act(|client| {
                let reply = client.submit(URLENCODED, "a==b=c")?;
                reply.reports(&[(b"a", b"=b=c")])
            }),
        },
        Check {
            id: "urlencoded-empty-sequences",
            title: "An empty piece between two ampersands is skipped, not reported as a field",
            why: "Scripts that build forms leave stray ampersands at the beginning, at the end and in between.",
            requirement: rule(&["form-url-11"]).counts(),
            hint: "See what your parser makes of an empty piece between two ampersands.",
            mutant: hears("&&a=b&&c=d&", "=&a=b&=&c=d"),
            run: Act(|client| {
                let reply = client.submit(URLENCODED, "&&a=b&&c=d&")?;
                reply.reports(&[(b"a", b"b"), (b"c", b"d")])
            }),
        },
        Check {
            id: "urlencoded-semicolon",
            title: "A semicolon is data and separates nothing",
            why: "If one parser splits at semicolons and another does not, an attacker can smuggle fields past the first.",
            requirement: rule(&["form-url-20"]).counts(),
            hint: "List the characters at which your parser splits.",
            mutant: hears("a=1;b=2&c=3", "a=1&b=2&c=3"),
            run: Act(|client| {
                let reply = client.submit(URLENCODED, "a=1;b=2&c=3")?;
                reply.reports(&[(b"a", b"1;b=2"), (b"c", b"3")])?;
                // Without any ampersand a parser may guess.
                client.submit(URLENCODED, "a=1;b=2")?.reports(&[(b"a", b"1;b=2")])
            }),
        },
        Check {
            id: "form-charset-field",
            title: "A field named _charset_ is reported like any other, and changes no other one",
            why: "Browsers fill it in with the name of the charset; for whoever reads the form it is one more field.",
            requirement: rule(&["contract-form-02", "contract-form-04"]).counts(),
            hint: "Search your parser, and the library under it, for names that it treats in a way of their own.",
            mutant: hears("_charset_=", "_chorset_="),
            run: Act(|client| {
                let sent = [("_charset_", "utf-8"), ("a", "\u{e9}")];
                let sent = sent.map(|(name, value)| FormField::text(name, value));
                client.submit(URLENCODED, "_charset_=utf-8&a=%C3%A9")?.reports_one_of(&[sent.to_vec()])
            }),
        },
        Check {
            id: "urlencoded-media-type",
            title: "The media type of a form may have a charset parameter",
            why: "Many clients add a charset to the type, and a server that compares the whole value finds no form.",
            requirement: rule(&["form-url-21"]).counts(),
            hint: "Print the Content-Type that arrives, next to the text that it is compared with.",
            mutant: hears("urlencoded; charset", "urlencoded-; harset"),
            run: Act(|client| {
                let media_types = [
                    "application/x-www-form-urlencoded; charset=UTF-8",
                    "application/x-www-form-urlencoded;charset=utf-8",
                ];
                client.each(media_types, |media_type| {
                    let reply = client.submit(media_type, "a=%C3%A9")?;
                    reply.reports(&[(b"a", "\u{e9}".as_bytes())])
                })
            }),
        },
        Check {
            id: "urlencoded-type-case",
            title: "The media type of an urlencoded form is recognized in upper and lower case",
            why: "Media types are compared without regard to case, so some clients write them with capitals.",
            requirement: rule(&["form-url-22"]).warns().because("Browsers and common clients write the types of forms in lower case."),
            hint: "Compare Content-Type in your code with one that is written in capitals.",
            mutant: hears("Application/X-WWW-Form-URLencoded", "application/octet-stream"),
            run: Act(|client| {
                client.submit("Application/X-WWW-Form-URLencoded", "a=b")?.reports(&[(b"a", b"b")])
            }),
        },
        Check {
            id: "urlencoded-control-characters",
            title: "Line breaks in a value are kept, and a NUL is kept or refused",
            why: "A text area sends line breaks, and a value that is cut at a NUL means one thing to a filter and another later.",
            requirement: rule(&["form-url-18", "form-url-19"]).counts(),
            hint: "Follow a control character from the decoder to the report.",
            mutant: hears("a=x%00y&b=z", "a=x&&&&&b=z"),
            run: Act(|client| {
                client.submit(URLENCODED, "a=l1%0D%0Al2%0A")?.reports(&[(b"a", b"l1\r\nl2\n")])?;
                let kept = vec![FormField::text("a", "x\0y"), FormField::text("b", "z")];
                client.submit(URLENCODED, "a=x%00y&b=z")?.reports_or_refuses(&[kept])
            }),
        },
        Check {
            id: "urlencoded-bad-escapes",
            title: "A percent sign without two hex digits means itself, or the form is refused",
            why: "Links written by hand say \"100%\", and a parser that skips or guesses changes what they mean.",
            requirement: rule(&["form-url-14"]).warns(),
            hint: "Step through your decoder at the end of its input, and with characters that are not hex digits.",
            mutant: hears("b=%zz&", "b=zz&&"),
            run: Act(|client| {
                let kept = [("a", "%"), ("b", "%zz"), ("c", "%2"), ("d", "%*")];
                let kept = kept.map(|(name, value)| FormField::text(name, value));
                let reply = client.submit(URLENCODED, "a=%&b=%zz&c=%2&d=%%2a")?;
                reply.reports_or_refuses(&[kept.to_vec()])
            }),
        },
        Check {
            id: "urlencoded-plain-names",
            title: "Brackets, dots and question marks in a name have no special meaning",
            why: "Reading \"a[]\" as a list is a custom of one language, and a server that follows it loses the name.",
            requirement: rule(&["form-url-28", "form-url-26"]).warns(),
            hint: "Check what your parser does to names after it has decoded them.",
            mutant: hears("a%5B%5D=1", "a=1&&&&&&"),
            run: Act(|client| {
                // No two names are equal: that is another matter.
                client.submit(URLENCODED, "a%5B%5D=1&x.y=3&a[k]=4")?.reports(&[
                    (b"a[]", b"1"),
                    (b"x.y", b"3"),
                    (b"a[k]", b"4"),
                ])?;
                client.submit(URLENCODED, "?a=b")?.reports(&[(b"?a", b"b")])
            }),
        },
        Check {
            id: "urlencoded-many-fields",
            title: "A form of a thousand fields is reported whole, or refused",
            why: "A limit protects the server, but one that silently drops fields loses what users typed.",
            requirement: rule(&["form-url-30"]).warns(),
            hint: "Search for a limit on the number of fields, and see what a client hears of it.",
            mutant: hears("&f999=999", "&&&&&&&&&"),
            run: Act(|client| {
                let pairs: Vec<String> = (0..1000).map(|at| format!("f{at}={at}")).collect();
                let sent = (0..1000).map(|at| FormField::text(format!("f{at}"), at.to_string()));
                let reply = client.submit(URLENCODED, pairs.join("&"))?;
                reply.reports_or_refuses(&[sent.collect()])
            }),
        },
        Check {
            id: "urlencoded-any-octets",
            title: "Any bytes in names and values come back unchanged, or the form is refused",
            why: "Not every client writes UTF-8, and a byte that the parser replaces is lost for good.",
            requirement: rule(&["contract-form-04", "form-url-16"]).warns().because("The URL Standard itself decodes fields as UTF-8, which replaces such bytes, and browsers send only UTF-8."),
            hint: "Find the place where your parser turns bytes into text.",
            mutant: hears("%FF", "%3F"),
            run: Act(|client| {
                client.needs(Form)?;
                for_all(client, collection::vec((octets(), octets()), 1..4), |client, pairs| {
                    let encode = |(name, value): &(Vec<u8>, Vec<u8>)| {
                        format!("a{}={}", percent_encode(name), percent_encode(value))
                    };
                    let content: Vec<String> = pairs.iter().map(encode).collect();
                    let sent =
                        pairs.iter().map(|(name, value)| FormField::text([b"a", &name[..]].concat(), value));
                    client.submit(URLENCODED, content.join("&"))?.reports_or_refuses(&[sent.collect()])
                })
            }),
        },
    ],
};

/// Every octet as an escape.
fn percent_encode(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("%{octet:02X}")).collect()
}
