"""``{use: http, …}`` in ``tools:``: one request, as a spec writes it."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from agentrun.spec.loading.close_match import closest
from agentrun.spec.models.base import Count, Flag, Number, SpecModel, Text
from agentrun.spec.models.tools.saved_values import is_path
from agentrun.spec.values import function_names
from agentrun.spec.values.template_names import CALL_FIELDS
from agentrun.tools.http import address, literals
from agentrun.tools.http.parameter import Parameter, wrong
from agentrun.tools.http.template import CALL, VARIABLES, call_fields, source

_URL = re.compile(r"https?://([A-Za-z0-9._-]+)(:[0-9]{1,5})?([/?].*)?", re.DOTALL)
SECRET = re.compile(r"authorization|key|token|secret|password", re.IGNORECASE)
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
IDEMPOTENT = ("GET", "HEAD", "PUT", "DELETE")


def _is_name(value: str) -> str:
    if not function_names.can_be_called(value):
        raise wrong("'{given}' can't be a tool's name", "use letters, digits, _ and -", given=value)
    return value


def _is_url(value: str) -> str:
    found = _URL.fullmatch(value)
    if not found or not literals.is_host(found[1]):
        hint = "write https://api.example.com/orders/{{ order }}; the host can't be a template or a variable"
        raise wrong("'{given}' is not the address of a host", hint, given=value)
    try:
        is_port = urlsplit(value).port != 0
    except ValueError:
        is_port = False
    if not is_port:
        raise wrong("'{given}' has no valid port", "write a port from 1 to 65535", given=value)
    literals.check_address(value)
    return value


def _is_host(value: str) -> str:
    if not literals.is_host(value):
        raise wrong("'{given}' is not a host", "write a name such as api.example.com", given=value)
    return value.lower()


def _is_field(value: Any) -> Any:
    if isinstance(value, dict) or (
        isinstance(value, list) and not all(isinstance(one, str) for one in value)
    ):
        raise wrong(
            "a field of a form is a text, or a list of texts", "send nested data with `body:`, as JSON"
        )
    return value


FormField = Annotated[str | Count | Number | Flag | tuple[str, ...], BeforeValidator(_is_field)]


class BasicAuth(SpecModel):
    """HTTP's basic authentication (RFC 7617); both are variables of the environment."""

    user: Text
    password: Text

    @model_validator(mode="after")
    def _are_no_secrets(self) -> BasicAuth:
        if "${" not in self.password:
            raise wrong(
                "the password is given here in plain text", "put it in a variable and write ${NAME} here"
            )
        if "{{" in self.user + self.password:
            raise wrong("a template can't be a user or a password", "write ${NAME}, a variable")
        return self


class Settings(SpecModel):
    """A request: texts are templates over the arguments, and ``${NAME}`` is a variable of the environment."""

    name: Annotated[Text, AfterValidator(_is_name)]
    description: Text
    method: Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] = "GET"
    url: Annotated[Text, AfterValidator(_is_url)]
    headers: dict[str, str] = Field(default={})
    auth: BasicAuth | None = None
    query: dict[str, str | Count | Number | Flag] = Field(default={})
    body: dict[str, Any] | None = None
    form: dict[str, FormField] | None = None
    parameters: dict[str, Parameter] = Field(default={})
    give: Annotated[str, AfterValidator(is_path)] | None = Field(default=None, alias="return")
    retries: Count = Field(default=0, ge=0, le=5)
    hosts: tuple[Annotated[str, AfterValidator(_is_host)], ...] = ()
    allow_private: Flag = False

    @property
    def allowed(self) -> frozenset[str]:
        """The hosts that may be asked: that of the address, and those that redirects may lead to."""
        return frozenset({(urlsplit(self.url).hostname or "").lower(), *self.hosts})

    @model_validator(mode="after")
    def _may_ask_its_host(self) -> Settings:
        host = urlsplit(self.url).hostname or ""
        if not self.allow_private and address.is_private(host):
            hint = "add `allow_private: true` for a host of your own network"
            raise wrong("{given} is inside a private network, so it is never requested", hint, given=host)
        return self

    @model_validator(mode="after")
    def _fits_together(self) -> Settings:
        if self.retries and self.method not in IDEMPOTENT:
            hint = f"leave `retries` out: only {', '.join(IDEMPOTENT)} may be repeated"
            raise wrong("a {method} that is repeated may take effect twice", hint, method=self.method)
        for name, value in self.headers.items():
            if not _HEADER.fullmatch(name):
                raise wrong("'{given}' is not the name of a header", "write X-Name", given=name)
            if SECRET.search(name) and "${" not in value:
                hint = "put it in a variable and write ${NAME} here"
                raise wrong("the header '{given}' is a secret in plain text", hint, given=name)
        literals.check_headers(self.headers)
        if self.body is not None and self.form is not None:
            raise wrong("a request has one body", "write `body:` for JSON, or `form:` for a form")
        if self.auth and any(name.lower() == "authorization" for name in self.headers):
            raise wrong("`auth:` is a header Authorization, and there is another", "remove one of the two")
        for name in self.parameters:
            if not name.isidentifier() or name in (VARIABLES, CALL):
                raise wrong("'{given}' can't be a parameter's name", "use letters, digits and _", given=name)
        form = {
            key: list(each) if isinstance(each, tuple) else each for key, each in (self.form or {}).items()
        }
        for text in texts([self.url, self.headers, self.query, self.body, form]):
            self._check_template(text)
        return self

    def _check_template(self, text: str) -> None:
        import jinja2
        from jinja2 import meta

        from agentrun.spec.values.templates import environment

        try:
            tree = environment().parse(source(text))
        except jinja2.TemplateSyntaxError as error:
            raise wrong(
                "a template is broken: {why}", "check {{ … }} and {% … %}", why=error.message or ""
            ) from None
        for field in sorted(call_fields(tree) - {*CALL_FIELDS}):
            hint = closest(field, CALL_FIELDS) or f"write one of: {', '.join(CALL_FIELDS)}"
            raise wrong("'call.{given}' is not known here", hint, given=field)
        for name in sorted(meta.find_undeclared_variables(tree) - {VARIABLES, CALL, *self.parameters}):
            hint = closest(name, self.parameters) or f"add `{name}` under `parameters:`"
            raise wrong("'{given}' in a template is not a parameter", hint, given=name)


def texts(value: Any) -> list[str]:
    """Every text in ``value``, in mappings and lists too."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for inner in value.values() for text in texts(inner)]
    return [text for inner in value for text in texts(inner)] if isinstance(value, list) else []
