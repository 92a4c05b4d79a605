"""`python -m sandbox`."""

import sys

try:
    from sandbox.terminal import main

    code = main(sys.argv[1:])
except KeyboardInterrupt:  # before anything was begun, or after its end
    code = 130
sys.exit(code)
