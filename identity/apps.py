from django.apps import AppConfig


class IdentityConfig(AppConfig):
    """People, roles and Postern's own front door."""

    name = "identity"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from django.contrib.auth.signals import user_logged_in

        from core.letters import kinds
        from identity import (
            checks,  # noqa: F401  registers them
            invitations,
            links,
        )

        # `actions.note_signed_in` writes it, after it has looked at what came since the last time.
        user_logged_in.disconnect(dispatch_uid="update_last_login")
        kinds.register("invitation", refresh=invitations.still_open, finish=invitations.with_link)
        kinds.register("link", refresh=links.still_open, finish=links.with_link)
