"""The webhook to which an agent's records are sent, checked before a call."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from agentrun.errors import Problem, SetupError
from agentrun.providers import variables
from agentrun.records.webhook import signature
from agentrun.spec.loading.spec_file import SpecFile
from agentrun.spec.values.addresses import problem_with

WHERE = ("record", "webhook")
MAKE_SECRET = f'export {signature.VARIABLE}="whsec_$(openssl rand -base64 32)"'


@dataclass(frozen=True)
class Webhook:
    """An address and the keys that sign for it; ``missing`` are variables without which it can't be used."""

    url: str = field(repr=False)
    keys: tuple[bytes, ...] = field(repr=False)
    missing: tuple[str, ...] = ()

    @property
    def host(self) -> str:
        """The part of the URL that may be shown; the rest may contain a token."""
        return urlsplit(self.url).hostname or ""

    @property
    def is_here(self) -> bool:
        """Whether the address is on this machine."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"

    def require(self) -> None:
        """Raise SetupError if a variable is not set."""
        if self.missing:
            name = self.missing[0]
            hint = MAKE_SECRET if name == signature.VARIABLE else f"export {name}=…, or remove record.webhook"
            raise SetupError(f"{name} is not set, and record.webhook needs it", hint)


def plan(file: SpecFile, environ: Mapping[str, str]) -> tuple[Webhook | None, list[Problem]]:
    """The webhook of ``file``, if it has one, and what is wrong with it: errors and warnings."""
    address = file.spec.record.webhook
    if address is None:
        return None, []
    problems = [
        file.problem(WHERE, f"'{text}' is not a variable", "write ${NAME} or ${NAME:-default}")
        for _, text in variables.broken(address)
    ]
    missing = [one.name for one in variables.unset(address, environ)]
    url = "" if missing else str(variables.expand(address, environ))
    secret = environ.get(signature.VARIABLE, "")
    keys: tuple[bytes, ...] = ()
    if secret:
        try:
            keys = signature.keys(secret)
        except ValueError as error:
            problems.append(file.problem(WHERE, f"{signature.VARIABLE} is {error}", MAKE_SECRET))
    else:
        missing.append(signature.VARIABLE)
    hook = Webhook(url, keys, tuple(dict.fromkeys(missing)))
    if url and not problems:
        problems += _with_address(hook, address, file)
    return hook, [*problems, *_warnings(hook, file)]


def _with_address(webhook: Webhook, written: str, file: SpecFile) -> list[Problem]:
    """What is wrong with the address; one from a variable is not shown, for it may hold a token."""
    message = problem_with(webhook.url.partition("?")[0])
    if not message:
        return []
    if variables.has_variable(written):
        message = f"{written} is not an address of http:// or https://"
    return [file.problem(WHERE, message, "write https://crm.example.com/calls")]


def _warnings(webhook: Webhook, file: SpecFile) -> list[Problem]:
    faults = []
    for name in webhook.missing:
        hint = MAKE_SECRET if name == signature.VARIABLE else f"export {name}=… before serving"
        faults.append((f"{name} is not set", hint))
    if any(len(key) < signature.LEAST_BYTES for key in webhook.keys):
        words = f"{signature.VARIABLE} has less than {signature.LEAST_BYTES} bytes"
        faults.append((words, MAKE_SECRET))
    if webhook.url.startswith("http://") and not webhook.is_here:
        faults.append(("records go there unencrypted", "write https://"))
    return [file.problem(WHERE, message, hint, "warning") for message, hint in faults]
