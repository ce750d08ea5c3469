"""History begins with what is there, and is never changed but to take a person's name away."""

from django.db import migrations

from core.trail.guards import begin_history, guard_history


class Migration(migrations.Migration):
    dependencies = [("devices", "0002_trail"), ("trail", "0004_guards")]
    operations = [
        begin_history(
            "devices",
            AssetHistory="Asset",
            ValidationHistory="Validation",
            AuthenticatorHistory="Authenticator",
            AuthenticatorCarrierHistory="Authenticator_carriers",
        ),
        guard_history(
            devices_assethistory=("key", "name", "model", "note"),
            devices_validationhistory=("note",),
            devices_authenticatorhistory=("key", "label", "note"),
            devices_authenticatorcarrierhistory=(),
        ),
    ]
