"""The Galaxy of this checkout on this machine: its parts, started, watched, mended and taken down."""
