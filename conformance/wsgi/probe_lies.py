"""Faulty layers between a server and the probe, by name: each is a server with one mistake.

A layer is what WSGI calls a middleware: it gets an application and is one itself.
"""

import inspect
import time

import probe_lies_stream


def layer(lie):
    """A layer of a function that gets the application, the environ and start_response."""
    return lambda application: lambda environ, start_response: lie(application, environ, start_response)


def environ_with(**values):
    """A layer that sets these variables, with a dot for each double underscore."""
    values = {name.replace("__", "."): value for name, value in values.items()}
    return layer(lambda application, environ, start_response:
                 application(dict(environ, **values), start_response))


class Input:
    """An input like the one that it reads from."""

    def __init__(self, stream):
        self.stream = stream

    def read(self, *size):
        return self.stream.read(*size)

    def readline(self, *size):
        return self.stream.readline(*size)

    def readlines(self, *hint):
        return self.stream.readlines(*hint)

    def __iter__(self):
        return iter(self.stream)


def input_with(**methods):
    """A layer with an input that differs in these methods."""
    kind = type("OtherInput", (Input,), methods)
    return layer(lambda application, environ, start_response:
                 application(dict(environ, **{"wsgi.input": kind(environ["wsgi.input"])}), start_response))


def ends_in_an_error(self, *size):
    octets = self.stream.read(*size)
    if not octets and size != (0,):
        raise EOFError("there is no more")
    return octets


def waits_for_content(self, size):
    octets = b""
    while len(octets) < size:
        try:
            octets += self.stream.read(size - len(octets))
        except Exception:
            time.sleep(0.01)
    return octets


def read_ahead(self):
    """All lines at once, into a buffer that read knows nothing of."""
    return iter(self.stream.readlines())


@layer
def by_name(application, environ, start_response):
    return application(environ=environ, start_response=start_response)


@layer
def calls_twice(application, environ, start_response):
    for block in application(dict(environ), start_response):
        del block
    return application(environ, lambda status, headers: None)


class Environ(dict):
    """Like a dictionary, and none."""


@layer
def environ_subclass(application, environ, start_response):
    return application(Environ(environ), start_response)


@layer
def introspects(application, environ, start_response):
    getattr(application.__self__, "is_asynchronous", None)
    return application(environ, start_response)


@layer
def keeps_passwords(application, environ, start_response):
    environ.pop("HTTP_AUTHORIZATION", None)
    return application(environ, start_response)


@layer
def no_run_once(application, environ, start_response):
    del environ["wsgi.run_once"]
    return application(environ, start_response)


@layer
def only_functions(application, environ, start_response):
    """Takes an application for a function."""
    if not inspect.isfunction(application):
        raise TypeError("the application is no function")
    return application(environ, start_response)


@layer
def no_url_scheme(application, environ, start_response):
    del environ["wsgi.url_scheme"]
    return application(environ, start_response)


@layer
def path_as_utf8(application, environ, start_response):
    environ["PATH_INFO"] = environ["PATH_INFO"].encode("latin-1").decode("utf-8", "replace")
    return application(environ, start_response)


@layer
def trusts_environ(application, environ, start_response):
    """Goes by what the application left of the environ."""
    answer = application(environ, start_response)
    environ["wsgi.input"], environ["PATH_INFO"]
    return answer


@layer
def trusts_method(application, environ, start_response):
    answer = application(environ, start_response)
    environ["REQUEST_METHOD"].upper()
    return answer


LIES = {
    "blanks-around-values": environ_with(HTTP_X_TEST="\t value\t "),
    "by-name": by_name,
    "calls-twice": calls_twice,
    "content-type-is-bytes": environ_with(CONTENT_TYPE=b"text/plain"),
    "end-is-an-error": input_with(read=ends_in_an_error),
    "environ-subclass": environ_subclass,
    "input-goes-on": input_with(read=lambda self, *size: self.stream.read(*size) or b"more"),
    "introspects": introspects,
    "keeps-passwords": keeps_passwords,
    "lines-as-bytearrays": input_with(readline=lambda self, *size: bytearray(self.stream.readline(*size))),
    "lines-as-memoryviews": input_with(readline=lambda self, *size: memoryview(self.stream.readline(*size))),
    "lines-without-ends": input_with(readline=lambda self, *size: self.stream.readline(*size).rstrip(b"\n")),
    "named-badly": environ_with(**{"X-My-Server": "1"}),
    "named-without-prefix": environ_with(timeout="1"),
    "no-readlines": input_with(readlines=None),
    "no-run-once": no_run_once,
    "no-server-name": environ_with(SERVER_NAME=""),
    "no-url-scheme": no_url_scheme,
    "only-functions": only_functions,
    "path-as-utf-8": path_as_utf8,
    "port-is-a-number": environ_with(SERVER_PORT=8000),
    "read-does-not-wait": input_with(read=lambda self, *size: b"" if size == (5,) else self.stream.read(*size)),
    "read-ignores-size": input_with(read=lambda self, *size: self.stream.read()),
    "read-needs-a-size": input_with(read=lambda self, size: self.stream.read(size)),
    "readline-without-size": input_with(readline=lambda self: self.stream.readline()),
    "readlines-finds-nothing": input_with(readlines=lambda self, *hint: []),
    "reads-lines-ahead": input_with(__iter__=read_ahead),
    "reads-what-is-there": input_with(read=lambda self, size: self.stream.read(size)[:5]),
    "script-name-is-a-slash": environ_with(SCRIPT_NAME="/"),
    "scheme-is-bytes": environ_with(wsgi__url_scheme=b"http"),
    "scheme-of-its-own": environ_with(wsgi__url_scheme="tcp"),
    "scheme-with-colon": environ_with(wsgi__url_scheme="http:"),
    "skips-empty-lines": input_with(__iter__=lambda self: (line for line in self.stream if line != b"\n")),
    "text-by-default": environ_with(CONTENT_TYPE="text/plain"),
    "thinks-it-is-alone": environ_with(wsgi__multithread=False, wsgi__multiprocess=False),
    "trusts-environ": trusts_environ,
    "trusts-method": trusts_method,
    "user-is-none": environ_with(REMOTE_USER=None),
    "waits-for-content": input_with(read=waits_for_content),
    "version-is-a-list": environ_with(wsgi__version=[1, 0]),
}
LIES.update((name, layer(lie)) for name, lie in probe_lies_stream.LIES.items())
