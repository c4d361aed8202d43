"""What to deploy, and the options of its target."""

from __future__ import annotations

import hashlib
import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from agentrun import __version__, distribution
from agentrun.deploy import variables
from agentrun.deploy.capacity import Capacity
from agentrun.deploy.labels import label
from agentrun.deploy.project import Project
from agentrun.deploy.variables import Variable
from agentrun.deploy.written import secret_files
from agentrun.errors import SetupError
from agentrun.plan.plan import Plan
from agentrun.plan.recording import SPOOL
from agentrun.plugins.find import FOLDER
from agentrun.providers import catalogue
from agentrun.providers.service_plans import ServicePlan
from agentrun.spec.models.agent import LocalTransport
from agentrun.spec.models.daily import DailyTransport

DRAIN_SECONDS = 60.0
"""Beyond the longest call: its last words, its record, and a webhook that is slow."""
_STORES = {
    "abfs": "adlfs", "az": "adlfs", "gcs": "gcsfs", "gs": "gcsfs", "s3": "s3fs", "s3a": "s3fs"
}  # fmt: skip
"""What fsspec takes for an address, by how the address begins."""
START_SECONDS = 3600
"""What a start may take before it counts as one that hangs: models come, and documents are read."""
PAGE_PATHS = ("/start", "/sessions/", "/api/offer")
"""Where Pipecat's client in a page begins and negotiates a call, whichever agent it is of."""
PYTHONS = ("3.11", "3.12", "3.13")
OWN_REQUIREMENTS = f"{FOLDER}/requirements.txt"
"""In a project: what its plugins import, for pip."""


