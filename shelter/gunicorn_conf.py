"""How gunicorn serves: a few threads in each worker, since a page mostly waits for PostgreSQL."""

import os
from typing import Any

from gunicorn.glogging import Logger

from shelter.environment import env, refuse
from shelter.logs import WithoutPeople

bind = env.text("BIND") or f"127.0.0.1:{env.whole('PORT', 8000, least=1)}"
workers = env.whole("WEB_WORKERS", 2, least=1)
threads = env.whole("WEB_THREADS", 4, least=1)
worker_class = "gthread"
timeout = 60
graceful_timeout = 10
max_requests = 5000
max_requests_jitter = 500
accesslog = None  # Addresses may be one-tap links, and say who looked at what.


class Log(Logger):  # type: ignore[misc]  # gunicorn has no types
    """Writes gunicorn's lines, such as that a request failed, without what the request was."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        for handler in self.error_log.handlers:
            handler.setFormatter(WithoutPeople(inner=handler.formatter, words=env.flag("DEBUG", False)))


logger_class = Log
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: S108 - a heartbeat file, not data
control_socket_disable = True  # It would lie in the home folder of whoever starts a trial.


def on_starting(server: Any) -> None:
    """Read the settings and end here, in plain words, where a variable makes no sense: no worker could start."""
    import shelter.settings  # noqa: F401

    refuse()
