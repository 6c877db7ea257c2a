//! What the server writes down of what was submitted.

use crate::check::Level::{Must, Should};
use crate::check::Run::Act;
use crate::check::{Chapter, Check, Turn, contract};
use crate::client::browser::URLENCODED;
use crate::judge::form::FormField;
use crate::mutant::{hears, prints};

/// The chapter.
pub const CHAPTER: Chapter = Chapter {
    id: "log",
    title: "The log",
    needs: &["form-in-body", "log-field"],
    turn: Turn::Beside,
    checks: &[
        Check {
            id: "log-field",
            title: "A submitted field shows up in the server's output, name and value in one line",
            why: "Whoever runs the server sees what arrives, and sees it when it arrives.",
            requirement: contract("", Must, &["contract-log-01"]),
            hint: "Look at where the form handler prints, and at when that output leaves the process.",
            mutant: prints("seen-", "form "),
            run: Act(|client| {
                let (name, value) = (format!("seen-{}", client.token()), client.token());
                let log = client.log()?;
                client.submit(URLENCODED, format!("{name}={value}"))?.succeeds()?;
                log.line_with(&name)?.has(value)
            }),
        },
        Check {
            id: "log-line-a-field",
            title: "Each field has a line of its own in the log",
            why: "Lines are what people search and tools count.",
            requirement: contract("", Must, &["contract-log-02"]),
            hint: "Look at what the form handler prints between two fields.",
            mutant: hears("&second-", ";second-"),
            run: Act(|client| {
                let token = client.token();
                let log = client.log()?;
                client.submit(URLENCODED, format!("first-{token}=1&second-{token}=2"))?.succeeds()?;
                log.line_with(&format!("first-{token}"))?.lacks(format!("second-{token}"))?;
                log.line_with(&format!("second-{token}"))?.lacks(format!("first-{token}"))
            }),
        },
        Check {
            id: "log-line-breaks",
            title: "A line break in what was submitted starts no new line in the log",
            why: "Otherwise a client can write log lines of its own, and put the blame on somebody else.",
            requirement: contract("", Must, &["contract-log-03"]),
            hint: "Look at what the form handler does to names and values before it prints them.",
            mutant: prints("\\nafter-", "\nafter-"),
            run: Act(|client| {
                for line_break in ["\r\n", "\n", "\r"] {
                    let (name, value) = (client.token(), client.token());
                    let broken = |token: &str| format!("before-{token}{line_break}after-{token}");
                    let log = client.log()?;
                    let field = FormField::text(broken(&name), broken(&value));
                    client.browser()?.post(&[field])?.succeeds()?;
                    for token in [name, value] {
                        let line = log.line_with(&format!("after-{token}"))?;
                        line.has(format!("before-{token}"))?;
                        line.lacks(format!("{line_break}after-{token}"))?;
                    }
                }
                Ok(())
            }),
        },
        Check {
            id: "log-control-characters",
            title: "Control characters in what was submitted are escaped in the log",
            why: "A terminal that shows the log obeys them: text disappears, or turns into something else.",
            requirement: contract("", Must, &["contract-log-03"]),
            hint: "Look at which characters the form handler lets through to the terminal.",
            mutant: prints("\\u{1b}[2J", "\x1b[2J"),
            run: Act(|client| {
                let token = client.token();
                let log = client.log()?;
                let value = "q\x1b[2Jq\x07q\x08q\x0bq\x7f.";
                let field = FormField::text(&token, value);
                client.browser()?.post(&[field])?.succeeds()?;
                let line = log.line_with(&token)?;
                let controls = value.split('q').filter_map(|part| part.chars().next());
                controls.map(|control| format!("q{control}")).try_for_each(|raw| line.lacks(raw))
            }),
        },
        Check {
            id: "log-file",
            title: "An uploaded file is in the log with its name",
            why: "Of a file the name is what people recognise; its content may be anything, and large.",
            requirement: contract("", Should, &["contract-log-01"]),
            hint: "Look at what the form handler prints for a part with a file name.",
            mutant: prints("kept-", "file "),
            run: Act(|client| {
                let (name, filename) = (client.token(), format!("kept-{}.txt", client.token()));
                let log = client.log()?;
                let file = FormField::file(&name, &filename, "text/plain", "1");
                client.browser()?.upload(&[file])?.succeeds()?;
                log.line_with(&name)?.has(filename)
            }),
        },
    ],
};
