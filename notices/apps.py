from django.apps import AppConfig


class NoticesConfig(AppConfig):
    """Broker notices, and the rules by which reminders become letters."""

    name = "notices"
    default_auto_field = "django.db.models.BigAutoField"
