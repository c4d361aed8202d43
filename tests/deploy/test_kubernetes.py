"""Manifests, held against Kubernetes' own schemas, and what they promise."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from agentrun.deploy import server_checks
from agentrun.deploy.compose import files as compose
from agentrun.deploy.deployment import PAGE_PATHS, START_SECONDS
from agentrun.deploy.kubernetes import files
from agentrun.deploy.rendering import FOLDER
from agentrun.deploy.targets import TARGETS
from agentrun.plan.plan import Plan
from agentrun.server.kubernetes import api
from tests.deploy.places import deployment, plan_of

VERSION = "1.30"
URL = "https://voice.example.com"
KUBECTL = shutil.which("kubectl")


def manifests(folder: Path, *plans: Plan, **given: Any) -> dict[str, dict[str, Any]]:
    """Each by its kind; of two of a kind by what its name has more than the agent's."""
    contents = files.files(deployment(folder, *plans, **{"public_url": URL, **given}))
    texts = [text for name, text in contents.items() if name.startswith("kubernetes/")]
    documents = [one for text in texts for one in yaml.safe_load_all(text)]
    return {f"{one['kind']}{'-webhooks' * _is_of_webhooks(one)}": one for one in documents}


def _is_of_webhooks(manifest: dict[str, Any]) -> bool:
    return str(manifest.get("metadata", {}).get("name", "")).endswith("-webhooks")


def pod(found: dict[str, dict[str, Any]]) -> dict[str, Any]:
    spec: dict[str, Any] = found["Deployment"]["spec"]["template"]["spec"]
    return spec


@pytest.mark.parametrize("transport", ["twilio", "daily", "[twilio, daily, local]"])
@pytest.mark.parametrize("calls", [None, 1, 2_000])
def test_every_manifest_is_valid_to_the_letter(tmp_path: Path, transport: str, calls: int | None) -> None:
    plans = [plan_of(tmp_path, name, transport) for name in ("desk", "front_desk")]
    found = manifests(tmp_path, *plans, calls=calls)
    assert len(found) == 12 + ("twilio" in transport)
    for kind, one in found.items():
        if kind not in ("Kustomization", "PrometheusRule", "ServiceMonitor"):
            kubernetes_validate.validate(one, VERSION, strict=True)


def test_pages_reach_what_their_client_asks_for(tmp_path: Path) -> None:
    for transport, more in (("[twilio, local]", PAGE_PATHS), ("twilio", ())):
        found = manifests(tmp_path, plan_of(tmp_path, transport=transport))
        passed_on = found["Ingress"]["spec"]["rules"][0]["http"]["paths"]
        assert [one["path"] for one in passed_on] == ["/desk/", *more]


def test_the_schemas_would_find_a_mistake(tmp_path: Path) -> None:
    found = manifests(tmp_path)
    pod(found)["terminationGracePeriodSecond"] = 7
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(found["Deployment"], VERSION, strict=True)


@pytest.mark.parametrize(("longest", "seconds"), [("10m", 600), ("90s", 90), ("2h", 7_200)])
def test_a_replica_that_stops_has_time_for_its_longest_call(
    tmp_path: Path, longest: str, seconds: int
) -> None:
    short = plan_of(tmp_path, "short", more="limits: {max_duration: 60s}\n")
    plan = plan_of(tmp_path, more=f"limits: {{max_duration: {longest}}}\n")
    found = manifests(tmp_path, short, plan)
    grace = pod(found)["terminationGracePeriodSeconds"]
    [container] = pod(found)["containers"]
    wait = int(container["lifecycle"]["preStop"]["exec"]["command"][1])
    environ = {one["name"]: one.get("value") for one in container["env"]}
    assert environ["AGENTRUN_DRAIN"] == f"{seconds}s"
    assert grace == wait + seconds + 60
    annotations = found["Ingress"]["metadata"]["annotations"]
    assert int(annotations["nginx.ingress.kubernetes.io/proxy-read-timeout"]) > seconds


def test_tables_are_brought_up_to_date_before_a_probe_could_end_it(tmp_path: Path) -> None:
    found = manifests(tmp_path)
    [migration] = pod(found)["initContainers"]
    [container] = pod(found)["containers"]
    assert migration["command"] == ["agentrun", "calls", "migrate"]
    assert migration["image"] == container["image"]
    secrets = [one for one in container["env"] if "secretKeyRef" in one.get("valueFrom", {})]
    assert migration["env"] == secrets
    assert any(one["name"] == "AGENTRUN_RECORDS" for one in secrets)
    assert "startupProbe" not in migration
    assert migration["securityContext"] == container["securityContext"]


def test_a_start_that_takes_long_is_not_ended(tmp_path: Path) -> None:
    [container] = pod(manifests(tmp_path))["containers"]
    probe = container["startupProbe"]
    assert probe["periodSeconds"] * probe["failureThreshold"] == START_SECONDS
    chart = (FOLDER / "helm" / "chart" / "templates" / "deployment.yaml").read_text()
    assert f"periodSeconds: 2\n            failureThreshold: {START_SECONDS // 2}\n" in chart
    image = files.files(deployment(tmp_path, public_url=URL))["Dockerfile"].decode()
    assert f"--start-period={START_SECONDS}s " in image


