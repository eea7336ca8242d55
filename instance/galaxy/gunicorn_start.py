"""Settings of the web server's gunicorn: Galaxy's own, and a quicker start.

Two things only make the start wait: the garbage collector walks a growing heap of modules again and again, and Galaxy
writes its API description (5 s) before anybody asks for it. The collector is off until the application stands, and the
description is written at the first request of it.
"""

import gc

from galaxy.web_stack.gunicorn_config import *  # noqa: F403 - gunicorn reads its settings and hooks from this module
from galaxy.web_stack.gunicorn_config import post_fork as galaxy_post_fork

gc.disable()


def post_fork(server, worker):
    galaxy_post_fork(server, worker)
    from galaxy.webapps.galaxy import fast_app

    describe = getattr(fast_app, "include_legacy_openapi", None)
    if describe is not None:  # another version of Galaxy: start as it does

        def describe_when_asked(app, gx_app):
            app.openapi = lambda: describe(app, gx_app)

        fast_app.include_legacy_openapi = describe_when_asked


def post_worker_init(worker):  # noqa: ARG001 - gunicorn's signature
    gc.freeze()
    gc.enable()
