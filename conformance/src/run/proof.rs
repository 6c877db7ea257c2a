//! A check, proved: against the reference server it passes, and against a mutant it fails.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use crate::check::Check;
use crate::client::context::Context;
use crate::mutant::Mutant;
use crate::report::explain::Shown;
use crate::run::runner;
use crate::target::Target;
use crate::wire::output::Output;

/// Runs `check` against the reference server, about which everything is `known`.
pub fn with_reference(reference: &Target, known: &Context, check: &'static Check, seed: u64) -> Shown {
    look(reference, known, reference.place().address, known.output.clone(), check, seed)
}

/// Runs `check` against `mutant`, its own or that of a further proof; also returns whether the mutant has lied at all.
///
/// # Errors
/// Those of the system, if there is no port for the mutant.
pub fn with_mutant(
    reference: &Target,
    known: &Context,
    check: &'static Check,
    mutant: Mutant,
    seed: u64,
) -> io::Result<(Shown, bool)> {
    let printed = reference.output().cloned().unwrap_or_default();
    let mutant = mutant.start(reference.place().address, &printed)?;
    // Other tokens: the side files of a check and of its mutant are in one directory.
    let seed = seed.wrapping_add(1);
    let shown = look(reference, known, mutant.address, Some(mutant.output.clone()), check, seed);
    Ok((shown, mutant.told()))
}

/// A mutant offers what the reference server offers: finding that out anew would mix in its lie.
fn look(
    reference: &Target,
    known: &Context,
    address: SocketAddr,
    output: Option<Output>,
    check: &'static Check,
    seed: u64,
) -> Shown {
    let mut target = reference.reached_at(address);
    let (place, findings) = (target.place().clone(), known.findings.afresh());
    let context = Context { place, findings, output, ..known.clone() };
    runner::once(&mut target, Arc::new(context), check, seed)
}
