'''The benchmarks of the runner: ``scripts/bench --help``. Measures, writes docs/benchmarks/<part>.json, draws them.

To measure a stage of yours, add one file to ``parts/``. Every module there that has a ``PART`` is a part: it has its
word and its line of the help, a share of ``scripts/bench all``, inputs that ``scripts/bench data`` makes, and a table
on docs/benchmarks.md. Nothing else is edited. For example ``parts/short_contigs.py`` (a test tries this very text)::

    """Leaving out short contigs: the whole command, without Spark."""

    from benchmarks import datasets
    from benchmarks.measure import rounds, run
    from benchmarks.part import Asked, Part
    from benchmarks.place import environment, metapipe, scratch
    from benchmarks.results import Results
    from benchmarks.variants import keep

    LETTERS = 1_000_000


    def measure(asked: Asked) -> None:
        """Measure it by rounds and keep it after each."""
        setting, results = asked.setting, Results("short-contigs", asked.setting, asked.command)
        contigs = datasets.contigs(setting, LETTERS)
        with scratch(setting) as folder:
            words = ["filter_contigs", "--contigs", contigs, "--outdir", folder / "out", "--session", "inline"]
            variants = {"the command": lambda: run(metapipe(*words), environment=environment())}
            after = keep(results, setting, "short-contigs", lambda _: {})
            rounds(variants, setting.repeats, deadline=setting.deadline, after=after, say=asked.say)


    PART = Part(
        "short-contigs",
        "leaving out short contigs",
        measure,
        inputs=lambda setting: [datasets.contigs(setting, LETTERS)],
        titles={"short-contigs": "Leaving out short contigs"},
    )

:class:`benchmarks.part.Part` says what else a part may have. A program to be wrapped as a stage goes to
``bench_stages.py``; what is compared with competitors over the same blocks, to ``competitors/workloads.py``.
'''
