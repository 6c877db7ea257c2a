//! The two languages of hosted programs.

/// How a server and a program that it hosts talk to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// The program is a script (RFC 3875).
    Cgi,
    /// The program is an application (PEP 3333).
    Wsgi,
}

impl Language {
    /// What a program in this language is called.
    pub fn program(self) -> &'static str {
        match self {
            Language::Cgi => "script",
            Language::Wsgi => "application",
        }
    }
}
