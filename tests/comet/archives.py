"""What an offline experiment of Comet holds, read from its ZIP archive."""

from __future__ import annotations

import json
import zipfile
from dataclasses import dataclass
from pathlib import Path

# Without these an experiment also tells about the machine, the source code and the repository.
QUIET = {
    **dict.fromkeys(("log_code", "log_git_metadata", "log_git_patch", "log_env_details", "parse_args"), False),
    "auto_output_logging": False,
    "display_summary_level": 0,
}


@dataclass
class Archive:
    """One offline experiment. A file is its name, its step, its kind and its bytes."""

    metrics: list[tuple[str, float, int | None]]
    parameters: dict[str, object]
    others: dict[str, object]
    files: list[tuple[str, int | None, str, bytes]]

    def file(self, name: str) -> tuple[int | None, str, bytes]:
        (found,) = [rest for own, *rest in self.files if own == name]
        return tuple(found)


def archives(tmp_path: Path) -> list[Archive]:
    """What each experiment holds, the first to end first."""
    return [
        _read(path) for path in sorted((tmp_path / "comet").glob("*.zip"), key=lambda path: path.stat().st_mtime_ns)
    ]


def sent(tmp_path: Path) -> Archive:
    (archive,) = archives(tmp_path)
    return archive


def _read(path: Path) -> Archive:
    archive = Archive([], {}, {}, [])
    with zipfile.ZipFile(path) as content:
        for line in content.read("messages.json").splitlines():
            message = json.loads(line)
            _sort(message["type"], message["payload"], archive, content)
    return archive


def _sort(kind: str, payload: dict, archive: Archive, content: zipfile.ZipFile) -> None:
    if kind == "metric_msg" and payload["metric"]["metricName"] != "process duration":
        metric = payload["metric"]
        archive.metrics.append((metric["metricName"], metric["metricValue"], metric["step"]))
    elif kind == "parameter_msg" and payload["param"]["source"] == "manual":
        archive.parameters[payload["param"]["paramName"]] = (payload["param"]["paramValue"], payload["param"]["step"])
    elif kind == "log_other":
        archive.others[payload["key"]] = payload["value"]
    elif kind == "ws_msg" and "log_other" in payload:  # older versions of comet_ml
        archive.others[payload["log_other"]["key"]] = payload["log_other"]["val"]
    elif kind == "file_upload":
        about = payload["additional_params"]
        name = about.get("figName") or about["fileName"]
        archive.files.append((name, about["step"], payload["upload_type"], content.read(payload["file_path"])))
