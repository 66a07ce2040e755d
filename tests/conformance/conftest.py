"""The fixtures of tests/live: a lab of real servers."""

from fixtures import *  # noqa: F401,F403  pylint: disable=wildcard-import,unused-wildcard-import
