//! Marks follow quality: a server that does less never gets more, and one that does much less gets less.
//!
//! Each server is a reference server behind lies that take something away; the worse one has all the lies of the better
//! one, and more.

use conformance::mutant::{Mutant, hears, instead_of};
use conformance::report::Points;
use conformance::run::reference;
use conformance::run::runner::Options;
use conformance::target::fixture::Fixture;
use conformance::target::{Recipe, Target};
use libtest_mimic::Trial;

use crate::reference::{SEED, report};
use crate::trial;

/// What can be taken away from every server, the least first.
const OF_ALL: &[Mutant] = &[
    instead_of("\nContent-Type: ", "\nContent-Kind: "),
    hears("HEAD ", "XEAD "),
    instead_of("\nDate: ", "\nTime: "),
    hears("Expect: ", "Except: "),
    instead_of("HTTP/1.1 400 ", "HTTP/1.1 200 "),
    hears("Transfer-Encoding: ", "Transfer-Decoding: "),
];

const OF_SIMPLE: &[Mutant] = &[
    hears("\nRange: ", "\nStrange: "),
    hears("\nIf-", "\nOr-"),
    hears("multipart/form-data", "multipart/from-data"),
    hears(" /form", " /from"),
    hears(" /hello.txt", " /hallo.txt"),
];

const OF_CGI: &[Mutant] = &[
    hears("/nph-probe", "/non-probe"),
    hears("multipart/form-data", "multipart/from-data"),
    hears("/cgi-bin/form", "/cgi-bin/from"),
    hears("/cgi-bin/", "/cgi-bim/"),
];

const OF_WSGI: &[Mutant] = &[
    hears("multipart/form-data", "multipart/from-data"),
    hears(" /form", " /from"),
    hears(" /probe", " /prove"),
];

pub(crate) fn trials() -> Vec<Trial> {
    let alone = [("simple", OF_SIMPLE), ("cgi", OF_CGI), ("wsgi", OF_WSGI)].map(|(server, lies)| {
        trial("quality", &format!("{server}-with-less-gets-no-more"), move || each_alone(server, lies))
    });
    let ordered = [("simple", OF_SIMPLE), ("cgi", OF_CGI), ("wsgi", OF_WSGI)].map(|(server, lies)| {
        trial("quality", &format!("{server}-marks-follow-quality"), move || one_after_another(server, lies))
    });
    alone.into_iter().chain(ordered).collect()
}

fn each_alone(server: &str, lies: &[Mutant]) -> Result<(), String> {
    let reference = start(server)?;
    let whole = earned(&reference, server, &[])?;
    for lie in lies {
        let less = earned(&reference, server, &[*lie])?;
        if less >= whole {
            return Err(format!("{lie:?} gets {less}, and the reference server {whole}"));
        }
    }
    Ok(())
}

/// With none, one, three and all lies.
fn one_after_another(server: &str, lies: &[Mutant]) -> Result<(), String> {
    let reference = start(server)?;
    let lies = [OF_ALL, lies].concat();
    let mut before = Points::whole(1000);
    for number in [0, 1, 3, lies.len()] {
        let now = earned(&reference, server, &lies[..number])?;
        if now >= before {
            return Err(format!("with {number} lies it gets {now}, and with fewer {before}"));
        }
        before = now;
    }
    Ok(())
}

fn start(server: &str) -> Result<(Target, tempfile::TempDir), String> {
    let directory = tempfile::tempdir().map_err(|error| error.to_string())?;
    let fixture = Fixture::lay_out(directory.path()).map_err(|error| error.to_string())?;
    let recipe: Recipe = reference::recipe(env!("CARGO_BIN_EXE_conformance"), server, fixture);
    Ok((Target::start(recipe).map_err(|error| error.to_string())?, directory))
}

/// What the reference server earns behind these lies.
fn earned(
    (reference, _directory): &(Target, tempfile::TempDir),
    server: &str,
    lies: &[Mutant],
) -> Result<Points, String> {
    let mut address = reference.place().address;
    let mut output = reference.output().cloned().unwrap_or_default();
    for lie in lies {
        let running = lie.start(address, &output).map_err(|error| error.to_string())?;
        (address, output) = (running.address, running.output);
    }
    let mut target = reference.reached_at(address);
    let options = Options { seed: SEED, jobs: 8, only: Vec::new() };
    Ok(report(&mut target, &reference::profile(server), &options).marks.whole())
}
