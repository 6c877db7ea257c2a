"""What the probe returns to the server: right answers of several kinds, and wrong ones."""

import io
import tempfile

# Steps that are done when the server asks for a block, with all that follow.
LAZY = {"lazy", "emit", "fill", "report", "odd", "echo"}


class Body:
    """What is done step by step, a block at a time."""

    def __init__(self, run):
        self.run = run

    def __iter__(self):
        return self

    def __next__(self):
        run = self.run
        run.seen["asked"] += 1
        while run.steps and run.steps[0] != "close":
            verb, _, argument = run.steps.pop(0).partition("=")
            if verb in LAZY:
                block = run.block(verb, argument)
                if block is not None:
                    return block
            else:
                run.take(verb, argument)
        raise StopIteration

    def close(self):
        self.run.closed()


class Sized:
    """Says how many blocks it has, and can be gone through again: what has a length can, and servers rely on that."""

    def __init__(self, run, blocks):
        self.run, self.blocks = run, blocks

    def __len__(self):
        return len(self.blocks)

    def __iter__(self):
        for block in self.blocks:
            self.run.seen["asked"] += 1
            yield block

    def close(self):
        self.run.closed()


class Indexed:
    """Knows the old way to be iterated over, and no other."""

    def __init__(self, run, blocks):
        self.run, self.blocks = run, blocks

    def __getitem__(self, index):
        self.run.seen["asked"] += 1
        return self.blocks[index]

    def close(self):
        self.run.closed()


class Decoy(Sized):
    """Has more to it than blocks, which is nobody's business."""

    name = filelike = "another"
    blksize = block_size = 1
    headers, status, status_code = [("Content-Length", "7")], "404 Not Found", 404

    def read(self, *_):
        return b"another"

    def fileno(self):
        return 0


class Blocks(list):
    """A list that can be closed."""

    def __init__(self, run, blocks):
        super().__init__(blocks)
        self.run = run

    def close(self):
        self.run.closed()


def generator(run, blocks):
    try:
        yield from blocks
    finally:
        run.closed()


class File:
    """As much of a file as WSGI asks for."""

    def __init__(self, run, octets):
        self.run, self.octets = run, io.BytesIO(octets)

    def read(self, *size):
        return self.octets.read(*size)


class ClosableFile(File):
    def close(self):
        self.run.closed()


class LongFile(ClosableFile):
    """Much longer than what fits on the way to a client."""

    def __init__(self, run, octets):
        super().__init__(run, octets)
        self.left = 40_000_000

    def read(self, size):
        size = min(size, self.left)
        self.left -= size
        return bytes(size)


def on_disk(octets):
    file = tempfile.TemporaryFile()
    file.write(octets)
    file.seek(0)
    return file


def half_read(file, octets):
    file.read(len(octets) // 2)
    return file


def beside_wrapper(run, blocks):
    """Blocks, and a wrapper that nobody gets."""
    run.environ["wsgi.file_wrapper"](io.BytesIO(b"unwanted"))
    return Blocks(run, blocks)


def out_of_wrapper(run, blocks):
    """Blocks that come of iterating over a wrapper."""
    return Blocks(run, list(run.environ["wsgi.file_wrapper"](io.BytesIO(b"".join(blocks)))))


RETURNED = {
    "list": Blocks,
    "tuple": lambda run, blocks: tuple(blocks),
    "sized": Sized,
    "indexed": Indexed,
    "generator": generator,
    "decoy": Decoy,
    "beside-wrapper": beside_wrapper,
    "out-of-wrapper": out_of_wrapper,
    "none": lambda run, blocks: None,
    "int": lambda run, blocks: 5,
    "str": lambda run, blocks: "text",
    "strs": lambda run, blocks: Blocks(run, ["text"]),
    "bytes": lambda run, blocks: b"".join(blocks),
}
FILES = {
    "file": ClosableFile,
    "bare": File,
    "memory": lambda run, octets: io.BytesIO(octets),
    "long": LongFile,
    "disk": lambda run, octets: on_disk(octets),
    "half-read": lambda run, octets: half_read(io.BytesIO(octets), octets),
    "half-read-disk": lambda run, octets: half_read(on_disk(octets), octets),
}
ODD_BLOCKS = {"str": "text", "int": 5, "none": None, "bytearray": bytearray(b"octets"), "list": [b"octets"]}
ODD_ARGUMENTS = {
    "one": lambda: ("200 OK",),
    "four": lambda: ("200 OK", [], None, None),
    "status-bytes": lambda: (b"200 OK", []),
    "status-int": lambda: (200, []),
    "headers-tuple": lambda: ("200 OK", (("X-A", "b"),)),
    "headers-dict": lambda: ("200 OK", {"X-A": "b"}),
    "headers-none": lambda: ("200 OK", None),
    "pair-list": lambda: ("200 OK", [["X-A", "b"]]),
    "triple": lambda: ("200 OK", [("X-A", "b", "c")]),
    "name-bytes": lambda: ("200 OK", [(b"X-A", "b")]),
    "value-bytes": lambda: ("200 OK", [("X-A", b"b")]),
    "value-int": lambda: ("200 OK", [("X-A", 5)]),
    "value-none": lambda: ("200 OK", [("X-A", None)]),
}
