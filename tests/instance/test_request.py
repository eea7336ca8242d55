"""A request: what is right is read, what is wrong is one line each with its place, and nothing else ever happens."""

import copy
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from metapipe.errors import MetapipeError
from metapipe.instance import flavours, request, wrong_fields
from metapipe.instance.request import Request
from metapipe.refdb.recipe import recipes

CHECKOUT = Path(__file__).resolve().parents[2]
REQUESTS = sorted((CHECKOUT / "instance" / "requests").glob("*.yml"))
FLAVOURS = ["biomas", "metapipe", "mmg"]
DATABASES = ["ec-proteins", "ec-proteins:1", "ssu-refseq:2026-09"]
SCHEMA = jsonschema.Draft202012Validator(json.loads(request.schema(FLAVOURS)))
GOOD: dict[str, Any] = {
    "name": "lab",
    "flavour": "mmg",
    "target": "here",
    "size": {"cores": 2, "memory_gb": 4, "jobs": 1},
    "admin": "admin@lab.example",
    "databases": ["ec-proteins:1"],
    "open": {"web": "this-machine", "port": 8080, "accounts": ["ada@lab.example"], "files": "/data"},
}


def parsed(text: str | bytes) -> Request:
    content = text.encode() if isinstance(text, str) else text
    context = {"flavours": FLAVOURS, "databases": DATABASES}
    return wrong_fields.parse(content, "request.yml", Request, request.CODE, context)


def complaints(text: str | bytes) -> list[str]:
    with pytest.raises(MetapipeError) as refused:
        parsed(text)
    return [str(refused.value), *filter(None, refused.value.detail.split("\n"))]


@pytest.mark.parametrize("file", REQUESTS, ids=lambda file: file.stem)
def test_an_example_is_right_and_has_ten_lines_at_most(file: Path) -> None:
    labels = [word for recipe in recipes() for word in (recipe.name, recipe.label)]
    found = request.read(file, flavours.names(CHECKOUT), labels)
    assert len(file.read_text().splitlines()) <= 10
    SCHEMA.validate(yaml.safe_load(file.read_text()))
    assert found.target in ("here", "hosts")


def test_there_are_examples() -> None:
    assert {file.stem for file in REQUESTS} >= {"mmg", "biomas"}


def test_the_published_schema_is_that_of_the_model() -> None:
    published = (CHECKOUT / "instance" / "requests" / "schema.json").read_text()
    assert published == request.schema(flavours.names(CHECKOUT))


def test_every_wrong_field_has_a_line_of_its_own_and_all_come_at_once() -> None:
    text = """\
# a request
name: My Lab
admin: nobody
size:
  cores: many
  memmory_gb: 8

flavour: metapip
target: cloud
databases:
  - ec-proteins:1
  - ec-protein:1
open: {accounts: [ada], web: everywhere}
"""
    assert complaints(text) == [
        "METAPIPE-E703 request.yml line 2: name: expected a small letter, then up to 30 of a-z, 0-9 and -,"
        " found 'My Lab'",
        "METAPIPE-E703 request.yml line 3: admin: expected an e-mail address, found 'nobody'",
        "METAPIPE-E703 request.yml line 5: size.cores: expected a whole number, found 'many'",
        "METAPIPE-E703 request.yml line 6: size.memmory_gb: unknown, expected one of cores, memory_gb, jobs"
        " (did you mean memory_gb?)",
        "METAPIPE-E703 request.yml line 8: flavour: expected one of biomas, metapipe, mmg, found 'metapip'"
        " (did you mean metapipe?)",
        "METAPIPE-E703 request.yml line 9: target: expected one of here, hosts, found 'cloud'",
        "METAPIPE-E703 request.yml line 12: databases.2: expected one of ec-proteins, ec-proteins:1,"
        " ssu-refseq:2026-09, found 'ec-protein:1' (did you mean ec-proteins:1?)",
        "METAPIPE-E703 request.yml line 13: open.accounts.1: expected an e-mail address, found 'ada'",
        "METAPIPE-E703 request.yml line 13: open.web: expected one of this-machine, everyone,"
        " found 'everywhere' (did you mean everyone?)",
    ]


def without(name: str) -> str:
    """A good request that lacks one field."""
    return yaml.safe_dump({field: value for field, value in GOOD.items() if field != name})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "line 1: expected fields of its own"),
        ("- a\n", "line 1: expected fields of its own"),
        ("name: [\n", "line 2: no YAML"),
        ("name: lab\nname: lab\n" + without("name"), "line 2: name: given twice, first in line 1"),
        ("name: &x lab\nflavour: *x\n", "expected every value written out, found 'an alias (*)'"),
        (b"\xff\xfe\xff", "no YAML"),
        ("size: 1\n" + without("size"), "line 1: size: expected fields"),
    ],
)
def test_what_is_no_request_at_all_is_one_line_too(text: str | bytes, said: str) -> None:
    (only,) = complaints(text)
    assert said in only


def test_what_is_missing_is_named_in_the_line_that_lacks_it() -> None:
    assert complaints("# empty\nname: lab\ntarget: here\n") == [
        "METAPIPE-E703 request.yml line 2: admin: expected, but missing",
        "METAPIPE-E703 request.yml line 2: flavour: expected, but missing",
    ]


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(MetapipeError) as refused:
        request.read(tmp_path / "request.yml", FLAVOURS, DATABASES)
    assert refused.value.code == "E201"


