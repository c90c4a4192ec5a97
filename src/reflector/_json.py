"""JSON in and out, and the base of every value that crosses a border. The one door to orjson."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, ClassVar, Self

import orjson
from pydantic import BaseModel, ConfigDict, ValidationError

from reflector._text import one_line, replace_surrogates, shorten
from reflector.errors import InputError

__all__ = [
    "Document", "Given", "JSONValue", "Value", "dumps", "first_problem", "first_unfit", "loads", "loads_exactly",
    "scan",
]  # fmt: skip

JSONValue = Any
"""A value that JSON can hold: None, bool, int, float, str, list or dict of these."""


class Value(BaseModel):
    """An immutable, validated value. Derived values are made with `replace`, never by assignment."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="null")

    def replace(self, **changes: Any) -> Any:
        """Return a validated copy with some fields changed."""
        fields = {name: getattr(self, name) for name in type(self).model_fields}
        return type(self)(**(fields | changes))

    @classmethod
    def _trusted(cls, fields: dict[str, Any], given: set[str]) -> Self:
        """Return a value of all its fields, which are known to fit, at a fifth of the price: nothing is checked."""
        made = cls.__new__(cls)
        object.__setattr__(made, "__dict__", fields)
        object.__setattr__(made, "__pydantic_fields_set__", given)
        object.__setattr__(made, "__pydantic_extra__", None)
        object.__setattr__(made, "__pydantic_private__", None)
        return made

    def __copy__(self) -> Self:
        """Return a copy, as pydantic does; faster, because a value has neither extra nor private attributes."""
        return self._trusted(self.__dict__.copy(), self.__pydantic_fields_set__.copy())


class Given(Value):
    """A value that people make themselves: what does not fit is an error of ours that says where."""

    unfit: ClassVar[type[InputError]] = InputError

    if not TYPE_CHECKING:

        def __init__(self, **fields: Any) -> None:
            try:
                # What `BaseModel.__init__` does, without packing the fields once more.
                self.__pydantic_validator__.validate_python(fields, self_instance=self)
            except ValidationError as err:
                raise self.unfit(first_problem(err)) from err


def first_problem(err: ValidationError) -> str:
    """Return in one line what did not fit, and where."""
    problem = err.errors(include_url=False, include_context=False)[0]
    place = ".".join(map(str, problem["loc"])) or err.title
    return one_line(f"{place}: {problem['msg']}, got {one_line(repr(problem['input']), 80)}", 300)


def first_unfit(err: ValidationError) -> str:
    """Return the first key that did not fit with why, and what came where that says more."""
    problem = err.errors(include_url=False, include_context=False)[0]
    key = ".".join(map(str, problem["loc"]))
    why = problem["msg"].removeprefix("Value error, ")
    came = "" if problem["type"] in ("missing", "value_error") else f"; got {problem['input']!r:.60}"
    return f"{key}: {why}{came}" if key else f"{why}{came}"


class Document(Value):
    """A value that is kept: `from_json` reads what `to_json` wrote."""

    def to_json(self) -> str:
        """Return the value as JSON; equal values give equal text."""
        return dumps(self.model_dump(mode="json"), sort_keys=True).decode()

    @classmethod
    def from_json(cls, data: str | bytes) -> Self:
        """Return the value that `to_json` wrote.

        Raises:
            InputError: If it is not such a text.
        """
        expected = f"expected what {cls.__name__}.to_json() wrote; got {shorten(repr(data), 80)}"
        try:
            made = cls.model_validate_json(data)
        except ValidationError as err:
            raise InputError(f"{expected}: {err}") from err
        if not made.model_fields_set:
            raise InputError(f"{expected}: none of {', '.join(cls.model_fields)} is in it.")
        return made


def _default(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, tuple | set | frozenset):
        return list(value)
    raise TypeError(f"cannot write {type(value).__name__} as JSON")


def dumps(value: Any, *, indent: bool = False, sort_keys: bool = False) -> bytes:
    """Return `value` as UTF-8 JSON.

    NaN and infinities become null; lone surrogates become U+FFFD; integers of any size are kept.

    Raises:
        TypeError: If something in it has no JSON form.
    """
    if not indent and not sort_keys:
        try:
            # Without options it is a fifth faster, and this is what almost every signal is written with.
            return orjson.dumps(value, default=_default)
        except TypeError:
            pass
    options = orjson.OPT_NON_STR_KEYS
    options |= orjson.OPT_INDENT_2 if indent else 0
    options |= orjson.OPT_SORT_KEYS if sort_keys else 0
    try:
        return orjson.dumps(value, default=_default, option=options)
    except TypeError:
        # orjson knows neither lone surrogates nor integers above 64 bits; the standard library does.
        form: dict[str, Any] = {
            "ensure_ascii": False,
            "indent": 2 if indent else None,
            "sort_keys": sort_keys,
        }
        text = json.dumps(value, default=_default, **form)
        if "NaN" in text or "Infinity" in text:  # perhaps as words of a text
            text = json.dumps(json.loads(text, parse_constant=lambda _: None), **form)
        return replace_surrogates(text).encode()


_LONG, _PERHAPS_LONG = re.compile(rb"[0-9]{19}"), re.compile(rb"[0-9]{4}")
"""A number that may be too large for 64 bits, and what every fourth byte shows of one: that is found much faster."""


def loads(data: bytes | str) -> Any:
    """Return the value of a JSON document; NaN and infinities are accepted, integers beyond 64 bits become floats.

    Escapes of lone surrogates become U+FFFD, so that the value can be encoded again.

    Raises:
        ValueError: If it is not JSON, or nested too deeply.
    """
    try:
        return orjson.loads(data)
    except ValueError as strict:
        try:
            return _loads(data)
        except UnicodeDecodeError:
            raise strict from None


def loads_exactly(data: bytes) -> Any:
    """Return what `loads` returns, but integers of any size as they are: for what others sent.

    Raises:
        ValueError: As `loads` does.
    """
    value = loads(data)
    return _loads(data) if _PERHAPS_LONG.search(data[::4]) and _LONG.search(data) else value


def _loads(data: bytes | str) -> Any:
    try:
        return _encodable(json.loads(data))
    except RecursionError:
        raise ValueError("JSON is nested too deeply") from None


def scan(text: str, start: int) -> tuple[Any, int]:
    """Return the JSON document that begins at `start` of `text`, and the index behind it.

    Raises:
        ValueError: If no complete document begins there, or it is nested too deeply.
    """
    try:
        value, end = _DECODER.raw_decode(text, start)
    except RecursionError:
        raise ValueError("JSON is nested too deeply") from None
    return (_encodable(value) if text.find("\\u", start, end) >= 0 else value), end


_DECODER = json.JSONDecoder()


def _encodable(value: Any) -> Any:
    """Return `value`, changed in place, with every lone surrogate replaced."""
    holder = [value]
    open_containers: list[Any] = [holder]
    while open_containers:
        container = open_containers.pop()
        if isinstance(container, dict):
            if not all(key.isascii() for key in container):
                clean = {replace_surrogates(key): item for key, item in container.items()}
                container.clear()
                container.update(clean)
            members: Any = list(container.items())
        else:
            members = enumerate(container)
        for key, item in members:
            if isinstance(item, str):
                if not item.isascii():
                    container[key] = replace_surrogates(item)
            elif isinstance(item, dict | list):
                open_containers.append(item)
    return holder[0]
