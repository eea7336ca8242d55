"""Building a database: from a recipe, or from a site's own file."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from metapipe.digests import sha256_of
from metapipe.errors import MetapipeError
from metapipe.refdb.builders.amplicon import build_amplicon
from metapipe.refdb.builders.annotated import annotated_proteins
from metapipe.refdb.builders.diamond import FASTA, Built, build_diamond
from metapipe.refdb.builders.genomes import genome_taxonomy
from metapipe.refdb.builders.hmm import build_hmm, read_interpro
from metapipe.refdb.builders.markers import build_markers, genome_markers, profile_sources, read_marker_profiles
from metapipe.refdb.builders.read_taxonomy import build_read_taxonomy
from metapipe.refdb.builders.ssu import greengenes_references, refseq_references
from metapipe.refdb.builders.ssu_archaea import build_with_archaea
from metapipe.refdb.builders.swissprot import swissprot_proteins
from metapipe.refdb.builders.words import index_words
from metapipe.refdb.fetch import Say, obtain, silent
from metapipe.refdb.manifest import Manifest, Source, describe_files
from metapipe.refdb.readers.family_table import read_family_table
from metapipe.refdb.readers.ontology import ec_of_go, read_terms
from metapipe.refdb.readers.placing import place_references
from metapipe.refdb.readers.profile_probe import check_profiles
from metapipe.refdb.readers.proteins import name_twice, read_proteins
from metapipe.refdb.readers.references import read_references
from metapipe.refdb.readers.said_taxa import said_taxa
from metapipe.refdb.readers.taxdump import Taxdump, read_merged
from metapipe.refdb.recipe import Recipe
from metapipe.refdb.sources import find_source

#: Kind → the name under which the manifest lists the file a database was made from.
_OWN_FILE = {
    "diamond": FASTA,
    "hmm": "profiles.hmm",
    "amplicon": "references.fasta",
    "taxonomy-reads": FASTA,
    "markers": FASTA,
}

#: The option that indexes proteins for Kraken 2, as the command line of a manifest has it.
WORDS_OPTION = " --kraken2"
NO_WORDS = f"{WORDS_OPTION.strip()} is for databases of kind taxonomy-reads"

Builder = Callable[[Mapping[str, Path], Path, dict[str, Any]], Built]


def build_from_recipe(
    recipe: Recipe, folder: Path, cache: Path | None = None, say: Say = silent, *, words: bool = False
) -> Manifest:
    """Build ``recipe`` in the new or empty ``folder`` and write its manifest; the folder appears whole or not at all.

    :param words: for kind ``taxonomy-reads``: with an index for Kraken 2.
    :raises MetapipeError: E205 when sources cannot be had, E301 when a program is missing.
    """
    builder = BUILDERS.get(recipe.builder)
    if builder is None:
        raise MetapipeError("E702", expected=f"a builder: {', '.join(sorted(BUILDERS))}", found=recipe.builder)
    if words and recipe.kind != "taxonomy-reads":
        raise MetapipeError("E701", NO_WORDS)
    paths = obtain(recipe.sources, cache, say)
    say(f"building {recipe.label}")
    with whole_folder(folder) as scratch:
        built = builder(paths, scratch, recipe.options)
        if words:
            built = index_words(scratch, built)
        manifest = Manifest(
            schema=1,
            name=recipe.name,
            version=recipe.version,
            kind=recipe.kind,
            title=recipe.title,
            description=recipe.description,
            sources=_sources(recipe.sources),
            licence=recipe.licence,
            date=recipe.date,
            format=built.format,
            tool=built.tool,
            counts=built.counts,
            builder=f"metapipe refdb build {recipe.label}{WORDS_OPTION if words else ''}",
            files=describe_files(scratch),
        )
        manifest.write(scratch)
    return manifest


def build_from_file(
    kind: str,
    file: Path,
    folder: Path,
    *,
    taxonomy: Path | None = None,
    taxdump: Taxdump | None = None,
    families: Path | None = None,
    words: bool = False,
    name: str,
    version: str,
    title: str = "",
    licence: str = "as its owner states",
    date: str = "",
    say: Say = silent,
) -> Manifest:
    """Make a database of a site's own protein FASTA (kinds ``diamond``, ``taxonomy-reads`` and ``markers``), HMMER3
    profiles (kind ``hmm``) or marker genes (kind ``amplicon``).

    The file's own name stays out of the manifest: Galaxy calls one dataset differently on every server, and the same
    proteins must give the same digest.

    :param taxonomy, taxdump: for kind ``amplicon``, see :func:`metapipe.refdb.readers.placing.place_references`; for
        kinds ``taxonomy-reads`` and ``markers`` :func:`metapipe.refdb.readers.said_taxa.said_taxa`.
    :param families: for kind ``hmm``: what the collection says of its families, see
        :func:`metapipe.refdb.readers.family_table.read_family_table`.
    :param words: for kind ``taxonomy-reads``: with an index for Kraken 2.
    :raises MetapipeError: E201 when the file is missing, E101 when it is of another format, E701 for an unusable name.
    """
    if not file.is_file():
        raise MetapipeError("E201", file=file)
    if words and kind != "taxonomy-reads":
        raise MetapipeError("E701", NO_WORDS)
    for option, text in (("title", title), ("licence", licence), ("date", date)):
        # A command line's bytes that are no UTF-8 arrive as lone surrogates, which no JSON reader takes.
        if any("\ud800" <= letter <= "\udfff" for letter in text):
            raise MetapipeError("E701", expected=f"UTF-8 text for --{option}", found=text)
    say(f"building {name}:{version} from {file.name}")
    with whole_folder(folder) as scratch:
        files = {_OWN_FILE[kind]: file}
        if kind == "diamond":
            built = _own_proteins(file, scratch)
        elif kind == "hmm":
            check_profiles(file)
            built = build_hmm(file, scratch, {}, {}, tabled=read_family_table(families) if families else {})
            files |= {"families": families} if families else {}
        elif kind in ("taxonomy-reads", "markers"):
            said = said_taxa(file, taxonomy, taxdump)
            for remark in said.remarks:
                say(remark)
            merged = read_merged(taxdump.merged) if taxdump and taxdump.merged else {}
            if kind == "markers":
                profiles = read_marker_profiles(obtain(profile_sources(), say=say))
                built = build_markers(said.proteins(), said.placed, scratch, merged, profiles=profiles)
            else:
                built = build_read_taxonomy(said.proteins(), said.placed, scratch, merged)
                built = index_words(scratch, built) if words else built
            files.update(_taxonomy_files(taxonomy, taxdump))
        else:
            references, placed = place_references(read_references(file), file, taxonomy, taxdump)
            for remark in placed.remarks:
                say(remark)
            built = build_amplicon(references, placed, scratch)
            files.update(_taxonomy_files(taxonomy, taxdump))
        option = "--hmm" if kind == "hmm" else "--fasta"
        try:
            manifest = Manifest.model_validate(
                {
                    "schema": 1,
                    "name": name,
                    "version": version,
                    "kind": kind,
                    "title": title or f"{name} {version}",
                    "sources": [
                        Source(
                            package="file",
                            licence=licence,
                            files={role: sha256_of(path) for role, path in files.items()},
                        )
                    ],
                    "licence": licence,
                    "date": date,
                    "format": built.format,
                    "tool": built.tool,
                    "counts": built.counts,
                    "builder": " ".join(
                        [
                            f"metapipe refdb build --kind {kind} {option} FILE",
                            *_taxonomy_options(files),
                            f"--name {name} --version {version}{WORDS_OPTION if words else ''}",
                        ]
                    ),
                    "files": describe_files(scratch),
                }
            )
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            raise MetapipeError("E701", f"--{where}: {first['msg']}", found=str(first["input"])) from error
        manifest.write(scratch)
    return manifest


@contextmanager
def whole_folder(target: Path) -> Iterator[Path]:
    """A scratch folder beside ``target`` that replaces it at the end, or vanishes when something fails.

    A reader sees the old database or the new one, never a part. Hidden names are not taken for databases.

    :raises MetapipeError: E501 when the place cannot be written to.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    except OSError as error:
        raise MetapipeError("E501", f"{error.strerror}", file=target) from error
    try:
        scratch.chmod(0o755)
        yield scratch
        if target.exists():
            old = Path(tempfile.mkdtemp(prefix=f".{target.name}-old-", dir=target.parent))
            os.rename(target, old / target.name)
            os.rename(scratch, target)
            shutil.rmtree(old)
        else:
            os.rename(scratch, target)
    except OSError as error:
        raise MetapipeError("E501", f"{error.strerror}", file=error.filename or target) from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _own_proteins(file: Path, folder: Path) -> Built:
    try:
        return build_diamond(read_proteins(file), folder)
    except MetapipeError as error:
        if error.code != "E107":
            raise
        raise name_twice(file) from None


