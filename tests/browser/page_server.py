"""A small web server that shows every example page with the hub's own content security policy."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flask import Flask, Response, request
from werkzeug.serving import WSGIRequestHandler, make_server

import sso.web
from sso.web.pages import Pages
from tests.web.page_examples import example, language

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; form-action 'self';"
    " frame-ancestors 'none'; base-uri 'none'"
)


class _Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: object) -> None:
        """Say nothing: a test that fails says enough."""


def application() -> Flask:
    """Return the server's application: /?page=NAME&lang=TAG, /static/… and /answer, which tells the form."""
    static = Path(sso.web.__path__[0]) / "static"
    app = Flask("example pages", static_folder=str(static), static_url_path="/static")
    app.config["SEND_FILE_MAX_AGE_DEFAULT"] = 3600  # a browser keeps them, as it keeps the hub's
    pages = Pages(asset_version="1", hub_name={"en": "Service Centre", "zh-CN": "政务服务中心"})

    @app.get("/")
    def show() -> Response:
        html = example(request.args["page"]).render(pages, language(request.args.get("lang", "en")))
        return Response(html, headers={"Content-Security-Policy": POLICY})

    @app.post("/answer")
    def answer() -> dict[str, str]:
        return request.form.to_dict()

    return app


@contextmanager
def running() -> Iterator[str]:
    """Run the server on a free loopback port; the value is its address."""
    server = make_server("127.0.0.1", 0, application(), threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
