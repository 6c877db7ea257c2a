//! The smallest Application on the engine of the reference servers: what `bench.sh` measures.

use std::net::SocketAddr;

use servers::application::Application;
use servers::http::{Config, Server, stop_signal};
use servers::message::{Request, Response};

struct Hello;

impl Application for Hello {
    async fn call(&self, _: Request) -> Response {
        Response::content(200, "text/plain", "Hello, world!\n")
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let port = std::env::args().nth(1).ok_or("usage: hello PORT")?.parse()?;
    let mut config = Config::new(SocketAddr::from(([127, 0, 0, 1], port)));
    // Its peer writes no log.
    config.quiet = true;
    Server::bind(config)?.serve(Hello, stop_signal()?).await;
    Ok(())
}