def _taxonomy_files(taxonomy: Path | None, dump: Taxdump | None) -> dict[str, Path]:
    """Role in the manifest → file, for what was given. Roles are named as the options are."""
    files = {"taxonomy": taxonomy}
    if dump is not None:
        files |= {"nodes": dump.nodes, "names": dump.names, "merged": dump.merged}
    return {role: path for role, path in files.items() if path is not None}


def _taxonomy_options(files: Mapping[str, Path]) -> list[str]:
    return [f"--{role} FILE" for role in files if role in ("taxonomy", "nodes", "names", "merged", "families")]


def _sources(aliases: list[str]) -> list[Source]:
    packages: dict[str, Source] = {}
    for alias in aliases:
        package, file = find_source(alias)
        known = packages.get(package.label)
        files = {**(known.files if known else {}), file.path.rpartition("/")[2]: file.sha256}
        packages[package.label] = Source(package=package.label, licence=package.licence, files=files)
    return list(packages.values())


# --------------------------------------------------------------------------------------------------- builders


def _annotated_proteins(paths: Mapping[str, Path], folder: Path, options: dict[str, Any]) -> Built:
    proteins = annotated_proteins(paths, options.get("ec_only", ()), options.get("accessions"))
    return build_diamond(proteins, folder)


def _pfam(paths: Mapping[str, Path], folder: Path, options: dict[str, Any]) -> Built:
    return build_hmm(
        paths["pfam-profiles"],
        folder,
        read_interpro(paths["interpro-entries"]),
        ec_of_go(read_terms(paths["gene-ontology"])),
        options.get("accessions"),
    )


