"""Handing footage out, and proving that it is whole."""

from collections.abc import Mapping

_HELP = {
    "Write footage as MP4, as it was recorded, with a signed manifest.": (
        "녹화된 그대로의 영상을 서명된 명세와 함께 MP4로 내보냅니다."
    ),
    "Say of an export what is whole, changed, missing or additional.": (
        "내보낸 파일 중 온전한 것, 바뀐 것, 없는 것, 덧붙은 것을 알려 줍니다."
    ),
    "camera, such as cam_01; several need a folder": "카메라, 예: cam_01. 여러 대이면 폴더가 필요함",
    "from then on: 2026-11-26, '2026-11-26 14:30:05' or, for two hours ago, 2h": (
        "이때부터: 2026-11-26, '2026-11-26 14:30:05', 두 시간 전이면 2h"
    ),
    "up to then, that moment excluded": "이때까지(그 순간은 제외)",
    "file to write, with a name that ends in .mp4; every other name is a folder": (
        "만들 파일, 이름이 .mp4로 끝나야 함. 다른 이름은 모두 폴더"
    ),
    "stream of the camera (default: main)": "카메라의 스트림 (기본값: main)",
    "fragmented MP4, instead of one index at the begin of the file": "파일 앞의 색인 하나 대신 조각으로 나뉜 MP4로",
    "begin another file where picture or sound change in kind": ("영상이나 소리의 종류가 바뀌는 곳에서 새 파일을 시작"),
    "leave the sound out": "소리를 뺌",
    "replace what has the same name": "같은 이름의 파일을 바꿈",
    "do not sign the manifest": "명세에 서명하지 않음",
    "exported file, or folder of an export": "내보낸 파일 또는 내보낸 폴더",
    "fingerprint of the recorder's key, or a file with its public key: who must have signed it": (
        "녹화기 키의 지문 또는 공개 키 파일: 서명했어야 할 사람"
    ),
}

_REFUSED = {
    "--from must be before --to: nothing lies in between.": (
        "--from은 --to보다 앞이어야 합니다. 그 사이에 아무것도 없습니다."
    ),
    "--from is in the future: nothing was recorded then.": "--from이 미래입니다. 그때는 녹화된 것이 없습니다.",
    "There are more than {most} cameras in one export.": "한 번에 카메라를 {most}대까지만 내보낼 수 있습니다.",
    "There is no camera {camera} with a stream {stream} here. There are: {names}": (
        "여기에는 {stream} 스트림이 있는 카메라 {camera}이(가) 없습니다. 있는 카메라: {names}"
    ),
    "There is no folder {path}. Make it, or choose another place.": (
        "{path} 폴더가 없습니다. 폴더를 만들거나 다른 위치를 지정하십시오."
    ),
    "{path} lies in a folder of recordings ({folder}), where an export has no place. Choose another.": (
        "{path}: 녹화 폴더({folder}) 안에 있어 내보낼 수 없습니다. 다른 위치를 지정하십시오."
    ),
    "{path}: several cameras need a folder (-o DIR), where each gets a file of its own.": (
        "{path}: 카메라가 여러 대이면 폴더를 지정하십시오(-o 폴더). 카메라마다 파일이 따로 만들어집니다."
    ),
    "{path} exists already. Choose another name, or replace it: --overwrite": (
        "{path}: 이미 있습니다. 다른 이름을 쓰거나 --overwrite로 바꾸십시오."
    ),
    "{path} is not empty. Choose a new folder, or add to this one and replace what is there: --overwrite": (
        "{path}: 비어 있지 않습니다. 새 폴더를 지정하거나, 이 폴더에 더하고 있는 것을 바꾸려면 --overwrite를 쓰십시오."
    ),
    "Two files of this export would have one name. Export the cameras one by one.": (
        "두 파일의 이름이 같아집니다. 카메라를 하나씩 내보내십시오."
    ),
    "Another export writes {path}. Wait until it has ended.": (
        "{path}: 다른 내보내기가 쓰고 있습니다. 끝날 때까지 기다리십시오."
    ),
    "{path} has {free} MB free, and the export needs {needed} MB. Free space there, or choose another disk.": (
        "{path}: 남은 공간은 {free} MB인데 {needed} MB가 필요합니다. 공간을 확보하거나 다른 디스크를 지정하십시오."
    ),
    "The range has more files than a process may open. Export it in parts, or raise `ulimit -n`.": (
        "구간의 파일이 프로세스가 열 수 있는 수보다 많습니다. 나누어 내보내거나 `ulimit -n`을 늘리십시오."
    ),
    "The footage of {camera} does not fit into one file ({reason}). Export the range in parts.": (
        "{camera}의 영상이 파일 하나에 들어가지 않습니다 ({reason}). 구간을 나누어 내보내십시오."
    ),
    (
        "The key that signs exports cannot be used: {path} ({reason}). Export as the user that the recorder runs as, "
        "or without a signature: --unsigned"
    ): (
        "내보내기에 서명하는 키를 쓸 수 없습니다: {path} ({reason}). 녹화기를 실행하는 사용자로 내보내거나, 서명 없이 "
        "내보내십시오: --unsigned"
    ),
    (
        "{path} is no Ed25519 key. Put the right one back; or move it away, and a new one is made, whose fingerprint "
        "is another."
    ): (
        "{path}: Ed25519 키가 아닙니다. 맞는 키를 되돌려 놓으십시오. 또는 다른 곳으로 옮기면 지문이 다른 새 키를 "
        "만듭니다."
    ),
}

