//! `conformance wire`

use std::fs::File;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;
use std::thread;

use clap::Args;
use conformance::tap::{Page, recorder, relay};
use servers::http::stop_signal;
use tokio::net::{TcpListener, lookup_host};

use super::names::{Refused, server};
use super::stop::{Stop, print};
use super::view::View;

/// Look at what passes between a browser and a server
///
/// Listens like a server, passes everything on to yours, byte for byte, and shows it: which line is which, where the
/// content begins and ends, what a form sent, what followed it, who closed the connection. Point the browser, or curl, at
/// the tap. Where a page of your server leads to the server's own address, the browser leaves the tap.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  conformance wire --to http://localhost:8000
  conformance wire --to http://localhost:8000 --page 8081 --save lesson.jsonl
  conformance replay lesson.jsonl --to http://localhost:9000")]
pub(super) struct Wire {
    /// The server, which must be running
    #[arg(long, value_name = "URL", value_parser = server)]
    to: String,
    /// Where to listen, as PORT or ADDRESS:PORT; 0.0.0.0:8080 lets other machines in
    #[arg(long, value_name = "PORT", default_value = "8080", value_parser = place)]
    listen: SocketAddr,
    /// Show it in a browser as well, on a page at this port or ADDRESS:PORT
    #[arg(long, value_name = "PORT", value_parser = place)]
    page: Option<SocketAddr>,
    /// Keep it in a file, for conformance replay
    #[arg(long, value_name = "PATH")]
    save: Option<PathBuf>,
}

/// A port of this machine, or an address with its port.
fn place(word: &str) -> Result<SocketAddr, Refused> {
    let local = || word.parse().map(|port: u16| (IpAddr::from(Ipv4Addr::LOCALHOST), port).into());
    word.parse()
        .or_else(|_| local())
        .map_err(|_| Refused("write a port, or an address and a port as in 127.0.0.1:8080".into()))
}

impl Wire {
    pub(super) fn run(self) -> Result<ExitCode, Stop> {
        let runtime = tokio::runtime::Runtime::new()?;
        let page = self.page.map(|_| Page::default());
        let shown = page.clone();
        let (recorder, reports) = recorder();
        let taken = |what: &str, place: SocketAddr, error: io::Error| {
            Stop::Usage(format!("the {what} can't listen on {place}: {error}"))
        };
        let viewer = runtime.block_on(async {
            // A server that is not there yet may be there later.
            if lookup_host(&self.to).await.into_iter().flatten().any(|server| server == self.listen) {
                return Err(Stop::Usage(format!(
                    "the tap itself listens on {}: give it another port",
                    self.to
                )));
            }
            let listener =
                TcpListener::bind(self.listen).await.map_err(|error| taken("tap", self.listen, error))?;
            let mut text =
                format!("listening on http://{}/ for http://{}/\n", listener.local_addr()?, self.to);
            if let (Some(page), Some(place)) = (page, self.page) {
                let (at, serving) = page
                    .listen(place, std::future::pending())
                    .map_err(|error| taken("page", place, error))?;
                tokio::spawn(serving);
                text.push_str(&format!("the page is at http://{at}/\n"));
            }
            // Only now: an earlier file is not lost to a port that is taken.
            let kept = self.save.as_ref().map(File::create).transpose();
            let kept = kept.map_err(|error| Stop::Usage(format!("the file can't be written: {error}")))?;
            let view = View::new(shown, kept);
            let stop = stop_signal()?;
            print(&text)?;
            let viewer = thread::Builder::new().spawn(move || view.follow(&reports))?;
            relay(listener, &self.to, recorder, stop).await;
            Ok::<_, Stop>(viewer)
        })?;
        // With the connections go those who report; what they have reported is still shown.
        runtime.shutdown_background();
        let _ = viewer.join();
        Ok(ExitCode::SUCCESS)
    }
}
