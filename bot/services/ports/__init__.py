"""Ports: what the services need from outside, as small protocols; the adapters satisfy them without inheriting."""
