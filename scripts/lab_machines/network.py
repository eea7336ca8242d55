"""The network of a lab: a bridge of its own, and a way out for packages, or none."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from lab_machines import place
from lab_machines.place import Lab, Machine, RefusedError

_FORWARDING = Path("/proc/sys/net/ipv4/ip_forward")
#: What forwarding was before the first lab: put back after the last one.
_BEFORE = place.CACHE / "ip_forward"


def free_number() -> int:
    """A subnet that neither a lab nor an interface of this machine has."""
    links = json.loads(run("ip", "-json", "address").stdout)
    taken = {address.get("local", "") for link in links for address in link.get("addr_info", [])}
    used = {lab.number for lab in place.known()}
    for number in range(1, 255):
        if number not in used and not any(address.startswith(f"10.213.{number}.") for address in taken):
            return number
    raise RefusedError("E701", 78, "all 254 subnets 10.213.x.0/24 are taken; end a lab with: scripts/lab down --name X")


def make(lab: Lab) -> None:
    """Make bridge and way out, or mend what is missing of them."""
    if not Path("/sys/class/net", lab.bridge).exists():
        run("ip", "link", "add", lab.bridge, "type", "bridge")
    run("ip", "address", "replace", f"{lab.gateway}/24", "dev", lab.bridge)
    run("ip", "link", "set", lab.bridge, "up")
    if not lab.offline and _FORWARDING.read_text().strip() == "0":
        place.replace(_BEFORE, "0\n")
        _FORWARDING.write_text("1\n")
    # A table of its own goes with all that is in it. Removed first, so that this can be done again.
    fresh = f"table ip {lab.bridge} {{}}\ndelete table ip {lab.bridge}\n"
    run("nft", "-f", "-", text=fresh + (_no_way_out(lab) if lab.offline else _way_out(lab)))


def _way_out(lab: Lab) -> str:
    return f"""
        table ip {lab.bridge} {{
            chain out {{
                type nat hook postrouting priority srcnat; policy accept;
                ip saddr 10.213.{lab.number}.0/24 oifname != "{lab.bridge}" masquerade
            }}
        }}
    """


def _no_way_out(lab: Lab) -> str:
    """Whatever a machine asks of anybody outside the lab, its name server included, is refused, and counted."""
    return f"""
        table ip {lab.bridge} {{
            counter asked {{}}
            chain out {{
                type filter hook forward priority filter; policy accept;
                iifname "{lab.bridge}" oifname != "{lab.bridge}" counter name asked reject
            }}
            chain in {{
                type filter hook input priority filter; policy accept;
                iifname "{lab.bridge}" ct state new counter name asked reject
            }}
        }}
    """


def asked(lab: Lab) -> int:
    """How many packets machines of a lab without a way out have sent to the outside."""
    said = json.loads(run("nft", "-j", "list", "counter", "ip", lab.bridge, "asked").stdout)["nftables"]
    return next(int(entry["counter"]["packets"]) for entry in said if "counter" in entry)


def take_away(lab: Lab) -> None:
    """Leave no bridge and no rule; the last lab turns forwarding off, if it was off."""
    run("nft", "-f", "-", text=f"table ip {lab.bridge} {{}}\ndelete table ip {lab.bridge}\n")
    if Path("/sys/class/net", lab.bridge).exists():
        run("ip", "link", "delete", lab.bridge)
    if _BEFORE.exists() and not [other for other in place.known() if other.name != lab.name]:
        _FORWARDING.write_text(_BEFORE.read_text())
        _BEFORE.unlink()


def cable(lab: Lab, machine: Machine) -> str:
    """The host's end of a machine's cable."""
    return f"vb-{lab.container_of(machine)}"


def plug(lab: Lab, machine: Machine, connected: bool) -> None:
    """Pull a machine's cable out of the bridge, or put it in again; the machine itself sees no difference."""
    run("ip", "link", "set", cable(lab, machine), *(["master", lab.bridge] if connected else ["nomaster"]))


def is_connected(lab: Lab, machine: Machine) -> bool:
    return Path("/sys/class/net", cable(lab, machine), "master").exists()


def run(*command: str, text: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run a program of the system; its last words are the reason when it fails."""
    done = subprocess.run(command, input=text, capture_output=True, text=True)
    if done.returncode:
        raise RefusedError("E901", 70, f"{' '.join(command)}: {last_words(done)}")
    return done


def last_words(done: subprocess.CompletedProcess[str]) -> str:
    """The last line that a program which failed has said."""
    return (done.stderr.strip() or done.stdout.strip() or f"exit code {done.returncode}").splitlines()[-1]
