"""The chart: rendered by Helm for good and bad values, and held against Kubernetes' schemas."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from agentrun.deploy.deployment import PAGE_PATHS
from agentrun.deploy.helm import files
from tests.deploy.places import deployment, plan_of
from tests.deploy.test_kubernetes import URL, VERSION, manifests, pod

pytestmark = [
    pytest.mark.slow,
    pytest.mark.needs(find_spec("helm_python") is not None, "Helm's bindings: helm-python-sdk"),
]
Manifests = dict[str, dict[str, Any]]
CUSTOM = ("PrometheusRule", "ScaledObject", "ServiceMonitor")
GOOD: dict[str, dict[str, Any]] = {
    "as it is": {},
    "many calls": {"calls": 2_000},
    "replicas as given": {"calls": 2_000, "replicas": {"max": 40}},
    "a fixed number": {"autoscaling": {"kind": "none"}, "replicas": {"min": 3}},
    "keda": {
        "autoscaling": {"kind": "keda"},
        "serviceMonitor": {"enabled": True, "labels": {"release": "p"}},
    },
    "a query of one's own": {"autoscaling": {"kind": "keda", "query": 'sum(agentrun_calls_active{job="x"})'}},
    "longer calls": {"longestCall": 7_200, "terminationGracePeriodSeconds": 9_000},
    "another ingress": {
        "ingress": {"className": "traefik", "annotations": {"a.example/b": "c"}, "tlsSecret": "t"}
    },
    "nothing but replicas": {
        "ingress": {"enabled": False},
        "networkPolicy": {"enabled": False},
        "podDisruptionBudget": {"enabled": False},
        "migration": {"enabled": False},
        "podDeletionCost": False,
    },
    "values of an older release": {
        "migration": {"deadline": None},
        **dict.fromkeys(
            ("pages", "podAnnotations", "prometheusRule", "serviceAccount", "volumeMounts", "volumes")
        ),
    },
    "a place of its own": {
        "pages": True,
        "nodeSelector": {"pool": "voice"},
        "tolerations": [{"key": "voice", "operator": "Exists"}],
        "affinity": {"nodeAffinity": {}},
        "priorityClassName": "voice",
        "podAnnotations": {"example.com/team": "voice"},
        "volumes": [{"name": "root", "secret": {"secretName": "database-root"}}],
        "volumeMounts": [{"name": "root", "mountPath": "/etc/database", "readOnly": True}],
        "serviceAccount": {"annotations": {"eks.amazonaws.com/role-arn": "arn:aws:iam::1:role/voice"}},
        "prometheusRule": {"enabled": True, "labels": {"release": "p"}},
        "imagePullSecrets": [{"name": "registry"}],
        "resources": {"limits": {"memory": "4Gi"}},
        "migration": {"deadline": 3_600},
        "settings": {"AGENTRUN_LOG_LEVEL": "DEBUG", "AGENTRUN_MAX_CALLS": 500},
        "networkPolicy": {"media": True, "ports": [443, 6432]},
        "podDisruptionBudget": {"maxUnavailable": "20%"},
        "image": "registry.example.com:5000/desk@sha256:" + "0" * 64,
    },
}
BAD: dict[str, tuple[dict[str, Any], str]] = {
    "a grace that is too short": ({"terminationGracePeriodSeconds": 1_874}, "make 1875"),
    "calls that are cut short": ({"longestCall": 600}, "let a call last 1800 s"),
    "fewer than the least": ({"replicas": {"min": 4, "max": 3}}, "Give max 4 or more"),
    "a telephone of nobody": (
        {"telephone": ["billing"]},
        "telephone names 'billing', which is none of agents: desk",
    ),
    "a key that there is not": ({"replica": 3}, "'replica'"),
    "a key that there is not, within": ({"ingress": {"host": "x"}}, "'host'"),
    "no address": ({"publicUrl": "voice.example.com"}, "/publicUrl"),
    "an image without a tag": ({"image": "registry.example.com:5000/desk"}, "/image"),
    "a secret in the settings": ({"settings": {"AGENTRUN_API_KEY": "hunter2"}}, "AGENTRUN_API_KEY"),
    "a setting of the chart's own": ({"settings": {"AGENTRUN_DRAIN": "10s"}}, "AGENTRUN_DRAIN"),
    "a secret's value": (
        {"secret": {"variables": {"OPENAI_API_KEY": "sk-1"}}},
        "/secret/variables/OPENAI_API_KEY",
    ),
    "a text for a number": ({"callsPerReplica": "ten"}, "/callsPerReplica"),
    "no calls": ({"calls": 0}, "/calls"),
    "a cost that is no yes or no": ({"podDeletionCost": 7}, "/podDeletionCost"),
    "a migration without time": ({"migration": {"enabled": True, "deadline": 5}}, "/migration/deadline"),
    "another autoscaler": ({"autoscaling": {"kind": "vpa"}}, "/autoscaling/kind"),
    "nobody who may ask": ({"networkPolicy": {"namespaces": []}}, "/networkPolicy/namespaces"),
    "a volume of the chart's own": ({"volumes": [{"name": "data", "emptyDir": {}}]}, "/volumes/0/name"),
    "every replica at once": ({"podDisruptionBudget": {"maxUnavailable": "100%"}}, "maxUnavailable"),
}


def helm(folder: Path, values: list[dict[str, Any]], **given: Any) -> dict[str, Any]:
    """What Helm makes of the chart of an agent, which is written to ``folder``."""
    contents = files.files(deployment(folder, public_url=URL, **given))
    for name, content in contents.items():
        path = folder / "out" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    command = [sys.executable, "-m", "tests.deploy.helm_program"]
    asked = json.dumps({"chart": str(folder / "out" / "chart"), "values": values})
    done = subprocess.run(command, input=asked, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Every set of values by its name, and the lint."""
    values = [*GOOD.values(), *(one for one, _ in BAD.values())]
    answer = helm(tmp_path_factory.mktemp("helm"), values)
    return {"lint": answer["lint"], **dict(zip((*GOOD, *BAD), answer["rendered"], strict=True))}


