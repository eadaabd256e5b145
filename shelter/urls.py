"""Every address of the service."""

from django.contrib import admin
from django.shortcuts import redirect
from django.templatetags.static import static
from django.urls import include, path

from matching.web.styleguide import styleguide
from shelter import health, source

urlpatterns = [
    path("admin/", admin.site.urls),
    path("api/v1/", include("matching.api.urls")),
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("source.tar.gz", source.archive),
    # Browsers that read no icon from a page ask here. A whole page that says "not here" would cost them a cookie.
    path("favicon.ico", lambda request: redirect(static("icon.svg"), permanent=True)),
    path("styleguide/", styleguide),
    path("", include("matching.web.urls")),
]

handler500 = "shelter.faults.server_error"
