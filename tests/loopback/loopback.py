"""This machine's loopback address alone: any other that a process asks for is refused and noted."""

import ipaddress
import os
import socket
from typing import Any

LOG = "LOOPBACK_ONLY_LOG"  # a file to which processes append what they asked for

attempts: list[str] = []


def is_here(host: object) -> bool:
    """Whether a host is this machine (nothing and 0.0.0.0 are any of its addresses)."""
    name = host.decode("ascii", "replace") if isinstance(host, bytes) else host
    if name in (None, "", "localhost", socket.gethostname()):
        return True
    try:
        address = ipaddress.ip_address(str(name).partition("%")[0])
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def refuse(what: str) -> OSError:
    """Note what was asked for, and return the error with which it is refused."""
    attempts.append(what)
    if os.environ.get(LOG):
        with open(os.environ[LOG], "a", encoding="utf-8") as file:  # noqa: PTH123
            file.write(f"{what}\n")
    return socket.gaierror(f"the tests ask no network: {what}")


def loopback_only() -> None:
    """Refuse all but loopback from now on, in this process."""

    def guarded(name: str) -> Any:
        real = getattr(socket.socket, name)

        def connect(self: socket.socket, address: Any) -> Any:
            internet = self.family in (socket.AF_INET, socket.AF_INET6)
            if internet and not is_here(address[0]):
                raise refuse(f"{name} to {address[0]}:{address[1]}")
            return real(self, address)

        return connect

    look_up = socket.getaddrinfo

    def getaddrinfo(host: Any, *arguments: Any, **options: Any) -> Any:
        if not is_here(host):
            raise refuse(f"look-up of {host}")
        return look_up(host, *arguments, **options)

    for name in ("connect", "connect_ex"):
        setattr(socket.socket, name, guarded(name))
    socket.getaddrinfo = getaddrinfo
