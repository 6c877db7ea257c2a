//! What a server still holds on to when its clients have left.

use std::fmt;
use std::time::{Duration, Instant, SystemTime};

use crate::check::Body::Act;
use crate::check::{Chapter, Check, Turn, unwritten};
use crate::client::Client;
use crate::client::capability::Capability::{self, Cgi, Files, Form, Wsgi};
use crate::client::context::get;
use crate::judge::failure::{Failure, wrong};
use crate::mutant::keeps;
use crate::target::held::Held;

/// The chapter.
pub const CHAPTER: Chapter = Chapter {
    id: "held",
    title: "What the server holds on to",
    kept_in: &["servers/src/http/server.rs"],
    needs: &[],
    turn: Turn::Alone,
    checks: &[Check {
        id: "nothing-piles-up",
        title: "Forty requests of a kind leave no more open files, processes and threads than four",
        why: "What is not given back after each request runs out after some thousand, for everybody.",
        requirement: unwritten()
            .counts()
            .because("A server that keeps something of each request has to be restarted again and again."),
        hint: "Follow what is opened for such a request to the place where it is closed, on every way out.",
        mutant: keeps("HTTP/1.1 304"),
        run: Act(|client| {
            let Some(started) = &client.context().started else {
                return Err(Failure::Skip(
                    "the suite did not start the server, and can't see its processes".into(),
                ));
            };
            let offered = |kind: &Kind| kind.needs.is_none_or(|needed| client.has(needed));
            let began = Instant::now();
            client.each(KINDS.into_iter().filter(offered), |kind| {
                if began.elapsed() > BUDGET {
                    client.note(
                        "the server takes too long to be asked hundreds of times: some kinds were left out",
                    );
                    return Ok(());
                }
                gives_back(client, started.process, &kind)
            })
        }),
    }],
};

/// Requests of the kind before the first count: what a server opens once it keeps.
const FIRST: usize = 4;

/// Requests of the kind between two counts.
const REQUESTS: usize = 40;

/// How much more there may be after them: pools grow, those of threads most.
const SLACK: Held = Held { descriptors: 20, processes: 20, threads: 36 };

/// After how long no further kind is begun.
const BUDGET: Duration = Duration::from_secs(4);

/// The time between two counts.
const MOMENT: Duration = Duration::from_millis(20);

/// How long a server may take to notice that its clients have left: some linger for five seconds.
const NOTICE: Duration = Duration::from_secs(8);

/// A kind of request.
struct Kind {
    name: &'static str,
    /// What the server has to offer for it.
    needs: Option<Capability>,
    /// One request of the kind, up to the end of its connection.
    once: fn(&Client) -> Result<(), Failure>,
}

impl fmt::Debug for Kind {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(self.name)
    }
}

const KINDS: [Kind; 9] = [
    Kind {
        name: "a file that has not changed",
        needs: Some(Files),
        once: |client| {
            let now = httpdate::fmt_http_date(SystemTime::now());
            let condition = format!("If-Modified-Since: {now}");
            client.ask(format!("GET /hello.txt HTTP/1.1\r\nHost: {{host}}\r\n{condition}\r\n\r\n")).map(drop)
        },
    },
    Kind { name: "a page", needs: None, once: |client| client.ask("{get}\r\n").map(drop) },
    Kind {
        name: "HEAD",
        needs: None,
        once: |client| client.ask("HEAD / HTTP/1.1\r\nHost: {host}\r\n\r\n").map(drop),
    },
    Kind { name: "a missing page", needs: None, once: |client| client.ask(get("/no-such-page")).map(drop) },
    Kind {
        name: "a malformed request",
        needs: None,
        once: |client| client.ask("{get}X-Test\r\n\r\n").map(drop),
    },
    Kind {
        name: "an upload that breaks off",
        needs: Some(Form),
        once: |client| {
            let mut connection = client.connect()?;
            connection.send("{upload}Content-Length: 10\r\n\r\nhalf")?;
            connection.reset()
        },
    },
    Kind {
        name: "a download that breaks off",
        needs: Some(Files),
        once: |client| {
            let mut connection = client.connect_deaf()?;
            connection.send(get("/large.bin"))?;
            connection.sees_response()?;
            connection.reset()
        },
    },
    Kind { name: "a script", needs: Some(Cgi), once: |client| client.script()?.run(&[]).map(drop) },
    Kind {
        name: "an application",
        needs: Some(Wsgi),
        once: |client| client.application()?.run(&[]).map(drop),
    },
];

fn gives_back(client: &Client, server: u32, kind: &Kind) -> Result<(), Failure> {
    let held = || {
        let unseen = || Failure::Skip("the suite can't see the processes of this system".into());
        Held::by(server).ok_or_else(unseen)
    };
    // What clients of a moment ago had is still being given back.
    let settled = || -> Result<Held, Failure> {
        let (began, mut before) = (Instant::now(), held()?);
        while began.elapsed() < NOTICE {
            client.lets_pass(MOMENT);
            let now = held()?;
            if now == before {
                break;
            }
            before = now;
        }
        Ok(before)
    };
    let requests = |count: usize| {
        (0..count).try_for_each(|_| {
            client.transcript().clear();
            (kind.once)(client)
        })
    };
    requests(FIRST)?;
    let before = settled()?;
    requests(REQUESTS)?;
    let began = Instant::now();
    loop {
        match held()?.surplus(before, SLACK) {
            None => return Ok(()),
            Some(_) if began.elapsed() < NOTICE => client.lets_pass(MOMENT),
            Some(what) => {
                let expected =
                    format!("no more {what} after {REQUESTS} requests for {kind:?} than after {FIRST}");
                return Err(wrong(expected, "many more, with no client left"));
            }
        }
    }
}
