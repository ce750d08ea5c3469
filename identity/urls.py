"""Routes of Postern's own door."""

from __future__ import annotations

from django.urls import path

from identity.views import enrol, gate, lost, people, stepup

app_name = "identity"
urlpatterns = [
    path("signin/", gate.sign_in, name="sign_in"),
    path("signin/code/", gate.enter_code, name="enter_code"),
    path("signin/backup/", gate.enter_backup_code, name="enter_backup_code"),
    path("signout/", gate.sign_out, name="sign_out"),
    path("setup/", enrol.begin_setup, name="begin_setup"),
    path("setup/office/", enrol.setup_office, name="setup_office"),
    path("join/<str:token>/", enrol.join, name="join"),
    path("enrol/authenticator/", enrol.enrol_authenticator, name="enrol_authenticator"),
    path("enrol/codes/", enrol.enrol_codes, name="enrol_codes"),
    path("enrol/finish/", enrol.finish_enrolment, name="finish_enrolment"),
    path("lost/", lost.lost, name="lost"),
    path("lost/<int:pk>/done/", people.call_done, name="call_done"),
    path("stepup/", stepup.step_up, name="step_up"),
    path("me/", people.me, name="me"),
    path("me/codes/", people.new_codes, name="new_codes"),
    path("people/new/", people.add_member, name="add_member"),
    path("people/<int:pk>/edit/", people.edit_member, name="edit_member"),
    path("people/<int:pk>/invite/", people.invite_member, name="invite_member"),
    path("people/<int:pk>/end/", people.end_member, name="end_member"),
    path("office/", people.edit_office, name="edit_office"),
]
