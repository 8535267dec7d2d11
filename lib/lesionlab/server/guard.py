"""Put the border around MONAI Label's application, however the server was started."""

from __future__ import annotations

from collections.abc import Callable

from monailabel.config import settings as stock_settings
from monailabel.interfaces.utils.app import app_instance
from starlette.routing import Router
from starlette.types import ASGIApp

from lesionlab.errors import InternalError
from lesionlab.server.access import Access
from lesionlab.server.app import LesionLabApp
from lesionlab.server.border import Border, Rules
from lesionlab.server.cases_routes import CasesRoutes
from lesionlab.server.data_routes import DataRoutes
from lesionlab.server.infer_routes import InferRoutes
from lesionlab.server.job_routes import JobRoutes
from lesionlab.server.ledger_routes import LedgerRoutes
from lesionlab.server.other_routes import OtherRoutes
from lesionlab.server.session_routes import SessionRoutes
from lesionlab.server.train_routes import TrainRoutes
from lesionlab.store.house import is_url


def bordered(stock: ASGIApp, get_app: Callable[[], LesionLabApp]) -> Border:
    """The whole server: our routes in front of ``stock``, behind the border."""

    def rules() -> Rules:
        own = get_app().own_settings
        return Rules(
            access=Access(token=own.token, everybody=own.insecure_no_auth, origins=(*own.origins, *_stock_origins())),
            max_body_bytes=own.max_upload_bytes,
        )

    routes = [
        *InferRoutes(get_app).routes(),
        *DataRoutes(get_app).routes(),
        *CasesRoutes(get_app).routes(),
        *LedgerRoutes(get_app).routes(),
        *SessionRoutes(get_app).routes(),
        *JobRoutes(get_app).routes(),
        *TrainRoutes(get_app).routes(),
        *OtherRoutes(get_app, lambda: rules().access, remote=is_url(stock_settings.MONAI_LABEL_STUDIES)).routes(),
    ]
    return Border(stock, Router(routes), rules, lambda: get_app().close())


def running_app() -> LesionLabApp:
    """The app that MONAI Label runs.

    Raises:
        InternalError: when its folder holds another app.
    """
    app = app_instance()
    if not isinstance(app, LesionLabApp):
        raise InternalError("MONAI Label runs another app", got=type(app).__name__, expected="--app monailabel_app")
    return app


def guard_stock() -> None:
    """Put the border around ``monailabel.app.app``, once. Works before and after the server has started."""
    from monailabel.app import app

    if app.middleware_stack is None:
        app.middleware_stack = app.build_middleware_stack()
    if not isinstance(app.middleware_stack, Border):
        app.middleware_stack = bordered(app.middleware_stack, running_app)


def _stock_origins() -> tuple[str, ...]:
    return tuple(str(origin).rstrip("/") for origin in stock_settings.MONAI_LABEL_CORS_ORIGINS)
