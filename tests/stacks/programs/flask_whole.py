"""Flask's own parts: a form, a session in a signed cookie, and a Jinja template."""

from flask import Flask, redirect, render_template_string, request, session

app = Flask(__name__)
app.secret_key = "only for this test: 6f1d"
PAGE = "<p>{{ name }} is from {{ city }}</p>{% for one in seen %}<i>{{ one }}</i>{% endfor %}"


@app.post("/login")
def login():
    session["name"] = request.form["name"]
    session["secret"] = request.form["password"]
    return redirect("/page?city=Troms%C3%B8", code=303)


@app.get("/page")
def page():
    seen = [part.upper() for part in request.args.getlist("city")]
    return render_template_string(PAGE, name=session["name"], city=request.args["city"], seen=seen)


if __name__ == "__main__":
    app.run(host="127.0.0.1", port=0)
