from django.apps import AppConfig


class IdentityConfig(AppConfig):
    """People, roles and Postern's own front door."""

    name = "identity"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from django.contrib.auth.signals import user_logged_in

        from core.letters import kinds
        from identity.invitations import still_open, with_link

        # `actions.note_signed_in` writes it, after it has looked at what came since the last time.
        user_logged_in.disconnect(dispatch_uid="update_last_login")
        kinds.register("invitation", refresh=still_open, finish=with_link)
