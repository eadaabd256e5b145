"""The three commands of the service. `make run` starts them, and docker-compose.yml must say the same (a test compares)."""

WEB = ["gunicorn", "--config", "shelter/gunicorn_conf.py", "shelter.wsgi"]
WORKER = ["celery", "--app", "shelter", "worker", "--loglevel", "INFO", "--concurrency", "2"]
BEAT = ["celery", "--app", "shelter", "beat", "--loglevel", "INFO"]
