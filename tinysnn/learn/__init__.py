"""Learning on the device: what a plastic layer is, and its integer reference (SPEC.md section 4).

One module per rule (`delta`, `few_shot`, ...), written in numpy from the specification; its C is
``templates/learn/<rule>.c.jinja``. The two share the pack and nothing else.
"""
