"""An application whose process answers one behind, from the first request on whose client has left it or after which it
has forked: that of the suite, with one of the layers that its mutants have."""
from probe import application as right


def application(environ, start_response):
    if environ["QUERY_STRING"].startswith("token="):
        environ["QUERY_STRING"] = f"lie=one-behind&{environ['QUERY_STRING']}"
    return right(environ, start_response)
