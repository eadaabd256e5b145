"""Every address of the service."""

from django.contrib import admin
from django.urls import include, path

from shelter import health

urlpatterns = [
    path("admin/", admin.site.urls),
    path("api/v1/", include("matching.api.urls")),
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("", include("matching.web.urls")),
]
