"""What a Django application does every day, in one file."""

import hashlib
import io
import json as formats

from django.conf import settings

settings.configure(
    ALLOWED_HOSTS=["*"],
    MIDDLEWARE=[
        "django.middleware.security.SecurityMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.http.ConditionalGetMiddleware",
    ],
    ROOT_URLCONF=__name__,
    SECRET_KEY="the same in every process",
    SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies",
)

from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.http import FileResponse, HttpResponse, JsonResponse, StreamingHttpResponse  # noqa: E402
from django.shortcuts import redirect  # noqa: E402
from django.urls import path  # noqa: E402


def digest(file):
    return hashlib.sha256(file.read()).hexdigest()


def index(request):
    return HttpResponse("<p>Django</p>\n")


def hello(request, name):
    return HttpResponse(f"Hello, {name}!", headers={"X-Url": request.build_absolute_uri()})


def query(request):
    return JsonResponse({"query": dict(request.GET.lists()), "path": request.get_full_path()})


def form(request):
    return JsonResponse({"form": dict(request.POST.lists())})


def upload(request):
    files = {name: [file.name, digest(file)] for name, file in request.FILES.items()}
    return JsonResponse({"files": files, "form": dict(request.POST.lists())})


def json(request):
    return JsonResponse(formats.loads(request.body), status=201)


def cookies(request):
    response = JsonResponse(request.COOKIES)
    response.set_cookie("first", "1")
    response.set_cookie("second", "2", httponly=True)
    return response


def visits(request):
    request.session["visits"] = request.session.get("visits", 0) + 1
    return HttpResponse(str(request.session["visits"]))


def stream(request):
    return StreamingHttpResponse((f"line {number}\n" for number in range(1000)), content_type="text/plain")


def file(request):
    return FileResponse(io.BytesIO(b"0123456789" * 10000), filename="digits.bin", as_attachment=True)


def error(request):
    raise RuntimeError("on purpose")


urlpatterns = [
    path("", index),
    path("hello/<name>", hello),
    path("query", query),
    path("form", form),
    path("upload", upload),
    path("json", json),
    path("cookies", cookies),
    path("visits", visits),
    path("moved", lambda request: redirect("/")),
    path("stream", stream),
    path("file", file),
    path("empty", lambda request: HttpResponse(status=204)),
    path("error", error),
]
application = get_wsgi_application()