def by_kind(answer: dict[str, Any]) -> Manifests:
    assert "refused" not in answer, answer["refused"]
    texts = [text for name, text in answer["manifests"].items() if name.endswith(".yaml")]
    documents = [one for text in texts for one in yaml.safe_load_all(text) if one]
    return {name_of(one): one for one in documents}


def name_of(manifest: dict[str, Any]) -> str:
    """Its kind, and what its name has more than the agent's."""
    return f"{manifest['kind']}{manifest['metadata']['name'].removeprefix('desk')}"


def without_helms_labels(value: Any) -> Any:
    """What a manifest says, whoever applies it."""
    if isinstance(value, list):
        return [without_helms_labels(one) for one in value]
    if not isinstance(value, dict):
        return value
    ours = ("app.kubernetes.io/instance", "app.kubernetes.io/managed-by", "helm.sh/chart")
    entries = {key: without_helms_labels(one) for key, one in value.items() if key not in ours}
    if isinstance(entries.get("labels"), dict):
        entries["labels"].pop("app.kubernetes.io/version", None)
    if "env" in entries:
        entries["env"] = sorted(entries["env"], key=lambda one: str(one["name"]))
    entries.pop("imagePullPolicy", None)
    return entries


def test_the_lint_finds_nothing(answers: dict[str, Any]) -> None:
    lint = answers["lint"]
    assert lint["errors"] == []
    assert [one["error"] for one in lint["messages"]] == ["icon is recommended"]


