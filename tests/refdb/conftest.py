"""A store of its own for every test."""

from __future__ import annotations

from databases_for_tests import downloads, store_root, test_data, tiny_domains, tiny_proteins

__all__ = ["downloads", "store_root", "test_data", "tiny_domains", "tiny_proteins"]
