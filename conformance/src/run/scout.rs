//! What a server offers and how fast it is, found out once, before the checks.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::check::Body;
use crate::checks;
use crate::client::Client;
use crate::client::capability::{Capabilities, Capability, Offer};
use crate::client::context::{Context, Limits};
use crate::client::tally::Tally;
use crate::judge::failure::Failure;
use crate::judge::findings::{Findings, Rule};
use crate::probe::{Language, SIDE, Seen, TOKEN, mark, side_file};
use crate::report::Offered;
use crate::run::profile::Profile;
use crate::target::scripts::{EXTENSIONS, RAN, SOURCE};
use crate::target::{Target, fixture};
use crate::wire::octets::contains;
use crate::wire::reply::{Answer, Reply};

/// The rules of the checks that judge every reply.
fn rules() -> impl Iterator<Item = Rule> {
    checks::all().filter_map(|(_, check)| match check.run {
        Body::Judge(judge) => Some((check.id, judge)),
        Body::Act(_) => None,
    })
}

/// A pace at which nobody waits long: that of a server that answered nothing for as long as it may take to start.
const HARDLY: Duration = Duration::from_millis(100);

/// How to find out what a server says to one capability.
type Question = (Capability, fn(&Client) -> Result<Offer, Failure>);

/// What a server is asked, the gentlest first: what every server can take, then what may kill a naive one.
const QUESTIONS: &[Question] = &[
    (Capability::Files, serves_fixture),
    (Capability::Form, has_form),
    // To a server that runs no scripts, the probe is a large file: a small one tells as well.
    (Capability::Cgi, |client| Ok(offered(runs_scripts(client)? && seen(client, Language::Cgi)?.is_some()))),
    (Capability::Wsgi, |client| Ok(offered(seen(client, Language::Wsgi)?.is_some()))),
    (Capability::Persistence, persists),
    (Capability::Content, shows_content),
    (Capability::Concurrency, serves_two),
];

/// Measures how fast the server answers and finds out what it offers, with the exchanges that show it. A server that
/// dies of a question is started again; the checks will find out what it died of.
pub fn get_to_know(target: &mut Target, profile: &Profile, seed: u64) -> (Context, Vec<Offered>) {
    let known = Context {
        place: target.place().clone(),
        port: target.can_restart().then(|| target.place().address.port()),
        started: target.started().cloned(),
        capabilities: Capabilities::default(),
        required: profile.requires.clone(),
        limits: Limits::calibrated(if target.is_silent() { HARDLY } else { Duration::from_secs(5) }),
        form: profile.form.clone(),
        cgi: profile.cgi.clone(),
        sees_scripts: profile.sees_scripts,
        cgi_extension: profile.cgi_extension.clone().unwrap_or_default(),
        side: None,
        script_timeout: profile.script_timeout.map(Duration::from_secs),
        findings: Findings::new(rules()),
        tally: Tally::default(),
        output: target.output().cloned(),
    };
    let mut scout = Scout { target, known, seed, slowest: Duration::ZERO, offered: Vec::new() };
    scout.ask_everything(profile);
    // What the questions received is nothing that a check did.
    let Scout { known, slowest, offered, .. } = scout;
    let findings = known.findings.afresh();
    (Context { limits: Limits::calibrated(slowest), findings, ..known }, offered)
}

struct Scout<'t> {
    target: &'t mut Target,
    known: Context,
    seed: u64,
    /// How long the slowest answer took.
    slowest: Duration,
    offered: Vec<Offered>,
}

