import re
from pathlib import Path

import pytest

from metapipe import machine
from metapipe.commands.galaxy import main
from metapipe.errors import MetapipeError
from metapipe.instance.local import settings
from metapipe.instance.local.choices import option_of
from metapipe.instance.local.settings import Chosen


def test_defaults_are_sqlite_any_port_and_all_cores(tmp_path: Path, environ: dict[str, str]) -> None:
    found = settings.load(tmp_path, None, environ)
    assert found.port is None
    assert found.database_url == f"sqlite:///{tmp_path}/galaxy.sqlite?isolation_level=IMMEDIATE&timeout=30"
    assert found.slots == machine.cores()


def test_what_was_chosen_is_remembered_and_only_its_owner_can_read_it(tmp_path: Path, environ: dict[str, str]) -> None:
    chosen = Chosen(port="8080", database="postgresql://galaxy:word@db/galaxy")
    settings.remember_in(settings.load(tmp_path, chosen, environ), chosen)
    found = settings.load(tmp_path, None, environ)
    assert (found.port, found.database_url) == (8080, "postgresql://galaxy:word@db/galaxy")
    assert (tmp_path / "settings.json").stat().st_mode & 0o777 == 0o600


def test_command_line_beats_environment_beats_memory(tmp_path: Path, environ: dict[str, str]) -> None:
    chosen = Chosen(slots="1")
    settings.remember_in(settings.load(tmp_path, chosen, environ), chosen)
    assert settings.load(tmp_path, None, environ).slots == 1
    assert settings.load(tmp_path, None, environ | {"METAPIPE_GALAXY_SLOTS": "2"}).slots == 2
    assert settings.load(tmp_path, Chosen(slots="3"), environ | {"METAPIPE_GALAXY_SLOTS": "2"}).slots == 3


def test_sqlite_can_be_chosen_again_after_postgresql(tmp_path: Path, environ: dict[str, str]) -> None:
    for database in ("postgresql:///galaxy", "sqlite:"):
        settings.remember_in(settings.load(tmp_path, Chosen(database=database), environ), Chosen(database=database))
    assert settings.load(tmp_path, None, environ).database == ""


@pytest.mark.parametrize(
    "chosen",
    [Chosen(port="70000"), Chosen(port="x"), Chosen(slots="0"), Chosen(memory_mb="-5"), Chosen(database="mysql://db")],
)
def test_impossible_values_are_refused(tmp_path: Path, environ: dict[str, str], chosen: Chosen) -> None:
    with pytest.raises(MetapipeError) as refused:
        settings.load(tmp_path, chosen, environ)
    assert refused.value.code == "E701"


def test_a_refused_database_address_does_not_show_its_password(tmp_path: Path, environ: dict[str, str]) -> None:
    with pytest.raises(MetapipeError) as refused:
        settings.load(tmp_path, Chosen(database="mysql://galaxy:secret@db/galaxy"), environ)
    assert "secret" not in str(refused.value)


def test_damaged_memory_is_named(tmp_path: Path, environ: dict[str, str]) -> None:
    (tmp_path / "settings.json").write_text("{")
    with pytest.raises(MetapipeError, match=r"METAPIPE-E702 settings\.json"):
        settings.load(tmp_path, None, environ)


def test_socket_path_fits_the_kernel_however_deep_the_instance_lies(tmp_path: Path, environ: dict[str, str]) -> None:
    deep = settings.load(tmp_path / ("x" * 120), None, environ)
    assert len(str(deep.broker_socket)) <= 107
    assert deep.broker_socket != settings.load(tmp_path / ("y" * 120), None, environ).broker_socket


@pytest.mark.parametrize("password", ["secr%40t", "secr%25t"])
def test_a_password_that_galaxy_cannot_read_is_refused_and_not_shown(
    tmp_path: Path, environ: dict[str, str], password: str
) -> None:
    with pytest.raises(MetapipeError) as refused:
        settings.load(tmp_path, Chosen(database=f"postgresql://galaxy:{password}@db/galaxy"), environ)
    assert "~/.pgpass" in str(refused.value)
    assert "secr" not in str(refused.value)


