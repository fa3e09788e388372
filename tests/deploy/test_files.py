"""What can be checked of the container's files with no engine: their form, and that they say what the service says."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from app import settings
from app.main import VERSION
from app.settings import Settings
from deploy.cluster import nginx_binary

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
ARENAS = sorted(name for name in SERVICES if name.startswith("arena-"))
ONE_SHOT = "migrate"


def addresses(name: str) -> list[str]:
    return [each["ipv4_address"] for each in SERVICES[name]["networks"].values() if each]


def test_every_service_is_watched_bounded_and_hardened() -> None:
    assert set(SERVICES) == {"nginx", *ARENAS, ONE_SHOT, "postgres", "valkey"}
    for name, service in SERVICES.items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert {"cpus", "memory"} <= set(service["deploy"]["resources"]["limits"]), name
        assert ("test" in service["healthcheck"]) == (name != ONE_SHOT), name
        assert (service["restart"] == "unless-stopped") == (name != ONE_SHOT), name


def test_arenas_wait_for_the_migrations_and_the_migrations_for_the_database() -> None:
    assert len(ARENAS) >= 2
    for name in ARENAS:
        after = {each: waits["condition"] for each, waits in SERVICES[name]["depends_on"].items()}
        assert after[ONE_SHOT] == "service_completed_successfully"
        assert after["postgres"] == after["valkey"] == "service_healthy"
    assert SERVICES[ONE_SHOT]["command"] == [ONE_SHOT]
    assert list(SERVICES[ONE_SHOT]["depends_on"]) == ["postgres"]
    assert set(SERVICES["nginx"]["depends_on"]) == set(ARENAS)


def test_only_nginx_is_reached_from_outside() -> None:
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["nginx"]
    assert COMPOSE["networks"]["back"]["internal"] is True
    for name in (ONE_SHOT, "postgres", "valkey"):
        assert SERVICES[name]["networks"] == ["back"]


def test_nginx_knows_the_arenas_and_they_believe_nginx_alone() -> None:
    listed = re.findall(r"^server ([\d.]+):8000 ", (ROOT / "deploy/compose/arenas.conf").read_text(), re.MULTILINE)
    assert listed == [address for name in ARENAS for address in addresses(name)]
    for name in ARENAS:
        assert yaml.safe_load(SERVICES[name]["environment"]["ARENA_TRUSTED_PROXIES"]) == addresses("nginx")


def test_settings_in_the_files_are_settings_of_the_service() -> None:
    known = {f"ARENA_{name.upper()}" for name in Settings.model_fields}
    used = {each for name in ARENAS for each in SERVICES[name]["environment"]}
    used |= set(re.findall(r"\bARENA_[A-Z_]+(?==)", DOCKERFILE))
    assert used <= known


def test_secrets_are_files_named_as_settings_and_stand_nowhere_else() -> None:
    for name, secret in COMPOSE["secrets"].items():
        assert secret == {"file": f"./secrets/{name}"}
    for name in (*ARENAS, ONE_SHOT):
        given = set(SERVICES[name]["secrets"])
        assert {each.removeprefix("arena_") for each in given} == {"secret", "database_url"}
        assert not {each.lower() for each in SERVICES[name]["environment"]} & given
    text = (ROOT / "docker-compose.yml").read_text()
    assert not re.search(r"password(?!_file|\b\])\s*[:=]\s*[^{\s]", text, re.IGNORECASE)
    assert "://arena:" not in text
    # And the images hold none: nothing is sent to the engine but what is named.
    assert (ROOT / ".dockerignore").read_text().splitlines()[1] == "*"


def test_the_service_reads_its_secrets_from_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ARENA_SECRET", raising=False)
    (tmp_path / "arena_secret").write_text("s" * 40 + "\n")
    (tmp_path / "arena_database_url").write_text("postgresql+psycopg://arena:word@postgres/arena\n")
    (tmp_path / "postgres_password").write_text("word\n")
    read = Settings(_env_file=None, _secrets_dir=str(tmp_path))
    assert read.signing_secret() == "s" * 40
    assert read.url == "postgresql+psycopg://arena:word@postgres/arena"
    assert str(settings.SECRETS_DIR) == "/run/secrets"
    # What the environment says comes first.
    monkeypatch.setenv("ARENA_SECRET", "e" * 40)
    assert Settings(_env_file=None, _secrets_dir=str(tmp_path)).signing_secret() == "e" * 40


def test_the_image_is_built_by_hash_and_runs_as_nobody_special() -> None:
    stages = [stage.split("\n", 1) for stage in re.split(r"^FROM ", DOCKERFILE, flags=re.MULTILINE)[1:]]
    assert len(stages) == 2
    build, final = (stage[1] for stage in stages)
    assert "--require-hashes -r requirements.lock" in build
    # No image and no index is named by a host.
    assert not [stage[0] for stage in stages if "/" in stage[0]]
    assert "index" not in DOCKERFILE
    assert not re.search(r"apt-get|install -r|gcc", final)
    assert re.search(r"^USER arena$", final, re.MULTILINE)
    assert "HEALTHCHECK" in final
    assert f'image.version="{VERSION}"' in final
    assert SERVICES[ARENAS[0]]["image"].endswith(f":{VERSION}")


def test_every_file_that_the_image_copies_is_sent() -> None:
    sent = {line.removeprefix("!") for line in (ROOT / ".dockerignore").read_text().splitlines() if line[:1] == "!"}
    copied = {
        word for line in re.findall(r"^COPY (?!--from)(.*) \S+$", DOCKERFILE, re.MULTILINE) for word in line.split()
    }
    assert copied == sent
    assert all((ROOT / each).exists() for each in sent)


def test_nginx_accepts_the_files_as_the_container_has_them(tmp_path: Path) -> None:
    binary = nginx_binary()
    if binary is None:
        pytest.skip("nginx is not installed")
    shutil.copy(ROOT / "deploy/nginx.conf", tmp_path)
    shutil.copytree(ROOT / "deploy/compose", tmp_path / "here")
    (tmp_path / "run").mkdir()
    asked = [binary, "-t", "-e", "stderr", "-p", str(tmp_path / "run"), "-c", str(tmp_path / "nginx.conf")]
    done = subprocess.run(asked, capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr
    assert "emerg" not in done.stderr
