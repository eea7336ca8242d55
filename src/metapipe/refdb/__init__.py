"""Reference packages: what a database consists of, how it is built, installed, found and verified.

A database is a folder ``<root>/<name>/<version>/`` with a ``manifest.json`` beside its files. Its identity is the
sha256 of that manifest (the *digest*), which names every file's sha256: databases of one digest give one result.
"""
