"""Django's settings, all read through the one typed table in `config.env`."""

from __future__ import annotations

import os
from pathlib import Path

from config.env import load

ENV = load(os.environ)
BASE_DIR = Path(__file__).resolve().parent.parent

DEBUG = False
SECRET_KEY = ENV.secret_key
POSTERN_URL = ENV.url.rstrip("/") + "/"
POSTERN_SEALING_KEYS = ENV.sealing_keys
POSTERN_PEPPER = ENV.pepper
POSTERN_TRUSTED_PROXIES = ENV.trusted_proxies
POSTERN_MAIL_IS_CAUGHT = ENV.mail.is_caught
ALLOWED_HOSTS = list(ENV.allowed_hosts)
IS_HTTPS = ENV.is_https

INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django_otp",
    "django_htmx",
    "pgtrigger",
    "core",
    "core.trail",
    "core.letters",
    "identity",
    "accounts",
    "devices",
    "recovery",
    "notices",
    "dashboard",
    "exchange",
    "config",
]

MIDDLEWARE = [
    "config.middleware.Headers",
    "identity.middleware.ClientAddress",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.common.CommonMiddleware",  # asks for the host, so a strange one gets no further, static or not
    "config.middleware.Methods",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "identity.middleware.SessionClock",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "loaders": [("django.template.loaders.cached.Loader", ["django.template.loaders.filesystem.Loader"])],
            "builtins": ["django.templatetags.static", "core.templatetags.looks"],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.messages.context_processors.messages",
                "dashboard.context.frame",
            ],
        },
    }
]


DATABASES = {
    "default": {
        **ENV.database.as_django(),
        # Lets core.prepared keep statements in the server; Django's own cursors bind here and keep none.
        "OPTIONS": {"connect_timeout": 5, "prepare_threshold": 5, **ENV.database.options},
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": ENV.redis.cache_url,
        "OPTIONS": {"socket_timeout": 2, "socket_connect_timeout": 2},
        "KEY_PREFIX": "postern",
    }
}

AUTH_USER_MODEL = "identity.Member"
AUTHENTICATION_BACKENDS = ["identity.backends.MemberBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [{"NAME": "identity.passwords.GoodPassword"}]
LOGIN_URL = "identity:sign_in"

SESSION_ENGINE = "identity.sessions"
SESSION_COOKIE_NAME = "__Host-postern" if IS_HTTPS else "postern"
SESSION_COOKIE_AGE = 12 * 60 * 60
SESSION_IDLE_SECONDS = 30 * 60
SESSION_COOKIE_SECURE = IS_HTTPS
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_USE_SESSIONS = True
CSRF_COOKIE_SECURE = IS_HTTPS
CSRF_FAILURE_VIEW = "config.errors.csrf_failure"
CSRF_TRUSTED_ORIGINS = [ENV.url.rstrip("/")]
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

SECURE_SSL_REDIRECT = False
SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60 if IS_HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = IS_HTTPS
SECURE_HSTS_PRELOAD = IS_HTTPS
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if ENV.trusted_proxies else None
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_500_000
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000
# The largest request body that is read at all: ten CSV tables or one workbook. Uploads stay in memory, never on disk.
POSTERN_MOST_UPLOAD = 12_000_000
FILE_UPLOAD_MAX_MEMORY_SIZE = POSTERN_MOST_UPLOAD
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.MemoryFileUploadHandler"]

LANGUAGE_CODE = "en-gb"
USE_I18N = False
USE_TZ = True
TIME_ZONE = "UTC"

STATIC_URL = "/static/"
STATIC_ROOT = ENV.static
STATICFILES_DIRS = [BASE_DIR / "static"]
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
]
STORAGES = {
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
WHITENOISE_MANIFEST_STRICT = False

EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
for _name, _value in ENV.mail.as_django().items():
    globals()[_name] = _value
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = ENV.mail_from
EMAIL_USE_LOCALTIME = False

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "json": {"()": "config.logs.JsonFormatter"},
        "text": {"()": "config.logs.TextFormatter"},
    },
    "handlers": {"out": {"class": "logging.StreamHandler", "formatter": ENV.log_format}},
    "root": {"handlers": ["out"], "level": ENV.log_level},
    "loggers": {
        "django.request": {"level": "ERROR"},
        "django.security.DisallowedHost": {"level": "ERROR"},
    },
}

# What `check --deploy` says and why it does not apply.
SILENCED_SYSTEM_CHECKS = [
    "auth.W004",  # addresses are unique whatever their capitals, by a constraint on lower(email)
    "security.W002",  # config.middleware.Headers sends X-Frame-Options, on error pages too
    "security.W008",  # TLS is ended, and plain HTTP sent on, by the proxy in front (docs/running.md)
]
