"""The web surface; the only place that knows Flask."""
