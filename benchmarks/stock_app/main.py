"""MONAI Label executes this file to find the app class."""

from benchmarks.stock_app.app import StockApp

__all__ = ["StockApp"]
