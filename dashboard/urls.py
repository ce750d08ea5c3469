"""Routes of composed pages."""

from __future__ import annotations

from django.urls import path

from dashboard.views import accounts, people, search, today, trail

app_name = "dashboard"
urlpatterns = [
    path("", today.today, name="today"),
    path("search/", search.search, name="search"),
    path("accounts/", accounts.list_accounts, name="list_accounts"),
    path("accounts/<int:pk>/", accounts.show_account, name="show_account"),
    path("people/", people.list_members, name="list_members"),
    path("people/<int:pk>/", people.show_member, name="show_member"),
    path("people/<int:pk>/end/", people.end_member, name="end_member"),
    path("trail/", trail.show_trail, name="show_trail"),
]
