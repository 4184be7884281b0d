"""Instructions that generated code will execute, predicted without a compiler (docs/cost-model.md).

- **`coefficients`** reads what `benchmarks/fit_cost.py` measured and fitted.
- **`rows`** is the row-add alone: what the choice between kernels rests on.
- **`activity`** says what goes on in a network: events, spikes and skipped ticks.
- **`neurons`**, **`synapses`** and **`layers`** name what drives the cost of each part of a tick.
- **`predict`** puts it together for a pack on a core.
"""
