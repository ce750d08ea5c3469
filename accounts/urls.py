"""Routes of accounts. The list of accounts and the page of one are the dashboard’s, which knows more than accounts."""

from __future__ import annotations

from django.urls import path

from accounts import views

app_name = "accounts"
urlpatterns = [
    path("accounts/new/", views.add_account, name="add_account"),
    path("accounts/<int:pk>/edit/", views.edit_account, name="edit_account"),
    path("accounts/<int:pk>/close/", views.close_account, name="close_account"),
    path("logins/new/", views.add_login, name="add_login"),
    path("logins/<int:pk>/", views.show_login, name="show_login"),
    path("logins/<int:pk>/edit/", views.edit_login, name="edit_login"),
    path("logins/<int:pk>/end/", views.end_login, name="end_login"),
    path("logins/<int:pk>/doors/", views.edit_doors, name="edit_doors"),
    path("grants/new/", views.give_grant, name="give_grant"),
    path("grants/<int:pk>/edit/", views.edit_grant, name="edit_grant"),
    path("grants/<int:pk>/end/", views.end_grant, name="end_grant"),
    path("brokers/", views.list_brokers, name="list_brokers"),
    path("brokers/<slug:slug>/", views.show_broker, name="show_broker"),
]
