//! All mutants of a profile, and what the checks make of one.

use std::error::Error;
use std::path::Path;

use conformance::check::{Chapter, Check};
use conformance::checks::proofs;
use conformance::mutant::Mutant;
use conformance::report::{End, Report, Ruling, Setup};
use conformance::run::profile::Profile;
use conformance::run::runner::{self, Options};
use conformance::run::{proof, reference, scout};
use conformance::target::Target;
use conformance::target::fixture::Fixture;

use crate::matrix::{Row, Scope};

const SEED: u64 = 7;

/// A mutant, and the check that must notice it.
#[derive(Debug)]
pub(crate) struct Subject {
    /// The profile against which it is run.
    pub(crate) profile: String,
    /// The check that it belongs to, or the statement for which it is a further proof.
    pub(crate) id: String,
    pub(crate) chapter: &'static Chapter,
    pub(crate) check: &'static Check,
    mutant: Mutant,
}

/// The mutants of a profile, those of each check together. What is shown by the server of another profile is run there,
/// and once is enough.
pub(crate) fn of(profile: &Profile) -> Vec<Subject> {
    let server = reference::serving(profile);
    let here = profile.checks().into_iter().filter(|(_, check)| reference::showing(check) == Some(server));
    let subjects = |(chapter, check): (&'static Chapter, &'static Check)| {
        let further = proofs::all().filter(|proof| proof.check == check.id);
        let further = further.map(|proof| (proof.statement, proof.mutant));
        let all = Vec::from_iter([(check.id, check.mutant)].into_iter().chain(further));
        let profile = profile.name.clone();
        all.into_iter().map(move |(id, mutant)| Subject {
            profile: profile.clone(),
            id: id.into(),
            chapter,
            check,
            mutant,
        })
    };
    here.flat_map(subjects).collect()
}

impl Subject {
    /// Whether this is about it.
    pub(crate) fn has(&self, row: &Row) -> bool {
        row.profile == self.profile && row.mutant == self.id && row.check == self.check.id
    }

    /// What all checks make of it; `program` is called to be the reference server, which serves a new `fixture`.
    pub(crate) fn row(
        &self,
        profile: &Profile,
        program: &str,
        fixture: &Path,
    ) -> Result<Row, Box<dyn Error>> {
        let server = reference::serving(profile);
        let reference = Target::start(reference::recipe(program, server, Fixture::lay_out(fixture)?))?;
        let scope = self.scope();
        let (report, lied) = match scope {
            Scope::Profile => self.against_all(&reference, profile)?,
            Scope::Chapter => self.against_chapter(reference, profile)?,
        };
        let own = report.outcomes.iter().find(|outcome| outcome.check == self.check.id);
        let ids = |is: fn(&Ruling) -> bool| {
            let found = report.outcomes.iter().filter(|outcome| is(&outcome.ruling));
            found.map(|outcome| outcome.check.clone()).collect()
        };
        let why = own.and_then(|own| match &own.ruling {
            Ruling::Blocked { why, .. } | Ruling::Skip { why } | Ruling::Error { why } => Some(why.clone()),
            Ruling::Pass { .. } | Ruling::Fail(_) => None,
        });
        Ok(Row {
            scope,
            own: own.map(|own| own.verdict()),
            why: if lied { why } else { Some("it never lied".into()) },
            failed: ids(|ruling| matches!(ruling, Ruling::Fail(_))),
            blocked: ids(|ruling| matches!(ruling, Ruling::Blocked { .. })),
            errors: ids(|ruling| matches!(ruling, Ruling::Error { .. })),
            causes: report.causes.clone(),
            ..self.without_end(String::new())
        })
    }

    /// A mutant that answers everything by itself breaks all rules but a few: it is no server with a single fault, and a
    /// whole run would show no more than that of a server which does nothing useful. Checks of other subjects than its
    /// own can't be asked of it; those of its chapter can. Of one that serves a client after the other a whole run finds
    /// that out beforehand, says it once, and asks no more.
    fn scope(&self) -> Scope {
        match self.mutant {
            Mutant::Replies(_) | Mutant::Serves(_) | Mutant::Queues => Scope::Chapter,
            _ => Scope::Profile,
        }
    }

    /// As the command line runs the suite.
    fn against_all(&self, reference: &Target, profile: &Profile) -> Result<(Report, bool), Box<dyn Error>> {
        let printed = reference.output().cloned().unwrap_or_default();
        let running = self.mutant.start(reference.place().address, &printed)?;
        let mut target = reference.reached_at(running.address).printing(running.output.clone());
        let options = Options { seed: SEED, jobs: 4, only: Vec::new() };
        let (end, outcomes) = runner::run(&mut target, profile, &options, &|_| {});
        Ok((Report::new(Setup::default(), end, outcomes, &profile.sheet()), running.told()))
    }

    /// Check by check, each as its own mutant is shown to it: what the server offers, which is found out before a run,
    /// would be asked of a server that has one answer.
    fn against_chapter(
        &self,
        mut reference: Target,
        profile: &Profile,
    ) -> Result<(Report, bool), Box<dyn Error>> {
        let (known, _) = scout::get_to_know(&mut reference, profile, SEED);
        let checks = profile.checks().into_iter().filter(|(chapter, _)| chapter.id == self.chapter.id);
        let (mut outcomes, mut lied) = (Vec::new(), false);
        for (_, check) in checks {
            let (shown, told) = proof::with_mutant(&reference, &known, check, self.mutant, SEED)?;
            outcomes.push(shown.outcome);
            lied |= told;
        }
        Ok((Report::new(Setup::default(), End::default(), outcomes, &profile.sheet()), lied))
    }

    /// A row about a run that came to no end.
    pub(crate) fn without_end(&self, why: String) -> Row {
        Row {
            profile: self.profile.clone(),
            mutant: self.id.clone(),
            check: self.check.id.into(),
            scope: self.scope(),
            own: None,
            why: Some(why),
            failed: Vec::new(),
            blocked: Vec::new(),
            errors: Vec::new(),
            causes: Vec::new(),
            took_s: 0,
        }
    }
}
