"""A "tool" that tries what no tool may do and says of each try whether it worked. Run by path, by the plainest Python.

``python hostile_tool.py TARGETS`` with a JSON object of what there is to attack; writes a row a try: name, ``done`` or
``refused``, why.
"""

from __future__ import annotations

import ctypes
import json
import os
import pathlib
import signal
import socket
import sys
import time
from typing import Any

SECONDS = 2.0


def connect(address: list[Any]) -> None:
    socket.create_connection((address[0], address[1]), timeout=SECONDS).close()


def ask_by_udp(address: list[Any]) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.settimeout(SECONDS)
        line.sendto(b"who is example.org?", (address[0], address[1]))
        line.recv(10)


def connect_abstract(name: str) -> None:
    with socket.socket(socket.AF_UNIX) as line:
        line.connect("\0" + name)


def read(path: str) -> None:
    pathlib.Path(path).read_bytes()


def list_folder(path: str) -> None:
    os.listdir(path)


def append(path: str) -> None:
    with open(path, "ab") as file:
        file.write(b"x")


def open_for_writing(path: str) -> None:
    os.close(os.open(path, os.O_WRONLY))


def read_environment(name: str) -> None:
    os.environ[name]


def find_in_processes(secret: str) -> None:
    for entry in os.listdir("/proc"):
        try:
            text = pathlib.Path("/proc", entry, "environ").read_bytes()
        except OSError:
            continue
        if secret.encode() in text:
            return
    raise LookupError("no process has it")


def trace(process: int) -> None:
    attach, detach = 16, 17
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.ptrace(attach, process, 0, 0):
        raise OSError(ctypes.get_errno(), "ptrace")
    os.waitpid(process, 0)
    libc.ptrace(detach, process, 0, 0)


def kill(process: int) -> None:
    os.kill(process, signal.SIGTERM)


def leave_a_daemon(marker: str) -> None:
    if os.fork():
        return
    os.setsid()
    if os.fork():
        os._exit(0)
    for descriptor in range(3):
        os.close(descriptor)
    time.sleep(300)
    pathlib.Path(marker).touch()
    os._exit(0)


TRIES = {
    "tcp to loopback": connect,
    "tcp to another address": connect,
    "udp": ask_by_udp,
    "abstract socket": connect_abstract,
    "file of another job": read,
    "folder of another job": list_folder,
    "passwords": read,
    "home": list_folder,
    "secret file": read,
    "secret in the environment": read_environment,
    "key of Galaxy in the environment": read_environment,
    "secret in other processes": find_in_processes,
    "database": append,
    "input": append,
    "beside the input": append,
    "kernel switch": open_for_writing,
    "trace": trace,
    "kill": kill,
}


def main() -> None:
    targets = json.loads(sys.argv[1])
    for name, attempt in TRIES.items():
        try:
            attempt(targets[name])
        except Exception as error:
            print(name, "refused", f"{type(error).__name__}: {error}", sep="\t")
        else:
            print(name, "done", "", sep="\t")
    leave_a_daemon(targets["daemon"])
    sys.stdout.flush()
    print("[ok]", file=sys.stderr)


if __name__ == "__main__":
    main()
