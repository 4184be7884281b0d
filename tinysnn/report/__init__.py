"""Reports: what packs do and cost, as one page that needs no network."""
