"""The manifest as Slack's command line wants it: in JSON."""

import json
import sys
from pathlib import Path

import yaml
from slack_cli_hooks.protocol import build_protocol

manifest = yaml.safe_load((Path(__file__).parents[1] / "manifest.yml").read_text("utf-8"))
build_protocol(argv=sys.argv).respond(json.dumps(manifest))
