//! The seam that the three servers share: what a server calls to get a response.

use std::future::Future;

use crate::message::{Request, Response};

/// Answers requests: a directory of files, a form, a CGI script, a WSGI application.
///
/// The server has already checked that the message is well formed (RFC 9112), so an application
/// sees only requests that mean one thing. It may read the body or leave it: the server deals with
/// what is left. For HEAD it answers as for GET; the server keeps the body back.
pub trait Application: Send + Sync + 'static {
    /// The response to `request`. It never fails: what goes wrong is also a response.
    fn call(&self, request: Request) -> impl Future<Output = Response> + Send;

    /// Ends what the application keeps running, once the last request has been answered.
    fn stop(&self) -> impl Future<Output = ()> + Send {
        async {}
    }
}
