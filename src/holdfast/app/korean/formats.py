"""What is wrong inside a file, for engineers: the reasons of `fmp4`, in the order of its modules."""

from collections.abc import Mapping

FORMATS: Mapping[str, str] = {
    "{reason} in box '{box}' at byte {offset}": "{offset}바이트 위치의 '{box}' 박스: {reason}",
    "{reason} in box '{box}'": "'{box}' 박스: {reason}",
    "{reason} at byte {offset}": "{offset}바이트 위치: {reason}",
    "its size of {bytes} is smaller than its header": "크기 {bytes}이(가) 헤더보다 작습니다",
    "a box header is cut off": "박스 헤더가 잘렸습니다",
    "ends {bytes} bytes behind the box around it": "바깥 박스보다 {bytes}바이트 뒤에서 끝납니다",
    "more than {count} boxes in one": "한 박스 안에 박스가 {count}개보다 많습니다",
    "is too short for its fields": "필드를 담기에는 너무 짧습니다",
    "has no {box} in it": "안에 {box}이(가) 없습니다",
    "is too short: {bytes} bytes of contents": "너무 짧습니다: 내용이 {bytes}바이트입니다",
    "{bytes} bytes do not fit into a box": "{bytes}바이트는 한 박스에 들어가지 않습니다",
    "there is no video track": "비디오 트랙이 없습니다",
    "has {count} tracks, not 1 to {most}": "트랙이 {count}개입니다 (1~{most}개여야 함)",
    "has two tracks with one number": "번호가 같은 트랙이 둘 있습니다",
    "has a timescale of 0": "시간 단위가 0입니다",
    "track {track} has no 'trex': the file is not fragmented": (
        "트랙 {track}에 'trex'가 없습니다. 조각으로 나뉜 파일이 아닙니다"
    ),
    "has no sample entry": "샘플 항목이 없습니다",
    "has no track fragment": "트랙 조각이 없습니다",
    "has two track fragments of one track": "한 트랙의 트랙 조각이 둘 있습니다",
    "is about track {track}, which is not in the moov": "moov에 없는 트랙 {track}에 대한 것입니다",
    "counts its offsets from the start of the file, so that the fragment cannot be moved": (
        "오프셋을 파일 시작부터 세므로 조각을 옮길 수 없습니다"
    ),
    "has {count} samples, more than {most} in the fragment": (
        "샘플이 {count}개로, 조각 하나의 한도 {most}개보다 많습니다"
    ),
    "does not say where its samples are": "샘플의 위치가 없습니다",
    "has samples at {start} to {end}, but the media data are at {start_} to {end_}": (
        "샘플은 {start}~{end}에 있다고 하지만 미디어 데이터는 {start_}~{end_}에 있습니다"
    ),
    "track {track} is at {time}, before the base of its file": (
        "트랙 {track}의 시각 {time}이(가) 파일의 기준보다 앞섭니다"
    ),
    "there is no whole 'moov'": "온전한 'moov'가 없습니다",
    "is no box of a segment": "세그먼트의 박스가 아닙니다",
    "is cut off": "잘렸습니다",
    "is no moof, or too large a one": "moof가 아니거나 너무 큽니다",
    "is not followed by an mdat of a size to believe": "뒤에 믿을 만한 크기의 mdat이 없습니다",
    "is cut off: {bytes} of {total} bytes are missing": "잘렸습니다: {total}바이트 중 {bytes}바이트가 없습니다",
    "is longer than its samples and goes over the next fragment": "샘플보다 길어 다음 조각을 덮습니다",
    "is too short for a stamp": "스탬프로는 너무 짧습니다",
    "is a stamp of version {version}: made by a newer release": (
        "버전 {version}의 스탬프입니다. 더 새로운 버전에서 만들었습니다"
    ),
    "a number of the stamp does not fit: {stamp}": "스탬프의 숫자가 맞지 않습니다: {stamp}",
    "labels of {bytes} bytes are longer than {most}": "레이블이 {bytes}바이트로 한도 {most}보다 깁니다",
    "{count} tracks are more than the {most} a segment may have": (
        "트랙이 {count}개로 세그먼트의 한도 {most}개보다 많습니다"
    ),
    "a header of {bytes} bytes is longer than {most}": "헤더가 {bytes}바이트로 한도 {most}보다 깁니다",
    "sequence number {number} does not fit": "일련번호 {number}이(가) 맞지 않습니다",
    "is not the beginning of a segment of ours": "Holdfast 세그먼트의 시작이 아닙니다",
    "ends at byte {offset}, behind the first sector": "{offset}바이트에서 끝나 첫 섹터를 벗어납니다",
    "is not as a segment of ours has it": "Holdfast 세그먼트의 것과 다릅니다",
    "there is no whole {box}": "온전한 {box}이(가) 없습니다",
    "track {track} cannot be {ticks} ticks long": "트랙 {track}의 길이가 {ticks}틱일 수 없습니다",
    "has {bytes} bytes in version {version}": "버전 {version}에서 {bytes}바이트입니다",
}
