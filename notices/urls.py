"""Routes of notices and letters."""

from __future__ import annotations

from django.urls import path

from notices.views import letters, notices

app_name = "notices"
urlpatterns = [
    path("notices/", notices.list_notices, name="list_notices"),
    path("notices/new/", notices.add_notice, name="add_notice"),
    path("notices/<int:pk>/", notices.show_notice, name="show_notice"),
    path("notices/<int:pk>/edit/", notices.edit_notice, name="edit_notice"),
    path("notices/<int:pk>/close/", notices.close_notice, name="close_notice"),
    path("answers/<int:pk>/seen/", notices.mark_seen, name="mark_seen"),
    path("answers/<int:pk>/confirm/", notices.confirm_answer, name="confirm_answer"),
    path("answers/<int:pk>/decline/", notices.decline_answer, name="decline_answer"),
    path("letters/", letters.list_letters, name="list_letters"),
    path("letters/<int:pk>/", letters.show_letter, name="show_letter"),
    path("letters/<int:pk>/preview/", letters.preview_letter, name="preview_letter"),
    path("letters/<int:pk>/again/", letters.send_letter_again, name="send_letter_again"),
]
