//! What a server offers and how fast it is, found out once, before the checks.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::check::Body;
use crate::checks;
use crate::client::Client;
use crate::client::capability::{Capabilities, Capability, Offer};
use crate::client::context::{Context, Limits};
use crate::judge::failure::Failure;
use crate::judge::findings::{Findings, Rule};
use crate::probe::{Language, SIDE, Seen, TOKEN, mark, side_file};
use crate::run::profile::Profile;
use crate::target::{Target, fixture};
use crate::wire::reply::Answer;

/// The rules of the checks that judge every reply.
fn rules() -> impl Iterator<Item = Rule> {
    checks::all().filter_map(|(_, check)| match check.run {
        Body::Judge(judge) => Some((check.id, judge)),
        Body::Act(_) => None,
    })
}

/// How to find out what a server says to one capability.
type Question = (Capability, fn(&Client) -> Result<Offer, Failure>);

/// What a server is asked, the gentlest first: what every server can take, then what may kill a naive one.
const QUESTIONS: &[Question] = &[
    (Capability::Files, serves_fixture),
    (Capability::Form, has_form),
    (Capability::Cgi, |client| Ok(offered(seen(client, Language::Cgi)?.is_some()))),
    (Capability::Wsgi, |client| Ok(offered(seen(client, Language::Wsgi)?.is_some()))),
    (Capability::Persistence, persists),
    (Capability::Content, shows_content),
    (Capability::Concurrency, serves_two),
];

/// Measures how fast the server answers and finds out what it offers. One that dies of a question is started
/// again; the checks will find out what it died of.
pub fn get_to_know(target: &mut Target, profile: &Profile, seed: u64) -> Context {
    let patient = Limits::calibrated(Duration::from_secs(5));
    let mut known = Context {
        place: target.place().clone(),
        port: target.can_restart().then(|| target.place().address.port()),
        capabilities: Capabilities::default(),
        required: profile.requires.clone(),
        limits: patient,
        form: profile.form.clone(),
        cgi: profile.cgi.clone(),
        side: None,
        script_timeout: profile.script_timeout.map(Duration::from_secs),
        findings: Findings::new(rules()),
        output: target.output().cloned(),
    };
    if target.output().is_some() {
        known.capabilities.set(Capability::Output, Offer::Offered);
    }
    let client = |known: &Context, limits| Client::new(Arc::new(known.clone()), limits, seed, "scout");
    // A form or a script may be far slower than a page; the others only repeat the page.
    let limits = |capability, slowest| match capability {
        Capability::Persistence | Capability::Content | Capability::Concurrency => {
            Limits::calibrated(slowest)
        }
        _ => patient,
    };
    let Some(mut slowest) = pace(&client(&known, patient)) else {
        return Context { limits: Limits::calibrated(Duration::ZERO), ..known };
    };
    let is_asked = |capability: Capability| match capability {
        // To a server that does not run it, the probe is a large file.
        Capability::Cgi | Capability::Wsgi => profile.requires.contains(&capability),
        _ => true,
    };
    for (capability, ask) in QUESTIONS.iter().filter(|(capability, _)| is_asked(*capability)) {
        let began = Instant::now();
        let offer = ask(&client(&known, limits(*capability, slowest))).unwrap_or(Offer::Unclear);
        known.capabilities.set(*capability, offer);
        // What waits for silence says nothing about the server's pace.
        if offer == Offer::Offered && *capability != Capability::Concurrency {
            slowest = slowest.max(began.elapsed());
        }
        if client(&known, patient).get("/").is_err() {
            known.capabilities.set(*capability, Offer::Unclear);
            if !target.can_restart() || target.restart().is_err() {
                break;
            }
            known.place = target.place().clone();
            known.port = Some(known.place.address.port());
        }
    }
    known.side = shared_side(&client(&known, patient));
    if known.side.is_some() {
        known.capabilities.set(Capability::SideFiles, Offer::Offered);
    }
    // What the questions received is nothing that a check did.
    Context { limits: Limits::calibrated(slowest), findings: known.findings.afresh(), ..known }
}

