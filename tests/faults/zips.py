"""Zips byte by byte, right and wrong, and mutated ones: what zipfile itself would never write."""

import random
import struct
import zlib
from dataclasses import dataclass

CONTENT = b"not an image, which nobody looks at here " * 20
LIST = "list_eval_partition.txt"
LINES = "".join(f"{number:06d}.jpg {number % 3}\n" for number in range(1, 6)).encode()
HUGE = 3 * 2**30  # bytes that a bomb unpacks to


@dataclass
class Member:
    """A file in a zip; what differs from the truth makes the zip wrong."""

    name: bytes
    content: bytes = CONTENT  # as it lies in the zip, compressed or not
    method: int = 0
    size: int | None = None  # unpacked; None = as long as the content
    crc: int | None = None
    packed: int | None = None  # None = the content's length
    flags: int = 0
    version: int = 20
    extra: bytes = b""
    offset: int | None = None  # of the local header; None = where it is
    signature: bytes = b"PK\1\2"
    local_signature: bytes = b"PK\3\4"
    local_name: bytes | None = None
    local_flags: int | None = None


def build(
    *members: Member,
    before: bytes = b"",
    after: bytes = b"",
    comment: bytes = b"",
    count: int | None = None,
    directory_size: int | None = None,
    directory_offset: int | None = None,
    zip64: bytes = b"",
) -> bytes:
    """Return a zip of members; `zip64` goes before its end record."""
    data, directory = bytearray(before), bytearray()
    for member in members:
        size = len(member.content) if member.size is None else member.size
        packed = len(member.content) if member.packed is None else member.packed
        crc = zlib.crc32(member.content) if member.crc is None else member.crc
        offset = len(data) if member.offset is None else member.offset
        flags = member.flags if member.local_flags is None else member.local_flags
        name = member.name if member.local_name is None else member.local_name
        common = (member.method, 0, 33, crc, packed, size)
        # Without its offset it is one that lies where an earlier one lies.
        if member.offset is None:
            data += struct.pack(
                "<4s5H3L2H", member.local_signature, 20, flags, *common, len(name), 0
            )
            data += name + member.content
        directory += struct.pack(
            "<4s6H3L5H2L", member.signature, member.version, member.version, member.flags, *common,
            len(member.name), len(member.extra), 0, 0, 0, 0, offset,
        )  # fmt: skip
        directory += member.name + member.extra
    end = struct.pack(
        "<4s4H2LH",
        b"PK\5\6",
        0,
        0,
        *[min(len(members) if count is None else count, 0xFFFF)] * 2,
        len(directory) if directory_size is None else directory_size,
        len(data) if directory_offset is None else directory_offset,
        len(comment),
    )
    return bytes(data + directory + zip64 + end + comment + after)


def zip64_end(size: int, offset: int, disks: int = 1, reach: int = 0) -> bytes:
    """Return a zip64 end record and its locator."""
    record = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, 5, 5, size, offset)
    return record + struct.pack("<4sLQL", b"PK\6\7", 0, reach, disks)


def faces(count: int = 5, **changes: object) -> list[Member]:
    """Return good members, the third of which has the changes."""
    members = [Member(b"faces/%06d.jpg" % number) for number in range(1, count + 1)]
    for name, value in changes.items():
        setattr(members[2], name, value)
    return members


def deflated_zeros() -> bytes:
    """Return what unpacks, with deflate, to 3 GiB of zeros: a flushed piece can be repeated."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packer.compress(b"\0")
    packer.flush(zlib.Z_FULL_FLUSH)
    piece = packer.compress(bytes(2**24)) + packer.flush(zlib.Z_FULL_FLUSH)
    return piece * (HUGE // 2**24) + packer.flush()


def mutated(content: bytes, generator: random.Random) -> bytes:
    """Return a zip with a few of its bytes changed, moved, cut out or put in."""
    data = bytearray(content)
    first, last = data.find(b"PK\1\2"), data.rfind(b"PK\1\2")
    # Most of the sense is in the directory, and a changed end record is just no zip.
    start = generator.choice([0, 0, first, first, last, len(data) - 22])
    for _ in range(generator.choice([1, 1, 2, 4, 16])):
        place = generator.randrange(start, len(data))
        kind = generator.randrange(12)
        if kind < 4:
            data[place] ^= 1 << generator.randrange(8)
        elif kind < 8:
            data[place] = generator.choice([0, 1, 9, 12, 14, 63, 64, 127, 128, 255])
        elif kind < 10:
            width = generator.choice([2, 4, 8])
            data[place : place + width] = generator.choice([b"\xff", b"\0", b"\x7f"]) * width
        elif kind == 10:
            source = generator.randrange(len(data) - 16)
            data[place : place + 16] = data[source : source + 16]
        elif generator.random() < 0.5:
            del data[place : place + generator.randrange(1, 99)]
        else:
            data[place:place] = generator.randbytes(generator.randrange(1, 9))
        start = min(start, len(data) - 1)
    return bytes(data)
