//! WSGI: what an application is told about the request (PEP 3333, "environ Variables").

use crate::check::Level::Must;
use crate::check::{Chapter, Check, pep3333};
use crate::mutant::{gateway, hears};

/// The chapter.
pub const CHAPTER: Chapter = Chapter {
    id: "wsgi-environ",
    title: "WSGI: what an application is told about the request",
    needs: &["answers-get", "noise-is-no-request", "wsgi-answers"],
    checks: &[
        Check {
            id: "wsgi-answers",
            title: "The application is called for a request, and what it returns is the response",
            why: "Everything else about applications is judged by what this one reports.",
            requirement: pep3333("The Server/Gateway Side", Must, &["pep3333-server-side-01"]),
            hint: "Call probe:application by hand with a dictionary and a function, then compare with what your server sends.",
            mutant: hears("/probe?token=", "/probe?taken="),
            run: |client| {
                let token = client.token();
                client.get(&format!("/probe?token={token}"))?.tells(&token).map(drop)
            },
        },
        Check {
            id: "wsgi-positional-arguments",
            title: "The application is called with two arguments, by position",
            why: "Applications name their parameters as they like, and a call by name fails with most of them.",
            requirement: pep3333("Specification Details", Must, &["pep3333-details-01"]),
            hint: "Look at the line of your server that calls the application.",
            mutant: gateway("by-name"),
            run: |client| client.tells_fields("")?.is_called_by_position(),
        },
    ],
};
