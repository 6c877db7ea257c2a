//! Every further proof holds: a check that claims the statement catches the lie that breaks it.

use std::sync::{PoisonError, RwLock};

use conformance::checks::proofs::{self, Proof};
use conformance::checks::{self, Found};
use conformance::report::Ruling;
use libtest_mimic::Trial;

use crate::reference::against;
use crate::trial;

pub(crate) fn trials() -> Vec<Trial> {
    proofs::all().map(|proof| trial("proof", proof.statement, move || holds(proof))).collect()
}

/// As the runner does it: side by side with others first, and what is not as it should be again alone.
fn holds(proof: &'static Proof) -> Result<(), String> {
    static TURNS: RwLock<()> = RwLock::new(());
    let first = {
        let _others = TURNS.read().unwrap_or_else(PoisonError::into_inner);
        is_caught(proof)
    };
    first.or_else(|_| {
        let _alone = TURNS.write().unwrap_or_else(PoisonError::into_inner);
        is_caught(proof)
    })
}

fn is_caught(proof: &'static Proof) -> Result<(), String> {
    let Some(Found::Check(_, check)) = checks::find(proof.check) else {
        return Err(format!("there is no check {}", proof.check));
    };
    let (shown, lied) = against(check, proof.mutant)?;
    match shown.outcome.ruling {
        Ruling::Fail(_) if lied => Ok(()),
        Ruling::Fail(_) => Err("stale: what it lies about never occurred".into()),
        ruling => Err(format!("{} does not catch it: {ruling:?}", check.id)),
    }
}
