"""Encoders: recordings to the input events of a network."""
