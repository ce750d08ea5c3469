"""Routes of accounts. The list of accounts and the page of one are the dashboard’s, which knows more than accounts."""

from __future__ import annotations

from django.urls import path

from accounts.views import accounts, brokers, grants, logins

app_name = "accounts"
urlpatterns = [
    path("accounts/new/", accounts.add_account, name="add_account"),
    path("accounts/<int:pk>/edit/", accounts.edit_account, name="edit_account"),
    path("accounts/<int:pk>/close/", accounts.close_account, name="close_account"),
    path("logins/new/", logins.add_login, name="add_login"),
    path("logins/<int:pk>/", logins.show_login, name="show_login"),
    path("logins/<int:pk>/edit/", logins.edit_login, name="edit_login"),
    path("logins/<int:pk>/end/", logins.end_login, name="end_login"),
    path("logins/<int:pk>/doors/", logins.edit_doors, name="edit_doors"),
    path("grants/new/", grants.give_grant, name="give_grant"),
    path("grants/<int:pk>/edit/", grants.edit_grant, name="edit_grant"),
    path("grants/<int:pk>/end/", grants.end_grant, name="end_grant"),
    path("brokers/", brokers.list_brokers, name="list_brokers"),
    path("brokers/<slug:slug>/", brokers.show_broker, name="show_broker"),
]
