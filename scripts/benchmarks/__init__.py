"""The benchmarks of the runner: ``scripts/bench --help``. Measures, writes docs/benchmarks/<part>.json, draws them."""
