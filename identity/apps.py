from django.apps import AppConfig


class IdentityConfig(AppConfig):
    """People, roles and Postern's own front door."""

    name = "identity"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from core.letters import kinds
        from identity import invitations, links

        kinds.register("invitation", refresh=invitations.still_open, finish=invitations.with_link)
        kinds.register("link", refresh=links.still_open, finish=links.with_link)
