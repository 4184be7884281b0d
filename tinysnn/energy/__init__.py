"""What a tick costs in energy: instructions, to cycles, to charge at a supply voltage.

All of it is an estimate; docs/energy.md says what it is made of. `cycles` is the table from
instructions to cycles, `supply` what the chip draws, `estimate` the sum, `battery` how long it
lasts, `chips` what others say of theirs.
"""