def test_every_container_says_what_it_takes_for_a_namespace_with_a_quota_asks(tmp_path: Path) -> None:
    spec = pod(manifests(tmp_path))
    for container in (*spec["initContainers"], *spec["containers"]):
        named = {kind: set(amounts) for kind, amounts in container.get("resources", {}).items()}
        assert (named["requests"] - {"ephemeral-storage"}, named["limits"]) == (
            {"cpu", "memory"},
            {"memory"},
        ), container["name"]


def test_no_replica_goes_before_another_is_ready(tmp_path: Path) -> None:
    found = manifests(tmp_path)
    assert found["Deployment"]["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
    # of 287 replicas, each with half an hour for its calls, one by one would take six days
    assert found["Deployment"]["spec"]["strategy"]["rollingUpdate"]["maxSurge"] == "10%"
    assert found["PodDisruptionBudget"]["spec"]["maxUnavailable"] == "10%"
    scale_down = found["HorizontalPodAutoscaler"]["spec"]["behavior"]["scaleDown"]
    assert scale_down["policies"] == [{"type": "Pods", "value": 1, "periodSeconds": 60}]
    annotations = found["Deployment"]["spec"]["template"]["metadata"]["annotations"]
    assert annotations["cluster-autoscaler.kubernetes.io/safe-to-evict"] == "false"


def test_a_replica_may_say_how_many_calls_it_has_and_nothing_else(tmp_path: Path) -> None:
    found = manifests(tmp_path)
    [rule] = found["Role"]["rules"]
    assert rule == {"apiGroups": [""], "resources": ["pods"], "verbs": ["patch"]}
    [subject] = found["RoleBinding"]["subjects"]
    names = {found[kind]["metadata"]["name"] for kind in ("Role", "RoleBinding", "ServiceAccount")}
    names |= {found["RoleBinding"]["roleRef"]["name"], subject["name"], pod(found)["serviceAccountName"]}
    assert names == {"desk"}
    [container] = pod(found)["containers"]
    fields = {one["name"]: one.get("valueFrom", one.get("value")) for one in container["env"]}
    assert fields["AGENTRUN_POD_DELETION_COST"] == "true"
    assert fields[api.POD] == {"fieldRef": {"fieldPath": "metadata.name"}}
    assert fields[api.NAMESPACE] == {"fieldRef": {"fieldPath": "metadata.namespace"}}
    mounts = {one["name"]: one["mountPath"] for one in container["volumeMounts"]}
    assert mounts["account"] == str(api.ACCOUNT)
    [account] = [one["projected"]["sources"] for one in pod(found)["volumes"] if one["name"] == "account"]
    assert account[0]["serviceAccountToken"]["path"] == "token"
    assert account[1]["configMap"]["items"] == [{"key": "ca.crt", "path": "ca.crt"}]


def test_manifests_refer_to_secrets_and_hold_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret")
    found = manifests(tmp_path)
    [container] = pod(found)["containers"]
    by_name = {one["name"]: one for one in container["env"]}
    for name in ("OPENAI_API_KEY", "TWILIO_AUTH_TOKEN", "AGENTRUN_API_KEY", "AGENTRUN_RECORDS"):
        assert by_name[name]["valueFrom"]["secretKeyRef"]["name"] == "desk-secrets"
    assert "sk-very" not in str(found)


def test_it_is_nobody_and_writes_nowhere_but_to_its_volumes(tmp_path: Path) -> None:
    spec = pod(manifests(tmp_path))
    [container] = spec["containers"]
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["automountServiceAccountToken"] is False
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}


def test_only_agents_can_be_reached_from_outside(tmp_path: Path) -> None:
    found = manifests(tmp_path, plan_of(tmp_path, "desk"), plan_of(tmp_path, "billing"))
    [rule] = found["Ingress"]["spec"]["rules"]
    assert [one["path"] for one in rule["http"]["paths"]] == ["/desk/", "/billing/"]
    assert rule["host"] == "voice.example.com"


def test_a_full_replica_has_a_webhook_asked_of_another_and_nothing_else(tmp_path: Path) -> None:
    found = manifests(tmp_path, plan_of(tmp_path, "desk"), plan_of(tmp_path, "room", "daily"))
    webhooks = found["Ingress-webhooks"]
    [rule] = webhooks["spec"]["rules"]
    assert [(one["path"], one["pathType"]) for one in rule["http"]["paths"]] == [
        (f"/desk/twilio/{route}", "Exact") for route in ("voice", "resume", "transferred")
    ]
    again = "nginx.ingress.kubernetes.io/proxy-next-upstream"
    assert "http_503 non_idempotent" in webhooks["metadata"]["annotations"][again]
    assert again not in found["Ingress"]["metadata"]["annotations"]
    [container] = pod(found)["containers"]
    environ = {one["name"]: one.get("value") for one in container["env"]}
    assert (environ["AGENTRUN_CAPACITY"], environ["AGENTRUN_WHEN_FULL"]) == ("10", "503")
    assert "AGENTRUN_MAX_CALLS" not in environ, "it would be for all replicas together"


