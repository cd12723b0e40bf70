"""Backups and deletions by hand: what the commands say, and what is said below them."""

from collections.abc import Mapping

BACKUP_SAID: Mapping[str, str] = {
    "Copy what is new to a folder on another disk, and read it back.": (
        "새로 녹화된 파일을 다른 디스크의 폴더에 복사하고 다시 읽어 확인합니다."
    ),
    "folder of the backup, on a disk of its own": "백업 폴더(별도의 디스크)",
    "only read a backup again, and say what is whole": "백업을 다시 읽어 온전한지만 확인합니다",
    "only this camera (may be repeated)": "이 카메라만 (여러 번 지정할 수 있음)",
    "only footage from then on": "이 시각 이후의 영상만",
    "only footage up to then": "이 시각까지의 영상만",
    "read and write so much in a second at most (default: 20M; with --verify: no limit)": (
        "1초에 읽고 쓰는 양의 한도 (기본값: 20M, --verify에서는 제한 없음)"
    ),
    "remove here what is in the backup, read back and compared, and is neither held nor being written": (
        "백업에 있고 다시 읽어 확인한 파일을 여기에서 제거합니다. 보존 중이거나 녹화 중인 파일은 남깁니다"
    ),
    "begin a new backup where another one was before, whose disk is not there": (
        "이전 백업의 디스크가 없는 자리에서 새 백업을 시작합니다"
    ),
    "also to a disk that is recorded to: it saves from less": (
        "녹화하는 디스크에도 백업합니다. 막을 수 있는 손실이 줄어듭니다"
    ),
    "only say what would be done": "무엇을 할지만 표시합니다",
    "Delete the files of a camera that lie in a range.": "구간 안에 있는 카메라의 파일을 삭제합니다.",
    "from then on: 2026-11-26, '2026-11-26 14:30' or, for two hours ago, 2h": (
        "이 시각부터: 2026-11-26, '2026-11-26 14:30' 또는 두 시간 전이면 2h"
    ),
    "up to then": "이 시각까지",
    "why; it stands in the ledger of gaps": "삭제하는 이유. 빠진 구간 기록에 남습니다",
    "--rate must be at least 64K.": "--rate는 64K 이상이어야 합니다.",
    "Name the folder of the backup with --to, or one to read again with --verify.": (
        "백업 폴더를 --to로 지정하거나, 다시 읽을 백업을 --verify로 지정하십시오."
    ),
    "Nothing lies in between: --from must be before --until.": (
        "두 시각 사이가 비어 있습니다. --from은 --until보다 앞이어야 합니다."
    ),
    "There is no camera {camera} in this catalog. There are: {cameras}.": (
        "이 카탈로그에는 {camera} 카메라가 없습니다. 있는 카메라: {cameras}."
    ),
    "{path} does not answer. Check its disk, its cable, or the network to it.": (
        "{path}: 응답하지 않습니다. 디스크, 케이블, 또는 네트워크를 확인하십시오."
    ),
    "{path} lies in the volume {volume} of a recorder. Choose a folder on another disk.": (
        "{path}: 녹화기의 볼륨 {volume} 안에 있습니다. 다른 디스크의 폴더를 지정하십시오."
    ),
    "{path} and volume {name} ({place}) lie one inside the other. Choose a folder on another disk.": (
        "{path}: 볼륨 {name}({place})와(과) 하나가 다른 하나 안에 있습니다. 다른 디스크의 폴더를 지정하십시오."
    ),
    (
        "{path} lies on the same disk as volume {name} ({place}): what ends one ends both. Choose a folder on another "
        "disk. To do it all the same: --same-disk"
    ): (
        "{path}: 볼륨 {name}({place})와(과) 같은 디스크에 있어, 하나를 잃으면 둘 다 잃습니다. 다른 디스크의 폴더를 "
        "지정하십시오. 그래도 하려면: --same-disk"
    ),
    "Do it as the user that the recorder runs as: {command}": "녹화기를 실행하는 사용자로 실행하십시오: {command}",
    "{done} of {count} files": "파일 {count}개 중 {done}개",
    "{count} files are to be saved, {size}.": "저장할 파일: {count}개, {size}.",
    "{done} of {count} files, {done_size} of {size}, about {left} left": (
        "파일 {count}개 중 {done}개, {size} 중 {done_size}, 남은 시간 약 {left}"
    ),
    "{count} files are to be saved, {size}: at this rate in {time} or more.": (
        "저장할 파일: {count}개, {size}. 이 속도로 {time} 이상 걸립니다."
    ),
    "{count} files were saved, {size}, each read back and compared.": (
        "파일 {count}개({size})를 저장하고, 하나씩 다시 읽어 비교했습니다."
    ),
    "{count} files moved or were deleted meanwhile.": "그사이 옮겨지거나 삭제된 파일: {count}개.",
    "{count} files are not saved, {size}. The next backup goes on where this one ended.": (
        "저장하지 못한 파일: {count}개, {size}. 다음 백업이 이어서 합니다."
    ),
    "The target needs at least {size} more. Free some space on it, or take another disk.": (
        "대상에 적어도 {size}가 더 필요합니다. 공간을 확보하거나 다른 디스크를 쓰십시오."
    ),
    "{count} files were removed here, {size}: they are in the backup.": (
        "여기에서 파일 {count}개({size})를 제거했습니다. 백업에 있습니다."
    ),
    "{count} files are held: they are in the backup, and stay here.": (
        "보존 중인 파일 {count}개는 백업에도 있고 여기에도 남습니다."
    ),
    "{count} files stay here: their copies are not what was saved any more. The next backup saves them.": (
        "파일 {count}개는 복사본이 저장할 때와 달라 여기에 남깁니다. 다음 백업이 다시 저장합니다."
    ),
    "{count} files were saved before.": "이미 저장된 파일: {count}개.",
    "{count} files are still being written: they wait for the next time.": (
        "아직 녹화 중인 파일 {count}개는 다음번에 저장합니다."
    ),
    "{count} files are on volumes that are not there: {names}.": (
        "연결되지 않은 볼륨에 있는 파일: {count}개 ({names})."
    ),
    "{count} files are missing or damaged, and are left out. To see them: holdfast check": (
        "없거나 손상되어 제외한 파일: {count}개. 확인하려면: holdfast check"
    ),
    "whole": "온전함",
    "changed": "바뀜",
    "not there": "없음",
    "unreadable": "읽을 수 없음",
    "Reading": "읽는 중",
    "{state}, and saved again under another name": "{state}, 다른 이름으로 다시 저장됨",
    "{path}: not in the record of this backup": "{path}: 이 백업의 기록에 없습니다",
    "{count} files: {whole} whole, {changed} changed, {missing} not there, {unreadable} unreadable.": (
        "파일 {count}개: 온전함 {whole}, 바뀜 {changed}, 없음 {missing}, 읽을 수 없음 {unreadable}."
    ),
    "It accounts for {gaps} gaps, and knows of {holds} holds.": "빠진 구간 {gaps}개와 보존 {holds}개가 적혀 있습니다.",
    "{count} lines of its record make no sense: a backup was ended in the middle, or the disk is failing.": (
        "기록 중 {count}줄을 해석할 수 없습니다. 백업이 도중에 끊겼거나 디스크가 고장 나고 있습니다."
    ),
    "What is not whole does not count as saved: the next backup saves it again, if it is still there.": (
        "온전하지 않은 파일은 저장된 것으로 치지 않습니다. 원본이 남아 있으면 다음 백업이 다시 저장합니다."
    ),
    "The reason must be one line of at most {most} letters.": "이유는 {most}자 이하의 한 줄이어야 합니다.",
    "Type yes to delete them; nothing brings them back: ": "삭제하려면 yes를 입력하십시오. 되돌릴 수 없습니다: ",
    "Volume {name} is not there: its files could not be removed. Mount it, then try again.": (
        "볼륨 {name}: 연결되어 있지 않아 파일을 제거할 수 없습니다. 마운트한 다음 다시 실행하십시오."
    ),
    "Nothing is deleted.": "아무것도 삭제하지 않았습니다.",
    "{count} files go, {size}.": "삭제할 파일: {count}개, {size}.",
    "Held, and not deleted: {count} files. To see the holds: holdfast holds FOLDER": (
        "보존 중인 파일 {count}개는 남습니다. 보존 목록을 보려면: holdfast holds FOLDER"
    ),
    "Partly outside the range, and left whole: {count} files, between {first} and {last}.": (
        "구간 밖에 걸친 파일 {count}개는 그대로 남습니다. 이 파일들의 범위: {first} ~ {last}."
    ),
    "Being written, and left: {count} files.": "녹화 중인 파일 {count}개는 남습니다.",
    "Deleted: {count} files, {size}.": "삭제함: 파일 {count}개, {size}.",
    "{count} files stay: they were held meanwhile, or came home to another disk. Look again: --plan": (
        "파일 {count}개는 남습니다. 그사이 보존되었거나 다른 디스크로 옮겨졌습니다. 다시 확인하려면: --plan"
    ),
    "{count} of their files could not be removed from their disks yet. Call it again, or start the recorder.": (
        "그중 파일 {count}개는 아직 디스크에서 제거하지 못했습니다. 다시 실행하거나 녹화기를 시작하십시오."
    ),
    "Deleting": "삭제 중",
    "What": "처리",
    "goes": "삭제",
    "held": "보존 중",
    "partly outside": "구간 밖에 걸침",
    "being written": "녹화 중",
    "backup not complete": "백업 미완료",
}

