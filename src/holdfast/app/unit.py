"""`holdfast serve --unit`: the service for systemd, with the paths of this installation."""

import os
import pwd
import sys
from collections.abc import Iterable
from pathlib import Path

from holdfast.config.settings import Settings

SERVICE_USER = "holdfast"
HOMES = (Path("/home"), Path("/root"), Path("/run/user"))
"""What ProtectHome= hides (systemd.exec(5))."""
READ_ONLY = (Path("/usr"), Path("/boot"), Path("/efi"), Path("/etc"))
"""What ProtectSystem=full makes read-only."""
TEMPLATE = """\
# Made by `holdfast serve --unit`. To install: docs/guide/service.md.
[Unit]
Description=Holdfast network video recorder
After=network.target local-fs.target
# No RequiresMountsFor=: systemd would stop the recorder when a disk is pulled. It copes with that by itself.
# However often it dies, it is started again.
StartLimitIntervalSec=0

[Service]
Type=notify
NotifyAccess=main
User={user}
ExecStart={command}
ExecReload=kill -HUP $MAINPID

Restart=always
RestartSec=100ms
# A configuration that cannot be used, missing software: these need a person.
RestartPreventExitStatus=2 3
TimeoutStartSec=60
# The event loop says every half of this that it turns. On SIGABRT it says where it stood.
WatchdogSec=15
# An orderly end makes every file final: a second or two, longer when a disk does not answer.
TimeoutStopSec=45
# SIGTERM for the service, which ends its workers in order; whatever outlives it is killed.
KillMode=mixed

StateDirectory=holdfast
StateDirectoryMode=0700
UMask=0027
LimitNOFILE=65536
# A dump of memory would hold passwords and footage.
LimitCORE=0
OOMScoreAdjust=-500

# No volume may be named here, with ReadWritePaths= or otherwise: it would be mounted a second time for the service
# alone, which then would not notice that the disk was unmounted, and keep it busy. Hence no ProtectSystem=strict.
# PrivateTmp= would hide the control socket, PrivateDevices= the identity of disks; MemoryDenyWriteExecute= would stop
# the code that GStreamer makes at run time.
ProtectSystem={protect_system}
{protect_home}NoNewPrivileges=yes
CapabilityBoundingSet=
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
ProtectHostname=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
SystemCallArchitectures=native

[Install]
WantedBy=multi-user.target
"""


def unit_text(config: Path, settings: Settings) -> str:
    """The unit for a configuration at this absolute path."""
    written = [volume.path for volume in settings.volumes]
    if settings.storage.state is not None:
        written.append(settings.storage.state)
    paths = [config, *settings.files, *written, Path(sys.prefix), Path(__file__)]
    return TEMPLATE.format(
        user=_user(),
        command=" ".join(map(quoted, [*program(), "serve", "--config", str(config)])),
        protect_home="" if _any_below(paths, HOMES) else "ProtectHome=yes\n",
        protect_system="no" if _any_below(written, READ_ONLY) else "full",
    )


def program() -> list[str]:
    """How this installation's `holdfast` is started."""
    script = Path(sys.executable).with_name("holdfast")
    return [str(script)] if script.is_file() else [sys.executable, "-m", "holdfast.app.cli"]


def quoted(word: str) -> str:
    """One word of a command line in a unit (systemd.service(5), "Command lines")."""
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{escaped}"' if escaped != word or set(word) & set(" \t'\";") or not word else word


def _user() -> str:
    uid = os.getuid()
    return SERVICE_USER if uid == 0 else pwd.getpwuid(uid).pw_name


def _any_below(paths: Iterable[Path], folders: Iterable[Path]) -> bool:
    known = tuple(folders)
    return any(path.resolve().is_relative_to(folder) for path in paths for folder in known)
