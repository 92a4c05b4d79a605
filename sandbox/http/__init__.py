"""The HTTP that both stand-ins share: a server on a thread, requests and answers, and everything that can go wrong."""
