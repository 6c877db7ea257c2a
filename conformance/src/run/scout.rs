//! What a server offers and how fast it is, found out once, before the checks.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::check::Body;
use crate::checks;
use crate::client::Client;
use crate::client::capability::{Capabilities, Capability};
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

/// Measures how fast the server answers and finds out what it offers.
pub fn get_to_know(target: &Target, profile: &Profile, seed: u64) -> Context {
    let context = |limits, capabilities| Context {
        place: target.place().clone(),
        port: target.can_restart().then(|| target.place().address.port()),
        capabilities,
        limits,
        form: profile.form.clone(),
        cgi: profile.cgi.clone(),
        side: None,
        script_timeout: profile.script_timeout.map(Duration::from_secs),
        findings: Findings::new(rules()),
        output: target.output().cloned(),
    };
    let patient = Limits::calibrated(Duration::from_secs(5));
    let client = Client::new(Arc::new(context(patient, Capabilities::default())), patient, seed, "baseline");
    // The first answer may be slow for reasons of its own: the best of three is the server's pace.
    let baseline = (0..3)
        .map_while(|_| {
            let began = Instant::now();
            client.get("/").ok().map(|_| began.elapsed())
        })
        .min();
    let Some(baseline) = baseline else {
        return context(Limits::calibrated(Duration::ZERO), Capabilities::default());
    };
    let limits = Limits::calibrated(baseline);
    let scout = Client::new(Arc::new(context(limits, Capabilities::default())), limits, seed, "capabilities");
    let mut capabilities = discover(&scout);
    if target.output().is_some() {
        capabilities.add(Capability::Output);
    }
    let side = seen(&scout, Language::Cgi).or_else(|| seen(&scout, Language::Wsgi));
    let side = side.and_then(|seen| shared_side(&seen));
    if side.is_some() {
        capabilities.add(Capability::SideFiles);
    }
    Context { side, ..context(limits, capabilities) }
}

/// Tries out what the server offers.
pub fn discover(client: &Client) -> Capabilities {
    use Capability::{Cgi, Concurrency, Content, Files, Form, Persistence, Wsgi};
    let offers = |capability: &Capability| {
        let offered = match capability {
            Persistence => persists(client),
            Concurrency => serves_two(client),
            Form => has_form(client),
            Files => serves_fixture(client),
            Content => Ok(shows_content(client)),
            Cgi => Ok(seen(client, Language::Cgi).is_some()),
            Wsgi => Ok(seen(client, Language::Wsgi).is_some()),
            // Not the server's to offer.
            Capability::Output | Capability::SideFiles => Ok(false),
        };
        matches!(offered, Ok(true))
    };
    let all = [Persistence, Concurrency, Form, Files, Content, Cgi, Wsgi];
    all.into_iter().filter(offers).collect()
}

fn persists(client: &Client) -> Result<bool, Failure> {
    let mut connection = client.connect()?;
    connection.send("{get}\r\n")?;
    let first = connection.reply()?;
    connection.send("{get}\r\n")?;
    Ok(!first.announces_close() && matches!(connection.answer(false)?, Answer::Reply(_)))
}

fn serves_two(client: &Client) -> Result<bool, Failure> {
    let mut slow = client.connect()?;
    slow.send("GET / HTTP/1.1\r\n")?;
    client.get("/")?;
    Ok(true)
}

fn has_form(client: &Client) -> Result<bool, Failure> {
    let reply = client.send(
        "POST {form} HTTP/1.1\r\nHost: {host}\r\nAccept: application/json\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 3\r\n\r\na=b",
    )?;
    Ok(reply.status == 200 && reply.form().is_some())
}

fn serves_fixture(client: &Client) -> Result<bool, Failure> {
    let reply = client.get("/hello.txt")?;
    Ok(reply.status == 200 && reply.body == fixture::HELLO)
}

fn shows_content(client: &Client) -> bool {
    let grants = |request: &str| client.send(request).is_ok_and(|reply| (200..300).contains(&reply.status));
    matches!(has_form(client), Ok(true))
        || matches!(persists(client), Ok(true)) && grants("{get}Content-Length: 3\r\n\r\na=b")
}

/// What a program in this language sees, where the server hosts it.
fn seen(client: &Client, language: Language) -> Option<Seen> {
    let path = match language {
        Language::Cgi => "{cgi}/probe",
        Language::Wsgi => "/probe",
    };
    client.get(&format!("{path}?{TOKEN}scout&{}", mark("here"))).ok()?.report(language, "scout").ok()
}

/// The directory of side files that the probe saw, if it is also ours and the probe can write there.
fn shared_side(seen: &Seen) -> Option<PathBuf> {
    use std::os::unix::ffi::OsStrExt;
    let side = Path::new(std::ffi::OsStr::from_bytes(&seen.side.as_ref()?.0));
    let is_side =
        side.is_absolute() && side.ends_with(SIDE) && side_file(side, &seen.token, "here").is_file();
    is_side.then(|| side.to_path_buf())
}
