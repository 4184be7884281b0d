"""Measure what generated code costs and write the cost model's coefficients.

    python benchmarks/fit_cost.py                # all cores, about three minutes
    python benchmarks/fit_cost.py --check        # compare with the file, write nothing

Networks from a seed are compiled by arm-none-eabi-gcc -O2 and run on a bare core under unicorn.
Row-adds in assembly are called one by one: their table is exact. All other assembly, and compiled
C, is fitted by least squares to the instructions of whole ticks (docs/cost-model.md).
"""
