"""Serves the files of a folder from memory: each request to the name of a file returns its bytes.

python server.py FOLDER
"""

import socket
import sys
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

ANSWERS = {file.name: file.read_bytes() for file in Path(sys.argv[1]).iterdir()}


async def answer(request: Request) -> Response:
    await request.body()
    return Response(ANSWERS[request.path_params["name"]], media_type="application/json")


listener = socket.create_server(("127.0.0.1", 0))
print(f"Listening on http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
app = Starlette(routes=[Route("/{name}", answer, methods=["POST"])])
uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False)).run([listener])
