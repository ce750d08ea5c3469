"""All routes. Each app names its own; what is open before sign-in is listed in tests/architecture."""

from __future__ import annotations

from django.urls import include, path

from config import health, reports

handler400 = "config.errors.bad_request"
handler403 = "config.errors.forbidden"
handler404 = "config.errors.not_found"
handler500 = "config.errors.server_error"

urlpatterns = [
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("csp-report/", reports.csp_report),
    path("", include("identity.urls")),
    path("", include("dashboard.urls")),
    path("", include("accounts.urls")),
    path("", include("devices.urls")),
    path("", include("recovery.urls")),
    path("", include("notices.urls")),
    path("", include("exchange.urls")),
]