def test_applying_again_leaves_the_number_of_replicas_to_the_autoscaler(tmp_path: Path) -> None:
    assert "replicas" not in manifests(tmp_path)["Deployment"]["spec"]


@pytest.mark.parametrize(("transport", "media"), [("twilio", False), ("daily", True), ("local", True)])
def test_sound_over_webrtc_is_let_out_where_there_is_some(
    tmp_path: Path, transport: str, media: bool
) -> None:
    rules = manifests(tmp_path, plan_of(tmp_path, transport=transport))["NetworkPolicy"]["spec"]["egress"]
    ports = [port for rule in rules for port in rule.get("ports", ())]
    assert any(port.get("endPort") for port in ports) is media
    turn = {("TCP", 3478), ("TCP", 5349), ("UDP", 443)}
    assert (turn <= {(port["protocol"], port["port"]) for port in ports}) is media


@pytest.mark.parametrize("name", ["agentrun", "desk"])
def test_no_service_of_the_namespace_gives_the_server_options(tmp_path: Path, name: str) -> None:
    """A Service called `agentrun` would set AGENTRUN_PORT=tcp://…, before the image's own."""
    assert pod(manifests(tmp_path, called=name))["enableServiceLinks"] is False


def test_the_alerts_are_those_of_compose(tmp_path: Path) -> None:
    wanted = deployment(tmp_path, public_url=URL)
    rule = yaml.safe_load(files.files(wanted)["kubernetes/prometheusrule.yaml"])
    assert rule["spec"] == yaml.safe_load(compose.files(wanted)["alerts.yml"])


@pytest.mark.parametrize(
    ("calls", "expected"), [(None, (2, 10)), (1, (2, 3)), (100, (2, 16)), (2_000, (2, 287))]
)
def test_replicas_for_so_many_calls(calls: int | None, expected: tuple[int, int]) -> None:
    assert files.replicas(calls) == expected


@pytest.mark.parametrize(
    ("transport", "more", "where"),
    [
        ("{type: local, device: microphone}", "", "transport.device"),
        ("{type: daily, room_url: 'https://example.daily.co/desk'}", "", "transport.room_url"),
        ("twilio", "record: {audio: recordings/}\n", "record.audio.to"),
    ],
)
def test_what_replicas_cannot_do_is_refused(tmp_path: Path, transport: str, more: str, where: str) -> None:
    found = list(server_checks.replicated(plan_of(tmp_path, transport=transport, more=more), {}))
    assert [one.where for one in found] == [where]


@pytest.mark.needs(KUBECTL is not None, "kubectl, for kustomize")
def test_kustomize_takes_the_folder(tmp_path: Path) -> None:
    made = files.files(deployment(tmp_path, public_url=URL))
    for name, text in made.items():
        if name.startswith("kubernetes/"):
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_bytes(text)
    command = [str(KUBECTL), "kustomize", str(tmp_path / "kubernetes")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert len(list(yaml.safe_load_all(done.stdout))) == 10


@pytest.mark.needs(KUBECTL is not None, "kubectl, for kustomize")
@pytest.mark.slow
def test_the_secret_is_made_of_what_was_filled_in(tmp_path: Path) -> None:
    made = files.files(deployment(tmp_path, public_url=URL))
    (tmp_path / "kustomization.yaml").write_bytes(made["kustomization.yaml"])
    (tmp_path / "secrets.env").write_text("# the model\nOPENAI_API_KEY=sk-1\n\nAGENTRUN_API_KEY=a=b\n")
    command = [str(KUBECTL), "kustomize", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    secret = yaml.safe_load(done.stdout)
    assert (secret["kind"], secret["metadata"]["name"]) == ("Secret", "desk-secrets")
    assert set(secret["data"]) == {"OPENAI_API_KEY", "AGENTRUN_API_KEY"}


def test_what_belongs_to_another_replicas_call_can_be_handed_on(tmp_path: Path) -> None:
    """A browser's later requests come to any replica; each is asked at a port that it tells the others."""
    found = manifests(tmp_path, plan_of(tmp_path, transport="local"))
    [host] = [one for one in pod(found)["containers"][0]["env"] if one["name"] == "AGENTRUN_PRIVATE_HOST"]
    assert host["valueFrom"] == {"fieldRef": {"fieldPath": "status.podIP"}}
    policy, own = found["NetworkPolicy"]["spec"], {"matchLabels": {"app.kubernetes.io/name": "desk"}}
    assert {"from": [{"podSelector": own}]} in policy["ingress"]
    assert {"to": [{"podSelector": own}]} in policy["egress"]


def test_an_image_that_no_cluster_can_pull_is_said(tmp_path: Path) -> None:
    said = [TARGETS["kubernetes"].remarks(deployment(tmp_path, public_url=URL, image=image))[0]
            for image in (None, "registry.example.com/desk:1")]  # fmt: skip
    assert "add --image REGISTRY/desk:" in said[0]
    assert "registry" not in said[1]