@pytest.mark.parametrize("name", GOOD)
def test_good_values_give_manifests_that_are_valid_to_the_letter(answers: dict[str, Any], name: str) -> None:
    rendered = by_kind(answers[name])
    assert {"Deployment", "Service"} <= set(rendered)
    for one in rendered.values():
        if one["kind"] not in CUSTOM:
            kubernetes_validate.validate(one, VERSION, strict=True)


@pytest.mark.parametrize("name", BAD)
def test_bad_values_are_refused_with_what_is_wrong(answers: dict[str, Any], name: str) -> None:
    refused = answers[name].get("refused")
    assert refused, "Helm took them"
    assert BAD[name][1] in refused


@pytest.mark.parametrize("calls", [None, 1, 2_000])
def test_the_chart_says_what_the_manifests_say(tmp_path: Path, calls: int | None) -> None:
    plain = manifests(tmp_path, calls=calls)
    watched = {"serviceMonitor": {"enabled": True}, "prometheusRule": {"enabled": True}}
    [answer] = helm(tmp_path, [watched], calls=calls)["rendered"]
    rendered = by_kind(answer)
    job = rendered.pop("Job-migration")["spec"]["template"]["spec"]["containers"][0]
    [step] = pod(plain).pop("initContainers")
    assert (step["command"], step["resources"]) == (job["command"], job["resources"])
    assert set(rendered) == set(plain) - {"Kustomization"}
    rule = json.dumps(rendered["PrometheusRule"])
    assert rule.count('job=\\"desk\\",namespace=\\"voice\\"') == rule.count("job=") > 20
    rendered["PrometheusRule"] = json.loads(rule.replace(',namespace=\\"voice\\"', ""))
    for name, manifest in rendered.items():
        assert without_helms_labels(manifest) == without_helms_labels(plain[name]), name


def test_nothing_is_there_that_was_turned_off(answers: dict[str, Any]) -> None:
    kinds = set(by_kind(answers["nothing but replicas"]))
    assert kinds == {"Deployment", "Service", "HorizontalPodAutoscaler"}
    bare = by_kind(answers["nothing but replicas"])["Deployment"]["spec"]["template"]["spec"]
    assert "serviceAccountName" not in bare
    assert [one["name"] for one in bare["volumes"]] == ["data", "tmp"]
    fixed = by_kind(answers["a fixed number"])
    assert fixed["Deployment"]["spec"]["replicas"] == 3
    assert "HorizontalPodAutoscaler" not in fixed
    assert "replicas" not in by_kind(answers["as it is"])["Deployment"]["spec"], (
        "an upgrade would undo the autoscaler"
    )


def test_keda_asks_for_the_calls_of_this_release(answers: dict[str, Any]) -> None:
    rendered = by_kind(answers["keda"])
    scaled, plain = rendered["ScaledObject"]["spec"], by_kind(answers["as it is"])["HorizontalPodAutoscaler"]
    [trigger] = scaled["triggers"]
    assert trigger["metadata"]["query"] == 'sum(agentrun_calls_active{namespace="voice",service="desk"})'
    assert trigger["metadata"]["threshold"] == "7"
    assert scaled["advanced"]["horizontalPodAutoscalerConfig"]["behavior"] == plain["spec"]["behavior"]
    assert (scaled["minReplicaCount"], scaled["maxReplicaCount"]) == (2, 10)
    assert rendered["ServiceMonitor"]["metadata"]["labels"]["release"] == "p"
    [own] = by_kind(answers["a query of one's own"])["ScaledObject"]["spec"]["triggers"]
    assert own["metadata"]["query"] == 'sum(agentrun_calls_active{job="x"})'


def test_the_migration_comes_first_and_gets_no_calls(answers: dict[str, Any]) -> None:
    rendered = by_kind(answers["as it is"])
    job = rendered["Job-migration"]
    assert job["metadata"]["annotations"]["helm.sh/hook"] == "pre-install,pre-upgrade"
    [container] = job["spec"]["template"]["spec"]["containers"]
    assert container["command"] == ["agentrun", "calls", "migrate"]
    selected = rendered["Service"]["spec"]["selector"].items()
    assert not selected <= job["spec"]["template"]["metadata"]["labels"].items()
    assert selected <= rendered["Deployment"]["spec"]["template"]["metadata"]["labels"].items()


