"""Hot endpoints, served past Flask: the same functions without its routing, contexts and signals.

Flask takes a third of what a token costs this process. So a hot endpoint is a function from a request to a
response (a `View`). Flask routes it like any other; in front of Flask stands `Direct`, which knows the exact
path and method. Whatever else asks goes on to Flask, and so does every exception of a view: there is one
place where a refusal becomes a response, and one of what each response carries (the `Finish` functions).
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import wraps
from typing import TYPE_CHECKING

from flask import Blueprint, Flask, Response, request
from werkzeug import Request

from sso.audit.record import JsonValue
from sso.web.access_log import ROUTE_KEY, begin

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

View = Callable[[Request], Response]
Views = Mapping[str, View]
"""By path."""
Finish = Callable[[Request, Response], None]


def route(bp: Blueprint, views: Views, methods: Sequence[str]) -> None:
    """Let Flask route views."""
    for path, view in views.items():
        bp.add_url_rule(path, view.__name__, _routed(view), methods=methods)


def _routed(view: View) -> Callable[[], Response]:
    @wraps(view)
    def routed() -> Response:
        return view(request)

    return routed


def json_response(body: Mapping[str, JsonValue]) -> Response:
    """Return a JSON answer."""
    return Response(json.dumps(body, separators=(",", ":")), mimetype="application/json")


def finish_in_flask(app: Flask, finishing: Sequence[Finish]) -> None:
    """Let Flask finish each response; it begins with the function that it was told last."""

    def after(finish: Finish) -> Callable[[Response], Response]:
        def done(response: Response) -> Response:
            finish(request, response)
            return response

        return done

    for finish in reversed(finishing):
        app.after_request(after(finish))


class Direct:
    """A WSGI application: views by path and method, behind them the Flask application that knows them too."""

    def __init__(
        self, app: Flask, views: Mapping[tuple[str, str], View], finishing: Sequence[Finish]
    ) -> None:
        self._app = app
        self._flask = app.wsgi_app
        self._views = views
        self._finishing = finishing
        self._max_content_length = app.config["MAX_CONTENT_LENGTH"]

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer a request."""
        view = self._views.get((environ["PATH_INFO"], environ["REQUEST_METHOD"]))
        if view is None or environ.get("SCRIPT_NAME"):
            return self._flask(environ, start_response)
        begin(environ)
        environ[ROUTE_KEY] = environ["PATH_INFO"]
        asked = Request(environ)
        asked.max_content_length = self._max_content_length
        try:
            response = view(asked)
        except Exception as error:  # noqa: BLE001 - Flask's handlers know what each becomes
            return self._refused(error, environ)(environ, start_response)
        for finish in self._finishing:
            finish(asked, response)
        body = response.get_data()
        headers = [*response.headers, ("Content-Length", str(len(body)))]
        start_response(response.status, headers)
        return [body]

    def _refused(self, error: Exception, environ: "WSGIEnvironment") -> Response:
        with self._app.request_context(environ):
            return self._app.process_response(self._app.make_response(self._app.handle_user_exception(error)))
