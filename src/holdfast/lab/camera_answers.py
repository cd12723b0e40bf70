"""Answers as cameras write them: each is made up, and has a quirk that a real one has. For tests and fuzzing.

`{cseq}` stands for the number of the request. Lines are written with LF here and sent with CRLF.
"""

from collections.abc import Mapping

_OPTIONS = """RTSP/1.0 200 OK
CSeq: {cseq}
Session: 112233445566
Server: Made Up/3.0
Public: OPTIONS, DESCRIBE, SETUP, PLAY, PAUSE, TEARDOWN, SET_PARAMETER, GET_PARAMETER
"""

_QUERY_SDP = """v=0
o=- 2200000001 2200000001 IN IP4 0.0.0.0
s=Media Server
c=IN IP4 0.0.0.0
t=0 0
a=control:*
a=packetization-supported:DH
a=range:npt=now-
m=video 0 RTP/AVP 98
a=control:trackID=0
a=framerate:12.000000
a=rtpmap:98 H265/90000
a=fmtp:98 profile-id=1;sprop-sps=QgEBAWAAAAMAsAAAAwAAAwBaoAWC;sprop-pps=RAHA8saNA7NA;sprop-vps=QAEMAf//AWAAAAMA
a=recvonly
m=audio 0 RTP/AVP 8
a=control:trackID=1
a=rtpmap:8 PCMA/8000
a=recvonly
m=application 0 RTP/AVP 107
a=control:trackID=4
a=rtpmap:107 vnd.onvif.metadata/90000
a=recvonly
"""

_ABSOLUTE_SDP = """v=0
o=- 16200001 16200001 IN IP4 192.0.2.6
s=Media Presentation
e=NONE
b=AS:5050
t=0 0
a=control:rtsp://192.0.2.6:554/Streams/101/?transportmode=unicast&profile=P_1
m=video 0 RTP/AVP 96
b=AS:5000
a=recvonly
a=x-dimensions:1920,1080
a=control:rtsp://192.0.2.6:554/Streams/101/trackID=1?transportmode=unicast&profile=P_1
a=rtpmap:96 H264/90000
a=fmtp:96 profile-level-id=420029; packetization-mode=1; sprop-parameter-sets=Z00AKZpkA8ARPw==,aO48gA==
m=application 0 RTP/AVP 107
a=control:rtsp://192.0.2.6:554/Streams/101/trackID=3?transportmode=unicast&profile=P_1
a=rtpmap:107 vnd.onvif.metadata/90000
a=Media_header:MEDIAINFO=494D4B48010100000400;
a=appversion:1.0
"""

_MISNAMED_SDP = """v=0
o=- 1109162000000001 1109162000000002 IN IP4 x.y.z.w
s=Session streamed by "Made Up"
e=NONE
c=IN IP4 0.0.0.0
t=0 0
a=range:npt=now-
a=control:*
m=video 0 RTP/AVP 96
a=rtpmap:96 H264/90000
a=control:video
a=fmtp:96 packetization-mode=1;profile-level-id=5046314;sprop-parameter-sets=Z00AKpWoHgCJ+WY=,aO48gAAAAAE=
m=audio 0 RTP/AVP 8
a=control:audio
a=rtpmap:8 PCMU/8000/1
a=ptime:20
a=fmtp:8 vad=no
"""

_STATIC_SDP = """v=0
o=- 1620000001 1 IN IP4 192.0.2.33
s=IP Camera Video
i=videoMain
t=0 0
a=tool:Streaming v2014
a=type:broadcast
a=control:*
a=x-qt-text-nam:IP Camera Video
m=video 0 RTP/AVP 96
c=IN IP4 0.0.0.0
a=rtpmap:96 H264/90000
a=range:npt=0-
a=fmtp:96 packetization-mode=1;profile-level-id=4D001F;sprop-parameter-sets=Z00AH5WoFAFuQA,aO48gA
a=control:track1
m=audio 0 RTP/AVP 0
c=IN IP4 0.0.0.0
b=AS:64
a=control:track2
"""

_SOUND_FIRST_SDP = """v=0
o=- 1642000001 1642000001 IN IP4 198.51.100.15
s=Made_Up.mov
t=0 0
a=sdplang:en
a=range:npt=0- 596.48
a=control:*
m=audio 0 RTP/AVP 96
a=rtpmap:96 mpeg4-generic/12000/2
a=fmtp:96 profile-level-id=1;mode=AAC-hbr;sizelength=13;indexlength=3;indexdeltalength=3;config=1490; profile=1;
a=control:trackID=1
m=video 0 RTP/AVP 97
a=rtpmap:97 H264/90000
a=fmtp:97 packetization-mode=1;profile-level-id=42C01E;sprop-parameter-sets=Z0LAHtkDxWhAAAADAEA=,aMuMsg==
a=cliprect:0,0,160,240
a=control:trackID=2
"""

