# The image of the service: migrate, web, worker, placer and beat are this image with another command.
FROM python:3.13-slim-trixie AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/venv
COPY requirements.txt /tmp/requirements.txt
# Wheels only: this image has no compiler. tests/registry asks for a wheel of each pin for this Python, on x86_64 and ARM.
RUN /opt/venv/bin/pip install --require-hashes --only-binary :all: -r /tmp/requirements.txt

FROM python:3.13-slim-trixie
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 BIND=0.0.0.0:8000 \
    SHELTER_STATIC_ROOT=/srv/static SHELTER_BEAT_FILE=/var/lib/shanyrak/beat NUMBA_CACHE_DIR=/var/cache/shanyrak
RUN useradd --system --uid 10001 --home-dir /var/lib/shanyrak --create-home shanyrak \
    && install --directory --owner shanyrak /var/cache/shanyrak
# pg_dump and pg_restore of the server's major version, from PostgreSQL's own archive for the Debian of this image; its signing key
# comes with the server's image.
COPY --from=postgres:18 /usr/local/share/keyrings/postgres.gpg.asc /usr/local/share/keyrings/postgres.gpg.asc
RUN echo "deb [signed-by=/usr/local/share/keyrings/postgres.gpg.asc] https://apt.postgresql.org/pub/repos/apt trixie-pgdg main" \
        > /etc/apt/sources.list.d/pgdg.list \
    && apt-get update && apt-get install --yes --no-install-recommends postgresql-client-18 \
    && rm -rf /var/lib/apt/lists/*
COPY --from=build /opt/venv /opt/venv
WORKDIR /srv/shanyrak
# The service gives its visitors its own source (shelter/source.py), hence the files that no command here needs.
COPY manage.py pyproject.toml LICENSE README.md Makefile Dockerfile docker-compose.yml .env.example ./
COPY requirements.in requirements.txt requirements-trial.in requirements-trial.txt requirements-dev.in requirements-dev.txt ./
COPY shelter shelter
COPY matching matching
COPY accounts accounts
COPY notifications notifications
COPY places places
COPY privacy privacy
COPY deployment deployment
COPY reading reading
COPY templates templates
COPY static static
COPY locale locale
COPY sample_data sample_data
COPY systemd systemd
# Both commands read the settings, but no secret: none is in the image.
RUN python manage.py translations compile && python manage.py collectstatic --no-input \
    && chown -R shanyrak /srv/static
# Compiled here, so that no worker's first round waits for it.
RUN mkdir /opt/kernels && NUMBA_CACHE_DIR=/opt/kernels python -m matching.engine.compiled
USER shanyrak
EXPOSE 8000
# numba ignores a cache that it cannot write. The root of a container is read-only, so its kernels are copied into a folder in memory.
ENTRYPOINT ["/bin/sh", "-euc", "cp -R /opt/kernels/. \"$NUMBA_CACHE_DIR\" && exec \"$@\"", "--"]
CMD ["gunicorn", "--config", "shelter/gunicorn_conf.py", "shelter.wsgi"]
