"""Which lane a job takes: ``quick`` for what takes seconds, ``local`` for all else.

One long run would otherwise hold every place for hours while somebody else's three-second job waits. ``job_conf.yml``
names :func:`lane` as the rule; Galaxy calls it for each job, with the arguments it finds by name.
"""

from pathlib import Path

import galaxy

#: Stages whose time is not their reads': they load a database or an index, or assemble.
LONG = {
    "metapipe_assemble",
    "metapipe_search_proteins",
    "metapipe_search_domains",
    "metapipe_classify_reads",
    "metapipe_profile_markers",
    "biomas_map_amplicons",
    "biomas_map_pairs",
    "biomas_assign_taxa",
}
OURS = ("metapipe_", "biomas_")
#: Bytes of input up to which a stage of ours, and one of Galaxy's own text and collection tools, takes seconds.
SMALL, SMALL_FOR_GALAXYS = 2 << 20, 200 << 20
#: What compressed reads grow to, about.
COMPRESSION = 4


def lane(tool, job):
    """Return the id of the environment for this job."""
    return "quick" if takes_seconds(tool, job) else "local"


def takes_seconds(tool, job):
    """Whether somebody waits for it: a deployed Galaxy's rules (``tpv/rules.yml``) ask this, too."""
    size = letters(job)
    if tool.id.startswith(OURS):
        return tool.id not in LONG and size <= SMALL
    file = Path(str(getattr(tool, "config_file", None)))
    of_galaxy = any(Path(folder) / "tools" in file.parents for folder in galaxy.__path__)
    return of_galaxy and size <= SMALL_FOR_GALAXYS


def letters(job):
    """Return about how many bytes the inputs of a job are, uncompressed."""
    return sum(_letters(found.dataset) for found in job.input_datasets if found.dataset is not None)


def _letters(dataset):
    # PostgreSQL gives sizes as decimal numbers, which are not to be multiplied by others.
    return int(dataset.dataset.get_size() or 0) * (COMPRESSION if str(dataset.extension).endswith(".gz") else 1)
