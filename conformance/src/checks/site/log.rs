//! What the server writes down of what was submitted.

use crate::check::Body::Act;
use crate::check::{Chapter, Check, Turn, rule};
use crate::client::browser::URLENCODED;
use crate::client::capability::Capability::Form;
use crate::judge::form::FormField;
use crate::mutant::{hears, prints};

/// The chapter.
pub const CHAPTER: Chapter = Chapter {
    id: "log",
    title: "The log",
    kept_in: &["servers/src/form/form.rs", "servers/src/log.rs"],
    needs: &["form-in-body", "log-field"],
    turn: Turn::Alone,
    checks: &[
        Check {
            id: "log-field",
            title: "A submitted field appears in the server's output, its name and value on one line",
            why: "The person who runs the server sees what arrives, at the moment it arrives.",
            requirement: rule(&["contract-log-01"]).counts(),
            hint: "Find where the form handler prints, and when that output leaves the process.",
            mutant: prints("seen-", "form "),
            run: Act(|client| {
                let (name, value) = (format!("seen-{}", client.token()), client.token());
                client.needs(Form)?;
                let log = client.printed()?;
                client.submit(URLENCODED, format!("{name}={value}"))?.succeeds()?;
                log.line_with(&name)?.has(value)
            }),
        },
        Check {
            id: "log-line-a-field",
            title: "Each field has its own line in the log",
            why: "People search logs by line, and tools count lines.",
            requirement: rule(&["contract-log-02"]).counts(),
            hint: "Check what the form handler prints between two fields.",
            mutant: hears("&second-", ";second-"),
            run: Act(|client| {
                let token = client.token();
                client.needs(Form)?;
                let log = client.printed()?;
                client.submit(URLENCODED, format!("first-{token}=1&second-{token}=2"))?.succeeds()?;
                log.line_with(&format!("first-{token}"))?.lacks(format!("second-{token}"))?;
                log.line_with(&format!("second-{token}"))?.lacks(format!("first-{token}"))
            }),
        },
        Check {
            id: "log-line-breaks",
            title: "A line break in a name or value does not start a new line in the log",
            why: "Otherwise a client can write its own log lines and put the blame on somebody else.",
            requirement: rule(&["contract-log-03"]).counts(),
            hint: "Trace a name and a value from the form handler to the line that it prints.",
            mutant: prints("\\nafter-", "\nafter-"),
            run: Act(|client| {
                let breaks =
                    ["\r\n", "\n", "\r"].map(|line_break| (line_break, client.token(), client.token()));
                client.each(breaks, |(line_break, name, value)| {
                    let broken = |token: &str| format!("before-{token}{line_break}after-{token}");
                    client.needs(Form)?;
                    let log = client.printed()?;
                    let field = FormField::text(broken(&name), broken(&value));
                    client.browser()?.post(&[field])?.succeeds()?;
                    for token in [name, value] {
                        let line = log.line_with(&format!("after-{token}"))?;
                        line.has(format!("before-{token}"))?;
                        line.lacks(format!("{line_break}after-{token}"))?;
                    }
                    Ok(())
                })
            }),
        },
        Check {
            id: "log-control-characters",
            title: "Control characters in a value are escaped in the log",
            why: "A terminal that shows the log obeys them: text disappears or changes before the reader's eyes.",
            requirement: rule(&["contract-log-03"]).counts(),
            hint: "List the characters that the form handler prints as they are.",
            mutant: prints("\\u{1b}[2J", "\x1b[2J"),
            run: Act(|client| {
                let token = client.token();
                client.needs(Form)?;
                let log = client.printed()?;
                let value = "q\x1b[2Jq\x07q\x08q\x0bq\x7f.";
                let field = FormField::text(&token, value);
                client.browser()?.post(&[field])?.succeeds()?;
                let line = log.line_with(&token)?;
                let controls = value.split('q').filter_map(|part| part.chars().next());
                client.each(controls.map(|control| format!("q{control}")), |raw| line.lacks(raw))
            }),
        },
        Check {
            id: "log-file",
            title: "An uploaded file is in the log, its field name and file name on one line",
            why: "People recognize a file by its name; its content may be anything, and large.",
            requirement: rule(&["contract-log-01"])
                .warns()
                .because("The contract does not say which parts of a file the line has to show."),
            hint: "See what the form handler prints for a part with a file name.",
            mutant: prints("kept-", "file "),
            run: Act(|client| {
                let (name, filename) = (client.token(), format!("kept-{}.txt", client.token()));
                client.needs(Form)?;
                let log = client.printed()?;
                let file = FormField::file(&name, &filename, "text/plain", "1");
                client.browser()?.upload(&[file])?.succeeds()?;
                log.line_with(&name)?.has(filename)
            }),
        },
    ],
};
