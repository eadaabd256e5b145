"""Settings of the whole service, read from the environment.

Development needs no variable at all. In production `python manage.py check --deploy` names everything that is missing or
makes no sense, and nothing else of the service starts before it is put right (`shelter.environment`). `.env.example` lists
every variable.
"""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import django_stubs_ext
from csp.constants import NONE, SELF
from kombu import Queue

from shelter.environment import env, is_this_machine, split_address

django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent
DEBUG = env.flag("DEBUG", False)


def development_secret(name: str) -> str | None:
    """Return a stand-in that everybody can read here, so that development needs no secret; None in production."""
    return f"development-only-{name.lower()}" if DEBUG else None


def development_field_key() -> str | None:
    return base64.urlsafe_b64encode(hashlib.sha256(b"development-only").digest()).decode() if DEBUG else None


SECRET_KEY = env.secret("SECRET_KEY", development_secret("SECRET_KEY"))
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", ["*"] if DEBUG else [])
CSRF_TRUSTED_ORIGINS: list[str] = env.words("CSRF_TRUSTED_ORIGINS", [])
SITE_URL = env.text("SHELTER_SITE_URL", "http://127.0.0.1:8000").rstrip("/")

# Master keys, newest first: what is encrypted is written under keys derived from the first, and read under all of them.
FIELD_KEYS = env.field_keys("SHELTER_FIELD_KEYS", development_field_key())
INDEX_KEY = env.secret("SHELTER_INDEX_KEY", development_secret("SHELTER_INDEX_KEY"))
# The index key before the present one, until `manage.py rotate_keys` has ended: both are looked up.
INDEX_KEY_BEFORE = env.text("SHELTER_INDEX_KEY_BEFORE")

INSTALLED_APPS = [
    "shelter.apps.DeskConfig",  # Django's admin, behind the coordinators' door
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "pgtrigger",
    "csp",
    "django_otp",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "privacy",
    "places",
    "deployment",
    "notifications",
    "accounts",
    "matching",
    "shelter",
]

MIDDLEWARE = [
    "shelter.middleware.BehindProxies",
    "shelter.middleware.RulesReadOnce",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "shelter.middleware.CompressedPages",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "shelter.middleware.Maintenance",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "shelter.middleware.WhoIsSignedIn",
    "django_otp.middleware.OTPMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "shelter.middleware.IdleSignOut",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "shelter.middleware.PrivatePages",
    "matching.web.languages.OwnLanguage",
    "matching.web.refused.RefusedPages",
]

ROOT_URLCONF = "shelter.urls"
WSGI_APPLICATION = "shelter.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "matching.web.every_page.surroundings",
            ],
            "libraries": {"limits": "matching.admin.limit_tag", "reasons": "matching.admin.reason_filter"},
        },
    }
]

# -- PostgreSQL ---------------------------------------------------------------------------------


def database(url: str, password: str = "", plain_hosts: Sequence[str] = ()) -> dict[str, Any]:
    """Translate `postgres://user:password@host:port/name` (host may be a percent-encoded socket folder) for Django.

    A URL without a password takes `password`, as it is; so the password needs no encoding. Of the parameters behind `?`, `host`,
    `port` and those of TLS are read. A server on another machine must prove that it is the one (`verify-full`), unless it is
    one of `plain_hosts` or the URL says otherwise.
    """
    parts = split_address(url, POSTGRES)
    query = dict(pair.split("=", 1) for pair in parts.query.split("&") if "=" in pair)
    host = unquote(query.get("host") or parts.hostname or "")
    tls = {name: unquote(query[name]) for name in TLS_PARAMETERS if name in query}
    if not is_this_machine(host) and host not in plain_hosts:
        tls = {"sslmode": VERIFIED, **tls}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")) or "shanyrak",
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or "") or password,
        "HOST": host,
        "PORT": str(query.get("port") or parts.port or ""),
        "OPTIONS": {
            "connect_timeout": 5,
            # The room left on a space is counted after its row is locked, which is sound only at this level.
            "isolation_level": 2,  # psycopg.IsolationLevel.READ_COMMITTED
            **tls,
        },
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
    }


