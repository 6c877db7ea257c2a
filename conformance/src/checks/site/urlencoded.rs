//! application/x-www-form-urlencoded: what + and % stand for.

use proptest::collection;

use crate::check::Level::{Must, Should};
use crate::check::Run::Act;
use crate::check::{Chapter, Check, Turn, contract, rfc9110, url_standard};
use crate::client::browser::URLENCODED;
use crate::client::capability::Capability::Form;
use crate::client::property::{for_all, octets};
use crate::judge::form::FormField;
use crate::mutant::hears;

/// The chapter.
pub const CHAPTER: Chapter = Chapter {
    id: "urlencoded",
    title: "Urlencoded forms",
    needs: &["form-in-body"],
    turn: Turn::Beside,
    checks: &[
        Check {
            id: "urlencoded-plus",
            title: "A plus sign stands for a space, in names and in values",
            why: "Browsers write a space as a plus sign. Left alone, every sentence that a user types has pluses.",
            requirement: url_standard("5.1", Must, &["form-url-02"]),
            hint: "Look at what your decoder makes of a plus sign.",
            mutant: hears("a+b=c+d", "a%2bb=c"),
            run: Act(|client| {
                let reply = client.submit(URLENCODED, "a+b=c+d")?;
                reply.reports(&[(b"a b", b"c d")])
            }),
        },
        Check {
            id: "urlencoded-percent",
            title: "Percent and two hex digits, in either case, stand for one octet",
            why: "A plus sign that was typed arrives as %2B. Decoded in the wrong order it turns into a space.",
            requirement: url_standard("5.1", Must, &["form-url-03", "form-url-05"]),
            hint: "Look at the order in which plus signs and percent signs are replaced.",
            mutant: hears("a%2Bb%20c", "a+++b%20c"),
            run: Act(|client| {
                client.submit(URLENCODED, "x=a%2Bb%20c")?.reports(&[(b"x", b"a+b c")])?;
                client.submit(URLENCODED, "%6a=%4a%4A%c3%A9")?.reports(&[(b"j", "JJ\u{e9}".as_bytes())])
            }),
        },
        Check {
            id: "urlencoded-split-first",
            title: "A form is split before it is decoded, and decoded once",
            why: "An ampersand or an equals sign that a user typed must not start another field.",
            requirement: url_standard("5.1", Must, &["form-url-04", "form-url-25"]),
            hint: "Look at whether decoding comes before or after splitting, and how often it happens.",
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
            title: "Fields of the same name are all kept, in their order",
            why: "Check boxes and lists that allow several choices send one field for each choice.",
            requirement: url_standard("5.1", Must, &["form-url-01", "form-url-06"]),
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
            why: "A text box that was left empty is sent. Programs tell it from a text box that was not there.",
            requirement: url_standard("5.1", Must, &["form-url-07", "form-url-09"]),
            hint: "Look at what your parser does with a field that has nothing behind its equals sign, or none.",
            mutant: hears("flag&a=", "flag&&&"),
            run: Act(|client| {
                let reply = client.submit(URLENCODED, "flag&a=&b=x")?;
                reply.reports(&[(b"flag", b""), (b"a", b""), (b"b", b"x")])
            }),
        },
        Check {
            id: "urlencoded-empty-name",
            title: "A field without a name is reported with an empty name",
            why: "What was sent is for the program behind the form to judge, not for its parser to drop.",
            requirement: url_standard("5.1", Should, &["form-url-08"]),
            hint: "Look at what your parser does with an equals sign that has nothing before it.",
            mutant: hears("=value&b=x", "&&&&&&&b=x"),
            run: Act(|client| {
                let reply = client.submit(URLENCODED, "=value&b=x")?;
                reply.reports(&[(b"", b"value"), (b"b", b"x")])
            }),
        },
        Check {
            id: "urlencoded-first-equals",
            title: "Only the first equals sign separates name and value",
            why: "Values hold equals signs of their own: formulas, addresses, base64.",
            requirement: url_standard("5.1", Must, &["form-url-10"]),
            hint: "Look at how a field is split into name and value.",
            mutant: hears("a==b=c", "a=b==="),
            run: Act(|client| {
                let reply = client.submit(URLENCODED, "a==b=c")?;
                reply.reports(&[(b"a", b"=b=c")])
            }),
        },
        Check {
            id: "urlencoded-empty-sequences",
            title: "Nothing between two ampersands is no field",
            why: "Forms put together by scripts have stray ampersands at the beginning, the end and in between.",
            requirement: url_standard("5.1", Must, &["form-url-11"]),
            hint: "Look at what your parser makes of an empty piece between two ampersands.",
            mutant: hears("&&a=b&&c=d&", "=&a=b&=&c=d"),
            run: Act(|client| {
                let reply = client.submit(URLENCODED, "&&a=b&&c=d&")?;
                reply.reports(&[(b"a", b"b"), (b"c", b"d")])
            }),
        },
        Check {
            id: "urlencoded-semicolon",
            title: "A semicolon is data and separates nothing",
            why: "Where one parser splits at semicolons and another does not, fields can be smuggled past the first.",
            requirement: url_standard("5.1", Must, &["form-url-20"]),
            hint: "Look at the characters at which your parser splits.",
            mutant: hears("a=1;b=2&c=3", "a=1&b=2&c=3"),
            run: Act(|client| {
                let reply = client.submit(URLENCODED, "a=1;b=2&c=3")?;
                reply.reports(&[(b"a", b"1;b=2"), (b"c", b"3")])
            }),
        },
        Check {
            id: "urlencoded-media-type",
            title: "The media type may have parameters",
            why: "Many clients add a charset to the type of a form. Compared as a whole, the type matches nothing.",
            requirement: rfc9110("8.3.1", Must, &["form-url-21"]),
            hint: "Look at how Content-Type is compared.",
            mutant: hears("urlencoded; charset", "urlencoded-; harset"),
            run: Act(|client| {
                for media_type in [
                    "application/x-www-form-urlencoded; charset=UTF-8",
                    "application/x-www-form-urlencoded;charset=utf-8",
                ] {
                    let reply = client.submit(media_type, "a=%C3%A9")?;
                    reply.reports(&[(b"a", "\u{e9}".as_bytes())])?;
                }
                Ok(())
            }),
        },
        Check {
            id: "urlencoded-type-case",
            title: "The media type of a form is known in any case",
            why: "Media types are compared without case, so some clients write them with capitals.",
            requirement: rfc9110("8.3.1", Should, &["form-url-22", "form-mp-27"]),
            hint: "Look at how Content-Type is compared.",
            mutant: hears("Application/X-WWW-Form", "Application/XXXX-Form"),
            run: Act(|client| {
                let part = "--edge\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--edge--\r\n";
                client.submit("Multipart/Form-Data; boundary=edge", part)?.reports(&[(b"a", b"1")])?;
                client.submit("Application/X-WWW-Form-URLencoded", "a=b")?.reports(&[(b"a", b"b")])
            }),
        },
        Check {
            id: "urlencoded-control-characters",
            title: "Line breaks in a value are kept, and a NUL cuts nothing off",
            why: "A text area sends line breaks. A value cut at a NUL passes one test and means something else later.",
            requirement: url_standard("5.1", Must, &["form-url-18", "form-url-19"]),
            hint: "Look at what happens to control characters between the decoder and the report.",
            mutant: hears("a=x%00y&b=z", "a=x&&&&&b=z"),
            run: Act(|client| {
                client.submit(URLENCODED, "a=l1%0D%0Al2%0A")?.reports(&[(b"a", b"l1\r\nl2\n")])?;
                let kept = vec![FormField::text("a", "x\0y"), FormField::text("b", "z")];
                client.submit(URLENCODED, "a=x%00y&b=z")?.reports_or_refuses(&[kept])
            }),
        },
        Check {
            id: "urlencoded-bad-escapes",
            title: "A percent sign without two hex digits stands for itself, or the form is refused",
            why: "Hand-made links say \"100%\". A parser that skips or guesses changes what they mean.",
            requirement: url_standard("5.1", Should, &["form-url-14"]),
            hint: "Look at what your decoder does at the end of its input and with digits that are none.",
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
            title: "Brackets, dots and question marks in a name mean nothing special",
            why: "That \"a[]\" is a list is a custom of one language. A server that follows it loses the name.",
            requirement: url_standard("5.1", Should, &["form-url-26", "form-url-28"]),
            hint: "Look at what your parser does to names after decoding.",
            mutant: hears("a%5B%5D=1&a%5B%5D=2", "a=1&a=2&&&&&&&&&&&&"),
            run: Act(|client| {
                client.submit(URLENCODED, "a%5B%5D=1&a%5B%5D=2&x.y=3&a[k]=4")?.reports(&[
                    (b"a[]", b"1"),
                    (b"a[]", b"2"),
                    (b"x.y", b"3"),
                    (b"a[k]", b"4"),
                ])?;
                client.submit(URLENCODED, "?a=b")?.reports(&[(b"?a", b"b")])
            }),
        },
        Check {
            id: "urlencoded-many-fields",
            title: "A thousand fields arrive, or the form is refused",
            why: "A limit protects the server. A limit that drops fields without a word loses what users typed.",
            requirement: url_standard("5.1", Should, &["form-url-30"]),
            hint: "Look for a limit on the number of fields, and at what the client hears of it.",
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
            title: "Names and values of any octets come back octet by octet, or the form is refused",
            why: "Not every client writes UTF-8. What is replaced while it is parsed can't be recovered later.",
            requirement: contract("", Should, &["form-url-16"]),
            hint: "Look at where your parser turns octets into text.",
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
