"""Flask-SocketIO in threading mode: an event with a name comes in, another goes out."""

from flask import Flask
from flask_socketio import SocketIO, emit

app = Flask(__name__)
socketio = SocketIO(app, async_mode="threading", cors_allowed_origins="*")


@socketio.on("say")
def say(message):
    emit("said", message["city"])


if __name__ == "__main__":
    socketio.run(app, host="127.0.0.1", port=0, allow_unsafe_werkzeug=True)
