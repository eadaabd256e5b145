# The image of the service: web, worker and beat are the same image with another command.
FROM python:3.13-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/venv
COPY requirements.txt /tmp/requirements.txt
RUN /opt/venv/bin/pip install --require-hashes -r /tmp/requirements.txt

FROM python:3.13-slim
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 BIND=0.0.0.0:8000 \
    SHELTER_STATIC_ROOT=/srv/static SHELTER_BEAT_FILE=/var/lib/shanyrak/beat NUMBA_CACHE_DIR=/var/cache/shanyrak
RUN useradd --system --uid 10001 --home-dir /var/lib/shanyrak --create-home shanyrak \
    && install --directory --owner shanyrak /var/cache/shanyrak
COPY --from=build /opt/venv /opt/venv
WORKDIR /srv/shanyrak
COPY manage.py pyproject.toml ./
COPY shelter shelter
COPY matching matching
COPY accounts accounts
COPY notifications notifications
COPY places places
COPY privacy privacy
COPY templates templates
COPY static static
COPY locale locale
COPY sample_data sample_data
# Static files need the settings, and the settings their secrets: these are for this one command only.
RUN SECRET_KEY=build SHELTER_INDEX_KEY=build SHELTER_FIELD_KEYS=build python manage.py collectstatic --no-input \
    && chown -R shanyrak /srv/static
USER shanyrak
# Compiled here, so that no worker's first round waits for it.
RUN python -m matching.engine.compiled
EXPOSE 8000
CMD ["gunicorn", "--config", "shelter/gunicorn_conf.py", "shelter.wsgi"]
