"""Replicas are sized by what `agentrun bench` has measured, and not by figures of a bad day."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from agentrun.cli.commands import eject
from agentrun.deploy import capacity
from agentrun.deploy.capacity import Capacity
from agentrun.deploy.helm import files as helm
from agentrun.deploy.kubernetes import files as kubernetes
from agentrun.errors import SetupError
from agentrun.simulate.bench.load import Figures
from agentrun.simulate.bench.measure import Load
from agentrun.simulate.bench.result import BenchResult
from tests.deploy.places import deployment, plan_of
from tests.deploy.test_kubernetes import URL, manifests, pod


def result(
    calls: int = 20, share: float | None = 0.025, memory: float | None = 12.0, **figures: Any
) -> dict[str, Any]:
    """What `agentrun bench --json` prints."""
    good = {"answers": [400.0] * 5, **figures}
    alone = Load(1, Figures(answers=[380.0]), share, memory)
    return BenchResult("desk.yaml", alone, Load(calls, Figures(**good), share, memory), {}).as_json()


def written(folder: Path, content: Any, name: str = "bench.json") -> Path:
    path = folder / name
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def test_a_replica_carries_what_its_processor_has_room_for(tmp_path: Path) -> None:
    """Three quarters of a processor, at a fortieth for a call: thirty."""
    found = capacity.of([written(tmp_path, result(calls=40))])
    assert found == Capacity(30, 896, measured=True)


def test_it_carries_no_more_than_were_measured_at_once(tmp_path: Path) -> None:
    found = capacity.of([written(tmp_path, result(calls=12))])
    assert (found.calls, found.bound, found.memory_mb) == (12, 30, 768)


def test_of_several_agents_the_one_that_needs_most_counts(tmp_path: Path) -> None:
    paths = [
        written(tmp_path, result(calls=40), "light.json"),
        written(tmp_path, result(calls=40, share=0.1, memory=4.0), "heavy.json"),
    ]
    found = capacity.of(paths)
    assert (found.calls, found.memory_mb, found.bound) == (7, 896, None)


def test_two_thousand_calls_take_so_many_replicas_and_so_much_memory(tmp_path: Path) -> None:
    measured = capacity.of([written(tmp_path, result(calls=40))])
    found = manifests(tmp_path, calls=2_000, capacity=measured)
    [container] = pod(found)["containers"]
    assert container["resources"] == {
        "requests": {"cpu": "1", "memory": "896Mi", "ephemeral-storage": "1Gi"},
        "limits": {"memory": "1792Mi"},
    }  # fmt: skip
    assert {"name": "AGENTRUN_CAPACITY", "value": "30"} in container["env"]
    scaler = found["HorizontalPodAutoscaler"]["spec"]
    assert scaler["metrics"][0]["pods"]["target"]["averageValue"] == "21"
    assert scaler["maxReplicas"] == 97, "2,000 calls at 21 each, and one more"
    values = yaml.safe_load(
        helm.files(deployment(tmp_path, public_url=URL, calls=2_000, capacity=measured))["chart/values.yaml"]
    )
    assert (values["calls"], values["callsPerReplica"]) == (2_000, 30)
    assert values["resources"] == container["resources"]


def test_without_a_file_it_is_said_that_ten_are_assumed(tmp_path: Path) -> None:
    text = kubernetes.files(deployment(tmp_path, public_url=URL, calls=2_000))["kubernetes/deployment.yaml"]
    assert b"# one processor for 10 calls, which is assumed: measure your own agent" in text


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (result(failures=["no answer"]), "of 20 calls at once 1 failed"),
        (result(gaps=[300]), "gaps were heard"),
        (result(answers=[481.0] * 5), "101 ms longer"),
        (result(share=None, memory=None), "no URL"),
        (result(share=0.8), "a call takes 0.8 of a processor"),
        ("{", "is not JSON"),
        ("[" * 100_000, "not a result"),
        ("[]", "not a result"),
        ({"target": "x"}, "alone: Field required"),
        ({**result(), "together": {**result()["together"], "core_share_a_call": -1}}, "core_share_a_call"),
        ({**result(), "together": {**result()["together"], "calls": "many"}}, "together.calls"),
        (json.dumps(result()).replace("0.025", "NaN"), "core_share_a_call"),
        (" " * (capacity.MOST_BYTES + 1), "more than 1048576 bytes"),
    ],
)
def test_figures_that_size_nothing_are_refused_with_what_to_do(
    tmp_path: Path, content: Any, words: str
) -> None:
    path = written(tmp_path, content)
    with pytest.raises(SetupError, match=words) as error:
        capacity.of([path])
    assert str(path) in error.value.message
    assert error.value.hint


def test_the_bound_itself_is_held(tmp_path: Path) -> None:
    assert capacity.of([written(tmp_path, result(calls=40, answers=[480.0] * 5))]).calls == 30


def test_the_command_reads_the_file_and_says_what_it_makes_of_it(tmp_path: Path) -> None:
    plan = plan_of(tmp_path)
    spec = str(plan.file.path)
    bench = str(written(tmp_path, result(calls=12)))
    given = ["--target", "kubernetes", "--public-url", URL, "--calls", "2000"]
    done = CliRunner().invoke(eject.command, [spec, "--to", str(tmp_path / "a"), *given, "--bench", bench])
    assert done.exception is None, done.output
    assert "12 calls, for no more were measured at once; its processor has room for 30" in done.stderr
    assert 'value: "12"' in (tmp_path / "a" / "kubernetes" / "deployment.yaml").read_text()
    done = CliRunner().invoke(eject.command, [spec, "--to", str(tmp_path / "b"), *given])
    assert "a replica is taken to carry 10 calls" in done.stderr


def test_a_place_without_replicas_is_not_sized(tmp_path: Path) -> None:
    spec, bench = str(plan_of(tmp_path).file.path), str(written(tmp_path, result()))
    given = ["--target", "systemd", "--public-url", URL, "--bench", bench]
    done = CliRunner().invoke(eject.command, [spec, "--to", str(tmp_path / "a"), *given])
    assert isinstance(done.exception, SetupError)
    assert "--bench has no effect with --target systemd" in done.exception.message
