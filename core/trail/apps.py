from django.apps import AppConfig


class TrailConfig(AppConfig):
    """The append-only record of who did what, about what, when."""

    name = "core.trail"
    label = "trail"
    default_auto_field = "django.db.models.BigAutoField"
