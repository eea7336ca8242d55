"""Where packages come from: a machine of the lab gets this machine's own apt sources, certificates and mirrors.

What was fetched once is kept: packages of Debian in ``apt``, those of PyPI in ``uv``, for all labs.
"""

from __future__ import annotations

import configparser
import os
import re
import shutil
import subprocess
from pathlib import Path

from lab_machines.network import run
from lab_machines.place import CACHE, replace

APT, UV = CACHE / "apt", CACHE / "uv"
#: Where a machine has the packages of PyPI that were fetched before.
UV_THERE = "/var/cache/uv"
_DEBIAN = "http://deb.debian.org/debian"
#: Environment variables that say where packages come from and whom to trust; and those of them that are our own affair.
_ABOUT_PACKAGES = re.compile(
    r"(PIP|UV|NPM_CONFIG|npm_config)_\w+|\w*(_CA_BUNDLE|_CA_CERTS\w*|SSL_CERT_FILE|SSL_CERT_DIR|SSL_CAINFO|PIP_CERT)"
    r"|(https?|no|all|HTTPS?|NO|ALL)_(proxy|PROXY)"
)
_OUR_OWN = re.compile(r"\w*(CACHE_DIR|TMPDIR|PREFIX|USERCONFIG|GLOBALCONFIG)|UV_(PYTHON|PROJECT|TOOL)\w*")
_PIP = ("/etc/pip.conf", "~/.pip/pip.conf", "~/.config/pip/pip.conf")
_NPM = ("/etc/npmrc", "/usr/etc/npmrc", "~/.npmrc")


def dress(root: Path) -> None:
    """Give a machine's tree what this machine has."""
    if _is_debian_12():
        etc = root / "etc/apt"
        shutil.rmtree(etc / "sources.list.d", ignore_errors=True)
        for name in ("sources.list.d", "trusted.gpg.d", "keyrings"):
            if Path("/etc/apt", name).is_dir():
                shutil.copytree(Path("/etc/apt", name), etc / name, dirs_exist_ok=True)
        for key in Path("/usr/share/keyrings").glob("*"):
            shutil.copy(key, root / "usr/share/keyrings")
        sources = Path("/etc/apt/sources.list")
        replace(etc / "sources.list", sources.read_text() if sources.exists() else "")
        acquire = subprocess.run(["apt-config", "dump", "Acquire"], capture_output=True, text=True).stdout
        # The blocks of its own that apt prints have no value; what a hook of this machine does is not taken.
        lines = [line for line in acquire.splitlines() if not line.endswith('"";') and "::Commands" not in line]
        replace(etc / "apt.conf.d/90lab", "\n".join(lines) + "\n")
    trust(root)
    replace(root / "etc/pip.conf", _pip_configuration())
    if npm := _npm_configuration():
        replace(root / "etc/npmrc", npm)
    replace(root / "etc/environment", "".join(f"{name}={value}\n" for name, value in sorted(_environment().items())))


def undress(root: Path) -> None:
    """Leave a machine's tree what Debian's installer leaves: sources that cannot be reached, and nothing of here."""
    for name in ("apt/apt.conf.d/90lab", "pip.conf", "npmrc", "environment"):
        (root / "etc" / name).unlink(missing_ok=True)
    shutil.rmtree(root / "etc/apt/sources.list.d", ignore_errors=True)
    (root / "etc/apt/sources.list.d").mkdir()
    replace(root / "etc/apt/sources.list", f"deb {_DEBIAN} bookworm main\n")


def folders() -> list[str]:
    """Folders of this machine that its configuration names as places of packages."""
    words = " ".join([_pip_configuration(), *_environment().values()])
    named = {Path(word) for word in re.findall(r"(?:file://)?(/[\w./+-]+)", words) if Path(word).is_dir()}
    # The pages of an index name its files by way of the folder above.
    found = {path.parent if path.name == "simple" else path for path in named}
    return sorted(str(path) for path in found if not path.is_relative_to("/etc") and path != Path("/"))


def lend(root: Path) -> None:
    """Give a new machine the packages of Debian that others fetched."""
    for deb in APT.glob("*.deb"):
        shutil.copy(deb, root / "var/cache/apt/archives")
    UV.mkdir(parents=True, exist_ok=True)
    UV.chmod(0o1777)


def keep(root: Path) -> None:
    """Keep what a machine has fetched, before it is taken away."""
    APT.mkdir(parents=True, exist_ok=True)
    for deb in root.glob("var/cache/apt/archives/*.deb"):
        if not (APT / deb.name).exists():
            part = APT / f".{deb.name}"
            shutil.copy(deb, part)
            part.replace(APT / deb.name)


def mirror() -> str:
    """Where Debian is fetched from here."""
    if not _is_debian_12():
        return _DEBIAN
    command = ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages", "Codename: bookworm"]
    found = subprocess.run(command, capture_output=True, text=True).stdout.split()
    return found[0].rstrip("/") if found else _DEBIAN


def _is_debian_12() -> bool:
    words = Path("/etc/os-release").read_text()
    return bool(re.search(r"^ID=debian$", words, re.M) and re.search(r'^VERSION_ID="12"$', words, re.M))


def trust(root: Path) -> None:
    """Certificates that were added here, and the bundle of all of them."""
    ours, theirs = Path("/usr/local/share/ca-certificates"), root / "usr/local/share/ca-certificates"
    wanted = {path.name: path.read_bytes() for path in ours.rglob("*.crt")} if ours.is_dir() else {}
    if wanted == {path.name: path.read_bytes() for path in theirs.glob("*.crt")}:
        return
    shutil.rmtree(theirs, ignore_errors=True)
    theirs.mkdir(parents=True)
    for name, words in wanted.items():
        (theirs / name).write_bytes(words)
    run("chroot", str(root), "update-ca-certificates", "--fresh")


def _pip_configuration() -> str:
    """All of pip's configuration here as one file, for every user there."""
    parser = configparser.RawConfigParser()
    parser.read([Path(name).expanduser() for name in _PIP], encoding="utf-8")
    parts = [
        f"[{section}]\n" + "".join(f"{name} = {value}\n" for name, value in parser.items(section))
        for section in parser.sections()
    ]
    return "\n".join(parts)


def _npm_configuration() -> str:
    """Registry and certificates; a file of npm may also hold a token, which is nobody's business."""
    found = {}
    for name in _NPM:
        path = Path(name).expanduser()
        for line in path.read_text().splitlines() if path.is_file() else []:
            key, _, value = line.partition("=")
            if key.strip() in ("registry", "cafile", "strict-ssl"):
                found[key.strip()] = value.strip()
    return "".join(f"{key}={value}\n" for key, value in found.items())


def _environment() -> dict[str, str]:
    ours = {
        name: value
        for name, value in os.environ.items()
        if _ABOUT_PACKAGES.fullmatch(name) and not _OUR_OWN.fullmatch(name) and "\n" not in value
    }
    return {**ours, "UV_CACHE_DIR": UV_THERE, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
