//! `--url`: what a person may type, and what it means.

use std::fmt;

use url::Url;

/// What is wrong with the URL of a server.
#[derive(Debug, PartialEq)]
pub enum UrlError {
    /// It has no scheme; what may have been meant.
    NoScheme(String),
    /// It has another scheme than http.
    OtherScheme,
    /// It names more than a host and a port.
    NotAlone,
    /// It is not a URL.
    Malformed(url::ParseError),
}

impl std::error::Error for UrlError {}

impl fmt::Display for UrlError {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            UrlError::NoScheme(meant) => write!(to, "it must begin with http://, so write {meant}"),
            UrlError::OtherScheme => write!(to, "it must begin with http://"),
            UrlError::NotAlone => {
                write!(to, "only http://HOST:PORT/ is tested, without user, path, query or fragment")
            }
            UrlError::Malformed(error) => write!(to, "{error}"),
        }
    }
}

/// The URL of a server: http, a host, perhaps a port, and nothing else.
pub(super) fn parse(url: &str) -> Result<Url, UrlError> {
    if !url.contains("://") {
        // `localhost:8000` is a URL by itself, with the scheme `localhost`.
        let meant = Url::parse(&format!("http://{url}")).ok().filter(Url::has_host);
        let meant = meant.as_ref().map_or("localhost:8000".into(), authority);
        return Err(UrlError::NoScheme(format!("http://{meant}/")));
    }
    let parsed = Url::parse(url).map_err(UrlError::Malformed)?;
    let has_user = !parsed.username().is_empty() || parsed.password().is_some();
    let has_more = parsed.path() != "/" || parsed.query().is_some() || parsed.fragment().is_some();
    if parsed.scheme() != "http" {
        Err(UrlError::OtherScheme)
    } else if has_user || has_more {
        Err(UrlError::NotAlone)
    } else {
        Ok(parsed)
    }
}

/// Host and port of the server with this URL.
///
/// # Errors
/// What is wrong with the URL.
pub fn address(url: &str) -> Result<String, UrlError> {
    let url = parse(url)?;
    let host = url.host_str().unwrap_or_default();
    Ok(format!("{host}:{}", url.port_or_known_default().unwrap_or(80)))
}

/// Host and port as in a Host field.
pub(super) fn authority(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;
    use crate::client::context::Place;
    use crate::target::Target;

    #[test]
    fn a_url_names_a_host_and_perhaps_a_port() {
        for (url, host) in [
            ("http://localhost:8000/", "localhost:8000"),
            ("http://localhost:8000", "localhost:8000"),
            ("HTTP://Example.org", "example.org"),
            ("http://example.org:80/", "example.org"),
            ("http://127.0.0.1:65535/", "127.0.0.1:65535"),
            ("http://[::1]:8000/", "[::1]:8000"),
        ] {
            assert_eq!(parse(url).map(|url| authority(&url)), Ok(host.to_owned()), "{url}");
        }
    }

    #[test]
    fn a_url_that_can_not_be_used_is_explained() {
        let meant = |url: &str| UrlError::NoScheme(url.into());
        for (url, error) in [
            ("localhost:8000", meant("http://localhost:8000/")),
            ("127.0.0.1:8000/form", meant("http://127.0.0.1:8000/")),
            ("[::1]:8000", meant("http://[::1]:8000/")),
            ("example.org", meant("http://example.org/")),
            ("", meant("http://localhost:8000/")),
            ("https://localhost/", UrlError::OtherScheme),
            ("file:///etc", UrlError::OtherScheme),
            ("http://localhost/form", UrlError::NotAlone),
            ("http://localhost/?", UrlError::NotAlone),
            ("http://localhost/#", UrlError::NotAlone),
            ("http://me@localhost/", UrlError::NotAlone),
            ("http://localhost:99999/", UrlError::Malformed(url::ParseError::InvalidPort)),
            ("http://", UrlError::Malformed(url::ParseError::EmptyHost)),
        ] {
            assert_eq!(parse(url), Err(error), "{url}");
        }
        let error = Target::at_url("localhost:8000").unwrap_err().to_string();
        assert!(error.ends_with("it must begin with http://, so write http://localhost:8000/."), "{error}");
    }

    #[test]
    fn a_server_on_an_ipv6_address_is_reached() {
        // Not every machine has such addresses.
        let Ok(listener) = TcpListener::bind("[::1]:0") else { return };
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || listener.accept().map(drop));
        let target = Target::at_url(&format!("http://{address}/")).unwrap();
        assert_eq!(*target.place(), Place { address, host: address.to_string() });
    }
}
