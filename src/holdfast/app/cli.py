"""The command `holdfast`."""

import setproctitle

from holdfast.app.addresses import redact_url
import sys


def _hide_secrets() -> None:
    setproctitle.setproctitle(" ".join(["holdfast", *(redact_url(a) for a in sys.argv[1:])]))


def main() -> int:
    _hide_secrets()
    from holdfast.app.record import RecordOrder, run
    from holdfast.app.addresses import parse_address
    from holdfast.app.folder import usable_folder
    from holdfast.media.pool import PoolSettings
    from holdfast.recorder.supervisor import StreamPlan
    from holdfast.domain.streams import StreamId
    from holdfast.policy.segmenting import SegmentRules
    from pathlib import Path
    import logging

    logging.basicConfig(level=logging.DEBUG)
    root = usable_folder(Path(sys.argv[1]))
    plans = tuple(
        StreamPlan(StreamId(f"cam_{n:02d}"), parse_address(u), rules=SegmentRules(duration_ns=5 * 10**9))
        for n, u in enumerate(sys.argv[3:], 1)
    )
    last = [None]

    def show(s):
        l = [
            (x.camera, str(x.phase), str(x.recording), x.fps, x.bits_per_s, x.file, x.fault_kind, x.next_try_s)
            for x in s
        ]
        print(l)

    return run(RecordOrder(plans, root, PoolSettings(), float(sys.argv[2])), show)


if __name__ == "__main__":
    raise SystemExit(main())
