//! `conformance serve`

use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use clap::Args;

use conformance::grade::walls;
use conformance::run::reference::Server;
use conformance::tap::{Side, What, recorder};
use servers::http::{Seen, Watch};
use servers::program::Common;

use super::stop::Stop;
use super::view::View;

/// Run a reference server, to look at and to compare with
///
/// The reference servers pass every check. server-simple, server-cgi and server-wsgi run the same code.
#[derive(Debug, Args)]
pub(super) struct Serve {
    #[command(subcommand)]
    server: Server,
}

impl Serve {
    pub(super) fn run(self) -> Result<ExitCode, Stop> {
        // The servers are not for a submission to answer with.
        if walls::is_inside() {
            return Err(Stop::Usage("the reference servers don't run in the box".into()));
        }
        let mut server = self.server;
        let common = server.common();
        let viewer = if common.trace { Some(watch(common)?) } else { None };
        let code = server.run();
        // The options, which have gone, held the other end: it shows what is left, and ends.
        if let Some(viewer) = viewer {
            let _ = viewer.join();
        }
        Ok(code)
    }
}

/// Has the server shown as a tap shows it, and from where the server sees it: its clients stay its clients.
fn watch(common: &mut Common) -> Result<JoinHandle<()>, Stop> {
    let (recorder, reports) = recorder();
    // Connections come and go in many threads, the end of a sender among them.
    let recorder = Mutex::new(recorder);
    let record = move |number, seen: Seen<'_>| {
        let recorder = recorder.lock().unwrap_or_else(PoisonError::into_inner);
        match seen {
            Seen::Opened(from) => recorder.record(number, What::Opened { from: from.to_string() }),
            Seen::Read(octets) => recorder.record_bytes(number, Side::Client, octets),
            Seen::ReadEnd => recorder.record(number, What::Ended { by: Side::Client }),
            Seen::Written(octets) => recorder.record_bytes(number, Side::Server, octets),
            Seen::Closed => recorder.record(number, What::Closed { by: Side::Server }),
        }
    };
    common.watch = Some(Watch(Arc::new(record)));
    Ok(thread::Builder::new().spawn(move || View::default().follow(&reports))?)
}
