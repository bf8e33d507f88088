"""FastAPI on uvicorn: a model of pydantic's, a parameter, a dependency on a thread, a WebSocket."""

import uvicorn
from fastapi import Depends, FastAPI, Header, WebSocket
from pydantic import BaseModel

app = FastAPI()


class Place(BaseModel):
    city: str


def question(x_question: str = Header()):
    """No coroutine: FastAPI has it run on a thread."""
    return x_question


@app.post("/places")
async def places(place: Place):
    return {"from": place.city}


@app.get("/asked/{name}")
async def asked(name: str, what: str = Depends(question)):
    return {"asked": what, "by": name}


@app.websocket("/echo")
async def echo(websocket: WebSocket):
    await websocket.accept()
    async for message in websocket.iter_text():
        await websocket.send_text(message.upper())


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=0, http="h11", ws="websockets", loop="asyncio")