@settings(max_examples=200)
@given(st.binary(max_size=200) | st.text(max_size=200))
def test_anything_at_all_is_a_request_or_lines_with_the_code(content: str | bytes) -> None:
    try:
        parsed(content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass"))
    except MetapipeError as error:
        for line in [str(error), *filter(None, error.detail.split("\n"))]:
            assert line.startswith("METAPIPE-E703 request.yml")
            assert line.isprintable()


places = st.sampled_from(
    [
        ("name",),
        ("flavour",),
        ("target",),
        ("admin",),
        ("size", "cores"),
        ("size", "jobs"),
        ("open", "web"),
        ("open", "port"),
    ]
)


@settings(max_examples=100)
@given(st.permutations(list(GOOD)), st.sets(places, min_size=1), st.sampled_from(["#bad", -1, [], True, None]))
def test_as_many_lines_as_wrong_fields_each_at_its_line(
    order: list[str], wrong: set[tuple[str, ...]], bad: Any
) -> None:
    made = {name: dict(GOOD[name]) if isinstance(GOOD[name], dict) else GOOD[name] for name in order}
    nullable = {("size", "cores"), ("open", "port")}
    wrong = wrong - nullable if bad is None else wrong
    for *above, last in wrong:
        (made[above[0]] if above else made)[last] = copy.copy(bad)  # YAML writes one list twice as an alias
    text = yaml.safe_dump(made, sort_keys=False)
    if not wrong:
        assert parsed(text).name == "lab"
        return
    said = complaints(text)
    lines = text.splitlines()
    assert len(said) == len(wrong)
    for line in said:
        number, field = line.removeprefix("METAPIPE-E703 request.yml line ").split(": ")[:2]
        assert lines[int(number) - 1].strip().startswith(field.split(".")[-1] + ":")
        assert tuple(field.split(".")) in wrong


emails = st.from_regex(r"[a-z0-9]{1,8}@[a-z]{1,8}\.example", fullmatch=True)
colleagues = st.lists(st.from_regex(r"[a-z0-9]{1,8}@[a-z]{1,8}\.test", fullmatch=True), unique=True)


@settings(max_examples=100)
@given(
    st.fixed_dictionaries(
        {
            "name": st.from_regex(r"[a-z][a-z0-9-]{0,30}", fullmatch=True),
            "flavour": st.sampled_from(FLAVOURS),
            "target": st.just("here"),
            "admin": emails,
        },
        optional={
            "size": st.fixed_dictionaries({}, optional={"cores": st.integers(1, 64), "jobs": st.integers(1, 9)}),
            "databases": st.lists(st.sampled_from(DATABASES)),
            "open": st.fixed_dictionaries({}, optional={"accounts": colleagues, "port": st.integers(1, 65535)}),
        },
    )
)
def test_what_is_right_is_read_as_it_was_written_and_fits_the_schema(made: dict[str, Any]) -> None:
    found = parsed(yaml.safe_dump(made))
    assert found.model_dump(exclude_unset=True) == made
    SCHEMA.validate(made)


HOSTS = "name: lab\nflavour: mmg\nadmin: admin@lab.example\ntarget: hosts\n"
OPEN = "open: {web: everyone}\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (HOSTS + OPEN, ["line 4: target: expected hosts, the machines it is to run on, found 'hosts' alone"]),
        (HOSTS + OPEN + "hosts: {head: a, user: me, workers: [b, a]}\n", ["hosts.workers.2: expected a machine once"]),
        (HOSTS + "hosts: {head: a, user: Me}\n", ["line 5: hosts.user: expected the name of a user, found 'Me'"]),
        (HOSTS + "hosts: {head: '-oProxy', user: me}\n", ["line 5: hosts.head: expected a host's name or address"]),
        (
            HOSTS + "hosts: {head: a, user: me}\nopen: {web: everyone, tls: files, port: 81}\n",
            ["open.port: expected nothing", "open.tls: expected certificate, too", "open.tls: expected key, too"],
        ),
        (
            HOSTS + "hosts: {head: a, user: me}\nopen: {web: everyone, acme: 'https://a'}\n",
            ["open.acme: expected only with tls: acme"],
        ),
        (
            without("open") + "hosts: {head: a, user: me}\nopen: {web: everyone, name: b}\n",
            [
                "hosts: expected nothing, for the target is here",
                "open.name: expected nothing",
                "open.web: expected this-m",
            ],
        ),
        (HOSTS + OPEN + "hosts: {head: a, user: me, cache: /c}\n", ["hosts.cache: expected only with offline: true"]),
        (HOSTS + OPEN + "hosts: {head: a, user: me, offline: yes please}\n", ["hosts.offline: expected "]),
        (HOSTS + "hosts: {head: a, user: me}\n", ["open.web: expected everyone, for the target is hosts"]),
        (without("open") + "open: {accounts: [Admin@lab.example]}\n", ["open.accounts.1: expected an address once"]),
    ],
)
def test_what_does_not_fit_together_is_said_in_its_line(text: str, said: list[str]) -> None:
    lines = complaints(text)
    assert len(lines) == len(said)
    assert all(expected in line for line, expected in zip(lines, said, strict=True)), lines


def test_a_request_for_hosts_names_all_of_them() -> None:
    found = parsed(HOSTS + "hosts: {head: a, workers: [b, 10.0.0.3], user: me}\nopen: {web: everyone}\n")
    assert found.hosts is not None
    assert found.hosts.every == ["a", "b", "10.0.0.3"]
