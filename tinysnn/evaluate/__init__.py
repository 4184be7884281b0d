"""Evaluation: a pack on a whole data set, on a device, with the metrics of the field."""
