"""Classifying errors: total, by domain and code first, and without a secret in what is said."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.domain.faults import OWN_DOMAIN, RTSP_DOMAIN, Branch, ErrorReport, FaultKind, OwnError
from holdfast.policy.faults import BY_BRANCH, BY_DOMAIN_AND_CODE, CORE, RESOURCE, SENTENCES, STREAM, classify, kind_of


def error(branch: Branch, domain: str, code: int, text: str = "text", debug: str = "") -> ErrorReport:
    return ErrorReport(branch, domain, code, "element", text, debug)


@pytest.mark.parametrize(
    ("report", "kind"),
    [
        (error(Branch.SOURCE, RESOURCE, 15), FaultKind.AUTHENTICATION),
        (error(Branch.SOURCE, RESOURCE, 3), FaultKind.NOT_FOUND),
        (error(Branch.SOURCE, RESOURCE, 7), FaultKind.RTSP_NETWORK),
        (error(Branch.SOURCE, RESOURCE, 9), FaultKind.RTSP_NETWORK),
        (error(Branch.SOURCE, CORE, 12), FaultKind.ELEMENT_MISSING),
        (error(Branch.SOURCE, STREAM, 1, debug="Unauthorized (401)"), FaultKind.AUTHENTICATION),
        (error(Branch.SOURCE, STREAM, 1, debug="Not Found (404)"), FaultKind.NOT_FOUND),
        (error(Branch.SOURCE, STREAM, 1, debug="Internal data stream error"), FaultKind.RTSP_NETWORK),
        (error(Branch.SOURCE, STREAM, 2, debug="Unauthorized (401)"), FaultKind.RTSP_NETWORK),
        (error(Branch.RECORDING, STREAM, 1, debug="Unauthorized (401)"), FaultKind.MUX),
        (error(Branch.RECORDING, RESOURCE, 14), FaultKind.DISK_FULL),
        (error(Branch.STREAMING, STREAM, 7), FaultKind.DECODER),
        (error(Branch.STREAMING, STREAM, 1), FaultKind.VIDEO_SINK),
        (error(Branch.SOURCE, OWN_DOMAIN, OwnError.CAMERA_CLOSED), FaultKind.CAMERA_CLOSED),
        (error(Branch.SOURCE, OWN_DOMAIN, OwnError.STALLED), FaultKind.STALLED),
        (error(Branch.RECORDING, OWN_DOMAIN, OwnError.BAD_FRAGMENT), FaultKind.MUX),
        (error(Branch.SOURCE, RTSP_DOMAIN, 401), FaultKind.AUTHENTICATION),
        (error(Branch.SOURCE, RTSP_DOMAIN, 404), FaultKind.NOT_FOUND),
        (error(Branch.SOURCE, RTSP_DOMAIN, 453), FaultKind.BUSY),
        (error(Branch.SOURCE, RTSP_DOMAIN, 461), FaultKind.TRANSPORT),
        (error(Branch.SOURCE, RTSP_DOMAIN, 500), FaultKind.SERVER_ERROR),
        (error(Branch.SOURCE, RTSP_DOMAIN, 503), FaultKind.BUSY),
        (error(Branch.SOURCE, RTSP_DOMAIN, 418), FaultKind.RTSP_NETWORK),
        (error(Branch.SOURCE, OWN_DOMAIN, OwnError.BAD_ANSWER), FaultKind.NOT_UNDERSTOOD),
        (error(Branch.SOURCE, OWN_DOMAIN, OwnError.BAD_DATA), FaultKind.BAD_STREAM),
        (error(Branch.SOURCE, OWN_DOMAIN, OwnError.CONNECTION_LOST), FaultKind.RTSP_NETWORK),
        (error(Branch.SOURCE, OWN_DOMAIN, OwnError.ANSWERLESS), FaultKind.STALLED),
        (error(Branch.SOURCE, OWN_DOMAIN, OwnError.OTHER_CERTIFICATE), FaultKind.CERTIFICATE_CHANGED),
        (error(Branch.SOURCE, OWN_DOMAIN, OwnError.TLS), FaultKind.TLS),
    ],
)
def test_an_error_is_a_fault_of_its_kind(report: ErrorReport, kind: FaultKind) -> None:
    assert kind_of(report) is kind
    assert classify(report).sentence.startswith(SENTENCES[kind])


@given(
    st.builds(
        ErrorReport,
        branch=st.sampled_from(Branch),
        domain=st.sampled_from([RESOURCE, STREAM, CORE, OWN_DOMAIN, "", "something else"]),
        code=st.integers(-1, 30),
        element=st.text(max_size=10),
        text=st.text(max_size=40),
        debug=st.text(max_size=40),
    )
)
def test_every_error_is_some_fault_with_a_sentence(report: ErrorReport) -> None:
    fault = classify(report)
    assert fault.sentence.endswith((".", ")"))
    assert "\n" not in fault.detail


def test_every_kind_of_fault_has_a_sentence_and_every_branch_a_fault() -> None:
    assert set(SENTENCES) == set(FaultKind)
    assert set(BY_BRANCH) == set(Branch)
    assert all(sentence.strip() == sentence and sentence.endswith(".") for sentence in SENTENCES.values())


def test_every_error_of_our_own_is_classified() -> None:
    known = {code for _, domain, code in BY_DOMAIN_AND_CODE if domain == OWN_DOMAIN}
    assert known == set(OwnError)


def test_what_the_source_found_is_said() -> None:
    text = "the camera sends JPEG, not H.264 or H.265"
    fault = classify(error(Branch.SOURCE, OWN_DOMAIN, OwnError.UNSUPPORTED_CODEC, text))
    assert fault.kind is FaultKind.NO_VIDEO
    assert fault.sentence.endswith(f"({text})")


def test_no_password_gets_into_a_fault() -> None:
    url = "rtsp://admin:geheim@10.0.0.1/live"
    fault = classify(error(Branch.SOURCE, RESOURCE, 7, text=f"Could not open {url}", debug=f"cannot open {url}"))
    assert "geheim" not in fault.sentence + fault.detail
    own = classify(error(Branch.SOURCE, OWN_DOMAIN, OwnError.NO_VIDEO_TRACK, text=f"nothing at {url}"))
    assert "geheim" not in own.sentence + own.detail


@pytest.mark.parametrize(
    ("code", "debug", "kind"),
    [
        (9, "gstrtspsrc.c(6954): gst_rtspsrc_send (): Not Enough Bandwidth (453)", FaultKind.BUSY),
        (9, "gstrtspsrc.c(695): gst_rtspsrc_send (): Service Unavailable (503)", FaultKind.BUSY),
        (10, "gstrtspsrc.c(8001): setup ():\nError (454): Session Not Found", FaultKind.NOT_FOUND),
        (10, "Error (500): Internal Server Error", FaultKind.SERVER_ERROR),
        (9, "Forbidden (403)", FaultKind.AUTHENTICATION),
        (9, "Unsupported Transport (461)", FaultKind.TRANSPORT),
        (9, "gstrtspsrc.c(404): read (): Could not receive message. (System error)", FaultKind.RTSP_NETWORK),
        (1, "stream type is unsupported", FaultKind.BAD_STREAM),
        (7, "Failed to connect. (503)", FaultKind.RTSP_NETWORK),
    ],
)
def test_an_answer_that_has_no_code_is_judged_by_its_status(code: int, debug: str, kind: FaultKind) -> None:
    assert kind_of(error(Branch.SOURCE, RESOURCE, code, debug=debug)) is kind


@given(branch=st.sampled_from(Branch), code=st.integers(0, 20), text=st.text(max_size=30))
def test_no_text_ever_means_a_full_disk(branch: Branch, code: int, text: str) -> None:
    said = f"{text} no space left on device colorspace {text}"
    report = error(branch, STREAM, code, text=said, debug=said)
    assert kind_of(report) not in {FaultKind.DISK_FULL, FaultKind.STORAGE_DISCONNECTED}
