"""Faulty layers between a server and the probe, by name: each is a server with one mistake.

A layer is what WSGI calls a middleware: it gets an application and is one itself.
"""

import probe_lies_answers


def layer(lie):
    """A layer of a function that gets the application, the environ and start_response."""
    return lambda application: lambda environ, start_response: lie(application, environ, start_response)


@layer
def by_name(application, environ, start_response):
    return application(environ=environ, start_response=start_response)


class Environ(dict):
    """Like a dictionary, and none."""


@layer
def environ_subclass(application, environ, start_response):
    return application(Environ(environ), start_response)


LIES = {
    "by-name": by_name,
    "environ-subclass": environ_subclass,
}
LIES.update((name, layer(lie)) for name, lie in probe_lies_answers.LIES.items())
