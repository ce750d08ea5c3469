"""Routes of things, validations and authenticators."""

from __future__ import annotations

from django.urls import path

from devices.views import assets, authenticators, clocks, handing, listing, validations

app_name = "devices"
urlpatterns = [
    path("devices/", listing.list_assets, name="list_assets"),
    path("devices/export/", listing.export_assets, name="export_assets"),
    path("devices/new/", assets.add_asset, name="add_asset"),
    path("devices/<int:pk>/", assets.show_asset, name="show_asset"),
    path("devices/<int:pk>/edit/", assets.edit_asset, name="edit_asset"),
    path("devices/<int:pk>/lost/", assets.lose_asset, name="lose_asset"),
    path("devices/<int:pk>/found/", assets.find_asset, name="find_asset"),
    path("devices/<int:pk>/retire/", assets.retire_asset, name="retire_asset"),
    path("devices/<int:pk>/hand-over/", handing.hand_over, name="hand_over"),
    path("clock/", clocks.check_clock, name="check_clock"),
    path("clock/now/", clocks.tell_time, name="tell_time"),
    path("hand-overs/<int:pk>/", handing.show_hand_over, name="show_hand_over"),
    path("hand-overs/<int:pk>/accept/", handing.accept_hand_over, name="accept_hand_over"),
    path("hand-overs/<int:pk>/decline/", handing.decline_hand_over, name="decline_hand_over"),
    path("hand-overs/<int:pk>/withdraw/", handing.withdraw_hand_over, name="withdraw_hand_over"),
    path("hand-overs/<int:pk>/noted/", handing.note_hand_over, name="note_hand_over"),
    path("validations/new/", validations.add_validation, name="add_validation"),
    path("validations/<int:pk>/confirm/", validations.confirm_validation, name="confirm_validation"),
    path("validations/<int:pk>/end/", validations.end_validation, name="end_validation"),
    path("authenticators/", authenticators.list_authenticators, name="list_authenticators"),
    path("authenticators/new/", authenticators.add_authenticator, name="add_authenticator"),
    path("authenticators/<int:pk>/", authenticators.show_authenticator, name="show_authenticator"),
    path("authenticators/<int:pk>/edit/", authenticators.edit_authenticator, name="edit_authenticator"),
    path("authenticators/<int:pk>/confirm/", authenticators.confirm_authenticator, name="confirm_authenticator"),
    path("authenticators/<int:pk>/end/", authenticators.end_authenticator, name="end_authenticator"),
]