POSTGRES = ("postgres", "postgresql")
TLS_PARAMETERS = ("sslmode", "sslrootcert", "sslcert", "sslkey")
"""As libpq names them (https://www.postgresql.org/docs/18/libpq-connect.html). It verifies only by `verify-full`."""
VERIFIED = "verify-full"
# Hosts whose network is this machine's own, as the one between the containers of docker-compose.yml.
PLAIN_HOSTS = env.words("SHELTER_PLAIN_HOSTS", [])
DATABASES = {
    "default": database(
        env.address("DATABASE_URL", "postgres://postgres@127.0.0.1:5432/shanyrak", POSTGRES),
        env.text("PGPASSWORD"),
        PLAIN_HOSTS,
    )
}
if not DEBUG:
    env.private_connection(
        "DATABASE_URL",
        DATABASES["default"]["HOST"],
        encrypted=DATABASES["default"]["OPTIONS"].get("sslmode") == VERIFIED,
        plain_hosts=PLAIN_HOSTS,
        way="Take sslmode out of it: verify-full is then used. Its sslrootcert names the file of the authority that signed.",
    )
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Where `manage.py backup` writes: a folder, or s3://bucket/prefix. It encrypts to public keys: this machine reads no copy.
BACKUP_TO = env.text("SHELTER_BACKUP_TO", "")
BACKUP_RECIPIENTS = env.words("SHELTER_BACKUP_RECIPIENTS", [])
BACKUP_KEEP_DAYS = env.whole("SHELTER_BACKUP_KEEP_DAYS", 30, least=1)
# How an S3-like store is reached, under the names that its own programs use. An endpoint without TLS is for tests.
BACKUP_S3 = {
    "endpoint": env.text("AWS_ENDPOINT_URL", ""),
    "region": env.text("AWS_REGION", ""),
    "access_key_id": env.text("AWS_ACCESS_KEY_ID", ""),
    "secret_access_key": env.text("AWS_SECRET_ACCESS_KEY", ""),
}

# -- Celery: its messages are wake-ups only, PostgreSQL is the truth ------------------------------


def redis_address(url: str, password: str) -> str:
    """Return the URL with `password` in it, encoded, where it names a host and has no password of its own."""
    parts = split_address(url, REDIS)
    if not password or parts.password or parts.scheme == "unix":
        return url
    return parts._replace(
        netloc=f"{parts.username or ''}:{quote(password, safe='')}@{parts.netloc.rpartition('@')[2]}"
    ).geturl()


def broker(url: str) -> str:
    """Return the same Redis in the words of Celery, which writes `unix://path?db=1` in another way."""
    return url.replace("unix://", "redis+socket://", 1).replace("?db=", "?virtual_host=", 1)


REDIS = ("redis", "rediss", "unix")
REDIS_URL = redis_address(env.address("REDIS_URL", "redis://127.0.0.1:6379/0", REDIS), env.text("REDIS_PASSWORD"))
CELERY_BROKER_URL = broker(REDIS_URL)
if not DEBUG:
    env.private_connection(
        "REDIS_URL",
        urlsplit(REDIS_URL).hostname or "",
        encrypted=urlsplit(REDIS_URL).scheme == "rediss" and "ssl_c" not in REDIS_URL,  # its parameters only weaken it
        plain_hosts=PLAIN_HOSTS,
        way="Begin it with rediss:// instead.",
    )
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_TIME_LIMIT = 600
CELERY_TASK_SOFT_TIME_LIMIT = 540
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# Placing has a queue of its own and a process that does nothing else (the placer): it keeps the market in memory, and no
# household waits behind a slow delivery or a long round. A worker that is started without --queues serves both queues.
CELERY_TASK_QUEUES = [Queue("celery"), Queue("placing")]
CELERY_TASK_ROUTES = {"matching.match_open_requests": {"queue": "placing"}}
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
# A frozen Redis must cost a request one second, not a minute.
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 900,
    "socket_timeout": 1,
    "socket_connect_timeout": 1,
    "max_retries": 0,
}
CELERY_BROKER_CONNECTION_TIMEOUT = 1
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE_FILENAME = env.text("SHELTER_BEAT_FILE", "celerybeat-schedule")
# Processes that plan regions of a round at the same time, in the whole service.
REGIONS_AT_ONCE = env.whole("SHELTER_REGIONS_AT_ONCE", 2, least=1)
# Requests that are planned together at most. A larger market is cut into regions of about this size, where it can be cut.
LARGEST_REGION = env.whole("SHELTER_LARGEST_REGION", 20_000, least=1)
SWEEP_SECONDS = env.whole("SHELTER_SWEEP_SECONDS", 30, least=1)
CELERY_BEAT_SCHEDULE = {
    task.split(".")[1]: {"task": task, "schedule": seconds, "options": {"expires": seconds}}
    for task, seconds in {
        "matching.match_open_requests": SWEEP_SECONDS,
        "matching.approve_by_policy": SWEEP_SECONDS,
        "matching.expire_overdue": SWEEP_SECONDS,
        "matching.settle_lists": SWEEP_SECONDS,
        "matching.work_on_sheets": SWEEP_SECONDS,
        "matching.carry_out_decisions": min(SWEEP_SECONDS, 10),
        "matching.page_incidents": min(SWEEP_SECONDS, 10),
        "notifications.deliver": min(SWEEP_SECONDS, 10),
        "accounts.answer_code_requests": min(SWEEP_SECONDS, 10),
        "matching.ask_if_still_available": 3600,
        "matching.ask_for_rechecks": 3600,
        "matching.apply_retention": 3600,
    }.items()
}

