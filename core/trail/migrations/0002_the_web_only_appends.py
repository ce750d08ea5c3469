"""The role under which web and worker run may add to the trail and read it, nothing else."""

from django.db import migrations

REVOKE = """
DO $$ BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'postern_app') THEN
        REVOKE UPDATE, DELETE, TRUNCATE ON trail_event FROM postern_app;
    END IF;
END $$;
"""
GIVE_BACK = """
DO $$ BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'postern_app') THEN
        GRANT UPDATE, DELETE ON trail_event TO postern_app;
    END IF;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("trail", "0001_initial")]
    operations = [migrations.RunSQL(REVOKE, GIVE_BACK)]
