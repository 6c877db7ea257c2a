"""What a Flask application does every day."""

import hashlib
import io

from flask import Flask, Response, jsonify, make_response, redirect, request, send_file, session, url_for

application = Flask(__name__)
application.secret_key = "the same in every process"


def digest(file):
    return hashlib.sha256(file.read()).hexdigest()


@application.get("/")
def index():
    return "<p>Flask</p>\n"


@application.get("/hello/<name>")
def hello(name):
    return f"Hello, {name}!", {"X-Url": url_for("hello", name=name, _external=True)}


@application.get("/query")
def query():
    return jsonify(args=request.args.to_dict(flat=False), path=request.full_path)


@application.post("/form")
def form():
    return jsonify(form=request.form.to_dict(flat=False))


@application.post("/upload")
def upload():
    files = {name: [file.filename, digest(file)] for name, file in request.files.items()}
    return jsonify(files=files, form=request.form)


@application.put("/json")
def json():
    return jsonify(request.get_json()), 201


@application.get("/cookies")
def cookies():
    response = make_response(jsonify(request.cookies))
    response.set_cookie("first", "1")
    response.set_cookie("second", "2", httponly=True)
    return response


@application.get("/visits")
def visits():
    session["visits"] = session.get("visits", 0) + 1
    return str(session["visits"])


@application.get("/moved")
def moved():
    return redirect(url_for("index"))


@application.get("/stream")
def stream():
    return Response((f"line {number}\n" for number in range(1000)), mimetype="text/plain")


@application.get("/file")
def file():
    digits = io.BytesIO(b"0123456789" * 10000)
    return send_file(digits, "application/octet-stream", etag="same", conditional=True)


@application.get("/empty")
def empty():
    return "", 204


@application.get("/error")
def error():
    raise RuntimeError("on purpose")
