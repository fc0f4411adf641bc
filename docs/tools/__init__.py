"""Tools that write the generated pages of `docs/`."""
