//! The meta-variables of a request (RFC 3875 4.1): what a script finds in its environment, and a WSGI
//! application in its `environ`.

use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::message::{BETWEEN_NEIGHBOURS, Request, Version, is_one_of};

/// Fields that do not become an `HTTP_` variable, besides those between neighbours: two of them have variables of
/// their own, one has been dealt with by the server, and some would do harm (RFC 3875 4.1.18).
const KEPT_BACK: [&str; 5] = [
    "Content-Length",
    "Content-Type",
    "Expect",
    // Programs that fetch something would trust the client to name the proxy to go through: "httpoxy".
    "Proxy",
    "Proxy-Authorization",
];

/// How a program is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interface {
    /// As a script: its environment is that of a process, which others may see. So the password in
    /// `Authorization` stays out of it (RFC 3875 4.1.18). There are three more variables than in the RFC, which
    /// scripts rely on: `DOCUMENT_ROOT`, `REMOTE_PORT` and `REQUEST_URI`.
    Cgi,
    /// As an application, which itself checks passwords. Variables that are not in the RFC would have names of
    /// another kind (PEP 3333, "environ Variables"), so there are none.
    Wsgi,
}

/// Which part of the path leads to a program, and which is for it to read. Both are decoded.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// What leads to the program.
    pub script_name: &'a [u8],
    /// What follows: empty, or from a slash on.
    pub path_info: &'a [u8],
    /// The directory whose files are served beside it, if there is one.
    pub document_root: Option<&'a Path>,
}

/// Calls `set` with each meta-variable of a request, name and value, in the order of RFC 3875; each name once.
/// `content_length` is that of the decoded content; `None` if the request has none.
///
/// `AUTH_TYPE`, `REMOTE_USER` and `REMOTE_IDENT` are never set, for the server does not ask clients who
/// they are, and does not trust what they say.
pub fn variables(
    interface: Interface,
    software: &str,
    request: &Request,
    place: &Place,
    content_length: Option<u64>,
    mut set: impl FnMut(&str, &[u8]),
) {
    let Request { target, remote, local, .. } = request;
    if let Some(length) = content_length {
        set("CONTENT_LENGTH", length.to_string().as_bytes());
    }
    if let Some(media_type) = request.headers.get("Content-Type") {
        set("CONTENT_TYPE", media_type);
    }
    set("GATEWAY_INTERFACE", b"CGI/1.1");
    let query = target.query.as_deref().unwrap_or_default();
    if !place.path_info.is_empty() {
        set("PATH_INFO", place.path_info);
    }
    if let Some(root) = place.document_root {
        let root = root.as_os_str().as_bytes();
        if !place.path_info.is_empty() {
            set("PATH_TRANSLATED", &[root, place.path_info].concat());
        }
        set("DOCUMENT_ROOT", root);
    }
    set("QUERY_STRING", query.as_bytes());
    let client = remote.ip().to_canonical().to_string();
    set("REMOTE_ADDR", client.as_bytes());
    // Asking for the name would take longer than most scripts; the address may be given instead (4.1.9).
    set("REMOTE_HOST", client.as_bytes());
    set("REQUEST_METHOD", request.method.as_bytes());
    if interface == Interface::Cgi {
        set("REMOTE_PORT", remote.port().to_string().as_bytes());
        let mark = if target.query.is_some() { "?" } else { "" };
        set("REQUEST_URI", [&target.path, mark, query].concat().as_bytes());
    }
    set("SCRIPT_NAME", place.script_name);
    set("SERVER_NAME", server_name(request).as_bytes());
    set("SERVER_PORT", local.port().to_string().as_bytes());
    set("SERVER_PROTOCOL", if request.version == Version::Http10 { b"HTTP/1.0" } else { b"HTTP/1.1" });
    set("SERVER_SOFTWARE", software.as_bytes());
    fields(interface, request, set);
}

/// The host that was asked for, without a port; else the address where the request arrived.
fn server_name(request: &Request) -> String {
    let authority = &request.target.authority;
    let colon = authority.rfind([':', ']']).filter(|&at| authority[at..].starts_with(':'));
    match &authority[..colon.unwrap_or(authority.len())] {
        "" => match request.local.ip().to_canonical() {
            std::net::IpAddr::V6(address) => format!("[{address}]"),
            address => address.to_string(),
        },
        name => name.to_owned(),
    }
}

/// The header fields, several of a name as one (RFC 9110 5.3; 4.2.3 of RFC 6265bis for cookies).
fn fields(interface: Interface, request: &Request, mut set: impl FnMut(&str, &[u8])) {
    let fields: Vec<(&[u8], &[u8])> = request.headers.iter().collect();
    let mut variable = String::new();
    for (at, (name, value)) in fields.iter().enumerate() {
        let is_it = |(other, _): &&(&[u8], &[u8])| other.eq_ignore_ascii_case(name);
        if !is_passed_on(interface, name) || fields[..at].iter().any(|field| is_it(&field)) {
            continue;
        }
        variable.clear();
        variable.push_str("HTTP_");
        variable.extend(name.iter().map(|&b| if b == b'-' { '_' } else { b.to_ascii_uppercase().into() }));
        let mut others = fields[at + 1..].iter().filter(is_it).map(|(_, value)| *value).peekable();
        if others.peek().is_none() {
            set(&variable, value);
            continue;
        }
        let separator: &[u8] = if name.eq_ignore_ascii_case(b"Cookie") { b"; " } else { b", " };
        let joined = others.fold(value.to_vec(), |joined, other| [&joined, separator, other].concat());
        set(&variable, &joined);
    }
}

