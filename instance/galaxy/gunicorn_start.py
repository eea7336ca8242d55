"""Settings of the web server's gunicorn: Galaxy's own, a quicker start, pages that ask no other host and are one file.

Two things only make the start wait: the garbage collector walks a growing heap of modules again and again, and Galaxy
writes its API description (5 s) before anybody asks for it. The collector is off until the application stands, and the
description is written at the first request of it.

Galaxy's client asks other hosts now and then: the form of a workflow fetches a logo from researchobject.org. With the
Content-Security-Policy below, browsers load only what this instance sends. Links that a user follows still lead out.
"""

import gc
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # gunicorn reads this file without its folder
import installed_databases  # noqa: F401 - makes the type of our data table known
import lean_imports  # noqa: F401 - works by being imported
from galaxy.web_stack.gunicorn_config import *  # noqa: F403 - gunicorn reads its settings and hooks from this module
from galaxy.web_stack.gunicorn_config import is_preload_app
from galaxy.web_stack.gunicorn_config import post_fork as galaxy_post_fork

# Galaxy's client and its visualizations need inline code and eval; data: and blob: hold what a page made itself.
CONTENT_POLICY = "; ".join(
    [
        "default-src 'self' data: blob:",
        "script-src 'self' blob: 'unsafe-inline' 'unsafe-eval'",
        "style-src 'self' blob: 'unsafe-inline'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'self'",
    ]
)

gc.disable()


def describe_when_asked():
    """Write the API description at its first request."""
    from galaxy.webapps.galaxy import fast_app

    describe = getattr(fast_app, "include_legacy_openapi", None)
    if describe is not None:  # another version of Galaxy: start as it does

        def when_asked(app, gx_app):
            app.openapi = lambda: describe(app, gx_app)

        fast_app.include_legacy_openapi = when_asked


def post_fork(server, worker):
    galaxy_post_fork(server, worker)
    if not is_preload_app():
        describe_when_asked()
    sort_folders()
    hand_out_pages_as_they_are()


def sort_folders():
    """List the files to choose from by name.

    Galaxy lists a folder in the order of its disk, and its *List of Pairs* takes one file after the other for a pair:
    reverse reads would be taken for forward ones.
    """
    from galaxy.files.sources.posix import PosixFilesSource

    unsorted = PosixFilesSource._list

    def by_name(self, *arguments, **options):
        entries, count = unsorted(self, *arguments, **options)
        return sorted(entries, key=lambda entry: entry.path), count

    PosixFilesSource._list = by_name


def hand_out_pages_as_they_are():
    """Download a page that is one file as that file.

    Galaxy packs every HTML page into a zip archive, for some have pictures beside them; those still are.
    """
    from galaxy.datatypes.text import Html

    pack = Html._archive_composite_dataset

    def page_or_archive(self, trans, data, headers, do_action="zip"):
        if any(files for _, _, files in os.walk(data.extra_files_path)):
            return pack(self, trans, data, headers, do_action)
        return self._serve_raw(data, data.extension, headers)

    Html._archive_composite_dataset = page_or_archive


def with_content_policy(application):
    """Wrap an ASGI application so that every response carries the policy, pages of datasets included."""
    header = (b"content-security-policy", CONTENT_POLICY.encode())

    async def answer(scope, receive, send):
        async def send_with_policy(message):
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", ()), header]}
            await send(message)

        await application(scope, receive, send_with_policy if scope["type"] == "http" else send)

    return answer


def post_worker_init(worker):
    worker.wsgi = with_content_policy(worker.wsgi)
    gc.freeze()
    gc.enable()


if is_preload_app():  # loaded once, before any fork, and after this file was read
    describe_when_asked()