# -- Who people are ------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
# The first hashes passwords. `accounts.case_secrets` uses the second for the secrets of cases, and for nothing else.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher", "accounts.case_secrets.CaseSecretHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
# A coordinator's session ends after this many minutes without a click, and after this many hours in any case.
IDLE_MINUTES = env.whole("SHELTER_IDLE_MINUTES", 30, least=1)
SESSION_HOURS = env.whole("SHELTER_SESSION_HOURS", 12, least=1)
LOGIN_URL = "/case/"
LOGOUT_REDIRECT_URL = "/"
SESSION_COOKIE_AGE = 14 * 24 * 3600
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True  # our forms carry the token in a field; no script of ours reads the cookie
CSRF_COOKIE_SAMESITE = "Lax"

# -- Languages -----------------------------------------------------------------------------------

LANGUAGE_CODE = "ru"
LANGUAGES = [("ru", "Русский"), ("kk", "Қазақша"), ("en", "English"), ("uk", "Українська"), ("ka", "ქართული")]
LANGUAGE_COOKIE_AGE = 365 * 24 * 3600
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE = "Lax"
# Strings that the libraries leave untranslated have catalogs of their own (shelter.translations).
LOCALE_PATHS = [BASE_DIR / "locale", BASE_DIR / "locale" / "libraries"]
FORMAT_MODULE_PATH = ["shelter.formats"]
USE_I18N = True
USE_TZ = True
# The day to which a night belongs is counted in this zone.
TIME_ZONE = env.time_zone("SHELTER_TIME_ZONE", "Asia/Almaty")

# -- Static files, and nothing from third parties -------------------------------------------------

# Sheets and exports with people in them that are too large for the memory of a process go here: never onto a disk, where
# there is a folder in memory.
PASSING_FILES = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: S108 - only files without a name
FILE_UPLOAD_TEMP_DIR = PASSING_FILES

STATIC_URL = "/static/"
STATIC_ROOT = env.path("SHELTER_STATIC_ROOT", BASE_DIR / "staticfiles")
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = DEBUG

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
# Proxies of our own in front of the web server: one with docker-compose.yml, its Caddy.
TRUSTED_PROXIES = env.whole("SHELTER_TRUSTED_PROXIES", 0)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
# Off only for a trial over plain HTTP on one's own machine (`make run`).
SECURE_SSL_REDIRECT = env.flag("SHELTER_HTTPS", not DEBUG)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = SECURE_SSL_REDIRECT
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_HSTS_SECONDS = 31_536_000 if SECURE_SSL_REDIRECT else 0
# Both reach beyond this service: every other site below its domain must then speak HTTPS, and a browser's preload list takes
# months to forget. So they are on only where the operator asks for them, and Django's warnings that they are off are silenced.
SECURE_HSTS_INCLUDE_SUBDOMAINS = env.flag("SHELTER_HSTS_SUBDOMAINS", False)
SECURE_HSTS_PRELOAD = env.flag("SHELTER_HSTS_PRELOAD", False)
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]

# -- The API -------------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.authentication.BearerToken",
        "accounts.authentication.SessionOfBothFactors",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "matching.api.problems.exception_handler",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Shanyrak",
    "DESCRIPTION": "Hosts register spare space, arrivals ask for shelter, a worker matches, coordinators approve.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    # Several fields are called "reason" or "code": each list of choices gets a name of its own.
    "ENUM_NAME_OVERRIDES": {
        "ReasonEnum": "matching.states.REASONS",
        "OverrideEnum": "matching.desk.by_hand.OVERRIDES",
        "ReasonCodeEnum": "matching.api.worded_reasons.REASON_CODES",
    },
}

# -- Telling people ------------------------------------------------------------------------------

