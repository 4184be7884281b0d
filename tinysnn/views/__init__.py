"""What templates see: frozen values of str, int and tuple; every C expression is made here.

`model` for a model's two files and the image, `layer` for a layer, made of `rows` (its synapses)
and `cell` (its neurons).
"""
