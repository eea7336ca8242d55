import os
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from metapipe.errors import MetapipeError
from metapipe.instance.local import configuration, parts
from metapipe.instance.local.settings import Settings
from metapipe.stages.registry import STAGES


def rendered(instance: Settings) -> dict[str, object]:
    configuration.render(instance)
    document = yaml.safe_load((instance.config / "galaxy.yml").read_text())
    galaxy: dict[str, object] = document["galaxy"]
    return galaxy


def test_configuration_holds_secrets_and_only_its_owner_can_read_it(instance: Settings) -> None:
    galaxy = rendered(instance)
    assert len(str(galaxy["id_secret"])) >= 32
    assert (instance.config / "galaxy.yml").stat().st_mode & 0o777 == 0o600


def test_no_option_lets_galaxy_ask_the_network(instance: Settings) -> None:
    galaxy = rendered(instance)
    switched_off = ("conda_auto_init", "conda_auto_install", "enable_mulled_containers", "involucro_auto_init")
    assert [galaxy[name] for name in (*switched_off, "enable_tool_shed_check", "biotools_use_api")] == [False] * 6
    assert (galaxy["dependency_resolvers"], galaxy["container_resolvers"]) == ([], [])


def test_uploads_and_metadata_go_to_the_warm_worker(instance: Settings) -> None:
    celery = rendered(instance)["celery_conf"]
    assert isinstance(celery, dict)
    assert celery["task_routes"] == {
        "galaxy.fetch_data": "galaxy.external",
        "galaxy.set_job_metadata": "galaxy.external",
    }


def test_only_connections_to_postgresql_are_tried_before_use(instance: Settings) -> None:
    option = "database_engine_option_pool_pre_ping"
    assert option not in rendered(instance)
    assert rendered(replace(instance, database="postgresql:///galaxy"))[option] is True


def test_strangers_may_not_run_jobs(instance: Settings) -> None:
    galaxy = rendered(instance)
    assert galaxy["require_login"] is True
    assert galaxy["allow_local_account_creation"] is False


def test_paths_with_spaces_and_quotes_are_kept(instance: Settings, tmp_path: Path) -> None:
    odd = replace(instance, state=tmp_path / 'it\'s a "state" & more', refdb=tmp_path / 'my "own" & more')
    assert str(rendered(odd)["tool_config_file"]).startswith(str(odd.state))
    table = ElementTree.parse(odd.config / "tool_data_table_conf.xml").find("table/folder")
    assert table is not None
    assert table.get("path") == str(odd.refdb)


def test_every_tool_of_ours_is_in_the_panel(instance: Settings) -> None:
    configuration.render(instance)
    files = {tool.get("file") for tool in ElementTree.parse(instance.config / "tool_conf.xml").iter("tool")}
    ours = {str(file) for file in (instance.checkout / "tools" / "metapipe").glob("metapipe_*.xml")}
    assert ours
    assert ours <= files


def test_the_panel_has_the_order_of_the_pipeline(instance: Settings) -> None:
    configuration.render(instance)
    sections = ElementTree.parse(instance.config / "tool_conf.xml").findall("section")
    panel = {one.get("name"): [Path(tool.get("file", "")).stem for tool in one] for one in sections}
    stages = [name if name != "annotation_report" else "report" for name in STAGES]
    for title, suite in (("META-pipe", "metapipe"), ("BioMaS", "biomas")):
        ids = [f"{suite}_{stage}" for stage in stages]
        assert panel[title] == [tool_id for tool_id in ids if tool_id in panel[title]], title
    assert panel["META-pipe"][:2] == ["metapipe_check_samplesheet", "metapipe_check_reads"]
    assert panel["BioMaS"][:3] == ["biomas_quality_report", "biomas_merge_pairs", "biomas_dereplicate"]


def test_an_order_that_galaxy_kept_from_earlier_is_forgotten_when_the_panel_changes(instance: Settings) -> None:
    configuration.render(instance)
    kept = instance.state / "managed" / "integrated_tool_panel.xml"
    kept.parent.mkdir()
    kept.touch()
    configuration.render(instance)
    assert kept.exists()
    (instance.config / "tool_conf.xml").write_text("<toolbox/>")
    configuration.render(instance)
    assert not kept.exists()


def test_jobs_get_cores_and_memory_of_the_settings(instance: Settings) -> None:
    configuration.render(replace(instance, slots=3, memory_mb=4321))
    local = yaml.safe_load((instance.config / "job_conf.yml").read_text())["execution"]["environments"]["local"]
    assert local["local_slots"] == 3
    assert local["live_tool_output_reporting"] is True
    assert local["env"] == [{"name": "GALAXY_MEMORY_MB", "value": "4321"}]


