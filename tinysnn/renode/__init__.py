"""Renode: scripts, platforms and test suites that run an image in it."""