_CHANGES = {
    "At {moment} the picture of {camera} changes ({before} → {after}): one file cannot hold both.": (
        "{moment}에 {camera}의 영상이 바뀝니다 ({before} → {after}). 파일 하나에 둘 다 담을 수 없습니다."
    ),
    "At {moment} the sound of {camera} changes in kind: one file cannot hold both.": (
        "{moment}에 {camera}의 소리 종류가 바뀝니다. 파일 하나에 둘 다 담을 수 없습니다."
    ),
    "Export what is before it and what is after it, each by itself:": "그 앞과 뒤를 따로 내보내십시오:",
    "Or let it become several files: --split": "또는 여러 파일로 나누십시오: --split",
    "Or let it become several files: --split. Or leave the sound out: --no-sound": (
        "또는 여러 파일로 나누거나(--split) 소리를 빼십시오(--no-sound)."
    ),
}

_DONE = {
    "{path}: {seconds:.1f} s, {frames} frames, {size:.1f} MB, from {count} files": (
        "{path}: {seconds:.1f}초, 프레임 {frames}개, {size:.1f} MB, 원본 파일 {count}개"
    ),
    "Manifest: {path}": "명세: {path}",
    "Signed by the key with the fingerprint {fingerprint}": "서명한 키의 지문: {fingerprint}",
    "There is no footage of {camera} from {from_} to {to}.": "{from_}부터 {to}까지 {camera}의 영상이 없습니다.",
    "Its first file begins at {begin}, its last one at {last}.": (
        "첫 파일은 {begin}에, 마지막 파일은 {last}에 시작합니다."
    ),
    "Of {camera} there is no footage in this range.": "이 구간에는 {camera}의 영상이 없습니다.",
    "Missing of {camera}:": "{camera}에서 빠진 구간:",
    "and {count} more: they are in the manifest": "그 밖에 {count}개: 명세에 있습니다",
    "Stopped. The same command goes on where it was.": "중단했습니다. 같은 명령을 다시 실행하면 이어집니다.",
    "{path} is full. What was written is kept: free space there, and the same command goes on.": (
        "{path}: 가득 찼습니다. 쓴 것은 남아 있습니다. 공간을 확보한 다음 같은 명령을 다시 실행하면 이어집니다."
    ),
    (
        "The file system of {path} takes no file as large as this (FAT32 ends at 4 GB). Export shorter ranges, or to "
        "another disk."
    ): (
        "{path}: 이 파일 시스템에는 이렇게 큰 파일을 쓸 수 없습니다(FAT32는 4 GB까지). 더 짧은 구간을 내보내거나 다른 "
        "디스크를 지정하십시오."
    ),
    "The export was ended by an error of a disk ({reason}). The same command goes on where it was.": (
        "디스크 오류로 내보내기가 끝났습니다 ({reason}). 같은 명령을 다시 실행하면 이어집니다."
    ),
    "{path} became shorter while it was exported. Export the range again.": (
        "{path}: 내보내는 동안 짧아졌습니다. 구간을 다시 내보내십시오."
    ),
}