@dataclass(frozen=True)
class Deployment:
    """Agents and the place that they are to run at.

    ``plans`` were made without variables, so that they name all that they need. ``called`` is what all of
    them together are called, where that isn't to follow from them. ``calls`` is how many there are to be
    at once, ``capacity`` what one replica carries, ``image`` what the image is called,
    ``public_url`` where callers' services reach it, ``organization`` who owns it at Pipecat Cloud, where
    `agentrun serve --dispatch` starts all sessions if they are ``dispatched``. ``wheel`` is this copy as a
    wheel, by name, where it is not one of a package index.
    """

    plans: tuple[Plan, ...]
    project: Project
    called: str | None = None
    image: str | None = None
    public_url: str | None = None
    organization: str | None = None
    calls: int | None = None
    dispatched: bool = False
    capacity: Capacity = field(default_factory=Capacity)
    wheel: tuple[str, bytes] | None = field(default=None, repr=False)

    @property
    def name(self) -> str:
        """What it is called: as was said, or its agent, or its project; letters, digits and hyphens.

        At most 40 characters, so that what is put behind it still fits into a label of DNS.
        """
        if self.called:
            return self.called
        name = self.plans[0].spec.name if len(self.plans) == 1 else self.project.root.name
        return label(name)

    @property
    def image_name(self) -> str:
        """What the image is called."""
        return self.image or f"{self.name}:{self.digest}"

    @property
    def digest(self) -> str:
        """Tells this state of all specs from any other, in 12 digits."""
        every = "".join(sorted(plan.file.digest for plan in self.plans))
        return hashlib.sha256(every.encode()).hexdigest()[:12]

    @property
    def everyone(self) -> list[Plan]:
        """The agents, and those that they hand over to."""
        return [one for plan in self.plans for one in plan.everyone]

    @property
    def has_media(self) -> bool:
        """Whether sound comes over WebRTC, from a browser or Daily's rooms."""
        transports = [one for plan in self.plans for one in plan.transports]
        return any(isinstance(one, LocalTransport | DailyTransport) for one in transports)

    @property
    def public_paths(self) -> list[str]:
        """What proxies let through: each agent's addresses, and those that pages of Pipecat's client ask for.

        One that ends in a slash has more behind it.
        """
        agents = [f"/{plan.spec.name}/" for plan in self.plans]
        return [*agents, *(PAGE_PATHS if self.has_pages else ())]

    @property
    def has_pages(self) -> bool:
        """Whether a page in a browser may call an agent."""
        return any(isinstance(one, LocalTransport) for plan in self.plans for one in plan.transports)

    @property
    def spools(self) -> list[str]:
        """The folders, below the project's, where sound is until it has been sent to its address."""
        beside = {plan.file.path.resolve().parent for plan, _ in self._recording_addresses()}
        return sorted((one / SPOOL).relative_to(self.project.root).as_posix() for one in beside)

    @property
    def stores(self) -> list[str]:
        """The libraries that sound is sent with, such as ``s3fs``.

        That of an address in a variable isn't known.
        """
        libraries = {_STORES.get(to.partition("://")[0]) for _, to in self._recording_addresses()}
        return sorted(name for name in libraries if name)

    def _recording_addresses(self) -> Iterator[tuple[Plan, str]]:
        for plan in self.everyone:
            audio = plan.spec.record.audio
            if audio and ("://" in audio.to or "${" in audio.to):
                yield plan, audio.to

    @property
    def longest_call(self) -> float:
        """Seconds."""
        return max(plan.spec.limits.max_duration for plan in self.plans)

    @property
    def stop_seconds(self) -> int:
        """How long a server may take to stop: its longest call, and what comes after that."""
        return math.ceil(self.longest_call + DRAIN_SECONDS)

    @property
    def variables(self) -> list[Variable]:
        """What the agents need in their environment."""
        return variables.needed(self.plans)

    @property
    def python(self) -> str:
        """The version of Python that this runs on, as images are tagged with."""
        here = f"{sys.version_info.major}.{sys.version_info.minor}"
        return here if here in PYTHONS else PYTHONS[1]

    def with_project(self, made: Mapping[str, bytes]) -> dict[str, bytes]:
        """``made`` with the project's own files, and the wheel; raises SetupError where both have a name.

        Git is told to leave secrets out.
        """
        wheels = {f"wheels/{self.wheel[0]}": self.wheel[1]} if self.wheel else {}
        if clashes := sorted({*made, *wheels} & {*self.project.files}):
            raise SetupError(f"the project has a file '{clashes[0]}', which is to be generated", "rename it")
        return {".gitignore": secret_files.IGNORED, **made, **wheels, **self.project.files}

    def requirement(self, *extras: str) -> str:
        """What an installer is asked for: this version, with the extras of the agents and ``extras``.

        The libraries of other providers stand beside it: ``providers``.
        """
        names = ",".join(sorted({*self.extras, *extras}))
        return f"{distribution.NAME}{f'[{names}]' if names else ''}=={__version__}"

    @property
    def extras(self) -> set[str]:
        """The extras of this package that the agents need, whatever runs them."""
        extras = set()
        for plan in self.everyone:
            extras |= {"mcp"} if any(entry.mcp for entry in plan.spec.tools) else set()
            extras |= {"pdf"} if plan.spec.knowledge and self._has_pdf() else set()
        extras |= {"recordings"} if self.spools else set()
        return extras

    @property
    def providers(self) -> list[str]:
        """What brings the libraries of the agents' services, such as ``pipecat-ai[deepgram]==1.14.0``."""
        extras: set[str] = set()
        for plan in self.everyone:
            parts = (plan.stt, plan.llm, plan.tts, plan.realtime, plan.fixed)
            extras |= {name for part in parts if part for name in _extras(part)}
        return [f"pipecat-ai[{','.join(sorted(extras))}]=={catalogue.pinned()}"] if extras else []

    @property
    def own_requirements(self) -> str | None:
        """The file that names what the project's plugins import, below its folder; None for none."""
        return OWN_REQUIREMENTS if OWN_REQUIREMENTS in self.project.files else None

    def _has_pdf(self) -> bool:
        return any(Path(name).suffix.lower() == ".pdf" for name in self.project.files)


def _extras(part: ServicePlan) -> Sequence[str]:
    every = (part, *part.fallback)
    # what the package itself requires of Pipecat brings OpenAI's already
    return [name for one in every if one.service for name in one.service.extras if name != "openai"]
