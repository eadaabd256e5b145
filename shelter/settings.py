"""Settings of the whole service, read from the environment.

Development needs no variable at all; production refuses to start without its secrets
(`python manage.py check --deploy` says what is missing). Every variable is listed in
`.env.example`.
"""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import django_stubs_ext
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from environs import Env
from kombu import Queue

env = Env()
django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent
DEBUG = env.bool("DEBUG", False)


def secret(name: str) -> str:
    """Return the secret `name`, or in development a fixed stand-in that must never protect anybody.

    Raises ImproperlyConfigured outside development when the variable is missing.
    """
    if value := env.str(name, ""):
        return value
    if DEBUG:
        return f"development-only-{name.lower()}"
    raise ImproperlyConfigured(f"Set {name} in the environment (see .env.example), or DEBUG=yes on your own machine.")


def field_key_for_development() -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(b"development-only").digest()).decode()


SECRET_KEY = secret("SECRET_KEY")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", ["*"] if DEBUG else [])
CSRF_TRUSTED_ORIGINS: list[str] = env.list("CSRF_TRUSTED_ORIGINS", [])
SITE_URL = env.str("SHELTER_SITE_URL", "http://127.0.0.1:8000").rstrip("/")

# Keys of the encrypted fields, newest first: the first one encrypts, all of them decrypt.
FIELD_KEYS = env.list("SHELTER_FIELD_KEYS", [field_key_for_development()] if DEBUG else [])
INDEX_KEY = secret("SHELTER_INDEX_KEY")

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
    "django.contrib.auth.middleware.AuthenticationMiddleware",
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
            "libraries": {"reasons": "matching.admin.reason_filter"},
        },
    }
]

# -- PostgreSQL ---------------------------------------------------------------------------------


def database(url: str) -> dict[str, Any]:
    """Translate `postgres://user:password@host:port/name` (host may be a percent-encoded socket folder)."""
    parts = urlsplit(url)
    query = dict(pair.split("=", 1) for pair in parts.query.split("&") if "=" in pair)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")) or "shanyrak",
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(query.get("host") or parts.hostname or ""),
        "PORT": str(query.get("port") or parts.port or ""),
        "OPTIONS": {
            "connect_timeout": 5,
            # The room left on a space is counted after its row is locked, which is sound only here.
            "isolation_level": 2,  # psycopg.IsolationLevel.READ_COMMITTED
        },
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
    }


DATABASES = {"default": database(env.str("DATABASE_URL", "postgres://postgres@127.0.0.1:5432/shanyrak"))}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# -- Celery: wake-ups only, PostgreSQL is the truth ----------------------------------------------

REDIS_URL = env.str("REDIS_URL", "redis://127.0.0.1:6379/0")


def broker(url: str) -> str:
    """Return what Celery calls this Redis: `unix://path?db=1` has other words there."""
    return url.replace("unix://", "redis+socket://", 1).replace("?db=", "?virtual_host=", 1)


CELERY_BROKER_URL = broker(REDIS_URL)
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_TIME_LIMIT = 600
CELERY_TASK_SOFT_TIME_LIMIT = 540
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# Placing at once has a queue of its own, and `make run` a process that does nothing else: it keeps the market in its
# memory, and no slow delivery or long round stands before a household. A worker without --queues serves both.
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
CELERY_BEAT_SCHEDULE_FILENAME = env.str("SHELTER_BEAT_FILE", "celerybeat-schedule")
# How many processes plan regions of a round at the same time, in the whole service.
REGIONS_AT_ONCE = env.int("SHELTER_REGIONS_AT_ONCE", 2)
# Requests; more are cut into regions of about so many, where there is a place to cut.
LARGEST_REGION = env.int("SHELTER_LARGEST_REGION", 20_000)
SWEEP_SECONDS = env.int("SHELTER_SWEEP_SECONDS", 30)
CELERY_BEAT_SCHEDULE = {
    task.split(".")[1]: {"task": task, "schedule": seconds, "options": {"expires": seconds}}
    for task, seconds in {
        "matching.match_open_requests": SWEEP_SECONDS,
        "matching.approve_by_policy": SWEEP_SECONDS,
        "matching.expire_overdue": SWEEP_SECONDS,
        "matching.work_on_sheets": SWEEP_SECONDS,
        "matching.carry_out_decisions": min(SWEEP_SECONDS, 10),
        "notifications.deliver": min(SWEEP_SECONDS, 10),
        "matching.ask_if_still_available": 3600,
        "matching.ask_for_rechecks": 3600,
        "matching.apply_retention": 3600,
    }.items()
}

