"""`manage.py up`: servers, migrations, web, worker, beat and mail catcher under one supervisor."""