# The transports that are switched on; `console` prints. `notifications.outbox` says which transport serves which kind of address.
NOTIFICATION_TRANSPORTS = env.words("SHELTER_TRANSPORTS", ["console"])
GATEWAY_URL = env.text("SHELTER_GATEWAY_URL", "")
GATEWAY_TOKEN = env.text("SHELTER_GATEWAY_TOKEN", "")
GATEWAY_TIMEOUT_SECONDS = env.seconds("SHELTER_GATEWAY_TIMEOUT_SECONDS", 10.0)
EMAIL_HOST = env.text("EMAIL_HOST", "127.0.0.1")
EMAIL_PORT = env.whole("EMAIL_PORT", 25, least=1)
EMAIL_HOST_USER = env.text("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = env.text("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = env.flag("EMAIL_USE_TLS", False)
EMAIL_USE_SSL = env.flag("EMAIL_USE_SSL", False)
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.text("SHELTER_FROM_EMAIL", "shanyrak@localhost")
LEASE_SECONDS = env.whole("SHELTER_LEASE_SECONDS", 60, least=1)

# -- The rules of a deployment -------------------------------------------------------------------

# While this file exists, every page says that we are back soon. Empty: no file switches that on.
MAINTENANCE_FILE = env.text("SHELTER_MAINTENANCE_FILE", "")
# The harmless page to which "Leave quickly" leads. The service itself asks nothing from it.
EXIT_URL = env.text("SHELTER_EXIT_URL", "https://www.yr.no/")
# How people reach the coordinators, shown on every page (a phone number, say). Empty: not shown.
HELP_CONTACT = env.text("SHELTER_HELP_CONTACT", "")
# A helpline for children and young people, shown to those who are alone and do not feel safe. Empty: not shown.
MINORS_HELPLINE = env.text("SHELTER_MINORS_HELPLINE", "")
# The phone numbers and e-mail addresses, comma-separated, that are paged when nobody on call answers. A production start
# without any is refused (shelter.E010).
EMERGENCY_CONTACTS = env.words("SHELTER_EMERGENCY_CONTACT", [])
# Where visitors get the source of the service as it runs here (AGPL, section 13): by default the archive that it serves itself.
SOURCE_URL = env.text("SHELTER_SOURCE_URL", "") or "/source.tar.gz"
# The rules below are defaults: lead coordinators change them in the admin (`deployment.rules`).
# Checks that a host needs, and the days for which each stays valid.
REQUIRED_CHECKS = {"identity_seen": 365, "phone_verified": 365, "rules_agreed": 365}
# Days before a check runs out in which its host is asked to be checked anew.
RECHECK_DAYS = env.whole("SHELTER_RECHECK_DAYS", 30)
# Hours to decide or answer: (nights until the stay begins at most, hours).
ANSWER_HOURS = [(0, 3), (1, 6), (7, 24), (10_000, 48)]
# Seconds in which a coordinator may undo a decision before its messages go. 0 sends them at once.
DECISION_HOLD_SECONDS = env.whole("SHELTER_DECISION_HOLD_SECONDS", 60)
# The hour of the first evening before which nobody can say that a household did not come.
EVENING_HOUR = env.whole("SHELTER_EVENING_HOUR", 22)
# Answers that were kept with a case and never sent are erased this many days after the last one.
DRAFT_DAYS = env.whole("SHELTER_DRAFT_DAYS", 30, least=1)
# Days after which a host is asked whether the space still stands, and days to answer.
FRESH_DAYS = env.whole("SHELTER_FRESH_DAYS", 14, least=1)
FRESH_ANSWER_DAYS = 3
# Minutes between two steps of paging whoever is on call, until somebody acknowledges that somebody does not feel safe.
PAGE_MINUTES = 5
# Minutes in which the one who acknowledged writes down what came of it; otherwise the paging goes on.
OUTCOME_MINUTES = 15
# People whose personal fields one coordinator may open within a day; beyond, a lead has to agree.
LOOKS_BUDGET = 60
# Risks that need two coordinators, and further risks that need two where the host is new to everybody.
TWO_PEOPLE_RISKS = ["minor_alone", "check_overdue", "earlier_complaint"]
TWO_PEOPLE_RISKS_NEW_HOST = ["minor_in_household", "lone_woman", "two_women", "not_said"]

LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "plain": {
            "()": "shelter.logs.WithoutPeople",
            "words": DEBUG,
            "format": "{asctime} {levelname} {name} {message}",
            "style": "{",
        }
    },
    "filters": {"no_mistypings": {"()": "shelter.logs.NoMistypings"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["stderr"], "level": env.one_of("SHELTER_LOG_LEVEL", "INFO", LOG_LEVELS)},
    # At INFO httpx writes the URL of every call, and the URL of a gateway may hold a token; at DEBUG httpcore writes headers.
    "loggers": {
        "httpx": {"level": "WARNING"},
        "httpcore": {"level": "WARNING"},
        "django.request": {"filters": ["no_mistypings"]},
    },
}
