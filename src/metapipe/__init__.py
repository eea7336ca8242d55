"""META-pipe for Galaxy: marine metagenome annotation on a Spark job runner."""

__version__ = "0.1.0"
