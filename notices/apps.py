from django.apps import AppConfig


class NoticesConfig(AppConfig):
    """Broker notices, and the rules by which reminders become letters."""

    name = "notices"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from core.letters import kinds
        from notices.queries import letters

        kinds.register("reminder", refresh=letters.refreshed_reminder)
        kinds.register("notice", refresh=letters.refreshed_notice)
        kinds.register_stop(letters.made_up)
