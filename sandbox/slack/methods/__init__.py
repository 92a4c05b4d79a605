"""The Web API methods the stand-in serves, one module per family."""
