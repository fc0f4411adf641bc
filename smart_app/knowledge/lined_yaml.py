"""
YAML with the line of every key, by the C parser: problems of a content file are reported where they stand.

Its own small constructor over the parser's nodes: PyYAML's general one takes three times as long.
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from typing import Any

import yaml

_NODE_LIMIT = 40


class LinedDict(dict[str, Any]):
    """A mapping that knows its own line and those of its keys (from 1)."""

    __slots__ = ("key_lines", "line")

    def __init__(self, line: int) -> None:
        super().__init__()
        self.line = line
        self.key_lines: dict[str, int] = {}


class LinedYamlError(ValueError):
    """The text is not the YAML that is used here; `line` says where."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


def load_lined(text: str) -> Any:
    """
    The document as plain values: LinedDict, list, str, int, float, bool, date, None.

    Raises:
        LinedYamlError: not YAML, a key given twice, or a tag that is not plain data.
    """
    try:
        node = yaml.compose(text, Loader=yaml.CSafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or "not YAML"
        raise LinedYamlError(str(problem), mark.line + 1 if mark is not None else 1) from error
    return None if node is None else _build(node, 0)


@lru_cache(maxsize=16)
def load_lined_once(text: str) -> Any:
    """The same for a text that loading and checking both read: parsed once. Nobody may change what it gives."""
    return load_lined(text)


def _build(node: yaml.Node, depth: int) -> Any:
    line = node.start_mark.line + 1
    if depth > _NODE_LIMIT:
        raise LinedYamlError("nested too deeply", line)
    if isinstance(node, yaml.ScalarNode):
        return _scalar(node, line)
    if isinstance(node, yaml.SequenceNode):
        return [_build(item, depth + 1) for item in node.value]
    found = LinedDict(line)
    for key_node, value_node in node.value:
        key = key_node.value
        if key in found:
            raise LinedYamlError(f"key given twice: {key}", key_node.start_mark.line + 1)
        found.key_lines[key] = key_node.start_mark.line + 1
        found[key] = _build(value_node, depth + 1)
    return found


def _scalar(node: yaml.ScalarNode, line: int) -> Any:
    tag = node.tag.rpartition(":")[2]
    text: str = node.value
    if tag == "str":
        return text
    if tag == "null":
        return None
    if tag == "bool":
        return text.lower() in ("true", "yes", "on")
    try:
        if tag == "int":
            return int(text, 0)
        if tag == "float":
            return float(text)
        if tag == "timestamp":
            return date.fromisoformat(text)
    except ValueError as error:
        raise LinedYamlError(f"not a {tag}: {text}", line) from error
    raise LinedYamlError(f"tag {node.tag} is not used here", line)
