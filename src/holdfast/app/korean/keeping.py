"""What is kept and what goes: retention, holds, the forecast."""

from collections.abc import Mapping

KEEPING: Mapping[str, str] = {
    "delete footage that is older, such as 30d (default: nothing is deleted)": (
        "이보다 오래된 영상을 삭제. 예: 30d (기본값: 아무것도 삭제하지 않음)"
    ),
    "delete the oldest before less is free on a disk, such as 5%% or 20G (default: nothing is deleted)": (
        "디스크의 빈 공간이 이보다 줄기 전에 가장 오래된 영상부터 삭제. 예: 5%% 또는 20G (기본값: 아무것도 삭제하지 "
        "않음)"
    ),
    "Say what would be deleted now, and how long footage lasts.": (
        "지금 무엇이 삭제될지, 영상이 며칠 동안 남는지 보여 줍니다."
    ),
    "what would go now, and why; nothing is done": "지금 삭제될 영상과 그 이유. 실제로 삭제하지는 않음",
    "how many days fit at today's rate, and when a limit is reached": (
        "오늘의 속도로 며칠분이 들어가는지, 언제 한계에 닿는지"
    ),
    "Keep a range of a camera from being deleted until it is released.": (
        "카메라의 한 구간을 해제할 때까지 삭제되지 않게 보존합니다."
    ),
    "from then on: 2026-11-26, '2026-11-26 14:30' or, for two hours ago, 2h": (
        "이때부터: 2026-11-26, '2026-11-26 14:30' 또는 두 시간 전이면 2h"
    ),
    "up to then; it may lie in the future": "이때까지. 미래여도 됨",
    "why; it is shown with the hold": "이유. 보존 목록에 함께 표시됨",
    "List what is held.": "보존 중인 구간을 나열합니다.",
    "End a hold: its footage may be deleted again.": "보존을 해제합니다. 그 영상은 다시 삭제될 수 있습니다.",
    "id of the hold, or its beginning": "보존 ID 또는 그 앞부분",
    "{text!r} is no age; write 30d or 12h": "{text!r}: 기간이 아닙니다. 30d 또는 12h처럼 쓰십시오",
    "{text!r} is no free space; write 5% or 20G": "{text!r}: 빈 공간이 아닙니다. 5% 또는 20G처럼 쓰십시오",
    "--max-age is less than the length of a file (--segment).": "--max-age가 파일 길이(--segment)보다 짧습니다.",
    "--reason needs 1 to {most} letters.": "--reason에는 1자에서 {most}자까지 써야 합니다.",
    "Nothing lies in between: --from must be before --to.": "구간이 비어 있습니다. --from이 --to보다 앞서야 합니다.",
    "Held until it is released: {id}": "해제할 때까지 보존합니다: {id}",
    "Kept of {camera}: {files} files, {size}.": "{camera}의 파일 {files}개({size})를 보존합니다.",
    "A part of this range had been deleted before: holdfast gaps shows it.": (
        "이 구간의 일부는 이미 삭제되었습니다. holdfast gaps로 볼 수 있습니다."
    ),
    "What is recorded until {moment} is kept, too.": "{moment}까지 녹화되는 영상도 보존합니다.",
    "The catalog did not take the hold: nothing is held. See its log.": (
        "카탈로그가 보존을 받아들이지 않았습니다. 보존된 것이 없습니다. 로그를 보십시오."
    ),
    "Hold": "보존",
    "Reason": "이유",
    "1 hold": "보존 1개",
    "{count} holds": "보존 {count}개",
    "There is no hold {id}. To see all of them: holdfast holds": (
        "보존 {id}이(가) 없습니다. 모두 보려면: holdfast holds"
    ),
    "Several holds begin like this: {ids}. Write more of the id.": (
        "이렇게 시작하는 보존이 여럿입니다: {ids}. ID를 더 길게 쓰십시오."
    ),
    "Released: {camera}, {begin} to {end}. Its footage may be deleted again.": (
        "해제했습니다: {camera}, {begin}부터 {end}까지. 이 영상은 다시 삭제될 수 있습니다."
    ),
    "{camera} was never recorded here. Known are: {cameras}": (
        "{camera}: 여기에서 녹화된 적이 없습니다. 알려진 카메라: {cameras}"
    ),
    "There are {count} holds already. Release some.": "보존이 이미 {count}개입니다. 몇 개를 해제하십시오.",
    "There is nothing to hold: of {camera} nothing was recorded between {begin} and {end}.": (
        "보존할 것이 없습니다. {camera}은(는) {begin}부터 {end}까지 녹화된 것이 없습니다."
    ),
    "Nothing was changed: {trouble}": "바뀐 것이 없습니다: {trouble}",
    "Ask for one of them: --plan or --forecast.": "--plan과 --forecast 가운데 하나만 쓰십시오.",
    "By which rules? No recorder runs here: name them (--max-age, --min-free) or a configuration (--config).": (
        "어떤 규칙입니까? 여기에서 실행 중인 녹화기가 없습니다. 규칙(--max-age, --min-free)이나 구성 파일(--config)을 "
        "지정하십시오."
    ),
    "Volume {name} does not answer: it is left out.": "볼륨 {name}: 응답하지 않아 제외합니다.",
    "Rules: {rules}": "규칙: {rules}",
    "Nothing is deleted by itself.": "저절로 삭제되는 것은 없습니다.",
    "Would go now: {count} files, {size}. Nothing was done.": (
        "지금 삭제될 것: 파일 {count}개, {size}. 아무것도 삭제하지 않았습니다."
    ),
    "{count} of them before their max_age, because there is no room for them.": (
        "그중 {count}개는 자리가 없어 max_age보다 일찍 삭제됩니다."
    ),
    "Why": "이유",
    "A day": "하루",
    "There": "현재",
    "Days there": "현재 일수",
    "Days kept": "보관 일수",
    "Limited by": "제한",
    "Stays free": "비워 둘 공간",
    "Days that fit": "들어가는 일수",
    "Limit reached": "한계까지",
    "room": "공간",
    "reached": "도달함",
    "{days:.1f} d": "{days:.1f}일",
    "{camera}: {wanted} are wanted, and there is room for {days}: footage goes earlier.": (
        "{camera}: {wanted} 보관을 원하지만 {days}분의 공간만 있어 영상이 더 일찍 삭제됩니다."
    ),
    "limit not kept": "한도 초과",
}
"""By the key of `say`."""

