"""SMART App Launch 2.2, the client side."""
