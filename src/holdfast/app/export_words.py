"""What an export says to a person: what is missing, and what to do where it cannot be one file."""

import argparse
import shlex
from collections.abc import Iterable, Iterator, Sequence

from holdfast.app.export_plan import Found, Take, Wanted
from holdfast.app.gaps_command import length_words
from holdfast.app.language import say, translated
from holdfast.app.moments import iso, local
from holdfast.app.words import cause_words, codec_words
from holdfast.domain.times import WallNs
from holdfast.fmp4.codecs import decoder_key
from holdfast.policy.exporting import UNEXPLAINED, UNREADABLE, Missing, cut_at_change
from holdfast.ports.catalog import CatalogReads

MOST_SHOWN = 10


def change_words(parts: Sequence[Sequence[Take]], wanted: Wanted, options: argparse.Namespace) -> str:
    """Where one file is not enough, and the commands that make two."""
    before, after = parts[0], parts[1]
    until_ns, since_ns = cut_at_change([take.span for take in before], [take.span for take in after])
    moment, camera = iso(WallNs(since_ns)), wanted.camera
    is_sound = decoder_key(before[-1].video.sample_entry) == decoder_key(after[0].video.sample_entry)
    if is_sound:
        said = say(
            "At {moment} the sound of {camera} changes in kind: one file cannot hold both.",
            moment=moment,
            camera=camera,
        )
    else:
        sentence = "At {moment} the picture of {camera} changes ({before} → {after}): one file cannot hold both."
        said = say(sentence, moment=moment, camera=camera, before=_picture(before[-1]), after=_picture(after[0]))
    sentence = (
        "Or let it become several files: --split. Or leave the sound out: --no-sound"
        if is_sound
        else "Or let it become several files: --split"
    )
    return "\n".join(
        [
            said,
            say("Export what is before it and what is after it, each by itself:"),
            *(
                f"  {_command(wanted, span, options)}"
                for span in ((wanted.from_ns, until_ns), (since_ns, wanted.to_ns))
            ),
            say(sentence),
        ]
    )


def _picture(take: Take) -> str:
    video = take.video
    return f"{codec_words(video.codec)} {video.width}×{video.height}"


def _command(wanted: Wanted, span: tuple[int, int], options: argparse.Namespace) -> str:
    """The same command for another time, to the microsecond."""
    words = ["holdfast", "export", wanted.camera]
    words += ["--config", str(options.config)] if options.root is None else ["--in", str(options.root)]
    words += ["--stream", wanted.stream] if wanted.stream != "main" else []
    words += ["--fragmented"] * options.fragmented + ["--no-sound"] * (not options.sound)
    words += ["--from", iso(WallNs(span[0]), "microseconds"), "--to", iso(WallNs(span[1]), "microseconds")]
    part = options.output.with_name(
        f"{options.output.stem}_{'a' if span[0] == wanted.from_ns else 'b'}{options.output.suffix}"
    )
    return shlex.join([*words, "-o", str(part)])


def nothing_words(reader: CatalogReads, found: Iterable[tuple[Found, Sequence[Missing]]]) -> Iterator[str]:
    """That there is no footage, what the ledger says of the time, and when there is some. Raises CatalogError."""
    extents = {(one.camera, one.stream): one for one in reader.cameras()}
    for one, missing in found:
        wanted = one.wanted
        from_, to = local(wanted.from_ns), local(wanted.to_ns)
        yield say("There is no footage of {camera} from {from_} to {to}.", camera=wanted.camera, from_=from_, to=to)
        yield from _gap_lines(missing)
        extent = extents[wanted.camera, wanted.stream]
        if extent.first_wall_ns is not None and extent.last_wall_ns is not None:
            begin, last = local(extent.first_wall_ns), local(extent.last_wall_ns)
            yield say("Its first file begins at {begin}, its last one at {last}.", begin=begin, last=last)


def missing_lines(found: Iterable[tuple[Found, Sequence[Missing]]]) -> list[str]:
    """What is missing of every camera's range."""
    lines: list[str] = []
    for one, missing in found:
        if not one.takes:
            lines.append(say("Of {camera} there is no footage in this range.", camera=one.wanted.camera))
        elif missing:
            lines.append(say("Missing of {camera}:", camera=one.wanted.camera))
        lines += _gap_lines(missing)
    return lines


def _gap_lines(missing: Sequence[Missing]) -> Iterator[str]:
    for gap in missing[:MOST_SHOWN]:
        begin, length = local(gap.from_ns), length_words(gap.to_ns - gap.from_ns)
        yield f"  {begin}  {length}  {gap_words(gap.cause, gap.sentence)}"
    if len(missing) > MOST_SHOWN:
        yield "  " + say("and {count} more: they are in the manifest", count=len(missing) - MOST_SHOWN)


def gap_words(cause: str, sentence: str) -> str:
    """Why time is missing: in a few words, and as a sentence where the few words are none of the ledger's."""
    return translated(sentence) if cause in {UNEXPLAINED, UNREADABLE} else cause_words(cause)
