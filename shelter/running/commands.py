"""The four commands of the service. `make run` starts them, and docker-compose.yml must say the same (a test compares)."""

WEB = ["gunicorn", "--config", "shelter/gunicorn_conf.py", "shelter.wsgi"]
# WARNING: at INFO each sweep, every few seconds, writes lines that say nothing happened.
_CELERY = ["celery", "--quiet", "--app", "shelter"]
WORKER = [*_CELERY, "worker", "--queues", "celery", "--loglevel", "WARNING", "--concurrency", "3"]
PLACER = [*_CELERY, "worker", "--queues", "placing", "--loglevel", "WARNING", "--concurrency", "1"]
PLACER += ["--hostname", "placer@%h"]
BEAT = ["celery", "--quiet", "--app", "shelter", "beat", "--loglevel", "WARNING"]
