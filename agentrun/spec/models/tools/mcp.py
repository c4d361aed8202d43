"""``mcp:`` in ``tools:``: a Model Context Protocol server whose tools the agent can use."""

import re
import shlex
from collections.abc import Mapping
from typing import Annotated, Any, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from agentrun.spec.models.base import Flag, SpecModel, Text, list_of_one
from agentrun.spec.models.tools.tool_options import ToolOptions
from agentrun.spec.values import function_names

_URL = re.compile(r"(https?://|\$\{)\S+")
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SECRET = re.compile(r"authorization|cookie|key|token|secret|password", re.IGNORECASE)


def _wrong(message: str, hint: str, **given: Any) -> PydanticCustomError:
    return PydanticCustomError("mcp", message, {"hint": hint, **given})


def _is_url(value: str) -> str:
    if not _URL.fullmatch(value) or "@" in urlsplit(value).netloc:
        hint = "write https://mcp.example.com/mcp; a password belongs into `headers:`"
        raise _wrong("'{given}' is not the address of an MCP server", hint, given=value)
    return value


def _is_token_url(value: str) -> str:
    if not _URL.fullmatch(value) or "@" in urlsplit(value).netloc:
        hint = "write https://auth.example.com/oauth/token, as its documentation says"
        raise _wrong("'{given}' is not the address of a token endpoint", hint, given=value)
    return value


def _is_program(value: Any) -> Any:
    """A command of several words, written as one text, would be looked for as one program's name."""
    words = _words(value) if isinstance(value, str) else []
    if len(words) > 1:
        shown = ", ".join(f'"{word}"' if " " in word else word for word in words)
        hint = f'write it as a list: [{shown}]; or ["{value}"] where the name has a space'
        raise _wrong("'{given}' would be taken for the name of a single program", hint, given=value)
    return value


def _words(command: str) -> list[str]:
    try:
        return shlex.split(command)
    except ValueError:
        return command.split()


def _is_tool(value: str) -> str:
    if not function_names.can_be_called(value):
        raise _wrong("'{given}' can't be the name of a tool", "use letters, digits, _ and -", given=value)
    return value


class ClientCredentials(SpecModel):
    """OAuth 2 client credentials: where to obtain tokens, and as which client."""

    token_url: Annotated[Text, AfterValidator(_is_token_url)] = Field(
        description="The token endpoint.", examples=["https://auth.example.com/oauth/token"]
    )
    client_id: Text = Field(description="The client's id.", examples=["${SHOP_CLIENT_ID}"])
    client_secret: Text = Field(
        description="The client's secret, from an environment variable.", examples=["${SHOP_CLIENT_SECRET}"]
    )
    scope: Text | None = Field(
        default=None, description="The scope to request, as the server defines it.", examples=["orders:read"]
    )

    @model_validator(mode="after")
    def _secret_is_a_variable(self) -> Self:
        if "${" not in self.client_secret:
            hint = "put it in a variable and write ${NAME} here"
            raise _wrong("'{given}' is a secret in plain text", hint, given="client_secret")
        return self


class McpServer(ToolOptions):
    """An MCP server: at an address (streamable HTTP), or a program that is started (stdio)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: Annotated[Text, AfterValidator(_is_url)] | None = Field(
        default=None, description="The server's address.", examples=["https://mcp.example.com/mcp"]
    )
    headers: dict[str, str] = Field(
        default={},
        description="Sent with every request.",
        examples=[{"Authorization": "Bearer ${SHOP_TOKEN}"}],
    )
    oauth: ClientCredentials | None = Field(
        default=None,
        description="How to obtain and renew tokens for the server (client credentials).",
    )
    command: Annotated[tuple[Text, ...], list_of_one, BeforeValidator(_is_program)] | None = Field(
        default=None,
        description="A program and its arguments.",
        examples=[["uvx", "mcp-server-time"]],
        min_length=1,
    )
    environment: dict[str, str] = Field(
        default={},
        description="Environment variables of the program, which gets no others but PATH and HOME.",
    )
    only: Annotated[tuple[Annotated[Text, AfterValidator(_is_tool)], ...], list_of_one] | None = Field(
        default=None,
        description="The tools of the server that the agent may use; all by default.",
        min_length=1,
        examples=[["find_order"]],
    )
    shared: Flag = Field(
        default=True, description="Whether all calls use one connection; `false` opens one for each call."
    )

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if (self.url is None) == (self.command is None):
            raise _wrong("an MCP server has either a url or a command", "write `url:` or `command:`")
        if self.headers and self.url is None:
            raise _wrong("a command has no headers", "write `environment:`")
        if self.oauth and (self.url is None or "authorization" in map(str.lower, self.headers)):
            raise _wrong("`oauth:` brings the header Authorization of an address", "remove one of the two")
        if self.environment and self.command is None:
            raise _wrong("an address has no environment", "write `headers:`")
        _check_names(self.headers, _HEADER, "X-Name")
        _check_names(self.environment, _VARIABLE, "NAME")
        return self

    @property
    def label(self) -> str:
        """How people call it: the address without variables filled in, or the command."""
        return self.url or " ".join(self.command or ())


def _check_names(values: Mapping[str, str], pattern: re.Pattern[str], example: str) -> None:
    """Raise for what is no name of a header or a variable, and for a secret in plain text."""
    for name, value in values.items():
        if not pattern.fullmatch(name):
            raise _wrong("'{given}' is not a name that can be sent", f"write {example}", given=name)
        if _SECRET.search(name) and "${" not in value:
            hint = "put it in a variable and write ${NAME} here"
            raise _wrong("'{given}' is a secret in plain text", hint, given=name)
