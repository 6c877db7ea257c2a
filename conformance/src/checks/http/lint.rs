//! What holds for the head of every response: judged on all responses that any check receives.

use crate::check::Body::Judge;
use crate::check::{Chapter, Check, Turn, rule};
use crate::judge::lint;
use crate::mutant::{instead_of, replies};

/// The chapter.
pub const CHAPTER: Chapter = Chapter {
    id: "lint",
    title: "Every response: its head",
    kept_in: &["servers/src/http/encode.rs"],
    needs: &[],
    turn: Turn::Last,
    checks: &[
        Check {
            id: "status-line",
            title: "Every status line is a version, a space, three digits, a space and a reason, if any",
            why: "Clients find the status code by counting bytes and spaces.",
            requirement: rule(&["rfc9112-4-01", "rfc9112-4-02", "rfc9110-2.2-01"]).counts(),
            hint: "Compare the first line of each kind of response with the example in RFC 9112 section 4.",
            mutant: instead_of("HTTP/1.1 200 OK", "HTTP/1.1 200"),
            run: Judge(lint::status_line),
        },
        Check {
            id: "status-line-always",
            title: "Every answer begins with a status line, even the answer to garbage",
            why: "Content without a head is HTTP/0.9, and many programs reject it.",
            requirement: rule(&["rfc9112-2.1-01"])
                .warns()
                .because("It shows almost only in answers to garbage, which no browser sends."),
            hint: "Search for places that write an error without the code for responses.",
            mutant: replies("<p>Bad request</p>\r\n\r\n"),
            run: Judge(lint::status_line_always),
        },
        Check {
            id: "status-code",
            title: "Every status code is between 100 and 599",
            why: "Other codes have no meaning, and some clients stop with an error.",
            requirement: rule(&["rfc9110-15-01"]).counts(),
            hint: "Find out where status codes come from that you did not write yourself.",
            mutant: instead_of("HTTP/1.1 501 ", "HTTP/1.1 600 "),
            run: Judge(lint::status_code),
        },
        Check {
            id: "line-ends",
            title: "Every line of a head ends in CR LF",
            why: "A client that waits for CR LF CR LF never finds the end of the head.",
            requirement: rule(&["rfc9112-2.1-01"]).counts(),
            hint: "Search for line ends in the strings that you write, and for print functions that add their own.",
            mutant: instead_of("200 OK\r\n", "200 OK\n"),
            run: Judge(lint::line_ends),
        },
        Check {
            id: "no-bare-cr",
            title: "No head contains a CR without its LF",
            why: "Some programs read it as the end of a line and others do not, and attackers use the difference.",
            requirement: rule(&["rfc9112-2.2-03"]).counts(),
            hint: "Trace field values that come from the request, and check for line ends that are written twice.",
            mutant: instead_of("\r\nDate: ", "\r\nX-A: a\rb\r\nDate: "),
            run: Judge(lint::bare_cr),
        },
        Check {
            id: "no-space-before-colon",
            title: "There is no space between the name of a field and its colon",
            why: "Clients read the space as part of the name and do not find the field.",
            requirement: rule(&["rfc9112-5.1-01"]).counts(),
            hint: "Look at the format string of your fields.",
            mutant: instead_of("\r\nDate: ", "\r\nX-A : b\r\nDate: "),
            run: Judge(lint::space_before_colon),
        },
        Check {
            id: "no-folded-fields",
            title: "Every field is on one line, and no line of a head begins with a space or tab",
            why: "Most clients no longer know folded lines and drop the rest of the field.",
            requirement: rule(&["rfc9112-5.2-01", "rfc9112-2.2-06"]).counts(),
            hint: "Search for values that are spread over several lines of source text.",
            mutant: instead_of("\r\nDate: ", "\r\nX-A: a\r\n b\r\nDate: "),
            run: Judge(lint::folding),
        },
        Check {
            id: "field-syntax",
            title: "Every field is a valid name, a colon and a value without control characters",
            why: "A client that meets anything else may give up on the whole response.",
            requirement: rule(&["rfc9110-2.2-01", "rfc9112-5-01"]).counts(),
            hint: "Print the head that you send with each control character made visible.",
            mutant: instead_of("\r\nDate: ", "\r\nX A: b\r\nDate: "),
            run: Judge(lint::field_syntax),
        },
        Check {
            id: "no-field-twice",
            title: "A field that can have only one value is not sent twice",
            why: "One client uses the first, another the last, and neither notices the difference.",
            requirement: rule(&["rfc9110-5.3-02"]).counts(),
            hint: "Look for a field that both a library and your code add.",
            mutant: instead_of("\r\nDate: ", "\r\nServer: a\r\nServer: b\r\nDate: "),
            run: Judge(lint::singletons),
        },
        Check {
            id: "list-members",
            title: "A list such as Allow or Vary contains names, with one comma between two of them",
            why: "Clients that split at commas stumble over whatever is not a name.",
            requirement: rule(&["rfc9110-5.6.1.1-01"])
                .warns()
                .because("Clients have to skip empty members, so that a stray comma rarely does harm."),
            hint: "Look at how the members are joined when one of them is empty.",
            mutant: instead_of("\r\nDate: ", "\r\nVary: Accept,,Cookie\r\nDate: "),
            run: Judge(lint::list_members),
        },
        Check {
            id: "field-spacing",
            title: "Every field value comes after one space and has no white space at its end",
            why: "Programs take such white space away. People who read the head, or compare two, do not see it.",
            requirement: rule(&["rfc9110-5.6.3-01", "rfc9110-5.6.3-02"])
                .practice()
                .because("Every client removes white space around a value, so that only people notice it."),
            hint: "Look at the format string of your fields, and at values that come from a file or a table.",
            mutant: instead_of("\r\nDate: ", "\r\nX-A:b\r\nDate: "),
            run: Judge(lint::field_spacing),
        },
        Check {
            id: "connection-options",
            title: "Upgrade and Keep-Alive are named in Connection, and fields for everybody are not",
            why: "A proxy removes exactly the fields that Connection names: what is missing there goes too far, and what should not be there is lost.",
            requirement: rule(&["rfc9110-7.6.1-02", "rfc9110-7.6.1-01", "rfc9110-7.8-10"]).warns().because(
                "It shows only where a proxy is in between, and most of them know these fields by name.",
            ),
            hint: "Compare the names in Connection with the fields that are about this connection alone.",
            mutant: instead_of("\r\nDate: ", "\r\nConnection: keep-alive, ETag\r\nDate: "),
            run: Judge(lint::connection_options),
        },
    ],
};
