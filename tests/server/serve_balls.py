"""A server process for the tests: the real server, with a model that answers balls."""

from __future__ import annotations

import logging
import sys

from lesionlab.server.launch import serve
from tests.server.fakes import BallPredictor

if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    folder, port, limit_mb = sys.argv[1:]
    serve(folder, port=int(port), max_upload_mb=int(limit_mb), predictor=BallPredictor())
