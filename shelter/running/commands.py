"""The four commands of the service. docker-compose.yml and the units in systemd/ repeat them; tests compare."""

WEB = ["gunicorn", "--config", "shelter/gunicorn_conf.py", "shelter.wsgi"]
# WARNING, because at INFO every sweep writes lines that say nothing happened, every few seconds.
_CELERY = ["celery", "--quiet", "--app", "shelter"]
WORKER = [*_CELERY, "worker", "--queues", "celery", "--loglevel", "WARNING", "--concurrency", "3"]
PLACER = [*_CELERY, "worker", "--queues", "placing", "--loglevel", "WARNING", "--concurrency", "1"]
PLACER += ["--hostname", "placer@%h"]
COMPILE = ["-m", "matching.engine.compiled", "--beside"]
"""Words for Python. A trial compiles the engine beside its start; worker and placer read the cache, or compile what it lacks."""
BEAT = ["celery", "--quiet", "--app", "shelter", "beat", "--loglevel", "WARNING"]
