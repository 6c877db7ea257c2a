//! How submissions are built and started, and what they may use: the table `[recipe]` of a profile.

use serde::Deserialize;

/// How submissions are built and started, and what they may use.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RecipeOf {
    /// The words of the command that builds a submission, in its folder; empty if there is nothing to build.
    pub build: Vec<String>,
    /// The words of the command that starts the server, in the same folder, with `{port}`, `{root}` and so on.
    pub command: Vec<String>,
    /// The port on which the server listens, if it insists on one.
    pub port: Option<u16>,
    /// Whether a submission may say all this by itself, in its file `conformance.toml`.
    pub own_command: bool,
    /// Whether a submission must come as source: programs in it that are built already are left out.
    pub source: bool,
    /// Seconds for the build. Of these and of those below, what passes while the machine is busy does not count: see
    /// [`Budget`](crate::target::Budget).
    pub build_s: u64,
    /// Seconds until the server listens.
    pub start_s: u64,
    /// Seconds for the start and all checks. What is not reached by then earns nothing.
    pub run_s: u64,
    /// Memory for a process, and for all of them together, in MB.
    pub memory_mb: u64,
    /// The size of the largest file that may be written, and of all of them together, in MB.
    pub disk_mb: u64,
}

impl Default for RecipeOf {
    fn default() -> RecipeOf {
        RecipeOf {
            build: Vec::new(),
            command: Vec::new(),
            port: None,
            own_command: false,
            source: false,
            build_s: 120,
            start_s: 10,
            run_s: 120,
            memory_mb: 1024,
            disk_mb: 256,
        }
    }
}

/// What a submission may say in its file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Own {
    build: Option<Vec<String>>,
    command: Option<Vec<String>>,
    port: Option<u16>,
}

impl RecipeOf {
    /// The recipe with what a submission says by itself.
    ///
    /// # Errors
    /// What is wrong with that text, and where.
    pub fn with(&self, own: &str) -> Result<RecipeOf, String> {
        let own: Own = toml::from_str(own).map_err(|error| error.to_string())?;
        Ok(RecipeOf {
            build: own.build.unwrap_or_else(|| self.build.clone()),
            command: own.command.unwrap_or_else(|| self.command.clone()),
            port: own.port.or(self.port),
            ..self.clone()
        })
    }
}
