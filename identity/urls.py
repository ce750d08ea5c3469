"""Routes of Postern's own door."""

from __future__ import annotations

from django.urls import path

from identity.views import addresses, away, enrol, gate, invitations, lost, passwords, people, recovery, resets, stepup

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
    path("forgotten/", passwords.forgotten, name="forgotten"),
    path("password/<str:token>/", passwords.new_password, name="new_password"),
    path("reset/link/<str:token>/", recovery.use_link, name="use_reset"),
    path("reset/stop/<str:token>/", recovery.stop_by_letter, name="stop_by_letter"),
    path("reset/authenticator/", recovery.enrol_again, name="reset_authenticator"),
    path("reset/codes/", recovery.reset_codes, name="reset_codes"),
    path("reset/finish/", recovery.finish_reset, name="finish_reset"),
    path("lost/", lost.lost, name="lost"),
    path("lost/<int:pk>/done/", people.call_done, name="call_done"),
    path("stepup/", stepup.step_up, name="step_up"),
    path("me/", people.me, name="me"),
    path("me/codes/", people.new_codes, name="new_codes"),
    path("me/away/", away.my_away, name="my_away"),
    path("me/password/", passwords.change_password, name="change_password"),
    path("me/address/", addresses.change_address, name="change_address"),
    path("me/address/revoke/", addresses.revoke_address, name="revoke_address"),
    path("me/address/<str:token>/", addresses.confirm_address, name="confirm_address"),
    path("people/new/", people.add_member, name="add_member"),
    path("people/<int:pk>/edit/", people.edit_member, name="edit_member"),
    path("people/<int:pk>/invite/", people.invite_member, name="invite_member"),
    path("people/<int:pk>/away/", away.member_away, name="member_away"),
    path("people/<int:pk>/reset/", resets.open_reset, name="open_reset"),
    path("people/invitations/", invitations.list_invitations, name="list_invitations"),
    path("invitations/<int:pk>/revoke/", invitations.revoke_invitation, name="revoke_invitation"),
    path("away/<int:pk>/end/", away.end_away, name="end_away"),
    path("resets/<int:pk>/confirm/", resets.confirm_reset, name="confirm_reset"),
    path("resets/<int:pk>/stop/", resets.stop_reset, name="stop_reset"),
    path("office/", people.edit_office, name="edit_office"),
]
