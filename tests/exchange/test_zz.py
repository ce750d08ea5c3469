import sys, pytest
from django.core.management import call_command
@pytest.mark.django_db
def test_b(): call_command("bench_import", stdout=sys.stdout)
