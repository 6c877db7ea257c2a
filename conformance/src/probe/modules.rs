//! The probe as a WSGI application: a module in Python, which a server hosts as it would any other.
//!
//! The [fixture](crate::target::fixture) holds it in the directory that `{wsgi}` stands for; `{app}` names it, and
//! PYTHONPATH leads there. It answers at every path that begins with `/probe`, where the query is
//! `token=TOKEN` and then [steps](super::Step), separated by `&`; at `/form` as the form contract asks, and at `/`
//! with a page.
//!
//! | file | what it is |
//! |---|---|
//! | `probe.py` | the application: steps, and the report |
//! | `probe_answers.py` | what it returns: iterables of several kinds |
//! | `probe_environ.py` | what it sees |
//! | `probe_form.py` | the form |
//! | `probe_fields.py` | what takes a form apart: that of the reference server |
//! | `probe_lies.py` | layers between server and application that make a right server a wrong one |
//! | `probe_lies_stream.py` | those that spoil blocks on their way, and close() |
//! | `probe_lies_answers.py` | those that get the response wrong |

/// What `{app}` stands for: the module, and the application in it.
pub const APPLICATION: &str = "probe:application";

/// The modules: names and texts. All names begin alike: a server may have a module `form` of its own.
pub const MODULES: &[(&str, &str)] = &[
    ("probe.py", include_str!("../../wsgi/probe.py")),
    ("probe_answers.py", include_str!("../../wsgi/probe_answers.py")),
    ("probe_environ.py", include_str!("../../wsgi/probe_environ.py")),
    ("probe_form.py", include_str!("../../wsgi/probe_form.py")),
    ("probe_fields.py", include_str!("../../../servers/wsgi/form.py")),
    ("probe_lies.py", include_str!("../../wsgi/probe_lies.py")),
    ("probe_lies_stream.py", include_str!("../../wsgi/probe_lies_stream.py")),
    ("probe_lies_answers.py", include_str!("../../wsgi/probe_lies_answers.py")),
];
