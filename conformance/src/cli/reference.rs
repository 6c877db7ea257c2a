//! The reference servers: this same program, called to serve.

use conformance::fixture::Fixture;
use conformance::target::Recipe;

use super::Stop;

/// How to start a reference server by its name.
pub(super) fn recipe(name: &str, fixture: Fixture) -> Result<Recipe, Stop> {
    let program = std::env::current_exe()?.to_string_lossy().into_owned();
    let words = ["serve", name, "--host", "{host}", "--port", "{port}", "--root", "{root}"];
    let command = std::iter::once(program).chain(words.map(String::from)).collect();
    Ok(Recipe { command, fixture, app: String::new() })
}
