"""Take the network away from this process and all it starts: a system-call filter (seccomp, classic BPF).

For stages that run inside our own Python, where no bubblewrap is in between, and for programs on machines without it.
It needs no privilege, costs microseconds and cannot be undone. Sockets within the machine's file system (Unix) stay.
"""

from __future__ import annotations

import ctypes
import errno
import os
import socket
import struct

_PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS, _SECCOMP_MODE_FILTER = 22, 38, 2
#: machine -> (AUDIT_ARCH_…, number of socket(2)); io_uring_setup, another way to a socket, is 425 on all of them.
_MACHINES = {"x86_64": (0xC000003E, 41), "aarch64": (0xC00000B7, 198)}
_IO_URING_SETUP = 425
_X32_BIT = 0x40000000
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000 | errno.EACCES
#: Opcodes of classic BPF: load a word, jump if equal, return.
_LOAD, _IF_EQUAL, _AND, _RETURN = 0x20, 0x15, 0x54, 0x06
#: Offsets in struct seccomp_data: number, architecture, low half of the first argument (little-endian machines).
_NUMBER, _ARCHITECTURE, _DOMAIN = 0, 4, 16


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_void_p)]


def drop_network() -> bool:
    """Refuse new sockets but Unix and netlink ones (EACCES), here and in all descendants; says whether it took."""
    machine = _MACHINES.get(os.uname().machine)
    if machine is None:
        return False
    architecture, socket_call = machine
    steps = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_IF_EQUAL, 1, 0, architecture),
        (_RETURN, 0, 0, _ALLOW),  # programs of another architecture are not ours to judge
        (_LOAD, 0, 0, _NUMBER),
        (_AND, 0, 0, ~_X32_BIT & 0xFFFFFFFF),
        (_IF_EQUAL, 4, 0, _IO_URING_SETUP),
        (_IF_EQUAL, 0, 4, socket_call),
        (_LOAD, 0, 0, _DOMAIN),
        (_IF_EQUAL, 2, 0, socket.AF_UNIX),
        (_IF_EQUAL, 1, 0, socket.AF_NETLINK),  # bubblewrap itself talks to the kernel so
        (_RETURN, 0, 0, _REFUSE),
        (_RETURN, 0, 0, _ALLOW),
    ]
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in steps))
    program = _Program(len(steps), ctypes.addressof(code))
    libc = ctypes.CDLL(None, use_errno=True)
    # Without it the filter takes CAP_SYS_ADMIN. A bubblewrap that is setuid could not work after it.
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
        return False
    return bool(libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(program), 0, 0) == 0)
