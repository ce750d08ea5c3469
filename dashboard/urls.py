"""Routes of composed pages."""

from __future__ import annotations

from django.urls import path

from dashboard.views import accounts, adviser, findings, history, people, proofs, search, today, trail

app_name = "dashboard"
urlpatterns = [
    path("", today.today, name="today"),
    path("search/", search.search, name="search"),
    path("accounts/", accounts.list_accounts, name="list_accounts"),
    path("accounts/export/", accounts.export_accounts, name="export_accounts"),
    path("accounts/<int:pk>/", accounts.show_account, name="show_account"),
    path("findings/", findings.list_findings, name="list_findings"),
    path("findings/export/", findings.export_findings, name="export_findings"),
    path("people/", people.list_members, name="list_members"),
    path("people/export/", people.export_members, name="export_members"),
    path("people/<int:pk>/", people.show_member, name="show_member"),
    path("people/<int:pk>/doors/", adviser.show_adviser, name="show_adviser"),
    path("people/<int:pk>/proofs/", proofs.confirm_things, name="confirm_things"),
    path("people/<int:pk>/end/", people.end_member, name="end_member"),
    path("trail/", trail.show_trail, name="show_trail"),
    path("trail/check/", trail.check_trail, name="check_trail"),
    path("accounts/<int:pk>/history/", history.show_account, name="history_account"),
    path("logins/<int:pk>/history/", history.show_login, name="history_login"),
    path("doors/<int:pk>/history/", history.show_door, name="history_door"),
    path("grants/<int:pk>/history/", history.show_grant, name="history_grant"),
    path("devices/<int:pk>/history/", history.show_asset, name="history_asset"),
    path("validations/<int:pk>/history/", history.show_validation, name="history_validation"),
    path("authenticators/<int:pk>/history/", history.show_authenticator, name="history_authenticator"),
    path("backups/<int:pk>/history/", history.show_backup, name="history_backup"),
]