_BACK_CHANNEL_SDP = """v=0
o=- 1 1 IN IP4 192.0.2.9
s=LIVE VIEW
t=0 0
a=control:*
m=video 0 RTP/AVP 26
a=control:trackID=0
a=recvonly
m=video 0 RTP/AVP 96
a=rtpmap:96 H264/90000
a=fmtp:96 packetization-mode=1;sprop-parameter-sets=Z00AH5WoFAFuQA==,aO48gA==
a=control:trackID=1
a=recvonly
m=audio 0 RTP/AVP 0
a=control:trackID=5
a=rtpmap:0 PCMU/8000
a=sendonly
"""


def _description(sdp: str, base: str) -> str:
    size = len(sdp) + sdp.count("\n")
    return f"RTSP/1.0 200 OK\nCSeq: {{cseq}}\n{base}Content-Type: application/sdp\nContent-Length: {size}\n\n{sdp}"


DESCRIPTIONS: Mapping[str, str] = {
    "query in the base, HEVC and G.711": _description(
        _QUERY_SDP, "Content-Base: rtsp://192.0.2.5/cam/realmonitor?channel=1&subtype=2/\n"
    ),
    "whole URLs, spaces in the parameters": _description(
        _ABSOLUTE_SDP, "Content-Base: rtsp://192.0.2.6:554/Streams/101/\n"
    ),
    "query without a slash, static type with another name": _description(
        _MISNAMED_SDP, "Content-Base: rtsp://192.0.2.7:5050/H264?channel=1&unicast=true&proto=Onvif\n"
    ),
    "static type without rtpmap, base64 without its end": _description(
        _STATIC_SDP, "Date: Wed, May 12 2021 18:56:25 GMT\nContent-Base: rtsp://192.0.2.33:65534/videoMain/\n"
    ),
    "sound first": _description(_SOUND_FIRST_SDP, "content-location : rtsp://198.51.100.15/vod/mp4:Made_Up.mov/\n"),
    "a back channel and two videos": _description(_BACK_CHANNEL_SDP, ""),
}

SETUPS: Mapping[str, str] = {
    "with a space in the SSRC": """RTSP/1.0 200 OK
CSeq: {cseq}
Session:        708345999;timeout=60
Transport: RTP/AVP/TCP;unicast;interleaved=0-1;ssrc= d6d6627;mode="play"
Date:  Wed, May 05 2021 21:51:17 GMT
""",
    "with strange signs in the session": """RTSP/1.0 200 OK
CSeq: {cseq}
Session: 9a/90+de.54 {x}= ; timeout=20
Transport: RTP/AVP/TCP;unicast;destination=192.0.2.210;source=192.0.2.7;interleaved=0-1
""",
    "without a transport": "RTSP/1.0 200 OK\nCSeq: {cseq}\nSession: F8F8E425\n",
    "with channels of its own": """RTSP/1.0 200
Cseq:{cseq}
Session: 1;timeout=0
Transport: RTP/AVP/TCP;unicast;interleaved=4-5
""",
}

PLAYS: Mapping[str, str] = {
    "with times": """RTSP/1.0 200 OK
RTP-Info: url=trackID=1;seq=1;rtptime=-1,url=rtsp://192.0.2.5/x/trackID=2;seq=1;rtptime=-1
CSeq: {cseq}
Range: npt=0.000-
Session: 9a90de54; timeout=120
""",
    "with little": "RTSP/1.0 200 OK\nCSeq: {cseq} \n",
}

CHALLENGES: Mapping[str, str] = {
    "digest": """RTSP/1.0 401 Unauthorized
CSeq: {cseq}
WWW-Authenticate: Digest realm="Made Up Server", nonce="98481030"
""",
    "several at once": """RTSP/1.0 401 Unauthorized
CSeq: {cseq}
WWW-Authenticate: Digest realm="made up", nonce="ab,c==", algorithm=SHA-256, qop="auth", opaque="", Basic realm="x"
WWW-Authenticate: Digest realm="made up", nonce="abc", stale="FALSE"
""",
    "basic": "RTSP/1.0 401 Unauthorized\nCSeq: {cseq}\nWWW-Authenticate: Basic realm=made up\n",
}

OTHERS: Mapping[str, str] = {
    "options": _OPTIONS,
    "moved": "RTSP/1.0 302 Moved Temporarily\nCSeq: {cseq}\nLocation: rtsp://192.0.2.44:8554/other\n",
    "not found": "RTSP/1.0 404 Not Found\nCSeq: {cseq}\n",
    "question": "OPTIONS rtsp://192.0.2.1/ RTSP/1.0\nCSeq: 1\n",
}

ANSWERS: Mapping[str, str] = {**DESCRIPTIONS, **SETUPS, **PLAYS, **CHALLENGES, **OTHERS}


def sent(text: str, cseq: int) -> bytes:
    """An answer as it goes over the wire."""
    head, _, body = text.replace("{cseq}", str(cseq)).rstrip("\n").partition("\n\n")
    return (head + "\n\n" + (body + "\n" if body else "")).replace("\n", "\r\n").encode()