KEEPING_TOLD: Mapping[str, str] = {
    "It is older than {age}.": "{age}보다 오래되었습니다.",
    "{camera} has {used}, and its quota is {quota}.": "{camera}의 용량은 {used}이고 한도는 {quota}입니다.",
    "Volume {name} has {free} free and loses {falls} a second; {limit} are to stay free.": (
        "볼륨 {name}의 빈 공간은 {free}이고 1초에 {falls}씩 줄어듭니다. {limit}를 비워 두어야 합니다."
    ),
    (
        "The quota of {quota} cannot be kept: there are {used}, and what is left is held or being written. Release a "
        "hold, or allow more."
    ): (
        "한도 {quota}을(를) 지킬 수 없습니다. 현재 {used}이고, 남은 것은 보존 중이거나 녹화 중입니다. 보존을 "
        "해제하거나 한도를 늘리십시오."
    ),
    (
        "{limit} cannot be kept free: {free} are, and what is left is held, being "
        "written, or not of this recorder. Free "
        "some space, or release a hold. Recording goes on as long as there is room."
    ): (
        "빈 공간 {limit}을(를) 유지할 수 없습니다. 지금은 {free}이고, 남은 것은 보존 중이거나 녹화 중이거나 이 "
        "녹화기의 것이 아닙니다. 공간을 비우거나 보존을 해제하십시오. 자리가 있는 동안 녹화는 계속됩니다."
    ),
    "min_free = {wanted} is as much as volume {name} has in all ({total}): all of it would go.": (
        "min_free = {wanted}: 볼륨 {name}의 전체 크기({total}) 이상이므로 모든 영상이 삭제됩니다."
    ),
    (
        "The quotas add up to {quotas}, and the volumes have {total}, of which {free} "
        "stay free. Lower quotas, or add a "
        "disk."
    ): (
        "한도의 합이 {quotas}인데 볼륨은 모두 {total}이고 그중 {free}은(는) 비워 둡니다. 한도를 낮추거나 디스크를 "
        "추가하십시오."
    ),
    'min_free = {value} must be a size or a part: "20G", "5%", or both: "5%, 20G".': (
        'min_free = {value}: 크기나 비율로 써야 합니다. "20G", "5%" 또는 둘 다 "5%, 20G".'
    ),
    "{key} means nothing without a table [retention]: nothing is ever deleted. Write [retention].": (
        "{key}: [retention] 표가 없으면 아무것도 삭제하지 않으므로 의미가 없습니다. [retention]을 쓰십시오."
    ),
    "max_age = {age} is less than the length of a file ({segment}): a file goes as a whole.": (
        "max_age = {age}: 파일 길이({segment})보다 짧습니다. 파일은 통째로 삭제됩니다."
    ),
}
"""By English text, or by template with named holes."""