/// How long a plain GET takes: the best of three, since the first answer may be slow for reasons of its own.
fn pace(client: &Client) -> Option<Duration> {
    let once = |_| {
        let began = Instant::now();
        client.get("/").ok().map(|_| began.elapsed())
    };
    (0..3).map_while(once).min()
}

fn offered(offers: bool) -> Offer {
    if offers { Offer::Offered } else { Offer::Absent }
}

fn serves_fixture(client: &Client) -> Result<Offer, Failure> {
    let reply = client.get("/hello.txt")?;
    Ok(offered(reply.status == 200 && reply.body == fixture::HELLO))
}

fn has_form(client: &Client) -> Result<Offer, Failure> {
    let answer = client.ask(
        "POST {form} HTTP/1.1\r\nHost: {host}\r\nAccept: application/json\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 3\r\n\r\na=b",
    )?;
    Ok(match answer {
        Answer::Reply(reply) => offered(reply.status == 200 && reply.form().is_some()),
        Answer::Broken { .. } => Offer::Absent,
        Answer::Closed | Answer::Reset | Answer::Silent(_) => Offer::Unclear,
    })
}

/// What a program in this language sees, where the server hosts it.
fn seen(client: &Client, language: Language) -> Result<Option<Seen>, Failure> {
    let path = match language {
        Language::Cgi => "{cgi}/probe",
        Language::Wsgi => "/probe",
    };
    let reply = client.get(&format!("{path}?{TOKEN}scout&{}", mark("here")))?;
    Ok(reply.report(language, "scout").ok())
}

fn persists(client: &Client) -> Result<Offer, Failure> {
    let mut connection = client.connect()?;
    connection.send("{get}\r\n")?;
    let first = connection.reply()?;
    if first.announces_close() {
        return Ok(Offer::Absent);
    }
    connection.send("{get}\r\n")?;
    Ok(match connection.answer(false)? {
        Answer::Reply(_) => Offer::Offered,
        Answer::Closed | Answer::Reset => Offer::Absent,
        Answer::Broken { .. } | Answer::Silent(_) => Offer::Unclear,
    })
}

fn shows_content(client: &Client) -> Result<Offer, Failure> {
    if client.has(Capability::Form) {
        return Ok(Offer::Offered);
    }
    if !client.has(Capability::Persistence) {
        return Ok(Offer::Absent);
    }
    let reply = client.send("{get}Content-Length: 3\r\n\r\na=b")?;
    Ok(offered((200..300).contains(&reply.status)))
}

fn serves_two(client: &Client) -> Result<Offer, Failure> {
    let mut slow = client.connect()?;
    slow.send("GET / HTTP/1.1\r\n")?;
    // To be served only after the other client is what one at a time means.
    Ok(match client.ask("{get}\r\n")? {
        Answer::Reply(_) => Offer::Offered,
        Answer::Silent(_) => Offer::Absent,
        Answer::Broken { .. } | Answer::Closed | Answer::Reset => Offer::Unclear,
    })
}

/// The directory of side files that the probe saw, if it is ours as well, and the probe can write there.
fn shared_side(client: &Client) -> Option<PathBuf> {
    use std::os::unix::ffi::OsStrExt;
    let seen = match (client.has(Capability::Cgi), client.has(Capability::Wsgi)) {
        (true, _) => seen(client, Language::Cgi).ok()??,
        (_, true) => seen(client, Language::Wsgi).ok()??,
        _ => return None,
    };
    let side = Path::new(std::ffi::OsStr::from_bytes(&seen.side.as_ref()?.0));
    let is_side =
        side.is_absolute() && side.ends_with(SIDE) && side_file(side, &seen.token, "here").is_file();
    is_side.then(|| side.to_path_buf())
}
