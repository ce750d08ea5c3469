from django.apps import AppConfig


class IdentityConfig(AppConfig):
    """People, roles and Postern's own front door."""

    name = "identity"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from core.letters import kinds
        from identity.invitations import with_link

        kinds.register("invitation", finish=with_link)