_VERIFIED = {
    "whole": "온전함",
    "CHANGED": "바뀜",
    "MISSING": "없음",
    "ADDITIONAL": "덧붙음",
    "Verifying": "확인 중",
    "Footage of {names}, from {from_} to {to}": "{names}의 영상, {from_}부터 {to}까지",
    "Exported {created} by {tool}, recorder {number}": "{created}에 {tool}(으)로 내보냄, 녹화기 {number}",
    "Missing in the range, by what the recorder knew then: {count}": "당시 녹화기가 알던 빠진 구간: {count}개",
    "Key: {fingerprint}": "키: {fingerprint}",
    "Whole: {whole}. Changed: {changed}. Missing: {missing}. Additional: {additional}.": (
        "온전함: {whole}. 바뀜: {changed}. 없음: {missing}. 덧붙음: {additional}."
    ),
    "The signature is good, and by the key that was asked for: this is what that recorder exported.": (
        "서명이 맞고 지정한 키로 한 것입니다. 그 녹화기가 내보낸 그대로입니다."
    ),
    (
        "The signature fits. That proves only that nothing changed since somebody signed it with this key; it does not "
        "prove whose key it is. Ask the owner of the recorder for its fingerprint, and compare, or name it: --key"
    ): (
        "서명이 맞습니다. 이것은 누군가 이 키로 서명한 뒤로 바뀐 것이 없다는 사실만 증명하며, 누구의 키인지는 증명하지 "
        "않습니다. 녹화기의 주인에게 지문을 물어 비교하거나 --key로 지정하십시오."
    ),
    "The signature is by ANOTHER key than the one that was asked for.": "지정한 키가 아닌 다른 키로 한 서명입니다.",
    "The signature does NOT fit: the manifest is not what was signed.": (
        "서명이 맞지 않습니다. 명세가 서명된 그대로가 아닙니다."
    ),
    "The signature is MISSING: the manifest may have been changed.": "서명이 없습니다. 명세가 바뀌었을 수 있습니다.",
    "The export is not signed: the files fit the manifest, and nobody vouches for the manifest itself.": (
        "서명되지 않은 내보내기입니다. 명세와 파일은 비교했지만 명세 자체를 보증하는 사람은 없습니다."
    ),
    "Name either a key (--key) or the recorder that has it (--in, --config).": (
        "키(--key)와 키가 있는 녹화기(--in, --config) 중 하나만 지정하십시오."
    ),
    "The recorder of {path} has no key yet: it never exported.": (
        "{path}의 녹화기에는 아직 키가 없습니다. 내보낸 적이 없습니다."
    ),
    "{path} is no fingerprint (64 hexadecimal digits), and cannot be read as a file ({reason}).": (
        "{path}: 지문(16진수 64자리)이 아니고 파일로 읽을 수도 없습니다 ({reason})."
    ),
    "{path} holds no Ed25519 key in PEM form.": "{path}: PEM 형식의 Ed25519 키가 들어 있지 않습니다.",
    "Name an exported file or the folder of an export; or a recorder with --in.": (
        "내보낸 파일이나 폴더를 지정하십시오. 또는 --in으로 녹화기를 지정하십시오."
    ),
    "Fingerprint of the recorder's key: {fingerprint}": "녹화기 키의 지문: {fingerprint}",
    "{path} cannot be used: {reason}.": "{path}: 쓸 수 없습니다: {reason}.",
    "{path} is in no manifest beside it.": "{path}: 옆에 있는 어느 명세에도 없습니다.",
    "{path} has no manifest (manifest.json): it is not the folder of an export.": (
        "{path}: 명세(manifest.json)가 없습니다. 내보낸 폴더가 아닙니다."
    ),
    "There is no manifest of {path} beside it. It belongs to the export: get it from where the file is from.": (
        "{path}: 옆에 명세가 없습니다. 명세는 내보내기의 일부이니 파일을 받은 곳에서 함께 받으십시오."
    ),
    "{path} cannot be read ({reason}).": "{path}: 읽을 수 없습니다 ({reason}).",
    "{path} is too large to be a manifest.": "{path}: 명세로는 너무 큽니다.",
}

EXPORTING: Mapping[str, str] = {**_HELP, **_REFUSED, **_CHANGES, **_DONE, **_VERIFIED}
"""By the key of `say`."""

EXPORTED: Mapping[str, str] = {
    "The gap ledger says nothing of this time: recording was switched off, or had not begun.": (
        "이 시간에 대해서는 기록이 없습니다. 녹화가 꺼져 있었거나 아직 시작되지 않았습니다."
    ),
    "The volume {name} is not there, and {path} on it was not exported.": (
        "볼륨 {name}이(가) 없어 그 안의 {path}을(를) 내보내지 못했습니다."
    ),
    "{path} could not be read ({reason}), and was not exported.": ("{path}: 읽지 못해 내보내지 못했습니다 ({reason})."),
    "it is no JSON": "JSON이 아닙니다",
    "it is not the manifest of an export": "내보내기의 명세가 아닙니다",
    "it lists no files": "파일 목록이 없습니다",
    "it lists a file twice": "한 파일이 두 번 나옵니다",
    "it lists a file in a way that cannot be used": "쓸 수 없는 방식으로 파일이 적혀 있습니다",
    "a sample is decoded at {time}, which no film is long enough for": (
        "샘플의 디코딩 시각 {time}은(는) 있을 수 없습니다"
    ),
    "there are more than {most} samples in a track": "한 트랙에 샘플이 {most}개보다 많습니다",
    "is no whole box of a segment": "세그먼트의 온전한 박스가 아닙니다",
    "has more bytes in its samples than in its media data": "샘플의 바이트가 미디어 데이터보다 많습니다",
    "track {track} goes back to {time}": "트랙 {track}이(가) {time}(으)로 되돌아갑니다",
    "a sample lasts longer than a file can say": "샘플 하나가 파일에 적을 수 있는 것보다 깁니다",
    "there are more than {most} pictures in one file": "파일 하나에 화면이 {most}개보다 많습니다",
    "there are more than {most} frames of sound in one file": "파일 하나에 소리 프레임이 {most}개보다 많습니다",
    "nothing was recorded at {time}": "{time}에는 녹화된 것이 없습니다",
    "a picture is shown later than a field can say": "화면이 필드에 적을 수 있는 것보다 늦게 나타납니다",
}
"""By English text, of what is made below the command line, and of what a manifest says."""
