from django.apps import AppConfig


class LettersConfig(AppConfig):
    """Outgoing mail: an outbox in the database and its delivery."""

    name = "core.letters"
    label = "letters"
    default_auto_field = "django.db.models.BigAutoField"
