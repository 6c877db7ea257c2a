//! The form of the form contract as a script: the parser is that of the reference servers, so that what fails is
//! the way to it.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitCode;
use std::{env, fs};

use super::octets::HEAD_END;
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
        body: body(text("CONTENT_LENGTH").and_then(|length| length.parse().ok()))?,
        remote: nobody,
        local: nobody,
    })
}

/// As much of standard input as was announced, or all of it where chunks were: a server may leave out their length. If
/// it ends before, the rest will never come.
fn body(length: Option<u64>) -> io::Result<Body> {
    let mut content = Vec::new();
    let Some(length) = length else {
        if variable("HTTP_TRANSFER_ENCODING").is_some() {
            io::stdin().read_to_end(&mut content)?;
        }
        return Ok(Body::Full(content.into()));
    };
    io::stdin().take(length).read_to_end(&mut content)?;
    if content.len() as u64 == length {
        return Ok(Body::Full(content.into()));
    }
    let (sender, chunks) = tokio::sync::mpsc::channel(1);
    let _ = sender.try_send(Err(io::ErrorKind::UnexpectedEof.into()));
    Ok(Body::Stream { length: None, chunks })
}

/// The response as a script writes it (RFC 3875 6.2.1): of a success just the type, which every server understands.
async fn document(mut response: Response) -> io::Result<Vec<u8>> {
    let is_plain = response.status == 200 && response.headers.get("Content-Type").is_some();
    let status = (!is_plain).then(|| format!("Status: {}", response.status).into_bytes());
    let fields = response.headers.iter().filter(|(name, _)| !is_plain || *name == b"Content-Type");
    let lines = status.into_iter().chain(fields.map(|(name, value)| [name, b": ", value].concat()));
    let mut document = lines.collect::<Vec<_>>().join(&b'\n');
    document.extend(HEAD_END);
    while let Some(block) = response.body.next().await {
        document.extend_from_slice(&block?);
    }
    Ok(document)
}
