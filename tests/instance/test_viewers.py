"""What `scripts/install galaxy` makes of npm's packages, with an npm of the test's own."""

import base64
import hashlib
import importlib.util
import io
import sys
import tarfile
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from types import ModuleType

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
LOCK = CHECKOUT / "locks" / "viewers.txt"
OWN = CHECKOUT / "instance" / "viewers"


@pytest.fixture(scope="module")
def installer() -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "install_viewers", CHECKOUT / "instance" / "galaxy" / "install_viewers.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Registry:
    """Packages, the lock that pins them, and a program that gives them as npm does."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.shelf, self.cache, self.own, self.lock = (folder / name for name in ("shelf", "cache", "own", "lock.txt"))
        self.target = folder / "share" / "static"
        self.galaxys = folder / "galaxys"
        for made in (self.shelf, self.own, self.galaxys):
            made.mkdir()
        self.lock.write_text("# pinned\n")
        script = "import shutil, sys; name, _, version = sys.argv[-1].lstrip('@').replace('/', '-').partition('@');"
        script += f"shutil.copy(f'{self.shelf}/{{name}}-{{version}}.tgz', '.')"
        self.npm = [sys.executable, "-c", script]

    def add(self, viewer: str, **files: str) -> None:
        archive = self.shelf / f"galaxyproject-{viewer}-1.0.tgz"
        with tarfile.open(archive, "w:gz") as tar:
            for name, text in files.items():
                member = tarfile.TarInfo(name)
                member.size = len(text)
                tar.addfile(member, io.BytesIO(text.encode()))
        digest = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
        with self.lock.open("a") as lock:
            lock.write(f"@galaxyproject/{viewer} 1.0 MIT sha512-{digest}\n")

    def arguments(self, *npm: str) -> list[str]:
        given = {
            "--lock": self.lock,
            "--own": self.own,
            "--galaxys": self.galaxys,
            "--cache": self.cache,
            "--to": self.target,
        }
        return [*(str(word) for pair in given.items() for word in pair), "--", *(npm or self.npm)]

    def installed(self, viewer: str) -> dict[str, str]:
        folder = self.target / "plugins" / "visualizations" / viewer
        return {str(file.relative_to(folder)): file.read_text() for file in folder.rglob("*") if file.is_file()}


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    made = Registry(tmp_path)
    made.add("grid", **{"package/static/grid.xml": "<g/>", "package/static/index.js": "1", "package/LICENSE": "MIT"})
    return made


def test_a_package_becomes_a_folder_that_galaxy_finds(installer: ModuleType, registry: Registry) -> None:
    assert installer.main(registry.arguments()) == 0
    assert registry.installed("grid") == {"static/grid.xml": "<g/>", "static/index.js": "1", "LICENSE": "MIT"}


def test_what_galaxy_itself_serves_is_there_beside_the_viewers(installer: ModuleType, registry: Registry) -> None:
    (registry.galaxys / "style").mkdir()
    (registry.galaxys / "style" / "page.css").write_text("p {}")
    assert installer.main(registry.arguments()) == 0
    assert (registry.target / "style" / "page.css").read_text() == "p {}"
    assert (registry.target / "plugins" / "visualizations" / "grid").is_dir()


def test_what_the_cache_holds_needs_no_npm(installer: ModuleType, registry: Registry) -> None:
    assert installer.main(registry.arguments()) == 0
    assert installer.main(registry.arguments("false")) == 0


def test_the_cache_alone_is_filled_for_another_machine(installer: ModuleType, registry: Registry) -> None:
    alone = ["--lock", str(registry.lock), "--cache", str(registry.cache), "--only-fetch", "--"]
    assert installer.main([*alone, *registry.npm]) == 0
    assert [path.name for path in registry.cache.iterdir()] == ["galaxyproject-grid-1.0.tgz"]
    assert not registry.target.exists()
    assert installer.main([*alone, "false"]) == 0
    with pytest.raises(SystemExit):
        installer.main(["--lock", str(registry.lock), "--cache", str(registry.cache), "--", "false"])


def test_each_viewer_of_a_package_gets_settings_of_its_own(installer: ModuleType, registry: Registry) -> None:
    files = {"chart.xml": "<c/>", "chart_pie.xml": "<p/>", "index.js": "2", "logo.svg": "<svg/>"}
    registry.add("chart", **{f"package/static/{name}": text for name, text in files.items()})
    assert installer.main(registry.arguments()) == 0
    assert registry.installed("chart_pie") == {"static/chart_pie.xml": "<p/>", "static/logo.svg": "<svg/>"}
    assert "static/chart_pie.xml" not in registry.installed("chart")


def test_own_settings_lie_over_those_of_the_package(installer: ModuleType, registry: Registry) -> None:
    (registry.own / "grid").mkdir()
    (registry.own / "grid" / "grid.xml").write_text("<own/>")
    assert installer.main(registry.arguments()) == 0
    assert registry.installed("grid")["static/grid.xml"] == "<own/>"
    assert registry.installed("grid")["static/index.js"] == "1"


def test_another_package_than_the_pinned_one_is_refused_and_the_viewers_of_before_stay(
    installer: ModuleType, registry: Registry, capsys: pytest.CaptureFixture[str]
) -> None:
    assert installer.main(registry.arguments()) == 0
    locked = registry.lock.read_text()
    registry.add("grid", **{"package/static/grid.xml": "<evil/>"})
    registry.lock.write_text(locked)
    (registry.cache / "galaxyproject-grid-1.0.tgz").write_bytes(b"cut off")
    assert installer.main(registry.arguments()) == 1
    assert "is not the package of locks/viewers.txt" in capsys.readouterr().err
    assert registry.installed("grid")["static/grid.xml"] == "<g/>"


def test_a_silent_npm_is_one_line(
    installer: ModuleType, registry: Registry, capsys: pytest.CaptureFixture[str]
) -> None:
    assert installer.main(registry.arguments("/no/such/npm")) == 1
    assert capsys.readouterr().err.count("\n") == 1
    assert not registry.target.exists()


def test_nothing_leaves_the_folder_of_its_package(installer: ModuleType, registry: Registry) -> None:
    registry.add("sly", **{"package/static/../../../../escaped": "x", "package/static/sly.xml": "<s/>"})
    assert installer.main(registry.arguments()) == 0
    assert registry.installed("sly") == {"static/sly.xml": "<s/>"}
    assert not list(registry.folder.rglob("escaped"))


def test_a_damaged_lock_is_named_with_its_line(
    installer: ModuleType, registry: Registry, capsys: pytest.CaptureFixture[str]
) -> None:
    registry.lock.write_text("# pinned\n@galaxyproject/grid 1.0\n")
    assert installer.main(registry.arguments()) == 1
    assert "lock.txt:2: expected name, version, licence and sha512" in capsys.readouterr().err


def test_every_pinned_viewer_is_under_a_licence_that_the_notice_names(installer: ModuleType) -> None:
    notice = (CHECKOUT / "NOTICE").read_text()
    for package in installer.read_lock(LOCK):
        assert package.name in notice
        assert package.licence == "MIT"


@pytest.mark.parametrize("settings", sorted(OWN.glob("*/*.xml")), ids=lambda path: path.stem)
def test_own_viewers_start_a_script_that_is_there_and_load_nothing_from_elsewhere(settings: Path) -> None:
    root = ElementTree.parse(settings).getroot()
    entry = root.find("entry_point")
    assert entry is not None
    assert (settings.parent / entry.attrib["src"]).is_file()
    assert not root.findall(".//url")
    assert "http" not in (settings.parent / entry.attrib["src"]).read_text()
