"""pytest finds fixtures in a file of this name; tests/conformance shares them."""

from fixtures import *  # noqa: F401,F403  pylint: disable=wildcard-import,unused-wildcard-import
