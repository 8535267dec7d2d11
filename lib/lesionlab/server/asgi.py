"""The ASGI application: ``monailabel start_server ... --uvicorn_app lesionlab.server.asgi:app``."""

from __future__ import annotations

from monailabel.app import app

from lesionlab.server.guard import guard_stock

guard_stock()

__all__ = ["app"]