def test_jobs_are_told_of_the_spark_cluster_of_the_settings(instance: Settings, tmp_path: Path) -> None:
    cluster = {"spark_master": "spark://10.0.0.1:7077", "spark_cores": 32, "spark_executor_cores": 16}
    secret = {"spark_secret_file": tmp_path / "a secret"}
    configuration.render(replace(instance, slots=4, memory_mb=8000, jobs=2, **cluster, **secret))
    environments = yaml.safe_load((instance.config / "job_conf.yml").read_text())["execution"]["environments"]
    for name in ("local", "more_memory"):
        assert environments[name]["env"][1:] == [
            {"name": "METAPIPE_SPARK_MASTER", "value": "spark://10.0.0.1:7077"},
            {"name": "METAPIPE_SPARK_CORES", "value": "32"},
            {"name": "METAPIPE_SPARK_EXECUTOR_CORES", "value": "16"},
            {"name": "METAPIPE_SPARK_CORE_MEMORY_MB", "value": "2000"},
            {"name": "METAPIPE_SPARK_SECRET_FILE", "value": str(tmp_path / "a secret")},
        ]


def test_a_job_without_memory_enough_is_started_again_with_the_shares_of_all_jobs(instance: Settings) -> None:
    configuration.render(replace(instance, memory_mb=1000, jobs=4))
    environments = yaml.safe_load((instance.config / "job_conf.yml").read_text())["execution"]["environments"]
    assert environments["local"]["resubmit"] == [{"condition": "memory_limit_reached", "environment": "more_memory"}]
    assert environments["more_memory"]["env"] == [{"name": "GALAXY_MEMORY_MB", "value": "4000"}]
    assert "resubmit" not in environments["more_memory"]


def test_where_one_job_has_all_memory_none_is_started_again(instance: Settings) -> None:
    configuration.render(replace(instance, memory_mb=1000, jobs=1))
    environments = yaml.safe_load((instance.config / "job_conf.yml").read_text())["execution"]["environments"]
    assert "more_memory" not in environments
    assert "resubmit" not in environments["local"]


def test_a_place_for_quick_jobs_is_kept_and_no_user_holds_all_the_others(instance: Settings) -> None:
    configuration.render(replace(instance, slots=8, memory_mb=9000, jobs=4, jobs_per_user=3))
    conf = yaml.safe_load((instance.config / "job_conf.yml").read_text())
    limits = {(limit["type"], limit.get("tag") or limit["id"]): limit["value"] for limit in conf["limits"]}
    assert limits == {
        ("environment_total_concurrent_jobs", "long"): 4,
        ("environment_user_concurrent_jobs", "long"): 3,
        ("environment_total_concurrent_jobs", "quick"): 2,
    }
    environments = conf["execution"]["environments"]
    assert [name for name, found in environments.items() if "long" in found.get("tags", [])] == ["local", "more_memory"]
    assert environments["quick"]["local_slots"] == 2
    assert environments["quick"]["env"][0] == {"name": "GALAXY_MEMORY_MB", "value": "2048"}


def test_what_users_make_is_theirs_alone_and_quotas_are_on(instance: Settings) -> None:
    galaxy = rendered(instance)
    assert galaxy["new_user_dataset_access_role_default_private"] is True
    assert galaxy["enable_quotas"] is True


def test_jobs_inherit_no_python_settings(instance: Settings) -> None:
    environ = configuration.environ_of(instance, {"PYTHONPATH": "/x", "LD_PRELOAD": "y", "PATH": "/bin", "HOME": "/h"})
    assert not {"PYTHONPATH", "LD_PRELOAD"} & set(environ)
    assert environ["PATH"].split(os.pathsep)[0] == str(instance.state / "bin")


def test_rendering_again_changes_no_file(instance: Settings) -> None:
    configuration.render(instance)
    before = {file: file.stat().st_ino for file in instance.config.iterdir()}
    configuration.render(instance)
    assert {file: file.stat().st_ino for file in instance.config.iterdir()} == before


def test_a_change_of_settings_changes_the_digest(instance: Settings) -> None:
    configuration.render(instance)
    before = configuration.digest(instance)
    configuration.render(replace(instance, memory_mb=999))
    assert configuration.digest(instance) != before


def test_last_words_prefer_the_error(tmp_path: Path) -> None:
    log = tmp_path / "web.log"
    log.write_text("start\nValueError: no key\nWorker exiting\n")
    assert parts.last_words(log) == "ValueError: no key"


def test_own_tools_come_first_and_changes_of_them_are_noticed(instance: Settings, tmp_path: Path) -> None:
    folder = tmp_path / "own tools"
    folder.mkdir()
    (folder / "macros.xml").write_text("<macros/>\n")
    (folder / "mine.xml").write_text('<tool id="mine" name="Mine"/>\n')
    own = replace(instance, tools=folder)
    rendered(own)
    sections = ElementTree.parse(own.config / "tool_conf.xml").findall("section")
    assert [section.get("name") for section in sections[:2]] == ["Own tools", "META-pipe"]
    assert [tool.get("file") for tool in sections[0]] == [str(folder / "mine.xml")]
    before = configuration.digest(own)
    (folder / "mine.xml").write_text('<tool id="mine" name="Mine too"/>\n')
    assert configuration.digest(own) != before


def test_a_folder_without_tools_is_refused(instance: Settings, tmp_path: Path) -> None:
    with pytest.raises(MetapipeError, match=r"METAPIPE-E201 nothing: no Galaxy tool"):
        rendered(replace(instance, tools=tmp_path / "nothing"))