impl Scout<'_> {
    fn ask_everything(&mut self, profile: &Profile) {
        if self.target.output().is_some() {
            self.known.capabilities.set(Capability::Output, Offer::Offered);
        }
        let Some(pace) = pace(&self.client(self.known.limits)) else { return };
        if self.target.is_silent() {
            self.target.has_answered();
            self.known.limits = Limits::calibrated(Duration::from_secs(5));
        }
        self.slowest = pace;
        if profile.requires.contains(&Capability::Cgi) {
            if profile.cgi_extension.is_none() {
                self.known.cgi_extension = self.extension().into();
            }
            if profile.form_is_script() {
                self.known.form = format!("{}{}", profile.form, self.known.cgi_extension);
            }
        }
        let is_asked = |capability: Capability| match capability {
            // To a server that does not run it, the probe is a large file.
            Capability::Cgi | Capability::Wsgi => profile.requires.contains(&capability),
            _ => true,
        };
        for (capability, question) in QUESTIONS.iter().filter(|(capability, _)| is_asked(*capability)) {
            if !self.ask(*capability, *question) {
                return;
            }
        }
        self.known.side = shared_side(&self.client(self.known.limits));
        if self.known.side.is_some() {
            self.known.capabilities.set(Capability::SideFiles, Offer::Offered);
        }
    }

    /// Asks one question; returns whether there is a server to ask more.
    fn ask(&mut self, capability: Capability, question: fn(&Client) -> Result<Offer, Failure>) -> bool {
        // A form or a script may be far slower than a page.
        let repeats_the_page =
            matches!(capability, Capability::Persistence | Capability::Content | Capability::Concurrency);
        let limits = if repeats_the_page { Limits::calibrated(self.slowest) } else { self.known.limits };
        let (client, began) = (self.client(limits), Instant::now());
        let answer = || question(&client).unwrap_or(Offer::Unclear);
        let mut offer = answer();
        // Much depends on it: where one answer says so and another does not, the checks find out.
        let is_doubtful = || self.known.required.contains(&capability) && answer() != Offer::Absent;
        if offer == Offer::Absent && is_doubtful() {
            offer = Offer::Unclear;
        }
        if offer == Offer::Offered && !repeats_the_page {
            self.slowest = self.slowest.max(began.elapsed());
        }
        let lives = self.client(self.known.limits).get("/").is_ok();
        if !lives {
            offer = Offer::Unclear;
        }
        self.known.capabilities.set(capability, offer);
        let exchange = client.transcript().events();
        self.offered.push(Offered { what: capability.name().into(), offer, exchange });
        lives || self.restart()
    }

    fn restart(&mut self) -> bool {
        if !self.target.can_restart() || self.target.restart().is_err() {
            return false;
        }
        self.known.place = self.target.place().clone();
        self.known.port = Some(self.known.place.address.port());
        self.known.started = self.target.started().cloned();
        true
    }

    /// The extension by which the server knows scripts: the first under which it runs one.
    fn extension(&self) -> &'static str {
        let runs = |extension: &&&str| {
            let known = Context { cgi_extension: (**extension).into(), ..self.known.clone() };
            let client = Client::new(Arc::new(known), self.known.limits, self.seed, "scout");
            runs_scripts(&client).unwrap_or(false)
        };
        EXTENSIONS.iter().find(runs).unwrap_or(&EXTENSIONS[0])
    }

    fn client(&self, limits: Limits) -> Client {
        Client::new(Arc::new(self.known.clone()), limits, self.seed, "scout")
    }
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

/// A server that is too busy for an answer, for now (RFC 9110 15.6.4), does not say what it offers.
fn settled(reply: Reply) -> Result<Reply, Failure> {
    if reply.status == 503 { Err(Failure::Blocked("the server is too busy".into())) } else { Ok(reply) }
}

fn serves_fixture(client: &Client) -> Result<Offer, Failure> {
    let reply = settled(client.get("/hello.txt")?)?;
    Ok(offered(reply.status == 200 && reply.body == fixture::HELLO))
}

fn has_form(client: &Client) -> Result<Offer, Failure> {
    let answer = client.ask(
        "POST {form} HTTP/1.1\r\nHost: {host}\r\nAccept: application/json\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 3\r\n\r\na=b",
    )?;
    Ok(match answer {
        Answer::Reply(reply) => {
            let reply = settled(reply)?;
            offered(reply.status == 200 && reply.form().is_some())
        }
        Answer::Broken { .. } => Offer::Absent,
        Answer::Closed | Answer::Reset | Answer::Silent(_) => Offer::Unclear,
    })
}

/// Whether a short script is run, and not shown.
fn runs_scripts(client: &Client) -> Result<bool, Failure> {
    let reply = settled(client.get("{cgi}/source{ext}")?)?;
    Ok(contains(&reply.body, RAN) && !contains(&reply.body, SOURCE))
}

/// What a program in this language sees, where the server hosts it.
fn seen(client: &Client, language: Language) -> Result<Option<Seen>, Failure> {
    let path = match language {
        Language::Cgi => "{cgi}/probe{ext}",
        Language::Wsgi => "/probe",
    };
    let reply = settled(client.get(&format!("{path}?{TOKEN}scout&{}", mark("here")))?)?;
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

/// What the first of two clients has sent when the second one comes: half a head, which some servers take for a request
/// and answer at once, and nothing at all, for which others do not wait. One at a time means that the second one is served
/// after the first.
const HELD: [&str; 2] = ["GET / HTTP/1.1\r\n", ""];

fn serves_two(client: &Client) -> Result<Offer, Failure> {
    let request = client.expand("{get}\r\n");
    for held in HELD {
        let mut slow = client.connect()?;
        slow.send(held)?;
        let answer = client.ask(&request)?;
        // A naive server may die of a connection that ends before there was a request.
        slow.send_exactly(&request[held.len()..])?;
        slow.answer(false)?;
        match answer {
            Answer::Reply(_) => {}
            Answer::Silent(_) => return Ok(Offer::Absent),
            Answer::Broken { .. } | Answer::Closed | Answer::Reset => return Ok(Offer::Unclear),
        }
    }
    Ok(Offer::Offered)
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

#[cfg(test)]
mod tests;
