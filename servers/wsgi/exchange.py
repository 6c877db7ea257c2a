"""The first half of a worker of server-wsgi: one request, and the response to it (PEP 3333).

The second half is worker.py, which follows it in one program and says how the server and a worker talk to each other.
"""
import contextlib
import functools
import io
import os
import re
import struct
import sys
import traceback

# Before a block of content that was wanted: its octets, none at the end. LOST: it will never come.
CONTENT = struct.Struct("!I")
LOST = 0xFFFFFFFF
# Before everything that a worker sends: what it is, the number of the request or 0 before the first, octets of
# the head of the response, octets of all its content or -1, octets of the block of content that follows.
FRAME = struct.Struct("!cIIqI")
READY, WANTED, FAILED, WHOLE, ALL, FIRST, BLOCK, END, BROKEN = (b"%c" % letter for letter in b"RWFHAIBEX")
# Octets of a block; a larger one is sent in pieces.
BLOCK_SIZE = 128 * 1024

# What PEP 3333 asks of a status and of header fields, here one after the other: three digits and a reason;
# names that are tokens (RFC 9110 5.6.2); no control characters but tabs; no character that Latin-1 lacks.
# After 1xx a client would go on waiting (RFC 9110 15.2).
STATUS = r"[2-5][0-9]{2} [!-~\x80-\xff](?:[ -~\x80-\xff]*[!-~\x80-\xff])?"
FIELD = r"\0[!#$%&'*+.^_`|~0-9A-Za-z-]+\0[\t -~\x80-\xff]*"
HEAD = re.compile(f"{STATUS}(?:{FIELD})*")
# Fields that PEP 3333 leaves to the server (RFC 2616 13.5.1), besides those that the server names itself.
HOP_BY_HOP = {"proxy-authenticate", "proxy-authorization", "trailers"}
# These have no content, whatever the application says (RFC 9110 6.4.1, 15.3.6).
WITHOUT_CONTENT = "204", "205", "304"

# The worker, as opposed to what the application forks.
getpid = os.getpid
PROCESS = getpid()
# Two processes that use a connection would mix up their requests.
FORKED = "this process was forked, and the request belongs to the one that forked it"


class Exchange:
    """One request, and the response to it."""

    __slots__ = ("connection", "number", "head_only", "called", "head", "bare", "length", "begun", "sent", "over",
                 "no_close", "ready", "lost")

    def __init__(self, connection, number, method):
        # None as soon as the next request may come.
        self.connection = connection
        self.number = number
        self.head_only = method == "HEAD"
        # Whether start_response was called; the head that it was given, ready to be sent; whether no content
        # may follow that; else how much will, where that is known.
        self.called = False
        self.head = None
        self.bare = False
        self.length = None
        # Whether the head has been sent; how many octets of content; whether there is no more to send.
        self.begun = False
        self.sent = 0
        self.over = False
        # Whether what the application has returned needs no close(); whether the server knows that all is
        # done; whether nobody waits for the response any more.
        self.no_close = False
        self.ready = False
        self.lost = False

    def answer(self, application, environ):
        """Has the application answer. No exception gets out of here, not even that of sys.exit()."""
        result = None
        try:
            result = application(environ, self.start_response)
            self.send_all(result)
        except BaseException:
            self.fail()
        try:
            if hasattr(result, "close"):
                result.close()
        except BaseException:
            log_exception()
        if not self.ready and not self.lost:
            with contextlib.suppress(OSError):
                self.send(READY)
        if self.lost and getpid() != PROCESS:
            leave()
        self.connection = None

    def start_response(self, status, headers, exc_info=None):
        if exc_info:
            try:
                if self.begun:
                    raise exc_info[1].with_traceback(exc_info[2])
            finally:
                # The traceback refers to this frame, and the frame should not refer to the traceback.
                exc_info = None
        elif self.called:
            raise AssertionError("start_response was called twice, the second time without exc_info")
        self.called = True
        self.head = None
        if type(headers) is not list:
            raise TypeError(f"header fields come in a list, and this is {headers!r}")
        head, self.length = prepared(status, tuple(headers))
        self.bare = self.head_only or status[:3] in WITHOUT_CONTENT
        self.head = head
        return self.write

    def send_all(self, result):
        """Sends the content, each block before the application is asked for the next."""
        self.no_close = type(result) is list
        # The length of a single block is that of the content.
        is_single = not self.begun and hasattr(result, "__len__") and len(result) == 1
        for block in result:
            if is_single and self.length is None:
                self.length = len(block)
            self.write(block)
            if self.over:
                return
        if self.head is None:
            raise AssertionError("start_response was not called")
        if self.length is None and not self.begun and not self.head_only:
            self.length = 0
        if self.bare or self.length == self.sent:
            self.over = True
            self.send_block(b"")
        elif self.length is None:
            self.over = True
            self.length = self.sent
            self.send(END)
        else:
            raise ValueError(f"the content has {self.sent} octets, and {self.length} were announced")

    def write(self, block):
        """Sends a block of content, and before the first that is not empty, the head."""
        if not isinstance(block, bytes):
            raise TypeError(f"content is bytes, and this is {type(block).__name__}")
        if not block:
            return
        if self.head is None:
            raise AssertionError("there is content, and start_response was not called")
        if len(block) > BLOCK_SIZE:
            for start in range(0, len(block), BLOCK_SIZE):
                self.write(block[start:start + BLOCK_SIZE])
            return
        if self.bare:
            fitting = b""
        elif self.length is None:
            fitting = block
        else:
            fitting = block[:self.length - self.sent]
        if not self.over:
            self.sent += len(fitting)
            self.over = self.bare or self.sent == self.length
            self.send_block(fitting)
        if len(fitting) < len(block) and not self.bare:
            raise ValueError(f"this is more content than the {self.length} octets that were announced")

    def send_block(self, block):
        if self.begun:
            self.send(BLOCK, block=block)
            return
        self.begun = True
        self.ready = self.over and self.no_close
        kind = WHOLE if self.ready else ALL if self.over else FIRST
        self.send(kind, self.head, -1 if self.length is None else self.length, block)

    def send(self, kind, head=b"", length=-1, block=b""):
        frame = FRAME.pack(kind, self.number, len(head), length, len(block)) + head
        try:
            if getpid() != PROCESS:
                raise ConnectionError(FORKED)
            self.connection.sendall(frame + block)
        except OSError:
            # The client has gone, and the server has closed the connection to say so.
            self.lost = True
            raise

    def receive(self, size):
        try:
            if getpid() != PROCESS:
                raise ConnectionError(FORKED)
            return complete(self.connection, b"", size)
        except OSError:
            self.lost = True
            raise

    def fail(self):
        """Deals with the exception that has ended the application, or the iteration."""
        # That it could not send is no mistake of the application.
        if self.lost:
            return
        if getpid() != PROCESS and isinstance(sys.exc_info()[1], SystemExit):
            leave(sys.exc_info()[1].code)
        log_exception()
        if not self.over:
            # A later call of write() is an error.
            self.over = True
            self.length = self.sent
            with contextlib.suppress(OSError):
                self.send(BROKEN if self.begun else FAILED)


