"""Conversion: trained networks without spikes (.tflite) to spiking ones."""