@pytest.mark.parametrize("login", ["", "galaxy@", "galaxy:s%2Fe%3Ac%23r%3Fet@db"])
def test_other_passwords_and_sockets_are_taken_as_they_are(tmp_path: Path, environ: dict[str, str], login: str) -> None:
    url = f"postgresql://{login}/galaxy?host=/run/postgresql"
    assert settings.load(tmp_path, Chosen(database=url), environ).database_url == url


@pytest.mark.parametrize("folder", ["my clone/.build", "it's", "a;b", "$HOME"])
def test_a_folder_in_which_galaxy_would_run_no_job_is_refused(tmp_path: Path, folder: str) -> None:
    with pytest.raises(MetapipeError, match=r"METAPIPE-E701 .*METAPIPE_BUILD") as raised:
        settings.load(tmp_path / folder)
    assert "\n" not in str(raised.value)


def test_a_folder_of_own_tools_is_remembered_until_it_is_taken_away(tmp_path: Path, environ: dict[str, str]) -> None:
    own = tmp_path / "own"
    for said, expected in ((str(own), own), (None, own), ("", None), (None, None)):
        chosen = Chosen(tools=said)
        found = settings.load(tmp_path, chosen, environ)
        assert found.tools == expected
        settings.remember_in(found, chosen)


@pytest.mark.parametrize(("jobs", "per_user", "quick"), [("1", 1, 1), ("2", 1, 1), ("8", 7, 4)])
def test_one_user_gets_all_places_but_one(
    tmp_path: Path, environ: dict[str, str], jobs: str, per_user: int, quick: int
) -> None:
    found = settings.load(tmp_path, Chosen(jobs=jobs), environ)
    assert (found.jobs_per_user, found.quick_jobs) == (per_user, quick)
    assert settings.load(tmp_path, Chosen(jobs=jobs, jobs_per_user="5"), environ).jobs_per_user == 5


def test_a_spark_cluster_is_remembered_and_forgotten(tmp_path: Path, environ: dict[str, str]) -> None:
    (tmp_path / "secret").touch()
    given = Chosen(spark_master="spark://one:7077", spark_cores="8", spark_secret_file=str(tmp_path / "secret"))
    first = settings.load(tmp_path / "galaxy", given, environ)
    settings.remember_in(first, given)
    again = settings.load(tmp_path / "galaxy", Chosen(), environ)
    assert again.spark_environment["METAPIPE_SPARK_CORES"] == "8"
    assert "METAPIPE_SPARK_EXECUTOR_CORES" not in again.spark_environment
    none = settings.load(tmp_path / "galaxy", Chosen(spark_master=""), environ)
    assert none.spark_environment == {}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (Chosen(spark_master="one:7077"), "spark-master, expected spark://host:port"),
        (Chosen(spark_master="spark://one:7077"), "spark-cores, expected how many"),
        (Chosen(spark_master="spark://one:7077", spark_cores="x"), "spark-secret-file, expected a file"),
        (Chosen(spark_master="yarn", spark_cores="x"), "spark-cores, expected a whole number"),
    ],
)
def test_a_spark_cluster_no_job_could_use_is_refused(
    tmp_path: Path, environ: dict[str, str], given: Chosen, message: str
) -> None:
    with pytest.raises(MetapipeError, match=f"METAPIPE-E701 {message}"):
        settings.load(tmp_path / "galaxy", given, environ)


def test_every_choice_stands_in_the_table_of_the_docs_with_its_option_and_variable() -> None:
    page = (Path(__file__).parents[2] / "docs/operating.md").read_text()
    for name, choice in settings.CHOICES.items():
        option = f"--{option_of(name)}{choice.metavar and ' '}{choice.metavar}"
        row = re.search(rf"^\| `{option}`[^|]*\| `(\w+)` \|", page, re.MULTILINE)
        assert row is not None, option
        assert row[1] == choice.variable_of(name)


def test_every_choice_is_an_option_of_up_and_of_restart(capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("up", "restart"):
        with pytest.raises(SystemExit):
            main([command, "--help"])
        told = " ".join(capsys.readouterr().out.split())
        for name, choice in settings.CHOICES.items():
            assert f"--{option_of(name)}" in told
            assert choice.help in told
