"""Routes of backups."""

from __future__ import annotations

from django.urls import path

from recovery import views

app_name = "recovery"
urlpatterns = [
    path("backups/", views.list_alone, name="list_alone"),
    path("backups/export/", views.export_alone, name="export_alone"),
    path("backups/new/", views.add_backup, name="add_backup"),
    path("backups/<int:pk>/", views.show_backup, name="show_backup"),
    path("backups/<int:pk>/edit/", views.edit_backup, name="edit_backup"),
    path("backups/<int:pk>/test/", views.test_backup, name="test_backup"),
    path("backups/<int:pk>/end/", views.end_backup, name="end_backup"),
]
