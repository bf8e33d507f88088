"""Django's development server with everything in one file: a form with a CSRF token, a session, a template, JSON."""

import sys
from pathlib import Path

import django
from django.conf import settings
from django.core.management import execute_from_command_line
from django.http import HttpResponse, JsonResponse
from django.template import engines
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

settings.configure(
    DEBUG=False,
    SECRET_KEY="only for this test: 6f1d",
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF=__name__,
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
    ],
    INSTALLED_APPS=["django.contrib.sessions"],
    SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies",
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "DIRS": [Path(__file__).parent]}],
)
FORM = "<form method=post>{% csrf_token %}<input name=city></form>"


def form(request):
    if request.method == "POST":
        request.session["city"] = request.POST["city"]
        return HttpResponse("from " + request.POST["city"])
    return HttpResponse(engines["django"].from_string(FORM).render({}, request))


def header(request):
    return HttpResponse(request.headers["X-Question"])


@csrf_exempt
def as_json(request):
    import json

    return JsonResponse({"from": json.loads(request.body)["city"]})


urlpatterns = [path("form", form), path("header", header), path("json", as_json)]

if __name__ == "__main__":
    django.setup()
    execute_from_command_line([sys.argv[0], "runserver", "--noreload", "127.0.0.1:" + sys.argv[1]])
