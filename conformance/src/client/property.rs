//! Checks of many cases: generated from the run's seed, shrunk within a budget, shown with the case that
//! fails.

use std::time::{Duration, Instant};

use proptest::arbitrary::any;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, RngSeed, TestRng, TestRunner};
use proptest::{char, collection, prop_oneof, sample};

use crate::client::each::is_refused;
use crate::client::hands::Client;
use crate::judge::failure::Failure;
use crate::judge::form::FormField;
use crate::wire::octets::hex;
use crate::wire::transcript::{Kind, Transcript};

/// Cases that a property must hold for.
const CASES: u32 = 32;

/// How many of them a slow server is asked: each takes as long as many with a fast one.
const CASES_IF_SLOW: u32 = 8;

/// Cases that hold although they meet silence, after which no further one is tried: each takes as long as an answer may.
const SILENCES: usize = 4;

/// Smaller cases that meet silence, after which no smaller one is looked for.
const SILENCES_SHRUNK: usize = 2;

/// How long to look for a smaller case that fails.
const SHRINK_LIMIT: Duration = Duration::from_secs(2);

/// `holds` must hold for all values of `strategy`.
///
/// The first case that fails is made as small as can be in [`SHRINK_LIMIT`]; the record of the check then
/// holds that case alone. What is not wrong but broken, unproven or inapplicable ends the check at once.
pub fn for_all<S: Strategy>(
    client: &mut Client,
    strategy: S,
    holds: impl Fn(&mut Client, S::Value) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut seed = [0; 32];
    seed.copy_from_slice(&client.random().bytes(32));
    let config = Config { failure_persistence: None, rng_seed: RngSeed::Fixed(0), ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &seed));
    let mut silences = 0;
    for _ in 0..if client.context().limits.is_slow() { CASES_IF_SLOW } else { CASES } {
        let tree =
            strategy.new_tree(&mut runner).map_err(|reason| std::io::Error::other(reason.to_string()))?;
        client.transcript().clear();
        match holds(client, tree.current()) {
            Ok(()) => {
                silences += usize::from(has_silence(client.transcript()));
                if silences == SILENCES {
                    return Ok(());
                }
            }
            // The case that killed the server is the one before that which found it dead.
            Err(failure) if is_refused(client.transcript(), 0) => return Err(failure),
            Err(failure @ Failure::Fail { .. }) => return Err(smallest(client, tree, failure, holds)),
            Err(other) => return Err(other),
        }
    }
    Ok(())
}

/// Whether anything was waited for in vain.
fn has_silence(transcript: &Transcript) -> bool {
    transcript.events().iter().any(|event| matches!(event.kind, Kind::Silent { .. }))
}

fn smallest<T: ValueTree>(
    client: &mut Client,
    mut tree: T,
    mut failure: Failure,
    holds: impl Fn(&mut Client, T::Value) -> Result<(), Failure>,
) -> Failure {
    let began = Instant::now();
    let mut events = client.transcript().events();
    let (mut moved, mut silences) = (tree.simplify(), 0);
    while moved && began.elapsed() < SHRINK_LIMIT && silences < SILENCES_SHRUNK {
        client.transcript().clear();
        let outcome = holds(client, tree.current());
        // What was found last has killed the server: smaller cases find it dead.
        if is_refused(client.transcript(), 0) {
            break;
        }
        moved = match outcome {
            Err(smaller @ Failure::Fail { .. }) => {
                failure = smaller;
                events = client.transcript().events();
                tree.simplify()
            }
            _ => tree.complicate(),
        };
        silences += usize::from(has_silence(client.transcript()));
    }
    client.transcript().replace(events);
    failure
}

/// One edit of a request: what a slip of a programmer, a faulty wire or an attacker makes of it.
#[derive(Debug, Clone, Copy)]
pub enum Edit {
    /// An octet is missing.
    Delete,
    /// An octet is there twice.
    Double,
    /// An octet has changed places with the next one.
    Swap,
    /// This octet is there as well.
    Insert(u8),
}

/// Edits, and where they are made; octets that are inserted are of these.
pub fn edits(inserted: &'static [u8]) -> impl Strategy<Value = (Edit, sample::Index)> {
    let any_edit = prop_oneof![
        sample::select(vec![Edit::Delete, Edit::Double, Edit::Swap]),
        sample::select(inserted).prop_map(Edit::Insert),
    ];
    (any_edit, any::<sample::Index>())
}

impl Edit {
    /// Makes the edit in these octets, at one of them.
    pub fn make(self, octets: &mut Vec<u8>, at: usize) {
        let (octet, last) = (octets[at], octets.len() - 1);
        match self {
            Edit::Delete => drop(octets.remove(at)),
            Edit::Double => octets.insert(at, octet),
            Edit::Swap => octets.swap(at, last.min(at + 1)),
            Edit::Insert(octet) => octets.insert(at, octet),
        }
    }
}

/// Text as people and their attackers write it, rich in what urlencoding, multipart and HTML give a meaning.
pub fn text() -> impl Strategy<Value = String> {
    let special = "&=+%;#?/<>'\"\\ \t\r\n\u{e9}\u{20ac}\u{1f4a9}";
    let special = sample::select(special.chars().collect::<Vec<_>>());
    let plain = char::range(' ', '~');
    collection::vec(prop_oneof![special, plain], 0..12).prop_map(String::from_iter)
}

/// Fields as a page may have them: values may be empty. No two names are equal, which is a subject of its own.
pub fn fields() -> impl Strategy<Value = Vec<FormField>> {
    let field =
        |(at, (name, value)): (usize, (String, String))| FormField::text(format!("{name}{at}"), value);
    collection::vec((text(), text()), 0..5)
        .prop_map(move |fields| fields.into_iter().enumerate().map(field).collect())
}

/// Octets of any value, those more often that end strings, lines and forms.
pub fn octets() -> impl Strategy<Value = Vec<u8>> {
    let special = sample::select(b"\0\r\n%&=+\"\xff".to_vec());
    collection::vec(prop_oneof![special, any::<u8>()], 0..12)
}

/// Text fields and files as a page may have them, at least one. Names are plain: how a browser writes the
/// others is a subject of its own, and so are equal ones.
pub fn files() -> impl Strategy<Value = Vec<FormField>> {
    const NAMES: [&str; 4] = ["a", "b", "a b", "\u{e9}"];
    let text = text().prop_map(|value| FormField::text("", value));
    let file = (sample::select(&NAMES[..]), octets())
        .prop_map(|(filename, content)| FormField::file("", filename, "application/x-any", content));
    let named = |(name, field): (&str, FormField)| FormField { name_hex: hex(name.as_bytes()), ..field };
    collection::vec(prop_oneof![text, file], 1..=NAMES.len())
        .prop_map(move |fields| NAMES.into_iter().zip(fields).map(named).collect())
}
