"""What a Bottle application does every day."""

import hashlib
import os

from bottle import Bottle, HTTPResponse, redirect, request, response, static_file

application = Bottle()


def digest(file):
    return hashlib.sha256(file.read()).hexdigest()


@application.get("/")
def index():
    return "<p>Bottle</p>\n"


@application.get("/hello/<name>")
def hello(name):
    response.set_header("X-Name", name)
    return f"Hello, {name}!"


@application.get("/query")
def query():
    return {"query": [list(pair) for pair in request.query.allitems()], "url": request.url}


@application.post("/form")
def form():
    return {"form": [list(pair) for pair in request.forms.allitems()]}


@application.post("/upload")
def upload():
    return {name: [file.filename, digest(file.file)] for name, file in request.files.items()}


@application.put("/json")
def json():
    return HTTPResponse(request.json, 201)


@application.get("/cookies")
def cookies():
    response.set_cookie("first", "1")
    response.set_cookie("second", "2", httponly=True)
    return dict(request.cookies)


@application.get("/moved")
def moved():
    redirect("/")


@application.get("/stream")
def stream():
    response.content_type = "text/plain"
    return (f"line {number}\n" for number in range(1000))


@application.get("/file")
def file():
    return static_file(os.path.basename(__file__), os.path.dirname(os.path.abspath(__file__)), "text/plain")


@application.get("/empty")
def empty():
    response.status = 204


@application.get("/error")
def error():
    raise RuntimeError("on purpose")
