from django.apps import AppConfig


class IdentityConfig(AppConfig):
    """People, roles and Postern's own front door."""

    name = "identity"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from core.letters import kinds
        from identity import checks  # noqa: F401  registers them
        from identity.invitations import still_open, with_link

        kinds.register("invitation", refresh=still_open, finish=with_link)
