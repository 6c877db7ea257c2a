"""Faulty layers that get the response wrong, or errors; those of probe_lies.py are beside them in LIES."""

import io
import json
import sys
import traceback

import probe_lies
from probe_lies import layer

KEPT = []


def starting(lie):
    """A layer of a function that is called in place of start_response, with that as its first argument."""
    return layer(lambda application, environ, start_response:
                 application(environ, lambda *arguments: lie(start_response, *arguments)))


def returning(lie):
    """A layer of a function that gets what the application returns, and returns something else."""
    return layer(lambda application, environ, start_response: lie(application(environ, start_response)))


def erring(errors):
    """A layer that has another wsgi.errors."""
    return layer(lambda application, environ, start_response:
                 application(dict(environ, **{"wsgi.errors": errors()}), start_response))


# Layers that get start_response wrong.

@layer
def checks_late(application, environ, start_response):
    """Looks at the head when the application has returned."""
    heads = []
    answer = application(environ, lambda *head: heads.append(head))
    for head in heads[-1:]:
        start_response(*head)
    return answer


@starting
def keeps_first_head(start_response, status, headers, exc_info=None):
    return (lambda block: None) if exc_info else start_response(status, headers)


@starting
def keeps_exc_info(start_response, status, headers, exc_info=None):
    KEPT.append(exc_info)
    return start_response(status, headers, exc_info)


@layer
def holds_first_write(application, environ, start_response):
    """Sends what it gets from write() first when there is more."""
    def start(*arguments):
        write = start_response(*arguments)
        written = []

        def late(block):
            written.append(block)
            if len(written) > 1:
                write(b"".join(written) if len(written) == 2 else block)
        return late
    return application(environ, start)


@starting
def ignores_writes(start_response, *arguments):
    start_response(*arguments)
    return lambda block: None


@starting
def no_write(start_response, *arguments):
    start_response(*arguments)


@starting
def only_two_arguments(start_response, status, headers):
    return start_response(status, headers)


@starting
def raises_its_own(start_response, status, headers, exc_info=None):
    try:
        return start_response(status, headers, exc_info)
    except Exception:
        raise AssertionError("the head was sent before") from None


@starting
def raises_nothing(start_response, *arguments):
    try:
        return start_response(*arguments)
    except Exception:
        return None


@starting
def starts_again(start_response, status, headers, exc_info=None):
    """Takes the last head for the right one."""
    try:
        return start_response(status, headers, exc_info)
    except AssertionError:
        return start_response(status, headers, sys.exc_info())


@starting
def write_wants_two(start_response, *arguments):
    write = start_response(*arguments)
    return lambda block, is_last: write(block)


@layer
def wants_head_at_once(application, environ, start_response):
    heads = []

    def start(*head):
        heads.append(head)
        return start_response(*head)
    answer = application(environ, start)
    if not heads:
        raise AssertionError("the application has returned, and start_response was not called")
    return answer


# Layers that get the content wrong.

@returning
def measures(blocks):
    """Takes for granted that the number of blocks is known."""
    len(blocks)
    return blocks


# Layers that get errors wrong.

@layer
def errors_to_client(application, environ, start_response):
    errors = io.StringIO()

    def blocks():
        yield from application(dict(environ, **{"wsgi.errors": errors}), start_response)
        yield errors.getvalue().encode("utf-8")
    return blocks()


class OnlyWrite:
    def write(self, text):
        pass


@layer
def hides_end(application, environ, start_response):
    """Takes an exception for the end of the content."""
    answer = application(environ, start_response)

    def blocks():
        try:
            yield from answer
        except Exception:
            pass
    return blocks()


@layer
def keeps_quiet(application, environ, start_response):
    """Answers for an application that fails, and logs nothing."""
    try:
        return application(environ, start_response)
    except Exception:
        start_response("500 Sorry", [], sys.exc_info())
        return [b"Sorry."]


@layer
def shows_traceback(application, environ, start_response):
    try:
        return application(environ, start_response)
    except Exception:
        start_response("500 Sorry", [("Content-Type", "text/plain")], sys.exc_info())
        return [traceback.format_exc().encode("utf-8")]


@layer
def hides_threads(application, environ, start_response):
    """Has threads in one process, and does not tell of them."""
    environ = dict(environ, **{"wsgi.multithread": False})
    blocks = application(environ, lambda status, headers: start_response(status, headers[:1]))
    report = json.loads(b"".join(blocks).decode("ascii"))
    blocks.close()
    return [json.dumps(dict(report, pid=1, thread=report["pid"])).encode("ascii")]


READY = []


@layer
def one_behind(application, environ, start_response):
    """Gives what has been ready for longest. That is the answer to another request once there is one too many, after a
    client that may have left, or from another process."""
    query = environ["QUERY_STRING"]
    is_one_too_many = query.endswith("&mark=on&wait=go") or "fork" in query
    if not READY and not is_one_too_many:
        return application(environ, start_response)
    heads = []
    blocks = application(environ, lambda *head: heads.append(head))
    content = list(blocks)
    blocks.close()
    READY.extend([(*heads[-1][:2], content)] * (1 + is_one_too_many))
    status, headers, content = READY.pop(0)
    start_response(status, headers)
    return content


LIES = {
    **probe_lies.LIES,
    "checks-late": checks_late,
    "errors-in-ascii": erring(lambda: io.TextIOWrapper(io.BytesIO(), "ascii", write_through=True)),
    "errors-in-bytes": erring(io.BytesIO),
    "errors-nowhere": erring(io.StringIO),
    "errors-to-client": errors_to_client,
    "errors-without-lines": erring(OnlyWrite),
    "hides-end": hides_end,
    "hides-threads": hides_threads,
    "holds-first-write": holds_first_write,
    "ignores-writes": ignores_writes,
    "keeps-exc-info": keeps_exc_info,
    "keeps-first-head": keeps_first_head,
    "keeps-quiet": keeps_quiet,
    "measures": measures,
    "no-write": no_write,
    "one-behind": one_behind,
    "only-two-arguments": only_two_arguments,
    "raises-its-own": raises_its_own,
    "raises-nothing": raises_nothing,
    "shows-traceback": shows_traceback,
    "starts-again": starts_again,
    "wants-head-at-once": wants_head_at_once,
    "write-wants-two": write_wants_two,
}
