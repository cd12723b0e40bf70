"""What `holdfast timeline` says."""

from collections.abc import Mapping

TIMELINE: Mapping[str, str] = {
    "Show when there is footage, and when it is missing and why.": (
        "영상이 있는 시간과, 빠진 시간 및 그 원인을 보여 줍니다."
    ),
    "only this camera (may be repeated)": "이 카메라만(여러 번 쓸 수 있음)",
    "from then on: 2026-11-26, '2026-11-26 14:30' or, for two hours ago, 2h (default: today)": (
        "이 시각부터: 2026-11-26, '2026-11-26 14:30', 두 시간 전은 2h(기본값: 오늘)"
    ),
    "up to then": "이 시각까지",
    "cut the time into N equal parts (default: as many as the terminal has room for)": (
        "시간을 N개의 같은 칸으로 나눕니다(기본값: 터미널에 들어가는 만큼)"
    ),
    "as JSON: every run, file and gap; with --cells a line per camera": (
        "JSON으로: 모든 연속 구간, 파일, 빠진 구간. --cells와 함께 쓰면 카메라마다 한 줄"
    ),
    "{text!r} is no number of cells; write one from 1 to {most}": (
        "{text!r}: 칸 수가 아닙니다. 1에서 {most} 사이의 수를 쓰십시오"
    ),
    "Nothing lies in between: --from must be before --to, and both after 1970.": (
        "사이에 아무 시간도 없습니다. --from은 --to보다 앞서야 하고, 둘 다 1970년 이후여야 합니다."
    ),
    "Too many cells for so many cameras: ask for fewer with --cells.": (
        "카메라 수에 비해 칸이 너무 많습니다. --cells로 더 적게 지정하십시오."
    ),
    "There is no camera {camera} here: nothing was recorded yet.": (
        "여기에는 {camera} 카메라가 없습니다. 아직 녹화된 것이 없습니다."
    ),
    "There is no camera {camera} here. Known: {cameras}.": (
        "여기에는 {camera} 카메라가 없습니다. 있는 카메라: {cameras}."
    ),
    "Nothing was recorded here yet.": "아직 녹화된 것이 없습니다.",
    "{begin} to {end}": "{begin}부터 {end}까지",
    "recorded": "녹화됨",
    "recorded in part": "일부 녹화됨",
    "partly missing": "일부 빠짐",
    "mostly missing": "대부분 빠짐",
    "nothing wanted": "녹화 대상 아님",
}

TIMELINE_TOLD: Mapping[str, str] = {
    "from_ns and to_ns must be nanoseconds since 1970, from_ns the earlier one": (
        "from_ns와 to_ns는 1970년 이후의 나노초여야 하고, from_ns가 앞서야 합니다"
    ),
    "at most {most} cameras may be named": "카메라는 {most}대까지 지정할 수 있습니다",
    "cells must be a number from 1 to {most}": "cells는 1에서 {most} 사이의 수여야 합니다",
    "too many cells: ask for fewer, or for fewer cameras": ("칸이 너무 많습니다. 칸이나 카메라를 더 적게 지정하십시오"),
    "the catalog does not answer in time: ask for less, or later": (
        "카탈로그가 제때 응답하지 않습니다. 더 적게 요청하거나 나중에 다시 요청하십시오"
    ),
}
