"""Reads template.yaml with its short tags (!Ref, !GetAtt, !Sub) written out, and prints it as JSON: `python template.py template.yaml`."""

import json
import pathlib
import sys

from samtranslator.yaml_helper import yaml_parse


def load(path: pathlib.Path) -> dict:
    """The template as plain data. A YAML error is left to Python to report, with its line."""
    return json.loads(json.dumps(yaml_parse(path.read_text(encoding="utf-8"))))


if __name__ == "__main__":
    print(json.dumps(load(pathlib.Path(sys.argv[1]))))
