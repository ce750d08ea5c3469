from django.apps import AppConfig


class DevicesConfig(AppConfig):
    """Things that ways in rest on, what was validated on them, and authenticators."""

    name = "devices"
    default_auto_field = "django.db.models.BigAutoField"
