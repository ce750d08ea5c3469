from django.apps import AppConfig


class ExchangeConfig(AppConfig):
    """How data comes in and goes out."""

    name = "exchange"
    default_auto_field = "django.db.models.BigAutoField"
