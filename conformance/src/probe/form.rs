//! The form of the form contract as a script: the parser is that of the reference servers, so that what fails is
//! the way to it.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitCode;
use std::{env, fs};

use servers::application::Application;
use servers::form::Form;
use servers::log;
use servers::message::{Body, Headers, Request, Response, Target, Version};

/// Answers the request that the environment describes.
pub(super) fn run() -> io::Result<ExitCode> {
    // The reference servers log to standard output, where a script answers.
    let mut answer = fs::File::from(rustix::io::dup(io::stdout())?);
    rustix::stdio::dup2_stdout(io::stderr())?;
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let document = runtime.block_on(async { document(Form.call(request()?).await).await })?;
    log::flush();
    answer.write_all(&document)?;
    Ok(ExitCode::SUCCESS)
}

fn variable(name: &str) -> Option<Vec<u8>> {
    use std::os::unix::ffi::OsStringExt;
    env::var_os(name).map(OsStringExt::into_vec)
}

fn request() -> io::Result<Request> {
    let text = |name| variable(name).map(|value| String::from_utf8_lossy(&value).into_owned());
    let mut headers = Headers::default();
    for (variable_name, name) in [
        ("CONTENT_TYPE", "Content-Type"),
        ("HTTP_CONTENT_ENCODING", "Content-Encoding"),
        ("HTTP_ACCEPT", "Accept"),
    ] {
        if let Some(value) = variable(variable_name).filter(|value| !value.is_empty()) {
            headers.push(name, value);
        }
    }
    let nobody = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    Ok(Request {
        method: text("REQUEST_METHOD").unwrap_or_default(),
        target: Target { path: "/".into(), query: text("QUERY_STRING"), authority: String::new() },
        version: Version::Http11,
        headers,
        body: body(text("CONTENT_LENGTH").and_then(|length| length.parse().ok()).unwrap_or(0))?,
        remote: nobody,
        local: nobody,
    })
}

/// As much of standard input as was announced. If it ends before, the rest will never come.
fn body(length: u64) -> io::Result<Body> {
    let mut content = Vec::new();
    io::stdin().take(length).read_to_end(&mut content)?;
    if content.len() as u64 == length {
        return Ok(Body::Full(content.into()));
    }
    let (sender, chunks) = tokio::sync::mpsc::channel(1);
    let _ = sender.try_send(Err(io::ErrorKind::UnexpectedEof.into()));
    Ok(Body::Stream { length: None, chunks })
}

/// The response as a script writes it (RFC 3875 6.2.1).
async fn document(mut response: Response) -> io::Result<Vec<u8>> {
    let mut document = format!("Status: {}\n", response.status).into_bytes();
    for (name, value) in response.headers.iter() {
        document.extend([name, b": ", value, b"\n"].concat());
    }
    document.push(b'\n');
    while let Some(block) = response.body.next().await {
        document.extend_from_slice(&block?);
    }
    Ok(document)
}
