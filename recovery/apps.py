from django.apps import AppConfig


class RecoveryConfig(AppConfig):
    """Backups and what makes them independent; which doors stand open."""

    name = "recovery"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from devices import foresight
        from recovery import queries

        foresight.register(queries)
