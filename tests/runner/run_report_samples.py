"""Run reports made up for the tests of what is made of them: any number of blocks, hosts and failures."""

from __future__ import annotations

import random
from typing import Any

STARTED = 1_795_000_000.0
DIGEST = "0123456789abcdef" * 4


def attempt(key: list[int], host: str = "node1", **values: Any) -> dict[str, Any]:
    """One row; times in seconds since the start of the run."""
    row = {
        "key": key,
        "try": 1,
        "outcome": "ok",
        "code": "",
        "message": "",
        "records": 100,
        "residues": 31_000,
        "bytes_in": 36_000,
        "bytes_out": 9_000,
        "host": host,
        "pid": 4242,
        "started": 3.0,
        "wall": 2.0,
        "user": 1.8,
        "system": 0.1,
        "worker_cpu": 0.01,
        "max_rss_kib": 120_000,
        "kept": False,
        "stderr": "",
    } | values
    row["started"] += STARTED
    return row


def report(attempts: list[dict[str, Any]], *, slots: int = 2, **values: Any) -> dict[str, Any]:
    """A report of these attempts that has the published shape."""
    end = max((row["started"] - STARTED + row["wall"] for row in attempts), default=3.0)
    in_blocks = sum(row["user"] + row["system"] for row in attempts)
    wall = end + 1.0
    return {
        "schema": 2,
        "status": "ok",
        "error": None,
        "metapipe": "0.1.0",
        "stage": "search_domains",
        "version": "1",
        "started": STARTED,
        "host": {"name": "node1", "system": "Linux 6.1 x86_64", "python": "3.11.7", "cores": 2},
        "options": {"cut_offs": "gathering"},
        "inputs": {
            "proteins": {
                "name": "proteins.fasta",
                "bytes": 1_234_567,
                "sha256": DIGEST,
                "records": 4000,
                "residues": 1_100_000,
            }
        },
        "plan_hash": DIGEST,
        "plan": {
            "blocks": max(1, len(attempts)),
            "estimated_seconds": 70.0,
            "residues_per_core_second": 16000.0,
            "reason": "8 blocks per slot, each 4 to 60 s of work; Spark with 2 slots on this host",
        },
        "session": "local",
        "session_facts": {"spark": "4.0.1", "master": f"local[{slots},4]", "cores": slots},
        "slots": slots,
        "memory_mb": 4096,
        "programs": {"pyhmmer": "0.11.0"},
        "binaries": {},
        "commands": [],
        "databases": {"hmm": {"name": "pfam", "version": "37.0", "kind": "hmm", "digest": DIGEST}},
        "phases": [
            {"name": "check", "start": 0.0, "end": 0.1},
            {"name": "scan", "start": 0.1, "end": 0.4},
            {"name": "plan", "start": 0.4, "end": 0.5},
            {"name": "session start", "start": 0.5, "end": 2.9},
            {"name": "blocks", "start": 2.9, "end": end},
            {"name": "session end", "start": end, "end": end + 0.4},
            {"name": "merge", "start": end + 0.4, "end": end + 0.8},
            {"name": "digests", "start": end + 0.8, "end": wall},
        ],
        "attempts": attempts,
        "totals": {
            "wall_seconds": wall,
            "core_seconds_used": in_blocks + 4.0,
            "core_seconds_in_blocks": in_blocks,
            "core_seconds_allocated": wall * slots,
            "efficiency": in_blocks / (wall * slots),
            "overhead_seconds": 3.5,
            "max_rss_mib": 117.2,
            "max_rss_together_mib": 234.4,
            "residues_per_core_second": 16400.0,
            "retries": 0,
            "kept": 0,
            "quarantined": 0,
            "energy": {
                "estimated_kwh": 0.00042,
                "watts_per_core": 10.0,
                "watts_per_core_source": "Green Algorithms, doi:10.1002/advs.202100707",
                "pue": 1.67,
                "pue_source": "Green Algorithms, doi:10.1002/advs.202100707",
                "watts_per_gib": 0.3725,
            },
        },
        "outputs": {"domains": {"bytes": 12_345, "sha256": DIGEST}},
    } | values


def busy(blocks: int, hosts: int, slots_a_host: int, *, failing: float = 0.0, seed: int = 1) -> dict[str, Any]:
    """A run of many blocks, heaviest first; some fail and are cut in two."""
    chance = random.Random(seed)
    free = [(3.0 + chance.random() * 0.2, f"node{host + 1}") for host in range(hosts) for _ in range(slots_a_host)]
    rows = []
    waiting = [([ordinal], weight) for ordinal, weight in enumerate(_weights(chance, blocks))]
    waiting.sort(key=lambda one: -one[1])
    while waiting:
        key, wall = waiting.pop(0)
        start, host = min(free)
        fails = chance.random() < failing and len(key) < 4
        outcome, code, message = "ok", "", ""
        if fails:
            outcome, code = chance.choice([("error", "E401"), ("crashed", "E401"), ("timeout", "E801")])
            message = "hmmsearch was killed by signal 11; its last words: Fatal exception"
            waiting += [([*key, half], wall / 2) for half in (0, 1)]
        cpu = wall * chance.uniform(0.9, 0.99)
        rows.append(
            attempt(
                key,
                host,
                started=start,
                wall=wall,
                user=cpu,
                system=0.02 * cpu,
                outcome=outcome,
                code=code,
                message=message,
                max_rss_kib=int(chance.uniform(90, 160) * 1000),
                residues=int(wall * 16_000),
                stderr="Fatal exception\n" if fails else "",
            )
        )
        free.remove((start, host))
        free.append((start + wall + chance.random() * 0.01, host))
    rows.sort(key=lambda row: row["key"])
    return report(rows, slots=hosts * slots_a_host)


def _weights(chance: random.Random, count: int) -> list[float]:
    return [chance.lognormvariate(1.5, 0.5) for _ in range(count)]