def test_the_migration_knows_where_the_tables_are_and_runs_where_the_replicas_do(
    answers: dict[str, Any],
) -> None:
    job = by_kind(answers["a place of its own"])["Job-migration"]["spec"]
    assert job["activeDeadlineSeconds"] == 3_600
    older = by_kind(answers["values of an older release"])["Job-migration"]["spec"]
    assert older["activeDeadlineSeconds"] == 300
    pod = job["template"]["spec"]
    assert {"name": "AGENTRUN_LOG_LEVEL", "value": "DEBUG"} in pod["containers"][0]["env"]
    replicas = by_kind(answers["a place of its own"])["Deployment"]["spec"]["template"]["spec"]
    for key in ("affinity", "nodeSelector", "tolerations", "imagePullSecrets"):
        assert pod[key] == replicas[key], key
    for one in (pod, replicas):
        assert {"name": "root", "secret": {"secretName": "database-root"}} in one["volumes"]
        assert "/etc/database" in [each["mountPath"] for each in one["containers"][0]["volumeMounts"]]


def test_replicas_are_whom_the_cloud_knows_and_nobody_else_may_patch_pods(tmp_path: Path) -> None:
    account = {"annotations": {"eks.amazonaws.com/role-arn": "arn"}}
    values = {"podDeletionCost": False, "serviceAccount": account}
    rendered = by_kind(helm(tmp_path, [values])["rendered"][0])
    assert rendered["ServiceAccount"]["metadata"]["annotations"] == account["annotations"]
    assert rendered["Deployment"]["spec"]["template"]["spec"]["serviceAccountName"] == "desk"
    assert not {"Role", "RoleBinding"} & set(rendered)


def test_a_longer_call_gets_its_time_everywhere(answers: dict[str, Any]) -> None:
    rendered = by_kind(answers["longer calls"])
    pod = rendered["Deployment"]["spec"]["template"]["spec"]
    assert pod["terminationGracePeriodSeconds"] == 9_000
    assert {"name": "AGENTRUN_DRAIN", "value": "7200s"} in pod["containers"][0]["env"]
    annotations = rendered["Ingress"]["metadata"]["annotations"]
    assert annotations["nginx.ingress.kubernetes.io/proxy-read-timeout"] == "7260"


def test_another_ingress_gets_no_annotations_of_nginx(answers: dict[str, Any]) -> None:
    rendered = by_kind(answers["another ingress"])
    assert rendered["Ingress"]["metadata"]["annotations"] == {"a.example/b": "c"}
    assert "Ingress-webhooks" not in rendered


def test_pages_reach_what_their_client_asks_for(answers: dict[str, Any]) -> None:
    assert paths(by_kind(answers["a place of its own"])) == ["/desk/", *PAGE_PATHS]
    assert paths(by_kind(answers["values of an older release"])) == ["/desk/"]


def paths(rendered: Manifests) -> list[str]:
    return [one["path"] for one in rendered["Ingress"]["spec"]["rules"][0]["http"]["paths"]]


def test_an_agent_without_a_telephone_has_no_webhooks(tmp_path: Path) -> None:
    contents = files.files(deployment(tmp_path, plan_of(tmp_path, transport="daily"), public_url=URL))
    assert yaml.safe_load(contents["chart/values.yaml"])["telephone"] == []


def test_the_chart_and_the_secret_come_in_an_order_that_works(tmp_path: Path) -> None:
    lines = files.commands(deployment(tmp_path, public_url=URL))
    assert [line[0] for line in lines] == ["docker", "docker", "kubectl", "helm"]
    assert lines[-1][:5] == ["helm", "upgrade", "--install", "desk", "chart"]
