"""Nothing in the trail is ever changed, deleted or emptied: triggers for everybody, rights for the role of the web."""

from django.db import migrations

from core.trail.guards import guard_the_trail


class Migration(migrations.Migration):
    dependencies = [("trail", "0003_trail")]
    operations = [guard_the_trail()]