/// Only letters, digits and hyphens make a name. `X_Y` would become the same variable as `X-Y`, and could
/// overwrite what a trusted server in front of this one has checked.
fn is_passed_on(interface: Interface, name: &[u8]) -> bool {
    name.iter().all(|&b| b.is_ascii_alphanumeric() || b == b'-')
        && !is_one_of(&BETWEEN_NEIGHBOURS, name)
        && !is_one_of(&KEPT_BACK, name)
        && (interface == Interface::Wsgi || !name.eq_ignore_ascii_case(b"Authorization"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::request;

    fn of(request: &Request, content_length: Option<u64>) -> Vec<(String, String)> {
        called(Interface::Cgi, request, content_length)
    }

    fn called(interface: Interface, request: &Request, content_length: Option<u64>) -> Vec<(String, String)> {
        let place = Place {
            script_name: b"/cgi-bin/a b",
            path_info: b"/x y/\xff",
            document_root: Some(Path::new("/srv/www")),
        };
        let mut all = Vec::new();
        variables(interface, "server/1", request, &place, content_length, |name, value| {
            all.push((name.to_owned(), value.escape_ascii().to_string()));
        });
        all
    }

    fn get(variables: &[(String, String)], name: &str) -> Option<String> {
        let mut values = variables.iter().filter(|(its, _)| its == name).map(|(_, value)| value.clone());
        let value = values.next();
        assert_eq!(values.next(), None, "{name} twice");
        value
    }

    #[test]
    fn every_variable_of_the_rfc_has_its_value() {
        let fields = [("Host", "example.com:80"), ("Content-Type", "Text/X; a=\"B\"")];
        let variables = of(&request("PUT", "/cgi-bin/a%20b/x%20y/%ff?q=%2F+&", &fields, b""), Some(7));
        for (name, expected) in [
            ("CONTENT_LENGTH", "7"),
            ("CONTENT_TYPE", "Text/X; a=\\\"B\\\""),
            ("DOCUMENT_ROOT", "/srv/www"),
            ("GATEWAY_INTERFACE", "CGI/1.1"),
            ("HTTP_HOST", "example.com:80"),
            ("PATH_INFO", "/x y/\\xff"),
            ("PATH_TRANSLATED", "/srv/www/x y/\\xff"),
            ("QUERY_STRING", "q=%2F+&"),
            ("REMOTE_ADDR", "127.0.0.1"),
            ("REMOTE_HOST", "127.0.0.1"),
            ("REMOTE_PORT", "1"),
            ("REQUEST_METHOD", "PUT"),
            ("REQUEST_URI", "/cgi-bin/a%20b/x%20y/%ff?q=%2F+&"),
            ("SCRIPT_NAME", "/cgi-bin/a b"),
            ("SERVER_NAME", "evil.example"),
            ("SERVER_PORT", "2"),
            ("SERVER_PROTOCOL", "HTTP/1.1"),
            ("SERVER_SOFTWARE", "server/1"),
        ] {
            assert_eq!(get(&variables, name).as_deref(), Some(expected), "{name}");
        }
        assert_eq!(variables.len(), 18);
    }

    #[test]
    fn what_is_not_there_is_not_set_but_the_query() {
        let variables = of(&request("GET", "/cgi-bin/a%20b", &[], b""), None);
        assert_eq!(get(&variables, "QUERY_STRING").as_deref(), Some(""));
        for name in ["CONTENT_LENGTH", "CONTENT_TYPE", "AUTH_TYPE", "REMOTE_USER", "REMOTE_IDENT"] {
            assert_eq!(get(&variables, name), None, "{name}");
        }
    }

    #[test]
    fn no_field_becomes_the_variable_of_another_or_of_the_server() {
        let fields = [
            ("X-Two", "a"),
            ("Proxy", "http://evil.example/"),
            ("x-two", "b"),
            ("X_Two", "c"),
            ("X.Two", "d"),
            ("Cookie", "a=1"),
            ("Authorization", "Basic secret"),
            ("Content_Length", "5"),
            ("cookie", "b=2"),
            ("TE", "trailers"),
            ("9Lives", "() { :;}; x"),
            ("X-Empty", ""),
        ];
        let variables = of(&request("GET", "/cgi-bin/a%20b", &fields, b""), None);
        let ours: Vec<_> = variables.iter().filter(|(name, _)| name.starts_with("HTTP_")).cloned().collect();
        let expected = [
            ("HTTP_X_TWO", "a, b"),
            ("HTTP_COOKIE", "a=1; b=2"),
            ("HTTP_9LIVES", "() { :;}; x"),
            ("HTTP_X_EMPTY", ""),
        ];
        assert_eq!(ours, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }

    #[test]
    fn an_application_sees_passwords_and_no_variables_but_those_of_the_rfc() {
        let fields = [("Authorization", "Basic secret"), ("Proxy-Authorization", "Basic other")];
        let variables = called(Interface::Wsgi, &request("GET", "/", &fields, b""), None);
        assert_eq!(get(&variables, "HTTP_AUTHORIZATION").as_deref(), Some("Basic secret"));
        for name in ["HTTP_PROXY_AUTHORIZATION", "REMOTE_PORT", "REQUEST_URI"] {
            assert_eq!(get(&variables, name), None, "{name}");
        }
    }

    #[test]
    fn the_name_of_the_server_has_no_port() {
        for (authority, expected) in [
            ("example.com", "example.com"),
            ("Example.COM:8080", "Example.COM"),
            ("example.com:", "example.com"),
            ("[::1]", "[::1]"),
            ("[::1]:8000", "[::1]"),
            ("", "127.0.0.1"),
        ] {
            let mut request = request("GET", "/", &[], b"");
            request.target.authority = authority.into();
            assert_eq!(server_name(&request), expected, "{authority}");
        }
    }
}