# -- Who people are ------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
# A coordinator's session ends after so many minutes without a click, and after so many hours in any case.
IDLE_MINUTES = env.int("SHELTER_IDLE_MINUTES", 30)
SESSION_HOURS = env.int("SHELTER_SESSION_HOURS", 12)
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
# What the libraries leave untranslated has catalogs of its own (shelter.translations).
LOCALE_PATHS = [BASE_DIR / "locale", BASE_DIR / "locale" / "libraries"]
FORMAT_MODULE_PATH = ["shelter.formats"]
USE_I18N = True
USE_TZ = True
# The day a night belongs to is counted here.
TIME_ZONE = env.str("SHELTER_TIME_ZONE", "Asia/Almaty")

# -- Static files, and nothing from third parties -------------------------------------------------

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
# How many proxies of our own stand in front; the compose file's Caddy is one.
TRUSTED_PROXIES = env.int("SHELTER_TRUSTED_PROXIES", 0)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
# Off only for a trial over plain HTTP on one's own machine (`make run`).
SECURE_SSL_REDIRECT = env.bool("SHELTER_HTTPS", not DEBUG)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = SECURE_SSL_REDIRECT
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_HSTS_SECONDS = 31_536_000 if SECURE_SSL_REDIRECT else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = SECURE_SSL_REDIRECT

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
        "ReasonCodeEnum": "matching.api.worded_reasons.CODES",
    },
}

# -- Telling people ------------------------------------------------------------------------------

# The channels switched on; which serves what kind of address says `notifications.outbox`. `console` prints.
NOTIFICATION_CHANNELS = env.list("SHELTER_CHANNELS", ["console"])
GATEWAY_URL = env.str("SHELTER_GATEWAY_URL", "")
GATEWAY_TOKEN = env.str("SHELTER_GATEWAY_TOKEN", "")
GATEWAY_TIMEOUT_SECONDS = env.float("SHELTER_GATEWAY_TIMEOUT_SECONDS", 10.0)
EMAIL_HOST = env.str("EMAIL_HOST", "127.0.0.1")
EMAIL_PORT = env.int("EMAIL_PORT", 25)
EMAIL_HOST_USER = env.str("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = env.str("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = env.bool("EMAIL_USE_TLS", False)
EMAIL_USE_SSL = env.bool("EMAIL_USE_SSL", False)
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.str("SHELTER_FROM_EMAIL", "shanyrak@localhost")
LEASE_SECONDS = env.int("SHELTER_LEASE_SECONDS", 60)

# -- The rules of a deployment -------------------------------------------------------------------

# While this file exists, every page says that we are back soon; empty: never.
MAINTENANCE_FILE = env.str("SHELTER_MAINTENANCE_FILE", "")
# Where "Leave quickly" leads: a page about nothing. Nothing is asked from there by us.
EXIT_URL = env.str("SHELTER_EXIT_URL", "https://www.yr.no/")
# How people reach the coordinators, as it is shown on their pages (a phone number, say); empty: not shown.
HELP_CONTACT = env.str("SHELTER_HELP_CONTACT", "")
# What follows are defaults: lead coordinators change these in the admin (`deployment.rules`).
# Checks a host needs, and for how many days each stays valid.
REQUIRED_CHECKS = {"identity_seen": 365, "phone_verified": 365, "rules_agreed": 365}
# Days before a check runs out in which its host is to be checked anew.
RECHECK_DAYS = env.int("SHELTER_RECHECK_DAYS", 30)
# Hours to decide or answer: (nights until the stay begins at most, hours).
ANSWER_HOURS = [(0, 3), (1, 6), (7, 24), (10_000, 48)]
# Seconds in which a coordinator may undo a decision before the messages go; 0 sends them at once.
DECISION_HOLD_SECONDS = env.int("SHELTER_DECISION_HOLD_SECONDS", 60)
# Days after which answers that lie with a case and were never sent are erased, counted from the last one.
DRAFT_DAYS = env.int("SHELTER_DRAFT_DAYS", 30)
# Days after which a host is asked whether the space still stands, and days they have to answer.
FRESH_DAYS = env.int("SHELTER_FRESH_DAYS", 14)
FRESH_ANSWER_DAYS = 3
# Risks each of which needs two coordinators, and those that do where the host is new to everybody.
TWO_PEOPLE_RISKS = ["minor_alone", "check_overdue", "earlier_complaint"]
TWO_PEOPLE_RISKS_NEW_HOST = ["minor_in_household", "lone_woman"]

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["stderr"], "level": env.str("SHELTER_LOG_LEVEL", "INFO")},
    # At INFO it writes the address of every call, and a gateway's may hold a token.
    "loggers": {"httpx": {"level": "WARNING"}},
}
