"""The HTTP of both stand-ins: a server on a thread, requests and answers, and everything that can go wrong."""
