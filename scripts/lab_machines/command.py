"""``scripts/lab``: makes a lab, shows it, cuts off and reboots its machines, and takes all of it away."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import time
from collections.abc import Sequence

from lab_machines import machines, network, nfs, place, tree
from lab_machines.network import run
from lab_machines.place import Lab, Machine, RefusedError

_EPILOG = """examples:
  scripts/lab up 3                     a head and two workers; addresses, user and key are in its lab.json
  scripts/lab up 1 --name mine         another lab beside it, with a network of its own
  scripts/lab up 1 --offline           a machine that reaches nothing: no registry, no name server
  scripts/lab ssh worker1              a shell on one of them
  scripts/lab cut worker1              pull its network cable out; `join` puts it in again
  scripts/lab reboot head --hard       as if its power had failed
  scripts/lab down                     nothing is left but the cache, from which the next lab is made in seconds
  scripts/lab nfs                      proves the shared folder over NFS, on a kernel of its own; minutes, by QEMU

Needs root, and Debian's debootstrap, systemd-container, iproute2, nftables and openssh-client.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return its exit code."""
    options = _parser().parse_args(arguments)
    os.environ.pop("TMPDIR", None)  # this machine's: programs that are run in a machine's tree would look for it there
    try:
        place.demand()
        code: int = options.run(options)
        return code
    except RefusedError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return 130


def _up(options: argparse.Namespace) -> int:
    began = time.monotonic()
    with place.locked():
        if not tree.BASE.is_dir():
            _say("making Debian 12 (once, a few minutes) …")
        tree.make()
        lab = _lab(options.name, options.machines, options.offline)
        network.make(lab)
        for machine in lab.machines:
            machines.make(lab, machine, options.disk)
        keys = [(lab.folder_of(machine) / "host_key").read_text() for machine in lab.machines]
        place.replace(lab.known_hosts, "".join(keys))
    for machine in lab.machines:
        machines.start(lab, machine)
    for machine in lab.machines:
        machines.wait(lab, machine)
        _say(f"{machine.name:8} {machine.address}")
    print(f"lab {lab.name} is up ({time.monotonic() - began:.0f} s): {lab.folder / 'lab.json'}")
    return 0


def _lab(name: str, size: int, offline: bool) -> Lab:
    """The lab of this name and size; call it locked, since it may be given a number."""
    if any(lab.name == name for lab in place.known()):
        lab = place.load(name)
        if (len(lab.machines), lab.offline) != (size, offline):
            there = f"{len(lab.machines)} machines {'without' if lab.offline else 'with'} a way out"
            raise RefusedError(
                "E701", 78, f"lab {name} has {there} already; end it first: scripts/lab down --name {name}"
            )
        return lab
    if not place.NAME.fullmatch(name):
        place.load(name)  # says what is wrong with it
    if not 1 <= size <= 20:
        raise RefusedError("E701", 78, f"machines of a lab: expected 1 to 20, found {size}")
    number = network.free_number()
    names = ["head", *(f"worker{index}" for index in range(1, size))]
    lab = Lab(name, number, [Machine(word, f"10.213.{number}.{10 + k}", k) for k, word in enumerate(names, 1)], offline)
    shutil.rmtree(lab.folder, ignore_errors=True)
    lab.folder.mkdir(parents=True, mode=0o700)
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", f"lab {name}", "-f", str(lab.key))
    place.remember(lab)
    return lab


def _down(options: argparse.Namespace) -> int:
    if options.name not in {lab.name for lab in place.known()}:
        print(f"there is no lab {options.name}")
        return 0
    lab = place.load(options.name)
    machines.stop(lab, lab.machines)
    with place.locked():
        network.take_away(lab)
        for machine in lab.machines:
            machines.empty(lab, machine)
        # The description goes last, so that a removal that was cut short can be done again.
        for path in lab.folder.iterdir():
            if path.is_dir():
                shutil.rmtree(path)
        shutil.rmtree(lab.folder)
    print(f"lab {lab.name} is gone")
    return 0


def _status(options: argparse.Namespace) -> int:
    labs = place.known()
    states = {
        lab.name: {
            **place.described(lab),
            **_asked(lab),
            "state": {machine.name: _state(lab, machine) for machine in lab.machines},
        }
        for lab in labs
    }
    if options.json:
        print(json.dumps(states, indent=2))
        return 0
    for lab in labs:
        for machine in lab.machines:
            print(f"{lab.name:12} {machine.name:8} {machine.address:15} {_state(lab, machine)}")
    return 0


def _asked(lab: Lab) -> dict[str, int]:
    return {"asked": network.asked(lab)} if lab.offline else {}


def _state(lab: Lab, machine: Machine) -> str:
    if not machines.keeper(lab, machine):
        return "off"
    if not network.is_connected(lab, machine):
        return "cut off"
    return "answers" if machines.answers(machine) else "does not answer"


def _reboot(options: argparse.Namespace) -> int:
    lab = place.load(options.name)
    machine = lab.find(options.machine)
    began = time.monotonic()
    machines.reboot(lab, machine, options.hard)
    print(f"{machine.name} is back ({time.monotonic() - began:.0f} s)")
    return 0


def _plug(options: argparse.Namespace) -> int:
    lab = place.load(options.name)
    network.plug(lab, lab.find(options.machine), options.connected)
    return 0


def _ssh(options: argparse.Namespace) -> int:
    lab = place.load(options.name)
    command = machines.ssh_command(lab, lab.find(options.machine), *options.words)
    os.execvp(command[0], command)


def _nfs(_options: argparse.Namespace) -> int:
    return nfs.prove()


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "scripts/lab",
        description="Debian 12 machines on this one, with systemd, SSH and a network of their own, to deploy to.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    named = argparse.ArgumentParser(add_help=False)
    named.add_argument("--name", default="lab", help="of the lab (default: lab)")
    of_machine = argparse.ArgumentParser(add_help=False, parents=[named])
    of_machine.add_argument("machine", metavar="HOST", help="head, worker1, worker2 …")

    up = commands.add_parser("up", parents=[named], help="make a lab, or start again what does not run of it")
    up.add_argument("machines", type=int, metavar="N", help="how many machines")
    up.add_argument("--offline", action="store_true", help="machines that reach nothing outside the lab")
    up.add_argument("--disk", type=int, default=20, metavar="GB", help="of each machine (default: 20), used as needed")
    up.set_defaults(run=_up)
    down = commands.add_parser("down", parents=[named], help="take away all of a lab")
    down.set_defaults(run=_down)
    status = commands.add_parser("status", help="labs, machines, addresses, and whether they answer")
    status.add_argument("--json", action="store_true")
    status.set_defaults(run=_status)
    reboot = commands.add_parser("reboot", parents=[of_machine], help="restart a machine and wait until it is back")
    reboot.add_argument("--hard", action="store_true", help="cut its power instead of asking it to")
    reboot.set_defaults(run=_reboot)
    for word, connected, about in (("cut", False, "pull a network cable out"), ("join", True, "put it in again")):
        plug = commands.add_parser(word, parents=[of_machine], help=about)
        plug.set_defaults(run=_plug, connected=connected)
    proof = commands.add_parser(
        "nfs", help="prove the shared folder over NFS on two emulated machines (needs qemu-system-x86)"
    )
    proof.set_defaults(run=_nfs)
    ssh = commands.add_parser("ssh", parents=[of_machine], help="a shell, or one command, on a machine")
    ssh.add_argument("words", nargs=argparse.REMAINDER, metavar="COMMAND")
    ssh.set_defaults(run=_ssh)
    return parser