def _swissprot(paths: Mapping[str, Path], folder: Path, options: dict[str, Any]) -> Built:
    terms = read_terms(paths["gene-ontology"])
    volume = (paths["swissprot-index"], paths["swissprot-titles"], paths["swissprot-sequences"])
    return build_diamond(swissprot_proteins(*volume, terms, options.get("limit")), folder)


def _refseq_ssu(paths: Mapping[str, Path], folder: Path, options: dict[str, Any]) -> Built:
    references, placed = refseq_references(paths, options.get("names"), rename=options.get("rename", True))
    return build_amplicon(references, placed, folder)


def _refseq_ssu_with_archaea(paths: Mapping[str, Path], folder: Path, options: dict[str, Any]) -> Built:
    return build_with_archaea(paths, folder, options.get("names"))


def _greengenes(paths: Mapping[str, Path], folder: Path, options: dict[str, Any]) -> Built:
    references, placed = greengenes_references(paths, options.get("names"))
    return build_amplicon(references, placed, folder)


def _taxonomy_of_genomes(paths: Mapping[str, Path], folder: Path, options: dict[str, Any]) -> Built:
    return genome_taxonomy(paths, folder, options.get("also", ()), options.get("slices"))


def _markers_of_genomes(paths: Mapping[str, Path], folder: Path, options: dict[str, Any]) -> Built:
    return genome_markers(paths, folder, options.get("also", ()), options.get("slices"))


BUILDERS: dict[str, Builder] = {
    "annotated-proteins": _annotated_proteins,
    "greengenes": _greengenes,
    "markers-of-genomes": _markers_of_genomes,
    "pfam": _pfam,
    "refseq-ssu": _refseq_ssu,
    "refseq-ssu-with-archaea": _refseq_ssu_with_archaea,
    "swissprot": _swissprot,
    "taxonomy-of-genomes": _taxonomy_of_genomes,
}
