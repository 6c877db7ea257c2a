"""Faulty layers that spoil blocks on their way to the client, and when close() is called: functions that
probe_lies.py makes layers of."""

import functools
import io
import os


def close(answer):
    getattr(answer, "close", lambda: None)()


def blocks_of(answer):
    """Its blocks. It is closed at their end, however that comes."""
    try:
        for block in answer:
            yield block
    finally:
        close(answer)


def closes_after_two(application, environ, start_response):
    """Takes a second block for the last."""
    answer, number = application(environ, start_response), 0
    for number, block in enumerate(answer, 1):
        yield block
        if number == 2:
            close(answer)
    if number < 2:
        close(answer)


def closes_before_sending(application, environ, start_response):
    answer = application(environ, start_response)
    blocks = list(answer)
    close(answer)
    return blocks


def closes_twice(application, environ, start_response):
    answer = application(environ, start_response)
    try:
        for block in blocks_of(answer):
            yield block
    finally:
        close(answer)


def closes_when_all_is_well(application, environ, start_response):
    answer = application(environ, start_response)
    for block in answer:
        yield block
    close(answer)


def closes_what_has_content(application, environ, start_response):
    statuses = []

    def start(status, *rest):
        statuses.append(status[:3])
        return start_response(status, *rest)

    answer = application(environ, start)
    if environ["REQUEST_METHOD"] == "HEAD" or {"204", "304"} & set(statuses):
        return []
    return answer


def forgets_what_is_complete(application, environ, start_response):
    """Leaves the loop, and close() behind it, once Content-Length is reached."""
    lengths = []

    def start(status, headers, *rest):
        lengths.extend(int(value) for name, value in headers if name == "Content-Length")
        return start_response(status, headers, *rest)

    answer = application(environ, start)
    for block in answer:
        yield block
        lengths = [length - len(block) for length in lengths]
        if 0 in lengths:
            return
    close(answer)


def holds_parts(application, environ, start_response):
    """Sends what is in parts as a whole."""
    types = []

    def start(status, headers, *rest):
        types.extend(value for name, value in headers if name == "Content-Type")
        return start_response(status, headers, *rest)

    held = b""
    for block in blocks_of(application(environ, start)):
        if types and types[0].startswith("multipart/"):
            held, block = held + block, b""
        yield block
    yield held


def holds_writes(application, environ, start_response):
    written = []

    def start(*arguments):
        start_response(*arguments)
        return written.append

    answer = application(environ, start)
    yield b"".join(written)
    for block in blocks_of(answer):
        yield block


def keeps_a_rest(application, environ, start_response):
    """Fills a buffer, and sends it when it is full."""
    held = b""
    for block in blocks_of(application(environ, start_response)):
        held += block
        full = len(held) - len(held) % 65536
        yield held[:full]
        held = held[full:]
    yield held


def line_ends(application, environ, start_response):
    for block in blocks_of(application(environ, start_response)):
        yield block.replace(b"\n", b"\r\n")


def one_block_late(application, environ, start_response):
    held = b""
    for block in blocks_of(application(environ, start_response)):
        yield held
        held = block
    yield held


def one_content_for_all(application, environ, start_response, content={}):
    """Keeps what comes of a request where the next one finds it."""
    for name in "PATH_INFO", "HTTP_X_TOKEN":
        if name in environ:
            environ[name] = content.setdefault(name, environ[name])
    return application(environ, start_response)


def reads_files(application, environ, start_response):
    """Takes whatever can be read for a file."""
    answer = application(environ, start_response)
    return [answer.read()] if hasattr(answer, "read") else answer


def starts_with_nothing(application, environ, start_response):
    """Takes the head for sent once there is a block, even an empty one."""
    blocks = []

    def start(status, headers, exc_info=None):
        if blocks and exc_info:
            raise exc_info[1]
        return start_response(status, headers, exc_info)

    for block in blocks_of(application(environ, start)):
        blocks.append(block)
        yield block


def runs_once(application, environ, start_response):
    environ["wsgi.run_once"] = True
    return application(environ, start_response)


def stops_at_nothing(application, environ, start_response):
    for block in blocks_of(application(environ, start_response)):
        if not block:
            return
        yield block


def takes_so_much(application, environ, start_response):
    environ["wsgi.input"] = io.BytesIO(environ["wsgi.input"].read(100_000))
    return application(environ, start_response)


class Opaque:
    """A file, for nobody but the server."""

    def __init__(self, file, size=8192):
        self.file = file


def wrapper_is_opaque(application, environ, start_response):
    environ["wsgi.file_wrapper"] = Opaque
    answer = application(environ, start_response)
    return [answer.file.read()] if type(answer) is Opaque else answer


def wrapper_leaves_open(file, size=8192):
    return iter(lambda: file.read(size), b"")


def wrapper_needs_a_descriptor(file, size=8192):
    return iter(functools.partial(os.read, file.fileno(), size), b"")


def wrapper_rewinds(file, size=8192):
    file.seek(0)
    return wrapper_leaves_open(file, size)


def wrapper_sends_at_once(application, environ, start_response):
    writers = []

    def start(*arguments):
        writers.append(start_response(*arguments))
        return writers[-1]

    def wrapper(file, size=8192):
        writers[-1](file.read())
        return []

    environ["wsgi.file_wrapper"] = wrapper
    return application(environ, start)


def wrapper_wins(application, environ, start_response):
    """Sends the file that was wrapped, whatever the application returns."""
    files = []

    def wrapper(file, size=8192):
        files.append(file)
        return wrapper_leaves_open(file, size)

    environ["wsgi.file_wrapper"] = wrapper
    answer = application(environ, start_response)
    return wrapper_leaves_open(files[-1]) if files else answer


def wrapper_without_size(file):
    return wrapper_leaves_open(file)


def with_wrapper(wrapper):
    def lie(application, environ, start_response):
        environ["wsgi.file_wrapper"] = wrapper
        return application(environ, start_response)
    return lie


def writes_last(application, environ, start_response):
    written = []

    def start(*arguments):
        start_response(*arguments)
        return written.append

    for block in blocks_of(application(environ, start)):
        yield block
    yield b"".join(written)


LIES = {
    "closes-after-two-blocks": closes_after_two,
    "closes-before-sending": closes_before_sending,
    "closes-twice": closes_twice,
    "closes-what-has-content": closes_what_has_content,
    "closes-when-all-is-well": closes_when_all_is_well,
    "forgets-what-is-complete": forgets_what_is_complete,
    "holds-parts": holds_parts,
    "holds-writes": holds_writes,
    "keeps-a-rest": keeps_a_rest,
    "line-ends-of-its-own": line_ends,
    "one-block-late": one_block_late,
    "one-content-for-all": one_content_for_all,
    "reads-files": reads_files,
    "runs-once": runs_once,
    "starts-with-nothing": starts_with_nothing,
    "stops-at-an-empty-block": stops_at_nothing,
    "takes-so-much": takes_so_much,
    "wrapper-is-opaque": wrapper_is_opaque,
    "wrapper-leaves-open": with_wrapper(wrapper_leaves_open),
    "wrapper-needs-a-descriptor": with_wrapper(wrapper_needs_a_descriptor),
    "wrapper-rewinds": with_wrapper(wrapper_rewinds),
    "wrapper-sends-at-once": wrapper_sends_at_once,
    "wrapper-wins": wrapper_wins,
    "wrapper-without-size": with_wrapper(wrapper_without_size),
    "writes-last": writes_last,
}
