"""The three commands of the service. `make run` starts them, and docker-compose.yml must say the same (a test compares)."""

WEB = ["gunicorn", "--config", "shelter/gunicorn_conf.py", "shelter.wsgi"]
# WARNING: at INFO each sweep, every few seconds, writes lines that say nothing happened.
WORKER = ["celery", "--quiet", "--app", "shelter", "worker", "--loglevel", "WARNING", "--concurrency", "2"]
BEAT = ["celery", "--quiet", "--app", "shelter", "beat", "--loglevel", "WARNING"]