# Applications say the same again and again.
@functools.lru_cache(maxsize=256)
def prepared(status, headers):
    """The head of a response, ready to be sent, and the length that it announces, or None."""
    length = None
    parts = [status]
    for name, value in headers:
        parts += name, value
        lower = name.lower()
        if lower in HOP_BY_HOP:
            raise AssertionError(f"{name} is for the server to send")
        if lower == "content-length":
            if not (value.isascii() and value.isdigit()) or length not in (None, int(value)):
                raise ValueError(f"this is no length, or not the only one: {value!r}")
            length = int(value)
    head = "\0".join(parts)
    if head.count("\0") != 2 * len(headers) or not HEAD.fullmatch(head):
        raise ValueError(f"this cannot be sent: {status!r}, {headers!r}")
    return head.encode("latin-1"), length


class Content(io.RawIOBase):
    """The content of a request that has yet to come. The client is asked for it only when it is read."""

    def __init__(self, exchange):
        self.exchange = exchange
        # What has come and is yet to be read; None at the end.
        self.rest = b""

    def readable(self):
        return True

    def readinto(self, buffer):
        exchange = self.exchange
        if exchange.connection is None:
            raise ValueError("the request is over")
        if self.rest is not None and not self.rest:
            exchange.send(WANTED)
            size, = CONTENT.unpack(exchange.receive(CONTENT.size))
            if size == LOST:
                raise ConnectionError("the client left before the end of the content")
            # All of it, however much is read: on the connection the next request follows.
            self.rest = memoryview(exchange.receive(size)) if size else None
        if self.rest is None:
            return 0
        block = self.rest[:len(buffer)]
        buffer[:len(block)] = block
        self.rest = self.rest[len(block):]
        return len(block)


class FileWrapper:
    """wsgi.file_wrapper: an open file as blocks of content."""

    def __init__(self, file, block_size=8192):
        self.read = functools.partial(file.read, block_size)
        if hasattr(file, "close"):
            self.close = file.close

    def __iter__(self):
        return iter(self.read, b"")


def log_exception():
    sys.stderr.write(traceback.format_exc())


def complete(connection, data, size):
    """These octets and those that follow, so many at least. OSError if the server closes the connection."""
    while len(data) < size:
        some = connection.recv(size - len(data))
        if not some:
            raise ConnectionError("the server has closed the connection")
        data += some
    return data


def leave(code=None):
    """Ends a process that the application has forked. The code is that of sys.exit(), if it was called."""
    if code is None or isinstance(code, int):
        code = code or 0
    else:
        sys.stderr.write(f"{code}\n")
        code = 1
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.flush()
    os._exit(code & 0xFF)