BACKUP_TOLD: Mapping[str, str] = {
    "The last backup is not complete. {sentence}": "마지막 백업이 끝나지 않았습니다. {sentence}",
    "It was interrupted.": "중단되었습니다.",
    "It was killed.": "강제로 종료되었습니다.",
    "{count} files are not saved.": "저장하지 못한 파일: {count}개.",
    "The process cannot be started ({reason}).": "프로세스를 시작할 수 없습니다 ({reason}).",
    "{count} files could not be saved. {path}: {reason}": "저장하지 못한 파일: {count}개. {path}: {reason}",
    "{count} files are on volumes that are not there: {names}.": (
        "연결되지 않은 볼륨에 있는 파일: {count}개 ({names})."
    ),
    "{count} files stay here: their copies are not what was saved any more.": (
        "파일 {count}개는 복사본이 저장할 때와 달라 여기에 남깁니다."
    ),
    "a disk does not answer any more": "디스크가 더 이상 응답하지 않습니다",
    "the process that copies the files has ended": "파일을 복사하는 프로세스가 종료되었습니다",
    "no backup is open": "열린 백업이 없습니다",
    "There is no backup in {path}. Is its disk mounted?": (
        "{path}: 백업이 없습니다. 디스크가 마운트되어 있는지 확인하십시오."
    ),
    "The disk of {path} is full.": "{path}: 디스크가 가득 찼습니다.",
    "{path} cannot be the name of a saved file.": "{path}: 저장할 파일의 이름으로 쓸 수 없습니다.",
    "{path} is a symbolic link, which is not followed. Remove it.": (
        "{path}: 심볼릭 링크이므로 따라가지 않습니다. 제거하십시오."
    ),
    "The marker of the backup in {path} cannot be used ({reason}). Choose another folder on that disk.": (
        "{path}에 있는 백업의 표식을 쓸 수 없습니다 ({reason}). 그 디스크의 다른 폴더를 지정하십시오."
    ),
    "{path} is the backup of another recorder. Choose another folder: each recorder has its own.": (
        "{path}: 다른 녹화기의 백업입니다. 녹화기마다 따로 폴더가 필요하니 다른 폴더를 지정하십시오."
    ),
    (
        "The backup that was at {path} before is not there: its disk is not mounted, and nothing is written below an "
        "empty mount point. Mount it. If it is to be a new backup: --new-target"
    ): (
        "{path}에 있던 백업이 없습니다. 디스크가 마운트되어 있지 않으며, 빈 마운트 지점에는 아무것도 쓰지 않습니다. "
        "마운트하십시오. 새 백업으로 시작하려면: --new-target"
    ),
    "Another backup to {path} is running. Wait until it has ended.": (
        "{path}(으)로 가는 다른 백업이 실행 중입니다. 끝날 때까지 기다리십시오."
    ),
    "its size is not the one that the catalog has. To see more: holdfast check": (
        "크기가 카탈로그와 다릅니다. 자세히 보려면: holdfast check"
    ),
    "it has {found} bytes, {bytes} in the catalog. To see more: holdfast check": (
        "파일은 {found}바이트인데 카탈로그에는 {bytes}바이트입니다. 자세히 보려면: holdfast check"
    ),
    "{path} cannot be read ({reason}).": "{path}: 읽을 수 없습니다 ({reason}).",
    "the file cannot be read ({reason}).": "파일을 읽을 수 없습니다 ({reason}).",
    "{found} bytes were read of {bytes}: somebody writes to it": (
        "{bytes}바이트 중 {found}바이트를 읽었습니다. 누군가 파일에 쓰고 있습니다"
    ),
    "{path} does not give back what was written to it. The disk is broken: replace it.": (
        "{path}: 쓴 내용이 그대로 읽히지 않습니다. 디스크가 고장 났으니 교체하십시오."
    ),
    "{path} and {count} names after it are taken": "{path}와(과) 그 뒤의 이름 {count}개가 이미 쓰이고 있습니다",
    "at {path} there is not the volume that belongs there": "{path}에 있어야 할 볼륨이 없습니다",
    'Say when: either at = "03:00" for once a day, or every = "6h".': (
        '언제 할지 쓰십시오. 하루에 한 번이면 at = "03:00", 일정한 간격이면 every = "6h"입니다.'
    ),
    "to = {value} cannot be the name of a folder.": "to = {value}: 폴더 이름으로 쓸 수 없습니다.",
    'at = {value} is no time of the day. Write it as "03:00".': (
        'at = {value}: 하루 중의 시각이 아닙니다. "03:00"처럼 쓰십시오.'
    ),
    "cameras names {value}, and there is no camera of this id.": (
        "cameras에 {value}이(가) 있지만, 이 id의 카메라가 없습니다."
    ),
}
